//! Consumers on Kafka.
//!
//! What enters: batches of messages from librdkafka's queue, and what the group wants. What leaves: records,
//! [`Poll::Assign`] and [`Poll::Revoke`]. What holds: librdkafka assigns nothing by itself, only what the
//! caller answers; each partition starts from an offset that was looked up here, so its position is known
//! from the start and a missing offset is an error, never a jump; a poll does not fail while brokers cannot
//! be reached.

mod standing;

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::RDKafkaErrorCode as Code;

use super::Shared;
use super::context::{Change, Context};
use super::failure::{Failure, passes};
use super::native::{Handle, Incident, OnPartitions};
use super::offsets::Place;
use super::producer::offset_list;
use crate::{
    Batch, Consumer, ConsumerConfig, Error, ErrorKind, GroupMetadata, GroupMetadataInner, OffsetCommit, Poll,
    Position, Result, StartAt, TopicPartition,
};

/// Records of a poll where the configuration does not say.
const DEFAULT_BATCH: usize = 5_000;
/// Bytes after which a poll takes no further record, where the configuration does not say: as much as is prefetched.
const DEFAULT_BYTES: usize = 16 * 1024 * 1024;
/// A wait is cut into pieces of this length at most.
const SLICE: Duration = Duration::from_millis(100);
/// How long a seek may take.
const SEEK: Duration = Duration::from_secs(5);
const COMMITTED: Duration = Duration::from_secs(30);

/// A consumer.
pub(super) struct KafkaConsumer {
    handle: Handle,
    shared: Arc<Shared>,
    config: ConsumerConfig,
    name: String,
    subscribed: bool,
    /// The assigned partitions, and where each stands.
    assigned: Vec<TopicPartition>,
    places: Vec<Place>,
    paused: Vec<TopicPartition>,
    /// A revocation was told and is not answered yet.
    revoking: bool,
    /// What came beside the records of the last poll.
    failed: Option<Error>,
    closed: bool,
}

impl KafkaConsumer {
    pub(super) fn new(shared: &Arc<Shared>, config: &ConsumerConfig) -> Result<Self> {
        let cluster = &shared.cluster;
        let name = match &config.group {
            Some(group) => format!("consumer of group {group} on {}", cluster.describe()),
            None => format!("consumer on {}", cluster.describe()),
        };
        let handle = Handle::consumer(&cluster.consumer(config)?, Context::new(name.clone()))
            .map_err(|f| f.outside(format!("making a {name}")))?;
        Ok(Self {
            handle,
            shared: shared.clone(),
            config: config.clone(),
            name,
            subscribed: false,
            assigned: Vec::new(),
            places: Vec::new(),
            paused: Vec::new(),
            revoking: false,
            failed: None,
            closed: false,
        })
    }

    fn doing(&self, what: &str) -> String {
        format!("{what} by the {}", self.name)
    }

    fn group(&self, what: &str) -> Result<&str> {
        self.config.group.as_deref().ok_or_else(|| {
            Error::new(ErrorKind::Config, self.doing(what), "the consumer was made without a group: name one")
        })
    }

    fn index(&self, partition: &TopicPartition) -> Option<usize> {
        self.assigned.iter().position(|p| p == partition)
    }

    fn list(&self, partitions: &[TopicPartition], what: &str) -> Result<TopicPartitionList> {
        let mut list = TopicPartitionList::with_capacity(partitions.len());
        for p in partitions {
            if self.index(p).is_none() {
                let message = format!("{p} is not assigned");
                return Err(Error::new(ErrorKind::Config, self.doing(what), message));
            }
            list.add_partition(&p.topic, p.partition);
        }
        Ok(list)
    }

    /// The offsets that positions stand for, in order.
    fn resolve(&self, wanted: &[(TopicPartition, Position)]) -> Result<Vec<i64>> {
        let by_commit: Vec<_> =
            wanted.iter().filter(|(_, at)| *at == Position::Committed).map(|(p, _)| p.clone()).collect();
        let mut committed = self.committed(&by_commit)?.into_iter();
        let ends = |p: &TopicPartition| self.shared.watermarks(p, self.config.isolation);
        let offset = |(partition, at): &(TopicPartition, Position)| -> Result<i64> {
            Ok(match at {
                Position::Offset(offset) => *offset,
                Position::Beginning => ends(partition)?.0,
                Position::End => ends(partition)?.1,
                Position::Committed => match (committed.next().flatten(), self.config.start) {
                    (Some(offset), _) => offset,
                    (None, StartAt::Earliest) => ends(partition)?.0,
                    (None, StartAt::Latest) => ends(partition)?.1,
                },
            })
        };
        wanted.iter().map(offset).collect()
    }

    fn committed(&self, partitions: &[TopicPartition]) -> Result<Vec<Option<i64>>> {
        if partitions.is_empty() {
            return Ok(Vec::new());
        }
        self.group("reading committed offsets")?;
        let committed = super::offsets::committed(&self.handle, partitions, COMMITTED)
            .map_err(|f| f.outside(self.doing("reading committed offsets")))?;
        Ok(committed.into_iter().map(|c| c.map(|c| c.offset)).collect())
    }

