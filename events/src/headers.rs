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
/// Why, for a program: one word of [`dlq_code`], the same in all versions.
pub const DLQ_CODE: &str = "dlq.code";
/// Why, for a person.
pub const DLQ_REASON: &str = "dlq.reason";
/// How many of the record's headers are the refused record's own: they stand in front of all others.
pub const DLQ_HEADERS: &str = "dlq.headers";
/// What is masked: some of `key` and `value` (only length and hash are kept), `fields` (of the value), `headers`.
pub const DLQ_MASKED: &str = "dlq.masked";
/// What is cut because the log would not take it: some of `key value headers`.
pub const DLQ_CUT: &str = "dlq.cut";
/// How many bytes the value had, where it is masked or cut.
pub const DLQ_VALUE_LENGTH: &str = "dlq.value.length";
/// The SHA-256 of the value, hexadecimal, where it is masked or cut.
pub const DLQ_VALUE_SHA256: &str = "dlq.value.sha256";
/// How many bytes the key had, where it is masked or cut.
pub const DLQ_KEY_LENGTH: &str = "dlq.key.length";
/// The SHA-256 of the key, hexadecimal, where it is masked or cut.
pub const DLQ_KEY_SHA256: &str = "dlq.key.sha256";
/// Of a letter about several records: how many. Its value is JSON, `{"runs":[[first offset, how many], ...]}`.
pub const DLQ_COUNT: &str = "dlq.count";
/// The last offset of several records.
pub const DLQ_SOURCE_LAST: &str = "dlq.source.last";
/// On a note that a dead letter was sent again: the letter's offset. The note has the letter's key and no value.
pub const DLQ_REPLAYED: &str = "dlq.replayed";
/// On a record that was sent again: `topic/partition/offset` of its dead letter.
pub const REPLAY_OF: &str = "dlq.replay.of";
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
/// The declaration (the stream or table) that it does not fit; of several the first.
pub const DLQ_DECLARATION: &str = "dlq.declaration";

/// What [`DLQ_CODE`] says.
pub mod dlq_code {
    /// A column's value is not of its type.
    pub const COLUMN: &str = "column";
    /// Key or value as a whole are not of their format.
    pub const MALFORMED: &str = "malformed";
    /// There is no usable time.
    pub const TIMESTAMP: &str = "timestamp";
    /// On a topic of the engine's own: the headers that say where the record is from are missing or malformed.
    pub const ORIGIN: &str = "origin";
    /// Several records, more than are kept one by one.
    pub const FLOOD: &str = "flood";
    /// It breaks the contract of its topic.
    pub const INVALID: &str = "invalid";
    /// PostgreSQL does not take it.
    pub const DATABASE: &str = "database";
    /// A row of a file that is no transaction.
    pub const ROW: &str = "row";
}

/// The key of a dead letter: `topic/partition/offset` of the refused record.
pub fn dead_letter_key(topic: &str, partition: i32, offset: i64) -> String {
    format!("{topic}/{partition}/{offset}")
}
