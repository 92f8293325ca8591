//! A task: the work on one partition number of the topics that meet in it.
//!
//! Enters: records of its inputs, each input in offset order; on a restore, what the changelog kept. Leaves: the
//! records written, and what changed in the stores since it was last asked. What holds: a deterministic
//! state machine: the same records in the same order give the same bytes out, however they are batched and
//! however often the task is stopped and restored in between; no clock, no I/O, no thread, no Kafka type.
//!
//! ```text
//! InputRecord ─ read ─ row ─ operator steps ─ Output
//!      │                          │
//!  dead letter              stores, changes
//! ```
//!
//! The life of a task: [`StreamTask::new`], [`StreamTask::restore`] for each record of its stores'
//! changelogs, then [`StreamTask::process`] for each record, and from time to time a checkpoint
//! ([`checkpoint`]) of what changed. On a reload [`StreamTask::export`] of the old task feeds [`StreamTask::restore`]
//! of the new.

mod ahead;
mod checkpoint;
mod cooldown;
mod counters;
mod dead_letter;
mod disk;
mod fill;
mod flood;
mod foreign;
mod frames;
mod headers;
mod idle;
mod input;
mod output;
mod reach;
mod read;
mod wiring;

pub use counters::QueryCounters;
pub use idle::Idle;
pub use input::{InputRecord, NoHeaders, Origin, RecordHeaders};
pub use output::{Output, OutputRecord, Stop};

pub(crate) use cooldown::CooldownRun;
pub(crate) use flood::Letters;
pub(crate) use foreign::{ForeignRun, LettersRun, RoleRun};
pub(crate) use frames::{FinalRun, FrameOutputRun, FrameRun};
pub(crate) use headers::moved as moved_headers;
pub(crate) use output::Draft;
pub(crate) use read::row_time;
pub(crate) use wiring::{InputRun, Node, ReadingRun, SinkRun, StepRun, Wiring};

use crate::format::FormatError;
use crate::operator::{Run, Scratch};
use crate::plan::{InputId, Program, QueryId, StoreId};
use crate::state::{Frozen, RestoreError, Share, Store};

/// Takes a changelog record: store, key, and value or None for a tombstone.
pub type ChangeVisitor<'v> = dyn FnMut(StoreId, &[u8], Option<&[u8]>) + 'v;
/// Takes an entry of a store: store, key, value.
pub type EntryVisitor<'v> = dyn FnMut(StoreId, &[u8], &[u8]) + 'v;

/// The work of one [`crate::plan::TaskPlan`] on one partition.
#[derive(Debug)]
pub struct StreamTask {
    wiring: Wiring,
    /// None only while a step of the aggregation has its store in hand.
    stores: Vec<Option<Box<Store>>>,
    counters: Vec<QueryCounters>,
    scratch: Scratch,
    /// Per store what a checkpoint took of it.
    frozen: Vec<Frozen>,
    /// What its stores take of the process's memory whatever is on disk; None where nothing is.
    fixed: Option<Share>,
}

/// Why a program cannot be run as a task. Binding has checked all of it, so it is a defect of the plan.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TaskError {
    /// The program has fewer tasks.
    #[error("the program has no task {0}")]
    NoSuchTask(usize),
    /// A format cannot carry the columns of a source or sink.
    #[error("task {task}, {part}: {error}")]
    Format {
        /// The task's name.
        task: String,
        /// Of what: a source's name, or a sink's topic.
        part: String,
        /// Why.
        error: FormatError,
    },
    /// A step that this engine does not run.
    #[error("task {task}: {what}")]
    Unsupported {
        /// The task's name.
        task: String,
        /// Which.
        what: String,
    },
}

impl StreamTask {
    /// The task `task` (an index of [`Program::tasks`]) of a program, its stores empty.
    ///
    /// # Errors
    /// See [`TaskError`].
    pub fn new(program: &Program, task: usize) -> Result<Self, TaskError> {
        Self::with_wiring(program, Wiring::new(program, task, None)?)
    }

    /// As [`StreamTask::new`], doing one query's work only: for a replay query by query.
    ///
    /// # Errors
    /// See [`TaskError`].
    pub fn for_query(program: &Program, task: usize, query: QueryId) -> Result<Self, TaskError> {
        Self::with_wiring(program, Wiring::new(program, task, Some(query))?)
    }

    fn with_wiring(program: &Program, wiring: Wiring) -> Result<Self, TaskError> {
        Ok(Self {
            stores: wiring.empty_stores(),
            frozen: wiring.stores.iter().map(|_| Frozen::default()).collect(),
            fixed: None,
            counters: vec![QueryCounters::default(); program.queries.len()],
            scratch: Scratch::new(program),
            wiring,
        })
    }

