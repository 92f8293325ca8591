//! Plans: what a program of rules does, as data.
//!
//! Enters from `sql`'s binder: queries with every name, type and function resolved. Leaves to `task`:
//! [`TaskPlan`]s, one per group of input topics that meet in joins, whose steps `operator` runs. What holds: an
//! expression's column indexes fit the row that the step gets; aggregates that group one input by one key share one
//! store and one look-up; a [`Fingerprint`] depends on meaning only, never on layout, file or order of rules.
//!
//! ```text
//! Program ── TaskPlan (topic `transactions`)
//!              input ─┬─ Filter ── Project ── Sink fraud_alerts        a filter rule
//!                     ├─ Repartition by merchant                       feeds another TaskPlan
//!                     └─ Aggregate by account ─┬─ Having ── Project ── Sink fraud_alerts
//!                          (frames: filter, window, calls)             windowed rules
//! ```

mod broadcast;
mod cooldown;
mod derived;
mod fingerprint;
mod foreign;
mod from;
mod grouping;
mod join;
mod joining;
pub mod logical;
mod moving;
mod physical;
mod program;
mod pseudo;
mod rule;
mod since;
mod source;
mod split;
mod table_grouping;
mod window;

use std::sync::Arc;

pub(crate) use broadcast::is_spread;
pub use derived::Derived;
pub(crate) use derived::derives;
pub use fingerprint::Fingerprint;
pub use foreign::{ForeignRole, ForeignStep, Letters};
pub use from::{From, Join, JoinKey, JoinKind, KeyOrigin, Within};
pub use join::{DerivedRef, JoinRow, JoinStep, Partners, Side, TableRef};
pub(crate) use physical::physical;
pub use program::{
    Assertion, DeadLetters, Expected, ExpectedRecord, InsertedRecord, OutputTopic, Program, Query,
};
pub use pseudo::Pseudo;
pub use rule::{Emit, Mode, Rule, Severity};
pub use since::Since;
pub use source::{KeyWindow, Source, TimestampColumn};
pub use window::{WindowKind, WindowPlan};

use crate::format::FormatSpec;
use crate::types::aggregate::Aggregate;
use crate::types::expr::Expr;
use crate::types::functions::TableCall;
use crate::types::{Column, Schema};

/// Index of a query in [`Program::queries`].
pub type QueryId = usize;
/// Index of a step in [`TaskPlan::steps`].
pub type StepId = usize;
/// Index of an input in [`TaskPlan::inputs`].
pub type InputId = usize;
/// Index of a store in [`TaskPlan::stores`].
pub type StoreId = usize;

/// What is done with the records of topics that belong together (they meet in a join), the same for each
/// partition number. A task is one of these for one partition number of all its inputs, which therefore are
/// partitioned alike.
#[derive(Debug)]
pub struct TaskPlan {
    /// A name that is stable across runs, for stores and messages.
    pub name: String,
    /// The topics and how their records become rows, by [`InputId`].
    pub inputs: Vec<Input>,
    /// The stores that the steps use.
    pub stores: Vec<StorePlan>,
    /// In an order in which each step stands after those that feed it.
    pub steps: Vec<Step>,
}

/// How the records of a topic become rows.
///
/// A row is: the key's columns, the value's columns, then the pseudo columns of [`Pseudo`] in its order.
#[derive(Debug)]
pub struct Input {
    /// The topic.
    pub topic: String,
    /// One reading of the topic per declaration of a source over it that some query reads.
    pub readings: Vec<Reading>,
    /// The topic is one of ours that carries the original record's position in its headers: a derived
    /// stream or a repartition topic.
    pub carries_origin: bool,
}

/// One declaration's way to read a topic.
#[derive(Debug)]
pub struct Reading {
    /// The source as declared.
    pub source: Arc<Source>,
    /// Its records were moved here by [`Operator::Repartition`]: the original key's bytes are in a header.
    pub repartitioned: bool,
    /// Its records are rows that [`Operator::MoveRows`] wrote, of this source or of what it is joined with.
    pub moved: bool,
    /// A record without a usable time ends the run; otherwise it is a dead letter.
    pub strict_time: bool,
    /// Which columns of the row some query needs, the timestamp column among them; the rest is only checked.
    pub wanted: Vec<bool>,
    /// The steps that take each row.
    pub outputs: Vec<StepId>,
    /// The queries that read it, for accounting.
    pub queries: Vec<QueryId>,
}

/// A store of a task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorePlan {
    /// Its name, from input topic and key alone: the same whatever rules use it. Names the changelog.
    pub name: String,
    /// The types of its key's columns.
    pub key: Vec<Column>,
    /// What it keeps.
    pub kind: StoreKind,
    /// The version of the rules since which it is there without a gap; 0: for ever.
    pub since: u64,
}

/// What a store keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoreKind {
    /// Per key the slots of the aggregates, by fingerprint.
    Aggregates,
    /// The same of those over sessions.
    Sessions,
    /// Per key the latest row of a table, with these value columns.
    Table {
        /// The columns.
        columns: Vec<Column>,
    },
    /// The rows of two streams that are joined.
    Join,
    /// The left rows of a join by a foreign key.
    Subscriptions,
    /// Until when rules are silent about their keys.
    Cooldowns,
}

