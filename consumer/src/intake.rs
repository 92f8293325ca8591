//! Records to rows: what a batch of the five topics brings, checked.
//!
//! What enters: records of a batch, and those among them that PostgreSQL has refused before. What leaves:
//! an [`Intake`] of valid events with their positions, dead letters with reasons, and how far each partition
//! has come. What holds: every record is in exactly one of them; nothing here asks a clock or a server.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use broker::{Batch, Record, TopicPartition};
use chrono::{DateTime, SecondsFormat, Utc};
use events::{CustomerProfile, FraudAlert, Invalid, Label, Mask, RuleRecord, Transaction, topics};

use crate::refused::{DeadLetter, Why};

/// Where a record lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
}

/// A value with the position of its record.
#[derive(Debug)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) position: Position,
}

/// A profile, or that there is none any more.
#[derive(Debug)]
pub(crate) enum ProfileChange {
    Set(Box<CustomerProfile>),
    Removed(String),
}

/// A rule that was loaded (with the record's time in epoch milliseconds), or is no longer.
#[derive(Debug)]
pub(crate) enum RuleChange {
    Loaded(RuleRecord, i64),
    Removed(String),
}

/// How far a partition has come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Progress {
    pub(crate) next_offset: i64,
    pub(crate) records: i64,
    pub(crate) repeats: i64,
    pub(crate) dead_letters: i64,
}

/// Which event times are taken, in epoch microseconds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeBounds {
    pub(crate) earliest: i64,
    pub(crate) latest: i64,
}

/// What a batch brings.
#[derive(Debug, Default)]
pub(crate) struct Intake {
    pub(crate) transactions: Vec<At<Transaction>>,
    pub(crate) alerts: Vec<At<FraudAlert>>,
    pub(crate) profiles: Vec<At<ProfileChange>>,
    pub(crate) labels: Vec<At<Label>>,
    pub(crate) rules: Vec<RuleChange>,
    pub(crate) dead: Vec<DeadLetter>,
    pub(crate) progress: BTreeMap<TopicPartition, Progress>,
}

/// Why records of the batch were refused by PostgreSQL, by their index.
pub(crate) type Refused = HashMap<usize, String>;

impl Intake {
    /// Reads a range of the batch's records.
    pub(crate) fn read(
        batch: &Batch,
        range: Range<usize>,
        refused: &Refused,
        (bounds, mask): (TimeBounds, &Mask),
    ) -> Self {
        let mut intake = Self::default();
        for index in range {
            let record = batch.get(index);
            let source = &batch.sources()[record.source];
            let dead = match refused.get(&index) {
                Some(reason) => Some(Why::Database(reason.clone())),
                None => intake.take(&record, source, bounds).err().map(Why::Invalid),
            };
            let progress = intake.progress_of(source);
            progress.next_offset = record.offset + 1;
            progress.records += 1;
            progress.dead_letters += i64::from(dead.is_some());
            if let Some(why) = dead {
                intake.dead.push(DeadLetter::new(&record, source, &why, mask));
            }
        }
        intake
    }

    /// The first record that may ask for a decision: an alert, else a transaction.
    pub(crate) fn cause(&self) -> (&'static str, i32) {
        match (self.alerts.first(), self.transactions.first()) {
            (Some(alert), _) => (topics::FRAUD_ALERTS.name, alert.position.partition),
            (None, first) => (topics::TRANSACTIONS.name, first.map_or(0, |t| t.position.partition)),
        }
    }

    fn progress_of(&mut self, source: &TopicPartition) -> &mut Progress {
        if !self.progress.contains_key(source) {
            self.progress.insert(source.clone(), Progress::default());
        }
        self.progress.entry(source.clone()).or_default()
    }

