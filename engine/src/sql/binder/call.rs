//! Calls of scalar functions: the signature that fits, and the arguments cast to it.

use super::expr::{bind, coerce};
use super::scope::Scope;
use crate::sql::Diagnostic;
use crate::sql::ast::{Expr as AstExpr, ExprKind, Ident, Span};
use crate::types::expr::{Expr, HigherOrder, Node};
use crate::types::functions::{self, Call, Function, ResolveError, TableFunction};
use crate::types::{DataType, Value};

type Bound = Result<Expr, Diagnostic>;

/// Binds `name(arguments)`.
pub(super) fn call(scope: &mut dyn Scope, name: &Ident, args: &[AstExpr], span: Span) -> Bound {
    if TableFunction::lookup(&name.name).is_some() {
        return Err(super::flat::misplaced(name));
    }
    if let Some(function) = HigherOrder::lookup(&name.name) {
        return super::lambda::call(scope, function, name, args, span);
    }
    if !is_known(&name.name) {
        return Err(unknown_function(name));
    }
    if args.is_empty()
        && let Some(derived) = super::position::call(scope, name, span)
    {
        return derived;
    }
    let args = Diagnostic::all(args.iter().map(|a| unit_or(scope, name, a)))?;
    if scope.env().legacy_substring && name.name == "SUBSTRING" {
        return apply_function(functions::legacy_substring(), name, args, span);
    }
    apply(name, args, span)
}

/// Whether there is a function of this name, of whatever kind.
pub(super) fn is_known(name: &str) -> bool {
    functions::lookup(name).is_some()
        || HigherOrder::lookup(name).is_some()
        || TableFunction::lookup(name).is_some()
        || crate::types::aggregate::is_aggregate(name)
}

pub(super) fn unknown_function(name: &Ident) -> Diagnostic {
    let higher = HigherOrder::ALL.into_iter().map(HigherOrder::name);
    let table = TableFunction::ALL.into_iter().map(TableFunction::name);
    let known =
        functions::names().chain(higher).chain(table).chain(crate::types::aggregate::NAMES.iter().copied());
    let refused =
        Diagnostic::error("unknown_function", name.span, format!("there is no function {}", name.name));
    match ELSEWHERE.iter().find(|(other, _)| *other == name.name) {
        Some((_, here)) => refused.hint(*here),
        None => {
            let refused = refused.did_you_mean(&name.name, known);
            let page = "docs/sql/functions.md lists the functions";
            if refused.hint.is_some() { refused } else { refused.hint(page) }
        }
    }
}

/// What functions of other dialects are called here.
const ELSEWHERE: &[(&str, &str)] = &[
    ("IF", "write CASE WHEN condition THEN a ELSE b END"),
    ("IIF", "write CASE WHEN condition THEN a ELSE b END"),
    ("DECODE", "write CASE value WHEN a THEN b ELSE c END"),
    ("NVL", "it is IFNULL(value, other), or COALESCE of several"),
    ("ISNULL", "it is IFNULL(value, other); a condition is value IS NULL"),
    ("NOW", "ROWTIME is the time of the record; no clock is read, so that a replay gives the same"),
    (
        "CURRENT_TIMESTAMP",
        "ROWTIME is the time of the record; no clock is read, so that a replay gives the same",
    ),
    ("GETDATE", "ROWTIME is the time of the record; no clock is read, so that a replay gives the same"),
    ("LENGTH", "it is LEN(text)"),
    ("CHAR_LENGTH", "it is LEN(text)"),
    ("SUBSTR", "it is SUBSTRING(text, from, length)"),
    ("POSITION", "it is INSTR(text, part)"),
    ("STRPOS", "it is INSTR(text, part)"),
    ("TO_CHAR", "it is FORMAT_TIMESTAMP(time, pattern), or CAST(... AS VARCHAR)"),
    ("DATE_FORMAT", "it is FORMAT_TIMESTAMP(time, pattern)"),
    ("TO_TIMESTAMP", "it is PARSE_TIMESTAMP(text, pattern), or FROM_UNIXTIME(milliseconds)"),
    ("TO_DATE", "it is PARSE_DATE(text, pattern)"),
    ("ARRAY_AGG", "it is COLLECT_LIST(value)"),
    ("STRING_AGG", "it is ARRAY_JOIN(COLLECT_LIST(value), ', ')"),
    ("GROUP_CONCAT", "it is ARRAY_JOIN(COLLECT_LIST(value), ', ')"),
    ("UNNEST", "it is EXPLODE(array)"),
    ("STDDEV", "it is STDDEV_SAMPLE(number)"),
    ("CARDINALITY", "it is ARRAY_LENGTH(array)"),
    ("APPROX_COUNT_DISTINCT", "it is COUNT_DISTINCT(value)"),
];

/// The interval units that TIMESTAMPADD and its like take as a bare word.
const UNITS: &[&str] = &["MILLISECONDS", "SECONDS", "MINUTES", "HOURS", "DAYS", "WEEKS", "MONTHS", "YEARS"];

fn takes_unit(function: &str) -> bool {
    ["DATE", "TIME", "TIMESTAMP"]
        .iter()
        .any(|of| function.strip_prefix(of).is_some_and(|rest| matches!(rest, "ADD" | "SUB")))
}

fn unit_or(scope: &mut dyn Scope, function: &Ident, arg: &AstExpr) -> Bound {
    match &arg.kind {
        ExprKind::Column { qualifier: None, name }
            if takes_unit(&function.name) && UNITS.contains(&name.name.as_str()) =>
        {
            Ok(Expr::literal(Value::string(name.name.as_str()), Some(DataType::String)))
        }
        _ => bind(scope, arg),
    }
}

/// Applies a scalar function to bound arguments.
pub(super) fn apply(name: &Ident, args: Vec<Expr>, span: Span) -> Bound {
    if crate::types::aggregate::is_aggregate(&name.name) {
        let message = format!("{} is an aggregate function, which has no place here", name.name);
        return Err(Diagnostic::error("misplaced_aggregate", name.span, message).hint(
            "aggregates stand in SELECT and HAVING of a query with GROUP BY, not inside of one another",
        ));
    }
    match functions::lookup(&name.name) {
        Some(function) => apply_function(function, name, args, span),
        None => Err(unknown_function(name)),
    }
}

fn apply_function(function: &'static Function, name: &Ident, args: Vec<Expr>, span: Span) -> Bound {
    let types: Vec<_> = args.iter().map(|a| a.data_type.clone()).collect();
    let literals: Vec<_> = args.iter().map(|a| a.as_literal().cloned()).collect();
    let bound =
        functions::settle(function, &Call { types: &types, literals: &literals }).map_err(|e| match e {
            ResolveError::Unknown { .. } => unknown_function(name),
            ResolveError::NoOverload { message, signatures } => {
                let unit = if takes_unit(&name.name) {
                    "; the first argument is a unit, such as MINUTES or DAYS"
                } else {
                    ""
                };
                Diagnostic::error("type_mismatch", span, message)
                    .hint(format!("it is {}{unit}", signatures.join(", or ")))
            }
        })?;
    let args = args
        .into_iter()
        .zip(bound.coerce.iter().chain(std::iter::repeat(&None)))
        .map(|(arg, to)| match to {
            Some(to) => coerce(arg, to),
            None => arg,
        })
        .collect();
    Ok(Expr {
        node: Node::Call { name: function.name, args, eval: bound.eval },
        data_type: Some(bound.returns),
    })
}
