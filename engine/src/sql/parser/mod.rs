//! Recursive descent over the tokens of a statement, after ksqlDB's grammar.
//!
//! Enters: the files of a program. Leaves: their statements, and what is wrong with the others.
//! Invariants: one bad statement does not hide the next; nesting and the height of expressions are
//! bounded by [`MAX_DEPTH`], so that neither parsing nor walking or dropping a tree overflows the stack.

mod create;
mod cursor;
mod expression;
mod habits;
mod hints;
mod keywords;
mod primary;
mod query;
mod statement;
mod types;
mod window;

use super::ast::{Expr, Span, Statement, StatementKind};
use super::diagnostic::Diagnostic;
use super::source::SourceFile;
use super::split::{Stretch, split};
use super::token::tokenize;
use super::variables::{Variables, offset};
use cursor::Cursor;
pub(super) use keywords::is_reserved;
pub(super) use types::TYPES;

/// How deep expressions, types and statements may nest, and how high an expression's tree may be.
/// A level takes up to 9 KB of stack in a debug build, of the 2 MB that threads have by default.
pub const MAX_DEPTH: usize = 128;

/// Errors are rare and large: boxed, they keep the recursion's frames small.
type Parsed<T> = Result<T, Box<Diagnostic>>;

/// Expressions are handed up boxed for the same reason.
type Boxed = Parsed<Box<Expr>>;

/// All statements of all files, in order, and all findings, in order of their places. A statement with an error is left out.
/// DEFINE, UNDEFINE and the setting `ksql.variable.substitution.enable` act from their place on, across
/// files.
pub fn parse_program(files: &[SourceFile]) -> (Vec<Statement>, Vec<Diagnostic>) {
    let mut program = Program::default();
    for (number, file) in files.iter().enumerate() {
        let number = offset(number);
        for stretch in split(number, &file.text, &mut program.findings) {
            program.take(number, &file.text, stretch);
        }
    }
    program.findings.sort_by_key(|finding| (finding.span.file, finding.span.start));
    (program.statements, program.findings)
}

#[derive(Default)]
struct Program {
    variables: Variables,
    statements: Vec<Statement>,
    findings: Vec<Diagnostic>,
}

impl Program {
    fn take(&mut self, file: u32, text: &str, stretch: Stretch) {
        match self.parse(file, text, stretch) {
            Ok(statement) => {
                apply(&mut self.variables, &statement.kind);
                self.statements.push(statement);
            }
            Err(errors) => self.findings.extend(errors),
        }
    }

    fn parse(&self, file: u32, text: &str, stretch: Stretch) -> Result<Statement, Vec<Diagnostic>> {
        let Stretch { directives, start, end, terminated } = stretch;
        let source = self.variables.substitute(file, text, start, end)?;
        // Without a semicolon, what is missing is shown at the last character.
        let last = text[..end].char_indices().next_back().map_or(0, |(at, _)| at);
        let semicolon = if terminated { (end, end + 1) } else { (last, end) };
        let semicolon = Span { file, start: offset(semicolon.0), end: offset(semicolon.1) };
        let one = |error: Box<Diagnostic>| vec![*error];
        let tokens = tokenize(&source, semicolon).map_err(one)?;
        let mut cursor = Cursor::new(&source.text, tokens, directives);
        let statement = cursor.whole_statement().map_err(one)?;
        if terminated { Ok(statement) } else { Err(vec![unterminated(semicolon)]) }
    }
}

fn unterminated(end: Span) -> Diagnostic {
    Diagnostic::error("syntax", end, "the statement is not ended by a semicolon")
        .label("expected ; after this")
        .hint("add ; after the last word of the statement")
}

fn apply(variables: &mut Variables, statement: &StatementKind) {
    match statement {
        StatementKind::Define { name, value } => variables.define(&name.name, value),
        StatementKind::Undefine { name } => variables.undefine(&name.name),
        StatementKind::Set { name, value } if name.text.eq_ignore_ascii_case(Variables::ENABLE) => {
            variables.enable(!value.text.eq_ignore_ascii_case("false"));
        }
        StatementKind::Unset { name } if name.text.eq_ignore_ascii_case(Variables::ENABLE) => {
            variables.enable(true);
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests;
