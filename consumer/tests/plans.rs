//! What is asked of the views day by day is found by indexes: no plan reads a large table whole.
//!
//! `STREAMGUARD_LARGE=10000000` makes so many transactions (a tenth as many alerts) and checks the times too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::time::{Duration, Instant};

use common::*;
use serde_json::Value;
use sqlx::Connection;

/// So few that it takes seconds, and so many that an index is worth it.
const FEW: u64 = 200_000;
/// A relation of more rows is large: less than that is read whole for good reason.
const LARGE: f32 = 2_500.0;

/// What is asked, and how long it may take on ten million transactions.
const QUERIES: [(&str, u64, &str); 9] = [
    ("an account's profile", 100, "SELECT * FROM account_risk_profile WHERE account_id = 'ACC-70'"),
    ("its timeline", 100, "SELECT * FROM alert_timeline WHERE account_id = 'ACC-70' ORDER BY event_time"),
    ("its audit trail", 100, "SELECT * FROM audit_trail WHERE account_id = 'ACC-70' ORDER BY at"),
    ("a transaction's audit trail", 100, "SELECT * FROM audit_trail WHERE transaction_id = 't700'"),
    (
        "a day's statistics",
        100,
        "SELECT hour, fraud_type, alerts, accounts, total_amount, average_risk_score FROM fraud_statistics
         WHERE hour >= '2024-03-10 00:00Z' AND hour < '2024-03-11 00:00Z' ORDER BY hour, alerts DESC",
    ),
    (
        "a day's volume",
        1_000,
        "SELECT * FROM hourly_volume WHERE hour >= '2024-03-10 00:00Z' AND hour < '2024-03-11 00:00Z' ORDER BY hour",
    ),
    (
        "thirty days of the rules",
        1_000,
        "SELECT rule_name, fired, precision, recall, overlap, caught_alone
         FROM rule_performance_over('2024-03-01', '2024-03-30')",
    ),
    ("the morning's queue", 1_000, "SELECT * FROM open_investigations ORDER BY highest_score DESC LIMIT 20"),
    (
        "two minutes of blocked transactions",
        1_000,
        "SELECT transaction_id, account_id, reason FROM current_decisions WHERE decision = 'BLOCK'
         AND event_time >= '2024-03-10 10:02Z' AND event_time < '2024-03-10 10:04Z'",
    ),
];

#[test]
fn no_query_of_the_day_reads_a_large_table_whole() {
    let Some(db) = db() else { return };
    let rows = std::env::var("STREAMGUARD_LARGE").ok().map(|rows| rows.parse::<u64>().unwrap());
    let fill = include_str!("plans/large.sql").replace(":n", &rows.unwrap_or(FEW).to_string());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut c = sqlx::PgConnection::connect(&db.owner_url).await.unwrap();
        sqlx::raw_sql(sqlx::AssertSqlSafe(fill)).execute(&mut c).await.unwrap();
        sqlx::raw_sql("VACUUM ANALYZE").execute(&mut c).await.unwrap();
        sqlx::raw_sql("SET jit = off").execute(&mut c).await.unwrap();
        for (what, limit, sql) in QUERIES {
            let explain = sqlx::AssertSqlSafe(format!("EXPLAIN (FORMAT JSON) {sql}"));
            let plan: Value = sqlx::query_scalar(explain).fetch_one(&mut c).await.unwrap();
            let mut scanned = Vec::new();
            scans(&plan, &mut scanned);
            for table in scanned {
                let size: f32 = sqlx::query_scalar("SELECT reltuples FROM pg_class WHERE relname = $1")
                    .bind(&table)
                    .fetch_one(&mut c)
                    .await
                    .unwrap();
                assert!(size < LARGE, "{what}: {table} with {size} rows is read whole: {plan:#}");
            }
            let start = Instant::now();
            let found = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).fetch_all(&mut c).await.unwrap();
            assert!(!found.is_empty(), "{what} finds nothing");
            let took = start.elapsed();
            if rows.is_some() {
                eprintln!("{what}: {took:?}");
                assert!(took < Duration::from_millis(limit), "{what} took {took:?}");
            }
        }
        what_retention_deletes_is_found_by_indexes(&mut c).await;
    });
}

/// The first five days' transactions are gone, and half of all decisions are past their time: a round reads about as
/// many rows of each table as it deletes. It read all transactions of younger days, in order of their ids.
async fn what_retention_deletes_is_found_by_indexes(c: &mut sqlx::PgConnection) {
    let gone = "UPDATE decision_heads h SET transaction_dropped = true
                FROM decisions d WHERE d.transaction_id = h.transaction_id AND d.event_time < '2024-03-06';
                DROP TABLE transactions_20240301, transactions_20240302, transactions_20240303,
                           transactions_20240304, transactions_20240305;
                VACUUM ANALYZE";
    for sql in gone.split(';') {
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut *c).await.unwrap();
    }
    let mut tx = c.begin().await.unwrap();
    let deleted: i64 =
        sqlx::query_scalar("SELECT drop_decisions('365 days')").fetch_one(&mut *tx).await.unwrap();
    assert_eq!(deleted, 1_000);
    let read: Vec<(String, i64)> = sqlx::query_as(
        "SELECT relname::text, seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables
         WHERE seq_tup_read + coalesce(idx_tup_fetch, 0) > 0 ORDER BY 2 DESC",
    )
    .fetch_all(&mut *tx)
    .await
    .unwrap();
    // A row is found, locked, found again and deleted; pages are read whole.
    assert!(!read.is_empty() && read[0].1 <= 4 * deleted, "{read:?}");
    tx.rollback().await.unwrap();
}

/// The relations of all sequential scans in a plan.
fn scans(plan: &Value, found: &mut Vec<String>) {
    match plan {
        Value::Array(all) => all.iter().for_each(|part| scans(part, found)),
        Value::Object(node) => {
            if node.get("Node Type").is_some_and(|kind| kind == "Seq Scan") {
                found.extend(node["Relation Name"].as_str().map(str::to_owned));
            }
            node.values().for_each(|part| scans(part, found));
        }
        _ => {}
    }
}
