//! Topics and their partitions.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// One partition of a topic. Cloning is cheap.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPartition {
    /// The topic's name.
    pub topic: Arc<str>,
    /// The partition's number, from 0.
    pub partition: i32,
}

impl TopicPartition {
    /// Partition `partition` of `topic`.
    pub fn new(topic: impl Into<Arc<str>>, partition: i32) -> Self {
        Self { topic: topic.into(), partition }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// What happens to old records of a topic.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cleanup {
    /// Records are kept, or the oldest are deleted by a bound of size or time.
    #[default]
    Retain,
    /// The latest record of each key is kept.
    Compact,
    /// The latest record of each key is kept until it is deleted by a bound of size or time, too. (Not made
    /// by StreamGuard: state that is restored from such a topic may be missing keys.)
    CompactAndRetain,
}

impl Cleanup {
    /// Whether older records of a key are removed.
    pub fn compacts(self) -> bool {
        self != Self::Retain
    }

    /// Whether bounds of size and time, and [`crate::Broker::delete_records`], apply.
    pub fn retains(self) -> bool {
        self != Self::Compact
    }
}

/// How long the tombstones of a compacted topic stay readable: who read the topic up to some offset and comes
/// back within that time misses no deletion. Kafka's own default, set explicitly.
pub const DELETE_RETENTION: Duration = Duration::from_secs(24 * 60 * 60);

/// A topic to make.
///
/// Whatever is made is never deleted by the time of its records: event times may be years old. Compacted
/// topics have [`DELETE_RETENTION`] and segments of 64 MB, since the newest segment is not compacted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicSpec {
    /// Its name.
    pub name: String,
    /// How many partitions.
    pub partitions: i32,
    /// What happens to old records.
    pub cleanup: Cleanup,
    /// Bytes kept per partition; None for no bound.
    pub retention_bytes: Option<u64>,
    /// How many copies of it a cluster keeps; None for its default.
    pub replicas: Option<i32>,
}

impl TopicSpec {
    /// A topic whose records are kept.
    pub fn retained(name: impl Into<String>, partitions: i32) -> Self {
        Self {
            name: name.into(),
            partitions,
            cleanup: Cleanup::Retain,
            retention_bytes: None,
            replicas: None,
        }
    }

    /// A topic that keeps the latest record of each key.
    pub fn compacted(name: impl Into<String>, partitions: i32) -> Self {
        Self { cleanup: Cleanup::Compact, ..Self::retained(name, partitions) }
    }
}

/// A topic that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicInfo {
    /// Its name.
    pub name: String,
    /// An id that a topic of the same name made later does not share; empty where the log has none.
    pub id: String,
    /// How many partitions.
    pub partitions: i32,
    /// How many copies of each partition there are; 1 on the embedded broker.
    pub replicas: i32,
    /// What happens to old records; None where this login may not ask.
    pub cleanup: Option<Cleanup>,
    /// Bytes kept per partition; None for no bound, or where this login may not ask.
    pub retention_bytes: Option<u64>,
    /// How long records are kept; None for no bound, or where this login may not ask. Kafka counts by the
    /// records' own times.
    pub retention: Option<Duration>,
    /// How long tombstones of a compacted topic are kept; None where this login may not ask.
    pub delete_retention: Option<Duration>,
    /// The largest batch of records that is taken, in bytes; None for no bound, or where this login may not ask.
    pub batch_bytes: Option<u64>,
}

/// A consumer group that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupInfo {
    /// Its name.
    pub name: String,
    /// How many members it has now.
    pub members: usize,
}
