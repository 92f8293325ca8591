//! Functions that count values: HISTOGRAM and ATTR.
//!
//! What holds: the pairs are (value, a BIGINT above 0), in order of the value's first occurrence.

use super::Function;
use crate::types::Value;
use crate::types::compare::same;

/// Values and how often they occurred.
pub(super) type Counts = Vec<(Value<'static>, Value<'static>)>;

/// The most values that HISTOGRAM counts, as in ksqlDB; others are ignored.
const HISTOGRAM_LIMIT: usize = 1000;

/// Counts a value `times` more; a negative number takes it out.
pub(super) fn count(function: Function, counts: &mut Counts, value: &Value<'_>, times: i64) {
    // ATTR tells a NULL from no record at all.
    if function == Function::Histogram && value.is_null() {
        return;
    }
    match counts.iter().position(|(mine, _)| same(mine, value)) {
        Some(place) => {
            let total = counts[place].1.as_i64().unwrap_or_default().saturating_add(times);
            if total > 0 {
                counts[place].1 = Value::Bigint(total);
            } else {
                counts.remove(place);
            }
        }
        None if times > 0 && !(function == Function::Histogram && counts.len() >= HISTOGRAM_LIMIT) => {
            counts.push((value.clone().into_owned(), Value::Bigint(times)));
        }
        None => {}
    }
}

/// Adds another accumulator's counts.
pub(super) fn merge(function: Function, counts: &mut Counts, later: &Counts) {
    for (value, times) in later {
        count(function, counts, value, times.as_i64().unwrap_or_default());
    }
}

/// ATTR's result: the only value that there is.
pub(super) fn only(counts: &Counts) -> Value<'_> {
    match counts.as_slice() {
        [(value, _)] => value.borrowed(),
        _ => Value::Null,
    }
}