    /// The topics that it reads, by [`InputId`].
    pub fn topics(&self) -> impl ExactSizeIterator<Item = &str> {
        self.wiring.inputs.iter().map(|input| &*input.topic)
    }

    /// Whether an input is a table to all who read it.
    pub fn is_table(&self, input: InputId) -> bool {
        self.wiring.inputs.get(input).is_some_and(|input| input.readings.iter().all(|r| r.is_table))
    }

    /// Where an input's unreadable records go.
    pub fn dead_letter_topic(&self, input: InputId) -> Option<&str> {
        self.wiring.inputs.get(input).map(|input| &*input.letters.topic)
    }

    /// Whether some query reads this input.
    pub fn reads(&self, input: InputId) -> bool {
        self.wiring.inputs.get(input).is_some_and(|input| !input.readings.is_empty())
    }

    /// Runs a record of an input through all steps. Whatever is wrong with it ends as a dead letter or in the
    /// counters.
    pub fn process(&mut self, input: InputId, record: &InputRecord<'_>, output: &mut Output) {
        let Self { wiring, stores, counters, scratch, .. } = self;
        let Some(input) = wiring.inputs.get(input) else { return };
        let origin = Origin::of_itself(&input.topic, record);
        Run { wiring, input, record, origin, stores, counters, scratch, output: &mut *output }.record();
        if self.fixed.is_some()
            && let Some(error) = self.failure()
        {
            output.fail(error.to_string());
        }
        debug_assert!(
            self.counters.iter().all(QueryCounters::adds_up),
            "not every record is accounted for, by query: {:?}",
            self.counters
        );
    }

    /// Visits a changelog record per key that changed since the last call, store by store, in the order of
    /// first change: the store, the key's bytes, the value's bytes or None where the entry is gone. A store's
    /// stream times are such a record too. Call it once per commit, after the commit's last record; what
    /// was visited counts as written.
    pub(crate) fn take_changes(&mut self, visit: &mut ChangeVisitor<'_>) {
        for (id, store) in self.stores.iter_mut().enumerate() {
            if let Some(store) = store {
                store.take_changes(&mut |key, value| visit(id, key, value));
            }
        }
    }

    /// Visits all that the stores hold, as changelog records, whatever has changed: for a reload, where a
    /// task of the new program takes them by [`StreamTask::restore`], store by name.
    pub fn export(&self, visit: &mut EntryVisitor<'_>) {
        for (id, store) in self.stores.iter().enumerate() {
            if let Some(store) = store {
                store.export(&mut |key, value| visit(id, key, value));
            }
        }
    }

    /// Takes a changelog record back in; a later one of the same key replaces it. What the plan does not
    /// know (a slot of an aggregate that no rule uses any more) is dropped.
    ///
    /// # Errors
    /// The bytes are damaged or of a newer version: the state cannot be restored exactly, so do not go on.
    pub fn restore(&mut self, store: StoreId, key: &[u8], value: Option<&[u8]>) -> Result<(), RestoreError> {
        match self.stores.get_mut(store) {
            Some(Some(store)) => store.restore(key, value),
            _ => Err(RestoreError::NoSuchStore(store)),
        }
    }

    /// The names of its stores, by [`StoreId`]: the same whatever rules use them.
    pub fn store_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.wiring.stores.iter().map(|store| store.name.as_str())
    }

    /// How many keys one of its stores holds.
    pub fn keys_of(&self, store: StoreId) -> usize {
        self.stores.get(store).and_then(Option::as_ref).map_or(0, |store| store.len())
    }

    /// How many keys its stores hold, for metrics.
    pub fn keys(&self) -> usize {
        self.stores.iter().flatten().map(|store| store.len()).sum()
    }

    /// Visits the counts since the last call, as [`StreamTask::counters`], of queries of which something was
    /// counted; they begin anew. To be called when what they count is committed; what is undone is not counted.
    pub fn take_counters(&mut self, mut visit: impl FnMut(QueryId, &QueryCounters)) {
        for (query, counters) in self.counters.iter_mut().enumerate() {
            if *counters != QueryCounters::default() {
                visit(query, &std::mem::take(counters));
            }
        }
    }

    /// The counts since the task was made, one per query of the program; those of queries without work in
    /// this task stay 0.
    pub fn counters(&self) -> &[QueryCounters] {
        &self.counters
    }
}
