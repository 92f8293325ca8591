//! Checkpoints against a plain export taken where they began: whatever happens while one is written, what it
//! wrote over those that were committed before gives the state at its beginning. And stores on disk against the
//! same stores in memory.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cases;
#[path = "checkpoints/on_disk.rs"]
mod on_disk;

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};

use cases::cases;
use engine::plan::Program;
use engine::sql::{LoadOptions, SourceFile, load};
use engine::state::{Backing, BackingError, MemoryLimit};
use engine::task::{InputRecord, Output, RecordHeaders, StreamTask};
use proptest::prelude::*;
use serde_json::json;

const SOURCES: &str = "
    CREATE STREAM t (k VARCHAR KEY, a BIGINT, s VARCHAR) WITH (KAFKA_TOPIC='t', PARTITIONS=1, VALUE_FORMAT='JSON');
    CREATE STREAM u (k VARCHAR KEY, a BIGINT, s VARCHAR) WITH (KAFKA_TOPIC='u', PARTITIONS=1, VALUE_FORMAT='JSON');
    CREATE TABLE p (k VARCHAR PRIMARY KEY, n BIGINT, s VARCHAR) WITH (KAFKA_TOPIC='p', PARTITIONS=1, VALUE_FORMAT='JSON');
    CREATE TABLE r (k VARCHAR PRIMARY KEY, n BIGINT, s VARCHAR) WITH (KAFKA_TOPIC='r', PARTITIONS=1, VALUE_FORMAT='JSON');\n";

/// Every kind of store is in one of them.
const RULES: [&str; 5] = [
    "CREATE TABLE a1 WITH (KEY_FORMAT='JSON') AS SELECT k, COUNT(*) AS c, SUM(a) AS m FROM t
         WINDOW TUMBLING (SIZE 9 MILLISECONDS, GRACE PERIOD 4 MILLISECONDS) GROUP BY k EMIT FINAL;
     CREATE TABLE a2 WITH (KEY_FORMAT='JSON') AS SELECT k, LATEST_BY_OFFSET(s) AS l, COLLECT_LIST(a) AS c FROM t
         WINDOW HOPPING (SIZE 10 MILLISECONDS, ADVANCE BY 3 MILLISECONDS, GRACE PERIOD 0 MILLISECONDS) GROUP BY k;
     CREATE TABLE a3 WITH (KEY_FORMAT='JSON') AS SELECT s, COUNT(*) AS c FROM t GROUP BY s;",
    "CREATE TABLE s1 WITH (KEY_FORMAT='JSON') AS SELECT k, COUNT(*) AS c, COLLECT_SET(s) AS m FROM t
         WINDOW SESSION (5 MILLISECONDS, GRACE PERIOD 3 MILLISECONDS) GROUP BY k EMIT FINAL;
     CREATE TABLE s2 WITH (KEY_FORMAT='JSON') AS SELECT k, MAX(a) AS c FROM t
         WINDOW SESSION (2 MILLISECONDS, GRACE PERIOD 0 MILLISECONDS) GROUP BY k;",
    "CREATE STREAM j1 AS SELECT t.k, t.a, p.n FROM t LEFT JOIN p ON t.k = p.k EMIT CHANGES;
     CREATE TABLE j2 AS SELECT p.k, p.n, r.n AS rn FROM p JOIN r ON p.k = r.k EMIT CHANGES;
     CREATE TABLE j3 AS SELECT p.k, p.n AS xn, r.n AS yn FROM p LEFT JOIN r ON p.s = r.k EMIT CHANGES;",
    "CREATE STREAM w1 AS SELECT t.k, t.a AS ta, u.a AS ua FROM t LEFT JOIN u
         WITHIN 5 MILLISECONDS GRACE PERIOD 6 MILLISECONDS ON t.k = u.k EMIT CHANGES;",
    "--@cooldown: 12 MILLISECONDS
     CREATE TABLE c1 WITH (KEY_FORMAT='JSON', KAFKA_TOPIC='fraud_alerts') AS SELECT k, COUNT(*) AS c FROM t
         WINDOW TUMBLING (SIZE 20 MILLISECONDS) GROUP BY k EMIT CHANGES;",
];

fn program(rules: &str) -> Program {
    let files = vec![SourceFile { name: "test.sql".into(), text: format!("{SOURCES}{rules}") }];
    load(files, &LoadOptions::default()).unwrap_or_else(|refused| panic!("{refused}")).program
}

/// A record of a topic, as it waits to be processed.
#[derive(Debug, Clone)]
struct Given {
    topic: String,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    time: i64,
    headers: Vec<(String, Vec<u8>)>,
}

#[derive(Debug)]
struct Headers<'a>(&'a [(String, Vec<u8>)]);

impl<'a> RecordHeaders<'a> for Headers<'a> {
    fn last(&self, name: &str) -> Option<&'a [u8]> {
        self.0.iter().rev().find(|(mine, _)| mine == name).map(|(_, value)| &**value)
    }

    fn each(&self, visit: &mut dyn FnMut(&'a str, &'a [u8])) {
        self.0.iter().for_each(|(name, value)| visit(name, value));
    }
}

