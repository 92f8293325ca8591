//! Dead letters from their table to their topics.
//!
//! What enters: rows of `dead_letters` that are not published. What leaves: records on `<topic>.dlq`, keyed
//! by source position, and the time in `published_at`. What holds: a row is marked only after the log has
//! confirmed its record, so each arrives at least once.

use std::collections::HashSet;
use std::time::Duration;

use broker::{Broker, Outgoing, Producer, ProducerConfig, TopicSpec};
use events::mask::sha256;
use events::{dead_letter_key, headers, topics};
use sqlx::PgConnection;

use crate::error::Result;
use crate::writer::Writer;

/// How many are published at once.
const AT_ONCE: i64 = 500;
/// The most bytes of a value that are published: the log takes 1,000,000 with key, headers and framing.
const LARGEST: usize = 900_000;
/// How long the log may take to confirm them.
const FLUSH: Duration = Duration::from_secs(10);

/// Publishes dead letters.
#[derive(Default)]
pub(crate) struct Relay {
    producer: Option<Box<dyn Producer>>,
    topics: HashSet<String>,
}

/// A row of `dead_letters`.
#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    topic: String,
    partition: i32,
    offset: i64,
    record_time: Option<chrono::DateTime<chrono::Utc>>,
    stage: String,
    reason: String,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: serde_json::Value,
}

/// What a round came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Round {
    /// Nothing is left to publish.
    Empty,
    /// There may be more.
    More,
    /// The log or the database is away; try again later.
    Later,
}

impl Relay {
    /// Publishes some.
    pub(crate) fn round(
        &mut self,
        broker: &dyn Broker,
        writer: &mut Writer,
        config: &ProducerConfig,
    ) -> Result<Round> {
        let Ok(rows) = writer.with(async |connection| unpublished(connection).await)? else {
            return Ok(Round::Later);
        };
        if rows.is_empty() {
            return Ok(Round::Empty);
        }
        if let Err(error) = self.publish(broker, config, &rows) {
            tracing::warn!(%error, waiting = rows.len(), "dead letters stay in the table dead_letters for now");
            self.producer = None;
            return Ok(Round::Later);
        }
        let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
        match writer.with(async |connection| mark(connection, &ids).await)? {
            Ok(()) => Ok(Round::More),
            Err(_) => Ok(Round::Later),
        }
    }

    fn publish(&mut self, broker: &dyn Broker, config: &ProducerConfig, rows: &[Row]) -> broker::Result<()> {
        let missing: HashSet<String> = rows
            .iter()
            .map(|row| topics::dlq(&row.topic))
            .filter(|topic| !self.topics.contains(topic))
            .collect();
        for name in missing {
            if broker.topic(&name)?.is_none() {
                broker.create_topics(&[TopicSpec::retained(name.as_str(), topics::DLQ_PARTITIONS)])?;
            }
            self.topics.insert(name);
        }
        let producer = match &mut self.producer {
            Some(producer) => producer,
            none => none.insert(broker.producer(config)?),
        };
        rows.iter().try_for_each(|row| row.produce(producer.as_mut()))?;
        producer.flush(FLUSH)
    }
}

impl Row {
    fn produce(&self, producer: &mut dyn Producer) -> broker::Result<()> {
        let (partition, offset) = (self.partition.to_string(), self.offset.to_string());
        let timestamp = self.record_time.map_or(0, |time| time.timestamp_millis());
        let time = timestamp.to_string();
        let cut = self.value.as_deref().filter(|value| value.len() > LARGEST);
        let cut = cut.map(|value| (value.len().to_string(), sha256(value)));
        let own: Vec<(String, Vec<u8>)> =
            serde_json::from_value::<Vec<(String, String)>>(self.headers.clone())
                .unwrap_or_default()
                .into_iter()
                .map(|(name, hex)| (name, bytes(&hex)))
                .collect();
        let mut all: Vec<(&str, &[u8])> =
            own.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
        // Larger than the log takes: cut, so that those behind it are not held up.
        let kept = self.value.as_deref().map(|value| &value[..value.len().min(LARGEST)]);
        if let Some((length, hash)) = &cut {
            all.extend([
                (headers::DLQ_CUT, b"value".as_slice()),
                (headers::DLQ_VALUE_LENGTH, length.as_bytes()),
                (headers::DLQ_VALUE_SHA256, hash.as_bytes()),
            ]);
        }
        all.extend([
            (headers::DLQ_STAGE, self.stage.as_bytes()),
            (headers::DLQ_REASON, self.reason.as_bytes()),
            (headers::DLQ_SOURCE_TOPIC, self.topic.as_bytes()),
            (headers::DLQ_SOURCE_PARTITION, partition.as_bytes()),
            (headers::DLQ_SOURCE_OFFSET, offset.as_bytes()),
            (headers::DLQ_SOURCE_TIMESTAMP, time.as_bytes()),
        ]);
        if let Some(key) = &self.key {
            all.push((headers::DLQ_KEY, key));
        }
        producer.produce(&Outgoing {
            topic: &topics::dlq(&self.topic),
            partition: None,
            key: Some(dead_letter_key(&self.topic, self.partition, self.offset).as_bytes()),
            value: kept,
            timestamp,
            headers: &all,
        })
    }
}

/// The bytes of hexadecimal text.
fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).filter_map(|i| u8::from_str_radix(hex.get(2 * i..2 * i + 2)?, 16).ok()).collect()
}

async fn unpublished(connection: &mut PgConnection) -> sqlx::Result<Vec<Row>> {
    sqlx::query_as(
        "SELECT id, topic, partition, \"offset\", record_time, stage, reason, key, value, headers FROM dead_letters
         WHERE published_at IS NULL ORDER BY id LIMIT $1",
    )
    .bind(AT_ONCE)
    .fetch_all(connection)
    .await
}

async fn mark(connection: &mut PgConnection, ids: &[i64]) -> sqlx::Result<()> {
    sqlx::query("UPDATE dead_letters SET published_at = now() WHERE id = ANY($1)")
        .bind(ids)
        .execute(connection)
        .await
        .map(drop)
}
