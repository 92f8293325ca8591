//! ARRAY.

use std::cmp::Ordering;
use std::sync::Arc;

use super::{Bound, Call, Function, Param, fixed, function, integer, text};
use crate::types::expr::cast;
use crate::types::{DataType, EvalError, Value, compare, equal};

const T: Param = Param::Generic('T');
const LIST: Param = Param::Array(&T);
const S: Param = Param::String;
const I: Param = Param::Integer;
const L: Param = Param::Bigint;

pub(super) const FUNCTIONS: &[Function] = &[
    function(
        "ARRAY_LENGTH",
        &[fixed(&[LIST], length)],
        "How many elements an array has.",
        &[("ARRAY_LENGTH(ARRAY[1,2])", "2")],
    ),
    function(
        "ARRAY_CONTAINS",
        &[fixed(&[LIST, T], contains)],
        "Whether an array has an element.",
        &[("ARRAY_CONTAINS(ARRAY['a','b'], 'b')", "TRUE"), ("ARRAY_CONTAINS(ARRAY[1], 2)", "FALSE")],
    ),
    function(
        "ARRAY_CONCAT",
        &[fixed(&[LIST, LIST], concat)],
        "The elements of one array and then those of another.",
        &[
            ("ARRAY_CONCAT(ARRAY[1], ARRAY[2,1])", "ARRAY[1,2,1]"),
            ("ARRAY_CONCAT(NULL, ARRAY[2])", "ARRAY[2]"),
        ],
    ),
    function(
        "ARRAY_DISTINCT",
        &[fixed(&[LIST], distinct)],
        "The elements without repetition.",
        &[("ARRAY_DISTINCT(ARRAY['a','b','a'])", "ARRAY['a','b']")],
    ),
    function(
        "ARRAY_UNION",
        &[fixed(&[LIST, LIST], union)],
        "The elements of either array, without repetition.",
        &[("ARRAY_UNION(ARRAY[1,2], ARRAY[2,3])", "ARRAY[1,2,3]")],
    ),
    function(
        "ARRAY_INTERSECT",
        &[fixed(&[LIST, LIST], intersect)],
        "The elements of both arrays, without repetition.",
        &[("ARRAY_INTERSECT(ARRAY[1,2,2], ARRAY[2,3])", "ARRAY[2]")],
    ),
    function(
        "ARRAY_EXCEPT",
        &[fixed(&[LIST, LIST], except)],
        "The elements of the first array that the second lacks, without repetition.",
        &[("ARRAY_EXCEPT(ARRAY[1,2,1], ARRAY[2])", "ARRAY[1]")],
    ),
    function(
        "ARRAY_REMOVE",
        &[fixed(&[LIST, T], remove)],
        "The array without a value.",
        &[("ARRAY_REMOVE(ARRAY[1,2,1], 1)", "ARRAY[2]")],
    ),
    function(
        "ARRAY_MAX",
        &[fixed(&[LIST], max)],
        "The highest element, NULLs left out.",
        &[("ARRAY_MAX(ARRAY[1,NULL,3])", "3")],
    ),
    function(
        "ARRAY_MIN",
        &[fixed(&[LIST], min)],
        "The lowest element, NULLs left out.",
        &[("ARRAY_MIN(ARRAY['b','a'])", "'a'")],
    ),
    function(
        "ARRAY_SORT",
        &[fixed(&[LIST], sort), fixed(&[LIST, S], sort)],
        "The elements in order, ASC or DESC, NULLs last.",
        &[
            ("ARRAY_SORT(ARRAY[3,NULL,1])", "ARRAY[1,3,NULL]"),
            ("ARRAY_SORT(ARRAY[1,3], 'DESC')", "ARRAY[3,1]"),
        ],
    ),
    function(
        "ARRAY_JOIN",
        &[fixed(&[LIST], join), fixed(&[LIST, S], join)],
        "The elements as one text, with a delimiter (by default a comma) between them.",
        &[("ARRAY_JOIN(ARRAY[1,NULL,3], '|')", "'1|null|3'")],
    ),
    function(
        "SLICE",
        &[fixed(&[LIST, I, I], slice)],
        "The elements from one position (from 1) to another.",
        &[("SLICE(ARRAY['a','b','c'], 2, 3)", "ARRAY['b','c']")],
    ),
    function(
        "GENERATE_SERIES",
        &[
            fixed(&[I, I], series),
            fixed(&[I, I, I], series),
            fixed(&[L, L], series),
            fixed(&[L, L, I], series),
        ],
        "The numbers from one to another, by a step.",
        &[("GENERATE_SERIES(1, 3)", "ARRAY[1,2,3]"), ("GENERATE_SERIES(5, 1, -2)", "ARRAY[5,3,1]")],
    ),
];

