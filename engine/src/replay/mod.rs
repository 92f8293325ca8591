//! Replay: records through a program, offline, with no broker.
//!
//! Enters: a program, records as JSON ([`records`]). Leaves: every record that the program writes, in order,
//! and what became of the records per query. What holds: each topic has one partition, whose offsets are
//! counted from 0 in order of arrival; `INSERT INTO ... VALUES` counts as records before the inputs; the
//! same program and input give the same output.
//!
//! [`Order::Record`] runs each record through all queries, and what derives from it, before the next: in
//! memory that does not grow with the input. [`Order::Query`] lets each query take all inputs before the
//! next query runs, as ksqlDB's own test harness does.

mod checks;
mod driver;
mod records;
mod rows;
mod running;
mod session;

use std::io::{BufRead, Write};

pub use driver::Replay;
pub use records::{RecordText, ReplayRecord, WindowText};
pub use rows::{CellName, RowsError, TextRows};
pub use session::Session;

use crate::plan::{Derived, Program};
use crate::state::RestoreError;
use crate::task::{QueryCounters, Stop, TaskError};

/// Which comes first where there are several records and several queries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// All queries of a record before the next record.
    #[default]
    Record,
    /// All records of a query before the next query.
    Query,
}

impl Order {
    /// How a program that is replayed in this order finds the tables that its queries derive: record by record as
    /// an engine does, query by query as ksqlDB does.
    pub fn derived(self) -> Derived {
        match self {
            Order::Record => Derived::BeforeRecord,
            Order::Query => Derived::ByTopic,
        }
    }
}

/// How the output is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Form {
    /// `{"outputs":[...]}`
    #[default]
    Json,
    /// A record a line.
    Lines,
}

/// How a replay runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReplayOptions {
    /// The order of work.
    pub order: Order,
    /// The form of the output; the input's form shows itself.
    pub form: Form,
    /// Whether every task is stopped and restored after each of its records: see
    /// [`Replay::stop_after_each_record`].
    pub stop_after_each_record: bool,
}

/// What a replay did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReplaySummary {
    /// Records of the input, those of `INSERT INTO ... VALUES` among them.
    pub read: u64,
    /// Those among them whose topic no query reads.
    pub unread: u64,
    /// Records written.
    pub written: u64,
    /// Per query its id and counts.
    pub queries: Vec<(String, QueryCounters)>,
}

/// What stops a replay.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// The input is not JSON of the form that is expected.
    #[error("record {number} of the input cannot be read: {problem}; {}", input_hint(problem))]
    Input {
        /// The record that was being read, counted from 1.
        number: u64,
        /// What is wrong, and in which line and column.
        problem: serde_json::Error,
    },
    /// The caller ended it.
    #[error("ended after record {0} of the input, as was asked")]
    Stopped(u64),
    /// A record does not fit what is declared for its topic.
    #[error("record {number} of the input, topic {topic}: {problem}")]
    Record {
        /// Counted from 1.
        number: u64,
        /// Its topic.
        topic: String,
        /// Why.
        problem: String,
    },
    /// A record ends the run, as `ksql.timestamp.throw.on.invalid` or `--@on_error: stop` asks for.
    #[error(transparent)]
    Stop(Stop),
    /// What ASSERT expects did not come: each statement with what was expected and what came.
    #[error("{} of the assertions failed\n{}", .0.len(), .0.join("\n"))]
    Assertions(Vec<String>),
    /// The program cannot run.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// A task that was stopped could not be begun anew.
    #[error("a task cannot be restored: {0}")]
    Restore(#[from] RestoreError),
    /// The output cannot be written.
    #[error("the output cannot be written: {0}")]
    Output(#[from] std::io::Error),
}

fn input_hint(problem: &serde_json::Error) -> &'static str {
    match problem.classify() {
        serde_json::error::Category::Io | serde_json::error::Category::Eof => "is it whole?",
        _ => "expected {\"inputs\":[...]} or a record a line, each with a \"topic\"",
    }
}

/// Replays `input` through `program` and writes what it writes to `output`.
///
/// # Errors
/// See [`ReplayError`]; what was written until then stays.
pub fn run(
    program: &Program,
    input: impl BufRead,
    output: impl Write,
    options: ReplayOptions,
) -> Result<ReplaySummary, ReplayError> {
    let mut session = Session::new(program, output, options)?;
    session.feed_json(input, &mut |_| true)?;
    session.finish()
}

#[cfg(test)]
mod tests;
