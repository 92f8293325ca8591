//! Joined rows that go on by another key, against a naive model: each record of a stream is looked up, row by
//! row, in maps of what the tables have then. Each run is also stopped and restored anywhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cases;

use std::collections::BTreeMap;

use cases::cases;
use engine::plan::Program;
use engine::replay::{Order, Replay, ReplayRecord};
use engine::sql::{LoadOptions, Purpose, RenderStyle, SourceFile, load};
use proptest::prelude::*;
use serde_json::{Value, json};

const SOURCES: &str = "
    CREATE STREAM paid (id VARCHAR KEY, card VARCHAR, shop VARCHAR, amount BIGINT)
        WITH (KAFKA_TOPIC='paid', VALUE_FORMAT='JSON');
    CREATE STREAM seen (id VARCHAR KEY, place VARCHAR) WITH (KAFKA_TOPIC='seen', VALUE_FORMAT='JSON');
    CREATE TABLE cards (card VARCHAR PRIMARY KEY, bank VARCHAR) WITH (KAFKA_TOPIC='cards', VALUE_FORMAT='JSON');
    CREATE TABLE shops (shop VARCHAR PRIMARY KEY, town VARCHAR) WITH (KAFKA_TOPIC='shops', VALUE_FORMAT='JSON');\n";

/// What comes in.
#[derive(Debug, Clone)]
enum Event {
    /// Id, card, shop, amount.
    Paid(String, Option<String>, Option<String>, i64),
    /// Id and place.
    Seen(String, String),
    /// A card's bank; None deletes the row.
    Card(String, Option<String>),
    /// A shop's town.
    Shop(String, Option<String>),
}

impl Event {
    fn record(&self, time: i64) -> ReplayRecord {
        let (topic, key, value) = match self {
            Event::Paid(id, card, shop, amount) => {
                ("paid", id, Some(json!({"card": card, "shop": shop, "amount": amount})))
            }
            Event::Seen(id, place) => ("seen", id, Some(json!({"place": place}))),
            Event::Card(card, bank) => ("cards", card, bank.as_ref().map(|bank| json!({"bank": bank}))),
            Event::Shop(shop, town) => ("shops", shop, town.as_ref().map(|town| json!({"town": town}))),
        };
        ReplayRecord {
            topic: topic.to_owned(),
            key: Some(key.clone().into_bytes()),
            value: value.map(|value| value.to_string().into_bytes()),
            timestamp: time,
            headers: Vec::new(),
        }
    }
}

/// What has come in so far.
#[derive(Default)]
struct Model {
    cards: BTreeMap<String, String>,
    shops: BTreeMap<String, String>,
    paid: Vec<(String, Option<String>, Option<String>, i64)>,
    seen: Vec<(String, String)>,
    /// Counts and sums by group.
    groups: BTreeMap<String, (i64, i64)>,
}

/// A record of the topic O: its key, if it has one, and its value.
type Out = (Option<String>, Value);

/// A query, and what it writes at an event that the model has taken in.
struct Case {
    query: &'static str,
    expected: fn(&mut Model, &Event) -> Vec<Out>,
}

const CASES: &[Case] = &[
    Case {
        query: "CREATE STREAM o AS SELECT s.shop, p.id AS id, c.bank, s.town FROM paid p
            LEFT JOIN cards c ON p.card = c.card JOIN shops s ON p.shop = s.shop WHERE amount > 3;",
        expected: |model, event| {
            // A record whose key of the first join is NULL goes nowhere.
            let Event::Paid(id, Some(card), Some(shop), amount) = event else { return Vec::new() };
            let Some(town) = model.shops.get(shop).filter(|_| *amount > 3) else { return Vec::new() };
            let bank = model.cards.get(card);
            vec![(Some(shop.clone()), json!({"ID": id, "BANK": bank, "TOWN": town}))]
        },
    },
    Case {
        query: "CREATE STREAM o AS SELECT s.shop, p.id AS id, c.bank, s.town FROM paid p
            JOIN cards c ON p.card = c.card LEFT JOIN shops s ON p.shop = s.shop;",
        expected: |model, event| {
            let Event::Paid(id, Some(card), Some(shop), _) = event else { return Vec::new() };
            let Some(bank) = model.cards.get(card) else { return Vec::new() };
            let town = model.shops.get(shop);
            vec![(Some(shop.clone()), json!({"ID": id, "BANK": bank, "TOWN": town}))]
        },
    },
    Case {
        query: "CREATE TABLE o AS SELECT c.bank, COUNT(*) AS n, SUM(p.amount) AS total FROM paid p
            JOIN cards c ON p.card = c.card WHERE amount > 3 GROUP BY c.bank HAVING COUNT(*) > 1;",
        expected: |model, event| {
            let Event::Paid(_, Some(card), _, amount) = event else { return Vec::new() };
            let Some(bank) = model.cards.get(card).filter(|_| *amount > 3) else { return Vec::new() };
            model.counted(bank.clone(), *amount).into_iter().filter(|out| out.1["N"] != 1).collect()
        },
    },
    Case {
        query: "CREATE TABLE o AS SELECT s.place, COUNT(*) AS n, SUM(p.amount) AS total FROM paid p
            JOIN seen s WITHIN 1 DAY GRACE PERIOD 1 DAY ON p.id = s.id GROUP BY s.place;",
        expected: |model, event| {
            let pairs: Vec<(String, i64)> = match event {
                Event::Paid(id, _, _, amount) => {
                    model.seen.iter().filter(|s| s.0 == *id).map(|s| (s.1.clone(), *amount)).collect()
                }
                Event::Seen(id, place) => {
                    model.paid.iter().filter(|p| p.0 == *id).map(|p| (place.clone(), p.3)).collect()
                }
                _ => Vec::new(),
            };
            pairs.into_iter().flat_map(|(place, amount)| model.counted(place, amount)).collect()
        },
    },
    Case {
        query: "CREATE STREAM o AS SELECT c.card, p.id AS id, place, bank FROM paid p
            JOIN seen s WITHIN 1 DAY GRACE PERIOD 1 DAY ON p.id = s.id LEFT JOIN cards c ON p.card = c.card;",
        expected: |model, event| {
            let pairs: Vec<(String, Option<String>, String)> = match event {
                Event::Paid(id, card, ..) => {
                    let seen = model.seen.iter().filter(|s| s.0 == *id);
                    seen.map(|s| (id.clone(), card.clone(), s.1.clone())).collect()
                }
                Event::Seen(id, place) => {
                    let paid = model.paid.iter().filter(|p| p.0 == *id);
                    paid.map(|p| (id.clone(), p.1.clone(), place.clone())).collect()
                }
                _ => Vec::new(),
            };
            let joined = pairs.into_iter().filter_map(|(id, card, place)| {
                let card = card?;
                let bank = model.cards.get(&card);
                Some((Some(card.clone()), json!({"ID": id, "PLACE": place, "BANK": bank})))
            });
            joined.collect()
        },
    },
];

