//! The walk along the chains: pure.
//!
//! What enters: the heads of `audit_heads`, the published ones, then rows in order of chain and number. What
//! leaves: findings and a summary of each chain, in a [`Report`]. What holds: one row is remembered at a time;
//! a row that was changed is one finding, not one for every row after it.
//!
//! How a tampering shows: a row's own hash does not fit its content (changed); it fits, but the row after it
//! remembers another (changed, and its hash made anew); numbers leave a gap (removed), repeat, or go past the
//! head (inserted); the rows end before the head, or before a published one (cut off); all fits, and a
//! published head does not (rewritten from somewhere after the last one that agrees).

use std::collections::BTreeMap;

use super::hex;
use super::report::{ChainSummary, FindingKind as Kind, Report};
use crate::store::audit::{GENESIS, Hash, hash};

/// A row of `audit_log`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Row {
    pub(crate) chain: String,
    pub(crate) number: i64,
    /// Microseconds since 1970.
    pub(crate) micros: i64,
    pub(crate) actor: String,
    pub(crate) body: String,
    /// The generated column, as text.
    pub(crate) content: String,
    pub(crate) previous: Vec<u8>,
    pub(crate) hash: Vec<u8>,
}

/// A row of `audit_heads`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) number: i64,
    pub(crate) hash: Vec<u8>,
    pub(crate) micros: i64,
}

/// What is known of a chain before its rows come.
#[derive(Debug, Default, Clone, Copy)]
struct Expected<'a> {
    head: Option<&'a Head>,
    published: &'a [(i64, Hash)],
}

impl Expected<'_> {
    /// The last number that any head knows.
    fn end(&self) -> i64 {
        let published = self.published.last().map_or(0, |head| head.0);
        self.head.map_or(0, |head| head.number).max(published)
    }

    fn is_known(&self) -> bool {
        self.head.is_some() || !self.published.is_empty()
    }
}

/// The chain being walked.
#[derive(Debug, Default)]
struct Walk {
    name: String,
    rows: u64,
    /// The number of the last row in its place; 0: none yet.
    last: i64,
    /// Its hash; more than one where rows share the number.
    hashes: Vec<Vec<u8>>,
    micros: i64,
    /// Whether that row, as it stands, is a finding already.
    suspect: bool,
    /// The last number at which a published head agreed.
    agreed: i64,
    /// Published heads that were passed.
    passed: usize,
    /// Where the first published head disagreed.
    disagreed: bool,
}

/// Walks along the chains.
#[derive(Debug)]
pub(crate) struct Verifier<'a> {
    expected: BTreeMap<&'a str, Expected<'a>>,
    walk: Option<Walk>,
    report: Report,
}

impl<'a> Verifier<'a> {
    /// `heads` as the database has them, `published` for this database.
    pub(crate) fn new(
        heads: &'a BTreeMap<String, Head>,
        published: impl Iterator<Item = (&'a str, &'a [(i64, Hash)])>,
        report: Report,
    ) -> Self {
        let mut expected: BTreeMap<&str, Expected<'_>> = BTreeMap::new();
        for (chain, head) in heads {
            expected.entry(chain).or_default().head = Some(head);
        }
        let mut this = Self { expected, walk: None, report };
        for (chain, published) in published {
            this.report.published += published.len() as u64;
            this.expected.entry(chain).or_default().published = published;
            for pair in published.windows(2).filter(|pair| pair[0].0 == pair[1].0) {
                let rows = Some((pair[0].0, pair[0].0));
                let message = "two heads with this number and different hashes were published";
                this.report.add(Kind::Published, Some(chain), rows, message);
            }
        }
        this
    }

    /// How many rows came.
    pub(crate) fn rows(&self) -> u64 {
        self.report.rows
    }

    /// The next row; those of a chain come together, in order of number.
    pub(crate) fn row(&mut self, row: &Row) {
        self.report.rows += 1;
        let mut walk = match self.walk.take() {
            Some(walk) if walk.name == row.chain => walk,
            other => {
                self.end_chain(other);
                self.begin_chain(&row.chain)
            }
        };
        walk.rows += 1;
        let expected = self.expected.get(row.chain.as_str()).copied().unwrap_or_default();
        step(&mut self.report, &mut walk, &expected, row);
        self.walk = Some(walk);
    }

