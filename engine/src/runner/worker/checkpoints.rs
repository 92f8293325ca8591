//! When a worker makes checkpoints, and its part in them.
//!
//! Enters: the time, a commit that has just happened. Leaves: slices of what the tasks froze, between batches, so
//! that the work goes on meanwhile. What holds: a checkpoint is of a commit; a task is only in it while all its
//! inputs are here; it begins when the one before has ended, and is given up before tasks are opened, changed or
//! closed.

use std::time::Duration;

use broker::{ErrorKind, GroupMetadata, TopicPartition};

use super::super::Error;
use super::super::checkpoint::{Chunk, Job, Log, Mark, Outcome};
use super::super::generation::Generation;
use super::super::local::StorePartition;
use super::tasks::{Open, Stand, StoreLog, Tasks};
use super::{Worker, lasts};
use crate::plan::Program;

/// How long the work stands still for a slice: a fraction of the 5 ms that an output waits for its commit.
const SLICE: Duration = Duration::from_millis(1);
/// Bytes after which a slice looks at the time: some 100 microseconds of writing.
const LOOK: usize = 32 << 10;
/// The same without threads, where a slice is as little as can be, so that much happens between two.
const INLINE_SLICE: usize = 64;
/// The time between two checkpoints while the stores exceed their memory.
const SHORT_OF_MEMORY: Duration = Duration::from_millis(200);
/// How long to wait for the checkpointer where there is nothing else to do.
const WAIT: Duration = Duration::from_millis(1);
/// How old a checkpoint may become although nothing has changed: Kafka forgets committed offsets after a week of
/// nobody committing them, and those of changelogs are nobody's subscription.
const REFRESH: Duration = Duration::from_secs(60 * 60);

/// A checkpoint under way.
pub(super) struct Pending {
    /// The commit that it is of.
    number: i64,
    parts: Vec<Part>,
    /// The first task that is not written whole.
    next: usize,
    /// What is being filled, or waits for room.
    chunk: Chunk,
    /// There was no room for more when it was last tried.
    is_full: bool,
    /// All of it is on its way.
    finished: bool,
}

/// A task's part in it.
struct Part {
    /// The task's place among the open ones.
    open: usize,
    /// The place of its first changelog in the job.
    first_log: usize,
    stand: Stand,
}

impl Tasks {
    /// The tasks whose state a checkpoint has to hold, with their positions: those that have moved since their
    /// last, or all.
    fn parts(&self, all: bool) -> Vec<Part> {
        let (mut parts, mut first_log) = (Vec::new(), 0);
        for (open, task) in self.open.iter().enumerate().filter(|(_, task)| !task.logs.is_empty()) {
            let Some(stand) = self.stand_of(task) else { continue };
            if all || task.checkpoint.as_ref() != Some(&stand) {
                parts.push(Part { open, first_log, stand });
                first_log += task.logs.len();
            }
        }
        parts
    }

    /// Where a task stands as of the last commit; None where one of its inputs is not here.
    fn stand_of(&self, open: &Open) -> Option<Stand> {
        let position = |topic: &str| {
            let is_its =
                |partition: &TopicPartition| partition.partition == open.number && *partition.topic == *topic;
            self.list.iter().find(|a| is_its(&a.partition)).map(|a| a.at)
        };
        let positions = open.task.topics().map(position).collect::<Option<_>>()?;
        Some(Stand { positions, silent: open.silent })
    }

    /// Whether a task that is whole has to be in a checkpoint before the next commit.
    pub(super) fn need_checkpoint(&self) -> bool {
        let needs = |open: &Open| open.checkpoint.is_none() && self.stand_of(open).is_some();
        self.open.iter().any(|open| !open.logs.is_empty() && needs(open))
    }

