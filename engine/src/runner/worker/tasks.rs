//! A worker's tasks: opened with their state restored, carried over to a new program, closed.

use std::collections::HashMap;

use broker::{Broker, OffsetCommit, Outgoing, Producer, TopicPartition, partition_for_key};

use super::super::restore::restore;
use super::super::topics::changelog;
use super::super::{Error, Shared, Summary};
use crate::plan::Program;
use crate::task::{InputRecord, Output, StreamTask};

/// A task of one partition.
struct Assigned {
    partition: TopicPartition,
    /// None where the program does not read the topic any more.
    task: Option<StreamTask>,
    /// The position of the last commit of ours; None before the first.
    committed: Option<i64>,
    /// The position that the pending commit sent.
    attempted: Option<i64>,
}

/// The tasks of a worker, and the partition counts of the topics that they write.
#[derive(Default)]
pub(super) struct Tasks {
    list: Vec<Assigned>,
    partitions: HashMap<String, i32>,
}

/// The task of a program that reads a topic.
fn index_of(program: &Program, topic: &str) -> Option<usize> {
    program.tasks.iter().position(|t| t.input.topic == topic)
}

fn new_task(program: &Program, topic: &str) -> Result<Option<StreamTask>, Error> {
    Ok(index_of(program, topic).map(|index| StreamTask::new(program, index)).transpose()?)
}

impl Tasks {
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The task of a partition.
    pub(super) fn find(&self, partition: &TopicPartition) -> Option<usize> {
        self.list.iter().position(|a| a.partition == *partition)
    }

    /// A task's partition number.
    pub(super) fn partition(&self, task: usize) -> i32 {
        self.list[task].partition.partition
    }

    /// Runs a record through its task.
    pub(super) fn process(&mut self, task: usize, record: &InputRecord<'_>, output: &mut Output) {
        if let Some(task) = &mut self.list[task].task {
            task.process(record, output);
        }
    }

    /// The partitions with the positions of their last commits.
    pub(super) fn positions(&self) -> impl Iterator<Item = (&TopicPartition, Option<i64>)> {
        self.list.iter().map(|a| (&a.partition, a.committed))
    }

    /// Opens the tasks of newly assigned partitions, their state restored. Those that are open already stay.
    pub(super) fn open(
        &mut self,
        shared: &Shared,
        program: &Program,
        partitions: &[TopicPartition],
    ) -> Result<(), Error> {
        let new: Vec<_> = partitions.iter().filter(|p| self.find(p).is_none()).cloned().collect();
        self.list.append(&mut fresh(shared, program, &new)?);
        Ok(())
    }

    /// Opens all tasks again at their last commit.
    pub(super) fn reopen(&mut self, shared: &Shared, program: &Program) -> Result<(), Error> {
        let partitions: Vec<_> = self.list.iter().map(|a| a.partition.clone()).collect();
        self.list = fresh(shared, program, &partitions)?;
        Ok(())
    }

    /// Gives up partitions.
    pub(super) fn close(&mut self, partitions: &[TopicPartition]) {
        self.list.retain(|a| !partitions.contains(&a.partition));
    }

    /// Moves to another program: what its tasks know of the old tasks' state, store by name, goes over.
    pub(super) fn switch(&mut self, program: &Program) -> Result<(), Error> {
        for assigned in &mut self.list {
            let mut next = new_task(program, &assigned.partition.topic)?;
            if let (Some(old), Some(next)) = (&assigned.task, &mut next) {
                carry_over(old, next)?;
            }
            assigned.task = next;
        }
        self.partitions.clear();
        Ok(())
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
            producer.produce(&Outgoing {
                topic: record.topic(),
                partition,
                key: record.key(),
                value: record.value(),
                timestamp: record.timestamp(),
                headers: &headers,
            })?;
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

    /// Produces what changed in the stores to their changelogs.
    pub(super) fn produce_changes(&mut self, producer: &mut dyn Producer, group: &str) -> Result<(), Error> {
        for assigned in &mut self.list {
            let Some(task) = &mut assigned.task else { continue };
            let topics: Vec<String> = task.store_names().map(|name| changelog(group, name)).collect();
            let mut outcome = Ok(());
            let partition = Some(assigned.partition.partition);
            task.take_changes(&mut |store, key, value| {
                if outcome.is_ok() {
                    let topic = topics[store].as_str();
                    let record =
                        Outgoing { topic, partition, key: Some(key), value, timestamp: 0, headers: &[] };
                    outcome = producer.produce(&record);
                }
            });
            outcome?;
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
        for assigned in &mut self.list {
            let Some(task) = &mut assigned.task else { continue };
            for (query, counters) in program.queries.iter().zip(task.take_counters()) {
                *summary.queries.entry(query.id.clone()).or_default() += counters;
            }
        }
    }
}

/// New tasks, their state restored.
fn fresh(shared: &Shared, program: &Program, partitions: &[TopicPartition]) -> Result<Vec<Assigned>, Error> {
    let open = |partition: &TopicPartition| {
        let task = new_task(program, &partition.topic)?;
        Ok(Assigned { partition: partition.clone(), task, committed: None, attempted: None })
    };
    let mut list = partitions.iter().map(open).collect::<Result<Vec<_>, Error>>()?;
    let mut tasks: Vec<(i32, &mut StreamTask)> =
        list.iter_mut().filter_map(|a| a.task.as_mut().map(|t| (a.partition.partition, t))).collect();
    restore(shared, &mut tasks)?;
    Ok(list)
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
