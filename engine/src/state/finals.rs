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
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::changelog::ChangedKeys;
use super::{ChangeVisitor, EntryVisitor, RestoreError, codec};
use crate::plan::Fingerprint;
use crate::task::Origin;

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

/// Tag and end: what closes at once.
type End = ([u8; 16], i64);
/// A waiting window with its key.
type Slot = (Box<[u8]>, Waiting);

/// The windows that wait, of all frames of a store.
#[derive(Debug, Default)]
pub(crate) struct Finals {
    tags: Vec<Fingerprint>,
    hasher: DefaultHashBuilder,
    /// By key its place in `slots`.
    index: HashTable<u32>,
    slots: Vec<Option<Slot>>,
    free: Vec<u32>,
    /// The places in `slots` of those that close together, in no order.
    ends: BTreeMap<End, Vec<u32>>,
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
    out.push(Finals::MARK);
    out.extend_from_slice(&tag.0);
    out.extend_from_slice(&place.end.to_be_bytes());
    out.extend_from_slice(place.order);
    out.extend_from_slice(&place.start.to_be_bytes());
}

/// Tag, end and start of a waiting window, from its key; None where the bytes are damaged.
fn bounds(key: &[u8]) -> Option<(End, i64)> {
    let (tag, rest) = key.get(1..)?.split_first_chunk::<16>()?;
    let (end, rest) = rest.split_first_chunk::<8>()?;
    let start = rest.last_chunk::<8>()?;
    Some(((*tag, i64::from_be_bytes(*end)), i64::from_be_bytes(*start)))
}

impl Finals {
    /// The first byte of a waiting window's key. No group's entry begins with it.
    pub(super) const MARK: u8 = 254;

    /// None wait. Only windows of frames with these tags will.
    pub(crate) fn new(tags: Vec<Fingerprint>) -> Self {
        Self { tags, ..Self::default() }
    }

    /// Whether a changelog key is one of a waiting window.
    pub(crate) fn is_theirs(key: &[u8]) -> bool {
        key.len() > 1 && key[0] == Self::MARK
    }

    /// The memory that it takes, in bytes: of each its key and its own, and the places in the lists.
    pub(crate) fn size(&self) -> usize {
        let of = |(key, waiting): &Slot| {
            key.len() + waiting.key.len() + waiting.topic.len() + size_of::<Slot>() + 32
        };
        self.slots.iter().flatten().map(of).sum()
    }

    /// A window has changed: it waits for its end.
    pub(crate) fn note(&mut self, tag: Fingerprint, place: Place<'_>, key: &[u8], origin: &Origin<'_>) {
        let mut full = std::mem::take(&mut self.scratch);
        write_place(&mut full, tag, place);
        match self.get_mut(&full) {
            Some(waiting) => {
                waiting.set_origin(origin);
                if !std::mem::replace(&mut waiting.changed, true) {
                    self.changed.note(&full);
                }
            }
            None => {
                self.changed.note(&full);
                self.insert(&full, (tag.0, place.end), Waiting::new(key, origin));
            }
        }
        self.scratch = full;
    }

    /// A window is no more: nothing of it is to be written.
    pub(crate) fn forget(&mut self, tag: Fingerprint, place: Place<'_>) {
        let mut full = std::mem::take(&mut self.scratch);
        write_place(&mut full, tag, place);
        if self.remove(&full).is_some() {
            self.changed.note(&full);
        }
        self.scratch = full;
    }

    /// Takes the windows of the frame whose end is at most `closed`, in the order of writing: of each its start,
    /// its end and what is remembered of it.
    pub(crate) fn take_closed(&mut self, tag: Fingerprint, closed: i64) -> Vec<(i64, i64, Waiting)> {
        let mut taken = Vec::new();
        while let Some((&end, _)) = self.ends.range((tag.0, i64::MIN)..=(tag.0, closed)).next() {
            let places = self.ends.remove(&end).unwrap_or_default();
            let mut slots: Vec<Slot> = places.into_iter().filter_map(|place| self.take_slot(place)).collect();
            slots.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
            for (key, waiting) in slots {
                self.changed.note(&key);
                let start = bounds(&key).map_or(end.1, |(_, start)| start);
                taken.push((start, end.1, waiting));
            }
        }
        taken
    }

