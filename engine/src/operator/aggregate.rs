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

/// What a frame's calls take of a record: a column where it lies, anything else computed once.
#[derive(Clone, Copy)]
struct Args<'a> {
    row: &'a [Value<'a>],
    /// By call; NULL for those that take a column.
    computed: &'a [Value<'a>],
}

impl<'a> Args<'a> {
    /// What the call takes; None for COUNT(*).
    fn of(self, call: usize, arg: Option<&'a Expr>) -> Option<&'a Value<'a>> {
        arg.map(|arg| arg.in_place(self.row).unwrap_or_else(|| &self.computed[call]))
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
        if change.tombstone {
            return self.end(&step.queries, change, |c| c.skipped += 1);
        }
        if let [expr] = key
            && let Some(value) = expr.in_place(change.row)
        {
            return self.group(step, store, frames, std::slice::from_ref(value), change);
        }
        let mut values = self.scratch.rows.take();
        for expr in key {
            let value = self.value_or_null(&step.queries, expr.eval(change.row));
            values.push(value);
        }
        self.group(step, store, frames, &values, change);
        self.scratch.rows.give(values);
    }

    /// Brings the record into the group of this key.
    fn group(
        &mut self,
        step: &StepRun,
        store: StoreId,
        frames: &[FrameRun],
        key: &[Value<'_>],
        change: &Change<'_>,
    ) {
        if key.iter().any(Value::is_null) {
            return self.end(&step.queries, change, |c| c.skipped += 1);
        }
        let mut bytes = std::mem::take(&mut self.scratch.key);
        bytes.clear();
        codec::write_key(&mut bytes, key);
        self.in_store(store, frames, key, &bytes, change);
        self.scratch.key = bytes;
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
            return self.end(&frame.queries, change, |c| c.filtered += 1);
        }
        let now = group.store.advance(frame.place, change.time);
        if let Some(finals) = &frame.finals {
            // First: an update drops what is closed.
            self.write_closed(frame, finals, group.store, now);
        }
        let starts = Starts::open(frame.window, change.time, now);
        if starts.clone().next().is_none() {
            return self.end(&frame.queries, change, |c| c.late += 1);
        }
        self.end(&frame.queries, change, |c| c.contributed += 1);
        let mut computed = Vec::new();
        if frame.computes {
            computed = self.scratch.rows.take();
            for (_, arg) in &frame.calls {
                let value = match arg {
                    Some(arg) if !arg.lies_in_place() => arg.eval(change.row),
                    _ => Ok(Value::Null),
                };
                let value = self.value_or_null(&frame.queries, value);
                computed.push(value);
            }
        }
        let args = Args { row: change.row, computed: &computed };
        for start in starts {
            self.window(frame, group, args, (start, change.time, now));
        }
        if frame.computes {
            self.scratch.rows.give(computed);
        }
    }

    /// Brings the arguments into one window and gives its change to the frame's outputs.
    fn window(
        &mut self,
        frame: &FrameRun,
        group: &mut Group<'_>,
        args: Args<'_>,
        (start, time, now): (i64, i64, i64),
    ) {
        let entry = group.entry();
        let mut state = group.store.window_mut(frame.place, entry, (start, now));
        let window = end_of(frame.window, start).map(|end| Window::time(start, end));
        let known = if state.is_new { Some(0) } else { state.view().verdicts() };
        self.judge_before(&FrameRow::of(frame, group.key, window, state.view()), known);
        for (i, (_, arg)) in frame.calls.iter().enumerate() {
            if state.add(i, args.of(i, arg.as_ref())).is_err() {
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
