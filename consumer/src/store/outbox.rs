//! Messages for topics, written in the transaction that causes them.
//!
//! What enters: messages. What leaves: rows of `outbox`, which the publisher brings to the log. What holds:
//! one statement, however many there are; messages of one key are published in the order given here, and in
//! the order of their transactions where the caller holds a lock that orders those (an account's row, the
//! lists' state).

use std::collections::BTreeMap;

use sqlx::PgConnection;

use crate::copy::{Kind, Rows, Table, send};

const OUTBOX: Table = Table {
    name: "outbox",
    columns: &[("topic", Kind::Text), ("key", Kind::Bytes), ("value", Kind::Bytes), ("headers", Kind::Jsonb)],
};

/// A message for a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    /// The topic; made where it is missing.
    pub(crate) topic: &'static str,
    /// The record's key.
    pub(crate) key: String,
    /// The record's value; None is a tombstone.
    pub(crate) value: Option<Vec<u8>>,
    /// The record's headers.
    pub(crate) headers: BTreeMap<&'static str, String>,
}

/// Puts messages into the outbox; they are made as they are sent.
pub(crate) async fn put(tx: &mut PgConnection, messages: impl Iterator<Item = Message>) -> sqlx::Result<()> {
    let mut messages = messages.peekable();
    match messages.peek() {
        Some(_) => send(tx, OUTBOX, messages, row).await,
        None => Ok(()),
    }
}

fn row(rows: &mut Rows, message: Message) {
    rows.text(message.topic);
    rows.bytes(message.key.as_bytes());
    rows.bytes_or_null(message.value.as_deref());
    // A map of texts has no error.
    rows.jsonb(&serde_json::to_string(&message.headers).unwrap_or_else(|_| "{}".to_owned()));
}
