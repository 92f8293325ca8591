//! Rules that are edited while nobody is at work: what lies between the last checkpoint and the committed positions
//! was done by the rules before, so it is done once more by those, and the new ones begin where workers that live
//! would have switched.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "edits/behind.rs"]
mod behind;
#[path = "support/meddler.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod meddler;
#[path = "edits/subscribed.rs"]
mod subscribed;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use broker::embedded::Embedded;
use broker::{
    Batch, Broker, Clock, ConsumerConfig, ManualClock, Outgoing, Poll, Position, ProducerConfig,
    TopicPartition, TopicSpec,
};
use engine::rule_set::RuleSet;
use engine::simulation::{Engine, StateDir, Worker};
use engine::sql::SourceFile;
use engine::{Error, Guarantee, Options, RuleSetTopic};

const SOURCES: &str = "CREATE STREAM payments (account VARCHAR KEY, amount BIGINT) \
    WITH (KAFKA_TOPIC='payments', VALUE_FORMAT='JSON'); \
    CREATE TABLE names (account VARCHAR PRIMARY KEY, amount BIGINT) \
    WITH (KAFKA_TOPIC='names', VALUE_FORMAT='JSON', PARTITIONS=1);";
/// Counts in a window.
const COUNTED: &str = "CREATE TABLE counted WITH (KAFKA_TOPIC='out') AS SELECT account, 'counted' AS rule, COUNT(*) AS n \
    FROM payments WINDOW TUMBLING (SIZE 1 HOUR, GRACE PERIOD 1 HOUR) GROUP BY account HAVING COUNT(*) > 1;";
/// One alert a window, by the same count.
const FIRST: &str = "--@emit: first\nCREATE TABLE first_one WITH (KAFKA_TOPIC='fraud_alerts') AS SELECT account, \
    'first' AS rule, COUNT(*) AS n FROM payments WINDOW TUMBLING (SIZE 1 HOUR, GRACE PERIOD 1 HOUR) GROUP BY account HAVING COUNT(*) > 2;";
const COOL: &str = "--@cooldown: 1 HOUR\nCREATE STREAM cool WITH (KAFKA_TOPIC='fraud_alerts') AS SELECT account, \
    'cool' AS rule, amount AS n FROM payments WHERE amount > 0;";
/// Another count in the same window.
const LARGE: &str = "CREATE TABLE large WITH (KAFKA_TOPIC='out') AS SELECT account, 'large' AS rule, COUNT(*) AS n \
    FROM payments WINDOW TUMBLING (SIZE 1 HOUR, GRACE PERIOD 1 HOUR) WHERE amount > 4 GROUP BY account;";
/// A table of its own.
const EVER: &str = "CREATE TABLE ever WITH (KAFKA_TOPIC='out') AS SELECT account, 'ever' AS rule, COUNT(*) AS n \
    FROM payments GROUP BY account;";
/// Another input.
const NAMED: &str = "CREATE TABLE named WITH (KAFKA_TOPIC='out') AS SELECT p.account AS account, 'named' AS rule, \
    COUNT(*) AS n, MAX(m.amount) AS most FROM payments p JOIN names m ON p.account = m.account GROUP BY p.account;";

const MINUTE: i64 = 60_000;

/// What happens to the engine while the rules are edited.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Engines {
    Live,
    /// It dies before, with nothing but its first checkpoint.
    Die,
    /// The same, and its machine has kept what it knew then.
    DieAndKeep,
}

struct World {
    clock: Arc<ManualClock>,
    broker: Arc<dyn Broker>,
    state: StateDir,
    newest: u64,
    sent: i64,
    guarantee: Guarantee,
    running: Option<(Engine, Worker)>,
}