/// Equal, NULL being equal to NULL.
pub(super) fn same(a: &Value<'_>, b: &Value<'_>) -> bool {
    if a.is_null() || b.is_null() { a.is_null() && b.is_null() } else { equal(a, b) }
}

fn has(list: &[Value<'_>], value: &Value<'_>) -> bool {
    list.iter().any(|v| same(v, value))
}

/// Takes an array out of the arguments; None for NULL.
pub(super) fn take_list<'a>(args: &mut [Value<'a>], index: usize) -> Option<Arc<Vec<Value<'a>>>> {
    match args.get_mut(index).map(std::mem::take) {
        Some(Value::Array(list)) => Some(list),
        _ => None,
    }
}

/// The type of an argument that is a list; that of another where it is an untyped NULL.
fn list_type(call: &Call<'_>) -> Result<DataType, String> {
    let mut types = call.types.iter().flatten();
    types.find(|t| matches!(t, DataType::Array(_))).cloned().ok_or_else(|| "the array has no type".to_owned())
}

fn element_type(call: &Call<'_>) -> Result<DataType, String> {
    match list_type(call)? {
        DataType::Array(element) => Ok(*element),
        other => Ok(other),
    }
}

fn length(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::Integer, |args| {
        Ok(take_list(args, 0).map_or(Value::Null, |list| Value::Integer(list.len() as i32)))
    })
}

fn contains(_: &Call<'_>) -> Result<Bound, String> {
    Bound::of(DataType::Boolean, |args| {
        Ok(Value::Boolean(take_list(args, 0).is_some_and(|list| has(&list, &args[1]))))
    })
}

fn concat(call: &Call<'_>) -> Result<Bound, String> {
    Bound::of(list_type(call)?, |args| {
        Ok(match (take_list(args, 0), take_list(args, 1)) {
            (None, None) => Value::Null,
            (Some(list), None) | (None, Some(list)) => Value::Array(list),
            (Some(a), Some(b)) => Value::Array(Arc::new(a.iter().chain(b.iter()).cloned().collect())),
        })
    })
}

