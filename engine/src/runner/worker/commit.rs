//! Commit: outputs, positions and the order of inputs, as one.
//!
//! What holds: the number of the commit stands beside each offset that it sends, so whoever reads them knows which
//! commit they are of; the numbers of a partition only grow, whoever has it.

use super::super::Error;
use super::Worker;

impl Worker {
    /// Commits what was done since the last time.
    pub(super) fn commit(&mut self) -> Result<(), Error> {
        self.last_commit = self.shared.clock.now();
        self.last_begun = self.last_commit;
        if self.tasks.is_empty() {
            return Ok(());
        }
        let number = self.commit_number + 1;
        let program = &self.generation.program;
        let offsets = self.tasks.offsets(program, &mut *self.consumer, number, self.in_transaction)?;
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
        Ok(())
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
