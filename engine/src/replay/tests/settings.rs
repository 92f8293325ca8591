//! SET and UNSET.

use serde_json::{Value, json};

use super::{Form, Order, ReplayOptions, load_for_replay, records, refusal, run};

const NOTES: &str =
    "CREATE STREAM notes (id INT KEY, text VARCHAR) WITH (KAFKA_TOPIC='notes', FORMAT='JSON');";

fn note(text: &str) -> Value {
    json!([{ "topic": "notes", "key": 1, "value": {"TEXT": text} }])
}

#[test]
fn substring_as_it_was() {
    let both = "SUBSTRING(text, 1) AS rest, SUBSTRING(text, 1, 3) AS part, SUBSTRING(text, 2, 9) AS wrong";
    let sql = format!(
        "{NOTES} SET 'ksql.functions.substring.legacy.args' = 'true'; CREATE STREAM o AS SELECT id, {both} FROM notes;
        UNSET 'ksql.functions.substring.legacy.args'; CREATE STREAM p AS SELECT id, {both} FROM notes;"
    );
    let old = json!({"REST": "tream", "PART": "tr", "WRONG": null});
    let new = json!({"REST": "stream", "PART": "str", "WRONG": "tream"});
    assert_eq!(records(&sql, "O", &note("stream")), [(json!(1), old)]);
    assert_eq!(records(&sql, "P", &note("stream")), [(json!(1), new)]);
}

#[test]
fn formats_that_are_not_named() {
    let set = "SET 'ksql.persistence.default.format.key'='JSON'; SET 'ksql.persistence.default.format.value'='DELIMITED';";
    let sql = format!(
        "{set} CREATE STREAM s (k STRUCT<a INT> KEY, v INT, w INT) WITH (KAFKA_TOPIC='s');
        CREATE STREAM o AS SELECT k, v + w AS x FROM s;"
    );
    let inputs = json!([{ "topic": "s", "key": {"A": 3}, "value": "4,5" }]);
    assert_eq!(records(&sql, "O", &inputs), [(json!({"A": 3}), json!("9"))]);
}

#[test]
fn a_default_format_is_looked_at_where_it_is_used() {
    for which in ["key", "value"] {
        let set = format!("SET 'ksql.persistence.default.format.{which}'='AVRO';");
        assert_eq!(refusal(&format!("{set} {NOTES} CREATE STREAM o AS SELECT * FROM notes;")), "accepted");
        let without = "CREATE STREAM s (k INT KEY, v INT) WITH (KAFKA_TOPIC='s', VALUE_FORMAT='JSON');";
        let expected = if which == "key" { "property" } else { "accepted" };
        assert_eq!(refusal(&format!("{set} {without}")), expected);
    }
    let none = "CREATE STREAM s (k INT KEY, v INT) WITH (KAFKA_TOPIC='s', KEY_FORMAT='JSON');";
    assert_eq!(refusal(&format!("SET 'ksql.persistence.default.format.value'='AVRO'; {none}")), "property");
    assert_eq!(
        refusal(&format!(
            "SET 'ksql.persistence.default.format.value'='JSON'; {none} UNSET 'ksql.persistence.default.format.value'; {}",
            none.replace(" s ", " t ")
        )),
        "property"
    );
}

#[test]
fn single_values_without_an_object() {
    let sql = format!(
        "SET 'ksql.persistence.wrap.single.values'='false'; {NOTES}
        CREATE STREAM o AS SELECT * FROM notes; CREATE STREAM p AS SELECT id, text, 1 AS one FROM notes;"
    );
    let inputs = json!([{ "topic": "notes", "key": 1, "value": "a" }]);
    assert_eq!(records(&sql, "O", &inputs), [(json!(1), json!("a"))]);
    assert_eq!(records(&sql, "P", &inputs), [(json!(1), json!({"TEXT": "a", "ONE": 1}))]);
}

#[test]
fn topics_of_derived_streams() {
    let sql = format!(
        "SET 'ksql.output.topic.name.prefix'='test-'; SET 'ksql.sink.partitions'='5'; SET 'ksql.sink.replicas'='2'; {NOTES}
        CREATE STREAM o AS SELECT * FROM notes;
        CREATE STREAM p WITH (KAFKA_TOPIC='p', PARTITIONS=1, REPLICAS=3) AS SELECT * FROM notes;"
    );
    let outputs = load_for_replay(&sql).program.outputs;
    let outputs: Vec<_> = outputs.iter().map(|o| (o.name.as_str(), o.partitions, o.replicas)).collect();
    assert_eq!(outputs, [("test-O", Some(5), Some(2)), ("p", Some(1), Some(3))]);
}

#[test]
fn a_time_that_cannot_be_read_ends_the_run() {
    let declared = "CREATE STREAM s (k INT KEY, seen VARCHAR) WITH
        (KAFKA_TOPIC='s', FORMAT='JSON', TIMESTAMP='seen', TIMESTAMP_FORMAT='yyyy-MM-dd');";
    let input = |at: &str| json!({ "topic": "s", "key": 1, "value": {"SEEN": at} });
    let inputs =
        json!({ "inputs": [input("2024-01-01"), input("yesterday"), input("2024-01-02")] }).to_string();
    let outcome = |set: &str, order: Order| {
        let sql = format!("{declared} {set} CREATE STREAM o AS SELECT * FROM s;");
        let (loaded, mut out) = (load_for_replay(&sql), Vec::new());
        let options = ReplayOptions { order, form: Form::Lines, ..ReplayOptions::default() };
        let outcome = run(&loaded.program, inputs.as_bytes(), &mut out, options);
        outcome.map(|summary| summary.written).map_err(|e| e.to_string())
    };
    for order in [Order::Record, Order::Query] {
        // The dead letter is one of them.
        assert_eq!(outcome("", order), Ok(3));
        let stopped = outcome("SET 'ksql.timestamp.throw.on.invalid'='true';", order).expect_err("an end");
        assert!(stopped.contains("s-0, offset 1") && stopped.contains("yesterday"), "{stopped}");
    }
}

#[test]
fn what_set_refuses() {
    let set = |name: &str, value: &str| refusal(&format!("SET '{name}'='{value}'; {NOTES}"));
    assert_eq!(set("ksql.sink.partitions", "many"), "property");
    assert_eq!(set("ksql.timestamp.throw.on.invalid", "yes"), "property");
    assert_eq!(set("auto.offset.rest", "earliest"), "property");
    for (name, value) in [
        ("ksql.anything.else", "x"),
        ("auto.offset.reset", "earliest"),
        ("ksql.streams.num.stream.threads", "2"),
        ("use.exact.numeric.comparison", "False"),
        ("consumer.fetch.max.bytes", "1"),
    ] {
        assert_eq!(set(name, value), "accepted", "{name}");
    }
    let off = "SET 'ksql.create.or.replace.enabled'='false'; SET 'ksql.insert.into.values.enabled'='false';";
    assert_eq!(refusal(&format!("{off} {}", NOTES.replace("CREATE", "CREATE OR REPLACE"))), "replace");
    assert_eq!(refusal(&format!("{off} {NOTES} INSERT INTO notes VALUES (1, 'a');")), "property");
}
