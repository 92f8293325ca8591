//! What a restore makes of changelogs, journals and inputs that are not as they were left.

use std::sync::Arc;
use std::time::Duration;

use broker::{Broker, Consumer, ConsumerConfig, OffsetCommit, Outgoing, Poll, Position, ProducerConfig};
use broker::{Isolation, TopicPartition, TopicSpec};

use crate::joins::{Row, put, values};
use crate::mortal::{Fault, Mortal};
use crate::support::{Rules, drain, memory, produce, read};
use crate::{MINUTE, VELOCITY, burst};

const CHANGELOG: &str = "streamguard-transactions-by-account_id-changelog";

fn rules() -> Rules {
    Rules::new(&[("10_velocity.sql", VELOCITY)])
}

/// Three payments of one account are counted and in a checkpoint.
fn counted() -> (Arc<dyn Broker>, Rules) {
    let (broker, rules) = (memory(), rules());
    produce(&broker, &burst("A", &["t1", "t2", "t3"]));
    drain(&broker, rules.options(None)).unwrap();
    (broker, rules)
}

fn refusal(broker: &Arc<dyn Broker>, rules: &Rules) -> String {
    let message = drain(broker, rules.options(None)).unwrap_err().to_string();
    assert!(message.contains("delete") && message.contains("changelog"), "it says what to do: {message}");
    message
}

/// The keys and values of a partition.
pub(crate) fn copy(broker: &Arc<dyn Broker>, topic: &str, number: i32) -> Vec<(Vec<u8>, Option<Vec<u8>>)> {
    let partition = TopicPartition::new(topic, number);
    let end = broker.watermarks(&partition, Isolation::ReadCommitted).unwrap().1;
    let mut consumer = broker.consumer(&ConsumerConfig::default()).unwrap();
    consumer.assign(&[(partition.clone(), Position::Beginning)]).unwrap();
    let (mut records, mut batch) = (Vec::new(), broker::Batch::new());
    while consumer.position(&partition).unwrap().unwrap() < end {
        if consumer.poll(&mut batch, Duration::from_millis(20)).unwrap() == Poll::Records {
            records.extend(batch.iter().map(|r| (r.key.unwrap().to_vec(), r.value.map(<[u8]>::to_vec))));
        }
    }
    records
}

fn write(broker: &Arc<dyn Broker>, topic: &str, number: i32, records: &[(Vec<u8>, Option<Vec<u8>>)]) {
    let mut producer = broker.producer(&ProducerConfig::default()).unwrap();
    for (key, value) in records {
        let (partition, key, value) = (Some(number), Some(&**key), value.as_deref());
        producer.produce(&Outgoing { topic, partition, key, value, timestamp: 1, headers: &[] }).unwrap();
    }
    producer.flush(Duration::from_secs(5)).unwrap();
}

/// Commits an offset as somebody outside.
fn commit(broker: &Arc<dyn Broker>, topic: &str, number: i32, offset: i64) {
    let config = ConsumerConfig { group: Some("streamguard".into()), ..ConsumerConfig::default() };
    let mut consumer: Box<dyn Consumer> = broker.consumer(&config).unwrap();
    let partition = TopicPartition::new(topic, number);
    consumer.commit(&[OffsetCommit { partition, offset, metadata: String::new() }]).unwrap();
}

/// The partition of the account.
fn number(broker: &Arc<dyn Broker>) -> i32 {
    (0..3).find(|number| copy(broker, "transactions", *number).len() == 3).unwrap()
}

#[test]
fn a_changelog_that_is_deleted_begins_with_empty_windows() {
    let (broker, rules) = counted();
    broker.delete_topics(&[CHANGELOG.to_owned()]).unwrap();
    produce(&broker, &burst("A", &["t4"]));
    drain(&broker, rules.options(None)).unwrap();
    assert!(read(&broker, "fraud_alerts").is_empty());
    produce(&broker, &burst("A", &["t5", "t6", "t7"]));
    drain(&broker, rules.options(None)).unwrap();
    let alerts = read(&broker, "fraud_alerts");
    assert_eq!(alerts.len(), 1);
    assert!(alerts[0].value.as_deref().unwrap().contains("t7"), "{alerts:?}");
}

