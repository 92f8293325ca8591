//! Partitions come and go, and so do programs.
//!
//! Enters: what the group gives and takes, and a new program. Leaves: tasks that stand at the last commit. What
//! holds: a task is opened or changed at a commit boundary only; nothing is taken for granted of which partitions
//! come or go together.

use std::sync::Arc;

use broker::{Position, TopicPartition};

use super::super::Error;
use super::super::generation::Generation;
use super::Worker;

impl Worker {
    /// Takes up partitions that the group gave; where that fails, the next step tries again.
    pub(super) fn assign(&mut self, partitions: Vec<TopicPartition>) -> Result<(), Error> {
        self.pending = Some(partitions.clone());
        // Partitions that stay are read on from here, too.
        self.commit()?;
        // Nothing of ours may be pending where changelogs are read to their ends.
        self.give_up_checkpoint()?;
        self.group = Some(self.consumer.group_metadata()?);
        match self.open(&partitions) {
            // They stay to be taken up, unless the group wants them back.
            Err(Error::Rebalancing) => return Ok(()),
            outcome => outcome?,
        };
        self.assign_open()?;
        self.checkpoint_before_work()?;
        (self.pending, self.begun) = (None, true);
        self.last_commit = self.shared.clock.now();
        Ok(())
    }

    /// Has all partitions of the tasks read from their last commits.
    pub(super) fn assign_open(&mut self) -> Result<(), Error> {
        let positions = self.tasks.positions().map(|(p, at)| (p.clone(), Position::Offset(at)));
        self.consumer.assign(&positions.collect::<Vec<_>>())?;
        self.is_held = false;
        Ok(())
    }

    /// A store that is in no checkpoint yet is in one before the first commit that touches it: otherwise nobody
    /// could tell later from where it has to be made again.
    pub(super) fn checkpoint_before_work(&mut self) -> Result<(), Error> {
        if self.tasks.need_checkpoint() { self.checkpoint_now() } else { Ok(()) }
    }

    /// Gives partitions up, with what was done for them committed and in a checkpoint, unless they are another's
    /// already.
    pub(super) fn revoke(&mut self, partitions: &[TopicPartition], lost: bool) -> Result<(), Error> {
        tracing::info!(worker = self.index, partitions = %names(partitions), lost, "revoked");
        let outcome = if lost {
            self.abort().and_then(|()| self.give_up_checkpoint())
        } else {
            self.commit().and_then(|()| self.checkpoint_before_leaving())
        };
        self.undone();
        // Where this fails, the way back gives it up.
        let given_up = self.give_up_checkpoint();
        if !lost && outcome.is_ok() && given_up.is_ok() {
            self.tasks.keep_tasks(partitions);
        }
        self.tasks.close(&self.generation.program, partitions);
        self.pending.iter_mut().for_each(|pending| pending.retain(|p| !partitions.contains(p)));
        if self.tasks.is_empty() {
            self.pending.take_if(|pending| pending.is_empty());
        }
        self.consumer.unassign(partitions)?;
        // A commit that failed now is settled by the offsets that the next owner finds.
        outcome.and(given_up)
    }

    /// Takes over the new program: at a commit boundary, with the state of what stays.
    pub(super) fn switch(&mut self) -> Result<(), Error> {
        self.commit()?;
        // The new program goes on from here: what its tasks do not take over is not in its checkpoints.
        self.checkpoint_now()?;
        let next = self.shared.current();
        if !self.tasks.are_whole() {
            return self.switch_anew(next);
        }
        let before = topics_of(&self.generation);
        let waiting = self.tasks.waiting();
        let owner = self.owner();
        let Self { shared, tasks, consumer, generation, .. } = self;
        let between = &mut || {
            consumer.keep_alive();
            Ok(())
        };
        tasks.switch(shared, (generation.number, &next), owner, between)?;
        // What came of a topic that was not known was not kept.
        let unknown = self.tasks.partitions().filter(|p| !before.iter().any(|topic| **topic == *p.topic));
        let unread: Vec<_> = unknown.cloned().chain(waiting).collect();
        // Before what may fail: the way back does not come here again.
        self.adopt(next)?;
        self.follow_guarantee()?;
        self.read_again(&unread)?;
        self.checkpoint_before_work()
    }

    /// The same, where some task does not work since inputs of it are elsewhere: what it knows is older than what
    /// others may have done, so all is restored.
    fn switch_anew(&mut self, next: Arc<Generation>) -> Result<(), Error> {
        self.tasks.forget();
        self.adopt(next)?;
        self.follow_guarantee()?;
        let partitions: Vec<_> = self.tasks.partitions().cloned().collect();
        self.restore_again(&partitions)?;
        self.checkpoint_before_work()
    }

    /// From now on this program runs here.
    pub(super) fn adopt(&mut self, next: Arc<Generation>) -> Result<(), Error> {
        let (before, after) = (topics_of(&self.generation), topics_of(&next));
        self.generation = next;
        self.shared.runs(self.index, self.generation.number);
        tracing::info!(worker = self.index, number = self.generation.number, "the new rules run");
        self.is_subscribed &= before == after;
        self.follow_subscription()
    }

    /// Tells the group which topics the program reads, where it does not know yet.
    pub(super) fn follow_subscription(&mut self) -> Result<(), Error> {
        if !self.is_subscribed {
            self.consumer.subscribe(&topics_of(&self.generation))?;
            self.is_subscribed = true;
        }
        Ok(())
    }
}

pub(super) fn names(partitions: &[TopicPartition]) -> String {
    partitions.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// What a program reads, in an order that does not depend on that of its files.
pub(super) fn topics_of(generation: &Generation) -> Vec<String> {
    let mut topics: Vec<_> = generation.program.input_topics().map(str::to_owned).collect();
    topics.sort();
    topics
}
