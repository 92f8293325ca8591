//! Bound expressions: typed once, run without looking up a name.
//!
//! Enters: a row, a slice of values that the column indexes fit. Leaves: a value of the expression's type,
//! or NULL, borrowing from row and expression wherever that is possible. What holds: comparisons are
//! two-valued as ksqlDB's: `NULL = x`, `NULL < x` and so on are FALSE, only `IS [NOT] DISTINCT FROM` and
//! `IS [NOT] NULL` see NULLs; an [`EvalError`] is this row's alone.

mod arithmetic;
mod cast;
mod display;
mod lambda;
mod like;
mod walk;

use std::cmp::Ordering;

pub use arithmetic::{ArithmeticOp, result_type};
pub use cast::{cast, castable, parse_timestamp};
pub use lambda::{HigherOrder, Lambda};
pub use like::LikePattern;

use super::functions::Eval;
use super::{DataType, EvalError, Value, compare, equal};

/// An expression and the type of its value; None is an untyped NULL.
#[derive(Debug, Clone)]
pub struct Expr {
    /// What is computed.
    pub node: Node,
    /// The type.
    pub data_type: Option<DataType>,
}

/// Comparisons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// The forms of bound expressions.
#[derive(Clone)]
pub enum Node {
    /// A column of the row.
    Column {
        /// Its place.
        index: usize,
        /// Its name, for canonical text.
        name: String,
    },
    /// A constant.
    Literal(Value<'static>),
    /// All are TRUE.
    And(Vec<Expr>),
    /// One is TRUE.
    Or(Vec<Expr>),
    /// NOT
    Not(Box<Expr>),
    /// A comparison; both sides are of comparable types.
    Compare(CompareOp, Box<Expr>, Box<Expr>),
    /// `IS [NOT] DISTINCT FROM`
    Distinct {
        /// The sides.
        sides: Box<[Expr; 2]>,
        /// IS NOT DISTINCT FROM.
        negated: bool,
    },
    /// `IS [NOT] NULL`
    IsNull {
        /// The operand.
        expr: Box<Expr>,
        /// IS NOT NULL.
        negated: bool,
    },
    /// BETWEEN: operand, low, high.
    Between {
        /// The operands.
        parts: Box<[Expr; 3]>,
        /// NOT BETWEEN.
        negated: bool,
    },
    /// IN
    In {
        /// The operand.
        expr: Box<Expr>,
        /// The list.
        list: Vec<Expr>,
        /// NOT IN.
        negated: bool,
    },
    /// LIKE
    Like {
        /// The operand.
        expr: Box<Expr>,
        /// The pattern: compiled where it is constant.
        pattern: Box<Like>,
        /// NOT LIKE.
        negated: bool,
    },
    /// `+ - * / %`; operands are of the result's family.
    Arithmetic(ArithmeticOp, Box<Expr>, Box<Expr>),
    /// `-e`
    Negate(Box<Expr>),
    /// CASE WHEN
    Case {
        /// Conditions with their results.
        whens: Vec<(Expr, Expr)>,
        /// ELSE
        otherwise: Option<Box<Expr>>,
    },
    /// CAST, or a widening that binding put in.
    Cast(Box<Expr>),
    /// A scalar function.
    Call {
        /// Its name, for canonical text.
        name: &'static str,
        /// The arguments, cast to what it takes.
        args: Vec<Expr>,
        /// The function.
        eval: Eval,
    },
    /// FILTER, TRANSFORM or REDUCE.
    HigherOrder {
        /// Which.
        function: HigherOrder,
        /// The collection, and REDUCE's first state.
        args: Vec<Expr>,
        /// The lambdas.
        lambdas: Vec<Lambda>,
    },
    /// Its operand; a NULL there is an error, as in ksqlDB's lambdas.
    NotNull(Box<Expr>),
    /// `array[index]` (from 1, negative from the end) or `map[key]`.
    Subscript(Box<Expr>, Box<Expr>),
    /// `struct->field`
    Field {
        /// The struct.
        base: Box<Expr>,
        /// The field's place.
        index: usize,
        /// Its name, for canonical text.
        name: String,
    },
    /// ARRAY[...]
    Array(Vec<Expr>),
    /// MAP(...)
    Map(Vec<(Expr, Expr)>),
    /// STRUCT(...): values in the order of the type's fields.
    Struct(Vec<Expr>),
}

/// LIKE's pattern.
#[derive(Debug, Clone)]
pub enum Like {
    /// A constant, compiled.
    Constant(LikePattern),
    /// Compiled for each row.
    Dynamic {
        /// The pattern.
        pattern: Expr,
        /// ESCAPE.
        escape: Option<char>,
    },
}

/// A function takes at most this many arguments without an allocation.
const STACK_ARGS: usize = 8;

impl Expr {
    /// A constant.
    pub fn literal(value: Value<'static>, data_type: Option<DataType>) -> Self {
        Self { node: Node::Literal(value), data_type }
    }

