//! The group is answered while tasks are restored, which may take minutes.
//!
//! Enters: partitions whose tasks are to be opened. Leaves: the tasks, or that the group wants something first. What
//! holds: a member that restores polls all the while, so it is not given up (`max.poll.interval.ms`) and nobody
//! waits for its restore to end; what the group says ends the restore, and nothing of it stays but what the local
//! state has of the changelogs by then: a restore of the same partitions goes on from there.

use std::time::{Duration, Instant};

use broker::{Batch, Clock, Consumer, Poll, TopicPartition};

use super::super::Error;
use super::Worker;

/// Restores that are shorter are not worth a second assignment: the group waits for them.
const PATIENCE: Duration = Duration::from_millis(500);

/// See the module.
struct Hold<'w> {
    consumer: &'w mut dyn Consumer,
    clock: &'w dyn Clock,
    since: Instant,
    /// Nothing is read: the consumer was given no partition for now.
    is_held: bool,
    told: &'w mut Option<Poll>,
    batch: Batch,
}

impl Hold<'_> {
    /// Looks what the group says.
    fn look(&mut self) -> Result<(), Error> {
        if !self.is_held {
            if self.clock.now().saturating_duration_since(self.since) < PATIENCE {
                return Ok(());
            }
            self.consumer.assign(&[])?;
            self.is_held = true;
        }
        match self.consumer.poll(&mut self.batch, Duration::ZERO)? {
            Poll::Records | Poll::Idle => Ok(()),
            told => {
                *self.told = Some(told);
                Err(Error::Rebalancing)
            }
        }
    }
}

impl Worker {
    /// Opens the tasks of these partitions. Tells the highest number of a commit that they know of, and whether the
    /// consumer has no partitions now, so that all have to be assigned.
    ///
    /// # Errors
    /// [`Error::Rebalancing`]: the next step does what the group wants; nothing is opened. Otherwise those of the
    /// restore.
    pub(super) fn open(&mut self, partitions: &[TopicPartition]) -> Result<(i64, bool), Error> {
        let Self { shared, generation, consumer, tasks, told, .. } = self;
        let (clock, since) = (&*shared.clock, shared.clock.now());
        let batch = Batch::new();
        let mut hold = Hold { consumer: &mut **consumer, clock, since, is_held: false, told, batch };
        let number = tasks.open(shared, &generation.program, partitions, &mut || hold.look());
        if let Err(Error::Rebalancing) = number {
            tracing::info!(
                worker = self.index,
                "the group shares its partitions out anew: the restore is left"
            );
        }
        Ok((number?, hold.is_held))
    }
}
