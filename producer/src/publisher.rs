//! Chunks of records into the log: each one whole, once.
//!
//! What enters: a [`Chunk`]. What leaves: the chunk, committed by one transaction of the log. What holds:
//! when `commit` returns Ok the chunk is there exactly once. An aborted or interrupted transaction is
//! done again; where the outcome of a commit is unknown, a new producer with the same transactional id ends
//! whatever was pending, and then the chunk's last record is looked for in the log.

use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::{
    Batch, Broker, ConsumerConfig, ErrorKind, Isolation, Outgoing, Poll, Position, Producer, ProducerConfig,
    Shutdown, TopicPartition, partition_for_key,
};

use crate::error::Error;

/// Records that go out together.
#[derive(Debug, Default)]
pub(crate) struct Chunk {
    /// A partition of [`BY_KEY`] stands for the key's.
    records: Batch,
}

/// Marks a record whose partition follows from its key.
const BY_KEY: i32 = -1;

impl Chunk {
    /// Adds a record; its partition follows from the key.
    pub(crate) fn push(&mut self, topic: &TopicPartition, timestamp: i64, key: &[u8], value: &[u8]) {
        self.push_with(topic, timestamp, key, value, &[]);
    }

    /// Adds a record with headers.
    pub(crate) fn push_with(
        &mut self,
        topic: &TopicPartition,
        timestamp: i64,
        key: &[u8],
        value: &[u8],
        headers: &[(&str, &[u8])],
    ) {
        let source = self.records.source(topic);
        self.records.push(source, 0, timestamp, Some(key), Some(value), headers.iter().copied());
    }

    pub(crate) fn len(&self) -> usize {
        self.records.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.records.clear();
    }
}

/// A topic as the target of [`Chunk::push`].
pub(crate) fn target(topic: &str) -> TopicPartition {
    TopicPartition::new(topic, BY_KEY)
}

/// A transactional producer that survives what can be survived.
pub(crate) struct Publisher {
    log: Arc<dyn Broker>,
    transactional_id: String,
    producer: Box<dyn Producer>,
    shutdown: Shutdown,
}

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// How far back from the end a chunk is looked for.
const LOOK_BACK: i64 = 100_000;

/// How long a search waits for the log's answer.
const PATIENCE: Duration = Duration::from_secs(30);

impl Publisher {
    /// A producer of this transactional id; an older one is fenced, what it left open is aborted.
    pub(crate) fn new(
        log: Arc<dyn Broker>,
        transactional_id: String,
        shutdown: Shutdown,
    ) -> Result<Self, Error> {
        let producer = open(log.as_ref(), &transactional_id)?;
        Ok(Self { log, transactional_id, producer, shutdown })
    }

    /// Commits the chunk, waiting for a log that is away, and clears it. An empty one is no transaction.
    ///
    /// # Errors
    /// What waiting cannot mend; or, once an end is asked for, what stands in the way.
    pub(crate) fn commit(&mut self, chunk: &mut Chunk) -> Result<(), Error> {
        let mut wait = FIRST_WAIT;
        while !chunk.is_empty() {
            let Err(error) = self.attempt(chunk) else { break };
            match error.kind() {
                ErrorKind::Abortable | ErrorKind::Unavailable | ErrorKind::Unknown | ErrorKind::Fatal
                    if !self.shutdown.is_requested() => {}
                _ => return Err(error.into()),
            }
            tracing::warn!(%error, "the log did not take a chunk of {} records; trying again", chunk.len());
            std::thread::sleep(wait);
            wait = (wait * 2).min(LONGEST_WAIT);
            if self.recover(&error, chunk)? {
                break;
            }
        }
        chunk.clear();
        Ok(())
    }

    fn attempt(&mut self, chunk: &Chunk) -> broker::Result<()> {
        self.producer.begin()?;
        let mut headers = Vec::new();
        for record in chunk.records.iter() {
            headers.clear();
            headers.extend(record.headers);
            self.producer.produce(&Outgoing {
                topic: &chunk.records.sources()[record.source].topic,
                partition: None,
                key: record.key,
                value: record.value,
                timestamp: record.timestamp,
                headers: &headers,
            })?;
        }
        self.producer.commit()
    }

    /// Brings the producer back to where it can begin; true where the chunk turns out to be committed.
    fn recover(&mut self, error: &broker::Error, chunk: &Chunk) -> Result<bool, Error> {
        if error.kind() == ErrorKind::Abortable && self.producer.abort().is_ok() {
            return Ok(false);
        }
        loop {
            let outcome = open(self.log.as_ref(), &self.transactional_id).and_then(|producer| {
                self.producer = producer;
                self.is_committed(chunk)
            });
            match outcome {
                Err(error) if error.is_transient() && !self.shutdown.is_requested() => {
                    std::thread::sleep(LONGEST_WAIT)
                }
                outcome => return Ok(outcome?),
            }
        }
    }

    /// Whether the chunk's last record lies committed near the end of its partition.
    fn is_committed(&self, chunk: &Chunk) -> broker::Result<bool> {
        let Some(index) = chunk.len().checked_sub(1) else { return Ok(true) };
        let last = chunk.records.get(index);
        let topic = Arc::clone(&chunk.records.sources()[last.source].topic);
        let Some(info) = self.log.topic(&topic)? else { return Ok(false) };
        let partition = partition_for_key(last.key.unwrap_or_default(), info.partitions);
        let partition = TopicPartition::new(topic, partition);
        read_to_end(self.log.as_ref(), &partition, LOOK_BACK, |key, value| {
            key == last.key && value == last.value
        })
    }
}

fn open(log: &dyn Broker, transactional_id: &str) -> broker::Result<Box<dyn Producer>> {
    let transactional_id = Some(transactional_id.to_owned());
    log.producer(&ProducerConfig { transactional_id, ..ProducerConfig::default() })
}

/// Shows `stop` the committed records of a partition, from at most `back` offsets before its end, until it
/// says true or the end is reached. Returns what it said last.
pub(crate) fn read_to_end(
    log: &dyn Broker,
    partition: &TopicPartition,
    back: i64,
    mut stop: impl FnMut(Option<&[u8]>, Option<&[u8]>) -> bool,
) -> broker::Result<bool> {
    let (low, end) = log.watermarks(partition, Isolation::ReadCommitted)?;
    if low >= end {
        return Ok(false);
    }
    let mut consumer = log.consumer(&ConsumerConfig::default())?;
    consumer.assign(&[(partition.clone(), Position::Offset(low.max(end.saturating_sub(back))))])?;
    let mut batch = Batch::new();
    let mut heard = Instant::now();
    loop {
        let poll = consumer.poll(&mut batch, Duration::from_millis(100))?;
        if batch.iter().any(|record| stop(record.key, record.value)) {
            return Ok(true);
        }
        if consumer.position(partition)?.is_some_and(|next| next >= end) {
            return Ok(false);
        }
        match poll {
            Poll::Idle if heard.elapsed() > PATIENCE => {
                return Err(broker::Error::timed_out(format!("reading {partition} to its end"), PATIENCE));
            }
            Poll::Idle => {}
            _ => heard = Instant::now(),
        }
    }
}
