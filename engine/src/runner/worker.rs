//! A worker: one thread, one consumer, one transactional producer, and the tasks of its partitions.
//!
//! What holds: what a record caused (outputs, offsets, the order of inputs) is in one transaction; after any
//! failure the tasks and the input stand at the last commit. What the tasks know goes into checkpoints, by a
//! producer of its own.

mod carry;
mod change;
mod checkpoints;
mod clients;
mod commit;
mod concluding;
mod cut;
mod flood;
mod hold;
mod idle;
mod kept;
mod merge;
mod offsets;
mod past;
mod recover;
mod tasks;
mod waiting;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use broker::{Batch, Consumer, ErrorKind, GroupMetadata, Headers, Poll, Producer, TopicPartition};
use clients::{checkpointer, consumer_config, producer_config};
use flood::FloodWarning;
use tasks::{Route, Tasks};
use waiting::Look;
pub(super) use waiting::{Pace, Waiting};

use super::checkpoint::Checkpointer;
use super::generation::Generation;
use super::local::Owner;
use super::{Error, Guarantee, Shared};
use crate::task::{InputRecord, Output, RecordHeaders, StreamTask};

/// The most records of one poll: so many that what a poll costs does not count, and so few that they are still in the
/// processor's own cache when they are read.
const BATCH: usize = 1_000;
/// A poll that brings this many means that the input is ahead of us.
const BEHIND: usize = BATCH;
/// The time from one commit to the next, at least, where outputs wait: an output that comes after a quiet moment is
/// committed at once, those that come one after the other go together.
const LINGER: Duration = Duration::from_millis(5);
/// How long a poll waits while there is nothing to do.
const IDLE: Duration = Duration::from_millis(50);
/// How long a commit may be put off while catching up.
const CATCH_UP: Duration = Duration::from_secs(1);
/// How long a poll waits while a checkpoint is under way: the time between two looks at it.
const BETWEEN_SLICES: Duration = Duration::from_millis(1);
/// Bytes of output that are handed to the producer at once.
const HAND_OVER: usize = 1 << 20;

impl<'a> RecordHeaders<'a> for Headers<'a> {
    fn last(&self, name: &str) -> Option<&'a [u8]> {
        (*self).last(name)
    }

    fn each(&self, visit: &mut dyn FnMut(&'a str, &'a [u8])) {
        self.for_each(|(name, value)| visit(name, value));
    }
}

/// See the module.
pub(super) struct Worker {
    shared: Arc<Shared>,
    index: usize,
    generation: Arc<Generation>,
    consumer: Box<dyn Consumer>,
    producer: Box<dyn Producer>,
    group: Option<GroupMetadata>,
    tasks: Tasks,
    /// The group knows which topics the program reads.
    is_subscribed: bool,
    /// Partitions were taken up.
    begun: bool,
    /// Given by the group and not yet taken up, because that failed.
    pending: Option<Vec<TopicPartition>>,
    /// What the group said in the middle of a restore.
    told: Option<Poll>,
    /// The consumer was given no partitions for the time of a restore, and has none since.
    is_held: bool,
    batch: Batch,
    output: Output,
    /// What is promised of the outputs of this program.
    guarantee: Guarantee,
    /// Something was produced since the last commit, in a transaction where outputs are exactly once.
    in_transaction: bool,
    /// When the first output since the last commit was written.
    first_output: Option<Instant>,
    last_commit: Instant,
    /// When the last commit began.
    last_begun: Instant,
    /// When outputs last went to the producer.
    last_hand_over: Instant,
    /// The last poll brought so much that the input is ahead.
    behind: bool,
    /// Failures since the last commit that went well.
    failures: u32,
    /// Of the last commit; it counts up over all workers that had these partitions.
    commit_number: i64,
    checkpointer: Box<dyn Checkpointer>,
    /// The one that is under way.
    checkpoint: Option<checkpoints::Pending>,
    /// Why the last one failed.
    failed_checkpoint: Option<broker::Error>,
    /// When the last one began, and the last one of all tasks.
    last_checkpoint: Instant,
    last_refresh: Instant,
    records: u64,
    outputs: u64,
    /// When the first record since the last count came.
    first_record: Option<Instant>,
    /// When the last commit of records had happened.
    last_records: Option<Instant>,
    /// Records since the last commit.
    uncommitted: bool,
    flood: FloodWarning,
}

