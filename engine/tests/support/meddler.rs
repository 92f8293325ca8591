//! A log on which one thing happens once, as it happens to who is slow: the group has given it up and others have gone on.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use broker::{
    Batch, Broker, Consumer, ConsumerConfig, Error, ErrorKind, GroupInfo, GroupMetadata, Isolation,
    ManualClock, OffsetCommit, Outgoing, Poll, Position, Producer, ProducerConfig, Result, TopicInfo,
    TopicPartition, TopicSpec,
};

/// What happens.
#[derive(Debug)]
pub(crate) enum Trick {
    /// Who asks where the group stands in changelogs is told this: how it stood a while ago.
    OldOffsets(Vec<OffsetCommit>),
    /// A member that takes up its partitions finds that the records from its positions on were deleted; others may have
    /// done that, and have gone on.
    Deleted { by_others: bool },
    /// Whoever asks next where the group stands finds that others have gone on.
    Others,
    /// A checkpoint that is to be committed comes to nothing.
    NoCheckpoint,
    /// A commit of work comes to nothing, and takes so long that this happens meanwhile.
    NoCommit(Meanwhile),
    /// A member's poll fails.
    NoPoll,
    /// A member's subscription fails.
    NoSubscription,
    /// It takes long until the group has heard of it.
    SlowSubscription,
    /// A poll of who reads without a group takes a second.
    SlowRead(Arc<ManualClock>),
    /// It fails.
    NoRead,
}

/// What others do.
pub(crate) struct Meanwhile(pub(crate) Box<dyn FnOnce() + Send>);

impl std::fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meanwhile")
    }
}

/// How often one may ask where the group stands: who asks more often goes round and round.
const ENDLESS: usize = 10_000;

type Next = Arc<Mutex<VecDeque<Trick>>>;

/// See the module.
#[derive(Clone)]
pub(crate) struct Meddler {
    inner: Arc<dyn Broker>,
    next: Next,
    asked: Arc<AtomicUsize>,
}

impl Meddler {
    pub(crate) fn over(inner: &Arc<dyn Broker>) -> Arc<Self> {
        Arc::new(Self { inner: inner.clone(), next: Arc::default(), asked: Arc::default() })
    }

    /// From now on, each once, one after the other.
    pub(crate) fn plan(&self, tricks: impl IntoIterator<Item = Trick>) {
        self.next.lock().unwrap().extend(tricks);
    }

    /// Whether all have happened.
    pub(crate) fn is_over(&self) -> bool {
        self.next.lock().unwrap().is_empty()
    }
}

fn take(next: &Next, is_it: impl Fn(&Trick) -> bool) -> Option<Trick> {
    let mut next = next.lock().unwrap();
    if next.front().is_some_and(is_it) { next.pop_front() } else { None }
}

fn failure(kind: ErrorKind) -> Error {
    Error::new(kind, "asking the log", "as the test wants it")
}

struct Reader {
    inner: Box<dyn Consumer>,
    is_member: bool,
    next: Next,
}

impl Consumer for Reader {
    fn subscribe(&mut self, topics: &[String]) -> Result<()> {
        let is_it = |trick: &Trick| matches!(trick, Trick::NoSubscription | Trick::SlowSubscription);
        match take(&self.next, is_it) {
            Some(Trick::SlowSubscription) => Ok(()),
            Some(_) => Err(failure(ErrorKind::Unavailable)),
            None => self.inner.subscribe(topics),
        }
    }

    fn poll(&mut self, batch: &mut Batch, timeout: Duration) -> Result<Poll> {
        let is_it = |trick: &Trick| match trick {
            Trick::NoPoll => self.is_member,
            Trick::SlowRead(_) | Trick::NoRead => !self.is_member,
            _ => false,
        };
        match take(&self.next, is_it) {
            Some(Trick::SlowRead(clock)) => clock.advance(Duration::from_secs(1)),
            Some(_) => return Err(failure(ErrorKind::Unavailable)),
            None => {}
        }
        self.inner.poll(batch, timeout)
    }

    fn assign(&mut self, partitions: &[(TopicPartition, Position)]) -> Result<()> {
        if !self.is_member {
            return self.inner.assign(partitions);
        }
        let Some(Trick::Deleted { by_others }) = take(&self.next, |t| matches!(t, Trick::Deleted { .. }))
        else {
            return self.inner.assign(partitions);
        };
        if by_others {
            self.next.lock().unwrap().push_front(Trick::Others);
        }
        Err(failure(ErrorKind::OffsetOutOfRange))
    }

    fn unassign(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        self.inner.unassign(partitions)
    }

