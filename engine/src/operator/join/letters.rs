//! Table with table by a foreign key, where both are partitioned: by questions and answers (see `plan::foreign`).
//!
//! ```text
//! question  whether the left row had a foreign key before, the foreign key, the left's key; one that is taken back
//!           is a row that goes
//! answer    the same, then the right row; where there is none, it is a row that goes
//! ```
//!
//! What is written is what `foreign` writes within one partition. An answer is of no use where the left row has gone,
//! or has another foreign key by now.

use std::sync::Arc;

use super::foreign::entry_of;
use super::{owned, write_key};
use crate::operator::{Change, Run};
use crate::plan::{JoinRow, Side, StoreId};
use crate::state::{Store, TableRow, codec};
use crate::task::{ForeignRun, LettersRun, QueryCounters, RoleRun, StepRun};
use crate::types::Value;

/// How many values stand before the left's key.
const HEAD: usize = 2;

impl Run<'_, '_> {
    pub(in crate::operator) fn foreign(&mut self, step: &StepRun, foreign: &ForeignRun, change: &Change<'_>) {
        match &foreign.role {
            RoleRun::Ask { to } => self.ask(step, &foreign.row, to, change),
            RoleRun::Answer { right, askers, to } => {
                self.answer(step, &foreign.row, (*right, *askers), to, change)
            }
            RoleRun::Tell { askers, to } => self.tell(step, &foreign.row, *askers, to, change),
            RoleRun::Meet { left, result } => self.meet_answer(step, &foreign.row, (*left, *result), change),
        }
    }

    /// A change of the left table.
    fn ask(&mut self, step: &StepRun, row: &JoinRow, to: &LettersRun, change: &Change<'_>) {
        let new = if change.tombstone { Ok(Value::Null) } else { row.left_key.eval(change.row) };
        let new = self.value_or_null(&step.queries, new);
        let old = change.old.and_then(|old| row.left_key.eval(old).ok()).unwrap_or(Value::Null);
        let own: Vec<Value<'_>> =
            row.left_row_key.iter().filter_map(|key| key.eval(change.row).ok()).collect();
        let had = !old.is_null();
        if had && !same(&old, &new) {
            let letter = letter(had, &old, &own);
            self.write_to(step, to, std::slice::from_ref(&old), (Some(&letter), None), change.time);
        }
        if !new.is_null() {
            let letter = letter(had, &new, &own);
            self.write_to(step, to, std::slice::from_ref(&new), (None, Some(&letter)), change.time);
            return self.end(&step.queries, change, |c| c.contributed += 1);
        }
        if !had {
            return self.end(&step.queries, change, |c| c.unmatched += 1);
        }
        let change = Change { tombstone: true, ..*change };
        self.put_foreign(step, row, (change.row, None), &Value::Null, &change);
    }

