//! Constants, and what they become beside a column.

use super::scope::type_name;
use crate::sql::Diagnostic;
use crate::sql::ast::Span;
use crate::types::expr::{Expr, Node, parse_timestamp};
use crate::types::{DataType, Decimal, Value, compare};

type Bound = Result<Expr, Diagnostic>;

/// Digits: an INT where they fit, else a BIGINT.
pub(super) fn integer(text: &str, span: Span) -> Bound {
    if let Ok(v) = text.parse::<i32>() {
        return Ok(Expr::literal(Value::Integer(v), Some(DataType::Integer)));
    }
    match text.parse::<i64>() {
        Ok(v) => Ok(Expr::literal(Value::Bigint(v), Some(DataType::Bigint))),
        Err(_) => Err(Diagnostic::error("number", span, format!("{text} does not fit a BIGINT")).hint(
            "a number with a point, such as 1.0, is a DECIMAL; with an exponent, such as 1E20, a DOUBLE",
        )),
    }
}

/// Digits with a point: a DECIMAL of as many digits.
pub(super) fn decimal(text: &str, span: Span) -> Bound {
    match Decimal::parse(text.as_bytes()) {
        Some(d) => {
            let data_type = DataType::decimal(d.precision().max(d.scale()), d.scale());
            Ok(Expr::literal(Value::Decimal(d), Some(data_type)))
        }
        None => Err(Diagnostic::error("number", span, format!("{text} has more than 38 digits"))
            .hint("with an exponent, such as 1E20, it is a DOUBLE")),
    }
}

/// With an exponent: a DOUBLE.
pub(super) fn double(text: &str, span: Span) -> Bound {
    match text.parse::<f64>() {
        Ok(v) if v.is_finite() => Ok(Expr::literal(Value::Double(v), Some(DataType::Double))),
        _ => Err(Diagnostic::error("number", span, format!("{text} does not fit a DOUBLE"))
            .hint("the largest is 1.7976931348623157E308")),
    }
}

/// A numeric constant in the type of what it is compared with, where that loses nothing.
pub(super) fn like_number(expr: Expr, other: &DataType) -> Expr {
    let Some(value) = expr.as_literal() else { return expr };
    let same = match (other, value) {
        (DataType::Decimal { scale, .. }, v) => {
            let decimal = match v {
                Value::Decimal(d) => Some(*d),
                v => v.as_i64().map(Decimal::from_i64),
            };
            decimal.and_then(|d| d.rescale(*scale)).map(Value::Decimal)
        }
        (DataType::Double, Value::Integer(v)) => Some(Value::Double(f64::from(*v))),
        (DataType::Bigint, Value::Integer(v)) => Some(Value::Bigint(i64::from(*v))),
        _ => None,
    };
    match same {
        Some(same) if compare(&same, value).is_some_and(std::cmp::Ordering::is_eq) => {
            Expr::literal(same, Some(other.clone()))
        }
        _ => expr,
    }
}

/// ksqlDB reads text as a time where it stands beside ROWTIME or a window bound, or beside a TIMESTAMP, DATE
/// or TIME. None where `text` is no text constant, or `beside` no time.
pub(super) fn as_time(beside: &Expr, text: &Expr, span: Span) -> Result<Option<Expr>, Diagnostic> {
    let Some(written) = text.as_literal().and_then(Value::as_str) else { return Ok(None) };
    let pseudo = matches!(&beside.node, Node::Column { name, .. }
        if matches!(name.as_str(), "ROWTIME" | "WINDOWSTART" | "WINDOWEND"));
    let value = match &beside.data_type {
        Some(DataType::Bigint) if pseudo => parse_timestamp(written).map(Value::Bigint),
        Some(DataType::Timestamp) => parse_timestamp(written).map(Value::Timestamp),
        Some(to @ (DataType::Date | DataType::Time)) => {
            crate::types::expr::cast(Value::str(written), to).ok().map(Value::into_owned)
        }
        _ => return Ok(None),
    };
    match value {
        Some(value) => Ok(Some(Expr::literal(value, beside.data_type.clone()))),
        None => Err(Diagnostic::error(
            "time",
            span,
            format!("'{written}' cannot be read as a {}", type_name(beside.data_type.as_ref())),
        )
        .hint("such as '2024-01-31T22:00:00Z'")),
    }
}
