//! `cargo bench --bench latency`: from produced to visible, at a steady load, beside an echo that does nothing else.
//!
//! A Kafka node of its own, topics of 3 partitions, `RATE=n` transactions a second (10,000). The engine runs the five
//! rules of `benches/rules`, exactly once, on one thread; what is measured is each alert, from the moment that its
//! transaction was handed to the load's producer to the moment that a read_committed consumer was handed the alert.
//! Just under 1 % of the transactions alert: 0.3 % by the filter, the others by the windows. The echo is a bare
//! consume-produce-commit loop on librdkafka (by way of `broker`): it takes the same load from a topic of its own,
//! passes on every hundredth record as it came, and commits a transaction with its offsets every 5 ms. They take turns
//! on the node, `ROUNDS=n` times (3), `SECONDS=n` each (20, four checkpoints of the engine). `LOG` as in `drain`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod load;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use broker::kafka::Kafka;
use broker::{
    Batch, Broker, Consumer, ConsumerConfig, GroupMetadata, Isolation, OffsetCommit, Poll, Position,
    Producer, ProducerConfig, Shutdown, TopicPartition, TopicSpec,
};
use load::{Spent, median, setting};

const TRANSACTIONS: &str = "transactions";
const ALERTS: &str = "fraud_alerts";
const ECHO_IN: &str = "echo-in";
const ECHO_OUT: &str = "echo-out";
const PARTITIONS: i32 = 3;
/// The echo passes on one record of so many.
const ONE_OF: i64 = 100;
/// How often the echo commits.
const EVERY: Duration = Duration::from_millis(5);
/// Load before the measured part of a round: joining the group, and what comes up meanwhile.
const LEAD: Duration = Duration::from_secs(6);

fn main() {
    load::begin();
    let Some(server) = servers::kafka() else { return };
    let (rate, rounds, seconds) = (setting("RATE", 10_000), setting("ROUNDS", 3), setting("SECONDS", 20));
    let kafka: Arc<dyn Broker> = Kafka::connect(server.bootstrap(), BTreeMap::new()).unwrap();
    let topics = [TRANSACTIONS, ALERTS, ECHO_IN, ECHO_OUT].map(|name| TopicSpec::retained(name, PARTITIONS));
    kafka.create_topics(&topics).unwrap();
    println!(
        "{} transactions/s, {rounds} rounds of {seconds} s each; produced to visible, read_committed",
        load::grouped(rate as f64)
    );
    let state = tempfile::tempdir().unwrap();
    let bench =
        Bench { kafka, node: server.pid(), rate, state: state.path().to_owned(), sent: AtomicU64::new(0) };
    println!("warming the node up");
    let (_, _) = (bench.round(Side::Echo, 3), bench.round(Side::Engine, 3));
    let pairs: Vec<(Times, Times)> = (0..rounds)
        .map(|_| {
            let echo = bench.round(Side::Echo, seconds);
            println!("echo    {echo}");
            let engine = bench.round(Side::Engine, seconds);
            println!("engine  {engine}");
            (echo, engine)
        })
        .collect();
    for (name, share) in [("p50", 0.5), ("p99", 0.99), ("p99.9", 0.999), ("max", 1.0)] {
        let of = |side: fn(&(Times, Times)) -> &Times| median(pairs.iter().map(|pair| side(pair).at(share)));
        let ratio = median(pairs.iter().map(|(echo, engine)| engine.at(share) / echo.at(share)));
        println!(
            "{name:>5}: echo {:6.2} ms, engine {:6.2} ms, ratio {ratio:.2} (medians of the rounds)",
            of(|pair| &pair.0),
            of(|pair| &pair.1)
        );
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Echo,
    Engine,
}

/// Milliseconds, in order; and what the round took of the processors.
struct Times {
    sorted: Vec<f64>,
    spent: Spent,
}

impl Times {
    fn at(&self, share: f64) -> f64 {
        let rank = (self.sorted.len() as f64 * share).ceil() as usize;
        self.sorted[rank.clamp(1, self.sorted.len()) - 1]
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "p50 {:6.2} ms, p99 {:6.2}, p99.9 {:6.2}, max {:6.2}; {} records (processor: {:.2} s ours, {:.2} s the node's)",
            self.at(0.5),
            self.at(0.99),
            self.at(0.999),
            self.at(1.0),
            self.sorted.len(),
            self.spent.ours,
            self.spent.theirs
        )
    }
}