    /// A question comes to the right table.
    fn answer(
        &mut self,
        step: &StepRun,
        row: &JoinRow,
        (right, askers): (StoreId, StoreId),
        to: &LettersRun,
        change: &Change<'_>,
    ) {
        let Some((foreign, own)) = change.row.get(1..).and_then(<[Value<'_>]>::split_first) else { return };
        let (entry, left_key) = entry_of(foreign, own);
        if let Some(Store::Subscriptions(all)) = self.stores[askers].as_deref_mut() {
            if change.tombstone { all.remove(&entry) } else { all.put(&entry, &left_key) }
        }
        if change.tombstone {
            return;
        }
        let mut bytes = Vec::new();
        write_key(&mut bytes, foreign, None);
        let found = self.kept_row(right, &bytes);
        let time = found.as_ref().map_or(change.time, |row| row.time.max(change.time));
        let found = found.as_ref().map(|row| row.values.as_slice());
        debug_assert!(found.is_none_or(|found| found.len() == row.right_width));
        self.write_answer(step, to, change.row, found, time);
    }

    /// A change of the right table.
    fn tell(&mut self, step: &StepRun, row: &JoinRow, askers: StoreId, to: &LettersRun, change: &Change<'_>) {
        let foreign = row.right_key.eval(change.row);
        let foreign = self.value_or_null(&step.queries, foreign);
        let mut bytes = Vec::new();
        write_key(&mut bytes, &foreign, None);
        let mut asked: Vec<Vec<u8>> = Vec::new();
        if let Some(Store::Subscriptions(all)) = self.stores[askers].as_deref() {
            asked.extend(all.of(&bytes).map(<[u8]>::to_vec));
        }
        let count = |c: &mut QueryCounters| {
            *(if asked.is_empty() { &mut c.unmatched } else { &mut c.contributed }) += 1;
        };
        self.end(&step.queries, change, count);
        let found = (!change.tombstone).then_some(change.row);
        for left_key in &asked {
            // It is what `write_key` wrote.
            let Some(own) = codec::read_key(left_key) else { continue };
            let letter = letter(true, &foreign, &own);
            self.write_answer(step, to, &letter, found, change.time);
        }
    }

    /// An answer comes to the left table. The left row may be a later one than had asked: that there is no right row
    /// takes back, too, what an answer to an earlier question has made.
    fn meet_answer(
        &mut self,
        step: &StepRun,
        row: &JoinRow,
        (left, result): (StoreId, StoreId),
        change: &Change<'_>,
    ) {
        let end = HEAD + row.left_row_key.len();
        let (Some([had, foreign]), Some(own)) = (change.row.get(..HEAD), change.row.get(HEAD..end)) else {
            return;
        };
        let mut bytes = Vec::new();
        codec::write_key(&mut bytes, own);
        let Some(left) = self.kept_row(left, &bytes) else { return };
        if !row.left_key.eval(&left.values).is_ok_and(|now| same(&now, foreign)) {
            return;
        }
        let time = left.time.max(change.time);
        let right = change.row.get(end..).filter(|_| !change.tombstone);
        let right = right.map(|values| TableRow { time: change.time, values: owned(values) });
        let tombstone = right.is_none() && !row.keeps(Side::Left);
        let had = matches!(had, Value::Boolean(true));
        if tombstone && !had && self.kept_row(result, &bytes).is_none() {
            return;
        }
        let change = Change { row: &left.values, tombstone, old: None, time, counted: true, ..*change };
        self.put_foreign(step, row, (&left.values, right.as_ref()), foreign, &change);
    }

    /// The row of a table's store.
    fn kept_row(&mut self, store: StoreId, key: &[u8]) -> Option<Arc<TableRow>> {
        match self.stores[store].as_deref_mut()? {
            Store::Table(rows) => rows.get(key),
            _ => None,
        }
    }

    fn write_answer(
        &mut self,
        step: &StepRun,
        to: &LettersRun,
        letter: &[Value<'_>],
        found: Option<&[Value<'_>]>,
        time: i64,
    ) {
        let key = letter[HEAD..].to_vec();
        match found {
            None => self.write_to(step, to, &key, (Some(letter), None), time),
            Some(found) => {
                let whole: Vec<Value<'_>> = letter.iter().chain(found).map(Value::borrowed).collect();
                self.write_to(step, to, &key, (None, Some(&whole)), time);
            }
        }
    }

    fn write_to(
        &mut self,
        step: &StepRun,
        to: &LettersRun,
        key: &[Value<'_>],
        rows: (Option<&[Value<'_>]>, Option<&[Value<'_>]>),
        time: i64,
    ) {
        if self.write_letter((&to.topic, to.place), (&to.encoder, key), rows, time).is_err() {
            self.count(&step.queries, |c| c.errors += 1);
        }
    }
}

/// What questions and answers begin with.
fn letter<'v>(had: bool, foreign: &'v Value<'v>, own: &'v [Value<'v>]) -> Vec<Value<'v>> {
    let mut letter = vec![Value::Boolean(had), foreign.borrowed()];
    letter.extend(own.iter().map(Value::borrowed));
    letter
}

/// Whether two keys are one: equal values have equal bytes.
fn same(a: &Value<'_>, b: &Value<'_>) -> bool {
    let bytes = |value: &Value<'_>| {
        let mut bytes = Vec::new();
        write_key(&mut bytes, value, None);
        bytes
    };
    bytes(a) == bytes(b)
}