#[derive(Debug, Clone)]
enum Step {
    Record(Given),
    /// Begins a checkpoint, where none is under way.
    Begin,
    /// Writes on with this budget.
    Write(usize),
    /// Ends it; whether it counts. One that is not written to its end never does.
    End(bool),
    /// Goes on as a task that knows the committed checkpoints and what was not in them.
    Hand,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let value = prop_oneof![
        12 => (prop::option::of(-9i64..9), prop::option::of(0..3u8)).prop_map(|(a, s)| {
            Some(json!({ "a": a, "n": a, "s": s.map(|s| format!("k{s}")) }).to_string().into_bytes())
        }),
        2 => Just(None),
    ];
    let topics = prop::sample::select(&["t", "t", "t", "u", "p", "p", "r"][..]);
    let record = (topics, 0..6u8, value, 0..10i64, prop::bool::weighted(0.04));
    let step = prop_oneof![
        20 => record.prop_map(|(topic, key, value, jitter, leap)| {
            let key = Some(format!("k{key}").into_bytes());
            let time = jitter + if leap { 60 } else { 0 };
            Step::Record(Given { topic: topic.into(), key, value, time, headers: Vec::new() })
        }),
        3 => Just(Step::Begin),
        6 => prop_oneof![Just(1usize), 1..200usize, Just(100_000)].prop_map(Step::Write),
        3 => prop::bool::weighted(0.7).prop_map(Step::End),
        1 => Just(Step::Hand),
    ];
    prop::collection::vec(step, 1..200)
}

/// What changelogs hold: by store and key.
type Kept = BTreeMap<(usize, Vec<u8>), Vec<u8>>;

fn exported(task: &StreamTask) -> Kept {
    let mut all = Kept::new();
    task.export(&mut |store, key, value| {
        assert!(all.insert((store, key.to_vec()), value.to_vec()).is_none(), "a key twice: {key:?}");
    });
    all
}

fn restored(program: &Program, id: usize, kept: &Kept) -> StreamTask {
    let mut task = StreamTask::new(program, id).unwrap();
    kept.iter().for_each(|((store, key), value)| task.restore(*store, key, Some(value)).unwrap());
    task
}

/// What a checkpoint wrote, in order.
type Written = Vec<(usize, Vec<u8>, Option<Vec<u8>>)>;

/// A disk, for tests: what the committed checkpoints say. It fails for this key.
#[derive(Debug, Clone, Default)]
struct Shelf {
    kept: Arc<Mutex<Kept>>,
    store: usize,
    broken: Option<Vec<u8>>,
}

impl Backing for Shelf {
    fn get(&self, key: &[u8], value: &mut Vec<u8>) -> Result<bool, BackingError> {
        if self.broken.as_deref() == Some(key) {
            return Err(BackingError("the disk is broken".to_owned()));
        }
        let kept = self.kept.lock().unwrap();
        let found = kept.get(&(self.store, key.to_vec()));
        value.clear();
        value.extend(found.into_iter().flatten());
        Ok(found.is_some())
    }

    fn scan(&self, from: &[u8], visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), BackingError> {
        let kept = self.kept.lock().unwrap();
        let range = kept.range((self.store, from.to_vec())..(self.store + 1, Vec::new()));
        range.into_iter().all(|((_, key), value)| visit(key, value));
        Ok(())
    }
}

/// Where a task's stores lie.
#[derive(Debug, Clone)]
enum Place {
    Memory,
    Disk(Shelf, Arc<MemoryLimit>),
}

/// A task with what is committed, on its disk where it has one.
fn taken_up(program: &Program, id: usize, committed: &Kept, place: &Place) -> StreamTask {
    let Place::Disk(shelf, limit) = place else { return restored(program, id, committed) };
    let mut task = StreamTask::new(program, id).unwrap();
    let stores = task.store_names().len();
    for store in 0..stores {
        let of = Shelf { store, ..shelf.clone() };
        if !task.put_on_disk(store, Box::new(of), limit).unwrap() {
            let its = committed.iter().filter(|((other, _), _)| *other == store);
            its.for_each(|((_, key), value)| task.restore(store, key, Some(value)).unwrap());
        }
    }
    task
}

/// A task with its checkpoints.
struct Checked<'p> {
    program: &'p Program,
    id: usize,
    task: StreamTask,
    committed: Kept,
    /// What the pending one has written, whether all, and the export at its beginning.
    pending: Option<(Written, bool, Kept)>,
    checkpoints: usize,
    place: Place,
}

impl<'p> Checked<'p> {
    fn new(program: &'p Program, id: usize, limit: Option<usize>) -> Self {
        let place =
            limit.map_or(Place::Memory, |limit| Place::Disk(Shelf::default(), MemoryLimit::new(limit)));
        let task = taken_up(program, id, &Kept::new(), &place);
        Self { program, id, task, committed: Kept::new(), pending: None, checkpoints: 0, place }
    }

