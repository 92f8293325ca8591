//! Commit: outputs, positions and the order of inputs, as one.
//!
//! What holds: the number of the commit, its rule set and who makes it stand beside each offset that it sends, so whoever
//! reads them knows which commit they are of; the numbers of a partition only grow, whoever has it.

use std::sync::PoisonError;

use super::super::Error;
use super::Worker;
use super::clients::worker_name;

impl Worker {
    /// Commits what was done since the last time.
    pub(super) fn commit(&mut self) -> Result<(), Error> {
        self.last_commit = self.shared.clock.now();
        self.last_begun = self.last_commit;
        if self.tasks.is_empty() {
            return Ok(());
        }
        self.hand_over()?;
        let number = self.commit_number + 1;
        let name = worker_name(&self.shared, self.index);
        let commit = (number, &*name);
        let offsets =
            self.tasks.offsets(&self.generation, &mut *self.consumer, commit, self.in_transaction)?;
        if offsets.is_empty() && !self.in_transaction {
            return Ok(());
        }
        self.begin()?;
        self.tasks.produce_journals(&mut *self.producer, number)?;
        self.conclude(&offsets)?;
        self.in_transaction = false;
        self.first_output = None;
        self.failures = 0;
        self.has_committed();
        self.last_commit = self.shared.clock.now();
        self.check_broadcast()?;
        self.check_keys()
    }

    /// Whether the broadcast tables are as small as they have to be.
    fn check_broadcast(&self) -> Result<(), Error> {
        let (program, limit) = (&self.generation.program, self.shared.options.broadcast_max_rows);
        for task in self.tasks.open.iter().map(|open| &open.task) {
            for (store, input) in task.tables() {
                let rows = task.keys_of(*store);
                if rows > limit
                    && let Some(topic) = task.topics().nth(*input).and_then(|topic| program.copied(topic))
                {
                    return Err(Error::Broadcast { topic: topic.to_owned(), rows, limit });
                }
            }
        }
        Ok(())
    }

    /// Whether all workers' stores together have no more keys than they may. What is done is committed.
    fn check_keys(&self) -> Result<(), Error> {
        let Some(limit) = self.shared.options.state_max_keys else { return Ok(()) };
        let own = self.tasks.open.iter().map(|open| open.task.keys()).sum();
        let mut all = self.shared.keys.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(self.index, own);
        let keys = all.values().sum();
        if keys > limit { Err(Error::Keys { keys, limit }) } else { Ok(()) }
    }

    /// The pending commit has happened.
    pub(super) fn has_committed(&mut self) {
        self.tasks.committed();
        if std::mem::take(&mut self.uncommitted) {
            self.last_records = Some(self.shared.clock.now());
        }
        self.commit_number += 1;
        self.count();
    }
}
