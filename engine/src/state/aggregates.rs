//! The store of aggregates: group key to the windows of all frames.
//!
//! Entries lie in a slab in order of arrival, so that walking over them depends on the records alone; a hash
//! table finds them by key. A key's closed windows go when it is next seen; a clock hand drops those of keys
//! that are not seen any more, a few entries at a time, so that memory follows the live windows without a
//! pause.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::changelog::ChangedKeys;
use super::entry::Entry;
use super::finals::Finals;
use super::layout::FrameLayout;
use super::{AHEAD, ChangeVisitor, EntryVisitor, RestoreError, Window, WindowMut, codec};

/// How many entries the hand looks at for each that was added: with more than one it always comes round.
pub(super) const SWEPT_PER_ENTRY: u32 = 2;
/// Every how many records it looks at one, whatever was added: an entry that it looks at is one more that
/// has to come into the cache.
pub(super) const RECORDS_PER_SWEPT: u32 = 8;

/// Index of an entry, valid until the next [`AggregateStore::sweep`].
pub(crate) type EntryId = u32;

/// Aggregates by group key.
#[derive(Debug)]
pub(crate) struct AggregateStore {
    pub(super) layout: Vec<FrameLayout>,
    /// Per frame the highest timestamp that reached it.
    pub(super) times: Vec<i64>,
    times_changed: bool,
    /// The highest of them.
    latest: i64,
    pub(super) hasher: DefaultHashBuilder,
    pub(super) index: HashTable<EntryId>,
    pub(super) slab: Vec<Entry>,
    free: Vec<EntryId>,
    hand: usize,
    /// How far the hand is to move, in entries by [`RECORDS_PER_SWEPT`].
    due: u32,
    /// The windows that wait for their end to be written.
    pub(crate) finals: Box<Finals>,
    changed: ChangedKeys,
    scratch: Vec<u8>,
}

/// Before any record.
const NO_TIME: i64 = i64::MIN;

impl AggregateStore {
    /// An empty store of these frames.
    pub(crate) fn new(layout: Vec<FrameLayout>) -> Self {
        Self {
            times: vec![NO_TIME; layout.len()],
            finals: Box::new(Finals::new(layout.iter().filter_map(|frame| frame.finals).collect())),
            layout,
            times_changed: false,
            latest: NO_TIME,
            hasher: DefaultHashBuilder::default(),
            index: HashTable::new(),
            slab: Vec::new(),
            free: Vec::new(),
            hand: 0,
            due: 0,
            changed: ChangedKeys::default(),
            scratch: Vec::new(),
        }
    }

    /// How many keys it holds.
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// A record of time `time` reached the frame: its stream time from now on.
    pub(crate) fn advance(&mut self, frame: usize, time: i64) -> i64 {
        let now = &mut self.times[frame];
        if time > *now {
            *now = time;
            self.times_changed = true;
            self.latest = self.latest.max(time);
        }
        *now
    }

