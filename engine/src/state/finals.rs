//! Windows whose result is still to be written: what EMIT FINAL remembers.
//!
//! Enters: each update of a window that some query writes at its end. Leaves: the windows that have closed, in
//! the order of (end, key bytes, start), each once. What holds: what a changelog brings back behaves as what
//! was written; an update of a window that waits already allocates nothing.
//!
//! ```text
//! key     the byte 254, tag of the frame's finals (16 bytes), end (i64, big-endian), the key's bytes as they
//!         are put in order, start (i64, big-endian): its order is the order of writing
//! value   version, length of the group key (u32), the group key, then of the last record that went in:
//!         partition (i32), offset, timestamp (i64), ordinal (u32), topic
//! ```

use std::collections::BTreeMap;
use std::ops::Bound;

use super::changelog::ChangedKeys;
use super::{ChangeVisitor, EntryVisitor, RestoreError, codec};
use crate::plan::Fingerprint;
use crate::task::Origin;

/// The first byte of a waiting window's key. No group's entry begins with it.
const MARK: u8 = 254;
/// Mark and tag.
const PREFIX: usize = 17;

/// A waiting window's place in the order of writing: how its key is put in order, start and end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'k> {
    /// The key's bytes that decide the order among windows of one end.
    pub(crate) order: &'k [u8],
    /// The window's start.
    pub(crate) start: i64,
    /// Its end, as its frame counts it.
    pub(crate) end: i64,
}

/// A window that waits for its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// The group key's bytes.
    pub(crate) key: Box<[u8]>,
    topic: Box<str>,
    partition: i32,
    offset: i64,
    timestamp: i64,
    ordinal: u32,
    changed: bool,
}

/// The windows that wait, of all frames of a store.
#[derive(Debug, Default)]
pub(crate) struct Finals {
    tags: Vec<Fingerprint>,
    waiting: BTreeMap<Box<[u8]>, Waiting>,
    changed: ChangedKeys,
    scratch: Vec<u8>,
}

impl Waiting {
    fn new(key: &[u8], origin: &Origin<'_>) -> Self {
        let Origin { topic, partition, offset, timestamp, ordinal } = *origin;
        Self { key: key.into(), topic: topic.into(), partition, offset, timestamp, ordinal, changed: true }
    }

    /// The last record that went into the window.
    pub(crate) fn origin(&self) -> Origin<'_> {
        let Self { partition, offset, timestamp, ordinal, .. } = *self;
        Origin { topic: &self.topic, partition, offset, timestamp, ordinal }
    }

    fn set_origin(&mut self, origin: &Origin<'_>) {
        if *self.topic != *origin.topic {
            self.topic = origin.topic.into();
        }
        self.partition = origin.partition;
        self.offset = origin.offset;
        self.timestamp = origin.timestamp;
        self.ordinal = origin.ordinal;
    }

    fn write(&self, out: &mut Vec<u8>) {
        out.clear();
        out.push(codec::VERSION);
        out.extend_from_slice(&(self.key.len() as u32).to_le_bytes());
        out.extend_from_slice(&self.key);
        out.extend_from_slice(&self.partition.to_le_bytes());
        out.extend_from_slice(&self.offset.to_le_bytes());
        out.extend_from_slice(&self.timestamp.to_le_bytes());
        out.extend_from_slice(&self.ordinal.to_le_bytes());
        out.extend_from_slice(self.topic.as_bytes());
    }

    fn read(rest: &[u8]) -> Option<Self> {
        let (len, rest) = rest.split_first_chunk::<4>()?;
        let (key, rest) = rest.split_at_checked(u32::from_le_bytes(*len) as usize)?;
        let (partition, rest) = rest.split_first_chunk::<4>()?;
        let (offset, rest) = rest.split_first_chunk::<8>()?;
        let (timestamp, rest) = rest.split_first_chunk::<8>()?;
        let (ordinal, topic) = rest.split_first_chunk::<4>()?;
        Some(Self {
            key: key.into(),
            topic: std::str::from_utf8(topic).ok()?.into(),
            partition: i32::from_le_bytes(*partition),
            offset: i64::from_le_bytes(*offset),
            timestamp: i64::from_le_bytes(*timestamp),
            ordinal: u32::from_le_bytes(*ordinal),
            changed: false,
        })
    }
}

