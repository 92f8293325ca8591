//! Table with table, by the keys of both.
//!
//! As in Kafka Streams, a change of either side makes one change of the result, whose time is the higher of
//! both rows'; a row that was deleted leaves a tombstone, also where the result had no row, but a change
//! without a partner that is not kept without one stays silent.

use super::{Sides, fill_key, put_together};
use crate::format::window_key::Window;
use crate::operator::{Change, Run};
use crate::plan::{JoinRow, JoinStep, Side, TableRef};
use crate::state::TableRow;
use crate::task::StepRun;
use crate::types::Value;

impl Run<'_, '_> {
    pub(super) fn join_tables(
        &mut self,
        step: &StepRun,
        join: &JoinStep,
        table: &TableRef,
        key: &Value<'_>,
        change: &Change<'_>,
    ) {
        let plan = &join.row;
        let partner = self.table_row(table, key, change.window);
        let is_there = !change.tombstone;
        if partner.is_none() && (!plan.keeps(join.side) || !is_there && change.old.is_none()) {
            return self.end(&step.queries, change, |c| c.unmatched += 1);
        }
        let time = partner.as_ref().map_or(change.time, |row| row.time.max(change.time));
        let other = partner.as_ref().map(|row| row.values.as_slice());
        // With a partner that is kept alone, there is a row whatever became of this side.
        let alone = other.is_some() && plan.keeps(opposite(join.side));
        let at = (time, change.window);
        let (mut row, mut before) = (self.scratch.rows.take(), self.scratch.rows.take());
        let sides = Sides::of(join.side, is_there.then_some(change.row), other);
        put_together(&mut row, plan, sides, key, at);
        let tombstone = !is_there && !alone;
        if tombstone {
            fill_key(&mut row, plan, key);
        }
        let had = change.old.is_some() || alone;
        if had {
            put_together(&mut before, plan, Sides::of(join.side, change.old, other), key, at);
        }
        let old = had.then_some(before.as_slice());
        self.feed(&step.outputs, &Change { row: &row, tombstone, old, time, ..*change });
        self.scratch.rows.give(row);
        self.scratch.rows.give(before);
    }
}

fn opposite(side: Side) -> Side {
    match side {
        Side::Left => Side::Right,
        Side::Right => Side::Left,
    }
}

/// The row that two tables have together for a key, if any.
pub(super) fn row_of(
    plan: &JoinRow,
    left: Option<&TableRow>,
    right: Option<&TableRow>,
    (key, window): (&Value<'_>, Option<Window>),
) -> Option<TableRow> {
    let is_row = match (left.is_some(), right.is_some()) {
        (true, true) => true,
        (true, false) => plan.keeps(Side::Left),
        (false, true) => plan.keeps(Side::Right),
        (false, false) => false,
    };
    if !is_row {
        return None;
    }
    let time = left.into_iter().chain(right).map(|row| row.time).max()?;
    let values = |row: Option<&'_ TableRow>| row.map(|row| row.values.clone());
    let (left, right) = (values(left), values(right));
    let sides = Sides { left: left.as_deref(), right: right.as_deref() };
    let mut row = Vec::with_capacity(plan.width());
    put_together(&mut row, plan, sides, key, (time, window));
    Some(TableRow { time, values: row.into_iter().map(Value::into_owned).collect() })
}
