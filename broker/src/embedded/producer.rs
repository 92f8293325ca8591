//! Producers of the embedded broker.
//!
//! What enters: records and offsets. What leaves: one [`Transaction`] at `commit`, or, without a
//! transactional id, at `flush`, when enough is queued, or when somebody is about to read. What holds:
//! nothing of an open transaction has an offset yet; it lies in the producer's memory, at most
//! [`LARGEST_TRANSACTION`] bytes; dropping the producer aborts it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::chunk::Chunk;
use super::log::{Lingering, Log, lock};
use super::topics::shared_name;
use super::transaction::{GroupOffsets, Part, Transaction};
use crate::{
    Error, ErrorKind, GroupMetadata, GroupMetadataInner, OffsetCommit, Outgoing, Producer, ProducerConfig,
    Result, TopicPartition, partition_for_key, properties,
};

/// The bytes of one record, as librdkafka's and the broker's default `message.max.bytes`.
const LARGEST_RECORD: usize = 1_000_000;
/// The bytes that one transaction may queue.
const LARGEST_TRANSACTION: usize = 256 * 1024 * 1024;
/// A producer without transactions writes once it holds this many bytes back.
const LINGER: usize = 256 * 1024;

/// Records queued per partition.
#[derive(Debug, Default)]
struct Queue {
    parts: Vec<Part>,
    bytes: usize,
    /// Of a write that a reader caused; told by the next call.
    failed: Option<Error>,
}

impl Queue {
    /// Tells whether it was empty before.
    fn push(&mut self, topic: &Topic, partition: i32, record: &Outgoing<'_>) -> bool {
        let was_empty = self.bytes == 0;
        let known =
            self.parts.iter_mut().position(|p| p.topic == topic.number && p.partition.partition == partition);
        let index = known.unwrap_or_else(|| {
            let partition = TopicPartition { topic: topic.name.clone(), partition };
            self.parts.push(Part { partition, topic: topic.number, chunks: Vec::new() });
            self.parts.len() - 1
        });
        let chunks = &mut self.parts[index].chunks;
        if chunks.last().is_none_or(Chunk::is_full) {
            chunks.push(Chunk::new());
        }
        if let Some(chunk) = chunks.last_mut() {
            let before = chunk.len();
            chunk.push(record);
            self.bytes += chunk.len() - before;
        }
        was_empty
    }

    fn take(&mut self) -> Vec<Part> {
        self.bytes = 0;
        std::mem::take(&mut self.parts)
    }
}

/// What a producer without transactions holds back, shared with readers.
struct Held {
    log: Arc<Log>,
    queue: Mutex<Queue>,
}

impl Held {
    fn write(&self, queue: &mut Queue) -> Result<()> {
        let parts = queue.take();
        self.log.commit(None, Transaction { parts, offsets: Vec::new() }, false)
    }
}

impl Lingering for Held {
    fn write_out(&self) {
        let mut queue = lock(&self.queue);
        if let Err(e) = self.write(&mut queue) {
            queue.failed.get_or_insert(e);
        }
    }
}

/// A topic that was looked up.
#[derive(Debug, Clone)]
struct Topic {
    name: Arc<str>,
    number: u32,
    partitions: i32,
}

/// A transactional id and what its open transaction holds.
struct Transactional {
    id: String,
    number: u64,
    open: Option<Open>,
}

#[derive(Default)]
struct Open {
    queue: Queue,
    offsets: Vec<GroupOffsets>,
}

/// A producer.
pub(super) struct EmbeddedProducer {
    held: Arc<Held>,
    transactional: Option<Transactional>,
    topics: Vec<Topic>,
    largest: usize,
    /// Spreads records without a key.
    next: i32,
}

