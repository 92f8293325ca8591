//! Reading: order, parts of a record, positions, seeking, pausing, isolation.

use std::sync::Arc;
use std::time::Duration;

use broker::{Batch, Broker, ErrorKind, Isolation, Outgoing, Poll, Position, StartAt, partition_for_key};

use crate::Case;
use crate::support::*;

pub(crate) const CASES: &[(&str, Case)] = &[
    ("a_partition_keeps_its_order", a_partition_keeps_its_order),
    ("keys_choose_the_partition", keys_choose_the_partition),
    ("all_parts_of_a_record_are_kept", all_parts_of_a_record_are_kept),
    ("positions_reach_the_end_past_markers", positions_reach_the_end_past_markers),
    ("seeking_and_rewinding", seeking_and_rewinding),
    ("paused_partitions_are_not_read", paused_partitions_are_not_read),
    ("what_was_paused_is_read_when_it_is_given_again", what_was_paused_is_read_when_it_is_given_again),
    ("an_open_transaction_is_not_seen", an_open_transaction_is_not_seen),
    ("an_offset_out_of_range_is_an_error", an_offset_out_of_range_is_an_error),
    ("starting_at_either_end", starting_at_either_end),
    ("a_poll_brings_no_more_than_asked", a_poll_brings_no_more_than_asked),
    ("a_poll_brings_no_more_bytes_than_asked", a_poll_brings_no_more_bytes_than_asked),
    ("polling_waits_for_what_comes", polling_waits_for_what_comes),
];

fn a_partition_keeps_its_order(log: &Arc<dyn Broker>) {
    let topic = topic(log, 1);
    let mut producer = transactional(log, &unique("tx"));
    let numbers: Vec<String> = (0..1000).map(|i| i.to_string()).collect();
    for chunk in numbers.chunks(100) {
        commit_values(&mut producer, &topic, &chunk.iter().map(String::as_str).collect::<Vec<_>>());
    }
    let records = read_partition(log, &partition(&topic, 0));
    assert_eq!(values(&records), numbers);
    assert!(records.is_sorted_by(|a, b| a.offset < b.offset));
}

fn keys_choose_the_partition(log: &Arc<dyn Broker>) {
    let topic = topic(log, 5);
    let mut producer = transactional(log, &unique("tx"));
    producer.begin().unwrap();
    for i in 0..100 {
        let key = format!("ACC-{i}");
        producer
            .produce(&Outgoing { partition: None, key: Some(key.as_bytes()), ..outgoing(&topic, &key) })
            .unwrap();
    }
    producer.produce(&Outgoing { partition: None, ..outgoing(&topic, "no key") }).unwrap();
    producer.commit().unwrap();
    let mut count = 0;
    for p in 0..5 {
        let records = read_partition(log, &partition(&topic, p));
        count += records.len();
        for key in records.into_iter().filter_map(|r| r.key) {
            assert_eq!(partition_for_key(key.as_bytes(), 5), p, "{key}");
        }
    }
    assert_eq!(count, 101);
}

fn all_parts_of_a_record_are_kept(log: &Arc<dyn Broker>) {
    let topic = topic(log, 1);
    let mut producer = transactional(log, &unique("tx"));
    let headers: &[(&str, &[u8])] = &[("rule", b"a"), ("empty", b""), ("rule", b"b")];
    let base = outgoing(&topic, "v");
    producer.begin().unwrap();
    // Event times long past and in the future are kept as they are.
    producer.produce(&Outgoing { key: Some(b"k"), headers, timestamp: 1_546_300_800_123, ..base }).unwrap();
    producer
        .produce(&Outgoing { key: Some(b"k"), value: None, timestamp: 4_102_444_800_000, ..base })
        .unwrap();
    producer.produce(&Outgoing { key: Some(b""), value: Some(b""), timestamp: 1, ..base }).unwrap();
    producer.produce(&Outgoing { key: None, value: None, ..base }).unwrap();
    producer.commit().unwrap();
    let records = read_partition(log, &partition(&topic, 0));
    let text = |s: &str| Some(s.to_owned());
    assert_eq!(
        (&records[0].key, &records[0].value, records[0].timestamp),
        (&text("k"), &text("v"), 1_546_300_800_123)
    );
    let pairs: Vec<_> = records[0].headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(pairs, [("rule", "a"), ("empty", ""), ("rule", "b")]);
    assert_eq!(
        (&records[1].key, &records[1].value, records[1].timestamp),
        (&text("k"), &None, 4_102_444_800_000)
    );
    assert_eq!((&records[2].key, &records[2].value, records[2].timestamp), (&text(""), &text(""), 1));
    assert_eq!((&records[3].key, &records[3].value), (&None, &None));
    assert_eq!(records.iter().map(|r| r.offset).collect::<Vec<_>>(), [0, 1, 2, 3]);
}

