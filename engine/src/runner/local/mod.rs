//! What a process keeps of its stores on its own machine, so that a restart need not read whole changelogs.
//!
//! Enters: checkpoints, once they are committed. Leaves: a store's entries as of its mark, all of them in order or
//! one by one. What holds: a mark is written after all that it stands for. An end in the middle of
//! [`LocalState::apply`] leaves entries of the new checkpoint under the old mark; that does no harm, because whoever
//! begins at the old mark reads the new checkpoint from the changelog anyhow. Nothing here is needed for
//! correctness: what is damaged or missing is read from the changelog.
//!
//! - [`DiskLocal`]: in a directory.
//! - [`MemoryLocal`]: for tests, the simulation, and where there is no state directory.

mod disk;
mod memory;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

pub(crate) use disk::DiskLocal;
pub(crate) use memory::MemoryLocal;

use crate::state::Backing;

/// One partition of a store.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct StorePartition {
    /// The store's name.
    pub(crate) store: Arc<str>,
    /// The task's number.
    pub(crate) partition: i32,
}

impl StorePartition {
    /// Of a store's name and a task's number.
    pub(crate) fn new(store: &str, partition: i32) -> Self {
        Self { store: store.into(), partition }
    }
}

impl fmt::Display for StorePartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.store, self.partition)
    }
}

/// Up to where the entries of a store's partition stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// The commit that the checkpoint is of.
    pub(crate) commit: i64,
    /// The end of the changelog partition behind the checkpoint: a restore reads from here.
    pub(crate) offset: i64,
    /// When it was applied, in milliseconds since 1970. A changelog forgets tombstones after a time, so entries that
    /// are much older cannot be brought up to date by it.
    pub(crate) applied_at: i64,
}

/// A changed entry of a checkpoint.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change<'c> {
    /// Whose.
    pub(crate) of: &'c StorePartition,
    /// The changelog record's key. The record that ends a checkpoint is kept like any other.
    pub(crate) key: &'c [u8],
    /// Its value; None where the entry is gone.
    pub(crate) value: Option<&'c [u8]>,
}

/// See the module. It is shared by the workers and their checkpointers: one writes a store's partition at a time,
/// and reading meanwhile is fine.
pub(crate) trait LocalState: fmt::Debug + Send + Sync {
    /// Up to where the entries stand; None: there are none that can be used.
    fn mark(&self, of: &StorePartition) -> Result<Option<Mark>, LocalError>;

    /// Visits the entries in order of their keys' bytes, until `visit` says that it has enough.
    fn for_each(
        &self,
        of: &StorePartition,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), LocalError>;

    /// Takes a committed checkpoint, or a stretch of a changelog, and then sets the marks.
    fn apply(
        &self,
        changes: &mut dyn Iterator<Item = Change<'_>>,
        marks: &[(StorePartition, Mark)],
    ) -> Result<(), LocalError>;

    /// Forgets entries and mark.
    fn clear(&self, of: &StorePartition) -> Result<(), LocalError>;

    /// Gives single entries of it, as they stand when they are asked for.
    fn reader(&self, of: &StorePartition) -> Result<Box<dyn Backing>, LocalError>;
}

/// Why local state cannot be read or written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{doing} the local state in {path}: {what}", path = path.display())]
pub struct LocalError {
    /// Reading or writing.
    pub doing: &'static str,
    /// The directory.
    pub path: PathBuf,
    /// What went wrong and what to do.
    pub what: String,
}
