//! Checkpoints: what changed in the stores up to one commit, in their changelogs, while work goes on.
//!
//! Enters: a [`Job`] (whose, of which commit, what to write at the end), then what changed in chunks. Leaves: one
//! transaction of a producer of its own, which holds the changed keys of all stores, per changelog partition its
//! [`Mark`], and in the group of the work the [`LogStamp`] of each such partition. What holds: a checkpoint is
//! whole or absent, since it is one transaction, and never mixed with another's, since the group refuses
//! the offsets of a worker that it has given up; one that fails costs nothing but the next one's size.
//!
//! ```text
//! tasks ─ slices ─► Chunk ─ bounded channel ─► Writer ─ one transaction ─► changelogs, the group's offsets
//! ```
//!
//! - [`Checkpointer`]: what a worker sees of it.
//! - [`Threaded`]: with a thread of its own. [`Inline`]: in the caller's, for the simulation.
//! - [`Writer`]: the transaction; then the same changes go to the local state ([`copy`]).

mod chunk;
mod copy;
mod mark;
mod thread;
mod writer;

use broker::{GroupMetadata, TopicPartition};

pub(super) use chunk::{Chunk, Packed};
pub(super) use copy::Caught;
pub(super) use mark::{LogStamp, MARK_KEY, Mark, Stamp};
pub(super) use thread::Threaded;
pub(super) use writer::{Inline, Writer};

use super::Error;
use super::local::{Claim, StorePartition};

/// A checkpoint to write.
#[derive(Debug, Clone)]
pub(super) struct Job {
    /// The commit that it is of.
    pub(super) number: i64,
    /// The version of the rule set under which it is made.
    pub(super) rules: u64,
    /// The changelog partitions; chunks name them by their place here.
    pub(super) logs: Vec<Log>,
    /// The membership that it is written for.
    pub(super) group: GroupMetadata,
    /// What nobody needs any more once it is committed: topics of ours, up to where it stands in them.
    pub(super) trim: Vec<(TopicPartition, i64)>,
    /// The journals of its tasks, of which nobody needs what was there when the checkpoint before was committed.
    pub(super) journals: Vec<TopicPartition>,
}

/// A changelog partition in a checkpoint.
#[derive(Debug, Clone)]
pub(super) struct Log {
    /// Which.
    pub(super) partition: TopicPartition,
    /// Whose it is.
    pub(super) store: StorePartition,
    /// From which offset on it counts.
    pub(super) from: i64,
    /// The commit of the checkpoint before, if there was one.
    pub(super) base: Option<i64>,
    /// The value of the record that ends it: a [`Mark`].
    pub(super) mark: Vec<u8>,
    /// To write the local state, where there is one.
    pub(super) claim: Option<Claim>,
}

/// How a checkpoint ended.
#[derive(Debug)]
pub(super) enum Outcome {
    /// It is in the changelogs.
    Committed,
    /// It is not, or that is not known. The next one has what this one had.
    Failed(broker::Error),
    /// The stores cannot go on with what the disk has of it.
    Ended(Error),
}

/// Takes checkpoints to their changelogs. One at a time.
pub(super) trait Checkpointer: Send {
    /// Begins a checkpoint. The one before has ended or was given up.
    fn begin(&mut self, job: Job);

    /// Takes a chunk of it, or gives it back where there is no room now.
    fn offer(&mut self, chunk: Chunk) -> Option<Chunk>;

    /// Commits what was offered, as soon as it is written; false where there is no room for that now.
    fn finish(&mut self) -> bool;

    /// How it ended, once; None while it is under way, or where there is none.
    fn poll(&mut self) -> Option<Outcome>;

    /// Ends the one that is under way, if any, without a commit. On return nothing of ours is pending in the
    /// changelogs, also nothing of an earlier life of this worker.
    ///
    /// # Errors
    /// The log cannot say so now: try again before anything is read from a changelog.
    fn give_up(&mut self) -> Result<(), broker::Error>;
}