/// A step and what it feeds.
#[derive(Debug)]
pub struct Step {
    /// What is done.
    pub operator: Operator,
    /// The steps that take its rows. A [`Operator::Aggregate`] feeds through its frames instead.
    pub outputs: Vec<StepId>,
    /// The query that it belongs to; None where several share it.
    pub query: Option<QueryId>,
    /// The rows that meet here may come from any partition, so that its task can only have one.
    pub scattered: bool,
}

/// What a step does with a row, or with a change of a table's row.
#[derive(Debug)]
pub enum Operator {
    /// Keeps rows for which the predicate is TRUE. Of a table's change, a row that leaves becomes a
    /// tombstone and one that was never in stays silent.
    Filter {
        /// BOOLEAN over the row.
        predicate: Expr,
    },
    /// Makes of a row as many as its table functions give values, each a column behind the row.
    FlatMap {
        /// The table functions over the row.
        calls: Vec<TableCall>,
    },
    /// Computes the sink's row: key columns, then value columns.
    Project {
        /// One per column of the sink's schema.
        exprs: Vec<Expr>,
    },
    /// Remembers a table's latest row per key, and turns records into changes with their old row.
    Table {
        /// Where.
        store: StoreId,
        /// Where the key's columns begin in the row.
        key_at: usize,
    },
    /// Groups and aggregates: see [`Frame`].
    Aggregate {
        /// Where the slots are.
        store: StoreId,
        /// The key's columns over the input's row. A row with a NULL among them is skipped.
        key: Vec<Expr>,
        /// What is computed, by filter and window.
        frames: Vec<Frame>,
    },
    /// Writes the record, as it came, to a topic of ours that is partitioned by another key.
    Repartition {
        /// The topic.
        topic: String,
        /// The key's columns over the input's row. A row with a NULL among them is skipped.
        key: Vec<Expr>,
        /// The key's columns.
        columns: Vec<Column>,
        /// How the key is written.
        format: FormatSpec,
    },
    /// Writes whole rows to a topic of ours that is partitioned by another key. Of a table's change the old row
    /// and the new one: in one record where both are of one group, otherwise the old row's first.
    MoveRows {
        /// The topic.
        topic: String,
        /// The key's columns over the row. One with a NULL among them has no group, and meets nobody.
        key: Vec<Expr>,
        /// The key's columns.
        columns: Vec<Column>,
        /// How the key is written.
        format: FormatSpec,
        /// Each partition gets all of them: see [`broadcast`].
        to_all: bool,
    },
    /// Keeps a rule's alerts about one key apart: see `--@cooldown`.
    Cooldown {
        /// Where it remembers.
        store: StoreId,
        /// The key over the row.
        key: Vec<Expr>,
        /// Of the rule's name and version: the tag of what it remembers.
        tag: Fingerprint,
        /// How long the rule is silent after an alert.
        millis: i64,
    },
    /// Joins the rows of one side with those of the other.
    Join(Box<JoinStep>),
    /// Joins tables by a foreign key.
    Foreign(Box<ForeignStep>),
    /// Writes rows to a topic.
    Sink(SinkPlan),
}

/// Aggregates over one input and key that also share filter and window: they see the same records, so
/// they share windows, stream time and lateness.
///
/// Its output row is: the key's columns, the results of `calls`, then ROWTIME (the highest timestamp that
/// went in), WINDOWSTART and WINDOWEND as BIGINT (NULL without a window).
#[derive(Debug)]
pub struct Frame {
    /// Over input, key, filter and window.
    pub fingerprint: Fingerprint,
    /// WHERE over the input's row.
    pub filter: Option<Expr>,
    /// The window; None for one group for all time.
    pub window: Option<WindowPlan>,
    /// The aggregate functions, each once.
    pub calls: Vec<Call>,
    /// What each query does with a change.
    pub outputs: Vec<FrameOutput>,
}

/// An aggregate function over its arguments.
#[derive(Debug)]
pub struct Call {
    /// Over the frame's and the function with its arguments: the tag of its slot.
    pub fingerprint: Fingerprint,
    /// The function.
    pub aggregate: Aggregate,
    /// Its arguments over the input's row.
    pub args: Vec<Expr>,
}

/// One query's use of a frame.
#[derive(Debug)]
pub struct FrameOutput {
    /// The query.
    pub query: QueryId,
    /// HAVING over the frame's output row.
    pub having: Option<Expr>,
    /// For `--@emit: first` the tag of the slot that remembers which windows have fired.
    pub first: Option<Fingerprint>,
    /// EMIT FINAL: nothing is written before the window closes.
    pub is_final: bool,
    /// The step that takes the change, in the frame's output row.
    pub step: StepId,
}

/// Where rows go.
#[derive(Debug)]
pub struct SinkPlan {
    /// The topic.
    pub topic: String,
    /// The row's columns.
    pub schema: Schema,
    /// Format of the key.
    pub key_format: FormatSpec,
    /// Format of the value.
    pub value_format: FormatSpec,
    /// The row's column that becomes the record's time; otherwise the row's own time is.
    pub timestamp: Option<TimestampColumn>,
    /// The key carries the row's window.
    pub window: Option<KeyWindow>,
    /// The key is made by the query: it is there even where each of its columns is NULL.
    pub new_key: bool,
    /// The records are alerts of this rule.
    pub rule: Option<Rule>,
    /// Other queries of this program read the topic: records carry their origin in headers.
    pub carries_origin: bool,
}
