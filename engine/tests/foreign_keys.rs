//! Tables that are joined by a foreign key over partitions: questions and answers travel by topics of ours, and the
//! tables change while they are on their way. Here each topic waits as long as the test, or a random choice, says.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cases;
mod changes;

use std::collections::{BTreeMap, VecDeque};

use cases::cases;
use engine::plan::Program;
use engine::sql::{LoadOptions, SourceFile, load};
use engine::task::{InputRecord, NoHeaders, Output, StreamTask};
use proptest::prelude::*;
use serde_json::{Value, json};

const SOURCES: &str = "
    CREATE TABLE lefts (k VARCHAR PRIMARY KEY, a BIGINT, f VARCHAR) WITH (KAFKA_TOPIC='left', VALUE_FORMAT='JSON');
    CREATE TABLE rights (k VARCHAR PRIMARY KEY, b BIGINT) WITH (KAFKA_TOPIC='right', VALUE_FORMAT='JSON');";

const RESULT: &str = "Q";

/// Of the right table and of the questions; the left has one.
const PARTITIONS: usize = 2;

fn program(join: &str) -> Program {
    let text = format!(
        "{SOURCES} CREATE TABLE q AS SELECT l.k, l.a, r.b FROM lefts l {join} rights r ON l.f = r.k;"
    );
    let files = vec![SourceFile { name: "foreign.sql".into(), text }];
    load(files, &LoadOptions::default()).expect("a valid program").program
}

/// A record: key, value, time.
type Record = (Vec<u8>, Option<Vec<u8>>, i64);

/// A task on one partition, and what waits in its inputs.
struct Place {
    plan: usize,
    task: StreamTask,
    waiting: Vec<VecDeque<Record>>,
    /// Per store and key, what a checkpoint has written.
    changelog: BTreeMap<(usize, Vec<u8>), Vec<u8>>,
}

impl Place {
    fn new(program: &Program, plan: usize) -> Self {
        let task = StreamTask::new(program, plan).unwrap();
        let waiting = task.topics().map(|_| VecDeque::new()).collect();
        Self { plan, task, waiting, changelog: BTreeMap::new() }
    }

    fn input(&self, topic: &str) -> Option<usize> {
        self.task.topics().position(|name| name == topic)
    }

    /// It goes on as another that only knows the changelog.
    fn stop_and_restore(&mut self, program: &Program) {
        let changelog = &mut self.changelog;
        changes::take(&mut self.task, &mut |store, key, value| {
            match value {
                Some(value) => changelog.insert((store, key.to_vec()), value.to_vec()),
                None => changelog.remove(&(store, key.to_vec())),
            };
        });
        self.task = StreamTask::new(program, self.plan).unwrap();
        for ((store, key), value) in &self.changelog {
            self.task.restore(*store, key, Some(value)).unwrap();
        }
    }
}

/// The tasks of a join, and what it wrote.
struct Joined {
    program: Program,
    places: Vec<Place>,
    rows: BTreeMap<String, Value>,
    now: i64,
}

impl Joined {
    fn new(join: &str) -> Self {
        let program = program(join);
        assert_eq!(program.tasks.len(), 2, "the tables are in tasks of their own");
        let is_left = |plan: usize| Place::new(&program, plan).input("left").is_some();
        let numbers = |plan| if is_left(plan) { 1 } else { PARTITIONS };
        let all = (0..2).flat_map(|plan| std::iter::repeat_n(plan, numbers(plan)));
        let places = all.map(|plan| Place::new(&program, plan)).collect();
        Self { program, places, rows: BTreeMap::new(), now: 0 }
    }

    fn send(&mut self, topic: &str, record: Record) {
        if topic == RESULT {
            let key = String::from_utf8(record.0).unwrap();
            match record.1 {
                Some(value) => self.rows.insert(key, serde_json::from_slice(&value).unwrap()),
                None => self.rows.remove(&key),
            };
            return;
        }
        let of_topic: Vec<usize> =
            (0..self.places.len()).filter(|at| self.places[*at].input(topic).is_some()).collect();
        let number = record.0.iter().map(|byte| usize::from(*byte)).sum::<usize>() % of_topic.len();
        let place = &mut self.places[of_topic[number]];
        let input = place.input(topic).unwrap();
        place.waiting[input].push_back(record);
    }

    fn left(&mut self, key: &str, row: Option<(i64, Option<&str>)>) {
        self.now += 1;
        let value = row.map(|(a, f)| json!({ "A": a, "F": f }).to_string().into_bytes());
        self.send("left", (key.into(), value, self.now));
    }

    fn right(&mut self, key: &str, row: Option<i64>) {
        self.now += 1;
        let value = row.map(|b| json!({ "B": b }).to_string().into_bytes());
        self.send("right", (key.into(), value, self.now));
    }

    /// The inputs in which something waits.
    fn waiting(&self) -> Vec<(usize, usize)> {
        let inputs = self
            .places
            .iter()
            .enumerate()
            .flat_map(|(place, p)| (0..p.waiting.len()).map(move |i| (place, i)));
        inputs.filter(|(place, input)| !self.places[*place].waiting[*input].is_empty()).collect()
    }

