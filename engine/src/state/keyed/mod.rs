//! Entries by key, and which of them changed since which checkpoint.
//!
//! Entries lie in a slab in order of arrival, so that walking over them depends on the records alone; a hash
//! table finds them by the key that each entry has itself. What holds: a removed entry's place goes to the next
//! one, and where far more places are free than taken the last entries move forward and the memory is given
//! back; every entry says in which checkpoint's time it last changed, so that noting a change costs nothing
//! after the first and a checkpoint begins at once, however much has changed.
//!
//! - [`checkpoint`]: what changed, frozen and written in slices.
//! - [`cache`]: entries that lie on disk until they are asked for.

mod cache;
mod checkpoint;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

use super::RestoreError;
use super::changelog::ChangedKeys;
use cache::Cache;
use checkpoint::Freeze;

/// Index of an entry, valid until entries are removed.
pub(crate) type EntryId = u32;

/// An entry of a store.
pub(crate) trait Keep: Debug + Default {
    /// What is known of all entries: how their bytes are written.
    type Shape: ?Sized;

    /// The key's bytes.
    fn key(&self) -> &[u8];

    /// When it last changed: see [`Keyed::change`].
    fn mark(&self) -> u32;

    /// Keeps when it last changed.
    fn set_mark(&mut self, mark: u32);

    /// Appends its value's bytes.
    fn write(&self, shape: &Self::Shape, out: &mut Vec<u8>);

    /// Reads what was written, and whether all of it is known; None where nothing is.
    ///
    /// # Errors
    /// It was not written so.
    fn read(key: &[u8], value: &[u8], shape: &Self::Shape) -> Result<Option<(Self, bool)>, RestoreError>;

    /// The memory that it has beside itself, in bytes.
    fn size(&self) -> usize;

    /// Brings what [`Keep::write`] is going to read into the cache.
    fn touch(&self) {}
}

/// A place of the slab that is free.
const FREE: u32 = u32::MAX;
/// In a mark: what changed then is written.
const WRITTEN: u32 = 1 << 31;
/// Slabs and tables below this many places are left as they are.
const SMALL: usize = 1024;

/// See the module.
#[derive(Debug)]
pub(super) struct Keyed<E> {
    hasher: DefaultHashBuilder,
    index: HashTable<EntryId>,
    slab: Vec<E>,
    /// Free places; some may be behind the slab's end, which has moved forward since.
    free: Vec<EntryId>,
    /// How many of the slab's places are free.
    holes: usize,
    /// The checkpoint's time that goes on, from 1.
    now: u32,
    /// The keys of entries that were removed in it; they may be there again.
    gone: ChangedKeys,
    /// Keys whose last record in the changelog holds nothing that is known: the next checkpoint deletes them there.
    unknown: BTreeSet<Box<[u8]>>,
    freeze: Option<Box<Freeze>>,
    /// Where entries are that are not in memory; None where all are.
    cache: Option<Box<Cache>>,
    scratch: Vec<u8>,
}

impl<E> Default for Keyed<E> {
    fn default() -> Self {
        Self {
            hasher: DefaultHashBuilder::default(),
            index: HashTable::new(),
            slab: Vec::new(),
            free: Vec::new(),
            holes: 0,
            now: 1,
            gone: ChangedKeys::default(),
            unknown: BTreeSet::new(),
            freeze: None,
            cache: None,
            scratch: Vec::new(),
        }
    }
}

impl<E: Keep> Keyed<E> {
    /// How many entries there are in memory.
    pub(super) fn len(&self) -> usize {
        self.index.len()
    }

    /// How many places the slab has, free ones among them.
    pub(super) fn places(&self) -> usize {
        self.slab.len()
    }

    /// A key's hash.
    pub(super) fn hash(&self, key: &[u8]) -> u64 {
        self.hasher.hash_one(key)
    }

    /// The entry of a key.
    pub(super) fn find(&self, key: &[u8]) -> Option<EntryId> {
        self.index.find(self.hash(key), |id| self.slab[*id as usize].key() == key).copied()
    }

    /// An entry of this hash: seldom another key's. For looking ahead.
    pub(super) fn find_likely(&self, hash: u64) -> Option<EntryId> {
        self.index.find(hash, |_| true).copied()
    }

    /// The entry at a place, where there is one.
    pub(super) fn at(&self, id: EntryId) -> Option<&E> {
        self.slab.get(id as usize).filter(|entry| entry.mark() != FREE)
    }

    /// An entry.
    pub(super) fn get(&self, id: EntryId) -> &E {
        &self.slab[id as usize]
    }

    /// An entry, to do what shows in nothing that is written of it.
    pub(super) fn get_unchanged(&mut self, id: EntryId) -> &mut E {
        &mut self.slab[id as usize]
    }

    /// All entries in order of their places.
    pub(super) fn iter(&self) -> impl Iterator<Item = &E> {
        self.slab.iter().filter(|entry| entry.mark() != FREE)
    }

    /// Adds an entry whose key is not there. It does not count as changed.
    pub(super) fn insert(&mut self, mut entry: E) -> EntryId {
        let hash = self.hash(entry.key());
        entry.set_mark(0);
        let id = self.free_place();
        match self.slab.get_mut(id as usize) {
            Some(place) => {
                *place = entry;
                self.holes -= 1;
            }
            None => self.slab.push(entry),
        }
        let Self { index, slab, hasher, .. } = self;
        index.insert_unique(hash, id, |id| hasher.hash_one(slab[*id as usize].key()));
        self.recount(id);
        id
    }

