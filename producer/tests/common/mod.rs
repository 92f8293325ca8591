//! A log in memory, and everything that lies in one of its topics.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use broker::embedded::Embedded;
use broker::{Batch, Broker, ConsumerConfig, Isolation, Position, TopicPartition};

/// A record as a test sees it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Seen {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) timestamp: i64,
    pub(crate) key: Vec<u8>,
    pub(crate) value: Vec<u8>,
    pub(crate) headers: Vec<(String, String)>,
}

pub(crate) fn memory() -> Arc<dyn Broker> {
    Embedded::in_memory()
}

/// The committed records of a topic, partition by partition.
pub(crate) fn all(log: &dyn Broker, topic: &str) -> Vec<Seen> {
    let Some(info) = log.topic(topic).unwrap() else { return Vec::new() };
    let mut seen = Vec::new();
    for partition in 0..info.partitions {
        let at = TopicPartition::new(topic, partition);
        let (low, end) = log.watermarks(&at, Isolation::ReadCommitted).unwrap();
        let mut consumer = log.consumer(&ConsumerConfig::default()).unwrap();
        consumer.assign(&[(at.clone(), Position::Offset(low))]).unwrap();
        let mut batch = Batch::new();
        while consumer.position(&at).unwrap().is_none_or(|next| next < end) {
            consumer.poll(&mut batch, Duration::from_millis(100)).unwrap();
            seen.extend(batch.iter().map(|r| Seen {
                partition,
                offset: r.offset,
                timestamp: r.timestamp,
                key: r.key.unwrap().to_vec(),
                value: r.value.unwrap().to_vec(),
                headers:
                    r.headers.map(|(n, v)| (n.to_owned(), String::from_utf8_lossy(v).into_owned())).collect(),
            }));
        }
    }
    seen
}
