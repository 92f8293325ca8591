//! An idle time-out: what EMIT FINAL waits for is written although no record comes, by a clock that the test moves.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use broker::embedded::Embedded;
use broker::{
    Batch, Broker, Clock, ConsumerConfig, ManualClock, Outgoing, Poll, Position, ProducerConfig,
    TopicPartition, TopicSpec,
};
use engine::rule_set::RuleSet;
use engine::simulation::{Engine, Worker};
use engine::sql::SourceFile;
use engine::{Options, RuleSetTopic};

const RULES: &str = "CREATE STREAM payments (account VARCHAR KEY, amount BIGINT) \
    WITH (KAFKA_TOPIC='payments', VALUE_FORMAT='JSON');\n--@idle: 30 SECONDS\n\
    CREATE TABLE sums WITH (KAFKA_TOPIC='sums') AS SELECT account, SUM(amount) AS total, COUNT(*) AS n FROM payments \
    WINDOW TUMBLING (SIZE 1 MINUTE, GRACE PERIOD 10 SECONDS) GROUP BY account EMIT FINAL;";

const MINUTE: i64 = 60_000;

struct World {
    clock: Arc<ManualClock>,
    broker: Arc<dyn Broker>,
    rules: String,
    version: u64,
    running: Option<(Engine, Worker)>,
}

impl World {
    fn new(rules: &str) -> Self {
        let clock = Arc::new(ManualClock::new(1_000_000));
        let broker: Arc<dyn Broker> = Embedded::in_memory_with(clock.clone());
        broker.create_topics(&[TopicSpec::retained("payments", 1)]).unwrap();
        let mut world = Self { clock, broker, rules: rules.to_owned(), version: 0, running: None };
        world.start();
        world
    }

    /// Starts an engine; one that runs dies before.
    fn start(&mut self) {
        self.running = None;
        // Long enough for everything of a test to lie behind the last checkpoint.
        let options = Options { checkpoint_interval: Duration::from_secs(600), ..Options::default() };
        let set = self.publish();
        let clock = self.clock.clone() as Arc<dyn Clock>;
        let engine = Engine::start(self.broker.clone(), options, set, "p0", clock).unwrap();
        let worker = engine.worker(0).unwrap();
        self.running = Some((engine, worker));
        self.pass(Duration::from_secs(1));
    }

    /// The rules, in the topic where they are published.
    fn publish(&mut self) -> RuleSet {
        let none = BTreeMap::new();
        let topic = RuleSetTopic {
            broker: &*self.broker,
            clock: &*self.clock,
            group: "streamguard",
            consumer_properties: &none,
            producer_properties: &none,
        };
        let files = [SourceFile::new("rules.sql", self.rules.clone())];
        let set = topic.publish(&files, self.version, "a test").unwrap();
        self.version = set.version;
        set
    }

    /// Lets time pass, a step of the worker every 100 ms.
    fn pass(&mut self, time: Duration) {
        let worker = &mut self.running.as_mut().unwrap().1;
        for _ in 0..time.as_millis() / 100 {
            worker.step().unwrap();
            self.clock.advance(Duration::from_millis(100));
        }
    }

