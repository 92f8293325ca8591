//! Which signature of a function a call means.
//!
//! As ksqlDB's `UdfIndex`: a signature fits where every argument is of the parameter's type, or widens to it
//! (INT to BIGINT to DECIMAL to DOUBLE); the one with the least widening wins, then one that is not variadic,
//! then the first. An untyped NULL fits everywhere. Where no signature takes the arguments as they are, one that
//! is not variadic, then one with more parameters goes first, and between equals ksqlDB refuses to choose.

use std::fmt;

use super::{Bound, Call, Function, Overload};
use crate::types::DataType;

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Param {
    /// A value of any type.
    Any,
    /// BOOLEAN
    Boolean,
    /// INT
    Integer,
    /// BIGINT
    Bigint,
    /// DOUBLE
    Double,
    /// DECIMAL of any precision and scale; INT and BIGINT widen to it.
    Decimal,
    /// VARCHAR
    String,
    /// BYTES
    Bytes,
    /// DATE
    Date,
    /// TIME
    Time,
    /// TIMESTAMP
    Timestamp,
    /// Any STRUCT
    Struct,
    /// A type that is the same wherever this letter stands.
    Generic(char),
    /// An ARRAY.
    Array(&'static Param),
    /// A MAP.
    Map(&'static Param, &'static Param),
}

impl fmt::Display for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("ANY"),
            Self::Boolean => f.write_str("BOOLEAN"),
            Self::Integer => f.write_str("INT"),
            Self::Bigint => f.write_str("BIGINT"),
            Self::Double => f.write_str("DOUBLE"),
            Self::Decimal => f.write_str("DECIMAL"),
            Self::String => f.write_str("VARCHAR"),
            Self::Bytes => f.write_str("BYTES"),
            Self::Date => f.write_str("DATE"),
            Self::Time => f.write_str("TIME"),
            Self::Timestamp => f.write_str("TIMESTAMP"),
            Self::Struct => f.write_str("STRUCT"),
            Self::Generic(letter) => write!(f, "{letter}"),
            Self::Array(element) => write!(f, "ARRAY<{element}>"),
            Self::Map(key, value) => write!(f, "MAP<{key}, {value}>"),
        }
    }
}

/// Why a call cannot be settled.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ResolveError {
    /// There is no function of this name.
    #[error("there is no such function")]
    Unknown {
        /// The name that is most like it.
        nearest: Option<&'static str>,
    },
    /// No signature takes these arguments.
    #[error("{message}")]
    NoOverload {
        /// What does not fit.
        message: String,
        /// The signatures that there are.
        signatures: Vec<String>,
    },
}

impl ResolveError {
    pub(super) fn unknown(name: &str, names: impl Iterator<Item = &'static str>) -> Self {
        let name = name.to_ascii_uppercase();
        let limit = name.len() / 3 + 1;
        let nearest = names.map(|known| (distance(&name, known), known)).min().filter(|(d, _)| *d <= limit);
        Self::Unknown { nearest: nearest.map(|(_, known)| known) }
    }
}

/// How many characters must change to make one name the other (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.bytes().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.bytes().enumerate() {
            let replaced = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// The types that a signature's letters stand for.
#[derive(Default)]
struct Letters(Vec<(char, DataType)>);

impl Letters {
    fn get(&self, letter: char) -> Option<&DataType> {
        self.0.iter().find(|(l, _)| *l == letter).map(|(_, t)| t)
    }

    /// Takes one more type for a letter; how much widening that needs.
    fn unify(&mut self, letter: char, data_type: &DataType) -> Option<u32> {
        let Some(entry) = self.0.iter_mut().find(|(l, _)| *l == letter) else {
            self.0.push((letter, data_type.clone()));
            return Some(0);
        };
        if entry.1 == *data_type {
            return Some(0);
        }
        entry.1 = entry.1.common(data_type)?;
        Some(1)
    }
}

