//! Joins against an oracle: what must be written is worked out anew, for each record, from all records before it
//! by the definition of the join, in plain loops over lists. Each run is also stopped and restored anywhere.
//!
//! The definitions are Kafka Streams'. A row that waits for its partner there is written when the wall clock
//! allows it; here as soon as stream time is past its window and grace, which is what the oracle says too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cases;

use std::collections::{BTreeMap, BTreeSet};

use cases::cases;
use engine::plan::Program;
use engine::replay::{Order, Replay, ReplayRecord};
use engine::sql::{LoadOptions, Purpose, SourceFile, load};
use engine::task::OutputRecord;
use proptest::prelude::*;
use serde_json::{Value, json};

const SOURCES: &str = "
    CREATE STREAM l (k VARCHAR KEY, a BIGINT) WITH (KAFKA_TOPIC='left', KEY_FORMAT='KAFKA', VALUE_FORMAT='JSON');
    CREATE STREAM r (k VARCHAR KEY, b BIGINT) WITH (KAFKA_TOPIC='right', KEY_FORMAT='KAFKA', VALUE_FORMAT='JSON');
    CREATE TABLE lt (k VARCHAR PRIMARY KEY, a BIGINT, f VARCHAR) WITH (KAFKA_TOPIC='left', VALUE_FORMAT='JSON');
    CREATE TABLE rt (k VARCHAR PRIMARY KEY, b BIGINT) WITH (KAFKA_TOPIC='right', VALUE_FORMAT='JSON');\n";

fn program(query: &str) -> Program {
    let files = vec![SourceFile { name: "joins.sql".into(), text: format!("{SOURCES}{query}") }];
    let options = LoadOptions { purpose: Purpose::Replay, ..LoadOptions::default() };
    load(files, &options).expect("a valid program").program
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

impl Side {
    fn other(self) -> Self {
        if self == Side::Left { Side::Right } else { Side::Left }
    }
}

/// Which rows without a partner are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Inner,
    Left,
    Right,
    Full,
}

const KINDS: [Kind; 4] = [Kind::Inner, Kind::Left, Kind::Right, Kind::Full];

impl Kind {
    fn keeps(self, side: Side) -> bool {
        match self {
            Kind::Inner => false,
            Kind::Left => side == Side::Left,
            Kind::Right => side == Side::Right,
            Kind::Full => true,
        }
    }

    fn sql(self) -> &'static str {
        match self {
            Kind::Inner => "INNER JOIN",
            Kind::Left => "LEFT JOIN",
            Kind::Right => "RIGHT JOIN",
            Kind::Full => "FULL OUTER JOIN",
        }
    }

    /// The key column of the result.
    fn key(self) -> &'static str {
        match self {
            Kind::Inner | Kind::Left => "l.k",
            Kind::Right => "r.k",
            Kind::Full => "ROWKEY",
        }
    }
}

/// A record of either side. Without a value it is a tombstone; every value is told from every other by its
/// number. A left table's row refers to a right one by `foreign`.
#[derive(Debug, Clone)]
struct Given {
    side: Side,
    key: Option<String>,
    value: Option<i64>,
    foreign: Option<String>,
    time: i64,
}

/// Some keys begin like others.
fn key() -> impl Strategy<Value = String> {
    prop::sample::select(&["", "k", "k1", "k12", "é"][..]).prop_map(str::to_owned)
}

/// Time goes on with steps back and, now and then, a long way forward.
fn given() -> impl Strategy<Value = Vec<Given>> {
    let side = prop_oneof![Just(Side::Left), Just(Side::Right)];
    let value = prop::option::weighted(0.85, Just(()));
    let one = (
        side,
        prop::option::weighted(0.95, key()),
        value,
        prop::option::weighted(0.9, key()),
        0i64..12,
        0i64..30,
    );
    prop::collection::vec(one, 1..100).prop_map(|all| {
        let mut base = 0;
        let timed = all.into_iter().zip(1..).map(|((side, key, value, foreign, jitter, leap), number)| {
            base += if leap == 0 { 60 } else { leap % 4 };
            Given { side, key, value: value.map(|()| number), foreign, time: (base + jitter * 3 - 18).max(0) }
        });
        timed.collect()
    })
}

