//! Windows that are written at their end, and sessions, against an oracle that works them out anew from all
//! records each time; each run is also stopped and restored between any two records.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cases;
mod changes;

use std::collections::{BTreeMap, BTreeSet};

use cases::cases;
use engine::plan::Program;
use engine::sql::{LoadOptions, SourceFile, load};
use engine::task::{InputRecord, NoHeaders, Output, StreamTask};
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
            changes::take(&mut task, &mut |store, key, value| {
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
            headers: &NoHeaders,
        };
        task.process(0, &record, &mut output);
    }
    assert!(task.counters().iter().all(engine::task::QueryCounters::adds_up));
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
    #![proptest_config(cases(64))]

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

/// The sessions' updates, or with `is_final` what they are at their end, by definition. A session is the
/// records that went in; it takes part as long as stream time is at most its end plus gap and grace.
fn sessions(
    records: &[Given],
    gap: i64,
    grace: i64,
    is_final: bool,
    having: impl Fn(&Value) -> bool,
) -> Vec<(Vec<u8>, Option<Value>, i64)> {
    let bytes = |key: u8, (start, end): (i64, i64)| {
        [format!("k{key}").as_bytes(), &end.to_be_bytes(), &start.to_be_bytes()].concat()
    };
    let bounds = |session: &[Given]| (session.iter().map(|r| r.time).min().unwrap(), newest(session));
    let (mut now, mut open, mut written) = (i64::MIN, Vec::<(u8, Vec<Given>)>::new(), Vec::new());
    // By end, key as text, start: what is not written yet.
    let mut waiting: BTreeMap<(i64, String, i64), Value> = BTreeMap::new();
    for record in records {
        let Some(key) = record.key else { continue };
        now = now.max(record.time);
        let is_joined = |(k, session): &(u8, Vec<Given>)| {
            let (start, end) = bounds(session);
            *k == key && end >= now - gap - grace && start <= record.time + gap && record.time <= end + gap
        };
        let (mut joined, rest): (Vec<_>, Vec<_>) = open.into_iter().partition(is_joined);
        open = rest;
        if joined.is_empty() && record.time < now - gap - grace {
            continue;
        }
        joined.sort_by_key(|(_, session)| bounds(session));
        let mut session: Vec<Given> = joined.iter().flat_map(|(_, session)| session.clone()).collect();
        session.push(*record);
        let (start, end) = bounds(&session);
        let in_place = joined.len() == 1 && start == end;
        for (_, old) in &joined {
            let (start, end) = bounds(old);
            waiting.remove(&(end, format!("k{key}"), start));
            if having(&summary(old)) && !is_final && !(in_place && having(&summary(&session))) {
                written.push((bytes(key, (start, end)), None, end));
            }
        }
        let value = summary(&session);
        if is_final {
            waiting.insert((end, format!("k{key}"), start), value);
        } else if having(&value) {
            written.push((bytes(key, (start, end)), Some(value), end));
        }
        open.push((key, session));
        while let Some(entry) = waiting.first_entry().filter(|entry| entry.key().0 + gap + grace < now) {
            let ((end, key, start), value) = entry.remove_entry();
            if having(&value) {
                let key = key[1..].parse().unwrap();
                written.push((bytes(key, (start, end)), Some(value), end));
            }
        }
    }
    written
}

const SESSION: &str = "SESSION (5 MILLISECONDS, GRACE PERIOD 7 MILLISECONDS)";

proptest! {
    #![proptest_config(cases(96))]

    #[test]
    fn sessions_join_what_is_near(records in given(), stops in stops()) {
        let program = windowed(SESSION, "EMIT CHANGES");
        prop_assert_eq!(plain(run(&program, &records, &stops)), sessions(&records, 5, 7, false, |_| true));
    }

    #[test]
    fn final_sessions_are_written_at_their_end(records in given(), stops in stops()) {
        let program = windowed(SESSION, "EMIT FINAL");
        prop_assert_eq!(plain(run(&program, &records, &stops)), sessions(&records, 5, 7, true, |_| true));
    }

    #[test]
    fn having_takes_sessions_in_and_out(records in given(), stops in stops()) {
        let passes = |value: &Value| value["SM"].as_i64().unwrap() > 3;
        let program = windowed(SESSION, "HAVING SUM(a) > 3 EMIT CHANGES");
        prop_assert_eq!(plain(run(&program, &records, &stops)), sessions(&records, 5, 7, false, passes));
        let program = windowed(SESSION, "HAVING SUM(a) > 3 EMIT FINAL");
        prop_assert_eq!(plain(run(&program, &records, &stops)), sessions(&records, 5, 7, true, passes));
    }
}