impl World {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new(1_000_000));
        let broker: Arc<dyn Broker> = Embedded::in_memory_with(clock.clone());
        let topics = ["payments", "names", "out", "fraud_alerts"].map(|name| TopicSpec::retained(name, 1));
        broker.create_topics(&topics).unwrap();
        let state = StateDir::default();
        Self { clock, broker, state, newest: 0, sent: 0, guarantee: Guarantee::ExactlyOnce, running: None }
    }

    fn publish(&mut self, rules: &[&str]) -> RuleSet {
        let text = format!("{SOURCES}\n{}", rules.join("\n"));
        let none = BTreeMap::new();
        let topic = RuleSetTopic {
            broker: &*self.broker,
            clock: &*self.clock,
            group: "streamguard",
            consumer_properties: &none,
            producer_properties: &none,
        };
        let set = topic.publish(&[SourceFile::new("rules.sql", text)], self.newest, "a test").unwrap();
        self.newest = set.version;
        set
    }

    fn start(&mut self, set: RuleSet) {
        self.running = None;
        // Long enough for everything of a test to lie behind the last checkpoint.
        let (checkpoint_interval, guarantee) = (Duration::from_secs(6_000), self.guarantee);
        let options = Options { checkpoint_interval, guarantee, ..Options::default() };
        let clock = self.clock.clone() as Arc<dyn Clock>;
        let engine =
            Engine::start_in(self.broker.clone(), options, set, "p0", clock, Some(&self.state)).unwrap();
        let worker = engine.worker(0).unwrap();
        self.running = Some((engine, worker));
    }

    fn die(&mut self, keeps: bool) {
        self.running = None;
        if !keeps {
            self.state = StateDir::default();
        }
    }

    fn try_to_work(&mut self) -> Result<(), Error> {
        let worker = &mut self.running.as_mut().unwrap().1;
        for _ in 0..20 {
            worker.step()?;
            self.clock.advance(Duration::from_millis(100));
        }
        Ok(())
    }

    fn send(&mut self, topic: &str, amounts: &[i64]) {
        let mut producer = self.broker.producer(&ProducerConfig::default()).unwrap();
        for amount in amounts {
            self.sent += 1;
            let value = format!(r#"{{"amount":{amount}}}"#);
            let (key, value, timestamp) = (Some(b"A".as_slice()), Some(value.as_bytes()), MINUTE + self.sent);
            let record = Outgoing { topic, partition: None, key, value, timestamp, headers: &[] };
            producer.produce(&record).unwrap();
        }
        producer.flush(Duration::ZERO).unwrap();
        if self.running.is_some() {
            self.try_to_work().unwrap();
        }
    }

    /// What is written, topic by topic.
    fn written(&self) -> Vec<String> {
        let mut consumer = self.broker.consumer(&ConsumerConfig::default()).unwrap();
        let (mut batch, mut found) = (Batch::new(), Vec::new());
        for topic in ["out", "fraud_alerts"] {
            consumer.assign(&[(TopicPartition::new(topic, 0), Position::Beginning)]).unwrap();
            while consumer.poll(&mut batch, Duration::ZERO).unwrap() == Poll::Records {
                let text =
                    |r: broker::Record<'_>| String::from_utf8_lossy(r.value.unwrap_or_default()).into_owned();
                found.extend(batch.iter().map(text));
            }
        }
        found
    }
}

/// Three payments go by the first rules, one by each of the others; what is written in the end.
fn run(engines: Engines, programs: &[&[&str]]) -> Vec<String> {
    let mut world = World::new();
    let (first, edits) = programs.split_first().unwrap();
    let set = world.publish(first);
    world.start(set);
    world.send("names", &[7]);
    world.send("payments", &[5, 6, 3]);
    if engines != Engines::Live {
        world.die(engines == Engines::DieAndKeep);
    }
    let mut newest = None;
    for rules in edits {
        let set = world.publish(rules);
        if let Some((engine, _)) = &world.running {
            engine.reload(set).unwrap();
            world.try_to_work().unwrap();
        } else {
            newest = Some(set);
        }
    }
    if let Some(set) = newest {
        world.start(set);
    }
    world.send("payments", &[5]);
    world.send("names", &[8]);
    world.send("payments", &[2]);
    // What it knows now is what a checkpoint has.
    let set = world.publish(edits.last().unwrap());
    world.die(false);
    world.start(set);
    world.send("payments", &[9]);
    world.written()
}

