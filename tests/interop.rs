//! Windowed keys, between StreamGuard and a Kafka Streams program (`tests/interop/Interop.java`) on a real Kafka.
//!
//! Each reads what the other has written with windowed keys, by its own code; what both have counted is joined.

#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::Duration;

use support::{Running, streamguard, wait_until};

const LIMIT: Duration = Duration::from_secs(150);

const EVENTS: &str = "A\t60000\nA\t61000\nB\t62000\nA\t120500\n\u{fc}\t130000\nA\t300000\n";

const RULES: &str = "
    CREATE STREAM events (k VARCHAR KEY, a BIGINT)
      WITH (KAFKA_TOPIC = 'events', KEY_FORMAT = 'KAFKA', VALUE_FORMAT = 'JSON');
    CREATE TABLE by_minute WITH (KAFKA_TOPIC = 'sg_time') AS SELECT k, COUNT(*) AS n FROM events
      WINDOW TUMBLING (SIZE 1 MINUTE, GRACE PERIOD 0 SECONDS) GROUP BY k;
    CREATE TABLE by_session WITH (KAFKA_TOPIC = 'sg_session') AS SELECT k, COUNT(*) AS n FROM events
      WINDOW SESSION (1 MINUTE, GRACE PERIOD 0 SECONDS) GROUP BY k;
    CREATE STREAM ks_time (k VARCHAR KEY, n BIGINT) WITH (KAFKA_TOPIC = 'ks_time', KEY_FORMAT = 'KAFKA',
      VALUE_FORMAT = 'JSON', WINDOW_TYPE = 'TUMBLING', WINDOW_SIZE = '1 MINUTE');
    CREATE STREAM ks_session (k VARCHAR KEY, n BIGINT) WITH (KAFKA_TOPIC = 'ks_session', KEY_FORMAT = 'KAFKA',
      VALUE_FORMAT = 'JSON', WINDOW_TYPE = 'SESSION');
    CREATE STREAM own_time (k VARCHAR KEY, n BIGINT) WITH (KAFKA_TOPIC = 'sg_time', KEY_FORMAT = 'KAFKA',
      VALUE_FORMAT = 'JSON', WINDOW_TYPE = 'TUMBLING', WINDOW_SIZE = '1 MINUTE');
    CREATE STREAM own_session (k VARCHAR KEY, n BIGINT) WITH (KAFKA_TOPIC = 'sg_session', KEY_FORMAT = 'KAFKA',
      VALUE_FORMAT = 'JSON', WINDOW_TYPE = 'SESSION');
    CREATE STREAM met_minutes WITH (KAFKA_TOPIC = 'met_time') AS
      SELECT o.k, o.n AS o, s.n AS s FROM own_time o JOIN ks_time s WITHIN 1 HOUR ON o.k = s.k;
    CREATE STREAM met_sessions WITH (KAFKA_TOPIC = 'met_session') AS
      SELECT o.k, o.n AS o, s.n AS s FROM own_session o JOIN ks_session s WITHIN 1 HOUR ON o.k = s.k;
    CREATE STREAM busy_minutes WITH (KAFKA_TOPIC = 'busy_time') AS
      SELECT k, n, WINDOWSTART AS ws, WINDOWEND AS we FROM ks_time WHERE n > 1;
    CREATE STREAM busy_sessions WITH (KAFKA_TOPIC = 'busy_session') AS
      SELECT k, n, WINDOWSTART AS ws, WINDOWEND AS we FROM ks_session WHERE n > 1;";

