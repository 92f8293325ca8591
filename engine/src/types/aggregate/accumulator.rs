//! What an aggregate function remembers of the values it has seen.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use super::counts::{self, Counts};
use super::lists::{self, List};
use super::moments::Moments;
use super::{Aggregate, Function, Kept};
use crate::types::{DataType, Decimal, EvalError, Value, compare};

/// The state of one aggregate of one group and window.
#[derive(Debug, Clone, PartialEq)]
pub enum Accumulator {
    /// COUNT, and SUM of INT and BIGINT.
    Whole(i64),
    /// SUM of DOUBLE.
    Double(f64),
    /// SUM of DECIMAL.
    Decimal(Decimal),
    /// AVG of INT and BIGINT: the sum wraps as Java's long does, so it is exactly ksqlDB's.
    WholeMean {
        /// Sum.
        sum: i64,
        /// Count.
        count: i64,
    },
    /// AVG of DOUBLE.
    Mean {
        /// Sum.
        sum: f64,
        /// Count.
        count: i64,
    },
    /// MIN, MAX, LATEST and EARLIEST.
    Value(Kept),
    /// COUNT_DISTINCT: the values' bytes.
    Distinct(BTreeSet<Box<[u8]>>),
    /// COLLECT_LIST, COLLECT_SET, TOPK, TOPKDISTINCT, and the first or last N. Shared with the row that is
    /// being written, and with nobody else.
    List(Arc<List>),
    /// HISTOGRAM and ATTR; shared as a list is.
    Counts(Arc<Counts>),
    /// CORRELATION, STDDEV_SAMP and STDDEV_SAMPLE.
    Moments(Box<Moments>),
}

impl Accumulator {
    /// Before any value.
    pub(super) fn start(aggregate: &Aggregate) -> Self {
        let double = aggregate.argument == Some(DataType::Double);
        match (aggregate.function, &aggregate.returns) {
            (Function::Sum, DataType::Double) => Accumulator::Double(0.0),
            (Function::Sum, DataType::Decimal { scale, .. }) => Accumulator::Decimal(Decimal::new(0, *scale)),
            (Function::Count | Function::Sum, _) => Accumulator::Whole(0),
            (Function::Avg, _) if double => Accumulator::Mean { sum: 0.0, count: 0 },
            (Function::Avg, _) => Accumulator::WholeMean { sum: 0, count: 0 },
            (Function::CountDistinct, _) => Accumulator::Distinct(BTreeSet::new()),
            (
                Function::CollectList { .. }
                | Function::CollectSet { .. }
                | Function::TopK { .. }
                | Function::TopKDistinct { .. }
                | Function::LatestN { .. }
                | Function::EarliestN { .. },
                _,
            ) => Accumulator::List(Arc::default()),
            (Function::Histogram | Function::Attr, _) => Accumulator::Counts(Arc::default()),
            (Function::Correlation | Function::Variance | Function::Deviation, _) => {
                Accumulator::Moments(Box::default())
            }
            (Function::Min | Function::Max | Function::Latest { .. } | Function::Earliest { .. }, _) => {
                Accumulator::Value(Kept::NOTHING)
            }
        }
    }

