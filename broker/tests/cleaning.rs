//! What becomes of old records on the embedded broker: retention by size and time, and compaction, compared
//! with what Kafka's rules say, computed here from the records that were committed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use broker::embedded::{Embedded, Settings};
use broker::{
    Batch, Broker, ConsumerConfig, ErrorKind, Isolation, ManualClock, Outgoing, Poll, Position, Producer,
    ProducerConfig, TopicPartition, TopicSpec,
};
use proptest::prelude::*;

const TOPIC: &str = "topic";
const HOUR: Duration = Duration::from_secs(3600);

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::new(1_700_000_000_000))
}

fn partition() -> TopicPartition {
    TopicPartition::new(TOPIC, 0)
}

fn transactional(log: &dyn Broker) -> Box<dyn Producer> {
    log.producer(&ProducerConfig { transactional_id: Some("tx".to_owned()), ..Default::default() }).unwrap()
}

fn record<'a>(key: &'a str, value: Option<&'a str>) -> Outgoing<'a> {
    let value = value.map(str::as_bytes);
    Outgoing {
        topic: TOPIC,
        partition: Some(0),
        key: Some(key.as_bytes()),
        value,
        timestamp: 1,
        headers: &[],
    }
}

fn commit(producer: &mut Box<dyn Producer>, records: &[(String, Option<String>)]) {
    producer.begin().unwrap();
    for (key, value) in records {
        producer.produce(&record(key, value.as_deref())).unwrap();
    }
    producer.commit().unwrap();
}

/// Offset, key and value.
type Row = (i64, String, Option<String>);

/// All records from an offset on, read with polls of `max` records.
fn read_from(log: &dyn Broker, from: Position, max: usize) -> Vec<Row> {
    let of = partition();
    let end = log.watermarks(&of, Isolation::ReadCommitted).unwrap().1;
    let mut consumer = log.consumer(&ConsumerConfig { max_batch: max, ..Default::default() }).unwrap();
    consumer.assign(&[(of.clone(), from)]).unwrap();
    let (mut batch, mut rows) = (Batch::new(), Vec::new());
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    while consumer.position(&of).unwrap().unwrap() < end {
        if consumer.poll(&mut batch, Duration::ZERO).unwrap() == Poll::Records {
            rows.extend(batch.iter().map(|r| (r.offset, text(r.key.unwrap()), r.value.map(text))));
        }
    }
    assert_eq!(consumer.position(&of).unwrap(), Some(end));
    rows
}

fn read(log: &dyn Broker) -> Vec<Row> {
    read_from(log, Position::Beginning, 0)
}

/// One step of a program.
#[derive(Debug, Clone)]
enum Step {
    Commit(Vec<(String, Option<String>)>),
    Abort(usize),
    CleanUp,
    /// So many hours pass, and then there is a pass.
    Later(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let value = prop_oneof![3 => "[a-z]{0,6}".prop_map(Some), 1 => Just(None)];
    let records = prop::collection::vec(((0..12u8).prop_map(|k| format!("k{k}")), value), 1..12);
    let step = prop_oneof![
        6 => records.prop_map(Step::Commit),
        1 => (1..4usize).prop_map(Step::Abort),
        2 => Just(Step::CleanUp),
        1 => (1..40u32).prop_map(Step::Later),
    ];
    prop::collection::vec(step, 1..40)
}

/// Kafka's rules, from the records as they were committed.
#[derive(Default)]
struct Oracle {
    rows: Vec<Row>,
    end: i64,
    /// Below, a pass has seen everything; and the same of the pass since which tombstones count, with its hour.
    seen: i64,
    horizon: Option<(i64, u32)>,
}

impl Oracle {
    fn commit(&mut self, records: &[(String, Option<String>)]) {
        for (key, value) in records {
            self.rows.push((self.end, key.clone(), value.clone()));
            self.end += 1;
        }
        self.end += 1;
    }