fn stops() -> impl Strategy<Value = BTreeSet<usize>> {
    prop::collection::btree_set(0usize..100, 0..20)
}

/// What is written: key, value, time.
type Written = (Option<String>, Option<Value>, i64);

fn run(program: &Program, records: &[Given], stops: &BTreeSet<usize>) -> Vec<Written> {
    run_each(program, records, stops).concat()
}

/// What is written, record by record.
fn run_each(program: &Program, records: &[Given], stops: &BTreeSet<usize>) -> Vec<Vec<Written>> {
    let mut replay = Replay::new(program, Order::Record).unwrap();
    replay.keep_changelogs();
    let mut each = Vec::new();
    for (i, record) in records.iter().enumerate() {
        if stops.contains(&i) {
            replay.stop_and_restore().unwrap();
        }
        let topic = if record.side == Side::Left { "left" } else { "right" };
        let value =
            record.value.map(|v| json!({ "A": v, "B": v, "F": record.foreign }).to_string().into_bytes());
        let key = record.key.clone().map(String::into_bytes);
        let (topic, timestamp) = (topic.to_owned(), record.time);
        let mut written = Vec::new();
        let mut emit = |output: OutputRecord<'_>| {
            assert_eq!(output.topic(), "Q");
            let key = output.key().map(|bytes| String::from_utf8(bytes.to_vec()).unwrap());
            let value = output.value().map(|bytes| serde_json::from_slice(bytes).unwrap());
            written.push((key, value, output.timestamp()));
            Ok(())
        };
        replay.feed(ReplayRecord { topic, key, value, timestamp, headers: Vec::new() }, &mut emit).unwrap();
        each.push(written);
    }
    replay.finish(&mut |_| panic!("nothing waits for the end of the input")).unwrap();
    for (query, counters) in &replay.summary().queries {
        assert!(counters.adds_up(), "{query} {counters:?}");
    }
    each
}

fn row(left: Option<i64>, right: Option<i64>) -> Option<Value> {
    Some(json!({ "A": left, "B": right }))
}

fn sides(side: Side, mine: Option<i64>, other: Option<i64>) -> Option<Value> {
    if side == Side::Left { row(mine, other) } else { row(other, mine) }
}

/// The newest record of a key of one side, if it is no tombstone.
fn latest<'r>(records: &'r [Given], side: Side, key: &Option<String>) -> Option<&'r Given> {
    records.iter().rfind(|r| r.side == side && r.key == *key).filter(|r| r.value.is_some())
}

/// A stream's record with the row that the table has then.
fn stream_table(records: &[Given], kind: Kind) -> Vec<Written> {
    let mut written = Vec::new();
    for (i, record) in records.iter().enumerate() {
        if record.side == Side::Right || record.key.is_none() || record.value.is_none() {
            continue;
        }
        let partner = latest(&records[..i], Side::Right, &record.key);
        if partner.is_some() || kind.keeps(Side::Left) {
            let value = row(record.value, partner.and_then(|p| p.value));
            written.push((record.key.clone(), value, record.time));
        }
    }
    written
}

/// The change that each change of a row makes of the result: a row, or a tombstone where there was something to
/// take back.
fn table_table(records: &[Given], kind: Kind) -> Vec<Written> {
    let mut written = Vec::new();
    for (i, record) in records.iter().enumerate() {
        if record.key.is_none() {
            continue;
        }
        let side = record.side;
        let partner = latest(&records[..i], side.other(), &record.key);
        let had = latest(&records[..i], side, &record.key).is_some();
        let (is, met) = (record.value.is_some(), partner.is_some());
        if !met && (!kind.keeps(side) || !is && !had) {
            continue;
        }
        let has_row = is && (met || kind.keeps(side)) || met && kind.keeps(side.other());
        let value = if has_row { sides(side, record.value, partner.and_then(|p| p.value)) } else { None };
        let time = partner.map_or(record.time, |p| p.time.max(record.time));
        written.push((record.key.clone(), value, time));
    }
    written
}

