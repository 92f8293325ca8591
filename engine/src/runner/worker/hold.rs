//! The group is answered while tasks are restored, which may take minutes.
//!
//! Enters: partitions whose tasks are to be opened. Leaves: the tasks, or that the group wants something first. What
//! holds: a member that restores polls all the while, so it is not given up (`max.poll.interval.ms`) and nobody
//! waits for its restore to end; what the group says ends the restore, and nothing of it stays but what the local
//! state has of the changelogs by then: a restore of the same partitions goes on from there.

use std::time::{Duration, Instant};

use broker::{Batch, Clock, Consumer, Poll};

use super::super::generation::Generation;
use super::super::restore::Between;
use super::super::{Error, Shared};
use super::Worker;
use super::tasks::Tasks;

/// Restores that are shorter are not worth a second assignment: the group waits for them.
const PATIENCE: Duration = Duration::from_millis(500);

/// See the module.
struct Hold<'w> {
    consumer: &'w mut dyn Consumer,
    clock: &'w dyn Clock,
    since: Instant,
    /// Nothing is read: the consumer was given no partition for now.
    is_held: &'w mut bool,
    told: &'w mut Option<Poll>,
    batch: Batch,
}

impl Hold<'_> {
    /// Looks what the group says.
    fn look(&mut self) -> Result<(), Error> {
        if !*self.is_held {
            if self.clock.now().saturating_duration_since(self.since) < PATIENCE {
                return Ok(());
            }
            self.consumer.assign(&[])?;
            *self.is_held = true;
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
    /// Does what takes long with the tasks. Tells, too, whether the consumer has no partitions now, since a try that
    /// failed as well, so that all have to be assigned.
    ///
    /// # Errors
    /// [`Error::Rebalancing`]: the next step does what the group wants; nothing is opened. Otherwise those of the
    /// work.
    pub(super) fn hold<R>(
        &mut self,
        work: impl FnOnce(&Shared, &Generation, &mut Tasks, &mut Between<'_>) -> Result<R, Error>,
    ) -> Result<(R, bool), Error> {
        let Self { shared, generation, consumer, tasks, told, is_held, .. } = self;
        let (clock, since) = (&*shared.clock, shared.clock.now());
        let batch = Batch::new();
        let mut hold = Hold { consumer: &mut **consumer, clock, since, is_held, told, batch };
        let outcome = work(shared, generation, tasks, &mut || hold.look());
        if let Err(Error::Rebalancing) = outcome {
            tracing::info!(
                worker = self.index,
                "the group shares its partitions out anew: the restore is left"
            );
        }
        Ok((outcome?, self.is_held))
    }
}
