//! Stream with stream, within a window of time.
//!
//! A row is kept for as long as a partner may come: the window and its grace, by the stream time of its side.
//! A row without a partner that the join keeps is written at once where no GRACE is given, as ksqlDB does
//! then (and again with each partner that comes later); where GRACE is given, once, when the stream time of
//! both sides has passed its window and the grace. What is due then goes by time, the right side first.

use std::sync::Arc;

use super::{Sides, owned, put_together, write_key, write_order};
use crate::format::window_key::{self, Window};
use crate::operator::{Change, Run};
use crate::plan::{JoinKind, JoinStep, KeyWindow, Pseudo, Side, StoreId, Within};
use crate::state::{JoinStore, Store, TableRow};
use crate::task::StepRun;
use crate::types::Value;

/// A day: ksqlDB's default grace is this less the window.
const DAY: i64 = 24 * 60 * 60 * 1000;

/// How far a side's rows look and are looked for.
struct Reach {
    back: i64,
    ahead: i64,
    retention: i64,
}

impl Reach {
    fn of(within: &Within, side: Side) -> Self {
        let Within { before, after, grace } = *within;
        let grace = grace.unwrap_or_else(|| DAY.saturating_sub(before.saturating_mul(2)).max(0));
        let retention = before.saturating_add(after).saturating_add(grace);
        match side {
            Side::Left => Self { back: before, ahead: after, retention },
            Side::Right => Self { back: after, ahead: before, retention },
        }
    }
}

impl Run<'_, '_> {
    pub(super) fn join_streams(
        &mut self,
        step: &StepRun,
        join: &JoinStep,
        (store, within): (StoreId, &Within),
        key: &Value<'_>,
        change: &Change<'_>,
    ) {
        // What the rows feed needs the rest of the run.
        let Some(mut taken) = self.stores[store].take() else { return };
        if let Store::Join(rows) = &mut *taken {
            self.end(&step.queries, change, |c| c.contributed += 1);
            let mut bytes = std::mem::take(&mut self.scratch.key);
            write_key(&mut bytes, key, change.window);
            self.meet(step, join, (rows, within), (key, &bytes), change);
            self.scratch.key = bytes;
        }
        self.stores[store] = Some(taken);
    }

    fn meet(
        &mut self,
        step: &StepRun,
        join: &JoinStep,
        (rows, within): (&mut JoinStore, &Within),
        (key, bytes): (&Value<'_>, &[u8]),
        change: &Change<'_>,
    ) {
        let reach = Reach::of(within, join.side);
        let row = Arc::new(TableRow { time: change.time, values: owned(change.row) });
        let number = rows.put(join.side, bytes, &row, reach.retention);
        if rows.advance(change.time) {
            self.write_unmatched(step, join, (rows, within));
        }
        let (from, to) = (change.time.saturating_sub(reach.back).max(0), change.time + reach.ahead);
        let partners = rows.near(join.side, bytes, from, to, reach.retention);
        let is_matched = !partners.is_empty();
        let order = order(join, within, key, change.window);
        for (other, partner) in partners {
            rows.matched(join.side, &order, &partner, other);
            let sides = Sides::of(join.side, Some(change.row), Some(&partner.values));
            self.write_joined(step, join, sides, key, (change.time.max(partner.time), change.window));
        }
        if is_matched || !join.row.keeps(join.side) {
            return;
        }
        if within.grace.is_none() || to < rows.stream_time() {
            let sides = Sides::of(join.side, Some(change.row), None);
            self.write_joined(step, join, sides, key, (change.time, change.window));
        } else {
            rows.wait(join.side, &order, row, number);
        }
    }

    /// Writes the rows whose partners can come no more.
    fn write_unmatched(
        &mut self,
        step: &StepRun,
        join: &JoinStep,
        (rows, within): (&mut JoinStore, &Within),
    ) {
        let Some(grace) = within.grace else { return };
        let closes = |side: Side, time: i64| {
            let ahead = if side == Side::Left { within.after } else { within.before };
            time.saturating_add(ahead).saturating_add(grace)
        };
        for (side, row) in rows.take_closed(&closes) {
            let Ok(key) = join.row.key_of(side).eval(&row.values) else { continue };
            let sides = Sides::of(side, Some(&row.values), None);
            self.write_joined(step, join, sides, &key, (row.time, window_of(join, &row.values)));
        }
    }

    fn write_joined(
        &mut self,
        step: &StepRun,
        join: &JoinStep,
        sides: Sides<'_>,
        key: &Value<'_>,
        (time, window): (i64, Option<Window>),
    ) {
        let mut row = self.scratch.rows.take();
        put_together(&mut row, &join.row, sides, key, (time, window));
        let change = Change {
            row: &row,
            tombstone: false,
            merged: false,
            is_table: false,
            old: None,
            time,
            window,
            counted: true,
        };
        self.feed(&step.outputs, &change);
        self.scratch.rows.give(row);
    }
}

/// By what rows of one time wait in order; nothing where none waits.
fn order(join: &JoinStep, within: &Within, key: &Value<'_>, window: Option<Window>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if within.grace.is_some() && join.row.kind != JoinKind::Inner {
        write_order(&mut bytes, std::slice::from_ref(key));
        if let Some(window) = window {
            window_key::append(&mut bytes, window);
        }
    }
    bytes
}

/// The window of a row's key, from its pseudo columns.
fn window_of(join: &JoinStep, row: &[Value<'_>]) -> Option<Window> {
    let pseudo = row.get(row.len().checked_sub(Pseudo::ALL.len())?..)?;
    match (&pseudo[Pseudo::Windowstart as usize], &pseudo[Pseudo::Windowend as usize]) {
        (Value::Bigint(start), Value::Bigint(end)) => {
            Some(Window { start: *start, end: *end, session: join.row.window == Some(KeyWindow::Session) })
        }
        _ => None,
    }
}