#[derive(Debug, Clone, Copy)]
struct Within {
    before: i64,
    after: i64,
    grace: Option<i64>,
}

impl Within {
    fn sql(self) -> String {
        let grace = self.grace.map_or_else(String::new, |g| format!("GRACE PERIOD {g} MILLISECONDS"));
        format!("WITHIN ({} MILLISECONDS, {} MILLISECONDS) {grace}", self.before, self.after)
    }

    /// How far a side looks back and ahead.
    fn reach(self, side: Side) -> (i64, i64) {
        if side == Side::Left { (self.before, self.after) } else { (self.after, self.before) }
    }

    /// How long a side's rows can be met, by the time of that side.
    fn retention(self) -> i64 {
        let day = 24 * 60 * 60 * 1000;
        self.before + self.after + self.grace.unwrap_or(day - 2 * self.before)
    }
}

/// Each record with those of the other side that came before it and are near in time; what found nobody is
/// written at once without GRACE, and with it when nobody can come any more.
fn stream_stream(records: &[Given], kind: Kind, within: Within) -> Vec<Written> {
    let records: Vec<&Given> = records.iter().filter(|r| r.key.is_some() && r.value.is_some()).collect();
    let (mut waiting, mut written) = (BTreeSet::<usize>::new(), Vec::new());
    for (i, record) in records.iter().enumerate() {
        let (before, side) = (&records[..=i], record.side);
        let now = before.iter().map(|r| r.time).max().unwrap();
        if record.time == now {
            for due in closed(&records, &waiting, within, now) {
                waiting.remove(&due);
                let alone = records[due];
                written.push((alone.key.clone(), sides(alone.side, alone.value, None), alone.time));
            }
        }
        let (back, ahead) = within.reach(side);
        let newest = before.iter().filter(|r| r.side != side).map(|r| r.time).max().unwrap_or(0);
        let mut near: Vec<usize> = (0..i).filter(|at| is_near(record, records[*at], (back, ahead))).collect();
        near.retain(|at| records[*at].time > newest - within.retention());
        near.sort_by_key(|at| (records[*at].time, *at));
        for at in &near {
            waiting.remove(at);
            let partner = records[*at];
            let value = sides(side, record.value, partner.value);
            written.push((record.key.clone(), value, record.time.max(partner.time)));
        }
        if !near.is_empty() || !kind.keeps(side) {
            continue;
        }
        if within.grace.is_none() || record.time + ahead < now {
            written.push((record.key.clone(), sides(side, record.value, None), record.time));
        } else {
            waiting.insert(i);
        }
    }
    written
}

fn is_near(record: &Given, other: &Given, (back, ahead): (i64, i64)) -> bool {
    let distance = other.time - record.time;
    other.side != record.side && other.key == record.key && -back <= distance && distance <= ahead
}

/// Those that nobody can meet any more: by time, the right side first, by key, in order of arrival.
fn closed(records: &[&Given], waiting: &BTreeSet<usize>, within: Within, now: i64) -> Vec<usize> {
    let Some(grace) = within.grace else { return Vec::new() };
    let is_over = |at: &usize| records[*at].time + within.reach(records[*at].side).1 + grace < now;
    let mut due: Vec<usize> = waiting.iter().copied().filter(is_over).collect();
    due.sort_by_key(|at| {
        let record = records[*at];
        (record.time, record.side == Side::Left, record.key.clone(), *at)
    });
    due
}

/// Left rows with the right row that they refer to.
fn by_foreign_key(records: &[Given], kind: Kind) -> BTreeMap<String, Value> {
    let keys: BTreeSet<&String> = records.iter().filter_map(|r| r.key.as_ref()).collect();
    let rows = keys.into_iter().filter_map(|key| {
        let left = latest(records, Side::Left, &Some(key.clone()))?;
        left.foreign.as_ref()?;
        let right = latest(records, Side::Right, &left.foreign);
        let is_row = right.is_some() || kind.keeps(Side::Left);
        is_row.then(|| (key.clone(), row(left.value, right.and_then(|r| r.value)).unwrap()))
    });
    rows.collect()
}

