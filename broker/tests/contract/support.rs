//! What the cases of the contract share: names that no other case uses, and short forms of calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use broker::{
    Batch, Broker, Consumer, ConsumerConfig, Error, GroupMetadata, Isolation, OffsetCommit, Outgoing, Poll,
    Position, Producer, ProducerConfig, TopicPartition, TopicSpec,
};

/// How long anything may take; a real broker elects leaders and rebalances groups meanwhile.
pub(crate) const PATIENCE: Duration = Duration::from_secs(40);

/// A record as tests compare it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) partition: TopicPartition,
    pub(crate) offset: i64,
    pub(crate) timestamp: i64,
    pub(crate) key: Option<String>,
    pub(crate) value: Option<String>,
    pub(crate) headers: Vec<(String, String)>,
}

/// A name of its own for each call.
pub(crate) fn unique(what: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{what}-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::SeqCst))
}

pub(crate) fn partition(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition::new(topic, partition)
}

/// Makes a topic and tells its name.
pub(crate) fn topic(log: &Arc<dyn Broker>, partitions: i32) -> String {
    let name = unique("topic");
    log.create_topics(&[TopicSpec::retained(name.as_str(), partitions)]).unwrap();
    name
}

pub(crate) fn transactional(log: &Arc<dyn Broker>, id: &str) -> Box<dyn Producer> {
    let config = ProducerConfig { transactional_id: Some(id.to_owned()), ..ProducerConfig::default() };
    log.producer(&config).unwrap()
}

pub(crate) fn plain(log: &Arc<dyn Broker>) -> Box<dyn Producer> {
    log.producer(&ProducerConfig::default()).unwrap()
}

/// A record to partition 0 with the value given.
pub(crate) fn outgoing<'a>(topic: &'a str, value: &'a str) -> Outgoing<'a> {
    Outgoing {
        topic,
        partition: Some(0),
        key: None,
        value: Some(value.as_bytes()),
        timestamp: 1_600_000_000_000,
        headers: &[],
    }
}

/// Commits these values in one transaction.
pub(crate) fn commit_values(producer: &mut Box<dyn Producer>, topic: &str, values: &[&str]) {
    producer.begin().unwrap();
    for value in values {
        producer.produce(&outgoing(topic, value)).unwrap();
    }
    producer.commit().unwrap();
}

pub(crate) fn config(group: Option<&str>) -> ConsumerConfig {
    ConsumerConfig { group: group.map(str::to_owned), ..ConsumerConfig::default() }
}

/// A reader that is assigned by hand.
pub(crate) fn reader(log: &Arc<dyn Broker>, isolation: Isolation) -> Box<dyn Consumer> {
    log.consumer(&ConsumerConfig { isolation, ..config(None) }).unwrap()
}

fn seen(batch: &Batch) -> Vec<Seen> {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let one = |record: broker::Record<'_>| Seen {
        partition: batch.sources()[record.source].clone(),
        offset: record.offset,
        timestamp: record.timestamp,
        key: record.key.map(text),
        value: record.value.map(text),
        headers: record.headers.map(|(n, v)| (n.to_owned(), text(v))).collect(),
    };
    batch.iter().map(one).collect()
}

/// Reads until `count` records have come.
pub(crate) fn read(consumer: &mut Box<dyn Consumer>, count: usize) -> Vec<Seen> {
    let (mut batch, mut records, deadline) = (Batch::new(), Vec::new(), Instant::now() + PATIENCE);
    while records.len() < count {
        assert!(Instant::now() < deadline, "{} of {count} records came: {records:?}", records.len());
        if consumer.poll(&mut batch, Duration::from_millis(100)).unwrap() == Poll::Records {
            records.extend(seen(&batch));
        }
    }
    records
}

/// Reads whatever comes within half a second.
pub(crate) fn read_all(consumer: &mut Box<dyn Consumer>) -> Vec<Seen> {
    let (mut batch, mut records, mut last) = (Batch::new(), Vec::new(), Instant::now());
    while last.elapsed() < Duration::from_millis(500) {
        if consumer.poll(&mut batch, Duration::from_millis(50)).unwrap() == Poll::Records {
            records.extend(seen(&batch));
            last = Instant::now();
        }
    }
    records
}

