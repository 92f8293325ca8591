//! Expressions: from syntax to bound, typed ones.
//!
//! What holds: an expression that binds does not fail on types later. Constants are brought to the type of
//! what they are compared with, so that nothing is converted per record.

use super::call::{apply, call};
use super::comparison::{between, comparable, comparison, in_list};
use super::literal;
use super::scope::{Scope, type_name};
use crate::sql::Diagnostic;
use crate::sql::ast::{BinaryOp, Expr as AstExpr, ExprKind, Ident, Span, TypeName};
use crate::types::expr::{ArithmeticOp, CompareOp, Expr, Like, LikePattern, Node, castable, result_type};
use crate::types::{DataType, Field, Value};

type Bound = Result<Expr, Diagnostic>;

/// Binds an expression.
pub(super) fn bind(scope: &mut dyn Scope, expr: &AstExpr) -> Bound {
    if let Some(taken) = scope.take_over(expr) {
        return taken;
    }
    match &expr.kind {
        ExprKind::Null => Ok(Expr::literal(Value::Null, None)),
        ExprKind::Boolean(v) => Ok(Expr::literal(Value::Boolean(*v), Some(DataType::Boolean))),
        ExprKind::String(text) => Ok(Expr::literal(Value::string(text.as_str()), Some(DataType::String))),
        ExprKind::Integer(text) => literal::integer(text, expr.span),
        ExprKind::Decimal(text) => literal::decimal(text, expr.span),
        ExprKind::Double(text) => literal::double(text, expr.span),
        ExprKind::Column { qualifier, name } => scope.column(qualifier.as_ref(), name),
        ExprKind::Binary { op, left, right } => binary(scope, *op, left, right, expr.span),
        ExprKind::Not(e) => Ok(Expr::boolean(Node::Not(Box::new(condition(scope, e)?)))),
        ExprKind::Negate(e) => negate(scope, e),
        ExprKind::Plus(e) => bind(scope, e),
        ExprKind::IsNull { expr, negated } => {
            let expr = Box::new(bind(scope, expr)?);
            Ok(Expr::boolean(Node::IsNull { expr, negated: *negated }))
        }
        ExprKind::Between { expr, low, high, negated } => between(scope, expr, low, high, *negated),
        ExprKind::In { expr, list, negated } => in_list(scope, expr, list, *negated),
        ExprKind::Like { expr: e, pattern, escape, negated } => {
            let expr = Box::new(expect(bind(scope, e)?, &DataType::String, e.span)?);
            let pattern = expect(bind(scope, pattern)?, &DataType::String, pattern.span)?;
            let escape = escape.as_ref().and_then(|e| e.text.chars().next());
            let pattern = match pattern.as_literal().and_then(Value::as_str) {
                Some(text) => Like::Constant(LikePattern::new(text, escape)),
                None => Like::Dynamic { pattern, escape },
            };
            Ok(Expr::boolean(Node::Like { expr, pattern: Box::new(pattern), negated: *negated }))
        }
        ExprKind::Case { operand, whens, otherwise } => {
            case(scope, operand.as_deref(), whens, otherwise.as_deref(), expr.span)
        }
        ExprKind::Cast { expr: e, to } => explicit_cast(scope, e, to),
        ExprKind::Call { name, args, .. } => call(scope, name, args, expr.span),
        ExprKind::Subscript { base, index } => subscript(scope, base, index),
        ExprKind::Field { base, field } => struct_field(scope, base, field),
        ExprKind::Array(items) => {
            let items = bind_all(scope, items)?;
            let (element, items) = one_type(items, "an array's elements", expr.span)?;
            Ok(Expr { node: Node::Array(items), data_type: Some(DataType::Array(Box::new(element))) })
        }
        ExprKind::Map(entries) => map(scope, entries, expr.span),
        ExprKind::Struct(fields) => construct(scope, fields),
        ExprKind::Lambda { .. } => Err(super::lambda::misplaced(expr.span)),
    }
}

/// Binds expressions, each whether or not those before it are right.
pub(super) fn bind_all(scope: &mut dyn Scope, exprs: &[AstExpr]) -> Result<Vec<Expr>, Diagnostic> {
    Diagnostic::all(exprs.iter().map(|e| bind(scope, e)))
}

/// Binds two expressions, the second whether or not the first is right.
pub(super) fn bind_both(
    scope: &mut dyn Scope,
    left: &AstExpr,
    right: &AstExpr,
) -> Result<(Expr, Expr), Diagnostic> {
    let left = bind(scope, left);
    Diagnostic::both(left, bind(scope, right))
}

