//! `cargo bench --bench restart`: how long an engine with much state is away when it is killed.
//!
//! A Kafka node of its own, 3 partitions, `ACCOUNTS=n` accounts (1,000,000) that all have open windows of the five
//! rules of `benches/rules`, and `RATE=n` transactions a second (2,000) that go on all the time, 100 of them with an
//! alert of the filter rule. The engine is a process of its own with two threads. After its first checkpoint, which is
//! of all accounts, it is killed by SIGKILL and started again at once, `ROUNDS=n` times (3): what is told is the time
//! from the kill to the first alert, seen by a read_committed consumer, on a transaction that was sent after the kill.
//! Then it is killed and another is started that has no local files, as on another machine. The lines of its log that
//! say what the time went into are told with their times after the kill.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "load/child.rs"]
mod child;
mod load;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use broker::kafka::Kafka;
use broker::{Batch, Broker, ConsumerConfig, Isolation, Position, ProducerConfig, TopicPartition, TopicSpec};
use child::Engine;
use load::{grouped, median, setting};

const TRANSACTIONS: &str = "transactions";
const ALERTS: &str = "fraud_alerts";
const PARTITIONS: i32 = 3;
/// So many transactions a second alert.
const ALERTING: usize = 100;
/// Some checkpoints more.
const BETWEEN: Duration = Duration::from_secs(13);
/// An engine that takes longer has failed.
const LIMIT: Duration = Duration::from_secs(300);

/// What the load and the reader tell each other.
struct Watch {
    /// Transactions sent.
    sent: AtomicUsize,
    /// Alerts seen: when, and on which transaction.
    seen: Mutex<Vec<(Instant, usize)>>,
    done: AtomicBool,
}

fn main() {
    load::begin();
    let Some(server) = servers::kafka() else { return };
    let (accounts, rate, rounds) =
        (setting("ACCOUNTS", 1_000_000), setting("RATE", 2_000), setting("ROUNDS", 3));
    let kafka = Kafka::connect(server.bootstrap(), BTreeMap::new()).unwrap();
    let topics = [TRANSACTIONS, ALERTS].map(|name| TopicSpec::retained(name, PARTITIONS));
    kafka.create_topics(&topics).unwrap();
    fill(&*kafka, accounts);
    println!(
        "{} accounts with open windows, {} transactions/s, {PARTITIONS} partitions",
        grouped(accounts as f64),
        grouped(rate as f64)
    );
    let watch =
        Watch { sent: AtomicUsize::new(accounts), seen: Mutex::default(), done: AtomicBool::new(false) };
    std::thread::scope(|scope| {
        scope.spawn(|| read(&*kafka, &watch));
        let data = tempfile::tempdir().unwrap();
        let engine = Engine::start(server.bootstrap(), data.path());
        let begin = Instant::now();
        let mut engine = wait_until_read(engine, &*kafka);
        println!("filled in {:.1} s, {:.0} MB resident", begin.elapsed().as_secs_f64(), engine.resident());
        wait_for_checkpoints(&mut engine, &*kafka);
        println!("in its changelogs after {:.1} s", begin.elapsed().as_secs_f64());
        scope.spawn(|| send(&*kafka, &watch, accounts, rate));
        let mut times = Vec::new();
        for round in 1..=rounds {
            std::thread::sleep(BETWEEN);
            println!("{:.0} MB resident before kill {round}", engine.resident());
            times.push(replace(&mut engine, server.bootstrap(), data.path(), &watch));
        }
        println!("killed and started again on the same machine: {:.2} s (median of {rounds})", median(times));
        std::thread::sleep(BETWEEN);
        let empty = tempfile::tempdir().unwrap();
        let time = replace(&mut engine, server.bootstrap(), empty.path(), &watch);
        println!("taken over by another, without local files: {time:.2} s");
        println!("{:.0} MB resident", engine.resident());
        watch.done.store(true, Ordering::SeqCst);
    });
}

/// A transaction of every account.
fn fill(kafka: &dyn Broker, accounts: usize) {
    let mut producer = kafka.producer(&ProducerConfig::default()).unwrap();
    for record in load::each_account(accounts) {
        load::produce(&mut *producer, TRANSACTIONS, &record.key, &record.value, record.timestamp);
    }
    producer.flush(Duration::from_secs(60)).unwrap();
}

