//! Messages for topics, written in the transaction that causes them.
//!
//! What enters: messages. What leaves: rows of `outbox`, which the publisher brings to the log. What holds:
//! one statement, however many there are; messages of one key are published in the order given here, and in
//! the order of their transactions where the caller holds a lock that orders those (an account's row, the
//! lists' state).

use serde_json::Value;
use sqlx::PgConnection;

/// A message for a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// The topic; made where it is missing.
    pub(crate) topic: &'static str,
    /// The record's key.
    pub(crate) key: String,
    /// The record's value; None is a tombstone.
    pub(crate) value: Option<Value>,
    /// The record's headers.
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Message {
    fn headers(&self) -> Value {
        self.headers.iter().map(|(name, text)| ((*name).to_owned(), Value::from(text.as_str()))).collect()
    }
}

/// Puts messages into the outbox.
pub(crate) async fn put(tx: &mut PgConnection, messages: &[Message]) -> sqlx::Result<()> {
    if messages.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO outbox (topic, key, value, headers)
         SELECT topic, key, value, headers
         FROM unnest($1::text[], $2::bytea[], $3::bytea[], $4::jsonb[]) WITH ORDINALITY
             AS m (topic, key, value, headers, number)
         ORDER BY number",
    )
    .bind(messages.iter().map(|m| m.topic).collect::<Vec<_>>())
    .bind(messages.iter().map(|m| m.key.as_bytes()).collect::<Vec<_>>())
    .bind(messages.iter().map(|m| m.value.as_ref().map(|v| v.to_string().into_bytes())).collect::<Vec<_>>())
    .bind(messages.iter().map(Message::headers).collect::<Vec<_>>())
    .execute(tx)
    .await
    .map(drop)
}
