//! The engine's bounds on a real Kafka: topics that change under it, records as large as their topics take and larger,
//! records that Kafka refuses, a Kafka that is away for long. Where it cannot go on it ends, and says what happened,
//! where, and what to do.

#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "bounds/lag.rs"]
mod lag;
mod support;

use std::sync::Arc;
use std::time::Duration;

use broker::{
    Batch, Broker, ConsumerConfig, ErrorKind, Isolation, Outgoing, Poll, Position, ProducerConfig,
    TopicPartition, TopicSpec, kafka,
};
use servers::Kafka;
use support::{Running, streamguard, wait_until};
use tempfile::TempDir;

const LIMIT: Duration = Duration::from_secs(120);
const TIME: i64 = 1_767_323_045_000;

/// An engine's directory, and the Kafka that it works on.
struct Place {
    dir: TempDir,
    server: &'static Kafka,
    kafka: Arc<dyn Broker>,
    group: &'static str,
}

impl Place {
    /// On the node that the tests share; `group` also begins the names of the test's topics.
    fn new(group: &'static str) -> Option<Self> {
        Self::on(servers::kafka()?, group)
    }

    fn on(server: &'static Kafka, group: &'static str) -> Option<Self> {
        let kafka = kafka::Kafka::connect(server.bootstrap(), Default::default()).unwrap();
        Some(Self { dir: tempfile::tempdir().unwrap(), server, kafka, group })
    }

    /// Starts an engine with this rule over the topic `<group>-in`, to which it counts accounts.
    fn engine(&self, select: &str, more: &[&str]) -> Running {
        self.engine_named("engine", select, more)
    }

    /// One of several, with a directory and a log of its own.
    fn engine_named(&self, name: &str, select: &str, more: &[&str]) -> Running {
        let group = self.group;
        let sql = format!(
            "CREATE STREAM payments (account_id VARCHAR KEY, id VARCHAR, note VARCHAR)
  WITH (KAFKA_TOPIC='{group}-in', VALUE_FORMAT='JSON');
{select}"
        );
        std::fs::create_dir_all(self.dir.path().join("rules")).unwrap();
        std::fs::write(self.dir.path().join("rules/10_rule.sql"), sql).unwrap();
        let mut command = streamguard(&["engine", "--rules", "rules", "--group", group]);
        command
            .args(more)
            .current_dir(self.dir.path())
            .env("STREAMGUARD_DATA_DIR", self.dir.path().join(name));
        command.env("STREAMGUARD_KAFKA_BOOTSTRAP_SERVERS", self.server.bootstrap());
        Running::start(command, &self.dir.path().join(format!("{name}.log")))
    }

    fn topic(&self, name: &str) -> String {
        format!("{}-{name}", self.group)
    }

    fn send(&self, records: &[(&str, Vec<u8>, i64)]) {
        let mut producer = self.kafka.producer(&ProducerConfig::default()).unwrap();
        let topic = self.topic("in");
        for (key, value, timestamp) in records {
            let (key, value) = (Some(key.as_bytes()), Some(value.as_slice()));
            let record =
                Outgoing { topic: &topic, partition: None, key, value, timestamp: *timestamp, headers: &[] };
            producer.produce(&record).unwrap();
        }
        producer.flush(LIMIT).unwrap();
    }

    /// The committed values of a topic, with a header of each.
    fn values(&self, topic: &str, header: &str) -> Vec<(Vec<u8>, String)> {
        // A node that has just come back may still be silent: the caller looks again.
        let info = match self.kafka.topic(topic) {
            Err(error) if error.kind() == ErrorKind::Unavailable => None,
            other => other.unwrap(),
        };
        let Some(info) = info else { return Vec::new() };
        let mut consumer = self.kafka.consumer(&ConsumerConfig::default()).unwrap();
        let partitions: Vec<_> = (0..info.partitions).map(|p| TopicPartition::new(topic, p)).collect();
        let end = |p| self.kafka.watermarks(p, Isolation::ReadCommitted).unwrap().1;
        let ends: Vec<_> = partitions.iter().map(end).collect();
        let positions: Vec<_> = partitions.iter().map(|p| (p.clone(), Position::Beginning)).collect();
        consumer.assign(&positions).unwrap();
        let (mut batch, mut found) = (Batch::default(), Vec::new());
        loop {
            if consumer.poll(&mut batch, Duration::from_millis(100)).unwrap() == Poll::Records {
                found.extend(batch.iter().map(|record| {
                    let header = String::from_utf8_lossy(record.headers.last(header).unwrap_or_default());
                    (record.value.unwrap_or_default().to_vec(), header.into_owned())
                }));
            }
            let mut all = partitions.iter().zip(&ends);
            if all.all(|(p, end)| consumer.position(p).unwrap().is_some_and(|at| at >= *end)) {
                return found;
            }
        }
    }

