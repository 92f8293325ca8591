//! A log of which those who read without a group get little at a time, and something happens after each bit: a
//! restore of many slices.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use broker::{
    Batch, Broker, Consumer, ConsumerConfig, GroupInfo, GroupMetadata, Isolation, OffsetCommit, Poll,
    Position, Producer, ProducerConfig, Result, TopicInfo, TopicPartition, TopicSpec,
};

/// The records of a slice.
pub(crate) const SLICE: usize = 10;

/// What happens after a slice.
type Between = Box<dyn FnMut()>;

thread_local! {
    static BETWEEN: RefCell<Option<Between>> = const { RefCell::new(None) };
}

/// Has this happen after each slice that this thread reads.
pub(crate) fn between(what: impl FnMut() + 'static) {
    BETWEEN.set(Some(Box::new(what)));
}

/// See the module.
pub(crate) struct Slow {
    inner: Arc<dyn Broker>,
    /// Records that were read without a group.
    read: Arc<AtomicUsize>,
}

impl Slow {
    pub(crate) fn over(inner: &Arc<dyn Broker>) -> Arc<Self> {
        Arc::new(Self { inner: inner.clone(), read: Arc::default() })
    }

    /// What is behind it.
    pub(crate) fn log(&self) -> &Arc<dyn Broker> {
        &self.inner
    }

    /// How many records were read without a group since the last call.
    pub(crate) fn taken(&self) -> usize {
        self.read.swap(0, Ordering::SeqCst)
    }
}

struct Reader {
    inner: Box<dyn Consumer>,
    read: Arc<AtomicUsize>,
}

impl Consumer for Reader {
    fn subscribe(&mut self, topics: &[String]) -> Result<()> {
        self.inner.subscribe(topics)
    }

    fn poll(&mut self, batch: &mut Batch, timeout: Duration) -> Result<Poll> {
        let poll = self.inner.poll(batch, timeout);
        self.read.fetch_add(batch.len(), Ordering::SeqCst);
        // Not in the middle of itself.
        if let Some(mut between) = BETWEEN.take() {
            between();
            BETWEEN.set(Some(between));
        }
        poll
    }

    fn assign(&mut self, partitions: &[(TopicPartition, Position)]) -> Result<()> {
        self.inner.assign(partitions)
    }

    fn unassign(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        self.inner.unassign(partitions)
    }

    fn seek(&mut self, partition: &TopicPartition, position: Position) -> Result<()> {
        self.inner.seek(partition, position)
    }

    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        self.inner.pause(partitions)
    }

    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        self.inner.resume(partitions)
    }

    fn position(&mut self, partition: &TopicPartition) -> Result<Option<i64>> {
        self.inner.position(partition)
    }

    fn group_metadata(&mut self) -> Result<GroupMetadata> {
        self.inner.group_metadata()
    }

    fn commit(&mut self, offsets: &[OffsetCommit]) -> Result<()> {
        self.inner.commit(offsets)
    }

    fn close(self: Box<Self>) -> Result<()> {
        self.inner.close()
    }
}

impl Broker for Slow {
    fn describe(&self) -> String {
        self.inner.describe()
    }

    fn cluster_id(&self) -> Result<String> {
        self.inner.cluster_id()
    }

    fn create_topics(&self, topics: &[TopicSpec]) -> Result<()> {
        self.inner.create_topics(topics)
    }

    fn delete_topics(&self, topics: &[String]) -> Result<()> {
        self.inner.delete_topics(topics)
    }

    fn topic(&self, name: &str) -> Result<Option<TopicInfo>> {
        self.inner.topic(name)
    }

    fn topics(&self) -> Result<Vec<TopicInfo>> {
        self.inner.topics()
    }

    fn watermarks(&self, partition: &TopicPartition, isolation: Isolation) -> Result<(i64, i64)> {
        self.inner.watermarks(partition, isolation)
    }

    fn delete_records(&self, below: &[(TopicPartition, i64)]) -> Result<()> {
        self.inner.delete_records(below)
    }

    fn committed(&self, group: &str, partitions: &[TopicPartition]) -> Result<Vec<Option<OffsetCommit>>> {
        self.inner.committed(group, partitions)
    }

    fn groups(&self) -> Result<Vec<GroupInfo>> {
        self.inner.groups()
    }

    fn delete_group(&self, group: &str) -> Result<()> {
        self.inner.delete_group(group)
    }

    fn consumer(&self, config: &ConsumerConfig) -> Result<Box<dyn Consumer>> {
        if config.group.is_some() {
            return self.inner.consumer(config);
        }
        let inner = self.inner.consumer(&ConsumerConfig { max_batch: SLICE, ..config.clone() })?;
        Ok(Box::new(Reader { inner, read: self.read.clone() }))
    }

    fn producer(&self, config: &ProducerConfig) -> Result<Box<dyn Producer>> {
        self.inner.producer(config)
    }
}
