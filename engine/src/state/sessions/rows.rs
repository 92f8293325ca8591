//! The sessions of a key as the bytes of a changelog.
//!
//! An entry's value is: version, then slots: tag (16 bytes), length (u32), body. The body of a frame is per session
//! its start, its end and when its first and last record came (i64 each); that of a call the sessions'
//! accumulators; that of a first the starts of those that have fired.

use super::Session;
use crate::state::RestoreError;
use crate::state::codec::{self, Slot, read_slot, write_slot};
use crate::state::layout::FrameLayout;
use crate::types::aggregate::Accumulator;

/// Appends the sessions of all frames.
pub(super) fn write_sessions(out: &mut Vec<u8>, layout: &[FrameLayout], frames: &[Vec<Session>]) {
    out.push(codec::VERSION);
    for (layout, sessions) in layout.iter().zip(frames).filter(|(_, sessions)| !sessions.is_empty()) {
        write_slot(out, layout.fingerprint, |out| {
            for s in sessions {
                [s.start, s.end, s.first, s.last]
                    .iter()
                    .for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
            }
        });
        for (i, (tag, _)) in layout.calls.iter().enumerate() {
            write_slot(out, *tag, |out| sessions.iter().for_each(|s| s.accumulators[i].write(out)));
        }
        for (i, tag) in layout.firsts.iter().enumerate() {
            let fired = sessions.iter().filter(|session| session.fired.contains(&i));
            write_slot(out, *tag, |out| fired.for_each(|s| out.extend_from_slice(&s.start.to_le_bytes())));
        }
    }
}

/// The sessions by frame, and whether the layout knows all of the entry.
pub(super) fn read_sessions(
    key: &[u8],
    bytes: &[u8],
    layout: &[FrameLayout],
) -> Result<(Vec<Vec<Session>>, bool), RestoreError> {
    let mut rest = codec::versioned(key, bytes)?;
    let mut slots = Vec::new();
    while !rest.is_empty() {
        slots.push(read_slot(&mut rest).ok_or_else(|| RestoreError::damaged(key))?);
    }
    let whole = slots.iter().all(|(tag, _)| layout.iter().any(|frame| frame.knows(*tag)));
    let frames: Option<Vec<_>> = layout.iter().map(|frame| read_frame(&slots, frame)).collect();
    Ok((frames.ok_or_else(|| RestoreError::damaged(key))?, whole))
}

fn read_frame(slots: &[Slot<'_>], layout: &FrameLayout) -> Option<Vec<Session>> {
    let body_of = |tag| slots.iter().find(|(t, _)| *t == tag).map(|(_, body)| *body);
    let Some(body) = body_of(layout.fingerprint) else { return Some(Vec::new()) };
    let mut sessions = Vec::new();
    for session in codec::numbers(body)?.chunks(4) {
        let [start, end, first, last] = *session else { return None };
        sessions.push(Session { end, last, ..Session::new(layout, start, first) });
    }
    if !sessions.iter().all(|s| s.start <= s.end) || !sessions.is_sorted_by(|a, b| a.end < b.start) {
        return None;
    }
    for (i, (tag, _)) in layout.calls.iter().enumerate() {
        let Some(mut body) = body_of(*tag) else { continue };
        for session in &mut sessions {
            let accumulator = Accumulator::read(&mut body)?;
            let mine = &mut session.accumulators[i];
            if std::mem::discriminant(&accumulator) != std::mem::discriminant(mine) {
                return None;
            }
            *mine = accumulator;
        }
        if !body.is_empty() {
            return None;
        }
    }
    for (i, tag) in layout.firsts.iter().enumerate() {
        let starts = codec::numbers(body_of(*tag).unwrap_or_default())?;
        sessions.iter_mut().filter(|s| starts.contains(&s.start)).for_each(|s| s.fired.push(i));
    }
    Some(sessions)
}
