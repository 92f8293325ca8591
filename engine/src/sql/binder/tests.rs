#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

//! Expressions as they are written, bound and evaluated over a row of a few columns.

mod lambdas;

use super::expr::bind;
use super::scope::Scope;
use crate::sql::ast::{Expr as AstExpr, Ident, StatementKind};
use crate::sql::{Diagnostic, SourceFile, parser::parse_program};
use crate::types::expr::Expr;
use crate::types::functions::tests::sql;
use crate::types::{DataType, Value};

/// Columns with their values.
#[derive(Default)]
pub(super) struct Row(Vec<(&'static str, DataType, Value<'static>)>);

impl Row {
    pub(super) fn with(mut self, name: &'static str, data_type: DataType, value: Value<'static>) -> Self {
        self.0.push((name, data_type, value));
        self
    }
}

impl Scope for &Row {
    fn column(&mut self, _: Option<&Ident>, name: &Ident) -> Result<Expr, Diagnostic> {
        match self.0.iter().position(|(known, ..)| *known == name.name) {
            Some(at) => Ok(Expr::column(at, &name.name, self.0[at].1.clone())),
            None => Err(Diagnostic::error("unknown_column", name.span, format!("no {}", name.name))),
        }
    }
}

/// An expression's syntax.
pub(super) fn parse(text: &str) -> AstExpr {
    let files = [SourceFile::new("test", format!("INSERT INTO t VALUES ({text});"))];
    let (mut statements, diagnostics) = parse_program(&files);
    assert!(diagnostics.is_empty(), "{text}: {diagnostics:?}");
    match statements.remove(0).kind {
        StatementKind::InsertValues(mut insert) => insert.values.remove(0),
        other => panic!("{other:?}"),
    }
}

/// What the expression gives, as SQL; or why it is refused.
pub(super) fn eval_over(mut row: &Row, text: &str) -> Result<String, String> {
    let bound = bind(&mut row, &parse(text)).map_err(|d| format!("{}: {}", d.code, d.message))?;
    let values: Vec<_> = row.0.iter().map(|(.., value)| value.clone()).collect();
    Ok(sql(&bound.eval(&values).unwrap_or_default()))
}

/// What a constant expression gives, as SQL; or why it is refused.
pub(super) fn eval(text: &str) -> Result<String, String> {
    eval_over(&Row::default(), text)
}

/// Checks pairs of an expression and its value.
pub(super) fn gives(pairs: &[(&str, &str)]) {
    for (text, value) in pairs {
        assert_eq!(eval(text).as_deref(), Ok(*value), "{text}");
    }
}
