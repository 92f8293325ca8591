//! Which aggregate function a call means, and of which types.
//!
//! Enters: a name, the arguments' types and those that are constant. Leaves: the bound function, or what the
//! function takes instead.

use super::docs;
use super::{Aggregate, Function};
use crate::types::{DataType, Field, Value};

/// A name that is an aggregate function's.
pub fn is_aggregate(name: &str) -> bool {
    NAMES.contains(&name)
}

/// The names, for hints.
pub const NAMES: &[&str] = &[
    "ATTR",
    "AVG",
    "COLLECT_LIST",
    "COLLECT_SET",
    "CORRELATION",
    "COUNT",
    "COUNT_DISTINCT",
    "EARLIEST_BY_OFFSET",
    "HISTOGRAM",
    "LATEST_BY_OFFSET",
    "MAX",
    "MIN",
    "STDDEV_SAMP",
    "STDDEV_SAMPLE",
    "SUM",
    "SUM_LIST",
    "TOPK",
    "TOPKDISTINCT",
];

/// How long the lists of COLLECT_LIST and COLLECT_SET may grow: what SET says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// `ksql.functions.collect_list.limit`
    pub list: u32,
    /// `ksql.functions.collect_set.limit`
    pub set: u32,
}

/// As ksqlDB: no limit.
impl Default for Limits {
    fn default() -> Self {
        Self { list: Limits::NONE, set: Limits::NONE }
    }
}

impl Limits {
    /// No limit, which a negative number means too.
    pub const NONE: u32 = i32::MAX as u32;
}

/// Why a call cannot be bound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// What the function takes instead.
    pub message: String,
    /// The argument that is wrong, from 0; None where it is not one alone.
    pub argument: Option<usize>,
}

/// The arguments of a call.
struct Args<'c> {
    name: &'c str,
    types: &'c [DataType],
    literals: &'c [Option<Value<'static>>],
}

impl Aggregate {
    /// Binds `name(arguments)`. `types` are the arguments' types, `literals` their values where constant.
    /// The error says what the function takes.
    pub fn bind(
        name: &str,
        types: &[DataType],
        literals: &[Option<Value<'static>>],
        limits: Limits,
    ) -> Result<Self, Refused> {
        let args = Args { name, types, literals };
        let argument = types.first().cloned();
        let with = |function, argument: Option<DataType>, returns| Ok(Self { function, argument, returns });
        let list = |function, element: &DataType| {
            with(function, Some(element.clone()), DataType::Array(Box::new(element.clone())))
        };
        match (name, types) {
            ("COUNT", []) => with(Function::Count, None, DataType::Bigint),
            ("COUNT", [_]) => with(Function::Count, argument, DataType::Bigint),
            ("SUM", [t]) if t.is_numeric() => with(Function::Sum, argument, t.clone()),
            ("SUM_LIST", [DataType::Array(t)])
                if matches!(**t, DataType::Integer | DataType::Bigint | DataType::Double) =>
            {
                with(Function::Sum, argument, (**t).clone())
            }
            ("AVG", [t]) if t.is_numeric() => {
                // ksqlDB has AVG for INT, BIGINT and DOUBLE; a DECIMAL is widened.
                let is_decimal = matches!(t, DataType::Decimal { .. });
                let argument = if is_decimal { DataType::Double } else { t.clone() };
                with(Function::Avg, Some(argument), DataType::Double)
            }
            ("MIN", [t]) if has_order(t) => with(Function::Min, argument, t.clone()),
            ("MAX", [t]) if has_order(t) => with(Function::Max, argument, t.clone()),
            ("COUNT_DISTINCT", [_]) => with(Function::CountDistinct, argument, DataType::Bigint),
            ("LATEST_BY_OFFSET" | "EARLIEST_BY_OFFSET", [_, ..]) => args.by_offset(),
            ("COLLECT_LIST", [t]) => list(Function::CollectList { limit: limits.list }, t),
            ("COLLECT_SET", [t]) => list(Function::CollectSet { limit: limits.set }, t),
            ("TOPK", [t, .., _]) if has_order(t) => args.top_k(),
            ("TOPKDISTINCT", [t, _]) if has_order(t) => {
                list(Function::TopKDistinct { k: args.number(1)? }, t)
            }
            ("HISTOGRAM", [DataType::String]) => {
                let counts = DataType::Map(Box::new(DataType::String), Box::new(DataType::Bigint));
                with(Function::Histogram, argument, counts)
            }
            ("ATTR", [t]) => with(Function::Attr, argument, t.clone()),
            ("CORRELATION", [x, y]) if x.is_numeric() && y.is_numeric() => {
                let pair = [("X", DataType::Double), ("Y", DataType::Double)];
                with(Function::Correlation, Some(structure(pair)), DataType::Double)
            }
            ("STDDEV_SAMP" | "STDDEV_SAMPLE", [t]) if t.is_numeric() => {
                let function = if name == "STDDEV_SAMP" { Function::Variance } else { Function::Deviation };
                with(function, Some(DataType::Double), DataType::Double)
            }
            _ => Err(args.refuse(None, args.signatures())),
        }
    }
}

fn has_order(data_type: &DataType) -> bool {
    data_type.is_numeric()
        || data_type.is_temporal()
        || matches!(data_type, DataType::String | DataType::Bytes)
}

fn structure<N: Into<String>>(fields: impl IntoIterator<Item = (N, DataType)>) -> DataType {
    let field = |(name, data_type): (N, DataType)| Field { name: name.into(), data_type };
    DataType::Struct(fields.into_iter().map(field).collect())
}

impl Args<'_> {
    /// What the function takes, for messages.
    fn signatures(&self) -> String {
        let doc = docs::DOCS.iter().find(|doc| doc.name == self.name);
        format!("it is {}", doc.map_or(String::new(), |doc| doc.signatures.join(", or ")))
    }

