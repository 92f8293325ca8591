//! `cargo bench --bench drain`: how fast a full topic is worked off, beside the fastest that reading it can be.
//!
//! A Kafka node of its own, 3 partitions, 1,000,000 records of 285 bytes. A bare consumer per thread (librdkafka's
//! batches, by way of `broker`) reads the rules' fields by sonic-rs and does nothing else; then the engine, with the
//! same number of threads and the five rules of `benches/rules`, drains the topic, once with each guarantee. They take
//! turns, `RUNS=n` times (5); the figure of interest is the ratio within a turn, and of the turns the median. All run a
//! few times before they are measured: a node that has just started compiles its code and makes its log of transactions
//! on the way, and that is neither's work. Where others compute on the machine at the same time, what was taken of the
//! processors in that time, ours and the node's, says more than the clock.
//!
//! `RECORDS=n` and `THREADS=n` change the size, `ACCOUNTS=n` how many keys there are (10,000). `SHAPE=repartition` keys the
//! topic by the transaction, so that every record goes through a repartition topic; `SHAPE=join` joins each with its
//! account's profile before a rule counts it. With `LOG` set the engine says on stderr what it does when.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod load;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::kafka::Kafka;
use broker::{
    Batch, Broker, ConsumerConfig, Isolation, Position, ProducerConfig, Shutdown, TopicPartition, TopicSpec,
};
use engine::Guarantee;
use load::{Key, Meter, Spent, grouped, median, setting};

const TOPIC: &str = "transactions";
const PROFILES: &str = "customer_profiles";
const PARTITIONS: i32 = 3;
/// After so many passes the node compiles little of its code any more.
const WARM_UPS: usize = 5;

/// What is drained.
struct Drain {
    kafka: Arc<dyn Broker>,
    node: u32,
    rules: Vec<PathBuf>,
    count: usize,
    threads: usize,
    ends: Vec<i64>,
}

/// What one pass was.
struct Pass {
    /// Records per second, from the first record to the last commit.
    rate: f64,
    spent: Spent,
    outputs: u64,
    commits: u64,
}

fn main() {
    load::begin();
    let Some(server) = servers::kafka() else { return };
    let (count, threads) = (setting("RECORDS", 1_000_000), setting("THREADS", 2));
    let accounts = setting("ACCOUNTS", load::ACCOUNTS);
    let shape = std::env::var("SHAPE").unwrap_or_default();
    let (rules, key) = rules_of(&shape);
    let kafka = Kafka::connect(server.bootstrap(), BTreeMap::new()).unwrap();
    load::fill(&*kafka, TOPIC, PARTITIONS, count, accounts, key);
    if shape == "join" {
        fill_profiles(&*kafka, accounts);
    }
    let end = |partition| {
        kafka.watermarks(&TopicPartition::new(TOPIC, partition), Isolation::ReadCommitted).unwrap().1
    };
    let ends = (0..PARTITIONS).map(end).collect();
    println!(
        "{} records of {} bytes, {} accounts, {PARTITIONS} partitions, {threads} threads{}{shape}",
        grouped(count as f64),
        load::RECORD_BYTES,
        grouped(accounts as f64),
        if shape.is_empty() { "" } else { ", " }
    );
    let drain = Drain { kafka, node: server.pid(), rules, count, threads, ends };
    let mut guarantees = vec![Guarantee::ExactlyOnce];
    if shape.is_empty() {
        guarantees.push(Guarantee::AtLeastOnce);
    }
    for pass in 1..=WARM_UPS {
        drain.bare();
        for guarantee in &guarantees {
            drain.engine(&format!("warm-up-{pass}"), *guarantee);
        }
    }
    report(&drain, setting("RUNS", 5), &guarantees);
}

/// What one guarantee came to, beside the bare consumer, run by run.
#[derive(Default)]
struct Ratios {
    by_clock: Vec<f64>,
    by_processor: Vec<f64>,
}

fn report(drain: &Drain, runs: usize, guarantees: &[Guarantee]) {
    let mut ratios: Vec<Ratios> = guarantees.iter().map(|_| Ratios::default()).collect();
    for run in 1..=runs {
        let bare = drain.bare();
        println!("bare consumer  {bare}");
        for (guarantee, ratios) in guarantees.iter().zip(&mut ratios) {
            let engine = drain.engine(&format!("measured-{run}"), *guarantee);
            let (clock, processor) = (engine.rate / bare.rate, bare.spent.total() / engine.spent.total());
            println!(
                "{:<14} {engine}   {clock:.2} of the bare consumer, {processor:.2} by processor time; \
                 {:.2} % alerts, {} commits",
                name_of(*guarantee),
                engine.outputs as f64 / drain.count as f64 * 100.0,
                engine.commits
            );
            ratios.by_clock.push(clock);
            ratios.by_processor.push(processor);
        }
    }
    for (guarantee, Ratios { by_clock, by_processor }) in guarantees.iter().zip(ratios) {
        println!(
            "{:<14} median of {runs}: {:.2} of the bare consumer, {:.2} by processor time",
            name_of(*guarantee),
            median(by_clock),
            median(by_processor)
        );
    }
}

