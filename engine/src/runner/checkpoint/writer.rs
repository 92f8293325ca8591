//! The transaction of a checkpoint.
//!
//! Enters: a job, chunks, the end. Leaves: the transaction, committed; then the trimming that it allows. What
//! holds: after an error a new producer of the same id is made before anything else is written, which ends what
//! was pending, one way or the other. That a checkpoint may have been committed although it counts as failed does
//! no harm: the next one writes the same keys again.

use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::{
    Error, ErrorKind, Isolation, OffsetCommit, Outgoing, Producer, ProducerConfig, Result, TopicPartition,
};

use super::super::Shared;
use super::copy::Copy;
use super::{Checkpointer, Chunk, Job, LogStamp, MARK_KEY, Outcome};

/// How long the transaction of a checkpoint may last at first: as long as one of the work, and far longer than the
/// slices of a checkpoint of some seconds take. A worker that dies in the middle of one, and does not come back under
/// its name, keeps the next owner of its partitions waiting for so long at most.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest that it is given where its state needs more; Kafka allows 15 minutes (`transaction.max.timeout.ms`).
const LONGEST: Duration = Duration::from_secs(10 * 60);
/// The property of it.
const PROPERTY: &str = "transaction.timeout.ms";

/// See the module.
pub(in super::super) struct Writer {
    shared: Arc<Shared>,
    config: ProducerConfig,
    /// None before the first use and after an error.
    producer: Option<Box<dyn Producer>>,
    /// How long a checkpoint may last now, and when the last one began.
    timeout: Duration,
    began: Instant,
    open: Option<Open>,
    /// The ends of the journals when the last checkpoint was committed.
    journals: Vec<(TopicPartition, i64)>,
    /// The local state, where there is one.
    copy: Option<Copy>,
}

/// A checkpoint under way.
struct Open {
    job: Job,
    /// The end of each of its changelogs before it.
    ends: Vec<i64>,
}

impl Writer {
    /// Writes with a producer of this configuration, which has a transactional id.
    pub(in super::super) fn new(shared: &Arc<Shared>, config: ProducerConfig) -> Self {
        let copy = shared.local.is_some().then(|| Copy::new(shared.clone()));
        let given = config.properties.get(PROPERTY).and_then(|text| text.parse().ok());
        Self {
            shared: shared.clone(),
            config,
            producer: None,
            timeout: given.map_or(TIMEOUT, Duration::from_millis),
            began: shared.clock.now(),
            open: None,
            journals: Vec::new(),
            copy,
        }
    }

    fn producer(&mut self) -> Result<&mut dyn Producer> {
        let producer = match self.producer.take() {
            Some(producer) => producer,
            None => {
                let timeout = self.timeout.as_millis().to_string();
                self.config.properties.insert(PROPERTY.to_owned(), timeout);
                self.shared.broker.producer(&self.config)?
            }
        };
        Ok(&mut **self.producer.insert(producer))
    }

    /// Begins a checkpoint.
    pub(in super::super) fn begin(&mut self, job: Job) -> Result<()> {
        let mut ends = Vec::with_capacity(job.logs.len());
        for log in &job.logs {
            ends.push(self.shared.broker.watermarks(&log.partition, Isolation::ReadUncommitted)?.1);
        }
        if let Some(copy) = &mut self.copy {
            copy.begin(&job);
        }
        self.open = Some(Open { job, ends });
        self.began = self.shared.clock.now();
        let done = self.producer()?.begin();
        self.judge(done)
    }

    /// Writes a part of it.
    pub(in super::super) fn write(&mut self, chunk: Chunk) -> Result<()> {
        let Some((Open { job, .. }, producer)) = self.open.as_ref().zip(self.producer.as_mut()) else {
            return Ok(());
        };
        let done = chunk.iter().try_for_each(|record| {
            let to = &job.logs[record.log].partition;
            producer.produce(&changed(to, record.key, record.value))
        });
        if let Some(copy) = &mut self.copy {
            copy.keep(chunk);
        }
        self.judge(done)
    }

    /// Ends it with its marks and offsets, and commits.
    pub(in super::super) fn finish(&mut self) -> Outcome {
        let Some((Open { job, ends }, producer)) = self.open.take().zip(self.producer.as_mut()) else {
            let message = "it was not begun, or has failed";
            return Outcome::Failed(Error::new(ErrorKind::Abortable, "committing a checkpoint", message));
        };
        let done = commit(&job, &ends, &mut **producer);
        if let Err(error) = self.judge(done) {
            return Outcome::Failed(error);
        }
        if let Some(Err(error)) = self.copy.as_mut().map(|copy| copy.apply(&job, &ends)) {
            if self.shared.is_state_on_disk() {
                return Outcome::Ended(error);
            }
            // Its old mark still says from where the changelog has the rest.
            tracing::warn!(%error, "the local copy of the state stays behind: a restart takes longer");
        }
        self.trim(&job);
        Outcome::Committed
    }