impl Worker {
    /// Joins the group.
    pub(super) fn new(shared: &Arc<Shared>, index: usize) -> Result<Self, Error> {
        let generation = shared.current();
        let guarantee = shared.options.guarantee.of(&generation.program);
        let mut consumer = shared.broker.consumer(&consumer_config(shared, index))?;
        consumer.subscribe(&change::topics_of(&generation))?;
        Ok(Self {
            producer: shared.broker.producer(&producer_config(shared, index, guarantee))?,
            guarantee,
            shared: shared.clone(),
            index,
            generation,
            consumer,
            group: None,
            tasks: Tasks::default(),
            is_subscribed: true,
            begun: false,
            pending: None,
            told: None,
            is_held: false,
            batch: Batch::new(),
            output: Output::new(),
            in_transaction: false,
            first_output: None,
            last_commit: shared.clock.now(),
            last_begun: shared.clock.now(),
            last_hand_over: shared.clock.now(),
            behind: false,
            failures: 0,
            commit_number: 0,
            checkpointer: checkpointer(shared, index)?,
            checkpoint: None,
            failed_checkpoint: None,
            last_checkpoint: shared.clock.now(),
            last_refresh: shared.clock.now(),
            records: 0,
            outputs: 0,
            first_record: None,
            last_records: None,
            uncommitted: false,
            flood: FloodWarning::default(),
        })
    }

    /// Works until told to stop.
    pub(super) fn run(mut self) -> Result<(), Error> {
        while !self.shared.stop.load(Ordering::SeqCst) {
            match self.turn() {
                // The way back was not found before the end was asked for. What is done since the last
                // commit may be part of a batch, so nothing of it may be committed.
                Err(Error::Stopping) => return Ok(()),
                outcome => outcome?,
            }
        }
        self.finish()
    }

    /// One round, and the way back where it fails.
    pub(super) fn turn(&mut self) -> Result<(), Error> {
        self.step().or_else(|error| self.recover(error))
    }

    /// Commits what is done and leaves the group.
    pub(super) fn finish(mut self) -> Result<(), Error> {
        match self.commit() {
            Ok(()) => match self.checkpoint_before_leaving() {
                // It is in the changelogs. The local state is not brought to it now; the next start does that.
                Err(Error::Stopping) => {}
                outcome => outcome?,
            },
            // What is not committed is done again after the next start.
            Err(error) => tracing::warn!(worker = self.index, %error, "the last commit failed"),
        }
        Ok(self.consumer.close()?)
    }

    /// One round: a poll and what it brings, then a commit where one is due.
    fn step(&mut self) -> Result<(), Error> {
        if self.shared.number.load(Ordering::SeqCst) != self.generation.number {
            if self.begun {
                self.switch()?;
            } else {
                self.adopt(self.shared.current())?;
                self.follow_guarantee()?;
            }
        }
        self.follow_subscription()?;
        if self.told.is_none()
            && let Some(partitions) = self.pending.clone()
        {
            self.assign(partitions)?;
        }
        self.checkpoint_before_work()?;
        let wait = match &self.checkpoint {
            None => IDLE,
            Some(pending) if pending.waits() => BETWEEN_SLICES,
            Some(_) => Duration::ZERO,
        };
        let timeout = self.until_commit().min(wait);
        let mut batch = std::mem::take(&mut self.batch);
        let polled = match self.told.take() {
            Some(told) => Ok(told),
            None => self.consumer.poll(&mut batch, timeout),
        };
        let outcome = match polled {
            Ok(Poll::Records) => self.records(&batch),
            Ok(Poll::Idle) => {
                self.behind = false;
                self.merge()
            }
            Ok(Poll::Assign(partitions)) => {
                tracing::info!(worker = self.index, partitions = %change::names(&partitions), "assigned");
                self.assign(partitions)
            }
            Ok(Poll::Revoke { partitions, lost }) => self.revoke(&partitions, lost),
            Err(error) => Err(error.into()),
        };
        self.batch = batch;
        outcome?;
        self.pass_idle()?;
        self.go_on_with_checkpoint()?;
        self.make_room()?;
        if self.until_commit().is_zero() {
            self.commit()?;
            self.checkpoint_if_due()?;
        }
        Ok(())
    }

    /// How long until the next commit is due.
    fn until_commit(&self) -> Duration {
        let interval = if self.behind { CATCH_UP } else { self.shared.options.commit_interval };
        let now = self.shared.clock.now();
        let passed = |since| now.saturating_duration_since(since);
        let due = interval.saturating_sub(passed(self.last_commit));
        // Outputs that are not in a transaction are visible already.
        let waits = self.first_output.is_some() && self.guarantee == Guarantee::ExactlyOnce;
        if waits && !self.behind { due.min(LINGER.saturating_sub(passed(self.last_begun))) } else { due }
    }

