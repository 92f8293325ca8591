//! Committed offsets, asked of the cluster, and where a consumer stands in a partition.

use std::time::Duration;

use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use super::failure::Failure;
use super::native::{Handle, OnPartitions};
use crate::{OffsetCommit, TopicPartition};

/// The stable committed offsets of the handle's group, in the order asked. While a transaction that commits
/// such an offset is pending, librdkafka asks again until it has ended or the time is over.
pub(super) fn committed(
    handle: &Handle,
    partitions: &[TopicPartition],
    timeout: Duration,
) -> Result<Vec<Option<OffsetCommit>>, Failure> {
    let mut list = TopicPartitionList::with_capacity(partitions.len());
    for p in partitions {
        list.add_partition(&p.topic, p.partition);
    }
    handle.apply(OnPartitions::Committed(timeout), &list)?;
    let one = |p: &TopicPartition| -> Result<Option<OffsetCommit>, Failure> {
        let Some(element) = list.find_partition(&p.topic, p.partition) else { return Ok(None) };
        element.error().map_err(|e| Failure::from_crate(&e))?;
        Ok(match element.offset() {
            Offset::Offset(offset) => {
                Some(OffsetCommit { partition: p.clone(), offset, metadata: element.metadata().to_owned() })
            }
            _ => None,
        })
    };
    partitions.iter().map(one).collect()
}

/// Where an assigned partition stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// The next offset to read.
    pub(super) offset: i64,
    /// librdkafka's own position is one since the offset was set; before, it may be an older one.
    pub(super) is_current: bool,
    /// librdkafka's own position may be one too far, so it has to be set anew.
    pub(super) is_spoiled: bool,
}

impl Place {
    pub(super) fn at(offset: i64) -> Self {
        Self { offset, is_current: false, is_spoiled: false }
    }

    /// Moves on to `offset`.
    pub(super) fn reach(&mut self, offset: i64) {
        *self = Self { offset: self.offset.max(offset), is_current: true, ..*self };
    }
}
