//! Values and their types: what a row is made of, and the expressions and functions over it.
//!
//! Enters: typed values from `format`. Leaves: typed values to `operator`. What holds: a value of a bound
//! expression has the type that binding gave it or is NULL; nothing here reads a clock or does I/O.

pub mod aggregate;
mod compare;
mod data_type;
mod decimal;
pub mod expr;
pub mod functions;
mod number_text;
mod schema;
pub mod time_format;
mod value;

pub(crate) use compare::same as same_value;
pub use compare::{compare, equal};
pub use data_type::{DataType, Field};
pub use decimal::Decimal;
pub use number_text::{double_text, java_decimal_text, write_decimal, write_double, write_i64};
pub use schema::{Column, HeaderColumn, Schema};
pub use value::{EvalError, Value};
