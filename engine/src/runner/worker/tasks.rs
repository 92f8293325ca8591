//! A worker's tasks: opened with their state restored, carried over to a new program, closed.

use std::collections::{BTreeSet, HashMap};

use broker::{Broker, OffsetCommit, Outgoing, Producer, TopicPartition, partition_for_key};

use super::super::fill::fill;
use super::super::restore::{Numbered, POSITION_KEY, StoreOf, restore};
use super::super::topics::changelog;
use super::super::{Error, Shared, Summary};
use super::waiting::Waiting;
use crate::plan::{InputId, Program, StoreId};
use crate::task::{InputRecord, Output, StreamTask};

/// A partition of an input.
pub(super) struct Assigned {
    pub(super) partition: TopicPartition,
    /// The position of the last commit of ours; None before the first.
    committed: Option<i64>,
    /// The position that the pending commit sent.
    attempted: Option<i64>,
    /// Of a task with several inputs: what has come and is not processed.
    pub(super) waiting: Option<Waiting>,
}

/// A task for one partition number of all its inputs.
pub(super) struct Open {
    /// Its index in the program.
    plan: usize,
    pub(super) number: i32,
    pub(super) task: StreamTask,
    /// Of a task with several inputs: their partitions among the assigned ones. It works while all are there.
    pub(super) places: Vec<Option<usize>>,
    /// It has worked off what joins want of rows that were there before.
    begun: bool,
}

/// Where the records of a partition go.
#[derive(Clone, Copy)]
pub(super) struct Route {
    task: usize,
    input: InputId,
    /// The partition's number.
    pub(super) number: i32,
    /// Its place among the assigned ones, where its records wait for their turn.
    pub(super) waits: Option<usize>,
}

/// The tasks of a worker, and the partition counts of the topics that they write.
#[derive(Default)]
pub(super) struct Tasks {
    pub(super) list: Vec<Assigned>,
    /// Those that the partitions need, in order of plan and number.
    pub(super) open: Vec<Open>,
    partitions: HashMap<String, i32>,
}

impl Tasks {
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Where the records of a partition go; None where the program does not read the topic any more.
    pub(super) fn route(&self, program: &Program, partition: &TopicPartition) -> Option<Route> {
        let place = self.list.iter().position(|a| a.partition == *partition)?;
        let (plan, input) = program.reader_of(&partition.topic)?;
        let number = partition.partition;
        let task = self.open.iter().position(|open| open.plan == plan && open.number == number)?;
        Some(Route { task, input, number, waits: self.list[place].waiting.is_some().then_some(place) })
    }

