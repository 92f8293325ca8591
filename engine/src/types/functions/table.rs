//! Table functions: one row becomes as many as the function gives values.
//!
//! Enters: the argument's value. Leaves: the values, in order; none for NULL, so the row is dropped.

use std::fmt;
use std::sync::Arc;

use crate::types::expr::Expr;
use crate::types::{DataType, Value};

/// CUBE_EXPLODE takes at most this many elements: it makes 2 to the power of them rows.
const MAX_CUBE: usize = 20;

/// The table functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableFunction {
    /// One row per element of an array.
    Explode,
    /// One row per way to replace elements of an array by NULL.
    CubeExplode,
    /// The row's place among those that the others make of one record, from 0; no SQL names it.
    RowNumber,
}

impl TableFunction {
    /// All that SQL can name.
    pub const ALL: [TableFunction; 2] = [TableFunction::Explode, TableFunction::CubeExplode];

    /// Its name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            TableFunction::Explode => "EXPLODE",
            TableFunction::CubeExplode => "CUBE_EXPLODE",
            TableFunction::RowNumber => "ROW_NUMBER",
        }
    }

    /// What it does, in one sentence.
    pub fn summary(self) -> &'static str {
        match self {
            TableFunction::Explode => "One row per element of an array.",
            TableFunction::CubeExplode => {
                "One row per way to replace elements of an array by NULL; of at most 20 elements."
            }
            TableFunction::RowNumber => "The row's place among those of one record.",
        }
    }

    /// A call, as SQL, and the value of each row that it gives.
    pub fn example(self) -> (&'static str, &'static [&'static str]) {
        match self {
            TableFunction::Explode => ("EXPLODE(ARRAY[3, NULL, 5])", &["3", "NULL", "5"]),
            TableFunction::CubeExplode => (
                "CUBE_EXPLODE(ARRAY['a', 'b'])",
                &["ARRAY[NULL,NULL]", "ARRAY[NULL,'b']", "ARRAY['a',NULL]", "ARRAY['a','b']"],
            ),
            TableFunction::RowNumber => ("ROW_NUMBER()", &[]),
        }
    }

    /// The one of this name.
    pub fn lookup(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.name().eq_ignore_ascii_case(name))
    }

    /// The type of the values that it gives for an argument of this type; None where it does not take it.
    pub fn returns(self, argument: &DataType) -> Option<DataType> {
        match (self, argument) {
            (TableFunction::Explode, DataType::Array(element)) => Some((**element).clone()),
            (TableFunction::CubeExplode, DataType::Array(_)) => Some(argument.clone()),
            _ => None,
        }
    }

    /// The values, one per row; none for NULL and for more than can be.
    pub fn rows<'v>(self, argument: Value<'v>) -> Arc<Vec<Value<'v>>> {
        match (self, argument) {
            (TableFunction::Explode, Value::Array(items)) => items,
            (TableFunction::CubeExplode, Value::Array(items)) if items.len() <= MAX_CUBE => cube(&items),
            _ => Arc::default(),
        }
    }

    /// The value in the row at this place: of its values, or NULL behind the last of them.
    pub fn at<'l>(self, values: &'l [Value<'_>], place: usize) -> Value<'l> {
        match self {
            TableFunction::RowNumber => Value::Bigint(place as i64),
            _ => values.get(place).map_or(Value::Null, Value::borrowed),
        }
    }
}

/// All ways to keep or leave out each element, the last element changing fastest; an element that is NULL
/// anyway makes no two rows.
fn cube<'v>(items: &[Value<'v>]) -> Arc<Vec<Value<'v>>> {
    let bit = |at: usize| 1_usize << (items.len() - 1 - at);
    let nulls: usize = items.iter().enumerate().filter(|(_, v)| v.is_null()).map(|(at, _)| bit(at)).sum();
    let row = |kept: usize| {
        let values =
            items.iter().enumerate().map(|(at, v)| if kept & bit(at) == 0 { Value::Null } else { v.clone() });
        Value::Array(Arc::new(values.collect()))
    };
    Arc::new((0..1 << items.len()).filter(|kept| kept & nulls == 0).map(row).collect())
}

/// A table function over a row.
#[derive(Debug, Clone)]
pub struct TableCall {
    /// The function.
    pub function: TableFunction,
    /// What it takes apart.
    pub argument: Expr,
}

/// Canonical text.
impl fmt::Display for TableCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({})", self.function.name(), self.argument)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(items: &[Option<i32>]) -> Value<'static> {
        let value = |item: &Option<i32>| item.map_or(Value::Null, Value::Integer);
        Value::Array(Arc::new(items.iter().map(value).collect()))
    }

    #[test]
    fn an_array_becomes_its_elements() {
        let rows = TableFunction::Explode.rows(list(&[Some(4), None]));
        assert_eq!(*rows, [Value::Integer(4), Value::Null]);
        assert!(TableFunction::Explode.rows(list(&[])).is_empty());
        assert!(TableFunction::Explode.rows(Value::Null).is_empty());
    }

    #[test]
    fn a_cube_has_each_combination_once() {
        let rows = TableFunction::CubeExplode.rows(list(&[Some(1), None, Some(3)]));
        let want =
            [[None, None, None], [None, None, Some(3)], [Some(1), None, None], [Some(1), None, Some(3)]];
        assert_eq!(*rows, want.map(|row| list(&row)));
        assert_eq!(*TableFunction::CubeExplode.rows(list(&[])), [list(&[])]);
        assert!(TableFunction::CubeExplode.rows(list(&[Some(1); MAX_CUBE + 1])).is_empty());
    }
}
