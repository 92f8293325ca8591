//! Bringing the entries of several keys into the cache at once: see [`AggregateStore::warm`].

use std::hash::BuildHasher;
use std::hint::black_box;

use super::aggregates::AggregateStore;

/// How many keys are waited for together.
pub(crate) const AHEAD: usize = 16;

impl AggregateStore {
    /// A key's hash, for [`AggregateStore::warm`].
    pub(crate) fn hash(&self, key: &[u8]) -> u64 {
        self.hasher.hash_one(key)
    }

    /// Reads what a record of each of these keys is going to need, and changes nothing. Piece by piece for
    /// all keys: the reads of one round do not depend on one another, so the processor waits for them
    /// together. Only the first [`AHEAD`] are looked at.
    pub(crate) fn warm(&self, hashes: &[u64]) {
        let mut ids = [None; AHEAD];
        for (hash, id) in hashes.iter().zip(&mut ids) {
            // Seldom another key's, which does no harm: to be sure the entry would have to be here already.
            *id = self.index.find(*hash, |_| true).copied();
        }
        let entries = || ids.iter().flatten().filter_map(|id| self.slab.get(*id as usize));
        entries().for_each(|entry| {
            black_box(entry.closes_at);
        });
        entries().for_each(|entry| {
            black_box(entry.key.first().copied());
        });
        let frames = || entries().flat_map(|entry| entry.frames.iter().zip(&self.layout));
        frames().for_each(|(frame, _)| frame.warm_head());
        frames().for_each(|(frame, _)| frame.warm_windows());
        frames().for_each(|(frame, layout)| frame.warm_accumulators(layout));
    }
}