    fn refuse(&self, argument: Option<usize>, message: String) -> Refused {
        Refused { message: format!("{} cannot be applied: {message}", self.name), argument }
    }

    /// A constant number above 0.
    fn number(&self, index: usize) -> Result<u32, Refused> {
        match self.literals.get(index) {
            Some(Some(Value::Integer(n))) if *n > 0 => Ok(n.unsigned_abs()),
            _ => {
                let message =
                    format!("its argument {} must be a constant, a whole number above 0", index + 1);
                Err(self.refuse(Some(index), message))
            }
        }
    }

    /// Whether NULLs are ignored; they are where the argument is left out.
    fn ignores_nulls(&self, index: usize) -> Result<bool, Refused> {
        match self.literals.get(index) {
            None => Ok(true),
            Some(Some(Value::Boolean(flag))) => Ok(*flag),
            Some(_) => {
                let message = format!("its argument {} must be a constant, TRUE or FALSE", index + 1);
                Err(self.refuse(Some(index), message))
            }
        }
    }

    fn by_offset(&self) -> Result<Aggregate, Refused> {
        let is_latest = self.name == "LATEST_BY_OFFSET";
        let element = self.types[0].clone();
        let single = |ignore_nulls| match is_latest {
            true => Function::Latest { ignore_nulls },
            false => Function::Earliest { ignore_nulls },
        };
        match self.types {
            [_] | [_, DataType::Boolean] => Ok(Aggregate {
                function: single(self.ignores_nulls(1)?),
                argument: Some(element.clone()),
                returns: element,
            }),
            [_, DataType::Integer] | [_, DataType::Integer, DataType::Boolean] => {
                let (n, ignore_nulls) = (self.number(1)?, self.ignores_nulls(2)?);
                Ok(Aggregate {
                    function: match is_latest {
                        true => Function::LatestN { n, ignore_nulls },
                        false => Function::EarliestN { n, ignore_nulls },
                    },
                    argument: Some(element.clone()),
                    returns: DataType::Array(Box::new(element)),
                })
            }
            _ => Err(self.refuse(None, self.signatures())),
        }
    }

    /// With more columns than one the elements are structs of them: `sort_col`, `col0`, `col1` and so on.
    fn top_k(&self) -> Result<Aggregate, Refused> {
        let columns = &self.types[..self.types.len() - 1];
        let element = match columns {
            [only] => only.clone(),
            _ => structure(columns.iter().enumerate().map(|(i, data_type)| {
                let name = i.checked_sub(1).map_or("sort_col".to_owned(), |i| format!("col{i}"));
                (name, data_type.clone())
            })),
        };
        Ok(Aggregate {
            function: Function::TopK { k: self.number(columns.len())?, columns: columns.len() as u32 },
            argument: Some(element.clone()),
            returns: DataType::Array(Box::new(element)),
        })
    }
}
