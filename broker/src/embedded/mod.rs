//! The embedded broker: the log on an ordered key-value store, in this process.
//!
//! It keeps Kafka's shape. A stored value is one commit's records for one partition (a large commit is
//! several values, written at once). A commit or abort marker takes an offset in each partition of its
//! transaction, and aborted records leave a gap. A newer producer with the same transactional id fences the
//! older one; group offsets and their metadata are part of the same atomic write and are refused for a
//! membership whose generation is over.
//!
//! What is different from a Kafka cluster, and what holds instead:
//! - Records of an open transaction lie in the producer's memory and have no offset before the commit. So an
//!   open transaction holds nobody back: the high watermark and the last stable offset are always the same,
//!   and a reader with [`Isolation::ReadUncommitted`](crate::Isolation) never meets an aborted record.
//! - Records of a producer without transactions are written when `flush` is called, when 256 KiB are queued,
//!   when somebody reads, or when the producer is dropped.
//! - There are no segments: the bounds of size and time are kept to a commit, and a compacted topic is
//!   compacted up to what was written a minute ago.
//! - Time counts from when a record was written, never by its own timestamp.
//! - Groups and transactional ids live as long as the process: one process at a time has the directory open.
//! - Of the client properties `message.max.bytes` (producer) and `max.poll.interval.ms` (consumer) have an
//!   effect; the others speak of a network that is not there and are ignored.
//!
//! # What goes, and when
//!
//! Every ten seconds a thread looks after all partitions. Of topics that are not compacted the oldest records
//! go once their partition is larger than its bound ([`TopicSpec::retention_bytes`], else
//! [`Settings::retention_bytes`]) or once they were written longer ago than [`Settings::retention`]; a reader
//! that was still to read them is told so. Of compacted topics the latest record of each key stays (see
//! `compact.rs`), once there is as much to compact as was left of the last time and at least 1 MiB. Each step
//! is one bounded write, so no commit waits for more than that.
//!
//! # A full disk
//!
//! A write that fails (no space, a quota, a limit) ends its commit with an error of kind
//! [`ErrorKind::Unknown`](crate::ErrorKind) that names the directory. Reading goes on. The next write opens the
//! database anew, which decides whether the failed commit is there, whole or not at all, and where there is
//! still no room it is an error of kind [`ErrorKind::Unavailable`](crate::ErrorKind): try again.
//!
//! # Durability
//!
//! On disk, a commit that returned has reached the operating system: it survives the death of the process
//! (`kill -9`). It is forced to the disk every [`Sync::Interval`] (1 s by default) and when the last client
//! is gone, so a power cut or a crash of the machine loses at most that much, always whole commits, newest
//! first. With [`Sync::EveryCommit`] a commit that returned survives a power cut as well.

mod chunk;
mod cleaner;
mod compact;
mod consumer;
mod cursor;
mod disk;
mod explain;
mod group;
mod groups;
mod keys;
mod log;
mod producer;
mod settings;
mod storage;
mod syncer;
mod topics;
mod transaction;
mod trim;

use std::path::Path;
use std::sync::Arc;

use consumer::EmbeddedConsumer;
use disk::Disk;
use log::Log;
use producer::EmbeddedProducer;
pub use settings::{Settings, Sync};
use storage::Memory;
#[cfg(feature = "kafka")]
pub(crate) use topics::same_partitions;

use crate::{
    Broker, Clock, Consumer, ConsumerConfig, GroupInfo, Isolation, OffsetCommit, Producer, ProducerConfig,
    Result, SystemClock, TopicInfo, TopicPartition, TopicSpec,
};

/// The embedded broker, shared by the threads of a process.
pub struct Embedded {
    log: Arc<Log>,
}

impl Embedded {
    /// Opens the broker in `dir`, which is made where it is missing, with the default [`Settings`]. One that
    /// another process has open is an error of kind [`ErrorKind::Config`](crate::ErrorKind::Config).
    pub fn open(dir: &Path) -> Result<Arc<Self>> {
        Self::open_with(dir, Settings::default())
    }

    /// As [`Embedded::open`], with other settings.
    pub fn open_with(dir: &Path, settings: Settings) -> Result<Arc<Self>> {
        Self::open_by(dir, settings, Arc::new(SystemClock))
    }

