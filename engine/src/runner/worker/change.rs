//! Partitions come and go, and so do programs.
//!
//! Enters: what the group gives and takes, and a new program. Leaves: tasks that stand at the last commit. What
//! holds: a task is opened or changed at a commit boundary only; nothing is taken for granted of which partitions
//! come or go together.

use broker::{Position, TopicPartition};

use super::super::Error;
use super::{Worker, names, topics_of};

impl Worker {
    /// Takes up partitions that the group gave; where that fails, the next step tries again.
    pub(super) fn assign(&mut self, partitions: Vec<TopicPartition>) -> Result<(), Error> {
        self.pending = Some(partitions.clone());
        // A predecessor's pending commit is waited for here, before its changelog is read: the stable offsets
        // are only known once it has ended.
        self.shared.broker.committed(&self.shared.options.group, &partitions)?;
        self.tasks.open(&self.shared, &self.generation.program, &partitions)?;
        let positions: Vec<_> = partitions.into_iter().map(|p| (p, Position::Committed)).collect();
        self.consumer.assign(&positions)?;
        self.group = Some(self.consumer.group_metadata()?);
        self.pending = None;
        self.last_commit = self.shared.clock.now();
        Ok(())
    }

    /// Gives partitions up, with what was done for them committed unless they are another's already.
    pub(super) fn revoke(&mut self, partitions: &[TopicPartition], lost: bool) -> Result<(), Error> {
        tracing::info!(worker = self.index, partitions = %names(partitions), lost, "revoked");
        let committed = if lost { self.abort() } else { self.commit() };
        self.pending = None;
        self.undone();
        self.tasks.close(&self.generation.program, partitions);
        self.consumer.unassign(partitions)?;
        // A commit that failed now is settled by the offsets that the next owner finds.
        committed
    }

    /// Takes over the new program: at a commit boundary, with the state of what stays.
    pub(super) fn switch(&mut self) -> Result<(), Error> {
        self.commit()?;
        let next = self.shared.current();
        let (before, after) = (topics_of(&self.generation), topics_of(&next));
        let waiting = self.tasks.waiting();
        self.tasks.switch(&self.shared, &next.program)?;
        tracing::info!(worker = self.index, number = next.number, "the new rules run");
        self.generation = next;
        self.read_again(&waiting)?;
        if before != after {
            self.consumer.subscribe(&after)?;
        }
        Ok(())
    }
}