impl EmbeddedProducer {
    pub(super) fn new(log: &Arc<Log>, config: &ProducerConfig) -> Result<Self> {
        properties::check(
            &format!("making a producer on the {}", log.name),
            &config.properties,
            properties::PRODUCER,
        )?;
        let largest = match config.properties.get("message.max.bytes") {
            None => LARGEST_RECORD,
            Some(text) => text.parse().map_err(|_| {
                let message = format!("message.max.bytes is '{text}', a number of bytes is needed");
                log.error(ErrorKind::Config, "making a producer", message)
            })?,
        };
        let held = Arc::new(Held { log: log.clone(), queue: Mutex::default() });
        let begin = |id: &String| -> Result<Transactional> {
            // Under the writing lock, so that the older producer's commit has ended or will be refused.
            let _writing = log.writing()?;
            let mut state = log.state();
            let number = state.next_client();
            state.producers.insert(id.clone(), number);
            Ok(Transactional { id: id.clone(), number, open: None })
        };
        let transactional = config.transactional_id.as_ref().map(begin).transpose()?;
        if transactional.is_none() {
            let weak = Arc::downgrade(&held);
            log.register(weak);
        }
        Ok(Self { held, transactional, topics: Vec::new(), largest, next: 0 })
    }

    fn log(&self) -> &Log {
        &self.held.log
    }

    fn doing(&self, what: &str) -> String {
        match &self.transactional {
            Some(t) => format!("{what} of {}", t.id),
            None => what.to_owned(),
        }
    }

    fn misuse(&self, what: &str, message: &str) -> Error {
        self.log().error(ErrorKind::Config, &self.doing(what), message)
    }

    fn topic(&mut self, name: &str) -> Result<Topic> {
        if let Some(topic) = self.topics.iter().find(|t| &*t.name == name) {
            return Ok(topic.clone());
        }
        let found = {
            let state = self.held.log.state();
            let topic = state.topics.get(name);
            topic.map(|t| Topic {
                name: shared_name(&state, name),
                number: t.number,
                partitions: t.spec.partitions,
            })
        };
        let unknown = || {
            let message = "there is no such topic: create it first";
            self.held.log.error(ErrorKind::UnknownTopic, &format!("producing to {name}"), message)
        };
        let topic = found.ok_or_else(unknown)?;
        self.topics.push(topic.clone());
        Ok(topic)
    }

    fn partition(&mut self, topic: &Topic, record: &Outgoing<'_>) -> Result<i32> {
        match (record.partition, record.key) {
            (Some(p), _) if (0..topic.partitions).contains(&p) => Ok(p),
            (Some(p), _) => Err(self
                .log()
                .unknown_topic(&TopicPartition { topic: topic.name.clone(), partition: p }, "producing to")),
            (None, Some(key)) => Ok(partition_for_key(key, topic.partitions)),
            (None, None) => {
                self.next = self.next.wrapping_add(1) & i32::MAX;
                Ok(self.next % topic.partitions)
            }
        }
    }

    fn check_size(&self, record: &Outgoing<'_>) -> Result<()> {
        let headers: usize = record.headers.iter().map(|(n, v)| n.len() + v.len()).sum();
        let size = record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len) + headers;
        if size <= self.largest {
            return Ok(());
        }
        let message =
            format!("the record has {size} bytes, at most {} are accepted (message.max.bytes)", self.largest);
        Err(self.log().error(ErrorKind::TooLarge, &format!("producing to {}", record.topic), message))
    }

    /// Takes the open transaction.
    fn take_open(&mut self, what: &str) -> Result<(String, u64, Open)> {
        let taken = self.transactional.as_mut().and_then(|t| Some((t.id.clone(), t.number, t.open.take()?)));
        taken.ok_or_else(|| self.misuse(what, "no transaction was begun"))
    }
}

impl Producer for EmbeddedProducer {
    fn begin(&mut self) -> Result<()> {
        match &mut self.transactional {
            Some(Transactional { open: Some(_), .. }) => {
                Err(self.misuse("begin", "the transaction before has been neither committed nor aborted"))
            }
            Some(t) => {
                self.held.log.check_owner(Some((&t.id, t.number)))?;
                t.open = Some(Open::default());
                Ok(())
            }
            None => Err(self.misuse("begin", "this producer has no transactional id")),
        }
    }