    /// The memory that it has beside itself, in bytes.
    pub fn heap_size(&self) -> usize {
        match self {
            Accumulator::Value(kept) => kept.heap_size(),
            Accumulator::Distinct(values) => values.iter().map(|value| value.len() + 32).sum(),
            Accumulator::List(list) => list.iter().map(|v| size_of::<Value<'_>>() + v.heap_size()).sum(),
            Accumulator::Counts(counts) => {
                counts.iter().map(|(value, _)| 2 * size_of::<Value<'_>>() + value.heap_size()).sum()
            }
            Accumulator::Moments(_) => size_of::<Moments>(),
            _ => 0,
        }
    }

    /// Takes a value.
    pub(super) fn add(&mut self, aggregate: &Aggregate, value: Option<&Value<'_>>) -> Result<(), EvalError> {
        let Some(value) = value else {
            if let Accumulator::Whole(count) = self {
                *count += 1;
            }
            return Ok(());
        };
        match self {
            Accumulator::Value(kept) => {
                take_value(aggregate.function, kept, value);
                return Ok(());
            }
            Accumulator::List(list) => {
                lists::add(aggregate.function, Arc::make_mut(list), value);
                return Ok(());
            }
            Accumulator::Counts(counts) => {
                counts::count(aggregate.function, Arc::make_mut(counts), value, 1);
                return Ok(());
            }
            _ if value.is_null() => return Ok(()),
            _ => {}
        }
        if let (Function::Sum, Value::Array(values)) = (aggregate.function, value) {
            let mut sum = self.clone();
            values.iter().try_for_each(|value| sum.add(aggregate, Some(value)))?;
            *self = sum;
            return Ok(());
        }
        match self {
            Accumulator::Whole(sum) if aggregate.function == Function::Sum => {
                *sum = add_whole(aggregate, *sum, value)?;
            }
            Accumulator::Whole(count) => *count += 1,
            Accumulator::Double(sum) => *sum += value.as_f64().unwrap_or_default(),
            Accumulator::Decimal(sum) => *sum = add_decimal(aggregate, *sum, value)?,
            Accumulator::WholeMean { sum, count } => {
                *sum = sum.wrapping_add(value.as_i64().unwrap_or_default());
                *count += 1;
            }
            Accumulator::Mean { sum, count } => {
                *sum += value.as_f64().unwrap_or_default();
                *count += 1;
            }
            Accumulator::Distinct(values) => {
                let mut bytes = Vec::new();
                super::codec::write_value(&mut bytes, value);
                values.insert(bytes.into_boxed_slice());
            }
            Accumulator::Moments(moments) => moments.take(value, 1.0),
            Accumulator::Value(_) | Accumulator::List(_) | Accumulator::Counts(_) => {}
        }
        Ok(())
    }

    /// The result so far.
    pub(super) fn result(&self, aggregate: &Aggregate) -> Value<'_> {
        match self {
            Accumulator::Whole(v) if aggregate.returns == DataType::Integer => Value::Integer(*v as i32),
            Accumulator::Whole(v) => Value::Bigint(*v),
            Accumulator::Double(v) => Value::Double(*v),
            Accumulator::Decimal(v) => Value::Decimal(*v),
            Accumulator::WholeMean { count: 0, .. } | Accumulator::Mean { count: 0, .. } => {
                Value::Double(0.0)
            }
            Accumulator::WholeMean { sum, count } => Value::Double(*sum as f64 / *count as f64),
            Accumulator::Mean { sum, count } => Value::Double(sum / *count as f64),
            Accumulator::Value(kept) => kept.get().unwrap_or_default(),
            Accumulator::Distinct(values) => Value::Bigint(values.len() as i64),
            Accumulator::List(list) => Value::Array(list.clone()),
            Accumulator::Counts(counts) if aggregate.function == Function::Attr => counts::only(counts),
            Accumulator::Counts(counts) => Value::Map(counts.clone()),
            Accumulator::Moments(moments) => Value::Double(moments.result(aggregate.function)),
        }
    }
}

/// SUM of INT and BIGINT: an overflow is an error, as `Math.addExact` in ksqlDB.
pub(super) fn add_whole(aggregate: &Aggregate, sum: i64, value: &Value<'_>) -> Result<i64, EvalError> {
    let integer = aggregate.returns == DataType::Integer;
    sum.checked_add(value.as_i64().unwrap_or_default())
        .filter(|v| !integer || i32::try_from(*v).is_ok())
        .ok_or_else(|| EvalError::new(format!("SUM exceeds {}", aggregate.returns)))
}

pub(super) fn add_decimal(
    aggregate: &Aggregate,
    sum: Decimal,
    value: &Value<'_>,
) -> Result<Decimal, EvalError> {
    let (Value::Decimal(value), DataType::Decimal { precision, scale }) = (value, &aggregate.returns) else {
        return Ok(sum);
    };
    sum.checked_add(*value)
        .and_then(|v| v.fit(*precision, *scale))
        .ok_or_else(|| EvalError::new(format!("SUM exceeds {}", aggregate.returns)))
}

pub(super) fn take_value(function: Function, kept: &mut Kept, value: &Value<'_>) {
    if takes(function, value, || kept.get()) {
        kept.set(value);
    }
}

/// Whether the value takes the place of `mine`, the one that MIN, MAX, LATEST or EARLIEST keeps.
pub(super) fn takes<'m>(
    function: Function,
    value: &Value<'_>,
    mine: impl FnOnce() -> Option<Value<'m>>,
) -> bool {
    let beats = |mine: Option<Value<'_>>, order| mine.is_none_or(|mine| compare(value, &mine) == Some(order));
    match function {
        Function::Latest { ignore_nulls } => !(ignore_nulls && value.is_null()),
        Function::Min => !value.is_null() && beats(mine(), Ordering::Less),
        Function::Max => !value.is_null() && beats(mine(), Ordering::Greater),
        Function::Earliest { ignore_nulls } => !(ignore_nulls && value.is_null()) && mine().is_none(),
        _ => false,
    }
}
