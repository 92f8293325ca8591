//! `+ - * / %` and their types.

use crate::types::{DataType, Decimal, EvalError, Value};

/// Operators of numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArithmeticOp {
    /// `+`; of VARCHARs it joins them.
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Modulo,
}

impl ArithmeticOp {
    /// How it is written.
    pub fn symbol(self) -> &'static str {
        match self {
            ArithmeticOp::Add => "+",
            ArithmeticOp::Subtract => "-",
            ArithmeticOp::Multiply => "*",
            ArithmeticOp::Divide => "/",
            ArithmeticOp::Modulo => "%",
        }
    }
}

/// The type of `left op right`, None where there is none. The wider of INT, BIGINT, DECIMAL and DOUBLE; a
/// DECIMAL's precision and scale follow the rules of `io.confluent.ksql.util.DecimalUtil`, brought within 38
/// digits.
pub fn result_type(op: ArithmeticOp, left: &DataType, right: &DataType) -> Option<DataType> {
    use DataType::{Bigint, Double, Integer, String};
    match (left, right) {
        (String, String) if op == ArithmeticOp::Add => Some(String),
        (l, r) if !l.is_numeric() || !r.is_numeric() => None,
        (Double, _) | (_, Double) => Some(Double),
        (Integer, Integer) => Some(Integer),
        (Integer | Bigint, Integer | Bigint) => Some(Bigint),
        (l, r) => {
            let ((p1, s1), (p2, s2)) = (l.as_decimal()?, r.as_decimal()?);
            let (whole, scale) = (p1 - s1, s1.max(s2));
            Some(match op {
                ArithmeticOp::Add | ArithmeticOp::Subtract => {
                    DataType::decimal(whole.max(p2 - s2) + scale + 1, scale)
                }
                ArithmeticOp::Multiply => DataType::decimal(p1 + p2 + 1, s1 + s2),
                ArithmeticOp::Divide => {
                    let scale = 6.max(s1 + p2 + 1);
                    bounded_division(whole + s2, scale)
                }
                ArithmeticOp::Modulo => DataType::decimal(whole.min(p2 - s2) + scale, scale),
            })
        }
    }
}

/// A quotient's type where 38 digits do not hold all: digits in front of the point come first, and at
/// least 6 behind it are kept.
fn bounded_division(whole: u32, scale: u32) -> DataType {
    if whole + scale <= 38 {
        return DataType::decimal(whole + scale, scale);
    }
    DataType::decimal(38, scale.min(6.max(38u32.saturating_sub(whole))))
}

/// Applies it; NULL with a NULL. INT and BIGINT wrap around as Java's do.
pub(super) fn apply<'r>(
    op: ArithmeticOp,
    left: Value<'r>,
    right: Value<'r>,
    returns: Option<&DataType>,
) -> Result<Value<'r>, EvalError> {
    if left.is_null() || right.is_null() {
        return Ok(Value::Null);
    }
    match returns {
        Some(DataType::Integer) => {
            integer(op, left.as_i64().unwrap_or_default(), right.as_i64().unwrap_or_default())
                .map(|v| Value::Integer(v as i32))
        }
        Some(DataType::Bigint) => {
            integer(op, left.as_i64().unwrap_or_default(), right.as_i64().unwrap_or_default())
                .map(Value::Bigint)
        }
        Some(DataType::Double) => {
            let (l, r) = (left.as_f64().unwrap_or_default(), right.as_f64().unwrap_or_default());
            Ok(Value::Double(double(op, l, r)))
        }
        Some(DataType::Decimal { precision, scale }) => decimal(op, &left, &right, *precision, *scale),
        _ => match (left, right) {
            (Value::String(l), Value::String(r)) => Ok(Value::string(format!("{l}{r}"))),
            _ => Ok(Value::Null),
        },
    }
}

/// -e
pub(super) fn negate(value: Value<'_>) -> Result<Value<'_>, EvalError> {
    Ok(match value {
        Value::Integer(v) => Value::Integer(v.wrapping_neg()),
        Value::Bigint(v) => Value::Bigint(v.wrapping_neg()),
        Value::Double(v) => Value::Double(-v),
        Value::Decimal(v) => Value::Decimal(v.negate().ok_or_else(|| EvalError::new("number overflow"))?),
        _ => Value::Null,
    })
}

/// On INT operands the low 32 bits of the result are those of 32-bit arithmetic.
fn integer(op: ArithmeticOp, l: i64, r: i64) -> Result<i64, EvalError> {
    Ok(match op {
        ArithmeticOp::Add => l.wrapping_add(r),
        ArithmeticOp::Subtract => l.wrapping_sub(r),
        ArithmeticOp::Multiply => l.wrapping_mul(r),
        ArithmeticOp::Divide | ArithmeticOp::Modulo if r == 0 => {
            return Err(EvalError::new("division by zero"));
        }
        ArithmeticOp::Divide => l.wrapping_div(r),
        ArithmeticOp::Modulo => l.wrapping_rem(r),
    })
}

fn double(op: ArithmeticOp, l: f64, r: f64) -> f64 {
    match op {
        ArithmeticOp::Add => l + r,
        ArithmeticOp::Subtract => l - r,
        ArithmeticOp::Multiply => l * r,
        ArithmeticOp::Divide => l / r,
        ArithmeticOp::Modulo => l % r,
    }
}

fn to_decimal(value: &Value<'_>) -> Option<Decimal> {
    match value {
        Value::Decimal(d) => Some(*d),
        other => other.as_i64().map(Decimal::from_i64),
    }
}

fn decimal<'r>(
    op: ArithmeticOp,
    left: &Value<'_>,
    right: &Value<'_>,
    precision: u32,
    scale: u32,
) -> Result<Value<'r>, EvalError> {
    let (Some(l), Some(r)) = (to_decimal(left), to_decimal(right)) else { return Ok(Value::Null) };
    if matches!(op, ArithmeticOp::Divide | ArithmeticOp::Modulo) && r.unscaled() == 0 {
        return Err(EvalError::new("division by zero"));
    }
    let result = match op {
        ArithmeticOp::Add => l.checked_add(r),
        ArithmeticOp::Subtract => l.checked_sub(r),
        ArithmeticOp::Multiply => l.checked_mul(r),
        ArithmeticOp::Divide => l.checked_div(r, scale),
        ArithmeticOp::Modulo => l.checked_rem(r),
    };
    result
        .and_then(|d| d.fit(precision, scale))
        .map(Value::Decimal)
        .ok_or_else(|| EvalError::new(format!("the result exceeds DECIMAL({precision}, {scale})")))
}
