//! Stores that lie on disk: memory is a cache over them.
//!
//! Enters: what the last applied checkpoint wrote ([`Backing`]), how much memory there is. Leaves: nothing else than
//! from stores in memory. What holds: a failure to read the disk is told with the record that met it
//! ([`Output::failure`](super::Output::failure)), and nothing after it may be committed.

use std::sync::Arc;

use super::StreamTask;
use crate::plan::StoreId;
use crate::state::{Backing, BackingError, MemoryLimit, Share};

impl StreamTask {
    /// Makes memory a cache over `backing`, which has all records of the store, so it need not be restored. Entries
    /// are let go while the stores of the process exceed the limit. A checkpoint has to be applied to the backing
    /// before [`StreamTask::end_checkpoint`] says that it is committed. False where this kind of store is always in
    /// memory: then it has to be restored as ever.
    ///
    /// # Errors
    /// The backing cannot be read.
    pub fn put_on_disk(
        &mut self,
        store: StoreId,
        backing: Box<dyn Backing>,
        limit: &Arc<MemoryLimit>,
    ) -> Result<bool, BackingError> {
        self.fixed.get_or_insert_with(|| Share::new(limit, true));
        match self.stores.get_mut(store) {
            Some(Some(store)) => store.put_on_disk(backing, limit),
            _ => Ok(false),
        }
    }

    /// Lets entries go while the stores of the process exceed their limit. What has changed since the last
    /// checkpoint stays.
    pub fn let_go(&mut self) {
        self.stores.iter_mut().flatten().for_each(|store| store.let_go());
    }

    /// Why a disk could not be read.
    pub(super) fn failure(&self) -> Option<&BackingError> {
        self.stores.iter().flatten().find_map(|store| store.failure())
    }

    /// Counts what is always in memory.
    pub(super) fn count_fixed(&mut self) {
        if let Some(fixed) = &mut self.fixed {
            fixed.set(self.stores.iter().flatten().map(|store| store.fixed_size()).sum());
        }
    }
}
