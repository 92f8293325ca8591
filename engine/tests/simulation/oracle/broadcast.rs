//! A stream with a broadcast table, which each task has whole in a copy of its own.
//!
//! When a change of the table comes to a copy is open, so the version that a payment met is taken from what was written.
//! It must be one that there was before, within a partition the versions of a merchant never go back, and what comes when
//! all is settled meets the last one. A table that was there before the engine is there for each payment.

use std::collections::BTreeMap;

use super::life::Life;
use super::{Paid, merchants, tell};
use crate::output::{self, Record};
use crate::rules::Rule;
use crate::world::Outcome;

/// The rows of a merchant that were met, in a partition: key, value, time.
type Rows = Vec<(Vec<u8>, Option<String>, i64)>;

pub(super) fn rated(outcome: &Outcome, rule: &Rule, paid: &[Vec<Paid>]) -> Result<(), String> {
    let records = output::read(&*outcome.log, "RATED");
    let by_id: BTreeMap<i64, &Record> = records.iter().filter_map(|r| Some((r.number("ID")?, r))).collect();
    let merchants = merchants(outcome);
    let is_there_first = outcome.profiles_first && rule.limits.iter().all(Option::is_some);
    let mut number = 0;
    for list in paid {
        let mut wanted: BTreeMap<&str, Rows> = BTreeMap::new();
        let (mut reached, mut life): (BTreeMap<&str, usize>, _) = (BTreeMap::new(), Life::new(&rule.limits));
        for paid in list {
            let merchant = merchants.get(&paid.id).filter(|_| life.at(paid.generation).limit.is_some());
            let Some(&merchant) = merchant else { continue };
            let Some(record) = by_id.get(&paid.id) else {
                return Err(format!("RATED: nothing of the payment {} in {merchant}", paid.id));
            };
            let version = record.number("RATE");
            let is_last = is_there_first || paid.id >= outcome.probes_from;
            possible(outcome, (merchant, record), version, reached.entry(merchant).or_default(), is_last)?;
            let shown = version.map_or("null".to_owned(), |version| version.to_string());
            let value = format!(r#"{{"ID":{},"RATE":{shown}}}"#, paid.id);
            wanted.entry(merchant).or_default().push((merchant.into(), Some(value), paid.time));
        }
        number += wanted.values().map(Vec::len).sum::<usize>();
        in_order(&records, list, &wanted)?;
    }
    match records.len() == number {
        true => Ok(()),
        false => Err(format!("RATED: {} records found, {number} wanted", records.len())),
    }
}

/// Whether a version can be the one that is met, after the one before it; `reached` is its place.
fn possible(
    outcome: &Outcome,
    (merchant, record): (&str, &Record),
    version: Option<i64>,
    reached: &mut usize,
    is_last: bool,
) -> Result<(), String> {
    // Before the first version there is none.
    let versions = outcome.produced.merchants.get(merchant).into_iter().flatten().copied();
    let versions: Vec<Option<i64>> = std::iter::once(None).chain(versions).collect();
    if is_last {
        *reached = versions.len() - 1;
    }
    let Some(further) = versions[*reached..].iter().position(|other| *other == version) else {
        let record = tell(record);
        return Err(format!("RATED: {record} is of no version from place {reached} of {versions:?} on"));
    };
    *reached += further;
    Ok(())
}

/// The payments of a partition in a merchant come in their order.
fn in_order(records: &[Record], list: &[Paid], wanted: &BTreeMap<&str, Rows>) -> Result<(), String> {
    let is_here = |record: &&Record| list.iter().any(|paid| record.number("ID") == Some(paid.id));
    for (merchant, wanted) in wanted {
        let here = records.iter().filter(is_here).filter(|r| r.key.as_deref() == Some(merchant.as_bytes()));
        let found: Rows =
            here.map(|r| (r.key.clone().unwrap_or_default(), r.value.clone(), r.time)).collect();
        if found != *wanted {
            return Err(format!("RATED, {merchant}: found {found:?}, wanted {wanted:?}"));
        }
    }
    Ok(())
}
