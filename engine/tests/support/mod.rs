//! What the runner's tests share: rules in a directory, transactions on the embedded broker in memory, and
//! the alerts that come out.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::embedded::Embedded;
use broker::{
    Batch, Broker, ConsumerConfig, Isolation, Outgoing, Poll, Position, ProducerConfig, Shutdown,
    TopicPartition, TopicSpec,
};
use engine::{Error, Options, Summary};

/// A record as read back.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Record {
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<String>,
    pub(crate) timestamp: i64,
    pub(crate) headers: BTreeMap<String, String>,
}

/// The sources that the tests' rules read.
pub(crate) const SOURCES: &str = "CREATE STREAM transactions (account_id VARCHAR KEY, transaction_id VARCHAR, \
    amount DECIMAL(18, 4), merchant VARCHAR, ts BIGINT) \
    WITH (KAFKA_TOPIC='transactions', VALUE_FORMAT='JSON', TIMESTAMP='ts');";

/// A directory of rules.
pub(crate) struct Rules {
    pub(crate) dir: tempfile::TempDir,
}

impl Rules {
    /// The sources, and these files.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let rules = Self { dir: tempfile::tempdir().unwrap() };
        rules.write("00_sources.sql", SOURCES);
        files.iter().for_each(|(name, text)| rules.write(name, text));
        rules
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.dir.path().join(name), text).unwrap();
    }

    pub(crate) fn options(&self, state: Option<&Path>) -> Options {
        Options {
            rules: vec![self.dir.path().to_owned()],
            state_dir: state.map(PathBuf::from),
            ..Options::default()
        }
    }
}

pub(crate) fn memory() -> Arc<dyn Broker> {
    let broker = Embedded::in_memory();
    broker.create_topics(&[TopicSpec::retained("transactions", 3)]).unwrap();
    broker
}

/// Transactions: account, id, amount, merchant, time in milliseconds.
pub(crate) fn produce(broker: &Arc<dyn Broker>, transactions: &[(&str, &str, &str, &str, i64)]) {
    let mut producer = broker.producer(&ProducerConfig::default()).unwrap();
    for (account, id, amount, merchant, at) in transactions {
        let value =
            format!(r#"{{"transaction_id":"{id}","amount":{amount},"merchant":"{merchant}","ts":{at}}}"#);
        let record = Outgoing {
            topic: "transactions",
            partition: None,
            key: Some(account.as_bytes()),
            value: Some(value.as_bytes()),
            timestamp: *at,
            headers: &[],
        };
        producer.produce(&record).unwrap();
    }
    producer.flush(Duration::from_secs(10)).unwrap();
}

/// Runs the engine until it has processed all there is.
pub(crate) fn drain(broker: &Arc<dyn Broker>, options: Options) -> Result<Summary, Error> {
    let shutdown = Shutdown::new();
    shutdown.request_when_drained();
    engine::run(broker.clone(), options, shutdown)
}

/// All committed records of a topic, sorted.
pub(crate) fn read(broker: &Arc<dyn Broker>, topic: &str) -> Vec<Record> {
    let Some(info) = broker.topic(topic).unwrap() else { return Vec::new() };
    let mut consumer = broker.consumer(&ConsumerConfig::default()).unwrap();
    let partitions: Vec<_> = (0..info.partitions).map(|p| TopicPartition::new(topic, p)).collect();
    let ends: Vec<_> =
        partitions.iter().map(|p| broker.watermarks(p, Isolation::ReadCommitted).unwrap().1).collect();
    let positions: Vec<_> = partitions.iter().map(|p| (p.clone(), Position::Beginning)).collect();
    consumer.assign(&positions).unwrap();
    let (mut records, mut batch) = (Vec::new(), Batch::new());
    loop {
        if consumer.poll(&mut batch, Duration::from_millis(20)).unwrap() == Poll::Records {
            records.extend(batch.iter().map(|r| Record {
                key: r.key.map(<[u8]>::to_vec),
                value: r.value.map(|v| String::from_utf8(v.to_vec()).unwrap()),
                timestamp: r.timestamp,
                headers:
                    r.headers.map(|(n, v)| (n.to_owned(), String::from_utf8_lossy(v).into_owned())).collect(),
            }));
        }
        let at_end =
            |(p, end): (&TopicPartition, &i64)| consumer.position(p).unwrap().is_some_and(|at| at >= *end);
        if partitions.iter().zip(&ends).all(at_end) {
            records.sort();
            return records;
        }
    }
}

/// Waits until `condition` holds.
pub(crate) fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    let started = Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(20), "{what}: not within 20 s");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// An engine that runs in a thread until it is stopped.
pub(crate) struct Running {
    shutdown: Shutdown,
    thread: Option<std::thread::JoinHandle<Result<Summary, Error>>>,
}

impl Running {
    pub(crate) fn start(broker: &Arc<dyn Broker>, options: Options) -> Self {
        let shutdown = Shutdown::new();
        let (broker, asked) = (broker.clone(), shutdown.clone());
        Self { shutdown, thread: Some(std::thread::spawn(move || engine::run(broker, options, asked))) }
    }

    pub(crate) fn stop(mut self) -> Summary {
        self.shutdown.request();
        self.thread.take().unwrap().join().unwrap().unwrap()
    }
}
