//! Alerts as a real ksqlDB writes them: no headers; the key is the account and the window's bounds, made by
//! Kafka Streams' own serializers (`tests/interop/Keys.java`); the account is not in the value.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use broker::{Broker, Outgoing, ProducerConfig};
use common::*;

const HOUR: i64 = 3_600_000;

/// What a windowed table is keyed by: `time` or `session`, account, start, end.
type Key<'a> = (&'a str, &'a str, i64, i64);

const KEYS: [Key<'static>; 4] = [
    ("time", "ACC-1", MARCH, MARCH + HOUR),
    ("time", "ACC-1", MARCH + HOUR, MARCH + 2 * HOUR),
    ("time", "Käufer 2", MARCH, MARCH + HOUR),
    ("session", "ACC-3", MARCH + 1_000, MARCH + 61_000),
];

/// The keys as Kafka Streams writes them. None: no Java or no Kafka here.
fn keys() -> Option<Vec<Vec<u8>>> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/interop/Keys.java");
    let mut java = servers::java_program(&source)?;
    for (kind, account, start, end) in KEYS {
        java.args([kind, account, &start.to_string(), &end.to_string()]);
    }
    // Whatever the machine's own, arguments are UTF-8.
    let output = java.env("LC_ALL", "C.UTF-8").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    let bytes = |line: &str| {
        (0..line.len() / 2).map(|i| u8::from_str_radix(&line[2 * i..2 * i + 2], 16).unwrap()).collect()
    };
    Some(text.lines().map(bytes).collect())
}

/// Appends an alert without headers. ksqlDB's table does not repeat its key in the value.
fn send_alert(log: &Arc<dyn Broker>, key: &[u8], transaction: &str, at: i64, kind: &str) {
    let value = format!(
        r#"{{"TRANSACTION_ID":"{transaction}","AMOUNT":12.50,"FRAUD_TYPE":"{kind}","FRAUD_REASON":"because","RISK_SCORE":75,"TOTAL":3}}"#
    );
    let mut producer = log.producer(&ProducerConfig::default()).unwrap();
    producer
        .produce(&Outgoing {
            topic: "fraud_alerts",
            partition: None,
            key: Some(key),
            value: Some(value.as_bytes()),
            timestamp: at,
            headers: &[],
        })
        .unwrap();
    producer.flush(Duration::from_secs(5)).unwrap();
}

#[test]
fn account_and_window_come_from_the_key_that_kafka_streams_made() {
    let (Some(db), Some(keys)) = (db(), keys()) else { return };
    let log = log();
    let accounts = ["ACC-1", "ACC-1", "Käufer 2", "ACC-3"];
    let transactions: Vec<Rec> = accounts
        .iter()
        .enumerate()
        .map(|(i, account)| transaction(&format!("t{i}"), account, "12.5", MARCH + 10_000, ""))
        .collect();
    send(log.as_ref(), &transactions);
    for (i, key) in keys.iter().enumerate() {
        send_alert(&log, key, &format!("t{i}"), MARCH + 10_000, "VELOCITY");
    }
    // The same window crosses again, by another transaction, and another rule fires in it.
    send_alert(&log, &keys[0], "t1", MARCH + 20_000, "VELOCITY");
    send_alert(&log, &keys[0], "t0", MARCH + 20_000, "CARD_TESTING");
    drain(&log, &db);
    assert_eq!(
        db.rows(
            "SELECT rule_name, account_id, extract(epoch FROM window_start)::bigint - 1709251200 AS starts,
                 extract(epoch FROM window_end)::bigint - 1709251200 AS ends, occurrences
             FROM fraud_alerts ORDER BY rule_name, account_id, starts"
        ),
        [
            "CARD_TESTING,ACC-1,0,,1",
            "VELOCITY,ACC-1,0,,2",
            "VELOCITY,ACC-1,3600,,1",
            "VELOCITY,ACC-3,1,61,1",
            "VELOCITY,\"Käufer 2\",0,,1",
        ],
        "the time window's key holds no end"
    );
    assert_eq!(db.row("SELECT DISTINCT rule_version FROM fraud_alerts"), "external");
    let before = db.rows("SELECT alert_id, occurrences FROM fraud_alerts ORDER BY 1");
    let expected: Vec<String> = accounts
        .iter()
        .zip([MARCH, MARCH + HOUR, MARCH, MARCH + 1_000])
        .map(|(account, start)| {
            events::alert_id("VELOCITY", "external", account.as_bytes(), events::AlertOrigin::Window(start))
                .to_string()
        })
        .collect();
    assert!(expected.iter().all(|id| before.iter().any(|row| row.starts_with(id.as_str()))), "{before:?}");

    db.execute("UPDATE consumer_offsets SET next_offset = 0 WHERE topic = 'fraud_alerts'");
    drain(&log, &db);
    assert_eq!(db.rows("SELECT alert_id, occurrences FROM fraud_alerts ORDER BY 1"), before, "read again");
    assert_eq!(
        db.row("SELECT count(*) FROM current_decisions WHERE account_id = 'ACC-1' AND version > 0"),
        "2"
    );
}