fn positions_reach_the_end_past_markers(log: &Arc<dyn Broker>) {
    let topic = topic(log, 2);
    let (full, aborted) = (partition(&topic, 0), partition(&topic, 1));
    let mut producer = transactional(log, &unique("tx"));
    commit_values(&mut producer, &topic, &["a"]);
    commit_values(&mut producer, &topic, &["b"]);
    producer.begin().unwrap();
    producer.produce(&Outgoing { partition: Some(1), ..outgoing(&topic, "aborted") }).unwrap();
    producer.produce(&outgoing(&topic, "aborted")).unwrap();
    // Delivered before it is aborted: otherwise it might never reach the log.
    producer.flush(PATIENCE).unwrap();
    producer.abort().unwrap();
    let end = |p| settled(log, p).1;
    // Two commits of a record and a marker, then an abort.
    assert!(end(&full) >= 5, "markers take offsets: the end is {}", end(&full));
    let mut consumer = reader(log, Isolation::ReadCommitted);
    consumer.assign(&[(full.clone(), Position::Beginning), (aborted.clone(), Position::Beginning)]).unwrap();
    assert_eq!(values(&read(&mut consumer, 2)), ["a", "b"]);
    for p in [&full, &aborted] {
        read_to_end(log, &mut consumer, p);
        assert_eq!(consumer.position(p).unwrap(), Some(end(p)));
    }
    // Never past the end either: the next record would be skipped.
    for value in ["c", "d", "e", "f"] {
        commit_values(&mut producer, &topic, &[value]);
        assert_eq!(values(&read_to_end(log, &mut consumer, &full)), [value]);
        assert_eq!(read_all(&mut consumer), []);
        assert_eq!(consumer.position(&full).unwrap(), Some(end(&full)));
    }
}

fn seeking_and_rewinding(log: &Arc<dyn Broker>) {
    let topic = topic(log, 1);
    let of = partition(&topic, 0);
    let mut producer = transactional(log, &unique("tx"));
    commit_values(&mut producer, &topic, &["0", "1", "2", "3", "4"]);
    let mut consumer = reader(log, Isolation::ReadCommitted);
    consumer.assign(&[(of.clone(), Position::Offset(3))]).unwrap();
    assert_eq!(values(&read(&mut consumer, 2)), ["3", "4"]);
    consumer.seek(&of, Position::Offset(1)).unwrap();
    assert_eq!(consumer.position(&of).unwrap(), Some(1));
    assert_eq!(values(&read(&mut consumer, 4)), ["1", "2", "3", "4"]);
    consumer.seek(&of, Position::Beginning).unwrap();
    assert_eq!(values(&read(&mut consumer, 5)), ["0", "1", "2", "3", "4"]);
    consumer.seek(&of, Position::End).unwrap();
    commit_values(&mut producer, &topic, &["5"]);
    assert_eq!(values(&read(&mut consumer, 1)), ["5"]);
}

/// Taken away while it was paused, it stayed paused for ever.
fn what_was_paused_is_read_when_it_is_given_again(log: &Arc<dyn Broker>) {
    let topic = topic(log, 1);
    let of = partition(&topic, 0);
    commit_values(&mut transactional(log, &unique("tx")), &topic, &["first", "second"]);
    let mut consumer = reader(log, Isolation::ReadCommitted);
    consumer.assign(&[(of.clone(), Position::Beginning)]).unwrap();
    assert_eq!(values(&read(&mut consumer, 2)), ["first", "second"]);
    consumer.pause(std::slice::from_ref(&of)).unwrap();
    consumer.unassign(std::slice::from_ref(&of)).unwrap();
    consumer.assign(&[(of.clone(), Position::Beginning)]).unwrap();
    assert_eq!(values(&read(&mut consumer, 2)), ["first", "second"]);
    consumer.pause(std::slice::from_ref(&of)).unwrap();
    consumer.assign(&[(of, Position::Beginning)]).unwrap();
    assert_eq!(values(&read(&mut consumer, 2)), ["first", "second"]);
}

