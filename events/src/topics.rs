//! Topics and partition counts, in one place, as plain data.
//!
//! What is keyed by account has the same number of partitions, so that one partition number means the same
//! accounts on every such topic.

/// A topic of the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Topic {
    /// Its name.
    pub name: &'static str,
    /// How many partitions it is made with.
    pub partitions: i32,
    /// Whether only the latest record of a key is kept.
    pub compacted: bool,
}

/// Partitions of everything that is keyed by account.
pub const ACCOUNT_PARTITIONS: i32 = 3;

/// Transactions, keyed by account_id, which is in the value too.
pub const TRANSACTIONS: Topic = retained("transactions");
/// Alerts of the rules; as many partitions as [`TRANSACTIONS`], never compacted.
pub const FRAUD_ALERTS: Topic = retained("fraud_alerts");
/// What turned out to be fraud, keyed by account_id.
pub const TRANSACTION_LABELS: Topic = retained("transaction_labels");
/// Profiles of the accounts, keyed by account_id.
pub const CUSTOMER_PROFILES: Topic = Topic { compacted: true, ..retained("customer_profiles") };
/// The rules that the engine loaded, keyed by rule name.
pub const RULES: Topic = Topic { name: "rules", partitions: 1, compacted: true };

/// All topics that are not dead-letter topics.
pub const ALL: [Topic; 5] = [TRANSACTIONS, FRAUD_ALERTS, TRANSACTION_LABELS, CUSTOMER_PROFILES, RULES];

/// Partitions of a dead-letter topic.
pub const DLQ_PARTITIONS: i32 = 1;

/// The dead-letter topic of a topic.
pub fn dlq(topic: &str) -> String {
    format!("{topic}.dlq")
}

const fn retained(name: &'static str) -> Topic {
    Topic { name, partitions: ACCOUNT_PARTITIONS, compacted: false }
}
