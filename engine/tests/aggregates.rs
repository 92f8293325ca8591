//! Aggregate functions as a rule calls them: the documented examples, and SET's limits.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use engine::sql::{LoadOptions, SourceFile, load};
use engine::task::{InputRecord, NoHeaders, Output, StreamTask};
use engine::types::aggregate::{DOCS, Doc};
use serde_json::Value;

/// The last value that a query over `rows` writes, as its text; columns are named as the rows' fields.
fn last(sql: &str, rows: &[String]) -> String {
    let files = vec![SourceFile { name: "test.sql".into(), text: sql.to_owned() }];
    let program = load(files, &LoadOptions::default()).expect("a valid program").program;
    let mut task = StreamTask::new(&program, 0).unwrap();
    let mut output = Output::new();
    for (offset, row) in rows.iter().enumerate() {
        let record = InputRecord {
            partition: 0,
            offset: offset as i64,
            timestamp: 0,
            key: Some(b"k"),
            value: Some(row.as_bytes()),
            headers: &NoHeaders,
        };
        task.process(0, &record, &mut output);
    }
    let written: Vec<_> = output.iter().map(|r| r.value().unwrap_or_default().to_vec()).collect();
    String::from_utf8(written.last().expect("an output").clone()).unwrap()
}

fn sql_type(value: &Value) -> Option<&'static str> {
    match value {
        Value::Number(_) => Some("INT"),
        Value::String(_) => Some("VARCHAR"),
        Value::Array(_) => Some("ARRAY<INT>"),
        _ => None,
    }
}

fn example(doc: &Doc) -> (String, Vec<String>) {
    let rows: Vec<Vec<Value>> =
        doc.example.rows.iter().map(|row| serde_json::from_str(row).unwrap()).collect();
    let type_of = |i: usize| rows.iter().find_map(|row| row.get(i).and_then(sql_type)).unwrap_or("INT");
    let sql = format!(
        "CREATE STREAM t (k VARCHAR KEY, v {}, w {}) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');
         CREATE TABLE o AS SELECT k, {} AS R FROM t GROUP BY k;",
        type_of(0),
        type_of(1),
        doc.example.call
    );
    let null = Value::Null;
    let json = |row: &Vec<Value>| {
        serde_json::json!({"V": row.first().unwrap_or(&null), "W": row.get(1).unwrap_or(&null)}).to_string()
    };
    (sql, rows.iter().map(json).collect())
}

#[test]
fn the_documented_examples_give_what_they_say() {
    for doc in DOCS {
        let (sql, rows) = example(doc);
        assert_eq!(last(&sql, &rows), format!("{{\"R\":{}}}", doc.example.gives), "{}", doc.name);
    }
}

#[test]
fn set_bounds_collected_lists() {
    let sql = "SET 'ksql.functions.collect_list.limit' = '2';
        CREATE STREAM t (k VARCHAR KEY, v INT) WITH (KAFKA_TOPIC='t', VALUE_FORMAT='JSON');
        CREATE TABLE o AS SELECT k, COLLECT_LIST(v) AS L, COLLECT_SET(v) AS S FROM t GROUP BY k;";
    let rows: Vec<_> = (1..5).map(|v| format!("{{\"V\":{v}}}")).collect();
    assert_eq!(last(sql, &rows), r#"{"L":[1,2],"S":[1,2,3,4]}"#);
}
