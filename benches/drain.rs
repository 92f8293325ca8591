//! `cargo bench --bench drain`: how fast a full topic is worked off, beside the fastest that reading it can be.
//!
//! A Kafka node of its own, 3 partitions, 1,000,000 records of 285 bytes. First a bare consumer per
//! thread (librdkafka's batches, by way of `broker`) that reads the rules' fields by sonic-rs and does nothing
//! else; then the engine with the five rules of `benches/rules`, exactly once, until it has drained the topic. Both
//! run a few times before they are measured: a node that has just started compiles its code and makes its log of
//! transactions on the way, and that is neither's work. Where others compute on the machine at the same time, what it
//! took of the processors, ours and the node's, says more than the clock.
//! `RECORDS=n` and `THREADS=n` change the size; the figure of interest is the ratio. With `LOG` set the engine says on
//! stderr what it does when.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod load;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::kafka::Kafka;
use broker::{
    Batch, Broker, ConsumerConfig, Isolation, Outgoing, Position, ProducerConfig, Shutdown, TopicPartition,
    TopicSpec,
};

const TOPIC: &str = "transactions";
const PARTITIONS: i32 = 3;
/// After so many passes the node compiles little of its code any more.
const WARM_UPS: u32 = 3;

fn main() {
    if std::env::var_os("LOG").is_some() {
        tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    }
    let Some(server) = servers::kafka() else { return };
    let (count, threads) = (setting("RECORDS", 1_000_000), setting("THREADS", 2));
    let kafka = Kafka::connect(server.bootstrap(), BTreeMap::new()).unwrap();
    fill(&*kafka, count);
    println!(
        "{} records of {} bytes, {PARTITIONS} partitions, {threads} threads",
        load::grouped(count as f64),
        load::RECORD_BYTES
    );
    let end = |partition| {
        kafka.watermarks(&TopicPartition::new(TOPIC, partition), Isolation::ReadCommitted).unwrap().1
    };
    let ends: Vec<i64> = (0..PARTITIONS).map(end).collect();
    for pass in 1..=WARM_UPS {
        bare(&*kafka, &ends, threads);
        engine(kafka.clone(), &format!("warm-up-{pass}"), count, threads);
    }
    let before = Spent::now(server.pid());
    let bare = bare(&*kafka, &ends, threads);
    let by_bare = before.since();
    println!("bare consumer  {:>12} records/s   {by_bare}", load::grouped(bare));
    let before = Spent::now(server.pid());
    let (engine, busy, done) = engine(kafka, "measured", count, threads);
    let by_engine = before.since();
    println!(
        "engine         {:>12} records/s   {by_engine}\n               {:.2} of the bare consumer, {:.2} by processor time",
        load::grouped(engine),
        engine / bare,
        by_bare.total() / by_engine.total()
    );
    println!(
        "  from its first record to its last commit {:>12} records/s   {:.2}",
        load::grouped(busy),
        busy / bare
    );
    println!(
        "               alerts on {:.2} % of the records, {} commits",
        done.outputs as f64 / count as f64 * 100.0,
        done.commits
    );
}

/// Processor time of this process and of the node, in seconds.
#[derive(Clone, Copy)]
struct Spent {
    node: u32,
    ours: f64,
    theirs: f64,
}

impl Spent {
    fn now(node: u32) -> Self {
        Self { node, ours: Self::of("self"), theirs: Self::of(&node.to_string()) }
    }

    /// What was spent from then until now.
    fn since(self) -> Self {
        let now = Self::now(self.node);
        Self { ours: now.ours - self.ours, theirs: now.theirs - self.theirs, ..self }
    }

    fn total(self) -> f64 {
        self.ours + self.theirs
    }

    /// User and system time by /proc; nothing where there is none.
    fn of(process: &str) -> f64 {
        const TICKS_PER_SECOND: f64 = 100.0;
        let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // The name, in brackets, may have spaces.
        let fields = text.rsplit(") ").next().unwrap_or_default().split(' ');
        fields.skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap_or(0.0)).sum::<f64>()
            / TICKS_PER_SECOND
    }
}

