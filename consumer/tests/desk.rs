//! What people do: lists from files, labels, investigations, blocks; by whom, and what is refused.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::fmt::Write as _;

use common::*;
use consumer::desk::{Desk, ListRow, RowFormat, Verdict, Which};
use consumer::{Error, Kind, ListAction, Role};
use events::Severity;
use sqlx::Connection;

/// A login with a role, and its URL.
fn login(db: &Db, who: &str, role: Role) -> String {
    let (server, name) = db.owner_url.rsplit_once('/').unwrap();
    let host = server.rsplit('@').next().unwrap();
    let login = format!("{name}_{who}");
    consumer::login(&db.owner_url, &login, "pw", role).unwrap();
    format!("postgres://{login}:pw@{host}/{name}")
}

fn import(desk: &mut Desk, text: &str, format: RowFormat, defaults: &ListRow) -> Result<(u64, u64), Error> {
    desk.list_import(text.as_bytes(), format, defaults, |_| ()).map(|done| (done.rows, done.changed))
}

fn export(desk: &mut Desk, which: &Which, format: RowFormat) -> String {
    let mut text = Vec::new();
    desk.list_export(which, format, &mut text).unwrap();
    String::from_utf8(text).unwrap()
}

const CSV: &str = "value,kind,action,match,reason,expires_at\n\
    \"Shop, \"\"the\"\" best\",merchant,block,,\"two\nlines\",\n\
    203.0.113.0/24,ip,watch,,x,2099-01-01T00:00:00Z\n\
    4000,bin,allow,exact,x,\n";

#[test]
fn what_is_exported_is_imported_as_it_was() {
    let Some(db) = db() else { return };
    let url = login(&db, "ann", Role::Analyst);
    let mut desk = Desk::open(&url).unwrap();
    assert_eq!(import(&mut desk, CSV, RowFormat::Csv, &ListRow::default()).unwrap(), (3, 3));
    assert_eq!(import(&mut desk, CSV, RowFormat::Csv, &ListRow::default()).unwrap(), (3, 0), "nothing new");
    let rows = "SELECT kind, value, match, action, reason, expires_at FROM list_entries ORDER BY kind, value";
    let before = db.rows(rows);
    assert_eq!(before.len(), 6);
    for format in [RowFormat::Csv, RowFormat::JsonLines] {
        let text = export(&mut desk, &Which::default(), format);
        db.execute("DELETE FROM list_entries");
        assert_eq!(import(&mut desk, &text, format, &ListRow::default()).unwrap(), (6, 6));
        assert_eq!(db.rows(rows), before);
    }
    let blocked = Which { action: Some(ListAction::Block), text: Some("SHE".into()), ..Which::default() };
    assert_eq!(export(&mut desk, &blocked, RowFormat::Csv).lines().count(), 2);
    let name = url.split(['/', ':']).nth(3).unwrap();
    assert_eq!(
        db.row("SELECT string_agg(DISTINCT author, ' ') FROM list_entries"),
        name,
        "an import is by whoever imports"
    );
    desk.close();
}

