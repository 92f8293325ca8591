//! What a decision rests on.
//!
//! What enters: a transaction, its alerts, list entries, the context, in any order and any number of times.
//! What leaves: one [`Inputs`], the same whatever the order, with a hash. What holds: where an alert's record
//! lies is kept, to tell which of two crossings is the later, and is no part of what is compared or hashed.

use std::collections::BTreeMap;

use events::{FraudAlert, Mode, Severity, Transaction};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::Context;
use super::velocity::{EvidenceColumns, Velocity, tidy};
use crate::lists::ListHit;

/// What a decision needs of a transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
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
    /// In which city.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub city: Option<String>,
    /// ISO 4217 code of the amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// On which device.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// From which address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<String>,
    /// The first digits of the card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card_bin: Option<String>,
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
    /// What its evidence says of the last minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub velocity: Option<Velocity>,
    /// The record that caused it: time in epoch milliseconds, topic, partition, offset, ordinal. Of two
    /// crossings of one alert by one transaction the later in this order counts.
    pub source: (i64, String, i32, i64, u32),
    /// What the alert itself says of the transaction; decides while the transaction has not come.
    pub subject: TransactionFacts,
}

/// Everything that a decision rests on, the policy aside.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Inputs {
    /// The transaction, by its event time in epoch microseconds. None: it has not come. More than one: the
    /// id was used again, and all of them are judged together.
    pub transactions: BTreeMap<i64, TransactionFacts>,
    /// Entries of the lists that it hits, in order.
    pub list_hits: Vec<ListHit>,
    /// Its live alerts by id.
    pub alerts: BTreeMap<Uuid, AlertFacts>,
    /// What is known around it.
    #[serde(default)]
    pub context: Context,
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
            city: transaction.city.clone(),
            currency: transaction.currency.clone(),
            device_id: transaction.device_id.clone(),
            ip: transaction.ip.clone(),
            card_bin: transaction.card_bin.clone(),
        }
    }

    /// Of an alert's own content; what is more than account and amount where the rule selected it.
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
            city: text("city"),
            currency: text("currency"),
            device_id: text("device_id"),
            ip: text("ip"),
            card_bin: text("card_bin"),
        }
    }
}

impl AlertFacts {
    /// Of an alert that counts and names a transaction, by the columns that the policy names; None of any other.
    pub fn of(alert: &FraudAlert, columns: &EvidenceColumns) -> Option<Self> {
        if alert.rule_mode != Mode::Live || alert.retraction.is_some() || alert.transaction_id.is_none() {
            return None;
        }
        let source = &alert.source;
        Some(Self {
            rule: alert.rule_name.clone(),
            version: alert.rule_version.clone(),
            severity: alert.severity,
            score: alert.risk_score.map(tidy),
            reason: alert.fraud_reason.clone(),
            velocity: Velocity::of(alert, columns),
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

    /// The transaction, or until it has come what the earliest of its alerts says of it, with its event time
    /// in epoch microseconds. None: nothing is known.
    pub fn subject(&self) -> Option<(i64, &TransactionFacts)> {
        if let Some((time, facts)) = self.transactions.first_key_value() {
            return Some((*time, facts));
        }
        let alert = self.alerts.values().min_by(|a, b| a.source.cmp(&b.source))?;
        Some((alert.source.0.saturating_mul(1_000), &alert.subject))
    }

    /// Whether a decision on `other` would rest on the same records. Lists, profile and dispositions are as
    /// they stand when something else asks for a decision. Where a crossing was delivered from is no part of it.
    pub fn rest_on_the_same(&self, other: &Self) -> bool {
        self.transactions == other.transactions
            && self.context.day == other.context.day
            && self.context.recent == other.context.recent
            && self.alerts.len() == other.alerts.len()
            && self.alerts.iter().zip(&other.alerts).all(|(a, b)| a.0 == b.0 && a.1.says() == b.1.says())
    }

    /// SHA-256 of policy and inputs, without the positions of the alerts' records: the same for the same
    /// facts in whatever order and however often they came.
    pub fn hash(&self, policy: &[u8; 32]) -> [u8; 32] {
        let alerts: BTreeMap<&Uuid, _> = self.alerts.iter().map(|(id, alert)| (id, alert.says())).collect();
        let facts = (&self.transactions, &self.list_hits, alerts, &self.context);
        let mut hash = Sha256::new();
        hash.update(policy);
        // Maps are sorted and all keys are texts or numbers, so that the text is canonical and has no error.
        hash.update(serde_json::to_vec(&facts).unwrap_or_default());
        hash.finalize().into()
    }

    /// Reads what [`super::explanation::explanation`] wrote; what it says of the outcome is passed over.
    pub fn from_explanation(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }
}

impl AlertFacts {
    /// What it says, without the position of its record.
    fn says(
        &self,
    ) -> (&str, &str, Severity, Option<f64>, Option<&str>, Option<&Velocity>, &TransactionFacts) {
        let reason = self.reason.as_deref();
        (&self.rule, &self.version, self.severity, self.score, reason, self.velocity.as_ref(), &self.subject)
    }
}