/// The values that `keep` takes, without repetition.
fn unique<'a>(values: impl Iterator<Item = Value<'a>>, keep: impl Fn(&Value<'a>) -> bool) -> Value<'a> {
    let mut kept: Vec<Value<'a>> = Vec::new();
    for value in values {
        if keep(&value) && !has(&kept, &value) {
            kept.push(value);
        }
    }
    Value::Array(Arc::new(kept))
}

fn distinct(call: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(list_type(call)?, |args| {
        Ok(take_list(args, 0).map_or(Value::Null, |list| unique(list.iter().cloned(), |_| true)))
    })
}

fn union(call: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(list_type(call)?, |args| {
        let (a, b) = (take_list(args, 0).unwrap_or_default(), take_list(args, 1).unwrap_or_default());
        Ok(unique(a.iter().chain(b.iter()).cloned(), |_| true))
    })
}

fn intersect(call: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(list_type(call)?, |args| {
        let (a, b) = (take_list(args, 0).unwrap_or_default(), take_list(args, 1).unwrap_or_default());
        Ok(unique(a.iter().cloned(), |value| has(&b, value)))
    })
}

fn except(call: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(list_type(call)?, |args| {
        let (a, b) = (take_list(args, 0).unwrap_or_default(), take_list(args, 1).unwrap_or_default());
        Ok(unique(a.iter().cloned(), |value| !has(&b, value)))
    })
}

fn remove(call: &Call<'_>) -> Result<Bound, String> {
    Bound::of(list_type(call)?, |args| {
        let Some(list) = take_list(args, 0) else { return Ok(Value::Null) };
        let victim = std::mem::take(&mut args[1]);
        Ok(Value::Array(Arc::new(list.iter().filter(|v| !same(v, &victim)).cloned().collect())))
    })
}

fn extreme(call: &Call<'_>, wanted: Ordering) -> Result<Bound, String> {
    Bound::strict(element_type(call)?, move |args| {
        let list = take_list(args, 0).unwrap_or_default();
        let values = list.iter().filter(|v| !v.is_null());
        let best = values.reduce(|best, v| if compare(v, best) == Some(wanted) { v } else { best });
        Ok(best.cloned().unwrap_or_default())
    })
}

fn max(call: &Call<'_>) -> Result<Bound, String> {
    extreme(call, Ordering::Greater)
}

fn min(call: &Call<'_>) -> Result<Bound, String> {
    extreme(call, Ordering::Less)
}

fn sort(call: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(list_type(call)?, |args| {
        let descending = match args.get(1).and_then(Value::as_str).map(str::to_ascii_uppercase).as_deref() {
            None | Some("ASC" | "ASCENDING") => false,
            Some("DESC" | "DESCENDING") => true,
            Some(_) => return Ok(Value::Null),
        };
        let mut list = take_list(args, 0).unwrap_or_default().to_vec();
        list.sort_by(|a, b| match (a.is_null(), b.is_null()) {
            (false, false) => {
                let order = compare(a, b).unwrap_or(Ordering::Equal);
                if descending { order.reverse() } else { order }
            }
            (a, b) => a.cmp(&b),
        });
        Ok(Value::Array(Arc::new(list)))
    })
}

fn join(call: &Call<'_>) -> Result<Bound, String> {
    if matches!(element_type(call)?, DataType::Array(_) | DataType::Map(..) | DataType::Struct(_)) {
        return Err("the elements must be of a primitive type".to_owned());
    }
    Bound::of(DataType::String, |args| {
        let Some(list) = take_list(args, 0) else { return Ok(Value::Null) };
        let delimiter = if args.len() > 1 { text(args, 1) } else { "," };
        let mut joined = String::new();
        for (i, value) in list.iter().enumerate() {
            if i > 0 {
                joined.push_str(delimiter);
            }
            match cast(value.clone(), &DataType::String)? {
                Value::String(text) => joined.push_str(&text),
                _ => joined.push_str("null"),
            }
        }
        Ok(Value::string(joined))
    })
}

fn slice(call: &Call<'_>) -> Result<Bound, String> {
    Bound::of(list_type(call)?, |args| {
        let Some(list) = take_list(args, 0) else { return Ok(Value::Null) };
        // A place that the list does not have makes it NULL, as in ksqlDB.
        let from = usize::try_from(args[1].as_i64().unwrap_or(1) - 1);
        let to = args[2].as_i64().map_or(Ok(list.len()), usize::try_from);
        let part = from.ok().zip(to.ok()).and_then(|(from, to)| list.get(from..to));
        Ok(part.map_or(Value::Null, |part| Value::Array(Arc::new(part.to_vec()))))
    })
}

/// The most elements of a series.
const MAX_SERIES: i64 = 1_000_000;

fn series(call: &Call<'_>) -> Result<Bound, String> {
    let element = call.type_of(0).or(call.type_of(1)).cloned().unwrap_or(DataType::Integer);
    let wide = element == DataType::Bigint;
    Bound::strict(DataType::Array(Box::new(element)), move |args| {
        let (from, to) = (integer(args, 0), integer(args, 1));
        let step = args.get(2).and_then(Value::as_i64).unwrap_or(if to < from { -1 } else { 1 });
        if step == 0 || (to > from && step < 0) || (to < from && step > 0) {
            return Err(EvalError::new(format!("a step of {step} does not lead from {from} to {to}")));
        }
        let count = (i128::from(to) - i128::from(from)) / i128::from(step) + 1;
        let count = i64::try_from(count).ok().filter(|n| *n <= MAX_SERIES);
        let count =
            count.ok_or_else(|| EvalError::new(format!("a series has at most {MAX_SERIES} elements")))?;
        let number = |i: i64| {
            if wide { Value::Bigint(from + i * step) } else { Value::Integer((from + i * step) as i32) }
        };
        Ok(Value::Array(Arc::new((0..count).map(number).collect())))
    })
}
