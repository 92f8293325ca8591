//! SELECT: computes the sink's row.
//!
//! An expression without a value for the row gives NULL there, as in ksqlDB; the row goes on. A tombstone
//! has its key computed and nothing else looked at.

use super::{Change, Run};
use crate::task::StepRun;
use crate::types::Value;
use crate::types::expr::Expr;

impl Run<'_, '_> {
    pub(super) fn project(&mut self, step: &StepRun, exprs: &[Expr], change: &Change<'_>) {
        let mut row = self.scratch.rows.take();
        for expr in exprs {
            let value = expr.eval(change.row);
            row.push(if change.tombstone {
                value.unwrap_or(Value::Null)
            } else {
                self.value_or_null(&step.queries, value)
            });
        }
        self.feed(&step.outputs, &Change { row: &row, old: None, ..*change });
        self.scratch.rows.give(row);
    }
}
