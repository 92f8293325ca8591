//! How fast the log is written and read: 1,000,000 records of 285 bytes in 3 partitions, read by 2 threads.
//!
//! ```text
//! cargo run --release -p broker --features kafka --example throughput -- memory
//! cargo run --release -p broker --features kafka --example throughput -- disk DIR
//! cargo run --release -p broker --features kafka --example throughput -- kafka HOST:PORT
//! ```
//!
//! Writing is one transaction per 5,000 records; reading starts when all is written.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a measurement ends at the first error"
)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::embedded::Embedded;
use broker::{
    Batch, Broker, ConsumerConfig, Isolation, Outgoing, Poll, Position, ProducerConfig, TopicPartition,
    TopicSpec,
};

const RECORDS: usize = 1_000_000;
const TRANSACTION: usize = 5_000;
const SIZE: usize = 285;
const PARTITIONS: i32 = 3;
const TOPIC: &str = "throughput";
const LATENCY: &str = "throughput-latency";
const COMMITS: usize = 300;

fn open() -> Arc<dyn Broker> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["memory"] => Embedded::in_memory(),
        ["disk", dir] => Embedded::open(dir.as_ref()).unwrap(),
        #[cfg(feature = "kafka")]
        ["kafka", bootstrap] => broker::kafka::Kafka::connect(bootstrap, Default::default()).unwrap(),
        _ => panic!("usage: throughput memory | disk DIR | kafka HOST:PORT"),
    }
}

fn write(log: &Arc<dyn Broker>) {
    let config = ProducerConfig { transactional_id: Some(TOPIC.to_owned()), ..ProducerConfig::default() };
    let mut producer = log.producer(&config).unwrap();
    let value = vec![b'x'; SIZE];
    for from in (0..RECORDS).step_by(TRANSACTION) {
        producer.begin().unwrap();
        for i in from..from + TRANSACTION {
            let key = format!("ACC-{}", i % 10_000);
            let record = Outgoing {
                topic: TOPIC,
                partition: None,
                key: Some(key.as_bytes()),
                value: Some(&value),
                timestamp: 1_700_000_000_000 + i as i64,
                headers: &[],
            };
            producer.produce(&record).unwrap();
        }
        producer.commit().unwrap();
    }
}

/// Commits of one record each, one after the other; tells the median and the 99th percentile.
fn commit_latency(log: &Arc<dyn Broker>) -> (Duration, Duration) {
    let config = ProducerConfig { transactional_id: Some("latency".to_owned()), ..ProducerConfig::default() };
    let mut producer = log.producer(&config).unwrap();
    let mut taken: Vec<Duration> = (0..COMMITS)
        .map(|i| {
            let value = i.to_string();
            let value = Some(value.as_bytes());
            let began = Instant::now();
            producer.begin().unwrap();
            let record =
                Outgoing { topic: LATENCY, partition: Some(0), key: None, value, timestamp: 1, headers: &[] };
            producer.produce(&record).unwrap();
            producer.commit().unwrap();
            began.elapsed()
        })
        .collect();
    taken.sort_unstable();
    (taken[COMMITS / 2], taken[COMMITS * 99 / 100])
}

/// Reads these partitions to their ends; tells how many records came.
fn read(log: &Arc<dyn Broker>, partitions: &[i32]) -> usize {
    let partitions: Vec<_> = partitions.iter().map(|p| TopicPartition::new(TOPIC, *p)).collect();
    let ends: Vec<_> =
        partitions.iter().map(|p| log.watermarks(p, Isolation::ReadCommitted).unwrap().1).collect();
    let mut consumer = log.consumer(&ConsumerConfig::default()).unwrap();
    let from: Vec<_> = partitions.iter().map(|p| (p.clone(), Position::Beginning)).collect();
    consumer.assign(&from).unwrap();
    let (mut batch, mut count) = (Batch::new(), 0);
    while partitions.iter().zip(&ends).any(|(p, end)| consumer.position(p).unwrap().unwrap() < *end) {
        if consumer.poll(&mut batch, Duration::from_millis(100)).unwrap() == Poll::Records {
            count += batch.len();
        }
    }
    count
}

fn main() {
    let log = open();
    log.delete_topics(&[TOPIC.to_owned()]).unwrap();
    log.create_topics(&[TopicSpec::retained(TOPIC, PARTITIONS), TopicSpec::retained(LATENCY, 1)]).unwrap();
    let (median, p99) = commit_latency(&log);
    println!("{}: commit of one record: median {median:.1?}, p99 {p99:.1?}", log.describe());
    let report = |what: &str, began: Instant| {
        let seconds = began.elapsed().as_secs_f64();
        println!(
            "{}: {what}: {RECORDS} records in {seconds:.2} s, {:.0}/s",
            log.describe(),
            RECORDS as f64 / seconds
        );
    };
    let began = Instant::now();
    write(&log);
    report("written", began);
    std::thread::sleep(Duration::from_millis(200));
    for _ in 0..2 {
        let began = Instant::now();
        let count: usize = std::thread::scope(|scope| {
            let threads: Vec<_> = [vec![0, 1], vec![2]]
                .map(|p| {
                    let log = &log;
                    scope.spawn(move || read(log, &p))
                })
                .into();
            threads.into_iter().map(|t| t.join().unwrap()).sum()
        });
        assert_eq!(count, RECORDS);
        report("read by 2 threads", began);
    }
}
