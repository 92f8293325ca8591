//! Producers whose transactions fail, time out, or are left behind open.

use std::sync::Arc;
use std::time::Duration;

use broker::{
    ErrorKind, GroupMetadata, OffsetCommit, Outgoing, Producer, ProducerConfig, Result, TopicPartition,
};

use super::{Chaos, FaultyLog, Process, failure};

/// See the module.
pub(super) struct FaultyProducer {
    chaos: Arc<Chaos>,
    process: Arc<Process>,
    id: Option<String>,
    /// None once its transaction is left to itself.
    inner: Option<Box<dyn Producer>>,
    open: bool,
    offsets: Vec<TopicPartition>,
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
        Ok(Self { chaos, process, id, inner, open: false, offsets: Vec::new() })
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

    /// Leaves the open transaction to itself.
    fn strand(&mut self, may_commit: bool) {
        self.open = false;
        if let (Some(inner), Some(id)) = (self.inner.take(), self.id.clone()) {
            self.chaos.strand((id, inner, may_commit, std::mem::take(&mut self.offsets)));
        }
    }
}

impl Producer for FaultyProducer {
    fn begin(&mut self) -> Result<()> {
        self.enter("begin", WORK)?;
        self.inner()?.begin()?;
        self.open = true;
        self.offsets.clear();
        Ok(())
    }

    fn produce(&mut self, record: &Outgoing<'_>) -> Result<()> {
        self.chaos.pass(&self.process)?;
        self.inner()?.produce(record)
    }

    fn send_offsets(&mut self, offsets: &[OffsetCommit], group: &GroupMetadata) -> Result<()> {
        self.enter("send offsets", WORK)?;
        self.inner()?.send_offsets(offsets, group)?;
        self.offsets.extend(offsets.iter().map(|offset| offset.partition.clone()));
        for offset in offsets {
            let text = || format!("{} {} '{}'", offset.partition, offset.offset, offset.metadata);
            self.chaos.note("offset", (offset.offset as u64, offset.partition.partition as u64), text);
        }
        Ok(())
    }

    fn commit(&mut self) -> Result<()> {
        self.enter("before commit", &[])?;
        let ending = self.ending();
        match ending {
            Ending::Well => {
                let outcome = self.inner()?.commit();
                let text = || format!("{outcome:?}");
                self.chaos.note("ended", (self.process.number, u64::from(outcome.is_ok())), text);
                outcome?;
            }
            Ending::Failed(kind, happens) => {
                self.chaos.note("in doubt", (self.process.number, u64::from(happens)), String::new);
                if happens {
                    self.inner()?.commit()?;
                    self.open = false;
                }
                return Err(failure(kind, "commit"));
            }
            Ending::Open => {
                self.chaos.note("in doubt", (self.process.number, 2), String::new);
                self.strand(true);
                return Err(failure(ErrorKind::Unknown, "commit"));
            }
        }
        self.open = false;
        self.enter("after commit", &[])
    }

    fn abort(&mut self) -> Result<()> {
        self.enter("abort", &[ErrorKind::Unavailable, ErrorKind::Fatal])?;
        self.open = false;
        self.inner()?.abort()
    }

    fn flush(&mut self, timeout: Duration) -> Result<()> {
        self.enter("flush", &[ErrorKind::Unavailable])?;
        self.inner()?.flush(timeout)
    }
}

impl Drop for FaultyProducer {
    fn drop(&mut self) {
        if self.process.is_dead() && self.open {
            self.strand(false);
        }
    }
}
