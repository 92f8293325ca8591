//! Committed offsets and ends, asked of the cluster.

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
