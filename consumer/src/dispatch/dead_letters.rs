//! Rows of `dead_letters`: which are published next, and as what.
//!
//! What holds: `<topic>.dlq` is keyed by source position; a value that is larger than the log takes is cut,
//! with its length and hash in headers, so that those behind it are not held up.

use events::mask::sha256;
use events::{dead_letter_key, headers, topics};
use sqlx::PgConnection;

use super::outbox::{AT_ONCE, BYTES_AT_ONCE};
use super::publisher::Draft;

/// The most bytes of a value that are published: the log takes 1,000,000 with key, headers and framing.
const LARGEST: usize = 900_000;

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

impl Row {
    fn draft(self) -> Draft {
        let timestamp = self.record_time.map_or(0, |time| time.timestamp_millis());
        let own = serde_json::from_value::<Vec<(String, String)>>(self.headers).unwrap_or_default();
        let mut all: Vec<(String, Vec<u8>)> =
            own.into_iter().map(|(name, hex)| (name, bytes(&hex))).collect();
        let mut add = |name: &str, value: Vec<u8>| all.push((name.to_owned(), value));
        let mut value = self.value;
        if let Some(whole) = value.as_mut().filter(|value| value.len() > LARGEST) {
            add(headers::DLQ_CUT, b"value".to_vec());
            add(headers::DLQ_VALUE_LENGTH, whole.len().to_string().into_bytes());
            add(headers::DLQ_VALUE_SHA256, sha256(whole).into_bytes());
            whole.truncate(LARGEST);
        }
        add(headers::DLQ_STAGE, self.stage.into_bytes());
        add(headers::DLQ_REASON, self.reason.into_bytes());
        add(headers::DLQ_SOURCE_TOPIC, self.topic.clone().into_bytes());
        add(headers::DLQ_SOURCE_PARTITION, self.partition.to_string().into_bytes());
        add(headers::DLQ_SOURCE_OFFSET, self.offset.to_string().into_bytes());
        add(headers::DLQ_SOURCE_TIMESTAMP, timestamp.to_string().into_bytes());
        if let Some(key) = self.key {
            add(headers::DLQ_KEY, key);
        }
        let key = dead_letter_key(&self.topic, self.partition, self.offset).into_bytes();
        let topic = topics::dlq(&self.topic);
        Draft { id: self.id, topic, key: Some(key), value, timestamp, headers: all }
    }
}

/// The bytes of hexadecimal text.
fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len() / 2).filter_map(|i| u8::from_str_radix(hex.get(2 * i..2 * i + 2)?, 16).ok()).collect()
}

pub(super) async fn waiting(connection: &mut PgConnection) -> sqlx::Result<Vec<Draft>> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT d.id, topic, partition, \"offset\", record_time, stage, reason, key, value, headers
         FROM (SELECT id, sum(length(value)) OVER (ORDER BY id) - coalesce(length(value), 0) AS before
               FROM (SELECT id, value FROM dead_letters WHERE published_at IS NULL ORDER BY id LIMIT $1) first) fit
         JOIN dead_letters d USING (id)
         WHERE coalesce(fit.before, 0) < $2
         ORDER BY d.id",
    )
    .bind(AT_ONCE)
    .bind(BYTES_AT_ONCE)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(Row::draft).collect())
}

pub(super) async fn mark(connection: &mut PgConnection, ids: &[i64]) -> sqlx::Result<()> {
    sqlx::query("UPDATE dead_letters SET published_at = now() WHERE id = ANY($1)")
        .bind(ids)
        .execute(connection)
        .await
        .map(drop)
}
