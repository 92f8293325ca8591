//! `streamguard dlq` from list to replay: on the embedded broker's directory, and on Kafka.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use broker::{Broker, Outgoing, ProducerConfig, Shutdown, TopicSpec};
use engine::Options;
use support::{stderr, stdout, streamguard};

const RULES: &str = "CREATE STREAM payments (account VARCHAR KEY, amount BIGINT) \
    WITH (KAFKA_TOPIC='payments', VALUE_FORMAT='JSON'); \
    CREATE STREAM seen AS SELECT account, amount FROM payments;";

/// Three payments, two of which cannot be read, through the engine.
fn refuse(broker: Arc<dyn Broker>, rules: &std::path::Path) {
    broker.create_topics(&[TopicSpec::retained("payments", 2)]).unwrap();
    let mut producer = broker.producer(&ProducerConfig::default()).unwrap();
    for (at, value) in ["{\"amount\":1}", "{\"amount\":\"2 or 3\"}", "{"].into_iter().enumerate() {
        producer
            .produce(&Outgoing {
                topic: "payments",
                partition: Some(1),
                key: Some(b"A1"),
                value: Some(value.as_bytes()),
                timestamp: 1_700_000_000_000 + at as i64,
                headers: &[("trace", b"7")],
            })
            .unwrap();
    }
    producer.flush(Duration::from_secs(30)).unwrap();
    run_engine(broker, rules);
}

fn run_engine(broker: Arc<dyn Broker>, rules: &std::path::Path) {
    let shutdown = Shutdown::new();
    shutdown.request_when_drained();
    engine::run(broker, Options { rules: vec![rules.to_owned()], ..Options::default() }, shutdown).unwrap();
}

/// What a command says; it must succeed, or with a status the words must be in its error.
fn said(command: &mut Command, status: i32, words: &[&str]) -> String {
    let output = command.output().unwrap();
    let all = stdout(&output) + &stderr(&output);
    assert_eq!(output.status.code(), Some(status), "{all}");
    for word in words {
        assert!(all.contains(word), "`{word}` is missing in:\n{all}");
    }
    stdout(&output)
}

/// The whole way of a letter; `dlq` makes the command, `open` the log in between.
fn whole_way(dlq: &dyn Fn(&[&str]) -> Command, open: &dyn Fn() -> Arc<dyn Broker>) {
    let rules = tempfile::tempdir().unwrap();
    let file = rules.path().join("10.sql");
    std::fs::write(&file, RULES).unwrap();
    refuse(open(), rules.path());
    said(&mut dlq(&["list"]), 0, &["payments", "engine", "column", "malformed", "2023-11-14T22:13:20.001Z"]);
    let line = said(&mut dlq(&["list", "payments", "--code", "column", "--json"]), 0, &[]);
    let line: serde_json::Value = serde_json::from_str(line.trim()).unwrap();
    assert_eq!((line["letters"].as_u64(), line["replayed"].as_u64()), (Some(1), Some(0)));
    let shown =
        ["payments.dlq/0/0", "column AMOUNT", "partition 1, offset 1", "trace: 7", "\"2 or 3\"", "A1"];
    said(&mut dlq(&["show", "payments", "--code", "column"]), 0, &shown);
    said(&mut dlq(&["replay", "payments"]), 2, &["--all"]);
    said(&mut dlq(&["replay", "payments", "--all"]), 2, &["--yes"]);
    said(&mut dlq(&["replay", "payments", "--all", "--dry-run"]), 0, &["2 letters about 2 records"]);
    said(&mut dlq(&["replay", "nothing", "--all"]), 1, &["no topic nothing.dlq", "dlq list"]);
    std::fs::write(&file, RULES.replace("BIGINT", "VARCHAR")).unwrap();
    let replay = ["replay", "payments", "--code", "column", "--yes"];
    said(&mut dlq(&replay), 0, &["1 records of 1 letters sent again to payments"]);
    said(&mut dlq(&replay), 0, &["0 letters", "1 letters were sent again before"]);
    run_engine(open(), rules.path());
    said(&mut dlq(&["show", "payments", "--json", "--offsets", "1"]), 0, &["\"replayed\":true"]);
    let left = said(&mut dlq(&["list", "payments", "--code", "column", "--json"]), 0, &[]);
    assert_eq!(left.lines().count(), 1, "the record that was sent again is refused no more: {left}");
    let counted: serde_json::Value = serde_json::from_str(left.trim()).unwrap();
    assert_eq!((counted["letters"].as_u64(), counted["replayed"].as_u64()), (Some(1), Some(1)));
}

#[test]
fn letters_are_listed_shown_and_sent_again_on_the_embedded_broker() {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("broker");
    std::fs::create_dir_all(&directory).unwrap();
    let dlq = |args: &[&str]| {
        let mut command = streamguard(&[&["dlq", "--embedded"], args].concat());
        command.env("STREAMGUARD_DATA_DIR", place.path());
        command
    };
    whole_way(&dlq, &|| broker::embedded::Embedded::open(&directory).unwrap());
    let held = broker::embedded::Embedded::open(&directory).unwrap();
    said(&mut dlq(&["list"]), 1, &["error"]);
    drop(held);
    let mut nowhere = streamguard(&["dlq", "list", "--embedded"]);
    nowhere.env("STREAMGUARD_DATA_DIR", place.path().join("none"));
    said(&mut nowhere, 2, &["no embedded broker", "--data-dir"]);
}

#[cfg(feature = "kafka")]
#[test]
fn letters_are_listed_shown_and_sent_again_on_kafka() {
    let Some(kafka) = servers::Kafka::start() else { return };
    let bootstrap = kafka.bootstrap().to_string();
    let dlq = |args: &[&str]| {
        let mut command = streamguard(&[&["dlq"], args].concat());
        command.env("STREAMGUARD_KAFKA_BOOTSTRAP_SERVERS", &bootstrap);
        command
    };
    whole_way(&dlq, &|| broker::kafka::Kafka::connect(&bootstrap, Default::default()).unwrap());
}