    fn begin(&mut self) {
        if self.pending.is_none() {
            let expected = exported(&self.task);
            self.task.begin_checkpoint();
            self.pending = Some((Vec::new(), false, expected));
        }
    }

    fn write(&mut self, budget: usize) {
        let Some((written, whole, _)) = &mut self.pending else { return };
        let (mut bytes, mut last) = (0, 0);
        *whole = self.task.write_checkpoint(budget, &mut |store, key, value| {
            last = key.len() + value.map_or(0, <[u8]>::len);
            bytes += last;
            written.push((store, key.to_vec(), value.map(<[u8]>::to_vec)));
        });
        assert!(bytes < budget + last.max(1), "more than the budget and one record: {bytes} of {budget}");
    }

    fn end(&mut self, commit: bool) {
        let Some((written, whole, expected)) = self.pending.take() else {
            return self.task.end_checkpoint(false);
        };
        let commit = commit && whole;
        if !commit {
            return self.task.end_checkpoint(false);
        }
        self.checkpoints += 1;
        for (store, key, value) in written {
            match value {
                Some(value) => self.committed.insert((store, key), value),
                None => self.committed.remove(&(store, key)),
            };
        }
        if let Place::Disk(shelf, _) = &self.place {
            shelf.kept.lock().unwrap().clone_from(&self.committed);
        }
        self.task.end_checkpoint(true);
        let back = restored(self.program, self.id, &self.committed);
        assert_eq!(exported(&back), exported(&restored(self.program, self.id, &expected)));
        for (at, value) in &self.committed {
            assert_eq!(expected.get(at), Some(value), "written, but not there: {at:?}");
        }
    }

    /// As at a reload: another task takes all, and what the changelog does not have yet.
    fn hand(&mut self) {
        self.begin();
        while !matches!(&self.pending, Some((_, true, _))) {
            self.write(64);
        }
        self.end(true);
        self.task = taken_up(self.program, self.id, &self.committed, &self.place);
    }
}

/// Feeds all tasks, and what they write to each other's topics, with their stores on disk where there is a limit;
/// what they write, and how many checkpoints came about.
fn run(rules: &str, steps: &[Step], limit: Option<usize>) -> (Vec<String>, usize) {
    let program = program(rules);
    let mut tasks: Vec<_> = (0..program.tasks.len()).map(|id| Checked::new(&program, id, limit)).collect();
    let (mut output, mut waiting, mut offset) = (Output::new(), VecDeque::new(), 0);
    let mut all = Vec::new();
    for step in steps {
        match step {
            Step::Begin => tasks.iter_mut().for_each(Checked::begin),
            Step::Write(budget) => tasks.iter_mut().for_each(|task| task.write(*budget)),
            Step::End(commit) => tasks.iter_mut().for_each(|task| task.end(*commit)),
            Step::Hand => tasks.iter_mut().for_each(Checked::hand),
            Step::Record(given) => waiting.push_back(Given { time: given.time + offset, ..given.clone() }),
        }
        while let Some(record) = waiting.pop_front() {
            offset += 1;
            let Some((task, input)) = program.reader_of(&record.topic) else { continue };
            let input_record = InputRecord {
                partition: 0,
                offset,
                timestamp: record.time,
                key: record.key.as_deref(),
                value: record.value.as_deref(),
                headers: &Headers(&record.headers),
            };
            tasks[task].task.process(input, &input_record, &mut output);
            assert_eq!(output.failure(), None);
            for written in output.iter() {
                let headers: Vec<_> = written.headers().collect();
                let (topic, time) = (written.topic(), written.timestamp());
                all.push(format!("{topic} {time} {:?} {:?} {headers:?}", written.key(), written.value()));
                waiting.push_back(Given {
                    topic: written.topic().to_owned(),
                    key: written.key().map(<[u8]>::to_vec),
                    value: written.value().map(<[u8]>::to_vec),
                    time: written.timestamp(),
                    headers: written.headers().map(|(n, v)| (n.to_owned(), v.to_vec())).collect(),
                });
            }
            output.clear();
        }
    }
    tasks.iter_mut().for_each(Checked::hand);
    (all, tasks.iter().map(|task| task.checkpoints).sum())
}

proptest! {
    #![proptest_config(cases(200))]

    #[test]
    fn a_checkpoint_is_the_state_where_it_began(rules in prop::sample::select(&RULES[..]), steps in steps()) {
        prop_assert!(run(rules, &steps, None).1 > 0);
    }

    #[test]
    fn stores_on_disk_write_what_stores_in_memory_write(
        rules in prop::sample::select(&RULES[..]),
        steps in steps(),
        limit in prop_oneof![Just(0usize), 0..3000usize],
    ) {
        prop_assert_eq!(run(rules, &steps, Some(limit)).0, run(rules, &steps, None).0);
    }
}