    /// Tells a task the keys of its next records.
    pub(super) fn look_ahead<'k>(&mut self, route: Route, keys: impl Iterator<Item = &'k [u8]> + Clone) {
        self.open[route.task].task.look_ahead(route.input, keys);
    }

    /// Runs a record through its task.
    pub(super) fn process(&mut self, route: Route, record: &InputRecord<'_>, output: &mut Output) {
        self.open[route.task].task.process(route.input, record, output);
    }

    /// The partitions with the positions of their last commits and, where records of it wait, the position of
    /// the first.
    pub(super) fn positions(&self) -> impl Iterator<Item = (&TopicPartition, Option<i64>, Option<i64>)> {
        let first = |a: &Assigned| a.waiting.as_ref().and_then(Waiting::head).map(|record| record.offset);
        self.list.iter().map(move |a| (&a.partition, a.committed, first(a)))
    }

    /// Takes up newly assigned partitions. The tasks that they need are opened with their state restored, also
    /// those that other partitions of theirs kept open meanwhile: what these could not do alone, another worker
    /// may have done.
    pub(super) fn open(
        &mut self,
        shared: &Shared,
        program: &Program,
        partitions: &[TopicPartition],
    ) -> Result<(), Error> {
        let given = needed(program, partitions.iter());
        let fresh = fresh(shared, program, &given)?;
        self.open.retain(|open| !given.contains(&(open.plan, open.number)));
        self.open.extend(fresh);
        self.open.sort_by_key(|open| (open.plan, open.number));
        self.list.retain(|a| !partitions.contains(&a.partition));
        self.list.extend(partitions.iter().map(|partition| Assigned {
            partition: partition.clone(),
            committed: None,
            attempted: None,
            waiting: None,
        }));
        self.settle_inputs(shared)
    }

    /// Opens all tasks again at their last commit; what waits is read again.
    pub(super) fn reopen(&mut self, shared: &Shared, program: &Program) -> Result<(), Error> {
        self.open = fresh(shared, program, &needed(program, self.list.iter().map(|a| &a.partition)))?;
        for assigned in &mut self.list {
            (assigned.committed, assigned.attempted, assigned.waiting) = (None, None, None);
        }
        self.settle_inputs(shared)
    }

    /// Lets newly opened tasks begin.
    pub(super) fn begin(&mut self, output: &mut Output) {
        for open in self.open.iter_mut().filter(|open| !open.begun) {
            open.task.begin(output);
            open.begun = true;
        }
    }

    /// Gives up partitions, and the tasks that none of the others needs.
    pub(super) fn close(&mut self, program: &Program, partitions: &[TopicPartition]) {
        self.list.retain(|a| !partitions.contains(&a.partition));
        let needed = needed(program, self.list.iter().map(|a| &a.partition));
        self.open.retain(|open| needed.contains(&(open.plan, open.number)));
        self.find_places();
    }

    /// Moves to another program: what its tasks know of the old tasks' state, store by name, goes over, also
    /// where another task keeps the store now. What waits is to be read again, from the positions committed.
    pub(super) fn switch(&mut self, shared: &Shared, program: &Program) -> Result<(), Error> {
        let (mut next, mut there) = (Vec::new(), BTreeSet::new());
        for (plan, number) in needed(program, self.list.iter().map(|a| &a.partition)) {
            let mut task = StreamTask::new(program, plan)?;
            let tables: Vec<StoreId> = task.tables().iter().map(|(store, _)| *store).collect();
            let is_new = |store: usize, name: &str| {
                let is_kept = |old: &Open| old.number == number && old.task.store_names().any(|n| n == name);
                tables.contains(&store) && !self.open.iter().any(is_kept)
            };
            let known = task.store_names().enumerate().filter(|(store, name)| !is_new(*store, name));
            there.extend(known.map(|(store, _)| (next.len(), store)));
            for old in self.open.iter().filter(|old| old.number == number) {
                carry_over(&old.task, &mut task)?;
            }
            next.push(Open { plan, number, task, places: Vec::new(), begun: false });
        }
        complete(shared, &mut next, &there)?;
        self.open = next;
        self.partitions.clear();
        self.list.iter_mut().for_each(|assigned| assigned.waiting = None);
        self.settle_inputs(shared)
    }

    /// Produces what the tasks wrote. Partitions are by the key without its window, as in Kafka Streams.
    pub(super) fn produce(
        &mut self,
        output: &Output,
        producer: &mut dyn Producer,
        broker: &dyn Broker,
    ) -> Result<(), Error> {
        let mut headers: Vec<(&str, &[u8])> = Vec::new();
        for record in output.iter() {
            headers.clear();
            headers.extend(record.headers());
            let partition = match record.partition_key() {
                Some(key) => Some(partition_for_key(key, self.partition_count(record.topic(), broker)?)),
                None => None,
            };
            let record = Outgoing {
                topic: record.topic(),
                partition,
                key: record.key(),
                value: record.value(),
                timestamp: record.timestamp(),
                headers: &headers,
            };
            super::cut::produce(producer, &record)?;
        }
        Ok(())
    }

    fn partition_count(&mut self, topic: &str, broker: &dyn Broker) -> Result<i32, Error> {
        if let Some(count) = self.partitions.get(topic) {
            return Ok(*count);
        }
        let Some(info) = broker.topic(topic)? else {
            return Err(Error::Topic(format!(
                "the topic {topic} is gone from {}: start the engine again to have it made",
                broker.describe()
            )));
        };
        self.partitions.insert(topic.to_owned(), info.partitions);
        Ok(info.partitions)
    }

    /// Produces what changed in the stores to their changelogs, and of tables where of their topics they stand
    /// when these offsets are committed.
    pub(super) fn produce_changes(
        &mut self,
        producer: &mut dyn Producer,
        group: &str,
        offsets: &[OffsetCommit],
    ) -> Result<(), Error> {
        for Open { number, task, .. } in &mut self.open {
            let topics: Vec<String> = task.store_names().map(|name| changelog(group, name)).collect();
            let mut outcome = Ok(());
            let partition = Some(*number);
            task.take_changes(&mut |store, key, value| {
                if outcome.is_ok() {
                    let topic = topics[store].as_str();
                    let record =
                        Outgoing { topic, partition, key: Some(key), value, timestamp: 0, headers: &[] };
                    outcome = producer.produce(&record);
                }
            });
            outcome?;
            for &(store, input) in task.tables() {
                let is_its = |offset: &&OffsetCommit| {
                    offset.partition.partition == *number
                        && task.topics().nth(input).is_some_and(|topic| *topic == *offset.partition.topic)
                };
                let Some(offset) = offsets.iter().find(is_its) else { continue };
                producer.produce(&Outgoing {
                    topic: &topics[store],
                    partition,
                    key: Some(POSITION_KEY),
                    value: Some(&offset.offset.to_le_bytes()),
                    timestamp: 0,
                    headers: &[],
                })?;
            }
        }
        Ok(())
    }

    /// Notes what the pending commit sends.
    pub(super) fn attempted(&mut self, offsets: &[OffsetCommit]) {
        for offset in offsets {
            if let Some(assigned) = self.list.iter_mut().find(|a| a.partition == offset.partition) {
                assigned.attempted = Some(offset.offset);
            }
        }
    }

    /// The pending commit has happened.
    pub(super) fn committed(&mut self) {
        for assigned in &mut self.list {
            assigned.committed = assigned.attempted.take().or(assigned.committed);
        }
    }

    /// Whether the stable offsets are those of the pending commit, which then has happened.
    pub(super) fn settled(&self, stable: &[Option<OffsetCommit>]) -> bool {
        let pending = self.list.iter().any(|a| a.attempted.is_some());
        pending
            && self.list.iter().zip(stable).all(|(assigned, stable)| {
                assigned.attempted.is_none() || assigned.attempted == stable.as_ref().map(|s| s.offset)
            })
    }

    /// Adds the tasks' counts to a summary and begins them anew.
    pub(super) fn count(&mut self, program: &Program, summary: &mut Summary) {
        for open in &mut self.open {
            let number = open.number;
            open.task
                .take_counters(|query, counters| summary.add(&program.queries[query].id, number, counters));
        }
    }
}

