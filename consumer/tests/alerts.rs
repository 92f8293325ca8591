//! Alerts and their crossings into the tables, and what is decided on them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::*;
use events::{Severity, headers};

const DECISIONS: &str =
    "SELECT transaction_id, decision, severity, version FROM current_decisions ORDER BY 1";
const DAY: i64 = 86_400_000;

#[test]
fn the_highest_live_severity_decides_and_a_shadow_does_not() {
    let Some(db) = db() else { return };
    let log = log();
    let mut records = Vec::new();
    for (i, severity) in Severity::ALL.into_iter().enumerate() {
        let (id, at) = (format!("t{i}"), MARCH + i as i64);
        records.push(transaction(&id, "ACC-1", "1", at, ""));
        records.push(alert("low_rule", Severity::Low, &id, "ACC-1", at));
        records.push(alert("rule", severity, &id, "ACC-1", at));
    }
    records.push(transaction("t9", "ACC-1", "1", MARCH + 9, ""));
    records
        .push(alert("rule", Severity::Critical, "t9", "ACC-1", MARCH + 9).with(headers::RULE_MODE, "shadow"));
    send(log.as_ref(), &records);
    drain(&log, &db);
    assert_eq!(
        db.rows(DECISIONS),
        [
            "t0,APPROVE,low,1",
            "t1,APPROVE,medium,1",
            "t2,REVIEW,high,1",
            "t3,BLOCK,critical,1",
            "t9,APPROVE,,0"
        ]
    );
    assert_eq!(
        db.row("SELECT alerts, highest_severity FROM account_risk_profile"),
        "8,critical",
        "a shadow's alert is stored and not counted"
    );
    assert_eq!(db.row("SELECT count(*) FROM fraud_alerts"), "9");
}

