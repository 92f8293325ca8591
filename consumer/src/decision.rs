//! The decision on a transaction: a pure function.
//!
//! What enters: [`Inputs`]: what is known of the transaction, the block-list entries that it hits, its live
//! alerts. What leaves: an [`Outcome`] with its explanation. What holds: the same inputs give the same
//! outcome; inputs are sets, so the order in which they became known does not matter; no clock, no
//! database, no randomness.
//!
//! The policy: a block-list hit is BLOCK; else by the highest severity of the live alerts: critical BLOCK,
//! high REVIEW; else APPROVE.

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Utc};
use events::{FraudAlert, Mode, Severity, Transaction};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::lists::Kind;

/// Names the policy in every explanation; changes when the same inputs would be decided in another way.
pub const POLICY: &str = "block list, then highest severity/1";

/// What shall be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Decision {
    /// Let it pass.
    Approve,
    /// Let a person look at it.
    Review,
    /// Stop it.
    Block,
}

impl Decision {
    /// As it is written in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "APPROVE",
            Self::Review => "REVIEW",
            Self::Block => "BLOCK",
        }
    }
}

impl fmt::Display for Decision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a decision needs of a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransactionFacts {
    /// Whose it is.
    pub account_id: String,
    /// How much, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "rust_decimal::serde::str_option")]
    pub amount: Option<Decimal>,
    /// Who is paid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merchant: Option<String>,
    /// The merchant's line of business.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// Where it happened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}

/// What a decision needs of an alert: its crossing by this transaction.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlertFacts {
    /// The rule that fired.
    pub rule: String,
    /// Its version.
    pub version: String,
    /// How grave it is.
    pub severity: Severity,
    /// The rule's score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score: Option<f64>,
    /// The rule's reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The record that caused it: time in epoch milliseconds, topic, partition, offset, ordinal. Of two
    /// crossings of one alert by one transaction the later in this order counts.
    pub source: (i64, String, i32, i64, u32),
    /// What the alert itself says of the transaction; decides while the transaction has not come.
    pub subject: TransactionFacts,
}

/// An entry of the block list and the field that it matched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ListHit {
    /// Which field.
    pub kind: Kind,
    /// The entry's value, as the list has it.
    pub value: String,
}

/// Everything that a decision rests on.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Inputs {
    /// The transaction, by its event time in epoch microseconds. None: it has not come. More than one: the
    /// id was used again, and all of them are judged together.
    pub transactions: BTreeMap<i64, TransactionFacts>,
    /// Entries of the block list that it hits, in order.
    pub list_hits: Vec<ListHit>,
    /// Its live alerts by id.
    pub alerts: BTreeMap<Uuid, AlertFacts>,
}

/// A decision and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// What shall be done.
    pub decision: Decision,
    /// Critical for a list hit, else the highest of the live alerts.
    pub severity: Option<Severity>,
    /// The highest score of the live alerts.
    pub score: Option<f64>,
    /// Why, in a sentence.
    pub reason: String,
    /// The account.
    pub account_id: String,
    /// The transaction's event time, or the earliest alert's while it has not come, in epoch microseconds.
    pub event_time: i64,
    /// Whether the transaction has come.
    pub transaction_known: bool,
}

impl TransactionFacts {
    /// Of a transaction.
    pub fn of(transaction: &Transaction) -> Self {
        Self {
            account_id: transaction.account_id.clone(),
            amount: Some(transaction.amount.normalize()),
            merchant: transaction.merchant.clone(),
            category: transaction.category.clone(),
            country: transaction.country.clone(),
        }
    }

    /// Of an alert's own content; merchant, category and country where the rule selected them.
    fn of_alert(alert: &FraudAlert) -> Self {
        let text = |name: &str| {
            let (_, json) = alert.evidence.iter().find(|(key, _)| key.eq_ignore_ascii_case(name))?;
            serde_json::from_str::<String>(json).ok()
        };
        Self {
            account_id: alert.account_id.clone(),
            amount: alert.amount.map(|amount| amount.normalize()),
            merchant: text("merchant"),
            category: text("category"),
            country: text("country"),
        }
    }
}

