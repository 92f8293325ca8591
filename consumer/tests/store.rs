//! What the consumer stores and decides, on a real PostgreSQL with a log in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::*;
use consumer::Options;
use events::{Severity, headers};

const DECISIONS: &str =
    "SELECT transaction_id, decision, severity, version FROM current_decisions ORDER BY 1";
const DAY: i64 = 86_400_000;

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
        db.row(
            "SELECT amount, merchant, extra->'loyalty'->>'tier', event_time FROM transactions
             WHERE transaction_id = 't1'"
        ),
        r#"12.3456,Corner,2,"2024-03-01 00:00:00+00""#
    );
    assert_eq!(
        db.row("SELECT reason FROM current_decisions WHERE transaction_id = 't3'"),
        r#""merchant AliExpress is on the block list (+100)""#
    );
}

#[test]
fn every_column_and_number_arrives_exactly() {
    let Some(db) = db() else { return };
    let log = log();
    let more = r#","currency":"EUR","merchant":"M","category":"C","transaction_type":"transfer","country":"DE",
        "city":"Köln","latitude":50.9375,"longitude":-6.9603,"channel":"online","card_present":false,"card_bin":"400000",
        "terminal_id":"T","counterparty_account_id":"ACC-2","device_id":"D","ip":"::1","note":"x"#;
    let amounts =
        ["0.0001", "79228162514264337593543950335", "10000", "99999999.99990000", "\"5.10\"", "1e3"];
    let records: Vec<Rec> = amounts
        .iter()
        .enumerate()
        .map(|(i, amount)| transaction(&format!("t{i}"), "ACC-1", amount, MARCH, &format!("{more}\"")))
        .collect();
    send(log.as_ref(), &records);
    assert_eq!(drain(&log, &db).transactions, 6);
    assert_eq!(
        db.rows("SELECT amount::numeric FROM transactions ORDER BY transaction_id"),
        ["0.0001", "79228162514264337593543950335", "10000", "99999999.99990000", "5.10", "1000"]
    );
    assert_eq!(
        db.row(
            "SELECT currency, merchant, category, transaction_type, country, city, latitude, longitude, channel,
                    card_present, card_bin, terminal_id, counterparty_account_id, device_id, ip, extra->>'note'
             FROM transactions WHERE transaction_id = 't0'"
        ),
        "EUR,M,C,transfer,DE,Köln,50.9375,-6.9603,online,f,400000,T,ACC-2,D,::1,x"
    );
}

