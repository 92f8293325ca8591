//! Rule sets on a real Kafka: two engines of one group, one of them on an older checkout, and rules that are
//! published by hand.

#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use broker::{Broker, ConsumerConfig, Outgoing, Poll, Position, ProducerConfig, TopicPartition, kafka};
use support::{Place, Running, stderr, stdout, wait_until};

const LIMIT: Duration = Duration::from_secs(120);

const SOURCES: &str =
    "CREATE STREAM transactions (account_id VARCHAR KEY, transaction_id VARCHAR, amount BIGINT)
  WITH (KAFKA_TOPIC='transactions', VALUE_FORMAT='JSON');";

fn rule(having: &str) -> String {
    format!(
        "CREATE TABLE often WITH (KAFKA_TOPIC='fraud_alerts') AS SELECT account_id, COUNT(*) AS n,
           LATEST_BY_OFFSET(transaction_id) AS transaction_id FROM transactions
           WINDOW TUMBLING (SIZE 1 DAY) GROUP BY account_id HAVING {having};"
    )
}

/// The alerts that are committed: transaction, count and rule version, as they come.
struct Alerts {
    consumer: Box<dyn broker::Consumer>,
    found: BTreeMap<String, (u64, String)>,
}

impl Alerts {
    fn look(&mut self) -> &BTreeMap<String, (u64, String)> {
        let mut batch = broker::Batch::default();
        while self.consumer.poll(&mut batch, Duration::from_millis(100)).unwrap() == Poll::Records {
            for record in batch.iter() {
                let value: serde_json::Value = serde_json::from_slice(record.value.unwrap()).unwrap();
                let version =
                    String::from_utf8(record.headers.last("rule.version").unwrap().to_vec()).unwrap();
                let id = value["TRANSACTION_ID"].as_str().unwrap().to_owned();
                let before = self.found.insert(id, (value["N"].as_u64().unwrap(), version));
                assert!(before.is_none(), "an alert came twice: {value}");
            }
        }
        &self.found
    }
}

/// What is sent, and the engines that have to work on it.
struct Load<'p> {
    kafka: &'p dyn Broker,
    alerts: Alerts,
    sent: u64,
}

impl Load<'_> {
    /// A transaction of each of 30 accounts, so of each partition.
    fn round(&mut self) {
        let mut producer = self.kafka.producer(&ProducerConfig::default()).unwrap();
        self.sent += 1;
        for account in 0..30 {
            let (key, id) = (format!("A{account}"), format!("t{}-{account}", self.sent));
            let value = format!(r#"{{"transaction_id":"{id}","amount":1}}"#);
            let (key, value) = (Some(key.as_bytes()), Some(value.as_bytes()));
            let timestamp = 1_767_323_045_000 + self.sent as i64;
            let record =
                Outgoing { topic: "transactions", partition: None, key, value, timestamp, headers: &[] };
            producer.produce(&record).unwrap();
        }
        producer.flush(LIMIT).unwrap();
    }

    /// Sends rounds until a whole round is alerted about by one version that is not among these; each count is
    /// that of the round.
    fn until_version_is_new(&mut self, old: &[&String], engines: &mut [&mut Running]) -> String {
        let mut new = None;
        wait_until("a new version everywhere", LIMIT, || {
            engines.iter_mut().for_each(|e| assert!(e.runs(), "{}", e.log()));
            self.round();
            let ids: Vec<_> = (0..30).map(|account| format!("t{}-{account}", self.sent)).collect();
            let sent = self.sent;
            wait_until("alerts", LIMIT, || ids.iter().all(|id| self.alerts.look().contains_key(id)));
            let of_round: Vec<_> = ids.iter().map(|id| self.alerts.found[id].clone()).collect();
            assert!(of_round.iter().all(|(n, _)| *n == sent), "round {sent}: {of_round:?}");
            let versions: BTreeSet<_> = of_round.into_iter().map(|(_, version)| version).collect();
            let version = versions.first().unwrap().clone();
            let is_new = versions.len() == 1 && !old.contains(&&version);
            new = is_new.then_some(version);
            is_new
        });
        new.unwrap()
    }
}

#[test]
fn all_engines_follow_what_is_published_and_an_older_checkout_rolls_nothing_back() {
    let Some(place) = Place::with_kafka() else { return };
    let kafka = kafka::Kafka::connect(place.kafka.as_ref().unwrap().bootstrap(), Default::default()).unwrap();
    for dir in ["rules", "stale"] {
        place.write(&format!("{dir}/00_sources.sql"), SOURCES);
        place.write(&format!("{dir}/10_often.sql"), &rule("COUNT(*) > 0"));
    }
    // The second one's data lies elsewhere, as on another machine.
    let start = |dir: &str| -> Running {
        place.start(dir, &["engine", "--rules", dir, "--data-dir", &format!("data-{dir}")])
    };
    let mut first = start("rules");
    wait_until("the topics", LIMIT, || {
        assert!(first.runs(), "{}", first.log());
        kafka.topic("fraud_alerts").unwrap().is_some()
    });
    let mut consumer = kafka.consumer(&ConsumerConfig::default()).unwrap();
    let partitions: Vec<_> =
        (0..3).map(|p| (TopicPartition::new("fraud_alerts", p), Position::Beginning)).collect();
    consumer.assign(&partitions).unwrap();
    let alerts = Alerts { consumer, found: BTreeMap::new() };
    let mut load = Load { kafka: &*kafka, alerts, sent: 0 };
    let mut second = start("stale");
    let v1 = load.until_version_is_new(&[], &mut [&mut first, &mut second]);

    // An edit on one machine reaches both, and the counts stay.
    place.write("rules/10_often.sql", &rule("COUNT(*) >= 1"));
    let v2 = load.until_version_is_new(&[&v1], &mut [&mut first, &mut second]);
    assert!(
        second.log().contains("differs") || second.log().contains("not what is published"),
        "{}",
        second.log()
    );

    // What does not load is refused, and so is what was made for another version.
    place.write("wrong/00_sources.sql", &SOURCES.replace("VARCHAR", "VRCHAR"));
    let refused = place.streamguard(&["rules", "publish", "wrong"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2), "{}", stderr(&refused));
    let late = place.streamguard(&["rules", "publish", "stale", "--replaces", "1"]).output().unwrap();
    assert_eq!(late.status.code(), Some(1), "{}", stdout(&late));
    assert!(stderr(&late).contains("version 2 is published"), "{}", stderr(&late));

    // A restart, `kill -9` before it, with the older checkout: still what is published.
    second.kill();
    first.kill();
    let mut second = start("stale");
    load.round();
    let same = load.until_version_is_new(&[], &mut [&mut second]);
    assert_eq!(same, v2);
    let plan = place.run(&["rules", "publish", "stale", "--dry-run", "--format", "json"]);
    let plan: serde_json::Value = serde_json::from_str(&stdout(&plan)).unwrap();
    assert_eq!((&plan["before"], &plan["published"]), (&2.into(), &false.into()), "{plan}");
    assert_eq!(plan["rules"][0]["name"], "OFTEN", "{plan}");

    // Published by hand, it runs.
    let mut first = start("rules");
    let said = stdout(&place.run(&["rules", "publish", "stale"]));
    assert!(said.contains("published as version 3, in place of 2"), "{said}");
    let v3 = load.until_version_is_new(&[&v2], &mut [&mut first, &mut second]);
    assert_eq!(v3, v1, "the same rules are the same version");
    assert!(first.terminate(Duration::from_secs(20)).success());
    assert!(second.terminate(Duration::from_secs(20)).success());
}