    /// The window of a frame that starts at `start`, for a key, about to be changed; made where it is missing.
    /// The frame's windows that are closed at `now` are dropped.
    pub(crate) fn window_mut(
        &mut self,
        frame: usize,
        id: EntryId,
        (start, now): (i64, i64),
    ) -> WindowMut<'_> {
        let entry = &mut self.slab[id as usize];
        if !entry.changed {
            entry.changed = true;
            self.changed.note(entry.key());
        }
        entry.expire(&self.layout, frame, now);
        let closes_at = self.layout[frame].closes_at(start, start);
        entry.closes_at = entry.closes_at.min(closes_at.unwrap_or(i64::MAX));
        entry.window_mut(&self.layout, frame, start)
    }

    /// The entry of a key, made where it is missing.
    pub(crate) fn find_or_insert(&mut self, key: &[u8]) -> EntryId {
        let hash = self.hasher.hash_one(key);
        if let Some(id) = self.index.find(hash, |id| self.slab[*id as usize].key() == key) {
            return *id;
        }
        self.due = self.due.saturating_add(SWEPT_PER_ENTRY * RECORDS_PER_SWEPT);
        let entry = Entry::new(key, self.layout.len());
        let id = match self.free.pop() {
            Some(id) => {
                self.slab[id as usize] = entry;
                id
            }
            None => {
                self.slab.push(entry);
                (self.slab.len() - 1) as EntryId
            }
        };
        self.index.insert_unique(hash, id, |id| self.hasher.hash_one(self.slab[*id as usize].key()));
        id
    }

    /// The window of a key that starts at `start`, where it is there.
    pub(crate) fn window(&self, frame: usize, key: &[u8], start: i64) -> Option<Window<'_>> {
        let entry = &self.slab[self.find(key)? as usize];
        entry.frame(&self.layout, frame).windows().find(|window| window.start() == start)
    }

    fn find(&self, key: &[u8]) -> Option<EntryId> {
        self.index.find(self.hasher.hash_one(key), |id| self.slab[*id as usize].key() == key).copied()
    }

    fn remove(&mut self, id: EntryId) {
        let entry = std::mem::take(&mut self.slab[id as usize]);
        if let Ok(found) = self.index.find_entry(self.hasher.hash_one(entry.key()), |other| *other == id) {
            found.remove();
        }
        self.free.push(id);
    }

    /// Moves the hand on after a record: drops the closed windows of the next entries, and entries that have none left.
    pub(crate) fn sweep(&mut self) {
        self.due = self.due.saturating_add(1);
        while self.due >= RECORDS_PER_SWEPT {
            self.due -= RECORDS_PER_SWEPT;
            self.hand = if self.hand + 1 < self.slab.len() { self.hand + 1 } else { 0 };
            let Some(entry) = self.slab.get_mut(self.hand) else { return };
            if !entry.live || entry.closes_at > self.latest {
                continue;
            }
            let expired = entry.expire_all(&self.layout, &self.times);
            if expired && !entry.changed {
                entry.changed = true;
                self.changed.note(entry.key());
            }
            if expired && entry.is_empty(self.layout.len()) {
                self.remove(self.hand as EntryId);
            }
        }
    }

    /// Visits the changed entries in order of first change, then the windows that wait, then the stream times.
    pub(crate) fn take_changes(&mut self, visit: &mut ChangeVisitor<'_>) {
        let changed = std::mem::take(&mut self.changed);
        for first in (0..changed.len()).step_by(AHEAD) {
            let places = first..changed.len().min(first + AHEAD);
            self.warm_whole(places.clone().map(|place| changed.get(place)));
            places.for_each(|place| self.take_change(changed.get(place), visit));
        }
        self.changed = changed;
        self.changed.clear();
        self.finals.take_changes(visit);
        if std::mem::take(&mut self.times_changed) {
            self.scratch.clear();
            codec::write_times(&mut self.scratch, &self.layout, &self.times);
            visit(codec::TIMES_KEY, Some(&self.scratch));
        }
    }

    fn take_change(&mut self, key: &[u8], visit: &mut ChangeVisitor<'_>) {
        let Some(id) = self.find(key) else { return visit(key, None) };
        let entry = &mut self.slab[id as usize];
        if std::mem::take(&mut entry.changed) {
            self.scratch.clear();
            codec::write_entry(&mut self.scratch, &self.layout, entry);
            visit(key, Some(&self.scratch));
        }
    }

    /// A key counts as changed though it was taken before.
    pub(crate) fn note_again(&mut self, key: &[u8]) {
        if key == codec::TIMES_KEY {
            self.times_changed = true;
        } else if Finals::is_theirs(key) {
            self.finals.note_again(key);
        } else {
            let entry = self.find(key).map(|id| &mut self.slab[id as usize]);
            if entry.is_none_or(|entry| !std::mem::replace(&mut entry.changed, true)) {
                self.changed.note(key);
            }
        }
    }

    /// Visits all entries in order of arrival, then the stream times.
    pub(crate) fn export(&self, visit: &mut EntryVisitor<'_>) {
        let mut bytes = Vec::new();
        for entry in self.slab.iter().filter(|entry| entry.live) {
            bytes.clear();
            codec::write_entry(&mut bytes, &self.layout, entry);
            visit(entry.key(), &bytes);
        }
        self.finals.export(visit);
        bytes.clear();
        codec::write_times(&mut bytes, &self.layout, &self.times);
        visit(codec::TIMES_KEY, &bytes);
    }

    /// Takes a changelog record back in. An entry of which the layout knows nothing is not kept. Where the
    /// layout does not know all of it, its key counts as changed, so that the changelog forgets the rest too:
    /// otherwise a rule that comes back would find what it counted before it went.
    pub(crate) fn restore(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), RestoreError> {
        if key == codec::TIMES_KEY {
            return value.map_or(Ok(()), |bytes| {
                codec::read_times(bytes, &self.layout, &mut self.times)?;
                self.latest = self.times.iter().copied().max().unwrap_or(NO_TIME);
                Ok(())
            });
        }
        if Finals::is_theirs(key) {
            return self.finals.restore(key, value);
        }
        let read = value.map(|bytes| codec::read_entry(key, bytes, &self.layout)).transpose()?;
        match read {
            Some((entry, whole)) if !entry.is_empty(self.layout.len()) => {
                let id = self.find_or_insert(key);
                self.due = 0;
                let mine = &mut self.slab[id as usize];
                let changed = std::mem::replace(mine, entry).changed;
                (mine.closes_at, mine.changed) = (NO_TIME, changed);
                if !whole && !mine.changed {
                    mine.changed = true;
                    self.changed.note(key);
                }
            }
            dropped => {
                if let Some(id) = self.find(key) {
                    self.remove(id);
                }
                if dropped.is_some() {
                    self.changed.note(key);
                }
            }
        }
        Ok(())
    }
}
