//! Table functions in a SELECT list: each becomes a column behind the row of what is read.
//!
//! As in ksqlDB they stand in the SELECT of a stream's query without GROUP BY, not in CASE and not in one
//! another.

use super::env::Env;
use super::expr::bind;
use super::scope::{Scope, children, type_name};
use crate::sql::Diagnostic;
use crate::sql::ast::{Expr as AstExpr, ExprKind, Ident, Span};
use crate::types::expr::{Expr, Node};
use crate::types::functions::{TableCall, TableFunction};
use crate::types::{DataType, Value};

type Bound = Result<Expr, Diagnostic>;

/// The names of a SELECT list in which table functions may stand.
pub(super) struct FlatScope<'s> {
    input: &'s mut dyn Scope,
    /// Where the row of what is read ends.
    width: usize,
    /// Whether a record makes several rows.
    flattens: bool,
    calls: Vec<TableCall>,
}

impl<'s> FlatScope<'s> {
    /// Over a row of this width; `flattens` where the list has table functions.
    pub(super) fn new(input: &'s mut dyn Scope, width: usize, flattens: bool) -> Self {
        Self { input, width, flattens, calls: Vec::new() }
    }

    /// The calls, each a column behind the row.
    pub(super) fn into_calls(self) -> Vec<TableCall> {
        self.calls
    }

    fn call(&mut self, function: TableFunction, name: &Ident, args: &[AstExpr]) -> Bound {
        if let Some(inner) = args.iter().find_map(find) {
            let message = format!("table functions cannot be nested: {} in {}", inner.name, name.name);
            return Err(Diagnostic::error("table_function", inner.span, message)
                .hint("explode once, into a stream that a second query reads"));
        }
        let [arg] = args else {
            let message = format!("{} takes one ARRAY", function.name());
            return Err(Diagnostic::error("type_mismatch", name.span, message));
        };
        let argument = bind(self.input, arg)?;
        let Some(returns) = argument.data_type.as_ref().and_then(|t| function.returns(t)) else {
            let found = type_name(argument.data_type.as_ref());
            let message = format!("{} takes an ARRAY, this is {found}", function.name());
            let diagnostic = Diagnostic::error("type_mismatch", arg.span, message).label(found);
            return Err(diagnostic.hint("MAP_KEYS, MAP_VALUES and ENTRIES make an array of a map"));
        };
        Ok(self.slot(TableCall { function, argument }, returns))
    }

    /// The column of a call.
    fn slot(&mut self, call: TableCall, returns: DataType) -> Expr {
        let text = call.to_string();
        let at = self.calls.iter().position(|known| known.to_string() == text).unwrap_or_else(|| {
            self.calls.push(call);
            self.calls.len() - 1
        });
        Expr { node: Node::Column { index: self.width + at, name: text }, data_type: Some(returns) }
    }
}

impl Scope for FlatScope<'_> {
    fn column(&mut self, qualifier: Option<&Ident>, name: &Ident) -> Bound {
        self.input.column(qualifier, name)
    }

    fn env(&self) -> &Env {
        self.input.env()
    }

    fn take_over(&mut self, expr: &AstExpr) -> Option<Bound> {
        match &expr.kind {
            ExprKind::Call { name, args, .. } => match TableFunction::lookup(&name.name) {
                Some(function) => Some(self.call(function, name, args)),
                None => self.input.take_over(expr),
            },
            ExprKind::Case { .. } => match find(expr) {
                Some(name) => Some(Err(misplaced(name))),
                None => self.input.take_over(expr),
            },
            _ => self.input.take_over(expr),
        }
    }

    fn position(&mut self, call: Span) -> Result<Vec<Expr>, Diagnostic> {
        let mut position = self.input.position(call)?;
        if self.flattens {
            let argument = Expr::literal(Value::Null, None);
            let number = TableCall { function: TableFunction::RowNumber, argument };
            position.push(self.slot(number, DataType::Bigint));
        }
        Ok(position)
    }

    fn time(&mut self, call: &Ident) -> Bound {
        self.input.time(call)
    }
}

/// A table function where none may stand.
pub(super) fn misplaced(name: &Ident) -> Diagnostic {
    let message = format!("{} is a table function, which has no place here", name.name);
    Diagnostic::error("table_function", name.span, message)
        .hint("it stands in SELECT, outside of CASE; a second query can filter and group what it gives")
}

/// A table function in a query that takes none.
pub(super) fn misplaced_by_query(name: &Ident, grouped: bool) -> Diagnostic {
    let what = if grouped { "a query with GROUP BY" } else { "a query of a table" };
    let message = format!("{} is a table function, {what} takes none", name.name);
    let hint = if grouped {
        "let one query explode into a stream, and a second one group that"
    } else {
        "table functions are for streams"
    };
    Diagnostic::error("table_function", name.span, message).hint(hint)
}

/// The first table function in an expression.
pub(super) fn find(expr: &AstExpr) -> Option<&Ident> {
    match &expr.kind {
        ExprKind::Call { name, .. } if TableFunction::lookup(&name.name).is_some() => Some(name),
        _ => children(expr).into_iter().find_map(find),
    }
}
