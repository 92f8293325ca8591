//! ASSERT, INSERT INTO ... VALUES and DROP.

use serde_json::{Value, json};

use super::{Form, Order, ReplayOptions, load_for_replay, refusal, run};
use crate::replay::ReplayError;

const PARCELS: &str = "CREATE STREAM parcels (id INT KEY, weight DOUBLE, town VARCHAR)
    WITH (KAFKA_TOPIC='parcels', VALUE_FORMAT='JSON');
    CREATE STREAM heavy AS SELECT * FROM parcels WHERE weight > 10;
    CREATE TABLE towns AS SELECT town, COUNT(*) AS n FROM parcels GROUP BY town HAVING COUNT(*) < 2;
    INSERT INTO parcels (ROWTIME, id, weight, town) VALUES (5, 1, 20, 'Ulm');
    INSERT INTO parcels VALUES (2, 3.5, 'Ulm');
    INSERT INTO parcels (weight, id) VALUES (11, 3);";

/// What failed, or nothing.
fn failures(sql: &str, inputs: &Value) -> Vec<String> {
    let loaded = load_for_replay(&format!("{PARCELS} {sql}"));
    let mut all = [Order::Record, Order::Query].map(|order| {
        let options = ReplayOptions { order, form: Form::Json, ..ReplayOptions::default() };
        let input = json!({ "inputs": inputs }).to_string();
        let mut out = Vec::new();
        let outcome = run(&loaded.program, input.as_bytes(), &mut out, options);
        assert!(serde_json::from_slice::<Value>(&out).is_ok(), "the output is whole whatever failed");
        match outcome {
            Ok(_) => Vec::new(),
            Err(ReplayError::Assertions(failed)) => failed,
            Err(other) => panic!("{other}"),
        }
    });
    assert_eq!(all[0], all[1]);
    std::mem::take(&mut all[0])
}

/// The last line of the only failure.
fn came(sql: &str) -> String {
    let failed = failures(sql, &json!([]));
    assert_eq!(failed.len(), 1, "{sql}: {failed:?}");
    failed[0].lines().last().unwrap_or_default().trim().to_owned()
}

#[test]
fn what_comes_as_expected_passes() {
    let sql = "ASSERT VALUES heavy (ROWTIME, id, weight, town) VALUES (5, 1, 20.0, 'Ulm');
        ASSERT VALUES heavy (id, weight) VALUES (3, 11);
        ASSERT VALUES parcels (id, weight, town) VALUES (1, 20, 'Ulm');
        ASSERT VALUES towns (town, n) VALUES ('Ulm', 1);
        ASSERT NULL VALUES towns (town) KEY ('Ulm');
        ASSERT VALUES heavy VALUES (9, 99, 'Rom');
        ASSERT STREAM heavy (id INT KEY, weight DOUBLE, town VARCHAR)
          WITH (KAFKA_TOPIC='HEAVY', VALUE_FORMAT='JSON');
        ASSERT TABLE towns (town VARCHAR PRIMARY KEY, n BIGINT) WITH (VALUE_FORMAT='JSON');
        ASSERT TABLE towns (town VARCHAR PRIMARY KEY, n BIGINT); ASSERT STREAM heavy;
        ASSERT TOPIC parcels; ASSERT TOPIC 'parcels' TIMEOUT 5 SECONDS; ASSERT NOT EXISTS TOPIC letters;";
    let input = json!([{ "topic": "parcels", "key": 9, "value": {"WEIGHT": 99, "TOWN": "Rom"} }]);
    assert_eq!(failures(sql, &input), [""; 0]);
}

