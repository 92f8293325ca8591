//! What the records of a topic are keyed by: one thing, ever.

use std::time::Duration;

use broker::{Batch, Broker, ConsumerConfig, Isolation, Poll, Position, TopicPartition};
use events::Transaction;

use crate::error::Error;

/// What the records are keyed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Key {
    /// All of an account in one partition, in order.
    #[default]
    AccountId,
    /// Spread evenly; rules by account cost one more hop.
    TransactionId,
}

impl Key {
    /// The field's name.
    pub fn field(self) -> &'static str {
        match self {
            Self::AccountId => "account_id",
            Self::TransactionId => "transaction_id",
        }
    }

    /// The key of a transaction.
    pub fn of(self, transaction: &Transaction) -> &str {
        match self {
            Self::AccountId => &transaction.account_id,
            Self::TransactionId => &transaction.transaction_id,
        }
    }
}

/// The statement that declares a topic keyed so, in place of the one in `rules/00_sources.sql`.
pub fn create_stream(key: Key, topic: &str) -> String {
    let (first, second) = match key {
        Key::AccountId => ("account_id VARCHAR KEY", "transaction_id VARCHAR"),
        Key::TransactionId => ("transaction_id VARCHAR KEY", "account_id VARCHAR"),
    };
    let fractions: String = (1..=9).rev().map(|digits| format!("[.{}]", "S".repeat(digits))).collect();
    let topic = topic.replace('\'', "''");
    format!(
        "CREATE STREAM transactions (\n  {first},\n  {second},\n  amount DECIMAL(18, 4),\n  \
         timestamp VARCHAR,\n  currency VARCHAR,\n  merchant VARCHAR,\n  category VARCHAR,\n  \
         transaction_type VARCHAR,\n  country VARCHAR,\n  city VARCHAR,\n  latitude DOUBLE,\n  \
         longitude DOUBLE,\n  channel VARCHAR,\n  card_present BOOLEAN,\n  card_bin VARCHAR,\n  \
         terminal_id VARCHAR,\n  counterparty_account_id VARCHAR,\n  device_id VARCHAR,\n  ip VARCHAR\n\
         ) WITH (\n  KAFKA_TOPIC = '{topic}',\n  KEY_FORMAT = 'KAFKA',\n  VALUE_FORMAT = 'JSON',\n  \
         TIMESTAMP = 'timestamp',\n  TIMESTAMP_FORMAT = 'yyyy-MM-dd''T''HH:mm:ss{fractions}XXX'\n);\n"
    )
}

/// How many records of a partition are looked at.
const LOOKED_AT: usize = 200;
const PATIENCE: Duration = Duration::from_secs(10);

/// Refuses a topic whose records are keyed otherwise. A topic that is not there, or empty, takes any key.
///
/// # Errors
/// [`Error::OtherKey`], or what the log says.
pub fn check_key(log: &dyn Broker, topic: &str, key: Key) -> Result<(), Error> {
    let Some(info) = log.topic(topic)? else { return Ok(()) };
    for partition in 0..info.partitions {
        let partition = TopicPartition::new(topic, partition);
        match found(log, &partition)? {
            Some(found) if found != key => {
                return Err(Error::OtherKey { topic: topic.to_owned(), found: found.field() });
            }
            Some(_) => return Ok(()),
            None => {}
        }
    }
    Ok(())
}

/// What the oldest readable transaction of a partition is keyed by; None where there is none to tell by.
fn found(log: &dyn Broker, partition: &TopicPartition) -> Result<Option<Key>, Error> {
    let (low, end) = log.watermarks(partition, Isolation::ReadCommitted)?;
    if low >= end {
        return Ok(None);
    }
    let config = ConsumerConfig { max_batch: LOOKED_AT, ..ConsumerConfig::default() };
    let mut consumer = log.consumer(&config)?;
    consumer.assign(&[(partition.clone(), Position::Offset(low))])?;
    let (mut batch, mut seen) = (Batch::new(), 0);
    let deadline = std::time::Instant::now() + PATIENCE;
    while seen < LOOKED_AT && std::time::Instant::now() < deadline {
        let poll = consumer.poll(&mut batch, Duration::from_millis(100))?;
        seen += batch.len();
        let keyed = batch.iter().find_map(|record| keyed_by(record.key?, record.value?));
        if keyed.is_some() {
            return Ok(keyed);
        }
        if poll == Poll::Idle && consumer.position(partition)?.is_some_and(|next| next >= end) {
            break;
        }
    }
    Ok(None)
}

fn keyed_by(key: &[u8], value: &[u8]) -> Option<Key> {
    let transaction = Transaction::from_json(value).ok()?;
    [Key::AccountId, Key::TransactionId].into_iter().find(|k| k.of(&transaction).as_bytes() == key)
}
