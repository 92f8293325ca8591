//! Joins on the embedded broker: tables are loaded first, streams meet in the order of their times, and nothing
//! of that changes by a stop, a second worker or a reload. What is right is computed here, in plain Rust.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::{Broker, Outgoing, ProducerConfig, TopicSpec};

use crate::mortal::{Fault, Mortal};
use crate::support::{Record, Rules, drain, memory, produce, read};

pub(crate) const PROFILES: &str = "CREATE TABLE profiles (account_id VARCHAR PRIMARY KEY, tier VARCHAR) \
    WITH (KAFKA_TOPIC='profiles', VALUE_FORMAT='JSON', PARTITIONS=3);";

pub(crate) const ENRICHED: &str = "CREATE STREAM enriched AS SELECT t.account_id, t.transaction_id, p.tier \
    FROM transactions t LEFT JOIN profiles p ON t.account_id = p.account_id;";

const PAIRS: &str = "CREATE STREAM sent (id VARCHAR KEY, n BIGINT) \
    WITH (KAFKA_TOPIC='sent', VALUE_FORMAT='JSON', PARTITIONS=3); \
    CREATE STREAM got (id VARCHAR KEY, n BIGINT) WITH (KAFKA_TOPIC='got', VALUE_FORMAT='JSON', PARTITIONS=3); \
    CREATE STREAM pairs AS SELECT s.id, s.n AS sent, g.n AS got FROM sent s LEFT JOIN got g \
    WITHIN 1 SECOND GRACE PERIOD 0 SECONDS ON s.id = g.id;";

/// Key, value or none, time.
pub(crate) type Row = (String, Option<String>, i64);

pub(crate) fn put(broker: &Arc<dyn Broker>, topic: &str, rows: &[Row]) {
    let mut producer = broker.producer(&ProducerConfig::default()).unwrap();
    for (key, value, timestamp) in rows {
        let value = value.as_ref().map(String::as_bytes);
        let record = Outgoing {
            topic,
            partition: None,
            key: Some(key.as_bytes()),
            value,
            timestamp: *timestamp,
            headers: &[],
        };
        producer.produce(&record).unwrap();
    }
    producer.flush(Duration::from_secs(10)).unwrap();
}