#[test]
fn a_failure_says_what_was_expected_and_what_came() {
    let failed = failures("ASSERT VALUES heavy (id, weight) VALUES (1, 20);", &json!([]));
    assert_eq!(
        failed,
        ["test.sql:7: ASSERT VALUES heavy (id, weight) VALUES (1, 20)\n  \
          expected: key 1, value {\"WEIGHT\":20.0,\"TOWN\":null}\n  \
          came:     key 1, value {\"WEIGHT\":20.0,\"TOWN\":\"Ulm\"}, time 5"]
    );
    assert_eq!(
        came("ASSERT VALUES heavy (ROWTIME, id, weight, town) VALUES (6, 1, 20, 'Ulm');"),
        "came:     key 1, value {\"WEIGHT\":20.0,\"TOWN\":\"Ulm\"}, time 5"
    );
    assert_eq!(
        came("ASSERT NULL VALUES towns (town) KEY ('Ulm');"),
        "came:     key \"Ulm\", value {\"N\":1}, time 5"
    );
    let heavy = "ASSERT VALUES heavy (id, weight, town) VALUES (1, 20, 'Ulm');
        ASSERT VALUES heavy (id, weight) VALUES (3, 11); ASSERT VALUES heavy (id) VALUES (4);";
    assert_eq!(came(heavy), "came:     no further record");
}

#[test]
fn sources_and_topics_are_compared() {
    let declared = |assertion: &str| came(&format!("ASSERT {assertion} WITH (VALUE_FORMAT='JSON');"));
    assert_eq!(
        declared("STREAM heavy (id INT KEY, weight INT)"),
        "the schema of HEAVY differs: expected: ID INTEGER KEY, WEIGHT INTEGER, \
         came: ID INTEGER KEY, WEIGHT DOUBLE, TOWN VARCHAR(STRING)"
    );
    assert_eq!(
        declared("TABLE heavy (id INT PRIMARY KEY, weight INT)"),
        "the type of HEAVY differs: expected: TABLE, came: STREAM"
    );
    assert_eq!(declared("STREAM light (id INT KEY, w INT)"), "expected: LIGHT, came: nothing of this name");
    assert_eq!(came("ASSERT TOPIC letters;"), "expected: a topic LETTERS, came: no topic of this name");
    let four = "CREATE STREAM t (a INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', PARTITIONS=4);";
    assert_eq!(
        came(&format!("{four} ASSERT TOPIC 't' WITH (PARTITIONS=3);")),
        "the partitions of t differ: expected: 3, came: 4"
    );
}

#[test]
fn numbers_are_compared_as_they_are_or_nearly() {
    let assertion = "ASSERT VALUES heavy (id, weight, town) VALUES (1, 20.0000000000001E0, 'Ulm');";
    assert_eq!(failures(assertion, &json!([])).len(), 1);
    let nearly = format!("SET 'use.exact.numeric.comparison'='false'; {assertion}");
    assert_eq!(failures(&nearly, &json!([])).len(), 0);
}

#[test]
fn windows_are_compared_where_they_are_given() {
    let table = "CREATE TABLE per_minute AS SELECT town, COUNT(*) AS n FROM parcels
        WINDOW TUMBLING (SIZE 1 MINUTE) GROUP BY town;";
    let assertion = |end: i64| {
        let values = format!("(town, n, WINDOWSTART, WINDOWEND) VALUES ('Ulm', 1, 0, {end})");
        failures(&format!("{table} ASSERT VALUES per_minute {values};"), &json!([]))
    };
    assert_eq!(assertion(60_000).len(), 0);
    let failed = assertion(5);
    assert!(failed[0].contains("window 0 to 5") && failed[0].contains("window 0 to 60000"), "{failed:?}");
}

#[test]
fn what_assertions_refuse() {
    let refused = |sql: &str| refusal(&format!("{PARCELS} {sql}"));
    assert_eq!(refused("ASSERT VALUES parcel (id) VALUES (1);"), "unknown_source");
    assert_eq!(refused("ASSERT VALUES heavy (ids) VALUES (1);"), "unknown_column");
    assert_eq!(refused("ASSERT VALUES heavy (id, weight) VALUES (1);"), "schema");
    assert_eq!(refused("ASSERT NULL VALUES towns (town, n) KEY ('Ulm', 1);"), "schema");
    assert_eq!(refused("ASSERT NOT EXISTS STREAM heavy;"), "syntax");
}