#[test]
fn a_wrong_line_is_named_and_nothing_is_imported() {
    let Some(db) = db() else { return };
    let mut desk = Desk::open(&db.writer_url).unwrap();
    let defaults = ListRow { action: Some("block".into()), reason: Some("r".into()), ..ListRow::default() };
    let mut text = "kind,value,expires_at\n".to_owned();
    for i in 0..25_000 {
        writeln!(text, "account,A-{i},").unwrap();
    }
    text.push_str("ip,203.0.113.7/24,\nshop,x,\naccount,,\naccount,x,yesterday\naccount,x,2020-01-01T00:00:00Z\nbin,40x,\na,b\n");
    let said = import(&mut desk, &text, RowFormat::Csv, &defaults).unwrap_err().to_string();
    for words in [
        "7 lines are wrong",
        "line 25002: 203.0.113.7/24 has bits right of its mask",
        "line 25003: no kind \"shop\"",
        "line 25004: no value",
        "line 25005: expires_at",
        "line 25006: expires_at",
        "line 25007: not the first digits of a card",
        "line 25008: ",
    ] {
        assert!(said.contains(words), "{words}: {said}");
    }
    assert_eq!(db.row("SELECT count(*) FROM list_entries"), "3");
    let json = "{\"kind\":\"account\",\"value\":\"A\"}\n\n{\"kind\":\"account\",\"valeu\":\"A\"}\nnonsense\n";
    let said = import(&mut desk, json, RowFormat::JsonLines, &defaults).unwrap_err().to_string();
    assert!(said.contains("line 3: unknown field `valeu`") && said.contains("line 4: "), "{said}");
    let said = import(&mut desk, "kind,valeu\n", RowFormat::Csv, &defaults).unwrap_err().to_string();
    assert!(said.contains("line 1: no column \"valeu\""), "{said}");
    // The desk goes on after all that.
    assert_eq!(import(&mut desk, "kind,value\naccount,A\n", RowFormat::Csv, &defaults).unwrap(), (1, 1));
    let id = db.row("SELECT id FROM list_entries WHERE value = 'A'");
    let removed = desk.list_remove(Kind::Account, "a", ListAction::Block, "r", None).unwrap();
    assert_eq!(removed.to_string(), id);
    let said = desk.list_remove(Kind::Account, "a", ListAction::Block, "r", None).unwrap_err().to_string();
    assert!(said.contains("account a (nocase) is not on the block list"), "{said}");
}

/// A transaction, two alerts and what a blocking decision leaves.
fn something_to_work_on(db: &Db) {
    let log = log();
    let more = r#","merchant":"Corner""#;
    send(
        log.as_ref(),
        &[
            transaction("t1", "ACC-1", "5", MARCH, more),
            transaction("t2", "ACC-1", "5", MARCH + 10, more),
            alert("velocity", Severity::High, "t1", "ACC-1", MARCH).in_window(
                "velocity",
                MARCH,
                MARCH + 60_000,
            ),
            alert("velocity", Severity::High, "t2", "ACC-1", MARCH + 10).in_window(
                "velocity",
                MARCH,
                MARCH + 60_000,
            ),
        ],
    );
    drain(&log, db);
    db.execute(
        "INSERT INTO investigations (account_id, opened_at, updated_at, first_transaction_id, last_transaction_id,
             last_event_time, highest_score) VALUES ('ACC-W', now(), now(), 't1', 't2', now(), 75);
         INSERT INTO account_blocks (account_id, blocked_at, until, transaction_id, decision_version, reason)
         VALUES ('ACC-W', now(), now() + interval '1 day', 't2', 1, 'because'),
                ('ACC-OLD', now() - interval '2 days', now() - interval '1 day', 't2', 1, 'because')",
    );
}

const AUDIT: &str = "SELECT actor, content->>'kind', content->'before', content->'after', content->>'reason'
    FROM audit_log WHERE content->>'kind' = ";

