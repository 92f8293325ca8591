//! What is dropped, what stays, and what a drop leaves of decisions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::time::Duration;

use common::*;
use consumer::{Retention, tidy};
use events::Severity;

const DAY: i64 = 86_400_000;

fn days(days: u64) -> Option<Duration> {
    Some(Duration::from_secs(days * 86_400))
}

/// Two days of transactions, one blocked on each, alerts in two months.
fn some_days(db: &Db) -> std::sync::Arc<dyn broker::Broker> {
    let log = log();
    let shop = r#","merchant":"Shein""#;
    send(
        log.as_ref(),
        &[
            transaction("a1", "ACC-1", "5", MARCH - DAY, shop),
            transaction("a2", "ACC-1", "5", MARCH - DAY, ""),
            transaction("b1", "ACC-1", "5", MARCH, shop),
            alert("night", Severity::High, "a2", "ACC-1", MARCH - DAY),
            alert("night", Severity::High, "b1", "ACC-1", MARCH),
        ],
    );
    drain(&log, db);
    log
}

const CURRENT: &str = "SELECT transaction_id, decision, version FROM current_decisions ORDER BY 1";

#[test]
fn a_partition_goes_by_its_newest_row_and_decisions_stay() {
    let Some(db) = db() else { return };
    let log = some_days(&db);
    let month = Retention { transactions: days(30), alerts: days(365) };
    assert_eq!(tidy(&db.writer_url, &month).unwrap().dropped, Vec::<String>::new(), "old events, new rows");
    // All but one row of the first day came long ago.
    db.execute(
        "UPDATE transactions SET ingested_at = now() - interval '31 days' WHERE transaction_id <> 'a2'",
    );
    assert_eq!(tidy(&db.writer_url, &month).unwrap().dropped, ["transactions_20240301"]);
    db.execute("UPDATE transactions SET ingested_at = now() - interval '31 days'");
    let before = db.rows("SELECT transaction_id, version, decision FROM decisions ORDER BY 1, 2");
    assert_eq!(tidy(&db.writer_url, &month).unwrap().dropped, ["transactions_20240229"]);
    assert_eq!(db.row("SELECT count(*) FROM transactions"), "0");
    assert_eq!(db.rows("SELECT transaction_id, version, decision FROM decisions ORDER BY 1, 2"), before);
    assert_eq!(db.row("SELECT count(*) FROM fraud_alerts"), "2", "alerts are kept longer");
    assert_eq!(db.row("SELECT bool_and(transaction_dropped) FROM decision_heads"), "t");

    // The same records once more, as after an operator set the offsets back: stored again, decided as before.
    db.execute("DELETE FROM consumer_offsets");
    drain(&log, &db);
    assert_eq!(db.row("SELECT count(*) FROM transactions"), "3");
    assert_eq!(db.rows("SELECT transaction_id, version, decision FROM decisions ORDER BY 1, 2"), before);
    assert_eq!(db.rows(CURRENT).len(), 3, "none of them twice");

    db.execute(
        "UPDATE alert_occurrences SET ingested_at = now() - interval '366 days';
         UPDATE fraud_alerts SET updated_at = now() - interval '366 days' WHERE alert_time < '2024-03-01'",
    );
    assert_eq!(
        tidy(&db.writer_url, &month).unwrap().dropped,
        ["alert_occurrences_202402", "alert_occurrences_202403", "fraud_alerts_202402"]
    );
    let for_ever = Retention { transactions: None, alerts: None };
    db.execute("UPDATE transactions SET ingested_at = '2020-01-01'");
    assert_eq!(tidy(&db.writer_url, &for_ever).unwrap().dropped, Vec::<String>::new());
}

#[test]
fn a_dropped_transactions_decision_is_still_current() {
    let Some(db) = db() else { return };
    some_days(&db);
    let before = db
        .rows("SELECT transaction_id, decision, version FROM current_decisions WHERE version > 0 ORDER BY 1");
    db.execute("UPDATE transactions SET ingested_at = now() - interval '31 days'");
    assert_eq!(tidy(&db.writer_url, &Retention::default()).unwrap().dropped.len(), 2);
    assert_eq!(db.rows(CURRENT), before);
}

