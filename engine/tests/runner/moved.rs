//! Joined rows that go on by another key: over topics of several partitions, by several workers, over stops.

use std::collections::BTreeMap;
use std::sync::Arc;

use broker::{Broker, TopicSpec};

use super::joins::{Numbers, Row, put, values};
use crate::support::{Rules, drain, memory, produce, read};

const TABLES: &str = "CREATE TABLE profiles (account_id VARCHAR PRIMARY KEY, tier VARCHAR) \
    WITH (KAFKA_TOPIC='profiles', VALUE_FORMAT='JSON', PARTITIONS=3); \
    CREATE TABLE merchants (merchant VARCHAR PRIMARY KEY, country VARCHAR) \
    WITH (KAFKA_TOPIC='merchants', VALUE_FORMAT='JSON', PARTITIONS=4);";

/// A transaction: account, id, amount, merchant.
type Payment = (String, String, u64, String);

/// Twelve profiles and eight merchants, of which some have none of what they are asked for.
fn tables() -> (Arc<dyn Broker>, BTreeMap<String, String>, BTreeMap<String, String>) {
    let broker = memory();
    broker.create_topics(&[TopicSpec::retained("profiles", 3), TopicSpec::retained("merchants", 4)]).unwrap();
    let tiers: BTreeMap<_, _> = (0..12).map(|i| (format!("A{i}"), format!("T{}", i % 5))).collect();
    let countries: BTreeMap<_, _> = (0..8).map(|i| (format!("M{i}"), format!("C{}", i % 3))).collect();
    let rows = |table: &BTreeMap<String, String>, column: &str| -> Vec<Row> {
        let row =
            |(key, value): (&String, &String)| (key.clone(), Some(format!(r#"{{"{column}":"{value}"}}"#)), 1);
        table.iter().map(row).collect()
    };
    put(&broker, "profiles", &rows(&tiers, "tier"));
    put(&broker, "merchants", &rows(&countries, "country"));
    (broker, tiers, countries)
}

/// Sends payments in rounds and lets the engine run after each, with one worker and two in turn.
fn pay(broker: &Arc<dyn Broker>, rules: &Rules) -> Vec<Payment> {
    let (mut numbers, mut all) = (Numbers(11), Vec::new());
    for round in 0..4 {
        let payments: Vec<Payment> = (0..100)
            .map(|i| {
                let (account, merchant) = (numbers.below(15), numbers.below(10));
                (format!("A{account}"), format!("t{round}-{i}"), numbers.below(20), format!("M{merchant}"))
            })
            .collect();
        let amounts: Vec<_> = payments.iter().map(|payment| payment.2.to_string()).collect();
        let rows: Vec<_> = payments
            .iter()
            .zip(&amounts)
            .map(|((a, t, _, m), amount)| (a.as_str(), t.as_str(), amount.as_str(), m.as_str(), 100))
            .collect();
        produce(broker, &rows);
        let options = engine::Options { threads: 1 + round % 2, ..rules.options(None) };
        let summary = drain(broker, options).unwrap();
        assert!(summary.queries.values().all(engine::task::QueryCounters::adds_up), "{summary:?}");
        all.extend(payments);
    }
    all
}

#[test]
fn joined_rows_are_grouped_by_a_column_of_the_table() {
    let sums = "CREATE TABLE sums AS SELECT p.tier AS tier, COUNT(*) AS n, SUM(t.amount) AS total \
        FROM transactions t JOIN profiles p ON t.account_id = p.account_id WHERE t.amount > 4 GROUP BY p.tier;";
    let (broker, tiers, _) = tables();
    let rules = Rules::new(&[("10_tables.sql", TABLES), ("20_sums.sql", sums)]);
    let mut expected: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for (account, _, amount, _) in pay(&broker, &rules).iter().filter(|payment| payment.2 > 4) {
        let Some(tier) = tiers.get(account) else { continue };
        let (count, total) = expected.entry(tier.clone()).or_default();
        (*count, *total) = (*count + 1, *total + amount);
    }
    let mut last = BTreeMap::new();
    for record in read(&broker, "SUMS") {
        let value: serde_json::Value = serde_json::from_str(&record.value.unwrap()).unwrap();
        let total = value["TOTAL"].as_f64().unwrap() as u64;
        let key = String::from_utf8(record.key.unwrap()).unwrap();
        // Both only grow.
        let seen = last.entry(key).or_insert((0, 0));
        *seen = (*seen).max((value["N"].as_u64().unwrap(), total));
    }
    assert_eq!(last, expected);
}

#[test]
fn joined_rows_are_joined_by_another_column() {
    let text = "CREATE STREAM rich AS SELECT t.merchant, t.transaction_id AS id, p.tier, m.country \
        FROM transactions t LEFT JOIN profiles p ON t.account_id = p.account_id \
        JOIN merchants m ON t.merchant = m.merchant;";
    let (broker, tiers, countries) = tables();
    let rules = Rules::new(&[("10_tables.sql", TABLES), ("20_rich.sql", text)]);
    let mut expected = Vec::new();
    for (account, id, _, merchant) in pay(&broker, &rules) {
        let Some(country) = countries.get(&merchant) else { continue };
        let tier = tiers.get(&account).map_or("null".to_owned(), |tier| format!("\"{tier}\""));
        expected.push(format!(r#"{merchant} {{"ID":"{id}","TIER":{tier},"COUNTRY":"{country}"}}"#));
    }
    expected.sort();
    assert_eq!(values(&broker, "RICH"), expected);
}

#[test]
fn pairs_of_streams_are_counted_by_another_column() {
    let text = "CREATE STREAM marks (account_id VARCHAR KEY, kind VARCHAR) \
        WITH (KAFKA_TOPIC='marks', VALUE_FORMAT='JSON', PARTITIONS=3); \
        CREATE TABLE kinds AS SELECT m.kind AS kind, COUNT(*) AS n FROM transactions t \
        JOIN marks m WITHIN 1 HOUR GRACE PERIOD 1 HOUR ON t.account_id = m.account_id \
        WINDOW TUMBLING (SIZE 1 DAY) GROUP BY m.kind;";
    let (broker, ..) = tables();
    broker.create_topics(&[TopicSpec::retained("marks", 3)]).unwrap();
    // Accounts have none, one or two marks.
    let marks: Vec<Row> =
        (0..18).map(|i| (format!("A{}", i % 12), Some(format!(r#"{{"kind":"K{}"}}"#, i % 4)), 100)).collect();
    put(&broker, "marks", &marks);
    let rules = Rules::new(&[("10_tables.sql", TABLES), ("20_kinds.sql", text)]);
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    for (account, ..) in pay(&broker, &rules) {
        for i in (0..18).filter(|i| format!("A{}", i % 12) == account) {
            *expected.entry(format!("K{}", i % 4)).or_default() += 1;
        }
    }
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for record in read(&broker, "KINDS") {
        let key = record.key.unwrap();
        let kind = String::from_utf8(key[..key.len() - 8].to_vec()).unwrap();
        let value: serde_json::Value = serde_json::from_str(&record.value.unwrap()).unwrap();
        let count = counts.entry(kind).or_default();
        *count = (*count).max(value["N"].as_u64().unwrap());
    }
    assert_eq!(counts, expected);
}