#[test]
fn the_columns_of_inserted_values() {
    let insert = |values: &str| refusal(&format!("{PARCELS} INSERT INTO parcels {values};"));
    for fine in [
        "(id, weight) VALUES (1, 2)",
        "(id, weight) VALUES (1, 2.5)",
        "VALUES (NULL, NULL, NULL)",
        "(town, ROWTIME) VALUES (CONCAT('U', 'lm'), 7)",
        "(id) VALUES (CAST('5' AS INT))",
    ] {
        assert_eq!(insert(fine), "accepted", "{fine}");
    }
    for (wrong, code) in [
        ("(id, weight) VALUES ('1', 2)", "type_mismatch"),
        ("(id, town) VALUES (1, 2)", "type_mismatch"),
        ("(id) VALUES (3000000000)", "type_mismatch"),
        ("(id, weight) VALUES (1, 'x')", "type_mismatch"),
        ("(id, id) VALUES (1, 1)", "duplicate_column"),
        ("(id, ROWOFFSET) VALUES (1, 1)", "schema"),
        ("(id, WINDOWSTART) VALUES (1, 1)", "unknown_column"),
        ("VALUES (1, 2)", "schema"),
        ("(id) VALUES (town)", "unknown_column"),
    ] {
        assert_eq!(insert(wrong), code, "{wrong}");
    }
}

#[test]
fn inserted_constants_take_the_type_of_their_column() {
    let source = "CREATE STREAM s (d DATE, t TIME, ts TIMESTAMP, m DECIMAL(4, 2), l ARRAY<BIGINT>,
        p STRUCT<a BIGINT, b VARCHAR>) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON');";
    let insert = |values: &str| refusal(&format!("{source} INSERT INTO s {values};"));
    assert_eq!(
        insert("VALUES ('2024-02-01', '10:20', '2024-02-01T10:20', 12, ARRAY[1, 2], STRUCT(b := 'x'))"),
        "accepted"
    );
    assert_eq!(insert("(d) VALUES ('tomorrow')"), "type_mismatch");
    assert_eq!(insert("(m) VALUES (1234)"), "type_mismatch");
    assert_eq!(insert("(p) VALUES (STRUCT(c := 'x'))"), "type_mismatch");
    assert_eq!(insert("(l) VALUES (ARRAY['a'])"), "type_mismatch");
}

#[test]
fn what_is_used_is_not_dropped() {
    let dropped = |sql: &str| refusal(&format!("{PARCELS} {sql}"));
    assert_eq!(dropped("DROP STREAM heavy;"), "accepted");
    assert_eq!(dropped("DROP STREAM heavy DELETE TOPIC;"), "accepted");
    assert_eq!(dropped("DROP STREAM parcels;"), "in_use");
    assert_eq!(dropped("DROP STREAM heavy; DROP TABLE towns; DROP STREAM parcels;"), "accepted");
    assert_eq!(dropped("INSERT INTO heavy SELECT * FROM parcels; DROP STREAM heavy;"), "in_use");
    assert_eq!(dropped("DROP TABLE heavy;"), "result_type");
    assert_eq!(dropped("DROP STREAM light;"), "unknown_source");
    assert_eq!(dropped("DROP STREAM IF EXISTS light;"), "accepted");
    let second =
        "CREATE STREAM again (id INT KEY, weight DOUBLE) WITH (KAFKA_TOPIC='HEAVY', VALUE_FORMAT='JSON');";
    assert_eq!(dropped(&format!("{second} DROP STREAM heavy DELETE TOPIC;")), "in_use");
    assert_eq!(dropped(&format!("{second} DROP STREAM heavy;")), "accepted");
}

#[test]
fn what_only_a_server_has() {
    for statement in [
        "TERMINATE ALL",
        "PAUSE q",
        "RESUME q",
        "PRINT 'parcels'",
        "ALTER STREAM s ADD COLUMN a INT",
        "RUN SCRIPT 'a'",
    ] {
        assert_eq!(refusal(&format!("{statement};")), "unsupported", "{statement}");
    }
    assert_eq!(refusal(&format!("{PARCELS} SELECT * FROM parcels EMIT CHANGES;")), "unsupported");
    assert_eq!(refusal(&format!("{PARCELS} SELECT n FROM towns WHERE town = 'Ulm';")), "unsupported");
}