    fn clean_up(&mut self, hour: u32) {
        let newest: BTreeMap<String, i64> = self.rows.iter().map(|(o, k, _)| (k.clone(), *o)).collect();
        let expired = self.horizon.filter(|(_, at)| hour - at >= 24).map(|(below, _)| below);
        if self.seen == self.end && expired.is_none() {
            return;
        }
        let had = self.rows.iter().any(|(o, _, v)| v.is_none() && *o < self.seen);
        self.rows.retain(|(o, k, v)| newest[k] == *o && !(v.is_none() && expired.is_some_and(|e| *o < e)));
        self.seen = self.end;
        let tombstones = self.rows.iter().any(|(_, _, v)| v.is_none());
        if expired.is_some() || !had {
            self.horizon = Some((self.end, hour));
        }
        self.horizon = self.horizon.filter(|_| tombstones);
    }
}

fn run(log: &Arc<Embedded>, clock: &ManualClock, steps: &[Step]) {
    log.create_topics(&[TopicSpec::compacted(TOPIC, 1)]).unwrap();
    let mut producer = transactional(&**log);
    let (mut oracle, mut hours) = (Oracle::default(), 0);
    for step in steps {
        match step {
            Step::Commit(records) => {
                commit(&mut producer, records);
                oracle.commit(records);
            }
            Step::Abort(count) => {
                producer.begin().unwrap();
                (0..*count).for_each(|_| producer.produce(&record("aborted", Some("x"))).unwrap());
                producer.abort().unwrap();
                oracle.end += *count as i64 + 1;
            }
            Step::CleanUp => {}
            Step::Later(more) => {
                hours += more;
                clock.advance(HOUR * *more);
            }
        }
        if !matches!(step, Step::Commit(_) | Step::Abort(_)) {
            log.clean_up().unwrap();
            oracle.clean_up(hours);
        }
        assert_eq!(read(&**log), oracle.rows, "after {step:?}");
        assert_eq!(log.watermarks(&partition(), Isolation::ReadCommitted).unwrap(), (0, oracle.end));
    }
    let middle = oracle.end / 2;
    let rest: Vec<Row> = oracle.rows.iter().filter(|r| r.0 >= middle).cloned().collect();
    assert_eq!(read_from(&**log, Position::Offset(middle), 1), rest, "from the middle, one at a time");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// The latest of each key stays, where it was, and tombstones as long as they should.
    #[test]
    fn compaction_keeps_what_kafka_keeps(steps in steps()) {
        let clock = clock();
        run(&Embedded::in_memory_with(clock.clone()), &clock, &steps);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, ..ProptestConfig::default() })]

    #[test]
    fn compaction_on_disk_keeps_the_same(steps in steps()) {
        let dir = tempfile::tempdir().unwrap();
        let clock = clock();
        let log = Embedded::open_by(dir.path(), Settings::default(), clock.clone()).unwrap();
        run(&log, &clock, &steps);
    }
}

/// Commits `count` records of about 1 KB in transactions of ten, with every key once.
fn fill(log: &dyn Broker, count: usize) {
    let mut producer = transactional(log);
    let value = Some("v".repeat(1000));
    for first in (0..count).step_by(10) {
        let records: Vec<_> = (first..first + 10).map(|n| (format!("k{n}"), value.clone())).collect();
        commit(&mut producer, &records);
    }
}

fn bytes_of(log: &dyn Broker) -> usize {
    read(log).iter().map(|(_, _, value)| value.as_ref().map_or(0, String::len)).sum()
}