/// Per topic: key, start, end (of a session inclusive) and value of its records; in order, but for joins, of whose
/// sides either may come first.
const SEEN: [(&str, &[&str]); 6] = [
    (
        "sg_time",
        &[
            r#"A 60000 120000 {"N":1}"#,
            r#"A 60000 120000 {"N":2}"#,
            r#"B 60000 120000 {"N":1}"#,
            r#"A 120000 180000 {"N":1}"#,
            "\u{fc} 120000 180000 {\"N\":1}",
            r#"A 300000 360000 {"N":1}"#,
        ],
    ),
    (
        "sg_session",
        &[
            r#"A 60000 60000 {"N":1}"#,
            "A 60000 60000 null",
            r#"A 60000 61000 {"N":2}"#,
            r#"B 62000 62000 {"N":1}"#,
            "A 60000 61000 null",
            r#"A 60000 120500 {"N":3}"#,
            "\u{fc} 130000 130000 {\"N\":1}",
            r#"A 300000 300000 {"N":1}"#,
        ],
    ),
    ("busy_time", &[r#"A 60000 120000 {"N":2,"WS":60000,"WE":120000}"#]),
    (
        "busy_session",
        &[
            r#"A 60000 61000 {"N":2,"WS":60000,"WE":61000}"#,
            r#"A 60000 120500 {"N":3,"WS":60000,"WE":120500}"#,
        ],
    ),
    (
        "met_time",
        &[
            r#"A 120000 180000 {"O":1,"S":1}"#,
            r#"A 300000 360000 {"O":1,"S":1}"#,
            r#"A 60000 120000 {"O":1,"S":1}"#,
            r#"A 60000 120000 {"O":1,"S":2}"#,
            r#"A 60000 120000 {"O":2,"S":1}"#,
            r#"A 60000 120000 {"O":2,"S":2}"#,
            r#"B 60000 120000 {"O":1,"S":1}"#,
            "\u{fc} 120000 180000 {\"O\":1,\"S\":1}",
        ],
    ),
    (
        "met_session",
        &[
            r#"A 300000 300000 {"O":1,"S":1}"#,
            r#"A 60000 120500 {"O":3,"S":3}"#,
            r#"A 60000 60000 {"O":1,"S":1}"#,
            r#"A 60000 61000 {"O":2,"S":2}"#,
            r#"B 62000 62000 {"O":1,"S":1}"#,
            "\u{fc} 130000 130000 {\"O\":1,\"S\":1}",
        ],
    ),
];

#[test]
fn kafka_streams_reads_our_windows_and_we_read_its() {
    let source = support::root().join("tests/interop/Interop.java");
    let Some(mut java) = servers::java_program(&source) else { return };
    let Some(kafka) = servers::kafka() else { return };
    let place = tempfile::tempdir().unwrap();
    let path = |name: &str| place.path().join(name);
    std::fs::write(path("events.tsv"), EVENTS).unwrap();
    std::fs::write(path("rules.sql"), RULES).unwrap();
    let count: usize = SEEN.iter().map(|(_, lines)| lines.len()).sum();
    java.arg(kafka.bootstrap()).args([path("streams"), path("events.tsv")]).arg(count.to_string());
    java.args(["sg_time", "busy_time", "met_time", "--", "sg_session", "busy_session", "met_session"]);
    let mut java = Running::start(java, &path("java.log"));
    wait_until("the topics", LIMIT, || {
        assert!(java.runs(), "{}", java.log());
        java.log().lines().any(|line| line == "ready")
    });
    let mut engine = streamguard(&["engine", "--rules", "rules.sql"]);
    engine.current_dir(place.path()).env("STREAMGUARD_DATA_DIR", path("data"));
    engine.env("STREAMGUARD_KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap());
    let engine = Running::start(engine, &path("engine.log"));
    let status = java.wait(LIMIT);
    let said = std::fs::read_to_string(path("java.log")).unwrap();
    for (topic, expected) in SEEN {
        let prefix = format!("seen {topic} ");
        let mut seen: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix(&prefix)).collect();
        if topic.starts_with("met_") {
            seen.sort_unstable();
        }
        assert_eq!(seen, expected, "{topic}, {status}\n{said}\n{}", engine.log());
    }
    assert!(status.success(), "{status}:\n{said}");
}
