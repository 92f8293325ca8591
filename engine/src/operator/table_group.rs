//! GROUP BY over a table: a changed row leaves its old group and enters its new one.
//!
//! As Kafka Streams' grouped tables: what the old row put in is taken out, then what the new row has is put
//! in. Where both are of one group that is one update, and one output; otherwise the old row's group comes
//! first. What holds: a group has the sum of the table's rows in it, whatever the order of their changes; a
//! group that has no rows any more stays, with what its functions give for none.

use super::aggregate::Group;
use super::emit::FrameRow;
use super::{Change, Run};
use crate::plan::StoreId;
use crate::state::{Store, codec};
use crate::task::{FrameRun, StepRun};
use crate::types::Value;
use crate::types::expr::Expr;

/// What a change does in one group: a row goes, one comes, or one is replaced.
pub(super) struct Regroup<'c> {
    /// The group's key.
    pub(super) key: Vec<Value<'c>>,
    pub(super) old: Option<&'c [Value<'c>]>,
    pub(super) new: Option<&'c [Value<'c>]>,
}

impl Run<'_, '_> {
    pub(super) fn table_group(
        &mut self,
        step: &StepRun,
        store: StoreId,
        key: &[Expr],
        frames: &[FrameRun],
        change: &Change<'_>,
    ) {
        for part in self.regroups(step, key, change).into_iter().flatten() {
            self.regroup(store, frames, &part, change.time);
            self.scratch.rows.give(part.key);
        }
    }

    /// What a change does, group by group; accounts for it. A row with a NULL among its key's columns is of
    /// no group.
    pub(super) fn regroups<'c>(
        &mut self,
        step: &StepRun,
        key: &'c [Expr],
        change: &Change<'c>,
    ) -> [Option<Regroup<'c>>; 2] {
        let new = (!change.tombstone).then_some(change.row);
        let new = new.and_then(|row| Some((self.group_key(step, key, row)?, row)));
        let old = change.old.and_then(|row| Some((self.group_key(step, key, row)?, row)));
        self.end(&step.queries, change, |c| {
            *(if new.is_some() || old.is_some() { &mut c.contributed } else { &mut c.skipped }) += 1;
        });
        match (old, new) {
            (Some((old_key, old)), Some((key, new))) if same_bytes(&old_key, &key) => {
                self.scratch.rows.give(old_key);
                [Some(Regroup { key, old: Some(old), new: Some(new) }), None]
            }
            (old, new) => [
                old.map(|(key, row)| Regroup { key, old: Some(row), new: None }),
                new.map(|(key, row)| Regroup { key, old: None, new: Some(row) }),
            ],
        }
    }

    fn group_key<'c>(
        &mut self,
        step: &StepRun,
        key: &'c [Expr],
        row: &'c [Value<'c>],
    ) -> Option<Vec<Value<'c>>> {
        let mut values = self.scratch.rows.take();
        for expr in key {
            let value = self.value_or_null(&step.queries, expr.eval(row));
            values.push(value);
        }
        if values.iter().any(Value::is_null) {
            self.scratch.rows.give(values);
            return None;
        }
        Some(values)
    }

    /// Brings a change into one group.
    fn regroup(&mut self, id: StoreId, frames: &[FrameRun], part: &Regroup<'_>, time: i64) {
        let Some(mut store) = self.stores[id].take() else { return };
        if let Store::Aggregates(aggregates) = &mut *store {
            let mut bytes = std::mem::take(&mut self.scratch.key);
            bytes.clear();
            codec::write_key(&mut bytes, &part.key);
            let mut group = Group { store: aggregates, key: &part.key, bytes: &bytes, entry: None };
            for frame in frames {
                // A row that leaves a group that nobody knows was never in it.
                if part.new.is_some() || group.store.window(frame.place, &bytes, 0).is_some() {
                    self.table_update(frame, &mut group, part, time);
                }
            }
            aggregates.sweep();
            self.scratch.key = bytes;
        }
        self.stores[id] = Some(store);
    }

    /// Takes the old row out and puts the new one in, and gives the group's change to the frame's outputs.
    fn table_update(&mut self, frame: &FrameRun, group: &mut Group<'_>, part: &Regroup<'_>, time: i64) {
        let entry = group.entry();
        let now = group.store.advance(frame.place, time);
        let mut state = group.store.window_mut(frame.place, entry, (0, now));
        let known = if state.is_new { Some(0) } else { state.view().verdicts() };
        self.judge_before(&FrameRow::of(frame, group.key, None, state.view()), known);
        let mut errors = 0;
        for (i, (_, arg)) in frame.calls.iter().enumerate() {
            let value = |row| arg.as_ref().map(|arg| Expr::eval(arg, row));
            if let Some(row) = part.old.filter(|_| !state.is_new) {
                // An error of the old row was counted when it was new.
                let value = value(row).map(Result::unwrap_or_default);
                errors += u64::from(state.undo(i, value.as_ref()).is_err());
            }
            if let Some(row) = part.new {
                let value = value(row);
                errors += u64::from(matches!(value, Some(Err(_))));
                let value = value.map(Result::unwrap_or_default);
                errors += u64::from(state.add(i, value.as_ref()).is_err());
            }
        }
        self.count(&frame.queries, |c| c.errors += errors);
        state.reach(time);
        let verdicts = self.emit(&FrameRow::of(frame, group.key, None, state.view()));
        state.set_verdicts(verdicts);
        self.scratch.fired.drain(..).for_each(|first| state.set_fired(first));
    }
}

/// Whether two keys are of one group: equal values have equal bytes.
fn same_bytes(a: &[Value<'_>], b: &[Value<'_>]) -> bool {
    let bytes = |key: &[Value<'_>]| {
        let mut bytes = Vec::new();
        codec::write_key(&mut bytes, key);
        bytes
    };
    bytes(a) == bytes(b)
}
