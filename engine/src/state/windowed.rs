//! What stores of windows and of sessions have in common: entries by group key with what each frame has of the key,
//! the frames' stream times, what waits for its end, and the way of all this to changelog and disk and back.
//!
//! What holds: what is closed goes when its key is next seen; a clock hand drops that of keys that are not seen any
//! more, a few entries at a time, so that memory follows what is open without a pause.

use std::sync::Arc;

use super::finals::Finals;
use super::keyed::{EntryId, Keep, Keyed};
use super::layout::{FrameLayout, Width};
use super::times::Times;
use super::{Backing, BackingError, ChangeVisitor, EntryVisitor, MemoryLimit, RestoreError, codec};

/// How many entries the hand looks at for each that was added: with more than one it always comes round.
const SWEPT_PER_ENTRY: u32 = 2;
/// Every how many records it looks at one, whatever was added: an entry that it looks at is one more that
/// has to come into the cache.
const RECORDS_PER_SWEPT: u32 = 8;

/// An entry whose parts close by stream time.
pub(crate) trait Expire: Keep<Shape = [FrameLayout]> {
    /// Of a key that has nothing in any of this many frames, and will have texts of this width, probably.
    fn empty(key: &[u8], frames: usize, width: Width) -> Self;

    /// Sees to what has no place after a record; the width of texts that it took, where it was another.
    fn settle(&mut self, _: &[FrameLayout]) -> Option<Width> {
        None
    }

    /// Whether it is worth a closer look: false where nothing is closed.
    fn is_due(&self, layout: &[FrameLayout], times: &Times) -> bool;

    /// Whether something is closed at its frame's stream time.
    fn expires(&self, layout: &[FrameLayout], times: &Times) -> bool;

    /// Drops what is closed; whether nothing is left.
    fn expire_all(&mut self, layout: &[FrameLayout], times: &Times) -> bool;

    /// How many records the store had taken when its last one came, where that is counted.
    fn last_arrival(&self) -> i64 {
        0
    }
}

/// Entries by group key. See the module.
#[derive(Debug)]
pub(crate) struct Windowed<E> {
    pub(super) layout: Vec<FrameLayout>,
    pub(super) times: Times,
    pub(super) entries: Keyed<E>,
    hand: usize,
    /// How far the hand is to move, in entries by [`RECORDS_PER_SWEPT`].
    due: u32,
    /// What waits for its end to be written.
    pub(crate) finals: Box<Finals>,
    /// The entry that the record changed last.
    pub(super) touched: EntryId,
    /// The widest texts so far.
    width: Width,
    scratch: Vec<u8>,
}

impl<E: Expire> Windowed<E> {
    /// An empty store of these frames.
    pub(crate) fn new(layout: Vec<FrameLayout>) -> Self {
        Self {
            times: Times::new(layout.len()),
            finals: Box::new(Finals::new(layout.iter().filter_map(|frame| frame.finals).collect())),
            layout,
            entries: Keyed::default(),
            hand: 0,
            due: 0,
            touched: 0,
            width: Width::default(),
            scratch: Vec::new(),
        }
    }

    /// How many keys it holds.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The frame's stream time.
    pub(crate) fn stream_time(&self, frame: usize) -> i64 {
        self.times.by_frame()[frame]
    }

    /// The entry of a key, made where it is missing; it is good until the next [`Windowed::sweep`].
    pub(crate) fn find_or_insert(&mut self, key: &[u8]) -> EntryId {
        if let Some(id) = self.entries.fetch(key, &self.layout) {
            return id;
        }
        self.due = self.due.saturating_add(SWEPT_PER_ENTRY * RECORDS_PER_SWEPT);
        self.entries.insert(E::empty(key, self.layout.len(), self.width))
    }

