//! Bringing the entries of several keys into the cache at once: see [`AggregateStore::warm`].

use std::hint::black_box;

use super::aggregates::AggregateStore;
use super::entry::{Entry, Frame};
use super::keyed::{EntryId, Keep};

/// How many keys are waited for together.
pub(crate) const AHEAD: usize = 16;

impl AggregateStore {
    /// A key's hash, for [`AggregateStore::warm`].
    pub(crate) fn hash(&self, key: &[u8]) -> u64 {
        self.entries.hash(key)
    }

    /// Reads what a record of each of these keys is going to need, and changes nothing. Piece by piece for
    /// all keys: the reads of one round do not depend on one another, so the processor waits for them
    /// together. Only the first [`AHEAD`] are looked at.
    pub(crate) fn warm(&self, hashes: &[u64]) {
        let found = self.warm_entries(hashes);
        for entry in self.entries_of(&found) {
            entry.frames(&self.layout).flat_map(Frame::likely).for_each(touch);
        }
    }

    /// Finds the entries of these hashes and reads them up to their frames' heads.
    fn warm_entries(&self, hashes: &[u64]) -> Found {
        let mut found = [None; AHEAD];
        for (hash, id) in hashes.iter().zip(&mut found) {
            // Seldom another key's, which does no harm: to be sure the entry would have to be here already.
            *id = self.entries.find_likely(*hash);
        }
        self.entries_of(&found).for_each(|entry| {
            black_box(entry.mark());
        });
        self.entries_of(&found).for_each(|entry| touch(entry.heads(self.layout.len())));
        found
    }

    fn entries_of(&self, found: &Found) -> impl Iterator<Item = &Entry> {
        found.iter().flatten().filter_map(|id| self.entries.at(*id))
    }
}

/// Bytes that come into the cache together.
const LINE: usize = 64;

/// Reads what brings these bytes into the cache.
pub(super) fn touch(bytes: &[u8]) {
    bytes.iter().step_by(LINE).chain(bytes.last()).for_each(|byte| {
        black_box(*byte);
    });
}

/// Entries by key, as far as there are any.
type Found = [Option<EntryId>; AHEAD];
