//! Keys that are written otherwise on the two sides of a join, rows that are moved by another key, and tables joined by
//! a foreign key, while the engine is killed.

use std::collections::BTreeMap;
use std::sync::Arc;

use broker::{Broker, TopicSpec};

use crate::joins::{Numbers, Row, drain_over_kills, in_order, put, values};
use crate::mortal::{Fault, Mortal};
use crate::support::{Rules, drain, memory, produce, read};

const TABLES: &str = "CREATE TABLE profiles (account_id VARCHAR PRIMARY KEY, country VARCHAR) \
    WITH (KAFKA_TOPIC='profiles', KEY_FORMAT='JSON', VALUE_FORMAT='JSON');\n\
    CREATE TABLE countries (code VARCHAR PRIMARY KEY, region VARCHAR) \
    WITH (KAFKA_TOPIC='countries', VALUE_FORMAT='JSON');";
const REGIONS: &str = "CREATE STREAM regions AS SELECT c.code, t.transaction_id, p.account_id AS account, c.region \
    FROM transactions t JOIN profiles p ON t.account_id = p.account_id \
    LEFT JOIN countries c ON p.country = c.code;";
const TOTALS: &str = "CREATE TABLE totals AS SELECT p.country, COUNT(*) AS n, SUM(t.amount) AS amount \
    FROM transactions t JOIN profiles p ON t.account_id = p.account_id WHERE t.amount > 3 GROUP BY p.country;";

fn country(account: u64) -> Option<String> {
    (!account.is_multiple_of(5)).then(|| format!("C{}", account % 4))
}

