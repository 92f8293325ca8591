//! Engines that are killed at a distance from their last checkpoint: what the commits since have done is done once
//! more, and neither lost nor seen twice.
//!
//! The oracle is the same engine without a kill, in another log: all records that it writes are the same, in order
//! of their keys. That it is right without kills is what the other tests say.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use broker::{Broker, Isolation, TopicPartition};

use crate::MINUTE;
use crate::joins::Numbers;
use crate::mortal::{Fault, Mortal};
use crate::restores::copy;
use crate::support::{Rules, drain, memory, produce};

const COUNTS: &str = "CREATE TABLE counts AS SELECT account_id, COUNT(*) AS n, SUM(amount) AS total, \
    COLLECT_LIST(transaction_id) AS ids FROM transactions WINDOW TUMBLING (SIZE 1 MINUTE, GRACE PERIOD 10 MINUTES) \
    GROUP BY account_id;";
const SESSIONS: &str = "CREATE TABLE counts AS SELECT account_id, COUNT(*) AS n, SUM(amount) AS total \
    FROM transactions WINDOW SESSION (30 SECONDS, GRACE PERIOD 1 MINUTE) GROUP BY account_id;";
const FINALS: &str = "CREATE TABLE counts AS SELECT account_id, COUNT(*) AS n, SUM(amount) AS total \
    FROM transactions WINDOW TUMBLING (SIZE 20 SECONDS, GRACE PERIOD 0 SECONDS) GROUP BY account_id EMIT FINAL;";
const FIRST: &str = "--@emit: first\nCREATE TABLE counts WITH (KAFKA_TOPIC='fraud_alerts') AS SELECT account_id, COUNT(*) AS n FROM transactions \
    WINDOW TUMBLING (SIZE 1 MINUTE, GRACE PERIOD 10 MINUTES) GROUP BY account_id HAVING COUNT(*) > 2;";
const COOLDOWN: &str = "--@cooldown: 40 SECONDS\nCREATE STREAM counts WITH (KAFKA_TOPIC='fraud_alerts') AS \
    SELECT account_id, transaction_id FROM transactions WHERE amount > 3;";
const BY_SHOP: &str = "CREATE TABLE counts AS SELECT merchant, COUNT(*) AS n, MAX(amount) AS top \
    FROM transactions WINDOW HOPPING (SIZE 1 MINUTE, ADVANCE BY 20 SECONDS, GRACE PERIOD 1 HOUR) GROUP BY merchant;";
const PAIRS: &str = "CREATE STREAM others (account_id VARCHAR KEY, transaction_id VARCHAR, amount DECIMAL(18, 4), \
    ts BIGINT) WITH (KAFKA_TOPIC='transactions', VALUE_FORMAT='JSON', TIMESTAMP='ts'); \
    CREATE STREAM counts AS SELECT a.account_id, a.transaction_id AS first, b.transaction_id AS second \
    FROM transactions a JOIN others b WITHIN 5 SECONDS GRACE PERIOD 1 MINUTE ON a.account_id = b.account_id;";

/// Sends the payments of a round.
fn send(brokers: &[&Arc<dyn Broker>], numbers: &mut Numbers, round: usize) {
    let payments: Vec<_> = (0..40)
        .map(|i| {
            let (account, shop) = (numbers.below(6), numbers.below(3));
            let at = (round * 40 + i) as i64 * 1_500 + numbers.below(4_000) as i64;
            (
                format!("A{account}"),
                format!("t{round}-{i}"),
                numbers.below(9).to_string(),
                format!("M{shop}"),
                at,
            )
        })
        .collect();
    let rows: Vec<_> =
        payments.iter().map(|(a, t, n, m, at)| (&**a, &**t, &**n, &**m, MINUTE + *at)).collect();
    brokers.iter().for_each(|broker| produce(broker, &rows));
}

/// Where the killed engine keeps what it knows: in memory alone, beside that in a directory, or in the directory with
/// as much in memory as goes into so many bytes.
const PLACES: [(bool, Option<usize>); 3] = [(false, None), (true, None), (true, Some(100_000))];

fn same_over_kills(name: &str, rule: &str, sink: &str) {
    PLACES.into_iter().for_each(|place| same_over_kills_in(place, name, rule, sink));
}

