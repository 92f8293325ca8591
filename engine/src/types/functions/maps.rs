//! MAP.

use std::cmp::Ordering;
use std::sync::Arc;

use super::collections::{same, take_list};
use super::{Bound, Call, Function, Param, fixed, function};
use crate::types::{DataType, Field, Value, compare};

const K: Param = Param::Generic('K');
const V: Param = Param::Generic('V');
const MAP: Param = Param::Map(&K, &V);
const S: Param = Param::String;

pub(super) const FUNCTIONS: &[Function] = &[
    function(
        "MAP_KEYS",
        &[fixed(&[MAP], keys)],
        "The keys of a map.",
        &[("MAP_KEYS(MAP('a':=1,'b':=2))", "ARRAY['a','b']")],
    ),
    function(
        "MAP_VALUES",
        &[fixed(&[MAP], values)],
        "The values of a map.",
        &[("MAP_VALUES(MAP('a':=1,'b':=2))", "ARRAY[1,2]")],
    ),
    function(
        "MAP_UNION",
        &[fixed(&[MAP, MAP], map_union)],
        "The entries of both maps; where both have a key, the second's.",
        &[("MAP_UNION(MAP('a':=1,'b':=2), MAP('b':=3))", "MAP('a':=1,'b':=3)")],
    ),
    function(
        "AS_MAP",
        &[fixed(&[Param::Array(&S), Param::Array(&V)], as_map)],
        "A map of an array of keys and one of values.",
        &[("AS_MAP(ARRAY['a','b'], ARRAY[1,2])", "MAP('a':=1,'b':=2)")],
    ),
    function(
        "ENTRIES",
        &[fixed(&[Param::Map(&S, &V), Param::Boolean], entries)],
        "The entries of a map as structs of K and V, sorted by key where asked.",
        &[("ARRAY_LENGTH(ENTRIES(MAP('b':=1,'a':=2), TRUE))", "2")],
    ),
];

type Entries<'a> = Arc<Vec<(Value<'a>, Value<'a>)>>;

fn take_map<'a>(args: &mut [Value<'a>], index: usize) -> Option<Entries<'a>> {
    match args.get_mut(index).map(std::mem::take) {
        Some(Value::Map(entries)) => Some(entries),
        _ => None,
    }
}

/// The types of a map's keys and values.
fn map_types(call: &Call<'_>) -> Result<(DataType, DataType), String> {
    match call.types.iter().flatten().next() {
        Some(DataType::Map(key, value)) => Ok(((**key).clone(), (**value).clone())),
        _ => Err("the map has no type".to_owned()),
    }
}

fn keys(call: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::Array(Box::new(map_types(call)?.0)), |args| {
        let entries = take_map(args, 0).unwrap_or_default();
        Ok(Value::Array(Arc::new(entries.iter().map(|(key, _)| key.clone()).collect())))
    })
}

fn values(call: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::Array(Box::new(map_types(call)?.1)), |args| {
        let entries = take_map(args, 0).unwrap_or_default();
        Ok(Value::Array(Arc::new(entries.iter().map(|(_, value)| value.clone()).collect())))
    })
}

/// A map of entries, of which the last with a key counts.
fn map_of<'a>(entries: impl Iterator<Item = (Value<'a>, Value<'a>)>) -> Value<'a> {
    let mut kept: Vec<(Value<'a>, Value<'a>)> = Vec::new();
    for (key, value) in entries {
        match kept.iter_mut().find(|(known, _)| same(known, &key)) {
            Some(entry) => entry.1 = value,
            None => kept.push((key, value)),
        }
    }
    Value::Map(Arc::new(kept))
}

fn map_union(call: &Call<'_>) -> Result<Bound, String> {
    let (key, value) = map_types(call)?;
    Bound::of(DataType::Map(Box::new(key), Box::new(value)), |args| {
        Ok(match (take_map(args, 0), take_map(args, 1)) {
            (None, None) => Value::Null,
            (a, b) => map_of(a.iter().chain(b.iter()).flat_map(|entries| entries.iter().cloned())),
        })
    })
}

fn as_map(call: &Call<'_>) -> Result<Bound, String> {
    let value = match call.type_of(1) {
        Some(DataType::Array(value)) => value.clone(),
        _ => return Err("the array of values has no type".to_owned()),
    };
    Bound::strict(DataType::Map(Box::new(DataType::String), value), |args| {
        let (keys, values) = (take_list(args, 0).unwrap_or_default(), take_list(args, 1).unwrap_or_default());
        Ok(map_of(keys.iter().cloned().zip(values.iter().cloned())))
    })
}

fn entries(call: &Call<'_>) -> Result<Bound, String> {
    let (key, value) = map_types(call)?;
    let field = |name: &str, data_type| Field { name: name.to_owned(), data_type };
    let entry = DataType::Struct(vec![field("K", key), field("V", value)]);
    Bound::strict(DataType::Array(Box::new(entry)), |args| {
        let sorted = matches!(args.get(1), Some(Value::Boolean(true)));
        let mut entries = take_map(args, 0).unwrap_or_default().to_vec();
        if sorted {
            entries.sort_by(|(a, _), (b, _)| compare(a, b).unwrap_or(Ordering::Equal));
        }
        let entry = |(key, value)| Value::Struct(Arc::new(vec![key, value]));
        Ok(Value::Array(Arc::new(entries.into_iter().map(entry).collect())))
    })
}
