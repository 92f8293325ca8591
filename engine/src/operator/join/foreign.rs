//! Table with table, by a value of the left row that is the key of the right.
//!
//! Each left row subscribes to its right row, so that a change of the right finds the left rows that it
//! concerns. The result is a table with the left's key. As in Kafka Streams a left row that had a result and
//! has none now leaves a tombstone; a left row whose foreign key is NULL has no partner and no result.

use std::sync::Arc;

use super::{Sides, put_together, write_key, write_order};
use crate::operator::{Change, Run};
use crate::plan::{JoinRow, JoinStep, Partners, Side, StoreId, TableRef};
use crate::state::{Store, TableRow, codec};
use crate::task::StepRun;
use crate::types::Value;

impl Run<'_, '_> {
    /// A change of the left table.
    pub(super) fn subscribe(
        &mut self,
        step: &StepRun,
        join: &JoinStep,
        (right, subscriptions): (&TableRef, StoreId),
        change: &Change<'_>,
    ) {
        let expr = &join.row.left_key;
        let new = if change.tombstone { Ok(Value::Null) } else { expr.eval(change.row) };
        let new = self.value_or_null(&step.queries, new);
        let old = change.old.and_then(|old| expr.eval(old).ok()).unwrap_or(Value::Null);
        if let Some(Store::Subscriptions(all)) = self.stores[subscriptions].as_deref_mut() {
            if !old.is_null() {
                let (entry, _) = subscription(join, change.row, &old);
                all.remove(&entry);
            }
            if !new.is_null() {
                let (entry, left_key) = subscription(join, change.row, &new);
                all.put(&entry, &left_key);
            }
        }
        let partner = if new.is_null() { None } else { self.table_row(right, &new, None) };
        let has_row = partner.is_some() || !new.is_null() && join.row.keeps(Side::Left);
        if !has_row && old.is_null() {
            return self.end(&step.queries, change, |c| c.unmatched += 1);
        }
        let row = (change.row, partner.as_deref());
        self.put_foreign(step, &join.row, row, &new, &Change { tombstone: !has_row, ..*change });
    }

    /// A change of the right table.
    pub(super) fn notify(
        &mut self,
        step: &StepRun,
        join: &JoinStep,
        (left, subscriptions): (StoreId, StoreId),
        key: &Value<'_>,
        change: &Change<'_>,
    ) {
        let mut bytes = std::mem::take(&mut self.scratch.key);
        write_key(&mut bytes, key, None);
        let mut left_keys: Vec<Vec<u8>> = Vec::new();
        if let Some(Store::Subscriptions(all)) = self.stores[subscriptions].as_deref() {
            left_keys.extend(all.of(&bytes).map(<[u8]>::to_vec));
        }
        let mut rows: Vec<Arc<TableRow>> = Vec::new();
        if let Some(Store::Table(table)) = self.stores[left].as_deref_mut() {
            rows.extend(left_keys.iter().filter_map(|left| table.get(left)));
        }
        self.scratch.key = bytes;
        if rows.is_empty() {
            return self.end(&step.queries, change, |c| c.unmatched += 1);
        }
        self.end(&step.queries, change, |c| c.contributed += 1);
        let right =
            (!change.tombstone).then(|| TableRow { time: change.time, values: super::owned(change.row) });
        for row in rows {
            let tombstone = change.tombstone && !join.row.keeps(Side::Left);
            let change = Change { tombstone, time: row.time.max(change.time), counted: true, ..*change };
            self.put_foreign(step, &join.row, (&row.values, right.as_ref()), key, &change);
        }
    }

    /// Gives on the row of a left row and its right one; of a tombstone, that there is none.
    pub(super) fn put_foreign(
        &mut self,
        step: &StepRun,
        plan: &JoinRow,
        (left, right): (&[Value<'_>], Option<&TableRow>),
        key: &Value<'_>,
        change: &Change<'_>,
    ) {
        let time = right.map_or(change.time, |right| right.time.max(change.time));
        let sides = Sides { left: Some(left), right: right.map(|row| row.values.as_slice()) };
        let mut row = self.scratch.rows.take();
        put_together(&mut row, plan, sides, key, (time, change.window));
        self.feed(&step.outputs, &Change { row: &row, old: None, time, ..*change });
        self.scratch.rows.give(row);
    }
}

/// The entry of a left row with this foreign key, and the left row's key: see [`crate::state::Subscriptions`].
pub(super) fn subscription(join: &JoinStep, row: &[Value<'_>], foreign: &Value<'_>) -> (Vec<u8>, Vec<u8>) {
    let own: Vec<Value<'_>> = join.row.left_row_key.iter().filter_map(|key| key.eval(row).ok()).collect();
    entry_of(foreign, &own)
}

/// The entry of a foreign key and a left row's key, and that key's bytes.
pub(super) fn entry_of(foreign: &Value<'_>, own: &[Value<'_>]) -> (Vec<u8>, Vec<u8>) {
    let (mut entry, mut left_key) = (Vec::new(), Vec::new());
    codec::write_key(&mut left_key, own);
    write_key(&mut entry, foreign, None);
    write_order(&mut entry, own);
    entry.extend_from_slice(&left_key);
    (entry, left_key)
}

/// Lets all rows of the left table subscribe, where none has: the join is newer than they are. Nothing is written.
pub(crate) fn subscribe_all(join: &JoinStep, stores: &mut [Option<Box<Store>>]) {
    let (Partners::Foreign { left, subscriptions, .. }, Side::Left) = (&join.partners, join.side) else {
        return;
    };
    let Some(mut taken) = stores[*subscriptions].take() else { return };
    if let (Store::Subscriptions(all), Some(Store::Table(rows))) = (&mut *taken, stores[*left].as_deref())
        && all.len() == 0
    {
        for row in rows.in_order() {
            let foreign = join.row.left_key.eval(&row.values).unwrap_or(Value::Null);
            if !foreign.is_null() {
                let (entry, left_key) = subscription(join, &row.values, &foreign);
                all.put(&entry, &left_key);
            }
        }
    }
    stores[*subscriptions] = Some(taken);
}