    fn await_values(&self, engine: &mut Running, topic: &str, count: usize) -> Vec<(Vec<u8>, String)> {
        let mut found = Vec::new();
        wait_until(&format!("{count} records in {topic}"), LIMIT, || {
            assert!(engine.runs(), "{}", engine.log());
            found = self.values(topic, "dlq.cut");
            found.len() >= count
        });
        found
    }

    /// Waits for the engine's end, which is a failure that says all of this.
    fn ends_with(&self, engine: Running, words: &[&str]) {
        let log = self.dir.path().join("engine.log");
        let status = engine.wait(LIMIT);
        let text = std::fs::read_to_string(log).unwrap();
        assert_eq!(status.code(), Some(1), "{text}");
        let said = text.lines().rev().find(|line| line.starts_with("error: ")).unwrap_or_default().to_owned();
        for word in words {
            assert!(said.contains(word), "{word:?} is not said:\n{text}");
        }
    }

    /// Runs one of Kafka's own tools.
    fn tool(&self, class: &str, args: &[&str]) {
        let output = self.server.tool(class).unwrap().args(args).output().unwrap();
        assert!(output.status.success(), "{class} {args:?}: {}", support::stderr(&output));
    }

    fn configure(&self, topic: &str, setting: &str) {
        let what = ["--alter", "--entity-type", "topics", "--entity-name", topic, "--add-config", setting];
        self.tool("kafka.admin.ConfigCommand", &what);
    }
}