struct Bench {
    kafka: Arc<dyn Broker>,
    node: u32,
    rate: usize,
    /// The engine's state directory: it goes on where it ended the round before.
    state: std::path::PathBuf,
    /// Transactions sent so far.
    sent: AtomicU64,
}

/// When which transaction was sent, in microseconds since `start`; the first is number `first`.
struct Sent {
    start: Instant,
    first: usize,
    at: Vec<AtomicU64>,
}

impl Bench {
    /// Puts one side under load, and measures it after the lead.
    fn round(&self, side: Side, seconds: usize) -> Times {
        let (input, output) = match side {
            Side::Echo => (ECHO_IN, ECHO_OUT),
            Side::Engine => (TRANSACTIONS, ALERTS),
        };
        let lead = self.rate * LEAD.as_secs() as usize;
        let count = lead + self.rate * seconds;
        let first = self.sent.fetch_add(count as u64, Ordering::SeqCst) as usize;
        let times = (0..count).map(|_| AtomicU64::new(0)).collect();
        let sent = Sent { start: Instant::now(), first, at: times };
        let (done, shutdown) = (AtomicBool::new(false), Shutdown::new());
        let from: Vec<_> = (0..PARTITIONS).map(|p| TopicPartition::new(output, p)).collect();
        std::thread::scope(|scope| {
            let stop = shutdown.clone();
            let under_test = scope.spawn(move || match side {
                Side::Echo => echo(&*self.kafka, &stop),
                Side::Engine => self.engine(stop),
            });
            let reader = scope.spawn(|| read(&*self.kafka, &from, &sent, first + lead, &done));
            let spent = self.load(input, &sent, lead);
            // What was sent last is seen by then, or is slower than all that is of interest.
            std::thread::sleep(Duration::from_secs(1));
            done.store(true, Ordering::SeqCst);
            let mut sorted = reader.join().unwrap();
            shutdown.request();
            under_test.join().unwrap();
            assert!(!sorted.is_empty(), "nothing came out on {output}");
            sorted.sort_by(f64::total_cmp);
            Times { sorted, spent }
        })
    }

    /// Sends the load at its rate; what was spent in its measured part.
    fn load(&self, topic: &str, sent: &Sent, lead: usize) -> Spent {
        let own = [("linger.ms".to_owned(), "0".to_owned())].into();
        let config = ProducerConfig { properties: own, ..ProducerConfig::default() };
        let mut producer = self.kafka.producer(&config).unwrap();
        let records: Vec<_> = load::records(sent.first, sent.at.len(), load::ACCOUNTS).collect();
        let (begin, mut spent) = (Instant::now(), Spent::now(self.node));
        for (at, record) in records.iter().enumerate() {
            if at == lead {
                spent = Spent::now(self.node);
            }
            let due = begin + Duration::from_secs_f64(at as f64 / self.rate as f64);
            let early = due.saturating_duration_since(Instant::now());
            // A sleep is only worth it for more than a moment: so a few records go at once.
            if early > Duration::from_millis(1) {
                std::thread::sleep(early);
            }
            sent.at[at].store(sent.start.elapsed().as_micros() as u64, Ordering::Release);
            load::produce(&mut *producer, topic, &record.key, &record.value, record.timestamp);
        }
        let spent = spent.since();
        producer.flush(Duration::from_secs(10)).unwrap();
        spent
    }

    fn engine(&self, shutdown: Shutdown) {
        let options = engine::Options {
            rules: vec![load::rules("rules")],
            group: "latency".to_owned(),
            state_dir: Some(self.state.clone()),
            ..engine::Options::default()
        };
        engine::run(self.kafka.clone(), options, shutdown).unwrap();
    }
}

