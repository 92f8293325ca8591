//! What a process keeps of its stores on its own machine, so that a restart need not read whole changelogs.
//!
//! Enters: checkpoints, once they are committed. Leaves: a store's entries as of its mark, all of them in order or
//! one by one. What holds: a mark is written after all that it stands for. An end in the middle of
//! [`LocalState::apply`] leaves entries of the new checkpoint under the old mark; that does no harm, because whoever
//! begins at the old mark reads the new checkpoint from the changelog anyhow. Nothing here is needed for
//! correctness: what is damaged or missing is read from the changelog.
//!
//! - [`Local`]: whose each partition is among the workers of the process; all writing goes through a [`Claim`].
//! - [`LogLocal`]: in files that are only appended to, for stores that lie in memory as a whole.
//! - [`DiskLocal`]: in a database, for stores that lie there.
//! - [`MemoryLocal`]: for tests and the simulation.

mod claim;
mod disk;
mod log;
mod memory;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use sha2::{Digest, Sha256};

pub(crate) use claim::{Claim, Local, Owner, write};
pub(crate) use disk::DiskLocal;
pub(crate) use log::LogLocal;
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

/// Takes a key and its value, None where the entry is gone; false: it has enough.
type Visit<'v> = dyn FnMut(&[u8], Option<&[u8]>) -> bool + 'v;

/// See the module. It is shared by the workers and their checkpointers: one writes a store's partition at a time, by
/// its [`Claim`], and reading meanwhile is fine.
pub(crate) trait LocalState: fmt::Debug + Send + Sync {
    /// Up to where the entries stand; None: there are none that can be used.
    fn mark(&self, of: &StorePartition) -> Result<Option<Mark>, LocalError>;

    /// Visits the entries until `visit` says that it has enough. Of an entry that was replaced, or is gone (None), what
    /// was before may come, too, but before it.
    fn for_each(&self, of: &StorePartition, visit: &mut Visit<'_>) -> Result<(), LocalError>;

    /// Takes a committed checkpoint, or a stretch of a changelog, and then sets the marks. Where it is one that takes
    /// changes by [`LocalState::stage`], those without a mark are nothing.
    fn apply(
        &self,
        changes: &mut dyn Iterator<Item = Change<'_>>,
        marks: &[(StorePartition, Mark)],
    ) -> Result<(), LocalError>;

    /// Forgets entries and mark.
    fn clear(&self, of: &StorePartition) -> Result<(), LocalError>;

    /// Begins to take changes that do not count before their mark, so that they may come before they are committed.
    /// Whoever has begun before may not go on. None: changes count at once here.
    fn stage(&self, of: &StorePartition) -> Result<Option<Box<dyn Staged>>, LocalError>;

    /// Gives single entries of it, as they stand when they are asked for; None: it is only read as a whole.
    fn reader(&self, of: &StorePartition) -> Result<Option<Box<dyn Backing>>, LocalError>;
}

/// Changes of a store's partition that do not count yet. To drop it forgets them.
pub(crate) trait Staged: Send {
    /// Takes a change, behind those before; false: somebody else has begun, and this one is over.
    fn push(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<bool, LocalError>;

    /// What came counts from now on, up to this mark; false as for [`Staged::push`].
    fn settle(&mut self, mark: Mark) -> Result<bool, LocalError>;
}

/// The longest name that what is kept of a store has from it; a file's has at most 255 bytes.
const LONGEST: usize = 200;

/// Names what is kept of a store's partition on a disk. It ends with a number.
fn file_name(of: &StorePartition) -> String {
    let name = of.to_string();
    if name.len() <= LONGEST {
        return name;
    }
    let hash = Sha256::digest(name.as_bytes());
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{hash}-{}", of.partition)
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
