//! A log that fails in every way it may: what was sent is there once all the same.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use broker::{
    Broker, Consumer, ConsumerConfig, Error, ErrorKind, GroupInfo, GroupMetadata, Isolation, OffsetCommit,
    Outgoing, Producer, ProducerConfig, Result, Shutdown, TopicInfo, TopicPartition, TopicSpec,
};
use common::{all, memory};
use producer::{Mode, Options, ReplayOptions, replay, run};

/// What goes wrong, in turn, at every second commit.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// The transaction is refused.
    Refused,
    /// The answer is lost, the commit happened.
    LostAnswer,
    /// The request is lost.
    LostRequest,
    /// The client is of no more use.
    Broken,
    /// A record is not taken.
    Overload,
}

const FAULTS: [Fault; 5] =
    [Fault::Refused, Fault::LostAnswer, Fault::LostRequest, Fault::Broken, Fault::Overload];

struct Faulty {
    log: Arc<dyn Broker>,
    commits: Arc<AtomicUsize>,
}

struct FaultyProducer {
    producer: Box<dyn Producer>,
    commits: Arc<AtomicUsize>,
}

impl FaultyProducer {
    fn fault(&self) -> Option<Fault> {
        let n = self.commits.load(Ordering::SeqCst);
        (n % 2 == 1).then(|| FAULTS[n / 2 % FAULTS.len()])
    }
}

fn error(kind: ErrorKind) -> Error {
    Error::new(kind, "a test", "injected")
}

impl Producer for FaultyProducer {
    fn begin(&mut self) -> Result<()> {
        self.producer.begin()
    }
    fn produce(&mut self, record: &Outgoing<'_>) -> Result<()> {
        if matches!(self.fault(), Some(Fault::Overload)) {
            self.commits.fetch_add(1, Ordering::SeqCst);
            return Err(error(ErrorKind::Unavailable));
        }
        self.producer.produce(record)
    }
    fn send_offsets(&mut self, offsets: &[OffsetCommit], group: &GroupMetadata) -> Result<()> {
        self.producer.send_offsets(offsets, group)
    }
    fn commit(&mut self) -> Result<()> {
        let fault = self.fault();
        self.commits.fetch_add(1, Ordering::SeqCst);
        match fault {
            None => self.producer.commit(),
            Some(Fault::Refused) => Err(error(ErrorKind::Abortable)),
            Some(Fault::LostAnswer) => self.producer.commit().and(Err(error(ErrorKind::Unknown))),
            Some(Fault::LostRequest) => Err(error(ErrorKind::Unknown)),
            Some(Fault::Broken | Fault::Overload) => Err(error(ErrorKind::Fatal)),
        }
    }
    fn abort(&mut self) -> Result<()> {
        self.producer.abort()
    }
    fn flush(&mut self, timeout: Duration) -> Result<()> {
        self.producer.flush(timeout)
    }
}

impl Broker for Faulty {
    fn describe(&self) -> String {
        self.log.describe()
    }
    fn cluster_id(&self) -> Result<String> {
        self.log.cluster_id()
    }
    fn create_topics(&self, topics: &[TopicSpec]) -> Result<()> {
        self.log.create_topics(topics)
    }
    fn delete_topics(&self, topics: &[String]) -> Result<()> {
        self.log.delete_topics(topics)
    }
    fn topic(&self, name: &str) -> Result<Option<TopicInfo>> {
        self.log.topic(name)
    }
    fn topics(&self) -> Result<Vec<TopicInfo>> {
        self.log.topics()
    }
    fn watermarks(&self, partition: &TopicPartition, isolation: Isolation) -> Result<(i64, i64)> {
        self.log.watermarks(partition, isolation)
    }
    fn delete_records(&self, below: &[(TopicPartition, i64)]) -> Result<()> {
        self.log.delete_records(below)
    }
    fn groups(&self) -> Result<Vec<GroupInfo>> {
        self.log.groups()
    }
    fn committed(&self, group: &str, partitions: &[TopicPartition]) -> Result<Vec<Option<OffsetCommit>>> {
        self.log.committed(group, partitions)
    }
    fn delete_group(&self, group: &str) -> Result<()> {
        self.log.delete_group(group)
    }
    fn consumer(&self, config: &ConsumerConfig) -> Result<Box<dyn Consumer>> {
        self.log.consumer(config)
    }
    fn producer(&self, config: &ProducerConfig) -> Result<Box<dyn Producer>> {
        let producer = self.log.producer(config)?;
        Ok(Box::new(FaultyProducer { producer, commits: Arc::clone(&self.commits) }))
    }
}

