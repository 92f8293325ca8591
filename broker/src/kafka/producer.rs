//! Producers on Kafka.
//!
//! What enters: records and offsets. What leaves: a commit that is answered by the coordinator, or an error
//! that says what can be done. What holds: memory is bounded by librdkafka's queue, for room in which
//! `produce` waits; a record that could not be delivered makes the commit fail, with the reason.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::{RDKafkaErrorCode as Code, RDKafkaType};

use super::Shared;
use super::context::Context;
use super::courier::Courier;
use super::failure::{Failure, describe};
use super::native::{Handle, NativeTopic, Step};
use crate::{
    Error, ErrorKind, GroupMetadata, GroupMetadataInner, OffsetCommit, Outgoing, Producer, ProducerConfig,
    Result,
};

/// For the first answer of the transaction coordinator; an older transaction of the same id may have to time
/// out (10 s) before it gives it.
const INIT: Duration = Duration::from_secs(30);
/// For the first connection.
const CONNECT: Duration = Duration::from_secs(2);
/// For each step of a transaction: longer than the transaction's and the messages' own time-outs, so that
/// those decide.
const STEP: Duration = Duration::from_secs(15);
/// How long `produce` waits for room in the queue.
const ROOM: Duration = Duration::from_secs(30);
/// How long dropping a producer may take to abort what was open.
const FAREWELL: Duration = Duration::from_secs(2);

/// A record below this size is not compared with its topic's limit: it fits every topic that holds records at all.
const SMALL: usize = 64 * 1024;
/// What a batch of one record has besides its key, value and headers, at most (61 bytes and a few lengths).
const FRAME: usize = 128;

/// The lowest timestamp that can be told to librdkafka.
const FIRST_TIMESTAMP: i64 = 1;

/// A topic that was looked up.
struct Known {
    native: NativeTopic,
    partitions: i32,
}

/// Where a producer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Without transactions.
    Plain,
    Ready,
    Open,
    /// Of no more use.
    Broken,
}

/// A producer.
pub(super) struct KafkaProducer {
    /// Freed before the client.
    topics: HashMap<String, Known>,
    handle: Arc<Handle>,
    /// Of a transactional producer.
    courier: Option<Courier>,
    shared: Arc<Shared>,
    name: String,
    stage: Stage,
}

impl KafkaProducer {
    pub(super) fn new(shared: &Arc<Shared>, config: &ProducerConfig) -> Result<Self> {
        let cluster = &shared.cluster;
        let name = match &config.transactional_id {
            Some(id) => format!("producer {id} on {}", cluster.describe()),
            None => format!("producer on {}", cluster.describe()),
        };
        let handle = Handle::new(
            &cluster.producer(config)?,
            RDKafkaType::RD_KAFKA_PRODUCER,
            Context::new(name.clone()),
        )
        .map_err(|f| f.outside(format!("making the {name}")))?;
        let handle = Arc::new(handle);
        let (mut stage, mut courier) = (Stage::Plain, None);
        if config.transactional_id.is_some() {
            handle.connect(CONNECT);
            handle
                .transaction(Step::Init, INIT)
                .map_err(|f| f.outside(format!("initialising the {name}")))?;
            let made = Courier::start(handle.clone(), STEP);
            courier = Some(made.map_err(|f| f.outside(format!("making the {name}")))?);
            stage = Stage::Ready;
        }
        Ok(Self { topics: HashMap::new(), handle, courier, shared: shared.clone(), name, stage })
    }

    fn error(&self, kind: ErrorKind, what: &str, message: impl Into<String>) -> Error {
        Error::new(kind, format!("{what} by the {}", self.name), message)
    }

    fn need(&self, stage: Stage, what: &str) -> Result<()> {
        let message = match (self.stage, stage) {
            (now, needed) if now == needed => return Ok(()),
            (Stage::Plain, _) => "this producer has no transactional id",
            (Stage::Broken, _) => {
                let message = "an earlier error has ended this producer: make a new one";
                return Err(self.error(ErrorKind::Fatal, what, message));
            }
            (_, Stage::Open) => "no transaction was begun",
            _ => "the transaction before has been neither committed nor aborted",
        };
        Err(self.error(ErrorKind::Config, what, message))
    }

