//! The runner under a seeded schedule: the same code as in production, without threads and in virtual time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use broker::embedded::Embedded;
use broker::{
    Batch, Broker, Clock, ConsumerConfig, ManualClock, Outgoing, Poll, Position, ProducerConfig,
    TopicPartition, TopicSpec,
};
use engine::Options;
use engine::simulation::Engine;
use engine::sql::SourceFile;

const RULES: &str = "CREATE STREAM payments (account VARCHAR KEY, amount BIGINT) \
    WITH (KAFKA_TOPIC='payments', VALUE_FORMAT='JSON'); \
    CREATE TABLE counts WITH (KAFKA_TOPIC='counts') AS SELECT account, COUNT(*) AS n FROM payments GROUP BY account;";

#[test]
fn workers_are_stepped_by_hand() {
    let clock = Arc::new(ManualClock::new(1_000_000));
    let broker: Arc<dyn Broker> = Embedded::in_memory_with(clock.clone());
    broker.create_topics(&[TopicSpec::retained("payments", 2)]).unwrap();
    let mut producer = broker.producer(&ProducerConfig::default()).unwrap();
    for key in ["A", "B", "A", "C", "A"] {
        let (key, value) = (Some(key.as_bytes()), Some(br#"{"amount":1}"#.as_slice()));
        let record = Outgoing { topic: "payments", partition: None, key, value, timestamp: 1, headers: &[] };
        producer.produce(&record).unwrap();
    }
    producer.flush(Duration::ZERO).unwrap();
    let files = vec![SourceFile { name: "rules.sql".into(), text: RULES.into() }];
    let mut engine =
        Engine::start(broker.clone(), Options::default(), files, "p0", clock.clone() as Arc<dyn Clock>)
            .unwrap();
    let mut workers: Vec<_> = (0..2).map(|index| engine.worker(index).unwrap()).collect();
    for _ in 0..20 {
        workers.iter_mut().for_each(|worker| worker.step().unwrap());
        clock.advance(Duration::from_millis(30));
    }
    // It dies: the other takes over what it had.
    drop(workers.remove(0));
    for _ in 0..20 {
        workers.iter_mut().for_each(|worker| worker.step().unwrap());
        clock.advance(Duration::from_millis(30));
    }
    assert!(engine.is_drained() || engine.is_drained());
    workers.into_iter().for_each(|worker| worker.finish().unwrap());
    let mut consumer = broker.consumer(&ConsumerConfig::default()).unwrap();
    let partitions: Vec<_> =
        (0..2).map(|p| (TopicPartition::new("counts", p), Position::Beginning)).collect();
    consumer.assign(&partitions).unwrap();
    let (mut batch, mut found) = (Batch::new(), Vec::new());
    while consumer.poll(&mut batch, Duration::ZERO).unwrap() == Poll::Records {
        found.extend(batch.iter().map(|r| String::from_utf8_lossy(r.value.unwrap_or_default()).into_owned()));
    }
    found.sort();
    assert_eq!(found, [r#"{"N":1}"#, r#"{"N":1}"#, r#"{"N":1}"#, r#"{"N":2}"#, r#"{"N":3}"#]);
}