/// Reads until `done`; the milliseconds of what is about transactions from number `measured` on.
fn read(
    kafka: &dyn Broker,
    from: &[TopicPartition],
    sent: &Sent,
    measured: usize,
    done: &AtomicBool,
) -> Vec<f64> {
    let config = ConsumerConfig { isolation: Isolation::ReadCommitted, ..ConsumerConfig::default() };
    let mut consumer = kafka.consumer(&config).unwrap();
    let at_end: Vec<_> = from.iter().map(|p| (p.clone(), Position::End)).collect();
    consumer.assign(&at_end).unwrap();
    let (mut batch, mut times) = (Batch::new(), Vec::new());
    while !done.load(Ordering::SeqCst) {
        consumer.poll(&mut batch, Duration::from_millis(100)).unwrap();
        let now = sent.start.elapsed().as_micros() as u64;
        for value in batch.iter().filter_map(|record| record.value) {
            let number = load::number_of(value).filter(|number| *number >= measured);
            if let Some(at) = number.and_then(|number| sent.at.get(number - sent.first)) {
                times.push(now.saturating_sub(at.load(Ordering::Acquire)) as f64 / 1000.0);
            }
        }
    }
    times
}

/// The echo.
struct Echo {
    consumer: Box<dyn Consumer>,
    producer: Box<dyn Producer>,
    group: Option<GroupMetadata>,
    assigned: Vec<TopicPartition>,
    pending: bool,
}

fn echo(kafka: &dyn Broker, shutdown: &Shutdown) {
    let consumer =
        ConsumerConfig { group: Some("echo".to_owned()), max_batch: 5_000, ..ConsumerConfig::default() };
    let producer = ProducerConfig { transactional_id: Some("echo".to_owned()), ..ProducerConfig::default() };
    let mut echo = Echo {
        consumer: kafka.consumer(&consumer).unwrap(),
        producer: kafka.producer(&producer).unwrap(),
        group: None,
        assigned: Vec::new(),
        pending: false,
    };
    echo.consumer.subscribe(&[ECHO_IN.to_owned()]).unwrap();
    let (mut batch, mut last) = (Batch::new(), Instant::now());
    while !shutdown.is_requested() {
        echo.step(&mut batch, EVERY.saturating_sub(last.elapsed()));
        if echo.pending && last.elapsed() >= EVERY {
            last = Instant::now();
            echo.commit();
        }
    }
    if echo.pending {
        echo.commit();
    }
    echo.consumer.close().unwrap();
}

impl Echo {
    fn step(&mut self, batch: &mut Batch, timeout: Duration) {
        match self.consumer.poll(batch, timeout).unwrap() {
            Poll::Assign(partitions) => {
                let from: Vec<_> = partitions.iter().map(|p| (p.clone(), Position::Committed)).collect();
                self.consumer.assign(&from).unwrap();
                self.group = Some(self.consumer.group_metadata().unwrap());
                self.assigned = partitions;
            }
            Poll::Revoke { partitions, .. } => self.consumer.unassign(&partitions).unwrap(),
            Poll::Idle => {}
            Poll::Records => {
                if !std::mem::replace(&mut self.pending, true) {
                    self.producer.begin().unwrap();
                }
                for record in batch.iter().filter(|record| record.offset % ONE_OF == 0) {
                    let (key, value) = (record.key.unwrap(), record.value.unwrap());
                    load::produce(&mut *self.producer, ECHO_OUT, key, value, record.timestamp);
                }
            }
        }
    }

    fn commit(&mut self) {
        let Self { consumer, assigned, .. } = self;
        let offset = |partition: &TopicPartition| {
            let offset = consumer.position(partition).unwrap()?;
            Some(OffsetCommit { partition: partition.clone(), offset, metadata: String::new() })
        };
        let offsets: Vec<_> = assigned.iter().filter_map(offset).collect();
        self.producer.send_offsets(&offsets, self.group.as_ref().unwrap()).unwrap();
        self.producer.commit().unwrap();
        self.pending = false;
    }
}
