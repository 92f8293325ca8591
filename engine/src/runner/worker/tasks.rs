//! A worker's tasks: opened with their state restored, carried over to a new program, closed.

use std::collections::HashMap;

use broker::{Broker, Isolation, OffsetCommit, Outgoing, Producer, TopicPartition, partition_for_key};

use super::super::checkpoint::Stamp;
use super::super::journal::Journal;
use super::super::local::StorePartition;
use super::super::restore::{
    Between, Carried, Log, Placed, Restored, Standing, put_on_disk, restore, take_over,
};
use super::super::{Error, Shared, Summary};
use super::idle::Idleness;
use super::kept::Kept;
use super::waiting::Waiting;
use crate::plan::{InputId, Program};
use crate::task::{InputRecord, Output, StreamTask};

/// A partition of an input.
pub(super) struct Assigned {
    pub(super) partition: TopicPartition,
    /// Where the last commit stands; before the first, where the work begins.
    pub(super) at: i64,
    /// What was committed with it, if it was by us; None before the first commit.
    pub(super) stamp: Option<Option<Stamp>>,
    /// What the pending commit sent.
    pub(super) attempted: Option<(i64, Option<Stamp>)>,
    /// Of a task with several inputs: what has come and is not processed.
    pub(super) waiting: Option<Waiting>,
}

/// A task for one partition number of all its inputs.
pub(super) struct Open {
    /// Its index in the program.
    pub(super) plan: usize,
    pub(super) number: i32,
    pub(super) task: StreamTask,
    /// Of a task with several inputs: their partitions among the assigned ones. It works while all are there.
    pub(super) places: Vec<Option<usize>>,
    /// It has worked off what joins want of rows that were there before.
    begun: bool,
    /// It has written something since the last commit that no position tells of.
    pub(super) has_spoken: bool,
    /// Of a task with an idle time-out: since when it has had no record.
    pub(super) idleness: Option<Idleness>,
    /// In which order it took its inputs since the last commit.
    pub(super) journal: Journal,
    pub(super) journal_topic: TopicPartition,
    /// Names what it does.
    pub(super) work: String,
    /// The changelogs of its stores.
    pub(super) logs: Vec<StoreLog>,
    /// Where its last checkpoint stands in its inputs. None: the next one has to come before the next commit.
    pub(super) checkpoint: Option<Vec<i64>>,
}

/// The changelog of a store.
pub(super) struct StoreLog {
    pub(super) partition: TopicPartition,
    /// From where it counts.
    pub(super) from: i64,
    /// The commit of its last checkpoint.
    pub(super) base: Option<i64>,
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

impl Open {
    /// A record was taken, whose place among others only the journal knows later.
    fn took(&mut self, input: InputId, offset: i64) {
        if let Some(idleness) = &mut self.idleness {
            idleness.is_active = true;
            self.journal.took(input, offset);
        }
    }

    /// Whether it writes a journal.
    pub(super) fn is_journaled(&self) -> bool {
        self.task.topics().len() > 1 || self.idleness.is_some()
    }
}

/// What became of a commit whose outcome was not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Settled {
    /// It has happened.
    Happened,
    /// It has not: the log stands at the commit before, or none was pending.
    Before,
    /// Somebody else has committed.
    Foreign,
}

