//! Stores: what a task remembers, and the bytes it takes in a changelog.
//!
//! Enters: updates by the operators, changelog records on a restore. Leaves: the changed keys' bytes, once
//! per commit. What holds: a store that was restored from what its changelog says behaves as the store that
//! wrote it; one look-up reaches all that a group key has, whatever the number of rules; damaged bytes are an
//! error, never a panic; nothing that is written depends on the order of a hash table.
//!
//! - [`AggregateStore`]: per group key the windows of every frame.
//! - [`SessionStore`]: the same for sessions.
//! - [`windowed`]: what these two have in common.
//! - [`TableStore`]: per key a table's latest row.
//! - [`JoinStore`]: the rows of two streams that are joined.
//! - [`Finals`]: beside aggregates, the windows that EMIT FINAL has still to write.
//! - [`Subscriptions`]: the left rows of a join by a foreign key.
//! - [`Cooldowns`]: until when rules are silent about their keys.
//! - [`keyed`]: entries by key, which of them changed, and how they are frozen for a checkpoint.
//! - [`changelog`]: keys that changed, in order.
//! - [`codec`]: keys and entries as bytes.

mod aggregates;
mod ahead;
mod backing;
pub(crate) mod changelog;
pub(crate) mod codec;
mod cooldowns;
mod entry;
mod finals;
mod frozen;
mod join;
mod keyed;
mod layout;
mod rows;
mod sessions;
mod subscriptions;
mod table;
mod times;
mod window;
mod windowed;

use std::sync::Arc;

pub(crate) use aggregates::AggregateStore;
pub(crate) use ahead::AHEAD;
pub(crate) use backing::Share;
pub use backing::{Backing, BackingError, MemoryLimit};
pub(crate) use cooldowns::Cooldowns;
pub(crate) use finals::{Finals, Place};
pub(crate) use frozen::Frozen;
pub(crate) use join::JoinStore;
pub(crate) use keyed::EntryId;
pub(crate) use layout::FrameLayout;
pub(crate) use sessions::{Session, SessionStore};
pub(crate) use subscriptions::Subscriptions;
pub(crate) use table::{TableRow, TableStore};
pub(crate) use window::{MAX_VERDICTS, Results, Window, WindowMut};

/// Takes a changed key's bytes and its value's, None where the entry is gone.
type ChangeVisitor<'v> = dyn FnMut(&[u8], Option<&[u8]>) + 'v;
/// Takes a key's bytes and its value's.
type EntryVisitor<'v> = dyn FnMut(&[u8], &[u8]) + 'v;

/// Why a changelog record cannot be taken back in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// The plan has fewer stores.
    #[error("the task has no store {0}")]
    NoSuchStore(usize),
    /// Another release wrote it.
    #[error(
        "the changelog record of key {key} has format version {version}, this release reads {}: \
         run the release that wrote it, or reset the state to rebuild it from the inputs",
        codec::VERSION
    )]
    Version {
        /// The key's bytes in hexadecimal.
        key: String,
        /// The version.
        version: u8,
    },
    /// It is not what was written.
    #[error(
        "the changelog record of key {key} is damaged: restore the changelog topic, or reset the state to rebuild it from the inputs"
    )]
    Damaged {
        /// The key's bytes in hexadecimal.
        key: String,
    },
}

impl RestoreError {
    fn damaged(key: &[u8]) -> Self {
        Self::Damaged { key: hex(key) }
    }