/// `exprs` have no type in common.
fn mixed(exprs: &[Expr], what: &str, span: Span) -> Diagnostic {
    let mut types: Vec<_> =
        exprs.iter().filter_map(|e| e.data_type.as_ref().map(DataType::to_string)).collect();
    types.dedup();
    let refuse = |message: String| Diagnostic::error("type_mismatch", span, message);
    match (exprs, types.as_slice()) {
        ([], _) => refuse(format!("{what} say its type, and there are none")).hint("write at least one"),
        (_, []) => refuse(format!("{what} are NULL, which has no type"))
            .hint("CAST(NULL AS VARCHAR) gives one of them a type"),
        _ => refuse(format!("{what} must be of one type, these are {}", types.join(" and ")))
            .hint("CAST(... AS ...) brings them to one type"),
    }
}

/// Binds an expression that must be a BOOLEAN.
pub(super) fn condition(scope: &mut dyn Scope, expr: &AstExpr) -> Bound {
    let bound = bind(scope, expr)?;
    match &bound.data_type {
        Some(DataType::Boolean) | None => Ok(bound),
        Some(other) => Err(Diagnostic::error(
            "type_mismatch",
            expr.span,
            format!("a condition must be a BOOLEAN, this is {other}"),
        )
        .label(other.to_string())
        .hint("compare it with something: =, <>, <, >, BETWEEN, IN, LIKE, IS NULL")),
    }
}

fn expect(expr: Expr, wanted: &DataType, span: Span) -> Bound {
    match &expr.data_type {
        Some(t) if t == wanted => Ok(expr),
        None => Ok(coerce(expr, wanted)),
        Some(other) => Err(Diagnostic::error(
            "type_mismatch",
            span,
            format!("{wanted} is expected here, this is {other}"),
        )
        .label(other.to_string())
        .hint(format!("CAST(... AS {wanted}) converts it"))),
    }
}

/// Brings an expression to a type that it coerces to; a constant becomes a constant of that type.
pub(super) fn coerce(expr: Expr, to: &DataType) -> Expr {
    if expr.data_type.as_ref() == Some(to) {
        return expr;
    }
    if let Some(value) = expr.as_literal()
        && let Ok(value) = crate::types::expr::cast(value.clone(), to)
    {
        return Expr::literal(value.into_owned(), Some(to.clone()));
    }
    Expr { node: Node::Cast(Box::new(expr)), data_type: Some(to.clone()) }
}

/// Items of a constructor, all of one type; `what` they are called in messages.
fn one_type(items: Vec<Expr>, what: &str, span: Span) -> Result<(DataType, Vec<Expr>), Diagnostic> {
    match common_type(&items) {
        Some(common) => Ok((common.clone(), items.into_iter().map(|e| coerce(e, &common)).collect())),
        None => {
            let refused = mixed(&items, what, span);
            super::coercion::unify(items).ok_or(refused)
        }
    }
}

/// The type that all coerce to; None where there is none, or all are untyped NULLs.
pub(super) fn common_type(exprs: &[Expr]) -> Option<DataType> {
    let mut types = exprs.iter().filter_map(|e| e.data_type.clone());
    let first = types.next()?;
    types.try_fold(first, |a, b| a.common(&b))
}

fn negate(scope: &mut dyn Scope, operand: &AstExpr) -> Bound {
    if let ExprKind::Integer(text) = &operand.kind {
        return literal::integer(&format!("-{text}"), operand.span);
    }
    if let ExprKind::Decimal(text) = &operand.kind {
        return literal::decimal(&format!("-{text}"), operand.span);
    }
    let bound = bind(scope, operand)?;
    match &bound.data_type {
        Some(t) if t.is_numeric() => {
            let data_type = bound.data_type.clone();
            Ok(Expr { node: Node::Negate(Box::new(bound)), data_type })
        }
        other => Err(Diagnostic::error(
            "type_mismatch",
            operand.span,
            format!("only a number can be negated, this is {}", type_name(other.as_ref())),
        )),
    }
}