    fn send(&mut self, topic: &str, records: &[(&str, i64)]) {
        let mut producer = self.broker.producer(&ProducerConfig::default()).unwrap();
        for (key, timestamp) in records {
            let (key, value, timestamp) =
                (Some(key.as_bytes()), Some(br#"{"amount":5}"#.as_slice()), *timestamp);
            producer
                .produce(&Outgoing { topic, partition: None, key, value, timestamp, headers: &[] })
                .unwrap();
        }
        producer.flush(Duration::ZERO).unwrap();
    }

    /// What is written, in order: the key's first byte, and the value.
    fn sums(&self) -> Vec<String> {
        let mut consumer = self.broker.consumer(&ConsumerConfig::default()).unwrap();
        consumer.assign(&[(TopicPartition::new("sums", 0), Position::Beginning)]).unwrap();
        let (mut batch, mut found) = (Batch::new(), Vec::new());
        while consumer.poll(&mut batch, Duration::ZERO).unwrap() == Poll::Records {
            found.extend(batch.iter().map(|r| {
                let value = String::from_utf8_lossy(r.value.unwrap_or_default()).into_owned();
                format!("{} {value}", char::from(r.key.unwrap()[0]))
            }));
        }
        found
    }
}

#[test]
fn windows_of_an_idle_partition_close_once_also_over_deaths() {
    let mut world = World::new(RULES);
    world.send("payments", &[("B", MINUTE), ("A", MINUTE + 40_000), ("A", MINUTE + 50_000)]);
    world.pass(Duration::from_secs(15));
    // Stream time is 50 s into the window; that is over after 20 s more, but nothing closes before 30 s of quiet.
    assert_eq!(world.sums(), Vec::<String>::new());
    world.pass(Duration::from_secs(14));
    assert_eq!(world.sums(), Vec::<String>::new());
    world.pass(Duration::from_secs(2));
    let expected = [r#"A {"TOTAL":10,"N":2}"#, r#"B {"TOTAL":5,"N":1}"#];
    assert_eq!(world.sums(), expected);
    // It dies: all of it lies behind the last checkpoint. Nobody closes the window again, and what comes late for
    // it is late.
    world.start();
    world.pass(Duration::from_secs(120));
    assert_eq!(world.sums(), expected);
    world.send("payments", &[("A", MINUTE + 55_000), ("A", 3 * MINUTE)]);
    world.pass(Duration::from_secs(1));
    world.start();
    world.pass(Duration::from_secs(100));
    assert_eq!(world.sums()[2..], [r#"A {"TOTAL":5,"N":1}"#], "the next window alone, by itself");
}

/// The commit of a window that the clock closed moves no position: a checkpoint before new rules left it out, and they
/// went on in memory with what no changelog had.
#[test]
fn a_window_that_the_clock_closed_stays_closed_when_the_rules_change() {
    let mut world = World::new(RULES);
    world.send("payments", &[("A", MINUTE + 50_000)]);
    world.pass(Duration::from_secs(1));
    // Its end is a checkpoint where it stands.
    world.running.take().unwrap().1.finish().unwrap();
    world.start();
    world.pass(Duration::from_secs(60));
    assert_eq!(world.sums().len(), 1);
    world.rules.push_str("\nCREATE STREAM all_of_them AS SELECT account, amount FROM payments;");
    let set = world.publish();
    world.running.as_ref().unwrap().0.reload(set).unwrap();
    world.pass(Duration::from_secs(1));
    world.start();
    world.pass(Duration::from_secs(60));
    assert_eq!(world.sums().len(), 1);
}

#[test]
fn a_record_now_and_then_keeps_windows_open() {
    let mut world = World::new(RULES);
    for seconds in 0..10 {
        // Never 30 s of quiet, and never a time behind the window's end.
        world.send("payments", &[("A", MINUTE + seconds)]);
        world.pass(Duration::from_secs(20));
    }
    assert_eq!(world.sums(), Vec::<String>::new());
    world.pass(Duration::from_secs(55));
    assert_eq!(world.sums(), [r#"A {"TOTAL":50,"N":10}"#]);
}

#[test]
fn without_the_directive_nothing_closes() {
    let mut world = World::new(&RULES.replace("--@idle: 30 SECONDS\n", ""));
    world.send("payments", &[("A", MINUTE)]);
    world.pass(Duration::from_secs(300));
    assert_eq!(world.sums(), Vec::<String>::new());
}

/// Sessions, and a task with two inputs, whose journal has the order and the time.
#[test]
fn sessions_behind_a_join_close_and_are_done_once_more_alike() {
    let rules = "CREATE STREAM payments (account VARCHAR KEY, amount BIGINT) \
        WITH (KAFKA_TOPIC='payments', VALUE_FORMAT='JSON'); \
        CREATE TABLE names (account VARCHAR PRIMARY KEY, amount BIGINT) \
        WITH (KAFKA_TOPIC='names', VALUE_FORMAT='JSON', PARTITIONS=1);\n--@idle: 10 SECONDS\n\
        CREATE TABLE sums WITH (KAFKA_TOPIC='sums') AS SELECT p.account, COUNT(*) AS n, MAX(m.amount) AS most \
        FROM payments p JOIN names m ON p.account = m.account \
        WINDOW SESSION (20 SECONDS, GRACE PERIOD 0 SECONDS) GROUP BY p.account EMIT FINAL;";
    let mut world = World::new(rules);
    world.send("names", &[("A", 1)]);
    world.pass(Duration::from_secs(1));
    world.send("payments", &[("A", MINUTE), ("A", MINUTE + 15_000)]);
    world.pass(Duration::from_secs(15));
    assert_eq!(world.sums(), Vec::<String>::new(), "a session stays open for its gap");
    world.pass(Duration::from_secs(10));
    assert_eq!(world.sums(), [r#"A {"N":2,"MOST":5}"#]);
    world.start();
    world.send("payments", &[("A", 2 * MINUTE)]);
    world.pass(Duration::from_secs(5));
    world.start();
    world.pass(Duration::from_secs(40));
    assert_eq!(world.sums(), [r#"A {"N":2,"MOST":5}"#, r#"A {"N":1,"MOST":5}"#]);
}