#[test]
fn an_alert_before_its_transaction_decides_and_is_revised() {
    let Some(db) = db() else { return };
    let log = log();
    let mut early = alert("night", Severity::High, "t1", "ACC-1", MARCH);
    early.value = early.value.map(|value| value.replace("\"COUNT\"", "\"MERCHANT\":\"shein\",\"COUNT\""));
    send(log.as_ref(), &[early, alert("night", Severity::High, "t2", "ACC-1", MARCH + 5)]);
    drain(&log, &db);
    let decisions =
        "SELECT transaction_id, version, decision, transaction_known FROM decisions ORDER BY 1, 2";
    assert_eq!(db.rows(decisions), ["t1,1,BLOCK,f", "t2,1,REVIEW,f"], "by the alert's own content");
    assert_eq!(
        db.rows("SELECT transaction_id, decision, transaction_known FROM current_decisions ORDER BY 1"),
        ["t1,BLOCK,f", "t2,REVIEW,f"]
    );
    send(
        log.as_ref(),
        &[
            transaction("t1", "ACC-1", "5", MARCH, r#","merchant":"Corner""#),
            transaction("t2", "ACC-1", "5", MARCH + 5, ""),
        ],
    );
    drain(&log, &db);
    assert_eq!(
        db.rows(decisions),
        ["t1,1,BLOCK,f", "t1,2,REVIEW,t", "t2,1,REVIEW,f", "t2,2,REVIEW,t"],
        "the transaction itself names another merchant"
    );
    assert_eq!(db.rows(DECISIONS), ["t1,REVIEW,high,2", "t2,REVIEW,high,2"]);
    assert_eq!(
        db.row("SELECT count(*) FROM decisions d JOIN transactions t ON d.decided_at = t.ingested_at WHERE version = 2
                AND d.transaction_id = t.transaction_id"),
        "2",
        "revised by the batch that brought the transaction"
    );
    assert_eq!(
        db.row("SELECT flagged, reviewed, blocked, fraud_rate FROM account_risk_profile"),
        "2,2,0,100.000"
    );
}

#[test]
fn crossings_of_a_window_are_one_alert_that_says_what_the_latest_said() {
    let Some(db) = db() else { return };
    let log = log();
    let crossing = |id: &str, at: i64, severity| {
        alert("velocity", severity, id, "ACC-1", at).in_window("velocity", MARCH, MARCH + 60_000)
    };
    let [first, second, third] = [
        crossing("t1", MARCH + 1_000, Severity::Low),
        crossing("t2", MARCH + 2_000, Severity::Medium),
        crossing("t3", MARCH + 3_000, Severity::High),
    ];
    send(log.as_ref(), &[first.clone(), third.clone()]);
    drain(&log, &db);
    send(log.as_ref(), &[second, third, first]);
    let summary = drain(&log, &db);
    assert_eq!((summary.alerts, summary.occurrences), (0, 1), "{summary}");
    assert_eq!(
        db.row("SELECT transaction_id, severity, occurrences, window_start = alert_time FROM fraud_alerts"),
        "t3,high,3,t"
    );
    assert_eq!(db.row("SELECT count(*) FROM alert_occurrences"), "3");
    assert_eq!(
        db.rows("SELECT transaction_id, severity, version FROM decisions ORDER BY 1, 3"),
        ["t1,low,1", "t2,medium,1", "t3,high,1", "t3,high,2"],
        "the crossing that came late is in the look-back of t3"
    );
    assert_eq!(db.row("SELECT alerts FROM account_risk_profile"), "1");
}

#[test]
fn an_alert_that_is_taken_back_is_marked_and_decides_as_before() {
    let Some(db) = db() else { return };
    let log = log();
    let crossing = |id: &str, at: i64| {
        alert("velocity", Severity::High, id, "ACC-1", at).in_window("velocity", MARCH, MARCH + 60_000)
    };
    let mut left = crossing("t1", MARCH + 2_000).with(headers::ALERT_RETRACT, "left");
    left.value = None;
    send(
        log.as_ref(),
        &[transaction("t1", "ACC-1", "5", MARCH + 1_000, ""), crossing("t1", MARCH + 1_000), left.clone()],
    );
    drain(&log, &db);
    let state = "SELECT retracted, cleared_at, occurrences FROM fraud_alerts";
    assert_eq!(db.row(state), r#"left,"2024-03-01 00:00:02+00",1"#);
    assert_eq!(db.rows(DECISIONS), ["t1,REVIEW,high,1"]);
    send(log.as_ref(), &[crossing("t4", MARCH + 4_000), left]);
    drain(&log, &db);
    assert_eq!(db.row(state), ",,2", "it stands again, and the old tombstone comes too late");
}

#[test]
fn lists_apply_to_what_is_decided_from_then_on() {
    let Some(db) = db() else { return };
    let log = log();
    let of = |id: &str| transaction(id, "ACC-1", "5", MARCH, r#","country":"xx","category":"Gambling""#);
    send(log.as_ref(), &[of("t1")]);
    drain(&log, &db);
    db.execute(
        "SELECT list_add('country', 'XX', 'block', 'war'), list_add('category', 'gambling', 'block', 'policy')",
    );
    send(log.as_ref(), &[of("t1"), of("t2")]);
    drain(&log, &db);
    assert_eq!(db.rows(DECISIONS), ["t1,APPROVE,,0", "t2,BLOCK,critical,1"]);
    assert_eq!(
        db.row("SELECT reason FROM current_decisions WHERE transaction_id = 't2'"),
        r#""category gambling is on the block list (+100); country XX is on the block list""#
    );
    db.execute("SELECT list_remove('country', 'XX', 'block', 'peace')");
    send(log.as_ref(), &[of("t3"), alert("r", Severity::Low, "t1", "ACC-1", MARCH)]);
    drain(&log, &db);
    assert_eq!(
        db.rows(DECISIONS),
        ["t1,BLOCK,critical,1", "t2,BLOCK,critical,1", "t3,BLOCK,critical,1"],
        "a late alert decides again by the lists as they stand"
    );
}

#[test]
fn an_external_alert_without_headers_decides_too() {
    let Some(db) = db() else { return };
    let log = log();
    let mut external = alert("HIGH", Severity::High, "t1", "ACC-1", MARCH);
    external.headers.clear();
    external.timestamp = MARCH + 700;
    let mut later = external.clone();
    later.timestamp = MARCH + 40 * DAY;
    send(log.as_ref(), &[transaction("t1", "ACC-1", "5", MARCH, ""), external.clone(), external]);
    drain(&log, &db);
    send(log.as_ref(), &[later]);
    drain(&log, &db);
    assert_eq!(
        db.row("SELECT rule_name, rule_version, severity, occurrences FROM fraud_alerts"),
        "HIGH,external,medium,3",
        "one alert, whatever the time of its records"
    );
    assert_eq!(db.rows(DECISIONS), ["t1,APPROVE,medium,1"]);
    assert_eq!(db.row("SELECT transaction_known FROM current_decisions"), "t");
}

/// Two consumers may bring an alert and its transaction at the same moment, neither seeing the other's.
#[test]
fn a_transaction_that_came_unseen_is_found() {
    let Some(db) = db() else { return };
    let log = log();
    send(
        log.as_ref(),
        &[transaction("t0", "ACC-1", "5", MARCH, ""), alert("r", Severity::High, "t1", "Shop", MARCH)],
    );
    drain(&log, &db);
    db.execute(
        "INSERT INTO transactions (event_time, transaction_id, account_id, amount, source_partition, source_offset,
             ingested_at) SELECT event_time, 't1', account_id, amount, 9, 9, now() FROM transactions",
    );
    assert_eq!(drain(&log, &db).decisions, 1);
    assert_eq!(
        db.rows("SELECT transaction_id, account_id, decision, version, transaction_known FROM current_decisions ORDER BY 1"),
        ["t0,ACC-1,APPROVE,0,t", "t1,ACC-1,REVIEW,2,t"]
    );
    assert_eq!(db.row("SELECT reviewed FROM account_summary WHERE account_id = 'ACC-1'"), "1");
}
