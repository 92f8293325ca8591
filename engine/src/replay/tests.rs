//! Statements as a user writes them, and the records that come of them.

mod assertions;
mod derived;
mod directives;
mod headers;
mod nested;
mod positions;
mod settings;
mod types;

use serde_json::{Value, json};

use super::{Form, Order, ReplayOptions, run};
use crate::sql::{LoadOptions, Loaded, Purpose, SourceFile, load};

fn load_for_replay(sql: &str) -> Loaded {
    let files = vec![SourceFile { name: "test.sql".into(), text: sql.into() }];
    let options = LoadOptions { purpose: Purpose::Replay, ..LoadOptions::default() };
    load(files, &options).unwrap_or_else(|e| panic!("{}", e.render(crate::sql::RenderStyle::Plain)))
}

/// Key and value of each record that `topic` gets.
fn records(sql: &str, topic: &str, inputs: &Value) -> Vec<(Value, Value)> {
    let loaded = load_for_replay(sql);
    let mut out = Vec::new();
    let input = json!({ "inputs": inputs }).to_string();
    let options = ReplayOptions { order: Order::Record, form: Form::Json, ..ReplayOptions::default() };
    run(&loaded.program, input.as_bytes(), &mut out, options).expect("a replay");
    let written: Value = serde_json::from_slice(&out).expect("JSON");
    let outputs = written["outputs"].as_array().expect("outputs");
    let of_topic = outputs.iter().filter(|r| r["topic"] == topic);
    of_topic.map(|r| (r["key"].clone(), r["value"].clone())).collect()
}

/// The code of the first diagnostic that refuses it.
fn refusal(sql: &str) -> String {
    let files = vec![SourceFile { name: "test.sql".into(), text: sql.into() }];
    let options = LoadOptions { purpose: Purpose::Replay, ..LoadOptions::default() };
    match load(files, &options) {
        Ok(_) => "accepted".into(),
        Err(diagnostics) => diagnostics.to_json()[0]["code"].as_str().unwrap_or_default().to_owned(),
    }
}

const VISITS: &str =
    "CREATE STREAM visits (site STRUCT<city VARCHAR, zip INT> KEY, guest VARCHAR, nights INT)
    WITH (KAFKA_TOPIC='visits', FORMAT='JSON');";

fn visit() -> Value {
    json!([{ "topic": "visits", "key": {"city": "Ulm", "zip": 7}, "value": {"guest": "Eva", "nights": 3} }])
}

#[test]
fn partition_by_exchanges_the_key() {
    let all = |by: &str| {
        records(
            &format!("{VISITS} CREATE STREAM o AS SELECT * FROM visits PARTITION BY {by};"),
            "O",
            &visit(),
        )
    };
    let site = json!({"CITY": "Ulm", "ZIP": 7});
    assert_eq!(all("guest"), [(json!("Eva"), json!({"NIGHTS": 3, "SITE": site}))]);
    assert_eq!(all("site->city"), [(json!("Ulm"), json!({"GUEST": "Eva", "NIGHTS": 3, "SITE": site}))]);
    assert_eq!(all("NULL"), [(json!(null), json!({"GUEST": "Eva", "NIGHTS": 3, "SITE": site}))]);
    let two = all("nights * 2, site->zip");
    assert_eq!(two[0].0, json!({"KSQL_COL_0": 6, "ZIP": 7}));
    assert_eq!(all("ROWOFFSET")[0].0, json!(0));
}

#[test]
fn a_key_of_nulls_is_a_key() {
    let sql = format!("{VISITS} CREATE STREAM o AS SELECT * FROM visits PARTITION BY guest, nights;");
    let inputs = json!([{ "topic": "visits", "value": {} }, { "topic": "visits", "value": null }]);
    let nulls = json!({"GUEST": null, "NIGHTS": null});
    assert_eq!(records(&sql, "O", &inputs), [(nulls.clone(), json!({"SITE": null})), (nulls, json!(null))]);
}

