//! Taking a value out again: what a table's old row has put in.
//!
//! Only functions that need no more than their accumulator for it can do so, as in ksqlDB: MIN without its
//! lowest value would have to know all the others.

use std::sync::Arc;

use super::{Accumulator, Aggregate, Function, counts, lists};
use crate::types::{DataType, Decimal, EvalError, Value};

/// Whether a function can.
pub(super) fn has_undo(function: Function) -> bool {
    matches!(
        function,
        Function::Count
            | Function::Sum
            | Function::Avg
            | Function::CollectList { .. }
            | Function::Histogram
            | Function::Attr
            | Function::Correlation
            | Function::Variance
            | Function::Deviation
    )
}

impl Accumulator {
    /// Takes a value out.
    pub(super) fn undo(&mut self, aggregate: &Aggregate, value: Option<&Value<'_>>) -> Result<(), EvalError> {
        let Some(value) = value else {
            if let Accumulator::Whole(count) = self {
                *count -= 1;
            }
            return Ok(());
        };
        match self {
            Accumulator::List(list) => {
                lists::undo(Arc::make_mut(list), value);
                return Ok(());
            }
            Accumulator::Counts(counts) => {
                counts::count(aggregate.function, Arc::make_mut(counts), value, -1);
                return Ok(());
            }
            _ if value.is_null() => return Ok(()),
            _ => {}
        }
        if let (Function::Sum, Value::Array(values)) = (aggregate.function, value) {
            let mut sum = self.clone();
            values.iter().try_for_each(|value| sum.undo(aggregate, Some(value)))?;
            *self = sum;
            return Ok(());
        }
        match self {
            Accumulator::Whole(sum) if aggregate.function == Function::Sum => {
                *sum = subtract_whole(aggregate, *sum, value)?;
            }
            Accumulator::Whole(count) => *count -= 1,
            Accumulator::Double(sum) => *sum -= value.as_f64().unwrap_or_default(),
            Accumulator::Decimal(sum) => *sum = subtract_decimal(aggregate, *sum, value)?,
            Accumulator::WholeMean { sum, count } => {
                *sum = sum.wrapping_sub(value.as_i64().unwrap_or_default());
                *count -= 1;
            }
            Accumulator::Mean { sum, count } => {
                *sum -= value.as_f64().unwrap_or_default();
                *count -= 1;
            }
            Accumulator::Moments(moments) => moments.take(value, -1.0),
            Accumulator::Value(_)
            | Accumulator::Distinct(_)
            | Accumulator::List(_)
            | Accumulator::Counts(_) => {}
        }
        Ok(())
    }
}

fn subtract_whole(aggregate: &Aggregate, sum: i64, value: &Value<'_>) -> Result<i64, EvalError> {
    let is_integer = aggregate.returns == DataType::Integer;
    sum.checked_sub(value.as_i64().unwrap_or_default())
        .filter(|v| !is_integer || i32::try_from(*v).is_ok())
        .ok_or_else(|| EvalError::new(format!("SUM exceeds {}", aggregate.returns)))
}

fn subtract_decimal(aggregate: &Aggregate, sum: Decimal, value: &Value<'_>) -> Result<Decimal, EvalError> {
    let (Value::Decimal(value), DataType::Decimal { precision, scale }) = (value, &aggregate.returns) else {
        return Ok(sum);
    };
    sum.checked_sub(*value)
        .and_then(|v| v.fit(*precision, *scale))
        .ok_or_else(|| EvalError::new(format!("SUM exceeds {}", aggregate.returns)))
}
