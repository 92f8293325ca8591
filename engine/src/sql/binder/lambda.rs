//! Calls of FILTER, TRANSFORM and REDUCE: lambdas get their parameters' types from the collection.
//!
//! What holds: a lambda's body is over a row of its own, its parameters, then what it takes from around it;
//! a name is the innermost lambda's parameter if it has one of that name.

use super::env::Env;
use super::expr::{bind, coerce};
use super::scope::{Scope, children, type_name};
use crate::sql::Diagnostic;
use crate::sql::ast::{Expr as AstExpr, ExprKind, Ident, Span};
use crate::types::DataType;
use crate::types::expr::{Expr, HigherOrder, Lambda, Node};

type Bound = Result<Expr, Diagnostic>;

/// The names of a lambda's body: its parameters, and all that is known around it.
struct LambdaScope<'s> {
    outer: &'s mut dyn Scope,
    params: &'s [Ident],
    types: Vec<DataType>,
    captures: Vec<Expr>,
    texts: Vec<String>,
}

impl LambdaScope<'_> {
    /// Where the body finds a value of the row around the lambda.
    fn capture(&mut self, outer: Expr) -> Expr {
        let text = outer.to_string();
        let data_type = outer.data_type.clone();
        let at = self.texts.iter().position(|t| *t == text).unwrap_or_else(|| {
            self.texts.push(text.clone());
            self.captures.push(outer);
            self.captures.len() - 1
        });
        let name = text.trim_matches('`').to_owned();
        Expr { node: Node::Column { index: self.params.len() + at, name }, data_type }
    }

    fn mentions_param(&self, expr: &AstExpr) -> bool {
        match &expr.kind {
            ExprKind::Column { qualifier: None, name } => self.params.iter().any(|p| p.name == name.name),
            _ => children(expr).into_iter().any(|child| self.mentions_param(child)),
        }
    }
}

impl Scope for LambdaScope<'_> {
    fn column(&mut self, qualifier: Option<&Ident>, name: &Ident) -> Bound {
        let param = self.params.iter().position(|p| qualifier.is_none() && p.name == name.name);
        match param {
            Some(at) => Ok(Expr::column(at, &name.name, self.types[at].clone())),
            None => {
                let bound = self.outer.column(qualifier, name)?;
                Ok(self.capture(bound))
            }
        }
    }

    fn env(&self) -> &Env {
        self.outer.env()
    }

    fn take_over(&mut self, expr: &AstExpr) -> Option<Bound> {
        if self.mentions_param(expr) {
            return None;
        }
        let taken = self.outer.take_over(expr)?;
        Some(taken.map(|bound| self.capture(bound)))
    }

    /// The lambda's own values are part of it, so that elements which differ get values that differ.
    fn position(&mut self, call: Span) -> Result<Vec<Expr>, Diagnostic> {
        let outer = self.outer.position(call)?;
        let mut all: Vec<_> = outer
            .into_iter()
            .map(|expr| if expr.as_literal().is_some() { expr } else { self.capture(expr) })
            .collect();
        let params = self.params.iter().zip(&self.types).enumerate();
        all.extend(params.map(|(at, (name, data_type))| Expr::column(at, &name.name, data_type.clone())));
        Ok(all)
    }

    fn time(&mut self, call: &Ident) -> Bound {
        let bound = self.outer.time(call)?;
        Ok(self.capture(bound))
    }

    fn in_lambda(&self) -> bool {
        true
    }

    fn is_param(&self, name: &str) -> bool {
        self.params.iter().any(|p| p.name == name) || self.outer.is_param(name)
    }
}

/// A lambda where none is taken.
pub(super) fn misplaced(span: Span) -> Diagnostic {
    Diagnostic::error("lambda", span, "a lambda has no place here")
        .hint("FILTER, TRANSFORM and REDUCE take one, such as FILTER(list, x => x > 5)")
}

/// Binds `function(collection, ..., lambda)`.
pub(super) fn call(
    scope: &mut dyn Scope,
    function: HigherOrder,
    name: &Ident,
    args: &[AstExpr],
    span: Span,
) -> Bound {
    let Some(first) = args.first() else { return Err(shape(function, span)) };
    let collection = bind(scope, first)?;
    let element = element(&collection, name, first.span)?;
    let of_map = element.len() == 2;
    match (function, &args[1..]) {
        (HigherOrder::Filter, [keep]) => {
            let lambda = lambda(scope, function, keep, element)?;
            if !matches!(lambda.body.data_type, Some(DataType::Boolean)) {
                let message = format!(
                    "FILTER's lambda gives a BOOLEAN, this {}",
                    type_name(lambda.body.data_type.as_ref())
                );
                return Err(Diagnostic::error("type_mismatch", keep.span, message));
            }
            let data_type = collection.data_type.clone();
            Ok(applied(function, vec![collection], vec![lambda], data_type))
        }
        (HigherOrder::Transform, [of]) if !of_map => {
            let lambda = lambda(scope, function, of, element)?;
            let made = made(&lambda, of.span)?;
            let data_type = Some(DataType::Array(Box::new(made)));
            Ok(applied(function, vec![collection], vec![lambda], data_type))
        }
        (HigherOrder::Transform, [of_key, of_value]) if of_map => {
            let key = lambda(scope, function, of_key, element.clone())?;
            let value = lambda(scope, function, of_value, element)?;
            let types = (made(&key, of_key.span)?, made(&value, of_value.span)?);
            let data_type = Some(DataType::Map(Box::new(types.0), Box::new(types.1)));
            Ok(applied(function, vec![collection], vec![key, value], data_type))
        }
        (HigherOrder::Reduce, [state, step]) => reduce(scope, collection, element, state, step),
        _ => Err(shape(function, span)),
    }
}

