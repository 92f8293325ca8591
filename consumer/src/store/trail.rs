//! What a batch decided, for the audit.
//!
//! What enters: the versions that were written, and the policy. What leaves: an [`Entry`] for each, in the
//! chain of the record that caused it. What holds: an entry names everything that is needed to ask further:
//! the rules' versions, the list entries, the policy's hash, the actions; why, in a sentence and in factors, as the
//! decision's row goes with its retention; and the hash of all that the decision rests on, so that its row in
//! `decisions` cannot be changed unseen.

use serde::Serialize;
use uuid::Uuid;

use super::audit::Entry;
use super::decisions::NewVersion;
use crate::decision::{Action, Decision, Factor, InForce, ListHit};

/// A decision in the audit.
#[derive(Serialize)]
struct Decided<'a> {
    transaction_id: &'a str,
    version: i32,
    account_id: &'a str,
    event_time: String,
    decision: Decision,
    severity: events::Severity,
    score: u32,
    policy: &'a str,
    alerts: Vec<Alert<'a>>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    list_entries: &'a [ListHit],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    actions: &'a [Action],
    reason: &'a str,
    factors: &'a [Factor],
    inputs_hash: String,
}

#[derive(Serialize)]
struct Alert<'a> {
    alert_id: &'a Uuid,
    rule: &'a str,
    version: &'a str,
}

/// A policy that decides for the first time here.
#[derive(Serialize)]
struct Policy<'a> {
    policy: &'a str,
    name: &'a str,
}

/// The entries of these versions.
pub(super) fn decisions(versions: &[NewVersion], policy: &InForce) -> sqlx::Result<Vec<Entry>> {
    versions.iter().map(|version| decision(version, policy)).collect()
}

fn decision(version: &NewVersion, policy: &InForce) -> sqlx::Result<Entry> {
    let NewVersion { inputs, outcome, .. } = version;
    let alerts = inputs.alerts.iter().map(|(id, alert)| Alert {
        alert_id: id,
        rule: &alert.rule,
        version: &alert.version,
    });
    let content = Decided {
        transaction_id: &version.transaction_id,
        version: version.version,
        account_id: &outcome.account_id,
        event_time: super::time(outcome.event_time).to_rfc3339_opts(chrono::SecondsFormat::Micros, true),
        decision: outcome.decision,
        severity: outcome.severity,
        score: outcome.score,
        policy: &policy.hex,
        alerts: alerts.collect(),
        list_entries: &inputs.list_hits,
        actions: &outcome.actions,
        reason: &outcome.reason,
        factors: &outcome.factors,
        inputs_hash: crate::audit::hex(&version.inputs_hash),
    };
    Entry::new(version.chain.clone(), "decision", &content)
}

/// The entry of a policy that is used for the first time.
pub(super) fn policy(policy: &InForce) -> sqlx::Result<Entry> {
    Entry::new("manual", "policy", &Policy { policy: &policy.hex, name: &policy.policy.name })
}
