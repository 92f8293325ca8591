//! Partitions that are idle, by the clock: what a query with an idle time-out is told then.
//!
//! What holds: a partition that has records which did not come yet is not idle, and neither is one that cannot be
//! asked about; what a task is told is in its journal with the commit that has its effect, so whoever does the work
//! once more tells it the same.

use std::time::{Duration, Instant};

use broker::{Broker, Consumer, Isolation};

use super::super::Error;
use super::Worker;
use super::tasks::Tasks;
use super::waiting::Waiting;
use crate::task::Idle;

/// How long a task is left alone after it was looked at.
const LOOK: Duration = Duration::from_millis(250);

/// Since when a task with an idle time-out has had no record.
#[derive(Debug, Default)]
pub(super) struct Idleness {
    /// A record has come since it was looked at last.
    pub(super) is_active: bool,
    since: Option<Instant>,
    /// Its stream time then.
    time: i64,
    looked: Option<Instant>,
}

impl Tasks {
    /// What a task is to be told, if it closes anything by it.
    fn due(&mut self, at: usize, now: Instant) -> Option<Idle> {
        let open = &mut self.open[at];
        let timeout = open.task.idle_timeout()?;
        let idleness = open.idleness.as_mut()?;
        if std::mem::take(&mut idleness.is_active) || idleness.since.is_none() {
            (idleness.since, idleness.time) = (Some(now), open.task.stream_time());
        }
        let millis = i64::try_from(now.saturating_duration_since(idleness.since?).as_millis()).ok()?;
        let was_looked_at = idleness.looked.is_some_and(|at| now.saturating_duration_since(at) < LOOK);
        if millis < timeout || idleness.time < 0 || was_looked_at {
            return None;
        }
        idleness.looked = Some(now);
        let idle = Idle { millis, time: idleness.time.saturating_add(millis) };
        open.task.has_closing(idle).then_some(idle)
    }

    /// Whether all that lies in a task's inputs has come to it.
    fn is_at_end(&self, at: usize, consumer: &mut dyn Consumer, broker: &dyn Broker) -> Result<bool, Error> {
        let open = &self.open[at];
        let mut inputs = 0;
        for assigned in self.list.iter().filter(|assigned| open.reads(&assigned.partition)) {
            inputs += 1;
            let waits = assigned.waiting.as_ref().is_some_and(|waiting| Waiting::head(waiting).is_some());
            // With what is pending: it may be committed, and older than the time that would have come.
            let end = broker.watermarks(&assigned.partition, Isolation::ReadUncommitted);
            let position = consumer.position(&assigned.partition)?;
            match (end, position) {
                (Ok((_, end)), Some(position)) if !waits && position >= end => {}
                _ => return Ok(false),
            }
        }
        Ok(inputs == open.task.topics().len())
    }
}

impl Worker {
    /// Tells tasks whose partitions are idle what the time is.
    pub(super) fn pass_idle(&mut self) -> Result<(), Error> {
        for at in 0..self.tasks.open.len() {
            if self.tasks.open[at].idleness.is_none() {
                continue;
            }
            let Some(idle) = self.tasks.due(at, self.shared.clock.now()) else { continue };
            if !self.tasks.is_at_end(at, &mut *self.consumer, &*self.shared.broker)? {
                continue;
            }
            let open = &mut self.tasks.open[at];
            open.task.pass_idle(open.number, idle, &mut self.output);
            open.journal.passed(idle);
            tracing::debug!(
                worker = self.index,
                number = open.number,
                ?idle,
                "windows of an idle partition close"
            );
            self.hand_over()?;
        }
        Ok(())
    }
}
