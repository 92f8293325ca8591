//! Whether what the engine says of its work adds up.
//!
//! Every count is of committed work, so whatever went wrong nothing is counted twice. Where no process died and
//! no commit was in doubt nothing is missing either: each query of one source counts each record of it once.

use engine::task::QueryCounters;

use crate::rules::{Kind, Rule};
use crate::world::Outcome;

impl Kind {
    /// The queries that read payments alone.
    fn queries(self) -> &'static [&'static str] {
        match self {
            Self::Filter => &["HIGH"],
            Self::Tumbling => &["TUM"],
            Self::Hopping => &["HOP"],
            Self::Session => &["SES"],
            Self::Final => &["FIN"],
            Self::Idle => &["IDL"],
            Self::Cooldown => &["COOL"],
            Self::First => &["FIRST"],
            Self::Derived => &["USUAL", "COMPARED"],
            Self::Shop => &["SHOP", "BURST"],
            Self::Joined | Self::Pairs | Self::Both | Self::Tiers | Self::Rated => &[],
        }
    }
}

pub(super) fn check(outcome: &Outcome) -> Result<(), String> {
    if let Some(summary) = outcome.summaries.iter().find(|summary| !summary.adds_up()) {
        return Err(format!("the counts do not add up: {summary:?}"));
    }
    let records = outcome.produced.payments.iter().map(|list| list.len() as u64).sum();
    let happened = |what: &str| outcome.counts.get(what).copied().unwrap_or(0);
    let is_whole = happened("crash") + happened("kill") + happened("in doubt") + happened("error") == 0;
    let always = |rule: &&Rule| rule.limits.iter().all(Option::is_some);
    let rules = outcome.program.rules.iter().filter(always);
    for query in rules.flat_map(|rule| rule.kind.queries()).chain(&["WITNESS"]) {
        let found = input_of(outcome, query);
        if found > records || is_whole && found < records {
            return Err(format!("{query} counts {found} records of {records}"));
        }
    }
    Ok(())
}

/// What a query counts as its input, under whatever id it had.
fn input_of(outcome: &Outcome, query: &str) -> u64 {
    let is_its = |id: &str| {
        let mut parts = id.splitn(2, '_');
        parts.next();
        parts.next().and_then(|rest| rest.rsplit_once('_')).is_some_and(|(name, _)| name == query)
    };
    let queries = outcome.summaries.iter().flat_map(|summary| &summary.queries);
    queries.filter(|(id, _)| is_its(id)).map(|(_, counters): (_, &QueryCounters)| counters.input).sum()
}