    /// Runs a step and keeps track of where the producer stands after a failure.
    fn step(&mut self, step: Step, what: &str) -> Result<()> {
        let done = self.handle.transaction(step, STEP);
        self.judge(done, what)
    }

    fn judge(&mut self, done: std::result::Result<(), Failure>, what: &str) -> Result<()> {
        let Err(mut failure) = done else {
            self.handle.context().answered();
            return Ok(());
        };
        let (abort, fatal) = (failure.abort, failure.fatal);
        if let Some(undelivered) = self.handle.context().take_undelivered() {
            // Tried again it would be refused again, for ever.
            if let Some(refusal) = Failure::refusal(undelivered.code) {
                if !abort {
                    self.stage = Stage::Broken;
                }
                return Err(refusal.outside(format!("producing to {} by the {}", undelivered.to, self.name)));
            }
            failure.text =
                format!("{} (to {}: {})", failure.text, undelivered.to, describe(undelivered.code));
        }
        let error = failure.in_transaction(format!("{what} by the {}", self.name));
        if fatal || (!abort && error.kind() != ErrorKind::Abortable) {
            self.stage = Stage::Broken;
        }
        Err(error)
    }

    fn known(&mut self, topic: &str, partition: Option<i32>) -> Result<()> {
        let enough = |k: &Known| partition.is_none_or(|p| p < k.partitions);
        if self.topics.get(topic).is_some_and(enough) && partition.is_none_or(|p| p >= 0) {
            return Ok(());
        }
        let what = format!("producing to {topic}");
        let Some(info) = self.shared.awaited(topic)? else {
            return Err(self.error(
                ErrorKind::UnknownTopic,
                &what,
                "there is no such topic: create it first",
            ));
        };
        if partition.is_some_and(|p| !(0..info.partitions).contains(&p)) {
            let message = format!("it has the partitions 0 to {} only", info.partitions - 1);
            return Err(self.error(ErrorKind::UnknownTopic, &what, message));
        }
        let native = self.handle.topic(topic).map_err(|f| f.outside(what))?;
        self.topics.insert(topic.to_owned(), Known { native, partitions: info.partitions });
        Ok(())
    }

    /// An error for a record that its topic would not take: found before it is sent, it harms no transaction.
    fn fits(&self, record: &Outgoing<'_>) -> Result<()> {
        let size = size(record);
        if size < SMALL {
            return Ok(());
        }
        match self.shared.batch_bytes(record.topic) {
            Some(limit) if size as u64 > limit => {
                let message = format!(
                    "the record has {size} bytes, but {} takes at most {limit}: raise its max.message.bytes \
                     (kafka-configs.sh --alter --entity-type topics), or have the rule select less",
                    record.topic
                );
                Err(self.error(ErrorKind::TooLarge, &format!("producing to {}", record.topic), message))
            }
            _ => Ok(()),
        }
    }

    fn refused(&mut self, failure: Failure, record: &Outgoing<'_>) -> Error {
        let what = format!("producing to {}", record.topic);
        match failure.code {
            Code::MessageSizeTooLarge => {
                let message = format!(
                    "the record has {} bytes, more than the producer's message.max.bytes allows: raise it \
                     (--set kafka.producer.message.max.bytes=...), or have the rule select less",
                    size(record)
                );
                self.error(ErrorKind::TooLarge, &what, message)
            }
            // After a delivery failed, a transaction takes no more records.
            Code::State if self.stage == Stage::Open => {
                let why = self.handle.context().take_undelivered();
                if let Some((u, refusal)) = why.as_ref().and_then(|u| Some((u, Failure::refusal(u.code)?))) {
                    return refusal.outside(format!("producing to {} by the {}", u.to, self.name));
                }
                let why =
                    why.map_or_else(|| failure.text.clone(), |u| format!("{}: {}", u.to, describe(u.code)));
                self.error(ErrorKind::Abortable, &what, format!("the transaction has failed ({why})"))
            }
            Code::Fatal | Code::Fenced => {
                self.stage = Stage::Broken;
                let (code, text) = self.handle.client().fatal_error().unwrap_or((failure.code, failure.text));
                Failure { text, fatal: true, ..Failure::of(code) }
                    .in_transaction(format!("{what} by the {}", self.name))
            }
            _ if self.stage == Stage::Open => failure.in_transaction(format!("{what} by the {}", self.name)),
            _ => failure.outside(format!("{what} by the {}", self.name)),
        }
    }

