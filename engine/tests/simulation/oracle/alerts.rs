//! Filters, alerts with a cooldown or once per window, and what is compared with a derived table.

use std::collections::{BTreeMap, BTreeSet};

use engine::Guarantee;

use super::life::Life;
use super::windows::{Shape, State};
use super::{Paid, Wanted, highest_times};
use crate::output::{self, Record};
use crate::world::Outcome;

const COOLDOWN: i64 = 8_000;

fn row(paid: &Paid) -> Wanted {
    let value = Some(format!(r#"{{"ID":{},"AMOUNT":{}}}"#, paid.id, paid.amount));
    Wanted { of: paid.key.clone(), window: Vec::new(), value, time: paid.time }
}

pub(super) fn filter(list: &[Paid], limits: &[Option<i64>]) -> Vec<Wanted> {
    let passes = |paid: &&Paid| limits[paid.generation].is_some_and(|limit| paid.amount > limit);
    list.iter().filter(passes).map(row).collect()
}

/// One alert per key, then none until stream time, which is that of the rows that pass, has moved on. Another
/// limit is another version of the rule, which remembers nothing.
pub(super) fn cooldown(list: &[Paid], limits: &[Option<i64>]) -> Vec<Wanted> {
    let (mut wanted, mut until, mut now) = (Vec::new(), BTreeMap::<String, i64>::new(), i64::MIN);
    let mut life = Life::new(limits);
    for paid in list {
        let since = life.at(paid.generation);
        if since.has_changed {
            (until, now) = (BTreeMap::new(), i64::MIN);
        }
        if since.limit.is_none_or(|limit| paid.amount <= limit) {
            continue;
        }
        if let Some(key) = &paid.key {
            now = now.max(paid.time);
            if until.get(key).is_some_and(|until| *until > now) {
                continue;
            }
            until.insert(key.clone(), now + COOLDOWN);
        }
        wanted.push(row(paid));
    }
    wanted
}

/// One alert per key and window. The counts stay over an edit, that an alert was written does not.
pub(super) fn first(list: &[Paid], limits: &[Option<i64>]) -> Vec<Wanted> {
    let shape = Shape { size: 12_000, advance: 12_000, grace: 5_000 };
    let (mut wanted, mut windows, mut now) = (Vec::new(), BTreeMap::<(String, i64), State>::new(), i64::MIN);
    let (mut fired, mut life) = (BTreeSet::new(), Life::new(limits));
    for paid in list {
        let since = life.at(paid.generation);
        if since.has_changed {
            fired.clear();
        }
        if since.was_gone {
            (windows, now) = (BTreeMap::new(), i64::MIN);
        }
        let Some(limit) = since.limit else { continue };
        let Some(key) = &paid.key else { continue };
        now = now.max(paid.time);
        for start in shape.starts(paid.time, now) {
            let state = windows.entry((key.clone(), start)).or_default();
            state.add(paid);
            if state.n > limit && fired.insert((key.clone(), start)) {
                let value = Some(format!(r#"{{"N":{},"LAST":{}}}"#, state.n, state.last));
                wanted.push(Wanted { of: Some(key.clone()), window: vec![start], value, time: state.time });
            }
        }
    }
    wanted
}

/// The counts per account, and what each payment was compared with: what was before it.
pub(super) fn derived(list: &[Paid], limits: &[Option<i64>]) -> (Vec<Wanted>, Vec<Wanted>) {
    let (mut usual, mut compared) = (Vec::new(), Vec::new());
    let mut known: BTreeMap<String, (i64, i64)> = BTreeMap::new();
    let (mut from, mut life) = (usual.len(), Life::new(limits));
    for paid in list {
        let since = life.at(paid.generation);
        if since.was_gone {
            known.clear();
            highest_times(&mut usual[from..]);
            from = usual.len();
        }
        if since.limit.is_none() {
            continue;
        }
        let Some(key) = &paid.key else { continue };
        let before = known
            .get(key)
            .map_or("\"N\":null,\"TOP\":null".to_owned(), |(n, top)| format!("\"N\":{n},\"TOP\":{top}"));
        compared.push(Wanted::plain(key, format!(r#"{{"ID":{},{before}}}"#, paid.id), paid.time));
        let (n, top) = known.entry(key.clone()).or_insert((0, i64::MIN));
        (*n, *top) = (*n + 1, paid.amount.max(*top));
        usual.push(Wanted::plain(key, format!(r#"{{"N":{n},"TOP":{top}}}"#), paid.time));
    }
    highest_times(&mut usual[from..]);
    (usual, compared)
}

/// Compares the alerts of a rule, which share a topic with those of others. Each names the record that it is of.
pub(super) fn compare(rule: &str, outcome: &Outcome, wanted: &[Wanted]) -> Result<(), String> {
    let is_its = |record: &Record| record.header("rule.name") == rule;
    let alerts: Vec<_> = output::read(&*outcome.log, "fraud_alerts").into_iter().filter(is_its).collect();
    outcome.compare(rule, &alerts, wanted)?;
    let mut occurrences = BTreeMap::new();
    for alert in &alerts {
        let of = ["source.partition", "source.offset", "source.ordinal"].map(|name| alert.header(name));
        let again = occurrences.insert((of, alert.key.as_deref()), alert);
        // A repetition is the same alert.
        let is_allowed = |before: &Record| {
            outcome.guarantee == Guarantee::AtLeastOnce
                && (&before.headers, &before.value) == (&alert.headers, &alert.value)
        };
        if again.is_some_and(|before| !is_allowed(before)) {
            return Err(format!("{rule}: two alerts are of one record: {}", super::tell(alert)));
        }
    }
    Ok(())
}