/// Writes the key of a waiting window to `out`.
fn write_place(out: &mut Vec<u8>, tag: Fingerprint, place: Place<'_>) {
    out.clear();
    out.push(MARK);
    out.extend_from_slice(&tag.0);
    out.extend_from_slice(&place.end.to_be_bytes());
    out.extend_from_slice(place.order);
    out.extend_from_slice(&place.start.to_be_bytes());
}

/// Start and end of a waiting window, from its key; None where the bytes are damaged.
fn bounds(key: &[u8]) -> Option<(i64, i64)> {
    let (end, rest) = key.get(PREFIX..)?.split_first_chunk::<8>()?;
    let start = rest.last_chunk::<8>()?;
    Some((i64::from_be_bytes(*start), i64::from_be_bytes(*end)))
}

impl Finals {
    /// None wait. Only windows of frames with these tags will.
    pub(crate) fn new(tags: Vec<Fingerprint>) -> Self {
        Self { tags, ..Self::default() }
    }

    /// Whether a changelog key is one of a waiting window.
    pub(crate) fn is_theirs(key: &[u8]) -> bool {
        key.first() == Some(&MARK)
    }

    /// A window has changed: it waits for its end.
    pub(crate) fn note(&mut self, tag: Fingerprint, place: Place<'_>, key: &[u8], origin: &Origin<'_>) {
        write_place(&mut self.scratch, tag, place);
        match self.waiting.get_mut(&*self.scratch) {
            Some(waiting) => {
                waiting.set_origin(origin);
                if !waiting.changed {
                    waiting.changed = true;
                    self.changed.note(&self.scratch);
                }
            }
            None => {
                self.changed.note(&self.scratch);
                self.waiting.insert(self.scratch.as_slice().into(), Waiting::new(key, origin));
            }
        }
    }

    /// A window is no more: nothing of it is to be written.
    pub(crate) fn forget(&mut self, tag: Fingerprint, place: Place<'_>) {
        write_place(&mut self.scratch, tag, place);
        if self.waiting.remove(&*self.scratch).is_some() {
            self.changed.note(&self.scratch);
        }
    }

    /// Takes the next window of the frame whose end is at most `closed`: its start, its end and what is
    /// remembered of it.
    pub(crate) fn take_closed(&mut self, tag: Fingerprint, closed: i64) -> Option<(i64, i64, Waiting)> {
        let mut from = [0; PREFIX];
        from[0] = MARK;
        from[1..].copy_from_slice(&tag.0);
        let (key, _) =
            self.waiting.range::<[u8], _>((Bound::Included(&from[..]), Bound::Unbounded)).next()?;
        let (start, end) = bounds(key).filter(|_| key.starts_with(&from))?;
        if end > closed {
            return None;
        }
        let key = key.clone();
        let waiting = self.waiting.remove(&key)?;
        self.changed.note(&key);
        Some((start, end, waiting))
    }

    /// Visits the changed ones, each once or as gone.
    pub(crate) fn take_changes(&mut self, visit: &mut ChangeVisitor<'_>) {
        for key in self.changed.iter() {
            match self.waiting.get_mut(key) {
                None => visit(key, None),
                Some(waiting) if waiting.changed => {
                    waiting.changed = false;
                    waiting.write(&mut self.scratch);
                    visit(key, Some(&self.scratch));
                }
                Some(_) => {}
            }
        }
        self.changed.clear();
    }

    /// Visits all of them in the order of writing.
    pub(crate) fn export(&self, visit: &mut EntryVisitor<'_>) {
        let mut bytes = Vec::new();
        for (key, waiting) in &self.waiting {
            waiting.write(&mut bytes);
            visit(key, &bytes);
        }
    }

