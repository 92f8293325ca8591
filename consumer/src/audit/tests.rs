//! Any tampering with any audit is found, and the finding names where it was.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use sqlx::{Connection, PgConnection};

use super::chain::{Head, Row, Verifier};
use super::published::{Line, Published};
use super::*;
use crate::store::audit::{GENESIS, hash};

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

/// What a superuser may do to a row, chosen by a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Tampering {
    Chain,
    NewChain,
    Number,
    At,
    Actor,
    Body,
    Content,
    Previous,
    Hash,
    BodyWithHash,
    BodyForged,
    Remove,
    RemoveForged,
    InsertTwin,
    InsertForged,
    InsertBeyond,
    InsertChain,
    CutOff,
    CutOffWithHead,
    CutChain,
    Swap,
    SwapForged,
    HeadNumber,
    HeadHash,
    HeadTime,
    HeadGone,
}

const ALL: [Tampering; 26] = {
    use Tampering::*;
    [
        Chain,
        NewChain,
        Number,
        At,
        Actor,
        Body,
        Content,
        Previous,
        Hash,
        BodyWithHash,
        BodyForged,
        Remove,
        RemoveForged,
        InsertTwin,
        InsertForged,
        InsertBeyond,
        InsertChain,
        CutOff,
        CutOffWithHead,
        CutChain,
        Swap,
        SwapForged,
        HeadNumber,
        HeadHash,
        HeadTime,
        HeadGone,
    ]
};

/// Where a finding is expected: its chain, and one of the rows that it names.
struct Where {
    chain: String,
    rows: RangeInclusive<i64>,
    /// The finding must not begin before this row: published heads narrow it down.
    not_before: i64,
}

/// Tampers with the row at `index`.
#[allow(clippy::too_many_lines, reason = "a table: one arm for each tampering")]
fn tamper(world: &mut World, how: Tampering, index: usize) -> Where {
    let row = world.rows[index].clone();
    let chain = row.chain.clone();
    let last = world.heads[&chain].number;
    let agreed = world.lines.iter().filter(|l| l.chain == chain && l.number < row.number);
    let agreed = agreed.map(|line| line.number).max().unwrap_or(0);
    let at = |rows| Where { chain: chain.clone(), rows, not_before: 0 };
    let forged = |rows| Where { chain: chain.clone(), rows, not_before: agreed + 1 };
    let mine = row.number..=row.number;
    let target = &mut world.rows[index];
    match how {
        Tampering::Chain => {
            let other = CHAINS.iter().find(|name| **name != chain).unwrap();
            (*other).clone_into(&mut target.chain);
            at(mine)
        }
        Tampering::NewChain => {
            target.chain.push('x');
            at(mine)
        }
        Tampering::Number => {
            target.number += 1_000;
            at(mine)
        }
        Tampering::At => {
            target.micros += 1;
            at(mine)
        }
        Tampering::Actor => {
            target.actor.push('x');
            at(mine)
        }
        Tampering::Body => {
            target.body = target.body.replace("0.1", "0.2").replace("created", "made");
            target.content = target.body.clone();
            at(mine)
        }
        Tampering::Content => {
            target.content = r#"{"kind":"nothing"}"#.to_owned();
            at(mine)
        }
        Tampering::Previous => {
            target.previous[0] ^= 1;
            at(mine)
        }
        Tampering::Hash => {
            target.hash[31] ^= 1;
            at(mine)
        }
        Tampering::BodyWithHash | Tampering::BodyForged => {
            target.body = target.body.replace("decision", "DECISION").replace("created", "made");
            target.content = target.body.clone();
            *target = hashed(target.clone());
            if how == Tampering::BodyForged {
                world.forge(&chain, row.number);
                return forged(mine);
            }
            at(mine)
        }
        Tampering::Remove | Tampering::RemoveForged => {
            world.rows.remove(index);
            if how == Tampering::RemoveForged {
                world.forge(&chain, row.number);
                return forged(mine);
            }
            at(mine)
        }
        Tampering::InsertTwin => {
            world.rows.push(hashed(Row { actor: "twin".to_owned(), ..row }));
            at(mine)
        }
        Tampering::InsertForged => {
            world.rows.insert(index, Row { actor: "forger".to_owned(), ..row.clone() });
            world.forge(&chain, row.number);
            forged(mine)
        }
        Tampering::InsertBeyond => {
            let previous = world.heads[&chain].hash.clone();
            world.rows.push(hashed(Row { number: last + 1, previous, ..row }));
            at(last + 1..=last + 1)
        }
        Tampering::InsertChain => {
            let chain = "d/transactions/0".to_owned();
            world.rows.push(hashed(Row {
                number: 1,
                chain: chain.clone(),
                previous: GENESIS.to_vec(),
                ..row
            }));
            Where { chain, rows: 1..=1, not_before: 0 }
        }
        Tampering::CutOff | Tampering::CutOffWithHead | Tampering::CutChain => {
            let from = if how == Tampering::CutChain { 1 } else { row.number };
            world.rows.retain(|r| r.chain != chain || r.number < from);
            if how == Tampering::CutOffWithHead {
                world.forge(&chain, i64::MAX);
            } else if how == Tampering::CutChain {
                world.heads.remove(&chain);
            }
            at(from..=last)
        }
        Tampering::Swap | Tampering::SwapForged => {
            let other = world.rows.iter().position(|r| r.chain == chain && r.number != row.number);
            let Some(other) = other else { return tamper(world, Tampering::Actor, index) };
            let first = row.number.min(world.rows[other].number);
            let (a, b) = (world.rows[index].number, world.rows[other].number);
            world.rows.swap(index, other);
            world.rows[index].number = a;
            world.rows[other].number = b;
            if how == Tampering::SwapForged {
                world.forge(&chain, first);
                return at(first..=first);
            }
            at(first..=first)
        }
        Tampering::HeadNumber | Tampering::HeadHash | Tampering::HeadTime => {
            let head = world.heads.get_mut(&chain).unwrap();
            match how {
                Tampering::HeadNumber => head.number -= 1,
                Tampering::HeadHash => head.hash[5] ^= 8,
                _ => head.micros += 1,
            }
            at(0..=last)
        }
        Tampering::HeadGone => {
            world.heads.remove(&chain);
            at(0..=last)
        }
    }
}

