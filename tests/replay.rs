//! `streamguard replay` with the shipped rules: what comes out, and how it ends when something is wrong.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};
use support::{stderr, streamguard};

fn replay(directory: &Path, rules: &Path, input: &str, more: &[&str]) -> Output {
    std::fs::write(directory.join("input.json"), input).unwrap();
    let args = ["replay", "--input", "input.json", "--output", "output.json", "--rules"];
    streamguard(&args).arg(rules).args(more).current_dir(directory).output().unwrap()
}

/// A transaction at a second of a minute, as a record of the topic.
fn transaction(id: &str, amount: Value, second: u32) -> String {
    let timestamp = format!("2026-01-02T12:00:{second:02}+00:00");
    json!({ "topic": "transactions", "key": "A1", "value":
        { "transaction_id": id, "account_id": "A1", "amount": amount, "timestamp": timestamp } })
    .to_string()
}

#[test]
fn the_shipped_rules_alert_on_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let mut input: Vec<String> = (0..5).map(|n| transaction(&format!("t{n}"), json!(10), n * 7)).collect();
    input.push(transaction("large", json!("5000.0001"), 50));
    let output =
        replay(directory.path(), &support::root().join("rules"), &input.join("\n"), &["--format", "lines"]);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = std::fs::read_to_string(directory.path().join("output.json")).unwrap();
    let alerts: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let found: Vec<_> = alerts
        .iter()
        .map(|alert| {
            assert_eq!((&alert["topic"], &alert["key"]), (&json!("fraud_alerts"), &json!("A1")));
            (
                alert["value"]["FRAUD_TYPE"].as_str().unwrap(),
                alert["value"]["TRANSACTION_ID"].as_str().unwrap(),
            )
        })
        .collect();
    let velocity = ["t3", "t4", "large"].map(|id| ("VELOCITY", id));
    assert_eq!(found.iter().filter(|(rule, _)| *rule == "VELOCITY").copied().collect::<Vec<_>>(), velocity);
    assert!(found.contains(&("HIGH_AMOUNT", "large")), "{found:?}");
    assert_eq!(found.len(), 4, "{found:?}");
}

#[test]
fn refused_rules_end_with_2_and_a_bad_input_with_1() {
    let directory = tempfile::tempdir().unwrap();
    let rules = directory.path().join("bad.sql");
    std::fs::write(&rules, "CREATE STREAM s (a INT) WITH (KAFKA_TOPIC = 't', VALUE_FORMAT = 'JSN');")
        .unwrap();
    let output = replay(directory.path(), &rules, "{\"inputs\":[]}", &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("bad.sql"), "{}", stderr(&output));
    let output = replay(directory.path(), &support::root().join("rules"), "{\"inputs\":[{]}", &[]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("the input"), "{}", stderr(&output));
}

const CSV: &str = "booking_id,account_id,event_time,amt\n\
    t1,A1,2026-01-02T12:00:00Z,10\n\
    t2,A1,2026-01-02T12:00:07Z,5000.0001\n";

#[test]
fn rows_of_a_csv_file_are_transactions_and_the_counts_are_on_stderr() {
    let directory = tempfile::tempdir().unwrap();
    let rules = support::root().join("rules");
    let more = ["--map", "booking_id=transaction_id", "--format", "lines", "--counts", "json"];
    let output = replay(directory.path(), &rules, CSV, &more);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = std::fs::read_to_string(directory.path().join("output.json")).unwrap();
    let alerts: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let found: Vec<_> = alerts.iter().map(|alert| &alert["value"]["TRANSACTION_ID"]).collect();
    assert_eq!(found, [&json!("t2")], "{text}");
    let last = stderr(&output).lines().last().unwrap().to_owned();
    let counts: Value = serde_json::from_str(&last).unwrap();
    assert_eq!((&counts["read"], &counts["written"]), (&json!(2), &json!(1)));
    let high = counts["queries"].as_array().unwrap().iter().find(|query| query["emitted"] == 1).unwrap();
    assert_eq!((&high["input"], &high["filtered"], &high["contributed"]), (&json!(2), &json!(1), &json!(1)));
    let output = replay(directory.path(), &rules, CSV, &["--map", "booking_id=transaction_id"]);
    assert!(stderr(&output).contains("QUERY") && stderr(&output).contains("2 records read, 1 written"));
}

#[test]
fn what_stops_a_replay_is_named_by_file_and_record() {
    let directory = tempfile::tempdir().unwrap();
    let rules = support::root().join("rules");
    let cut = format!("{}\n{{\"topic\":", transaction("t1", json!(1), 1));
    let broken_row = format!("{CSV}t3,A1,yesterday,1\n").replace("booking_id", "transaction_id");
    let cases: [(&str, &[&str], i32, &[&str]); 4] = [
        (&cut, &[], 1, &["input.json: record 2 of the input", "line 2"]),
        (&broken_row, &[], 1, &["input.json: line 4: timestamp: \"yesterday\""]),
        (CSV, &[], 2, &["input.json: no column for transaction_id", "--map"]),
        ("{}", &["--map", "a=amount"], 2, &["--map a=amount", "is JSON"]),
    ];
    for (input, more, status, parts) in cases {
        let output = replay(directory.path(), &rules, input, more);
        assert_eq!(output.status.code(), Some(status), "{}", stderr(&output));
        for part in parts {
            assert!(stderr(&output).contains(part), "{part}: {}", stderr(&output));
        }
    }
}