fn broker() -> Arc<dyn Broker> {
    let broker = memory();
    // Rows of a profile's country meet in as many partitions as there are of the countries.
    broker
        .create_topics(&[TopicSpec::compacted("profiles", 3), TopicSpec::compacted("countries", 2)])
        .unwrap();
    let profiles: Vec<Row> = (0..20)
        .map(|i| {
            let country = country(i).map_or("null".to_owned(), |country| format!("\"{country}\""));
            (format!("\"A{i}\""), Some(format!(r#"{{"country":{country}}}"#)), 0)
        })
        .collect();
    put(&broker, "profiles", &profiles);
    let countries: Vec<Row> =
        (0..3).map(|i| (format!("C{i}"), Some(format!(r#"{{"region":"R{i}"}}"#)), 0)).collect();
    put(&broker, "countries", &countries);
    broker
}

/// Transactions, and what becomes of them.
struct Model {
    numbers: Numbers,
    sent: u64,
    regions: Vec<String>,
    totals: BTreeMap<String, (u64, u64)>,
}

impl Model {
    fn send(&mut self, broker: &Arc<dyn Broker>, count: usize) {
        let mut rows = Vec::new();
        for _ in 0..count {
            self.sent += 1;
            let (account, amount, id) = (self.numbers.below(25), self.numbers.below(9), self.sent);
            rows.push((format!("A{account}"), format!("t{id}"), amount.to_string(), id as i64));
            let Some(country) = (account < 20).then(|| country(account)).flatten() else { continue };
            let region = match &*country {
                "C3" => "null".to_owned(),
                code => format!("\"R{}\"", &code[1..]),
            };
            let row = format!(r#"{{"TRANSACTION_ID":"t{id}","ACCOUNT":"A{account}","REGION":{region}}}"#);
            self.regions.push(format!("{country} {row}"));
            if amount > 3 {
                let total = self.totals.entry(country).or_default();
                *total = (total.0 + 1, total.1 + amount);
            }
        }
        let rows: Vec<_> =
            rows.iter().map(|(a, t, n, at)| (a.as_str(), t.as_str(), n.as_str(), "m", *at)).collect();
        produce(broker, &rows);
    }

    fn check(&mut self, broker: &Arc<dyn Broker>) {
        let mut found = values(broker, "REGIONS");
        found.sort();
        self.regions.sort();
        assert_eq!(found, self.regions);
        let mut totals = BTreeMap::new();
        // Each change has one more: the highest count is the last.
        for record in read(broker, "TOTALS") {
            let row: serde_json::Value = serde_json::from_str(record.value.as_deref().unwrap()).unwrap();
            let total = (row["N"].as_u64().unwrap(), row["AMOUNT"].as_f64().unwrap() as u64);
            let key = String::from_utf8(record.key.unwrap()).unwrap();
            let last = totals.entry(key).or_insert(total);
            *last = total.max(*last);
        }
        assert_eq!(totals, self.totals);
    }
}

#[test]
fn rows_meet_by_another_key_over_partitions_kills_and_stops() {
    let rules = Rules::new(&[("10.sql", TABLES), ("20.sql", REGIONS), ("30.sql", TOTALS)]);
    let broker = broker();
    let mut model = Model { numbers: Numbers(41), sent: 0, regions: Vec::new(), totals: BTreeMap::new() };
    for round in 0..2 {
        model.send(&broker, 150);
        drain_over_kills(&broker, &engine::Options { threads: 1 + round, ..rules.options(None) });
    }
    model.check(&broker);
}

#[test]
fn a_stream_comes_by_the_bytes_that_the_table_has() {
    let text = "CREATE STREAM known AS SELECT t.account_id, t.transaction_id, p.country FROM transactions t \
        JOIN profiles p ON t.account_id = p.account_id;";
    let (broker, rules) = (broker(), Rules::new(&[("10.sql", TABLES), ("20.sql", text)]));
    let accounts: Vec<_> = (0..20).map(|i| (format!("A{i}"), format!("t{i}"))).collect();
    let rows: Vec<_> = accounts.iter().map(|(a, t)| (a.as_str(), t.as_str(), "1", "m", 1)).collect();
    produce(&broker, &rows);
    drain(&Mortal::over(&broker, Fault::KeepRecords), rules.options(None)).unwrap();
    assert_eq!(read(&broker, "KNOWN").len(), 20);
    assert_eq!(read(&broker, "streamguard-transactions-by-account_id-as-json-repartition").len(), 20);
}

const ORDERS: &str = "CREATE TABLE orders (id VARCHAR PRIMARY KEY, customer VARCHAR, n BIGINT) \
    WITH (KAFKA_TOPIC='orders', VALUE_FORMAT='JSON');\n\
    CREATE TABLE customers (id VARCHAR PRIMARY KEY, name VARCHAR) \
    WITH (KAFKA_TOPIC='customers', VALUE_FORMAT='JSON');";
const NAMED: &str = "CREATE TABLE named AS SELECT o.id AS id, o.n, c.name FROM orders o \
    JOIN customers c ON o.customer = c.id;";

#[test]
fn tables_are_joined_by_a_foreign_key_over_kills_and_edits() {
    for partitions in [(1, 1), (3, 2), (2, 4)] {
        orders_and_customers(partitions);
    }
}

/// Orders and customers come, change and go; `found` is what the result has in the end.
fn orders_and_customers((of_orders, of_customers): (i32, i32)) {
    let broker = memory();
    let topics = [TopicSpec::compacted("orders", of_orders), TopicSpec::compacted("customers", of_customers)];
    broker.create_topics(&topics).unwrap();
    let copies = "CREATE TABLE copies AS SELECT id, name FROM customers; CREATE TABLE kept AS SELECT id, n FROM orders;";
    let rules = Rules::new(&[("10.sql", ORDERS), ("20.sql", copies)]);
    let (mut numbers, mut orders, mut customers) = (Numbers(17), BTreeMap::new(), BTreeMap::new());
    for round in 0..4 {
        let (mut of_orders, mut of_customers) = (Vec::<Row>::new(), Vec::<Row>::new());
        for at in 0..80 {
            let is_gone = numbers.below(4) == 0;
            let (id, customer, n) = (numbers.below(30), numbers.below(8), round * 100 + at);
            if numbers.below(3) > 0 {
                let order = (!is_gone).then_some((format!("C{customer}"), n));
                let value = order.as_ref().map(|(c, n)| format!(r#"{{"customer":"{c}","n":{n}}}"#));
                of_orders.push((format!("O{id}"), value, at));
                orders.insert(format!("O{id}"), order);
            } else {
                let name = (!is_gone).then(|| format!("N{n}"));
                let value = name.as_ref().map(|name| format!(r#"{{"name":"{name}"}}"#));
                of_customers.push((format!("C{customer}"), value, at));
                customers.insert(format!("C{customer}"), name);
            }
        }
        put(&broker, "orders", &of_orders);
        put(&broker, "customers", &of_customers);
        let threads = 1 + usize::from(round % 2 == 1);
        drain_over_kills(&broker, &engine::Options { threads, ..rules.options(None) });
        match round {
            // The rows of both are there before the join is.
            0 => rules.write("30.sql", NAMED),
            2 => rules.write("30.sql", &NAMED.replace("o.n, c.name", "o.n AS number, c.name")),
            _ => {}
        }
    }
    // Every customer changes, so that every order is written again.
    let names: Vec<Row> =
        (0..8).map(|i| (format!("C{i}"), Some(format!(r#"{{"name":"last{i}"}}"#)), 1_000)).collect();
    put(&broker, "customers", &names);
    drain_over_kills(&broker, &rules.options(None));
    let mut found: BTreeMap<_, _> = in_order(&broker, "NAMED").into_iter().flatten().collect();
    found.retain(|_, value| value.is_some());
    let expected: BTreeMap<_, _> = orders
        .into_iter()
        .filter_map(|(id, order)| {
            let (customer, n) = order?;
            let row = format!(r#"{{"NUMBER":{n},"NAME":"last{}"}}"#, &customer[1..]);
            Some((id, Some(row)))
        })
        .collect();
    assert!(expected.len() > 5);
    assert_eq!(found, expected);
}
