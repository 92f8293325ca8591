//! Where to read: the database alone says, and only for the log that it was filled from.

use std::collections::BTreeMap;

use broker::{ErrorKind, Isolation, Position, TopicPartition};

use super::Runner;
use crate::error::{Error, ForeignLog, OffsetLost, Result};
use crate::store::offsets::Identity;

impl Runner {
    /// What the database holds of these partitions. Err: PostgreSQL or the log is away, and why.
    pub(super) fn offsets(
        &mut self,
        partitions: &[TopicPartition],
    ) -> Result<std::result::Result<BTreeMap<TopicPartition, i64>, String>> {
        let wanted = match self.identities(partitions) {
            Ok(wanted) => wanted,
            Err(error) => return unanswered(error).map(Err),
        };
        let recorded = match self.writer.offsets(&wanted)? {
            Ok(recorded) => recorded,
            Err(why) => return Ok(Err(why)),
        };
        for (found, row) in wanted.iter().filter_map(|(partition, identity)| {
            Some((identity, recorded.iter().find(|row| row.partition == *partition)?))
        }) {
            self.same_log(found, &row.identity, &row.partition)?;
        }
        Ok(Ok(recorded.into_iter().map(|row| (row.partition, row.next_offset)).collect()))
    }

    fn identities(&self, partitions: &[TopicPartition]) -> Result<Vec<(TopicPartition, Identity)>> {
        let mut ids: BTreeMap<&str, String> = BTreeMap::new();
        for partition in partitions {
            if !ids.contains_key(&*partition.topic) {
                let id = self.broker.topic(&partition.topic)?.map(|info| info.id).unwrap_or_default();
                ids.insert(&partition.topic, id);
            }
        }
        let identity = |p: &TopicPartition| Identity {
            cluster: self.cluster.clone(),
            topic: ids.get(&*p.topic).cloned().unwrap_or_default(),
        };
        Ok(partitions.iter().map(|p| (p.clone(), identity(p))).collect())
    }

    /// Offsets of another log, or of a topic that was made anew, mean nothing here.
    fn same_log(&self, found: &Identity, recorded: &Identity, partition: &TopicPartition) -> Result<()> {
        let (what, recorded, found) = if recorded.cluster != found.cluster {
            ("cluster".to_owned(), &recorded.cluster, &found.cluster)
        } else if recorded.topic != found.topic && !recorded.topic.is_empty() {
            (format!("topic {} with id", partition.topic), &recorded.topic, &found.topic)
        } else {
            return Ok(());
        };
        Err(Error::ForeignLog(Box::new(ForeignLog {
            target: self.writer.target().to_owned(),
            broker: self.broker.describe(),
            what,
            recorded: recorded.clone(),
            found: found.clone(),
            topic: partition.topic.to_string(),
        })))
    }

    /// Goes to where the database is: after an outage nobody else knows what was committed. Some: PostgreSQL or
    /// the log is away, and why.
    pub(super) fn resynchronize(&mut self) -> Result<Option<String>> {
        let partitions: Vec<TopicPartition> = self.held.keys().cloned().collect();
        let offsets = match self.offsets(&partitions)? {
            Ok(offsets) => offsets,
            Err(why) => return Ok(Some(why)),
        };
        for (partition, offset) in &offsets {
            if let Err(error) = self.consumer.seek(partition, position(*offset)) {
                return unanswered(error.into()).map(Some);
            }
        }
        self.held = offsets;
        Ok(None)
    }

    /// Names the partition whose expected offset the log does not have.
    pub(super) fn offset_lost(&self, error: &broker::Error) -> Error {
        let lost = self.held.iter().find(|(partition, offset)| {
            self.broker
                .watermarks(partition, Isolation::ReadUncommitted)
                .is_ok_and(|(low, high)| **offset > high || (**offset < low && **offset > 0))
        });
        let Some((partition, offset)) = lost else {
            return broker::Error::new(ErrorKind::OffsetOutOfRange, "poll", error.to_string()).into();
        };
        Error::OffsetLost(Box::new(OffsetLost {
            topic: partition.topic.to_string(),
            partition: partition.partition,
            offset: *offset,
            target: self.writer.target().to_owned(),
            broker: self.broker.describe(),
            message: error.to_string(),
        }))
    }
}

/// Why the log does not answer for now, which is waited for as the database is; any other error as it is.
pub(super) fn unanswered(error: Error) -> Result<String> {
    match error {
        Error::Broker(error) if matches!(error.kind(), ErrorKind::Unavailable | ErrorKind::Unknown) => {
            Ok(format!("the log: {error}"))
        }
        error => Err(error),
    }
}

/// Offset 0 is the oldest record that is there: a topic may have been cut before it was first read.
pub(super) fn position(offset: i64) -> Position {
    if offset == 0 { Position::Beginning } else { Position::Offset(offset) }
}
