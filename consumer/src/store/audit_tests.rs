#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::json;
use sqlx::Connection;

use super::*;
use crate::store::time;

/// Runs something on a migrated database of its own.
fn with_database(name: &str, work: impl AsyncFnOnce(&mut PgConnection)) {
    let Some(server) = servers::postgres() else { return };
    let url = server.create_database(&format!("audit_{name}_{}", std::process::id()));
    crate::migrate(&url).unwrap();
    crate::runtime().unwrap().block_on(async {
        let mut connection = PgConnection::connect(&url).await.unwrap();
        work(&mut connection).await;
    });
}

async fn count(connection: &mut PgConnection, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(connection).await.unwrap()
}

/// Rows whose hash is not what SQL makes of them, or that do not follow the row before.
const BROKEN: &str = "SELECT count(*) FROM (
    SELECT hash <> audit_hash(previous_hash, chain, number, at, actor, body)
           OR previous_hash <> lag(hash, 1, decode(repeat('00', 32), 'hex')) OVER (PARTITION BY chain ORDER BY number)
           OR number <> row_number() OVER (PARTITION BY chain ORDER BY number) AS broken
    FROM audit_log) r WHERE broken";
const HEADS_OFF: &str = "SELECT count(*) FROM audit_heads h
    LEFT JOIN LATERAL (SELECT number, hash FROM audit_log l WHERE l.chain = h.chain ORDER BY number DESC LIMIT 1) l ON true
    WHERE (h.number, h.hash) IS DISTINCT FROM (coalesce(l.number, 0), coalesce(l.hash, decode(repeat('00', 32), 'hex')))";

#[test]
fn rust_and_sql_make_the_same_hash_of_any_row() {
    with_database("hash", async |connection| {
        let rows = (
            any::<[u8; 32]>(),
            "[^\0]{0,20}",
            any::<i64>(),
            -4_000_000_000_000_000_i64..9_000_000_000_000_000,
        );
        let texts = ("[^\0]{0,20}", "[^\0]{0,200}");
        let cases = proptest::collection::vec((rows, texts), 300);
        let cases = cases.new_tree(&mut TestRunner::deterministic()).unwrap().current();
        for ((previous, chain, number, micros), (actor, body)) in cases {
            let sql: Vec<u8> = sqlx::query_scalar("SELECT audit_hash($1, $2, $3, $4, $5, $6)")
                .bind(previous.as_slice())
                .bind(&chain)
                .bind(number)
                .bind(time(micros))
                .bind(&actor)
                .bind(&body)
                .fetch_one(&mut *connection)
                .await
                .unwrap();
            let rust = hash(&previous, &chain, number, micros, &actor, &body);
            assert_eq!(sql, rust, "{chain:?} {number} {micros} {actor:?} {body:?}");
        }
    });
}

/// Golden: a chain written by one release is verified by the next.
#[test]
fn the_hash_stays_the_same_over_releases() {
    let hash = hash(&GENESIS, "manual", 1, 1_700_000_000_000_001, "ann", r#"{"kind":"x"}"#);
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(hex, "c702b174f43bb9fad3930a6752d36fb3f70c6e748afd6baa5e8e86943f39d75e");
}

#[test]
fn chains_written_from_rust_and_from_sql_fit_together() {
    with_database("chains", async |connection| {
        let now = time(1_700_000_000_123_457);
        for round in 0..3 {
            let mut tx = connection.begin().await.unwrap();
            let entries: Vec<Entry> = (0..6)
                .map(|i| {
                    let chain = ["c/transactions/1", "manual", "c/fraud_alerts/0"][i % 3];
                    let content = json!({"transaction_id": format!("t{round}{i}"), "reason": "ü\n\"'"});
                    Entry::new(chain, "decision", &content).unwrap()
                })
                .collect();
            append(&mut tx, &entries, now).await.unwrap();
            append(&mut tx, &[], now).await.unwrap();
            let appended = "SELECT audit_append('label', '{\"kind\": \"lost\", \"transaction_id\": \"t00\", \"reason\": \"ü\"}')";
            count(&mut tx, appended).await;
            tx.commit().await.unwrap();
        }
        assert_eq!(count(connection, BROKEN).await, 0);
        assert_eq!(count(connection, HEADS_OFF).await, 0);
        assert_eq!(count(connection, "SELECT count(*) FROM audit_log").await, 3 * 7 + 1);
        let found = "SELECT count(*) FROM audit_log WHERE content->>'transaction_id' = 't00'
            AND actor = session_user AND body LIKE '{\"kind\":%' AND content->>'kind' IN ('decision', 'label')";
        assert_eq!(count(connection, found).await, 4);
    });
}

#[test]
fn even_the_superuser_does_not_change_the_audit_by_a_slip() {
    with_database("slip", async |connection| {
        for sql in [
            "UPDATE audit_log SET actor = 'x'",
            "DELETE FROM audit_log WHERE false",
            "TRUNCATE audit_log",
            "DELETE FROM audit_heads",
            "TRUNCATE audit_heads",
            "UPDATE audit_heads SET number = number",
            "UPDATE audit_heads SET number = 0",
            "UPDATE audit_heads SET number = number + 1, chain = 'x'",
            "SET session_replication_role = replica; UPDATE audit_log SET actor = 'x'",
            "SELECT audit_append('x', '[]')",
            "SELECT audit_append(NULL, '{}')",
        ] {
            let error = sqlx::raw_sql(sql).execute(&mut *connection).await.expect_err(sql).to_string();
            assert!(error.contains("append-only") || error.contains("needs a kind"), "{sql}: {error}");
        }
        assert_eq!(count(connection, "SELECT audit_append('empty', '{}')").await, 2);
        assert_eq!(count(connection, BROKEN).await, 0);
    });
}