/// The tasks that partitions need, as indexes of the program with partition numbers, in order.
fn needed<'p>(program: &Program, partitions: impl Iterator<Item = &'p TopicPartition>) -> Vec<(usize, i32)> {
    let task = |p: &TopicPartition| program.reader_of(&p.topic).map(|(plan, _)| (plan, p.partition));
    let mut needed: Vec<_> = partitions.filter_map(task).collect();
    needed.sort_unstable();
    needed.dedup();
    needed
}

/// New tasks, their state restored.
fn fresh(shared: &Shared, program: &Program, wanted: &[(usize, i32)]) -> Result<Vec<Open>, Error> {
    let open = |&(plan, number): &(usize, i32)| {
        Ok(Open { plan, number, task: StreamTask::new(program, plan)?, places: Vec::new(), begun: false })
    };
    let mut list = wanted.iter().map(open).collect::<Result<Vec<_>, Error>>()?;
    complete(shared, &mut list, &BTreeSet::new())?;
    Ok(list)
}

/// Brings the stores that are not `there` to the committed offsets.
fn complete(shared: &Shared, list: &mut [Open], there: &BTreeSet<StoreOf>) -> Result<(), Error> {
    let mut tasks: Vec<_> = list.iter_mut().map(|open| (open.number, &mut open.task)).collect();
    let tasks: &mut Numbered<'_> = &mut tasks;
    let positions = restore(shared, tasks, there)?;
    fill(shared, tasks, there, &positions)
}

/// Hands the state of one task to another, store by name.
fn carry_over(old: &StreamTask, next: &mut StreamTask) -> Result<(), Error> {
    let names: Vec<String> = old.store_names().map(str::to_owned).collect();
    let places: Vec<Option<usize>> =
        names.iter().map(|name| next.store_names().position(|n| n == name)).collect();
    let mut outcome = Ok(());
    old.export(&mut |store, key, value| {
        if let (Ok(()), Some(place)) = (&outcome, places[store]) {
            outcome = next
                .restore(place, key, Some(value))
                .map_err(|source| Error::Restore { topic: names[store].clone(), source });
        }
    });
    outcome
}
