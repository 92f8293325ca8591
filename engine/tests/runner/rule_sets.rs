//! Rule sets on a log that several engines share: an edit reaches all of them, an older checkout rolls nothing
//! back, publishers are ordered, and what is wrong changes nothing.

use std::collections::BTreeMap;
use std::sync::Arc;

use broker::Broker;
use engine::rule_set::RuleSet;
use engine::sql::SourceFile;
use engine::{Authority, Error, Options, RuleSetTopic};

use crate::support::{Rules, Running, eventually, memory, produce, read};
use crate::{HIGH, VELOCITY};

/// One account of each partition of `transactions`.
const ACCOUNTS: [&str; 3] = ["A", "B", "E"];

fn follows(rules: &Rules) -> Options {
    Options { authority: Authority::Published, ..rules.options(None) }
}

fn with_topic<T>(broker: &Arc<dyn Broker>, work: impl FnOnce(RuleSetTopic<'_>) -> T) -> T {
    let none = BTreeMap::new();
    work(RuleSetTopic {
        broker: &**broker,
        clock: &broker::SystemClock,
        group: "streamguard",
        consumer_properties: &none,
        producer_properties: &none,
    })
}

fn newest(broker: &Arc<dyn Broker>) -> Option<RuleSet> {
    with_topic(broker, |topic| topic.newest().unwrap()).map(Result::unwrap)
}

fn version(broker: &Arc<dyn Broker>) -> u64 {
    newest(broker).map_or(0, |set| set.version)
}

fn publish(broker: &Arc<dyn Broker>, files: &[SourceFile], replaces: u64) -> Result<RuleSet, Error> {
    with_topic(broker, |topic| topic.publish(files, replaces, "a test"))
}

/// The rule versions of the filter's alerts about a transaction, which was sent to each partition.
fn versions(broker: &Arc<dyn Broker>, id: &str) -> Vec<String> {
    let alerts = read(broker, "fraud_alerts").into_iter().filter(|a| a.headers["rule.name"] == "HIGH_AMOUNT");
    let of_it = alerts.filter(|a| a.value.as_ref().is_some_and(|v| v.contains(&format!("\"{id}\""))));
    of_it.map(|a| a.headers["rule.version"].clone()).collect()
}

/// Sends a transaction of each partition and waits for the alerts about it; their rule versions.
fn sent(broker: &Arc<dyn Broker>, id: &str, amount: &str) -> Vec<String> {
    for account in ACCOUNTS {
        produce(broker, &[(account, id, amount, "m", 60_000)]);
    }
    eventually("alerts of all partitions", || versions(broker, id).len() == ACCOUNTS.len());
    versions(broker, id)
}

/// Sends transactions until those of all partitions are alerted about in the same new version of the rule.
fn until_all_but(broker: &Arc<dyn Broker>, old: &str, tag: &str) -> String {
    for i in 0.. {
        let found = sent(broker, &format!("{tag}{i}"), "9000");
        assert!(i < 200, "{found:?}");
        if found.iter().all(|v| v != old) {
            assert!(found.iter().all(|v| *v == found[0]), "{found:?}");
            return found[0].clone();
        }
    }
    unreachable!()
}

#[test]
fn an_edit_on_one_machine_reaches_the_other_and_counts_stay() {
    let broker = memory();
    let files = [("10_high.sql", HIGH), ("20_velocity.sql", VELOCITY)];
    let (here, there) = (Rules::new(&files), Rules::new(&files));
    let first = Running::start(&broker, follows(&here));
    eventually("a rule set", || version(&broker) == 1);
    let second = Running::start(&broker, follows(&there));
    let old = sent(&broker, "t1", "9000")[0].clone();
    here.write("10_high.sql", &HIGH.replace("5000", "8000"));
    eventually("the edit is published", || version(&broker) == 2);
    until_all_but(&broker, &old, "e");
    // The other directory is another checkout now: an edit there is not published.
    there.write("10_high.sql", &HIGH.replace("5000", "7000"));
    let newer =
        publish(&broker, &engine::rule_files::read(&[there.dir.path().to_owned()]).unwrap(), 2).unwrap();
    assert_eq!(newer.version, 3);
    let third = sent(&broker, "last", "9000");
    assert!(third.iter().all(|v| *v != old), "{third:?}");
    first.stop();
    second.stop();
    // A window's count has gone up by one with each transaction, whatever happened to the rules.
    let of_a = read(&broker, "fraud_alerts")
        .into_iter()
        .filter(|a| a.headers["rule.name"] == "VELOCITY" && a.key.as_ref().is_some_and(|key| key[0] == b'A'));
    let mut counts: Vec<u64> = of_a
        .map(|a| {
            let value = a.value.unwrap();
            value.split("\"N\":").nth(1).unwrap().split(',').next().unwrap().parse().unwrap()
        })
        .collect();
    counts.sort_unstable();
    assert!(counts.iter().copied().eq(4..4 + counts.len() as u64), "{counts:?}");
}

#[test]
fn an_older_checkout_rolls_nothing_back() {
    let broker = memory();
    let (here, stale) = (Rules::new(&[("10_high.sql", HIGH)]), Rules::new(&[("10_high.sql", HIGH)]));
    let engine = Running::start(&broker, follows(&here));
    let old = sent(&broker, "t1", "9000")[0].clone();
    here.write("10_high.sql", &HIGH.replace("5000", "8000"));
    let new = until_all_but(&broker, &old, "e");
    engine.stop();
    let engine = Running::start(&broker, follows(&stale));
    assert!(sent(&broker, "t2", "9000").iter().all(|v| *v == new));
    // Nor where it is edited: what the other machine changed would be lost with it.
    stale.write("10_high.sql", &HIGH.replace("5000", "6000"));
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert!(sent(&broker, "t3", "9000").iter().all(|v| *v == new));
    assert_eq!(version(&broker), 2);
    // Once it has what is published, it is edited as any other.
    stale.write("10_high.sql", &HIGH.replace("5000", "8000"));
    std::thread::sleep(std::time::Duration::from_millis(1500));
    stale.write("10_high.sql", &HIGH.replace("5000", "8500"));
    eventually("the edit is published", || version(&broker) == 3);
    until_all_but(&broker, &new, "f");
    engine.stop();
}

#[test]
fn what_was_edited_while_nothing_ran_is_published_where_the_directory_has_the_say() {
    let broker = memory();
    let rules = Rules::new(&[("10_velocity.sql", VELOCITY)]);
    crate::support::drain(&broker, rules.options(None)).unwrap();
    produce(&broker, &crate::burst("A", &["t1", "t2"]));
    crate::support::drain(&broker, rules.options(None)).unwrap();
    rules.write("10_velocity.sql", &VELOCITY.replace("> 3", "> 2"));
    produce(&broker, &crate::burst("A", &["t3"]));
    crate::support::drain(&broker, rules.options(None)).unwrap();
    assert_eq!(version(&broker), 2);
    let alerts = read(&broker, "fraud_alerts");
    assert_eq!(alerts.len(), 1, "{alerts:?}");
    assert!(alerts[0].value.as_ref().unwrap().contains("\"N\":3"), "{alerts:?}");
}

#[test]
fn publishers_are_ordered_and_only_one_replaces_a_version() {
    let broker = memory();
    // Larger than a record may be, and of different sizes.
    let file = |who: usize, round: u64| {
        vec![SourceFile::new("a.sql", format!("-- {who} {round} {}", "x".repeat(who * 600_000)))]
    };
    for round in 0..5 {
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let publishers: Vec<_> = (0..4)
                .map(|who| {
                    let broker = &broker;
                    scope.spawn(move || (who, publish(broker, &file(who, round), round)))
                })
                .collect();
            publishers.into_iter().map(|p| p.join().unwrap()).collect()
        });
        let (won, lost): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(|(_, outcome)| outcome.is_ok());
        assert_eq!(won.len(), 1, "{lost:?}");
        let found = newest(&broker).unwrap();
        assert_eq!((found.version, &found.files), (round + 1, &file(won[0].0, round)));
        for (_, outcome) in lost {
            let error = outcome.unwrap_err();
            assert!(matches!(error, Error::Conflict { newest, .. } if newest == round + 1), "{error}");
        }
    }
}