    fn job(&self, generation: &Generation, parts: &[Part], number: i64, group: GroupMetadata) -> Job {
        let (rules, mut logs) = (generation.number, Vec::new());
        for part in parts {
            let open = &self.open[part.open];
            let topics = open.task.topics().map(str::to_owned);
            let positions = topics.zip(part.stand.positions.iter().copied()).collect();
            let mark = Mark { number, rules, work: open.work.clone(), positions }.encode();
            let log = |(log, store): (&StoreLog, &str)| Log {
                partition: log.partition.clone(),
                store: StorePartition::new(store, open.number),
                from: log.from,
                base: log.base,
                mark: mark.clone(),
                claim: log.claim.clone(),
            };
            logs.extend(open.logs.iter().zip(open.task.store_names()).map(log));
        }
        let has_journal = |part: &&Part| self.open[part.open].is_journaled();
        let journals = parts.iter().filter(has_journal).map(|p| self.open[p.open].journal_topic.clone());
        let journals = journals.collect();
        Job { number, rules, logs, group, trim: self.done_with(&generation.program, parts), journals }
    }

    /// Up to where topics of ours are done with: a repartition topic is read once more from the last checkpoint
    /// only. One that holds a table is kept: a join that comes later wants all of its rows. (Those of a broadcast
    /// table are in its own topic.)
    fn done_with(&self, program: &Program, parts: &[Part]) -> Vec<(TopicPartition, i64)> {
        let is_internal =
            |topic: &str| program.outputs.iter().any(|output| output.internal && output.name == topic);
        let mut done = Vec::new();
        for part in parts {
            let open = &self.open[part.open];
            for (input, (topic, at)) in open.task.topics().zip(&part.stand.positions).enumerate() {
                if *at > 0
                    && is_internal(topic)
                    && (!open.task.is_table(input) || program.copied(topic).is_some())
                {
                    done.push((TopicPartition::new(topic, open.number), *at));
                }
            }
        }
        done
    }
}

impl Worker {
    /// Begins a checkpoint where it is time for one. To be called when a commit has just happened.
    pub(super) fn checkpoint_if_due(&mut self) -> Result<(), Error> {
        let now = self.shared.clock.now();
        let passed = |since| now.saturating_duration_since(since);
        let is_short = self.shared.memory.as_ref().is_some_and(|memory| memory.excess() > 0);
        let interval = self.shared.options.checkpoint_interval;
        let interval = if is_short { interval.min(SHORT_OF_MEMORY) } else { interval };
        if self.checkpoint.is_none() && passed(self.last_checkpoint) >= interval {
            self.begin_checkpoint(passed(self.last_refresh) >= REFRESH)?;
        }
        Ok(())
    }

    /// Where the stores take far more memory than they are given, waits for a checkpoint: what is in one can be let
    /// go.
    ///
    /// # Errors
    /// It did not come about.
    pub(super) fn make_room(&mut self) -> Result<(), Error> {
        if self.shared.memory.as_ref().is_some_and(|memory| memory.is_far_exceeded()) {
            self.commit()?;
            self.checkpoint_now()?;
            self.tasks.open.iter_mut().for_each(|open| open.task.let_go());
        }
        Ok(())
    }

    /// Freezes what has changed, as of the last commit; false where there is nothing to write.
    fn begin_checkpoint(&mut self, all: bool) -> Result<bool, Error> {
        self.last_checkpoint = self.shared.clock.now();
        let Some(group) = self.group.clone() else { return Ok(false) };
        let parts = self.tasks.parts(all);
        if parts.is_empty() {
            return Ok(false);
        }
        if all {
            self.last_refresh = self.last_checkpoint;
        }
        if let Some(problem) = self.shared.memory.as_ref().and_then(|memory| memory.cannot_be_kept()) {
            return Err(Error::Disk(problem));
        }
        let job = self.tasks.job(&self.generation, &parts, self.commit_number, group);
        for part in &parts {
            self.tasks.open[part.open].task.begin_checkpoint();
        }
        self.checkpointer.begin(job);
        self.checkpoint = Some(Pending {
            number: self.commit_number,
            parts,
            next: 0,
            chunk: Chunk::default(),
            is_full: false,
            finished: false,
        });
        Ok(true)
    }