#[test]
fn a_changelog_without_its_last_checkpoint_is_refused() {
    let (broker, rules) = counted();
    let number = number(&broker);
    let mut records = copy(&broker, CHANGELOG, number);
    let last = records.pop().unwrap();
    assert_eq!(last.0, [254], "the mark ends a checkpoint");
    let committed = |broker: &Arc<dyn Broker>| {
        let partitions: Vec<_> = (0..3).map(|n| TopicPartition::new(CHANGELOG, n)).collect();
        broker.committed("streamguard", &partitions).unwrap()
    };
    let before = committed(&broker);
    broker.delete_topics(&[CHANGELOG.to_owned()]).unwrap();
    broker.create_topics(&[TopicSpec::compacted(CHANGELOG, 3)]).unwrap();
    // The topic is put back from an older copy, and the group's offsets with it.
    write(&broker, CHANGELOG, number, &records);
    let config = ConsumerConfig { group: Some("streamguard".into()), ..ConsumerConfig::default() };
    let offsets: Vec<_> = before.into_iter().flatten().collect();
    broker.consumer(&config).unwrap().commit(&offsets).unwrap();
    let message = refusal(&broker, &rules);
    assert!(message.contains(CHANGELOG) && message.contains("its records were lost"), "{message}");
}

#[test]
fn a_changelog_that_the_group_knows_nothing_of_is_refused() {
    let (broker, rules) = counted();
    let number = number(&broker);
    let records = copy(&broker, CHANGELOG, number);
    broker.delete_topics(&[CHANGELOG.to_owned()]).unwrap();
    broker.create_topics(&[TopicSpec::compacted(CHANGELOG, 3)]).unwrap();
    write(&broker, CHANGELOG, number, &records);
    let message = refusal(&broker, &rules);
    assert!(message.contains("has committed no checkpoint in it"), "{message}");
}

#[test]
fn a_changelog_whose_oldest_records_were_deleted_is_refused() {
    let (broker, rules) = counted();
    let number = number(&broker);
    let records = copy(&broker, CHANGELOG, number);
    let committed =
        broker.committed("streamguard", &[TopicPartition::new(CHANGELOG, number)]).unwrap().pop().flatten();
    broker.delete_topics(&[CHANGELOG.to_owned()]).unwrap();
    // Somebody has made it as a topic whose records go.
    broker.create_topics(&[TopicSpec::retained(CHANGELOG, 3)]).unwrap();
    write(&broker, CHANGELOG, number, &records);
    broker.delete_records(&[(TopicPartition::new(CHANGELOG, number), 1)]).unwrap();
    let config = ConsumerConfig { group: Some("streamguard".into()), ..ConsumerConfig::default() };
    broker.consumer(&config).unwrap().commit(&[committed.unwrap()]).unwrap();
    let message = refusal(&broker, &rules);
    assert!(message.contains("oldest records were deleted"), "{message}");
}

#[test]
fn inputs_that_are_gone_before_they_are_in_a_checkpoint_are_refused() {
    let (broker, rules) = (memory(), rules());
    produce(&broker, &burst("A", &["t1", "t2", "t3"]));
    // It dies behind its first commit, which no checkpoint holds.
    assert!(drain(&Mortal::over(&broker, Fault::EndAfterCommit(2)), rules.options(None)).is_err());
    let number = number(&broker);
    broker.delete_records(&[(TopicPartition::new("transactions", number), 2)]).unwrap();
    let message = refusal(&broker, &rules);
    assert!(message.contains("have to be read once more") && message.contains("offset 0"), "{message}");
}

#[test]
fn a_group_that_was_moved_back_is_refused() {
    let (broker, rules) = counted();
    let number = number(&broker);
    commit(&broker, "transactions", number, 1);
    let message = refusal(&broker, &rules);
    assert!(message.contains("offset 1") && message.contains("moved by somebody else"), "{message}");
}

const JOIN: &str = "CREATE TABLE profiles (account_id VARCHAR PRIMARY KEY, tier VARCHAR) \
    WITH (KAFKA_TOPIC='profiles', VALUE_FORMAT='JSON', PARTITIONS=3); \
    CREATE TABLE tiers AS SELECT t.account_id, COLLECT_LIST(p.tier) AS tiers, COUNT(*) AS n \
    FROM transactions t JOIN profiles p ON t.account_id = p.account_id \
    WINDOW TUMBLING (SIZE 1 HOUR, GRACE PERIOD 1 HOUR) GROUP BY t.account_id;";

#[test]
fn a_topic_that_ends_before_its_group_is_refused_and_not_waited_for() {
    let (broker, rules) = (memory(), rules());
    produce(&broker, &burst("A", &["t1", "t2", "t3"]));
    // It dies behind its first commit, which no checkpoint holds; then the topic's end is lost.
    assert!(drain(&Mortal::over(&broker, Fault::EndAfterCommit(2)), rules.options(None)).is_err());
    let partition = TopicPartition::new("transactions", number(&broker));
    let committed = broker.committed("streamguard", &[partition]).unwrap().remove(0).unwrap();
    let config = ConsumerConfig { group: Some("streamguard".into()), ..ConsumerConfig::default() };
    broker.consumer(&config).unwrap().commit(&[OffsetCommit { offset: 1_000, ..committed }]).unwrap();
    let message = refusal(&broker, &rules);
    assert!(message.contains("stands at offset 1000") && message.contains("ends at offset 3"), "{message}");
}

