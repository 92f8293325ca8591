//! Memory as a cache over what lies on disk.
//!
//! Enters: a [`Backing`], and how much memory there is. What holds: an entry is let go only if it is as the last
//! applied checkpoint wrote it; a key that is not in memory is asked for there, unless its removal is yet to be
//! applied; so nothing shows whether an entry was in memory. A failure to read is kept: whoever runs the store has to
//! stop, and nothing that came of it may be committed.

use std::cell::OnceCell;
use std::sync::Arc;

use hashbrown::HashMap;

use super::{EntryId, FREE, Keep, Keyed, WRITTEN};
use crate::state::backing::Share;
use crate::state::{Backing, BackingError, EntryVisitor, MemoryLimit};

/// How many places the hand looks at for a record while there is too much.
const LOOKED_AT: usize = 64;
/// How many entries of the disk one look takes, and of how many bytes.
const SCANNED: usize = 512;
const SCANNED_BYTES: usize = 256 << 10;
/// Bytes that an entry takes in the index, at most.
const INDEXED: usize = 16;
/// Keys that begin so are none of entries: windows that wait, stream times, the end of a checkpoint.
const NO_ENTRY: u8 = 254;
/// In a size: the entry was asked for since the hand came by.
const USED: u32 = 1 << 31;

/// See the module.
#[derive(Debug)]
pub(super) struct Cache {
    backing: Box<dyn Backing>,
    share: Share,
    /// Bytes of all entries in memory.
    bytes: usize,
    /// Of each entry's place, what is counted for it.
    sizes: Vec<u32>,
    hand: usize,
    /// A whole round found nothing to let go: no other is tried before a checkpoint is applied.
    is_stuck: bool,
    looked: usize,
    /// Keys whose removal is not applied yet, with the time when they were removed.
    gone: HashMap<Box<[u8]>, u32>,
    /// Where the look over the disk goes on.
    next: Vec<u8>,
    value: Vec<u8>,
    failed: OnceCell<BackingError>,
}

impl Cache {
    pub(super) fn note_gone(&mut self, key: &[u8], now: u32) {
        self.gone.insert(key.into(), now);
    }

    /// The removals up to this time are applied.
    pub(super) fn applied(&mut self, then: u32) {
        self.gone.retain(|_, time| *time > then);
        self.is_stuck = false;
        self.looked = 0;
    }

    fn fail(&self, error: BackingError) {
        // The first is the one to tell of.
        let _ = self.failed.set(error);
    }

    /// An entry at this place takes so much.
    pub(super) fn count(&mut self, id: EntryId, size: usize) {
        let place = id as usize;
        if self.sizes.len() <= place {
            self.sizes.resize(place + 1, 0);
        }
        let size = (size + INDEXED).min((USED - 1) as usize) as u32;
        self.bytes = self.bytes + size as usize - (self.sizes[place] & !USED) as usize;
        self.sizes[place] = size | USED;
        self.share.set(self.bytes);
    }

    pub(super) fn uncount(&mut self, id: EntryId) {
        if let Some(size) = self.sizes.get_mut(id as usize) {
            self.bytes -= (std::mem::take(size) & !USED) as usize;
            self.share.set(self.bytes);
        }
    }

    pub(super) fn swap(&mut self, a: EntryId, b: EntryId) {
        let (a, b) = (a as usize, b as usize);
        if self.sizes.len() <= a.max(b) {
            self.sizes.resize(a.max(b) + 1, 0);
        }
        self.sizes.swap(a, b);
    }

    fn is_used(&mut self, id: EntryId) -> bool {
        let Some(size) = self.sizes.get_mut(id as usize) else { return false };
        let was_used = *size & USED != 0;
        *size &= !USED;
        was_used
    }
}

impl<E: Keep> Keyed<E> {
    /// From now on memory is a cache over `backing`. Nothing is in memory yet.
    pub(in crate::state) fn put_on_disk(&mut self, backing: Box<dyn Backing>, limit: &Arc<MemoryLimit>) {
        self.cache = Some(Box::new(Cache {
            backing,
            share: Share::new(limit, false),
            bytes: 0,
            sizes: Vec::new(),
            hand: 0,
            is_stuck: false,
            looked: 0,
            gone: HashMap::new(),
            next: Vec::new(),
            value: Vec::new(),
            failed: OnceCell::new(),
        }));
    }

    /// Why the disk could not be read.
    pub(in crate::state) fn failure(&self) -> Option<&BackingError> {
        self.cache.as_ref()?.failed.get()
    }

    /// The entry of a key, from the disk where it is not in memory.
    pub(in crate::state) fn fetch(&mut self, key: &[u8], shape: &E::Shape) -> Option<EntryId> {
        match (self.find(key), &mut self.cache) {
            (None, Some(_)) => self.load(key, shape),
            (Some(id), Some(cache)) => {
                if let Some(size) = cache.sizes.get_mut(id as usize) {
                    *size |= USED;
                }
                Some(id)
            }
            (found, None) => found,
        }
    }