    fn version(key: &[u8], version: u8) -> Self {
        Self::Version { key: hex(key), version }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A store of a task.
#[derive(Debug)]
pub(crate) enum Store {
    /// Aggregates by group key.
    Aggregates(AggregateStore),
    /// Sessions by group key.
    Sessions(SessionStore),
    /// A table's rows by key.
    Table(TableStore),
    /// The rows of two streams.
    Join(JoinStore),
    /// The left rows of a join by a foreign key.
    Subscriptions(Subscriptions),
    /// Until when rules are silent.
    Cooldowns(Cooldowns),
}

impl Store {
    /// How many keys it holds.
    pub(crate) fn len(&self) -> usize {
        match self {
            Store::Aggregates(store) => store.len(),
            Store::Sessions(store) => store.len(),
            Store::Table(store) => store.len(),
            Store::Join(store) => store.len(),
            Store::Subscriptions(store) => store.len(),
            Store::Cooldowns(store) => store.len(),
        }
    }

    /// See [`crate::task::StreamTask::take_changes`].
    pub(crate) fn take_changes(&mut self, visit: &mut ChangeVisitor<'_>) {
        self.freeze(visit);
        let mut budget = usize::MAX;
        self.write_frozen(&mut budget, visit);
        self.end_frozen(true);
    }

    /// Freezes what changed: visits what is little, keeps the rest for [`Store::write_frozen`].
    pub(crate) fn freeze(&mut self, visit: &mut ChangeVisitor<'_>) {
        match self {
            Store::Aggregates(store) => store.freeze(visit),
            Store::Sessions(store) => store.freeze(visit),
            Store::Table(store) => store.freeze(),
            Store::Join(store) => store.take_changes(visit),
            Store::Subscriptions(store) => store.take_changes(visit),
            Store::Cooldowns(store) => store.take_changes(visit),
        }
    }

    /// Visits the next of what was frozen until `budget` bytes are gone; whether all is visited.
    pub(crate) fn write_frozen(&mut self, budget: &mut usize, visit: &mut ChangeVisitor<'_>) -> bool {
        match self {
            Store::Aggregates(store) => store.write_frozen(budget, visit),
            Store::Sessions(store) => store.write_frozen(budget, visit),
            Store::Table(store) => store.write_frozen(budget, visit),
            Store::Join(_) | Store::Subscriptions(_) | Store::Cooldowns(_) => true,
        }
    }

    /// What was frozen is over. Unless it was `committed`, what [`Store::write_frozen`] had to visit counts as changed
    /// again.
    pub(crate) fn end_frozen(&mut self, committed: bool) {
        match self {
            Store::Aggregates(store) => store.end_frozen(committed),
            Store::Sessions(store) => store.end_frozen(committed),
            Store::Table(store) => store.end_frozen(committed),
            Store::Join(_) | Store::Subscriptions(_) | Store::Cooldowns(_) => {}
        }
    }

    /// A key that [`Store::freeze`] visited counts as changed again: what took it was not kept.
    pub(crate) fn note_again(&mut self, key: &[u8]) {
        match self {
            Store::Aggregates(store) => store.note_again(key),
            Store::Sessions(store) => store.note_again(key),
            Store::Join(store) => store.note_again(key),
            Store::Subscriptions(store) => store.note_again(key),
            Store::Cooldowns(store) => store.note_again(key),
            Store::Table(_) => {}
        }
    }

    /// See [`crate::task::StreamTask::export`].
    pub(crate) fn export(&self, visit: &mut EntryVisitor<'_>) {
        match self {
            Store::Aggregates(store) => store.export(visit),
            Store::Sessions(store) => store.export(visit),
            Store::Table(store) => store.export(visit),
            Store::Join(store) => store.export(visit),
            Store::Subscriptions(store) => store.export(visit),
            Store::Cooldowns(store) => store.export(visit),
        }
    }

    /// Makes memory a cache over `backing`, where the store can do that; otherwise it has to be restored.
    pub(crate) fn put_on_disk(
        &mut self,
        backing: Box<dyn Backing>,
        limit: &Arc<MemoryLimit>,
    ) -> Result<bool, BackingError> {
        match self {
            Store::Aggregates(store) => store.put_on_disk(backing, limit)?,
            Store::Sessions(store) => store.put_on_disk(backing, limit)?,
            Store::Table(store) => store.put_on_disk(backing, limit),
            Store::Join(_) | Store::Subscriptions(_) | Store::Cooldowns(_) => return Ok(false),
        }
        Ok(true)
    }

    /// See [`crate::task::StreamTask::let_go`].
    pub(crate) fn let_go(&mut self) {
        match self {
            Store::Aggregates(store) => store.let_go(),
            Store::Sessions(store) => store.let_go(),
            Store::Table(store) => store.let_go(),
            Store::Join(_) | Store::Subscriptions(_) | Store::Cooldowns(_) => {}
        }
    }

    /// Why its disk could not be read.
    pub(crate) fn failure(&self) -> Option<&BackingError> {
        match self {
            Store::Aggregates(store) => store.failure(),
            Store::Sessions(store) => store.failure(),
            Store::Table(store) => store.failure(),
            Store::Join(_) | Store::Subscriptions(_) | Store::Cooldowns(_) => None,
        }
    }

    /// The memory of what never lies on disk only, in bytes.
    pub(crate) fn fixed_size(&self) -> usize {
        match self {
            Store::Aggregates(store) => store.fixed_size(),
            Store::Sessions(store) => store.fixed_size(),
            Store::Table(_) => 0,
            Store::Join(store) => store.size(),
            Store::Subscriptions(store) => store.size(),
            Store::Cooldowns(store) => store.size(),
        }
    }

    /// See [`crate::task::StreamTask::restore`].
    pub(crate) fn restore(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), RestoreError> {
        match self {
            Store::Aggregates(store) => store.restore(key, value),
            Store::Sessions(store) => store.restore(key, value),
            Store::Table(store) => store.restore(key, value),
            Store::Join(store) => store.restore(key, value),
            Store::Subscriptions(store) => store.restore(key, value),
            Store::Cooldowns(store) => store.restore(key, value),
        }
    }
}