impl AlertFacts {
    /// Of an alert that counts and names a transaction; None of any other.
    pub fn of(alert: &FraudAlert) -> Option<Self> {
        if alert.rule_mode != Mode::Live || alert.retraction.is_some() || alert.transaction_id.is_none() {
            return None;
        }
        let source = &alert.source;
        Some(Self {
            rule: alert.rule_name.clone(),
            version: alert.rule_version.clone(),
            severity: alert.severity,
            score: alert.risk_score,
            reason: alert.fraud_reason.clone(),
            source: (source.timestamp, source.topic.clone(), source.partition, source.offset, source.ordinal),
            subject: TransactionFacts::of_alert(alert),
        })
    }
}

impl Inputs {
    /// Adds an alert's crossing; of two by one alert the later counts.
    pub fn add_alert(&mut self, id: Uuid, alert: AlertFacts) {
        match self.alerts.get(&id) {
            Some(known) if known.source >= alert.source => {}
            _ => {
                self.alerts.insert(id, alert);
            }
        }
    }

    /// Whose content is compared with the lists: the transactions, or until one has come the alerts'.
    pub fn subjects(&self) -> impl Iterator<Item = &TransactionFacts> {
        let alerts = self.transactions.is_empty().then(|| self.alerts.values().map(|a| &a.subject));
        self.transactions.values().chain(alerts.into_iter().flatten())
    }

    /// Whether a decision on `other` would rest on the same, the lists aside: these are as they stand when
    /// something else asks for a decision. Where a crossing was delivered from is no part of it.
    pub fn rest_on_the_same(&self, other: &Self) -> bool {
        self.transactions == other.transactions
            && self.without_sources().alerts == other.without_sources().alerts
    }

    /// SHA-256 of policy and inputs, without the positions of the alerts' records: the same for the same
    /// facts in whatever order and however often they came.
    pub fn hash(&self) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(POLICY.as_bytes());
        hash.update([0]);
        // Maps are sorted and all keys are texts or numbers, so that the text is canonical and has no error.
        hash.update(serde_json::to_vec(&self.without_sources()).unwrap_or_default());
        hash.finalize().into()
    }

    fn without_sources(&self) -> Self {
        let mut inputs = self.clone();
        inputs.alerts.values_mut().for_each(|alert| alert.source = Default::default());
        inputs
    }

    /// The inputs and the policy as JSON.
    pub fn explanation(&self) -> serde_json::Value {
        let mut json = serde_json::to_value(self).unwrap_or_default();
        json["policy"] = POLICY.into();
        json
    }

    /// Reads what [`Inputs::explanation`] wrote.
    pub fn from_explanation(json: serde_json::Value) -> Result<Self, serde_json::Error> {
        serde_json::from_value(json)
    }
}

/// Decides. None where nothing asks for a decision: no list hit and no live alert.
pub fn decide(inputs: &Inputs) -> Option<Outcome> {
    if inputs.list_hits.is_empty() && inputs.alerts.is_empty() {
        return None;
    }
    let severity = match inputs.list_hits.is_empty() {
        false => Some(Severity::Critical),
        true => inputs.alerts.values().map(|alert| alert.severity).max(),
    };
    let decision = match severity {
        Some(Severity::Critical) => Decision::Block,
        Some(Severity::High) => Decision::Review,
        _ => Decision::Approve,
    };
    let first_alert = inputs.alerts.values().min_by(|a, b| a.source.cmp(&b.source));
    let known = inputs.transactions.first_key_value();
    let (event_time, subject) = match (known, first_alert) {
        (Some((time, subject)), _) => (*time, subject),
        (None, alert) => alert.map(|alert| (alert.source.0.saturating_mul(1_000), &alert.subject))?,
    };
    Some(Outcome {
        decision,
        severity,
        score: inputs.alerts.values().filter_map(|alert| alert.score).max_by(f64::total_cmp),
        reason: reason(inputs),
        account_id: subject.account_id.clone(),
        event_time,
        transaction_known: known.is_some(),
    })
}

