//! Heads that the consumer publishes, and what they tell of a database that was tampered with.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::path::Path;

use common::*;
use consumer::Options;
use consumer::audit::{FindingKind, Published, Report, TOPIC, verify};
use events::Severity;

/// A run with alerts, and the file of heads.
fn run(log: &std::sync::Arc<dyn broker::Broker>, db: &Db, file: &Path, ids: std::ops::Range<i64>) {
    let records: Vec<Rec> = ids
        .flat_map(|i| {
            let (id, at) = (format!("t{i}"), MARCH + i * 1_000);
            [transaction(&id, "ACC-1", "5", at, ""), alert("velocity", Severity::High, &id, "ACC-1", at)]
        })
        .collect();
    send(log.as_ref(), &records);
    drain_with(log, Options { audit_file: Some(file.to_owned()), ..Options::new(&db.writer_url) });
}

fn verified(db: &Db, published: &Published) -> Report {
    let mut seen = 0;
    let report = verify(&db.owner_url, published, &[], |rows| seen = rows).unwrap();
    assert_eq!(seen, report.rows);
    report
}

fn kinds(report: &Report) -> Vec<FindingKind> {
    report.findings.iter().map(|finding| finding.kind).collect()
}

/// As a superuser who knows how: the last rows of the longest chain go, and its head is set back.
const CUT_OFF: &str =
    "ALTER TABLE audit_log DISABLE TRIGGER ALL; ALTER TABLE audit_heads DISABLE TRIGGER ALL;
    DELETE FROM audit_log WHERE chain = 'manual' AND number > 1;
    UPDATE audit_heads h SET number = l.number, hash = l.hash, at = l.at FROM audit_log l
        WHERE l.chain = h.chain AND l.number = 1 AND h.chain = 'manual';
    ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_append_only;
    ALTER TABLE audit_heads ENABLE ALWAYS TRIGGER audit_heads_stay;
    ALTER TABLE audit_heads ENABLE ALWAYS TRIGGER audit_heads_forward";

#[test]
fn a_tail_that_is_cut_off_with_its_head_is_missed_by_file_and_topic() {
    let Some(db) = db() else { return };
    let (log, directory) = (log(), tempfile::tempdir().unwrap());
    let file = directory.path().join("data/audit_heads.jsonl");
    run(&log, &db, &file, 0..3);
    db.execute("SELECT audit_append('label', '{\"transaction_id\": \"t1\"}')");
    run(&log, &db, &file, 3..5);

    let mut from_file = Published::default();
    from_file.read_file(&file).unwrap();
    assert!(verified(&db, &from_file).is_sound());
    // What is waiting in the outbox reaches the topic.
    let mut from_topic = Published::default();
    from_topic.read_topic(log.as_ref()).unwrap();
    let waiting = format!(
        "SELECT convert_from(value, 'UTF8') FROM outbox WHERE topic = '{TOPIC}' AND published_at IS NULL ORDER BY id"
    );
    let records: Vec<Rec> = db
        .block_on(async |c| sqlx::query_scalar(sqlx::AssertSqlSafe(waiting)).fetch_all(c).await.unwrap())
        .into_iter()
        .map(|value: String| Rec {
            topic: TOPIC,
            partition: None,
            key: "chain".to_owned(),
            value: Some(value),
            timestamp: MARCH,
            headers: Vec::new(),
        })
        .collect();
    if !records.is_empty() {
        let _ = log.create_topics(&[broker::TopicSpec::retained(TOPIC, 1)]);
        send(log.as_ref(), &records);
    }
    from_topic.read_topic(log.as_ref()).unwrap();
    assert_eq!(from_topic, from_file);

    let nothing = Published::default();
    assert!(verified(&db, &nothing).is_sound());
    let last = db.row("SELECT number FROM audit_heads WHERE chain = 'manual'").parse().unwrap();
    db.execute(CUT_OFF);
    assert!(verified(&db, &nothing).is_sound(), "without what was published nobody knows of the tail");
    let report = verified(&db, &from_topic);
    assert_eq!(kinds(&report), [FindingKind::CutOff, FindingKind::HeadChanged], "{report}");
    let first = &report.findings[0];
    assert_eq!((first.chain.as_deref(), first.first, first.last), (Some("manual"), Some(2), Some(last)));
    assert!(serde_json::to_string(&report).unwrap().contains(r#""kind":"cut_off""#));
}

#[test]
fn heads_of_another_database_are_a_finding_unless_it_is_known() {
    let (Some(one), Some(other)) = (db(), db()) else { return };
    let (log_one, log_other) = (log(), log());
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("audit_heads.jsonl");
    run(&log_one, &one, &file, 0..1);
    run(&log_other, &other, &file, 0..1);
    let mut published = Published::default();
    published.read_file(&file).unwrap();
    let report = verified(&one, &published);
    assert_eq!(kinds(&report), [FindingKind::Published], "{report}");
    let known = verify(&other.owner_url, &Published::default(), &[], |_| ()).unwrap().database.unwrap();
    assert!(verify(&one.owner_url, &published, &[known], |_| ()).unwrap().is_sound());
}

#[test]
fn a_trigger_that_is_off_is_a_finding() {
    let Some(db) = db() else { return };
    db.execute("ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only");
    let report = verified(&db, &Published::default());
    assert_eq!(kinds(&report), [FindingKind::Unprotected], "{report}");
    assert!(report.to_string().contains("audit_log_append_only is missing, off or replaced"), "{report}");
}

#[test]
fn a_torn_last_line_is_left_out_and_cut_off_and_a_damaged_one_is_said() {
    let Some(db) = db() else { return };
    let (log, directory) = (log(), tempfile::tempdir().unwrap());
    let file = directory.path().join("audit_heads.jsonl");
    run(&log, &db, &file, 0..1);
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, [whole.as_slice(), br#"{"database":"#].concat()).unwrap();
    let mut published = Published::default();
    published.read_file(&file).unwrap();
    assert!(verified(&db, &published).is_sound());
    run(&log, &db, &file, 1..2);
    let mut again = Published::default();
    again.read_file(&file).unwrap();
    assert!(verified(&db, &again).is_sound());
    std::fs::write(&file, [b"{}\n".as_slice(), &whole].concat()).unwrap();
    let error = again.read_file(&file).unwrap_err().to_string();
    assert!(error.contains("audit_heads.jsonl:1: no published head"), "{error}");
}
