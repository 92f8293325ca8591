//! The runner on the embedded broker in memory: exactly once over stops, reloads and repartitioning.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "runner/accounting.rs"]
mod accounting;
#[path = "runner/broadcast.rs"]
mod broadcast;
#[path = "runner/catch_up.rs"]
mod catch_up;
#[path = "runner/checkpoints.rs"]
mod checkpoints;
#[path = "runner/derived.rs"]
mod derived;
#[path = "runner/disk.rs"]
mod disk;
#[path = "runner/given_up.rs"]
mod given_up;
#[path = "runner/guarantee.rs"]
mod guarantee;
#[path = "runner/joined_later.rs"]
mod joined_later;
#[path = "runner/joins.rs"]
mod joins;
#[path = "runner/kills.rs"]
mod kills;
#[path = "support/meddler.rs"]
#[allow(dead_code, reason = "each test uses a part of it")]
mod meddler;
#[path = "support/mortal.rs"]
mod mortal;
#[path = "runner/moved.rs"]
mod moved;
#[path = "runner/rebalance.rs"]
mod rebalance;
#[path = "runner/restores.rs"]
mod restores;
#[path = "runner/rule_sets.rs"]
mod rule_sets;
#[path = "support/slow.rs"]
mod slow;
#[path = "runner/split.rs"]
mod split;
mod support;
#[path = "runner/topics.rs"]
mod topics;

use mortal::{Fault, Mortal};
use support::{Rules, Running, drain, eventually, memory, produce, read};

pub(crate) const MINUTE: i64 = 60_000;

const HIGH: &str = "DEFINE high = '5000';\n--@severity: high\n--@description: much\n\
    CREATE STREAM high_amount WITH (KAFKA_TOPIC='fraud_alerts') AS SELECT account_id, transaction_id, amount, \
    'HIGH_AMOUNT' AS fraud_type FROM transactions WHERE amount > ${high};";

pub(crate) const VELOCITY: &str = "--@severity: medium\nCREATE TABLE velocity WITH (KAFKA_TOPIC='fraud_alerts') AS \
    SELECT account_id, LATEST_BY_OFFSET(transaction_id) AS transaction_id, COUNT(*) AS n, SUM(amount) AS total \
    FROM transactions WINDOW TUMBLING (SIZE 1 MINUTE, GRACE PERIOD 10 MINUTES) GROUP BY account_id \
    HAVING COUNT(*) > 3;";

const BY_MERCHANT: &str = "CREATE TABLE merchant_velocity WITH (KAFKA_TOPIC='fraud_alerts') AS \
    SELECT merchant, COUNT(*) AS n, LATEST_BY_OFFSET(transaction_id) AS transaction_id FROM transactions \
    WINDOW TUMBLING (SIZE 1 MINUTE, GRACE PERIOD 10 MINUTES) GROUP BY merchant HAVING COUNT(*) > 2;";

pub(crate) fn burst(
    account: &'static str,
    ids: &'static [&'static str],
) -> Vec<(&'static str, &'static str, &'static str, &'static str, i64)> {
    ids.iter().enumerate().map(|(i, id)| (account, *id, "10.50", "shop", MINUTE + i as i64)).collect()
}