fn paused_partitions_are_not_read(log: &Arc<dyn Broker>) {
    let topic = topic(log, 2);
    let (first, second) = (partition(&topic, 0), partition(&topic, 1));
    let mut consumer = reader(log, Isolation::ReadCommitted);
    consumer.assign(&[(first.clone(), Position::Beginning), (second.clone(), Position::Beginning)]).unwrap();
    consumer.pause(std::slice::from_ref(&first)).unwrap();
    let mut producer = transactional(log, &unique("tx"));
    producer.begin().unwrap();
    producer.produce(&outgoing(&topic, "paused")).unwrap();
    producer.produce(&Outgoing { partition: Some(1), ..outgoing(&topic, "read") }).unwrap();
    producer.commit().unwrap();
    assert_eq!(values(&read(&mut consumer, 1)), ["read"]);
    assert_eq!(read_all(&mut consumer), []);
    consumer.resume(std::slice::from_ref(&first)).unwrap();
    assert_eq!(values(&read(&mut consumer, 1)), ["paused"]);
}

fn an_open_transaction_is_not_seen(log: &Arc<dyn Broker>) {
    let topic = topic(log, 1);
    let of = partition(&topic, 0);
    let mut producer = transactional(log, &unique("tx"));
    commit_values(&mut producer, &topic, &["a"]);
    let stable = settled(log, &of);
    assert_eq!(stable, (0, 2));
    producer.begin().unwrap();
    producer.produce(&outgoing(&topic, "b")).unwrap();
    producer.flush(PATIENCE).unwrap();
    assert_eq!(log.watermarks(&of, Isolation::ReadCommitted).unwrap(), stable);
    let high = log.watermarks(&of, Isolation::ReadUncommitted).unwrap();
    assert!(high.0 == 0 && high.1 >= stable.1, "{high:?}");
    let mut committed = reader(log, Isolation::ReadCommitted);
    committed.assign(&[(of.clone(), Position::Beginning)]).unwrap();
    assert_eq!(values(&read_all(&mut committed)), ["a"]);
    producer.commit().unwrap();
    assert_eq!(values(&read(&mut committed, 1)), ["b"]);
    let ends =
        [Isolation::ReadCommitted, Isolation::ReadUncommitted].map(|i| log.watermarks(&of, i).unwrap());
    assert_eq!(ends, [(0, 4), (0, 4)]);
    let mut uncommitted = reader(log, Isolation::ReadUncommitted);
    uncommitted.assign(&[(of, Position::Beginning)]).unwrap();
    assert_eq!(values(&read(&mut uncommitted, 2)), ["a", "b"]);
}

fn an_offset_out_of_range_is_an_error(log: &Arc<dyn Broker>) {
    let topic = topic(log, 1);
    let of = partition(&topic, 0);
    let mut producer = transactional(log, &unique("tx"));
    commit_values(&mut producer, &topic, &["a"]);
    let mut consumer = reader(log, Isolation::ReadCommitted);
    consumer.assign(&[(of.clone(), Position::Offset(1000))]).unwrap();
    let error = await_error(&mut consumer);
    assert_eq!(error.kind(), ErrorKind::OffsetOutOfRange, "{error}");
    assert!(error.to_string().contains(&topic), "{error}");
    consumer.seek(&of, Position::Beginning).unwrap();
    assert_eq!(values(&read(&mut consumer, 1)), ["a"]);
}

