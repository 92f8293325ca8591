//! Names of the headers of alerts and dead letters, and the key of a dead letter.
//!
//! All values are UTF-8 text unless it says otherwise: numbers in decimal, times and window bounds in
//! milliseconds since 1970-01-01 UTC.

/// The alert's id, a UUID in its hyphenated form.
pub const ALERT_ID: &str = "alert.id";
/// The rule's name.
pub const RULE_NAME: &str = "rule.name";
/// The rule's version.
pub const RULE_VERSION: &str = "rule.version";
/// `live` or `shadow`.
pub const RULE_MODE: &str = "rule.mode";
/// `low`, `medium`, `high` or `critical`.
pub const RULE_SEVERITY: &str = "rule.severity";
/// The window's first millisecond; absent without a window.
pub const WINDOW_START: &str = "window.start";
/// The window's end; absent without a window.
pub const WINDOW_END: &str = "window.end";
/// The topic of the record that caused the alert.
pub const SOURCE_TOPIC: &str = "source.topic";
/// Its partition.
pub const SOURCE_PARTITION: &str = "source.partition";
/// Its offset.
pub const SOURCE_OFFSET: &str = "source.offset";
/// Its time.
pub const SOURCE_TIMESTAMP: &str = "source.timestamp";
/// Which output of that record the alert is, from 0.
pub const SOURCE_ORDINAL: &str = "source.ordinal";
/// On a tombstone: `merged` or `left`.
pub const ALERT_RETRACT: &str = "alert.retract";

/// Who refused the record: `engine`, `consumer` or `producer`.
pub const DLQ_STAGE: &str = "dlq.stage";
/// Why, for a person.
pub const DLQ_REASON: &str = "dlq.reason";
/// The topic (or file) that the record was read from.
pub const DLQ_SOURCE_TOPIC: &str = "dlq.source.topic";
/// Its partition (0 for a file).
pub const DLQ_SOURCE_PARTITION: &str = "dlq.source.partition";
/// Its offset (the line for a file).
pub const DLQ_SOURCE_OFFSET: &str = "dlq.source.offset";
/// Its time.
pub const DLQ_SOURCE_TIMESTAMP: &str = "dlq.source.timestamp";
/// The record's own key, as bytes; absent where it had none.
pub const DLQ_KEY: &str = "dlq.key";
/// The length of the record's value, where it was cut down to what the topic takes.
pub const DLQ_CUT: &str = "dlq.cut";
/// The query that refused it, where it was one.
pub const DLQ_QUERY: &str = "dlq.query";

/// The key of a dead letter: `topic/partition/offset` of the refused record.
pub fn dead_letter_key(topic: &str, partition: i32, offset: i64) -> String {
    format!("{topic}/{partition}/{offset}")
}