impl Model {
    fn take(&mut self, event: &Event) {
        let put = |table: &mut BTreeMap<String, String>, key: &String, value: &Option<String>| match value {
            Some(value) => table.insert(key.clone(), value.clone()),
            None => table.remove(key),
        };
        match event.clone() {
            Event::Paid(id, card, shop, amount) => self.paid.push((id, card, shop, amount)),
            Event::Seen(id, place) => self.seen.push((id, place)),
            Event::Card(card, bank) => drop(put(&mut self.cards, &card, &bank)),
            Event::Shop(shop, town) => drop(put(&mut self.shops, &shop, &town)),
        }
    }

    /// One more in a group, and what the group is then.
    fn counted(&mut self, group: String, amount: i64) -> Option<Out> {
        let (count, total) = self.groups.entry(group.clone()).or_default();
        (*count, *total) = (*count + 1, *total + amount);
        Some((Some(group), json!({"N": *count, "TOTAL": *total})))
    }
}

fn event() -> impl Strategy<Value = Event> {
    let name = |letter: &'static str, count: u8| (0..count).prop_map(move |n| format!("{letter}{n}"));
    let some = |letter, count| prop::option::weighted(0.9, name(letter, count));
    let paid = (name("i", 4), some("c", 3), some("s", 3), 0i64..9);
    prop_oneof![
        4 => paid.prop_map(|(id, card, shop, amount)| Event::Paid(id, card, shop, amount)),
        2 => (name("i", 4), name("p", 3)).prop_map(|(id, place)| Event::Seen(id, place)),
        1 => (name("c", 3), some("b", 2)).prop_map(|(card, bank)| Event::Card(card, bank)),
        1 => (name("s", 3), some("t", 2)).prop_map(|(shop, town)| Event::Shop(shop, town)),
    ]
}

fn program(query: &str) -> Program {
    let options = LoadOptions { purpose: Purpose::Replay, ..LoadOptions::default() };
    let file = SourceFile { name: "chains.sql".into(), text: format!("{SOURCES}{query}") };
    match load(vec![file], &options) {
        Ok(loaded) => loaded.program,
        Err(refused) => panic!("{}", refused.render(RenderStyle::Plain)),
    }
}

/// Runs the events, stopping before some of them: what the topic O gets at each.
fn run(program: &Program, events: &[(Event, bool)]) -> Vec<Vec<Out>> {
    let mut replay = Replay::new(program, Order::Record).unwrap();
    replay.keep_changelogs();
    let mut all = Vec::new();
    for (at, (event, stop)) in events.iter().enumerate() {
        if *stop {
            replay.stop_and_restore().unwrap();
        }
        let mut got = Vec::new();
        let mut take = |output: engine::task::OutputRecord<'_>| {
            assert_eq!((output.topic(), output.timestamp()), ("O", at as i64));
            let key = output.key().map(|key| String::from_utf8(key.to_vec()).unwrap());
            got.push((key, serde_json::from_slice(output.value().unwrap()).unwrap()));
            Ok(())
        };
        replay.feed(event.record(at as i64), &mut take).unwrap();
        all.push(got);
    }
    replay.finish(&mut |_| Ok(())).unwrap();
    for (query, counters) in replay.summary().queries {
        assert!(counters.adds_up(), "{query} {counters:?}");
    }
    all
}

proptest! {
    #![proptest_config(cases(300))]

    #[test]
    fn rows_find_what_is_there_by_the_next_key(
        case in 0..CASES.len(),
        events in prop::collection::vec((event(), prop::bool::weighted(0.15)), 1..50),
    ) {
        let case = &CASES[case];
        let got = run(&program(case.query), &events);
        let mut model = Model::default();
        for (at, ((event, _), got)) in events.iter().zip(got).enumerate() {
            let is_stream = matches!(event, Event::Paid(..) | Event::Seen(..));
            if !is_stream {
                model.take(event);
            }
            let expected = (case.expected)(&mut model, event);
            if is_stream {
                model.take(event);
            }
            prop_assert_eq!(got, expected, "{} at {} of {:?}", case.query, at, &events);
        }
    }
}
