//! The operators: what a step does with a row. One file each, synchronous.
//!
//! Enters: a row, or a change of a table's row. Leaves: rows to the steps that follow; at the ends records
//! in the output, updates in the stores, counts. What holds: plans are read-only here; an operator knows
//! stores and formats, never a topic's broker; nothing is allocated per record but what a store keeps.
//!
//! Rows are pushed: a step calls the steps that it feeds, so a record is through before the next begins.

mod aggregate;
mod alert;
mod cooldown;
mod emit;
mod filter;
mod flat_map;
mod idle;
mod join;
mod move_rows;
mod project;
mod repartition;
mod rows;
mod session;
mod sink;
mod suppress;
mod table;
mod table_group;
mod window;

pub(crate) use idle::{has_closing, latest};
pub(crate) use join::subscribe_all;
pub(crate) use repartition::SOURCE_KEY;
pub(crate) use rows::Scratch;

use crate::format::window_key::Window;
use crate::plan::{QueryId, StepId};
use crate::state::Store;
use crate::task::{InputRecord, InputRun, Node, Origin, Output, QueryCounters, StepRun, Wiring};
use crate::types::{EvalError, Value};

/// A row on its way, or the change of a table's row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change<'r> {
    /// The row; of a tombstone only the key's columns count.
    pub(crate) row: &'r [Value<'r>],
    /// A stream's record without a value, or a row that is no more.
    pub(crate) tombstone: bool,
    /// Of a tombstone: the row goes on as another, a session that this one went into.
    pub(crate) merged: bool,
    /// The row belongs to a table: `old` is what it replaces.
    pub(crate) is_table: bool,
    /// The table's row before; None where there was none, or no step needs it any more.
    pub(crate) old: Option<&'r [Value<'r>]>,
    /// Its time in milliseconds.
    pub(crate) time: i64,
    /// The window of its key.
    pub(crate) window: Option<Window>,
    /// The record that caused it is accounted for.
    pub(crate) counted: bool,
}

/// One record's run through the steps of a task.
pub(crate) struct Run<'t, 'r> {
    /// The steps.
    pub(crate) wiring: &'t Wiring,
    /// Where the record comes from.
    pub(crate) input: &'t InputRun,
    /// The record.
    pub(crate) record: &'t InputRecord<'r>,
    /// The record that it derives from.
    pub(crate) origin: Origin<'t>,
    /// The task's stores.
    pub(crate) stores: &'t mut [Option<Box<Store>>],
    /// Per query.
    pub(crate) counters: &'t mut [QueryCounters],
    /// Reused memory.
    pub(crate) scratch: &'t mut Scratch,
    /// What is written.
    pub(crate) output: &'t mut Output,
}

impl Run<'_, '_> {
    /// Gives a row to each of these steps.
    pub(crate) fn feed(&mut self, steps: &[StepId], change: &Change<'_>) {
        for step in steps {
            self.step(*step, change);
        }
    }

    fn step(&mut self, id: StepId, change: &Change<'_>) {
        let wiring = self.wiring;
        let step: &StepRun = &wiring.steps[id];
        match &step.node {
            Node::Inactive => {}
            Node::Filter { predicate } => self.filter(step, predicate, change),
            Node::FlatMap { calls } => self.flat_map(step, calls, change),
            Node::Cooldown(cooldown) => self.cooldown(step, cooldown, change),
            Node::Project { exprs } => self.project(step, exprs, change),
            Node::Table { store, key, readers } => {
                self.table(step, *store, (key.clone(), readers), change);
            }
            Node::Join(join) => self.join(step, join, change),
            Node::Aggregate { store, key, frames } => self.aggregate(step, *store, key, frames, change),
            Node::Repartition { topic, key, encoder } => self.repartition(step, topic, key, encoder, change),
            Node::MoveRows { topic, topic_place, key, encoder, to_all } => {
                self.move_rows(step, (topic, *topic_place, *to_all), key, encoder, change);
            }
            Node::Foreign(foreign) => self.foreign(step, foreign, change),
            Node::Sink(sink) => self.sink(sink, change),
        }
    }

    /// Counts for each of these queries.
    pub(crate) fn count(&mut self, queries: &[QueryId], add: impl Fn(&mut QueryCounters)) {
        for query in queries {
            add(&mut self.counters[*query]);
        }
    }

    /// For these queries a record's way ends here, unless it was accounted for before.
    pub(crate) fn end(&mut self, queries: &[QueryId], change: &Change<'_>, add: impl Fn(&mut QueryCounters)) {
        if !change.counted {
            self.count(queries, add);
        }
    }

    /// The value, or NULL where the expression has none for this row, which is counted.
    fn value_or_null<'v>(&mut self, queries: &[QueryId], value: Result<Value<'v>, EvalError>) -> Value<'v> {
        value.unwrap_or_else(|_| {
            self.count(queries, |c| c.errors += 1);
            Value::Null
        })
    }

    /// The answer, or no where the condition has none for this row, which is counted.
    fn test_or_false(&mut self, queries: &[QueryId], test: Result<bool, EvalError>) -> bool {
        test.unwrap_or_else(|_| {
            self.count(queries, |c| c.errors += 1);
            false
        })
    }
}
