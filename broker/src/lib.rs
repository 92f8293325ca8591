//! The partitioned, transactional log behind one small interface.
//!
//! What enters: records for partitions of topics, produced inside transactions together with the
//! offsets of what was read. What leaves: batches of committed records of the assigned partitions, in
//! offset order per partition. What holds, for every implementation: a transaction over several topics
//! and its offsets becomes visible whole or not at all; a newer producer with the same transactional
//! id fences the older; a consumer never sees a record past the last stable offset.
//!
//! Two implementations: [`embedded`] (fjall on disk, or memory) and, behind the cargo feature `kafka`,
//! `kafka` (librdkafka). One contract test suite (`tests/contract.rs`) runs on all three.
//! Nothing outside this crate names a type of librdkafka or fjall.

mod batch;
mod clock;
pub mod embedded;
mod error;
#[cfg(feature = "kafka")]
pub mod kafka;
mod partitioner;
mod properties;
mod shutdown;
mod topic;

use std::collections::BTreeMap;
#[cfg(feature = "kafka")]
use std::sync::Arc;
use std::time::Duration;

pub use batch::{Batch, Headers, Record};
pub use clock::{Clock, ManualClock, SystemClock};
pub use error::{Error, ErrorKind, Result};
pub use partitioner::{murmur2, partition_for_key};
pub use shutdown::Shutdown;
pub use topic::{Cleanup, DELETE_RETENTION, GroupInfo, TopicInfo, TopicPartition, TopicSpec};

/// Which records a consumer sees, and which end [`Broker::watermarks`] reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Isolation {
    /// Only records of committed transactions, up to the last stable offset.
    #[default]
    ReadCommitted,
    /// Every record, up to the high watermark.
    ReadUncommitted,
}

/// Where a consumer begins on a partition without a committed offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum StartAt {
    /// The oldest record that is still there.
    #[default]
    Earliest,
    /// Only what is produced from now on.
    Latest,
}

/// From where an assigned partition is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// This offset; one that is no longer (or not yet) there is an error of kind
    /// [`ErrorKind::OffsetOutOfRange`] from the next poll, never a silent jump.
    Offset(i64),
    /// The group's stable committed offset, else the consumer's [`StartAt`].
    Committed,
    /// The oldest record that is still there.
    Beginning,
    /// Past the newest record.
    End,
}

/// Settings of a consumer.
#[derive(Debug, Clone, Default)]
pub struct ConsumerConfig {
    /// The consumer group; None for a reader that is only ever assigned by hand.
    pub group: Option<String>,
    /// An identity that survives a restart (Kafka's static membership); None for a dynamic member.
    pub instance: Option<String>,
    /// What is seen.
    pub isolation: Isolation,
    /// Where partitions without a committed offset begin.
    pub start: StartAt,
    /// The most records that one poll returns; 0 for the implementation's default.
    pub max_batch: usize,
    /// Bytes of records after which a poll takes no further one; 0 for the implementation's default.
    pub max_batch_bytes: usize,
    /// Client properties of the implementation, passed through; those that exactly-once rests on are refused.
    pub properties: BTreeMap<String, String>,
}

/// Settings of a producer.
#[derive(Debug, Clone, Default)]
pub struct ProducerConfig {
    /// Makes the producer transactional and fences any older producer with the same id.
    pub transactional_id: Option<String>,
    /// Client properties of the implementation, passed through; those that exactly-once rests on are refused.
    pub properties: BTreeMap<String, String>,
}

/// An offset to commit: the next one to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OffsetCommit {
    /// The partition.
    pub partition: TopicPartition,
    /// The offset of the next record to read.
    pub offset: i64,
    /// Free text that is committed beside it.
    pub metadata: String,
}

/// The membership that an offset commit speaks for; captured at an assignment, it fences a zombie. A clone
/// speaks for the same membership, in any thread.
#[derive(Debug, Clone)]
pub struct GroupMetadata(pub(crate) GroupMetadataInner);