impl std::fmt::Display for Spent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "(processor: {:.2} s ours, {:.2} s the node's)", self.ours, self.theirs)
    }
}

fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

fn fill(kafka: &dyn Broker, count: usize) {
    kafka.create_topics(&[TopicSpec::retained(TOPIC, PARTITIONS)]).unwrap();
    let mut producer = kafka.producer(&ProducerConfig::default()).unwrap();
    for record in load::records(count) {
        let (key, value) = (Some(record.key.as_slice()), Some(record.value.as_slice()));
        let timestamp = record.timestamp;
        producer
            .produce(&Outgoing { topic: TOPIC, partition: None, key, value, timestamp, headers: &[] })
            .unwrap();
    }
    producer.flush(Duration::from_secs(60)).unwrap();
}

/// What the five rules read of a value; the account is the key.
#[derive(serde::Deserialize)]
struct Fields<'a> {
    transaction_id: &'a str,
    amount: f64,
    timestamp: &'a str,
    merchant: &'a str,
    category: &'a str,
    country: &'a str,
}

/// Records per second of consumers that read the fields, from the first record to the last: connecting is
/// not part of it.
fn bare(kafka: &dyn Broker, ends: &[i64], threads: usize) -> f64 {
    let spans: Vec<(Instant, Instant)> = std::thread::scope(|scope| {
        let readers: Vec<_> =
            (0..threads).map(|at| scope.spawn(move || read(kafka, ends, at, threads))).collect();
        readers.into_iter().map(|reader| reader.join().unwrap()).collect()
    });
    let (first, last) = (spans.iter().map(|span| span.0).min(), spans.iter().map(|span| span.1).max());
    ends.iter().sum::<i64>() as f64 / last.unwrap().duration_since(first.unwrap()).as_secs_f64()
}

/// Reads every `threads`-th partition from `at` on to its end; when the first and the last record came.
fn read(kafka: &dyn Broker, ends: &[i64], at: usize, threads: usize) -> (Instant, Instant) {
    let mut consumer = kafka.consumer(&ConsumerConfig::default()).unwrap();
    let mine = || (at..ends.len()).step_by(threads);
    let partitions: Vec<_> =
        mine().map(|p| (TopicPartition::new(TOPIC, p as i32), Position::Beginning)).collect();
    consumer.assign(&partitions).unwrap();
    let (mut batch, mut left) = (Batch::new(), mine().map(|p| ends[p]).sum::<i64>());
    let (mut first, mut seen) = (None, 0.0);
    while left > 0 {
        consumer.poll(&mut batch, Duration::from_secs(1)).unwrap();
        first = first.or_else(|| (!batch.is_empty()).then(Instant::now));
        for record in batch.iter() {
            let fields: Fields<'_> = sonic_rs::from_slice(record.value.unwrap()).unwrap();
            let text =
                [fields.transaction_id, fields.timestamp, fields.merchant, fields.category, fields.country];
            // Summed up, so that nothing is optimised away.
            seen += fields.amount + text.iter().map(|part| part.len()).sum::<usize>() as f64;
        }
        left -= batch.len() as i64;
    }
    assert!(seen > 0.0);
    (first.unwrap(), Instant::now())
}

/// Records per second of the engine, from its start (joining the group is part of it) to its end, and from its
/// first record to its last commit; and what it did.
fn engine(kafka: Arc<dyn Broker>, group: &str, count: usize, threads: usize) -> (f64, f64, engine::Summary) {
    let options = engine::Options {
        rules: vec![load::rules()],
        group: group.to_owned(),
        threads,
        ..engine::Options::default()
    };
    let shutdown = Shutdown::new();
    shutdown.request_when_drained();
    let begin = Instant::now();
    let done = engine::run(kafka.clone(), options, shutdown).unwrap();
    let rate = count as f64 / begin.elapsed().as_secs_f64();
    assert_eq!(done.records, count as u64);
    (rate, count as f64 / done.busy().as_secs_f64(), done)
}