#[test]
fn bad_records_become_dead_letters_while_the_rest_flows() {
    let Some(db) = db() else { return };
    let log = log();
    let mut broken = transaction("t0", "ACC-1", "1", MARCH, "");
    broken.value = Some("{not json".into());
    let deep = format!(r#","x":{}1{}"#, "[".repeat(99), "]".repeat(99));
    send(
        log.as_ref(),
        &[
            broken.with("trace", "abc"),
            transaction("t1", "ACC-1", "\"abc\"", MARCH, ""),
            transaction("t2", "ACC-1", "5", MARCH, ""),
            transaction("t3", "ACC-1", "5", -DAY * 366, ""),
            transaction("t4", "ACC-1", "5", 4_102_444_800_000, ""),
            transaction("t5", "ACC-1", "5", MARCH, &deep),
        ],
    );
    let summary = drain(&log, &db);
    assert_eq!((summary.transactions, summary.dead_letters), (2, 4), "{summary}");
    let reasons = db.rows("SELECT reason FROM dead_letters ORDER BY \"offset\"").join("\n");
    for part in ["amount", "1968", "2100-01-01", "too far ahead"] {
        assert!(reasons.contains(part), "{reasons}");
    }
    assert_eq!(
        db.row("SELECT sum(records), sum(dead_letters) FROM consumer_offsets WHERE topic = 'transactions'"),
        "6,4"
    );
    assert_eq!(db.row("SELECT count(*) FROM dead_letters WHERE published_at IS NULL"), "0");
    let published = read_all(log.as_ref(), "transactions.dlq");
    assert_eq!(published.len(), 4);
    assert_eq!(published[0].value.as_deref(), Some("{not json"));
    assert!(published[0].key.starts_with("transactions/") && published[0].key.ends_with("/0"));
    let header = |name: &str| published[0].headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    assert_eq!(header(headers::DLQ_STAGE), Some("consumer"));
    assert_eq!(header("trace"), Some("abc"));
    assert_eq!(header(headers::DLQ_SOURCE_OFFSET), Some("0"));
}

#[test]
fn a_row_that_postgresql_refuses_is_found_and_the_rest_is_stored() {
    let Some(db) = db() else { return };
    let log = log();
    db.execute("ALTER TABLE transactions ADD CONSTRAINT no_seven CHECK (amount <> 7)");
    let records: Vec<Rec> = (0..500)
        .map(|i| transaction(&format!("t{i}"), "ACC-1", if i % 200 == 99 { "7" } else { "5" }, MARCH + i, ""))
        .collect();
    send(log.as_ref(), &records);
    let summary = drain(&log, &db);
    assert_eq!((summary.transactions, summary.dead_letters), (497, 3), "{summary}");
    assert_eq!(
        db.row("SELECT count(*) FROM dead_letters WHERE reason LIKE 'PostgreSQL refused it: %no_seven%'"),
        "3"
    );
    assert_eq!(db.row("SELECT transactions FROM account_risk_profile"), "497");
}

#[test]
fn a_repeat_is_counted_and_stored_once() {
    let Some(db) = db() else { return };
    let log = log();
    let one = transaction("t1", "ACC-1", "5", MARCH, r#","merchant":"Shein""#);
    send(log.as_ref(), &[one.clone(), one.clone(), transaction("t2", "ACC-1", "3", MARCH, "")]);
    let summary = drain(&log, &db);
    assert_eq!((summary.transactions, summary.repeats, summary.decisions), (2, 1, 1), "{summary}");
    send(log.as_ref(), &[one, transaction("t3", "ACC-1", "3", MARCH, "")]);
    let summary = drain(&log, &db);
    assert_eq!((summary.transactions, summary.repeats, summary.decisions), (1, 1, 0), "{summary}");
    assert_eq!(db.row("SELECT sum(repeats) FROM consumer_offsets"), "2");
    assert_eq!(db.row("SELECT transactions, total_amount, blocked FROM account_risk_profile"), "3,11,1");
}

#[test]
fn partitions_are_made_for_every_day_that_comes() {
    let Some(db) = db() else { return };
    let log = log();
    let year: Vec<Rec> = (0..366)
        .map(|day| transaction(&format!("t{day}"), "ACC-1", "5", MARCH - 60 * DAY + day * DAY, ""))
        .collect();
    send(log.as_ref(), &year);
    send(log.as_ref(), &[alert("a", Severity::Low, "t1", "ACC-1", MARCH - 40 * DAY)]);
    assert_eq!(drain(&log, &db).transactions, 366);
    let children = |parent: &str| {
        db.row(&format!("SELECT count(*) FROM pg_inherits WHERE inhparent = '{parent}'::regclass"))
    };
    assert_eq!(
        (children("transactions"), children("fraud_alerts"), children("alert_occurrences")),
        ("366".into(), "1".into(), "1".into())
    );
    assert_eq!(db.row("SELECT count(*) FROM transactions_20240229"), "1");
    assert_eq!(
        db.row("SELECT tableowner FROM pg_tables WHERE tablename = 'transactions_20240229'"),
        "streamguard_owner"
    );
    db.execute("DROP TABLE transactions_20240229");
    send(log.as_ref(), &[transaction("again", "ACC-1", "5", MARCH - DAY, "")]);
    assert_eq!(drain(&log, &db).transactions, 1);
}

#[test]
fn profiles_labels_and_rules_are_the_latest() {
    let Some(db) = db() else { return };
    let log = log();
    let rec = |topic, key: &str, value: Option<&str>| Rec {
        topic,
        partition: None,
        key: key.into(),
        value: value.map(str::to_owned),
        timestamp: MARCH,
        headers: Vec::new(),
    };
    let rule = |version: &str| {
        format!(r#"{{"name":"r","version":"{version}","mode":"live","severity":"high","sql":"SELECT 1"}}"#)
    };
    let (v1, v2) = (rule("1"), rule("2"));
    send(
        log.as_ref(),
        &[
            rec("customer_profiles", "A", Some(r#"{"account_id":"A","risk_level":"low"}"#)),
            rec(
                "customer_profiles",
                "A",
                Some(r#"{"account_id":"A","risk_level":"high","daily_spending_limit":10.5}"#),
            ),
            rec("customer_profiles", "B", Some(r#"{"account_id":"B"}"#)),
            rec("customer_profiles", "B", None),
            rec(
                "transaction_labels",
                "A",
                Some(r#"{"transaction_id":"t1","account_id":"A","is_fraud":false}"#),
            ),
            rec(
                "transaction_labels",
                "A",
                Some(r#"{"transaction_id":"t1","account_id":"A","is_fraud":true,"kind":"burst"}"#),
            ),
            rec("rules", "r", Some(&v1)),
            rec("rules", "r", Some(&v2)),
        ],
    );
    drain(&log, &db);
    assert_eq!(
        db.rows("SELECT account_id, risk_level, daily_spending_limit FROM customer_profiles"),
        ["A,high,10.5"]
    );
    assert_eq!(db.rows("SELECT transaction_id, is_fraud, kind FROM labels"), ["t1,t,burst"]);
    let rules = "SELECT rule_name, version, active FROM rule_versions ORDER BY 2";
    assert_eq!(db.rows(rules), ["r,1,f", "r,2,t"]);
    send(log.as_ref(), &[rec("rules", "r", None)]);
    drain(&log, &db);
    assert_eq!(db.rows(rules), ["r,1,f", "r,2,f"]);
}

#[test]
fn the_views_add_up() {
    let Some(db) = db() else { return };
    let log = log();
    let label = |id: &str, fraud: bool| Rec {
        topic: "transaction_labels",
        partition: None,
        key: "ACC-1".into(),
        value: Some(format!(r#"{{"transaction_id":"{id}","is_fraud":{fraud}}}"#)),
        timestamp: MARCH,
        headers: Vec::new(),
    };
    let mut records = Vec::new();
    for i in 0..10 {
        let (id, at) = (format!("t{i}"), MARCH + i * DAY / 4);
        records.push(transaction(&id, "ACC-1", "100", at, ""));
        records.push(label(&id, i < 3));
        if i % 4 == 2 {
            records.push(alert("burst", Severity::High, &id, "ACC-1", at));
        }
    }
    send(log.as_ref(), &records);
    drain(&log, &db);
    assert_eq!(
        db.rows("SELECT * FROM fraud_rate ORDER BY day NULLS LAST"),
        [
            "2024-03-01,4,4,3,75.000,1,1,33.333,100.000",
            "2024-03-02,4,4,0,0.000,1,0,,0.000",
            "2024-03-03,2,2,0,0.000,0,0,,",
            ",10,10,3,30.000,2,1,33.333,50.000",
        ]
    );
    assert_eq!(
        db.rows("SELECT * FROM fraud_statistics ORDER BY hour"),
        [
            r#""2024-03-01 12:00:00+00",burst,1,1,1,12.50,12.50,0.8,high"#,
            r#""2024-03-02 12:00:00+00",burst,1,1,1,12.50,12.50,0.8,high"#
        ]
    );
    assert_eq!(
        db.row(
            "SELECT account_id, transactions, total_amount, alerts, highest_severity, flagged, reviewed, blocked,
                    fraud_rate FROM account_risk_profile"
        ),
        "ACC-1,10,1000,2,high,2,2,0,20.000"
    );
}

/// Few rows go as one INSERT, many as a COPY: the same values by two encodings.
#[test]
fn few_rows_and_many_are_stored_the_same() {
    let (Some(few), Some(many)) = (db(), db()) else { return };
    let more = r#","currency":"EUR","merchant":"Corner","latitude":50.9375,"card_present":true,"extra":[1]"#;
    let transactions: Vec<Rec> = (0..2_400)
        .map(|i| {
            let more = if i % 3 == 0 { more } else { "" };
            transaction(&format!("t{i:04}"), &format!("ACC-{}", i % 40), &format!("{i}.25"), MARCH + i, more)
        })
        .collect();
    let alerts: Vec<Rec> = (0..2_400)
        .map(|i| {
            let severity = if i % 10 == 0 { Severity::High } else { Severity::Medium };
            alert("rule", severity, &format!("t{i:04}"), &format!("ACC-{}", i % 40), MARCH + i)
        })
        .collect();
    for (db, max_batch) in [(&few, 300), (&many, 20_000)] {
        let log = log();
        for records in [&transactions, &alerts] {
            send(log.as_ref(), records);
            let summary = drain_with(&log, Options { max_batch, ..Options::new(&db.writer_url) });
            assert_eq!(summary.batches == 1, max_batch > 2_400, "{summary}");
        }
        // Many of which some are there: the COPY meets a key.
        send(log.as_ref(), &transactions[..2_300]);
        let new = |i| transaction(&format!("n{i}"), "ACC-1", "3", MARCH, "");
        send(log.as_ref(), &(0..100).map(new).collect::<Vec<_>>());
        let summary = drain_with(&log, Options { max_batch, ..Options::new(&db.writer_url) });
        assert_eq!((summary.transactions, summary.repeats), (100, 2_300), "{summary}");
    }
    for sql in [
        "SELECT to_jsonb(t) - 'ingested_at' AS of FROM transactions t ORDER BY transaction_id",
        "SELECT to_jsonb(o) - 'ingested_at' AS of FROM alert_occurrences o ORDER BY transaction_id",
        "SELECT to_jsonb(a) - 'first_seen_at' - 'updated_at' AS of FROM fraud_alerts a ORDER BY transaction_id",
        "SELECT to_jsonb(d) - 'decided_at' AS of FROM decisions d ORDER BY transaction_id, version",
        "SELECT * FROM decision_heads ORDER BY transaction_id",
        "SELECT convert_from(key, 'UTF8'), convert_from(value, 'UTF8')::jsonb - 'decided_at', headers FROM outbox
             WHERE topic = 'fraud_decisions' ORDER BY headers",
        "SELECT content FROM audit_log WHERE content->>'kind' = 'decision' ORDER BY content::text",
    ] {
        let rows = few.rows(sql);
        assert!(rows.len() >= 2_400, "{sql}: {} rows", rows.len());
        let others = many.rows(sql);
        let unlike = rows.iter().zip(&others).find(|(one, other)| one != other);
        assert_eq!((rows.len(), unlike), (others.len(), None), "{sql}");
    }
}
