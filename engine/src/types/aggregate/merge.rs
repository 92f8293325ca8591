//! Two accumulators of one function made one: what a session does that joins two others.

use std::sync::Arc;

use super::accumulator::{add_decimal, add_whole, take_value};
use super::{Accumulator, Aggregate, Function, counts, lists};
use crate::types::{EvalError, Value};

impl Accumulator {
    /// Adds what `later` has; where the order counts, its values are the later ones.
    pub(super) fn merge(&mut self, aggregate: &Aggregate, later: &Self) -> Result<(), EvalError> {
        match (self, later) {
            (Accumulator::Whole(mine), Accumulator::Whole(theirs)) => {
                *mine = match aggregate.function {
                    Function::Sum => add_whole(aggregate, *mine, &Value::Bigint(*theirs))?,
                    _ => mine.saturating_add(*theirs),
                };
            }
            (Accumulator::Double(mine), Accumulator::Double(theirs)) => *mine += theirs,
            (Accumulator::Decimal(mine), Accumulator::Decimal(theirs)) => {
                *mine = add_decimal(aggregate, *mine, &Value::Decimal(*theirs))?;
            }
            (Accumulator::WholeMean { sum, count }, Accumulator::WholeMean { sum: s, count: c }) => {
                (*sum, *count) = (sum.wrapping_add(*s), *count + c);
            }
            (Accumulator::Mean { sum, count }, Accumulator::Mean { sum: s, count: c }) => {
                (*sum, *count) = (*sum + s, *count + c);
            }
            (Accumulator::Value(mine), Accumulator::Value(theirs)) => {
                if let Some(value) = theirs.get() {
                    take_value(aggregate.function, mine, &value);
                }
            }
            (Accumulator::Distinct(mine), Accumulator::Distinct(theirs)) => {
                mine.extend(theirs.iter().cloned());
            }
            (Accumulator::List(mine), Accumulator::List(theirs)) => {
                lists::merge(aggregate.function, Arc::make_mut(mine), theirs);
            }
            (Accumulator::Counts(mine), Accumulator::Counts(theirs)) => {
                counts::merge(aggregate.function, Arc::make_mut(mine), theirs);
            }
            (Accumulator::Moments(mine), Accumulator::Moments(theirs)) => {
                mine.merge(aggregate.function, theirs);
            }
            // Accumulators of one function are of one kind.
            _ => {}
        }
        Ok(())
    }
}