impl Param {
    /// How much an argument must be widened to fit; None where it does not.
    fn cost(&self, arg: &DataType, letters: &mut Letters) -> Option<u32> {
        use DataType as T;
        let rank = |t: &DataType| match t {
            T::Integer => Some(0),
            T::Bigint => Some(1),
            T::Decimal { .. } => Some(2),
            T::Double => Some(3),
            _ => None,
        };
        let widened = |to: u32| rank(arg).and_then(|from| to.checked_sub(from));
        let same = |fits: bool| fits.then_some(0);
        // Text is read as a date or a time where nothing else fits.
        let of_text = |wanted: T| match arg {
            T::String => Some(20),
            arg => same(*arg == wanted),
        };
        match self {
            // A signature that names the type is the better fit.
            Self::Any => Some(10),
            Self::Integer => widened(0),
            Self::Bigint => widened(1),
            Self::Decimal => widened(2),
            Self::Double => widened(3),
            Self::Boolean => same(*arg == T::Boolean),
            Self::String => same(*arg == T::String),
            Self::Bytes => same(*arg == T::Bytes),
            Self::Date => of_text(T::Date),
            Self::Time => of_text(T::Time),
            Self::Timestamp => of_text(T::Timestamp),
            Self::Struct => same(matches!(arg, T::Struct(_))),
            Self::Generic(letter) => letters.unify(*letter, arg).map(|cost| cost + 5),
            Self::Array(element) => match arg {
                T::Array(of) => element.cost(of, letters),
                _ => None,
            },
            Self::Map(key, value) => match arg {
                T::Map(k, v) => Some(key.cost(k, letters)? + value.cost(v, letters)?),
                _ => None,
            },
        }
    }

    fn takes_as_is(&self, arg: &DataType, letters: &mut Letters) -> bool {
        let cost = self.cost(arg, letters);
        if *self == Self::Any || self.has_generics() { cost.is_some() } else { cost == Some(0) }
    }

    fn has_generics(&self) -> bool {
        match self {
            Self::Generic(_) => true,
            Self::Array(element) => element.has_generics(),
            Self::Map(key, value) => key.has_generics() || value.has_generics(),
            _ => false,
        }
    }

    /// The type that an argument has once it was widened.
    fn settled(&self, arg: &DataType, letters: &Letters) -> DataType {
        match (self, arg) {
            (Self::Integer, _) => DataType::Integer,
            (Self::Bigint, _) => DataType::Bigint,
            (Self::Double, _) => DataType::Double,
            (Self::Date, _) => DataType::Date,
            (Self::Time, _) => DataType::Time,
            (Self::Timestamp, _) => DataType::Timestamp,
            (Self::Decimal, _) => match arg.as_decimal() {
                Some((precision, scale)) => DataType::Decimal { precision, scale },
                None => arg.clone(),
            },
            (Self::Generic(letter), _) => letters.get(*letter).unwrap_or(arg).clone(),
            (Self::Array(element), DataType::Array(of)) => {
                DataType::Array(Box::new(element.settled(of, letters)))
            }
            (Self::Map(key, value), DataType::Map(k, v)) => {
                DataType::Map(Box::new(key.settled(k, letters)), Box::new(value.settled(v, letters)))
            }
            _ => arg.clone(),
        }
    }
}

impl Overload {
    /// The parameter that takes the argument at `index`.
    fn param(&self, index: usize) -> Option<&Param> {
        match self.params.get(index) {
            None if self.variadic => self.params.last(),
            param => param,
        }
    }

    fn takes(&self, count: usize) -> bool {
        count == self.params.len() || (self.variadic && count + 1 >= self.params.len())
    }

    fn cost(&self, types: &[Option<DataType>]) -> Option<(u32, Letters)> {
        if !self.takes(types.len()) {
            return None;
        }
        let mut letters = Letters::default();
        let mut total = 0;
        for (i, arg) in types.iter().enumerate() {
            if let Some(arg) = arg {
                total += self.param(i)?.cost(arg, &mut letters)?;
            }
        }
        Some((total, letters))
    }

    /// Whether it takes the arguments as they are: none is widened.
    fn takes_as_is(&self, types: &[Option<DataType>]) -> bool {
        let mut letters = Letters::default();
        self.takes(types.len())
            && types.iter().enumerate().all(|(i, arg)| match (self.param(i), arg) {
                (Some(_), None) => true,
                (Some(param), Some(arg)) => param.takes_as_is(arg, &mut letters),
                (None, _) => false,
            })
    }