    /// A column.
    pub fn column(index: usize, name: impl Into<String>, data_type: DataType) -> Self {
        Self { node: Node::Column { index, name: name.into() }, data_type: Some(data_type) }
    }

    /// A BOOLEAN expression.
    pub fn boolean(node: Node) -> Self {
        Self { node, data_type: Some(DataType::Boolean) }
    }

    /// The constant that it is, if it is one.
    pub fn as_literal(&self) -> Option<&Value<'static>> {
        match &self.node {
            Node::Literal(value) => Some(value),
            _ => None,
        }
    }

    /// Whether it is TRUE for the row; NULL is not.
    pub fn test<'r>(&'r self, row: &'r [Value<'r>]) -> Result<bool, EvalError> {
        match &self.node {
            Node::And(all) => {
                for expr in all {
                    if !expr.test(row)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Node::Or(any) => {
                for expr in any {
                    if expr.test(row)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Node::Not(expr) => Ok(expr.truth(row)? == Some(false)),
            Node::Compare(op, left, right) => match (left.in_place(row), right.in_place(row)) {
                (Some(left), Some(right)) => Ok(op.holds(left, right)),
                _ => Ok(op.holds(&left.eval(row)?, &right.eval(row)?)),
            },
            Node::Distinct { sides, negated } => {
                let (left, right) = (sides[0].eval(row)?, sides[1].eval(row)?);
                let same = match (left.is_null(), right.is_null()) {
                    (true, true) => true,
                    (false, false) => equal(&left, &right),
                    _ => false,
                };
                Ok(same == *negated)
            }
            Node::IsNull { expr, negated } => Ok(expr.eval(row)?.is_null() != *negated),
            Node::Between { parts, negated } => {
                let value = parts[0].eval(row)?;
                let within = CompareOp::GreaterOrEqual.holds(&value, &parts[1].eval(row)?)
                    && CompareOp::LessOrEqual.holds(&value, &parts[2].eval(row)?);
                Ok(within != *negated)
            }
            Node::In { expr, list, negated } => Ok(is_in(expr, list, row)? != *negated),
            Node::Like { expr, pattern, negated } => Ok(is_like(expr, pattern, row)? != *negated),
            _ => Ok(matches!(self.eval(row)?, Value::Boolean(true))),
        }
    }

    /// TRUE or FALSE, or NULL as what is no comparison may be.
    fn truth<'r>(&'r self, row: &'r [Value<'r>]) -> Result<Option<bool>, EvalError> {
        match &self.node {
            Node::Not(expr) => Ok(expr.truth(row)?.map(|holds| !holds)),
            Node::And(_)
            | Node::Or(_)
            | Node::Compare(..)
            | Node::Distinct { .. }
            | Node::IsNull { .. }
            | Node::Between { .. }
            | Node::In { .. }
            | Node::Like { .. } => self.test(row).map(Some),
            _ => Ok(match self.eval(row)? {
                Value::Boolean(holds) => Some(holds),
                _ => None,
            }),
        }
    }

    /// Its value for the row.
    pub fn eval<'r>(&'r self, row: &'r [Value<'r>]) -> Result<Value<'r>, EvalError> {
        match &self.node {
            Node::Column { index, .. } => Ok(row[*index].borrowed()),
            Node::Literal(value) => Ok(value.borrowed()),
            Node::Arithmetic(op, left, right) => {
                arithmetic::apply(*op, left.eval(row)?, right.eval(row)?, self.data_type.as_ref())
            }
            Node::Negate(expr) => arithmetic::negate(expr.eval(row)?),
            Node::Case { whens, otherwise } => {
                for (condition, result) in whens {
                    if condition.test(row)? {
                        return result.eval(row);
                    }
                }
                otherwise.as_ref().map_or(Ok(Value::Null), |e| e.eval(row))
            }
            Node::Cast(expr) => match &self.data_type {
                Some(to) => cast::cast_from(expr.eval(row)?, expr.data_type.as_ref(), to),
                None => expr.eval(row),
            },
            Node::Call { args, eval, .. } => call(args, eval, row),
            Node::HigherOrder { function, args, lambdas } => lambda::apply(*function, args, lambdas, row),
            Node::NotNull(expr) => match expr.eval(row)? {
                Value::Null => Err(EvalError::new("NULL within a lambda")),
                value => Ok(value),
            },
            Node::Subscript(base, index) => subscript(&base.eval(row)?, &index.eval(row)?),
            Node::Field { base, index, .. } => Ok(match base.eval(row)? {
                Value::Struct(fields) => fields.get(*index).cloned().unwrap_or_default(),
                _ => Value::Null,
            }),
            Node::Array(items) => Ok(Value::Array(eval_each(items, row).into())),
            Node::Struct(items) => Ok(Value::Struct(eval_all(items, row)?.into())),
            Node::Map(entries) => {
                let entries =
                    entries.iter().map(|(k, v)| Ok((k.eval(row)?, v.eval(row).unwrap_or_default())));
                Ok(Value::Map(entries.collect::<Result<Vec<_>, EvalError>>()?.into()))
            }
            Node::Not(_) => Ok(self.truth(row)?.map_or(Value::Null, Value::Boolean)),
            _ => self.test(row).map(Value::Boolean),
        }
    }
}