/// Waits until the engine has committed all that there is.
fn wait_until_read(mut engine: Engine, kafka: &dyn Broker) -> Engine {
    let partitions: Vec<_> = (0..PARTITIONS).map(|p| TopicPartition::new(TRANSACTIONS, p)).collect();
    let end = |p: &TopicPartition| kafka.watermarks(p, Isolation::ReadCommitted).unwrap().1;
    let ends: Vec<i64> = partitions.iter().map(end).collect();
    let deadline = Instant::now() + LIMIT;
    loop {
        let committed = kafka.committed("bench", &partitions).unwrap();
        if committed.iter().zip(&ends).all(|(c, end)| c.as_ref().is_some_and(|c| c.offset >= *end)) {
            return engine;
        }
        engine.must_run();
        assert!(Instant::now() < deadline, "not filled within {LIMIT:?}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Waits until the group has a checkpoint in each partition of each changelog.
fn wait_for_checkpoints(engine: &mut Engine, kafka: &dyn Broker) {
    let deadline = Instant::now() + LIMIT;
    loop {
        let topics = kafka.topics().unwrap().into_iter();
        let changelogs =
            topics.filter(|topic| topic.name.starts_with("bench-") && topic.name.ends_with("-changelog"));
        let partitions: Vec<_> = changelogs
            .flat_map(|topic| (0..topic.partitions).map(move |p| TopicPartition::new(topic.name.clone(), p)))
            .collect();
        let committed = kafka.committed("bench", &partitions).unwrap();
        if !partitions.is_empty() && committed.iter().all(Option::is_some) {
            return;
        }
        engine.must_run();
        assert!(Instant::now() < deadline, "no checkpoint within {LIMIT:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Kills the engine and starts another; the seconds until an alert on what was sent after the kill.
fn replace(engine: &mut Engine, bootstrap: &str, data: &Path, watch: &Watch) -> f64 {
    engine.kill();
    let (killed, sent) = (Instant::now(), watch.sent.load(Ordering::SeqCst));
    *engine = Engine::start(bootstrap, data);
    let seen = || watch.seen.lock().unwrap().iter().find(|(_, number)| *number >= sent).map(|(at, _)| *at);
    let at = loop {
        if let Some(at) = seen() {
            break at;
        }
        engine.must_run();
        assert!(killed.elapsed() < LIMIT, "no alert within {LIMIT:?}");
        std::thread::sleep(Duration::from_millis(5));
    };
    let seconds = |at: Instant| at.saturating_duration_since(killed).as_secs_f64();
    for (at, line) in engine.said(&["assigned", "milliseconds"]) {
        println!("  {:5.2} s  {line}", seconds(at));
    }
    println!("  {:5.2} s  the first alert", seconds(at));
    seconds(at)
}

/// Sends transactions at the rate, from number `accounts` on.
fn send(kafka: &dyn Broker, watch: &Watch, accounts: usize, rate: usize) {
    let own = [("linger.ms".to_owned(), "0".to_owned())].into();
    let config = ProducerConfig { properties: own, ..ProducerConfig::default() };
    let mut producer = kafka.producer(&config).unwrap();
    let begin = Instant::now();
    for (at, record) in load::with_alerts(accounts, accounts, rate / ALERTING).enumerate() {
        if watch.done.load(Ordering::SeqCst) {
            return;
        }
        let due = begin + Duration::from_secs_f64(at as f64 / rate as f64);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        watch.sent.fetch_add(1, Ordering::SeqCst);
        load::produce(&mut *producer, TRANSACTIONS, &record.key, &record.value, record.timestamp);
    }
}

fn read(kafka: &dyn Broker, watch: &Watch) {
    let config = ConsumerConfig { isolation: Isolation::ReadCommitted, ..ConsumerConfig::default() };
    let mut consumer = kafka.consumer(&config).unwrap();
    let from: Vec<_> = (0..PARTITIONS).map(|p| (TopicPartition::new(ALERTS, p), Position::End)).collect();
    consumer.assign(&from).unwrap();
    let mut batch = Batch::new();
    while !watch.done.load(Ordering::SeqCst) {
        consumer.poll(&mut batch, Duration::from_millis(100)).unwrap();
        let now = Instant::now();
        let numbers = batch.iter().filter_map(|record| record.value.and_then(load::number_of));
        watch.seen.lock().unwrap().extend(numbers.map(|number| (now, number)));
    }
}
