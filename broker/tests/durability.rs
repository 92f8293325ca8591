//! The embedded broker on disk: what outlives the process, and who may open it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use broker::embedded::{Embedded, Settings, Sync};
use broker::{
    Batch, Broker, ConsumerConfig, ErrorKind, Isolation, Outgoing, Poll, Position, ProducerConfig,
    TopicPartition, TopicSpec,
};

fn outgoing<'a>(topic: &'a str, value: &'a str) -> Outgoing<'a> {
    let value = Some(value.as_bytes());
    Outgoing { topic, partition: Some(0), key: None, value, timestamp: 1, headers: &[] }
}

fn transactional(log: &dyn Broker) -> Box<dyn broker::Producer> {
    log.producer(&ProducerConfig { transactional_id: Some("tx".to_owned()), ..Default::default() }).unwrap()
}

/// All values of partition 0, and its start.
fn values(log: &dyn Broker, topic: &str) -> (Vec<u64>, i64) {
    let of = TopicPartition::new(topic, 0);
    let (start, end) = log.watermarks(&of, Isolation::ReadCommitted).unwrap();
    let mut consumer = log.consumer(&ConsumerConfig::default()).unwrap();
    consumer.assign(&[(of.clone(), Position::Beginning)]).unwrap();
    let (mut batch, mut values) = (Batch::new(), Vec::new());
    while consumer.position(&of).unwrap().unwrap() < end {
        if consumer.poll(&mut batch, Duration::from_secs(5)).unwrap() == Poll::Records {
            let number = |r: broker::Record<'_>| {
                std::str::from_utf8(r.value.unwrap()).unwrap().parse::<u64>().unwrap()
            };
            values.extend(batch.iter().map(number));
        }
    }
    (values, start)
}

#[test]
fn a_directory_is_open_once() {
    let dir = tempfile::tempdir().unwrap();
    let first = Embedded::open(dir.path()).unwrap();
    let error = Embedded::open(dir.path()).err().expect("a refusal");
    assert_eq!(error.kind(), ErrorKind::Config);
    let text = error.to_string();
    assert!(
        text.contains("another process has it open") && text.contains(dir.path().to_str().unwrap()),
        "{text}"
    );
    drop(first);
    Embedded::open(dir.path()).unwrap();
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = Embedded::open(&file.join("data")).err().expect("a refusal");
    assert!(error.to_string().contains(file.to_str().unwrap()), "{error}");
}

#[test]
fn topics_ids_and_offsets_survive_closing() {
    let dir = tempfile::tempdir().unwrap();
    let spec = TopicSpec { retention_bytes: Some(1 << 20), ..TopicSpec::compacted("left", 2) };
    let (cluster, topic) = {
        let log =
            Embedded::open_with(dir.path(), Settings { sync: Sync::EveryCommit, ..Settings::default() })
                .unwrap();
        log.create_topics(std::slice::from_ref(&spec)).unwrap();
        let mut producer = transactional(&*log);
        producer.begin().unwrap();
        producer.produce(&outgoing("left", "7")).unwrap();
        producer.commit().unwrap();
        (log.cluster_id().unwrap(), log.topic("left").unwrap())
    };
    let log = Embedded::open(dir.path()).unwrap();
    assert_eq!((log.cluster_id().unwrap(), log.topic("left").unwrap()), (cluster, topic));
    log.create_topics(&[spec]).unwrap();
    assert_eq!(values(&*log, "left").0, [7]);
    assert_eq!(log.watermarks(&TopicPartition::new("left", 0), Isolation::ReadCommitted).unwrap(), (0, 2));
}

#[test]
fn retention_by_size_drops_the_oldest() {
    let log = Embedded::in_memory();
    log.create_topics(&[TopicSpec { retention_bytes: Some(10_000), ..TopicSpec::retained("left", 1) }])
        .unwrap();
    let mut slow = log.consumer(&ConsumerConfig { max_batch: 1, ..Default::default() }).unwrap();
    slow.assign(&[(TopicPartition::new("left", 0), Position::Beginning)]).unwrap();
    let mut producer = transactional(&*log);
    for number in 0..1000 {
        producer.begin().unwrap();
        producer.produce(&outgoing("left", &format!("{number:0>100}"))).unwrap();
        producer.commit().unwrap();
    }
    let (kept, start) = values(&*log, "left");
    assert!((50..110).contains(&kept.len()), "{} records kept", kept.len());
    assert!(kept.iter().copied().eq(1000 - kept.len() as u64..1000));
    assert!(start > 0);
    let error = slow.poll(&mut Batch::new(), Duration::ZERO).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OffsetOutOfRange, "{error}");
}
