//! The decision on a transaction: a pure function.
//!
//! What enters: [`Inputs`]: what is known of the transaction, its live alerts, the list entries that it
//! hits, the account's [`Context`]; and the [`Policy`]. What leaves: an [`Outcome`] that explains itself.
//! What holds: the same inputs give the same outcome; inputs are sets, so the order in which they became
//! known does not matter; no clock, no database, no randomness.
//!
//! The score is the highest points of an alert or list entry plus those of the other [`Factor`]s, 0 to 100.
//! Severity and decision follow from it by the policy's thresholds. A block-list entry is BLOCK whatever the
//! score; else an allow-list entry is APPROVE whatever the score.

pub mod context;
mod explanation;
pub mod factors;
mod inputs;
pub mod policy;
mod policy_text;
mod velocity;

#[cfg(test)]
mod tests;

use std::fmt;

use chrono::{DateTime, Utc};
use events::Severity;
use serde::{Deserialize, Serialize};

use explanation::reason;

pub use crate::lists::{ListAction, ListHit};
pub use context::{Context, ProfileFacts};
pub use explanation::{PolicyName, explanation};
pub use factors::Factor;
pub use inputs::{AlertFacts, Inputs, TransactionFacts};
pub use policy::{InForce, Policy};
pub use velocity::{EvidenceColumns, Velocity};

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

/// What is to be done about a decision.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Action {
    /// Block the account for so many hours.
    BlockAccount {
        /// Hours from the decision on.
        hours: u32,
    },
    /// Open an investigation of the account, or extend the one that is open.
    OpenInvestigation,
    /// Tell a target, by its name.
    Notify {
        /// The target's name in the settings.
        target: String,
    },
    /// Publish the decision on `fraud_decisions`.
    PublishDecision,
}

/// A decision and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// What shall be done.
    pub decision: Decision,
    /// That of the score.
    pub severity: Severity,
    /// 0 to 100.
    pub score: u32,
    /// What the score is made of.
    pub factors: Vec<Factor>,
    /// What is to be done about it, in order.
    pub actions: Vec<Action>,
    /// Why, in a sentence.
    pub reason: String,
    /// The account.
    pub account_id: String,
    /// The transaction's event time, or the earliest alert's while it has not come, in epoch microseconds.
    pub event_time: i64,
    /// Whether the transaction has come.
    pub transaction_known: bool,
}

/// Decides. None where nothing asks for a decision: no live alert, and no entry of a block or watch list.
pub fn decide(inputs: &Inputs, policy: &Policy) -> Option<Outcome> {
    let listed = |action| inputs.list_hits.iter().any(|hit| hit.action == action);
    let (blocked, allowed) = (listed(ListAction::Block), listed(ListAction::Allow));
    if inputs.alerts.is_empty() && !blocked && !listed(ListAction::Watch) {
        return None;
    }
    let (event_time, subject) = inputs.subject()?;
    let factors = factors::factors(inputs, policy);
    let score = factors::score(&factors);
    let severity = policy.severity_of(score);
    let decision = match (blocked, allowed) {
        (true, _) => Decision::Block,
        (false, true) => Decision::Approve,
        (false, false) => policy.decision_of(score),
    };
    let transaction_known = !inputs.transactions.is_empty();
    Some(Outcome {
        decision,
        severity,
        score,
        reason: reason(&factors, transaction_known),
        actions: actions(decision, severity, policy),
        factors,
        account_id: subject.account_id.clone(),
        event_time,
        transaction_known,
    })
}

/// What the policy does about a decision.
fn actions(decision: Decision, severity: Severity, policy: &Policy) -> Vec<Action> {
    let rules = &policy.actions;
    let mut actions = Vec::new();
    if decision == Decision::Block && rules.block_account_hours > 0 {
        actions.push(Action::BlockAccount { hours: rules.block_account_hours });
    }
    if rules.open_investigation.contains(&decision) {
        actions.push(Action::OpenInvestigation);
    }
    if decision != Decision::Approve {
        let targets = rules.notify.targets(severity).iter();
        actions.extend(targets.map(|target| Action::Notify { target: target.clone() }));
    }
    if rules.publish {
        actions.push(Action::PublishDecision);
    }
    actions
}

/// The event time of a transaction as it is stored: epoch microseconds, what is finer cut off.
pub fn micros(time: DateTime<Utc>) -> i64 {
    time.timestamp_micros()
}