#[test]
fn what_was_written_too_long_ago_is_deleted_by_time_of_writing() {
    let settings = Settings { retention: Some(HOUR * 24), ..Settings::default() };
    let clock = clock();
    let log = Embedded::in_memory_by(settings, clock.clone());
    log.create_topics(&[TopicSpec::retained(TOPIC, 1), TopicSpec::compacted("kept", 1)]).unwrap();
    let mut producer = transactional(&*log);
    producer.begin().unwrap();
    producer.produce(&Outgoing { topic: "kept", ..record("k", Some("v")) }).unwrap();
    producer.commit().unwrap();
    // The records' own time is 1970: only the time of writing counts.
    fill(&*log, 100);
    clock.advance(HOUR * 23);
    log.clean_up().unwrap();
    assert_eq!(read(&*log).len(), 100);
    clock.advance(HOUR * 2);
    log.clean_up().unwrap();
    assert_eq!(read(&*log), []);
    let end = log.watermarks(&partition(), Isolation::ReadCommitted).unwrap();
    assert_eq!(end, (110, 110));
    assert_eq!(log.watermarks(&TopicPartition::new("kept", 0), Isolation::ReadCommitted).unwrap(), (0, 2));
    assert_eq!(log.topic(TOPIC).unwrap().unwrap().retention, Some(HOUR * 24));
    assert_eq!(log.topic("kept").unwrap().unwrap().retention, None);
    fill(&*log, 10);
    assert_eq!(read(&*log)[0].0, 110);
}

#[test]
fn the_bound_of_the_broker_holds_for_topics_without_one() {
    let settings = Settings { retention_bytes: Some(100_000), ..Settings::default() };
    let log = Embedded::in_memory_by(settings, clock());
    log.create_topics(&[TopicSpec::retained(TOPIC, 1)]).unwrap();
    fill(&*log, 1000);
    let kept = bytes_of(&*log);
    assert!((80_000..120_000).contains(&kept), "{kept} bytes kept");
    let mut slow = log.consumer(&ConsumerConfig::default()).unwrap();
    slow.assign(&[(partition(), Position::Offset(1))]).unwrap();
    let error = slow.poll(&mut Batch::new(), Duration::ZERO).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OffsetOutOfRange, "{error}");
}

#[test]
fn a_reader_in_the_middle_of_a_chunk_goes_on_while_it_is_compacted() {
    let log = Embedded::in_memory();
    log.create_topics(&[TopicSpec::compacted(TOPIC, 1)]).unwrap();
    let mut producer = transactional(&*log);
    let rows =
        |value: &str| -> Vec<_> { (0..10).map(|n| (format!("k{n}"), Some(value.to_owned()))).collect() };
    commit(&mut producer, &rows("old"));
    let mut reader = log.consumer(&ConsumerConfig { max_batch: 3, ..Default::default() }).unwrap();
    reader.assign(&[(partition(), Position::Beginning)]).unwrap();
    let mut batch = Batch::new();
    reader.poll(&mut batch, Duration::ZERO).unwrap();
    assert_eq!(batch.len(), 3);
    commit(&mut producer, &rows("new"));
    log.clean_up().unwrap();
    let mut seen = BTreeMap::new();
    while reader.poll(&mut batch, Duration::ZERO).unwrap() == Poll::Records {
        seen.extend(batch.iter().map(|r| (r.offset, r.value.unwrap().to_vec())));
    }
    let new: Vec<_> = seen.iter().filter(|(_, value)| *value == b"new").map(|(offset, _)| *offset).collect();
    assert_eq!(new, (11..21).collect::<Vec<_>>(), "all that is new came, in order");
}

#[test]
fn deleted_records_stay_deleted_after_reopening() {
    let dir = tempfile::tempdir().unwrap();
    {
        let log = Embedded::open(dir.path()).unwrap();
        log.create_topics(&[TopicSpec::retained(TOPIC, 1)]).unwrap();
        fill(&*log, 2000);
        log.delete_records(&[(partition(), 1000)]).unwrap();
    }
    let log = Embedded::open(dir.path()).unwrap();
    log.clean_up().unwrap();
    // At 1000 there is a marker.
    assert_eq!(read(&*log)[0].0, 1001);
    assert_eq!(log.watermarks(&partition(), Isolation::ReadCommitted).unwrap(), (1000, 2200));
}
