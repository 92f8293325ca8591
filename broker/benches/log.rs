//! What the embedded broker on disk does: records appended and read, and how long opening takes with little and
//! with much in the log.
//!
//! `cargo bench -p broker --bench log [-- --records N] [-- --open MB]`; the directory is `$BENCH_DIR` or a temporary
//! one. Figures vary with the disk and with what else runs: compare runs that were taken in turn.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::time::{Duration, Instant};

use broker::embedded::Embedded;
use broker::{
    Batch, Broker, ConsumerConfig, Isolation, Outgoing, Poll, Position, ProducerConfig, TopicPartition,
    TopicSpec,
};

const PARTITIONS: i32 = 3;
/// The bytes of a value, about those of a transaction.
const VALUE: usize = 300;

fn number(name: &str, default: usize) -> usize {
    let mut args = std::env::args();
    args.find(|arg| arg == name).and_then(|_| args.next()).map_or(default, |text| text.parse().unwrap())
}

/// Commits records, `at_once` a transaction; records per second.
fn append(log: &dyn Broker, records: usize, at_once: usize) -> f64 {
    let config = ProducerConfig { transactional_id: Some("bench".to_owned()), ..Default::default() };
    let mut producer = log.producer(&config).unwrap();
    let (mut value, began) = (vec![0u8; VALUE], Instant::now());
    for first in (0..records).step_by(at_once) {
        producer.begin().unwrap();
        for n in first..(first + at_once).min(records) {
            value.iter_mut().enumerate().for_each(|(i, byte)| *byte = (n * 31 + i * (n % 97)) as u8);
            let key = (n as u64).to_le_bytes();
            let (key, value) = (Some(key.as_slice()), Some(value.as_slice()));
            let record = Outgoing { topic: "bench", partition: None, key, value, timestamp: 1, headers: &[] };
            producer.produce(&record).unwrap();
        }
        producer.commit().unwrap();
    }
    records as f64 / began.elapsed().as_secs_f64()
}

/// Reads everything; records per second.
fn read(log: &dyn Broker) -> f64 {
    let mut consumer = log.consumer(&ConsumerConfig::default()).unwrap();
    let all: Vec<_> = (0..PARTITIONS).map(|p| TopicPartition::new("bench", p)).collect();
    let from: Vec<_> = all.iter().map(|p| (p.clone(), Position::Beginning)).collect();
    consumer.assign(&from).unwrap();
    let ends: Vec<_> = all.iter().map(|p| log.watermarks(p, Isolation::ReadCommitted).unwrap().1).collect();
    let (mut batch, mut records, began) = (Batch::new(), 0, Instant::now());
    while all.iter().zip(&ends).any(|(p, end)| consumer.position(p).unwrap().unwrap() < *end) {
        if consumer.poll(&mut batch, Duration::ZERO).unwrap() == Poll::Records {
            records += batch.len();
        }
    }
    records as f64 / began.elapsed().as_secs_f64()
}

fn open(dir: &Path) -> (std::sync::Arc<Embedded>, Duration) {
    let began = Instant::now();
    let log = Embedded::open(dir).unwrap();
    (log, began.elapsed())
}

fn main() {
    let parent = std::env::var_os("BENCH_DIR").map_or_else(std::env::temp_dir, Into::into);
    let dir = tempfile::tempdir_in(parent).unwrap();
    let (records, until) = (number("--records", 300_000), number("--open", 0));
    let fresh = |name: &str| {
        let log = open(&dir.path().join(name)).0;
        log.create_topics(&[TopicSpec::retained("bench", PARTITIONS)]).unwrap();
        log
    };
    for at_once in [10, 100, 1000] {
        let log = fresh(&at_once.to_string());
        let (records, began) = (records * at_once / 1000, Instant::now());
        let appended = append(&*log, records, at_once);
        let read = read(&*log);
        let all = began.elapsed();
        println!(
            "{records} records, {at_once} a commit: {appended:.0} appended/s, {read:.0} read/s, {all:.1?} in all"
        );
    }
    if until == 0 {
        return;
    }
    let path = dir.path().join("open");
    drop(fresh("open"));
    let mut megabytes = 0;
    for more in [10, until - 10] {
        let log = open(&path).0;
        append(&*log, more * 1_000_000 / VALUE, 1000);
        drop(log);
        megabytes += more;
        let times: Vec<_> = (0..5).map(|_| open(&path).1).collect();
        println!("opening with {megabytes} MB of records: {times:.1?}");
    }
}
