//! Aggregate functions: their types, accumulators and the accumulators' bytes.
//!
//! Enters: the arguments' values, record by record. Leaves: the result so far. What holds: the same values
//! in the same order give the same accumulator and the same bytes; what a function does with NULL is what
//! ksqlDB does, and said in [`DOCS`].
//!
//! One file a group of functions: `accumulator` has those of one number or one value, `lists`, `counts` and
//! `moments` those that keep more. `cell` is how a window has one of them in a few bytes.

mod accumulator;
mod beside;
mod bind;
mod cell;
pub mod codec;
mod counts;
mod docs;
mod kept;
mod lists;
mod merge;
mod moments;
mod scalar;
mod undo;

pub use accumulator::Accumulator;
pub use beside::Beside;
pub use bind::{Limits, NAMES, Refused, is_aggregate};
pub use cell::{Cell, TEXTS};
pub use docs::{DOCS, Doc, Example};
pub use kept::Kept;
pub use scalar::Scalar;

use super::{DataType, EvalError, Value};

/// The aggregate functions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Function {
    /// COUNT(*), or COUNT(e) of values that are not NULL.
    Count,
    /// SUM: of the argument's type; 0 without values. Of an ARRAY it is SUM_LIST, which sums its elements.
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
    /// LATEST_BY_OFFSET(e, n [, ignore nulls]): the last n, oldest first.
    LatestN {
        /// How many.
        n: u32,
        /// NULLs are passed over.
        ignore_nulls: bool,
    },
    /// EARLIEST_BY_OFFSET(e, n [, ignore nulls]): the first n.
    EarliestN {
        /// How many.
        n: u32,
        /// NULLs are passed over.
        ignore_nulls: bool,
    },
    /// COLLECT_LIST: all values, NULLs too, as far as the limit goes.
    CollectList {
        /// The longest list.
        limit: u32,
    },
    /// COLLECT_SET: each value once, NULL too, as far as the limit goes.
    CollectSet {
        /// The longest list.
        limit: u32,
    },
    /// TOPK(e [, more ...], k): the k greatest, greatest first.
    TopK {
        /// How many.
        k: u32,
        /// How many arguments stand before k; with more than one the elements are structs.
        columns: u32,
    },
    /// TOPKDISTINCT(e, k): the k greatest distinct values, greatest first.
    TopKDistinct {
        /// How many.
        k: u32,
    },
    /// HISTOGRAM: how often each VARCHAR occurs.
    Histogram,
    /// ATTR: the one value that all records have, else NULL.
    Attr,
    /// CORRELATION(x, y): Pearson's coefficient.
    Correlation,
    /// STDDEV_SAMP: the sample variance, as in ksqlDB.
    Variance,
    /// STDDEV_SAMPLE: the sample standard deviation.
    Deviation,
}

/// A function bound to its argument's type.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Aggregate {
    /// The function.
    pub function: Function,
    /// What the argument is cast to; None for COUNT(*). A function of several columns takes them as one
    /// STRUCT: see [`Aggregate::columns`].
    pub argument: Option<DataType>,
    /// The result's type.
    pub returns: DataType,
}

impl Aggregate {
    /// How many of the call's arguments are columns; the rest are constants that binding has taken up. Where
    /// there are several, they are the fields of `argument`, a STRUCT.
    pub fn columns(&self) -> usize {
        match self.function {
            Function::TopK { columns, .. } => columns as usize,
            Function::Correlation => 2,
            _ => usize::from(self.argument.is_some()),
        }
    }

    /// Whether ksqlDB keeps a structure for it although its result is none: it refuses it on DELIMITED values.
    pub fn keeps_a_structure(&self) -> bool {
        matches!(
            self.function,
            Function::Attr | Function::Correlation | Function::Variance | Function::Deviation
        )
    }

    /// The accumulator before any value.
    pub fn start(&self) -> Accumulator {
        Accumulator::start(self)
    }

    /// Takes a value; `None` is COUNT(*)'s. An overflow leaves the accumulator as it was.
    pub fn add(&self, accumulator: &mut Accumulator, value: Option<&Value<'_>>) -> Result<(), EvalError> {
        accumulator.add(self, value)
    }

    /// Whether a value can be taken out again, as a table's changing rows need it.
    pub fn has_undo(&self) -> bool {
        undo::has_undo(self.function)
    }

    /// Takes a value out that was put in before; `None` is COUNT(*)'s.
    pub fn undo(&self, accumulator: &mut Accumulator, value: Option<&Value<'_>>) -> Result<(), EvalError> {
        accumulator.undo(self, value)
    }

    /// Adds what another accumulator of this function has, as the later of the two.
    pub fn merge(&self, accumulator: &mut Accumulator, later: &Accumulator) -> Result<(), EvalError> {
        accumulator.merge(self, later)
    }

    /// The result so far.
    pub fn result<'a>(&self, accumulator: &'a Accumulator) -> Value<'a> {
        accumulator.result(self)
    }
}

/// Canonical text, for fingerprints: `SUM(DECIMAL(18, 4))`.
impl std::fmt::Display for Aggregate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.function {
            Function::Count => f.write_str("COUNT"),
            Function::Sum => f.write_str("SUM"),
            Function::Avg => f.write_str("AVG"),
            Function::Min => f.write_str("MIN"),
            Function::Max => f.write_str("MAX"),
            Function::CountDistinct => f.write_str("COUNT_DISTINCT"),
            Function::Latest { ignore_nulls: true } => f.write_str("LATEST"),
            Function::Latest { ignore_nulls: false } => f.write_str("LATEST_WITH_NULLS"),
            Function::Earliest { ignore_nulls: true } => f.write_str("EARLIEST"),
            Function::Earliest { ignore_nulls: false } => f.write_str("EARLIEST_WITH_NULLS"),
            Function::LatestN { n, ignore_nulls: true } => write!(f, "LATEST {n} "),
            Function::LatestN { n, ignore_nulls: false } => write!(f, "LATEST_WITH_NULLS {n} "),
            Function::EarliestN { n, ignore_nulls: true } => write!(f, "EARLIEST {n} "),
            Function::EarliestN { n, ignore_nulls: false } => write!(f, "EARLIEST_WITH_NULLS {n} "),
            Function::CollectList { limit } => write!(f, "COLLECT_LIST {limit} "),
            Function::CollectSet { limit } => write!(f, "COLLECT_SET {limit} "),
            Function::TopK { k, columns } => write!(f, "TOPK {k} by the first of {columns} "),
            Function::TopKDistinct { k } => write!(f, "TOPKDISTINCT {k} "),
            Function::Histogram => f.write_str("HISTOGRAM"),
            Function::Attr => f.write_str("ATTR"),
            Function::Correlation => f.write_str("CORRELATION"),
            Function::Variance => f.write_str("STDDEV_SAMP"),
            Function::Deviation => f.write_str("STDDEV_SAMPLE"),
        }?;
        match &self.argument {
            Some(argument) => write!(f, "({argument})"),
            None => f.write_str("(*)"),
        }
    }
}

#[cfg(test)]
mod tests;