/// Makes a table's changes to its rows.
fn change(rows: &mut BTreeMap<String, Value>, changes: Vec<Written>) {
    for (key, value, _) in changes {
        match value {
            Some(value) => rows.insert(key.unwrap(), value),
            None => rows.remove(&key.unwrap()),
        };
    }
}

fn query(kind: Kind, result: &str, (left, right): (&str, &str), within: &str) -> Program {
    let (join, key) = (kind.sql(), kind.key());
    program(&format!(
        "CREATE {result} q WITH (KEY_FORMAT='KAFKA') AS SELECT {key}, l.a AS a, r.b AS b FROM {left} l \
         {join} {right} r {within} ON l.k = r.k EMIT CHANGES;"
    ))
}

proptest! {
    #![proptest_config(cases(64))]

    #[test]
    fn a_stream_meets_the_row_that_the_table_has_then(records in given(), stops in stops()) {
        for kind in [Kind::Inner, Kind::Left] {
            let program = query(kind, "STREAM", ("l", "rt"), "");
            prop_assert_eq!(run(&program, &records, &stops), stream_table(&records, kind), "{:?}", kind);
        }
    }

    #[test]
    fn tables_are_joined_at_each_change_of_either(records in given(), stops in stops()) {
        for kind in KINDS {
            let program = query(kind, "TABLE", ("lt", "rt"), "");
            prop_assert_eq!(run(&program, &records, &stops), table_table(&records, kind), "{:?}", kind);
        }
    }

    #[test]
    fn streams_meet_within_their_window_and_grace(
        records in given(),
        stops in stops(),
        before in 0i64..12,
        after in 0i64..12,
        grace in prop::option::of(0i64..25),
    ) {
        prop_assume!(before + after > 0);
        let within = Within { before, after, grace };
        for kind in KINDS {
            let program = query(kind, "STREAM", ("l", "r"), &within.sql());
            let want = stream_stream(&records, kind, within);
            prop_assert_eq!(run(&program, &records, &stops), want, "{:?} {:?}", kind, within);
        }
    }

    #[test]
    fn what_a_foreign_key_joins_is_as_its_tables_say_at_each_change(records in given(), stops in stops()) {
        for kind in [Kind::Inner, Kind::Left] {
            let join = kind.sql();
            let program = program(&format!(
                "CREATE TABLE q WITH (KEY_FORMAT='KAFKA') AS SELECT l.k, l.a AS a, r.b AS b FROM lt l {join} rt r \
                 ON l.f = r.k EMIT CHANGES;"
            ));
            let mut rows = BTreeMap::new();
            for (changes, number) in run_each(&program, &records, &stops).into_iter().zip(1..) {
                change(&mut rows, changes);
                let want = by_foreign_key(&records[..number], kind);
                prop_assert_eq!(&rows, &want, "{:?} after record {}", kind, number);
            }
        }
    }
}

/// In a store of Kafka Streams a key's bytes give the order, however long the key is.
#[test]
fn rows_that_waited_for_the_same_time_leave_by_the_bytes_of_their_keys() {
    let record = |key: &str, value, time| {
        let (key, foreign) = (Some(key.to_owned()), None);
        Given { side: Side::Left, key, value: Some(value), foreign, time }
    };
    let records = [record("b", 1, 5), record("aaa", 2, 5), record("ab", 3, 5), record("z", 4, 50)];
    let within = Within { before: 1, after: 1, grace: Some(0) };
    let program = query(Kind::Left, "STREAM", ("l", "r"), &within.sql());
    let written = run(&program, &records, &BTreeSet::from([1, 2, 3]));
    let keys: Vec<_> = written.iter().map(|(key, ..)| key.as_deref().unwrap()).collect();
    assert_eq!(keys, ["aaa", "ab", "b"]);
}
