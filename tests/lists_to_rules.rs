//! From a person's change to what is decided by it, on a real Kafka and a real PostgreSQL: a list entry goes by the
//! outbox to its topic, a rule joins it, and its alert is decided; the policy is edited while the consumer runs.

#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::Duration;

use broker::{Broker, Outgoing, ProducerConfig, kafka};
use support::{Place, Running, wait_until};

const LIMIT: Duration = Duration::from_secs(240);

/// Joins the list of watched accounts, beside the shipped rules.
const RULE: &str = "
--@broadcast: true
CREATE TABLE list_entries (entry VARCHAR PRIMARY KEY, value VARCHAR, reason VARCHAR)
  WITH (KAFKA_TOPIC = 'list_entries', VALUE_FORMAT = 'JSON');

--@severity: high
--@description: Anything by an account under watch
CREATE STREAM watched WITH (KAFKA_TOPIC = 'fraud_alerts') AS
SELECT l.entry, t.account_id AS account_id, transaction_id, amount, 'WATCHED' AS fraud_type, l.reason AS fraud_reason,
       72 AS risk_score
FROM transactions t JOIN list_entries l ON 'watch:account:nocase:' + LCASE(t.account_id) = l.entry
EMIT CHANGES;
";

struct Guard {
    place: Place,
    log: std::sync::Arc<dyn Broker>,
    engine: Running,
    consumer: Running,
    sent: u32,
}

impl Guard {
    /// The consumer first: it makes the topic of the lists, which the rule reads.
    fn start() -> Option<Self> {
        let place = Place::with_kafka()?;
        place.run(&["db", "migrate"]);
        place.write("policy.toml", "name = \"one\"\n");
        let rules = place.shipped_rules();
        std::fs::write(rules.join("watched.sql"), RULE).unwrap();
        let consumer = place.start("consumer", &["consumer", "--policy", "policy.toml"]);
        let published =
            "SELECT count(*) FROM outbox WHERE topic = 'list_entries' AND published_at IS NOT NULL";
        wait_until("the shipped list on its topic", LIMIT, || place.database.count(published) > 0);
        let engine = place.start("engine", &["engine", "--rules", rules.to_str().unwrap()]);
        let log =
            kafka::Kafka::connect(place.kafka.as_ref().unwrap().bootstrap(), Default::default()).unwrap();
        Some(Self { place, log, engine, consumer, sent: 0 })
    }

    /// A transaction of A1 above the limit of HIGH_AMOUNT, so that a rule without a list fires for each.
    fn send(&mut self, merchant: &str) -> String {
        assert!(self.engine.runs() && self.consumer.runs(), "{}\n{}", self.engine.log(), self.consumer.log());
        self.sent += 1;
        let (id, second) = (format!("t{}", self.sent), self.sent);
        let time = chrono::DateTime::from_timestamp(1_767_323_045 + i64::from(second), 0).unwrap();
        let value = format!(
            r#"{{"transaction_id":"{id}","account_id":"A1","amount":6000,"timestamp":"{}","merchant":"{merchant}"}}"#,
            time.format("%Y-%m-%dT%H:%M:%SZ")
        );
        let mut producer = self.log.producer(&ProducerConfig::default()).unwrap();
        let (key, value) = (Some(b"A1".as_slice()), Some(value.as_bytes()));
        let timestamp = time.timestamp_millis();
        let record = Outgoing { topic: "transactions", partition: None, key, value, timestamp, headers: &[] };
        producer.produce(&record).unwrap();
        producer.flush(LIMIT).unwrap();
        id
    }

    fn fired(&self, rule: &str, id: &str) -> bool {
        let sql = format!(
            "SELECT count(*) FROM alert_occurrences WHERE rule_name = '{rule}' AND transaction_id = '{id}'"
        );
        self.place.database.count(&sql) == 1
    }

    /// Sends until the rule of the list has fired, or has not, for a transaction whose successor another rule has
    /// fired for: the successor comes later in the same partition. Returns its id.
    fn until_watched(&mut self, watched: bool) -> String {
        let mut found = String::new();
        wait_until("the rule to follow the list", LIMIT, || {
            let (id, next) = (self.send("Corner Shop"), self.send("Corner Shop"));
            wait_until("the next one's alert", LIMIT, || self.fired("HIGH_AMOUNT", &next));
            found.clone_from(&id);
            self.fired("WATCHED", &id) == watched
        });
        found
    }

    fn policy_of(&self, id: &str) -> String {
        let sql = format!(
            "SELECT p.name FROM decisions d JOIN policies p ON p.hash = d.policy_hash
             WHERE d.transaction_id = '{id}' ORDER BY d.version DESC LIMIT 1"
        );
        self.place.database.rows(&sql).first().cloned().unwrap_or_default()
    }
}

#[test]
fn a_change_of_the_lists_and_of_the_policy_reaches_the_next_decision() {
    let Some(mut guard) = Guard::start() else { return };
    guard.until_watched(false);
    let entry = ["account", "a1", "--list", "watch", "--reason", "opened with a stolen passport?"];
    guard.place.run(&[&["lists", "add"], &entry[..]].concat());
    let id = guard.until_watched(true);
    let decided = format!(
        "SELECT decision, score, explanation->'list_hits'->0->>'reason' FROM current_decisions WHERE transaction_id = '{id}'"
    );
    // 80 of HIGH_AMOUNT is the base, not the 72 of WATCHED; the list itself has 20.
    wait_until("the decision", LIMIT, || {
        guard.place.database.rows(&decided) == ["BLOCK|100|opened with a stolen passport?"]
    });
    let reason = format!(
        "SELECT fraud_reason FROM alert_occurrences WHERE rule_name = 'WATCHED' AND transaction_id = '{id}'"
    );
    assert_eq!(guard.place.database.rows(&reason), ["opened with a stolen passport?"]);
    let events = "SELECT change, action, value FROM list_events ORDER BY number DESC LIMIT 1";
    assert_eq!(guard.place.database.rows(events), ["add|watch|a1"]);

    // The policy: what is right is in force for the next decision, what is wrong is said and changes nothing.
    assert_eq!(guard.policy_of(&id), "one");
    guard.place.write("policy.toml", "name = \"two\"\n[lists]\nwatch = 0\n");
    let mut last = String::new();
    wait_until("a decision by the second policy", LIMIT, || {
        last = guard.until_watched(true);
        guard.policy_of(&last) == "two"
    });
    let score = format!("SELECT score FROM current_decisions WHERE transaction_id = '{last}'");
    wait_until("its score", LIMIT, || guard.place.database.rows(&score) == ["80"]);
    guard.place.write("policy.toml", "name = \"three\"\n[lists]\nwacht = 0\n");
    wait_until("the complaint", LIMIT, || guard.consumer.log().contains("unknown field `wacht`"));
    let id = guard.until_watched(true);
    assert_eq!(guard.policy_of(&id), "two");

    guard.place.run(&["lists", "remove", "account", "A1", "--list", "watch", "--reason", "it is genuine"]);
    guard.until_watched(false);
    assert!(guard.engine.terminate(Duration::from_secs(60)).success());
    assert!(guard.consumer.terminate(Duration::from_secs(60)).success());
}
