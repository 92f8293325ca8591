//! Windows that are written at their end, and sessions, against an oracle that works them out anew from all
//! records each time; each run is also stopped and restored between any two records.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};

use engine::plan::Program;
use engine::sql::{LoadOptions, SourceFile, load};
use engine::task::{InputRecord, Output, StreamTask, no_headers};
use proptest::prelude::*;
use serde_json::{Value, json};

const SOURCE: &str = "CREATE STREAM t (k VARCHAR KEY, a BIGINT, s VARCHAR)
    WITH (KAFKA_TOPIC = 't', KEY_FORMAT = 'KAFKA', VALUE_FORMAT = 'JSON');";

const CALLS: &str = "COUNT(*) AS c, SUM(a) AS sm, MIN(a) AS mn, MAX(a) AS mx";

fn program(queries: &str) -> Program {
    let text = format!("{SOURCE}\n{queries}");
    let files = vec![SourceFile { name: "test.sql".into(), text }];
    load(files, &LoadOptions::default()).expect("a valid program").program
}

fn windowed(window: &str, rest: &str) -> Program {
    program(&format!("CREATE TABLE q AS SELECT k, {CALLS} FROM t WINDOW {window} GROUP BY k {rest};"))
}

/// A record: key, a, time.
#[derive(Debug, Clone, Copy)]
struct Given {
    key: Option<u8>,
    a: i64,
    time: i64,
}

/// Time goes on with steps back and, now and then, a long way forward.
fn given() -> impl Strategy<Value = Vec<Given>> {
    let one = (proptest::option::weighted(0.95, 0u8..12), -20i64..20, 0i64..12, 0i64..30);
    proptest::collection::vec(one, 1..100).prop_map(|all| {
        let mut base = 0;
        let timed = all.into_iter().map(|(key, a, jitter, leap)| {
            base += if leap == 0 { 60 } else { leap % 4 };
            Given { key, a, time: (base + jitter * 3 - 18).max(0) }
        });
        timed.collect()
    })
}

/// Key bytes, value, time, headers.
type Written = (Vec<u8>, Option<Value>, i64, BTreeMap<String, String>);

/// Runs the records; at each of `stops` the task goes on as another that only knows the changelog.
fn run(program: &Program, records: &[Given], stops: &BTreeSet<usize>) -> Vec<Written> {
    let (mut task, mut output) = (StreamTask::new(program, 0).unwrap(), Output::new());
    let mut changelog: BTreeMap<(usize, Vec<u8>), Vec<u8>> = BTreeMap::new();
    for (i, record) in records.iter().enumerate() {
        if stops.contains(&i) {
            task.take_changes(&mut |store, key, value| {
                match value {
                    Some(value) => changelog.insert((store, key.to_vec()), value.to_vec()),
                    None => changelog.remove(&(store, key.to_vec())),
                };
            });
            task = StreamTask::new(program, 0).unwrap();
            for ((store, key), value) in &changelog {
                task.restore(*store, key, Some(value)).unwrap();
            }
        }
        let key = record.key.map(|key| format!("k{key}").into_bytes());
        let value = json!({"A": record.a}).to_string();
        let record = InputRecord {
            partition: 0,
            offset: i as i64,
            timestamp: record.time,
            key: key.as_deref(),
            value: Some(value.as_bytes()),
            headers: &no_headers,
        };
        task.process(0, &record, &mut output);
    }
    assert!(task.counters().iter().all(engine::task::QueryCounters::is_balanced));
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let written = output.iter().map(|r| {
        let value = r.value().map(|bytes| serde_json::from_slice(bytes).unwrap());
        let headers = r.headers().map(|(name, value)| (name.to_owned(), text(value))).collect();
        (r.key().unwrap().to_vec(), value, r.timestamp(), headers)
    });
    written.collect()
}

/// What a window must say.
fn summary(records: &[Given]) -> Value {
    let numbers = || records.iter().map(|r| r.a);
    json!({"C": records.len(), "SM": numbers().sum::<i64>(), "MN": numbers().min(), "MX": numbers().max()})
}

fn newest(records: &[Given]) -> i64 {
    records.iter().map(|r| r.time).max().unwrap()
}