    /// Writes a slice of the checkpoint that is under way, and sees whether it has ended.
    ///
    /// # Errors
    /// It cannot be written, now or later.
    pub(super) fn go_on_with_checkpoint(&mut self) -> Result<(), Error> {
        let Some(pending) = &mut self.checkpoint else { return Ok(()) };
        if let Some(outcome) = self.checkpointer.poll() {
            return self.end_checkpoint(outcome);
        }
        let is_inline = self.shared.writes_checkpoints_inline;
        let until = self.shared.clock.now() + if is_inline { Duration::ZERO } else { SLICE };
        while !pending.finished {
            let budget = if is_inline { INLINE_SLICE } else { LOOK };
            let is_written = pending.fill(&mut self.tasks.open, budget);
            pending.is_full = false;
            if !pending.chunk.is_empty() && (is_written || pending.chunk.room() == 0) {
                let refused = self.checkpointer.offer(std::mem::take(&mut pending.chunk));
                pending.is_full = refused.is_some();
                pending.chunk = refused.unwrap_or_default();
            } else if is_written {
                pending.finished = self.checkpointer.finish();
                pending.is_full = !pending.finished;
            }
            if pending.is_full || self.shared.clock.now() >= until {
                break;
            }
        }
        Ok(())
    }

    fn end_checkpoint(&mut self, outcome: Outcome) -> Result<(), Error> {
        let Some(Pending { parts, number, .. }) = self.checkpoint.take() else { return Ok(()) };
        let is_committed = matches!(outcome, Outcome::Committed);
        for part in parts {
            let open = &mut self.tasks.open[part.open];
            open.task.end_checkpoint(is_committed);
            if is_committed {
                open.checkpoint = Some(part.stand);
                open.logs.iter_mut().for_each(|log| log.base = Some(number));
            }
        }
        let error = match outcome {
            Outcome::Committed => return Ok(()),
            Outcome::Failed(error) => error,
            Outcome::Ended(error) => return Err(error),
        };
        if error.kind() == ErrorKind::Fenced || lasts(error.kind()) {
            return Err(error.into());
        }
        tracing::warn!(worker = self.index, %error, "a checkpoint failed: the next one holds what it had");
        self.failed_checkpoint = Some(error);
        Ok(())
    }

    /// Makes a checkpoint of the last commit now and waits for it.
    ///
    /// # Errors
    /// It did not come about.
    pub(super) fn checkpoint_now(&mut self) -> Result<(), Error> {
        self.checkpoint_of(false)
    }

    /// The same; of all tasks, or those that have moved.
    pub(super) fn checkpoint_of(&mut self, all: bool) -> Result<(), Error> {
        self.give_up_checkpoint()?;
        self.failed_checkpoint = None;
        if !self.begin_checkpoint(all)? {
            return Ok(());
        }
        while self.checkpoint.is_some() {
            self.go_on_with_checkpoint()?;
            if self.checkpoint.as_ref().is_some_and(Pending::waits) {
                self.shared.clock.sleep(WAIT);
            }
        }
        match self.failed_checkpoint.take() {
            Some(error) => Err(error.into()),
            None => Ok(()),
        }
    }

    /// As [`Worker::checkpoint_now`], where the work ends or goes to somebody else: without one, the inputs are
    /// read once more by whoever takes over.
    pub(super) fn checkpoint_before_leaving(&mut self) -> Result<(), Error> {
        match self.checkpoint_now() {
            Err(Error::Broker(error)) if !lasts(error.kind()) => {
                tracing::warn!(worker = self.index, %error, "the last checkpoint failed");
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// Ends the checkpoint that is under way, if any, without a commit.
    ///
    /// # Errors
    /// It may still be pending: nothing may be restored before this has come about.
    pub(super) fn give_up_checkpoint(&mut self) -> Result<(), Error> {
        if let Some(Pending { parts, .. }) = self.checkpoint.take() {
            parts.iter().for_each(|part| self.tasks.open[part.open].task.end_checkpoint(false));
        }
        Ok(self.checkpointer.give_up()?)
    }
}

impl Pending {
    /// Whether it is for the checkpointer to go on.
    pub(super) fn waits(&self) -> bool {
        self.is_full || self.finished
    }

    /// Adds to the chunk what comes next, of about `budget` bytes; true once all is written.
    fn fill(&mut self, open: &mut [Open], budget: usize) -> bool {
        while self.next < self.parts.len() {
            let room = self.chunk.room();
            if room == 0 {
                return false;
            }
            let Part { open: at, first_log, .. } = self.parts[self.next];
            let chunk = &mut self.chunk;
            let is_written = open[at].task.write_checkpoint(room.min(budget), &mut |store, key, value| {
                chunk.push(first_log + store, key, value);
            });
            if !is_written {
                return false;
            }
            self.next += 1;
        }
        true
    }
}