fn binary(scope: &mut dyn Scope, op: BinaryOp, left: &AstExpr, right: &AstExpr, span: Span) -> Bound {
    use BinaryOp as B;
    let compare = |op| move |scope: &mut dyn Scope| comparison(scope, op, left, right, span);
    match op {
        B::And => {
            let left = condition(scope, left);
            let (left, right) = Diagnostic::both(left, condition(scope, right))?;
            Ok(Expr::boolean(Node::And(flatten(left, right, true))))
        }
        B::Or => {
            let left = condition(scope, left);
            let (left, right) = Diagnostic::both(left, condition(scope, right))?;
            Ok(Expr::boolean(Node::Or(flatten(left, right, false))))
        }
        B::Add => arithmetic(scope, ArithmeticOp::Add, left, right, span),
        B::Subtract => arithmetic(scope, ArithmeticOp::Subtract, left, right, span),
        B::Multiply => arithmetic(scope, ArithmeticOp::Multiply, left, right, span),
        B::Divide => arithmetic(scope, ArithmeticOp::Divide, left, right, span),
        B::Modulo => arithmetic(scope, ArithmeticOp::Modulo, left, right, span),
        B::Concat => {
            let (left, right) = bind_both(scope, left, right)?;
            apply(&Ident { name: "CONCAT".into(), quoted: false, span }, vec![left, right], span)
        }
        B::Equal => compare(CompareOp::Equal)(scope),
        B::NotEqual => compare(CompareOp::NotEqual)(scope),
        B::Less => compare(CompareOp::Less)(scope),
        B::LessOrEqual => compare(CompareOp::LessOrEqual)(scope),
        B::Greater => compare(CompareOp::Greater)(scope),
        B::GreaterOrEqual => compare(CompareOp::GreaterOrEqual)(scope),
        B::IsDistinctFrom | B::IsNotDistinctFrom => {
            let (l, r) = bind_both(scope, left, right)?;
            let (l, r) = comparable(l, r, span, "IS DISTINCT FROM")?;
            Ok(Expr::boolean(Node::Distinct { sides: Box::new([l, r]), negated: op == B::IsNotDistinctFrom }))
        }
    }
}

/// `a AND b AND c` as one list, so that it is one loop.
fn flatten(left: Expr, right: Expr, and: bool) -> Vec<Expr> {
    let mut all = Vec::new();
    for side in [left, right] {
        match side.node {
            Node::And(list) if and => all.extend(list),
            Node::Or(list) if !and => all.extend(list),
            _ => all.push(side),
        }
    }
    all
}

fn arithmetic(scope: &mut dyn Scope, op: ArithmeticOp, left: &AstExpr, right: &AstExpr, span: Span) -> Bound {
    let (l, r) = bind_both(scope, left, right)?;
    let returns = match (&l.data_type, &r.data_type) {
        (Some(a), Some(b)) => result_type(op, a, b),
        _ => None,
    };
    match returns {
        Some(returns) => {
            let strict = scope.in_lambda() && returns.is_numeric();
            let data_type = Some(returns);
            let result =
                Expr { node: Node::Arithmetic(op, Box::new(l), Box::new(r)), data_type: data_type.clone() };
            Ok(if strict { Expr { node: Node::NotNull(Box::new(result)), data_type } } else { result })
        }
        None => {
            let types = (type_name(l.data_type.as_ref()), type_name(r.data_type.as_ref()));
            let message = format!("{} does not apply to {} and {}", op.symbol(), types.0, types.1);
            Err(Diagnostic::error("type_mismatch", span, message)
                .note(left.span, types.0)
                .note(right.span, types.1)
                .hint("CAST(... AS ...) converts a value"))
        }
    }
}

fn case(
    scope: &mut dyn Scope,
    operand: Option<&AstExpr>,
    whens: &[(AstExpr, AstExpr)],
    otherwise: Option<&AstExpr>,
    span: Span,
) -> Bound {
    let (mut conditions, mut results) = (Vec::new(), Vec::new());
    for (when, then) in whens {
        conditions.push(match operand {
            Some(operand) => comparison(scope, CompareOp::Equal, operand, when, when.span)?,
            None => condition(scope, when)?,
        });
        results.push(bind(scope, then)?);
    }
    if let Some(otherwise) = otherwise {
        results.push(bind(scope, otherwise)?);
    }
    let common = super::coercion::of_results(&results, span)?;
    let mut results: Vec<_> = results.into_iter().map(|e| coerce(e, &common)).collect();
    let otherwise = otherwise.and_then(|_| results.pop()).map(Box::new);
    let whens = conditions.into_iter().zip(results).collect();
    Ok(Expr { node: Node::Case { whens, otherwise }, data_type: Some(common) })
}

