//! What became of the records, told in the log: a line per query, every so often and at the end.
//!
//! Enters: the counts of committed records. Leaves: log lines with the counts since the start (JSON where the log
//! is). What holds: a query of which nothing has come since its last line is not told of again.

use std::collections::BTreeMap;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

use super::Shared;
use crate::task::QueryCounters;

/// When the next lines are due, and what the last ones said.
pub(super) struct Report {
    interval: Duration,
    told: Option<Instant>,
    last: BTreeMap<String, QueryCounters>,
}

impl Report {
    /// Nothing is told before an interval has passed; never where it is zero.
    pub(super) fn new(interval: Duration) -> Self {
        Self { interval, told: None, last: BTreeMap::new() }
    }

    /// Tells what is new, where it is time to.
    pub(super) fn look(&mut self, shared: &Shared, now: Instant) {
        let told = *self.told.get_or_insert(now);
        if self.interval.is_zero() || now.saturating_duration_since(told) < self.interval {
            return;
        }
        self.told = Some(now);
        let queries = shared.summary.lock().unwrap_or_else(PoisonError::into_inner).queries.clone();
        for (query, counters) in &queries {
            if self.last.get(query) != Some(counters) {
                log(query, counters);
            }
        }
        self.last = queries;
    }
}

/// Tells of all queries, at the end.
pub(super) fn log_all(shared: &Shared) {
    let summary = shared.summary.lock().unwrap_or_else(PoisonError::into_inner);
    summary.queries.iter().for_each(|(query, counters)| log(query, counters));
}

fn log(query: &str, counters: &QueryCounters) {
    let QueryCounters {
        input,
        filtered,
        skipped,
        unmatched,
        late,
        contributed,
        dead_lettered,
        emitted,
        suppressed,
        errors,
    } = *counters;
    tracing::info!(
        query,
        input,
        filtered,
        skipped,
        unmatched,
        late,
        contributed,
        dead_lettered,
        emitted,
        suppressed,
        errors,
        "records accounted for"
    );
    if !counters.adds_up() {
        tracing::error!(
            query,
            ?counters,
            "not every record is accounted for: this is a defect, please report it"
        );
    }
}
