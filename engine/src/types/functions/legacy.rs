//! SUBSTRING as it was before ksqlDB 5.1, for `ksql.functions.substring.legacy.args`.
//!
//! What holds: it has a name of its own in canonical text, so that a rule's version tells both apart; by that
//! name nobody can call it.

use super::strings::{byte_at, part, take_text, units};
use super::{Bound, Call, Function, Overload, Param, integer};
use crate::types::{DataType, EvalError, Value};

/// Counts from 0 and takes the place behind the last character, not a length.
pub(super) static SUBSTRING: Function = Function {
    name: "SUBSTRING of 5.0",
    aliases: &[],
    overloads: &[
        Overload { params: &[Param::String, Param::Integer], variadic: false, bind: substring },
        Overload {
            params: &[Param::String, Param::Integer, Param::Integer],
            variadic: false,
            bind: substring,
        },
    ],
    summary: "The text from a position on (from 0), up to another.",
    examples: &[],
};

fn substring(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::String, |args| {
        let start = integer(args, 1);
        let end = args.get(2).and_then(Value::as_i64);
        let text = take_text(&mut args[0]);
        let total = units(&text) as i64;
        let end = end.unwrap_or(total);
        if start < 0 || end > total || start > end {
            return Err(EvalError::new(format!("SUBSTRING from {start} to {end} of {total} characters")));
        }
        let range = byte_at(&text, start as usize)..byte_at(&text, end as usize);
        Ok(part(text, range))
    })
}