    #[inline(never)]
    fn load(&mut self, key: &[u8], shape: &E::Shape) -> Option<EntryId> {
        let cache = self.cache.as_mut()?;
        if cache.gone.contains_key(key) {
            return None;
        }
        let mut value = std::mem::take(&mut cache.value);
        let found = match cache.backing.get(key, &mut value) {
            Ok(true) => self.take_in(key, &value, shape),
            Ok(false) => None,
            Err(error) => {
                cache.fail(error);
                None
            }
        };
        if let Some(cache) = &mut self.cache {
            cache.value = value;
        }
        found
    }

    /// Takes an entry of the disk into memory. What nobody knows any more counts as changed.
    fn take_in(&mut self, key: &[u8], value: &[u8], shape: &E::Shape) -> Option<EntryId> {
        match E::read(key, value, shape) {
            Ok(Some((entry, is_whole))) => {
                let id = self.insert(entry);
                if !is_whole {
                    self.change(id, shape);
                }
                Some(id)
            }
            Ok(None) => {
                self.note_gone(key);
                None
            }
            Err(error) => {
                if let Some(cache) = &self.cache {
                    cache.fail(BackingError(error.to_string()));
                }
                None
            }
        }
    }

    /// An entry has changed its size, perhaps.
    pub(in crate::state) fn recount(&mut self, id: EntryId) {
        if let (Some(cache), Some(entry)) = (&mut self.cache, self.slab.get(id as usize))
            && entry.mark() != FREE
        {
            cache.count(id, size_of::<E>() + entry.size());
        }
    }

    /// Lets entries go while all stores take too much; whether to go on with it. Ids are not good any more then.
    pub(in crate::state) fn trim(&mut self, shape: &E::Shape) -> bool {
        let oldest = self.oldest_unapplied();
        for _ in 0..LOOKED_AT {
            let Some(cache) = self.cache.as_mut().filter(|cache| !cache.is_stuck && cache.share.is_over())
            else {
                return false;
            };
            cache.hand = if cache.hand + 1 < self.slab.len() { cache.hand + 1 } else { 0 };
            cache.looked += 1;
            let id = cache.hand as EntryId;
            let mark = self.slab.get(id as usize).map_or(FREE, Keep::mark);
            let is_unchanged = mark != FREE && mark & !WRITTEN < oldest;
            if is_unchanged && !cache.is_used(id) {
                cache.looked = 0;
                self.forget(id, shape);
            } else if cache.looked > 2 * self.slab.len() {
                cache.is_stuck = true;
            }
        }
        true
    }

    /// The next entries of the disk that are not in memory, which `want` says something is to be done with, are taken
    /// into memory. Over time it comes to all.
    pub(in crate::state) fn look_over_disk(
        &mut self,
        shape: &E::Shape,
        want: &dyn Fn(&E) -> bool,
    ) -> Vec<EntryId> {
        let Some(cache) = &mut self.cache else { return Vec::new() };
        let (mut found, mut bytes) = (Vec::new(), 0);
        let from = std::mem::take(&mut cache.next);
        let scanned = cache.backing.scan(&from, &mut |key, value| {
            if found.len() >= SCANNED || bytes >= SCANNED_BYTES {
                cache.next = key.to_vec();
                return false;
            }
            bytes += key.len() + value.len();
            found.push((key.to_vec(), value.to_vec()));
            true
        });
        if let Err(error) = scanned {
            cache.fail(error);
        }
        let mut wanted = Vec::new();
        for (key, value) in found {
            if !self.is_on_disk_only(&key) {
                continue;
            }
            // Whatever is wrong with it shows when it is taken in.
            let is_wanted = match E::read(&key, &value, shape) {
                Ok(Some((entry, is_whole))) => !is_whole || want(&entry),
                _ => true,
            };
            if is_wanted {
                wanted.extend(self.take_in(&key, &value, shape));
            }
        }
        wanted
    }

    fn is_on_disk_only(&self, key: &[u8]) -> bool {
        let is_entry = key.first().is_some_and(|first| *first < NO_ENTRY);
        let is_gone = || self.cache.as_ref().is_some_and(|cache| cache.gone.contains_key(key));
        is_entry && self.find(key).is_none() && !is_gone()
    }

    /// Visits all entries: those in memory in order of their places, then those on disk only.
    pub(in crate::state) fn export(&self, shape: &E::Shape, visit: &mut EntryVisitor<'_>) {
        let mut bytes = Vec::new();
        for entry in self.iter() {
            bytes.clear();
            entry.write(shape, &mut bytes);
            visit(entry.key(), &bytes);
        }
        self.visit_disk(visit);
    }

    /// Visits the entries that are on disk only, in order of their keys' bytes.
    pub(in crate::state) fn visit_disk(&self, visit: &mut EntryVisitor<'_>) {
        let Some(cache) = &self.cache else { return };
        let scanned = cache.backing.scan(&[], &mut |key, value| {
            if self.is_on_disk_only(key) {
                visit(key, value);
            }
            true
        });
        if let Err(error) = scanned {
            cache.fail(error);
        }
    }
}