    /// Takes a changelog record back in. One of a frame that writes no finals any more is not kept, and its
    /// key counts as changed, so that the changelog forgets it too.
    pub(crate) fn restore(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), RestoreError> {
        let Some(value) = value else {
            self.waiting.remove(key);
            return Ok(());
        };
        let waiting = Waiting::read(codec::versioned(key, value)?);
        let (Some(waiting), Some(_)) = (waiting, bounds(key)) else { return Err(RestoreError::damaged(key)) };
        if self.tags.iter().any(|tag| key[1..].starts_with(&tag.0)) {
            self.waiting.insert(key.into(), waiting);
        } else {
            self.waiting.remove(key);
            self.changed.note(key);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: Fingerprint = Fingerprint([7; 16]);
    const OTHER: Fingerprint = Fingerprint([8; 16]);

    fn origin(topic: &str, offset: i64) -> Origin<'_> {
        Origin { topic, partition: 3, offset, timestamp: 40, ordinal: 2 }
    }

    fn place(order: &str, start: i64, end: i64) -> Place<'_> {
        Place { order: order.as_bytes(), start, end }
    }

    fn drain(finals: &mut Finals, closed: i64) -> Vec<(String, i64, i64)> {
        std::iter::from_fn(|| finals.take_closed(TAG, closed))
            .map(|(start, _, waiting)| {
                (String::from_utf8_lossy(&waiting.key).into_owned(), start, waiting.offset)
            })
            .collect()
    }

    #[test]
    fn windows_leave_by_end_then_key_then_start() {
        let mut finals = Finals::new(vec![TAG, OTHER]);
        for (offset, (key, start, end)) in
            [("b", 0, 10), ("a", 5, 10), ("a", 0, 10), ("z", 0, 5), ("ab", 0, 10), ("a", 0, 11)]
                .into_iter()
                .enumerate()
        {
            finals.note(TAG, place(key, start, end), key.as_bytes(), &origin("t", offset as i64));
        }
        finals.note(OTHER, place("a", 0, 1), b"a", &origin("t", 9));
        finals.note(TAG, place("a", 0, 10), b"a", &origin("u", 20));
        assert_eq!(drain(&mut finals, 4), []);
        let text = |all: &[(&str, i64, i64)]| -> Vec<_> {
            all.iter().map(|(key, start, offset)| ((*key).to_owned(), *start, *offset)).collect()
        };
        assert_eq!(
            drain(&mut finals, 10),
            text(&[("z", 0, 3), ("a", 0, 20), ("a", 5, 1), ("ab", 0, 4), ("b", 0, 0)])
        );
        finals.forget(TAG, place("a", 0, 11));
        assert_eq!(drain(&mut finals, 100), []);
    }

    #[test]
    fn what_waits_comes_back_from_its_changes() {
        let mut finals = Finals::new(vec![TAG, OTHER]);
        finals.note(TAG, place("k", 0, 10), b"key", &origin("t", 1));
        finals.note(OTHER, place("k", 0, 10), b"key", &origin("t", 1));
        finals.note(TAG, place("gone", 0, 10), b"gone", &origin("t", 2));
        finals.forget(TAG, place("gone", 0, 10));
        let mut changes = Vec::new();
        finals.take_changes(&mut |key, value| changes.push((key.to_vec(), value.map(<[u8]>::to_vec))));
        assert!(changes.iter().all(|(key, value)| value.is_some() != key[25..].starts_with(b"gone")));
        let mut back = Finals::new(vec![TAG]);
        for (key, value) in &changes {
            back.restore(key, value.as_deref()).unwrap();
            assert!(back.restore(key, Some(&[1, 9])).is_err());
        }
        let mut forgotten = Vec::new();
        back.take_changes(&mut |key, value| forgotten.push((key[1..17].to_vec(), value.is_none())));
        assert_eq!(forgotten, [(OTHER.0.to_vec(), true)]);
        let (_, end, waiting) = back.take_closed(TAG, 10).unwrap();
        assert_eq!((end, waiting.origin(), &*waiting.key), (10, origin("t", 1), &b"key"[..]));
    }
}
