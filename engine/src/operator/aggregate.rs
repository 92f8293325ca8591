//! GROUP BY: brings a record into the windows of its group, frame by frame.
//!
//! The group's entry is looked up once for all frames, at the first that takes the record. A record with a
//! NULL among its key's columns, or without a value, belongs to no group: it is skipped, as in ksqlDB.

use super::emit::FrameRow;
use super::session::Grouped;
use super::suppress::Which;
use super::window::{Starts, end_of};
use super::{Change, Run};
use crate::format::window_key::Window;
use crate::plan::StoreId;
use crate::state::{AggregateStore, EntryId, Store, codec};
use crate::task::{FrameRun, StepRun};
use crate::types::Value;
use crate::types::expr::Expr;

/// The group that a record belongs to.
pub(super) struct Group<'g> {
    pub(super) store: &'g mut AggregateStore,
    /// The key's values.
    pub(super) key: &'g [Value<'g>],
    /// The key's bytes.
    pub(super) bytes: &'g [u8],
    /// The entry, once looked up.
    pub(super) entry: Option<EntryId>,
}

impl Group<'_> {
    /// The group's entry, made where it is missing.
    pub(super) fn entry(&mut self) -> EntryId {
        *self.entry.get_or_insert_with(|| self.store.find_or_insert(self.bytes))
    }
}

impl Run<'_, '_> {
    pub(super) fn aggregate(
        &mut self,
        step: &StepRun,
        store: StoreId,
        key: &[Expr],
        frames: &[FrameRun],
        change: &Change<'_>,
    ) {
        if change.is_table {
            return self.table_group(step, store, key, frames, change);
        }
        let mut values = self.scratch.rows.take();
        if !change.tombstone {
            for expr in key {
                let value = self.value_or_null(&step.queries, expr.eval(change.row));
                values.push(value);
            }
        }
        if change.tombstone || values.iter().any(Value::is_null) {
            self.count(&step.queries, |c| c.skipped += 1);
        } else {
            let mut bytes = std::mem::take(&mut self.scratch.key);
            bytes.clear();
            codec::write_key(&mut bytes, &values);
            self.in_store(store, frames, &values, &bytes, change);
            self.scratch.key = bytes;
        }
        self.scratch.rows.give(values);
    }

    /// Takes the store in hand for the record: what the frames feed needs the rest of the run.
    fn in_store(
        &mut self,
        id: StoreId,
        frames: &[FrameRun],
        key: &[Value<'_>],
        bytes: &[u8],
        change: &Change<'_>,
    ) {
        let Some(mut store) = self.stores[id].take() else { return };
        match &mut *store {
            Store::Aggregates(aggregates) => {
                let mut group = Group { store: aggregates, key, bytes, entry: None };
                for frame in frames {
                    self.frame(frame, &mut group, change);
                }
                aggregates.sweep();
            }
            Store::Sessions(sessions) => {
                for frame in frames {
                    self.sessions(frame, sessions, Grouped { key, bytes }, change);
                }
                sessions.sweep();
            }
            _ => {}
        }
        self.stores[id] = Some(store);
    }

    fn frame(&mut self, frame: &FrameRun, group: &mut Group<'_>, change: &Change<'_>) {
        if let Some(filter) = &frame.filter
            && !self.test_or_false(&frame.queries, filter.test(change.row))
        {
            return self.count(&frame.queries, |c| c.filtered += 1);
        }
        let now = group.store.advance(frame.place, change.time);
        if let Some(finals) = &frame.finals {
            // First: an update drops what is closed.
            self.write_closed(frame, finals, group.store, now);
        }
        let starts = Starts::open(frame.window, change.time, now);
        if starts.clone().next().is_none() {
            return self.count(&frame.queries, |c| c.late += 1);
        }
        self.count(&frame.queries, |c| c.contributed += 1);
        let mut args = self.scratch.rows.take();
        for (_, arg) in &frame.calls {
            let value = arg.as_ref().map_or(Ok(Value::Null), |arg| arg.eval(change.row));
            let value = self.value_or_null(&frame.queries, value);
            args.push(value);
        }
        for start in starts {
            self.window(frame, group, &args, (start, change.time, now));
        }
        self.scratch.rows.give(args);
    }

    /// Brings the arguments into one window and gives its change to the frame's outputs.
    fn window(
        &mut self,
        frame: &FrameRun,
        group: &mut Group<'_>,
        args: &[Value<'_>],
        (start, time, now): (i64, i64, i64),
    ) {
        let entry = group.entry();
        let mut state = group.store.window_mut(frame.place, entry, (start, now));
        let window = end_of(frame.window, start).map(|end| Window::time(start, end));
        let known = if state.is_new { Some(0) } else { state.view().verdicts() };
        self.judge_before(&FrameRow::of(frame, group.key, window, state.view()), known);
        for (i, ((_, arg), value)) in frame.calls.iter().zip(args).enumerate() {
            if state.add(i, arg.is_some().then_some(value)).is_err() {
                self.count(&frame.queries, |c| c.errors += 1);
            }
        }
        state.reach(time);
        let verdicts = self.emit(&FrameRow::of(frame, group.key, window, state.view()));
        state.set_verdicts(verdicts);
        self.scratch.fired.drain(..).for_each(|first| state.set_fired(first));
        if let (Some(finals), Some(window)) = (&frame.finals, window) {
            let which = Which { key: group.key, bytes: group.bytes, window };
            self.await_end(&mut group.store.finals, finals, which);
        }
    }
}
