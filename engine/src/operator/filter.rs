//! WHERE: keeps the rows for which the predicate is TRUE.
//!
//! Of a table's change, a row that was in and is not any more leaves as a tombstone, and one that was never
//! in stays silent. A stream's record without a value has nothing to test, so it is skipped.

use super::{Change, Run};
use crate::task::StepRun;
use crate::types::expr::Expr;

impl Run<'_, '_> {
    pub(super) fn filter(&mut self, step: &StepRun, predicate: &Expr, change: &Change<'_>) {
        if change.is_table {
            return self.filter_table(step, predicate, change);
        }
        if change.tombstone {
            return self.end(&step.queries, change, |c| c.skipped += 1);
        }
        if self.test_or_false(&step.queries, predicate.test(change.row)) {
            self.feed(&step.outputs, change);
        } else {
            self.end(&step.queries, change, |c| c.filtered += 1);
        }
    }

    fn filter_table(&mut self, step: &StepRun, predicate: &Expr, change: &Change<'_>) {
        let is_in = !change.tombstone && self.test_or_false(&step.queries, predicate.test(change.row));
        // An error of the old row was counted when it was new.
        let old = change.old.filter(|old| predicate.test(old).unwrap_or(false));
        if is_in || old.is_some() {
            self.feed(&step.outputs, &Change { tombstone: !is_in, old, ..*change });
        } else {
            self.end(&step.queries, change, |c| c.filtered += 1);
        }
    }
}