/// Rounds in which the engine dies at every distance from its checkpoints, beside rounds without a death.
fn same_over_kills_in((has_dir, state_memory): (bool, Option<usize>), name: &str, rule: &str, sink: &str) {
    let rules = Rules::new(&[("10.sql", rule)]);
    let dir = tempfile::tempdir().unwrap();
    let (killed, unharmed) = (memory(), memory());
    let mut numbers = Numbers(5);
    // One partition order for both: what comes by a repartition topic otherwise meets in the order of commits.
    let unlimited = engine::Options { commit_interval: Duration::from_millis(1), ..rules.options(None) };
    let state_dir = has_dir.then(|| dir.path().to_owned());
    let options = engine::Options { state_dir, state_memory, ..unlimited.clone() };
    let faults = [
        // After the first checkpoint, before any commit of work; then behind commits that are in no checkpoint.
        Fault::EndBeforeCommit(2),
        Fault::EndAfterCommit(2),
        Fault::EndAfterCommit(1),
        Fault::EndAfterCommit(3),
        Fault::EndAtRecord(11),
        Fault::EndBeforeCommit(3),
    ];
    for (round, fault) in faults.into_iter().enumerate() {
        send(&[&killed, &unharmed], &mut numbers, round);
        let _ = drain(&Mortal::over(&killed, fault), options.clone());
    }
    drain(&Mortal::over(&killed, Fault::FailCommits(2)), options.clone()).unwrap();
    drain(&unharmed, unlimited.clone()).unwrap();
    assert_eq!(by_key(&killed, sink), by_key(&unharmed, sink), "{name}");
    // What is restored now is what was never killed.
    send(&[&killed, &unharmed], &mut numbers, faults.len());
    drain(&killed, options.clone()).unwrap();
    drain(&unharmed, unlimited).unwrap();
    let found = by_key(&killed, sink);
    assert!(!found.is_empty(), "{name}");
    assert_eq!(found, by_key(&unharmed, sink), "{name}");
}

/// What was written, key by key in order.
fn by_key(broker: &Arc<dyn Broker>, topic: &str) -> BTreeMap<Vec<u8>, Vec<Option<String>>> {
    let mut keys = BTreeMap::<Vec<u8>, Vec<Option<String>>>::new();
    let count = broker.topic(topic).unwrap().unwrap().partitions;
    for (key, value) in (0..count).flat_map(|number| copy(broker, topic, number)) {
        keys.entry(key).or_default().push(value.map(|value| String::from_utf8(value).unwrap()));
    }
    keys
}

#[test]
fn windows_are_exact_over_kills_between_checkpoints() {
    same_over_kills("windows", COUNTS, "COUNTS");
}

#[test]
fn sessions_are_exact_over_kills_between_checkpoints() {
    same_over_kills("sessions", SESSIONS, "COUNTS");
}

#[test]
fn final_windows_are_exact_over_kills_between_checkpoints() {
    same_over_kills("finals", FINALS, "COUNTS");
}

#[test]
fn what_has_fired_is_exact_over_kills_between_checkpoints() {
    same_over_kills("first", FIRST, "fraud_alerts");
}

#[test]
fn cooldowns_are_exact_over_kills_between_checkpoints() {
    same_over_kills("cooldown", COOLDOWN, "fraud_alerts");
}

#[test]
fn a_stream_joined_with_itself_is_exact_over_kills_between_checkpoints() {
    same_over_kills("pairs", PAIRS, "COUNTS");
}

/// A shop's payments come from several partitions, in an order that is the log's: so only the last counts are the
/// same, and none is there twice.
#[test]
fn repartitioned_windows_are_exact_over_kills_between_checkpoints() {
    let rules = Rules::new(&[("10.sql", BY_SHOP)]);
    let (broker, mut numbers) = (memory(), Numbers(8));
    let options = engine::Options { commit_interval: Duration::from_millis(1), ..rules.options(None) };
    for round in 0..6 {
        send(&[&broker], &mut numbers, round);
        let fault =
            if round % 2 == 0 { Fault::EndAfterCommit(2 + round as u64) } else { Fault::EndAtRecord(60) };
        let _ = drain(&Mortal::over(&broker, fault), options.clone());
    }
    drain(&broker, options).unwrap();
    let mut changes = 0;
    for rows in by_key(&broker, "COUNTS").values() {
        let count = |row: &Option<String>| -> u64 {
            let row: serde_json::Value = serde_json::from_str(row.as_deref().unwrap()).unwrap();
            row["N"].as_u64().unwrap()
        };
        let counts: Vec<_> = rows.iter().map(count).collect();
        assert_eq!(counts, (1..=counts.len() as u64).collect::<Vec<_>>());
        changes += counts.len();
    }
    assert_eq!(changes, 3 * 6 * 40, "each payment is in three windows");
}

/// Nothing of a repartition topic is needed once its readers have a checkpoint.
#[test]
fn a_repartition_topic_is_purged_up_to_the_checkpoint() {
    let (broker, rules) = (memory(), Rules::new(&[("10.sql", BY_SHOP)]));
    let topic = "streamguard-transactions-by-merchant-repartition";
    send(&[&broker], &mut Numbers(8), 0);
    drain(&broker, rules.options(None)).unwrap();
    let ends = |number: i32| {
        broker.watermarks(&TopicPartition::new(topic, number), Isolation::ReadUncommitted).unwrap()
    };
    let (mut kept, mut written) = (0, 0);
    for number in 0..broker.topic(topic).unwrap().unwrap().partitions {
        let (low, end) = ends(number);
        (kept, written) = (kept + end - low, written + end);
    }
    // Where the last commit leaves a marker, that may be all there is.
    assert!(written >= 40 && kept <= 3, "{kept} of {written}");
    send(&[&broker], &mut Numbers(8), 0);
    drain(&broker, rules.options(None)).unwrap();
}