#[test]
fn a_published_program_that_does_not_load_changes_nothing() {
    let broker = memory();
    let rules = Rules::new(&[("10_high.sql", HIGH)]);
    let engine = Running::start(&broker, follows(&rules));
    let old = sent(&broker, "t1", "9000")[0].clone();
    // As a newer release may write it.
    let mut files = engine::rule_files::read(&[rules.dir.path().to_owned()]).unwrap();
    files[1].text = HIGH.replace("SELECT", "SELECT BRAND NEW");
    publish(&broker, &files, 1).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert!(sent(&broker, "t2", "9000").iter().all(|v| *v == old));
    // An edit here does not roll it back unasked.
    rules.write("10_high.sql", &HIGH.replace("5000", "7000"));
    std::thread::sleep(std::time::Duration::from_millis(1500));
    assert_eq!(version(&broker), 2);
    files[1].text = HIGH.replace("5000", "8000");
    publish(&broker, &files, 2).unwrap();
    until_all_but(&broker, &old, "e");
    engine.stop();
    files[1].text = "SELEC".into();
    publish(&broker, &files, 3).unwrap();
    let error = crate::support::drain(&broker, follows(&rules)).unwrap_err();
    assert!(matches!(error, Error::Refused(_)), "{error}");
}

/// Between two programs a worker may hold partitions of a topic that its own does not read: they are another's,
/// or will be read later. What comes there meanwhile is not done with.
#[test]
fn records_of_a_topic_that_no_rule_reads_for_a_while_wait() {
    let broker = memory();
    let rules = Rules::new(&[("10_high.sql", HIGH)]);
    let other = "CREATE STREAM other (k VARCHAR KEY, v VARCHAR) WITH (KAFKA_TOPIC='other', VALUE_FORMAT='JSON', \
        PARTITIONS=3); CREATE STREAM copy AS SELECT * FROM other;";
    let put = |v: &str| {
        let mut producer = broker.producer(&broker::ProducerConfig::default()).unwrap();
        for key in ACCOUNTS {
            let value = format!("{{\"v\":\"{v}\"}}");
            let (key, value) = (Some(key.as_bytes()), Some(value.as_bytes()));
            let record =
                broker::Outgoing { topic: "other", partition: None, key, value, timestamp: 1, headers: &[] };
            producer.produce(&record).unwrap();
        }
        producer.flush(std::time::Duration::from_secs(10)).unwrap();
    };
    let copies = || read(&broker, "COPY").len();
    rules.write("20_other.sql", other);
    let engine = Running::start(&broker, follows(&rules));
    eventually("the topic", || broker.topic("other").unwrap().is_some());
    put("1");
    eventually("copies", || copies() == 3);
    rules.write("20_other.sql", "-- nothing");
    eventually("the edit is published", || version(&broker) == 2);
    put("2");
    sent(&broker, "t1", "9000");
    put("3");
    sent(&broker, "t2", "9000");
    rules.write("20_other.sql", other);
    eventually("all copies", || copies() == 9);
    engine.stop();
    assert_eq!(copies(), 9);
}