/// Reads one partition from its beginning until its position reaches the stable end.
pub(crate) fn read_partition(log: &Arc<dyn Broker>, of: &TopicPartition) -> Vec<Seen> {
    let mut consumer = reader(log, Isolation::ReadCommitted);
    consumer.assign(&[(of.clone(), Position::Beginning)]).unwrap();
    let records = read_to_end(log, &mut consumer, of);
    consumer.close().unwrap();
    records
}

/// The ends of a partition, once all that was committed or aborted is so for readers too.
pub(crate) fn settled(log: &Arc<dyn Broker>, of: &TopicPartition) -> (i64, i64) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let high = log.watermarks(of, Isolation::ReadUncommitted).unwrap();
        if log.watermarks(of, Isolation::ReadCommitted).unwrap() == high {
            return high;
        }
        assert!(Instant::now() < deadline, "the stable end does not reach {high:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Reads an assigned partition until its position reaches the stable end.
pub(crate) fn read_to_end(
    log: &Arc<dyn Broker>,
    consumer: &mut Box<dyn Consumer>,
    of: &TopicPartition,
) -> Vec<Seen> {
    let end = settled(log, of).1;
    let (mut batch, mut records, deadline) = (Batch::new(), Vec::new(), Instant::now() + PATIENCE);
    while consumer.position(of).unwrap().is_none_or(|p| p < end) {
        assert!(Instant::now() < deadline, "position {:?} does not reach {end}", consumer.position(of));
        if consumer.poll(&mut batch, Duration::from_millis(50)).unwrap() == Poll::Records {
            records.extend(seen(&batch));
        }
    }
    records
}

pub(crate) fn values(records: &[Seen]) -> Vec<&str> {
    records.iter().map(|r| r.value.as_deref().unwrap_or("(null)")).collect()
}

pub(crate) fn offset(of: &TopicPartition, offset: i64, metadata: &str) -> OffsetCommit {
    OffsetCommit { partition: of.clone(), offset, metadata: metadata.to_owned() }
}

/// Polls until the group gives partitions; takes them from their committed offsets.
pub(crate) fn await_assignment(consumer: &mut Box<dyn Consumer>) -> Vec<TopicPartition> {
    let (mut batch, deadline) = (Batch::new(), Instant::now() + PATIENCE);
    loop {
        assert!(Instant::now() < deadline, "no assignment came");
        match consumer.poll(&mut batch, Duration::from_millis(50)).unwrap() {
            Poll::Assign(partitions) => {
                take(consumer, &partitions);
                return partitions;
            }
            Poll::Revoke { partitions, .. } => consumer.unassign(&partitions).unwrap(),
            Poll::Records | Poll::Idle => {}
        }
    }
}

/// Answers an assignment.
pub(crate) fn take(consumer: &mut Box<dyn Consumer>, partitions: &[TopicPartition]) {
    let from: Vec<_> = partitions.iter().map(|p| (p.clone(), Position::Committed)).collect();
    consumer.assign(&from).unwrap();
}

/// A member of a group with its assignment taken.
pub(crate) fn member(log: &Arc<dyn Broker>, group: &str, topics: &[&str]) -> Box<dyn Consumer> {
    let mut consumer = log.consumer(&config(Some(group))).unwrap();
    consumer.subscribe(&topics.iter().map(|t| (*t).to_owned()).collect::<Vec<_>>()).unwrap();
    consumer
}

/// The first error that polling brings.
pub(crate) fn await_error(consumer: &mut Box<dyn Consumer>) -> Error {
    let (mut batch, deadline) = (Batch::new(), Instant::now() + PATIENCE);
    loop {
        assert!(Instant::now() < deadline, "no error came");
        if let Err(e) = consumer.poll(&mut batch, Duration::from_millis(50)) {
            return e;
        }
    }
}

pub(crate) fn metadata(consumer: &mut Box<dyn Consumer>) -> GroupMetadata {
    consumer.group_metadata().unwrap()
}

/// The committed offset of one partition.
pub(crate) fn committed(log: &Arc<dyn Broker>, group: &str, of: &TopicPartition) -> Option<OffsetCommit> {
    log.committed(group, std::slice::from_ref(of)).unwrap().remove(0)
}