/// The finding that names the place.
fn names(report: &Report, expected: &Where) -> bool {
    report.findings.iter().any(|finding| {
        let rows = match (finding.first, finding.last) {
            (Some(first), Some(last)) => first <= *expected.rows.end() && *expected.rows.start() <= last,
            _ => true,
        };
        let narrow = finding.first.is_none_or(|first| first >= expected.not_before);
        finding.chain.as_deref() == Some(&expected.chain) && rows && narrow
    })
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

/// The same by a real superuser, on a real database; each case is rolled back.
#[test]
fn a_superusers_tampering_is_found_in_the_database() {
    let Some(server) = servers::postgres() else { return };
    let url = server.create_database(&format!("tamper_{}", std::process::id()));
    crate::migrate(&url).unwrap();
    let mut runner = TestRunner::deterministic();
    crate::runtime().unwrap().block_on(async {
        let mut connection = PgConnection::connect(&url).await.unwrap();
        for how in &ALL {
            let rows = any_rows().new_tree(&mut runner).unwrap().current();
            let index = any::<prop::sample::Index>().new_tree(&mut runner).unwrap().current();
            let mut world = World::new(&rows);
            let index = index.index(world.rows.len());
            let mut tx = connection.begin().await.unwrap();
            write(&mut tx, &world).await;
            let published = world.published(DATABASE);
            let sound = scan::scan(&mut tx, &published, &[], &mut |_| ()).await.unwrap();
            assert!(sound.is_sound(), "{sound}");
            assert_eq!(sound.rows, world.rows.len() as u64);
            let expected = tamper(&mut world, *how, index);
            write(&mut tx, &world).await;
            let report = scan::scan(&mut tx, &published, &[], &mut |_| ()).await.unwrap();
            assert!(names(&report, &expected), "{how:?} at {index}: {report}");
            tx.rollback().await.unwrap();
        }
    });
}

fn at(micros: i64) -> chrono::DateTime<chrono::Utc> {
    chrono::DateTime::from_timestamp_micros(micros).unwrap()
}

/// Replaces the audit, as only a superuser can, and puts the protection back.
async fn write(tx: &mut PgConnection, world: &World) {
    let off = "ALTER TABLE audit_log DISABLE TRIGGER ALL; ALTER TABLE audit_heads DISABLE TRIGGER ALL;
        DELETE FROM audit_log; DELETE FROM audit_heads";
    sqlx::raw_sql(off).execute(&mut *tx).await.unwrap();
    let places: BTreeSet<_> = world.rows.iter().map(|row| (&row.chain, row.number)).collect();
    if places.len() < world.rows.len() {
        sqlx::raw_sql("ALTER TABLE audit_log DROP CONSTRAINT audit_log_pkey")
            .execute(&mut *tx)
            .await
            .unwrap();
    }
    if world.rows.iter().any(|row| row.content != row.body) {
        let drop = "ALTER TABLE audit_log ALTER COLUMN content DROP EXPRESSION";
        sqlx::raw_sql(drop).execute(&mut *tx).await.unwrap();
    }
    for row in &world.rows {
        let generated = world.rows.iter().all(|row| row.content == row.body);
        let content = if generated { "DEFAULT" } else { "$8::text::jsonb" };
        let sql = format!("INSERT INTO audit_log VALUES ($1, $2, $3, $4, $5, {content}, $6, $7)");
        let query = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(&row.chain)
            .bind(row.number)
            .bind(at(row.micros))
            .bind(&row.actor)
            .bind(&row.body)
            .bind(&row.previous)
            .bind(&row.hash);
        let query = if generated { query } else { query.bind(&row.content) };
        query.execute(&mut *tx).await.unwrap();
    }
    for (chain, head) in &world.heads {
        sqlx::query("INSERT INTO audit_heads VALUES ($1, $2, $3, $4)")
            .bind(chain)
            .bind(head.number)
            .bind(&head.hash)
            .bind(at(head.micros))
            .execute(&mut *tx)
            .await
            .unwrap();
    }
    let on = "ALTER TABLE audit_log ENABLE ALWAYS TRIGGER audit_log_append_only;
        ALTER TABLE audit_heads ENABLE ALWAYS TRIGGER audit_heads_stay;
        ALTER TABLE audit_heads ENABLE ALWAYS TRIGGER audit_heads_forward";
    sqlx::raw_sql(on).execute(&mut *tx).await.unwrap();
}