fn faulty(log: &Arc<dyn Broker>) -> (Arc<dyn Broker>, Arc<AtomicUsize>) {
    let commits = Arc::new(AtomicUsize::new(0));
    (Arc::new(Faulty { log: Arc::clone(log), commits: Arc::clone(&commits) }), commits)
}

#[test]
fn a_replay_sends_every_row_once() {
    let (dir, log) = (tempfile::tempdir().unwrap(), memory());
    let mut text = String::from("transaction_id,account_id,amount,timestamp\n");
    for i in 0..60_000 {
        text.push_str(&format!("t-{i},ACC-{},1.5,2024-01-01T00:00:00Z\n", i % 7));
    }
    let path = dir.path().join("rows.csv");
    std::fs::write(&path, text).unwrap();
    let (broken, commits) = faulty(&log);
    let totals = replay(broken, ReplayOptions::new(&path), Shutdown::new()).unwrap();
    let values: std::collections::HashSet<_> =
        all(&*log, "transactions").into_iter().map(|r| r.value).collect();
    assert_eq!(
        (totals.transactions, values.len(), all(&*log, "transactions").len()),
        (60_000, 60_000, 60_000)
    );
    assert!(commits.load(Ordering::SeqCst) >= 2 * FAULTS.len(), "every fault was met");
}

#[test]
fn load_is_the_same_as_without_faults() {
    let mode = Mode::Count { count: 40_000, tps: None };
    let options = Options { start: "2026-01-01T00:00:00Z".parse().ok(), ..Options::new(mode, 5) };
    let (log, calm) = (memory(), memory());
    let (broken, commits) = faulty(&log);
    let totals = run(broken, options.clone(), Shutdown::new()).unwrap();
    run(Arc::clone(&calm), options, Shutdown::new()).unwrap();
    assert_eq!(totals.transactions, 40_000);
    for topic in ["transactions", "transaction_labels", "customer_profiles"] {
        let records = |log: &dyn Broker| -> Vec<_> {
            all(log, topic).into_iter().map(|r| (r.partition, r.timestamp, r.key, r.value)).collect()
        };
        assert_eq!(records(&*log), records(&*calm), "{topic}");
    }
    assert!(commits.load(Ordering::SeqCst) >= FAULTS.len());
}

#[test]
fn a_newer_replay_of_the_same_file_ends_the_older() {
    let (dir, log) = (tempfile::tempdir().unwrap(), memory());
    let path = dir.path().join("rows.csv");
    let rows: String = (0..500).map(|i| format!("t-{i},ACC-1,1,2024-01-01T00:00:00Z\n")).collect();
    std::fs::write(&path, format!("transaction_id,account_id,amount,timestamp\n{rows}")).unwrap();
    let slow = ReplayOptions { speed: producer::Speed::Rate(100.0), ..ReplayOptions::new(&path) };
    let (older_log, older_options) = (Arc::clone(&log), slow.clone());
    let older = std::thread::spawn(move || replay(older_log, older_options, Shutdown::new()));
    while all(&*log, "transactions").is_empty() {
        std::thread::sleep(Duration::from_millis(20));
    }
    let fast = ReplayOptions::new(&path);
    let newer = replay(Arc::clone(&log), fast, Shutdown::new()).unwrap();
    assert!(newer.resumed_at > 0 && !newer.stopped);
    let fenced = older.join().unwrap().unwrap_err();
    assert!(matches!(&fenced, producer::Error::Log(e) if e.kind() == ErrorKind::Fenced), "{fenced}");
    assert_eq!(all(&*log, "transactions").len(), 500);
}
