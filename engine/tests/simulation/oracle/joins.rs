//! Joins: a stream with a table, a stream with a stream, and what is counted of their results.
//!
//! Which version of a profile a payment meets depends on how the inputs are merged, so it is taken from what was
//! written: it must be one that there was, and versions never go back. What is summed must be the sum of just
//! those. Which pairs there are does not depend on the order; each is there once.

use std::collections::BTreeMap;

use super::life::Life;
use super::{Paid, Wanted, highest_times};
use crate::input::factor;
use crate::output;
use crate::rules::Rule;
use crate::world::Outcome;

const WITHIN: i64 = 5_000;

pub(super) fn joined(outcome: &Outcome, rule: &Rule, paid: &[Vec<Paid>]) -> Result<(), String> {
    let records = output::read(&*outcome.log, "SEEN");
    let met: BTreeMap<i64, Option<i64>> =
        records.iter().filter_map(|record| Some((record.number("ID")?, record.number("VERSION")))).collect();
    let (mut seen, mut sums) = (Vec::new(), Vec::new());
    for list in paid {
        let mut reached: BTreeMap<&str, usize> = BTreeMap::new();
        let mut totals: BTreeMap<&str, (i64, i64)> = BTreeMap::new();
        let (mut from, mut life) = (sums.len(), Life::new(&rule.limits));
        for paid in list {
            let since = life.at(paid.generation);
            if since.was_gone {
                totals.clear();
                highest_times(&mut sums[from..]);
                from = sums.len();
            }
            if since.limit.is_none() {
                continue;
            }
            let Some(key) = &paid.key else { continue };
            let version = met.get(&paid.id).copied().flatten();
            possible(outcome, key, version, reached.entry(key).or_default())?;
            let shown = version.map_or("null".to_owned(), |version| version.to_string());
            let value = format!(r#"{{"ID":{},"AMOUNT":{},"VERSION":{shown}}}"#, paid.id, paid.amount);
            seen.push(Wanted::plain(key, value, paid.time));
            if let Some(version) = version {
                let (n, total) = totals.entry(key).or_default();
                (*n, *total) = (*n + 1, *total + factor(version) * paid.amount);
                sums.push(Wanted::plain(key, format!(r#"{{"N":{n},"TOTAL":{total}}}"#), paid.time));
            }
        }
        highest_times(&mut sums[from..]);
    }
    outcome.compare("SEEN", &records, &seen)?;
    outcome.compare("SEEN_SUM", &output::read(&*outcome.log, "SEEN_SUM"), &sums)
}

/// Whether a version can be the one that is met, after the one before it; `reached` is its place.
fn possible(outcome: &Outcome, key: &str, version: Option<i64>, reached: &mut usize) -> Result<(), String> {
    // Before the first version there is none.
    let versions: Vec<Option<i64>> = std::iter::once(None)
        .chain(outcome.produced.profiles.get(key).into_iter().flatten().copied())
        .collect();
    if outcome.profiles_first {
        *reached = versions.len() - 1;
    }
    match versions[*reached..].iter().position(|other| *other == version) {
        Some(further) => {
            *reached += further;
            Ok(())
        }
        None => {
            Err(format!("SEEN: {key} met the version {version:?}, being at place {reached} of {versions:?}"))
        }
    }
}

pub(super) fn pairs(outcome: &Outcome, paid: &[Vec<Paid>]) -> Result<(), String> {
    let mut wanted: Vec<(String, String, i64)> = Vec::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for paid in paid.iter().flatten() {
        for (account, mark, time) in &outcome.produced.marks {
            if paid.key.as_ref() == Some(account) && (paid.time - time).abs() <= WITHIN {
                let value = format!(r#"{{"ID":{},"MARK":{mark}}}"#, paid.id);
                wanted.push((account.clone(), value, paid.time.max(*time)));
                *counts.entry(account.clone()).or_default() += 1;
            }
        }
    }
    let rows = |topic: &str| -> Vec<(String, String, i64)> {
        let text = |bytes: Option<Vec<u8>>| String::from_utf8_lossy(&bytes.unwrap_or_default()).into_owned();
        let records = output::read(&*outcome.log, topic).into_iter();
        records.map(|r| (text(r.key), r.value.unwrap_or_default(), r.time)).collect()
    };
    let mut found = rows("PAIRS");
    found.sort();
    wanted.sort();
    if found != wanted {
        let missing = wanted.iter().find(|pair| !found.contains(pair));
        let surplus = found.iter().find(|pair| !wanted.contains(pair));
        return Err(format!(
            "PAIRS: {} found, {} wanted; missing {missing:?}, surplus {surplus:?}",
            found.len(),
            wanted.len()
        ));
    }
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (key, value, _) in rows("PAIR_COUNT") {
        found.entry(key).or_default().push(value);
    }
    let row = |n: usize| format!(r#"{{"N":{n}}}"#);
    let wanted: BTreeMap<String, Vec<String>> =
        counts.into_iter().map(|(key, count)| (key, (1..=count).map(row).collect())).collect();
    if found == wanted { Ok(()) } else { Err(format!("PAIR_COUNT: found {found:?}, wanted {wanted:?}")) }
}
