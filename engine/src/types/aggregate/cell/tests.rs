#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

//! A cell against the accumulator that it stands for, stopped and taken over from a changelog at any point.

use proptest::prelude::*;

use super::*;
use crate::types::aggregate::{Limits, NAMES};

/// A cell with what lies beside it.
struct Held {
    cell: Cell,
    bytes: Vec<u8>,
    beside: Beside,
}

impl Held {
    fn new(aggregate: &Aggregate) -> Self {
        let cell = Cell::of(aggregate);
        let mut held = Self { cell, bytes: vec![0; cell.width()], beside: Beside::default() };
        cell.begin(aggregate, &mut held.bytes, &mut held.beside);
        held
    }

    /// By way of a changelog: the bytes without the place, and what lies beside as an accumulator's bytes.
    fn restored(&self, aggregate: &Aggregate) -> Self {
        let (mut log, mut beside) = (self.bytes.clone(), Vec::new());
        if let Some(accumulator) = self.cell.place(&self.bytes).and_then(|place| self.beside.get(Some(place)))
        {
            self.cell.forget_place(&mut log);
            accumulator.write(&mut beside);
        }
        let mut held = Self::new(aggregate);
        self.cell.load(&mut held.bytes, &log).expect("what was written");
        if !beside.is_empty() {
            let accumulator = Accumulator::read(&mut beside.as_slice()).expect("what was written");
            self.cell.store(&mut held.bytes, &mut held.beside, accumulator).expect("of its own kind");
        }
        held
    }
}

fn types() -> Vec<DataType> {
    vec![
        DataType::Boolean,
        DataType::Integer,
        DataType::Bigint,
        DataType::Double,
        DataType::Decimal { precision: 4, scale: 1 },
        DataType::Decimal { precision: 18, scale: 4 },
        DataType::Decimal { precision: 30, scale: 2 },
        DataType::String,
        DataType::Bytes,
        DataType::Date,
        DataType::Time,
        DataType::Timestamp,
        DataType::Array(Box::new(DataType::Integer)),
    ]
}

/// A value of the type made of a number: small ones meet again, great ones overflow sums.
fn value(data_type: &DataType, n: i64) -> Value<'static> {
    match data_type {
        DataType::Boolean => Value::Boolean(n % 2 == 0),
        DataType::Integer => Value::Integer(n as i32),
        DataType::Bigint => Value::Bigint(n),
        DataType::Double => Value::Double(n as f64 / 8.0),
        DataType::Decimal { precision, scale } => {
            let most = 10i128.pow(*precision);
            Value::Decimal(Decimal::new(i128::from(n) % most, *scale))
        }
        DataType::String => Value::String(format!("é{n}").repeat((n.unsigned_abs() % 9) as usize).into()),
        DataType::Bytes => Value::Bytes(n.to_le_bytes().to_vec().into()),
        DataType::Date => Value::Date(n as i32),
        DataType::Time => Value::Time(n as i32),
        DataType::Timestamp => Value::Timestamp(n),
        _ => Value::Array(vec![Value::Integer(n as i32)].into()),
    }
}

/// Every function of one column of these types, and COUNT(*).
fn aggregates() -> Vec<Aggregate> {
    let bound = |types: &[DataType], literals: &[Option<Value<'static>>]| {
        let bind = |name: &&str| Aggregate::bind(name, types, literals, Limits::default()).ok();
        NAMES.iter().filter_map(bind).collect::<Vec<_>>()
    };
    let mut all = bound(&[], &[]);
    for data_type in types() {
        all.extend(bound(std::slice::from_ref(&data_type), &[None]));
        let constants = [(DataType::Integer, Value::Integer(2)), (DataType::Boolean, Value::Boolean(false))];
        for (constant, literal) in constants {
            all.extend(bound(&[data_type.clone(), constant], &[None, Some(literal)]));
        }
    }
    all
}

#[derive(Debug, Clone)]
enum Step {
    Add(Option<i64>),
    Undo(Option<i64>),
    Stop,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let number =
        || prop_oneof![4 => (0..8i64).prop_map(Some), 1 => any::<i64>().prop_map(Some), 1 => Just(None)];
    let step = prop_oneof![
        5 => number().prop_map(Step::Add),
        1 => number().prop_map(Step::Undo),
        1 => Just(Step::Stop),
    ];
    prop::collection::vec(step, 0..12)
}