#[test]
fn what_partition_by_refuses() {
    let source = "CREATE STREAM s (k INT KEY, m MAP<VARCHAR, INT>, a INT)
        WITH (KAFKA_TOPIC='s', FORMAT='JSON');
        CREATE STREAM w (k INT KEY, a INT)
        WITH (KAFKA_TOPIC='w', FORMAT='JSON', WINDOW_TYPE='TUMBLING', WINDOW_SIZE='5 SECONDS');";
    let by = |from: &str, by: &str| {
        refusal(&format!("{source} CREATE STREAM o AS SELECT * FROM {from} PARTITION BY {by};"))
    };
    for wrong in ["m", "ARRAY[m]", "a, NULL"] {
        assert_eq!(by("s", wrong), "partition_by", "{wrong}");
    }
    assert_eq!(by("w", "a"), "partition_by");
    assert_eq!(by("w", "k"), "accepted");
}

#[test]
fn all_fields_of_a_struct() {
    let sql = format!("{VISITS} CREATE STREAM o AS SELECT site, site->*, nights FROM visits;");
    assert_eq!(records(&sql, "O", &visit())[0].1, json!({"CITY": "Ulm", "ZIP": 7, "NIGHTS": 3}));
    let no_struct = format!("{VISITS} CREATE STREAM o AS SELECT site, nights->* FROM visits;");
    assert_eq!(refusal(&no_struct), "type_mismatch");
}

#[test]
fn what_a_replacement_may_change() {
    let source = "(k INT KEY, a INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');";
    let replaced = |by: &str| refusal(&format!("CREATE STREAM s {source} CREATE OR REPLACE {by};"));
    assert_eq!(
        replaced("STREAM s (k INT KEY, a INT, b INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON')"),
        "accepted"
    );
    for by in [
        "TABLE s (k INT PRIMARY KEY, a INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON')",
        "STREAM s (k INT KEY, a INT) WITH (KAFKA_TOPIC='other', VALUE_FORMAT='JSON')",
        "STREAM s (k BIGINT KEY, a INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON')",
        "STREAM s (k INT KEY, b INT, a INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON')",
        "STREAM s (k INT KEY, a BIGINT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON', TIMESTAMP='a')",
    ] {
        assert_eq!(replaced(by), "replace", "{by}");
    }
    let query = |second: &str| {
        let first = "CREATE STREAM o AS SELECT k, a FROM s;";
        refusal(&format!(
            "CREATE STREAM s {source} {first} CREATE OR REPLACE STREAM o AS SELECT {second} FROM s;"
        ))
    };
    assert_eq!([query("k, a, a + 1 AS b"), query("k, a + 1 AS b")], ["accepted", "replace"]);
}

#[test]
fn a_source_is_read_only() {
    let with = "(k INT KEY, a INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');";
    for wrong in [
        format!("CREATE SOURCE STREAM s {with} DROP STREAM s DELETE TOPIC;"),
        format!("CREATE SOURCE STREAM s {with} CREATE OR REPLACE STREAM s {with}"),
        format!("CREATE STREAM s {with} CREATE OR REPLACE SOURCE STREAM s {with}"),
        format!("CREATE OR REPLACE SOURCE STREAM s {with}"),
    ] {
        assert_eq!(refusal(&wrong), "in_use", "{wrong}");
    }
    assert_eq!(refusal(&format!("CREATE SOURCE STREAM s {with} DROP STREAM s;")), "accepted");
}

#[test]
fn what_the_formats_refuse() {
    let stream = |columns: &str, with: &str| {
        refusal(&format!("CREATE STREAM s ({columns}) WITH (KAFKA_TOPIC='t', FORMAT='JSON', {with});"))
    };
    assert_eq!(stream("a INT, b INT", "WRAP_SINGLE_VALUE=FALSE"), "property");
    assert_eq!(stream("a INT", "WRAP_SINGLE_VALUE=FALSE"), "accepted");
    assert_eq!(stream("a INT", "WINDOW_TYPE='SESSION'"), "key");
}