fn starting_at_either_end(log: &Arc<dyn Broker>) {
    let (topic, group) = (topic(log, 1), unique("group"));
    let of = partition(&topic, 0);
    let mut producer = transactional(log, &unique("tx"));
    commit_values(&mut producer, &topic, &["old"]);
    let start = |start| {
        let mut consumer = log.consumer(&broker::ConsumerConfig { start, ..config(Some(&group)) }).unwrap();
        consumer.assign(&[(of.clone(), Position::Committed)]).unwrap();
        consumer
    };
    let mut earliest = start(StartAt::Earliest);
    assert_eq!(values(&read(&mut earliest, 1)), ["old"]);
    // Only now: before, its markers may not have reached the partition.
    let mut latest = start(StartAt::Latest);
    assert_eq!(read_all(&mut latest), []);
    commit_values(&mut producer, &topic, &["new"]);
    assert_eq!(values(&read(&mut latest, 1)), ["new"]);
    earliest.commit(&[offset(&of, 2, "by hand")]).unwrap();
    assert_eq!(committed(log, &group, &of), Some(offset(&of, 2, "by hand")));
    assert_eq!(values(&read(&mut start(StartAt::Earliest), 1)), ["new"]);
}

fn a_poll_brings_no_more_than_asked(log: &Arc<dyn Broker>) {
    let topic = topic(log, 1);
    let mut producer = transactional(log, &unique("tx"));
    commit_values(&mut producer, &topic, &["a", "b", "c", "d", "e"]);
    let mut consumer = log.consumer(&broker::ConsumerConfig { max_batch: 2, ..config(None) }).unwrap();
    consumer.assign(&[(partition(&topic, 0), Position::Beginning)]).unwrap();
    let (mut batch, mut seen) = (Batch::new(), Vec::new());
    while seen.len() < 5 {
        if consumer.poll(&mut batch, PATIENCE).unwrap() == Poll::Records {
            assert!((1..=2).contains(&batch.len()));
            seen.extend(batch.iter().map(|r| String::from_utf8_lossy(r.value.unwrap()).into_owned()));
        }
    }
    assert_eq!(seen, ["a", "b", "c", "d", "e"]);
}

/// But a record that is larger by itself.
fn a_poll_brings_no_more_bytes_than_asked(log: &Arc<dyn Broker>) {
    const LIMIT: usize = 10_000;
    let topic = topic(log, 1);
    let text = |i: usize, length: usize| format!("{i:0length$}");
    let lengths = (0..200).map(|i| if i == 50 { 3 * LIMIT } else { 1_000 });
    let sent: Vec<String> = lengths.enumerate().map(|(i, length)| text(i, length)).collect();
    let values: Vec<&str> = sent.iter().map(String::as_str).collect();
    commit_values(&mut transactional(log, &unique("tx")), &topic, &values);
    let config = broker::ConsumerConfig { max_batch_bytes: LIMIT, ..config(None) };
    let mut consumer = log.consumer(&config).unwrap();
    consumer.assign(&[(partition(&topic, 0), Position::Beginning)]).unwrap();
    let (mut batch, mut seen, mut polls) = (Batch::new(), Vec::new(), 0);
    while seen.len() < sent.len() {
        if consumer.poll(&mut batch, PATIENCE).unwrap() == Poll::Records {
            let last = batch.iter().last().unwrap().value.unwrap().len();
            assert!(batch.size() - last < LIMIT + 1_000, "{} bytes at once", batch.size());
            polls += 1;
            seen.extend(batch.iter().map(|r| String::from_utf8_lossy(r.value.unwrap()).into_owned()));
        }
    }
    assert_eq!(seen, sent);
    assert!(polls >= 20, "{polls} polls");
}

fn polling_waits_for_what_comes(log: &Arc<dyn Broker>) {
    let topic = topic(log, 1);
    let mut consumer = reader(log, Isolation::ReadCommitted);
    consumer.assign(&[(partition(&topic, 0), Position::Beginning)]).unwrap();
    let mut batch = Batch::new();
    let began = std::time::Instant::now();
    assert_eq!(consumer.poll(&mut batch, Duration::from_millis(300)).unwrap(), Poll::Idle);
    assert!(began.elapsed() >= Duration::from_millis(250), "{:?}", began.elapsed());
    let writer = log.clone();
    let name = topic.clone();
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(300));
        commit_values(&mut transactional(&writer, &unique("tx")), &name, &["late"]);
    });
    assert_eq!(values(&read(&mut consumer, 1)), ["late"]);
    thread.join().unwrap();
}
