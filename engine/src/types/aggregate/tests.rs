#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

//! The documented examples; accumulators stopped and restored, taken apart and put together again.

use super::*;
use crate::types::expr::cast;

fn int(n: i32) -> Value<'static> {
    Value::Integer(n)
}

fn bind(name: &str, types: &[DataType], literals: &[Option<Value<'static>>]) -> Aggregate {
    Aggregate::bind(name, types, literals, Limits::default()).expect(name)
}

/// A call of one INT column with these constants behind it.
fn of_int(name: &str, constants: &[Value<'static>]) -> Aggregate {
    let type_of = |value: &Value<'_>| match value {
        Value::Boolean(_) => DataType::Boolean,
        _ => DataType::Integer,
    };
    let types: Vec<_> = std::iter::once(DataType::Integer).chain(constants.iter().map(type_of)).collect();
    let literals: Vec<_> = std::iter::once(None).chain(constants.iter().cloned().map(Some)).collect();
    bind(name, &types, &literals)
}

/// Every function that takes an INT column.
fn all_of_int() -> Vec<Aggregate> {
    let (two, no) = (int(2), Value::Boolean(false));
    let plain = [
        "ATTR",
        "AVG",
        "COLLECT_LIST",
        "COLLECT_SET",
        "COUNT",
        "COUNT_DISTINCT",
        "MAX",
        "MIN",
        "STDDEV_SAMP",
        "STDDEV_SAMPLE",
        "SUM",
    ];
    let mut all: Vec<_> = plain.iter().map(|name| of_int(name, &[])).collect();
    for name in ["EARLIEST_BY_OFFSET", "LATEST_BY_OFFSET"] {
        for constants in [vec![], vec![no.clone()], vec![two.clone()], vec![two.clone(), no.clone()]] {
            all.push(of_int(name, &constants));
        }
    }
    all.extend(["TOPK", "TOPKDISTINCT"].map(|name| of_int(name, std::slice::from_ref(&two))));
    all
}

fn fed(aggregate: &Aggregate, values: &[Value<'_>]) -> Accumulator {
    let mut accumulator = aggregate.start();
    for value in values {
        let value = match &aggregate.argument {
            Some(to) => cast(value.clone(), to).unwrap(),
            None => value.clone(),
        };
        aggregate.add(&mut accumulator, Some(&value)).unwrap();
    }
    accumulator
}

#[test]
fn every_function_is_documented() {
    let documented: Vec<_> = DOCS.iter().map(|doc| doc.name).collect();
    assert_eq!(documented, NAMES);
}

#[test]
fn what_is_said_of_tables_is_so() {
    for aggregate in all_of_int() {
        let text = aggregate.to_string();
        let is_said = |doc: &&Doc| text.starts_with(doc.name.trim_end_matches("_BY_OFFSET"));
        let doc = DOCS.iter().filter(is_said).max_by_key(|doc| doc.name.len()).unwrap();
        assert_eq!(doc.on_tables, aggregate.has_undo(), "{text}");
    }
}

#[test]
fn what_was_written_is_read_back_and_goes_on_alike() {
    let values = [int(5), Value::Null, int(-3), int(5), int(7), int(2)];
    for aggregate in all_of_int() {
        for stop in 0..values.len() {
            let mut accumulator = fed(&aggregate, &values[..stop]);
            let mut bytes = Vec::new();
            accumulator.write(&mut bytes);
            let mut rest = bytes.as_slice();
            let mut restored = Accumulator::read(&mut rest).expect("what was written");
            assert!(rest.is_empty());
            assert_eq!(restored, accumulator, "{aggregate}");
            for cut in 0..bytes.len() {
                assert_eq!(Accumulator::read(&mut &bytes[..cut]), None, "{aggregate} cut at {cut}");
            }
            let next = cast(values[stop].clone(), aggregate.argument.as_ref().unwrap()).unwrap();
            aggregate.add(&mut accumulator, Some(&next)).unwrap();
            aggregate.add(&mut restored, Some(&next)).unwrap();
            assert_eq!(aggregate.result(&restored), aggregate.result(&accumulator), "{aggregate}");
        }
    }
}

#[test]
fn what_is_taken_out_leaves_what_was_there() {
    let values = [int(5), Value::Null, int(8)];
    for aggregate in all_of_int().into_iter().filter(Aggregate::has_undo) {
        let before = fed(&aggregate, &values);
        let mut after = before.clone();
        for value in [int(3), Value::Null, int(5)] {
            let value = cast(value, aggregate.argument.as_ref().unwrap()).unwrap();
            aggregate.add(&mut after, Some(&value)).unwrap();
            aggregate.undo(&mut after, Some(&value)).unwrap();
        }
        assert_eq!(aggregate.result(&after), aggregate.result(&before), "{aggregate}");
    }
}

#[test]
fn two_halves_make_the_whole() {
    let values = [int(5), Value::Null, int(-3), int(5), int(7), int(2), Value::Null];
    for aggregate in all_of_int() {
        let whole = fed(&aggregate, &values);
        for cut in 0..=values.len() {
            let (mut first, second) = (fed(&aggregate, &values[..cut]), fed(&aggregate, &values[cut..]));
            aggregate.merge(&mut first, &second).unwrap();
            let (merged, whole) = (aggregate.result(&first), aggregate.result(&whole));
            match (merged.as_f64(), whole.as_f64()) {
                (Some(a), Some(b)) => assert!((a - b).abs() < 1e-9, "{aggregate} at {cut}: {a} {b}"),
                _ => assert_eq!(merged, whole, "{aggregate} at {cut}"),
            }
        }
    }
}

#[test]
fn a_list_stops_at_its_limit() {
    let limits = Limits { list: 2, set: 1 };
    let collected = |name, values: &[Value<'_>]| {
        let aggregate = Aggregate::bind(name, &[DataType::Integer], &[None], limits).unwrap();
        let accumulator = fed(&aggregate, values);
        aggregate.result(&accumulator).into_owned()
    };
    let values = [int(1), int(1), int(2)];
    assert_eq!(collected("COLLECT_LIST", &values), Value::Array(vec![int(1), int(1)].into()));
    assert_eq!(collected("COLLECT_SET", &values), Value::Array(vec![int(1)].into()));
}

#[test]
fn a_tie_keeps_the_first() {
    let types = [DataType::Integer, DataType::String, DataType::Integer];
    let aggregate = bind("TOPK", &types, &[None, None, Some(int(2))]);
    assert_eq!(aggregate.columns(), 2);
    let row = |n, text: &'static str| Value::Struct(vec![int(n), Value::str(text)].into());
    let mut accumulator = aggregate.start();
    for value in [row(1, "a"), row(1, "b"), row(1, "c"), row(3, "d")] {
        aggregate.add(&mut accumulator, Some(&value)).unwrap();
    }
    assert_eq!(aggregate.result(&accumulator), Value::Array(vec![row(3, "d"), row(1, "a")].into()));
}

#[test]
fn what_does_not_fit_is_refused_with_the_signature() {
    let refused = |name: &str, types: &[DataType], literals: &[Option<Value<'static>>]| {
        Aggregate::bind(name, types, literals, Limits::default()).unwrap_err().message
    };
    let (text, number) = (DataType::String, DataType::Integer);
    assert_eq!(
        refused("HISTOGRAM", std::slice::from_ref(&number), &[None]),
        "HISTOGRAM cannot be applied: it is HISTOGRAM(VARCHAR)"
    );
    assert_eq!(
        refused("SUM", std::slice::from_ref(&text), &[None]),
        "SUM cannot be applied: it is SUM(number)"
    );
    assert!(refused("TOPK", &[number.clone(), number.clone()], &[None, None]).contains("a constant"));
    assert!(refused("TOPK", &[number.clone(), number.clone()], &[None, Some(int(0))]).contains("above 0"));
    assert!(
        refused("LATEST_BY_OFFSET", &[number, DataType::Boolean], &[None, None]).contains("TRUE or FALSE")
    );
}
