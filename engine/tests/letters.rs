//! Dead letters on the embedded broker: counted, read, and sent again, once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use broker::{Batch, Broker, ConsumerConfig, Outgoing, Poll, Position, ProducerConfig, TopicPartition};
use engine::Options;
use engine::letters::{Done, Letter, Plan, Selection, plan, read, replay, topics};
use events::{Mask, headers as h};
use support::{Rules, drain, memory};

/// Payments whose amount is a number; with `VARCHAR` in its place all of them can be read.
const NUMBERS: &str = "CREATE STREAM payments (account_id VARCHAR KEY, id VARCHAR, amount BIGINT) \
    WITH (KAFKA_TOPIC='transactions', VALUE_FORMAT='JSON'); \
    CREATE STREAM seen AS SELECT account_id, id, amount, ROWPARTITION AS part FROM payments;";

fn rules() -> Rules {
    let rules = Rules::new(&[("10.sql", NUMBERS)]);
    std::fs::remove_file(rules.dir.path().join("00_sources.sql")).unwrap();
    rules
}

fn mend(rules: &Rules) {
    rules.write("10.sql", &NUMBERS.replace("amount BIGINT", "amount VARCHAR"));
}

/// A record of `transactions` as it lies there.
#[derive(Debug, Clone, PartialEq)]
struct Lying {
    partition: i32,
    timestamp: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(String, Vec<u8>)>,
}

fn lying(broker: &Arc<dyn Broker>, topic: &str) -> Vec<Lying> {
    let count = broker.topic(topic).unwrap().unwrap().partitions;
    let mut consumer = broker.consumer(&ConsumerConfig::default()).unwrap();
    let all: Vec<_> = (0..count).map(|p| (TopicPartition::new(topic, p), Position::Beginning)).collect();
    consumer.assign(&all).unwrap();
    let (mut found, mut batch) = (Vec::new(), Batch::new());
    while consumer.poll(&mut batch, Duration::from_millis(200)).unwrap() == Poll::Records {
        found.extend(batch.iter().map(|r| Lying {
            partition: batch.sources()[r.source].partition,
            timestamp: r.timestamp,
            key: r.key.map(<[u8]>::to_vec),
            value: r.value.map(<[u8]>::to_vec),
            headers: r.headers.map(|(name, value)| (name.to_owned(), value.to_vec())).collect(),
        }));
    }
    found
}

