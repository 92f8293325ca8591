//! Producers whose transactions fail, time out, or are left behind open.

use std::sync::Arc;
use std::time::Duration;

use broker::{
    Clock, ErrorKind, GroupMetadata, OffsetCommit, Outgoing, Producer, ProducerConfig, Result, TopicPartition,
};

use super::planted::{self, Kept};
use super::{Bug, Chaos, FaultyLog, Process, failure, timeout};

/// See the module.
pub(super) struct FaultyProducer {
    chaos: Arc<Chaos>,
    process: Arc<Process>,
    id: Option<String>,
    /// None once its transaction is left to itself.
    inner: Option<Box<dyn Producer>>,
    /// The number of the open transaction, and how long each may stay open.
    open: Option<u64>,
    timeout: Duration,
    offsets: Vec<TopicPartition>,
    /// Of the open transaction, for what a broken engine does with it.
    written: Vec<Kept>,
    early: Option<(Vec<OffsetCommit>, GroupMetadata)>,
}

/// What an engine does that is broken.
impl FaultyProducer {
    fn writes_checkpoints(&self) -> bool {
        self.id.as_ref().is_some_and(|id| id.ends_with("-checkpoint"))
    }

    /// Whether the record was dealt with in a broken way.
    fn is_broken(&mut self, record: &Outgoing<'_>) -> Result<bool> {
        let (key, value) = (record.key.unwrap_or_default(), record.value.unwrap_or_default());
        if !self.writes_checkpoints() {
            if self.chaos.has(Bug::ReplayInAnotherOrder) && record.topic.ends_with("-journal") {
                let value = planted::in_another_order(value);
                self.inner()?.produce(&Outgoing { value: Some(&value), ..*record })?;
                return Ok(true);
            }
            let is_copy = record.topic.ends_with("-broadcast");
            return Ok(is_copy && self.chaos.has(Bug::CopyLost) && self.chaos.state().random.chance(1_000));
        }
        let is_mark = key == [254];
        if is_mark && self.chaos.has(Bug::NoPreImage) {
            let of = (record.topic.to_owned(), record.partition.unwrap_or_default());
            let before = self.chaos.state().memory.marks.insert(of, value.to_vec());
            if let Some(before) = before {
                let value = planted::positions_before(value, &before);
                self.inner()?.produce(&Outgoing { value: Some(&value), ..*record })?;
                return Ok(true);
            }
        }
        if !is_mark && self.chaos.has(Bug::CheckpointsMixed) {
            let (topic, partition) = (record.topic.to_owned(), record.partition);
            let value = record.value.map(<[u8]>::to_vec);
            self.written.push(Kept { topic, partition, key: key.to_vec(), value });
        }
        Ok(!is_mark && self.chaos.has(Bug::PartOfCheckpointLost) && self.chaos.state().random.chance(1_000))
    }

    fn send(&mut self, offsets: &[OffsetCommit], group: &GroupMetadata) -> Result<()> {
        if self.writes_checkpoints() {
            let newest = self.chaos.state().memory.membership.clone();
            if let (true, Some(newest)) = (self.chaos.has(Bug::ZombieNotFenced), newest) {
                return self.inner()?.send_offsets(offsets, &newest);
            }
            if let (true, Some(id)) = (self.chaos.has(Bug::CheckpointsMixed), self.id.clone()) {
                let failed = self.chaos.state().memory.failed.remove(&id).unwrap_or_default();
                for kept in failed {
                    let (key, value) = (Some(&*kept.key), kept.value.as_deref());
                    let Kept { topic, partition, .. } = &kept;
                    let (partition, headers) = (*partition, &[][..]);
                    self.inner()?.produce(&Outgoing {
                        topic,
                        partition,
                        key,
                        value,
                        timestamp: 0,
                        headers,
                    })?;
                }
            }
        } else if self.chaos.has(Bug::OffsetsOffByOne) {
            return self.inner()?.send_offsets(&planted::one_more(offsets), group);
        } else if self.chaos.has(Bug::OffsetsTooEarly) {
            self.early = Some((offsets.to_vec(), group.clone()));
            return Ok(());
        }
        self.inner()?.send_offsets(offsets, group)
    }

