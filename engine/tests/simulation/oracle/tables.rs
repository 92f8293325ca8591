//! Tables with tables.
//!
//! Which version of one meets which of the other depends on how the inputs are merged, so only this is asked of each row
//! on the way: there were such versions, and neither side goes back. In the end each row is that of the last versions.

use std::collections::{BTreeMap, BTreeSet};

use crate::input::{Versions, tier};
use crate::output::{self, Record};
use crate::world::Outcome;

/// By account: the profile's version, and that of the other table where there is one.
type Rows = BTreeMap<String, (i64, Option<i64>)>;

fn last(versions: &Versions, key: &str) -> Option<i64> {
    versions.get(key)?.last().copied().flatten()
}

/// By account, or with all there were of a foreign key's.
pub(super) fn both(outcome: &Outcome) -> Result<(), String> {
    let produced = &outcome.produced;
    let of = |account: &String| Some((last(&produced.profiles, account)?, last(&produced.quotas, account)));
    let wanted = produced.profiles.keys().filter_map(|account| Some((account.clone(), of(account)?)));
    let rows = output::read(&*outcome.log, "BOTH");
    forward(&rows, "ONE")?;
    forward(&rows, "OTHER")?;
    possible(&rows, produced.quotas.values(), outcome)?;
    ends("BOTH", &rows, &wanted.collect())
}

pub(super) fn tiers(outcome: &Outcome) -> Result<(), String> {
    let produced = &outcome.produced;
    let of = |account: &String| {
        let version = last(&produced.profiles, account)?;
        Some((version, Some(last(&produced.tiers, &tier(version))?)))
    };
    let wanted = produced.profiles.keys().filter_map(|account| Some((account.clone(), of(account)?)));
    let rows = output::read(&*outcome.log, "BONUSES");
    possible(&rows, produced.tiers.values(), outcome)?;
    ends("BONUSES", &rows, &wanted.collect())
}

fn key(record: &Record) -> String {
    String::from_utf8_lossy(record.key.as_deref().unwrap_or_default()).into_owned()
}

/// The versions of an account only go forward.
fn forward(rows: &[Record], column: &str) -> Result<(), String> {
    let mut reached: BTreeMap<String, i64> = BTreeMap::new();
    for row in rows {
        let Some(version) = row.number(column) else { continue };
        let reached = reached.entry(key(row)).or_insert(version);
        if version < *reached {
            return Err(format!("{column} goes back from {reached}: {}", super::tell(row)));
        }
        *reached = version;
    }
    Ok(())
}

/// Each row is of versions that there were.
fn possible<'v>(
    rows: &[Record],
    others: impl Iterator<Item = &'v Vec<Option<i64>>>,
    outcome: &Outcome,
) -> Result<(), String> {
    let others: BTreeSet<i64> = others.flatten().flatten().copied().collect();
    for row in rows.iter().filter(|row| row.value.is_some()) {
        let versions = outcome.produced.profiles.get(&key(row));
        let is_known = versions.is_some_and(|versions| versions.contains(&row.number("ONE")));
        if !is_known || row.number("OTHER").is_some_and(|other| !others.contains(&other)) {
            return Err(format!("there were no such versions: {}", super::tell(row)));
        }
    }
    Ok(())
}

/// The last row of each account.
fn ends(what: &str, rows: &[Record], wanted: &Rows) -> Result<(), String> {
    let mut found = Rows::new();
    for row in rows {
        match row.number("ONE") {
            Some(version) => found.insert(key(row), (version, row.number("OTHER"))),
            None => found.remove(&key(row)),
        };
    }
    if found == *wanted { Ok(()) } else { Err(format!("{what} ends with {found:?}, wanted {wanted:?}")) }
}