fn explicit_cast(scope: &mut dyn Scope, expr: &AstExpr, to: &TypeName) -> Bound {
    let target = super::types::resolve(scope.env(), to)?;
    let bound = bind(scope, expr)?;
    match &bound.data_type {
        Some(from) if !castable(from, &target) => Err(Diagnostic::error(
            "type_mismatch",
            expr.span.to(to.span),
            format!("{from} cannot be cast to {target}"),
        )
        .hint("docs/sql/types.md lists the casts")),
        Some(from) if *from == target => Ok(bound),
        _ => Ok(Expr { node: Node::Cast(Box::new(bound)), data_type: Some(target) }),
    }
}

fn subscript(scope: &mut dyn Scope, base: &AstExpr, index: &AstExpr) -> Bound {
    let (b, i) = bind_both(scope, base, index)?;
    let element = match (&b.data_type, &i.data_type) {
        (Some(DataType::Array(element)), Some(DataType::Integer | DataType::Bigint)) => (**element).clone(),
        (Some(DataType::Map(key, value)), Some(t)) if t.coerces_to(key) => (**value).clone(),
        (base_type, index_type) => {
            let message = format!(
                "{} cannot be indexed by {}",
                type_name(base_type.as_ref()),
                type_name(index_type.as_ref())
            );
            let hint = match base_type {
                Some(DataType::Array(_)) => "an element is taken by its place, from 1: array[1]",
                Some(DataType::Map(..)) => "a value is taken by its key: map['key']",
                Some(DataType::Struct(_)) => "a field is taken by its name: struct->field",
                _ => "only an ARRAY or a MAP has elements",
            };
            let place = base.span.to(index.span);
            return Err(Diagnostic::error("type_mismatch", place, message).hint(hint));
        }
    };
    Ok(Expr { node: Node::Subscript(Box::new(b), Box::new(i)), data_type: Some(element) })
}

fn struct_field(scope: &mut dyn Scope, base: &AstExpr, field: &Ident) -> Bound {
    let bound = bind(scope, base)?;
    let Some(DataType::Struct(fields)) = &bound.data_type else {
        let message = format!("-> takes a STRUCT, this is {}", type_name(bound.data_type.as_ref()));
        let refused = Diagnostic::error("type_mismatch", base.span, message);
        return Err(match &bound.data_type {
            Some(DataType::Array(_)) => refused.hint("an element is taken by its place, from 1: array[1]"),
            Some(DataType::Map(..)) => refused.hint("a value is taken by its key: map['key']"),
            _ => refused,
        });
    };
    let Some(index) = fields.iter().position(|f| f.name == field.name) else {
        let message = format!("the STRUCT has no field {}", field.name);
        let names = || fields.iter().map(|f| f.name.as_str());
        let refused = Diagnostic::error("unknown_column", field.span, message)
            .label("no such field")
            .did_you_mean(&field.name, names());
        let all = format!("its fields are {}", names().collect::<Vec<_>>().join(", "));
        return Err(if refused.hint.is_some() { refused } else { refused.hint(all) });
    };
    let data_type = Some(fields[index].data_type.clone());
    Ok(Expr { node: Node::Field { base: Box::new(bound), index, name: field.name.clone() }, data_type })
}

fn map(scope: &mut dyn Scope, entries: &[(AstExpr, AstExpr)], span: Span) -> Bound {
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    for (key, value) in entries {
        let (key, value) = bind_both(scope, key, value)?;
        keys.push(key);
        values.push(value);
    }
    let (key, keys) = one_type(keys, "a map's keys", span)?;
    let (value, values) = one_type(values, "a map's values", span)?;
    let entries = keys.into_iter().zip(values).collect();
    Ok(Expr { node: Node::Map(entries), data_type: Some(DataType::Map(Box::new(key), Box::new(value))) })
}

fn construct(scope: &mut dyn Scope, fields: &[(Ident, AstExpr)]) -> Bound {
    let (mut types, mut values) = (Vec::<Field>::new(), Vec::new());
    for (name, value) in fields {
        if let Some((first, _)) = fields[..types.len()].iter().find(|(first, _)| first.name == name.name) {
            return Err(Diagnostic::error(
                "duplicate_column",
                name.span,
                format!("the field {} is given twice", name.name),
            )
            .note(first.span, "first here")
            .hint("each field of a STRUCT has a name of its own"));
        }
        let bound = bind(scope, value)?;
        let Some(data_type) = bound.data_type.clone() else {
            let message = format!("the field {} is NULL, which has no type", name.name);
            return Err(Diagnostic::error("type_mismatch", value.span, message)
                .hint("CAST(NULL AS VARCHAR) gives it one"));
        };
        types.push(Field { name: name.name.clone(), data_type });
        values.push(bound);
    }
    Ok(Expr { node: Node::Struct(values), data_type: Some(DataType::Struct(types)) })
}
