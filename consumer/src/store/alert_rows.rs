//! Alerts and crossings as rows.
//!
//! What enters: alerts. What leaves: the fields of their rows, in the order of the columns that are named here.

use chrono::{DateTime, Utc};
use events::FraudAlert;

use super::alerts::Group;
use crate::copy::{Kind, Rows, Table};

pub(super) const OCCURRENCES: Table = Table {
    name: "alert_occurrences",
    columns: &[
        ("alert_id", Kind::Uuid),
        ("event_time", Kind::Timestamptz),
        ("source_topic", Kind::Text),
        ("source_partition", Kind::Int4),
        ("source_offset", Kind::Int8),
        ("ordinal", Kind::Int4),
        ("transaction_id", Kind::Text),
        ("account_id", Kind::Text),
        ("mode", Kind::Text),
        ("severity", Kind::Severity),
        ("fraud_reason", Kind::Text),
        ("risk_score", Kind::Float8),
        ("evidence", Kind::Jsonb),
        ("rule_name", Kind::Text),
        ("rule_version", Kind::Text),
        ("amount", Kind::Numeric),
        ("ingested_at", Kind::Timestamptz),
    ],
};

pub(super) const ALERTS: Table = Table {
    name: "fraud_alerts",
    columns: &[
        ("alert_id", Kind::Uuid),
        ("alert_time", Kind::Timestamptz),
        ("event_time", Kind::Timestamptz),
        ("rule_name", Kind::Text),
        ("rule_version", Kind::Text),
        ("mode", Kind::Text),
        ("severity", Kind::Severity),
        ("account_id", Kind::Text),
        ("transaction_id", Kind::Text),
        ("amount", Kind::Numeric),
        ("fraud_type", Kind::Text),
        ("fraud_reason", Kind::Text),
        ("risk_score", Kind::Float8),
        ("evidence", Kind::Jsonb),
        ("window_start", Kind::Timestamptz),
        ("window_end", Kind::Timestamptz),
        ("occurrences", Kind::Int8),
        ("last_topic", Kind::Text),
        ("last_partition", Kind::Int4),
        ("last_offset", Kind::Int8),
        ("last_ordinal", Kind::Int4),
        ("first_seen_at", Kind::Timestamptz),
        ("updated_at", Kind::Timestamptz),
    ],
};

pub(super) fn occurrence(rows: &mut Rows, alert: &FraudAlert, now: DateTime<Utc>) {
    rows.uuid(&alert.alert_id);
    rows.timestamptz(micros(alert.source.timestamp));
    rows.text(&alert.source.topic);
    rows.int4(alert.source.partition);
    rows.int8(alert.source.offset);
    rows.int4(alert.source.ordinal as i32);
    rows.text_or_null(alert.transaction_id.as_deref());
    rows.text(&alert.account_id);
    rows.text(alert.rule_mode.as_str());
    rows.text(alert.severity.as_str());
    rows.text_or_null(alert.fraud_reason.as_deref());
    rows.float8_or_null(alert.risk_score);
    rows.jsonb(&alert.evidence.to_json());
    rows.text(&alert.rule_name);
    rows.text(&alert.rule_version);
    rows.numeric_or_null(alert.amount);
    rows.timestamptz(now.timestamp_micros());
}

/// `alert` is the latest crossing of the group.
pub(super) fn alert(rows: &mut Rows, alert: &FraudAlert, group: &Group, now: DateTime<Utc>) {
    rows.uuid(&alert.alert_id);
    rows.timestamptz(micros(group.time));
    rows.timestamptz(micros(alert.source.timestamp));
    rows.text(&alert.rule_name);
    rows.text(&alert.rule_version);
    rows.text(alert.rule_mode.as_str());
    rows.text(alert.severity.as_str());
    rows.text(&alert.account_id);
    rows.text_or_null(alert.transaction_id.as_deref());
    rows.numeric_or_null(alert.amount);
    rows.text_or_null(alert.fraud_type.as_deref());
    rows.text_or_null(alert.fraud_reason.as_deref());
    rows.float8_or_null(alert.risk_score);
    rows.jsonb(&alert.evidence.to_json());
    rows.timestamptz_or_null(alert.window_start.map(micros));
    rows.timestamptz_or_null(alert.window_end.map(micros));
    rows.int8(group.count);
    rows.text(&alert.source.topic);
    rows.int4(alert.source.partition);
    rows.int8(alert.source.offset);
    rows.int4(alert.source.ordinal as i32);
    rows.timestamptz(now.timestamp_micros());
    rows.timestamptz(now.timestamp_micros());
}

/// Milliseconds as microseconds, of a time that is stored: as the statements of `alerts` bind it.
fn micros(millis: i64) -> i64 {
    super::time_ms(millis).timestamp_micros()
}
