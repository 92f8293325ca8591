//! What turned out to be fraud, as it travels on `transaction_labels`.

use chrono::{DateTime, Utc};
use garde::Validate;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::invalid::Invalid;
use crate::json::{Reader, read_object};
use crate::transaction::{entry, identifier, text, timestamp};

/// The truth about one transaction. It never travels inside the transaction.
#[derive(Debug, Clone, PartialEq, Eq, Validate)]
#[garde(allow_unvalidated)]
pub struct Label {
    /// The labelled transaction.
    #[garde(custom(identifier))]
    pub transaction_id: String,
    /// Its account, where it is known; the topic's key, else the transaction's id is.
    #[garde(custom(text))]
    pub account_id: Option<String>,
    /// Whether it was fraud.
    pub is_fraud: bool,
    /// The kind of fraud.
    #[garde(custom(text))]
    pub kind: Option<String>,
    /// The transaction's event time, where it is known.
    pub timestamp: Option<DateTime<Utc>>,
    /// When the label was given, where it is known.
    pub labelled_at: Option<DateTime<Utc>>,
}

impl Label {
    /// Reads and validates a value of `transaction_labels`; unknown fields are passed over.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Invalid> {
        let mut reader = Reader::default();
        let (mut id, mut is_fraud) = (None, None);
        let mut label = Self {
            transaction_id: String::new(),
            account_id: None,
            is_fraud: false,
            kind: None,
            timestamp: None,
            labelled_at: None,
        };
        read_object(bytes, |name, json| match name {
            "transaction_id" => reader.put(&mut id, name, json),
            "account_id" => reader.put(&mut label.account_id, name, json),
            "is_fraud" => reader.put(&mut is_fraud, name, json),
            "kind" => reader.put(&mut label.kind, name, json),
            "timestamp" => reader.put(&mut label.timestamp, name, json),
            "labelled_at" => reader.put(&mut label.labelled_at, name, json),
            _ => {}
        })?;
        reader.require(&id, "transaction_id");
        reader.require(&is_fraud, "is_fraud");
        reader.finish()?;
        label.transaction_id = id.unwrap_or_default();
        label.is_fraud = is_fraud.unwrap_or_default();
        label.validate()?;
        Ok(label)
    }

    /// The value as it travels.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// The record's key: the account, else the transaction.
    pub fn key(&self) -> &str {
        self.account_id.as_deref().unwrap_or(&self.transaction_id)
    }
}

impl Serialize for Label {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("transaction_id", &self.transaction_id)?;
        entry(&mut map, "account_id", self.account_id.as_deref())?;
        map.serialize_entry("is_fraud", &self.is_fraud)?;
        entry(&mut map, "kind", self.kind.as_deref())?;
        entry(&mut map, "timestamp", self.timestamp.map(timestamp))?;
        entry(&mut map, "labelled_at", self.labelled_at.map(timestamp))?;
        map.end()
    }
}