fn payment(id: u64) -> Vec<u8> {
    format!(r#"{{"id":"p{id}","note":"n"}}"#).into_bytes()
}

fn payments(count: u64) -> Vec<(&'static str, Vec<u8>, i64)> {
    (0..count).map(|i| ("a", payment(i), TIME + i as i64)).collect()
}

/// Every payment, one to one.
const COPY: &str =
    "CREATE STREAM copied WITH (KAFKA_TOPIC='$-out') AS SELECT account_id, id, note FROM payments;";

fn copy(place: &Place) -> String {
    COPY.replace('$', place.group)
}

/// An engine at work on a topic of two partitions.
fn at_work(group: &'static str) -> Option<(Place, Running)> {
    let place = Place::new(group)?;
    place.kafka.create_topics(&[TopicSpec::retained(place.topic("in"), 2)]).unwrap();
    let mut engine = place.engine(&copy(&place), &[]);
    place.send(&payments(10));
    place.await_values(&mut engine, &place.topic("out"), 10);
    Some((place, engine))
}

#[test]
fn a_topic_that_is_deleted_ends_the_engine() {
    let Some((place, engine)) = at_work("deleted") else { return };
    place.kafka.delete_topics(&[place.topic("in")]).unwrap();
    place.ends_with(engine, &["the topic deleted-in was deleted", "make the topic again"]);
}

#[test]
fn a_topic_that_is_made_anew_ends_the_engine() {
    let Some((place, engine)) = at_work("anew") else { return };
    place.kafka.delete_topics(&[place.topic("in")]).unwrap();
    place.kafka.create_topics(&[TopicSpec::retained(place.topic("in"), 2)]).unwrap();
    place.send(&payments(1));
    place.ends_with(engine, &["the topic anew-in was deleted", "made anew", "--delete-offsets"]);
}

#[test]
fn added_partitions_end_the_engine() {
    let Some((place, engine)) = at_work("added") else { return };
    place.tool(
        "org.apache.kafka.tools.TopicCommand",
        &["--alter", "--topic", "added-in", "--partitions", "3"],
    );
    place.ends_with(
        engine,
        &["the topic added-in", "has 3 partitions now and had 2", "start the engine again"],
    );
}

#[test]
fn records_are_as_large_as_their_topics_take() {
    let Some(place) = Place::new("large") else { return };
    place.kafka.create_topics(&[TopicSpec::retained(place.topic("in"), 1)]).unwrap();
    // Made before the engine, by somebody who left Kafka's own limit of 1 MB.
    place.tool("org.apache.kafka.tools.TopicCommand", &["--create", "--topic", "large-out-small"]);
    let select = format!(
        "{}\nCREATE STREAM copied_small WITH (KAFKA_TOPIC='large-out-small') AS
  SELECT account_id, id, note FROM payments WHERE id = 'too-large';",
        copy(&place)
    );
    let mut engine = place.engine(&select, &[]);
    // Not compressible, so that no limit is met by luck.
    let mut state = 7_u64;
    let mut note = String::with_capacity(3_000_000);
    while note.len() < 3_000_000 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        note.push(char::from(b'0' + ((state >> 40) % 75) as u8).to_ascii_lowercase());
    }
    let note = note.replace(['\\', '"'], "_");
    let large = |id: &str| format!(r#"{{"id":"{id}","note":"{note}"}}"#).into_bytes();
    let bad = note.clone().into_bytes();
    place.send(&[("a", large("p1"), TIME), ("a", bad.clone(), TIME + 1)]);
    let out = place.await_values(&mut engine, "large-out", 1);
    assert!(out[0].0.len() > 3_000_000 && out.len() == 1);
    let letters = place.await_values(&mut engine, &events::topics::dlq("large-in"), 1);
    // Whole, or as much as a dead letter may have, which it says.
    let (letter, cut) = &letters[0];
    assert!(bad.starts_with(letter) && letter.len() > 500_000, "{}", letter.len());
    assert!(!cut.is_empty() || *letter == bad, "a cut that is not told: {}", letter.len());
    // A dead letter that is larger than its topic takes is cut down; anything else ends the engine.
    engine.kill();
    place.configure(&events::topics::dlq("large-in"), "max.message.bytes=1000000");
    let mut engine = place.engine(&select, &[]);
    place.send(&[("a", bad.clone(), TIME + 2)]);
    let letters = place.await_values(&mut engine, &events::topics::dlq("large-in"), 2);
    let (letter, _) = letters.iter().find(|(_, cut)| !cut.is_empty()).unwrap();
    assert!(bad.starts_with(letter) && letter.len() > 400_000, "{}", letter.len());
    place.send(&[("a", large("too-large"), TIME + 3)]);
    place.ends_with(engine, &["large-out-small", "takes at most", "max.message.bytes"]);
}

/// Such a refusal was tried again for ever.
#[test]
fn a_record_that_kafka_refuses_ends_the_engine() {
    let Some(place) = Place::new("refused") else { return };
    place.kafka.create_topics(&[TopicSpec::retained(place.topic("in"), 1)]).unwrap();
    let strict = ["--create", "--topic", "refused-out", "--config", "message.timestamp.before.max.ms=1000"];
    place.tool("org.apache.kafka.tools.TopicCommand", &strict);
    let engine = place.engine(&copy(&place), &[]);
    place.send(&payments(3));
    place.ends_with(engine, &["producing to refused-out", "message.timestamp.before.max.ms"]);
}

/// A worker that is back within its session is the same member: no partition moves, nobody else stops.
#[test]
fn a_restart_within_the_session_moves_no_partition() {
    let Some(place) = Place::new("static") else { return };
    place.kafka.create_topics(&[TopicSpec::retained(place.topic("in"), 4)]).unwrap();
    // The session is longer than a start takes on a slow machine.
    let start = |name: &str| {
        place.engine_named(name, &copy(&place), &["--set", "kafka.consumer.session.timeout.ms=45000"])
    };
    let (first, mut second) = (start("first"), start("second"));
    let both = |engine: &Running| engine.log().matches("assigned worker=0 partitions=static-in").count();
    wait_until("both to have partitions", LIMIT, || both(&first) > 0 && both(&second) > 0);
    let keys = ["a", "b", "c", "d", "e", "f", "g", "h"];
    let records: Vec<_> = (0..40).map(|i| (keys[i % keys.len()], payment(i as u64), TIME)).collect();
    place.send(&records);
    place.await_values(&mut second, "static-out", 40);
    let revoked = |engine: &Running| engine.log().matches("revoked worker=0").count();
    let before = revoked(&second);
    first.kill();
    let first = start("first");
    place.send(&records);
    place.await_values(&mut second, "static-out", 80);
    assert_eq!(revoked(&second), before, "{}", second.log());
    assert!(first.terminate(LIMIT).success() && second.terminate(LIMIT).success());
}

/// Longer than a session, a transaction and each of the calls' own limits.
const AWAY: Duration = Duration::from_secs(45);

#[test]
fn a_kafka_that_is_away_for_long_is_waited_for() {
    let Some(server) = Kafka::start() else { return };
    // Leaked: the place wants one that lives as long as the test; it is ended when the process is.
    let server: &'static Kafka = Box::leak(Box::new(server));
    let place = Place::on(server, "away").unwrap();
    place.kafka.create_topics(&[TopicSpec::retained(place.topic("in"), 2)]).unwrap();
    // The group's patience is shorter than the outage: polling is kept up through it.
    let patience = ["--set", "kafka.consumer.max.poll.interval.ms=40000"];
    let mut engine = place.engine(&copy(&place), &patience);
    place.send(&payments(1_000));
    place.await_values(&mut engine, "away-out", 1_000);
    let before = resident(engine.pid());
    server.stop();
    std::thread::sleep(AWAY);
    assert!(engine.runs(), "{}", engine.log());
    let during = resident(engine.pid());
    server.go_on();
    place.send(&payments(1_000));
    let found = place.await_values(&mut engine, "away-out", 2_000);
    assert!(engine.terminate(LIMIT).success());
    assert_eq!(found.len(), 2_000);
    assert!(during < before + 64 * 1024, "{before} kB resident before, {during} kB during the outage");
    let log = std::fs::read_to_string(place.dir.path().join("engine.log")).unwrap();
    assert!(!log.contains("did not poll"), "{log}");
}

/// The resident memory of a process, in kB.
fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}
