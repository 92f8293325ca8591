//! What holds for all schemas and records.

use proptest::prelude::*;

use super::*;
use crate::types::Decimal;

pub(super) fn scalar_type() -> impl Strategy<Value = DataType> {
    prop_oneof![
        Just(DataType::Boolean),
        Just(DataType::Integer),
        Just(DataType::Bigint),
        Just(DataType::Double),
        (1u32..=38, 0u32..=38).prop_map(|(p, s)| DataType::Decimal { precision: p, scale: s.min(p) }),
        Just(DataType::String),
        Just(DataType::Bytes),
        Just(DataType::Date),
        Just(DataType::Time),
        Just(DataType::Timestamp),
    ]
}

pub(super) fn any_type() -> impl Strategy<Value = DataType> {
    scalar_type().prop_recursive(3, 8, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(list),
            inner.clone().prop_map(map),
            proptest::collection::vec(inner, 1..3).prop_map(|types| {
                let names = ["F", "g", "H-1"];
                let fields: Vec<_> = names.into_iter().zip(types).collect();
                structure(&fields)
            }),
        ]
    })
}

fn value_of(data_type: &DataType) -> BoxedStrategy<Value<'static>> {
    let some = match data_type {
        DataType::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        DataType::Integer => any::<i32>().prop_map(Value::Integer).boxed(),
        DataType::Bigint => any::<i64>().prop_map(Value::Bigint).boxed(),
        DataType::Double => any::<f64>()
            .prop_filter("NaN differs from itself", |v| !v.is_nan())
            .prop_map(Value::Double)
            .boxed(),
        DataType::Decimal { precision, scale } => {
            let (limit, scale) = (10i128.pow(*precision), *scale);
            any::<i128>().prop_map(move |n| Value::Decimal(Decimal::new(n % limit, scale))).boxed()
        }
        DataType::String => ".{0,12}".prop_map(Value::string).boxed(),
        DataType::Bytes => {
            proptest::collection::vec(any::<u8>(), 0..9).prop_map(|b| Value::Bytes(b.into())).boxed()
        }
        DataType::Date => any::<i32>().prop_map(Value::Date).boxed(),
        DataType::Time => (0..86_400_000i32).prop_map(Value::Time).boxed(),
        DataType::Timestamp => any::<i64>().prop_map(Value::Timestamp).boxed(),
        DataType::Array(element) => {
            proptest::collection::vec(value_of(element), 0..4).prop_map(|v| Value::Array(v.into())).boxed()
        }
        DataType::Map(_, value) => proptest::collection::btree_map(".{0,5}", value_of(value), 0..4)
            .prop_map(|m| {
                Value::Map(m.into_iter().map(|(k, v)| (Value::string(k), v)).collect::<Vec<_>>().into())
            })
            .boxed(),
        DataType::Struct(fields) => {
            let values: Vec<_> = fields.iter().map(|f| value_of(&f.data_type)).collect();
            values.prop_map(|v| Value::Struct(v.into())).boxed()
        }
    };
    prop_oneof![1 => Just(Value::Null), 5 => some].boxed()
}

/// Columns with a row of them.
pub(super) fn rows(
    types: impl Strategy<Value = DataType>,
) -> impl Strategy<Value = (Vec<Column>, Vec<Value<'static>>)> {
    proptest::collection::vec(types, 1..6).prop_flat_map(|types| {
        let values: Vec<_> = types.iter().map(value_of).collect();
        let named =
            types.into_iter().enumerate().map(|(i, t)| Column::new(format!("C{i}"), t)).collect::<Vec<_>>();
        (Just(named), values)
    })
}

/// Empty text and NULL are the same in DELIMITED.
pub(super) fn without_empty(row: Vec<Value<'static>>) -> Vec<Value<'static>> {
    let empty = |v: &Value<'_>| {
        matches!(v, Value::String(s) if s.is_empty()) || matches!(v, Value::Bytes(b) if b.is_empty())
    };
    row.into_iter().map(|v| if empty(&v) { Value::Null } else { v }).collect()
}

pub(super) fn json_value() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_filter("finite", |v| v.is_finite()).prop_map(Into::into),
        ".{0,8}".prop_map(Into::into),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            proptest::collection::vec((".{0,4}", inner), 0..4)
                .prop_map(|fields| serde_json::Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn json_round_trip((columns, row) in rows(any_type())) {
        let text = encode(&JSON, &columns, &row).unwrap();
        prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{}", text);
        let (presence, back) = decode(&JSON, &columns, text.as_bytes()).unwrap();
        prop_assert_eq!(presence, Presence::Value);
        prop_assert_eq!(back, row);
    }

    #[test]
    fn delimited_round_trip((columns, row) in rows(scalar_type())) {
        let row = without_empty(row);
        prop_assume!(row.iter().all(|v| !v.as_str().is_some_and(|s| s.contains(['\r', '\n']))));
        let text = encode(&CSV, &columns, &row).unwrap();
        prop_assert_eq!(decode(&CSV, &columns, text.as_bytes()).unwrap().1, row);
    }

    /// What is JSON to serde_json is JSON here, and the other way round.
    #[test]
    fn agrees_with_serde_json_on_what_is_json(value in json_value(), cut in proptest::option::of((0usize..40, ".?"))) {
        let mut text = value.to_string();
        if let Some((at, with)) = cut {
            let at = text.char_indices().map(|(i, _)| i).nth(at % text.chars().count()).unwrap();
            let end = text[at..].chars().next().map_or(at, |c| at + c.len_utf8());
            text.replace_range(at..end, &with);
        }
        let columns = columns(&[("V", DataType::String)]);
        let theirs = serde_json::from_str::<Box<serde_json::value::RawValue>>(&text).is_ok();
        let ours = decode(&BARE, &columns, text.as_bytes());
        prop_assert_eq!(ours.is_ok(), theirs, "{:?} {:?}", ours, text);
    }

    /// Scalars have the values that serde_json reads.
    #[test]
    fn agrees_with_serde_json_on_values(integer in any::<i64>(), double in any::<f64>(), text in ".{0,20}") {
        prop_assume!(double.is_finite());
        let record = serde_json::json!({"i": integer, "d": double, "s": text}).to_string();
        let columns = columns(&[("D", DataType::Double), ("I", DataType::Bigint), ("S", DataType::String)]);
        let row = decode(&JSON, &columns, record.as_bytes()).unwrap().1;
        prop_assert_eq!(row, vec![Value::Double(double), Value::Bigint(integer), Value::string(text)]);
    }

    #[test]
    fn doubles_are_read_to_the_nearest(text in "-?(0|[1-9][0-9]{0,18})(\\.[0-9]{1,25})?(e-?[0-9]{1,2})?") {
        prop_assert_eq!(read(&DataType::Double, &text), Ok(Value::Double(text.parse().unwrap())));
    }

    #[test]
    fn no_bytes_panic((columns, _) in rows(any_type()), bytes in proptest::collection::vec(any::<u8>(), 0..60), text in "[\\[\\]{}:,\"\\\\0-9eE.+\\-truefalsnuC ]{0,40}") {
        for spec in [JSON, BARE, CSV, KAFKA] {
            if let Ok(decoder) = Decoder::new(&spec, &columns, &vec![true; columns.len()]) {
                let _ = decoder.decode(&bytes, &mut vec![Value::Null; columns.len()]);
                let _ = decoder.decode(text.as_bytes(), &mut vec![Value::Null; columns.len()]);
            }
        }
    }
}
