//! Consumers of the embedded broker.
//!
//! What enters: chunks of the assigned partitions, from each one's position on. What leaves: batches, and
//! what the group tells. What holds: a poll decodes at most about `max_batch_bytes` and `max_batch` records,
//! whatever lies in the log; each partition has its share of a poll, and the first one changes from poll to
//! poll; a partition read to its end has the end as its position, past markers and aborted records.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::cursor::{Cursor, out_of_range};
use super::group::Event;
use super::keys::Ends;
use super::log::{Log, State};
use super::transaction::{GroupOffsets, Transaction};
use crate::{
    Batch, Consumer, ConsumerConfig, ErrorKind, GroupMetadata, GroupMetadataInner, OffsetCommit, Poll,
    Position, Result, StartAt, TopicPartition, properties,
};

/// Records of a poll where the configuration does not say.
const DEFAULT_BATCH: usize = 10_000;
/// Bytes after which a poll takes no further record, where the configuration does not say.
const DEFAULT_BYTES: usize = 4 * 1024 * 1024;
/// How long a member may be silent or keep a rebalance waiting, as Kafka's `max.poll.interval.ms`.
const REBALANCE_TIMEOUT: Duration = Duration::from_secs(300);

/// A consumer.
pub(super) struct EmbeddedConsumer {
    log: Arc<Log>,
    config: ConsumerConfig,
    id: u64,
    member: bool,
    /// The group asked for the partitions back and nothing is read until they are given up.
    revoking: bool,
    rebalance_timeout: Duration,
    cursors: Vec<Cursor>,
    first: usize,
}

impl EmbeddedConsumer {
    pub(super) fn new(log: &Arc<Log>, config: &ConsumerConfig) -> Result<Self> {
        properties::check(
            &format!("making a consumer on the {}", log.name),
            &config.properties,
            properties::CONSUMER,
        )?;
        let rebalance_timeout = match config.properties.get("max.poll.interval.ms") {
            None => REBALANCE_TIMEOUT,
            Some(text) => text.parse().map(Duration::from_millis).map_err(|_| {
                let message = format!("max.poll.interval.ms is '{text}', a number of milliseconds is needed");
                log.error(ErrorKind::Config, "making a consumer", message)
            })?,
        };
        let id = log.state().next_client();
        Ok(Self {
            log: log.clone(),
            config: config.clone(),
            id,
            member: false,
            revoking: false,
            rebalance_timeout,
            cursors: Vec::new(),
            first: 0,
        })
    }

    fn group(&self, doing: &str) -> Result<&str> {
        self.config.group.as_deref().ok_or_else(|| {
            self.log.error(ErrorKind::Config, doing, "the consumer was made without a group: name one")
        })
    }

    fn batch_limit(&self) -> usize {
        if self.config.max_batch == 0 { DEFAULT_BATCH } else { self.config.max_batch }
    }

    fn bytes_limit(&self) -> usize {
        if self.config.max_batch_bytes == 0 { DEFAULT_BYTES } else { self.config.max_batch_bytes }
    }

    fn cursor(&mut self, partition: &TopicPartition, doing: &str) -> Result<&mut Cursor> {
        let log = &self.log;
        self.cursors.iter_mut().find(|c| c.partition == *partition).ok_or_else(|| {
            log.error(ErrorKind::Config, &format!("{doing} {partition}"), "the partition is not assigned")
        })
    }

    fn resolve(&self, partition: &TopicPartition, position: Position) -> Result<(u32, i64)> {
        self.log.write_out_lingering();
        let (topic, ends) = self.log.ends(partition, "reading")?;
        let offset = match position {
            Position::Offset(offset) => offset,
            Position::Beginning => ends.start,
            Position::End => ends.end,
            Position::Committed => {
                let group = self.group("reading from the committed offset")?;
                let committed = {
                    let _writing = self.log.writing()?;
                    self.log.committed(group, partition)?
                };
                match (committed, self.config.start) {
                    (Some(commit), _) => commit.offset,
                    (None, StartAt::Earliest) => ends.start,
                    (None, StartAt::Latest) => ends.end,
                }
            }
        };
        Ok((topic, offset))
    }

    /// What the group has to tell.
    fn event(&mut self, state: &mut State) -> Option<Event> {
        let group = self.config.group.as_deref().filter(|_| self.member)?;
        let (id, timeout, now) = (self.id, self.rebalance_timeout, self.log.clock.now());
        state.group(group, |g, partitions| {
            g.alive(id, now, timeout);
            g.expire(timeout, now, partitions);
            g.event(id, partitions)
        })
    }

    fn told(&mut self, event: Event) -> Result<Poll> {
        // Others may be waiting for what this changed.
        self.log.notify();
        match event {
            Event::Assign(partitions) => {
                self.revoking = false;
                Ok(Poll::Assign(partitions))
            }
            Event::Revoke { partitions, lost } => {
                self.revoking = true;
                Ok(Poll::Revoke { partitions, lost })
            }
            Event::Replaced => {
                self.cursors.clear();
                let message = format!(
                    "another consumer with the same instance name ({}) has joined the group",
                    self.config.instance.as_deref().unwrap_or_default()
                );
                Err(self.log.error(ErrorKind::Fenced, "polling", message))
            }
        }
    }