    fn seek(&mut self, partition: &TopicPartition, position: Position) -> Result<()> {
        self.inner.seek(partition, position)
    }

    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        self.inner.pause(partitions)
    }

    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        self.inner.resume(partitions)
    }

    fn position(&mut self, partition: &TopicPartition) -> Result<Option<i64>> {
        self.inner.position(partition)
    }

    fn group_metadata(&mut self) -> Result<GroupMetadata> {
        self.inner.group_metadata()
    }

    fn commit(&mut self, offsets: &[OffsetCommit]) -> Result<()> {
        self.inner.commit(offsets)
    }

    fn close(self: Box<Self>) -> Result<()> {
        self.inner.close()
    }
}

/// Who writes in transactions: checkpoints, or the work.
struct Writer {
    inner: Box<dyn Producer>,
    writes_checkpoints: bool,
    next: Next,
}

impl Producer for Writer {
    fn begin(&mut self) -> Result<()> {
        self.inner.begin()
    }

    fn produce(&mut self, record: &Outgoing<'_>) -> Result<()> {
        self.inner.produce(record)
    }

    fn send_offsets(&mut self, offsets: &[OffsetCommit], group: &GroupMetadata) -> Result<()> {
        self.inner.send_offsets(offsets, group)
    }

    fn commit(&mut self) -> Result<()> {
        let is_it = |trick: &Trick| match trick {
            Trick::NoCheckpoint => self.writes_checkpoints,
            Trick::NoCommit(_) => !self.writes_checkpoints,
            _ => false,
        };
        match take(&self.next, is_it) {
            Some(Trick::NoCommit(Meanwhile(others))) => {
                self.inner.abort()?;
                others();
                Err(failure(ErrorKind::Unavailable))
            }
            Some(_) => Err(failure(ErrorKind::Unavailable)),
            None => self.inner.commit(),
        }
    }

    fn abort(&mut self) -> Result<()> {
        self.inner.abort()
    }

    fn flush(&mut self, timeout: Duration) -> Result<()> {
        self.inner.flush(timeout)
    }
}

impl Broker for Meddler {
    fn describe(&self) -> String {
        self.inner.describe()
    }

    fn cluster_id(&self) -> Result<String> {
        self.inner.cluster_id()
    }

    fn create_topics(&self, topics: &[TopicSpec]) -> Result<()> {
        self.inner.create_topics(topics)
    }

    fn delete_topics(&self, topics: &[String]) -> Result<()> {
        self.inner.delete_topics(topics)
    }

    fn topic(&self, name: &str) -> Result<Option<TopicInfo>> {
        self.inner.topic(name)
    }

    fn topics(&self) -> Result<Vec<TopicInfo>> {
        self.inner.topics()
    }

    fn watermarks(&self, partition: &TopicPartition, isolation: Isolation) -> Result<(i64, i64)> {
        self.inner.watermarks(partition, isolation)
    }

    fn delete_records(&self, below: &[(TopicPartition, i64)]) -> Result<()> {
        self.inner.delete_records(below)
    }

    fn committed(&self, group: &str, partitions: &[TopicPartition]) -> Result<Vec<Option<OffsetCommit>>> {
        assert!(self.asked.fetch_add(1, Ordering::Relaxed) < ENDLESS, "somebody tries again for ever");
        let asks_for_changelogs = partitions.iter().any(|p| p.topic.ends_with("-changelog"));
        let is_it = |trick: &Trick| match trick {
            Trick::OldOffsets(_) => asks_for_changelogs,
            trick => matches!(trick, Trick::Others),
        };
        match take(&self.next, is_it) {
            Some(Trick::OldOffsets(old)) => {
                let of = |partition: &TopicPartition| {
                    old.iter().find(|offset| offset.partition == *partition).cloned()
                };
                Ok(partitions.iter().map(of).collect())
            }
            Some(_) => {
                let of = |p: &TopicPartition| OffsetCommit {
                    partition: p.clone(),
                    offset: 1_000,
                    metadata: "99 elsewhere".to_owned(),
                };
                Ok(partitions.iter().map(|partition| Some(of(partition))).collect())
            }
            None => self.inner.committed(group, partitions),
        }
    }

    fn groups(&self) -> Result<Vec<GroupInfo>> {
        self.inner.groups()
    }

    fn delete_group(&self, group: &str) -> Result<()> {
        self.inner.delete_group(group)
    }

    fn consumer(&self, config: &ConsumerConfig) -> Result<Box<dyn Consumer>> {
        let (inner, is_member) = (self.inner.consumer(config)?, config.group.is_some());
        Ok(Box::new(Reader { inner, is_member, next: self.next.clone() }))
    }

    fn producer(&self, config: &ProducerConfig) -> Result<Box<dyn Producer>> {
        let inner = self.inner.producer(config)?;
        let Some(id) = &config.transactional_id else { return Ok(inner) };
        let writes_checkpoints = id.ends_with("-checkpoint");
        Ok(Box::new(Writer { inner, writes_checkpoints, next: self.next.clone() }))
    }
}