    /// Ends what is pending, of an earlier life of this worker too, without a commit.
    pub(in super::super) fn give_up(&mut self) -> Result<()> {
        self.forget_copy();
        if self.open.take().is_some()
            && let Some(producer) = &mut self.producer
        {
            let done = producer.abort();
            // A new producer ends it as well.
            if let Err(error) = self.judge(done) {
                tracing::debug!(%error, "a checkpoint is not aborted in order");
            }
        }
        self.producer().map(|_| ())
    }

    fn judge(&mut self, done: Result<()>) -> Result<()> {
        let Err(error) = done else { return Ok(()) };
        (self.producer, self.open) = (None, None);
        self.forget_copy();
        let lasted = self.shared.clock.now().saturating_duration_since(self.began);
        if lasted < self.timeout {
            return Err(error);
        }
        // Whoever takes too long is fenced like one that somebody else has taken over from.
        self.timeout = longer(self.timeout);
        let message =
            format!("it lasted longer than it may; the next one may last {} s", self.timeout.as_secs());
        Err(Error::new(ErrorKind::Abortable, "writing a checkpoint", format!("{error}: {message}")))
    }

    fn forget_copy(&mut self) {
        if let Some(copy) = &mut self.copy {
            copy.clear();
        }
    }

    /// Deletes what nobody needs any more. What fails now is tried again with the next checkpoint.
    fn trim(&mut self, job: &Job) {
        let known = |journal: &TopicPartition| self.journals.iter().find(|(known, _)| known == journal);
        let below: Vec<_> = job.trim.iter().chain(job.journals.iter().filter_map(known)).cloned().collect();
        if !below.is_empty()
            && let Err(error) = self.shared.broker.delete_records(&below)
        {
            tracing::warn!(%error, "topics of ours are not trimmed now");
        }
        // Whatever is in a journal now is of commits before the next checkpoint, which has not begun.
        let end = |journal: &TopicPartition| {
            let ends = self.shared.broker.watermarks(journal, Isolation::ReadUncommitted).ok()?;
            Some((journal.clone(), ends.1))
        };
        self.journals = job.journals.iter().filter_map(end).collect();
    }
}

/// How long the next checkpoint may last, where one took too long.
fn longer(timeout: Duration) -> Duration {
    (timeout * 2).min(LONGEST.max(timeout))
}

fn changed<'r>(to: &'r TopicPartition, key: &'r [u8], value: Option<&'r [u8]>) -> Outgoing<'r> {
    Outgoing {
        topic: &to.topic,
        partition: Some(to.partition),
        key: Some(key),
        value,
        timestamp: 0,
        headers: &[],
    }
}

fn commit(job: &Job, ends: &[i64], producer: &mut dyn Producer) -> Result<()> {
    let mut offsets = Vec::with_capacity(job.logs.len());
    for (log, end) in job.logs.iter().zip(ends) {
        producer.produce(&changed(&log.partition, MARK_KEY, Some(&log.mark)))?;
        let metadata = LogStamp { number: job.number, from: log.from, rules: job.rules }.text();
        offsets.push(OffsetCommit { partition: log.partition.clone(), offset: *end, metadata });
    }
    producer.send_offsets(&offsets, &job.group)?;
    producer.commit()
}

/// Does everything at once, in the caller's thread: for the simulation, where every step is the caller's.
pub(in super::super) struct Inline {
    writer: Writer,
    outcome: Option<Outcome>,
}

impl Inline {
    /// Over a writer.
    pub(in super::super) fn new(writer: Writer) -> Self {
        Self { writer, outcome: None }
    }

    fn note(&mut self, done: Result<()>) {
        if let Err(error) = done {
            self.outcome.get_or_insert(Outcome::Failed(error));
        }
    }
}

impl Checkpointer for Inline {
    fn begin(&mut self, job: Job) {
        self.outcome = None;
        let done = self.writer.begin(job);
        self.note(done);
    }

    fn offer(&mut self, chunk: Chunk) -> Option<Chunk> {
        if self.outcome.is_none() {
            let done = self.writer.write(chunk);
            self.note(done);
        }
        None
    }

    fn finish(&mut self) -> bool {
        if self.outcome.is_none() {
            self.outcome = Some(self.writer.finish());
        }
        true
    }

    fn poll(&mut self) -> Option<Outcome> {
        self.outcome.take()
    }

    fn give_up(&mut self) -> Result<()> {
        self.outcome = None;
        self.writer.give_up()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checkpoint_that_takes_too_long_gets_more_time_up_to_a_limit() {
        assert_eq!(longer(TIMEOUT), 2 * TIMEOUT);
        let last = (0..20).fold(TIMEOUT, |timeout, _| longer(timeout));
        assert_eq!(last, LONGEST);
        // What somebody has set is never shortened.
        assert_eq!(longer(2 * LONGEST), 2 * LONGEST);
    }
}