impl GroupMetadata {
    /// The group's generation: it goes up whenever the group shares its partitions out anew.
    pub fn generation(&self) -> i64 {
        match &self.0 {
            GroupMetadataInner::Embedded { generation, .. } => i64::try_from(*generation).unwrap_or(i64::MAX),
            #[cfg(feature = "kafka")]
            GroupMetadataInner::Kafka(membership) => membership.generation(),
        }
    }
}

#[derive(Debug, Clone)]
pub(crate) enum GroupMetadataInner {
    /// Of the embedded broker.
    Embedded { group: String, member: u64, generation: u64 },
    /// Of librdkafka.
    #[cfg(feature = "kafka")]
    Kafka(Arc<kafka::Membership>),
}

/// What a poll brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Poll {
    /// The batch holds at least one record.
    Records,
    /// Nothing came within the time given.
    Idle,
    /// The group gave these partitions to this consumer: restore what belongs to them, then call
    /// [`Consumer::assign`]. Until then nothing is read.
    Assign(Vec<TopicPartition>),
    /// The group takes these partitions: commit (unless lost), then call [`Consumer::unassign`].
    Revoke {
        /// The partitions, all of this consumer's or some of them.
        partitions: Vec<TopicPartition>,
        /// They are already another's: a commit would be refused.
        lost: bool,
    },
}

/// A record to produce. All parts are borrowed: the producer copies what it queues.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition; None: by the key as Java's default partitioner does (`murmur2_random`).
    pub partition: Option<i32>,
    /// The key's bytes.
    pub key: Option<&'a [u8]>,
    /// The value's bytes; None is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Milliseconds since 1970-01-01 UTC, above 0 (librdkafka reads 0 as "now", so 0 becomes 1 on Kafka).
    pub timestamp: i64,
    /// Headers in order; a name may repeat.
    pub headers: &'a [(&'a str, &'a [u8])],
}

/// A consumer: used by one thread, never blocking longer than the time given to a call.
pub trait Consumer: Send {
    /// Joins the group for these topics. May be called again with others: the group rebalances.
    fn subscribe(&mut self, topics: &[String]) -> Result<()>;
    /// Clears `batch` and fills it with records of the assigned partitions, or tells of a rebalance.
    fn poll(&mut self, batch: &mut Batch, timeout: Duration) -> Result<Poll>;
    /// Answers [`Poll::Assign`], or, without a group subscription, assigns by hand: replaces the assignment.
    fn assign(&mut self, partitions: &[(TopicPartition, Position)]) -> Result<()>;
    /// Answers [`Poll::Revoke`]: gives up these partitions.
    fn unassign(&mut self, partitions: &[TopicPartition]) -> Result<()>;
    /// Continues an assigned partition from another position.
    fn seek(&mut self, partition: &TopicPartition, position: Position) -> Result<()>;
    /// Stops fetching these partitions; polling goes on and keeps the membership.
    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<()>;
    /// Fetches them again.
    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<()>;
    /// Tells the group that this member is alive, in work between two polls that may take minutes: nothing is read, and
    /// a rebalance waits for the next poll.
    fn keep_alive(&mut self) {}
    /// The next offset to read, past markers and aborted records where the end was reached: what to
    /// commit so that lag reaches 0. None where nothing is known yet.
    fn position(&mut self, partition: &TopicPartition) -> Result<Option<i64>>;
    /// The membership as of now.
    fn group_metadata(&mut self) -> Result<GroupMetadata>;
    /// Commits offsets outside a transaction and waits for the answer.
    fn commit(&mut self, offsets: &[OffsetCommit]) -> Result<()>;
    /// Leaves the group and frees the client. Dropping does the same without reporting errors.
    fn close(self: Box<Self>) -> Result<()>;
}

