//! Functions that keep a list: COLLECT_LIST, COLLECT_SET, TOPK, TOPKDISTINCT and the first or last N.
//!
//! What holds: the list is what the function returns, so that a result costs no copy; it never grows past
//! the function's limit.

use std::cmp::Ordering;

use super::Function;
use crate::types::compare::same;
use crate::types::{Value, compare};

/// What a list holds.
pub(super) type List = Vec<Value<'static>>;

/// Takes a value.
pub(super) fn add(function: Function, list: &mut List, value: &Value<'_>) {
    let keep = |list: &mut List| list.push(value.clone().into_owned());
    match function {
        Function::CollectList { limit } if list.len() < limit as usize => keep(list),
        Function::CollectSet { limit }
            if list.len() < limit as usize && !list.iter().any(|mine| same(mine, value)) =>
        {
            keep(list);
        }
        Function::EarliestN { n, ignore_nulls }
            if list.len() < n as usize && !(ignore_nulls && value.is_null()) =>
        {
            keep(list);
        }
        Function::LatestN { n, ignore_nulls } if !(ignore_nulls && value.is_null()) => {
            if list.len() >= n as usize {
                list.remove(0);
            }
            keep(list);
        }
        Function::TopK { k, .. } => rank(list, value, k as usize, false),
        Function::TopKDistinct { k } => rank(list, value, k as usize, true),
        _ => {}
    }
}

/// What a value is ranked by: itself, or the first field of TOPK's struct.
fn rank_of<'v>(value: &'v Value<'_>) -> Value<'v> {
    match value {
        Value::Struct(fields) => fields.first().map_or(Value::Null, Value::borrowed),
        other => other.borrowed(),
    }
}

/// Puts a value in its place, greatest first and behind its equals, and drops the last one past `k`.
fn rank(list: &mut List, value: &Value<'_>, k: usize, distinct: bool) {
    let rank = rank_of(value);
    if rank.is_null() {
        return;
    }
    let order = |mine: &Value<'_>| compare(&rank, &rank_of(mine)).unwrap_or(Ordering::Equal);
    let place = list.iter().position(|mine| order(mine) == Ordering::Greater).unwrap_or(list.len());
    let is_there = place > 0 && order(&list[place - 1]) == Ordering::Equal;
    if place < k && !(distinct && is_there) {
        list.truncate(k - 1);
        list.insert(place, value.clone().into_owned());
    }
}

/// Takes a value out of COLLECT_LIST: the last one that is equal, as ksqlDB does.
pub(super) fn undo(list: &mut List, value: &Value<'_>) {
    if let Some(place) = list.iter().rposition(|mine| same(mine, value)) {
        list.remove(place);
    }
}

/// Adds another list's values, as the later ones.
pub(super) fn merge(function: Function, list: &mut List, later: &List) {
    later.iter().for_each(|value| add(function, list, value));
}
