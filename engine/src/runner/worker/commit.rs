//! Commit, and the way back where one fails.

use broker::{OffsetCommit, Position, TopicPartition};

use super::super::Error;
use super::{Worker, producer_config};

impl Worker {
    /// Commits what was done since the last time: outputs, changelog records and positions, as one.
    pub(super) fn commit(&mut self) -> Result<(), Error> {
        self.last_commit = self.shared.clock.now();
        if self.tasks.is_empty() {
            return Ok(());
        }
        let offsets = self.offsets()?;
        if offsets.is_empty() && !self.in_transaction {
            return Ok(());
        }
        self.begin()?;
        self.tasks.produce_changes(&mut *self.producer, &self.shared.options.group, &offsets)?;
        if let Some(group) = &self.group {
            self.producer.send_offsets(&offsets, group)?;
        }
        self.tasks.attempted(&offsets);
        self.producer.commit()?;
        self.tasks.committed();
        self.in_transaction = false;
        self.first_output = None;
        self.failures = 0;
        if std::mem::take(&mut self.uncommitted) {
            self.last_records = Some(self.shared.clock.now());
        }
        self.commit_number += 1;
        self.last_commit = self.shared.clock.now();
        self.count();
        Ok(())
    }

    /// The positions that have moved since the last commit, with the commit's number.
    fn offsets(&mut self) -> Result<Vec<OffsetCommit>, Error> {
        let number = self.commit_number + 1;
        let mut offsets = Vec::new();
        for (partition, committed, first_waiting) in self.tasks.positions() {
            let position = match first_waiting {
                // What has come but is not processed is not committed.
                Some(offset) => Some(offset),
                None => self.consumer.position(partition)?,
            };
            if let Some(offset) = position
                && committed.is_none_or(|c| c < offset)
            {
                let metadata = number.to_string();
                offsets.push(OffsetCommit { partition: partition.clone(), offset, metadata });
            }
        }
        Ok(offsets)
    }

    /// Gives up what was done since the last commit.
    pub(super) fn abort(&mut self) -> Result<(), Error> {
        if self.in_transaction {
            self.producer.abort()?;
        }
        self.forget_transaction();
        Ok(())
    }

    /// Reads on from the last commit, all partitions unpaused.
    pub(super) fn read_again(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        for partition in partitions {
            self.consumer.seek(partition, Position::Committed)?;
        }
        Ok(self.consumer.resume(partitions)?)
    }

    /// After a failure: a new producer (whose start ends the old transaction, one way or the other), then
    /// the stable committed offsets say which way it was.
    pub(super) fn go_back(&mut self) -> Result<(), Error> {
        if self.abort().is_err() {
            self.forget_transaction();
        }
        self.producer = self.shared.broker.producer(&producer_config(&self.shared, self.index))?;
        if self.pending.is_some() {
            // What was given is not taken up yet: there is nothing to go back to.
            return Ok(());
        }
        let partitions: Vec<TopicPartition> = self.tasks.positions().map(|(p, ..)| p.clone()).collect();
        if partitions.is_empty() {
            return Ok(());
        }
        let stable = self.shared.broker.committed(&self.shared.options.group, &partitions)?;
        if self.tasks.settled(&stable) {
            tracing::info!(worker = self.index, "the commit had happened");
            self.tasks.committed();
            self.commit_number += 1;
            self.count();
            return Ok(());
        }
        self.undone();
        self.tasks.reopen(&self.shared, &self.generation.program)?;
        self.read_again(&partitions)
    }
}
