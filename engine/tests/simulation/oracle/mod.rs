//! What the rules are to give, computed from the input alone: plain loops over lists, nothing of the engine.
//!
//! Enters: what was produced. Of what is committed only that which is open to the engine is taken as given: under
//! which generation of the rules a record went through (the witness), which version of a profile it met, and in
//! which order records came to a merchant; each is checked for being possible. Leaves: the first difference.

mod alerts;
mod broadcast;
mod compare;
mod counts;
mod idle;
mod joins;
mod life;
mod sessions;
mod tables;
mod windows;

use std::collections::BTreeMap;

use engine::Guarantee;

use crate::input::{Content, Payment};
use crate::output::{self, Record};
use crate::rules::{Kind, Rule};
use crate::world::{MOVED, Outcome};

/// A payment that can be read, with what the oracle knows of it.
#[derive(Debug, Clone)]
pub(crate) struct Paid {
    pub(crate) key: Option<String>,
    pub(crate) id: i64,
    pub(crate) amount: i64,
    pub(crate) time: i64,
    /// The rules under which it went through the task.
    pub(crate) generation: usize,
}

/// A record that is to be written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wanted {
    /// The key without its window.
    pub(crate) of: Option<String>,
    /// What comes behind it in the key's bytes.
    pub(crate) window: Vec<i64>,
    pub(crate) value: Option<String>,
    pub(crate) time: i64,
}

impl Wanted {
    pub(crate) fn plain(of: &str, value: String, time: i64) -> Self {
        Self { of: Some(of.to_owned()), window: Vec::new(), value: Some(value), time }
    }

    fn key(&self) -> Option<Vec<u8>> {
        let mut bytes = self.of.as_ref()?.as_bytes().to_vec();
        self.window.iter().for_each(|time| bytes.extend_from_slice(&time.to_be_bytes()));
        Some(bytes)
    }

    fn tell(&self) -> String {
        let of = self.of.as_deref().unwrap_or("-");
        format!("{of} {:?} {} at {}", self.window, self.value.as_deref().unwrap_or("null"), self.time)
    }
}

fn tell(record: &Record) -> String {
    let key = record.key.as_ref().map_or("-".into(), |key| String::from_utf8_lossy(key).into_owned());
    let value = record.value.as_deref().unwrap_or("null");
    format!("{key:?} {value} at {} ({}@{})", record.time, record.partition, record.offset)
}

