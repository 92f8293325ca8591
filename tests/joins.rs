//! Joins on a real Kafka: a stream with a table, and a stream with a table that another query derives from it, while
//! the engine is killed. What is right is computed here.

#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;
use std::time::Duration;

use broker::{
    Broker, ConsumerConfig, Isolation, Outgoing, Poll, Position, ProducerConfig, TopicPartition, TopicSpec,
    kafka,
};
use support::{Place, Running, wait_until};

const LIMIT: Duration = Duration::from_secs(120);

const SOURCES: &str =
    "CREATE STREAM transactions (account_id VARCHAR KEY, transaction_id VARCHAR, amount BIGINT)
  WITH (KAFKA_TOPIC='transactions', VALUE_FORMAT='JSON');
CREATE TABLE limits (account_id VARCHAR PRIMARY KEY, most BIGINT)
  WITH (KAFKA_TOPIC='limits', VALUE_FORMAT='JSON');";

const OVER_LIMIT: &str = "--@severity: high
CREATE STREAM over_limit WITH (KAFKA_TOPIC='fraud_alerts') AS
  SELECT t.account_id, t.transaction_id, l.most FROM transactions t JOIN limits l ON t.account_id = l.account_id
  WHERE t.amount > l.most;";

const UNUSUAL: &str = "CREATE TABLE usual AS
  SELECT account_id, COUNT(*) AS n, SUM(amount) AS total FROM transactions GROUP BY account_id;
CREATE STREAM unusual WITH (KAFKA_TOPIC='fraud_alerts') AS
  SELECT t.account_id, t.transaction_id, u.n FROM transactions t JOIN usual u ON t.account_id = u.account_id
  WHERE u.n >= 3 AND t.amount * u.n > 2 * u.total;";

const CATEGORIES: &str =
    "CREATE STREAM transactions (account_id VARCHAR KEY, transaction_id VARCHAR, merchant VARCHAR)
  WITH (KAFKA_TOPIC='transactions', VALUE_FORMAT='JSON');
--@broadcast: true
CREATE TABLE categories (category VARCHAR PRIMARY KEY, risk BIGINT)
  WITH (KAFKA_TOPIC='categories', VALUE_FORMAT='JSON');";

const RISKY: &str = "CREATE STREAM risky WITH (KAFKA_TOPIC='fraud_alerts') AS
  SELECT c.category, t.transaction_id, c.risk FROM transactions t JOIN categories c ON LCASE(t.merchant) = c.category;";

/// Transactions, and the alerts that they must cause.
#[derive(Default)]
struct Model {
    sent: u64,
    accounts: BTreeMap<String, (u64, u64)>,
    expected: Vec<String>,
}