    /// The cursors with something to read, and the ends of their partitions, in the order of this poll.
    fn ready(&self, state: &State) -> Result<Vec<(usize, Ends)>> {
        let mut ready = Vec::new();
        if self.revoking {
            return Ok(ready);
        }
        for i in 0..self.cursors.len() {
            let index = (self.first + i) % self.cursors.len();
            let cursor = &self.cursors[index];
            match state.ends(&cursor.partition) {
                _ if cursor.paused => {}
                Some((topic, ends)) if topic == cursor.topic => {
                    if cursor.position < ends.start || cursor.position > ends.end {
                        return Err(out_of_range(&self.log, cursor, ends));
                    }
                    if cursor.position < ends.end {
                        ready.push((index, ends));
                    }
                }
                // A group hears of it by a rebalance.
                _ if self.member => {}
                _ => {
                    let message = "the topic was deleted while it was read";
                    return Err(self.log.error(
                        ErrorKind::UnknownTopic,
                        &format!("reading {}", cursor.partition),
                        message,
                    ));
                }
            }
        }
        Ok(ready)
    }

    /// Fills the batch from the cursors that are ready.
    fn read(&mut self, ready: &[(usize, Ends)], batch: &mut Batch) -> Result<()> {
        let limit = self.batch_limit();
        let share = limit.div_ceil(ready.len());
        let bytes = self.bytes_limit().div_ceil(ready.len());
        for (index, ends) in ready {
            let room = share.min(limit - batch.len());
            if room == 0 {
                break;
            }
            let cursor = &mut self.cursors[*index];
            cursor.read(&self.log, batch, room, bytes, *ends)?;
        }
        self.first = self.first.wrapping_add(1) % self.cursors.len().max(1);
        Ok(())
    }
}

impl Consumer for EmbeddedConsumer {
    fn subscribe(&mut self, topics: &[String]) -> Result<()> {
        let group = self.group("subscribing")?.to_owned();
        self.member = true;
        let (id, instance) = (self.id, self.config.instance.as_deref());
        self.log.state().group(&group, |g, partitions| g.join(id, instance, topics, partitions));
        self.log.notify();
        Ok(())
    }

    fn poll(&mut self, batch: &mut Batch, timeout: Duration) -> Result<Poll> {
        batch.clear();
        let deadline = Instant::now() + timeout;
        let log = self.log.clone();
        let mut state = log.state();
        loop {
            if let Some(event) = self.event(&mut state) {
                drop(state);
                return self.told(event);
            }
            if state.lingers {
                drop(state);
                log.write_out_lingering();
                state = log.state();
                continue;
            }
            let ready = self.ready(&state)?;
            if !ready.is_empty() {
                drop(state);
                self.read(&ready, batch)?;
                if !batch.is_empty() {
                    return Ok(Poll::Records);
                }
                state = log.state();
                continue;
            }
            if Instant::now() >= deadline {
                return Ok(Poll::Idle);
            }
            state = log.wait(state, deadline);
        }
    }

    fn assign(&mut self, partitions: &[(TopicPartition, Position)]) -> Result<()> {
        let mut cursors = Vec::with_capacity(partitions.len());
        for (partition, position) in partitions {
            let (topic, position) = self.resolve(partition, *position)?;
            let partition = partition.clone();
            cursors.push(Cursor::new(partition, topic, position));
        }
        self.cursors = cursors;
        Ok(())
    }

    fn unassign(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        self.cursors.retain(|c| !partitions.contains(&c.partition));
        if self.member {
            let group = self.group("giving up partitions")?;
            self.log.state().group(group, |g, of| g.gave_up(self.id, partitions, of));
            self.revoking = false;
            self.log.notify();
        }
        Ok(())
    }

    fn seek(&mut self, partition: &TopicPartition, position: Position) -> Result<()> {
        let (_, position) = self.resolve(partition, position)?;
        let cursor = self.cursor(partition, "seeking in")?;
        cursor.seek(position);
        Ok(())
    }

    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        partitions.iter().try_for_each(|p| self.cursor(p, "pausing").map(|c| c.paused = true))
    }

    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        partitions.iter().try_for_each(|p| self.cursor(p, "resuming").map(|c| c.paused = false))
    }

    fn position(&mut self, partition: &TopicPartition) -> Result<Option<i64>> {
        Ok(self.cursors.iter().find(|c| c.partition == *partition).map(|c| c.position))
    }

    fn group_metadata(&mut self) -> Result<GroupMetadata> {
        let group = self.group("asking for the membership")?.to_owned();
        let member = if self.member { self.id } else { 0 };
        let generation = self.log.state().group(&group, |g, _| g.generation_of(member));
        Ok(GroupMetadata(GroupMetadataInner::Embedded { group, member, generation }))
    }

    fn commit(&mut self, offsets: &[OffsetCommit]) -> Result<()> {
        let GroupMetadata(metadata) = self.group_metadata()?;
        #[cfg_attr(
            not(feature = "kafka"),
            expect(irrefutable_let_patterns, reason = "Kafka's is the other variant")
        )]
        if let GroupMetadataInner::Embedded { group, member, generation } = metadata {
            for o in offsets {
                self.log.ends(&o.partition, "committing an offset of")?;
            }
            let offsets = vec![GroupOffsets { group, member, generation, offsets: offsets.to_vec() }];
            self.log.commit(None, Transaction { parts: Vec::new(), offsets }, false)?;
        }
        Ok(())
    }

    fn keep_alive(&mut self) {
        if let (true, Some(group)) = (self.member, self.config.group.as_deref()) {
            let (id, now, patience) = (self.id, self.log.clock.now(), self.rebalance_timeout);
            self.log.state().group(group, |g, _| g.alive(id, now, patience));
        }
    }

    fn close(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

impl Drop for EmbeddedConsumer {
    fn drop(&mut self) {
        if let (true, Some(group)) = (self.member, self.config.group.as_deref()) {
            self.log.state().group(group, |g, partitions| g.leave(self.id, partitions));
            self.log.notify();
        }
    }
}
