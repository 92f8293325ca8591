//! Table functions: a row becomes as many as the longest of them gives values.
//!
//! Leaves: the row with one more column per table function; a function that has given all its values gives
//! NULL beside those that have not. A row for which none gives a value is filtered, a stream's record
//! without a value is skipped.

use super::{Change, Run};
use crate::task::StepRun;
use crate::types::Value;
use crate::types::functions::TableCall;

impl Run<'_, '_> {
    pub(super) fn flat_map(&mut self, step: &StepRun, calls: &[TableCall], change: &Change<'_>) {
        if change.tombstone {
            return self.count(&step.queries, |c| c.skipped += 1);
        }
        let mut lists = self.scratch.rows.take();
        for call in calls {
            let argument = self.value_or_null(&step.queries, call.argument.eval(change.row));
            lists.push(Value::Array(call.function.rows(argument)));
        }
        let count = lists.iter().map(|list| values(list).len()).max().unwrap_or_default();
        if count == 0 {
            self.count(&step.queries, |c| c.filtered += u64::from(!change.counted));
        }
        let mut row = self.scratch.rows.take();
        row.extend(change.row.iter().map(Value::borrowed));
        for at in 0..count {
            row.truncate(change.row.len());
            row.extend(calls.iter().zip(&lists).map(|(call, list)| call.function.at(values(list), at)));
            let counted = change.counted || at > 0;
            self.feed(&step.outputs, &Change { row: &row, old: None, counted, ..*change });
        }
        self.scratch.rows.give(row);
        self.scratch.rows.give(lists);
    }
}

/// What a table function gave.
fn values<'l, 'v>(list: &'l Value<'v>) -> &'l [Value<'v>] {
    match list {
        Value::Array(values) => values,
        _ => &[],
    }
}
