//! The labelled file of a year's card transactions: a known rule finds a known number, end to end.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::Duration;

use support::{Place, expected, labelled, wait_until};

const LIMIT: Duration = Duration::from_secs(600);
const ROWS: i64 = 433_257;
/// How often the rule below fires on the file, counted once outside this project.
const ALERTS: i64 = 8_367;
const RULE: &str = "
--@severity: high
--@description: More than 200 between 22:00 and 03:59 UTC
CREATE STREAM late_and_large WITH (KAFKA_TOPIC = 'fraud_alerts') AS
SELECT account_id AS account_key, AS_VALUE(account_id) AS account_id, transaction_id, amount,
       'LATE_AND_LARGE' AS fraud_type, 70 AS risk_score
FROM transactions
WHERE amount > 200
  AND (FORMAT_TIMESTAMP(FROM_UNIXTIME(ROWTIME), 'HH:mm') >= '22:00'
    OR FORMAT_TIMESTAMP(FROM_UNIXTIME(ROWTIME), 'HH:mm') <= '03:59')
EMIT CHANGES;
";

fn file() -> Option<String> {
    Some(labelled::file()?.to_str().unwrap().to_owned())
}

/// The shipped rules and the one above.
fn rules(place: &Place) -> String {
    let rules = place.shipped_rules();
    std::fs::write(rules.join("late_and_large.sql"), RULE).unwrap();
    rules.to_str().unwrap().to_owned()
}

fn check(place: &Place) {
    assert_eq!(place.database.size("transactions"), ROWS);
    let rule = "SELECT count(*) FROM fraud_alerts WHERE rule_name = 'LATE_AND_LARGE'";
    assert_eq!(place.database.count(rule), ALERTS);
    assert_eq!(place.database.size("labels"), ROWS);
    assert_eq!(place.database.count("SELECT count(*) FROM labels WHERE is_fraud"), 4_830);
    expected::check(&place.database);
}

#[test]
fn on_standalone() {
    let (Some(file), Some(place)) = (file(), Place::new()) else { return };
    let args =
        ["standalone", "--rules", &rules(&place), "--input", &file, "--speed", "max", "--exit-when-done"];
    place.start("standalone", &args).succeed(LIMIT);
    check(&place);
}

#[test]
#[cfg_attr(not(feature = "kafka"), ignore = "built without Kafka")]
fn on_kafka() {
    let (Some(file), Some(place)) = (file(), Place::with_kafka()) else { return };
    place.run(&["db", "migrate"]);
    let mut engine = place.start("engine", &["engine", "--rules", &rules(&place)]);
    let mut consumer = place.start("consumer", &["consumer"]);
    place.run(&["producer", "replay", "--input", &file, "--speed", "max"]);
    let alerts = "SELECT count(*) FROM fraud_alerts WHERE rule_name = 'LATE_AND_LARGE'";
    wait_until("all in PostgreSQL", LIMIT, || {
        assert!(engine.runs() && consumer.runs(), "{}\n{}", engine.log(), consumer.log());
        let loaded = ["transactions", "labels"].iter().all(|table| place.database.size(table) == ROWS);
        loaded && place.database.count(alerts) >= ALERTS && expected::complete(&place.database)
    });
    check(&place);
}
