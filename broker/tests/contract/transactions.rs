//! Transactions: whole or not at all, fenced by newer producers and by newer generations.

use std::sync::Arc;
use std::time::Duration;

use broker::{Broker, ErrorKind, Isolation, Outgoing, Position, ProducerConfig};

use crate::Case;
use crate::groups::share;
use crate::support::*;

pub(crate) const CASES: &[(&str, Case)] = &[
    ("a_commit_shows_all_of_it", a_commit_shows_all_of_it),
    ("an_abort_shows_nothing", an_abort_shows_nothing),
    ("offsets_are_committed_with_the_records", offsets_are_committed_with_the_records),
    ("offsets_of_an_abort_are_gone", offsets_of_an_abort_are_gone),
    ("a_newer_producer_fences_the_older", a_newer_producer_fences_the_older),
    ("a_stale_generation_is_fenced", a_stale_generation_is_fenced),
    ("a_dropped_producer_commits_nothing", a_dropped_producer_commits_nothing),
    ("a_large_record_is_refused", a_large_record_is_refused),
    ("a_large_transaction_is_whole", a_large_transaction_is_whole),
    ("a_plain_producer_flushes", a_plain_producer_flushes),
    ("a_transaction_must_be_begun", a_transaction_must_be_begun),
    ("exactly_once_settings_are_refused", exactly_once_settings_are_refused),
];

fn a_commit_shows_all_of_it(log: &Arc<dyn Broker>) {
    let (first, second) = (topic(log, 1), topic(log, 2));
    let mut producer = transactional(log, &unique("tx"));
    producer.begin().unwrap();
    producer.produce(&outgoing(&first, "a")).unwrap();
    producer.produce(&outgoing(&second, "b")).unwrap();
    producer.produce(&Outgoing { partition: Some(1), ..outgoing(&second, "c") }).unwrap();
    let mut consumer = reader(log, Isolation::ReadCommitted);
    let all = [partition(&first, 0), partition(&second, 0), partition(&second, 1)];
    consumer.assign(&all.clone().map(|p| (p, Position::Beginning))).unwrap();
    assert_eq!(read_all(&mut consumer), []);
    producer.commit().unwrap();
    let mut records = read(&mut consumer, 3);
    records.sort_by(|a, b| a.value.cmp(&b.value));
    assert_eq!(values(&records), ["a", "b", "c"]);
    assert_eq!(records.iter().map(|r| r.partition.clone()).collect::<Vec<_>>(), all);
}

fn an_abort_shows_nothing(log: &Arc<dyn Broker>) {
    let topic = topic(log, 1);
    let mut producer = transactional(log, &unique("tx"));
    producer.begin().unwrap();
    producer.produce(&outgoing(&topic, "aborted")).unwrap();
    producer.abort().unwrap();
    commit_values(&mut producer, &topic, &["kept"]);
    assert_eq!(values(&read_partition(log, &partition(&topic, 0))), ["kept"]);
    producer.begin().unwrap();
    producer.abort().unwrap();
    producer.begin().unwrap();
    producer.commit().unwrap();
}

fn offsets_are_committed_with_the_records(log: &Arc<dyn Broker>) {
    let (input, output, group) = (topic(log, 1), topic(log, 1), unique("group"));
    let of = partition(&input, 0);
    let mut producer = transactional(log, &unique("tx"));
    commit_values(&mut producer, &input, &["a", "b"]);
    assert_eq!(committed(log, &group, &of), None);
    let mut consumer = member(log, &group, &[&input]);
    await_assignment(&mut consumer);
    assert_eq!(values(&read(&mut consumer, 2)), ["a", "b"]);
    producer.begin().unwrap();
    producer.produce(&outgoing(&output, "ab")).unwrap();
    producer.send_offsets(&[offset(&of, 2, "commit 17")], &metadata(&mut consumer)).unwrap();
    producer.commit().unwrap();
    assert_eq!(committed(log, &group, &of), Some(offset(&of, 2, "commit 17")));
    assert_eq!(values(&read_partition(log, &partition(&output, 0))), ["ab"]);
}

fn offsets_of_an_abort_are_gone(log: &Arc<dyn Broker>) {
    let (input, group) = (topic(log, 1), unique("group"));
    let of = partition(&input, 0);
    let mut producer = transactional(log, &unique("tx"));
    let mut consumer = member(log, &group, &[&input]);
    await_assignment(&mut consumer);
    producer.begin().unwrap();
    producer.send_offsets(&[offset(&of, 1, "first")], &metadata(&mut consumer)).unwrap();
    producer.commit().unwrap();
    producer.begin().unwrap();
    producer.send_offsets(&[offset(&of, 2, "second")], &metadata(&mut consumer)).unwrap();
    producer.abort().unwrap();
    assert_eq!(committed(log, &group, &of), Some(offset(&of, 1, "first")));
}

fn a_newer_producer_fences_the_older(log: &Arc<dyn Broker>) {
    let (topic, id) = (topic(log, 1), unique("tx"));
    let mut older = transactional(log, &id);
    older.begin().unwrap();
    older.produce(&outgoing(&topic, "of the older")).unwrap();
    let mut newer = transactional(log, &id);
    let error = older.commit().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Fenced, "{error}");
    commit_values(&mut newer, &topic, &["of the newer"]);
    assert_eq!(values(&read_partition(log, &partition(&topic, 0))), ["of the newer"]);
}

