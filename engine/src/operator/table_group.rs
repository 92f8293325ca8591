//! GROUP BY over a table: a changed row leaves its old group and enters its new one.
//!
//! As Kafka Streams' grouped tables: what the old row put in is taken out, then what the new row has is put
//! in. Where both are of one group that is one update, and one output; otherwise the old row's group comes
//! first. What holds: a group has the sum of the table's rows in it, whatever the order of their changes.

use super::aggregate::Group;
use super::emit::FrameRow;
use super::{Change, Run};
use crate::plan::StoreId;
use crate::state::{Store, codec};
use crate::task::{FrameRun, StepRun};
use crate::types::Value;
use crate::types::expr::Expr;

/// A row of the table and its group's key.
struct Side<'s> {
    row: &'s [Value<'s>],
    key: Vec<Value<'s>>,
    bytes: Vec<u8>,
}

/// What a group's rows become: one goes, one comes, or one is replaced.
#[derive(Clone, Copy)]
struct Rows<'s> {
    old: Option<&'s [Value<'s>]>,
    new: Option<&'s [Value<'s>]>,
    time: i64,
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
        let new = (!change.tombstone).then_some(change.row).and_then(|row| self.side(step, key, row));
        let old = change.old.and_then(|row| self.side(step, key, row));
        let time = change.time;
        match (old, new) {
            (None, None) => self.count(&step.queries, |c| c.skipped += 1),
            (Some(old), Some(new)) if old.bytes == new.bytes => {
                self.regroup(
                    store,
                    frames,
                    &new,
                    Rows { old: Some(old.row), new: Some(new.row), time },
                    true,
                );
            }
            (old, new) => {
                let is_counted = new.is_none();
                if let Some(old) = &old {
                    let rows = Rows { old: Some(old.row), new: None, time };
                    self.regroup(store, frames, old, rows, is_counted);
                }
                if let Some(new) = &new {
                    self.regroup(store, frames, new, Rows { old: None, new: Some(new.row), time }, true);
                }
            }
        }
    }

    /// A row's group; None where a column of its key is NULL.
    fn side<'s>(&mut self, step: &StepRun, key: &'s [Expr], row: &'s [Value<'s>]) -> Option<Side<'s>> {
        let key: Vec<_> = key.iter().map(|e| self.value_or_null(&step.queries, e.eval(row))).collect();
        let mut bytes = Vec::new();
        codec::write_key(&mut bytes, &key);
        (!key.iter().any(Value::is_null)).then_some(Side { row, key, bytes })
    }

    /// Brings a change into one group. `is_counted`: the change is accounted for here.
    fn regroup(
        &mut self,
        id: StoreId,
        frames: &[FrameRun],
        side: &Side<'_>,
        rows: Rows<'_>,
        is_counted: bool,
    ) {
        let Some(mut store) = self.stores[id].take() else { return };
        if let Store::Aggregates(aggregates) = &mut *store {
            let mut group = Group { store: aggregates, key: &side.key, bytes: &side.bytes, entry: None };
            for frame in frames {
                self.table_frame(frame, &mut group, rows, is_counted);
            }
            aggregates.sweep();
        }
        self.stores[id] = Some(store);
    }

    fn table_frame(&mut self, frame: &FrameRun, group: &mut Group<'_>, rows: Rows<'_>, is_counted: bool) {
        // An error of the old row was counted when it was new.
        let passes = |row: &&[Value<'_>]| frame.filter.as_ref().is_none_or(|f| f.test(row).unwrap_or(false));
        let (old, new) = (rows.old.filter(passes), rows.new.filter(passes));
        if old.is_none() && new.is_none() {
            if is_counted {
                self.count(&frame.queries, |c| c.filtered += 1);
            }
            return;
        }
        if is_counted {
            self.count(&frame.queries, |c| c.contributed += 1);
        }
        self.table_update(frame, group, Rows { old, new, ..rows });
    }

    /// Takes the old row out and puts the new one in, and gives the group's change to the frame's outputs.
    fn table_update(&mut self, frame: &FrameRun, group: &mut Group<'_>, rows: Rows<'_>) {
        let entry = group.entry();
        let now = group.store.advance(frame.place, rows.time);
        let (layout, state) = group.store.frame_mut(frame.place, entry, (0, now));
        let (place, is_new) = state.window(layout, 0);
        let (window, accumulators) = state.at(layout, place);
        let verdicts = window.verdicts;
        let before = FrameRow { frame, key: group.key, time: window.time, window: None, accumulators };
        self.judge_before(&before, if is_new { Some(0) } else { verdicts });
        let mut errors = 0;
        for ((aggregate, arg), accumulator) in frame.calls.iter().zip(accumulators) {
            let value = |row| arg.as_ref().map(|arg| Expr::eval(arg, row).unwrap_or_default());
            // A group that is new knows nothing of the row that leaves it.
            if let Some(row) = rows.old.filter(|_| !is_new) {
                errors += u64::from(aggregate.undo(accumulator, value(row).as_ref()).is_err());
            }
            if let Some(row) = rows.new {
                errors += u64::from(aggregate.add(accumulator, value(row).as_ref()).is_err());
            }
        }
        self.count(&frame.queries, |c| c.errors += errors);
        window.time = window.time.max(rows.time);
        let (window, accumulators, fired) = state.parts(layout, place);
        let row = FrameRow { frame, key: group.key, time: window.time, window: None, accumulators };
        let verdicts = self.emit(&row, fired);
        state.at(layout, place).0.verdicts = verdicts;
    }
}
