//! How the topics are made that the outbox publishes to.

use events::topics::{ALL, DLQ_PARTITIONS, TRANSACTIONS, Topic};

/// Versions of decisions, keyed by account_id.
pub(crate) const FRAUD_DECISIONS: Topic = Topic { name: "fraud_decisions", ..TRANSACTIONS };
/// The entries of the lists, by entry: rules join them.
const LIST_ENTRIES: Topic = Topic { name: "list_entries", partitions: 1, compacted: true };

/// As the contract has it, else as a dead-letter topic.
pub(super) fn published(name: &str) -> Topic {
    let other = Topic { name: "", partitions: DLQ_PARTITIONS, compacted: false };
    ALL.into_iter().chain([FRAUD_DECISIONS, LIST_ENTRIES]).find(|topic| topic.name == name).unwrap_or(other)
}
