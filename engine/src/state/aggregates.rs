//! The store of aggregates: group key to the windows of all frames.
//!
//! Entries lie by key in a slab ([`Keyed`]). A key's closed windows go when it is next seen; a clock hand drops those of keys
//! that are not seen any more, a few entries at a time, so that memory follows the live windows without a
//! pause.

use std::sync::Arc;

use super::entry::Entry;
use super::finals::Finals;
use super::keyed::{EntryId, Keep, Keyed};
use super::layout::FrameLayout;
use super::{
    Backing, BackingError, ChangeVisitor, EntryVisitor, MemoryLimit, RestoreError, Window, WindowMut, codec,
};

/// How many entries the hand looks at for each that was added: with more than one it always comes round.
pub(super) const SWEPT_PER_ENTRY: u32 = 2;
/// Every how many records it looks at one, whatever was added: an entry that it looks at is one more that
/// has to come into the cache.
pub(super) const RECORDS_PER_SWEPT: u32 = 8;

/// Aggregates by group key.
#[derive(Debug)]
pub(crate) struct AggregateStore {
    pub(super) layout: Vec<FrameLayout>,
    /// Per frame the highest timestamp that reached it.
    pub(super) times: Vec<i64>,
    times_changed: bool,
    /// The highest of them.
    latest: i64,
    pub(super) entries: Keyed<Entry>,
    hand: usize,
    /// How far the hand is to move, in entries by [`RECORDS_PER_SWEPT`].
    due: u32,
    /// The windows that wait for their end to be written.
    pub(crate) finals: Box<Finals>,
    /// The entry that the record changed last.
    touched: EntryId,
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
            entries: Keyed::default(),
            hand: 0,
            due: 0,
            touched: 0,
            scratch: Vec::new(),
        }
    }

    /// How many keys it holds.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The frame's stream time.
    pub(crate) fn stream_time(&self, frame: usize) -> i64 {
        self.times[frame]
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
        self.touched = id;
        let entry = self.entries.change(id, &self.layout);
        entry.expire(&self.layout, frame, now);
        let closes_at = self.layout[frame].closes_at(start, start);
        entry.will_close(closes_at);
        entry.window_mut(&self.layout, frame, start)
    }

    /// The entry of a key, made where it is missing; it is good until the next [`AggregateStore::sweep`].
    pub(crate) fn find_or_insert(&mut self, key: &[u8]) -> EntryId {
        if let Some(id) = self.entries.fetch(key, &self.layout) {
            return id;
        }
        self.due = self.due.saturating_add(SWEPT_PER_ENTRY * RECORDS_PER_SWEPT);
        self.entries.insert(Entry::new(key, self.layout.len()))
    }

    /// The window of a key that starts at `start`, where it is there.
    pub(crate) fn window(&mut self, frame: usize, key: &[u8], start: i64) -> Option<Window<'_>> {
        let id = self.entries.fetch(key, &self.layout)?;
        let entry = self.entries.get(id);
        entry.frame(&self.layout, frame).windows().find(|window| window.start() == start)
    }

    /// Moves the hand on after a record: drops the closed windows of the next entries, and entries that have none left.
    pub(crate) fn sweep(&mut self) {
        self.due = self.due.saturating_add(1);
        while self.due >= RECORDS_PER_SWEPT {
            self.due -= RECORDS_PER_SWEPT;
            self.hand = if self.hand + 1 < self.entries.places() { self.hand + 1 } else { 0 };
            self.expire_at(self.hand as EntryId);
        }
        self.entries.recount(self.touched);
        self.entries.trim(&self.layout);
    }

    /// Drops the closed windows of the entry at a place, where there is one, and the entry where none is left.
    fn expire_at(&mut self, id: EntryId) {
        let Self { entries, layout, times, latest, .. } = self;
        let Some(entry) = entries.at(id).filter(|entry| entry.may_close(*latest)) else { return };
        // Whatever else it does shows in nothing that is written.
        let expires = entry.expires(layout, times);
        let entry = if expires { entries.change(id, layout) } else { entries.get_unchanged(id) };
        entry.expire_all(layout, times);
        if expires && entry.is_empty(layout.len()) {
            entries.remove(id, layout);
        }
    }

    /// Freezes what changed for a checkpoint. What is little is visited: the windows that wait, the stream times.
    pub(crate) fn freeze(&mut self, visit: &mut ChangeVisitor<'_>) {
        self.entries.freeze();
        self.finals.take_changes(visit);
        if std::mem::take(&mut self.times_changed) {
            self.scratch.clear();
            codec::write_times(&mut self.scratch, &self.layout, &self.times);
            visit(codec::TIMES_KEY, Some(&self.scratch));
        }
    }

    /// See [`Keyed::write_frozen`].
    pub(crate) fn write_frozen(&mut self, budget: &mut usize, visit: &mut ChangeVisitor<'_>) -> bool {
        let is_written = self.entries.write_frozen(&self.layout, budget, visit);
        let (layout, times) = (&self.layout, &self.times);
        for id in self.entries.look_over_disk(layout, &|entry| entry.expires(layout, times)) {
            self.expire_at(id);
        }
        is_written
    }

    /// From now on memory is a cache over `backing`, which has all of the store's records.
    pub(crate) fn put_on_disk(
        &mut self,
        backing: Box<dyn Backing>,
        limit: &Arc<MemoryLimit>,
    ) -> Result<(), BackingError> {
        take_back_small(&*backing, &mut |key, value| self.restore(key, Some(value)))?;
        self.entries.put_on_disk(backing, limit);
        Ok(())
    }

    /// Lets entries go as far as they may.
    pub(crate) fn let_go(&mut self) {
        while self.entries.trim(&self.layout) {}
    }

    /// Why the disk could not be read.
    pub(crate) fn failure(&self) -> Option<&BackingError> {
        self.entries.failure()
    }

    /// The memory of what is always there, in bytes.
    pub(crate) fn fixed_size(&self) -> usize {
        self.finals.size()
    }

    /// See [`Keyed::end`].
    pub(crate) fn end_frozen(&mut self, committed: bool) {
        self.entries.end(committed);
    }

    /// Something that was visited by [`AggregateStore::freeze`] counts as changed again.
    pub(crate) fn note_again(&mut self, key: &[u8]) {
        if key == codec::TIMES_KEY {
            self.times_changed = true;
        } else {
            self.finals.note_again(key);
        }
    }

    /// Visits all entries in order of arrival, then the stream times.
    pub(crate) fn export(&self, visit: &mut EntryVisitor<'_>) {
        self.entries.export(&self.layout, visit);
        self.finals.export(visit);
        let mut bytes = Vec::new();
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
        match value.map(|bytes| Entry::read(key, bytes, &self.layout)).transpose()? {
            Some(Some((entry, whole))) => {
                let id = self.entries.find(key);
                let id = id.unwrap_or_else(|| self.entries.insert(Entry::new(key, self.layout.len())));
                self.entries.replace(id, entry, &self.layout);
                if !whole {
                    self.entries.change(id, &self.layout);
                }
            }
            Some(None) => self.entries.take_back_unknown(key, &self.layout),
            None => self.entries.take_back_gone(key, &self.layout),
        }
        Ok(())
    }
}

/// Takes a record back in.
pub(super) type Restore<'r> = dyn FnMut(&[u8], &[u8]) -> Result<(), RestoreError> + 'r;

/// Takes back what a store of windows has beside its entries: windows that wait, stream times.
pub(super) fn take_back_small(backing: &dyn Backing, restore: &mut Restore<'_>) -> Result<(), BackingError> {
    let mut outcome = Ok(());
    backing.scan(&[Finals::MARK], &mut |key, value| {
        if Finals::is_theirs(key) || key == codec::TIMES_KEY {
            outcome = restore(key, value);
        }
        outcome.is_ok()
    })?;
    outcome.map_err(|error| BackingError(error.to_string()))
}
