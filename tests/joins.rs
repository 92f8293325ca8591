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
