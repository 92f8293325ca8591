//! Each view equals a count in plain Rust over the rows of the tables, whatever came in whatever order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;
#[path = "views/oracle.rs"]
mod oracle;

use common::*;
use events::Severity;
use oracle::{Reader, Tables, VIEWS, table};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};

const HOUR: i64 = 3_600_000;
const RULES: [(&str, Severity); 4] = [
    ("velocity", Severity::High),
    ("amount", Severity::Medium),
    ("travel", Severity::Critical),
    ("night", Severity::Low),
];

/// Transactions, alerts and labels: some alerts are without a transaction, some transactions without a
/// label, some labels of nothing, some records twice.
fn records() -> impl Strategy<Value = Vec<Rec>> {
    let one = (0..40_u32, prop::option::of(any::<bool>()), any::<u8>());
    prop::collection::vec(one, 5..40).prop_map(|rows| rows.into_iter().flat_map(of_one).collect())
}

type One = (u32, Option<bool>, u8);

fn of_one((id, label, bits): One) -> Vec<Rec> {
    // What belongs to an id is derived from it: an id names one transaction.
    let (name, account) = (format!("t{id}"), format!("ACC-{}", id * 7 % 5));
    let at = MARCH + i64::from(id % 30) * 2 * HOUR + i64::from(id);
    let merchant = ["Shein", "Corner", "Kiosk"][(id % 3) as usize];
    let mut all = Vec::new();
    if bits & 1 == 0 {
        let more = if id % 5 == 0 { String::new() } else { format!(r#","merchant":"{merchant}""#) };
        all.push(transaction(&name, &account, &format!("{}.25", id * 3 + 1), at, &more));
    }
    for (i, (rule, severity)) in RULES.iter().enumerate() {
        if bits >> (i + 1) & 1 == 1 {
            let record = alert(rule, *severity, &name, &account, at);
            let mode = if i == 3 { "shadow" } else { "live" };
            all.push(record.with(events::headers::RULE_MODE, mode));
        }
    }
    if let Some(is_fraud) = label {
        let time = chrono::DateTime::from_timestamp_millis(at).unwrap().to_rfc3339();
        let timestamp = if bits & 64 == 0 { format!(r#","timestamp":"{time}""#) } else { String::new() };
        all.push(Rec {
            topic: "transaction_labels",
            partition: None,
            key: account,
            value: Some(format!(r#"{{"transaction_id":"{name}","is_fraud":{is_fraud}{timestamp}}}"#)),
            timestamp: at,
            headers: Vec::new(),
        });
    }
    all
}

#[test]
fn each_view_equals_a_count_over_the_tables() {
    let Some(server) = servers::postgres() else { return };
    let mut runner = TestRunner::deterministic();
    for case in 0..3 {
        let db = db_in(server);
        let log = log();
        let mut records = records().new_tree(&mut runner).unwrap().current();
        let order = Just(records.clone()).prop_shuffle();
        if case > 0 {
            records = order.new_tree(&mut runner).unwrap().current();
        }
        // In several runs, so that batches find what others have stored.
        for part in records.chunks(records.len() / 3 + 1) {
            send(log.as_ref(), part);
            drain(&log, &db);
            check(&db, case);
        }
        while db.row("SELECT refresh_rule_days()") != "0" {}
        check(&db, case);
        assert_eq!(db.row("SELECT count(*) FROM rule_days_stale"), "0");
        let nothing = consumer::audit::Published::default();
        let report = consumer::audit::verify(&db.owner_url, &nothing, &[], |_| ()).unwrap();
        assert!(report.is_sound(), "{report}");
    }
}

fn check(db: &Db, case: u32) {
    let db = &mut Reader::of(db);
    let tables = Tables::read(db);
    for (sql, oracle) in VIEWS {
        let (found, expected) = (table(db, sql), oracle(&tables));
        assert_eq!(normal(found), normal(expected), "case {case}: {sql}");
    }
}

/// JSON writes 40 and 40.0 for the same number.
fn normal(rows: Vec<Value>) -> Vec<String> {
    fn number(value: &mut Value) {
        match value {
            Value::Number(n) => *value = json!(n.as_f64()),
            Value::Array(all) => all.iter_mut().for_each(number),
            Value::Object(all) => all.values_mut().for_each(number),
            _ => {}
        }
    }
    let mut rows: Vec<String> = rows
        .into_iter()
        .map(|mut row| {
            number(&mut row);
            row.to_string()
        })
        .collect();
    rows.sort();
    rows
}

#[test]
fn without_labels_there_is_no_rate_and_a_rule_that_never_fired_is_listed() {
    let Some(db) = db() else { return };
    let log = log();
    let rule = Rec {
        topic: "rules",
        partition: None,
        key: "quiet".into(),
        value: Some(
            r#"{"name":"quiet","version":"v7","mode":"live","severity":"high","sql":"SELECT"}"#.into(),
        ),
        timestamp: MARCH,
        headers: Vec::new(),
    };
    send(
        log.as_ref(),
        &[rule, transaction("t1", "A", "5", MARCH, ""), alert("loud", Severity::High, "t1", "A", MARCH)],
    );
    drain(&log, &db);
    assert_eq!(
        db.rows("SELECT rule_name, fired, labelled, precision, recall FROM rule_performance ORDER BY 1"),
        ["loud,1,0,,", "quiet,0,0,,"]
    );
    assert_eq!(
        db.row("SELECT fraud, fraud_rate, recall, precision FROM fraud_rate WHERE day IS NULL"),
        "0,0.000,,"
    );
}