/// The explanation in a sentence.
fn reason(inputs: &Inputs) -> String {
    let mut parts: Vec<String> = inputs
        .list_hits
        .iter()
        .map(|hit| format!("{} {} is on the block list", hit.kind, hit.value))
        .collect();
    let mut alerts: Vec<&AlertFacts> = inputs.alerts.values().collect();
    alerts.sort_by(|a, b| (b.severity, &a.rule, &a.source).cmp(&(a.severity, &b.rule, &b.source)));
    parts.extend(alerts.iter().take(3).map(|alert| match &alert.reason {
        Some(reason) => format!("rule {} ({}): {reason}", alert.rule, alert.severity),
        None => format!("rule {} ({}) fired", alert.rule, alert.severity),
    }));
    if alerts.len() > 3 {
        parts.push(format!("{} more alerts", alerts.len() - 3));
    }
    if inputs.transactions.is_empty() {
        parts.push("the transaction itself has not come yet".to_owned());
    }
    parts.join("; ")
}

/// The event time of a transaction as it is stored: epoch microseconds, what is finer cut off.
pub fn micros(time: DateTime<Utc>) -> i64 {
    time.timestamp_micros()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn alert(severity: Severity, score: f64) -> AlertFacts {
        AlertFacts {
            rule: format!("rule_{severity}"),
            version: "v".into(),
            severity,
            score: Some(score),
            reason: None,
            source: (5, "transactions".into(), 0, 7, 0),
            subject: TransactionFacts {
                account_id: "ACC-1".into(),
                amount: None,
                merchant: None,
                category: None,
                country: None,
            },
        }
    }

    fn with(severities: &[Severity]) -> Inputs {
        let mut inputs = Inputs::default();
        for (i, severity) in severities.iter().enumerate() {
            inputs.add_alert(Uuid::from_u128(i as u128), alert(*severity, i as f64));
        }
        inputs
    }

    #[test]
    fn the_highest_severity_decides() {
        use Severity::*;
        let cases: [(&[Severity], Decision); 5] = [
            (&[Low], Decision::Approve),
            (&[Medium, Low], Decision::Approve),
            (&[Low, High], Decision::Review),
            (&[High, Critical, Low], Decision::Block),
            (&[Critical], Decision::Block),
        ];
        for (severities, decision) in cases {
            let outcome = decide(&with(severities)).unwrap();
            assert_eq!(outcome.decision, decision, "{severities:?}");
            assert_eq!(outcome.severity, severities.iter().max().copied());
        }
        assert_eq!(decide(&Inputs::default()), None);
    }

    #[test]
    fn a_list_hit_blocks_whatever_the_alerts() {
        let mut inputs = with(&[Severity::Low]);
        inputs.list_hits.push(ListHit { kind: Kind::Merchant, value: "Shein".into() });
        let outcome = decide(&inputs).unwrap();
        assert_eq!((outcome.decision, outcome.severity), (Decision::Block, Some(Severity::Critical)));
        assert!(outcome.reason.starts_with("merchant Shein is on the block list; rule rule_low (low) fired"));
    }

    #[test]
    fn the_explanation_comes_back_as_the_inputs() {
        let mut inputs = with(&[Severity::High, Severity::Low]);
        let subject =
            TransactionFacts { amount: Some("12.5".parse().unwrap()), ..alert(Severity::Low, 0.1).subject };
        inputs.transactions.insert(1_704_067_200_000_001, subject);
        let json = inputs.explanation().to_string();
        let back = Inputs::from_explanation(serde_json::from_str(&json).unwrap()).unwrap();
        assert_eq!((back.hash(), &back), (inputs.hash(), &inputs));
    }

    #[test]
    fn the_later_crossing_of_an_alert_counts_in_any_order() {
        let (mut early, mut late) = (alert(Severity::Low, 1.0), alert(Severity::High, 2.0));
        (early.source.3, late.source.3) = (1, 2);
        let (mut one, mut other) = (Inputs::default(), Inputs::default());
        one.add_alert(Uuid::nil(), early.clone());
        one.add_alert(Uuid::nil(), late.clone());
        other.add_alert(Uuid::nil(), late);
        other.add_alert(Uuid::nil(), early);
        assert_eq!(one, other);
    }
}