    /// Moves the hand on after a record: drops what is closed of the next entries, and entries that have nothing left.
    pub(crate) fn sweep(&mut self) {
        if self.entries.at(self.touched).is_some()
            && let Some(width) = self.entries.get_unchanged(self.touched).settle(&self.layout)
        {
            self.width = self.width.max(width);
        }
        self.due = self.due.saturating_add(1);
        while self.due >= RECORDS_PER_SWEPT {
            self.due -= RECORDS_PER_SWEPT;
            self.hand = if self.hand + 1 < self.entries.places() { self.hand + 1 } else { 0 };
            self.expire_at(self.hand as EntryId);
        }
        self.entries.recount(self.touched);
        self.entries.trim(&self.layout);
    }

    /// Drops what is closed of the entry at a place, where there is one, and the entry where nothing is left.
    fn expire_at(&mut self, id: EntryId) {
        let Self { entries, layout, times, .. } = self;
        let Some(entry) = entries.at(id).filter(|entry| entry.is_due(layout, times)) else { return };
        // Whatever else it does shows in nothing that is written.
        let expires = entry.expires(layout, times);
        let entry = if expires { entries.change(id, layout) } else { entries.get_unchanged(id) };
        let is_empty = entry.expire_all(layout, times);
        if expires && is_empty {
            entries.remove(id, layout);
        }
    }

    /// Freezes what changed for a checkpoint. What is little is visited: what waits, the stream times.
    pub(crate) fn freeze(&mut self, visit: &mut ChangeVisitor<'_>) {
        self.entries.freeze();
        self.finals.take_changes(visit);
        if self.times.take_changed() {
            self.scratch.clear();
            self.times.write(&self.layout, &mut self.scratch);
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

    /// See [`Keyed::end`].
    pub(crate) fn end_frozen(&mut self, committed: bool) {
        self.entries.end(committed);
    }

    /// Something that was visited by [`Windowed::freeze`] counts as changed again.
    pub(crate) fn note_again(&mut self, key: &[u8]) {
        if key == codec::TIMES_KEY {
            self.times.note_again();
        } else {
            self.finals.note_again(key);
        }
    }

    /// From now on memory is a cache over `backing`, which has all of the store's records.
    pub(crate) fn put_on_disk(
        &mut self,
        backing: Box<dyn Backing>,
        limit: &Arc<MemoryLimit>,
    ) -> Result<(), BackingError> {
        let mut outcome = Ok(());
        backing.scan(&[Finals::MARK], &mut |key, value| {
            if is_small(key) {
                outcome = self.restore(key, Some(value));
            }
            outcome.is_ok()
        })?;
        outcome.map_err(|error| BackingError(error.to_string()))?;
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

    /// Visits all entries in order of arrival, what waits, then the stream times.
    pub(crate) fn export(&self, visit: &mut EntryVisitor<'_>) {
        self.entries.export(&self.layout, visit);
        self.finals.export(visit);
        let mut bytes = Vec::new();
        self.times.write(&self.layout, &mut bytes);
        visit(codec::TIMES_KEY, &bytes);
    }

    /// Takes a changelog record back in. An entry of which the layout knows nothing is not kept. Where the
    /// layout does not know all of it, its key counts as changed, so that the changelog forgets the rest too:
    /// otherwise a rule that comes back would find what it counted before it went.
    pub(crate) fn restore(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), RestoreError> {
        if key == codec::TIMES_KEY {
            return value.map_or(Ok(()), |bytes| self.times.read(bytes, &self.layout));
        }
        if Finals::is_theirs(key) {
            return self.finals.restore(key, value);
        }
        match value.map(|bytes| E::read(key, bytes, &self.layout)).transpose()? {
            Some(Some((entry, whole))) => {
                self.times.arrived(entry.last_arrival());
                let id = match self.entries.find(key) {
                    Some(id) => {
                        self.entries.replace(id, entry, &self.layout);
                        id
                    }
                    None => {
                        let id = self.entries.insert(entry);
                        self.entries.took_back(id, &self.layout);
                        id
                    }
                };
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

/// Whether a key is of what a store has beside its entries, which is little.
fn is_small(key: &[u8]) -> bool {
    Finals::is_theirs(key) || key == codec::TIMES_KEY
}