    fn begin_chain(&mut self, name: &str) -> Walk {
        if !self.expected.get(name).is_some_and(Expected::is_known) {
            let message = "no head knows this chain: it was inserted, or its row in audit_heads removed";
            self.report.add(Kind::HeadChanged, Some(name), None, message);
        }
        Walk { name: name.to_owned(), hashes: vec![GENESIS.to_vec()], ..Walk::default() }
    }

    /// All rows came: chains without any, and the summary.
    pub(crate) fn finish(mut self) -> Report {
        let last = self.walk.take();
        self.end_chain(last);
        for (name, expected) in std::mem::take(&mut self.expected) {
            let walk = Walk { name: name.to_owned(), hashes: vec![GENESIS.to_vec()], ..Walk::default() };
            end(&mut self.report, &walk, &expected);
        }
        self.report
    }

    fn end_chain(&mut self, walk: Option<Walk>) {
        let Some(walk) = walk else { return };
        // Taken out: what is left at the end are chains without a row. One that comes twice, which the order
        // excludes, would be unknown the second time.
        let expected = self.expected.remove(walk.name.as_str()).unwrap_or_default();
        end(&mut self.report, &walk, &expected);
        self.report.chains.push(ChainSummary {
            rows: walk.rows,
            hash: walk.hashes.last().map(|hash| hex(hash)).unwrap_or_default(),
            published: walk.agreed,
            chain: walk.name,
        });
    }
}

/// Holds a row against the one before it and the heads.
fn step(report: &mut Report, walk: &mut Walk, expected: &Expected<'_>, row: &Row) {
    let own = hash(&row.previous, &row.chain, row.number, row.micros, &row.actor, &row.body);
    let fits = own.as_slice() == row.hash && is_same_json(&row.body, &row.content);
    let here = Some((row.number, row.number));
    if row.number <= walk.last {
        let message = format!("there is another row with this number or a later one; {}", describe(row));
        report.add(Kind::Inserted, Some(&walk.name), here, message);
        walk.hashes.push(row.hash.clone());
        walk.hashes.truncate(16);
        return;
    }
    let next = walk.last + 1;
    let end = expected.end();
    let beyond = expected.is_known() && row.number > end;
    let gap_end = if beyond { end } else { row.number - 1 };
    if next <= gap_end {
        report.add(Kind::Removed, Some(&walk.name), Some((next, gap_end)), "these rows are missing");
    }
    if beyond {
        let message = format!("the head knows no row after {end}; {}", describe(row));
        report.add(Kind::Inserted, Some(&walk.name), here, message);
    }
    if !fits {
        let message = format!("its hash is not that of its content; as it stands: {}", describe(row));
        report.add(Kind::Changed, Some(&walk.name), here, message);
    } else if row.number == next && !walk.suspect && !walk.hashes.contains(&row.previous) {
        broken_link(report, walk, row.number);
    }
    walk.last = row.number;
    walk.hashes = vec![row.hash.clone()];
    walk.micros = row.micros;
    walk.suspect = !fits || beyond;
    held_against_published(report, walk, expected, row);
}

/// Both rows fit their own hashes, but the second remembers another hash of the first.
fn broken_link(report: &mut Report, walk: &Walk, number: i64) {
    let (rows, message) = match walk.last {
        0 => ((number, number), "the first row does not begin a chain".to_owned()),
        last => {
            let message = format!(
                "it was changed and its hash made anew, perhaps with rows before it: row {number} remembers another hash"
            );
            ((last, last), message)
        }
    };
    report.add(Kind::Changed, Some(&walk.name), Some(rows), message);
}