    /// As [`Embedded::open_with`], with another clock.
    pub fn open_by(dir: &Path, settings: Settings, clock: Arc<dyn Clock>) -> Result<Arc<Self>> {
        let storage = Disk::open(dir)?;
        let name = format!("embedded broker in {}", dir.display());
        let state = topics::load(&storage, &name)?;
        let log = Arc::new(Log::new(Box::new(storage), name, settings, state, clock));
        if let Sync::Interval(every) = settings.sync {
            syncer::start(&log, every)?;
        }
        cleaner::start(&log)?;
        Ok(Arc::new(Self { log }))
    }

    /// A broker in memory: gone when its last client is gone. It does nothing of itself: what is to be cleaned
    /// up waits for [`Embedded::clean_up`].
    pub fn in_memory() -> Arc<Self> {
        Self::in_memory_with(Arc::new(SystemClock))
    }

    /// As [`Embedded::in_memory`], with another clock: members of groups are silent and records old by it.
    pub fn in_memory_with(clock: Arc<dyn Clock>) -> Arc<Self> {
        Self::in_memory_by(Settings::default(), clock)
    }

    /// As [`Embedded::in_memory_with`], with other settings.
    pub fn in_memory_by(settings: Settings, clock: Arc<dyn Clock>) -> Arc<Self> {
        let storage = Box::new(Memory::default());
        let name = "embedded broker in memory".to_owned();
        let state = topics::load(&*storage, &name).unwrap_or_default();
        Arc::new(Self { log: Arc::new(Log::new(storage, name, settings, state, clock)) })
    }

    /// Does at once what a thread does now and then on disk: deletes what is past its bound of time or size,
    /// and compacts compacted topics up to their ends, however little there is to gain.
    pub fn clean_up(&self) -> Result<()> {
        self.log.clean_up(cleaner::Zeal::Whole, &|| true)
    }
}

impl Broker for Embedded {
    fn describe(&self) -> String {
        self.log.name.clone()
    }

    fn cluster_id(&self) -> Result<String> {
        Ok(self.log.state().cluster.clone())
    }

    fn create_topics(&self, topics: &[TopicSpec]) -> Result<()> {
        topics.iter().try_for_each(|spec| self.log.create_topic(spec))
    }

    fn delete_topics(&self, topics: &[String]) -> Result<()> {
        topics.iter().try_for_each(|name| self.log.delete_topic(name))
    }

    fn topic(&self, name: &str) -> Result<Option<TopicInfo>> {
        Ok(self.log.state().topics.get(name).map(|topic| topic.info(&self.log.settings)))
    }

    fn topics(&self) -> Result<Vec<TopicInfo>> {
        Ok(self.log.state().topics.values().map(|topic| topic.info(&self.log.settings)).collect())
    }

    fn watermarks(&self, partition: &TopicPartition, _isolation: Isolation) -> Result<(i64, i64)> {
        self.log.write_out_lingering();
        self.log.ends(partition, "asking for the ends of").map(|(_, ends)| (ends.start, ends.end))
    }

    fn delete_records(&self, below: &[(TopicPartition, i64)]) -> Result<()> {
        below.iter().try_for_each(|(of, offset)| self.log.delete_records(of, *offset))
    }

    fn committed(&self, group: &str, partitions: &[TopicPartition]) -> Result<Vec<Option<OffsetCommit>>> {
        // A commit that is under way is waited for.
        let _writing = self.log.writing()?;
        partitions.iter().map(|p| self.log.committed(group, p)).collect()
    }

    fn groups(&self) -> Result<Vec<GroupInfo>> {
        self.log.groups()
    }

    fn delete_group(&self, group: &str) -> Result<()> {
        self.log.delete_group(group)
    }

    fn consumer(&self, config: &ConsumerConfig) -> Result<Box<dyn Consumer>> {
        Ok(Box::new(EmbeddedConsumer::new(&self.log, config)?))
    }

    fn producer(&self, config: &ProducerConfig) -> Result<Box<dyn Producer>> {
        Ok(Box::new(EmbeddedProducer::new(&self.log, config)?))
    }
}