fn profile(tier: &str, at: i64) -> Row {
    ("A".to_owned(), Some(format!(r#"{{"tier":"{tier}"}}"#)), at)
}

/// A payment that met a profile before the profile changed, in times that say otherwise: only the journal knows.
fn joined_out_of_order() -> (Arc<dyn Broker>, Rules) {
    let (broker, rules) = (memory(), Rules::new(&[("10_join.sql", JOIN)]));
    broker.create_topics(&[TopicSpec::retained("profiles", 3)]).unwrap();
    let (state, shutdown) = (tempfile::tempdir().unwrap(), broker::Shutdown::new());
    put(&broker, "profiles", &[profile("gold", MINUTE)]);
    let over = Mortal::over(&broker, Fault::EndBeforeCommit(4));
    let (options, asked) = (rules.options(Some(state.path())), shutdown.clone());
    let engine = std::thread::spawn(move || engine::run(over, options, asked));
    let counted = |n: usize| read(&broker, "TIERS").len() == n;
    produce(&broker, &[("A", "t1", "1", "m", MINUTE + 100)]);
    crate::support::eventually("the first is counted", || counted(1));
    // Later in the log, earlier by its time.
    put(&broker, "profiles", &[profile("iron", MINUTE + 1)]);
    crate::support::eventually("the change is taken", || {
        let partitions: Vec<_> = (0..3).map(|n| TopicPartition::new("profiles", n)).collect();
        let committed = broker.committed("streamguard", &partitions).unwrap();
        committed.into_iter().flatten().map(|c| c.offset).sum::<i64>() >= 2
    });
    // The commit after that is the last, and does not happen.
    produce(&broker, &[("A", "t2", "1", "m", MINUTE + 200)]);
    let outcome = engine.join().unwrap();
    assert!(outcome.is_err(), "it died: {outcome:?}");
    (broker, rules)
}

#[test]
fn inputs_are_taken_once_more_in_the_order_of_the_journal() {
    let (broker, rules) = joined_out_of_order();
    assert_eq!(values(&broker, "TIERS").len(), 1);
    drain(&broker, rules.options(None)).unwrap();
    let rows = values_in_order(&broker);
    assert_eq!(rows, [r#"{"TIERS":["gold"],"N":1}"#, r#"{"TIERS":["gold","iron"],"N":2}"#]);
}

#[test]
fn without_its_journal_a_task_with_several_inputs_is_refused() {
    let (broker, rules) = joined_out_of_order();
    let topics = broker.topics().unwrap();
    let journal = topics.iter().find(|topic| topic.name.ends_with("-journal")).unwrap();
    broker.delete_topics(std::slice::from_ref(&journal.name)).unwrap();
    let message = refusal(&broker, &rules);
    assert!(message.contains("in which order") && message.contains("journal"), "{message}");
}

fn values_in_order(broker: &Arc<dyn Broker>) -> Vec<String> {
    let partitions = (0..3).map(|number| copy(broker, "TIERS", number));
    partitions.flatten().map(|(_, value)| String::from_utf8(value.unwrap()).unwrap()).collect()
}

/// The first record of a key in the changelog is of a rule that is gone, the second of the one that runs.
#[test]
fn what_a_rule_that_is_gone_has_left_of_a_key_does_not_delete_what_another_knows_of_it() {
    let counts = |window: &str| {
        format!(
            "CREATE TABLE n AS SELECT account_id, COUNT(*) AS n FROM transactions {window} GROUP BY account_id;"
        )
    };
    let session = "WINDOW SESSION (1 HOUR, GRACE PERIOD 1 HOUR)";
    for (before, after) in
        [(VELOCITY.to_owned(), counts("")), (counts(session), counts(&session.replace('1', "2")))]
    {
        let (broker, rules) = (memory(), Rules::new(&[("10_rule.sql", &before)]));
        produce(&broker, &burst("A", &["t1", "t2"]));
        drain(&broker, rules.options(None)).unwrap();
        rules.write("10_rule.sql", &after);
        // Each run restores what the one before has left, and ends with a checkpoint.
        for (account, payment) in [("A", "t3"), ("B", "t4"), ("C", "t5"), ("A", "t6")] {
            produce(&broker, &[(account, payment, "1", "m", MINUTE)]);
            drain(&broker, rules.options(None)).unwrap();
        }
        let rows =
            (0..3).flat_map(|number| copy(&broker, "N", number)).filter(|(key, _)| key.starts_with(b"A"));
        let last = rows.filter_map(|(_, value)| value).next_back().unwrap();
        assert_eq!(String::from_utf8(last).unwrap(), r#"{"N":2}"#, "{after}");
    }
}