fn held_against_published(report: &mut Report, walk: &mut Walk, expected: &Expected<'_>, row: &Row) {
    let heads = &expected.published[walk.passed.min(expected.published.len())..];
    for (number, hash) in heads.iter().take_while(|head| head.0 <= row.number) {
        walk.passed += 1;
        if *number < row.number {
            // The row is missing, which is a finding of its own.
            continue;
        }
        if hash.as_slice() == row.hash {
            walk.agreed = if walk.disagreed { walk.agreed } else { *number };
        } else if !walk.suspect && !walk.disagreed {
            walk.disagreed = true;
            let rows = Some((walk.agreed + 1, *number));
            let message = format!(
                "row {number} had another hash when its head was published: one of these rows was changed, removed or inserted, and the hashes after it made anew"
            );
            report.add(Kind::Rewritten, Some(&walk.name), rows, message);
        }
    }
}

/// The chain's end against its head and the last published one.
fn end(report: &mut Report, walk: &Walk, expected: &Expected<'_>) {
    let published = expected.published.last().map_or(0, |head| head.0);
    let name = Some(walk.name.as_str());
    if expected.end() > walk.last {
        let message = "the head knows these rows, and they are missing";
        report.add(Kind::CutOff, name, Some((walk.last + 1, expected.end())), message);
    }
    match expected.head {
        None if !expected.published.is_empty() => {
            report.add(Kind::HeadChanged, name, None, "its row in audit_heads is missing");
        }
        Some(head) if head.number < published => {
            let message =
                format!("audit_heads says {}, but {published} was published: it was set back", head.number);
            report.add(Kind::HeadChanged, name, None, message);
        }
        Some(head) if head.number == walk.last => end_at_head(report, walk, expected, head),
        _ => {}
    }
}

/// The last row is the head's: do they say the same?
fn end_at_head(report: &mut Report, walk: &Walk, expected: &Expected<'_>, head: &Head) {
    let name = Some(walk.name.as_str());
    let rows = Some((walk.last, walk.last));
    if !walk.hashes.contains(&head.hash) {
        let vouched = walk.agreed == walk.last && expected.published.last().is_some_and(|p| p.0 == walk.last);
        if vouched || walk.last == 0 {
            let message = "audit_heads holds a hash that the last row never had";
            report.add(Kind::HeadChanged, name, rows, message);
        } else if !walk.suspect && !walk.disagreed {
            let message = "it was changed and its hash made anew, or its row in audit_heads was: they differ";
            report.add(Kind::Changed, name, rows, message);
        }
    } else if walk.last > 0 && head.micros != walk.micros && !walk.suspect {
        let message = "the time in audit_heads is not that of the last row";
        report.add(Kind::HeadChanged, name, rows, message);
    }
}

/// Whether the generated column is what the body says. Numbers are compared as such: JSONB writes them in
/// its own way.
fn is_same_json(body: &str, content: &str) -> bool {
    match (serde_json::from_str(body), serde_json::from_str(content)) {
        (Ok(body), Ok(content)) => is_same(&body, &content),
        _ => false,
    }
}

fn is_same(a: &serde_json::Value, b: &serde_json::Value) -> bool {
    use serde_json::Value::{Array, Number, Object};
    match (a, b) {
        (Array(a), Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same(a, b)),
        (Object(a), Object(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|((k, a), (l, b))| k == l && is_same(a, b))
        }
        (Number(a), Number(b)) => a == b || a.as_f64() == b.as_f64(),
        _ => a == b,
    }
}

/// A row in a few words, as it stands now.
fn describe(row: &Row) -> String {
    let content: serde_json::Value = serde_json::from_str(&row.body).unwrap_or_default();
    let text = |name: &str| content.get(name).and_then(|value| value.as_str()).unwrap_or("?").to_owned();
    let about = ["transaction_id", "account_id", "alert_id"]
        .iter()
        .find(|name| content.get(**name).is_some())
        .map(|name| format!(" of {name} {}", text(name)))
        .unwrap_or_default();
    let at =
        chrono::DateTime::from_timestamp_micros(row.micros).map(|at| at.to_rfc3339()).unwrap_or_default();
    format!("{}{about} by {} at {at}", text("kind"), row.actor)
}