/// The tasks of a worker, and the partition counts of the topics that they write.
#[derive(Default)]
pub(super) struct Tasks {
    pub(super) list: Vec<Assigned>,
    /// Those that the partitions need, in order of plan and number.
    pub(super) open: Vec<Open>,
    /// Those that were open until their partitions went.
    pub(super) kept: Vec<Kept>,
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
        let open = &mut self.open[route.task];
        open.task.process(route.input, record, output);
        open.took(route.input, record.offset);
    }

    /// The assigned partitions.
    pub(super) fn partitions(&self) -> impl Iterator<Item = &TopicPartition> {
        self.list.iter().map(|assigned| &assigned.partition)
    }

    /// Where each of them stands as of the last commit.
    pub(super) fn positions(&self) -> impl Iterator<Item = (&TopicPartition, i64)> {
        self.list.iter().map(|assigned| (&assigned.partition, assigned.at))
    }

    /// Takes up newly assigned partitions. The tasks that they need are opened with their state restored, also
    /// those that other partitions of theirs kept open meanwhile: what these could not do alone, another worker
    /// may have done. Tells the highest number of a commit that they know of.
    ///
    /// # Errors
    /// Those of the restore; then nothing has changed.
    pub(super) fn open(
        &mut self,
        shared: &Shared,
        program: &Program,
        partitions: &[TopicPartition],
        between: &mut Between<'_>,
    ) -> Result<i64, Error> {
        let given = needed(program, partitions.iter());
        let kept = self.kept(shared, program, &given)?;
        let is_kept = |task: &(usize, i32)| kept.iter().any(|(_, open)| (open.plan, open.number) == *task);
        let rest: Vec<_> = given.iter().copied().filter(|task| !is_kept(task)).collect();
        let fresh = match restore(shared, program, &rest, between) {
            Ok(fresh) => fresh,
            Err(error) => {
                self.kept.extend(kept.into_iter().map(Kept::again));
                return Err(error);
            }
        };
        let standings = || kept.iter().map(|(standing, _)| standing).chain(fresh.iter().map(|r| &r.standing));
        let number = standings().map(Standing::last_number).max().unwrap_or(0);
        self.list.retain(|a| !partitions.contains(&a.partition));
        for partition in partitions {
            let found = standings().flat_map(|s| &s.inputs).find(|input| input.partition == *partition);
            let (at, stamp) = match found {
                Some(input) => (input.at, input.committed.as_ref().map(|(_, stamp)| stamp.clone())),
                None => committed(shared, partition)?,
            };
            let partition = partition.clone();
            self.list.push(Assigned { partition, at, stamp, attempted: None, waiting: None });
        }
        self.open.retain(|open| !given.contains(&(open.plan, open.number)));
        self.open.extend(kept.into_iter().map(|(_, open)| open));
        self.open.extend(fresh.into_iter().map(opened));
        self.open.sort_by_key(|open| (open.plan, open.number));
        // All partitions are read on from their commits, so what waits comes again.
        self.list.iter_mut().for_each(|assigned| assigned.waiting = None);
        self.settle_inputs(shared)?;
        Ok(number)
    }

    /// Lets newly opened tasks begin.
    pub(super) fn begin(&mut self, output: &mut Output) {
        for open in self.open.iter_mut().filter(|open| !open.begun) {
            let before = output.len();
            open.task.begin(output);
            (open.begun, open.has_spoken) = (true, output.len() > before);
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
    pub(super) fn switch(
        &mut self,
        shared: &Shared,
        program: &Program,
        between: &mut Between<'_>,
    ) -> Result<(), Error> {
        let mut carried = Vec::new();
        for (plan, number) in needed(program, self.list.iter().map(|a| &a.partition)) {
            let mut task = StreamTask::new(program, plan)?;
            let mut stands = vec![None; task.store_names().len()];
            for old in self.open.iter().filter(|old| old.number == number) {
                carry_over(shared, old, &mut task, &mut stands)?;
            }
            carried.push(Carried { plan, number, task, stands });
        }
        let next = take_over(shared, program, carried, between)?;
        self.open = next.into_iter().map(opened).collect();
        self.kept.clear();
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

/// A task that was restored, to be worked with.
fn opened(restored: Restored) -> Open {
    let Restored { task, standing, is_fresh } = restored;
    let needs_checkpoint = standing.needs_checkpoint();
    let Standing { plan, number, work, logs, inputs, journal, .. } = standing;
    let idleness = task.idle_timeout().map(|_| Idleness::default());
    // What it did since is in the stores as changed, so the checkpoint still stands where it was made.
    let checkpoint = (!needs_checkpoint).then(|| inputs.iter().map(|input| input.from).collect());
    Open {
        plan,
        number,
        task,
        places: Vec::new(),
        begun: !is_fresh,
        has_spoken: false,
        idleness,
        journal: Journal::default(),
        journal_topic: journal,
        work,
        logs: logs.into_iter().map(store_log).collect(),
        checkpoint,
    }
}

fn store_log(log: Log) -> StoreLog {
    StoreLog { partition: log.partition, from: log.from, base: log.base }
}

/// Where a partition stands that no task reads.
fn committed(shared: &Shared, partition: &TopicPartition) -> Result<(i64, Option<Option<Stamp>>), Error> {
    let group = &shared.options.group;
    let committed = shared.broker.committed(group, std::slice::from_ref(partition))?.pop().flatten();
    Ok(match committed {
        Some(OffsetCommit { offset, metadata, .. }) => (offset, Some(Stamp::parse(&metadata))),
        None => (shared.broker.watermarks(partition, Isolation::ReadCommitted)?.0, None),
    })
}

/// Where the changelog of a store stands: from where it counts, and the commit of its last checkpoint.
type Stands = Option<(i64, Option<i64>)>;

/// Hands the state of one task to another, store by name, and where the stores' changelogs stand.
///
/// What lies on disk is there as of the checkpoint that was made just before.
fn carry_over(
    shared: &Shared,
    old: &Open,
    next: &mut StreamTask,
    stands: &mut [Stands],
) -> Result<(), Error> {
    let names: Vec<String> = old.task.store_names().map(str::to_owned).collect();
    let mut places: Vec<Option<usize>> =
        names.iter().map(|name| next.store_names().position(|n| n == name)).collect();
    for (place, log) in places.iter().zip(&old.logs) {
        if let Some(place) = place {
            stands[*place] = Some((log.from, log.base));
        }
    }
    for (place, name) in places.iter_mut().zip(&names) {
        let Some(store) = *place else { continue };
        if put_on_disk(shared, next, store, &StorePartition::new(name, old.number))? == Placed::OnDisk {
            *place = None;
        }
    }
    let mut outcome = Ok(());
    old.task.export(&mut |store, key, value| {
        if let (Ok(()), Some(place)) = (&outcome, places[store]) {
            outcome = next
                .restore(place, key, Some(value))
                .map_err(|source| Error::Restore { topic: names[store].clone(), source });
        }
    });
    outcome
}