#[test]
fn a_filter_rule_alerts_with_its_headers() {
    let (broker, rules) = (memory(), Rules::new(&[("10_high.sql", HIGH)]));
    produce(
        &broker,
        &[("A", "t1", "5000.01", "m", 1000), ("A", "t2", "5000", "m", 2000), ("B", "t3", "9000", "m", 3000)],
    );
    let summary = drain(&broker, rules.options(None)).unwrap();
    assert_eq!(summary.records, 3);
    let alerts = read(&broker, "fraud_alerts");
    assert_eq!(alerts.len(), 2);
    assert_eq!(alerts[0].key.as_deref(), Some(b"A".as_slice()));
    assert_eq!(
        alerts[0].value.as_deref(),
        Some(r#"{"TRANSACTION_ID":"t1","AMOUNT":5000.0100,"FRAUD_TYPE":"HIGH_AMOUNT"}"#)
    );
    assert_eq!(alerts[0].timestamp, 1000);
    assert_eq!(alerts[0].headers["rule.name"], "HIGH_AMOUNT");
    assert_eq!(alerts[0].headers["rule.severity"], "high");
    assert_eq!(alerts[0].headers["source.topic"], "transactions");
    assert_eq!(alerts[0].headers["source.timestamp"], "1000");
    assert_eq!(alerts[0].headers["alert.id"].len(), 36);
    let listed = read(&broker, "rules");
    assert_eq!(listed.len(), 1);
    assert!(listed[0].value.as_deref().unwrap().contains("amount > 5000"), "{listed:?}");
}

#[test]
fn windows_survive_a_restart_and_nothing_is_counted_twice() {
    let (broker, rules) = (memory(), Rules::new(&[("10_velocity.sql", VELOCITY)]));
    produce(&broker, &burst("A", &["t1", "t2", "t3"]));
    drain(&broker, rules.options(None)).unwrap();
    assert!(read(&broker, "fraud_alerts").is_empty());
    produce(&broker, &burst("A", &["t4", "t5"]));
    drain(&broker, rules.options(None)).unwrap();
    drain(&broker, rules.options(None)).unwrap();
    let alerts = read(&broker, "fraud_alerts");
    let values: Vec<_> = alerts.iter().map(|a| a.value.clone().unwrap()).collect();
    assert_eq!(
        values,
        [
            r#"{"TRANSACTION_ID":"t4","N":4,"TOTAL":42.0000}"#,
            r#"{"TRANSACTION_ID":"t5","N":5,"TOTAL":52.5000}"#
        ]
    );
    assert_eq!(alerts[0].headers["alert.id"], alerts[1].headers["alert.id"], "one window, one alert");
    assert_eq!(alerts[0].headers["window.start"], "60000");
    assert_eq!(
        alerts[0].key.as_deref(),
        Some([b"A".as_slice(), &60_000i64.to_be_bytes()].concat().as_slice())
    );
}

#[test]
fn grouping_by_another_column_goes_through_one_repartition_topic() {
    let (broker, rules) = (memory(), Rules::new(&[("10_merchant.sql", BY_MERCHANT)]));
    produce(
        &broker,
        &[
            ("A", "t1", "1", "shop", 1),
            ("B", "t2", "1", "shop", 2),
            ("C", "t3", "1", "shop", 3),
            ("D", "t4", "1", "other", 4),
        ],
    );
    let summary = drain(&Mortal::over(&broker, Fault::KeepRecords), rules.options(None)).unwrap();
    let alerts = read(&broker, "fraud_alerts");
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert_eq!(alerts[0].headers["source.topic"], "transactions");
    assert_eq!(read(&broker, "streamguard-transactions-by-merchant-repartition").len(), 4);
    assert!(summary.queries.values().all(engine::task::QueryCounters::adds_up), "{summary:?}");
}

#[test]
fn a_bad_record_is_dead_lettered_once_while_the_rest_flows() {
    let (broker, rules) = (memory(), Rules::new(&[("10_high.sql", HIGH), ("20_velocity.sql", VELOCITY)]));
    produce(&broker, &[("A", "t1", "\"abc\"", "m", 1), ("A", "t2", "6000", "m", 2)]);
    drain(&broker, rules.options(None)).unwrap();
    let letters = read(&broker, "transactions.dlq");
    assert_eq!(letters.len(), 1);
    assert!(letters[0].headers["dlq.reason"].contains("AMOUNT"), "{letters:?}");
    assert_eq!(letters[0].headers["dlq.stage"], "engine");
    assert_eq!(read(&broker, "fraud_alerts").len(), 1);
}

#[test]
fn a_cooldown_survives_a_restart() {
    let rule = format!("--@cooldown: 10 MINUTES\n{HIGH}").replace("DEFINE high = '5000';\n", "");
    let rule = format!("DEFINE high = '5000';\n{rule}");
    let (broker, rules) = (memory(), Rules::new(&[("10_high.sql", &rule)]));
    let mut alerts = Vec::new();
    for (id, time) in
        [("t1", 0), ("t2", 1), ("t3", 10 * MINUTE - 1), ("t4", 10 * MINUTE), ("t5", 11 * MINUTE)]
    {
        produce(&broker, &[("A", id, "9000", "m", time)]);
        let summary = drain(&broker, rules.options(None)).unwrap();
        alerts.push((read(&broker, "fraud_alerts").len(), summary.queries["CSAS_HIGH_AMOUNT_2"].suppressed));
    }
    assert_eq!(alerts, [(1, 0), (1, 1), (1, 1), (2, 0), (2, 1)]);
}

#[test]
fn a_record_without_a_time_ends_the_run_where_that_is_asked_for() {
    let (broker, rules) = (memory(), Rules::new(&[("10_high.sql", HIGH)]));
    rules.write("05_strict.sql", "SET 'ksql.timestamp.throw.on.invalid' = 'true';");
    produce(
        &broker,
        &[("A", "t1", "6000", "m", 1), ("A", "t2", "7000", "m", -5), ("A", "t3", "8000", "m", 2)],
    );
    for _ in 0..2 {
        let error = drain(&broker, rules.options(None)).unwrap_err().to_string();
        assert!(
            error.contains("transactions-") && error.contains("offset 1") && error.contains("TS"),
            "{error}"
        );
        assert!(read(&broker, "fraud_alerts").is_empty(), "what comes before it is not committed");
    }
    rules.write("05_strict.sql", "UNSET 'ksql.timestamp.throw.on.invalid';");
    drain(&broker, rules.options(None)).unwrap();
    assert_eq!((read(&broker, "fraud_alerts").len(), read(&broker, "transactions.dlq").len()), (2, 1));
}

#[test]
fn an_edited_threshold_takes_effect_and_keeps_its_counts() {
    let state = tempfile::tempdir().unwrap();
    let (broker, rules) = (memory(), Rules::new(&[("10_velocity.sql", VELOCITY)]));
    let engine = Running::start(&broker, rules.options(Some(state.path())));
    produce(&broker, &burst("A", &["t1", "t2", "t3"]));
    let group = "streamguard";
    let committed = |broker: &std::sync::Arc<dyn broker::Broker>| -> i64 {
        let partitions: Vec<_> = (0..3).map(|p| broker::TopicPartition::new("transactions", p)).collect();
        broker.committed(group, &partitions).unwrap().into_iter().flatten().map(|c| c.offset).sum()
    };
    eventually("the burst is processed", || committed(&broker) >= 3);
    rules.write(
        "10_velocity.sql",
        "CREATE TABLE velocity WITH (KAFKA_TOPIC='fraud_alerts') AS SELEC nonsense;",
    );
    std::thread::sleep(std::time::Duration::from_millis(300));
    rules.write("10_velocity.sql", &VELOCITY.replace("> 3", "> 1"));
    eventually("the new version is listed", || read(&broker, "rules").len() == 2);
    std::thread::sleep(std::time::Duration::from_millis(200));
    produce(&broker, &[("A", "t4", "10.50", "shop", MINUTE + 5)]);
    eventually("an alert", || !read(&broker, "fraud_alerts").is_empty());
    let alerts = read(&broker, "fraud_alerts");
    assert!(alerts[0].value.as_deref().unwrap().contains(r#""N":4"#), "{alerts:?}");
    engine.stop();
}

#[test]
fn a_refused_program_ends_with_its_diagnostics() {
    let rules = Rules::new(&[("10_bad.sql", &HIGH.replace("amount >", "amuont >"))]);
    let error = drain(&memory(), rules.options(None)).unwrap_err().to_string();
    assert!(error.contains("10_bad.sql") && error.contains("did you mean AMOUNT?"), "{error}");
}

#[test]
fn several_workers_share_the_partitions() {
    let (broker, rules) =
        (memory(), Rules::new(&[("10_velocity.sql", VELOCITY), ("20_merchant.sql", BY_MERCHANT)]));
    for account in ["A", "B", "C", "D", "E", "F", "G", "H"] {
        produce(&broker, &burst(account, &["t1", "t2", "t3", "t4"]));
    }
    let options = engine::Options { threads: 3, ..rules.options(None) };
    drain(&broker, options).unwrap();
    let alerts = read(&broker, "fraud_alerts");
    let of = |rule: &str| alerts.iter().filter(|a| a.headers["rule.name"] == rule).count();
    assert_eq!(of("VELOCITY"), 8);
    assert_eq!(of("MERCHANT_VELOCITY"), 30);
}

/// A rule that goes and comes back begins anew, also after a restart: its slot does not come back from the
/// changelog of a key that another rule keeps alive.
#[test]
fn a_rule_that_comes_back_finds_nothing_of_what_it_counted_before() {
    let state = tempfile::tempdir().unwrap();
    let broker = memory();
    let stays = VELOCITY.replace("velocity", "stays").replace("> 3", "> 100");
    let comes_back = VELOCITY.replace("1 MINUTE", "2 MINUTES");
    let rules = Rules::new(&[("10_stays.sql", &stays), ("20_velocity.sql", &comes_back)]);
    produce(&broker, &burst("A", &["t1", "t2", "t3"]));
    drain(&broker, rules.options(Some(state.path()))).unwrap();
    std::fs::remove_file(rules.dir.path().join("20_velocity.sql")).unwrap();
    // Something to do, or it might end before it has taken anything up.
    produce(&broker, &burst("B", &["t1"]));
    drain(&broker, rules.options(Some(state.path()))).unwrap();
    rules.write("20_velocity.sql", &comes_back);
    produce(&broker, &burst("A", &["t4"]));
    drain(&broker, rules.options(Some(state.path()))).unwrap();
    assert!(read(&broker, "fraud_alerts").is_empty(), "{:?}", read(&broker, "fraud_alerts"));
}

/// Rows of a table are kept by position: with other columns they are other rows.
#[test]
fn a_table_with_more_columns_does_not_read_its_old_rows() {
    let broker = memory();
    let table = |columns: &str, filter: &str| {
        format!(
            "CREATE TABLE kept (account_id VARCHAR PRIMARY KEY, amount DOUBLE{columns}) \
             WITH (KAFKA_TOPIC='transactions', VALUE_FORMAT='JSON'); \
             CREATE TABLE high AS SELECT account_id, amount FROM kept WHERE {filter};"
        )
    };
    let rules = Rules::new(&[("10_table.sql", &table("", "amount > 5"))]);
    produce(&broker, &[("A", "t1", "6", "m", 1)]);
    drain(&broker, rules.options(None)).unwrap();
    rules.write(
        "10_table.sql",
        &table(", b DOUBLE, c DOUBLE, merchant VARCHAR", "merchant = 'm' AND amount > 5"),
    );
    produce(&broker, &[("A", "t2", "7", "m", 2)]);
    drain(&broker, rules.options(None)).unwrap();
    let values: Vec<_> = read(&broker, "HIGH").into_iter().map(|r| r.value.unwrap()).collect();
    assert_eq!(values, [r#"{"AMOUNT":6.0}"#, r#"{"AMOUNT":7.0}"#]);
}

/// What one declaration of a topic reads, another may refuse: each moves records through a topic of its own.
#[test]
fn two_declarations_of_a_topic_are_moved_apart() {
    let second = "CREATE STREAM as_text (account_id VARCHAR KEY, amount VARCHAR, merchant VARCHAR) \
        WITH (KAFKA_TOPIC='transactions', VALUE_FORMAT='JSON'); \
        CREATE TABLE texts AS SELECT merchant, COUNT(*) AS n FROM as_text GROUP BY merchant;";
    let (broker, rules) =
        (memory(), Rules::new(&[("10_merchant.sql", BY_MERCHANT), ("20_text.sql", second)]));
    produce(&broker, &[("A", "t1", "\"abc\"", "shop", 1), ("A", "t2", "1", "shop", 2)]);
    drain(&broker, rules.options(None)).unwrap();
    assert_eq!(read(&broker, "TEXTS").len(), 2);
    assert_eq!(read(&broker, "transactions.dlq").len(), 1);
}