fn name_of(guarantee: Guarantee) -> &'static str {
    match guarantee {
        Guarantee::ExactlyOnce => "exactly once",
        Guarantee::AtLeastOnce => "at least once",
    }
}

/// The rules for a shape of the work, and what the topic is keyed by.
fn rules_of(shape: &str) -> (Vec<PathBuf>, Key) {
    // What filters has the topic's key, so it is another text there.
    let windows = ["amount_velocity", "rapid_fire", "velocity"];
    match shape {
        "" => (vec![load::rules("rules")], Key::Account),
        "repartition" => {
            let mut rules = vec![load::rules("repartition")];
            rules.extend(windows.iter().map(|name| load::rules(&format!("rules/{name}.sql"))));
            (rules, Key::Transaction)
        }
        "join" => (vec![load::rules("rules/00_sources.sql"), load::rules("joins")], Key::Account),
        other => panic!("SHAPE={other} is not known: repartition or join, or none"),
    }
}

impl std::fmt::Display for Pass {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Spent { ours, theirs, .. } = self.spent;
        write!(
            f,
            "{:>10} records/s (processor: {ours:.2} s ours, {theirs:.2} s the node's)",
            grouped(self.rate)
        )
    }
}

/// A profile of every account.
fn fill_profiles(kafka: &dyn Broker, accounts: usize) {
    kafka.create_topics(&[TopicSpec::retained(PROFILES, PARTITIONS)]).unwrap();
    let mut producer = kafka.producer(&ProducerConfig::default()).unwrap();
    for account in 0..accounts {
        let value = format!(
            r#"{{"account_id":"ACC-{account:06}","home_country":"DE","risk_rating":"low","tier":{}}}"#,
            account % 4
        );
        load::produce(&mut *producer, PROFILES, &load::account_key(account), value.as_bytes(), 1);
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

impl Drain {
    /// Consumers that read the fields, from the first record to the last: connecting is not part of it.
    fn bare(&self) -> Pass {
        let meter = Meter::start(self.node);
        let spans: Vec<(Instant, Instant)> = std::thread::scope(|scope| {
            let readers: Vec<_> = (0..self.threads).map(|at| scope.spawn(move || self.read(at))).collect();
            readers.into_iter().map(|reader| reader.join().unwrap()).collect()
        });
        let (first, last) = (spans.iter().map(|span| span.0).min(), spans.iter().map(|span| span.1).max());
        let (first, last) = (first.unwrap(), last.unwrap());
        let rate = self.count as f64 / last.duration_since(first).as_secs_f64();
        Pass { rate, spent: meter.between((first, last)), outputs: 0, commits: 0 }
    }

    /// Reads every `threads`-th partition from `at` on to its end; when the first and the last record came.
    fn read(&self, at: usize) -> (Instant, Instant) {
        let mut consumer = self.kafka.consumer(&ConsumerConfig::default()).unwrap();
        let mine = || (at..self.ends.len()).step_by(self.threads);
        let partitions: Vec<_> =
            mine().map(|p| (TopicPartition::new(TOPIC, p as i32), Position::Beginning)).collect();
        consumer.assign(&partitions).unwrap();
        let (mut batch, mut left) = (Batch::new(), mine().map(|p| self.ends[p]).sum::<i64>());
        let (mut first, mut seen) = (None, 0.0);
        while left > 0 {
            consumer.poll(&mut batch, Duration::from_secs(1)).unwrap();
            first = first.or_else(|| (!batch.is_empty()).then(Instant::now));
            for record in batch.iter() {
                let fields: Fields<'_> = sonic_rs::from_slice(record.value.unwrap()).unwrap();
                let text = [
                    fields.transaction_id,
                    fields.timestamp,
                    fields.merchant,
                    fields.category,
                    fields.country,
                ];
                // Summed up, so that nothing is optimised away.
                seen += fields.amount + text.iter().map(|part| part.len()).sum::<usize>() as f64;
            }
            left -= batch.len() as i64;
        }
        assert!(seen > 0.0);
        (first.unwrap(), Instant::now())
    }

    /// The engine, from its first record to its last commit: joining the group and the wait for the end are not part
    /// of it, nor of what it does when it ends.
    fn engine(&self, group: &str, guarantee: Guarantee) -> Pass {
        let group = &format!("{group}-{}", name_of(guarantee).replace(' ', "-"));
        let options = engine::Options {
            guarantee,
            rules: self.rules.clone(),
            group: group.to_owned(),
            threads: self.threads,
            ..engine::Options::default()
        };
        let shutdown = Shutdown::new();
        shutdown.request_when_drained();
        let meter = Meter::start(self.node);
        let done = engine::run(self.kafka.clone(), options, shutdown).unwrap();
        let spent = meter.between(done.span().unwrap());
        assert!(done.records >= self.count as u64);
        self.forget(group);
        let rate = self.count as f64 / done.busy().as_secs_f64();
        Pass { rate, spent, outputs: done.outputs, commits: done.commits }
    }

    /// Deletes the topics that a group made for itself.
    fn forget(&self, group: &str) {
        let topics = self.kafka.topics().unwrap().into_iter().map(|topic| topic.name);
        let its: Vec<String> = topics.filter(|name| name.starts_with(&format!("{group}-"))).collect();
        self.kafka.delete_topics(&its).unwrap();
    }
}
