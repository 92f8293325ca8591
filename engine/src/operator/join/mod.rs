//! Joins: a row of one side meets its partners of the other.
//!
//! Enters: a stream's row or a table's change, from one side. Leaves: joined rows. What holds: the key that
//! two rows share is compared as the bytes of a store's key; a row whose key is NULL, and a stream's record
//! without a value, meets nobody and is skipped, as in ksqlDB.

mod derived;
mod foreign;
mod letters;
mod tables;
mod window;

pub(crate) use foreign::subscribe_all;

use std::sync::Arc;

use super::{Change, Run};
use crate::format::window_key::{self, Window};
use crate::plan::{JoinRow, JoinStep, KeyOrigin, Partners, Pseudo, Side, TableRef};
use crate::state::{Store, TableRow, codec};
use crate::task::StepRun;
use crate::types::Value;
use crate::types::expr::{Expr, Node};

/// The two sides of a row to be: what of them is there.
#[derive(Clone, Copy)]
struct Sides<'s> {
    left: Option<&'s [Value<'s>]>,
    right: Option<&'s [Value<'s>]>,
}

impl<'s> Sides<'s> {
    /// `mine` being the row of this side.
    fn of(side: Side, mine: Option<&'s [Value<'s>]>, other: Option<&'s [Value<'s>]>) -> Self {
        match side {
            Side::Left => Self { left: mine, right: other },
            Side::Right => Self { left: other, right: mine },
        }
    }
}

impl Run<'_, '_> {
    pub(super) fn join(&mut self, step: &StepRun, join: &JoinStep, change: &Change<'_>) {
        if change.tombstone && !change.is_table {
            return self.end(&step.queries, change, |c| c.skipped += 1);
        }
        if let (Partners::Foreign { right, subscriptions, .. }, Side::Left) = (&join.partners, join.side) {
            return self.subscribe(step, join, (right, *subscriptions), change);
        }
        let key = join.row.key_of(join.side).eval(change.row);
        let key = self.value_or_null(&step.queries, key);
        if key.is_null() {
            return self.end(&step.queries, change, |c| c.skipped += 1);
        }
        match &join.partners {
            Partners::Lookup(table) => self.look_up(step, join, table, &key, change),
            Partners::Table(table) => self.join_tables(step, join, table, &key, change),
            Partners::Foreign { left, subscriptions, .. } => {
                self.notify(step, join, (*left, *subscriptions), &key, change);
            }
            Partners::Window { store, within } => {
                self.join_streams(step, join, (*store, within), &key, change);
            }
        }
    }

    /// A stream's row meets the row that a table has now.
    fn look_up(
        &mut self,
        step: &StepRun,
        join: &JoinStep,
        table: &TableRef,
        key: &Value<'_>,
        change: &Change<'_>,
    ) {
        let partner = self.table_row(table, key, change.window);
        if partner.is_none() && !join.row.keeps(join.side) {
            return self.end(&step.queries, change, |c| c.unmatched += 1);
        }
        let other = partner.as_ref().map(|row| row.values.as_slice());
        let sides = Sides::of(join.side, Some(change.row), other);
        let mut row = self.scratch.rows.take();
        put_together(&mut row, &join.row, sides, key, (change.time, change.window));
        self.feed(&step.outputs, &Change { row: &row, ..*change });
        self.scratch.rows.give(row);
    }

    /// The row of a table by the key that a join compares.
    fn table_row(
        &mut self,
        table: &TableRef,
        key: &Value<'_>,
        window: Option<Window>,
    ) -> Option<Arc<TableRow>> {
        let mut bytes = std::mem::take(&mut self.scratch.key);
        write_key(&mut bytes, key, window);
        let row = self.find_row(table, &bytes, (key, window));
        self.scratch.key = bytes;
        row
    }

    fn find_row(
        &mut self,
        table: &TableRef,
        bytes: &[u8],
        key: (&Value<'_>, Option<Window>),
    ) -> Option<Arc<TableRow>> {
        match table {
            TableRef::Store(store) => match self.stores[*store].as_deref_mut()? {
                Store::Table(rows) => rows.get(bytes),
                _ => None,
            },
            TableRef::Aggregate(derived) => self.derived_row(derived, bytes, key.0).map(Arc::new),
            TableRef::Join { left, right, row } => {
                let (left, right) = (self.find_row(left, bytes, key), self.find_row(right, bytes, key));
                tables::row_of(row, left.as_deref(), right.as_deref(), key).map(Arc::new)
            }
        }
    }
}

/// A row's values, to keep.
fn owned(row: &[Value<'_>]) -> Vec<Value<'static>> {
    row.iter().map(|value| value.clone().into_owned()).collect()
}

/// Writes the bytes that a join compares.
fn write_key(bytes: &mut Vec<u8>, key: &Value<'_>, window: Option<Window>) {
    bytes.clear();
    codec::write_key(bytes, std::slice::from_ref(key));
    if let Some(window) = window {
        window_key::append(bytes, window);
    }
}

/// Appends what orders rows as Kafka Streams' stores do: the key's bytes as Kafka's serializers write them.
fn write_order(bytes: &mut Vec<u8>, key: &[Value<'_>]) {
    for value in key {
        match value {
            Value::Integer(number) => bytes.extend_from_slice(&number.to_be_bytes()),
            Value::Bigint(number) => bytes.extend_from_slice(&number.to_be_bytes()),
            Value::String(text) => bytes.extend_from_slice(text.as_bytes()),
            other => codec::write_key(bytes, std::slice::from_ref(other)),
        }
    }
}

/// Appends the joined row: see [`JoinRow`].
fn put_together<'v>(
    row: &mut Vec<Value<'v>>,
    plan: &'v JoinRow,
    sides: Sides<'v>,
    key: &'v Value<'v>,
    (time, window): (i64, Option<Window>),
) {
    let mut side = |values: Option<&'v [Value<'v>]>, width: usize| match values {
        Some(values) => row.extend(values.iter().map(Value::borrowed)),
        None => row.resize(row.len() + width, Value::Null),
    };
    side(sides.left, plan.left_width);
    side(sides.right, plan.right_width);
    let own = match (plan.origin, sides.left, plan.left_row_key.first()) {
        (KeyOrigin::LeftRow, Some(left), Some(own)) => own.eval(left).ok(),
        _ => None,
    };
    row.push(own.unwrap_or_else(|| key.borrowed()));
    row.resize(plan.width(), Value::Null);
    let pseudo = &mut row[plan.width() - Pseudo::ALL.len()..];
    pseudo[Pseudo::Rowtime as usize] = Value::Bigint(time);
    if let Some(window) = window {
        pseudo[Pseudo::Windowstart as usize] = Value::Bigint(window.start);
        pseudo[Pseudo::Windowend as usize] = Value::Bigint(window.end);
    }
}

/// Puts the key where a row that is no more would have it: a tombstone is written by its key's columns.
fn fill_key<'v>(row: &mut [Value<'v>], plan: &JoinRow, key: &'v Value<'v>) {
    let mut fill = |expr: &Expr, base: usize| {
        if let Node::Column { index, .. } = expr.node
            && let Some(place) = row.get_mut(base + index)
        {
            *place = key.borrowed();
        }
    };
    fill(&plan.left_key, 0);
    fill(&plan.right_key, plan.left_width);
}
