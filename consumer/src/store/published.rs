//! Decisions as messages for the topic `fraud_decisions`.
//!
//! What enters: the versions that a batch has decided. What leaves: a message for each whose policy publishes
//! it, made when it is asked for. What holds: its idempotency key is the same however often it is sent.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use events::Severity;
use serde::Serialize;

use super::decisions::NewVersion;
use super::outbox::Message;
use super::time;
use crate::decision::{Action, Decision, Factor};
use crate::dispatch::FRAUD_DECISIONS;

/// The header of a message.
const IDEMPOTENCY_KEY: &str = "idempotency.key";

/// The value of a message on `fraud_decisions`.
#[derive(Serialize)]
struct Published<'a> {
    transaction_id: &'a str,
    version: i32,
    account_id: &'a str,
    decision: Decision,
    severity: Severity,
    score: u32,
    reason: &'a str,
    factors: &'a [Factor],
    event_time: String,
    decided_at: &'a str,
}

/// The versions that are to be published, keyed by account.
pub(super) fn messages(versions: &[NewVersion], now: DateTime<Utc>) -> impl Iterator<Item = Message> {
    let now = now.to_rfc3339();
    let published =
        |of: &&NewVersion| of.outcome.actions.iter().any(|action| matches!(action, Action::PublishDecision));
    versions.iter().filter(published).map(move |of| message(of, &now))
}

fn message(of: &NewVersion, decided_at: &str) -> Message {
    let key = format!("decision:{}:{}", of.transaction_id, of.version);
    let outcome = &of.outcome;
    let value = Published {
        transaction_id: &of.transaction_id,
        version: of.version,
        account_id: &outcome.account_id,
        decision: outcome.decision,
        severity: outcome.severity,
        score: outcome.score,
        reason: &outcome.reason,
        factors: &outcome.factors,
        event_time: time(outcome.event_time).to_rfc3339(),
        decided_at,
    };
    Message {
        topic: FRAUD_DECISIONS.name,
        key: outcome.account_id.clone(),
        value: serde_json::to_vec(&value).ok(),
        headers: BTreeMap::from([(IDEMPOTENCY_KEY, key)]),
    }
}