/// Whether there is a value, the window's start, and how the alert is taken back.
fn alerts(written: &[Written]) -> Vec<(bool, &str, &str)> {
    let each = written.iter().map(|(_, value, _, headers)| {
        let header = |name: &str| headers.get(name).map_or("", String::as_str);
        (value.is_some(), header("window.start"), header("alert.retract"))
    });
    each.collect()
}

#[test]
fn a_session_that_moves_says_so_and_one_that_leaves_having_too() {
    let program = program(
        "CREATE TABLE r WITH (KAFKA_TOPIC = 'fraud_alerts') AS SELECT k, SUM(a) AS sm, WINDOWEND AS e FROM t
            WINDOW SESSION (10 MILLISECONDS, GRACE PERIOD 90 MILLISECONDS) GROUP BY k HAVING SUM(a) > 0;",
    );
    let mut records = [record(1, 20), record(1, 12), record(1, 40), record(1, 30), record(1, 30)];
    records[4].a = -10;
    let written = run(&program, &records, &BTreeSet::from([1, 2, 3, 4]));
    let want = [
        (true, "20", ""),
        (false, "20", "merged"),
        (true, "12", ""),
        (true, "40", ""),
        (false, "12", "merged"),
        (false, "40", "merged"),
        (true, "12", ""),
        (false, "12", "left"),
    ];
    assert_eq!(alerts(&written), want);
    assert_eq!(written[6].1.as_ref().unwrap()["E"], 40);
}

#[test]
fn a_session_fires_first_once_also_where_it_grows_together() {
    let program = program(
        "--@emit: first
        CREATE TABLE r WITH (KAFKA_TOPIC = 'fraud_alerts') AS SELECT k, COUNT(*) AS c FROM t
            WINDOW SESSION (10 MILLISECONDS, GRACE PERIOD 90 MILLISECONDS) GROUP BY k HAVING COUNT(*) > 1;",
    );
    let records = [record(1, 1), record(1, 2), record(1, 20), record(1, 10), record(1, 50), record(1, 51)];
    let written = run(&program, &records, &BTreeSet::from([2, 3, 4]));
    assert_eq!(alerts(&written), [(true, "1", ""), (true, "50", "")]);
}

/// The value that came last is the latest, and the one that came first the earliest, wherever they lie in time.
#[test]
fn latest_and_earliest_go_by_arrival() {
    let program = program(
        "CREATE TABLE q AS SELECT k, LATEST_BY_OFFSET(s) AS l, EARLIEST_BY_OFFSET(s) AS e FROM t
            WINDOW SESSION (10 MILLISECONDS, GRACE PERIOD 90 MILLISECONDS) GROUP BY k;",
    );
    let (mut task, mut output) = (StreamTask::new(&program, 0).unwrap(), Output::new());
    for (offset, (timestamp, value)) in
        [(30, r#"{"S":"a"}"#), (14, r#"{"S":"b"}"#), (22, r#"{"S":null}"#)].into_iter().enumerate()
    {
        let (key, value) = (Some(&b"k"[..]), Some(value.as_bytes()));
        let offset = offset as i64;
        let record = InputRecord { partition: 0, offset, timestamp, key, value, headers: &NoHeaders };
        task.process(0, &record, &mut output);
    }
    let last = output.get(output.len() - 1);
    let value: Value = serde_json::from_slice(last.value().unwrap()).unwrap();
    assert_eq!(value, json!({"L": "b", "E": "a"}));
}

#[test]
fn closed_sessions_give_their_memory_back() {
    for emit in ["EMIT CHANGES", "EMIT FINAL"] {
        let program = windowed("SESSION (5 MILLISECONDS, GRACE PERIOD 5 MILLISECONDS)", emit);
        let (mut task, mut output) = (StreamTask::new(&program, 0).unwrap(), Output::new());
        let mut tombstones = 0;
        for i in 0..10_000i64 {
            let key = format!("k{i}");
            let (key, value) = (Some(key.as_bytes()), Some(&b"{\"A\":1}"[..]));
            let record =
                InputRecord { partition: 0, offset: i, timestamp: i, key, value, headers: &NoHeaders };
            task.process(0, &record, &mut output);
            output.clear();
            if i % 100 == 0 {
                changes::take(&mut task, &mut |_, _, value| tombstones += usize::from(value.is_none()));
            }
        }
        assert!(task.keys() < 60, "{} keys", task.keys());
        assert!(tombstones > 100, "{tombstones} tombstones");
    }
}
