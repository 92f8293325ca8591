//! The embedded broker on disk: what outlives the process, and who may open it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use broker::embedded::{Embedded, Sync};
use broker::{
    Batch, Broker, ConsumerConfig, ErrorKind, Isolation, OffsetCommit, Outgoing, Poll, Position,
    ProducerConfig, TopicPartition, TopicSpec,
};

const GROUP: &str = "group";
/// Names the directory for the child process that writes until it is killed.
const WRITER: &str = "BROKER_TEST_WRITER_DIR";

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

/// Run in a process of its own: commits 1, 2, 3, ... to two topics with their offset, and says so after
/// each commit, until it is killed.
#[test]
fn writer() {
    let Ok(dir) = std::env::var(WRITER) else { return };
    let log = Embedded::open(Path::new(&dir)).unwrap();
    let mut producer = transactional(&*log);
    let mut consumer =
        log.consumer(&ConsumerConfig { group: Some(GROUP.to_owned()), ..Default::default() }).unwrap();
    let first = u64::try_from(committed(&*log)).unwrap() + 1;
    for number in first.. {
        producer.begin().unwrap();
        let value = number.to_string();
        producer.produce(&outgoing("left", &value)).unwrap();
        producer.produce(&outgoing("right", &value)).unwrap();
        let offset = OffsetCommit {
            partition: TopicPartition::new("left", 0),
            offset: i64::try_from(number).unwrap(),
            metadata: value,
        };
        producer.send_offsets(&[offset], &consumer.group_metadata().unwrap()).unwrap();
        producer.commit().unwrap();
        println!("committed {number}");
        std::io::stdout().flush().unwrap();
    }
}

fn committed(log: &dyn Broker) -> i64 {
    let commit = log.committed(GROUP, &[TopicPartition::new("left", 0)]).unwrap().remove(0);
    commit.map_or(0, |c| {
        assert_eq!(c.metadata, c.offset.to_string());
        c.offset
    })
}

fn start_writer(dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["writer", "--exact", "--nocapture"])
        .env(WRITER, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// What was said to be committed is there after `kill -9`, whole; at most one commit more.
#[test]
fn commits_survive_the_death_of_the_process() {
    let dir = tempfile::tempdir().unwrap();
    Embedded::open(dir.path())
        .unwrap()
        .create_topics(&[TopicSpec::retained("left", 1), TopicSpec::retained("right", 1)])
        .unwrap();
    let mut last = 0;
    for round in 1..=3 {
        let mut child = start_writer(dir.path());
        let said = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let numbers = said.filter_map(|line| line.split_once("committed ")?.1.parse::<u64>().ok());
        let mut told: Vec<u64> = numbers.take(50 * round).collect();
        child.kill().unwrap();
        child.wait().unwrap();
        last = told.pop().unwrap();
        let log = Embedded::open(dir.path()).unwrap();
        let (left, _) = values(&*log, "left");
        assert!(left.len() as u64 >= last, "{} of {last} committed records are there", left.len());
        assert!(left.iter().copied().eq(1..=left.len() as u64), "in order, none twice: {left:?}");
        assert_eq!(left, values(&*log, "right").0);
        assert_eq!(committed(&*log), left.len() as i64);
    }
    assert!(last > 100);
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
        let log = Embedded::open_with(dir.path(), Sync::EveryCommit).unwrap();
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
