//! Scalar functions.
//!
//! Enters, when a rule is loaded: a name, the arguments' types and those that are constant. Leaves: the
//! result's type and a closure in which all of that is settled (a constant pattern is compiled). Enters, for a
//! row: the arguments' values. Leaves: a value of the result's type or NULL, borrowing text where that is
//! possible. What holds: a function depends on its arguments alone, reads no clock and draws no
//! random number: [`position`] says what UUID and RANDOM do instead.
//!
//! One file a family; each function is one entry of that file's table.

mod bytes;
mod choice;
mod collections;
mod json;
mod legacy;
mod maps;
mod math;
mod overload;
mod pattern;
mod pieces;
mod position;
mod strings;
mod table;
mod time;
mod url;

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

pub use overload::{Param, ResolveError};
pub use table::{TableCall, TableFunction};

use super::{DataType, EvalError, Value};

/// A bound function: from the arguments, which it may take apart, to its value.
pub type Eval = Arc<dyn for<'a> Fn(&mut [Value<'a>]) -> Result<Value<'a>, EvalError> + Send + Sync>;

/// A scalar function.
#[derive(Debug)]
pub struct Function {
    /// Its name in upper case.
    pub name: &'static str,
    /// Other names for it.
    pub aliases: &'static [&'static str],
    /// Its signatures; on equal terms the first fits.
    pub overloads: &'static [Overload],
    /// What it does, in one sentence.
    pub summary: &'static str,
    /// Calls and what they give, as SQL.
    pub examples: &'static [(&'static str, &'static str)],
}

/// One signature of a function.
#[derive(Debug)]
pub struct Overload {
    /// What it takes.
    pub params: &'static [Param],
    /// Whether the last parameter may be repeated, or left out.
    pub variadic: bool,
    /// Settles a call whose arguments fit the parameters.
    pub bind: fn(&Call<'_>) -> Result<Bound, String>,
}

/// An entry of a table: a function under one name.
const fn function(
    name: &'static str,
    overloads: &'static [Overload],
    summary: &'static str,
    examples: &'static [(&'static str, &'static str)],
) -> Function {
    Function { name, aliases: &[], overloads, summary, examples }
}

/// A signature of just these parameters.
const fn fixed(params: &'static [Param], bind: fn(&Call<'_>) -> Result<Bound, String>) -> Overload {
    Overload { params, variadic: false, bind }
}

/// A signature whose last parameter may be repeated, or left out.
const fn variadic(params: &'static [Param], bind: fn(&Call<'_>) -> Result<Bound, String>) -> Overload {
    Overload { params, variadic: true, bind }
}

/// The arguments of a call.
#[derive(Debug, Clone, Copy)]
pub struct Call<'c> {
    /// Their types; None is an untyped NULL. In [`Overload::bind`] these are the types after coercion.
    pub types: &'c [Option<DataType>],
    /// The values of those that are constant.
    pub literals: &'c [Option<Value<'static>>],
}

impl Call<'_> {
    /// The type of an argument.
    fn type_of(&self, index: usize) -> Option<&DataType> {
        self.types.get(index)?.as_ref()
    }

    /// The text of an argument that is a constant VARCHAR.
    fn literal_text(&self, index: usize) -> Option<&str> {
        self.literals.get(index)?.as_ref()?.as_str()
    }
}

/// A call, settled.
#[derive(Clone)]
pub struct Bound {
    /// The result's type.
    pub returns: DataType,
    /// What each argument is to be cast to first.
    pub coerce: Vec<Option<DataType>>,
    /// The function itself.
    pub eval: Eval,
}

impl std::fmt::Debug for Bound {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bound")
            .field("returns", &self.returns)
            .field("coerce", &self.coerce)
            .finish_non_exhaustive()
    }
}

