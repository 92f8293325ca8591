//! Topics and their partitions.

use std::fmt;
use std::sync::Arc;

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
    /// Nothing is deleted by time (event times may be years old); size is bounded where it is set.
    #[default]
    Retain,
    /// The latest record of each key is kept.
    Compact,
}

/// A topic to make.
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
}