#[test]
fn decisions_go_as_alerts_do_once_their_transactions_are_gone() {
    let Some(db) = db() else { return };
    some_days(&db);
    let decided = "SELECT transaction_id, count(*) FROM decisions GROUP BY 1 ORDER BY 1";
    let actions = "SELECT transaction_id, state FROM actions WHERE kind = 'open_investigation' ORDER BY 1";
    let audit = db.row("SELECT count(*) FROM audit_log");
    let why = "SELECT reason, factors, why FROM audit_trail WHERE transaction_id = 'a2' AND version = 1";
    let written =
        db.row("SELECT reason, explanation->'factors', reason FROM decisions WHERE transaction_id = 'a2'");
    assert_eq!(db.row(why), written);
    assert_eq!(db.rows(decided).len(), 3);
    assert_eq!(db.rows(actions).len(), 3);
    db.execute("UPDATE decisions SET decided_at = now() - interval '366 days'");
    assert_eq!(
        tidy(&db.writer_url, &Retention::default()).unwrap().decisions,
        0,
        "their transactions are there"
    );

    // One whose notification waits, and one that was decided again of late, stay.
    db.execute(
        "UPDATE transactions SET ingested_at = now() - interval '31 days';
         INSERT INTO actions (idempotency_key, kind, transaction_id, decision_version, account_id, target, state,
                              next_attempt_at, created_at)
         VALUES ('n', 'notify', 'a1', 1, 'ACC-1', 'desk', 'pending', now(), now());
         UPDATE decisions SET decided_at = now() WHERE transaction_id = 'b1'",
    );
    let for_ever = Retention { alerts: None, ..Retention::default() };
    assert_eq!(tidy(&db.writer_url, &for_ever).unwrap().decisions, 0);
    assert_eq!(tidy(&db.writer_url, &Retention::default()).unwrap().decisions, 1);
    assert_eq!(
        db.row("SELECT string_agg(DISTINCT transaction_id, ' ' ORDER BY transaction_id) FROM decisions"),
        "\"a1 b1\""
    );
    assert_eq!(
        db.row("SELECT string_agg(transaction_id, ' ' ORDER BY transaction_id) FROM decision_heads"),
        "\"a1 b1\""
    );
    assert_eq!(db.row("SELECT count(*) FROM actions WHERE transaction_id = 'a2'"), "0");
    assert_eq!(db.row("SELECT count(*) FROM audit_log"), audit, "the audit keeps them");
    assert_eq!(
        db.row("SELECT decision, score FROM audit_trail WHERE transaction_id = 'a2' AND version = 1"),
        "REVIEW,70"
    );
    assert_eq!(db.row(why), written, "and why they were what they were");
}

#[test]
fn a_partition_that_is_in_use_is_dropped_later() {
    let Some(db) = db() else { return };
    some_days(&db);
    db.execute("UPDATE transactions SET ingested_at = now() - interval '31 days'");
    db.block_on(async |connection| {
        let sql = "BEGIN; SELECT count(*) FROM transactions";
        sqlx::raw_sql(sql).execute(&mut *connection).await.unwrap();
        let url = db.writer_url.clone();
        let tidied = std::thread::spawn(move || tidy(&url, &Retention::default()).unwrap()).join().unwrap();
        assert_eq!((tidied.dropped.len(), tidied.later.len()), (0, 2));
        sqlx::raw_sql("COMMIT").execute(&mut *connection).await.unwrap();
    });
    assert_eq!(tidy(&db.writer_url, &Retention::default()).unwrap().dropped.len(), 2);
}

#[test]
fn a_batch_that_needs_a_dropped_partition_makes_it_again() {
    let Some(db) = db() else { return };
    let log = log();
    let shutdown = broker::Shutdown::new();
    let running = {
        let (log, url, shutdown) = (log.clone(), db.writer_url.clone(), shutdown.clone());
        std::thread::spawn(move || consumer::run(log, consumer::Options::new(url), shutdown).unwrap())
    };
    send(log.as_ref(), &[transaction("t1", "ACC-1", "5", MARCH, "")]);
    eventually(&db, "SELECT count(*) FROM transactions", "1");
    db.execute("UPDATE transactions SET ingested_at = now() - interval '31 days'");
    assert_eq!(tidy(&db.writer_url, &Retention::default()).unwrap().dropped, ["transactions_20240301"]);
    send(log.as_ref(), &[transaction("t2", "ACC-1", "5", MARCH, "")]);
    eventually(&db, "SELECT string_agg(transaction_id, ' ') FROM transactions", "t2");
    shutdown.request();
    running.join().unwrap();
}

#[test]
fn less_than_a_day_is_never_dropped_nor_any_other_table() {
    let Some(db) = db() else { return };
    some_days(&db);
    let as_writer = Db { owner_url: db.writer_url.clone(), writer_url: String::new() };
    for (sql, words) in [
        ("SELECT expired_partitions('transactions', '23 hours')", "at least a day is kept"),
        ("SELECT drop_partition('transactions', 'transactions_20240301', '0')", "at least a day is kept"),
        ("SELECT drop_decisions('23 hours')", "at least a day is kept"),
        ("SELECT keep_decisions_of('decisions')", "no partition of transactions"),
        ("SELECT partition_ingest('transactions')", "permission denied"),
    ] {
        let error = as_writer.block_on(async |connection| {
            sqlx::raw_sql(sql).execute(connection).await.unwrap_err().to_string()
        });
        assert!(error.contains(words), "{sql}: {error}");
    }
    assert_eq!(as_writer.row("SELECT drop_partition('decisions', 'decision_heads', '1 day')"), "f");
    assert_eq!(as_writer.row("SELECT drop_partition('transactions', 'transactions_20240301', '1 day')"), "f");
}