impl Bound {
    /// A function that sees NULLs.
    fn of(
        returns: DataType,
        eval: impl for<'a> Fn(&mut [Value<'a>]) -> Result<Value<'a>, EvalError> + Send + Sync + 'static,
    ) -> Result<Self, String> {
        Ok(Self { returns, coerce: Vec::new(), eval: Arc::new(eval) })
    }

    /// A function that is NULL where an argument is.
    fn strict(
        returns: DataType,
        eval: impl for<'a> Fn(&mut [Value<'a>]) -> Result<Value<'a>, EvalError> + Send + Sync + 'static,
    ) -> Result<Self, String> {
        Self::of(
            returns,
            move |args| {
                if args.iter().any(Value::is_null) { Ok(Value::Null) } else { eval(args) }
            },
        )
    }
}

/// The families with their titles.
const FAMILIES: &[(&str, &[Function])] = &[
    ("Choice and NULL", choice::FUNCTIONS),
    ("Text", strings::FUNCTIONS),
    ("Parts of text", pieces::FUNCTIONS),
    ("Regular expressions and masks", pattern::FUNCTIONS),
    ("Numbers", math::FUNCTIONS),
    ("Dates and times", time::FUNCTIONS),
    ("Arrays", collections::FUNCTIONS),
    ("Maps", maps::FUNCTIONS),
    ("JSON", json::FUNCTIONS),
    ("URLs", url::FUNCTIONS),
    ("Bytes and encodings", bytes::FUNCTIONS),
    ("Of the record's position", position::FUNCTIONS),
];

static BY_NAME: LazyLock<HashMap<&'static str, &'static Function>> = LazyLock::new(|| {
    let names =
        |f: &'static Function| std::iter::once(f.name).chain(f.aliases.iter().copied()).map(move |n| (n, f));
    FAMILIES.iter().flat_map(|(_, family)| family.iter()).flat_map(names).collect()
});

/// The function of this name, in any case.
pub fn lookup(name: &str) -> Option<&'static Function> {
    BY_NAME.get(name).or_else(|| BY_NAME.get(name.to_ascii_uppercase().as_str())).copied()
}

/// The families of functions with their titles.
pub fn families() -> impl Iterator<Item = (&'static str, &'static [Function])> {
    FAMILIES.iter().copied()
}

/// All functions, by family.
pub fn all() -> impl Iterator<Item = &'static Function> {
    FAMILIES.iter().flat_map(|(_, family)| family.iter())
}

/// The names of all functions, aliases left out.
pub fn names() -> impl Iterator<Item = &'static str> {
    all().map(|f| f.name)
}

/// Settles a call: finds the function and the signature that fits best, by ksqlDB's implicit widening.
///
/// # Errors
/// There is no such function, or no signature of it fits.
pub fn resolve(name: &str, call: &Call<'_>) -> Result<Bound, ResolveError> {
    match lookup(name) {
        Some(function) => settle(function, call),
        None => Err(ResolveError::unknown(name, BY_NAME.keys().copied())),
    }
}

/// Settles a call of this function.
///
/// # Errors
/// No signature of it fits.
pub fn settle(function: &'static Function, call: &Call<'_>) -> Result<Bound, ResolveError> {
    overload::resolve(function, call)
}

/// SUBSTRING as it was before ksqlDB 5.1.
pub fn legacy_substring() -> &'static Function {
    &legacy::SUBSTRING
}

/// A VARCHAR argument's text.
fn text<'v>(args: &'v [Value<'_>], index: usize) -> &'v str {
    args.get(index).and_then(Value::as_str).unwrap_or_default()
}

/// A whole number among the arguments.
fn integer(args: &[Value<'_>], index: usize) -> i64 {
    args.get(index).and_then(Value::as_i64).unwrap_or_default()
}

/// A number among the arguments as a DOUBLE.
fn double(args: &[Value<'_>], index: usize) -> f64 {
    args.get(index).and_then(Value::as_f64).unwrap_or_default()
}

#[cfg(test)]
pub(crate) mod tests;