pub(crate) fn profile(account: &str, tier: &str, at: i64) -> Row {
    (account.to_owned(), Some(format!(r#"{{"tier":"{tier}"}}"#)), at)
}

pub(crate) fn topics(broker: &Arc<dyn Broker>, names: &[&str]) {
    let specs: Vec<_> = names.iter().map(|name| TopicSpec::retained(*name, 3)).collect();
    broker.create_topics(&specs).unwrap();
}

pub(crate) fn key(record: &Record) -> String {
    String::from_utf8(record.key.clone().unwrap()).unwrap()
}

pub(crate) fn values(broker: &Arc<dyn Broker>, topic: &str) -> Vec<String> {
    let mut values: Vec<_> = read(broker, topic)
        .iter()
        .map(|r| format!("{} {}", key(r), r.value.as_deref().unwrap_or("null")))
        .collect();
    values.sort();
    values
}

/// Numbers that look random and are the same in each run.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

#[test]
fn a_table_is_loaded_before_the_first_record_of_a_stream() {
    let (broker, rules) = (memory(), Rules::new(&[("10_profiles.sql", PROFILES), ("20_join.sql", ENRICHED)]));
    topics(&broker, &["profiles"]);
    // The table's records are later than the stream's, and many.
    let profiles: Vec<_> =
        (0..20_000).map(|i| profile(&format!("A{}", i % 50), &format!("T{i}"), 9_000 + i)).collect();
    put(&broker, "profiles", &profiles);
    let ids: Vec<_> = (0..50).map(|i| (format!("A{i}"), format!("t{i}"))).collect();
    let rows: Vec<_> = ids.iter().map(|(a, t)| (a.as_str(), t.as_str(), "1", "m", 1_000)).collect();
    produce(&broker, &rows);
    let summary = drain(&broker, rules.options(None)).unwrap();
    let expected: Vec<_> = {
        let row = |i: i32| format!(r#"A{i} {{"T_TRANSACTION_ID":"t{i}","TIER":"T{}"}}"#, 19_950 + i);
        let mut all: Vec<_> = (0..50).map(row).collect();
        all.sort();
        all
    };
    assert_eq!(
        values(&broker, "ENRICHED"),
        expected.iter().map(|v| v.replace("T_TRANS", "TRANS")).collect::<Vec<_>>()
    );
    let counters = summary.queries.values().next().unwrap();
    assert!(counters.adds_up(), "{counters:?}");
    assert_eq!((counters.input, counters.emitted, summary.records), (20_050, 50, 20_050));
}

/// Kills the engine here and there, then lets it finish, every third commit failing.
pub(crate) fn drain_over_kills(broker: &Arc<dyn Broker>, options: &engine::Options) {
    let faults = [Fault::EndAtRecord(40), Fault::EndAfterCommit(1), Fault::EndBeforeCommit(2)];
    for fault in faults {
        // One that comes after the last record or commit does no harm.
        let _ = drain(&Mortal::over(broker, fault), options.clone());
    }
    drain(&Mortal::over(broker, Fault::FailCommits(3)), options.clone()).unwrap();
}

/// Round by round: each time the engine starts, it loads what the table has become, then runs the stream.
#[test]
fn a_stream_and_a_table_over_restarts_give_what_a_map_gives() {
    let (broker, rules) = (memory(), Rules::new(&[("10_profiles.sql", PROFILES), ("20_join.sql", ENRICHED)]));
    topics(&broker, &["profiles"]);
    let (mut numbers, mut table, mut expected) = (Numbers(7), BTreeMap::new(), Vec::new());
    for round in 0..4 {
        let mut changes = Vec::new();
        for i in 0..200 {
            let account = format!("A{}", numbers.below(40));
            if numbers.below(4) == 0 {
                table.remove(&account);
                changes.push((account, None, i));
            } else {
                let tier = format!("T{round}-{i}");
                changes.push(profile(&account, &tier, i));
                table.insert(account, tier);
            }
        }
        put(&broker, "profiles", &changes);
        let ids: Vec<_> =
            (0..100).map(|i| (format!("A{}", numbers.below(50)), format!("t{round}-{i}"))).collect();
        let rows: Vec<_> = ids.iter().map(|(a, t)| (a.as_str(), t.as_str(), "1", "m", 5)).collect();
        produce(&broker, &rows);
        for (account, id) in &ids {
            let tier = table.get(account).map_or("null".to_owned(), |tier| format!("\"{tier}\""));
            expected.push(format!(r#"{account} {{"TRANSACTION_ID":"{id}","TIER":{tier}}}"#));
        }
        let options = engine::Options { threads: 1 + round % 2, ..rules.options(None) };
        if round > 1 {
            drain_over_kills(&broker, &options);
            continue;
        }
        let summary = drain(&broker, options).unwrap();
        assert!(summary.queries.values().all(|c| c.adds_up() && c.input == 300), "{summary:?}");
    }
    expected.sort();
    assert_eq!(values(&broker, "ENRICHED"), expected);
}

/// The table's topic seems to have one record more in each partition, which never comes.
#[test]
fn an_input_that_does_not_come_is_waited_for_as_long_as_asked() {
    let wait = |task_idle: Duration| {
        let (broker, rules) =
            (memory(), Rules::new(&[("10_profiles.sql", PROFILES), ("20_join.sql", ENRICHED)]));
        topics(&broker, &["profiles"]);
        put(&broker, "profiles", &[profile("A", "gold", 1)]);
        produce(&broker, &[("A", "t1", "1", "m", 1), ("A", "t2", "1", "m", 2)]);
        let started = Instant::now();
        let options = engine::Options { task_idle, ..rules.options(None) };
        drain(&Mortal::over(&broker, Fault::Lag("profiles")), options).unwrap();
        assert_eq!(values(&broker, "ENRICHED").len(), 2);
        started.elapsed()
    };
    let asked = Duration::from_secs(2);
    let waited = wait(asked);
    assert!(waited >= asked && wait(Duration::ZERO) < waited, "{waited:?}");
}

/// Were one stream taken before the other, the first one's rows would be past their window when their partners come.
#[test]
fn two_streams_meet_in_the_order_of_their_times() {
    let (broker, rules) = (memory(), Rules::new(&[("10_pairs.sql", PAIRS)]));
    topics(&broker, &["sent", "got"]);
    let (mut numbers, mut sent, mut got) = (Numbers(3), Vec::new(), Vec::new());
    let row = |numbers: &mut Numbers, n: i64| {
        (format!("K{}", numbers.below(100)), n, n * 5 + numbers.below(5) as i64)
    };
    for n in 0..12_000 {
        sent.push(row(&mut numbers, n));
        if n % 3 == 0 {
            got.push(row(&mut numbers, n));
        }
    }
    let rows = |list: &[(String, i64, i64)]| -> Vec<Row> {
        list.iter().map(|(k, n, at)| (k.clone(), Some(format!(r#"{{"n":{n}}}"#)), *at)).collect()
    };
    // In two halves, with a stop between them.
    for half in 0..2 {
        let part = |list: &[(String, i64, i64)]| {
            let middle = list.iter().position(|(_, _, at)| *at >= 30_000).unwrap();
            if half == 0 { rows(&list[..middle]) } else { rows(&list[middle..]) }
        };
        put(&broker, "got", &part(&got));
        put(&broker, "sent", &part(&sent));
        let options = engine::Options { threads: 1 + half, ..rules.options(None) };
        drain_over_kills(&broker, &options);
    }
    let mut expected = Vec::new();
    for (id, n, at) in &sent {
        for (_, partner, _) in got.iter().filter(|(other, _, then)| other == id && (at - then).abs() <= 1_000)
        {
            expected.push(format!(r#"{id} {{"SENT":{n},"GOT":{partner}}}"#));
        }
    }
    expected.sort();
    let all = values(&broker, "PAIRS");
    let (alone, pairs): (Vec<_>, Vec<_>) = all.into_iter().partition(|row| row.contains("\"GOT\":null"));
    assert_eq!(pairs, expected);
    let has_partner = |(id, _, at): &(String, i64, i64)| {
        got.iter().any(|(other, _, then)| other == id && (at - then).abs() <= 1_000)
    };
    // The last rows still wait for the time to pass.
    let end = 12_000 * 5 - 2_000;
    let lonely = sent.iter().filter(|row| row.2 < end && !has_partner(row)).count();
    let written = alone.iter().filter(|row| {
        let n: i64 = row.split("\"SENT\":").nth(1).unwrap().split(',').next().unwrap().parse().unwrap();
        n * 5 + 5 < end
    });
    assert!(written.count().abs_diff(lonely) <= 2 && lonely > 0, "{} of {lonely}", alone.len());
}

#[test]
fn two_tables_end_with_the_join_of_what_they_have() {
    let text = format!(
        "{PROFILES} CREATE TABLE limits (account_id VARCHAR PRIMARY KEY, most BIGINT) \
         WITH (KAFKA_TOPIC='limits', VALUE_FORMAT='JSON', PARTITIONS=3); \
         CREATE TABLE both AS SELECT p.account_id AS account_id, p.tier, l.most FROM profiles p \
         JOIN limits l ON p.account_id = l.account_id;"
    );
    let (broker, rules) = (memory(), Rules::new(&[("10_both.sql", &text)]));
    topics(&broker, &["profiles", "limits"]);
    let (mut numbers, mut tiers, mut limits) = (Numbers(5), BTreeMap::new(), BTreeMap::new());
    for round in 0..3 {
        let (mut of_profiles, mut of_limits) = (Vec::new(), Vec::new());
        for at in 0..150 {
            let account = format!("A{}", numbers.below(30));
            let gone = numbers.below(3) == 0;
            if numbers.below(2) == 0 {
                let tier = (!gone).then(|| format!("T{round}-{at}"));
                of_profiles.push((
                    account.clone(),
                    tier.as_ref().map(|t| format!(r#"{{"tier":"{t}"}}"#)),
                    at,
                ));
                tiers.insert(account, tier);
            } else {
                let most = (!gone).then_some(round * 1_000 + at);
                of_limits.push((account.clone(), most.map(|m| format!(r#"{{"most":{m}}}"#)), at));
                limits.insert(account, most);
            }
        }
        put(&broker, "profiles", &of_profiles);
        put(&broker, "limits", &of_limits);
        drain_over_kills(&broker, &rules.options(None));
    }
    let mut state = BTreeMap::new();
    for partition in in_order(&broker, "BOTH") {
        state.extend(partition);
    }
    state.retain(|_, value: &mut Option<String>| value.is_some());
    let expected: BTreeMap<_, _> = tiers
        .iter()
        .filter_map(|(account, tier)| {
            let (tier, most) = (tier.as_ref()?, (*limits.get(account)?)?);
            Some((account.clone(), Some(format!(r#"{{"TIER":"{tier}","MOST":{most}}}"#))))
        })
        .collect();
    assert!(!expected.is_empty());
    assert_eq!(state, expected);
}

/// Keys and values by partition, in the order in which they were written.
pub(crate) fn in_order(broker: &Arc<dyn Broker>, topic: &str) -> Vec<Vec<(String, Option<String>)>> {
    use broker::{Batch, ConsumerConfig, Isolation, Position, TopicPartition};
    let count = broker.topic(topic).unwrap().unwrap().partitions;
    let read = |number: i32| {
        let partition = TopicPartition::new(topic, number);
        let end = broker.watermarks(&partition, Isolation::ReadCommitted).unwrap().1;
        let mut consumer = broker.consumer(&ConsumerConfig::default()).unwrap();
        consumer.assign(&[(partition.clone(), Position::Beginning)]).unwrap();
        let (mut rows, mut batch) = (Vec::new(), Batch::new());
        while consumer.position(&partition).unwrap().is_some_and(|at| at < end) {
            consumer.poll(&mut batch, Duration::from_millis(20)).unwrap();
            let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
            rows.extend(batch.iter().map(|r| (text(r.key.unwrap()), r.value.map(text))));
        }
        rows
    };
    (0..count).map(read).collect()
}

#[test]
fn a_stream_that_is_joined_by_another_column_is_moved_first() {
    let text = "CREATE TABLE merchants (merchant VARCHAR PRIMARY KEY, country VARCHAR) \
        WITH (KAFKA_TOPIC='merchants', VALUE_FORMAT='JSON', PARTITIONS=3); \
        CREATE STREAM abroad AS SELECT t.merchant, t.transaction_id, m.country FROM transactions t \
        JOIN merchants m ON t.merchant = m.merchant WHERE m.country <> 'CH';";
    let (broker, rules) = (memory(), Rules::new(&[("10_abroad.sql", text)]));
    topics(&broker, &["merchants"]);
    let country = |i: i32| if i % 3 == 0 { "CH" } else { "DE" };
    let merchants: Vec<Row> =
        (0..20).map(|i| (format!("M{i}"), Some(format!(r#"{{"country":"{}"}}"#, country(i))), 50)).collect();
    put(&broker, "merchants", &merchants);
    let ids: Vec<_> = (0..60).map(|i| (format!("A{i}"), format!("t{i}"), format!("M{}", i % 25))).collect();
    let rows: Vec<_> = ids.iter().map(|(a, t, m)| (a.as_str(), t.as_str(), "1", m.as_str(), 1)).collect();
    produce(&broker, &rows);
    let options = engine::Options { threads: 2, ..rules.options(None) };
    let summary = drain(&broker, options).unwrap();
    let found = |i: &i32| i % 25 < 20 && i % 25 % 3 != 0;
    assert_eq!(read(&broker, "ABROAD").len(), (0..60).filter(found).count());
    let counters = summary.queries.values().next().unwrap();
    assert!(counters.adds_up(), "{counters:?}");
    assert_eq!(counters.unmatched, (0..60).filter(|i| i % 25 >= 20).count() as u64);
}