    fn records(&mut self, batch: &Batch) -> Result<(), Error> {
        self.behind = batch.len() >= BEHIND;
        self.first_record.get_or_insert_with(|| self.shared.clock.now());
        let routes: Vec<_> =
            batch.sources().iter().map(|source| self.tasks.route(&self.generation.program, source)).collect();
        for (i, record) in batch.iter().enumerate() {
            if i % StreamTask::AHEAD == 0 {
                self.look_ahead(batch, i, &routes);
            }
            let Some(route) = routes[record.source] else { continue };
            if let Some(place) = route.waits {
                self.tasks.keep(place, &record);
                continue;
            }
            let input = InputRecord {
                partition: route.number,
                offset: record.offset,
                timestamp: record.timestamp,
                key: record.key,
                value: record.value,
                headers: &record.headers,
            };
            self.tasks.process(route, &input, &mut self.output);
            self.processed()?;
        }
        self.merge()
    }

    /// Lets the tasks with several inputs take what is due of what has come.
    fn merge(&mut self) -> Result<(), Error> {
        self.tasks.begin(&mut self.output);
        self.tasks.begin_round();
        for task in 0..self.tasks.open.len() {
            loop {
                let mut look = Look {
                    consumer: &mut *self.consumer,
                    broker: &*self.shared.broker,
                    group: &self.shared.options.group,
                    clock: &*self.shared.clock,
                    idle: self.shared.options.task_idle,
                };
                if !self.tasks.run_next(task, &mut look, &mut self.output)? {
                    break;
                }
                self.processed()?;
            }
        }
        self.tasks.pace(&mut *self.consumer)?;
        if self.gathers() { Ok(()) } else { self.hand_over() }
    }

    /// Whether outputs wait for more of them: while the input is ahead, those of a commit interval go together. The log
    /// takes a request for each partition then, and not one for each poll.
    fn gathers(&self) -> bool {
        let passed = || self.shared.clock.now().saturating_duration_since(self.last_hand_over);
        self.behind && !self.output.is_empty() && passed() < self.shared.options.commit_interval
    }

    /// A record is processed; what was written is handed over before it becomes much.
    fn processed(&mut self) -> Result<(), Error> {
        self.records += 1;
        self.uncommitted = true;
        if let Some(problem) = self.output.stop_reason() {
            return Err(Error::Record(problem.clone()));
        }
        if let Some(problem) = self.output.failure() {
            return Err(Error::Disk(problem.to_owned()));
        }
        if self.output.size() >= HAND_OVER { self.hand_over() } else { Ok(()) }
    }

    /// Tells the tasks which keys come from the record at `first` on.
    fn look_ahead(&mut self, batch: &Batch, first: usize, routes: &[Option<Route>]) {
        let next = first..(first + StreamTask::AHEAD).min(batch.len());
        for (source, route) in routes.iter().enumerate() {
            let Some(route) = route.filter(|route| route.waits.is_none()) else { continue };
            let records = next.clone().map(|i| batch.get(i)).filter(move |record| record.source == source);
            self.tasks.look_ahead(route, records.filter_map(|record| record.key));
        }
    }

    /// Gives what the tasks wrote to the producer.
    fn hand_over(&mut self) -> Result<(), Error> {
        if self.output.is_empty() {
            return Ok(());
        }
        self.begin()?;
        self.last_hand_over = self.shared.clock.now();
        self.flood.note(self.output.seal(), self.last_hand_over, self.index);
        self.first_output.get_or_insert(self.last_hand_over);
        self.outputs += self.output.len() as u64;
        self.tasks.produce(&self.output, &mut *self.producer, &*self.shared.broker)?;
        self.output.clear();
        Ok(())
    }

    /// Adds what was done to the run's summary, which is of what is committed: after a commit.
    fn count(&mut self) {
        let mut summary = self.shared.summary.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        summary.records += std::mem::take(&mut self.records);
        summary.outputs += std::mem::take(&mut self.outputs);
        summary.commits += 1;
        if let Some(first) = self.first_record.take() {
            summary.cover((first, self.last_records.unwrap_or(first)));
        }
        self.tasks.count(&self.generation.program, &mut summary);
    }

    /// Who it is to those who share the local state.
    fn owner(&self) -> Owner {
        let generation = self.group.as_ref().map_or(-1, GroupMetadata::generation);
        Owner { worker: self.index, generation }
    }

    fn forget_transaction(&mut self) {
        self.in_transaction = false;
        self.first_output = None;
        self.output.clear();
    }

    /// What was done since the last commit is not to be counted.
    fn undone(&mut self) {
        (self.records, self.outputs) = (0, 0);
    }
}

/// Whether an error of this kind stays, however often it is tried.
pub(super) fn lasts(kind: ErrorKind) -> bool {
    use ErrorKind::{Config, OffsetOutOfRange, TooLarge, UnknownTopic};
    matches!(kind, Config | UnknownTopic | OffsetOutOfRange | TooLarge)
}
