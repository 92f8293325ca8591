//! GROUP BY over a table in the running engine: whatever the number of partitions, over stops, and when a query
//! comes later than the table's rows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use broker::{Broker, Outgoing, ProducerConfig, TopicSpec};
use support::{Rules, drain, memory, read};

const ACCOUNTS: &str = "CREATE TABLE accounts (id VARCHAR PRIMARY KEY, country VARCHAR, balance BIGINT) \
    WITH (KAFKA_TOPIC='accounts', VALUE_FORMAT='JSON');";

const BY_COUNTRY: &str = "CREATE TABLE by_country WITH (KAFKA_TOPIC='by_country') AS \
    SELECT country, COUNT(*) AS n, SUM(balance) AS total FROM accounts GROUP BY country;";

const RICH: &str = "CREATE TABLE rich WITH (KAFKA_TOPIC='fraud_alerts') AS \
    SELECT country, COUNT(*) AS n FROM accounts WHERE balance > 10 GROUP BY country HAVING COUNT(*) > 1;";

fn broker() -> Arc<dyn Broker> {
    let broker = memory();
    broker.create_topics(&[TopicSpec::compacted("accounts", 3)]).unwrap();
    broker
}

/// Accounts as (id, country and balance, or None where it goes), from this time on. The engine runs after each:
/// accounts of several partitions come to their groups in no order, and a group's records have the highest
/// time of all that went in.
fn change(broker: &Arc<dyn Broker>, rules: &Rules, from: i64, accounts: &[(&str, Option<(&str, i64)>)]) {
    for (at, (id, account)) in accounts.iter().enumerate() {
        let value =
            account.map(|(country, balance)| format!(r#"{{"country":"{country}","balance":{balance}}}"#));
        let record = Outgoing {
            topic: "accounts",
            partition: None,
            key: Some(id.as_bytes()),
            value: value.as_ref().map(String::as_bytes),
            timestamp: from + at as i64,
            headers: &[],
        };
        let mut producer = broker.producer(&ProducerConfig::default()).unwrap();
        producer.produce(&record).unwrap();
        producer.flush(Duration::from_secs(10)).unwrap();
        drain(broker, rules.options(None)).unwrap();
    }
}

/// The changes of each group, in order of time.
fn groups(broker: &Arc<dyn Broker>, topic: &str) -> BTreeMap<String, Vec<String>> {
    let mut records = read(broker, topic);
    records.sort_by_key(|record| record.timestamp);
    let mut groups: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for record in records {
        let key = String::from_utf8(record.key.unwrap()).unwrap();
        groups.entry(key).or_default().push(record.value.unwrap_or_else(|| "gone".into()));
    }
    groups
}

fn last(broker: &Arc<dyn Broker>, topic: &str) -> BTreeMap<String, String> {
    let groups = groups(broker, topic).into_iter();
    groups.filter_map(|(key, values)| Some((key, values.last()?.clone()))).collect()
}

fn values(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

const FIRST: &[(&str, Option<(&str, i64)>)] = &[
    ("a", Some(("DE", 5))),
    ("b", Some(("DE", 20))),
    ("c", Some(("FR", 30))),
    ("d", Some(("DE", 40))),
    ("e", Some(("FR", 1))),
];

#[test]
fn rows_move_between_groups_in_any_partition_and_over_stops() {
    let (broker, rules) =
        (broker(), Rules::new(&[("01.sql", ACCOUNTS), ("10.sql", BY_COUNTRY), ("20.sql", RICH)]));
    change(&broker, &rules, 1000, FIRST);
    assert_eq!(
        last(&broker, "by_country"),
        values(&[("DE", r#"{"N":3,"TOTAL":65}"#), ("FR", r#"{"N":2,"TOTAL":31}"#)])
    );
    // One moves, one changes where it is, one goes, and then the last of its country.
    change(
        &broker,
        &rules,
        2000,
        &[("b", Some(("FR", 21))), ("c", Some(("FR", 31))), ("a", None), ("d", None)],
    );
    drain(&broker, rules.options(None)).unwrap();
    assert_eq!(
        last(&broker, "by_country"),
        values(&[("DE", r#"{"N":0,"TOTAL":0}"#), ("FR", r#"{"N":3,"TOTAL":53}"#)])
    );
    // Two rich ones in Germany until b moved, and two in France since then.
    assert_eq!(last(&broker, "fraud_alerts"), values(&[("DE", "gone"), ("FR", r#"{"N":2}"#)]));
    let left = read(&broker, "fraud_alerts").into_iter().find(|alert| alert.value.is_none()).unwrap();
    assert_eq!(left.headers["alert.retract"], "left");
    assert_eq!(left.headers["source.topic"], "accounts");
    assert_eq!(left.headers["source.timestamp"], "2000");
}

#[test]
fn a_query_that_comes_later_counts_what_changes_from_then_on() {
    let (broker, rules) = (broker(), Rules::new(&[("01.sql", ACCOUNTS), ("10.sql", BY_COUNTRY)]));
    change(&broker, &rules, 1000, FIRST);
    let mean = BY_COUNTRY.replace("by_country", "means").replace("SUM(balance)", "AVG(balance)");
    rules.write("20.sql", &mean);
    change(&broker, &rules, 2000, &[("b", Some(("FR", 21))), ("a", None), ("c", Some(("FR", 30)))]);
    // What it never counted leaves no group of it.
    assert_eq!(last(&broker, "means"), values(&[("FR", r#"{"N":2,"TOTAL":25.5}"#)]));
    assert_eq!(
        last(&broker, "by_country"),
        values(&[("DE", r#"{"N":1,"TOTAL":40}"#), ("FR", r#"{"N":3,"TOTAL":52}"#)])
    );
}

#[test]
fn another_having_keeps_the_counts_and_another_function_begins_anew() {
    let (broker, rules) = (broker(), Rules::new(&[("01.sql", ACCOUNTS), ("10.sql", BY_COUNTRY)]));
    change(&broker, &rules, 1000, FIRST);
    rules.write("10.sql", &BY_COUNTRY.replace(';', " HAVING COUNT(*) > 1;"));
    change(&broker, &rules, 2000, &[("e", Some(("FR", 2)))]);
    assert_eq!(last(&broker, "by_country")["FR"], r#"{"N":2,"TOTAL":32}"#);
    rules.write("10.sql", &BY_COUNTRY.replace("COUNT(*)", "COUNT(balance)"));
    change(&broker, &rules, 3000, &[("e", Some(("FR", 3))), ("e", Some(("DE", 4)))]);
    let groups = groups(&broker, "by_country");
    assert_eq!(groups["FR"][groups["FR"].len() - 2..], [r#"{"N":1,"TOTAL":3}"#, r#"{"N":0,"TOTAL":0}"#]);
    assert_eq!(groups["DE"].last().unwrap(), r#"{"N":1,"TOTAL":4}"#);
}
