//! Table functions: a row becomes as many as the longest of them gives values.
//!
//! Leaves: the row with one more column per table function; a function that has given all its values gives
//! NULL beside those that have not. A row for which none gives a value is filtered, a stream's record
//! without a value is skipped. A record is accounted for by the first of its rows that goes in somewhere, or by
//! its last.

use super::{Change, Run};
use crate::plan::QueryId;
use crate::task::StepRun;
use crate::types::Value;
use crate::types::functions::TableCall;

impl Run<'_, '_> {
    pub(super) fn flat_map(&mut self, step: &StepRun, calls: &[TableCall], change: &Change<'_>) {
        if change.tombstone {
            return self.end(&step.queries, change, |c| c.skipped += 1);
        }
        let mut lists = self.scratch.rows.take();
        for call in calls {
            let argument = self.value_or_null(&step.queries, call.argument.eval(change.row));
            lists.push(Value::Array(call.function.rows(argument)));
        }
        let count = lists.iter().map(|list| values(list).len()).max().unwrap_or_default();
        if count == 0 {
            self.end(&step.queries, change, |c| c.filtered += 1);
        }
        let mut row = self.scratch.rows.take();
        row.extend(change.row.iter().map(Value::borrowed));
        let mut counted = change.counted;
        for at in 0..count {
            row.truncate(change.row.len());
            row.extend(calls.iter().zip(&lists).map(|(call, list)| call.function.at(values(list), at)));
            let change = Change { row: &row, old: None, counted, ..*change };
            counted = self.feed_one_of(step, &change, at + 1 == count);
        }
        self.scratch.rows.give(row);
        self.scratch.rows.give(lists);
    }

    /// Feeds one of a record's rows; whether the record is accounted for by it: it is where the row went in, or
    /// is the last.
    fn feed_one_of(&mut self, step: &StepRun, change: &Change<'_>, is_last: bool) -> bool {
        if change.counted || is_last {
            self.feed(&step.outputs, change);
            return true;
        }
        let mut before = std::mem::take(&mut self.scratch.ends);
        before.clear();
        before.extend(step.queries.iter().map(|query| self.counters[*query]));
        self.feed(&step.outputs, change);
        let counters = |query: &QueryId| self.counters[*query];
        let went_in = step.queries.iter().map(counters).zip(&before).any(|(now, before)| now.went_in(before));
        if !went_in {
            for (query, before) in step.queries.iter().zip(&before) {
                self.counters[*query].keep_ends(before);
            }
        }
        self.scratch.ends = before;
        went_in
    }
}

/// What a table function gave.
fn values<'l, 'v>(list: &'l Value<'v>) -> &'l [Value<'v>] {
    match list {
        Value::Array(values) => values,
        _ => &[],
    }
}
