//! Consumers that lose what they have, are interrupted, and leave a silent member behind when their process ends.

use std::sync::Arc;
use std::time::Duration;

use broker::{
    Batch, Consumer, ConsumerConfig, ErrorKind, GroupMetadata, OffsetCommit, Poll, Position, Result,
    TopicPartition,
};

use super::{Bug, Chaos, FaultyLog, Process, failure};

/// See the module.
pub(super) struct FaultyConsumer {
    chaos: Arc<Chaos>,
    process: Arc<Process>,
    config: ConsumerConfig,
    /// None only while it is replaced or buried.
    inner: Option<Box<dyn Consumer>>,
    topics: Vec<String>,
    assigned: Vec<TopicPartition>,
}

const TRANSIENT: &[ErrorKind] = &[ErrorKind::Unavailable];

impl FaultyConsumer {
    pub(super) fn new(log: &FaultyLog, config: ConsumerConfig) -> Result<Self> {
        let inner = Some(log.chaos.inner.consumer(&config)?);
        let (chaos, process) = (log.chaos.clone(), log.process.clone());
        Ok(Self { chaos, process, config, inner, topics: Vec::new(), assigned: Vec::new() })
    }

    fn enter(&self, what: &'static str, kinds: &[ErrorKind]) -> Result<()> {
        self.chaos.enter(&self.process, what, kinds)
    }

    fn inner(&mut self) -> Result<&mut Box<dyn Consumer>> {
        self.inner.as_mut().ok_or_else(|| failure(ErrorKind::Fatal, "using a consumer that is gone"))
    }

    /// The same with streams from where the group has committed.
    fn without_replay(
        &self,
        partitions: &[(TopicPartition, Position)],
    ) -> Result<Vec<(TopicPartition, Position)>> {
        let mut moved = partitions.to_vec();
        for (partition, position) in &mut moved {
            let is_stream = ["payments", "marks"].contains(&&*partition.topic)
                || partition.topic.ends_with("-repartition");
            let committed =
                self.chaos.inner.committed(crate::world::GROUP, std::slice::from_ref(partition))?;
            if let (true, Some(committed)) = (is_stream, committed.into_iter().flatten().next()) {
                *position = Position::Offset(committed.offset);
            }
        }
        Ok(moved)
    }

    /// The group has given the member up: it has to join as a new one.
    fn lose(&mut self) -> Result<Poll> {
        self.inner = None;
        let mut fresh = self.chaos.inner.consumer(&self.config)?;
        fresh.subscribe(&self.topics)?;
        self.inner = Some(fresh);
        let partitions = std::mem::take(&mut self.assigned);
        self.chaos.note("lost", (self.process.number, partitions.len() as u64), || format!("{partitions:?}"));
        Ok(Poll::Revoke { partitions, lost: true })
    }

    fn tell(&self, poll: &Poll, batch: &Batch) {
        let first = batch.iter().next().map_or(0, |record| record.offset as u64);
        let text = || match poll {
            Poll::Records => {
                let each = batch.iter().map(|r| format!("{}@{}", batch.sources()[r.source], r.offset));
                each.collect::<Vec<_>>().join(" ")
            }
            other => format!("{other:?}"),
        };
        self.chaos.note("polled", (batch.len() as u64, first), text);
    }
}

impl Consumer for FaultyConsumer {
    fn subscribe(&mut self, topics: &[String]) -> Result<()> {
        self.enter("subscribe", TRANSIENT)?;
        self.topics = topics.to_vec();
        self.inner()?.subscribe(topics)
    }

    fn poll(&mut self, batch: &mut Batch, timeout: Duration) -> Result<Poll> {
        batch.clear();
        self.enter("poll", &[ErrorKind::Unavailable, ErrorKind::Fatal])?;
        let (loses, idles) = {
            let mut state = self.chaos.state();
            let rates = state.rates;
            let on = state.is_on() && !self.assigned.is_empty();
            let loses = on && state.random.chance(rates.lose);
            (loses, on && state.random.chance(rates.error * 4))
        };
        if loses {
            return self.lose();
        }
        let poll = if idles { Poll::Idle } else { self.inner()?.poll(batch, Duration::ZERO)? };
        match &poll {
            Poll::Assign(partitions) => self.assigned = partitions.clone(),
            Poll::Idle => self.chaos.clock.advance(timeout.min(Duration::from_millis(3))),
            _ => {}
        }
        self.tell(&poll, batch);
        Ok(poll)
    }

    fn assign(&mut self, partitions: &[(TopicPartition, Position)]) -> Result<()> {
        self.enter("assign", TRANSIENT)?;
        if self.chaos.has(Bug::NoReplay) && self.config.group.is_none() {
            let partitions = self.without_replay(partitions)?;
            return self.inner()?.assign(&partitions);
        }
        self.inner()?.assign(partitions)
    }

    fn unassign(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        self.enter("unassign", &[])?;
        self.assigned.retain(|partition| !partitions.contains(partition));
        self.inner()?.unassign(partitions)
    }

    fn seek(&mut self, partition: &TopicPartition, position: Position) -> Result<()> {
        self.enter("seek", TRANSIENT)?;
        if self.chaos.has(Bug::NoRewind) {
            return Ok(());
        }
        self.inner()?.seek(partition, position)
    }

    fn pause(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        self.inner()?.pause(partitions)
    }

    fn resume(&mut self, partitions: &[TopicPartition]) -> Result<()> {
        self.inner()?.resume(partitions)
    }

    fn position(&mut self, partition: &TopicPartition) -> Result<Option<i64>> {
        self.inner()?.position(partition)
    }

    fn group_metadata(&mut self) -> Result<GroupMetadata> {
        self.enter("group metadata", TRANSIENT)?;
        let membership = self.inner()?.group_metadata()?;
        self.chaos.state().memory.membership = Some(membership.clone());
        Ok(membership)
    }

    fn commit(&mut self, offsets: &[OffsetCommit]) -> Result<()> {
        self.enter("consumer commit", TRANSIENT)?;
        let answered = {
            let mut state = self.chaos.state();
            let rates = state.rates;
            !(state.is_on() && state.random.chance(rates.commit / 2))
        };
        self.inner()?.commit(offsets)?;
        if answered {
            return Ok(());
        }
        self.chaos.note("in doubt", (self.process.number, 3), String::new);
        Err(failure(ErrorKind::Unavailable, "consumer commit"))
    }

    fn close(mut self: Box<Self>) -> Result<()> {
        self.enter("close", &[])?;
        self.inner = None;
        Ok(())
    }
}

impl Drop for FaultyConsumer {
    fn drop(&mut self) {
        if let (true, Some(inner)) = (self.process.is_dead(), self.inner.take()) {
            self.chaos.bury(inner);
        }
    }
}