impl CompareOp {
    /// Whether it holds between two values; never with a NULL.
    pub fn holds(self, left: &Value<'_>, right: &Value<'_>) -> bool {
        if left.is_null() || right.is_null() {
            return false;
        }
        match self {
            CompareOp::Equal => equal(left, right),
            CompareOp::NotEqual => !equal(left, right),
            CompareOp::Less => compare(left, right) == Some(Ordering::Less),
            CompareOp::Greater => compare(left, right) == Some(Ordering::Greater),
            CompareOp::LessOrEqual => compare(left, right).is_some_and(Ordering::is_le),
            CompareOp::GreaterOrEqual => compare(left, right).is_some_and(Ordering::is_ge),
        }
    }
}

fn eval_all<'r>(exprs: &'r [Expr], row: &'r [Value<'r>]) -> Result<Vec<Value<'r>>, EvalError> {
    exprs.iter().map(|e| e.eval(row)).collect()
}

/// The elements of a list or map; one that fails is NULL, as in ksqlDB.
fn eval_each<'r>(exprs: &'r [Expr], row: &'r [Value<'r>]) -> Vec<Value<'r>> {
    exprs.iter().map(|e| e.eval(row).unwrap_or_default()).collect()
}

fn is_in<'r>(expr: &'r Expr, list: &'r [Expr], row: &'r [Value<'r>]) -> Result<bool, EvalError> {
    let value = expr.eval(row)?;
    for item in list {
        if CompareOp::Equal.holds(&value, &item.eval(row)?) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_like<'r>(expr: &'r Expr, like: &'r Like, row: &'r [Value<'r>]) -> Result<bool, EvalError> {
    let value = expr.eval(row)?;
    let Some(text) = value.as_str() else { return Ok(false) };
    match like {
        Like::Constant(pattern) => Ok(pattern.matches(text)),
        Like::Dynamic { pattern, escape } => {
            Ok(pattern.eval(row)?.as_str().is_some_and(|p| LikePattern::new(p, *escape).matches(text)))
        }
    }
}

/// A function that fails is NULL at its place, as in ksqlDB: `COALESCE(PARSE_DATE(x, 'yyyy'), y)` gives y.
fn call<'r>(args: &'r [Expr], eval: &Eval, row: &'r [Value<'r>]) -> Result<Value<'r>, EvalError> {
    if args.len() > STACK_ARGS {
        return Ok(eval(&mut eval_all(args, row)?).unwrap_or_default());
    }
    let mut values: [Value<'r>; STACK_ARGS] = Default::default();
    for (value, arg) in values.iter_mut().zip(args) {
        *value = arg.eval(row)?;
    }
    Ok(eval(&mut values[..args.len()]).unwrap_or_default())
}

fn subscript<'r>(base: &Value<'r>, index: &Value<'r>) -> Result<Value<'r>, EvalError> {
    Ok(match base {
        Value::Array(items) => {
            let len = items.len() as i64;
            let at = match index.as_i64().unwrap_or_default() {
                i if i > 0 => i - 1,
                i if i < 0 => len + i,
                _ => -1,
            };
            usize::try_from(at).ok().and_then(|i| items.get(i)).cloned().unwrap_or_default()
        }
        Value::Map(entries) => entries
            .iter()
            .find(|(k, _)| CompareOp::Equal.holds(k, index))
            .map(|(_, v)| v.clone())
            .unwrap_or_default(),
        _ => Value::Null,
    })
}
