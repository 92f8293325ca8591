//! Checkpoints: what changed since the last one, as it was at a commit boundary, written while work goes on.
//!
//! Enters: the boundary ([`StreamTask::begin_checkpoint`]). Leaves: the changed keys in slices, as they were
//! then. What holds: all stores are of the same boundary; applied in order over the committed checkpoints before
//! it, a checkpoint gives what [`StreamTask::export`] would have given at the boundary; one that came to nothing
//! loses no change.

use super::{ChangeVisitor, StreamTask};

impl StreamTask {
    /// Freezes what changed since the last committed checkpoint. To be called between two records, while no other
    /// checkpoint is under way.
    pub fn begin_checkpoint(&mut self) {
        self.count_fixed();
        for (store, frozen) in self.stores.iter_mut().zip(&mut self.frozen) {
            if let Some(store) = store {
                frozen.take(store);
            }
        }
    }

    /// Visits the next of what was frozen, of about `budget` bytes of keys and values (one record more at the
    /// most), store by store; whether all is written now. A value is None where the entry was gone.
    pub fn write_checkpoint(&mut self, budget: usize, visit: &mut ChangeVisitor<'_>) -> bool {
        let mut left = budget.max(1);
        for (id, (store, frozen)) in self.stores.iter_mut().zip(&mut self.frozen).enumerate() {
            let Some(store) = store else { continue };
            if !frozen.write(store, &mut left, &mut |key, value| visit(id, key, value)) {
                return false;
            }
        }
        true
    }

    /// The checkpoint is over, written to its end or not. Unless it was `committed`, what was frozen counts as
    /// changed, so the next one has it. Does nothing where none was begun.
    pub fn end_checkpoint(&mut self, committed: bool) {
        for (store, frozen) in self.stores.iter_mut().zip(&mut self.frozen) {
            if let Some(store) = store {
                frozen.end(store, committed);
            }
        }
    }
}
