//! Keys and entries as the bytes of a changelog.
//!
//! ```text
//! key of an entry   the key columns' values, one after the other (aggregate::codec)
//! value             version, then slots: tag (16 bytes), length (u32), body
//!   of a frame      see `rows`
//! sessions          see `sessions`
//! waiting windows   see `finals`
//! stream times      key: the byte 255; value: version, then per frame: tag, time (i64)
//! ```
//!
//! Numbers are little-endian. What holds: what is read back equals what was written; a slot whose tag the
//! plan does not know is passed over; a tag is over the meaning of its slot, so that equal tags mean equal
//! bodies.

use super::RestoreError;
use super::entry::Entry;
use super::layout::{FrameLayout, Width};
use super::rows;
use crate::plan::Fingerprint;
use crate::types::Value;
use crate::types::aggregate::codec as values;

/// The version that is written, and the only one that is read.
pub(crate) const VERSION: u8 = 2;

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
pub(crate) fn write_entry(out: &mut Vec<u8>, layouts: &[FrameLayout], entry: &Entry) {
    out.push(VERSION);
    for (frame, layout) in entry.frames(layouts).zip(layouts) {
        if frame.windows().len() > 0 {
            write_slot(out, layout.fingerprint, |out| rows::write(out, layout, frame));
        }
    }
}

/// Reads an entry's bytes as far as the layout knows its slots, and says whether it knows all of them. A call
/// that is new to a frame starts empty in the windows that are there.
pub(crate) fn read_entry(
    key: &[u8],
    bytes: &[u8],
    layouts: &[FrameLayout],
) -> Result<(Entry, bool), RestoreError> {
    let mut rest = versioned(key, bytes)?;
    let (mut entry, mut whole) = (Entry::new(key, layouts.len(), Width::default()), true);
    while !rest.is_empty() {
        let (tag, body) = read_slot(&mut rest).ok_or_else(|| RestoreError::damaged(key))?;
        match layouts.iter().position(|layout| layout.fingerprint == tag) {
            Some(frame) => {
                let read = rows::read(body, &mut entry, layouts, frame);
                whole &= read.ok_or_else(|| RestoreError::damaged(key))?;
            }
            None => whole = false,
        }
    }
    Ok((entry, whole))
}

/// What follows the version byte.
pub(super) fn versioned<'b>(key: &[u8], bytes: &'b [u8]) -> Result<&'b [u8], RestoreError> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => Ok(rest),
        Some((&version, _)) if version > 0 => Err(RestoreError::version(key, version)),
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