fn applied(
    function: HigherOrder,
    args: Vec<Expr>,
    lambdas: Vec<Lambda>,
    data_type: Option<DataType>,
) -> Expr {
    Expr { node: Node::HigherOrder { function, args, lambdas }, data_type }
}

fn reduce(
    scope: &mut dyn Scope,
    collection: Expr,
    element: Vec<DataType>,
    state: &AstExpr,
    step: &AstExpr,
) -> Bound {
    let first = bind(scope, state)?;
    let Some(kept) = first.data_type.clone() else {
        return Err(Diagnostic::error(
            "type_mismatch",
            state.span,
            "the type of REDUCE's state is not known",
        )
        .hint("CAST(NULL AS BIGINT) gives it one"));
    };
    let params = std::iter::once(kept.clone()).chain(element).collect();
    let mut lambda = lambda(scope, HigherOrder::Reduce, step, params)?;
    match &lambda.body.data_type {
        Some(given) if !given.coerces_to(&kept) => {
            let message = format!("REDUCE's state is {kept}, its lambda gives {given}");
            return Err(Diagnostic::error("type_mismatch", step.span, message)
                .note(state.span, kept.to_string())
                .hint(format!("CAST the first state: CAST(... AS {given})")));
        }
        _ => lambda.body = coerce(lambda.body, &kept),
    }
    Ok(applied(HigherOrder::Reduce, vec![collection, first], vec![lambda], Some(kept)))
}

/// What a lambda gets of a collection: an array's element, or a map's key and value.
fn element(collection: &Expr, function: &Ident, span: Span) -> Result<Vec<DataType>, Diagnostic> {
    match &collection.data_type {
        Some(DataType::Array(element)) => Ok(vec![(**element).clone()]),
        Some(DataType::Map(key, value)) => Ok(vec![(**key).clone(), (**value).clone()]),
        other => {
            let message =
                format!("{} takes an ARRAY or a MAP, this is {}", function.name, type_name(other.as_ref()));
            Err(Diagnostic::error("type_mismatch", span, message))
        }
    }
}

fn made(lambda: &Lambda, span: Span) -> Result<DataType, Diagnostic> {
    lambda.body.data_type.clone().ok_or_else(|| {
        Diagnostic::error("type_mismatch", span, "the type of what the lambda gives is not known: it is NULL")
            .hint("CAST(NULL AS VARCHAR) gives it one")
    })
}

fn lambda(
    scope: &mut dyn Scope,
    function: HigherOrder,
    expr: &AstExpr,
    types: Vec<DataType>,
) -> Result<Lambda, Diagnostic> {
    let ExprKind::Lambda { params, body } = &expr.kind else {
        return Err(Diagnostic::error("lambda", expr.span, "a lambda is expected here")
            .hint(format!("it is {}", forms(function))));
    };
    if params.len() != types.len() {
        let message = format!(
            "this lambda has {} parameters, {} gives it {}",
            params.len(),
            function.name(),
            types.len()
        );
        return Err(
            Diagnostic::error("lambda", expr.span, message).hint(format!("it is {}", forms(function)))
        );
    }
    for (i, param) in params.iter().enumerate() {
        if params[..i].iter().any(|p| p.name == param.name) || scope.is_param(&param.name) {
            let message = format!("{} is a parameter already", param.name);
            return Err(Diagnostic::error("lambda", param.span, message)
                .hint("parameters have names of their own, those of a lambda around it too"));
        }
    }
    let mut inner = LambdaScope { outer: scope, params, types, captures: Vec::new(), texts: Vec::new() };
    let body = bind(&mut inner, body)?;
    let params = params.iter().map(|p| p.name.clone()).collect();
    Ok(Lambda { params, captures: inner.captures, body })
}

fn shape(function: HigherOrder, span: Span) -> Diagnostic {
    Diagnostic::error("lambda", span, format!("{} does not take these arguments", function.name()))
        .hint(format!("it is {}", forms(function)))
}

/// How the function is called.
fn forms(function: HigherOrder) -> &'static str {
    match function {
        HigherOrder::Filter => "FILTER(array, x => condition), or FILTER(map, (k, v) => condition)",
        HigherOrder::Transform => {
            "TRANSFORM(array, x => element), or TRANSFORM(map, (k, v) => key, (k, v) => value)"
        }
        HigherOrder::Reduce => {
            "REDUCE(array, state, (s, x) => state), or REDUCE(map, state, (s, k, v) => state)"
        }
    }
}