fn plain(written: Vec<Written>) -> Vec<(Vec<u8>, Option<Value>, i64)> {
    written.into_iter().map(|(key, value, time, _)| (key, value, time)).collect()
}

fn stops() -> impl Strategy<Value = BTreeSet<usize>> {
    proptest::collection::btree_set(0usize..100, 0..20)
}

/// The windows as they are at their end, by definition.
fn finals(records: &[Given], size: i64, advance: i64, grace: i64) -> Vec<(Vec<u8>, Option<Value>, i64)> {
    let mut now = i64::MIN;
    // End, key as text, start: the order of writing.
    let mut open: BTreeMap<(i64, String, i64), Vec<Given>> = BTreeMap::new();
    let mut written = Vec::new();
    for record in records {
        let Some(key) = record.key else { continue };
        now = now.max(record.time);
        for start in (0..=record.time).filter(|start| start % advance == 0 && record.time < start + size) {
            if now < start + size + grace {
                open.entry((start + size, format!("k{key}"), start)).or_default().push(*record);
            }
        }
        while let Some(entry) = open.first_entry().filter(|entry| entry.key().0 + grace <= now) {
            let ((_, key, start), taken) = entry.remove_entry();
            let bytes = [key.as_bytes(), &start.to_be_bytes()].concat();
            written.push((bytes, Some(summary(&taken)), newest(&taken)));
        }
    }
    written
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn final_windows_are_written_once_in_order(records in given(), stops in stops()) {
        let tumbling = windowed("TUMBLING (SIZE 10 MILLISECONDS, GRACE PERIOD 7 MILLISECONDS)", "EMIT FINAL");
        prop_assert_eq!(plain(run(&tumbling, &records, &stops)), finals(&records, 10, 10, 7));
        let window = "HOPPING (SIZE 10 MILLISECONDS, ADVANCE BY 4 MILLISECONDS, GRACE PERIOD 3 MILLISECONDS)";
        let hopping = windowed(window, "EMIT FINAL");
        prop_assert_eq!(plain(run(&hopping, &records, &stops)), finals(&records, 10, 4, 3));
    }

    #[test]
    fn final_having_asks_for_the_last_row(records in given(), stops in stops()) {
        let window = "TUMBLING (SIZE 10 MILLISECONDS, GRACE PERIOD 7 MILLISECONDS)";
        let program = windowed(window, "HAVING SUM(a) > 3 EMIT FINAL");
        let mut want = finals(&records, 10, 10, 7);
        want.retain(|(_, value, _)| value.as_ref().unwrap()["SM"].as_i64().unwrap() > 3);
        prop_assert_eq!(plain(run(&program, &records, &stops)), want);
    }
}

fn record(key: u8, time: i64) -> Given {
    Given { key: Some(key), a: 1, time }
}

/// One frame, two queries: one writes as it goes, one at the end.
#[test]
fn a_final_alert_names_the_last_record_that_went_in() {
    let queries = "CREATE TABLE running WITH (KAFKA_TOPIC = 'fraud_alerts') AS SELECT k, COUNT(*) AS c FROM t
            WINDOW TUMBLING (SIZE 10 MILLISECONDS, GRACE PERIOD 0 MILLISECONDS) GROUP BY k HAVING COUNT(*) > 1;
        CREATE TABLE ended WITH (KAFKA_TOPIC = 'fraud_alerts') AS SELECT k, COUNT(*) AS c FROM t
            WINDOW TUMBLING (SIZE 10 MILLISECONDS, GRACE PERIOD 0 MILLISECONDS) GROUP BY k HAVING COUNT(*) > 1
            EMIT FINAL;";
    let records = [record(1, 2), record(1, 5), record(1, 3), record(2, 4), record(2, 25)];
    let written = run(&program(queries), &records, &BTreeSet::from([1, 2, 3, 4]));
    let seen: Vec<_> = written
        .iter()
        .map(|(_, value, time, headers)| {
            let header = |name: &str| headers.get(name).map_or("", String::as_str);
            (header("rule.name"), header("source.offset"), value.as_ref().unwrap()["C"].as_i64(), *time)
        })
        .collect();
    assert_eq!(
        seen,
        [("RUNNING", "1", Some(2), 5), ("RUNNING", "2", Some(3), 5), ("ENDED", "2", Some(3), 5)]
    );
}