fn check(aggregate: &Aggregate, steps: &[Step]) {
    let (mut held, mut accumulator) = (Held::new(aggregate), aggregate.start());
    let argument = |n: Option<i64>| {
        let data_type = aggregate.argument.as_ref()?;
        Some(n.map_or(Value::Null, |n| value(data_type, n)))
    };
    for step in steps {
        let (cell, (of_cell, of_accumulator)) = (
            held.cell,
            match step {
                Step::Add(n) => {
                    let value = argument(*n);
                    let taken = held.cell.add(aggregate, &mut held.bytes, &mut held.beside, value.as_ref());
                    (taken, aggregate.add(&mut accumulator, value.as_ref()))
                }
                Step::Undo(n) if aggregate.has_undo() => {
                    let value = argument(*n);
                    let taken = held.cell.undo(aggregate, &mut held.bytes, &mut held.beside, value.as_ref());
                    (taken, aggregate.undo(&mut accumulator, value.as_ref()))
                }
                Step::Undo(_) => continue,
                Step::Stop => {
                    held = held.restored(aggregate);
                    (Ok(()), Ok(()))
                }
            },
        );
        assert_eq!(of_cell.is_err(), of_accumulator.is_err(), "{aggregate} {step:?}");
        let result = cell.result(aggregate, &held.bytes, &held.beside);
        // As text, in which NaN is itself.
        let (result, expected) = (format!("{result:?}"), format!("{:?}", aggregate.result(&accumulator)));
        assert_eq!(result, expected, "{aggregate} as {cell:?} after {step:?}");
    }
    held.cell.end(&held.bytes, &mut held.beside);
    assert!(held.beside.is_empty(), "{aggregate} leaves something beside");
}

proptest! {
    #[test]
    fn a_cell_behaves_as_its_accumulator(steps in steps()) {
        for aggregate in aggregates() {
            check(&aggregate, &steps);
        }
    }
}

#[test]
fn numbers_and_short_texts_lie_in_place() {
    let width = |name: &str, data_type| {
        Cell::of(&Aggregate::bind(name, &[data_type], &[None], Limits::default()).unwrap()).width()
    };
    assert_eq!(width("COUNT", DataType::String), 8);
    assert_eq!(width("SUM", DataType::Decimal { precision: 18, scale: 4 }), 8);
    assert_eq!(width("SUM", DataType::Decimal { precision: 19, scale: 4 }), 16);
    assert_eq!(width("AVG", DataType::Double), 16);
    assert_eq!(width("MAX", DataType::Bigint), 9);
    assert_eq!(width("LATEST_BY_OFFSET", DataType::String), 39);
}

#[test]
fn damaged_cells_are_refused() {
    let mut bytes = [0; 39];
    let cell = Cell::Text { short: SHORT };
    let text = |flag: u8, first: u8| {
        let mut from = [0; 39];
        (from[0], from[1]) = (flag, first);
        from
    };
    assert!(cell.load(&mut bytes, &text(IN_PLACE + 1, b'x')).is_some());
    assert!(cell.load(&mut bytes, &text(IN_PLACE + 1, 0xFF)).is_none());
    assert!(cell.load(&mut bytes, &text(IN_PLACE + SHORT as u8 + 1, b'x')).is_none());
    assert!(Cell::Kept(Scalar::Date).load(&mut [0; 5], &[IN_PLACE + 1, 0, 0, 0, 0]).is_none());
    let mut beside = Beside::default();
    assert!(cell.store(&mut bytes, &mut beside, Accumulator::Whole(1)).is_none());
    assert!(Cell::Whole.store(&mut [0; 8], &mut beside, Accumulator::Whole(1)).is_none());
}

#[test]
fn texts_move_to_wider_cells() {
    let aggregate =
        Aggregate::bind("LATEST_BY_OFFSET", &[DataType::String], &[None], Limits::default()).unwrap();
    for len in [0, 15, 16, 17, 24, 25, 38, 39, 100] {
        let text = "x".repeat(len);
        let (mut beside, narrow) = (Beside::default(), Cell::of(&aggregate).with_texts(TEXTS[0]));
        let mut bytes = vec![0; narrow.width()];
        narrow.add(&aggregate, &mut bytes, &mut beside, Some(&Value::str(&text))).unwrap();
        assert_eq!(beside.asked(), if (17..=SHORT).contains(&len) { len } else { 0 });
        for short in &TEXTS[1..] {
            let wide = narrow.with_texts(*short);
            let mut wider = vec![0; wide.width()];
            wide.widen(&mut wider, &mut beside, &bytes);
            assert_eq!(wide.result(&aggregate, &wider, &beside), Value::str(&text));
            assert_eq!(beside.is_empty(), len <= *short);
            bytes = wider;
        }
    }
}