    /// Whether some window of the frame has an end of at most `closed`.
    pub(crate) fn has_closed(&self, tag: Fingerprint, closed: i64) -> bool {
        self.ends.range((tag.0, i64::MIN)..=(tag.0, closed)).next().is_some()
    }

    fn find(&self, key: &[u8]) -> Option<u32> {
        let is_it =
            |place: &u32| self.slots[*place as usize].as_ref().is_some_and(|(mine, _)| **mine == *key);
        self.index.find(self.hasher.hash_one(key), is_it).copied()
    }

    fn get_mut(&mut self, key: &[u8]) -> Option<&mut Waiting> {
        let place = self.find(key)?;
        self.slots[place as usize].as_mut().map(|(_, waiting)| waiting)
    }

    /// Adds one that is not there yet.
    fn insert(&mut self, key: &[u8], end: End, waiting: Waiting) {
        let slot = Some((key.into(), waiting));
        let place = self.free.pop().unwrap_or(self.slots.len() as u32);
        match self.slots.get_mut(place as usize) {
            Some(free) => *free = slot,
            None => self.slots.push(slot),
        }
        let hash_of = |place: &u32| match &self.slots[*place as usize] {
            Some((key, _)) => self.hasher.hash_one(&**key),
            None => 0,
        };
        self.index.insert_unique(self.hasher.hash_one(key), place, hash_of);
        self.ends.entry(end).or_default().push(place);
    }

    /// Takes one out, by its key.
    fn remove(&mut self, key: &[u8]) -> Option<Waiting> {
        let place = self.find(key)?;
        if let Some((end, _)) = bounds(key)
            && let Some(places) = self.ends.get_mut(&end)
        {
            places.retain(|other| *other != place);
            if places.is_empty() {
                self.ends.remove(&end);
            }
        }
        self.take_slot(place).map(|(_, waiting)| waiting)
    }

    /// Empties a slot and takes its key out of the index.
    fn take_slot(&mut self, place: u32) -> Option<Slot> {
        let slot = self.slots.get_mut(place as usize)?.take()?;
        if let Ok(found) = self.index.find_entry(self.hasher.hash_one(&*slot.0), |other| *other == place) {
            found.remove();
        }
        self.free.push(place);
        Some(slot)
    }

    /// Visits the changed ones, each once or as gone.
    pub(crate) fn take_changes(&mut self, visit: &mut ChangeVisitor<'_>) {
        let (mut changed, mut bytes) = (std::mem::take(&mut self.changed), std::mem::take(&mut self.scratch));
        for key in changed.iter() {
            match self.get_mut(key) {
                None => visit(key, None),
                Some(waiting) if waiting.changed => {
                    waiting.changed = false;
                    waiting.write(&mut bytes);
                    visit(key, Some(&bytes));
                }
                Some(_) => {}
            }
        }
        changed.clear();
        (self.changed, self.scratch) = (changed, bytes);
    }

    /// A key counts as changed though it was taken before.
    pub(crate) fn note_again(&mut self, key: &[u8]) {
        let waiting = self.get_mut(key);
        if waiting.is_none_or(|waiting| !std::mem::replace(&mut waiting.changed, true)) {
            self.changed.note(key);
        }
    }

    /// Visits all of them in the order of writing.
    pub(crate) fn export(&self, visit: &mut EntryVisitor<'_>) {
        let mut bytes = Vec::new();
        let mut slots: Vec<&Slot> = self.slots.iter().flatten().collect();
        slots.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        for (key, waiting) in slots {
            waiting.write(&mut bytes);
            visit(key, &bytes);
        }
    }

    /// Takes a changelog record back in. One of a frame that writes no finals any more is not kept, and its
    /// key counts as changed, so that the changelog forgets it too.
    pub(crate) fn restore(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), RestoreError> {
        let Some(value) = value else {
            self.remove(key);
            return Ok(());
        };
        let waiting = Waiting::read(codec::versioned(key, value)?);
        let (Some(waiting), Some((end, _))) = (waiting, bounds(key)) else {
            return Err(RestoreError::damaged(key));
        };
        self.remove(key);
        if self.tags.iter().any(|tag| tag.0 == end.0) {
            self.insert(key, end, waiting);
        } else {
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
        finals
            .take_closed(TAG, closed)
            .into_iter()
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
        let (_, end, waiting) = back.take_closed(TAG, 10).pop().unwrap();
        assert_eq!((end, waiting.origin(), &*waiting.key), (10, origin("t", 1), &b"key"[..]));
    }
}
