//! Alerts and crossings as rows of COPY.
//!
//! What enters: alerts that are thought to be new. What leaves: the rows that the statements of `alerts`
//! would make of them, column by column the same.

use chrono::{DateTime, Utc};
use events::FraudAlert;

use super::alerts::Group;
use crate::copy::{CopyInto, Rows};

pub(super) const OCCURRENCES: CopyInto = CopyInto {
    statement: "COPY alert_occurrences (alert_id, event_time, source_topic, source_partition, source_offset, ordinal,
        transaction_id, account_id, mode, severity, fraud_reason, risk_score, evidence, rule_name, rule_version,
        amount, ingested_at) FROM STDIN (FORMAT binary)",
    columns: 17,
};

pub(super) const ALERTS: CopyInto = CopyInto {
    statement: "COPY fraud_alerts (alert_id, alert_time, event_time, rule_name, rule_version, mode, severity,
        account_id, transaction_id, amount, fraud_type, fraud_reason, risk_score, evidence, window_start, window_end,
        occurrences, last_topic, last_partition, last_offset, last_ordinal, first_seen_at, updated_at)
        FROM STDIN (FORMAT binary)",
    columns: 23,
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