    /// Puts what a changelog says in the place of an entry. On disk it is not, so there it is a change.
    pub(super) fn replace(&mut self, id: EntryId, entry: E, shape: &E::Shape) {
        let mark = self.slab[id as usize].mark();
        self.slab[id as usize] = entry;
        self.slab[id as usize].set_mark(mark);
        self.took_back(id, shape);
    }

    /// An entry came from a changelog. On disk it is not, so there it is a change.
    pub(super) fn took_back(&mut self, id: EntryId, shape: &E::Shape) {
        if !self.unknown.is_empty() {
            self.unknown.remove(self.slab[id as usize].key());
        }
        if self.cache.is_some() {
            self.change(id, shape);
            self.recount(id);
        }
    }

    /// Marks of an earlier time are those of entries that the last applied checkpoint has.
    fn oldest_unapplied(&self) -> u32 {
        self.freeze.as_ref().map_or(self.now, |freeze| freeze.then)
    }

    fn free_place(&mut self) -> EntryId {
        while let Some(id) = self.free.pop() {
            if (id as usize) < self.slab.len() {
                return id;
            }
        }
        self.slab.len() as EntryId
    }

    /// An entry that is about to change: as it is, it is kept for a checkpoint that has not written it yet.
    #[inline]
    pub(super) fn change(&mut self, id: EntryId, shape: &E::Shape) -> &mut E {
        if self.slab[id as usize].mark() != self.now {
            self.first_change(id, shape);
        }
        &mut self.slab[id as usize]
    }

    #[inline(never)]
    fn first_change(&mut self, id: EntryId, shape: &E::Shape) {
        self.keep_image(id, shape);
        self.slab[id as usize].set_mark(self.now);
    }

    /// Takes an entry out, which counts as a change.
    pub(super) fn remove(&mut self, id: EntryId, shape: &E::Shape) -> E {
        self.keep_image(id, shape);
        let entry = self.take_out(id);
        self.note_gone(entry.key());
        self.tighten(shape);
        entry
    }

    /// Takes an entry out, which does not count as a change.
    fn forget(&mut self, id: EntryId, shape: &E::Shape) {
        self.take_out(id);
        self.tighten(shape);
    }

    /// A key that is not there counts as changed, so that a changelog forgets it.
    pub(super) fn note_gone(&mut self, key: &[u8]) {
        self.gone.note(key);
        if let Some(cache) = &mut self.cache {
            cache.note_gone(key, self.now);
        }
    }

    /// An entry's key is gone, as a changelog says.
    pub(super) fn take_back_gone(&mut self, key: &[u8], shape: &E::Shape) {
        if let Some(id) = self.find(key) {
            self.forget(id, shape);
        }
        self.unknown.remove(key);
        if self.cache.is_some() {
            self.note_gone(key);
        }
    }

    /// A changelog has a record of a key that holds nothing that is known any more. It is to be deleted there, unless a
    /// later record of the key holds something: that one would be deleted with it, as it does not count as changed.
    pub(super) fn take_back_unknown(&mut self, key: &[u8], shape: &E::Shape) {
        self.take_back_gone(key, shape);
        if self.cache.is_none() {
            self.unknown.insert(key.into());
        }
    }

    fn take_out(&mut self, id: EntryId) -> E {
        let entry = std::mem::take(&mut self.slab[id as usize]);
        self.slab[id as usize].set_mark(FREE);
        if let Ok(found) = self.index.find_entry(self.hasher.hash_one(entry.key()), |other| *other == id) {
            found.remove();
        }
        self.holes += 1;
        self.free.push(id);
        if let Some(cache) = &mut self.cache {
            cache.uncount(id);
        }
        entry
    }

    /// Gives back memory where most of the places are free: for each entry that goes, two of the last places
    /// are looked at, so that it keeps up without a pause.
    fn tighten(&mut self, shape: &E::Shape) {
        for _ in 0..2 {
            if self.slab.len() <= SMALL || self.holes * 2 <= self.slab.len() {
                break;
            }
            let last = (self.slab.len() - 1) as EntryId;
            if self.slab[last as usize].mark() != FREE {
                self.keep_image(last, shape);
                self.move_forward(last);
            }
            self.slab.pop();
            self.holes -= 1;
        }
        let len = self.slab.len();
        if len >= SMALL && self.slab.capacity() >= 4 * len {
            self.slab.shrink_to(2 * len);
            self.free.retain(|id| (*id as usize) < len);
            self.free.shrink_to_fit();
        }
        let Self { index, slab, hasher, .. } = self;
        if index.capacity() >= SMALL.max(4 * index.len()) {
            index.shrink_to(2 * index.len(), |id| hasher.hash_one(slab[*id as usize].key()));
        }
    }

    /// Moves the last entry to a free place: its own is free then.
    fn move_forward(&mut self, from: EntryId) {
        let to = self.free_place();
        let hash = self.hasher.hash_one(self.slab[from as usize].key());
        if let Some(id) = self.index.find_mut(hash, |id| *id == from) {
            *id = to;
        }
        self.slab.swap(from as usize, to as usize);
        if let Some(cache) = &mut self.cache {
            cache.swap(from, to);
        }
    }
}

#[cfg(test)]
mod tests;