    /// Positions in a transaction of their own, before the outputs'.
    fn commit_early(&mut self) -> Result<()> {
        let (Some((offsets, group)), Some(id)) = (self.early.take(), &self.id) else { return Ok(()) };
        let config =
            ProducerConfig { transactional_id: Some(format!("{id}-early")), ..ProducerConfig::default() };
        let mut producer = self.chaos.inner.producer(&config)?;
        producer.begin()?;
        producer.send_offsets(&offsets, &group)?;
        producer.commit()
    }

    /// The open transaction comes to nothing.
    fn fail(&mut self) {
        if let (true, Some(id)) =
            (self.chaos.has(Bug::CheckpointsMixed) && self.writes_checkpoints(), self.id.clone())
        {
            let written = std::mem::take(&mut self.written);
            self.chaos.state().memory.failed.entry(id).or_default().extend(written);
        }
    }
}

/// What becomes of a commit.
#[derive(Debug, Clone, Copy)]
enum Ending {
    Well,
    /// It happens or not, and the caller gets this error.
    Failed(ErrorKind, bool),
    /// It ends later, one way or the other.
    Open,
}

const ENDINGS: &[Ending] = &[
    Ending::Failed(ErrorKind::Abortable, false),
    Ending::Failed(ErrorKind::Unknown, true),
    Ending::Failed(ErrorKind::Unknown, false),
    Ending::Failed(ErrorKind::Unavailable, true),
    Ending::Failed(ErrorKind::Unavailable, false),
    Ending::Failed(ErrorKind::Fatal, true),
    Ending::Failed(ErrorKind::Fatal, false),
    Ending::Failed(ErrorKind::Fenced, false),
    Ending::Open,
    Ending::Open,
];

const WORK: &[ErrorKind] =
    &[ErrorKind::Abortable, ErrorKind::Unavailable, ErrorKind::Fatal, ErrorKind::Fenced];

impl FaultyProducer {
    pub(super) fn new(log: &FaultyLog, config: &ProducerConfig) -> Result<Self> {
        let inner = Some(log.chaos.inner.producer(config)?);
        let (chaos, process) = (log.chaos.clone(), log.process.clone());
        let id = config.transactional_id.clone();
        Ok(Self {
            chaos,
            process,
            id,
            inner,
            open: None,
            timeout: timeout::of(config),
            offsets: Vec::new(),
            written: Vec::new(),
            early: None,
        })
    }

    fn enter(&self, what: &'static str, kinds: &[ErrorKind]) -> Result<()> {
        self.chaos.enter(&self.process, what, kinds)
    }

    fn inner(&mut self) -> Result<&mut Box<dyn Producer>> {
        self.inner.as_mut().ok_or_else(|| failure(ErrorKind::Fatal, "using a producer that is gone"))
    }

    fn ending(&self) -> Ending {
        let mut state = self.chaos.state();
        let rates = state.rates;
        let ending = match state.is_on() && state.random.chance(rates.commit) {
            true => state.random.pick(ENDINGS),
            false => Ending::Well,
        };
        let number = self.process.number;
        state
            .trace
            .note("commit", (number, 0), || format!("{} ends {ending:?}", self.id.as_deref().unwrap_or("-")));
        ending
    }

    /// The open transaction has ended.
    fn end(&mut self) {
        if let Some(number) = self.open.take() {
            self.chaos.state().timeouts.end(number);
        }
    }

