//! Heads that were published: to the topic `audit_heads` and to a file, one JSON object a record or line.
//!
//! What enters: lines. What leaves: [`Published`], the hashes by database, chain and number. What holds: each
//! head takes 48 bytes; two that contradict each other are both kept, because one of them tells of a chain
//! that was written twice.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::time::{Duration, Instant};

use broker::{Batch, Broker, ConsumerConfig, Isolation, Position, TopicPartition};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::error::{Error, Result};
use crate::store::audit::Hash;

/// The topic that heads are published to; never compacted.
pub const TOPIC: &str = "audit_heads";
/// The file in the data directory that heads are appended to.
pub const HEADS_FILE: &str = "audit_heads.jsonl";
/// How long the log may say nothing while the topic is read.
const SILENCE: Duration = Duration::from_secs(30);

/// A chain's head as it is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Line {
    /// The database's id: `database` of the first row of the chain `manual`.
    pub(crate) database: Uuid,
    /// The chain.
    pub(crate) chain: String,
    /// Its last row's number.
    pub(crate) number: i64,
    /// Its last row's hash in hexadecimal.
    pub(crate) hash: String,
    /// Its last row's time.
    pub(crate) at: DateTime<Utc>,
}

/// A chain's published heads, in order of number and hash, each once.
pub(super) type Heads = Vec<(i64, Hash)>;

/// Everything that was published.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Published {
    databases: BTreeMap<Uuid, BTreeMap<String, Heads>>,
}

impl Published {
    /// Adds the heads in a file of [`HEADS_FILE`]'s form. A last line without its end is one that was being
    /// written, and is left out.
    ///
    /// # Errors
    /// The file cannot be read, or a line of it is no head.
    pub fn read_file(&mut self, path: &Path) -> Result<()> {
        let fail = |error: std::io::Error| Error::Setting(format!("{}: {error}", path.display()));
        let mut lines = BufReader::new(File::open(path).map_err(fail)?);
        let (mut line, mut number) = (String::new(), 0_u64);
        while lines.read_line(&mut line).map_err(fail)? > 0 {
            number += 1;
            if line.ends_with('\n') {
                self.add(line.as_bytes()).map_err(|why| {
                    Error::Setting(format!(
                        "{}:{number}: {why}; the file was damaged or changed, or is no file of published heads",
                        path.display()
                    ))
                })?;
            }
            line.clear();
        }
        self.settle();
        Ok(())
    }

    /// Adds the heads on the topic. None are there where the topic is not.
    ///
    /// # Errors
    /// The log cannot be read, or a record is no head.
    pub fn read_topic(&mut self, broker: &dyn Broker) -> Result<()> {
        let partitions = broker.topic(TOPIC)?.map_or(0, |topic| topic.partitions);
        for partition in (0..partitions).map(|number| TopicPartition::new(TOPIC, number)) {
            self.read_partition(broker, &partition)?;
        }
        self.settle();
        Ok(())
    }

    fn read_partition(&mut self, broker: &dyn Broker, partition: &TopicPartition) -> Result<()> {
        let (_, end) = broker.watermarks(partition, Isolation::ReadCommitted)?;
        let mut consumer = broker.consumer(&ConsumerConfig::default())?;
        consumer.assign(&[(partition.clone(), Position::Beginning)])?;
        let (mut batch, mut heard) = (Batch::new(), Instant::now());
        while consumer.position(partition)?.unwrap_or(0) < end {
            consumer.poll(&mut batch, Duration::from_millis(100))?;
            for record in batch.iter() {
                heard = Instant::now();
                self.add(record.value.unwrap_or_default())
                    .map_err(|why| Error::Setting(format!("{TOPIC}-{}: {why}", partition.partition)))?;
            }
            if heard.elapsed() > SILENCE {
                return Err(Error::Setting(format!(
                    "{}: {TOPIC}-{} ends at {end}, and nothing came for {} s",
                    broker.describe(),
                    partition.partition,
                    SILENCE.as_secs()
                )));
            }
        }
        Ok(())
    }

    /// Adds a head; [`Published::settle`] must follow before it is read.
    pub(crate) fn add(&mut self, line: &[u8]) -> std::result::Result<(), String> {
        let line: Line =
            serde_json::from_slice(line).map_err(|error| format!("no published head: {error}"))?;
        let hash = hash(&line.hash).ok_or_else(|| format!("{:?} is no hash", line.hash))?;
        let chains = self.databases.entry(line.database).or_default();
        chains.entry(line.chain).or_default().push((line.number, hash));
        Ok(())
    }

    /// Sorts, and keeps each head once.
    pub(crate) fn settle(&mut self) {
        for heads in self.databases.values_mut().flat_map(BTreeMap::values_mut) {
            heads.sort_unstable();
            heads.dedup();
        }
    }

    /// The databases that heads were published for.
    pub fn databases(&self) -> impl Iterator<Item = Uuid> + '_ {
        self.databases.keys().copied()
    }

    /// The chains of a database with their heads.
    pub(super) fn chains(&self, database: Uuid) -> impl Iterator<Item = (&str, &[(i64, Hash)])> {
        self.databases
            .get(&database)
            .into_iter()
            .flatten()
            .map(|(name, heads)| (name.as_str(), heads.as_slice()))
    }
}

/// 32 bytes of 64 hexadecimal digits.
fn hash(hex: &str) -> Option<Hash> {
    if hex.len() != 64 || !hex.is_ascii() {
        return None;
    }
    let mut hash = Hash::default();
    for (byte, digits) in hash.iter_mut().zip(hex.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(hash)
}
