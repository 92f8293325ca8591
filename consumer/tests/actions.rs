//! What decisions set in motion: blocks, investigations, notifications, messages; each once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::sync::Arc;

use broker::Broker;
use common::*;
use consumer::Options;
use consumer::decision::Policy;
use consumer::targets::Targets;
use events::Severity;

/// A port that nothing listens on: what is not tried stays pending, and is tried for long.
const TARGETS: &str = "[targets.desk]\nwebhook = { url = \"http://127.0.0.1:9/\" }\nquiet_minutes = 10\n";

fn options(db: &Db) -> Options {
    let mut policy = Policy::default();
    policy.actions.notify.high = vec!["desk".into()];
    policy.actions.notify.critical = vec!["desk".into()];
    Options { policy, targets: Targets::parse(TARGETS).unwrap(), ..Options::new(&db.writer_url) }
}

/// A transaction with an alert about it.
fn alerted(log: &Arc<dyn Broker>, db: &Db, id: &str, severity: Severity, at: i64) {
    send(log.as_ref(), &[transaction(id, "ACC-1", "5", at, ""), alert("r", severity, id, "ACC-1", at)]);
    drain_with(log, options(db));
}

const ACTIONS: &str =
    "SELECT kind, transaction_id, severity, CASE WHEN kind = 'notify' AND state = 'pending' THEN 'sent'
     ELSE state END AS state FROM actions ORDER BY transaction_id, kind, severity";
const INVESTIGATIONS: &str =
    "SELECT account_id, status, transactions, first_transaction_id, last_transaction_id,
     highest_score, highest_severity FROM investigations ORDER BY id";

#[test]
fn a_review_opens_an_investigation_and_a_block_blocks() {
    let Some(db) = db() else { return };
    let log = log();
    alerted(&log, &db, "t1", Severity::High, MARCH);
    assert_eq!(db.rows(ACTIONS), ["notify,t1,high,sent", "open_investigation,t1,high,done"]);
    assert_eq!(db.rows(INVESTIGATIONS), ["ACC-1,open,1,t1,t1,70,high"]);
    assert_eq!(db.row("SELECT count(*) FROM account_blocks"), "0");

    alerted(&log, &db, "t2", Severity::Critical, MARCH + 1_000);
    assert_eq!(db.rows(INVESTIGATIONS), ["ACC-1,open,2,t1,t2,90,critical"], "one open per account");
    assert_eq!(
        db.rows("SELECT account_id, until - blocked_at = interval '24 hours', transactions, transaction_id FROM account_blocks"),
        ["ACC-1,t,1,t2"]
    );
    assert_eq!(
        db.rows(
            "SELECT payload->>'decision', payload->>'score' FROM actions WHERE kind = 'notify' ORDER BY id"
        ),
        ["REVIEW,70", "BLOCK,90"],
        "graver than before: the quiet period does not hold"
    );
    let published = read_all(log.as_ref(), "fraud_decisions");
    let said: Vec<(String, String)> = published
        .iter()
        .map(|record| {
            let value: serde_json::Value = serde_json::from_str(record.value.as_ref().unwrap()).unwrap();
            (
                record.key.clone(),
                format!(
                    "{} {} {}",
                    value["transaction_id"], value["decision"], value["factors"][0]["points"]
                ),
            )
        })
        .collect();
    let both =
        ["\"t1\" \"REVIEW\" 70", "\"t2\" \"BLOCK\" 90"].map(|text| ("ACC-1".to_owned(), text.to_owned()));
    assert_eq!(said, both);
    assert!(published[0].headers.contains(&("idempotency.key".to_owned(), "decision:t1:1".to_owned())));
}

#[test]
fn the_same_cause_acts_once_whatever_is_read_again_or_decided_anew() {
    let Some(db) = db() else { return };
    let log = log();
    alerted(&log, &db, "t1", Severity::Critical, MARCH);
    let before = db.rows(ACTIONS);
    db.execute("UPDATE consumer_offsets SET next_offset = 0");
    drain_with(&log, options(&db));
    assert_eq!(db.rows(ACTIONS), before);

    // A person lifts the block; a further alert about the same transaction revises its decision.
    db.execute("UPDATE account_blocks SET lifted_at = now(), lifted_by = 'ann', lift_reason = 'a mistake'");
    send(log.as_ref(), &[alert("other", Severity::High, "t1", "ACC-1", MARCH + 5)]);
    assert_eq!(drain_with(&log, options(&db)).decisions, 1);
    assert_eq!(db.rows(ACTIONS), before);
    assert_eq!(db.row("SELECT count(*) FROM account_blocks WHERE lifted_at IS NULL"), "0", "it stays lifted");
    assert_eq!(read_all(log.as_ref(), "fraud_decisions").len(), 2, "each version is published");

    // Another transaction is another cause.
    alerted(&log, &db, "t2", Severity::Critical, MARCH + 9);
    assert_eq!(
        db.rows("SELECT transaction_id, lifted_by FROM account_blocks ORDER BY id"),
        ["t1,ann", "t2,"]
    );
}

