//! A worker's tasks: opened with their state restored, carried over to a new program, closed.

use std::collections::HashMap;

use broker::{Broker, Isolation, OffsetCommit, Outgoing, Producer, TopicPartition, partition_for_key};

use super::super::checkpoint::Stamp;
use super::super::generation::Generation;
use super::super::journal::Journal;
use super::super::local::{Claim, Owner};
use super::super::restore::{Between, Log, Outcome, Past, Restored, Standing, restore};
use super::super::{Error, Shared, Summary};
use super::idle::Idleness;
use super::kept::Kept;
use super::past::is_whole;
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
    /// How many commits it did something for that no position need tell of.
    pub(super) silent: u64,
    /// Where its last checkpoint stands. None: the next one has to come before the next commit.
    pub(super) checkpoint: Option<Stand>,
}

/// Where a task stands as of a commit: nothing has changed in it where it stands there still.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stand {
    /// In its inputs.
    pub(super) positions: Vec<i64>,
    /// See [`Open::silent`].
    pub(super) silent: u64,
}

/// The changelog of a store.
pub(super) struct StoreLog {
    pub(super) partition: TopicPartition,
    /// From where it counts.
    pub(super) from: i64,
    /// The commit of its last checkpoint.
    pub(super) base: Option<i64>,
    /// To write the local state, where there is one.
    pub(super) claim: Option<Claim>,
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

/// What came of taking up partitions.
#[must_use]
pub(super) enum Opened {
    /// Their tasks are open; the highest number of a commit that they know of.
    At(i64),
    /// None of it: other rules have work to do once more before.
    Behind(Past),
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
    pub(super) partitions: HashMap<String, i32>,
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
    /// may have done.
    ///
    /// # Errors
    /// Those of the restore; then nothing has changed.
    pub(super) fn open(
        &mut self,
        shared: &Shared,
        generation: &Generation,
        (partitions, owner): (&[TopicPartition], Owner),
        between: &mut Between<'_>,
    ) -> Result<Opened, Error> {
        let program = &generation.program;
        let given = needed(program, partitions.iter());
        let kept = self.kept(shared, generation, (&given, owner))?;
        let is_kept = |task: &(usize, i32)| kept.iter().any(|(_, open)| (open.plan, open.number) == *task);
        let rest: Vec<_> = given.iter().copied().filter(|task| !is_kept(task)).collect();
        let restored = {
            let is_here = |partition: &TopicPartition| {
                partitions.contains(partition) || self.partitions().any(|own| own == partition)
            };
            let is_whole = |(plan, number): (usize, i32)| is_whole(program, plan, number, &is_here);
            restore(shared, generation, (&rest, owner), &is_whole, between)
        };
        let fresh = match restored {
            Ok(Outcome::Restored(fresh)) => fresh,
            Ok(Outcome::Behind(past)) => {
                self.kept.extend(kept.into_iter().map(Kept::again));
                return Ok(Opened::Behind(past));
            }
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
        self.settle_inputs(shared, program)?;
        Ok(Opened::At(number))
    }

    /// Whether all tasks have all of their inputs here.
    pub(super) fn are_whole(&self) -> bool {
        self.open.iter().all(|open| open.places.iter().all(Option::is_some))
    }

    /// Lets newly opened tasks begin.
    pub(super) fn begin(&mut self, output: &mut Output) {
        let is_due = |open: &&mut Open| !open.begun && open.places.iter().all(Option::is_some);
        for open in self.open.iter_mut().filter(is_due) {
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

    /// Lets all tasks go, to be opened anew where the commits of their partitions stand.
    pub(super) fn forget(&mut self) {
        self.open.clear();
        self.kept.clear();
        self.partitions.clear();
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
                _ if record.is_for_all() => None,
                Some(key) => Some(partition_for_key(key, self.partition_count(record.topic(), broker)?)),
                None => None,
            };
            let to = Outgoing {
                topic: record.topic(),
                partition,
                key: record.key(),
                value: record.value(),
                timestamp: record.timestamp(),
                headers: &headers,
            };
            if record.is_for_all() {
                for partition in 0..self.partition_count(to.topic, broker)? {
                    producer.produce(&Outgoing { partition: Some(partition), ..to })?;
                }
            } else {
                super::cut::produce(producer, &to)?;
            }
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
pub(super) fn needed<'p>(
    program: &Program,
    partitions: impl Iterator<Item = &'p TopicPartition>,
) -> Vec<(usize, i32)> {
    let task = |p: &TopicPartition| program.reader_of(&p.topic).map(|(plan, _)| (plan, p.partition));
    let mut needed: Vec<_> = partitions.filter_map(task).collect();
    needed.sort_unstable();
    needed.dedup();
    needed
}

/// A task that was restored, to be worked with.
pub(super) fn opened(restored: Restored) -> Open {
    let Restored { task, standing, is_fresh } = restored;
    let needs_checkpoint = standing.needs_checkpoint();
    let Standing { plan, number, work, logs, inputs, journal, .. } = standing;
    let idleness = task.idle_timeout().map(|_| Idleness::default());
    // What it did since is in the stores as changed, so the checkpoint still stands where it was made.
    let positions = || inputs.iter().map(|input| input.from).collect();
    let checkpoint = (!needs_checkpoint).then(|| Stand { positions: positions(), silent: 0 });
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
        // What it did once more may be such a commit's.
        silent: u64::from(!is_fresh),
        checkpoint,
    }
}

fn store_log(log: Log) -> StoreLog {
    StoreLog { partition: log.partition, from: log.from, base: log.base, claim: log.claim }
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
