//! Functions that take lambdas: FILTER, TRANSFORM and REDUCE over arrays and maps.
//!
//! Enters: the row around the call. Leaves: the collection or state that the call makes. What holds: a
//! lambda has a row of its own, its parameters first, then what it captures from around it, so that its body
//! finds each by place; what it captures is evaluated once per call. A body that has no value for one
//! element makes the whole call NULL, as in ksqlDB.

use std::sync::Arc;

use super::Expr;
use crate::types::{EvalError, Value};

/// `(x, y) => body`, bound.
#[derive(Debug, Clone)]
pub struct Lambda {
    /// The parameters' names, for canonical text.
    pub params: Vec<String>,
    /// What it takes from the row around it.
    pub captures: Vec<Expr>,
    /// Over the parameters, then the captures.
    pub body: Expr,
}

/// The functions that take lambdas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HigherOrder {
    /// Keeps the elements for which the lambda is TRUE.
    Filter,
    /// Makes of each element what the lambda gives; of a map the first lambda makes keys, the second values.
    Transform,
    /// Carries a state from element to element.
    Reduce,
}

impl HigherOrder {
    /// All of them.
    pub const ALL: [HigherOrder; 3] = [HigherOrder::Filter, HigherOrder::Transform, HigherOrder::Reduce];

    /// Its name in SQL.
    pub fn name(self) -> &'static str {
        match self {
            HigherOrder::Filter => "FILTER",
            HigherOrder::Transform => "TRANSFORM",
            HigherOrder::Reduce => "REDUCE",
        }
    }

    /// How it is called.
    pub fn signatures(self) -> &'static [&'static str] {
        match self {
            HigherOrder::Filter => {
                &["FILTER(ARRAY<T>, T => BOOLEAN)", "FILTER(MAP<K, V>, (K, V) => BOOLEAN)"]
            }
            HigherOrder::Transform => {
                &["TRANSFORM(ARRAY<T>, T => U)", "TRANSFORM(MAP<K, V>, (K, V) => L, (K, V) => W)"]
            }
            HigherOrder::Reduce => {
                &["REDUCE(ARRAY<T>, S, (S, T) => S)", "REDUCE(MAP<K, V>, S, (S, K, V) => S)"]
            }
        }
    }

    /// What it does, in one sentence.
    pub fn summary(self) -> &'static str {
        match self {
            HigherOrder::Filter => "The elements or entries for which the lambda is TRUE.",
            HigherOrder::Transform => {
                "What the lambda makes of each element; of a map's entries one lambda makes the keys, one the values."
            }
            HigherOrder::Reduce => "The state that the lambda carries from element to element.",
        }
    }

    /// What a NULL does.
    pub fn null(self) -> &'static str {
        match self {
            HigherOrder::Filter | HigherOrder::Transform => {
                "NULL where the collection is NULL, or where arithmetic in the lambda meets a NULL."
            }
            HigherOrder::Reduce => {
                "NULL where the first state is NULL, or where arithmetic in the lambda meets a NULL; the first state \
                 where the collection is NULL."
            }
        }
    }

    /// Calls and what they give, as SQL.
    pub fn examples(self) -> &'static [(&'static str, &'static str)] {
        match self {
            HigherOrder::Filter => &[
                ("FILTER(ARRAY[1, 7, 3], x => x > 2)", "ARRAY[7,3]"),
                ("FILTER(MAP('a' := 1, 'b' := 2), (k, v) => v > 1)", "MAP('b':=2)"),
            ],
            HigherOrder::Transform => &[
                ("TRANSFORM(ARRAY[1, 2], x => x * 10)", "ARRAY[10,20]"),
                ("TRANSFORM(MAP('a' := 1), (k, v) => UCASE(k), (k, v) => v + 1)", "MAP('A':=2)"),
            ],
            HigherOrder::Reduce => &[
                ("REDUCE(ARRAY[1, 2, 3], 10, (s, x) => s + x)", "16"),
                ("REDUCE(MAP('a' := 1, 'b' := 2), 0, (s, k, v) => s + v)", "3"),
            ],
        }
    }

    /// The one of this name.
    pub fn lookup(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|f| f.name().eq_ignore_ascii_case(name))
    }
}

/// A lambda on one call: its row, of which the parameters change from element to element.
struct Running<'r> {
    body: &'r Expr,
    row: Vec<Value<'r>>,
}

