//! The tours of docs/tours.md, as they stand, on a database in which an account was blocked.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::*;
use consumer::Role;
use events::Severity;
use sqlx::Connection;

/// What the actions of the decision leave, where nothing has carried them out yet.
const BLOCKED: &str = "
    INSERT INTO account_blocks (account_id, blocked_at, until, transaction_id, decision_version, reason)
        SELECT account_id, decided_at, now() + interval '1 day', transaction_id, version, reason
        FROM decisions WHERE transaction_id = 't700' AND decision = 'BLOCK'
        ON CONFLICT DO NOTHING;
    INSERT INTO investigations (account_id, opened_at, updated_at, first_transaction_id, last_transaction_id,
            last_event_time, highest_score, highest_severity)
        SELECT account_id, decided_at, decided_at, transaction_id, transaction_id, event_time, score, severity
        FROM decisions WHERE transaction_id = 't700' AND decision = 'BLOCK'
        ON CONFLICT DO NOTHING";

#[test]
fn the_tours_run_as_they_are_written() {
    let Some(server) = servers::postgres() else { return };
    let db = db_in(server);
    let log = log();
    let rule = Rec {
        topic: "rules",
        partition: None,
        key: "velocity".into(),
        value: Some(
            r#"{"name":"velocity","version":"v1","mode":"live","severity":"high","sql":"SELECT 1"}"#.into(),
        ),
        timestamp: MARCH,
        headers: Vec::new(),
    };
    send(
        log.as_ref(),
        &[
            rule,
            transaction("t699", "ACC-7", "20", MARCH, r#","merchant":"Corner""#),
            transaction("t700", "ACC-7", "900", MARCH + 60_000, r#","merchant":"Shein""#),
            alert("velocity", Severity::High, "t700", "ACC-7", MARCH + 60_000),
        ],
    );
    drain(&log, &db);
    db.execute(BLOCKED);

    let analyst = format!("ann_{}", std::process::id());
    consumer::login(&db.owner_url, &analyst, "s3cret", Role::Analyst).unwrap();
    let name = db.owner_url.rsplit('/').next().unwrap();
    let url = format!("postgres://{analyst}:s3cret@127.0.0.1:{}/{name}", server.port());
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/tours.md")).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut connection = runtime.block_on(sqlx::PgConnection::connect(&url)).unwrap();
    let mut asked = 0;
    let mut rest = page.as_str();
    while let Some((before, after)) = rest.split_once("```sql\n") {
        let (query, after) = after.split_once("```").unwrap();
        let query_text = sqlx::AssertSqlSafe(query.to_owned());
        let rows = runtime.block_on(sqlx::raw_sql(query_text).fetch_all(&mut connection));
        let rows = rows.unwrap_or_else(|error| panic!("{query}\n{error}"));
        assert_eq!(rows.is_empty(), before.trim_end().ends_with("<!-- empty -->"), "{query}");
        asked += 1;
        rest = after;
    }
    assert!(asked > 15, "{asked}");
    let done = "SELECT kind FROM audit_trail WHERE actor LIKE 'ann%' ORDER BY number";
    assert_eq!(
        db.rows(done),
        ["assign_investigation", "label_transaction", "unblock_account", "close_investigation"]
    );
}