fn a_stale_generation_is_fenced(log: &Arc<dyn Broker>) {
    let (input, output, group) = (topic(log, 2), topic(log, 1), unique("group"));
    let mut first = member(log, &group, &[&input]);
    await_assignment(&mut first);
    let stale = metadata(&mut first);
    let mut second = member(log, &group, &[&input]);
    share(&mut first, &mut second);
    let mut producer = transactional(log, &unique("tx"));
    producer.begin().unwrap();
    producer.produce(&outgoing(&output, "of a zombie")).unwrap();
    let sent = producer.send_offsets(&[offset(&partition(&input, 0), 5, "")], &stale);
    let error = sent.and_then(|()| producer.commit()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Fenced, "{error}");
    producer.abort().unwrap();
    assert_eq!(committed(log, &group, &partition(&input, 0)), None);
    assert_eq!(read_partition(log, &partition(&output, 0)), []);
    producer.begin().unwrap();
    let now = metadata(&mut first);
    producer.send_offsets(&[offset(&partition(&input, 0), 5, "")], &now).unwrap();
    producer.commit().unwrap();
}

fn a_dropped_producer_commits_nothing(log: &Arc<dyn Broker>) {
    let (topic, id) = (topic(log, 1), unique("tx"));
    let mut producer = transactional(log, &id);
    producer.begin().unwrap();
    producer.produce(&outgoing(&topic, "lost")).unwrap();
    drop(producer);
    let mut next = transactional(log, &id);
    commit_values(&mut next, &topic, &["kept"]);
    assert_eq!(values(&read_partition(log, &partition(&topic, 0))), ["kept"]);
}

fn a_large_record_is_refused(log: &Arc<dyn Broker>) {
    let topic = topic(log, 1);
    let mut producer = transactional(log, &unique("tx"));
    let large = "x".repeat(9_000_000);
    producer.begin().unwrap();
    producer.produce(&outgoing(&topic, "small")).unwrap();
    let error = producer.produce(&outgoing(&topic, &large)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
    assert!(error.to_string().contains("9000"), "{error}");
    producer.commit().unwrap();
    assert_eq!(values(&read_partition(log, &partition(&topic, 0))), ["small"]);
}

fn a_large_transaction_is_whole(log: &Arc<dyn Broker>) {
    let topic = topic(log, 3);
    let mut producer = transactional(log, &unique("tx"));
    let padding = "x".repeat(300);
    producer.begin().unwrap();
    for i in 0..20_000 {
        let value = format!("{i} {padding}");
        producer.produce(&Outgoing { partition: Some(i % 3), ..outgoing(&topic, &value) }).unwrap();
    }
    producer.commit().unwrap();
    for p in 0..3 {
        let records = read_partition(log, &partition(&topic, p));
        let numbers = records
            .iter()
            .map(|r| r.value.as_ref().unwrap().split(' ').next().unwrap().parse::<i32>().unwrap());
        assert!(numbers.eq((0..20_000).filter(|i| i % 3 == p)), "partition {p}");
    }
}

fn a_plain_producer_flushes(log: &Arc<dyn Broker>) {
    let topic = topic(log, 1);
    let of = partition(&topic, 0);
    let mut producer = plain(log);
    let mut consumer = reader(log, Isolation::ReadCommitted);
    consumer.assign(&[(of.clone(), Position::Beginning)]).unwrap();
    producer.produce(&outgoing(&topic, "not flushed, but seen")).unwrap();
    assert_eq!(values(&read(&mut consumer, 1)), ["not flushed, but seen"]);
    for value in ["a", "b"] {
        producer.produce(&outgoing(&topic, value)).unwrap();
    }
    producer.flush(Duration::from_secs(10)).unwrap();
    assert_eq!(log.watermarks(&of, Isolation::ReadCommitted).unwrap(), (0, 3));
    assert_eq!(values(&read(&mut consumer, 2)), ["a", "b"]);
}

fn a_transaction_must_be_begun(log: &Arc<dyn Broker>) {
    let topic = topic(log, 1);
    let mut producer = transactional(log, &unique("tx"));
    assert!(producer.produce(&outgoing(&topic, "a")).is_err());
    assert!(producer.commit().is_err());
    assert!(plain(log).begin().is_err());
}

fn exactly_once_settings_are_refused(log: &Arc<dyn Broker>) {
    let config = ProducerConfig {
        properties: [("transactional.id".to_owned(), "mine".to_owned())].into(),
        ..ProducerConfig::default()
    };
    let error = log.producer(&config).err().expect("a refusal");
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    assert!(error.to_string().contains("transactional.id"), "{error}");
    let refused = ["group.id", "enable.auto.commit", "isolation.level", "partition.assignment.strategy"];
    for name in refused {
        let mut config = config_with(name);
        let error = log.consumer(&config).err().expect("a refusal");
        assert_eq!(error.kind(), ErrorKind::Config, "{error}");
        assert!(error.to_string().contains(name), "{error}");
        config.properties.clear();
        log.consumer(&config).unwrap();
    }
}

fn config_with(property: &str) -> broker::ConsumerConfig {
    let mut config = config(None);
    config.properties.insert(property.to_owned(), "true".to_owned());
    config
}
