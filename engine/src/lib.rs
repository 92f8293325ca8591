//! The SQL-rules engine: the life of a record.
//!
//! ```text
//! bytes ─format→ row ─task→ row ─operators→ row ─format→ bytes
//!                             │
//!                           state  (beside it; all of one commit in one transaction)
//! ```
//!
//! 1. `sql` reads the rule files: text, tokens, syntax tree, and with names and types resolved a bound query.
//! 2. `plan` turns the bound queries into one plan per input topic, merging what rules share.
//! 3. `task` runs a plan for one partition: a deterministic state machine from records to records.
//! 4. `operator`, `types`, `state` and `format` are what it is made of.
//! 5. `runner` is the only loop that touches the world: poll, task, commit or abort, rebalance, reload.
//!
//! `sql`, `types`, `plan`, `operator`, `state`, `format` and `task` do no I/O, read no clock, draw no random
//! number and know no Kafka type.

pub mod bench;
pub mod format;
pub mod letters;
pub mod operator;
pub mod plan;
pub mod replay;
pub mod rule_files;
pub mod rule_set;
pub mod runner;
pub mod sql;
pub mod state;
pub mod task;
pub mod types;

pub use plan::Program;
#[doc(hidden)]
pub use runner::simulation;
pub use runner::{
    Authority, Error, Guarantee, Installation, Options, Publication, Publishing, RuleSetTopic, Summary,
    TopicKind, TopicUse, clean, installation, publish, run,
};