impl<'r> Running<'r> {
    fn new(lambda: &'r Lambda, row: &'r [Value<'r>]) -> Result<Self, EvalError> {
        let mut own = vec![Value::Null; lambda.params.len()];
        for capture in &lambda.captures {
            own.push(capture.eval(row)?);
        }
        Ok(Self { body: &lambda.body, row: own })
    }

    fn set<const N: usize>(&mut self, params: [&Value<'r>; N]) {
        for (slot, param) in self.row.iter_mut().zip(params) {
            slot.clone_from(param);
        }
    }

    fn value<const N: usize>(&mut self, params: [&Value<'r>; N]) -> Result<Value<'static>, EvalError> {
        self.set(params);
        Ok(self.body.eval(&self.row)?.into_owned())
    }

    fn test<const N: usize>(&mut self, params: [&Value<'r>; N]) -> Result<bool, EvalError> {
        self.set(params);
        self.body.test(&self.row)
    }
}

/// Calls the function; what fails within a lambda is NULL at the call's place.
pub(super) fn apply<'r>(
    function: HigherOrder,
    args: &'r [Expr],
    lambdas: &'r [Lambda],
    row: &'r [Value<'r>],
) -> Result<Value<'r>, EvalError> {
    let [collection, rest @ ..] = args else { return Ok(Value::Null) };
    let collection = collection.eval(row)?;
    let state = rest.first().map(|state| state.eval(row)).transpose()?;
    let mut running = lambdas.iter().map(|l| Running::new(l, row)).collect::<Result<Vec<_>, _>>()?;
    Ok(match (function, running.as_mut_slice()) {
        (HigherOrder::Filter, [keep]) => filter(&collection, keep),
        (HigherOrder::Transform, [of]) => transform(&collection, of),
        (HigherOrder::Transform, [key, value]) => transform_map(&collection, key, value),
        (HigherOrder::Reduce, [step]) => reduce(&collection, state.unwrap_or_default(), step),
        _ => Ok(Value::Null),
    }
    .unwrap_or_default())
}

/// As Java's collector of maps: no NULL as a value, no key twice.
fn insert<'r>(
    entries: &mut Vec<(Value<'r>, Value<'r>)>,
    key: Value<'r>,
    value: Value<'r>,
) -> Result<(), EvalError> {
    if value.is_null() {
        return Err(EvalError::new("a lambda makes no map with a NULL in it"));
    }
    if entries.iter().any(|(known, _)| crate::types::compare::same(known, &key)) {
        return Err(EvalError::new("the lambda gives a key twice"));
    }
    entries.push((key, value));
    Ok(())
}

fn filter<'r>(collection: &Value<'r>, keep: &mut Running<'r>) -> Result<Value<'r>, EvalError> {
    match collection {
        Value::Array(items) => {
            let mut kept = Vec::new();
            for item in items.iter() {
                if keep.test([item])? {
                    kept.push(item.clone());
                }
            }
            Ok(Value::Array(Arc::new(kept)))
        }
        Value::Map(entries) => {
            let mut kept = Vec::new();
            for (key, value) in entries.iter() {
                if keep.test([key, value])? {
                    insert(&mut kept, key.clone(), value.clone())?;
                }
            }
            Ok(Value::Map(Arc::new(kept)))
        }
        _ => Ok(Value::Null),
    }
}

fn transform<'r>(collection: &Value<'r>, of: &mut Running<'r>) -> Result<Value<'r>, EvalError> {
    let Value::Array(items) = collection else { return Ok(Value::Null) };
    let made: Result<Vec<Value<'r>>, EvalError> = items.iter().map(|item| of.value([item])).collect();
    Ok(Value::Array(Arc::new(made?)))
}

fn transform_map<'r>(
    collection: &Value<'r>,
    of_key: &mut Running<'r>,
    of_value: &mut Running<'r>,
) -> Result<Value<'r>, EvalError> {
    let Value::Map(entries) = collection else { return Ok(Value::Null) };
    let mut made = Vec::with_capacity(entries.len());
    for (key, value) in entries.iter() {
        insert(&mut made, of_key.value([key, value])?, of_value.value([key, value])?)?;
    }
    Ok(Value::Map(Arc::new(made)))
}

fn reduce<'r>(
    collection: &Value<'r>,
    mut state: Value<'r>,
    step: &mut Running<'r>,
) -> Result<Value<'r>, EvalError> {
    if state.is_null() {
        return Ok(Value::Null);
    }
    match collection {
        Value::Array(items) => {
            for item in items.iter() {
                state = step.value([&state, item])?;
            }
        }
        Value::Map(entries) => {
            for (key, value) in entries.iter() {
                state = step.value([&state, key, value])?;
            }
        }
        _ => {}
    }
    Ok(state)
}
