//! Tasks against an oracle that keeps every record and counts anew each time; and against themselves,
//! stopped and restored between any two records.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cases;
mod changes;

use std::collections::{BTreeMap, BTreeSet};

use cases::cases;
use engine::plan::Program;
use engine::sql::{LoadOptions, SourceFile, load};
use engine::task::{InputRecord, NoHeaders, Output, QueryCounters, StreamTask};
use proptest::prelude::*;
use serde_json::{Value, json};

const SOURCE: &str = "CREATE STREAM t (k VARCHAR KEY, a BIGINT, s VARCHAR)
    WITH (KAFKA_TOPIC = 't', KEY_FORMAT = 'KAFKA', VALUE_FORMAT = 'JSON');";

const CALLS: &str = "COUNT(*) AS c, COUNT(a) AS ca, SUM(a) AS sm, AVG(a) AS av, MIN(a) AS mn, MAX(a) AS mx,
    COUNT_DISTINCT(s) AS ds, LATEST_BY_OFFSET(s) AS l";

fn program(queries: &str) -> Program {
    let text = format!("{SOURCE}\n{queries}");
    let files = vec![SourceFile { name: "test.sql".into(), text }];
    load(files, &LoadOptions::default()).expect("a valid program").program
}

/// A record: key, a, s, time. No key or no value at all are among them.
#[derive(Debug, Clone)]
struct Given {
    key: Option<u8>,
    value: Option<(Option<i64>, Option<u8>)>,
    broken: bool,
    time: i64,
}

fn given() -> impl Strategy<Value = Vec<Given>> {
    let one = (
        proptest::option::weighted(0.95, 0u8..4),
        proptest::option::weighted(0.95, (proptest::option::of(-20i64..20), proptest::option::of(0u8..4))),
        proptest::bool::weighted(0.03),
        0i64..12,
    );
    // Time goes on by 0 to 3 on average, with steps back.
    proptest::collection::vec(one, 1..120).prop_map(|all| {
        let timed = all.into_iter().enumerate().map(|(i, (key, value, broken, jitter))| {
            let time = (i as i64 * 2 + jitter * 3 - 18).max(0);
            Given { key, value, broken, time }
        });
        timed.collect()
    })
}

impl Given {
    fn value(&self) -> Option<Vec<u8>> {
        if self.broken {
            return Some(b"{\"A\":[]}".to_vec());
        }
        let (a, s) = self.value.as_ref()?;
        Some(json!({"A": a, "S": s.map(|s| format!("s{s}"))}).to_string().into_bytes())
    }
}

type Written = Vec<(String, Option<Vec<u8>>, Option<Vec<u8>>, i64, Vec<(String, Vec<u8>)>)>;

/// Runs the records; at each of `stops` the task goes on as another that only knows the changelog.
fn run(program: &Program, records: &[Given], stops: &BTreeSet<usize>) -> (Written, Vec<QueryCounters>) {
    let (mut task, mut output) = (StreamTask::new(program, 0).unwrap(), Output::new());
    let mut changelog: BTreeMap<(usize, Vec<u8>), Vec<u8>> = BTreeMap::new();
    let mut counters = vec![QueryCounters::default(); program.queries.len()];
    for (i, record) in records.iter().enumerate() {
        if stops.contains(&i) {
            changes::take(&mut task, &mut |store, key, value| {
                match value {
                    Some(value) => changelog.insert((store, key.to_vec()), value.to_vec()),
                    None => changelog.remove(&(store, key.to_vec())),
                };
            });
            counters.iter_mut().zip(task.counters()).for_each(|(sum, c)| *sum += *c);
            task = StreamTask::new(program, 0).unwrap();
            for ((store, key), value) in &changelog {
                task.restore(*store, key, Some(value)).unwrap();
            }
        }
        let (key, value) = (record.key.map(|key| format!("k{key}").into_bytes()), record.value());
        if stops.contains(&(i / 2)) {
            // Of keys that come, and of some that do not: it shows in no result.
            task.look_ahead(0, [b"k0", b"k1", b"k9"].iter().map(|key| key.as_slice()));
        }
        task.process(
            0,
            &InputRecord {
                partition: 0,
                offset: i as i64,
                timestamp: record.time,
                key: key.as_deref(),
                value: value.as_deref(),
                headers: &NoHeaders,
            },
            &mut output,
        );
    }
    counters.iter_mut().zip(task.counters()).for_each(|(sum, c)| *sum += *c);
    let owned = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
    let written = output.iter().map(|r| {
        let headers = r.headers().map(|(name, value)| (name.to_owned(), value.to_vec())).collect();
        (r.topic().to_owned(), owned(r.key()), owned(r.value()), r.timestamp(), headers)
    });
    (written.collect(), counters)
}

