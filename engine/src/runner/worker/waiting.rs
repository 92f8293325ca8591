//! Records of a partition that wait for their turn, where a task takes from several inputs.
//!
//! Enters: what polls bring, copied. Leaves: the records in offset order, one at a time. What holds: memory is
//! reused, and bounded by pausing the partition while much waits; what is committed of the partition is the
//! offset of the first record that still waits.

use std::time::{Duration, Instant};

use broker::{Batch, Broker, Clock, Consumer, Isolation, Record, TopicPartition};

use super::super::Error;

/// A partition with so many waiting records is paused.
const MANY: usize = 10_000;
/// And one with so many bytes of them.
const LARGE: usize = 4 << 20;
/// How long it is taken as known that a partition was read to its end.
const LOOK: Duration = Duration::from_millis(50);

/// See the module.
pub(in super::super) struct Waiting {
    /// Records are taken from here, from `next` on.
    taken: Batch,
    next: usize,
    /// Records come in here, behind the others.
    coming: Batch,
    /// The input is a table: loaded before a stream's first record, and first among equal times.
    pub(super) is_table: bool,
    /// The end of the topic when it was assigned, until it is reached.
    pub(super) load_to: Option<i64>,
    /// Of a broadcast table: how far it has to be copied before that end is taken.
    pub(super) copying: Option<Copying>,
    /// The end, and when it was looked at.
    end: Option<(i64, Instant)>,
    /// Since when the others wait for this one.
    since: Option<Instant>,
    /// Where it is read on and whether it is waited for: both as of this round.
    position: Option<i64>,
    awaited: Option<bool>,
    paused: bool,
}

/// What there is to ask, and how long an input is waited for at most.
pub(super) struct Look<'l> {
    pub(super) consumer: &'l mut dyn Consumer,
    pub(super) broker: &'l dyn Broker,
    pub(super) group: &'l str,
    pub(super) clock: &'l dyn Clock,
    pub(super) idle: Duration,
}

/// The topic of a broadcast table, whose rows come by copies.
pub(super) struct Copying {
    partitions: Vec<TopicPartition>,
    /// Their ends when the copies were assigned.
    ends: Vec<i64>,
    looked: Option<Instant>,
}

impl Copying {
    /// As far as the topic goes now.
    pub(super) fn of(broker: &dyn Broker, topic: &str) -> Result<Self, Error> {
        let count = broker.topic(topic)?.map_or(0, |topic| topic.partitions);
        let partitions: Vec<_> = (0..count).map(|number| TopicPartition::new(topic, number)).collect();
        let end = |partition| Ok(broker.watermarks(partition, Isolation::ReadUncommitted)?.1);
        let ends = partitions.iter().map(end).collect::<Result<_, Error>>()?;
        Ok(Self { partitions, ends, looked: None })
    }

    /// Whether all of it is copied, and committed.
    fn is_done(&mut self, look: &Look<'_>) -> Result<bool, Error> {
        let now = look.clock.now();
        if self.looked.is_some_and(|looked| now.saturating_duration_since(looked) < LOOK) {
            return Ok(false);
        }
        self.looked = Some(now);
        if self.ends.iter().all(|end| *end == 0) {
            return Ok(true);
        }
        let committed = look.broker.committed(look.group, &self.partitions)?;
        let far = committed.into_iter().map(|committed| committed.map_or(0, |c| c.offset));
        Ok(far.zip(&self.ends).all(|(at, end)| at >= *end))
    }
}

/// What to do with a partition's fetching.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Pace {
    Pause,
    Resume,
}

impl Waiting {
    /// Nothing waits yet.
    pub(in super::super) fn new(is_table: bool, load_to: Option<i64>) -> Self {
        Self {
            taken: Batch::new(),
            next: 0,
            coming: Batch::new(),
            is_table,
            load_to,
            copying: None,
            end: None,
            since: None,
            position: None,
            awaited: None,
            paused: false,
        }
    }

    /// A record came.
    pub(in super::super) fn push(&mut self, record: &Record<'_>) {
        let Record { offset, timestamp, key, value, headers, .. } = *record;
        self.coming.push(0, offset, timestamp, key, value, headers);
        self.turn_over();
        self.since = None;
    }

    /// The record whose turn is next.
    pub(in super::super) fn head(&self) -> Option<Record<'_>> {
        (self.next < self.taken.len()).then(|| self.taken.get(self.next))
    }

    /// The head is done with.
    pub(in super::super) fn advance(&mut self) {
        self.next += 1;
        self.turn_over();
    }

    fn turn_over(&mut self) {
        if self.next >= self.taken.len() {
            self.taken.clear();
            std::mem::swap(&mut self.taken, &mut self.coming);
            self.next = 0;
        }
    }

    /// A poll has been made: what is known of the position is old.
    pub(super) fn begin_round(&mut self) {
        (self.position, self.awaited) = (None, None);
    }

    /// Whether the table is not loaded yet. `partition` is where the records come from.
    pub(super) fn is_loading(
        &mut self,
        partition: &TopicPartition,
        look: &mut Look<'_>,
    ) -> Result<bool, Error> {
        if let Some(copying) = &mut self.copying {
            if !copying.is_done(look)? {
                return Ok(true);
            }
            self.load_to = Some(look.broker.watermarks(partition, Isolation::ReadUncommitted)?.1);
            self.copying = None;
        }
        let Some(end) = self.load_to else { return Ok(false) };
        let at = match self.head() {
            Some(record) => record.offset,
            None => self.position(partition, look.consumer)?,
        };
        if at >= end {
            self.load_to = None;
            tracing::debug!(%partition, end, "the table is loaded");
        }
        Ok(at < end)
    }

    /// Whether the others have to wait for this one: nothing of it is here, but more of it is in the log.
    pub(super) fn is_awaited(
        &mut self,
        partition: &TopicPartition,
        look: &mut Look<'_>,
    ) -> Result<bool, Error> {
        if let Some(awaited) = self.awaited {
            return Ok(awaited);
        }
        let position = self.position(partition, look.consumer)?;
        let now = look.clock.now();
        let lags = match self.end {
            Some((end, _)) if position < end => true,
            Some((_, at)) if now.saturating_duration_since(at) < LOOK => false,
            _ => {
                let (_, end) = look.broker.watermarks(partition, Isolation::ReadCommitted)?;
                self.end = Some((end, now));
                position < end
            }
        };
        let awaited = if lags {
            now.saturating_duration_since(*self.since.get_or_insert(now)) < look.idle
        } else {
            self.since = None;
            false
        };
        self.awaited = Some(awaited);
        Ok(awaited)
    }

    fn position(&mut self, partition: &TopicPartition, consumer: &mut dyn Consumer) -> Result<i64, Error> {
        if let Some(position) = self.position {
            return Ok(position);
        }
        let position = consumer.position(partition)?.unwrap_or_default();
        self.position = Some(position);
        Ok(position)
    }

    /// Pauses a partition of which much waits, and resumes it when most of that is done.
    pub(in super::super) fn pace(&mut self) -> Option<Pace> {
        let waiting = self.taken.len() - self.next + self.coming.len();
        let size = self.taken.size() + self.coming.size();
        match self.paused {
            false if waiting >= MANY || size >= LARGE => {
                self.paused = true;
                Some(Pace::Pause)
            }
            true if waiting < MANY / 4 && size < LARGE / 2 => {
                self.paused = false;
                Some(Pace::Resume)
            }
            _ => None,
        }
    }
}
