//! What was found against what is wanted: as a whole, and per key in order.
//!
//! What holds: where outputs are promised once, just what is wanted is there. Where they are promised at least once, all
//! that is wanted is there in its order, and what is there besides is one of those once more.

use std::collections::BTreeMap;

use engine::Guarantee;

use super::{Wanted, tell};
use crate::output::Record;
use crate::world::Outcome;

fn is_it(found: &Record, wanted: &Wanted) -> bool {
    found.key == wanted.key() && found.value == wanted.value && found.time == wanted.time
}

/// Leaves of what was found what is wanted in its order, and what nobody wants; the rest are repetitions.
fn without_repetitions<'r>(found: &[&'r Record], wanted: &[&Wanted]) -> Vec<&'r Record> {
    let mut next = 0;
    let mut left = Vec::new();
    for record in found {
        if wanted.get(next).is_some_and(|wanted| is_it(record, wanted)) {
            next += 1;
        } else if wanted[..next].iter().any(|wanted| is_it(record, wanted)) {
            continue;
        }
        left.push(*record);
    }
    left
}

impl Outcome {
    /// Compares a topic, or a rule's part of it, with what is wanted; the first difference.
    pub(super) fn compare(&self, what: &str, found: &[Record], wanted: &[Wanted]) -> Result<(), String> {
        let mut by_key: BTreeMap<Option<&str>, (Vec<&Record>, Vec<&Wanted>)> = BTreeMap::new();
        for wanted in wanted {
            by_key.entry(wanted.of.as_deref()).or_default().1.push(wanted);
        }
        for record in found {
            // Keys have two letters; their windows come behind.
            let key =
                record.key.as_ref().map(|key| std::str::from_utf8(&key[..key.len().min(2)]).unwrap_or("?"));
            by_key.entry(key).or_default().0.push(record);
        }
        for (key, (mut found, mut wanted)) in by_key {
            if key.is_none() {
                // They come from all partitions, and go to any.
                found.sort_by_key(|record| (record.value.clone(), record.time));
                wanted.sort_by_key(|wanted| (wanted.value.clone(), wanted.time));
            }
            if self.guarantee == Guarantee::AtLeastOnce {
                found = without_repetitions(&found, &wanted);
            }
            let same = |place: &usize| match (found.get(*place), wanted.get(*place)) {
                (Some(found), Some(wanted)) => is_it(found, wanted),
                _ => false,
            };
            let Some(place) = (0..found.len().max(wanted.len())).find(|place| !same(place)) else { continue };
            return Err(format!(
                "{what}, key {}, record {place}: found {}, wanted {}; {} found, {} wanted",
                key.unwrap_or("-"),
                found.get(place).map_or("nothing".into(), |record| tell(record)),
                wanted.get(place).map_or("nothing".into(), |wanted| wanted.tell()),
                found.len(),
                wanted.len(),
            ));
        }
        Ok(())
    }
}
