//! Comparisons: both sides brought to types that compare, a constant to its column's.

use super::coercion;
use super::expr::{bind, bind_all, bind_both, coerce};
use super::literal;
use super::scope::{Scope, type_name};
use crate::sql::Diagnostic;
use crate::sql::ast::{Expr as AstExpr, Span};
use crate::types::expr::{CompareOp, Expr, Node};
use crate::types::{DataType, Value};

type Bound = Result<Expr, Diagnostic>;

/// Binds `left op right`.
pub(super) fn comparison(
    scope: &mut dyn Scope,
    op: CompareOp,
    left: &AstExpr,
    right: &AstExpr,
    span: Span,
) -> Bound {
    let (l, r) = bind_both(scope, left, right)?;
    let (l, r) = comparable(l, r, span, op.symbol())?;
    if !matches!(op, CompareOp::Equal | CompareOp::NotEqual) {
        check_order(&l, span, op.symbol())?;
    }
    Ok(Expr::boolean(Node::Compare(op, Box::new(l), Box::new(r))))
}

/// Refuses what has no order.
fn check_order(expr: &Expr, span: Span, op: &str) -> Result<(), Diagnostic> {
    match &expr.data_type {
        Some(DataType::Boolean | DataType::Map(..) | DataType::Struct(_) | DataType::Array(_)) => {
            let message = format!("{} has no order: {op} does not apply", type_name(expr.data_type.as_ref()));
            Err(Diagnostic::error("type_mismatch", span, message).hint("= and <> do"))
        }
        _ => Ok(()),
    }
}

/// Brings both sides of a comparison to comparable types; a constant takes the other side's type.
pub(super) fn comparable(l: Expr, r: Expr, span: Span, op: &str) -> Result<(Expr, Expr), Diagnostic> {
    let (Some(lt), Some(rt)) = (l.data_type.clone(), r.data_type.clone()) else {
        let message = format!("{op} does not compare with NULL");
        return Err(Diagnostic::error("null_comparison", span, message)
            .hint("IS NULL and IS NOT NULL ask whether a value is missing"));
    };
    if let Some(r) = literal::as_time(&l, &r, span)? {
        return Ok((l, r));
    }
    if let Some(l) = literal::as_time(&r, &l, span)? {
        return Ok((l, r));
    }
    if lt.is_numeric() && rt.is_numeric() {
        return Ok((literal::like_number(l, &rt), literal::like_number(r, &lt)));
    }
    if lt == rt {
        return Ok((l, r));
    }
    // Text of a column is read as a time record by record.
    match (&lt, &rt) {
        (DataType::String, time) if time.is_temporal() => return Ok((coerce(l, time), r)),
        (time, DataType::String) if time.is_temporal() => return Ok((l, coerce(r, time))),
        _ => {}
    }
    match lt.common(&rt) {
        Some(common) => Ok((coerce(l, &common), coerce(r, &common))),
        None if lt.is_temporal() && rt.is_temporal() && lt != DataType::Time && rt != DataType::Time => {
            Ok((coerce(l, &DataType::Timestamp), coerce(r, &DataType::Timestamp)))
        }
        None => {
            let message = format!("{op} does not compare {lt} with {rt}");
            Err(Diagnostic::error("type_mismatch", span, message).hint(how_to_compare(&l, &r)))
        }
    }
}

/// What to write instead, where text stands beside a number.
fn how_to_compare(l: &Expr, r: &Expr) -> String {
    let is_text = |e: &Expr| e.data_type == Some(DataType::String);
    let (text, number) = if is_text(l) { (l, r) } else { (r, l) };
    if !is_text(text) || !number.data_type.as_ref().is_some_and(DataType::is_numeric) {
        return "CAST(... AS ...) converts a value".into();
    }
    match (text.as_literal().and_then(Value::as_str), number.as_literal()) {
        (Some(written), _) if written.parse::<f64>().is_ok() => {
            format!("a number is written without quotes: {written}")
        }
        (None, Some(_)) => {
            let text = text.to_string().replace('`', "");
            format!("text is written in quotes: '{number}'; to compare numbers, CAST({text} AS DOUBLE)")
        }
        _ => "CAST(... AS VARCHAR) makes text of the number, CAST(... AS DOUBLE) a number of the text".into(),
    }
}

/// Binds BETWEEN.
pub(super) fn between(
    scope: &mut dyn Scope,
    expr: &AstExpr,
    low: &AstExpr,
    high: &AstExpr,
    negated: bool,
) -> Bound {
    let span = expr.span.to(high.span);
    let value = bind(scope, expr);
    let (value, (low, high)) = Diagnostic::both(value, bind_both(scope, low, high))?;
    let (value, low) = comparable(value, low, span, "BETWEEN")?;
    let (value, high) = comparable(value, high, span, "BETWEEN")?;
    check_order(&value, span, "BETWEEN")?;
    Ok(Expr::boolean(Node::Between { parts: Box::new([value, low, high]), negated }))
}

/// Binds IN.
pub(super) fn in_list(scope: &mut dyn Scope, expr: &AstExpr, list: &[AstExpr], negated: bool) -> Bound {
    let value = bind(scope, expr);
    let (mut value, bound) = Diagnostic::both(value, bind_all(scope, list))?;
    let all: Vec<_> = std::iter::once(value.clone()).chain(bound.iter().cloned()).collect();
    let mut items = Vec::with_capacity(list.len());
    for (item, bound) in list.iter().zip(bound) {
        match comparable(value, bound, expr.span.to(item.span), "IN") {
            Ok((v, bound)) => {
                value = v;
                items.push(bound);
            }
            Err(refused) => {
                let Some((_, mut all)) = coercion::unify(all) else {
                    return Err(refused.at(item.span).note(expr.span, "is compared with it"));
                };
                let value = Box::new(all.remove(0));
                return Ok(Expr::boolean(Node::In { expr: value, list: all, negated }));
            }
        }
    }
    Ok(Expr::boolean(Node::In { expr: Box::new(value), list: items, negated }))
}