/// The same is written whether the engine lived, or was dead during the edits; `expected` by the rule named.
fn is_alike(programs: &[&[&str]], expected: &[(&str, &[i64])]) {
    let live = run(Engines::Live, programs);
    for engines in [Engines::Die, Engines::DieAndKeep] {
        assert_eq!(run(engines, programs), live, "{engines:?}");
    }
    for (rule, counts) in expected {
        let of_it = live.iter().filter(|value| value.contains(&format!(r#""RULE":"{rule}""#)));
        let count = |value: &String| {
            let (_, rest) = value.split_once(r#""N":"#).unwrap();
            rest[..rest.find([',', '}']).unwrap()].parse::<i64>().unwrap()
        };
        assert_eq!(of_it.map(count).collect::<Vec<_>>(), *counts, "{rule}: {live:#?}");
    }
}

#[test]
fn a_rule_that_is_added_while_its_worker_is_dead_does_not_count_alerts_that_were_never_written() {
    let before: &[&str] = &[COUNTED];
    let after: &[&str] = &[COUNTED, FIRST, COOL, LARGE, EVER];
    is_alike(
        &[before, after],
        &[
            ("counted", &[2, 3, 4, 5, 6]),
            ("first", &[4]),
            ("cool", &[5]),
            ("large", &[1, 2]),
            ("ever", &[1, 2, 3]),
        ],
    );
}

#[test]
fn a_rule_that_is_edited_while_its_worker_is_dead_may_fire_again() {
    let other = FIRST.replace("> 2", "> 1");
    is_alike(&[&[FIRST], &[&other]], &[("first", &[3, 4])]);
    // And one that is not edited does not.
    is_alike(&[&[FIRST], &[FIRST, COUNTED]], &[("first", &[3]), ("counted", &[4, 5, 6])]);
}

#[test]
fn several_edits_while_a_worker_is_dead_are_one() {
    let other = FIRST.replace("> 2", "> 3");
    let programs: &[&[&str]] = &[&[COUNTED, EVER], &[COUNTED, COOL, EVER], &[&other, EVER, COUNTED, COOL]];
    is_alike(
        programs,
        &[("counted", &[2, 3, 4, 5, 6]), ("first", &[4]), ("cool", &[5]), ("ever", &[1, 2, 3, 4, 5, 6])],
    );
}

#[test]
fn inputs_that_come_and_go_with_rules_are_done_once_more_by_the_rules_that_took_them() {
    // The journal of two inputs is another task's than that of one.
    is_alike(&[&[COUNTED, NAMED], &[COUNTED]], &[("counted", &[2, 3, 4, 5, 6]), ("named", &[1, 2, 3])]);
    is_alike(&[&[COUNTED], &[COUNTED, NAMED]], &[("counted", &[2, 3, 4, 5, 6]), ("named", &[1, 2, 3])]);
}

#[test]
fn rules_whose_text_is_gone_cannot_be_gone_on_with() {
    let mut world = World::new();
    let set = world.publish(&[COUNTED]);
    world.start(RuleSet { version: 7, ..set });
    world.send("payments", &[5, 6, 3]);
    world.die(false);
    let set = world.publish(&[COUNTED, FIRST]);
    world.start(RuleSet { version: 8, ..set });
    let error = world.try_to_work().unwrap_err();
    assert!(matches!(&error, Error::Unrestorable { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("version 7 of the rules") && text.contains("-changelog"), "{text}");
}

#[test]
fn a_rule_that_was_away_for_a_version_begins_anew_whoever_saw_that_version() {
    let back: &[&str] = &[COUNTED, FIRST, COOL, LARGE, EVER];
    is_alike(
        &[back, &[COUNTED], back],
        &[
            ("counted", &[2, 3, 4, 5, 6]),
            ("first", &[3, 4]),
            ("cool", &[5, 5]),
            ("large", &[1, 2, 1, 2]),
            ("ever", &[1, 2, 3, 1, 2, 3]),
        ],
    );
    // So does another version of a rule that comes back as it was.
    let other = FIRST.replace("> 2", "> 9");
    is_alike(&[&[FIRST], &[&other], &[FIRST]], &[("first", &[3, 4])]);
    // And a join that has rows of its own.
    is_alike(&[&[NAMED], &[COUNTED], &[NAMED]], &[("named", &[1, 2, 3, 1, 2, 3])]);
}

#[test]
fn a_worker_that_has_not_begun_takes_over_the_guarantee_with_the_rules() {
    let mut world = World { guarantee: Guarantee::AtLeastOnce, ..World::new() };
    let set = world.publish(&[COUNTED]);
    world.start(set);
    // A join would count what is repeated, so these run exactly once: a marker ends what a transaction wrote.
    let set = world.publish(&[COUNTED, NAMED]);
    world.running.as_ref().unwrap().0.reload(set).unwrap();
    world.send("names", &[7]);
    world.send("payments", &[5, 6, 3]);
    let written = world.written().len() as i64;
    let out = TopicPartition::new("out", 0);
    let (_, end) = world.broker.watermarks(&out, broker::Isolation::ReadCommitted).unwrap();
    assert!(written == 5 && end > written, "{written} records, {end} offsets");
}