    fn produce(&mut self, record: &Outgoing<'_>) -> Result<()> {
        self.check_size(record)?;
        let topic = self.topic(record.topic)?;
        let partition = self.partition(&topic, record)?;
        if self.transactional.is_none() {
            let mut queue = lock(&self.held.queue);
            if let Some(e) = queue.failed.take() {
                self.topics.clear();
                return Err(e);
            }
            let first = queue.push(&topic, partition, record);
            if queue.bytes >= LINGER {
                return self.held.write(&mut queue);
            }
            drop(queue);
            if first {
                self.held.log.announce_lingering();
            }
            return Ok(());
        }
        let Some(open) = self.transactional.as_mut().and_then(|t| t.open.as_mut()) else {
            return Err(self.misuse("produce", "no transaction was begun"));
        };
        open.queue.push(&topic, partition, record);
        if open.queue.bytes > LARGEST_TRANSACTION {
            let message =
                format!("more than {} MiB in one transaction: commit earlier", LARGEST_TRANSACTION >> 20);
            return Err(self.log().error(ErrorKind::Abortable, &self.doing("produce"), message));
        }
        Ok(())
    }

    fn send_offsets(&mut self, offsets: &[OffsetCommit], group: &GroupMetadata) -> Result<()> {
        #[cfg_attr(
            not(feature = "kafka"),
            expect(irrefutable_let_patterns, reason = "Kafka's is the other variant")
        )]
        let GroupMetadataInner::Embedded { group, member, generation } = &group.0 else {
            return Err(self.misuse("offsets", "the group metadata comes from another broker's consumer"));
        };
        for o in offsets {
            self.log().ends(&o.partition, "committing an offset of")?;
        }
        let refusal = {
            let mut state = self.held.log.state();
            state.group(group, |g, _| g.refuses(*member, *generation))
        };
        if let Some(why) = refusal {
            return Err(self.log().error(ErrorKind::Fenced, &format!("offsets of group {group}"), why));
        }
        let commit = GroupOffsets {
            group: group.clone(),
            member: *member,
            generation: *generation,
            offsets: offsets.to_vec(),
        };
        match self.transactional.as_mut().and_then(|t| t.open.as_mut()) {
            Some(open) => open.offsets.push(commit),
            None => return Err(self.misuse("offsets", "no transaction was begun")),
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<()> {
        let (id, number, mut open) = self.take_open("commit")?;
        let transaction = Transaction { parts: open.queue.take(), offsets: open.offsets };
        let done = self.held.log.commit(Some((&id, number)), transaction, true);
        done.map_err(|e| {
            self.topics.clear();
            // The records are gone with the call, so it cannot be tried again.
            if e.kind() == ErrorKind::Unavailable { e.with_kind(ErrorKind::Unknown) } else { e }
        })
    }

    fn abort(&mut self) -> Result<()> {
        // After a commit that failed there is nothing left to abort.
        let Ok((id, number, mut open)) = self.take_open("abort") else {
            return match &self.transactional {
                Some(t) => self.log().check_owner(Some((&t.id, t.number))),
                None => Err(self.misuse("abort", "this producer has no transactional id")),
            };
        };
        let transaction = Transaction { parts: open.queue.take(), offsets: Vec::new() };
        self.held.log.skip(Some((&id, number)), &transaction)
    }

    fn flush(&mut self, _timeout: Duration) -> Result<()> {
        let mut queue = lock(&self.held.queue);
        if let Some(e) = queue.failed.take() {
            return Err(e);
        }
        self.held.write(&mut queue)
    }
}

impl Drop for EmbeddedProducer {
    fn drop(&mut self) {
        if self.transactional.is_some() {
            // Errors have nobody to go to; what was open is not visible either way.
            let _ = self.abort();
        } else if let Err(e) = self.flush(Duration::ZERO) {
            tracing::warn!(error = %e, "records of a dropped producer are lost");
        }
    }
}
