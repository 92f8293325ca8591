//! Why a producer ends early, and what to do next.

use std::path::PathBuf;

/// An error of load or replay.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log refused or cannot be reached.
    #[error(transparent)]
    Log(#[from] broker::Error),
    /// A setting is wrong; trying again does not help.
    #[error("{0}")]
    Setting(String),
    /// The topic holds records with another key.
    #[error(
        "topic {topic} holds records that are keyed by {found}; one topic is never keyed in two ways: \
         choose another with --topic, or --key {found}"
    )]
    OtherKey {
        /// The topic.
        topic: String,
        /// What its records are keyed by.
        found: &'static str,
    },
    /// The file cannot be read.
    #[error("cannot read {}: {reason}", path.display())]
    Input {
        /// The file.
        path: PathBuf,
        /// What happened, and where in the file.
        reason: String,
    },
    /// A row is not what it should be.
    #[error("{}: line {line}: {problem}", path.display())]
    Row {
        /// The file.
        path: PathBuf,
        /// Where the row begins, from 1.
        line: u64,
        /// What is wrong.
        problem: String,
    },
    /// The file lacks columns that a transaction needs.
    #[error(
        "{}: no column for {missing}; the columns are {columns}. Name the column of each with --map \
         COLUMN=FIELD, for one --map {example}",
        path.display()
    )]
    Columns {
        /// The file.
        path: PathBuf,
        /// The fields without a column.
        missing: String,
        /// The columns that are there.
        columns: String,
        /// What to write for one of them.
        example: String,
    },
    /// A terminal that cannot be asked.
    #[error("cannot ask on this terminal: {0}")]
    Terminal(String),
}
