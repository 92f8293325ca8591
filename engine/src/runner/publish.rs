//! The rule-set topic: read, and written to.
//!
//! What holds: publishers are ordered by a transactional id that they share, so that each sees what the one
//! before it wrote; a set replaces the version that its publisher saw, or nothing is written; a set is written
//! in one transaction, so that nobody reads half of it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use broker::{
    Batch, Broker, Clock, Consumer, ConsumerConfig, Isolation, Outgoing, Poll, Position, Producer,
    ProducerConfig, Record, TopicPartition, TopicSpec,
};

use super::worker::lasts;
use super::{Error, topics};
use crate::plan::Since;
use crate::rule_set::{self, Damaged, PIECES_HEADER, Piece, Pieces, RuleSet, VERSION_HEADER};
use crate::sql::{LoadOptions, SourceFile};

/// How often a publication that failed for a passing reason is tried.
const TRIES: u32 = 5;
/// The wait before the second try; longer before each further one.
const RETRY: Duration = Duration::from_millis(200);
/// How long the topic is read at most: longer than a transaction that its writer left open.
const READ: Duration = Duration::from_secs(60);

/// Where rule sets lie, and how its clients are set up.
#[derive(Clone, Copy)]
pub struct RuleSetTopic<'a> {
    /// The log.
    pub broker: &'a dyn Broker,
    /// Tells the time.
    pub clock: &'a dyn Clock,
    /// The engine's group.
    pub group: &'a str,
    /// Client properties of the consumers, passed through.
    pub consumer_properties: &'a BTreeMap<String, String>,
    /// Client properties of the producers, passed through.
    pub producer_properties: &'a BTreeMap<String, String>,
}

/// What is published: the newest rule set, or what keeps it from being read.
pub type Newest = Option<Result<RuleSet, Damaged>>;

/// The version of what is published; 0 where nothing is.
pub fn version_of(newest: &Newest) -> u64 {
    match newest {
        None => 0,
        Some(Ok(set)) => set.version,
        Some(Err(damaged)) => damaged.version,
    }
}

impl RuleSetTopic<'_> {
    /// Its name.
    pub fn name(&self) -> String {
        topics::rule_set(self.group)
    }

    fn partition(&self) -> TopicPartition {
        TopicPartition::new(self.name(), 0)
    }

    /// Makes it where it is missing.
    ///
    /// # Errors
    /// Those of the log.
    pub fn ensure(&self) -> Result<(), Error> {
        Ok(self.broker.create_topics(&[TopicSpec::compacted(self.name(), 1)])?)
    }

    /// The newest rule set; None where none was published or the topic is not there.
    ///
    /// # Errors
    /// Those of the log.
    pub fn newest(&self) -> Result<Newest, Error> {
        Ok(self.read(Pieces::default())?.newest().transpose())
    }

    /// A rule set of a certain version; None where it is not there, or not any more.
    ///
    /// # Errors
    /// Those of the log.
    pub fn version(&self, version: u64) -> Result<Newest, Error> {
        Ok(self.read(Pieces::of_version(version))?.asked().transpose())
    }

    /// What is in the topic.
    fn read(&self, pieces: Pieces) -> Result<Pieces, Error> {
        if self.broker.topic(&self.name())?.is_none() {
            return Ok(pieces);
        }
        let mut reading = Reading { pieces, ..Reading::start(self)? };
        let (_, end) = self.broker.watermarks(&reading.partition, Isolation::ReadUncommitted)?;
        let until = self.clock.now() + READ;
        while reading.position()? < end {
            reading.poll(Duration::from_millis(50))?;
            if self.clock.now() > until {
                return Err(
                    broker::Error::timed_out(format!("reading the topic {}", self.name()), READ).into()
                );
            }
        }
        reading.consumer.close()?;
        Ok(reading.pieces)
    }

    /// Publishes these files in place of version `replaces` (0: nothing was published yet).
    ///
    /// # Errors
    /// [`Error::Conflict`] where another version is the newest, and those of the log.
    pub fn publish(&self, files: &[SourceFile], replaces: u64, publisher: &str) -> Result<RuleSet, Error> {
        self.ensure()?;
        let set = RuleSet {
            version: replaces + 1,
            publisher: publisher.to_owned(),
            published_at: self.clock.wall(),
            files: rule_set::portable(files),
            since: Since::new(),
        };
        let kept = self.kept(files);
        let mut tries = 0;
        loop {
            match self.try_publish(&set, kept.as_ref()) {
                Err(Error::Broker(error)) if !lasts(error.kind()) && tries < TRIES => {
                    tries += 1;
                    tracing::debug!(%error, tries, "publishing the rule set is tried again");
                    self.clock.sleep(RETRY * tries);
                }
                outcome => return outcome,
            }
        }
    }

    /// What the program of these files keeps; None where it is refused here.
    fn kept(&self, files: &[SourceFile]) -> Option<BTreeSet<String>> {
        let load = LoadOptions { internal_prefix: self.group.to_owned(), ..LoadOptions::default() };
        crate::sql::load(files.to_vec(), &load).ok().map(|mut loaded| loaded.program.kept())
    }

    /// The producer comes first: once it is made, nothing of an earlier publisher is pending, and from its
    /// commit on nothing of it can come. What is read after that is what this set replaces.
    fn try_publish(&self, set: &RuleSet, kept: Option<&BTreeSet<String>>) -> Result<RuleSet, Error> {
        let mut producer = self.broker.producer(&ProducerConfig {
            transactional_id: Some(self.name()),
            properties: self.producer_properties.clone(),
        })?;
        let there = self.read(Pieces::default())?;
        let newest = there.newest().transpose();
        if let Some(Ok(there)) = &newest
            && *there == (RuleSet { since: there.since.clone(), ..set.clone() })
        {
            // An earlier try had happened.
            return Ok(there.clone());
        }
        if version_of(&newest) + 1 != set.version {
            return Err(conflict(set.version - 1, &newest));
        }
        let replaced = newest.as_ref().and_then(|newest| newest.as_ref().ok());
        let set = match (kept, replaced) {
            (Some(kept), replaced) => set.clone().after(replaced, kept),
            // Whoever can run it is to find what was kept.
            (None, Some(replaced)) => RuleSet { since: replaced.since.clone(), ..set.clone() },
            (None, None) => set.clone(),
        };
        producer.begin()?;
        // What it replaces goes on being there: state may have been made by it.
        if let Some(replaced) = replaced {
            self.write(&mut *producer, replaced, RuleSet::pieces_of_replaced)?;
        }
        for key in there.outdated(set.version) {
            self.put(&mut *producer, set.published_at, (key, None), &[])?;
        }
        self.write(&mut *producer, &set, RuleSet::pieces)?;
        producer.commit()?;
        Ok(set)
    }

    fn write(
        &self,
        producer: &mut dyn Producer,
        set: &RuleSet,
        pieces: fn(&RuleSet) -> Result<Vec<Piece>, serde_json::Error>,
    ) -> Result<(), Error> {
        let pieces = pieces(set)
            .map_err(|error| Error::RuleSet(format!("the rule set cannot be written: {error}")))?;
        let (version, count) = (set.version.to_string(), pieces.len().to_string());
        let headers = [(VERSION_HEADER, version.as_bytes()), (PIECES_HEADER, count.as_bytes())];
        let mut pieces = pieces.iter();
        pieces.try_for_each(|Piece { key, value }| {
            self.put(producer, set.published_at, (key, Some(value)), &headers)
        })
    }

    fn put(
        &self,
        producer: &mut dyn Producer,
        timestamp: i64,
        (key, value): (&str, Option<&[u8]>),
        headers: &[(&str, &[u8])],
    ) -> Result<(), Error> {
        let (topic, key) = (self.name(), Some(key.as_bytes()));
        let record = Outgoing { topic: &topic, partition: Some(0), key, value, timestamp, headers };
        Ok(producer.produce(&record)?)
    }
}