/// A producer: used by one thread. Without a transactional id only `produce` and `flush` may be called.
pub trait Producer: Send {
    /// Begins a transaction.
    fn begin(&mut self) -> Result<()>;
    /// Queues a record; waits while the queue is full, so memory is bounded.
    fn produce(&mut self, record: &Outgoing<'_>) -> Result<()>;
    /// Adds the offsets of what was read to the transaction.
    fn send_offsets(&mut self, offsets: &[OffsetCommit], group: &GroupMetadata) -> Result<()>;
    /// Commits: everything since `begin` becomes visible at once. (On Kafka the coordinator's markers reach
    /// the partitions a few milliseconds after this returns; until then the stable ends lag behind.) An error of kind
    /// [`ErrorKind::Unknown`] leaves the outcome open: make a new producer with the same transactional
    /// id and read [`Broker::committed`] to learn it.
    fn commit(&mut self) -> Result<()>;
    /// Aborts: nothing since `begin` becomes visible.
    fn abort(&mut self) -> Result<()>;
    /// Waits until everything queued is acknowledged.
    fn flush(&mut self, timeout: Duration) -> Result<()>;
}

/// The log itself: makes clients and looks after topics. Shared between threads.
pub trait Broker: Send + Sync {
    /// How an operator knows it, for messages: `Kafka at localhost:9092`, `embedded broker in DIR`.
    fn describe(&self) -> String;
    /// The cluster's id, the same for the life of its data.
    fn cluster_id(&self) -> Result<String>;
    /// Makes the topics that are not there yet and waits until they can be used. One that is there with
    /// another number of partitions is an error of kind [`ErrorKind::Config`].
    fn create_topics(&self, topics: &[TopicSpec]) -> Result<()>;
    /// Deletes topics; one that is not there is no error.
    fn delete_topics(&self, topics: &[String]) -> Result<()>;
    /// One topic, None where it is not there.
    fn topic(&self, name: &str) -> Result<Option<TopicInfo>>;
    /// All topics by name.
    fn topics(&self) -> Result<Vec<TopicInfo>>;
    /// The ids and partition counts of these topics alone, in the order asked; None for one that is not there.
    fn present(&self, names: &[String]) -> Result<Vec<Option<(String, i32)>>> {
        let topics = self.topics()?;
        let find =
            |name: &String| topics.iter().find(|t| t.name == *name).map(|t| (t.id.clone(), t.partitions));
        Ok(names.iter().map(find).collect())
    }
    /// The oldest offset and the end offset (the next one to be written, or for
    /// [`Isolation::ReadCommitted`] the last stable offset) of a partition.
    fn watermarks(&self, partition: &TopicPartition, isolation: Isolation) -> Result<(i64, i64)>;
    /// Deletes the records of partitions below an offset: it becomes the oldest offset, unless that is higher
    /// already. An offset above the end is an error of kind [`ErrorKind::OffsetOutOfRange`], a partition of a
    /// topic that is only compacted one of kind [`ErrorKind::Config`]; the other partitions asked for are done
    /// or not, so ask again for all.
    fn delete_records(&self, below: &[(TopicPartition, i64)]) -> Result<()>;
    /// The group's stable committed offsets, in the order asked; waits for a pending transaction to end.
    fn committed(&self, group: &str, partitions: &[TopicPartition]) -> Result<Vec<Option<OffsetCommit>>>;
    /// The groups that have members or committed offsets, by name.
    fn groups(&self) -> Result<Vec<GroupInfo>>;
    /// Deletes a group's offsets; the group must have no members.
    fn delete_group(&self, group: &str) -> Result<()>;
    /// Makes a consumer.
    fn consumer(&self, config: &ConsumerConfig) -> Result<Box<dyn Consumer>>;
    /// Makes a producer; a transactional one is initialised (older ones are fenced) before this returns.
    fn producer(&self, config: &ProducerConfig) -> Result<Box<dyn Producer>>;
}