impl Model {
    fn send(&mut self, kafka: &dyn Broker, count: u64) {
        let mut producer = kafka.producer(&ProducerConfig::default()).unwrap();
        for _ in 0..count {
            self.sent += 1;
            let (i, amount) = (self.sent, (self.sent * 7919) % 1000);
            let number = (i * 31) % 40;
            let (account, id) = (format!("A{number}"), format!("t{i}"));
            if number < 30 && amount > 10 * number {
                self.expected.push(format!(
                    r#"OVER_LIMIT {account} {{"TRANSACTION_ID":"{id}","MOST":{}}}"#,
                    10 * number
                ));
            }
            let known = self.accounts.entry(account.clone()).or_default();
            if known.0 >= 3 && amount * known.0 > 2 * known.1 {
                self.expected
                    .push(format!(r#"UNUSUAL {account} {{"TRANSACTION_ID":"{id}","N":{}}}"#, known.0));
            }
            *known = (known.0 + 1, known.1 + amount);
            let value = format!(r#"{{"transaction_id":"{id}","amount":{amount}}}"#);
            write(&mut *producer, "transactions", &account, &value, 1_767_323_045_000 + i as i64);
        }
        producer.flush(LIMIT).unwrap();
    }
}

fn write(producer: &mut dyn broker::Producer, topic: &str, key: &str, value: &str, timestamp: i64) {
    let (key, value) = (Some(key.as_bytes()), Some(value.as_bytes()));
    producer.produce(&Outgoing { topic, partition: None, key, value, timestamp, headers: &[] }).unwrap();
}

/// Rule, key and value of every committed alert, sorted.
fn alerts(kafka: &dyn Broker) -> Vec<String> {
    let Some(info) = kafka.topic("fraud_alerts").unwrap() else { return Vec::new() };
    let mut consumer = kafka.consumer(&ConsumerConfig::default()).unwrap();
    let partitions: Vec<_> = (0..info.partitions).map(|p| TopicPartition::new("fraud_alerts", p)).collect();
    let ends: Vec<_> =
        partitions.iter().map(|p| kafka.watermarks(p, Isolation::ReadCommitted).unwrap().1).collect();
    let positions: Vec<_> = partitions.iter().map(|p| (p.clone(), Position::Beginning)).collect();
    consumer.assign(&positions).unwrap();
    let (mut batch, mut found) = (broker::Batch::default(), Vec::new());
    loop {
        if consumer.poll(&mut batch, Duration::from_millis(100)).unwrap() == Poll::Records {
            let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
            found.extend(batch.iter().map(|record| {
                let rule = text(record.headers.last("rule.name"));
                format!("{rule} {} {}", text(record.key), text(record.value))
            }));
        }
        let mut all = partitions.iter().zip(&ends);
        if all.all(|(p, end)| consumer.position(p).unwrap().is_some_and(|at| at >= *end)) {
            found.sort();
            return found;
        }
    }
}

#[test]
fn rules_that_join_are_exact_over_kills() {
    let Some(place) = Place::with_kafka() else { return };
    let kafka = kafka::Kafka::connect(place.kafka.as_ref().unwrap().bootstrap(), Default::default()).unwrap();
    kafka.create_topics(&[TopicSpec::compacted("limits", 3)]).unwrap();
    let mut producer = kafka.producer(&ProducerConfig::default()).unwrap();
    for i in 0..30 {
        let value = format!(r#"{{"most":{}}}"#, 10 * i);
        // Later than every transaction: the table is there all the same.
        write(&mut *producer, "limits", &format!("A{i}"), &value, 1_800_000_000_000);
    }
    producer.flush(LIMIT).unwrap();
    place.write("rules/00_sources.sql", SOURCES);
    place.write("rules/10_over_limit.sql", OVER_LIMIT);
    place.write("rules/20_unusual.sql", UNUSUAL);
    let start = || -> Running { place.start("engine", &["engine", "--rules", "rules"]) };
    let mut engine = start();
    let mut model = Model::default();
    wait_until("the topics", LIMIT, || {
        assert!(engine.runs(), "{}", engine.log());
        kafka.topic("fraud_alerts").unwrap().is_some() && kafka.topic("transactions").unwrap().is_some()
    });
    for _ in 0..3 {
        let before = alerts(&*kafka).len();
        model.send(&*kafka, 4_000);
        wait_until("the engine to be at work", LIMIT, || {
            assert!(engine.runs(), "{}", engine.log());
            alerts(&*kafka).len() > before
        });
        engine.kill();
        engine = start();
    }
    model.expected.sort();
    wait_until("all alerts", LIMIT, || {
        assert!(engine.runs(), "{}", engine.log());
        alerts(&*kafka).len() >= model.expected.len()
    });
    assert!(engine.terminate(Duration::from_secs(15)).success());
    assert_eq!(alerts(&*kafka), model.expected);
}

/// The accounts whose last transactions met this risk; all accounts are in all partitions.
fn with_risk(found: &[String], risk: u64) -> usize {
    let risk = format!("\"RISK\":{risk}}}");
    let of = |alert: &String| {
        let (_, id) = alert.split_once("\"TRANSACTION_ID\":\"")?;
        let (_, account) = id.split_once('"')?.0.split_once('-')?;
        alert.ends_with(&risk).then(|| account.to_owned())
    };
    found.iter().filter_map(of).collect::<std::collections::BTreeSet<_>>().len()
}

#[test]
fn a_broadcast_table_of_one_partition_reaches_every_worker() {
    let Some(place) = Place::with_kafka() else { return };
    let kafka = kafka::Kafka::connect(place.kafka.as_ref().unwrap().bootstrap(), Default::default()).unwrap();
    kafka.create_topics(&[TopicSpec::compacted("categories", 1)]).unwrap();
    let mut producer = kafka.producer(&ProducerConfig::default()).unwrap();
    let mut rate = |risk: u64| {
        write(&mut *producer, "categories", "shop", &format!(r#"{{"risk":{risk}}}"#), 1_767_323_045_000);
        producer.flush(LIMIT).unwrap();
    };
    let mut sender = kafka.producer(&ProducerConfig::default()).unwrap();
    let mut sent = 0;
    let mut send = || {
        sent += 1;
        for account in 0..30 {
            let value = format!(r#"{{"transaction_id":"t{sent}-A{account}","merchant":"SHOP"}}"#);
            let time = 1_767_323_045_000 + sent as i64;
            write(&mut *sender, "transactions", &format!("A{account}"), &value, time);
        }
        sender.flush(LIMIT).unwrap();
        sent * 30
    };
    // It is there before the engines are, so the first transaction meets it.
    rate(1);
    place.write("rules/00_sources.sql", CATEGORIES);
    place.write("rules/10_risky.sql", RISKY);
    let start = |name: &str| -> Running { place.start(name, &["engine", "--rules", "rules"]) };
    let mut first = start("engine");
    wait_until("the topics", LIMIT, || {
        assert!(first.runs(), "{}", first.log());
        kafka.topic("fraud_alerts").unwrap().is_some() && kafka.topic("transactions").unwrap().is_some()
    });
    assert_eq!(kafka.topic("transactions").unwrap().unwrap().partitions, 3);
    let mut all = send();
    wait_until("the first alerts", LIMIT, || alerts(&*kafka).len() == all);
    assert_eq!(with_risk(&alerts(&*kafka), 1), 30);
    let mut second = start("second");
    for risk in 2..4 {
        rate(risk);
        wait_until("the change in all partitions", LIMIT, || {
            assert!(first.runs() && second.runs(), "{}\n{}", first.log(), second.log());
            all = send();
            std::thread::sleep(Duration::from_millis(400));
            with_risk(&alerts(&*kafka), risk) == 30
        });
        first.kill();
        first = start("engine");
    }
    wait_until("all alerts", LIMIT, || {
        assert!(first.runs() && second.runs(), "{}\n{}", first.log(), second.log());
        alerts(&*kafka).len() >= all
    });
    assert!(first.terminate(Duration::from_secs(15)).success());
    assert!(second.terminate(Duration::from_secs(15)).success());
    let found = alerts(&*kafka);
    let ids: std::collections::BTreeSet<_> =
        found.iter().map(|alert| alert.split_once(",\"RISK\"").unwrap().0).collect();
    assert_eq!((found.len(), ids.len()), (all, all), "each transaction once");
}