    /// An error for the first record that was not delivered, if any.
    fn delivered(&self, what: &str) -> Result<()> {
        match self.handle.context().take_undelivered() {
            None => Ok(()),
            Some(u) => Err(Failure::of(u.code).outside(format!("{what} to {} by the {}", u.to, self.name))),
        }
    }
}

impl Producer for KafkaProducer {
    fn begin(&mut self) -> Result<()> {
        self.need(Stage::Ready, "begin")?;
        self.handle.context().take_undelivered();
        self.step(Step::Begin, "begin")?;
        self.stage = Stage::Open;
        Ok(())
    }

    fn produce(&mut self, record: &Outgoing<'_>) -> Result<()> {
        if self.stage != Stage::Plain {
            self.need(Stage::Open, "produce")?;
        }
        self.known(record.topic, record.partition)?;
        self.fits(record)?;
        // librdkafka reads 0 as "now".
        let record = &Outgoing { timestamp: record.timestamp.max(FIRST_TIMESTAMP), ..*record };
        let full_until = Instant::now() + ROOM;
        loop {
            let Some(topic) = self.topics.get(record.topic) else {
                return Err(self.error(ErrorKind::UnknownTopic, "produce", "there is no such topic"));
            };
            match self.handle.produce(&topic.native, record) {
                Ok(()) => break,
                Err(f) if f.code == Code::QueueFull && Instant::now() < full_until => {
                    self.handle.serve(Duration::from_millis(5));
                }
                Err(f) => return Err(self.refused(f, record)),
            }
        }
        if self.stage == Stage::Plain { self.delivered("delivery") } else { Ok(()) }
    }

    fn send_offsets(&mut self, offsets: &[OffsetCommit], group: &GroupMetadata) -> Result<()> {
        self.need(Stage::Open, "offsets")?;
        let GroupMetadataInner::Kafka(membership) = &group.0 else {
            let message = "the group metadata comes from another broker's consumer";
            return Err(self.error(ErrorKind::Config, "offsets", message));
        };
        let Some(courier) = &self.courier else { return self.need(Stage::Open, "offsets") };
        let done = courier.send(offsets, membership, STEP);
        self.judge(done, "offsets")
    }

    fn commit(&mut self) -> Result<()> {
        self.need(Stage::Open, "commit")?;
        self.step(Step::Commit, "commit")?;
        self.stage = Stage::Ready;
        Ok(())
    }

    fn abort(&mut self) -> Result<()> {
        if self.stage == Stage::Ready {
            return Ok(());
        }
        self.need(Stage::Open, "abort")?;
        self.step(Step::Abort, "abort")?;
        self.stage = Stage::Ready;
        Ok(())
    }

    fn flush(&mut self, timeout: Duration) -> Result<()> {
        let what = || format!("flush by the {}", self.name);
        self.handle.flush(timeout).map_err(|f| f.outside(what()))?;
        if self.stage == Stage::Plain { self.delivered("delivery") } else { Ok(()) }
    }
}

impl Drop for KafkaProducer {
    fn drop(&mut self) {
        let farewell = match self.stage {
            Stage::Open => {
                self.handle.purge();
                self.handle.transaction(Step::Abort, FAREWELL)
            }
            Stage::Plain => self.handle.flush(FAREWELL),
            Stage::Ready | Stage::Broken => Ok(()),
        };
        if let Err(f) = farewell {
            tracing::debug!(
                producer = self.name,
                error = f.text,
                "a dropped producer could not end in order"
            );
        }
        self.handle.purge();
    }
}

/// The bytes of a record in a batch of its own, before compression.
fn size(record: &Outgoing<'_>) -> usize {
    let headers: usize = record.headers.iter().map(|(name, value)| name.len() + value.len() + 10).sum();
    record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len) + headers + FRAME
}

/// Offsets with their metadata, as librdkafka takes them.
pub(super) fn offset_list(offsets: &[OffsetCommit]) -> std::result::Result<TopicPartitionList, Failure> {
    let mut list = TopicPartitionList::with_capacity(offsets.len());
    for o in offsets {
        let mut element = list.add_partition(&o.partition.topic, o.partition.partition);
        element.set_offset(Offset::Offset(o.offset)).map_err(|e| Failure::from_crate(&e))?;
        element.set_metadata(&o.metadata);
    }
    Ok(list)
}
