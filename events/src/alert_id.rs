//! The id of an alert: the same on every replay.
//!
//! SHA-256 over these bytes, of which the first 16 are the UUID:
//!
//! ```text
//! len(rule name) rule name   len(rule version) rule version   len(key) key
//! then Window:       window start
//! or   Record:       len(topic) topic   partition  offset  timestamp  ordinal
//! or   Transaction:  len("transaction_id") "transaction_id"   len(id) id
//! ```
//!
//! `len` is a u32, every number an i64, all big-endian; texts are UTF-8. The key is the alert record's key
//! without a window; no key counts as empty. The UUID's version bits are left as the hash has them.

use sha2::{Digest, Sha256};
use uuid::Uuid;

/// What, besides rule and key, makes an alert one and the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AlertOrigin<'a> {
    /// A window of the rule, by its start in epoch milliseconds: its crossings share the alert.
    Window(i64),
    /// The record that caused it.
    Record {
        /// Its topic.
        topic: &'a str,
        /// Its partition.
        partition: i32,
        /// Its offset.
        offset: i64,
        /// Its time in epoch milliseconds.
        timestamp: i64,
        /// Which output of that record the alert is, from 0.
        ordinal: u32,
    },
    /// A transaction's id: alerts of a foreign engine, whose source is not known.
    Transaction(&'a str),
}

/// The alert's id; see the module's layout.
pub fn alert_id(rule_name: &str, rule_version: &str, key: &[u8], origin: AlertOrigin<'_>) -> Uuid {
    let mut hash = Sha256::new();
    part(&mut hash, rule_name.as_bytes());
    part(&mut hash, rule_version.as_bytes());
    part(&mut hash, key);
    match origin {
        AlertOrigin::Window(start) => hash.update(start.to_be_bytes()),
        AlertOrigin::Record { topic, partition, offset, timestamp, ordinal } => {
            part(&mut hash, topic.as_bytes());
            for number in [i64::from(partition), offset, timestamp, i64::from(ordinal)] {
                hash.update(number.to_be_bytes());
            }
        }
        AlertOrigin::Transaction(id) => {
            part(&mut hash, b"transaction_id");
            part(&mut hash, id.as_bytes());
        }
    }
    let digest: [u8; 32] = hash.finalize().into();
    let mut id = [0; 16];
    id.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(id)
}

/// A part with its length before it, so that no two lists of parts give the same bytes.
fn part(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u32).to_be_bytes());
    hash.update(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Stored ids must not change between releases: the expected values were computed apart, by
    /// `hashlib.sha256` and `struct.pack` over the layout of this module.
    #[test]
    fn ids_are_the_same_for_ever() {
        let window = alert_id("velocity", "v1", b"ACC-1", AlertOrigin::Window(1_704_067_200_000));
        assert_eq!(window.to_string(), "474481d7-7f7a-d6a9-5b88-547f50f86aef");
        let record = AlertOrigin::Record {
            topic: "transactions",
            partition: 2,
            offset: 41,
            timestamp: 1_704_067_200_123,
            ordinal: 0,
        };
        assert_eq!(
            alert_id("high_amount", "v1", b"ACC-1", record).to_string(),
            "cda29f5b-b2aa-463c-844c-4a3da7dc3705"
        );
        let transaction = alert_id("HIGH", "external", b"", AlertOrigin::Transaction("t-1"));
        assert_eq!(transaction.to_string(), "704fbc7b-3e28-eff6-0cb5-e93c47d46ad7");
    }
}
