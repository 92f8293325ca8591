//! What parses, what does not and how that is said, and that nothing brings the parser down.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accepted;
mod program;
mod refused;
mod robust;

use crate::sql::ast::{Statement, StatementKind};
use crate::sql::{Diagnostic, Diagnostics, RenderStyle, SourceFile, parse_program};

fn parse(text: &str) -> (Vec<Statement>, Vec<Diagnostic>) {
    parse_program(&[SourceFile::new("test.sql", text)])
}

/// The statements of `text`, which has no errors.
fn parsed(text: &str) -> Vec<Statement> {
    let (statements, findings) = parse(text);
    assert!(findings.is_empty(), "{}", rendered(text, findings));
    statements
}

/// The one statement of `text`, which has no errors.
fn statement(text: &str) -> StatementKind {
    let mut statements = parsed(text);
    assert_eq!(statements.len(), 1, "{text}");
    statements.remove(0).kind
}

fn rendered(text: &str, findings: Vec<Diagnostic>) -> String {
    Diagnostics::new(vec![SourceFile::new("test.sql", text)], findings).render(RenderStyle::Plain)
}
