//! Work of other rules, which has to be done once more by them before this program's tasks can begin.
//!
//! Enters: the rule set, and the stores that it left behind the committed positions. Leaves: these stores in a
//! checkpoint of the committed positions. What holds: the old rules' tasks commit nothing and write nothing but that
//! checkpoint; it is made only where this worker has all that the new program makes of them, so nobody else goes
//! on with a part of it meanwhile.

use std::sync::Arc;

use broker::{ErrorKind, TopicPartition};

use super::super::Error;
use super::super::generation::Generation;
use super::super::restore::{Past, Restored, follows, past_program, restore_past};
use super::Worker;
use super::tasks::{Assigned, Opened, Tasks, opened};
use crate::plan::Program;

/// How many rule sets may have left work to do once more, before others are taken to be at it.
const MANY: usize = 20;

impl Worker {
    /// Opens the tasks of partitions, which stand at the last commit then. Tells whether the consumer has no
    /// partitions now, so that all have to be assigned.
    ///
    /// # Errors
    /// [`Error::Rebalancing`]: the next step does what the group wants; nothing is opened. Otherwise those of the
    /// restore.
    pub(super) fn open(&mut self, partitions: &[TopicPartition]) -> Result<bool, Error> {
        let (mut is_held, owner) = (false, self.owner());
        for _ in 0..MANY {
            let (opened, held) = self.hold(|shared, generation, tasks, between| {
                tasks.open(shared, generation, (partitions, owner), between)
            })?;
            is_held |= held;
            match opened {
                Opened::At(number) => {
                    self.commit_number = self.commit_number.max(number);
                    return Ok(is_held);
                }
                Opened::Behind(past) => is_held |= self.catch_up(&past, partitions)?,
            }
        }
        Err(again(ErrorKind::Unavailable, "others change the state of these partitions".into()))
    }

    /// Has the rules that did it do once more what no checkpoint holds, and makes a checkpoint of that.
    fn catch_up(&mut self, past: &Past, partitions: &[TopicPartition]) -> Result<bool, Error> {
        let rules = past.rules;
        follows(&self.shared, self.generation.number, rules)?;
        let generation = past_program(&self.shared, past)?;
        let wanted = tasks_with(&generation, past);
        if !self.has_heirs(&generation, &wanted, partitions) {
            let message = "another worker has some of what these partitions' old rules joined";
            return Err(again(ErrorKind::Fenced, message.into()));
        }
        tracing::info!(
            worker = self.index,
            rules,
            tasks = wanted.len(),
            "the last work of older rules is done once more"
        );
        let owner = self.owner();
        let (restored, is_held) =
            self.hold(|shared, _, _, between| restore_past(shared, &generation, (&wanted, owner), between))?;
        let last = restored.iter().map(|restored| restored.standing.last_number()).max();
        self.commit_number = self.commit_number.max(last.unwrap_or(0));
        let tasks = std::mem::replace(&mut self.tasks, Tasks::of(restored));
        let generation = std::mem::replace(&mut self.generation, Arc::new(generation));
        let outcome = self.checkpoint_of(true);
        let given_up = self.give_up_checkpoint();
        (self.tasks, self.generation) = (tasks, generation);
        outcome.and(given_up).map(|()| is_held)
    }

    /// Whether all that the new program's tasks take over of the old ones' stores is here.
    fn has_heirs(&self, old: &Generation, wanted: &[(usize, i32)], partitions: &[TopicPartition]) -> bool {
        let program = &self.generation.program;
        let is_here = |partition: &TopicPartition| {
            partitions.contains(partition) || self.tasks.partitions().any(|own| own == partition)
        };
        wanted.iter().all(|&(plan, number)| {
            let stores = &old.program.tasks[plan].stores;
            let is_heir = |heir: &usize| {
                program.tasks[*heir].stores.iter().any(|s| stores.iter().any(|o| o.name == s.name))
            };
            let mut heirs = (0..program.tasks.len()).filter(is_heir);
            heirs.all(|heir| is_whole(program, heir, number, &is_here))
        })
    }
}

impl Tasks {
    /// These tasks, with all of their inputs, whoever has these.
    fn of(restored: Vec<Restored>) -> Self {
        let mut tasks = Self::default();
        for Restored { standing, .. } in &restored {
            tasks.list.extend(standing.inputs.iter().map(|input| Assigned {
                partition: input.partition.clone(),
                at: input.at,
                stamp: input.committed.as_ref().map(|(_, stamp)| stamp.clone()),
                attempted: None,
                waiting: None,
            }));
        }
        tasks.open = restored.into_iter().map(opened).collect();
        tasks
    }
}

/// Whether all inputs of a task are here.
pub(super) fn is_whole(
    program: &Program,
    plan: usize,
    number: i32,
    is_here: &dyn Fn(&TopicPartition) -> bool,
) -> bool {
    program.tasks[plan].inputs.iter().all(|input| is_here(&TopicPartition::new(&*input.topic, number)))
}

/// The tasks of a program that had these stores, as indexes with partition numbers.
fn tasks_with(generation: &Generation, past: &Past) -> Vec<(usize, i32)> {
    let mut wanted = Vec::new();
    for (plan, task) in generation.program.tasks.iter().enumerate() {
        let own = past.stores.iter().filter(|of| task.stores.iter().any(|store| *store.name == *of.store));
        wanted.extend(own.map(|of| (plan, of.partition)));
    }
    wanted.sort_unstable();
    wanted.dedup();
    wanted
}

fn again(kind: ErrorKind, message: String) -> Error {
    broker::Error::new(kind, "taking up partitions", message).into()
}
