//! What the consumer stores and decides, on a real PostgreSQL with a log in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::*;
use events::Severity;

const DECISIONS: &str =
    "SELECT transaction_id, decision, severity, version FROM current_decisions ORDER BY 1";

#[test]
fn transactions_alerts_and_decisions_are_stored() {
    let Some(db) = db() else { return };
    let log = log();
    send(
        log.as_ref(),
        &[
            transaction("t1", "ACC-1", "12.3456", MARCH, r#","merchant":"Corner","loyalty":{"tier":2}"#),
            transaction("t2", "ACC-1", "6000", MARCH + 1000, ""),
            transaction("t3", "ACC-2", "7", MARCH + 2000, r#","merchant":"aliexpress""#),
            transaction("t4", "acc-9999", "7", MARCH + 3000, ""),
            alert("high_amount", Severity::High, "t2", "ACC-1", MARCH + 1000),
        ],
    );
    let summary = drain(&log, &db);
    assert_eq!((summary.transactions, summary.alerts, summary.decisions), (4, 1, 3), "{summary}");
    assert_eq!(
        db.rows(DECISIONS),
        ["t1,APPROVE,,0", "t2,REVIEW,high,1", "t3,BLOCK,critical,1", "t4,BLOCK,critical,1"]
    );
    assert_eq!(
        db.row("SELECT amount, merchant, extra->'loyalty'->>'tier', event_time FROM transactions WHERE transaction_id = 't1'"),
        r#"12.3456,Corner,2,"2024-03-01 00:00:00+00""#
    );
    assert_eq!(
        db.row("SELECT reason FROM current_decisions WHERE transaction_id = 't3'"),
        r#""merchant AliExpress is on the block list""#
    );
}