fn conflict(replaces: u64, newest: &Newest) -> Error {
    let publisher = match newest {
        Some(Ok(set)) => set.publisher.clone(),
        _ => "somebody".to_owned(),
    };
    Error::Conflict { replaces, newest: version_of(newest), publisher }
}

/// A reader of the topic, from its beginning on.
pub(super) struct Reading {
    consumer: Box<dyn Consumer>,
    partition: TopicPartition,
    batch: Batch,
    pub(super) pieces: Pieces,
}

impl Reading {
    pub(super) fn start(topic: &RuleSetTopic<'_>) -> Result<Self, Error> {
        let properties = topic.consumer_properties.clone();
        let mut consumer =
            topic.broker.consumer(&ConsumerConfig { properties, ..ConsumerConfig::default() })?;
        let partition = topic.partition();
        consumer.assign(&[(partition.clone(), Position::Beginning)])?;
        Ok(Self { consumer, partition, batch: Batch::new(), pieces: Pieces::default() })
    }

    fn position(&mut self) -> Result<i64, Error> {
        Ok(self.consumer.position(&self.partition)?.unwrap_or(0))
    }

    /// Takes in what has come; true where a set has become whole by it.
    pub(super) fn poll(&mut self, timeout: Duration) -> Result<bool, Error> {
        let mut batch = std::mem::take(&mut self.batch);
        let polled = self.consumer.poll(&mut batch, timeout);
        let mut whole = false;
        if let Ok(Poll::Records) = &polled {
            batch.iter().for_each(|record| whole |= take(&mut self.pieces, &record));
        }
        self.batch = batch;
        polled?;
        Ok(whole)
    }
}

fn take(pieces: &mut Pieces, record: &Record<'_>) -> bool {
    let text = |bytes: Option<&[u8]>| bytes.and_then(|b| std::str::from_utf8(b).ok()).map(str::to_owned);
    let header = |name: &str| text(record.headers.last(name)).unwrap_or_default();
    let Some(key) = text(record.key) else { return false };
    pieces.take(&key, &header(VERSION_HEADER), &header(PIECES_HEADER), record.value)
}