/// The payments that can be read, by partition, with the generations that the witness tells of.
fn witnessed(outcome: &Outcome) -> Result<Vec<Vec<Paid>>, String> {
    let records = output::read(&*outcome.log, "WITNESS");
    let mut generations = BTreeMap::new();
    for record in &records {
        if let (Some(id), Some(generation)) = (record.number("ID"), record.number("GEN")) {
            generations.insert(id, generation as usize);
        }
    }
    let mut wanted = Vec::new();
    let mut paid = Vec::new();
    for partition in &outcome.produced.payments {
        let (mut here, mut last) = (Vec::new(), 0);
        for Payment { account, time, content, .. } in partition {
            let mut value = None;
            match content {
                Content::Bad => continue,
                Content::Tombstone => {}
                Content::Payment { id, amount, .. } => {
                    let Some(&generation) = generations.get(id) else {
                        return Err(format!("the payment {id} of {account:?} was never seen"));
                    };
                    if generation < last || generation >= outcome.program.generations {
                        return Err(format!(
                            "the payment {id} went by the rules {generation}, one before by {last}"
                        ));
                    }
                    if *id >= outcome.probes_from && generation + 1 != outcome.program.generations {
                        return Err(format!(
                            "the payment {id} went by the rules {generation}, which are old"
                        ));
                    }
                    last = generation;
                    value = Some(format!(r#"{{"ID":{id},"GEN":{generation}}}"#));
                    here.push(Paid {
                        key: account.clone(),
                        id: *id,
                        amount: *amount,
                        time: *time,
                        generation,
                    });
                }
            }
            wanted.push(Wanted { of: account.clone(), window: Vec::new(), value, time: *time });
        }
        paid.push(here);
    }
    outcome.compare("WITNESS", &records, &wanted)?;
    Ok(paid)
}

/// Whether the committed outputs are what the rules give.
pub(crate) fn check(outcome: &Outcome) -> Result<(), String> {
    dead_letters(outcome)?;
    let paid = witnessed(outcome)?;
    for rule in &outcome.program.rules {
        check_rule(outcome, rule, &paid)?;
    }
    counts::check(outcome)
}

fn check_rule(outcome: &Outcome, rule: &Rule, paid: &[Vec<Paid>]) -> Result<(), String> {
    let topic = |name: &str| output::read(&*outcome.log, name);
    let limits = &rule.limits;
    let all = |of: &dyn Fn(&[Paid]) -> Vec<Wanted>| -> Vec<Wanted> {
        paid.iter().flat_map(|list| of(list)).collect()
    };
    match rule.kind {
        Kind::Filter => outcome.compare("HIGH", &topic("HIGH"), &all(&|list| alerts::filter(list, limits))),
        Kind::Tumbling => {
            let shape = windows::Shape { size: 10_000, advance: 10_000, grace: 5_000 };
            let write =
                |w: &windows::State| format!(r#"{{"N":{},"TOTAL":{},"LAST":{}}}"#, w.n, w.total, w.last);
            let passes = |w: &windows::State, limit: i64| w.n > limit;
            outcome.compare(
                "TUM",
                &topic("TUM"),
                &all(&|list| windows::changes(list, limits, shape, &passes, &write)),
            )
        }
        Kind::Hopping => {
            let shape = windows::Shape { size: 8_000, advance: 4_000, grace: 6_000 };
            let write = |w: &windows::State| format!(r#"{{"TOTAL":{}}}"#, w.total);
            let passes = |w: &windows::State, limit: i64| w.total > limit;
            outcome.compare(
                "HOP",
                &topic("HOP"),
                &all(&|list| windows::changes(list, limits, shape, &passes, &write)),
            )
        }
        Kind::Session => {
            outcome.compare("SES", &topic("SES"), &all(&|list| sessions::sessions(list, limits)))
        }
        Kind::Final => {
            let shape = windows::Shape { size: 7_000, advance: 7_000, grace: 3_000 };
            outcome.compare("FIN", &topic("FIN"), &all(&|list| windows::finals(list, limits, shape)))
        }
        Kind::Idle => idle::check(outcome, paid),
        Kind::Cooldown => alerts::compare("COOL", outcome, &all(&|list| alerts::cooldown(list, limits))),
        Kind::First => alerts::compare("FIRST", outcome, &all(&|list| alerts::first(list, limits))),
        Kind::Derived => {
            let (usual, compared): (Vec<_>, Vec<_>) =
                paid.iter().map(|list| alerts::derived(list, limits)).unzip();
            outcome.compare("USUAL", &topic("USUAL"), &usual.concat())?;
            outcome.compare("COMPARED", &topic("COMPARED"), &compared.concat())
        }
        Kind::Shop => shop(outcome, rule, paid),
        Kind::Joined => joins::joined(outcome, rule, paid),
        Kind::Pairs => joins::pairs(outcome, paid),
        Kind::Both => tables::both(outcome),
        Kind::Tiers => tables::tiers(outcome),
        Kind::Rated => broadcast::rated(outcome, rule, paid),
    }
}

/// The merchants of the payments that have one.
fn merchants(outcome: &Outcome) -> BTreeMap<i64, &str> {
    let payments = outcome.produced.payments.iter().flatten();
    let named = payments.filter_map(|payment| match &payment.content {
        Content::Payment { id, merchant: Some(merchant), .. } => Some((*id, merchant.as_str())),
        _ => None,
    });
    named.collect()
}

/// Each record that cannot be read is there once.
fn dead_letters(outcome: &Outcome) -> Result<(), String> {
    let mut found: Vec<i64> =
        output::read(&*outcome.log, "payments.dlq").iter().map(|record| record.time).collect();
    let payments = outcome.produced.payments.iter().flatten();
    let mut wanted: Vec<i64> = payments.filter(|p| p.content == Content::Bad).map(|p| p.time).collect();
    found.sort_unstable();
    wanted.sort_unstable();
    if outcome.guarantee == Guarantee::AtLeastOnce {
        found.dedup();
        wanted.dedup();
    }
    if found == wanted { Ok(()) } else { Err(format!("dead letters: found {found:?}, wanted {wanted:?}")) }
}

/// Groups by merchant: what goes through the topic between is what there is, in its order; what is counted is
/// what came.
fn shop(outcome: &Outcome, rule: &Rule, paid: &[Vec<Paid>]) -> Result<(), String> {
    let merchants = merchants(outcome);
    let by_id: BTreeMap<i64, &Paid> = paid.iter().flatten().map(|paid| (paid.id, paid)).collect();
    // Per source partition and merchant in order.
    for (number, list) in paid.iter().enumerate() {
        for merchant in ["M0", "M1", "M2", "M3"] {
            let wanted: Vec<i64> =
                list.iter().filter(|p| merchants.get(&p.id) == Some(&merchant)).map(|p| p.id).collect();
            let is_its = |record: &&Record| {
                record.key.as_deref() == Some(merchant.as_bytes())
                    && record.header("source.partition") == number.to_string()
            };
            let found: Vec<i64> =
                outcome.moved.iter().filter(is_its).filter_map(|r| r.number("id")).collect();
            if found != wanted {
                return Err(format!(
                    "{MOVED}, {merchant} of partition {number}: found {found:?}, wanted {wanted:?}"
                ));
            }
        }
    }
    let partitions = outcome.moved.iter().map(|record| record.partition).max().unwrap_or(0);
    let records = output::read(&*outcome.log, "SHOP");
    let (mut shop, mut burst) = (Vec::new(), Vec::new());
    for number in 0..=partitions {
        let mut list = Vec::new();
        for record in outcome.moved.iter().filter(|record| record.partition == number) {
            let Some(paid) = record.number("id").and_then(|id| by_id.get(&id)) else { continue };
            let key = record.key.as_ref().map(|key| String::from_utf8_lossy(key).into_owned());
            list.push(Paid { key, ..(*paid).clone() });
        }
        generations_of_shop(&records, &mut list)?;
        let mut counts: BTreeMap<String, (i64, i64)> = BTreeMap::new();
        for paid in &list {
            let key = paid.key.clone().unwrap_or_default();
            let (n, total) = counts.entry(key.clone()).or_default();
            (*n, *total) = (*n + 1, *total + paid.amount);
            let value = format!(r#"{{"N":{n},"TOTAL":{total},"GEN":{}}}"#, paid.generation);
            // A table's row has the highest time of what went into it.
            shop.push(Wanted::plain(&key, value, paid.time));
        }
        let shape = windows::Shape { size: 9_000, advance: 9_000, grace: 3_000 };
        let write = |w: &windows::State| format!(r#"{{"N":{}}}"#, w.n);
        burst.extend(windows::changes(&list, &rule.limits, shape, &|w, limit| w.n > limit, &write));
    }
    highest_times(&mut shop);
    outcome.compare("SHOP", &records, &shop)?;
    outcome.compare("BURST", &output::read(&*outcome.log, "BURST"), &burst)
}

/// The time of a group's row is the highest so far.
pub(crate) fn highest_times(rows: &mut [Wanted]) {
    let mut highest: BTreeMap<Option<String>, i64> = BTreeMap::new();
    for row in rows {
        let highest = highest.entry(row.of.clone()).or_insert(row.time);
        *highest = row.time.max(*highest);
        row.time = *highest;
    }
}

/// The generation of each record is what the row that it changed says.
fn generations_of_shop(rows: &[Record], list: &mut [Paid]) -> Result<(), String> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let mut last = 0;
    for paid in list {
        let key = paid.key.clone().unwrap_or_default();
        let place = counts.entry(key.clone()).or_default();
        let row = rows.iter().filter(|row| row.key.as_deref() == Some(key.as_bytes())).nth(*place);
        *place += 1;
        let Some(generation) = row.and_then(|row| row.number("GEN")) else {
            return Err(format!("SHOP has no row for the payment {} of {key}", paid.id));
        };
        if (generation as usize) < last {
            return Err(format!("SHOP went by the rules {generation} after {last}"));
        }
        last = generation as usize;
        paid.generation = last;
    }
    Ok(())
}