/// So many payments on three partitions, every other one with an amount that is no number.
fn pay(broker: &Arc<dyn Broker>, count: i64) {
    let mut producer = broker.producer(&ProducerConfig::default()).unwrap();
    for id in 0..count {
        let amount = if id % 2 == 0 { id.to_string() } else { format!("\"about {id}\"") };
        let value = format!(r#"{{"id":"t{id}", "amount":{amount}}}"#);
        producer
            .produce(&Outgoing {
                topic: "transactions",
                partition: Some((id % 3) as i32),
                key: (id % 5 != 0).then_some(b"A1".as_slice()),
                value: Some(value.as_bytes()),
                timestamp: 1_000 + id,
                headers: &[("trace", &[id as u8, 255]), ("trace", b"second")],
            })
            .unwrap();
    }
    producer.flush(Duration::from_secs(5)).unwrap();
}

fn letters(broker: &Arc<dyn Broker>, selection: &Selection) -> Vec<(Letter, bool)> {
    let mut found = Vec::new();
    read(&**broker, "transactions", selection, &mut |letter, replayed| {
        found.push((letter.clone(), replayed));
        Ok(true)
    })
    .unwrap();
    found
}

fn send(broker: &Arc<dyn Broker>, selection: &Selection, again: bool) -> Done {
    replay(&**broker, "transactions", (selection, again), &BTreeMap::new()).unwrap()
}

fn done(letters: u64, records: u64) -> Done {
    Done { letters, records, gone: 0 }
}

fn all() -> Selection {
    Selection::default()
}

#[test]
fn refused_records_are_sent_again_as_they_were_and_once() {
    let (broker, rules) = (memory(), rules());
    pay(&broker, 30);
    drain(&broker, rules.options(None)).unwrap();
    let before = lying(&broker, "transactions");
    let counted = topics(&*broker, &[], &all()).unwrap();
    let of = counted.iter().find(|of| of.topic == "transactions").unwrap();
    let count = &of.reasons[&("engine".to_owned(), "column".to_owned())];
    assert_eq!((count.letters, count.records, count.replayed), (15, 15, 0));
    assert_eq!(count.times, Some((1_001, 1_029)));
    let wanted = Plan { letters: 15, records: 15, ..Plan::default() };
    assert_eq!(plan(&*broker, "transactions", &all(), false).unwrap(), wanted);

    mend(&rules);
    assert_eq!(send(&broker, &all(), false), done(15, 15));
    let mut sent: Vec<Lying> = lying(&broker, "transactions");
    sent.retain(|record| !before.contains(record));
    for record in &mut sent {
        let (name, of) = record.headers.pop().unwrap();
        assert_eq!(name, h::REPLAY_OF);
        assert!(of.starts_with(b"transactions.dlq/0/"));
        assert!(before.contains(record), "{record:?} is not as it was");
    }
    assert_eq!(sent.len(), 15);
    drain(&broker, rules.options(None)).unwrap();
    assert_eq!(lying(&broker, "SEEN").len(), 15 + 15);

    assert_eq!(send(&broker, &all(), false), done(0, 0), "not twice");
    let plan = plan(&*broker, "transactions", &all(), false).unwrap();
    assert_eq!(plan, Plan { already: 15, ..Plan::default() });
    assert!(letters(&broker, &all()).iter().all(|(_, replayed)| *replayed));
    assert_eq!(send(&broker, &all(), true), done(15, 15), "unless that is asked for");
}

#[test]
fn some_are_chosen() {
    let (broker, rules) = (memory(), rules());
    pay(&broker, 30);
    drain(&broker, rules.options(None)).unwrap();
    let found = |selection: Selection| letters(&broker, &selection).len();
    assert_eq!(found(Selection { codes: vec!["malformed".to_owned()], ..all() }), 0);
    assert_eq!(found(Selection { reason: Some("about 7\"".to_owned()), ..all() }), 1);
    assert_eq!(found(Selection { stage: Some("consumer".to_owned()), ..all() }), 0);
    assert_eq!(found(Selection { since: Some(1_020), ..all() }), 5);
    assert_eq!(found(Selection { letters: vec![0], ..all() }), 1);
    let partition = Selection { partition: Some(1), offsets: Some((2, 7)), ..all() };
    let offsets: Vec<i64> = letters(&broker, &partition).iter().map(|(l, _)| l.source.offset).collect();
    assert_eq!(offsets, [2, 4, 6]);
    assert_eq!(send(&broker, &partition, false), done(3, 3));
    assert_eq!(send(&broker, &all(), false), done(12, 12), "those that are left");
}

#[test]
fn of_a_flood_the_records_come_from_the_source_topic() {
    let (broker, rules) = (memory(), rules());
    pay(&broker, 3_000);
    let summary = drain(&broker, Options { dead_letter_limit: 100, ..rules.options(None) }).unwrap();
    assert_eq!(summary.queries.values().next().unwrap().dead_lettered, 1_500);
    let all_letters = letters(&broker, &all());
    let (whole, flood): (Vec<_>, Vec<_>) = all_letters.into_iter().partition(|(letter, _)| letter.is_whole());
    assert_eq!(whole.len(), 300, "100 of each partition");
    assert_eq!(flood.iter().map(|(letter, _)| letter.count).sum::<u64>(), 1_200);
    assert!(flood.len() < 50 && flood.iter().all(|(letter, _)| letter.code == "flood"), "{}", flood.len());

    mend(&rules);
    let sent = send(&broker, &all(), false);
    assert_eq!((sent.records, sent.gone), (1_500, 0));
    drain(&broker, rules.options(None)).unwrap();
    let ids: std::collections::BTreeSet<_> = lying(&broker, "SEEN")
        .into_iter()
        .map(|r| serde_json::from_slice::<serde_json::Value>(&r.value.unwrap()).unwrap()["ID"].to_string())
        .collect();
    assert_eq!(ids.len(), 3_000, "every payment was read in the end");
    assert_eq!(send(&broker, &all(), false), done(0, 0));
}

#[test]
fn what_is_masked_is_not_sent_and_what_is_cut_comes_from_the_source() {
    let (broker, rules) = (memory(), rules());
    pay(&broker, 4);
    drain(&broker, Options { mask: Mask::new(["id"]), ..rules.options(None) }).unwrap();
    let refused = plan(&*broker, "transactions", &all(), false).unwrap();
    assert_eq!((refused.letters, refused.hindered.values().sum::<u64>()), (0, 2));
    assert_eq!(send(&broker, &all(), false), done(0, 0));

    let long = format!(r#"{{"id":"long","amount":"{}"}}"#, "9".repeat(50_000));
    let mut producer = broker.producer(&ProducerConfig::default()).unwrap();
    let (topic, headers): (_, &[(&str, &[u8])]) = ("transactions", &[("trace", b"1")]);
    let record = Outgoing {
        topic,
        partition: Some(0),
        key: None,
        value: Some(long.as_bytes()),
        timestamp: 9,
        headers,
    };
    producer.produce(&record).unwrap();
    drop(producer);
    let small = BTreeMap::from([("message.max.bytes".to_owned(), "20000".to_owned())]);
    drain(&broker, Options { producer_properties: small, ..rules.options(None) }).unwrap();
    let cut: Vec<_> = letters(&broker, &all()).into_iter().filter(|(l, _)| l.cut.is_some()).collect();
    assert_eq!((cut.len(), cut[0].0.cut.as_deref()), (1, Some("value")));
    assert!(cut[0].0.value.as_ref().unwrap().len() < 20_000);
    assert_eq!(send(&broker, &all(), false), done(1, 1));
    let last = lying(&broker, "transactions").into_iter().rfind(|r| r.partition == 0).unwrap();
    assert_eq!(
        (last.value.as_deref(), last.headers[0].1.as_slice()),
        (Some(long.as_bytes()), b"1".as_slice())
    );
}

/// The consumer tells of a record at least once, and the engine may have refused it too.
#[test]
fn two_letters_about_one_record_send_it_once() {
    let (broker, rules) = (memory(), rules());
    pay(&broker, 2);
    drain(&broker, rules.options(None)).unwrap();
    let letter = lying(&broker, "transactions.dlq").remove(0);
    let mut producer = broker.producer(&ProducerConfig::default()).unwrap();
    let headers: Vec<(&str, &[u8])> =
        letter.headers.iter().map(|(n, v)| (n.as_str(), v.as_slice())).collect();
    producer
        .produce(&Outgoing {
            topic: "transactions.dlq",
            partition: Some(0),
            key: letter.key.as_deref(),
            value: letter.value.as_deref(),
            timestamp: letter.timestamp,
            headers: &headers,
        })
        .unwrap();
    drop(producer);
    assert_eq!(letters(&broker, &all()).len(), 2);
    assert_eq!(plan(&*broker, "transactions", &all(), false).unwrap().letters, 1);
    assert_eq!(send(&broker, &all(), false), done(1, 1));
    assert_eq!(send(&broker, &all(), false), done(0, 0));
}

#[test]
fn a_declaration_that_stops_goes_on_with_the_record_once_it_is_mended() {
    let (broker, rules) = (memory(), rules());
    pay(&broker, 3);
    rules.write("10.sql", &format!("--@on_error: stop\n{NUMBERS}"));
    let error = drain(&broker, rules.options(None)).unwrap_err().to_string();
    assert!(error.contains("topic transactions, partition 1, offset 0 does not fit PAYMENTS"), "{error}");
    assert!(error.contains("about 1") && error.contains("--@on_error: dead-letter"), "{error}");
    mend(&rules);
    drain(&broker, rules.options(None)).unwrap();
    assert_eq!(lying(&broker, "SEEN").len(), 3);
    assert_eq!(
        broker.topic("transactions.dlq").unwrap().map(|_| lying(&broker, "transactions.dlq").len()),
        Some(0)
    );
}

#[test]
fn topics_without_letters_say_so() {
    let broker = memory();
    let error = plan(&*broker, "nothing", &all(), false).unwrap_err().to_string();
    assert!(error.starts_with("there is no topic nothing.dlq on "), "{error}");
    assert_eq!(topics(&*broker, &[], &all()).unwrap(), []);
}