/// What a window of a group must say, counted from the records that went in.
fn expected(records: &[&Given]) -> (Value, i64) {
    let values: Vec<_> = records.iter().filter_map(|r| r.value.as_ref()).collect();
    let numbers: Vec<i64> = values.iter().filter_map(|(a, _)| *a).collect();
    let texts: Vec<u8> = values.iter().filter_map(|(_, s)| *s).collect();
    let sum: i64 = numbers.iter().sum();
    let mean = if numbers.is_empty() { 0.0 } else { sum as f64 / numbers.len() as f64 };
    let value = json!({
        "C": values.len(), "CA": numbers.len(), "SM": sum, "AV": mean,
        "MN": numbers.iter().min(), "MX": numbers.iter().max(),
        "DS": texts.iter().collect::<BTreeSet<_>>().len(),
        "L": texts.last().map(|s| format!("s{s}")),
    });
    (value, records.iter().map(|r| r.time).max().unwrap())
}

/// The windows' updates by definition: key bytes, value, time.
fn oracle(records: &[Given], size: i64, advance: i64, grace: i64) -> Vec<(Vec<u8>, Value, i64)> {
    let (mut now, mut windows) = (i64::MIN, BTreeMap::<(u8, i64), Vec<&Given>>::new());
    let mut updates = Vec::new();
    for record in records.iter().filter(|r| !r.broken && r.value.is_some()) {
        let Some(key) = record.key else { continue };
        now = now.max(record.time);
        for start in (0..=record.time).filter(|start| start % advance == 0 && record.time < start + size) {
            if now >= start + size + grace {
                continue;
            }
            let taken = windows.entry((key, start)).or_default();
            taken.push(record);
            let (value, time) = expected(taken);
            let bytes = [format!("k{key}").as_bytes(), &start.to_be_bytes()].concat();
            updates.push((bytes, value, time));
        }
    }
    updates
}

fn windowed(window: &str) -> String {
    format!("CREATE TABLE q AS SELECT k, {CALLS} FROM t WINDOW {window} GROUP BY k EMIT CHANGES;")
}

fn same_as_oracle(window: &str, records: &[Given], size: i64, advance: i64, grace: i64) {
    let (written, counters) = run(&program(&windowed(window)), records, &BTreeSet::new());
    let got: Vec<_> = written
        .iter()
        .filter(|(topic, ..)| topic == "Q")
        .map(|(_, key, value, time, _)| {
            let value: Value = serde_json::from_slice(value.as_deref().unwrap()).unwrap();
            (key.clone().unwrap(), value, *time)
        })
        .collect();
    assert_eq!(got, oracle(records, size, advance, grace));
    assert!(counters[0].adds_up(), "{:?}", counters[0]);
    assert_eq!(counters[0].input, records.len() as u64);
    assert_eq!(counters[0].emitted, got.len() as u64);
    let broken = records.iter().filter(|r| r.broken).count();
    assert_eq!(counters[0].dead_lettered, broken as u64);
    assert_eq!(written.iter().filter(|(topic, ..)| topic == "t.dlq").count(), broken);
}

