//! The last step of a commit, by what is promised.
//!
//! Enters: what was produced since the last commit, and the offsets that it stands for. What holds: an offset is
//! never committed before what it stands for is written; a worker that the group has given up is refused.

use std::time::Duration;

use broker::OffsetCommit;

use super::super::{Error, Guarantee};
use super::Worker;
use super::clients::producer_config;

/// How long what was produced may take to be written where there is no transaction to bound it.
const WRITTEN: Duration = Duration::from_secs(15);

impl Worker {
    /// What is produced from now on belongs to the next commit.
    pub(super) fn begin(&mut self) -> Result<(), Error> {
        if !self.in_transaction {
            if self.guarantee == Guarantee::ExactlyOnce {
                self.producer.begin()?;
            }
            self.in_transaction = true;
        }
        Ok(())
    }

    /// Makes outputs and offsets last.
    pub(super) fn conclude(&mut self, offsets: &[OffsetCommit]) -> Result<(), Error> {
        match self.guarantee {
            Guarantee::ExactlyOnce => {
                if let Some(group) = &self.group {
                    self.producer.send_offsets(offsets, group)?;
                }
                self.tasks.attempted(offsets);
                self.producer.commit()?;
            }
            Guarantee::AtLeastOnce => {
                self.producer.flush(WRITTEN)?;
                self.tasks.attempted(offsets);
                self.consumer.commit(offsets)?;
            }
        }
        Ok(())
    }

    /// Has a producer of the kind that the program needs, which is a new one: nothing is pending.
    pub(super) fn follow_guarantee(&mut self) -> Result<(), Error> {
        let needed = self.shared.options.guarantee.of(&self.generation.program);
        if needed == self.guarantee { Ok(()) } else { self.renew_producer() }
    }

    /// A new producer, as the program asks for: also where one could not be made when the program came.
    pub(super) fn renew_producer(&mut self) -> Result<(), Error> {
        let needed = self.shared.options.guarantee.of(&self.generation.program);
        self.producer = self.shared.broker.producer(&producer_config(&self.shared, self.index, needed))?;
        self.guarantee = needed;
        Ok(())
    }

    /// Gives up what was done since the last commit. Without a transaction, what was written stays.
    pub(super) fn abort(&mut self) -> Result<(), Error> {
        if self.in_transaction && self.guarantee == Guarantee::ExactlyOnce {
            self.producer.abort()?;
        }
        self.forget_transaction();
        Ok(())
    }
}
