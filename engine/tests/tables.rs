//! GROUP BY over tables against a naive model: after each change every group that it concerns is computed
//! anew from the rows that the tables have, in plain Rust, and that is what must have been written.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cases;

use std::collections::{BTreeMap, BTreeSet};

use cases::cases;
use engine::plan::Program;
use engine::replay::{Order, Replay, ReplayRecord};
use engine::sql::{LoadOptions, Purpose, RenderStyle, SourceFile, load};
use engine::task::OutputRecord;
use proptest::prelude::*;
use serde_json::{Value, json};

const SOURCES: &str = "
    CREATE TABLE cards (id VARCHAR PRIMARY KEY, bank VARCHAR, spent BIGINT)
        WITH (KAFKA_TOPIC='cards', VALUE_FORMAT='JSON');
    CREATE TABLE owners (id VARCHAR PRIMARY KEY, town VARCHAR)
        WITH (KAFKA_TOPIC='owners', VALUE_FORMAT='JSON');\n";

/// A row of what is grouped: of a card, and of its owner where it has one.
#[derive(Debug, Clone, PartialEq)]
struct Row {
    id: String,
    bank: Option<String>,
    spent: Option<i64>,
    town: Option<String>,
}

/// A query and the same in Rust.
struct Case {
    from: &'static str,
    /// GROUP BY, by which the sink's key is one JSON text.
    group: &'static str,
    key: fn(&Row) -> Option<String>,
    filter: (&'static str, fn(&Row) -> bool),
    having: (&'static str, fn(&[&Row]) -> bool),
    /// The owner, whose town a row has, may be missing.
    join: Join,
}

#[derive(Clone, Copy, PartialEq)]
enum Join {
    None,
    Inner,
    Left,
}

const ALL: (&str, fn(&Row) -> bool) = ("", |_| true);
const ANY: (&str, fn(&[&Row]) -> bool) = ("", |_| true);

const CASES: &[Case] = &[
    Case {
        from: "cards c",
        group: "bank",
        key: |r| r.bank.clone(),
        filter: ALL,
        having: ANY,
        join: Join::None,
    },
    Case {
        from: "cards c",
        group: "c.id",
        key: |r| Some(r.id.clone()),
        filter: ALL,
        having: ANY,
        join: Join::None,
    },
    Case {
        from: "cards c",
        group: "bank",
        key: |r| r.bank.clone(),
        filter: ("WHERE spent > 0", |r| r.spent.is_some_and(|spent| spent > 0)),
        having: ("HAVING COUNT(*) > 1", |rows| rows.len() > 1),
        join: Join::None,
    },
    Case {
        from: "cards c",
        group: "CAST(spent % 3 AS VARCHAR)",
        key: |r| r.spent.map(|spent| (spent % 3).to_string()),
        filter: ALL,
        having: ("HAVING SUM(spent) > 2", |rows| rows.iter().filter_map(|r| r.spent).sum::<i64>() > 2),
        join: Join::None,
    },
    Case {
        from: "cards c JOIN owners o ON c.id = o.id",
        group: "town",
        key: |r| r.town.clone(),
        filter: ALL,
        having: ANY,
        join: Join::Inner,
    },
    Case {
        from: "cards c LEFT JOIN owners o ON c.id = o.id",
        group: "bank",
        key: |r| r.bank.clone(),
        filter: ("WHERE town IS NULL OR town <> 't1'", |r| r.town.as_deref() != Some("t1")),
        having: ("HAVING COUNT(town) < 2", |rows| rows.iter().filter(|r| r.town.is_some()).count() < 2),
        join: Join::Left,
    },
    Case {
        from: "cards c JOIN owners o ON c.id = o.id",
        group: "c.id",
        key: |r| Some(r.id.clone()),
        filter: ALL,
        having: ANY,
        join: Join::Inner,
    },
];

impl Case {
    fn sql(&self) -> String {
        let town = if self.join == Join::None { "''" } else { "town" };
        format!(
            "{SOURCES}CREATE TABLE o WITH (KAFKA_TOPIC='o') AS SELECT {0} AS g, COUNT(*) AS n, COUNT({town}) AS towns,
             SUM(spent) AS total, AVG(spent) AS mean, COLLECT_LIST(spent) AS items, HISTOGRAM(bank) AS banks,
             ATTR(bank) AS bank_of_all FROM {1} {2} GROUP BY {0} {3};",
            self.group, self.from, self.filter.0, self.having.0
        )
    }
}

/// What a group's rows come to.
fn value(case: &Case, rows: &[&Row]) -> Value {
    let spent: Vec<i64> = rows.iter().filter_map(|row| row.spent).collect();
    let total: i64 = spent.iter().sum();
    let mut list: Vec<Option<i64>> = rows.iter().map(|row| row.spent).collect();
    list.sort_unstable();
    let mut banks: BTreeMap<&str, i64> = BTreeMap::new();
    rows.iter().filter_map(|row| row.bank.as_deref()).for_each(|bank| *banks.entry(bank).or_default() += 1);
    let distinct: BTreeSet<_> = rows.iter().map(|row| row.bank.as_deref()).collect();
    let of_all = distinct.first().copied().flatten().filter(|_| distinct.len() == 1);
    let towns =
        if case.join == Join::None { rows.len() } else { rows.iter().filter(|r| r.town.is_some()).count() };
    let mean = if spent.is_empty() { 0.0 } else { total as f64 / spent.len() as f64 };
    json!({"N": rows.len(), "TOWNS": towns, "TOTAL": total, "MEAN": mean, "ITEMS": list, "BANKS": banks, "BANK_OF_ALL": of_all})
}

/// The model: the tables' rows, and which groups are in the result.
#[derive(Default)]
struct Model {
    cards: BTreeMap<String, (Option<String>, Option<i64>)>,
    owners: BTreeMap<String, Option<String>>,
    shown: BTreeSet<String>,
}

impl Model {
    fn row(&self, case: &Case, id: &str) -> Option<Row> {
        let (bank, spent) = self.cards.get(id)?.clone();
        let owner = self.owners.get(id);
        let is_row = case.join != Join::Inner || owner.is_some();
        let town = owner.cloned().flatten().filter(|_| case.join != Join::None);
        let row = Row { id: id.to_owned(), bank, spent, town };
        (is_row && (case.filter.1)(&row)).then_some(row)
    }

    /// What a change of one id gives.
    fn change(
        &mut self,
        case: &Case,
        id: &str,
        change: impl FnOnce(&mut Self),
    ) -> Vec<(String, Option<Value>)> {
        let before = self.row(case, id).and_then(|row| (case.key)(&row));
        change(self);
        let after = self.row(case, id).and_then(|row| (case.key)(&row));
        let mut written = Vec::new();
        if before != after {
            written.extend(before.and_then(|group| self.group(case, group)));
        }
        written.extend(after.and_then(|group| self.group(case, group)));
        written
    }

    /// What is written of a group that changed.
    fn group(&mut self, case: &Case, group: String) -> Option<(String, Option<Value>)> {
        let rows: Vec<Row> = self.cards.keys().filter_map(|id| self.row(case, id)).collect();
        let rows: Vec<&Row> = rows.iter().filter(|row| (case.key)(row).as_ref() == Some(&group)).collect();
        if (case.having.1)(&rows) {
            self.shown.insert(group.clone());
            return Some((group, Some(value(case, &rows))));
        }
        self.shown.remove(&group).then_some((group, None))
    }
}

/// A change of a table: which, of whom, to what.
#[derive(Debug, Clone)]
enum Change {
    Card(String, Option<(Option<String>, Option<i64>)>),
    Owner(String, Option<Option<String>>),
}

impl Change {
    fn record(&self, time: i64) -> ReplayRecord {
        let (topic, id, value) = match self {
            Change::Card(id, card) => {
                ("cards", id, card.as_ref().map(|(bank, spent)| json!({"bank": bank, "spent": spent})))
            }
            Change::Owner(id, owner) => ("owners", id, owner.as_ref().map(|town| json!({"town": town}))),
        };
        ReplayRecord {
            topic: topic.to_owned(),
            key: Some(id.clone().into_bytes()),
            value: value.map(|value| value.to_string().into_bytes()),
            timestamp: time,
            headers: Vec::new(),
        }
    }

    fn expected(&self, case: &Case, model: &mut Model) -> Vec<(String, Option<Value>)> {
        match self.clone() {
            Change::Card(id, card) => model.change(case, &id.clone(), |model| {
                match card {
                    Some(card) => model.cards.insert(id, card),
                    None => model.cards.remove(&id),
                };
            }),
            Change::Owner(..) if case.join == Join::None => Vec::new(),
            Change::Owner(id, owner) => model.change(case, &id.clone(), |model| {
                match owner {
                    Some(owner) => model.owners.insert(id, owner),
                    None => model.owners.remove(&id),
                };
            }),
        }
    }
}

fn change() -> impl Strategy<Value = Change> {
    let name = |letter: &'static str, count: u8| (0..count).prop_map(move |n| format!("{letter}{n}"));
    let bank = prop::option::weighted(0.9, name("b", 3));
    let card = prop::option::weighted(0.8, (bank, prop::option::weighted(0.9, -3i64..9)));
    let owner = prop::option::weighted(0.8, prop::option::weighted(0.9, name("t", 3)));
    prop_oneof![
        2 => (name("c", 5), card).prop_map(|(id, card)| Change::Card(id, card)),
        1 => (name("c", 5), owner).prop_map(|(id, owner)| Change::Owner(id, owner)),
    ]
}

fn program(sql: &str) -> Program {
    let options = LoadOptions { purpose: Purpose::Replay, ..LoadOptions::default() };
    match load(vec![SourceFile { name: "test.sql".into(), text: sql.to_owned() }], &options) {
        Ok(loaded) => loaded.program,
        Err(refused) => panic!("{}\n{sql}", refused.render(RenderStyle::Plain)),
    }
}

/// A written record as the model has it: the order of a list's elements is that of their changes.
fn written(output: &OutputRecord<'_>) -> (String, Option<Value>) {
    let value = output.value().map(|bytes| {
        let mut value: Value = serde_json::from_slice(bytes).unwrap();
        let list = value["ITEMS"].as_array_mut().unwrap();
        list.sort_by_key(Value::as_i64);
        value
    });
    (String::from_utf8(output.key().unwrap().to_vec()).unwrap(), value)
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn a_group_is_the_rows_that_the_table_has(
        case in 0..CASES.len(),
        changes in prop::collection::vec((change(), prop::bool::weighted(0.2)), 1..60),
    ) {
        let case = &CASES[case];
        let program = program(&case.sql());
        let mut replay = Replay::new(&program, Order::Record).unwrap();
        replay.keep_changelogs();
        let mut model = Model::default();
        for (at, (change, stop)) in changes.iter().enumerate() {
            if *stop {
                replay.stop_and_restore().unwrap();
            }
            let mut got = Vec::new();
            replay.feed(change.record(at as i64), &mut |output| {
                got.push(written(&output));
                Ok(())
            }).unwrap();
            prop_assert_eq!(got, change.expected(case, &mut model), "{} after {:?}", case.sql(), &changes[..=at]);
        }
        replay.finish(&mut |_| Ok(())).unwrap();
        for (query, counters) in replay.summary().queries {
            prop_assert!(counters.adds_up(), "{} {:?}", query, counters);
        }
    }
}
