//! Any tampering with any audit is found, and the finding names where it was.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod database;
mod tampering;

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::chain::{Head, Row, Verifier};
use super::published::{Line, Published};
use super::*;
use crate::store::audit::{GENESIS, hash};
use tampering::{ALL, Tampering, names, tamper};

const CHAINS: [&str; 3] = ["c/fraud_alerts/0", "c/transactions/1", "manual"];
const DATABASE: Uuid = Uuid::from_u128(7);
/// 2023-11-14 in epoch microseconds.
const START: i64 = 1_700_000_000_000_000;

/// An audit, and what was published of it.
#[derive(Debug, Clone, Default)]
struct World {
    rows: Vec<Row>,
    heads: BTreeMap<String, Head>,
    lines: Vec<Line>,
}

impl World {
    /// An audit of these rows: chain, text, and whether the heads are published after it.
    fn new(rows: &[(usize, String, bool)]) -> Self {
        let mut world = Self::default();
        let genesis = format!(r#"{{"kind":"database_created","database":"{DATABASE}"}}"#);
        world.append("manual", genesis);
        for (chain, text, publish) in rows {
            let body = serde_json::json!({"transaction_id": text, "score": 0.1, "kind": "decision"});
            world.append(CHAINS[*chain], body.to_string());
            if *publish {
                world.publish();
            }
        }
        world.publish();
        world.rows.sort_by(|a, b| (&a.chain, a.number).cmp(&(&b.chain, b.number)));
        world
    }

    fn append(&mut self, chain: &str, body: String) {
        let before = Head { number: 0, hash: GENESIS.to_vec(), micros: 0 };
        let head = self.heads.entry(chain.to_owned()).or_insert(before);
        let row = Row {
            chain: chain.to_owned(),
            number: head.number + 1,
            micros: START + self.rows.len() as i64,
            actor: "consumer".to_owned(),
            content: body.clone(),
            body,
            previous: head.hash.clone(),
            hash: Vec::new(),
        };
        let row = hashed(row);
        *head = Head { number: row.number, hash: row.hash.clone(), micros: row.micros };
        self.rows.push(row);
    }

    fn publish(&mut self) {
        self.lines.extend(self.heads.iter().map(|(chain, head)| Line {
            database: DATABASE,
            chain: chain.clone(),
            number: head.number,
            hash: hex(&head.hash),
            at: chrono::DateTime::from_timestamp_micros(head.micros).unwrap(),
        }));
    }

    fn published(&self, database: Uuid) -> Published {
        let mut published = Published::default();
        for line in &self.lines {
            let line = Line { database, ..line.clone() };
            published.add(&serde_json::to_vec(&line).unwrap()).unwrap();
        }
        published.settle();
        published
    }

    /// Numbers and hashes of a chain made anew from its n-th row on, its head too: as a superuser would who
    /// knows the form.
    fn forge(&mut self, chain: &str, from: i64) {
        self.rows.sort_by(|a, b| (&a.chain, a.number).cmp(&(&b.chain, b.number)));
        let (mut number, mut previous, mut micros) = (0, GENESIS.to_vec(), 0);
        for row in self.rows.iter_mut().filter(|row| row.chain == chain) {
            number += 1;
            if number >= from {
                row.number = number;
                row.previous = previous;
                *row = hashed(row.clone());
            }
            (previous, micros) = (row.hash.clone(), row.micros);
        }
        self.heads.insert(chain.to_owned(), Head { number, hash: previous, micros });
    }

    fn verify(&self) -> Report {
        let mut rows: Vec<&Row> = self.rows.iter().collect();
        rows.sort_by(|a, b| (&a.chain, a.number).cmp(&(&b.chain, b.number)));
        let published = self.published(DATABASE);
        let mut verifier = Verifier::new(&self.heads, published.chains(DATABASE), Report::default());
        rows.into_iter().for_each(|row| verifier.row(row));
        verifier.finish()
    }
}

fn hashed(mut row: Row) -> Row {
    row.hash = hash(&row.previous, &row.chain, row.number, row.micros, &row.actor, &row.body).to_vec();
    row
}

fn any_rows() -> impl Strategy<Value = Vec<(usize, String, bool)>> {
    prop::collection::vec((0..CHAINS.len(), "[a-z\"ü]{0,5}", prop::bool::weighted(0.2)), 0..25)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_tampering_is_found_and_named(rows in any_rows(), how in 0..ALL.len(), index: prop::sample::Index) {
        let mut world = World::new(&rows);
        let sound = world.verify();
        prop_assert!(sound.is_sound(), "{sound}");
        let index = index.index(world.rows.len());
        let expected = tamper(&mut world, ALL[how], index);
        let report = world.verify();
        prop_assert!(names(&report, &expected), "{:?} at {index}, {}: {report}", ALL[how], expected.chain);
    }

    /// Two tamperings do not hide each other.
    #[test]
    fn two_tamperings_are_found(rows in any_rows(), a in 0..ALL.len(), b in 0..ALL.len(), i: prop::sample::Index) {
        let mut world = World::new(&rows);
        let untouched = (world.rows.clone(), world.heads.clone());
        let index = i.index(world.rows.len());
        tamper(&mut world, ALL[a], index);
        let heads = CHAINS.iter().all(|chain| world.heads.contains_key(*chain));
        if heads && !world.rows.is_empty() {
            let index = i.index(world.rows.len());
            if world.heads.contains_key(&world.rows[index].chain) && ALL[a] != ALL[b] {
                tamper(&mut world, ALL[b], index);
            }
        }
        world.rows.sort_by(|a, b| (&a.chain, a.number).cmp(&(&b.chain, b.number)));
        // The second may have undone the first, but for rows that stand behind all that were there: who may write the
        // heads may add such rows, as the consumer does.
        let undone = untouched == (world.rows.clone(), world.heads.clone());
        let added = world.rows.len() > untouched.0.len() && untouched.0.iter().all(|row| world.rows.contains(row));
        prop_assert!(undone || added || !world.verify().is_sound());
    }
}

/// A change of one row is one finding, and says which.
#[test]
fn a_changed_row_is_one_finding() {
    let rows: Vec<_> = (0..9).map(|i| (i % 3, format!("t{i}"), i == 3)).collect();
    let found = |how| {
        let mut world = World::new(&rows);
        let index = world.rows.iter().position(|r| r.chain == CHAINS[1] && r.number == 2).unwrap();
        tamper(&mut world, how, index);
        world.verify().findings.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(
        found(Tampering::Actor),
        &[
            "changed: chain c/transactions/1, row 2: its hash is not that of its content; as it stands: decision of \
         transaction_id t4 by consumerx at 2023-11-14T22:13:20.000005+00:00",
        ],
    );
    assert_eq!(
        found(Tampering::BodyWithHash),
        &[
            "changed: chain c/transactions/1, row 2: it was changed and its hash made anew, perhaps with rows before it: \
         row 3 remembers another hash",
        ],
    );
    assert_eq!(found(Tampering::Remove), &["removed: chain c/transactions/1, row 2: these rows are missing"],);
    assert_eq!(
        found(Tampering::CutOffWithHead),
        &[
            "cut off: chain c/transactions/1, rows 2 to 3: the head knows these rows, and they are missing",
            "head changed: chain c/transactions/1: audit_heads says 1, but 3 was published: it was set back",
        ],
    );
}