#[test]
fn a_later_version_that_is_graver_does_more() {
    let Some(db) = db() else { return };
    let log = log();
    alerted(&log, &db, "t1", Severity::High, MARCH);
    send(log.as_ref(), &[alert("other", Severity::Critical, "t1", "ACC-1", MARCH)]);
    drain_with(&log, options(&db));
    assert_eq!(
        db.rows(ACTIONS),
        [
            "block_account,t1,critical,done",
            "notify,t1,high,sent",
            "notify,t1,critical,sent",
            "open_investigation,t1,high,done"
        ]
    );
    assert_eq!(db.rows(INVESTIGATIONS), ["ACC-1,open,1,t1,t1,90,critical"], "its score is raised");
}

#[test]
fn an_account_is_quiet_for_a_while() {
    let Some(db) = db() else { return };
    let log = log();
    // Both in one batch, then one more.
    let both = [("t1", MARCH), ("t2", MARCH + 1_000)];
    let records: Vec<Rec> = both
        .iter()
        .flat_map(|(id, at)| {
            [transaction(id, "ACC-1", "5", *at, ""), alert("r", Severity::High, id, "ACC-1", *at)]
        })
        .collect();
    send(log.as_ref(), &records);
    drain_with(&log, options(&db));
    alerted(&log, &db, "t3", Severity::High, MARCH + 2_000);
    let notified =
        "SELECT transaction_id, state FROM actions WHERE kind = 'notify' AND state = 'suppressed' ORDER BY 1";
    assert_eq!(db.rows(notified), ["t2,suppressed", "t3,suppressed"]);
    assert!(
        db.row("SELECT last_error FROM actions WHERE transaction_id = 't3' AND kind = 'notify'")
            .contains("quiet period")
    );

    db.execute("UPDATE actions SET created_at = created_at - interval '10 minutes'");
    alerted(&log, &db, "t4", Severity::High, MARCH + 3_000);
    assert_eq!(db.rows(notified), ["t2,suppressed", "t3,suppressed"], "it has ended");
    assert_eq!(db.rows(INVESTIGATIONS), ["ACC-1,open,4,t1,t4,70,high"]);
}

#[test]
fn a_block_that_has_ended_makes_room_for_the_next() {
    let Some(db) = db() else { return };
    let log = log();
    alerted(&log, &db, "t1", Severity::Critical, MARCH);
    alerted(&log, &db, "t2", Severity::Critical, MARCH + 1);
    assert_eq!(db.rows("SELECT transactions, transaction_id FROM account_blocks"), ["2,t2"]);
    db.execute(
        "UPDATE account_blocks SET blocked_at = now() - interval '2 days', until = now() - interval '1 day'",
    );
    alerted(&log, &db, "t3", Severity::Critical, MARCH + 2);
    assert_eq!(
        db.rows("SELECT transaction_id, lifted_by, lifted_at = until FROM account_blocks ORDER BY id"),
        ["t2,expiry,t", "t3,,"]
    );
}

#[test]
fn what_was_given_up_is_sent_again_on_demand() {
    let Some(db) = db() else { return };
    let log = log();
    alerted(&log, &db, "t1", Severity::High, MARCH);
    db.execute("UPDATE actions SET state = 'dead', done_at = now(), last_error = 'HTTP 410', attempts = 7 WHERE kind = 'notify'");
    let dead = consumer::actions::list(&db.writer_url, Some("dead"), 10).unwrap();
    assert_eq!((dead.len(), dead[0].last_error.as_deref(), dead[0].attempts), (1, Some("HTTP 410"), 7));
    let nobody = consumer::actions::Selection { target: Some("nobody".into()), ..Default::default() };
    assert_eq!(consumer::actions::retry(&db.writer_url, &nobody).unwrap(), 0);
    let desk = consumer::actions::Selection { target: Some("desk".into()), ids: vec![dead[0].id] };
    assert_eq!(consumer::actions::retry(&db.writer_url, &desk).unwrap(), 1);
    assert_eq!(db.row("SELECT state, attempts FROM actions WHERE kind = 'notify'"), "pending,0");
    assert_eq!(
        db.row("SELECT content->>'transaction_id', content->'before'->>'reason' FROM audit_log WHERE content->>'kind' = 'action_retried'"),
        "t1,\"HTTP 410\""
    );
}
