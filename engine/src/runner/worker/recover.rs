//! The way back after a failure.
//!
//! Enters: an error. Leaves: tasks and inputs that stand at the last commit, or a worker that has joined anew. What
//! holds, by the class of the error:
//!
//! - the transaction can only be aborted: it is, and the tasks go back to the last commit;
//! - nobody knows whether it was committed: a new producer of the same name ends it, one way or the other, and then
//!   the stable offsets tell by the number of the commit: the one that was sent has happened; the one before is
//!   gone back to; any other is somebody else's, so the partitions are given up;
//! - somebody else has taken over, or a client is of no more use: join anew;
//! - it stays, whatever is tried: the worker ends with it.

use std::sync::atomic::Ordering;
use std::time::Duration;

use broker::{ErrorKind, Position, TopicPartition};

use super::super::Error;
use super::clients::consumer_config;
use super::tasks::{Settled, Tasks};
use super::{Worker, lasts};

/// How long to wait before the first try after a failure; twice as long before each further one.
const RETRY: Duration = Duration::from_millis(100);
/// The longest wait before a try.
const LONGEST_RETRY: Duration = Duration::from_secs(3);

impl Worker {
    /// What an error asks for; an error that nothing can be done about ends the worker.
    pub(super) fn recover(&mut self, error: Error) -> Result<(), Error> {
        let Error::Broker(failure) = error else { return Err(error) };
        if lasts(failure.kind()) && !self.is_given_up(failure.kind()) {
            return Err(failure.into());
        }
        tracing::warn!(worker = self.index, error = %failure, "going back to the last commit");
        let is_aborted = failure.kind() == ErrorKind::Abortable;
        let mut joins_anew = joins_anew(failure.kind());
        loop {
            self.failures += 1;
            self.wait();
            let outcome = if joins_anew { self.rejoin() } else { self.go_back(is_aborted) };
            match outcome {
                Err(Error::Broker(error)) if !lasts(error.kind()) => {
                    if self.shared.stop.load(Ordering::SeqCst) {
                        return Err(Error::Stopping);
                    }
                    tracing::warn!(worker = self.index, %error, "trying again");
                    joins_anew |= self::joins_anew(error.kind());
                }
                outcome => return outcome,
            }
        }
    }

    /// Whether records are only gone because others, who have the partitions now, are done with them.
    fn is_given_up(&self, kind: ErrorKind) -> bool {
        if kind != ErrorKind::OffsetOutOfRange {
            return false;
        }
        let partitions: Vec<TopicPartition> = self.tasks.partitions().cloned().collect();
        let stable = self.shared.broker.committed(&self.shared.options.group, &partitions);
        // Where there is no answer now, the way back asks again.
        stable.map_or(true, |stable| self.tasks.settle(&stable) == Settled::Foreign)
    }

    /// Waits before the next try: the longer, the more tries have failed. A request to end is heard.
    fn wait(&mut self) {
        let until =
            self.shared.clock.now() + RETRY.saturating_mul(1 << self.failures.min(5)).min(LONGEST_RETRY);
        while self.shared.clock.now() < until && !self.shared.stop.load(Ordering::SeqCst) {
            self.consumer.keep_alive();
            self.shared.clock.sleep(RETRY / 4);
        }
    }

    /// Goes back to the last commit, whichever that is.
    fn go_back(&mut self, is_aborted: bool) -> Result<(), Error> {
        self.give_up_checkpoint()?;
        let is_known = is_aborted && self.producer.abort().is_ok();
        self.forget_transaction();
        if !is_known {
            self.renew_producer()?;
        }
        if let Some(pending) = &self.pending {
            // What was given is not taken up yet: there is nothing to go back to.
            self.tasks.close(&self.generation.program, pending);
        }
        let partitions: Vec<TopicPartition> = self.tasks.partitions().cloned().collect();
        if partitions.is_empty() {
            return Ok(());
        }
        if !is_known {
            let stable = self.shared.broker.committed(&self.shared.options.group, &partitions)?;
            match self.tasks.settle(&stable) {
                Settled::Happened => {
                    tracing::info!(worker = self.index, "the commit had happened");
                    self.has_committed();
                    return Ok(());
                }
                Settled::Before => {}
                Settled::Foreign => {
                    tracing::warn!(worker = self.index, "somebody else has committed: joining anew");
                    return self.rejoin();
                }
            }
        }
        self.undone();
        self.restore_again(&partitions)
    }

    /// Opens all tasks anew, as the last commit left them.
    pub(super) fn restore_again(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        let is_held = match self.open(partitions) {
            Err(Error::Rebalancing) => {
                // What they did is not committed, so they are none to go on with.
                self.tasks.close(&self.generation.program, partitions);
                self.pending.get_or_insert_default().extend_from_slice(partitions);
                return Ok(());
            }
            outcome => outcome?,
        };
        match self.pending {
            // That gives all partitions their positions.
            Some(_) => Ok(()),
            None if is_held => self.assign_open(),
            None => self.read_again(partitions),
        }
    }

    /// Reads on from the last commit, all partitions unpaused.
    pub(super) fn read_again(&mut self, partitions: &[TopicPartition]) -> Result<(), Error> {
        for (partition, at) in self.tasks.positions() {
            if partitions.contains(partition) {
                self.consumer.seek(partition, Position::Offset(at))?;
            }
        }
        Ok(self.consumer.resume(partitions)?)
    }

    /// Joins the group anew, as if just started.
    fn rejoin(&mut self) -> Result<(), Error> {
        self.give_up_checkpoint()?;
        self.forget_transaction();
        self.undone();
        self.tasks = Tasks::default();
        (self.pending, self.told, self.group, self.begun) = (None, None, None, false);
        self.consumer = self.shared.broker.consumer(&consumer_config(&self.shared, self.index))?;
        self.is_held = false;
        self.renew_producer()?;
        self.is_subscribed = false;
        self.follow_subscription()
    }
}

/// Whether a client of ours is of no more use.
fn joins_anew(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Fenced | ErrorKind::Fatal)
}
