//! A task of a replay, and how it is stopped and begun anew.
//!
//! Enters: commits and stops at any place between two records. Leaves: a task that goes on as if nothing had
//! happened. What holds: the new task knows nothing but what the old one wrote to its changelog, as after a
//! crash; the counts of both are added.

use std::collections::BTreeMap;

use super::ReplayError;
use crate::plan::{Program, QueryId, StoreId};
use crate::task::{QueryCounters, StreamTask, TaskError};

/// The last value of each key of each store.
type Changelog = BTreeMap<(StoreId, Vec<u8>), Vec<u8>>;

/// A task, and what a stop needs.
#[derive(Debug)]
pub(super) struct Running {
    id: usize,
    only: Option<QueryId>,
    pub(super) task: StreamTask,
    /// What a compacted changelog would hold; None where nobody asked for stops.
    changelog: Option<Changelog>,
    /// The counts of the tasks before this one.
    counted: Vec<QueryCounters>,
}

impl Running {
    /// The task `id` of a program, or one query's part of it.
    pub(super) fn new(program: &Program, id: usize, only: Option<QueryId>) -> Result<Self, TaskError> {
        let task = begin(program, id, only)?;
        let counted = vec![QueryCounters::default(); program.queries.len()];
        Ok(Self { id, only, task, changelog: None, counted })
    }

    /// Keeps a changelog from now on. Before the first record.
    pub(super) fn keep_changelog(&mut self) {
        self.changelog.get_or_insert_default();
    }

    /// A commit: what changed goes to the changelog, or is forgotten where none is kept.
    pub(super) fn commit(&mut self) {
        let Some(changelog) = &mut self.changelog else { return self.task.take_changes(&mut |_, _, _| {}) };
        self.task.take_changes(&mut |store, key, value| {
            match value {
                Some(value) => changelog.insert((store, key.to_vec()), value.to_vec()),
                None => changelog.remove(&(store, key.to_vec())),
            };
        });
    }

    /// Stops the task and goes on with another that has read the changelog.
    pub(super) fn stop_and_restore(&mut self, program: &Program) -> Result<(), ReplayError> {
        self.commit();
        let mut next = begin(program, self.id, self.only)?;
        for ((store, key), value) in self.changelog.iter().flatten() {
            next.restore(*store, key, Some(value))?;
        }
        self.counted = self.counters().collect();
        self.task = next;
        Ok(())
    }

    /// The counts since the beginning, by query.
    pub(super) fn counters(&self) -> impl Iterator<Item = QueryCounters> {
        self.counted.iter().zip(self.task.counters()).map(|(before, now)| {
            let mut sum = *before;
            sum += *now;
            sum
        })
    }
}

fn begin(program: &Program, id: usize, only: Option<QueryId>) -> Result<StreamTask, TaskError> {
    match only {
        None => StreamTask::new(program, id),
        Some(query) => StreamTask::for_query(program, id, query),
    }
}
