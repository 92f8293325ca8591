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

const LOGINS: &str = "
    CREATE STREAM logins (person VARCHAR KEY, ok BOOLEAN, tries INT, seen TIMESTAMP, spent DECIMAL(9, 2),
        tags ARRAY<VARCHAR>, note VARCHAR) WITH (KAFKA_TOPIC = 'logins', VALUE_FORMAT = 'JSON');
    CREATE TABLE people (id BIGINT PRIMARY KEY, name VARCHAR) WITH (KAFKA_TOPIC = 'people', FORMAT = 'DELIMITED');
    CREATE STREAM failed AS SELECT person, tries + 1 AS next, seen, spent, tags FROM logins WHERE NOT ok;";

const LOGIN_ROWS: &str = "Person,ok,tries,seen,spent,tags,when,unknown\n\
    Eva,false,3,2026-01-02T03:04:05Z,1.5,\"[\"\"a\"\",\"\"b\"\"]\",2026-01-02T03:04:06Z,x\n\
    Kim,yes,,,,,5,\n\
    ,0,7,1000,2,,7,\n";

fn logins(directory: &Path) -> std::path::PathBuf {
    let rules = directory.join("logins.sql");
    std::fs::write(&rules, LOGINS).unwrap();
    rules
}

#[test]
fn rows_of_a_csv_file_are_records_of_any_declared_topic() {
    let directory = tempfile::tempdir().unwrap();
    let rules = logins(directory.path());
    let more = ["--topic", "logins", "--map", "when=ROWTIME"];
    let output = replay(directory.path(), &rules, LOGIN_ROWS, &more);
    assert!(output.status.success(), "{}", stderr(&output));
    let text = std::fs::read_to_string(directory.path().join("output.json")).unwrap();
    let written: Value = serde_json::from_str(&text).unwrap();
    let (eva, nobody) = (&written["outputs"][0], &written["outputs"][1]);
    assert_eq!((&eva["key"], &eva["timestamp"]), (&json!("Eva"), &json!(1_767_323_046_000_i64)));
    let value =
        json!({ "NEXT": 4, "SEEN": 1_767_323_045_000_i64, "SPENT": 1.50, "TAGS": ["a", "b"] }).to_string();
    assert_eq!(eva["value"], serde_json::from_str::<Value>(&value).unwrap());
    assert_eq!((&nobody["key"], &nobody["timestamp"]), (&Value::Null, &json!(7)));
    assert_eq!(nobody["value"], json!({ "NEXT": 8, "SEEN": 1000, "SPENT": 2.00, "TAGS": null }));
}

#[test]
fn rows_that_fit_no_topic_are_explained() {
    let directory = tempfile::tempdir().unwrap();
    let rules = logins(directory.path());
    let row = |from: &str, to: &str| LOGIN_ROWS.replacen(from, to, 1);
    let topic = ["--topic", "logins"].as_slice();
    let cases: [(String, &[&str], i32, &[&str]); 8] = [
        (row("", ""), &[], 2, &["no topic transactions", "logins, people", "--topic"]),
        (row("", ""), &["--topic", "people"], 2, &["no column for ID", "PEOPLE", "--map"]),
        (row("tries", "trys"), topic, 2, &["no column for TRIES", "--map trys=TRIES"]),
        (row("", ""), &["--topic", "logins", "--map", "when=TIME"], 2, &["no column TIME", "ROWTIME"]),
        (row("", ""), &["--topic", "logins", "--map", "wen=NOTE"], 2, &["no column wen", "when"]),
        (row("yes", "maybe"), topic, 1, &["input.json: line 3: OK", "\"maybe\" is no BOOLEAN"]),
        (row(",7,1000", ",7,soon"), topic, 1, &["input.json: line 4: SEEN", "\"soon\" is no TIMESTAMP"]),
        (row("Kim,", "Kim,,"), topic, 1, &["input.json: line 3", "9 columns where the header has 8"]),
    ];
    for (input, more, status, parts) in cases {
        let output = replay(directory.path(), &rules, &input, more);
        assert_eq!(output.status.code(), Some(status), "{more:?}: {}", stderr(&output));
        for part in parts {
            assert!(stderr(&output).contains(part), "{part}: {}", stderr(&output));
        }
    }
}

#[test]
fn what_is_packed_is_read_and_written_and_what_is_cut_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let (place, rules) = (directory.path(), logins(directory.path()));
    let login = |n: u32| format!("{{\"topic\":\"logins\",\"key\":\"{n}\",\"value\":{{\"OK\":false}}}}\n");
    std::fs::write(place.join("lines"), (0..3000).map(login).collect::<String>()).unwrap();
    let run = |input: &str, output: &str| {
        let args = ["replay", "--format", "lines", "--input", input, "--output", output, "--rules"];
        streamguard(&args).arg(&rules).current_dir(place).output().unwrap()
    };
    // A packed output, read as an input: its records are of a topic that nobody reads.
    for name in ["out.gz", "out.zst"] {
        let first = run("lines", name);
        assert!(stderr(&first).contains("3000 records read, 3000 written"), "{}", stderr(&first));
        let second = run(name, "-");
        assert!(stderr(&second).contains("3000 records read, 0 written"), "{}", stderr(&second));
        assert!(stderr(&second).contains("3000 of them are of topics that no query reads"));
        let packed = std::fs::read(place.join(name)).unwrap();
        assert!(packed.len() < 100_000, "{name} is not packed: {} bytes", packed.len());
        std::fs::write(place.join(format!("cut.{name}")), &packed[..packed.len() / 2]).unwrap();
        let cut = run(&format!("cut.{name}"), "-");
        assert!(!cut.status.success() && stderr(&cut).contains(&format!("cut.{name}")), "{}", stderr(&cut));
    }
    let own = run("lines", "lines");
    assert_eq!(own.status.code(), Some(2));
    assert!(stderr(&own).contains("is the input") && place.join("lines").metadata().unwrap().len() > 0);
    let missing = run("nowhere", "-");
    assert_eq!(missing.status.code(), Some(2));
    assert!(stderr(&missing).contains("cannot read nowhere"), "{}", stderr(&missing));
}