/// Rules that share a frame, one with a shrinking HAVING, one that fires once, and filters.
const RULES: &str = "
    CREATE STREAM big WITH (KAFKA_TOPIC = 'fraud_alerts') AS SELECT k, a, s FROM t WHERE a > 10;
    CREATE TABLE mean WITH (KAFKA_TOPIC = 'fraud_alerts') AS SELECT k, AVG(a) AS av, COUNT(*) AS c FROM t
        WINDOW TUMBLING (SIZE 20 MILLISECONDS, GRACE PERIOD 5 MILLISECONDS) GROUP BY k HAVING AVG(a) > 3;
    --@emit: first
    CREATE TABLE many WITH (KAFKA_TOPIC = 'fraud_alerts') AS SELECT k, COUNT(*) AS c, LATEST_BY_OFFSET(s) AS s
        FROM t WINDOW TUMBLING (SIZE 20 MILLISECONDS, GRACE PERIOD 5 MILLISECONDS) GROUP BY k HAVING COUNT(*) > 2;
    CREATE TABLE total AS SELECT k, SUM(a) AS sm FROM t WHERE s <> 's1' GROUP BY k HAVING SUM(a) > 0;";

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn tumbling_windows_count_what_went_in(records in given()) {
        same_as_oracle("TUMBLING (SIZE 10 MILLISECONDS, GRACE PERIOD 7 MILLISECONDS)", &records, 10, 10, 7);
    }

    #[test]
    fn hopping_windows_count_what_went_in(records in given()) {
        let window = "HOPPING (SIZE 10 MILLISECONDS, ADVANCE BY 4 MILLISECONDS, GRACE PERIOD 3 MILLISECONDS)";
        same_as_oracle(window, &records, 10, 4, 3);
    }

    #[test]
    fn a_restored_task_goes_on_as_if_it_had_not_stopped(
        records in given(),
        stops in proptest::collection::btree_set(0usize..120, 0..20),
    ) {
        let program = program(RULES);
        let whole = run(&program, &records, &BTreeSet::new());
        let stopped = run(&program, &records, &stops);
        prop_assert_eq!(&whole.0, &stopped.0);
        prop_assert_eq!(&whole.1, &stopped.1);
        for counters in &whole.1 {
            prop_assert!(counters.adds_up(), "{:?}", counters);
        }
    }

    #[test]
    fn damaged_changelogs_are_errors(key in any::<Vec<u8>>(), value in any::<Vec<u8>>(), cut in 0usize..400) {
        let program = program(RULES);
        let mut task = StreamTask::new(&program, 0).unwrap();
        let _ = task.restore(0, &key, Some(&value));
        let _ = task.restore(0, &[255], Some(&value));
        let mut entries = Vec::new();
        let mut output = Output::new();
        for offset in 0..5 {
            let record = InputRecord {
                partition: 0, offset, timestamp: 1, key: Some(b"k"), value: Some(b"{\"A\":20}"), headers: &NoHeaders,
            };
            task.process(0, &record, &mut output);
        }
        // Beside the entry are the stream times, whose key is 255.
        changes::take(&mut task, &mut |_, key, value| entries.extend(value.map(|v| (key.to_vec(), v.to_vec()))));
        let (key, value) = entries.iter().find(|(key, _)| key[0] < 254).unwrap();
        let cut = 1 + cut % (value.len() - 1);
        // A cut between two slots leaves whole slots; anywhere else it is damage.
        let mut other = StreamTask::new(&program, 0).unwrap();
        if other.restore(0, key, Some(&value[..cut])).is_ok() {
            prop_assert!(other.keys() <= 1);
        }
        other.restore(0, key, Some(value)).unwrap();
        prop_assert_eq!(other.keys(), 1);
        prop_assert!(other.restore(0, key, Some(&[9, 9])).is_err());
    }
}

#[test]
fn an_update_that_leaves_having_is_taken_back() {
    let records: Vec<Given> = [8, 6, -20, 1, 30]
        .into_iter()
        .map(|a| Given { key: Some(1), value: Some((Some(a), None)), broken: false, time: 3 })
        .collect();
    let only = RULES.split("--@emit").next().unwrap().split(';').nth(1).unwrap().to_owned() + ";";
    let (written, _) = run(&program(&only), &records, &BTreeSet::new());
    let kinds: Vec<(bool, Option<&[u8]>)> = written
        .iter()
        .map(|(_, _, value, _, headers)| {
            let retract = headers.iter().find(|(name, _)| name == "alert.retract");
            (value.is_some(), retract.map(|(_, value)| value.as_slice()))
        })
        .collect();
    assert_eq!(kinds, [(true, None), (true, None), (false, Some(b"left".as_slice())), (true, None)]);
}

#[test]
fn a_first_crossing_is_written_once_and_the_others_counted() {
    let records: Vec<Given> = (0..6)
        .map(|_| Given { key: Some(1), value: Some((Some(1), None)), broken: false, time: 3 })
        .collect();
    let (written, counters) = run(&program(RULES), &records, &BTreeSet::from([2, 3, 4, 5]));
    let is_many = |headers: &Vec<(String, Vec<u8>)>| {
        headers.iter().any(|(_, value)| value.eq_ignore_ascii_case(b"many"))
    };
    assert_eq!(written.iter().filter(|(.., headers)| is_many(headers)).count(), 1);
    assert_eq!((counters[2].emitted, counters[2].suppressed), (1, 3));
}

#[test]
fn closed_windows_give_their_memory_back() {
    let program = program(&windowed("TUMBLING (SIZE 10 MILLISECONDS, GRACE PERIOD 0 MILLISECONDS)"));
    let (mut task, mut output) = (StreamTask::new(&program, 0).unwrap(), Output::new());
    let mut tombstones = 0;
    for i in 0..10_000i64 {
        let key = format!("k{i}");
        let record = InputRecord {
            partition: 0,
            offset: i,
            timestamp: i,
            key: Some(key.as_bytes()),
            value: Some(b"{\"A\":1}"),
            headers: &NoHeaders,
        };
        task.process(0, &record, &mut output);
        output.clear();
        if i % 100 == 0 {
            changes::take(&mut task, &mut |_, _, value| tombstones += usize::from(value.is_none()));
        }
    }
    assert!(task.keys() < 60, "{} keys", task.keys());
    assert!(tombstones > 100, "{tombstones} tombstones");
}