    /// Has librdkafka read all assigned partitions from their places.
    fn assign_all(&mut self) -> Result<()> {
        for place in &mut self.places {
            *place = Place::at(place.offset);
        }
        let before = self.native_positions()?;
        let mut list = TopicPartitionList::with_capacity(self.assigned.len());
        for (p, place) in self.assigned.iter().zip(&self.places) {
            let done = list.add_partition_offset(&p.topic, p.partition, Offset::Offset(place.offset));
            done.map_err(|e| Failure::from_crate(&e).outside(self.doing("assign")))?;
        }
        self.handle.apply(OnPartitions::Assign, &list).map_err(|f| f.outside(self.doing("assign")))?;
        self.await_reset(&before)?;
        // A new assignment begins unpaused.
        self.paused.retain(|p| self.assigned.contains(p));
        if self.paused.is_empty() {
            return Ok(());
        }
        let list = self.list(&self.paused, "pause")?;
        self.handle.apply(OnPartitions::Pause, &list).map_err(|f| f.outside(self.doing("pause")))
    }

    /// Partitions that are taken away go unpaused: librdkafka would keep them so, though they are given again.
    fn resume_leaving(&mut self, leaving: impl Fn(&TopicPartition) -> bool) -> Result<()> {
        let (gone, kept) = self.paused.drain(..).partition(|p| leaving(p));
        self.paused = kept;
        let gone: Vec<TopicPartition> = gone;
        let known: Vec<TopicPartition> = gone.into_iter().filter(|p| self.index(p).is_some()).collect();
        if known.is_empty() {
            return Ok(());
        }
        let list = self.list(&known, "resume")?;
        self.handle.apply(OnPartitions::Resume, &list).map_err(|f| f.outside(self.doing("resume")))
    }

    fn told(&mut self) -> Option<Poll> {
        let change = self.handle.context().next_change()?;
        self.revoking = matches!(change, Change::Revoke { .. });
        Some(match change {
            Change::Assign(partitions) => Poll::Assign(partitions),
            Change::Revoke { partitions, lost } => Poll::Revoke { partitions, lost },
        })
    }

    /// Takes note of what came instead of a record; an error for what polling cannot mend.
    fn happened(&mut self, incident: Incident) -> Option<Error> {
        let Incident { code, text, partition, offset } = incident;
        let context = format!("reading {partition} by the {}", self.name);
        if let Some(i) = self.index(&partition) {
            // Taking a batch, librdkafka counts an error at an offset as if it were a record.
            self.places[i].is_spoiled |= offset >= 0;
        }
        match code {
            Code::AutoOffsetReset | Code::OffsetOutOfRange => {
                let message = format!(
                    "{text}: what lay at the offset asked for was deleted by retention, or the topic was made anew"
                );
                Some(Error::new(ErrorKind::OffsetOutOfRange, context, message))
            }
            // A group member waits for its topics to be made.
            Code::UnknownTopicOrPartition | Code::UnknownTopic | Code::UnknownPartition
                if self.subscribed =>
            {
                tracing::debug!(consumer = self.name, topic = %partition.topic, "subscribed topic is not there yet");
                None
            }
            Code::Fatal => {
                let failure = self.fatal().unwrap_or(Failure { text, ..Failure::of(code) });
                Some(failure.outside(context))
            }
            Code::PollExceeded => {
                tracing::warn!(
                    consumer = self.name,
                    text,
                    "the group gave this consumer up: it did not poll"
                );
                None
            }
            code if passes(code) => {
                tracing::debug!(consumer = self.name, %partition, text, "reading goes on after a transient error");
                None
            }
            code => Some(Failure { text, ..Failure::of(code) }.outside(context)),
        }
    }

    /// What has ended the client. librdkafka tells it once, as a message that a rebalance at the same time discards.
    fn fatal(&self) -> Option<Failure> {
        let (code, text) = self.handle.client().fatal_error()?;
        Some(Failure { text, fatal: true, ..Failure::of(code) })
    }

    /// One look into the queue; true if there is something to tell.
    fn look(&mut self, batch: &mut Batch, wait: Duration) {
        let max = if self.config.max_batch == 0 { DEFAULT_BATCH } else { self.config.max_batch };
        let bytes =
            if self.config.max_batch_bytes == 0 { DEFAULT_BYTES } else { self.config.max_batch_bytes };
        let mut incidents = Vec::new();
        self.handle.consume(batch, (max, bytes), wait, &self.assigned, &mut incidents);
        if !batch.is_empty() {
            self.handle.context().answered();
            self.advance(batch);
        }
        for incident in incidents {
            let error = self.happened(incident);
            self.failed = self.failed.take().or(error);
        }
    }

    fn leave(&mut self) -> Result<()> {
        if std::mem::replace(&mut self.closed, true) {
            return Ok(());
        }
        self.handle.context().close();
        // An assignment or revocation that nobody answered would hold up the farewell.
        let _ = self.handle.unassign();
        self.handle.close().map_err(|f| f.outside(self.doing("close")))
    }
}

