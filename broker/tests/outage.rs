//! Kafka that is not there, or goes away for a while.
#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::TcpListener;
use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::kafka::Kafka;
use broker::{
    Batch, Broker, ConsumerConfig, ErrorKind, OffsetCommit, Outgoing, Poll, Position, Producer,
    ProducerConfig, TopicPartition, TopicSpec,
};

const PATIENCE: Duration = Duration::from_secs(60);
const GROUP: &str = "outage";

fn transactional(log: &Arc<Kafka>) -> Box<dyn Producer> {
    log.producer(&ProducerConfig { transactional_id: Some("outage".to_owned()), ..Default::default() })
        .unwrap()
}

fn produce(producer: &mut Box<dyn Producer>, value: &str) {
    let value = Some(value.as_bytes());
    let record =
        Outgoing { topic: "outage", partition: Some(0), key: None, value, timestamp: 1, headers: &[] };
    producer.produce(&record).unwrap();
}

#[test]
fn no_broker_at_start_is_explained() {
    // A port that was free a moment ago: nobody answers there.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let began = Instant::now();
    let error = Kafka::connect(&address, Default::default()).err().expect("an error");
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    let text = error.to_string();
    assert!(text.contains(&address) && text.contains("start Kafka"), "{text}");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

#[test]
fn unknown_properties_are_named() {
    let properties = [("no.such.property".to_owned(), "1".to_owned())].into();
    let error = Kafka::connect("127.0.0.1:9", properties).err().expect("an error");
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(error.to_string().contains("no.such.property"), "{error}");
}

/// The broker is killed and comes back: reading goes on by itself, and a commit whose outcome was open is
/// settled by the committed offsets.
#[test]
fn an_outage_pauses_and_loses_nothing() {
    let Some(server) = servers::Kafka::start() else { return };
    let log = Kafka::connect(server.bootstrap(), Default::default()).unwrap();
    log.create_topics(&[TopicSpec::retained("outage", 1)]).unwrap();
    let of = TopicPartition::new("outage", 0);
    let mut consumer =
        log.consumer(&ConsumerConfig { group: Some(GROUP.to_owned()), ..Default::default() }).unwrap();
    consumer.assign(&[(of.clone(), Position::Committed)]).unwrap();
    let group = consumer.group_metadata().unwrap();
    let offset =
        |n: i64| [OffsetCommit { partition: of.clone(), offset: n, metadata: format!("commit {n}") }];
    let mut producer = transactional(&log);
    producer.begin().unwrap();
    produce(&mut producer, "before");
    producer.send_offsets(&offset(1), &group).unwrap();
    producer.commit().unwrap();
    let mut seen = Vec::new();
    read(&mut consumer, &mut seen, 1);

    producer.begin().unwrap();
    produce(&mut producer, "during");
    server.kill();
    let mut batch = Batch::new();
    let until = Instant::now() + Duration::from_secs(3);
    while Instant::now() < until {
        assert_eq!(consumer.poll(&mut batch, Duration::from_millis(100)).unwrap(), Poll::Idle);
    }
    let error = producer.send_offsets(&offset(2), &group).and_then(|()| producer.commit()).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Unknown | ErrorKind::Abortable), "{error}");
    drop(producer);
    server.restart();

    let mut producer = transactional(&log);
    let committed = log.committed(GROUP, std::slice::from_ref(&of)).unwrap().remove(0).unwrap();
    assert_eq!((committed.offset, committed.metadata.as_str()), (1, "commit 1"));
    producer.begin().unwrap();
    produce(&mut producer, "after");
    producer.send_offsets(&offset(2), &group).unwrap();
    producer.commit().unwrap();
    read(&mut consumer, &mut seen, 2);
    assert_eq!(seen, ["before", "after"]);
}

fn read(consumer: &mut Box<dyn broker::Consumer>, seen: &mut Vec<String>, count: usize) {
    let (mut batch, deadline) = (Batch::new(), Instant::now() + PATIENCE);
    while seen.len() < count {
        assert!(Instant::now() < deadline, "{seen:?}");
        if consumer.poll(&mut batch, Duration::from_millis(100)).unwrap() == Poll::Records {
            seen.extend(batch.iter().map(|r| String::from_utf8_lossy(r.value.unwrap()).into_owned()));
        }
    }
}
