//! Reads stretches of partitions, committed records only.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use broker::{Batch, Consumer, ConsumerConfig, Poll, Position, Record, TopicPartition};

use super::super::{Error, Shared};
use super::Stretch;

/// How often a long restore says how far it is.
const REPORT: Duration = Duration::from_secs(5);
/// How long a poll waits.
const POLL: Duration = Duration::from_millis(50);

/// What is done between two slices of a restore, which may be long; an error ends the restore.
pub(in super::super) type Between<'b> = dyn FnMut() -> Result<(), Error> + 'b;

/// Reads all of these; `done` is what the log calls it.
///
/// # Errors
/// Those of `between` and `apply`, and [`Error::Stopping`] where the engine is asked to end meanwhile.
pub(in super::super) fn read(
    shared: &Shared,
    stretches: Vec<Stretch>,
    done: &str,
    between: &mut Between<'_>,
    apply: &mut dyn FnMut(&TopicPartition, &Record<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    if stretches.is_empty() {
        return Ok(());
    }
    let mut reading = Reading::start(shared, stretches, done)?;
    let mut batch = Batch::new();
    while reading.poll(&mut batch, between)? {
        batch.iter().try_for_each(|record| apply(&batch.sources()[record.source], &record))?;
    }
    reading.finish()
}

/// A reader of stretches.
pub(super) struct Reading<'r> {
    shared: &'r Shared,
    done: &'r str,
    pub(super) consumer: Box<dyn Consumer>,
    left: Vec<Stretch>,
    /// Offsets to go when it began, as far as offsets tell records.
    offsets: i64,
    partitions: usize,
    records: usize,
    started: Instant,
    reported: Instant,
}

impl<'r> Reading<'r> {
    pub(super) fn start(shared: &'r Shared, left: Vec<Stretch>, done: &'r str) -> Result<Self, Error> {
        let properties = shared.options.consumer_properties.clone();
        let mut consumer =
            shared.broker.consumer(&ConsumerConfig { properties, ..ConsumerConfig::default() })?;
        let positions: Vec<_> =
            left.iter().map(|s| (s.partition.clone(), Position::Offset(s.from))).collect();
        consumer.assign(&positions)?;
        let now = shared.clock.now();
        let offsets = left.iter().map(|s| s.end - s.from).sum();
        let partitions = left.len();
        Ok(Self {
            shared,
            done,
            consumer,
            left,
            offsets,
            partitions,
            records: 0,
            started: now,
            reported: now,
        })
    }

    /// Fills the batch, which may stay empty; false once everything was read and taken out of it.
    pub(super) fn poll(&mut self, batch: &mut Batch, between: &mut Between<'_>) -> Result<bool, Error> {
        between()?;
        if self.shared.stop.load(Ordering::SeqCst) {
            return Err(Error::Stopping);
        }
        self.drop_read()?;
        if self.left.is_empty() {
            return Ok(false);
        }
        if self.consumer.poll(batch, POLL)? == Poll::Records {
            self.records += batch.len();
        }
        self.report()?;
        Ok(true)
    }

    /// Whether a partition was read to its end, where it is one of those that are read.
    pub(super) fn is_at(&mut self, partition: &TopicPartition, offset: i64) -> Result<bool, Error> {
        Ok(self.consumer.position(partition)?.is_some_and(|at| at >= offset))
    }

    fn drop_read(&mut self) -> Result<(), Error> {
        let mut left = Vec::with_capacity(self.left.len());
        for stretch in std::mem::take(&mut self.left) {
            if !self.is_at(&stretch.partition, stretch.end)? {
                left.push(stretch);
            }
        }
        self.left = left;
        Ok(())
    }

    fn report(&mut self) -> Result<(), Error> {
        let now = self.shared.clock.now();
        if now.saturating_duration_since(self.reported) < REPORT {
            return Ok(());
        }
        self.reported = now;
        let mut to_go = 0;
        for stretch in &self.left {
            let at = self.consumer.position(&stretch.partition)?.unwrap_or(stretch.from);
            to_go += (stretch.end - at).max(0);
        }
        let percent = 100 - 100 * to_go / self.offsets.max(1);
        let per_second = (self.records as f64 / self.passed().as_secs_f64().max(0.001)) as u64;
        tracing::info!(records = self.records, percent, per_second, "being {}", self.done);
        Ok(())
    }

    fn passed(&self) -> Duration {
        self.shared.clock.now().saturating_duration_since(self.started)
    }

    pub(super) fn finish(self) -> Result<(), Error> {
        let milliseconds = self.passed().as_millis() as u64;
        let (records, partitions) = (self.records, self.partitions);
        tracing::info!(records, partitions, milliseconds, "{}", self.done);
        Ok(self.consumer.close()?)
    }
}