#[test]
fn a_label_is_a_disposition_a_label_a_record_and_an_audit_row() {
    let Some(db) = db() else { return };
    something_to_work_on(&db);
    let mut desk = Desk::open(&login(&db, "ann", Role::Analyst)).unwrap();
    assert_eq!(desk.label_transaction("t1", Verdict::Fraud, "called", Some("stolen card")).unwrap(), 1);
    assert_eq!(desk.label_transaction("t1", Verdict::Legitimate, "called again", None).unwrap(), 2);
    let alert = db.row("SELECT alert_id FROM fraud_alerts");
    assert_eq!(desk.label_alert(&alert, Verdict::Fraud, "all of it", None).unwrap(), 2);
    assert_eq!(
        db.rows("SELECT id, verdict, transaction_id, account_id, alert_id IS NULL, kind, reason FROM dispositions ORDER BY id"),
        [
            "1,fraud,t1,ACC-1,t,\"stolen card\",called",
            "2,legitimate,t1,ACC-1,t,,\"called again\"",
            "3,fraud,t1,ACC-1,f,,\"all of it\"",
            "4,fraud,t2,ACC-1,f,,\"all of it\""
        ]
    );
    assert_eq!(
        db.rows("SELECT transaction_id, is_fraud, event_time, source_partition, source_offset FROM labels ORDER BY 1"),
        ["t1,t,\"2024-03-01 00:00:00+00\",-1,3", "t2,t,\"2024-03-01 00:00:00.01+00\",-1,4"]
    );
    let records = db.rows(
        "SELECT convert_from(key, 'UTF8') || ' ' || convert_from(value, 'UTF8') FROM outbox
         WHERE topic = 'transaction_labels' ORDER BY id",
    );
    assert_eq!(records.len(), 4);
    for record in &records {
        let record = record.trim_matches('"').replace("\"\"", "\"");
        let (key, value) = record.split_once(' ').unwrap();
        let label = events::Label::from_json(value.as_bytes()).unwrap();
        assert_eq!((key, label.account_id.as_deref()), ("ACC-1", Some("ACC-1")), "the contract reads it");
    }
    assert_eq!(
        db.row(&format!("SELECT count(*) FROM ({AUDIT} 'label_transaction') a WHERE actor LIKE '%_ann'")),
        "2"
    );
    assert_eq!(
        db.row(
            "SELECT content->'before'->>'is_fraud', content->'after'->>'is_fraud' FROM audit_log
                WHERE content->>'disposition' = '2'"
        ),
        "true,false"
    );
    assert_eq!(
        db.row("SELECT content->'transactions' FROM audit_log WHERE content->>'kind' = 'label_alert'"),
        r#""[""t1"", ""t2""]""#
    );
    for (error, words) in [
        (
            desk.label_transaction("nope", Verdict::Fraud, "r", None).map(drop),
            "no transaction 'nope' is stored",
        ),
        (
            desk.label_transaction("t1", Verdict::Fraud, " ", None).map(drop),
            "the reason of a label is needed",
        ),
        (
            desk.label_transaction("t1", Verdict::Inconclusive, "r", None).map(drop),
            "no verdict 'inconclusive'",
        ),
        (desk.label_alert("nonsense", Verdict::Fraud, "r", None).map(drop), "no alert id"),
    ] {
        let error = error.unwrap_err().to_string();
        assert!(error.contains(words), "{error}");
    }
}

#[test]
fn investigations_and_blocks_are_worked_and_each_step_is_audited() {
    let Some(db) = db() else { return };
    something_to_work_on(&db);
    let mut desk = Desk::open(&login(&db, "ann", Role::Analyst)).unwrap();
    let found = desk.investigations(false, 10).unwrap();
    let ours = found.iter().find(|found| found.account_id == "ACC-W").unwrap().id;
    desk.assign_investigation(ours, None).unwrap();
    desk.assign_investigation(ours, Some("bob")).unwrap();
    desk.close_investigation(ours, Verdict::Inconclusive, Some("no answer")).unwrap();
    let again = desk.close_investigation(ours, Verdict::Fraud, None).unwrap_err();
    assert!(again.to_string().contains("was closed by"), "{again}");
    desk.unblock_account("ACC-W", "the customer has a new card").unwrap();
    for account in ["ACC-W", "ACC-OLD", "ACC-NONE"] {
        let error = desk.unblock_account(account, "r").unwrap_err().to_string();
        assert!(error.contains(&format!("account '{account}' is not blocked")), "{error}");
    }
    assert_eq!(
        db.row("SELECT status, outcome, note, assigned_to, closed_by LIKE '%_ann' FROM investigations WHERE account_id = 'ACC-W'"),
        "closed,inconclusive,\"no answer\",bob,t"
    );
    assert_eq!(
        db.row("SELECT lifted_at IS NOT NULL, lifted_by LIKE '%_ann', lift_reason FROM account_blocks WHERE account_id = 'ACC-W'"),
        "t,t,\"the customer has a new card\""
    );
    assert_eq!(
        db.rows(
            "SELECT content->>'kind', actor LIKE '%_ann', content->'before' IS NOT NULL, content->'after' IS NOT NULL
             FROM audit_log WHERE content->>'account_id' = 'ACC-W' AND chain = 'manual' ORDER BY number"
        ),
        [
            "assign_investigation,t,t,t",
            "assign_investigation,t,t,t",
            "close_investigation,t,t,t",
            "unblock_account,t,t,t"
        ]
    );
}

