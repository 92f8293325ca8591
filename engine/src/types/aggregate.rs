//! Aggregate functions: their types, accumulators and the accumulators' bytes.
//!
//! Enters: the arguments' values, record by record. Leaves: the result so far. What holds: the same values
//! in the same order give the same accumulator and the same bytes; NULL arguments do not count, as in ksqlDB.

mod accumulator;
pub mod codec;
mod kept;
mod merge;

pub use accumulator::Accumulator;
pub use kept::Kept;

use super::{DataType, EvalError, Value};

/// The aggregate functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// COUNT(*), or COUNT(e) of values that are not NULL.
    Count,
    /// SUM: of the argument's type; 0 without values.
    Sum,
    /// AVG: a DOUBLE; 0.0 without values.
    Avg,
    /// MIN
    Min,
    /// MAX
    Max,
    /// COUNT_DISTINCT, exact.
    CountDistinct,
    /// LATEST_BY_OFFSET(e [, ignore nulls]).
    Latest {
        /// NULLs leave the value as it is.
        ignore_nulls: bool,
    },
    /// EARLIEST_BY_OFFSET(e [, ignore nulls]).
    Earliest {
        /// NULLs are passed over.
        ignore_nulls: bool,
    },
}

/// A function bound to its argument's type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Aggregate {
    /// The function.
    pub function: Function,
    /// What the argument is cast to; None for COUNT(*).
    pub argument: Option<DataType>,
    /// The result's type.
    pub returns: DataType,
}

/// A name that is an aggregate function's.
pub fn is_aggregate(name: &str) -> bool {
    NAMES.contains(&name)
}

/// The names, for hints.
pub const NAMES: &[&str] =
    &["AVG", "COUNT", "COUNT_DISTINCT", "EARLIEST_BY_OFFSET", "LATEST_BY_OFFSET", "MAX", "MIN", "SUM"];

impl Aggregate {
    /// Binds `name(arguments)`. `types` are the arguments' types, `literals` their values where constant.
    /// The error says what the function takes.
    pub fn bind(name: &str, types: &[DataType], literals: &[Option<Value<'static>>]) -> Result<Self, String> {
        let argument = types.first().cloned();
        let with = |function, argument: Option<DataType>, returns| Ok(Self { function, argument, returns });
        match (name, types) {
            ("COUNT", []) => with(Function::Count, None, DataType::Bigint),
            ("COUNT", [_]) => with(Function::Count, argument, DataType::Bigint),
            ("SUM", [t]) if t.is_numeric() => with(Function::Sum, argument, t.clone()),
            ("AVG", [t]) if t.is_numeric() => {
                // ksqlDB has AVG for INT, BIGINT and DOUBLE; a DECIMAL is widened.
                let argument =
                    if matches!(t, DataType::Decimal { .. }) { DataType::Double } else { t.clone() };
                with(Function::Avg, Some(argument), DataType::Double)
            }
            ("MIN" | "MAX", [t])
                if t.is_numeric() || t.is_temporal() || matches!(t, DataType::String | DataType::Bytes) =>
            {
                with(if name == "MIN" { Function::Min } else { Function::Max }, argument, t.clone())
            }
            ("COUNT_DISTINCT", [_]) => with(Function::CountDistinct, argument, DataType::Bigint),
            ("LATEST_BY_OFFSET" | "EARLIEST_BY_OFFSET", [t] | [t, DataType::Boolean]) => {
                let ignore_nulls = match literals.get(1) {
                    None => true,
                    Some(Some(Value::Boolean(flag))) => *flag,
                    Some(_) => return Err("its second argument must be TRUE or FALSE".into()),
                };
                let function = if name.starts_with('L') {
                    Function::Latest { ignore_nulls }
                } else {
                    Function::Earliest { ignore_nulls }
                };
                with(function, argument, t.clone())
            }
            _ => Err(signature(name).to_owned()),
        }
    }

    /// The accumulator before any value.
    pub fn start(&self) -> Accumulator {
        Accumulator::start(self)
    }

    /// Takes a value; `None` is COUNT(*)'s. An overflow leaves the accumulator as it was.
    pub fn add(&self, accumulator: &mut Accumulator, value: Option<&Value<'_>>) -> Result<(), EvalError> {
        accumulator.add(self, value)
    }

    /// Adds what another accumulator of the function has; where the order counts, its values are the later
    /// ones. An overflow leaves the accumulator as it was.
    pub fn merge(&self, accumulator: &mut Accumulator, later: &Accumulator) -> Result<(), EvalError> {
        accumulator.merge(self, later)
    }

    /// The result so far.
    pub fn result<'a>(&self, accumulator: &'a Accumulator) -> Value<'a> {
        accumulator.result(self)
    }
}

/// What a function takes, for messages.
fn signature(name: &str) -> &'static str {
    match name {
        "COUNT" => "it takes * or one argument",
        "SUM" | "AVG" => "it takes one INT, BIGINT, DECIMAL or DOUBLE",
        "MIN" | "MAX" => "it takes one number, VARCHAR, BYTES, DATE, TIME or TIMESTAMP",
        "COUNT_DISTINCT" => "it takes one argument",
        _ => "it takes a column and, optionally, whether NULLs are ignored: TRUE or FALSE",
    }
}

/// Canonical text, for fingerprints: `SUM(DECIMAL(18, 4))`.
impl std::fmt::Display for Aggregate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let name = match self.function {
            Function::Count => "COUNT",
            Function::Sum => "SUM",
            Function::Avg => "AVG",
            Function::Min => "MIN",
            Function::Max => "MAX",
            Function::CountDistinct => "COUNT_DISTINCT",
            Function::Latest { ignore_nulls: true } => "LATEST",
            Function::Latest { ignore_nulls: false } => "LATEST_WITH_NULLS",
            Function::Earliest { ignore_nulls: true } => "EARLIEST",
            Function::Earliest { ignore_nulls: false } => "EARLIEST_WITH_NULLS",
        };
        match &self.argument {
            Some(argument) => write!(f, "{name}({argument})"),
            None => write!(f, "{name}(*)"),
        }
    }
}