    /// Whether the open transaction may still go on: one that was open for too long was ended by the log, and its
    /// producer is fenced.
    fn is_in_time(&mut self) -> Result<()> {
        let now = self.chaos.clock.now();
        if !self.open.is_some_and(|number| self.chaos.state().timeouts.is_over(number, now)) {
            return Ok(());
        }
        self.chaos.note("timed out", (self.process.number, 0), || self.id.clone().unwrap_or_default());
        self.end();
        self.fail();
        if let Some(mut inner) = self.inner.take() {
            inner.abort()?;
        }
        Err(failure(ErrorKind::Fenced, "going on with a transaction that was open for too long"))
    }

    /// Leaves the open transaction to itself.
    fn strand(&mut self, may_commit: bool) {
        self.end();
        if let (Some(inner), Some(id)) = (self.inner.take(), self.id.clone()) {
            self.chaos.strand((id, inner, may_commit, std::mem::take(&mut self.offsets)));
        }
    }
}

impl Producer for FaultyProducer {
    fn begin(&mut self) -> Result<()> {
        self.enter("begin", WORK)?;
        self.inner()?.begin()?;
        let until = self.chaos.clock.now() + self.timeout;
        self.open = Some(self.chaos.state().timeouts.begin(until));
        self.offsets.clear();
        self.written.clear();
        Ok(())
    }

    fn produce(&mut self, record: &Outgoing<'_>) -> Result<()> {
        self.chaos.pass(&self.process)?;
        self.is_in_time()?;
        if self.chaos.bug.is_some() && self.is_broken(record)? {
            return Ok(());
        }
        self.inner()?.produce(record)
    }

    fn send_offsets(&mut self, offsets: &[OffsetCommit], group: &GroupMetadata) -> Result<()> {
        if self.writes_checkpoints() {
            self.chaos.oversleep(&self.process);
        }
        self.enter("send offsets", WORK)?;
        self.is_in_time()?;
        let sent = self.send(offsets, group);
        if let Err(error) = &sent {
            let what = if self.writes_checkpoints() { "fenced checkpoint" } else { "fenced commit" };
            self.chaos.note(what, (self.process.number, 0), || error.to_string());
        }
        sent?;
        self.offsets.extend(offsets.iter().map(|offset| offset.partition.clone()));
        if let Some(number) = self.open {
            self.chaos.state().timeouts.send(number, self.offsets.iter().cloned());
        }
        for offset in offsets {
            let text = || format!("{} {} '{}'", offset.partition, offset.offset, offset.metadata);
            self.chaos.note("offset", (offset.offset as u64, offset.partition.partition as u64), text);
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<()> {
        self.commit_early()?;
        self.enter("before commit", &[])?;
        self.is_in_time()?;
        let ending = self.ending();
        match ending {
            Ending::Well => {
                let outcome = self.inner()?.commit();
                let text = || format!("{outcome:?}");
                self.chaos.note("ended", (self.process.number, u64::from(outcome.is_ok())), text);
                outcome?;
                self.chaos.state().checkpoints += u64::from(self.writes_checkpoints());
            }
            Ending::Failed(kind, happens) => {
                self.chaos.note("in doubt", (self.process.number, u64::from(happens)), String::new);
                if happens {
                    self.inner()?.commit()?;
                    self.end();
                } else {
                    self.fail();
                }
                return Err(failure(kind, "commit"));
            }
            Ending::Open => {
                self.chaos.note("in doubt", (self.process.number, 2), String::new);
                self.strand(true);
                return Err(failure(ErrorKind::Unknown, "commit"));
            }
        }
        self.end();
        self.enter("after commit", &[])
    }

    fn abort(&mut self) -> Result<()> {
        self.fail();
        self.enter("abort", &[ErrorKind::Unavailable, ErrorKind::Fatal])?;
        self.is_in_time()?;
        self.end();
        self.inner()?.abort()
    }

    fn flush(&mut self, timeout: Duration) -> Result<()> {
        self.enter("flush", &[ErrorKind::Unavailable])?;
        self.inner()?.flush(timeout)
    }
}

impl Drop for FaultyProducer {
    fn drop(&mut self) {
        if self.process.is_dead() && self.open.is_some() {
            self.strand(false);
        }
        self.end();
    }
}
