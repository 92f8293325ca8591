//! Why, for people and for programs.
//!
//! What enters: inputs and outcome of a decision. What leaves: one sentence, and all of it as JSON text. What
//! holds: the JSON has the inputs whole, so that they can be read back from it.

use std::collections::BTreeMap;

use events::Severity;
use serde::Serialize;
use uuid::Uuid;

use super::{Action, AlertFacts, Context, Decision, Factor, Inputs, ListHit, Outcome, TransactionFacts};

/// How many rules a sentence names.
const NAMED_RULES: usize = 3;

/// The explanation in a sentence: what counts, with its points.
pub(super) fn reason(factors: &[Factor], transaction_known: bool) -> String {
    let told =
        |factor: &&Factor| factor.points != 0 || factor.name == "rule" || factor.name.ends_with("_list");
    let (mut parts, mut rules) = (Vec::new(), 0);
    for factor in factors.iter().filter(told) {
        rules += usize::from(factor.name == "rule");
        if factor.name == "rule" && rules > NAMED_RULES {
            continue;
        }
        parts.push(match factor.points {
            0 => factor.text.clone(),
            points => format!("{} ({points:+})", factor.text),
        });
    }
    if rules > NAMED_RULES {
        parts.push(format!("{} more alerts", rules - NAMED_RULES));
    }
    if !transaction_known {
        parts.push("the transaction itself has not come yet".to_owned());
    }
    parts.join("; ")
}

/// Inputs, policy and outcome as JSON text: everything that an auditor asks.
pub fn explanation(inputs: &Inputs, outcome: &Outcome, policy: &PolicyName<'_>) -> String {
    #[derive(Serialize)]
    struct Explanation<'a> {
        decision: Decision,
        severity: Severity,
        score: u32,
        factors: &'a [Factor],
        policy: &'a PolicyName<'a>,
        actions: &'a [Action],
        transactions: &'a BTreeMap<i64, TransactionFacts>,
        list_hits: &'a [ListHit],
        alerts: &'a BTreeMap<Uuid, AlertFacts>,
        context: &'a Context,
    }
    let explanation = Explanation {
        decision: outcome.decision,
        severity: outcome.severity,
        score: outcome.score,
        factors: &outcome.factors,
        policy,
        actions: &outcome.actions,
        transactions: &inputs.transactions,
        list_hits: &inputs.list_hits,
        alerts: &inputs.alerts,
        context: &inputs.context,
    };
    serde_json::to_string(&explanation).unwrap_or_default()
}

/// Which policy decided.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct PolicyName<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its hash in hexadecimal.
    pub hash: &'a str,
}