impl Consumer for KafkaConsumer {
    fn subscribe(&mut self, topics: &[String]) -> Result<()> {
        self.group("subscribe")?;
        let mut list = TopicPartitionList::with_capacity(topics.len());
        for topic in topics {
            list.add_topic_unassigned(topic);
        }
        self.subscribed = true;
        self.handle.apply(OnPartitions::Subscribe, &list).map_err(|f| f.outside(self.doing("subscribe")))
    }

    fn poll(&mut self, batch: &mut Batch, timeout: Duration) -> Result<Poll> {
        batch.clear();
        let deadline = Instant::now() + timeout;
        loop {
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            if let Some(told) = self.told() {
                return Ok(told);
            }
            self.mend_positions()?;
            let left = deadline.saturating_duration_since(Instant::now());
            self.look(batch, left.min(SLICE));
            if !batch.is_empty() {
                return Ok(Poll::Records);
            }
            if left.is_zero() && self.failed.is_none() {
                return match (self.told(), self.fatal()) {
                    (Some(told), _) => Ok(told),
                    (None, Some(failure)) => Err(failure.outside(self.doing("polling"))),
                    (None, None) => Ok(Poll::Idle),
                };
            }
        }
    }

    fn assign(&mut self, partitions: &[(TopicPartition, Position)]) -> Result<()> {
        let places = self.resolve(partitions)?.into_iter().map(Place::at).collect();
        self.resume_leaving(|_| true)?;
        self.places = places;
        self.assigned = partitions.iter().map(|(p, _)| p.clone()).collect();
        self.assign_all()
    }

    fn unassign(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        self.resume_leaving(|p| partitions.contains(p))?;
        let kept =
            self.assigned.drain(..).zip(self.places.drain(..)).filter(|(p, _)| !partitions.contains(p));
        (self.assigned, self.places) = kept.unzip();
        if self.assigned.is_empty() {
            self.revoking = false;
            return self.handle.unassign().map_err(|f| f.outside(self.doing("unassign")));
        }
        // A revocation is answered when all of it is given up.
        if self.revoking { Ok(()) } else { self.assign_all() }
    }

    fn seek(&mut self, partition: &TopicPartition, position: Position) -> Result<()> {
        self.list(std::slice::from_ref(partition), "seek")?;
        let offset = self.resolve(&[(partition.clone(), position)])?.first().copied().unwrap_or_default();
        let index = self.index(partition).unwrap_or_default();
        self.places[index] = Place::at(offset);
        let mut list = TopicPartitionList::with_capacity(1);
        let added = list.add_partition_offset(&partition.topic, partition.partition, Offset::Offset(offset));
        added.map_err(|e| Failure::from_crate(&e).outside(self.doing("seek")))?;
        let done = self.handle.apply(OnPartitions::Seek(SEEK), &list).and_then(|()| {
            list.elements().iter().try_for_each(|e| e.error()).map_err(|e| Failure::from_crate(&e))
        });
        match done {
            // Not begun yet, or stopped by an offset that was not there: begun anew, from the new position.
            Err(f) if matches!(f.code, Code::State | Code::PreviousInProgress) => self.assign_all(),
            // It has answered, so its position was reset before.
            Ok(()) => {
                self.places[index].is_current = true;
                Ok(())
            }
            Err(f) => Err(f.outside(self.doing("seek"))),
        }
    }

    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        let list = self.list(partitions, "pause")?;
        self.paused.extend_from_slice(partitions);
        self.handle.apply(OnPartitions::Pause, &list).map_err(|f| f.outside(self.doing("pause")))
    }

    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        let list = self.list(partitions, "resume")?;
        self.paused.retain(|p| !partitions.contains(p));
        self.handle.apply(OnPartitions::Resume, &list).map_err(|f| f.outside(self.doing("resume")))
    }

    fn keep_alive(&mut self) {
        self.handle.keep_alive();
    }

    fn position(&mut self, partition: &TopicPartition) -> Result<Option<i64>> {
        let Some(i) = self.index(partition) else { return Ok(None) };
        self.pass_markers(i)?;
        Ok(Some(self.places[i].offset))
    }

    fn group_metadata(&mut self) -> Result<GroupMetadata> {
        self.group("asking for the membership")?;
        let membership = self.handle.membership().ok_or_else(|| {
            Error::new(ErrorKind::Fatal, self.doing("asking for the membership"), "librdkafka knows none")
        })?;
        Ok(GroupMetadata(GroupMetadataInner::Kafka(Arc::new(membership))))
    }

    fn commit(&mut self, offsets: &[OffsetCommit]) -> Result<()> {
        self.group("commit")?;
        let list = offset_list(offsets).map_err(|f| f.outside(self.doing("commit")))?;
        self.handle.apply(OnPartitions::Commit, &list).map_err(|f| f.outside(self.doing("commit")))
    }

    fn close(mut self: Box<Self>) -> Result<()> {
        self.leave()
    }
}

impl Drop for KafkaConsumer {
    fn drop(&mut self) {
        if let Err(e) = self.leave() {
            tracing::debug!(error = %e, "a dropped consumer could not leave in order");
        }
    }
}