    /// How far it goes before others that have to widen arguments, too.
    fn rank(&self) -> impl Ord + use<> {
        let generics = self.params.iter().filter(|param| param.has_generics()).count();
        (!self.variadic, self.params.len(), std::cmp::Reverse(generics))
    }

    /// How it is called, as messages and the documentation write it.
    pub fn signature(&self, name: &str) -> String {
        let params: Vec<String> = self.params.iter().map(Param::to_string).collect();
        format!("{name}({}{})", params.join(", "), if self.variadic { ", ..." } else { "" })
    }
}

/// How a function is called; signatures that differ in one type alone as one.
fn signatures(function: &Function) -> Vec<String> {
    let of_one_type = |o: &Overload| o.params.iter().all(|p| *p == o.params[0]) && !o.params.is_empty();
    let first = &function.overloads[0];
    let alike = |o: &Overload| o.params.len() == first.params.len() && o.variadic == first.variadic;
    if function.overloads.len() < 4 || !function.overloads.iter().all(|o| of_one_type(o) && alike(o)) {
        return function.overloads.iter().map(|o| o.signature(function.name)).collect();
    }
    let types: Vec<_> = function.overloads.iter().map(|o| o.params[0].to_string()).collect();
    let params = vec!["T"; first.params.len()].join(", ");
    let more = if first.variadic { ", ..." } else { "" };
    vec![format!("{}({params}{more}) with one T of {}", function.name, types.join(", "))]
}

/// `(INT, NULL)`
fn type_list(types: &[Option<DataType>]) -> String {
    let names = types.iter().map(|t| t.as_ref().map_or("NULL".to_owned(), DataType::to_string));
    format!("({})", names.collect::<Vec<_>>().join(", "))
}

/// The one of highest rank among the signatures that take the arguments widened, or two of the same rank; None
/// where one takes them as they are, or none does at all.
fn widening(
    function: &'static Function,
    types: &[Option<DataType>],
) -> Option<Result<&'static Overload, [&'static Overload; 2]>> {
    if function.overloads.iter().any(|one| one.takes_as_is(types)) {
        return None;
    }
    let fitting = || function.overloads.iter().filter(|one| one.cost(types).is_some());
    let highest = fitting().map(Overload::rank).max()?;
    let mut best = fitting().filter(|one| one.rank() == highest);
    let first = best.next()?;
    Some(best.next().map_or(Ok(first), |second| Err([first, second])))
}

pub(super) fn resolve(function: &'static Function, call: &Call<'_>) -> Result<Bound, ResolveError> {
    let refuse = |message: String| ResolveError::NoOverload { message, signatures: signatures(function) };
    let mut fitting = function
        .overloads
        .iter()
        .filter_map(|o| o.cost(call.types).map(|(cost, letters)| (cost, o, letters)));
    let best = match widening(function, call.types) {
        None => fitting.min_by_key(|(cost, overload, _)| (*cost, overload.variadic)),
        Some(Ok(only)) => fitting.find(|(_, overload, _)| std::ptr::eq(*overload, only)),
        Some(Err([one, other])) => {
            let (one, other) = (one.signature(function.name), other.signature(function.name));
            let types = type_list(call.types);
            return Err(refuse(format!(
                "{} of {types} could be {one} or {other}: CAST says which is meant",
                function.name
            )));
        }
    };
    let Some((_, overload, letters)) = best else {
        return Err(refuse(match call.types {
            [] => format!("{} is called without arguments", function.name),
            types => format!("{} does not take {}", function.name, type_list(types)),
        }));
    };
    let settled: Vec<Option<DataType>> = call
        .types
        .iter()
        .enumerate()
        .map(|(i, arg)| Some(overload.param(i)?.settled(arg.as_ref()?, &letters)))
        .collect();
    let bound = (overload.bind)(&Call { types: &settled, literals: call.literals });
    let mut bound = bound.map_err(|problem| refuse(format!("{}: {problem}", function.name)))?;
    if bound.coerce.is_empty() {
        bound.coerce = settled
            .into_iter()
            .zip(call.types)
            .map(|(to, from)| if to == *from { None } else { to })
            .collect();
    }
    Ok(bound)
}
