//! A log whose writers fail: an engine on it ends in the middle of its work, as if it was killed, or has to go
//! back to its last commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use broker::{
    Broker, Consumer, ConsumerConfig, Error, ErrorKind, GroupInfo, GroupMetadata, Isolation, OffsetCommit,
    Outgoing, Producer, ProducerConfig, Result, TopicInfo, TopicPartition, TopicSpec,
};

/// What goes wrong.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Fault {
    /// The engine ends at the n-th record that it writes.
    EndAtRecord(u64),
    /// It ends at its n-th commit, which does not happen.
    EndBeforeCommit(u64),
    /// It ends at its n-th commit, which has happened.
    EndAfterCommit(u64),
    /// Every n-th commit fails, and the engine goes back to the one before.
    FailCommits(u64),
    /// Every n-th time that a writer without transactions is asked whether all is written it is, and says it is not.
    FailFlushes(u64),
    /// Records are never deleted.
    KeepRecords,
    /// A topic seems to have a record more that never comes.
    Lag(&'static str),
}

/// See the module.
pub(crate) struct Mortal {
    inner: Arc<dyn Broker>,
    fault: Fault,
    counts: Arc<(AtomicU64, AtomicU64)>,
}

impl Mortal {
    pub(crate) fn over(inner: &Arc<dyn Broker>, fault: Fault) -> Arc<dyn Broker> {
        Arc::new(Self { inner: inner.clone(), fault, counts: Arc::default() })
    }
}

fn failure(kind: ErrorKind) -> Error {
    Error::new(kind, "writing", "as the test wants it")
}

/// The writer of a worker.
struct Writer {
    inner: Box<dyn Producer>,
    fault: Fault,
    counts: Arc<(AtomicU64, AtomicU64)>,
}

impl Producer for Writer {
    fn begin(&mut self) -> Result<()> {
        self.inner.begin()
    }

    fn produce(&mut self, record: &Outgoing<'_>) -> Result<()> {
        let number = self.counts.0.fetch_add(1, Ordering::SeqCst) + 1;
        match self.fault {
            Fault::EndAtRecord(last) if number >= last => Err(failure(ErrorKind::Config)),
            _ => self.inner.produce(record),
        }
    }

    fn send_offsets(&mut self, offsets: &[OffsetCommit], group: &GroupMetadata) -> Result<()> {
        self.inner.send_offsets(offsets, group)
    }

    fn commit(&mut self) -> Result<()> {
        let number = self.counts.1.fetch_add(1, Ordering::SeqCst) + 1;
        match self.fault {
            Fault::EndBeforeCommit(last) if number >= last => Err(failure(ErrorKind::Config)),
            Fault::EndAfterCommit(last) if number >= last => {
                self.inner.commit()?;
                Err(failure(ErrorKind::Config))
            }
            Fault::FailCommits(every) if number.is_multiple_of(every) => Err(failure(ErrorKind::Abortable)),
            _ => self.inner.commit(),
        }
    }

    fn abort(&mut self) -> Result<()> {
        self.inner.abort()
    }

    fn flush(&mut self, timeout: Duration) -> Result<()> {
        self.inner.flush(timeout)?;
        let number = self.counts.1.fetch_add(1, Ordering::SeqCst) + 1;
        match self.fault {
            Fault::FailFlushes(every) if number.is_multiple_of(every) => Err(failure(ErrorKind::Unavailable)),
            _ => Ok(()),
        }
    }
}

impl Broker for Mortal {
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
        let (low, end) = self.inner.watermarks(partition, isolation)?;
        let lags = matches!((self.fault, isolation), (Fault::Lag(topic), Isolation::ReadCommitted) if *partition.topic == *topic);
        Ok((low, end + i64::from(lags)))
    }

    fn delete_records(&self, below: &[(TopicPartition, i64)]) -> Result<()> {
        if let Fault::KeepRecords = self.fault {
            return Ok(());
        }
        self.inner.delete_records(below)
    }

    fn groups(&self) -> Result<Vec<GroupInfo>> {
        self.inner.groups()
    }

    fn committed(&self, group: &str, partitions: &[TopicPartition]) -> Result<Vec<Option<OffsetCommit>>> {
        self.inner.committed(group, partitions)
    }

    fn delete_group(&self, group: &str) -> Result<()> {
        self.inner.delete_group(group)
    }

    fn consumer(&self, config: &ConsumerConfig) -> Result<Box<dyn Consumer>> {
        self.inner.consumer(config)
    }

    fn producer(&self, config: &ProducerConfig) -> Result<Box<dyn Producer>> {
        let inner = self.inner.producer(config)?;
        // The faults are of workers.
        let id = config.transactional_id.as_deref();
        let is_theirs = match self.fault {
            Fault::FailFlushes(_) => id.is_none(),
            _ => id.is_some_and(|id| !id.ends_with("-rule-set")),
        };
        if !is_theirs {
            return Ok(inner);
        }
        Ok(Box::new(Writer { inner, fault: self.fault, counts: self.counts.clone() }))
    }
}