#[test]
fn who_is_no_analyst_is_told_so() {
    let Some(db) = db() else { return };
    something_to_work_on(&db);
    for (who, role) in [("rob", Role::Reader), ("con", Role::Writer)] {
        let mut desk = Desk::open(&login(&db, who, role)).unwrap();
        for result in [
            desk.label_transaction("t1", Verdict::Fraud, "r", None).map(drop),
            desk.assign_investigation(1, None),
            desk.close_investigation(1, Verdict::Fraud, None),
            desk.unblock_account("ACC-W", "r"),
        ] {
            let Err(Error::Refused { message, hint }) = result else { panic!("{who}: {result:?}") };
            assert!(message.contains("permission denied"), "{message}");
            assert!(hint.unwrap().contains("--role analyst"));
        }
    }
    assert_eq!(db.row("SELECT count(*) FROM dispositions"), "0");
    // A superuser's session that has set the role is the superuser's; an analyst who is one by a group is one.
    db.execute("SET ROLE streamguard_analyst; SELECT label_transaction('t1', 'fraud', 'r')");
    let ann = login(&db, "ann", Role::Analyst);
    let as_ann = Db { owner_url: ann, writer_url: String::new() };
    for table in
        ["dispositions", "investigations", "account_blocks", "list_entries", "labels", "outbox", "audit_log"]
    {
        let sql = format!("DELETE FROM {table}");
        let result = as_ann.block_on(async |connection| {
            sqlx::raw_sql(sqlx::AssertSqlSafe(sql.clone())).execute(connection).await
        });
        assert!(result.unwrap_err().to_string().contains("permission denied"), "{sql}");
    }
}

/// The second waits for the first, so what was before its change is what the first has made of it.
#[test]
fn two_who_label_a_transaction_at_once_each_say_what_they_changed() {
    let Some(db) = db() else { return };
    something_to_work_on(&db);
    let (ann, bob) = (login(&db, "ann", Role::Analyst), login(&db, "bob", Role::Analyst));
    let alert = db.row("SELECT alert_id FROM fraud_alerts");
    let second = [
        "SELECT label_transaction('t1', 'legitimate', 'was me')".to_owned(),
        format!("SELECT label_alert('{alert}', 'legitimate', 'was me')"),
    ];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let open = |url: &str| runtime.block_on(sqlx::PgConnection::connect(url)).unwrap();
    let run = |connection: &mut sqlx::PgConnection, sql: &str| {
        runtime.block_on(sqlx::raw_sql(sqlx::AssertSqlSafe(sql.to_owned())).execute(connection)).unwrap();
    };
    let mut first = open(&ann);
    for (number, sql) in second.into_iter().enumerate() {
        run(&mut first, "BEGIN; SELECT label_transaction('t1', 'fraud', 'seen')");
        let bob = bob.clone();
        let waiting = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let mut connection = sqlx::PgConnection::connect(&bob).await.unwrap();
                sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
            });
        });
        eventually(
            &db,
            "SELECT count(*) FROM pg_stat_activity WHERE usename LIKE '%_bob' AND wait_event_type = 'Lock'
             AND datname = current_database()",
            "1",
        );
        run(&mut first, "COMMIT");
        waiting.join().unwrap();
        let before = ["before'->>'is_fraud", "before'->>'t1"][number];
        assert_eq!(
            db.row(&format!(
                "SELECT content->'{before}' FROM audit_log WHERE chain = 'manual' ORDER BY number DESC LIMIT 1"
            )),
            "true"
        );
    }
}
