//! Keys and entries as the bytes of a changelog.
//!
//! ```text
//! key of an entry   the key columns' values, one after the other (aggregate::codec)
//! value             version, then slots: tag (16 bytes), length (u32), body
//!   of a frame      per window: start, end, time (i64 each)
//!   of a call       per window of its frame, in the same order: the accumulator
//!   of a first      the starts of the windows that have fired (i64 each)
//! waiting windows   see `finals`
//! stream times      key: the byte 255; value: version, then per frame: tag, time (i64)
//! ```
//!
//! Numbers are little-endian. What holds: what is read back equals what was written; a slot whose tag the
//! plan does not know is passed over; a tag is over the meaning of its slot, so that equal tags mean equal
//! bodies.

use std::mem::discriminant;

use super::RestoreError;
use super::entry::{FrameLayout, FrameState};
use crate::plan::Fingerprint;
use crate::types::Value;
use crate::types::aggregate::{Accumulator, codec as values};

/// The version that is written, and the highest that is read.
pub(crate) const VERSION: u8 = 1;

/// The key of a store's stream times. No entry has it: a key begins with the tag of a value.
pub(crate) const TIMES_KEY: &[u8] = &[255];

/// Appends a group key's bytes.
pub(crate) fn write_key(out: &mut Vec<u8>, key: &[Value<'_>]) {
    key.iter().for_each(|value| values::write_value(out, value));
}

/// A group key's values; None where the bytes are damaged.
pub(crate) fn read_key(mut bytes: &[u8]) -> Option<Vec<Value<'static>>> {
    let mut key = Vec::new();
    while !bytes.is_empty() {
        key.push(values::read_value(&mut bytes)?);
    }
    Some(key)
}

/// Appends a slot whose body `write` appends.
pub(super) fn write_slot(out: &mut Vec<u8>, tag: Fingerprint, write: impl FnOnce(&mut Vec<u8>)) {
    out.extend_from_slice(&tag.0);
    let at = out.len();
    out.extend_from_slice(&[0; 4]);
    write(out);
    let len = (out.len() - at - 4) as u32;
    out[at..at + 4].copy_from_slice(&len.to_le_bytes());
}

/// Appends an entry's bytes.
pub(crate) fn write_entry(out: &mut Vec<u8>, layout: &[FrameLayout], frames: &[FrameState]) {
    out.push(VERSION);
    for (layout, frame) in layout.iter().zip(frames) {
        if frame.windows().is_empty() {
            continue;
        }
        write_slot(out, layout.fingerprint, |out| {
            for window in frame.windows() {
                [window.start, window.end, window.time]
                    .iter()
                    .for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
            }
        });
        let windows = || frame.windows().iter().map(|window| frame.accumulators(layout, window));
        for (i, (tag, _)) in layout.calls.iter().enumerate() {
            write_slot(out, *tag, |out| windows().for_each(|accumulators| accumulators[i].write(out)));
        }
        for (i, tag) in layout.firsts.iter().enumerate() {
            let fired = frame.fired.iter().filter(|(first, _)| *first == i);
            write_slot(out, *tag, |out| {
                fired.for_each(|(_, start)| out.extend_from_slice(&start.to_le_bytes()))
            });
        }
    }
}

/// Reads an entry's bytes as far as the layout knows its slots, and says whether it knows all of them. A call
/// that is new to a frame starts empty in the windows that are there.
pub(crate) fn read_entry(
    key: &[u8],
    bytes: &[u8],
    layout: &[FrameLayout],
) -> Result<(Box<[FrameState]>, bool), RestoreError> {
    let mut rest = versioned(key, bytes)?;
    let mut slots = Vec::new();
    while !rest.is_empty() {
        slots.push(read_slot(&mut rest).ok_or_else(|| RestoreError::damaged(key))?);
    }
    let whole = slots.iter().all(|(tag, _)| layout.iter().any(|frame| frame.knows(*tag)));
    let frames = layout.iter().map(|frame| read_frame(&slots, frame));
    let frames = frames.collect::<Option<_>>().ok_or_else(|| RestoreError::damaged(key))?;
    Ok((frames, whole))
}

/// What follows the version byte.
pub(super) fn versioned<'b>(key: &[u8], bytes: &'b [u8]) -> Result<&'b [u8], RestoreError> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => Ok(rest),
        Some((&version, _)) if version > VERSION => Err(RestoreError::version(key, version)),
        _ => Err(RestoreError::damaged(key)),
    }
}

pub(super) type Slot<'b> = (Fingerprint, &'b [u8]);

pub(super) fn read_slot<'b>(rest: &mut &'b [u8]) -> Option<Slot<'b>> {
    let (tag, tail) = rest.split_first_chunk::<16>()?;
    let (len, tail) = tail.split_first_chunk::<4>()?;
    let (body, tail) = tail.split_at_checked(u32::from_le_bytes(*len) as usize)?;
    *rest = tail;
    Some((Fingerprint(*tag), body))
}

fn read_frame(slots: &[Slot<'_>], layout: &FrameLayout) -> Option<FrameState> {
    let body_of = |tag: Fingerprint| slots.iter().find(|(t, _)| *t == tag).map(|(_, body)| *body);
    let mut state = FrameState::default();
    let Some(body) = body_of(layout.fingerprint) else { return Some(state) };
    for (place, window) in numbers(body)?.chunks(3).enumerate() {
        let [start, end, time] = *window else { return None };
        state.insert(layout, place, (start, end, time));
    }
    if !state.windows().is_sorted_by_key(|window| window.start) {
        return None;
    }
    for (i, (tag, _)) in layout.calls.iter().enumerate() {
        let Some(mut body) = body_of(*tag) else { continue };
        for place in 0..state.windows().len() {
            let accumulator = Accumulator::read(&mut body)?;
            let mine = &mut state.at(layout, place).1[i];
            if discriminant(&accumulator) != discriminant(mine) {
                return None;
            }
            *mine = accumulator;
        }
        if !body.is_empty() {
            return None;
        }
    }
    for (i, tag) in layout.firsts.iter().enumerate() {
        let starts = numbers(body_of(*tag).unwrap_or_default())?;
        state.fired.extend(starts.into_iter().map(|start| (i, start)));
    }
    Some(state)
}

/// A body of numbers.
pub(super) fn numbers(body: &[u8]) -> Option<Vec<i64>> {
    let (chunks, rest) = body.as_chunks::<8>();
    rest.is_empty().then(|| chunks.iter().map(|chunk| i64::from_le_bytes(*chunk)).collect())
}

/// Appends a store's stream times.
pub(crate) fn write_times(out: &mut Vec<u8>, layout: &[FrameLayout], times: &[i64]) {
    out.push(VERSION);
    for (frame, time) in layout.iter().zip(times) {
        out.extend_from_slice(&frame.fingerprint.0);
        out.extend_from_slice(&time.to_le_bytes());
    }
}

/// Reads a store's stream times into `times`, as far as the layout knows their frames.
pub(crate) fn read_times(
    bytes: &[u8],
    layout: &[FrameLayout],
    times: &mut [i64],
) -> Result<(), RestoreError> {
    let (chunks, rest) = versioned(TIMES_KEY, bytes)?.as_chunks::<24>();
    if !rest.is_empty() {
        return Err(RestoreError::damaged(TIMES_KEY));
    }
    for chunk in chunks {
        let (tag, time) = chunk.split_at(16);
        let frame = layout.iter().position(|frame| frame.fingerprint.0 == tag);
        if let (Some(frame), Ok(time)) = (frame, time.try_into()) {
            times[frame] = i64::from_le_bytes(time);
        }
    }
    Ok(())
}