    /// A task takes the next record of an input.
    fn take(&mut self, (place, input): (usize, usize)) {
        let place = &mut self.places[place];
        let (key, value, timestamp) = place.waiting[input].pop_front().unwrap();
        let record = InputRecord {
            partition: 0,
            offset: 0,
            timestamp,
            key: Some(&key),
            value: value.as_deref(),
            headers: &NoHeaders,
        };
        let mut output = Output::new();
        place.task.process(input, &record, &mut output);
        let written: Vec<(String, Record)> = output
            .iter()
            .map(|r| {
                (
                    r.topic().to_owned(),
                    (r.key().unwrap().to_vec(), r.value().map(<[u8]>::to_vec), r.timestamp()),
                )
            })
            .collect();
        written.into_iter().for_each(|(topic, record)| self.send(&topic, record));
    }

    /// All that waits in topics whose name has this in it.
    fn take_all(&mut self, name: &str) {
        loop {
            let is_of = |(place, input): &(usize, usize)| {
                self.places[*place].task.topics().nth(*input).unwrap().contains(name)
            };
            let Some(next) = self.waiting().into_iter().find(is_of) else { return };
            self.take(next);
        }
    }
}

/// The answer to the row that was there before makes a row of the one that came after; the answer to that one, that there
/// is no partner, has to take it back.
#[test]
fn an_answer_that_a_deleted_row_had_asked_for_leaves_no_row_behind() {
    let mut joined = Joined::new("JOIN");
    joined.right("r", Some(1));
    joined.take_all("right");
    joined.left("l", Some((1, Some("r"))));
    joined.left("l", None);
    joined.take_all("left");
    joined.take_all("questions");
    joined.right("r", None);
    joined.take_all("right");
    joined.left("l", Some((2, Some("r"))));
    joined.take_all("left");
    joined.take_all("answers");
    joined.take_all("questions");
    joined.take_all("answers");
    assert!(joined.waiting().is_empty());
    assert_eq!(joined.rows, BTreeMap::new());
}

/// What a random world does next.
#[derive(Debug, Clone)]
enum Act {
    Left(u8, Option<Option<u8>>),
    Right(u8, bool),
    /// Of the inputs in which something waits.
    Take(usize),
    Restore(usize),
}

fn act() -> impl Strategy<Value = Act> {
    let row = prop::option::weighted(0.7, prop::option::weighted(0.9, 0u8..2));
    prop_oneof![
        3 => (0u8..2, row).prop_map(|(key, row)| Act::Left(key, row)),
        2 => (0u8..2, prop::bool::weighted(0.6)).prop_map(|(key, stays)| Act::Right(key, stays)),
        8 => (0usize..60).prop_map(Act::Take),
        1 => (0usize..=PARTITIONS).prop_map(Act::Restore),
    ]
}

/// Last rows of the tables.
#[derive(Debug, Default)]
struct Tables {
    lefts: BTreeMap<String, (i64, Option<String>)>,
    rights: BTreeMap<String, i64>,
}

impl Tables {
    fn joined(&self, keeps_left: bool) -> BTreeMap<String, Value> {
        let rows = self.lefts.iter().filter_map(|(key, (a, f))| {
            let right = self.rights.get(f.as_ref()?);
            (right.is_some() || keeps_left).then(|| (key.clone(), json!({ "A": a, "B": right })))
        });
        rows.collect()
    }
}

fn play(joined: &mut Joined, acts: &[Act]) -> Tables {
    let mut tables = Tables::default();
    for (act, number) in acts.iter().zip(1i64..) {
        match act {
            Act::Left(key, row) => {
                let key = format!("l{key}");
                let foreign = row.map(|f| f.map(|f| format!("r{f}")));
                joined.left(&key, foreign.as_ref().map(|f| (number, f.as_deref())));
                match foreign {
                    Some(foreign) => tables.lefts.insert(key, (number, foreign)),
                    None => tables.lefts.remove(&key),
                };
            }
            Act::Right(key, stays) => {
                let key = format!("r{key}");
                joined.right(&key, stays.then_some(number));
                match stays {
                    true => tables.rights.insert(key, number),
                    false => tables.rights.remove(&key),
                };
            }
            Act::Take(which) => {
                let waiting = joined.waiting();
                if !waiting.is_empty() {
                    joined.take(waiting[which % waiting.len()]);
                }
            }
            Act::Restore(place) => {
                let Joined { program, places, .. } = joined;
                places[*place].stop_and_restore(program);
            }
        }
    }
    tables
}

proptest! {
    #![proptest_config(cases(512))]

    #[test]
    fn what_is_left_when_all_letters_have_come_is_as_the_tables_say(acts in prop::collection::vec(act(), 1..120)) {
        for (join, keeps_left) in [("JOIN", false), ("LEFT JOIN", true)] {
            let mut joined = Joined::new(join);
            let tables = play(&mut joined, &acts);
            while let Some(next) = joined.waiting().first() {
                joined.take(*next);
            }
            prop_assert_eq!(&joined.rows, &tables.joined(keeps_left), "{}", join);
        }
    }
}