    fn take(
        &mut self,
        record: &Record<'_>,
        source: &TopicPartition,
        bounds: TimeBounds,
    ) -> Result<(), Invalid> {
        let position = Position { partition: source.partition, offset: record.offset };
        match &*source.topic {
            name if name == topics::TRANSACTIONS.name => {
                let value = Transaction::from_json(value(record)?)?;
                bounds.check("timestamp", value.timestamp.timestamp_micros())?;
                self.transactions.push(At { value, position });
            }
            name if name == topics::FRAUD_ALERTS.name => {
                let value = alert(record, source, bounds)?;
                self.alerts.push(At { value, position });
            }
            name if name == topics::TRANSACTION_LABELS.name => {
                self.labels.push(At { value: Label::from_json(value(record)?)?, position });
            }
            name if name == topics::CUSTOMER_PROFILES.name => {
                let value = match record.value {
                    Some(value) => ProfileChange::Set(Box::new(CustomerProfile::from_json(value)?)),
                    None => ProfileChange::Removed(key_text(record)?),
                };
                self.profiles.push(At { value, position });
            }
            name if name == topics::RULES.name => self.rules.push(match record.value {
                Some(value) => RuleChange::Loaded(RuleRecord::from_json(value)?, record.timestamp),
                None => RuleChange::Removed(key_text(record)?),
            }),
            other => {
                return Err(Invalid::record(format!("topic {other} is not one that the consumer reads")));
            }
        }
        Ok(())
    }
}

fn value<'a>(record: &Record<'a>) -> Result<&'a [u8], Invalid> {
    record.value.ok_or_else(|| Invalid::record("has no value"))
}

fn key_text(record: &Record<'_>) -> Result<String, Invalid> {
    let key = record.key.and_then(|key| std::str::from_utf8(key).ok()).filter(|key| !key.contains('\0'));
    key.map(str::to_owned)
        .ok_or_else(|| Invalid::field("key", "is missing or not text, and there is no value"))
}

fn alert(record: &Record<'_>, source: &TopicPartition, bounds: TimeBounds) -> Result<FraudAlert, Invalid> {
    let alert = FraudAlert::from_record(
        record.key,
        record.value,
        record.headers,
        &source.topic,
        source.partition,
        record.offset,
        record.timestamp,
    )?;
    bounds.check("source.timestamp", alert.source.timestamp.saturating_mul(1_000))?;
    if let Some(start) = alert.window_start {
        bounds.check("window.start", start.saturating_mul(1_000))?;
    }
    Ok(alert)
}

impl TimeBounds {
    fn check(&self, field: &str, micros: i64) -> Result<(), Invalid> {
        let text = |micros: i64| {
            DateTime::<Utc>::from_timestamp_micros(micros)
                .map_or_else(|| format!("{micros} us"), |t| t.to_rfc3339_opts(SecondsFormat::Secs, true))
        };
        if micros < self.earliest {
            let reason = format!("{} is before {}", text(micros), text(self.earliest));
            return Err(Invalid::field(field, reason));
        }
        if micros > self.latest {
            let reason = format!("{} is after {}, too far ahead", text(micros), text(self.latest));
            return Err(Invalid::field(field, reason));
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const BOUNDS: TimeBounds = TimeBounds { earliest: 946_684_800_000_000, latest: 4_000_000_000_000_000 };

    fn read(records: &[(&str, &str)]) -> Intake {
        let mut batch = Batch::new();
        for (offset, (topic, value)) in records.iter().enumerate() {
            let source = batch.source(&TopicPartition::new(*topic, 0));
            batch.push(source, offset as i64, 1, Some(b"k"), Some(value.as_bytes()), []);
        }
        Intake::read(
            &batch,
            0..batch.len(),
            &Refused::from([(1, "no".to_owned())]),
            (BOUNDS, &Mask::default()),
        )
    }

    #[test]
    fn every_record_is_accounted_for() {
        let good = r#"{"transaction_id":"t","account_id":"a","amount":1,"timestamp":"2024-01-01T00:00:00Z"}"#;
        let old = good.replace("2024", "1999");
        let ahead = good.replace("2024", "2199");
        let intake = read(&[
            ("transactions", good),
            ("transactions", good),
            ("transactions", &old),
            ("transactions", &ahead),
            ("transactions", "{"),
            ("rules", "[]"),
        ]);
        let reasons: Vec<&str> = intake.dead.iter().map(|dead| dead.reason.as_str()).collect();
        assert_eq!(intake.transactions.len(), 1);
        assert_eq!(reasons.len(), 5);
        assert_eq!(reasons[0], "PostgreSQL refused it: no");
        assert_eq!(reasons[1], "timestamp: 1999-01-01T00:00:00Z is before 2000-01-01T00:00:00Z");
        assert!(reasons[2].contains("too far ahead"), "{}", reasons[2]);
        let progress = &intake.progress[&TopicPartition::new("transactions", 0)];
        assert_eq!((progress.next_offset, progress.records, progress.dead_letters), (5, 5, 4));
    }
}
