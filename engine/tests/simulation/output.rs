//! What is on the log in the end, read without the engine.

use std::collections::BTreeMap;
use std::time::Duration;

use broker::{Batch, Broker, ConsumerConfig, Isolation, Poll, Position, TopicPartition};

/// A committed record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) partition: i32,
    pub(crate) offset: i64,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<String>,
    /// The value's bytes, where they are no text.
    pub(crate) raw: Vec<u8>,
    pub(crate) time: i64,
    pub(crate) headers: BTreeMap<String, String>,
}

impl Record {
    /// A number in a flat JSON object.
    pub(crate) fn number(&self, field: &str) -> Option<i64> {
        let value = self.value.as_deref()?;
        let (_, rest) = value.split_once(&format!("\"{field}\":"))?;
        let end = rest.find([',', '}']).unwrap_or(rest.len());
        rest[..end].parse().ok()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}

/// All committed records of a topic, partition by partition in order of their offsets.
pub(crate) fn read(broker: &dyn Broker, topic: &str) -> Vec<Record> {
    let Some(info) = broker.topic(topic).unwrap() else { return Vec::new() };
    let mut consumer = broker.consumer(&ConsumerConfig::default()).unwrap();
    let (mut records, mut batch) = (Vec::new(), Batch::new());
    for partition in (0..info.partitions).map(|number| TopicPartition::new(topic, number)) {
        let (low, end) = broker.watermarks(&partition, Isolation::ReadCommitted).unwrap();
        if low == end {
            continue;
        }
        consumer.assign(&[(partition.clone(), Position::Beginning)]).unwrap();
        while consumer.position(&partition).unwrap().is_none_or(|at| at < end) {
            if consumer.poll(&mut batch, Duration::ZERO).unwrap() != Poll::Records {
                continue;
            }
            records.extend(batch.iter().map(|record| {
                Record {
                    partition: partition.partition,
                    offset: record.offset,
                    key: record.key.map(<[u8]>::to_vec),
                    value: record.value.map(|value| String::from_utf8_lossy(value).into_owned()),
                    raw: record.value.map(<[u8]>::to_vec).unwrap_or_default(),
                    time: record.timestamp,
                    headers: record
                        .headers
                        .map(|(name, value)| (name.to_owned(), String::from_utf8_lossy(value).into_owned()))
                        .collect(),
                }
            }));
        }
    }
    records
}

/// From where on an input is needed by those who restore, by partition: the lowest position that the last checkpoint
/// of some changelog has. One without a checkpoint needs all.
pub(crate) fn checkpoints(broker: &dyn Broker, input: &str) -> BTreeMap<i32, i64> {
    let mut needed = BTreeMap::new();
    for topic in broker.topics().unwrap().into_iter().filter(|topic| topic.name.ends_with("-changelog")) {
        let mut last = BTreeMap::new();
        for record in read(broker, &topic.name) {
            let position = (record.key.as_deref() == Some(&[254])).then(|| position(&record.raw, input));
            let at = last.entry(record.partition).or_insert(0);
            match position {
                Some(Some(position)) => *at = position,
                // A store that this input does not reach.
                Some(None) => *at = i64::MAX,
                None => {}
            }
        }
        for (partition, position) in last {
            let lowest = needed.entry(partition).or_insert(position);
            *lowest = position.min(*lowest);
        }
    }
    needed
}

/// The position in a topic that the record at the end of a checkpoint tells.
fn position(mut mark: &[u8], topic: &str) -> Option<i64> {
    let mut take = |len: usize| -> Option<&[u8]> {
        let (part, rest) = mark.split_at_checked(len)?;
        mark = rest;
        Some(part)
    };
    let length = |bytes: &[u8]| bytes.try_into().map_or(0, u32::from_le_bytes) as usize;
    take(17)?;
    let work = length(take(4)?);
    take(work)?;
    for _ in 0..length(take(4)?) {
        let name = length(take(4)?);
        let is_it = take(name)? == topic.as_bytes();
        let offset = i64::from_le_bytes(take(8)?.try_into().ok()?);
        if is_it {
            return Some(offset);
        }
    }
    None
}
