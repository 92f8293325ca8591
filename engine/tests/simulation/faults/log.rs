//! The log itself, as a process sees it.

use std::sync::Arc;
use std::time::Duration;

use broker::{
    Broker, Consumer, ConsumerConfig, ErrorKind, GroupInfo, Isolation, OffsetCommit, Producer,
    ProducerConfig, Result, TopicInfo, TopicPartition, TopicSpec,
};

use super::consumer::FaultyConsumer;
use super::producer::FaultyProducer;
use super::{Bug, Chaos, Process, SESSION, failure};

/// See the module.
pub(crate) struct FaultyLog {
    pub(super) chaos: Arc<Chaos>,
    pub(super) process: Arc<Process>,
}

const TRANSIENT: &[ErrorKind] = &[ErrorKind::Unavailable];

impl FaultyLog {
    pub(crate) fn new(chaos: &Arc<Chaos>, process: &Arc<Process>) -> Arc<Self> {
        Arc::new(Self { chaos: chaos.clone(), process: process.clone() })
    }

    fn enter(&self, what: &'static str) -> Result<()> {
        self.chaos.enter(&self.process, what, TRANSIENT)
    }
}

impl Broker for FaultyLog {
    fn describe(&self) -> String {
        self.chaos.inner.describe()
    }

    fn cluster_id(&self) -> Result<String> {
        self.chaos.inner.cluster_id()
    }

    fn create_topics(&self, topics: &[TopicSpec]) -> Result<()> {
        self.enter("create topics")?;
        self.chaos.inner.create_topics(topics)
    }

    fn delete_topics(&self, topics: &[String]) -> Result<()> {
        self.enter("delete topics")?;
        self.chaos.inner.delete_topics(topics)
    }

    fn topic(&self, name: &str) -> Result<Option<TopicInfo>> {
        self.enter("topic")?;
        self.chaos.inner.topic(name)
    }

    fn topics(&self) -> Result<Vec<TopicInfo>> {
        self.enter("topics")?;
        self.chaos.inner.topics()
    }

    fn watermarks(&self, partition: &TopicPartition, isolation: Isolation) -> Result<(i64, i64)> {
        self.enter("watermarks")?;
        self.chaos.inner.watermarks(partition, isolation)
    }

    fn delete_records(&self, below: &[(TopicPartition, i64)]) -> Result<()> {
        self.enter("delete records")?;
        crate::world::about_to_delete();
        let mut below = below.to_vec();
        if self.chaos.has(Bug::PurgeTooFar) {
            for (partition, offset) in &mut below {
                let end = self.chaos.inner.watermarks(partition, Isolation::ReadUncommitted)?.1;
                *offset = (*offset + 4).min(end);
            }
        }
        self.chaos.inner.delete_records(&below)
    }

    fn committed(&self, group: &str, partitions: &[TopicPartition]) -> Result<Vec<Option<OffsetCommit>>> {
        self.enter("committed")?;
        if self.chaos.is_pending(partitions) {
            // As on Kafka: the answer is waited for, and then there is none.
            self.chaos.clock.advance(Duration::from_millis(500));
            self.chaos.settle(None);
            if self.chaos.is_pending(partitions) {
                return Err(failure(ErrorKind::Unavailable, "asking for offsets of a pending transaction"));
            }
        }
        self.chaos.inner.committed(group, partitions)
    }

    fn groups(&self) -> Result<Vec<GroupInfo>> {
        self.chaos.inner.groups()
    }

    fn delete_group(&self, group: &str) -> Result<()> {
        self.chaos.inner.delete_group(group)
    }

    fn consumer(&self, config: &ConsumerConfig) -> Result<Box<dyn Consumer>> {
        self.enter("consumer")?;
        let mut config = config.clone();
        // Small batches, so that a world of few records has many.
        config.max_batch = 1 + self.chaos.state().random.index(12);
        let limit = SESSION.as_millis().to_string();
        config.properties.insert("max.poll.interval.ms".into(), limit);
        Ok(Box::new(FaultyConsumer::new(self, config)?))
    }

    fn producer(&self, config: &ProducerConfig) -> Result<Box<dyn Producer>> {
        self.enter("producer")?;
        self.chaos.settle(config.transactional_id.as_deref());
        Ok(Box::new(FaultyProducer::new(self, config)?))
    }
}
