#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

//! Expressions as they are written, bound and evaluated over a row of a few columns.

mod coercions;
mod flat;
mod lambdas;
mod names;
mod page;
mod reports;

use super::expr::bind;
use super::scope::Scope;
use crate::sql::ast::{Expr as AstExpr, Ident, StatementKind};
use crate::sql::{Diagnostic, SourceFile, parser::parse_program};
use crate::sql::{LoadOptions, RenderStyle, load};
use crate::task::{InputRecord, NoHeaders, Output, QueryCounters, StreamTask};
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

/// The stream that queries of these tests read.
const SOURCE: &str = "CREATE STREAM t (k VARCHAR KEY, n INT, xs ARRAY<INT>, ys ARRAY<VARCHAR>)
    WITH (KAFKA_TOPIC = 't', VALUE_FORMAT = 'JSON');\n";

/// Runs a query over JSON values of the topic `t`: what it writes, and its counters.
pub(super) fn run(query: &str, values: &[Option<&str>]) -> (Vec<String>, QueryCounters) {
    let files = vec![SourceFile::new("test", format!("{SOURCE}{query}"))];
    let program = load(files, &LoadOptions::default()).unwrap_or_else(|d| panic!("{d:?}")).program;
    let (mut task, mut output) = (StreamTask::new(&program, 0).unwrap(), Output::new());
    for (offset, value) in values.iter().enumerate() {
        let record = InputRecord {
            partition: 0,
            offset: offset as i64,
            timestamp: 7,
            key: Some(b"a"),
            value: value.map(str::as_bytes),
            headers: &NoHeaders,
        };
        task.process(0, &record, &mut output);
    }
    let text = |bytes: Option<&[u8]>| String::from_utf8(bytes.unwrap_or(b"none").to_vec()).unwrap();
    (output.iter().map(|record| text(record.value())).collect(), task.counters()[0])
}

/// Checks that the query is refused with this code.
pub(super) fn refused(query: &str, code: &str) {
    let files = vec![SourceFile::new("test", format!("{SOURCE}{query}"))];
    let diagnostics = load(files, &LoadOptions::default()).expect_err(query);
    let said = diagnostics.render(RenderStyle::Plain);
    assert!(said.contains(&format!("error[{code}]")), "{query}: {said}");
}
