//! The words of syntax errors: what was expected, what was found, and which slip that probably is.

use super::cursor::Cursor;
use super::habits;
use super::keywords::is_reserved;
use super::statement::FIRST_WORDS;
use crate::sql::ast::{CreateSource, Ident, Span};
use crate::sql::diagnostic::{Diagnostic, nearest};
use crate::sql::token::{Token, TokenKind};

/// The clauses of a query in their order, by their first word.
const CLAUSES: [(&str, &str); 9] = [
    ("FROM", "FROM"),
    ("JOIN", "JOIN"),
    ("WINDOW", "WINDOW"),
    ("WHERE", "WHERE"),
    ("GROUP", "GROUP BY"),
    ("PARTITION", "PARTITION BY"),
    ("HAVING", "HAVING"),
    ("EMIT", "EMIT"),
    ("LIMIT", "LIMIT"),
];

/// Neither of `expected` stands here.
pub(super) fn expected(cursor: &Cursor<'_>, expected: &[&str]) -> Box<Diagnostic> {
    at(cursor, 0, expected)
}

fn at(cursor: &Cursor<'_>, ahead: usize, expected: &[&str]) -> Box<Diagnostic> {
    let found = cursor.peek(ahead);
    let wanted = alternatives(expected);
    let message = format!("expected {wanted}, found {}", described(&found.kind));
    let error = Diagnostic::error("syntax", found.span, message).label(format!("expected {wanted}"));
    let error = with_open_string(cursor, error);
    Box::new(match slip(cursor, ahead, expected) {
        Some(hint) => error.hint(hint),
        None => error,
    })
}

/// `a`, `a or b`, `a, b or c`
fn alternatives(expected: &[&str]) -> String {
    let quoted: Vec<String> = expected.iter().map(|one| shown(one)).collect();
    match quoted.as_slice() {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// Punctuation in quotes, words as they are.
fn shown(expected: &str) -> String {
    if expected.chars().any(|c| c.is_ascii_alphanumeric()) {
        expected.to_owned()
    } else {
        format!("`{expected}`")
    }
}

fn described(kind: &TokenKind) -> String {
    match kind {
        TokenKind::Word(word) => word.clone(),
        TokenKind::Quoted(name, quote) => format!("the name {quote}{name}{quote}"),
        TokenKind::String(text) => format!("the string '{}'", shortened(text)),
        TokenKind::Integer(digits) | TokenKind::Decimal(digits) | TokenKind::Double(digits) => {
            format!("the number {}", shortened(digits))
        }
        TokenKind::Symbol(symbol) => format!("`{symbol}`"),
        TokenKind::Unknown(text) => format!("`{}`", shortened(text)),
        TokenKind::End => "the end of the statement".to_owned(),
    }
}

fn shortened(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= 30 && line.len() == text.len() {
        return text.to_owned();
    }
    line.chars().take(30).chain("...".chars()).collect()
}

/// A string over several lines before the error: perhaps its end is missing.
fn with_open_string(cursor: &Cursor<'_>, error: Diagnostic) -> Diagnostic {
    match cursor.previous() {
        Some(Token { kind: TokenKind::String(text), span, .. }) if text.contains('\n') => {
            let begins = Span { end: span.start + 1, ..*span };
            error.note(begins, "this begins a string of several lines; is its closing ' missing?")
        }
        _ => error,
    }
}

/// The slip that most likely led to the token `ahead` places on.
fn slip(cursor: &Cursor<'_>, ahead: usize, expected: &[&str]) -> Option<String> {
    let found = &cursor.peek(ahead).kind;
    habits::symbol(found)
        .or_else(|| habits::clause(cursor, ahead))
        .or_else(|| misspelt(cursor, ahead, expected))
        .or_else(|| clause_order(cursor, ahead))
        .or_else(|| next_statement(cursor, ahead))
        .or_else(|| missing_bracket_or_comma(cursor, ahead, expected))
}

/// A keyword with a slip of the pen, here or one word before (where it was taken for an alias).
fn misspelt(cursor: &Cursor<'_>, ahead: usize, expected: &[&str]) -> Option<String> {
    let keywords: Vec<&str> = expected
        .iter()
        .flat_map(|one| one.split(' '))
        .filter(|one| one.len() > 1 && one.chars().all(|c| c.is_ascii_uppercase()))
        .collect();
    let here = Some(cursor.peek(ahead));
    for token in [here, cursor.previous()].into_iter().flatten() {
        let TokenKind::Word(word) = &token.kind else { continue };
        if is_reserved(word) || keywords.contains(&word.as_str()) {
            continue;
        }
        if let Some(keyword) = nearest(word, keywords.iter().copied()) {
            return Some(format!("did you mean {keyword} instead of {word}?"));
        }
    }
    None
}

/// A clause that stands behind one that it must stand in front of.
fn clause_order(cursor: &Cursor<'_>, ahead: usize) -> Option<String> {
    let TokenKind::Word(word) = &cursor.peek(ahead).kind else { return None };
    let found = CLAUSES.iter().position(|(first, _)| first == word)?;
    let seen = cursor.last_clause(|word| CLAUSES.iter().position(|(first, _)| *first == word))?;
    if seen == found {
        return Some(format!("{} stands once in a query", CLAUSES[found].1));
    }
    (seen > found).then(|| {
        format!(
            "{} comes before {}; the order is FROM, WINDOW, WHERE, GROUP BY, PARTITION BY, HAVING, EMIT",
            CLAUSES[found].1, CLAUSES[seen].1
        )
    })
}

/// A statement begins where the one before has not ended.
fn next_statement(cursor: &Cursor<'_>, ahead: usize) -> Option<String> {
    let TokenKind::Word(word) = &cursor.peek(ahead).kind else { return None };
    let begins = ["CREATE", "INSERT", "DROP", "DEFINE", "UNDEFINE", "SET", "UNSET", "DESCRIBE"];
    (begins.contains(&word.as_str()) && cursor.previous().is_some())
        .then(|| format!("a statement ends with ; - is it missing before {word}?"))
}

fn missing_bracket_or_comma(cursor: &Cursor<'_>, ahead: usize, expected: &[&str]) -> Option<String> {
    let found = cursor.peek(ahead);
    let begins_value =
        matches!(found.kind, TokenKind::String(_) | TokenKind::Quoted(..) | TokenKind::Word(_))
            && (cursor.is_ident_at(ahead) || matches!(found.kind, TokenKind::String(_)))
            || matches!(&found.kind, TokenKind::Word(word) if word == "RETENTION")
            || cursor.is_number_at(ahead);
    if expected.contains(&",") && begins_value {
        return Some("is a comma missing in front of it?".to_owned());
    }
    let closes = expected.iter().find(|one| [")", "]", ">"].contains(*one))?;
    matches!(found.kind, TokenKind::End | TokenKind::Word(_))
        .then(|| format!("is a closing {closes} missing?"))
}

/// No name where `what` should be named.
pub(super) fn no_name(cursor: &Cursor<'_>, what: &'static str) -> Box<Diagnostic> {
    let found = cursor.peek(0);
    let error = expected(cursor, &[what]);
    match &found.kind {
        _ if error.hint.is_some() => error,
        _ if what == "a type" => Box::new(error.hint(super::TYPES)),
        TokenKind::Symbol(")" | ">") if is_after_comma(cursor) => {
            Box::new(error.hint("is the comma before it one too many?"))
        }
        TokenKind::Symbol("(") if cursor.is_word_at(1, "SELECT") => {
            Box::new(error.hint("there are no subqueries; make a stream or table of the inner query first"))
        }
        TokenKind::Word(word) if is_reserved(word) => {
            Box::new(error.hint(format!("{word} is a reserved word; as a name it is written `{word}`")))
        }
        TokenKind::String(text) => {
            let hint = format!(
                "single quotes are for text; a name is written `{}` or without quotes",
                shortened(text)
            );
            Box::new(error.hint(hint))
        }
        _ => error,
    }
}

/// No literal as a property's value.
pub(super) fn no_literal(cursor: &Cursor<'_>) -> Box<Diagnostic> {
    let error = expected(cursor, &["a text in single quotes", "a number", "TRUE", "FALSE"]);
    match &cursor.peek(0).kind {
        TokenKind::Quoted(name, '"') => {
            Box::new(error.hint(format!("double quotes are for names; text is written '{name}'")))
        }
        TokenKind::Word(word) if error.hint.is_none() => {
            let found = cursor.peek(0);
            let written = cursor.text.get(found.start..found.end).unwrap_or(word);
            let hint = format!("text is written in single quotes: '{written}'");
            Box::new(error.hint(hint))
        }
        _ => error,
    }
}

fn is_after_comma(cursor: &Cursor<'_>) -> bool {
    matches!(cursor.previous(), Some(Token { kind: TokenKind::Symbol(","), .. }))
}

/// No `name := value` in a constructor.
pub(super) fn no_assignment(cursor: &Cursor<'_>, form: &str) -> Box<Diagnostic> {
    let error = expected(cursor, &[":="]);
    if error.hint.is_some() { error } else { Box::new(error.hint(format!("it is written {form}"))) }
}

/// No expression where one should begin.
pub(super) fn no_expression(cursor: &Cursor<'_>) -> Box<Diagnostic> {
    let error = expected(cursor, &["an expression"]);
    if error.hint.is_some() {
        return error;
    }
    let after_comma = is_after_comma(cursor);
    match &cursor.peek(0).kind {
        TokenKind::Word(_) | TokenKind::Symbol(")" | "]") | TokenKind::End if after_comma => {
            Box::new(error.hint("is the comma before it one too many?"))
        }
        TokenKind::Word(word) if word == "FROM" => {
            Box::new(error.hint("a SELECT names its columns, or * for all"))
        }
        TokenKind::Word(word) if word == "SELECT" => {
            Box::new(error.hint("there are no subqueries; make a stream or table of the inner query first"))
        }
        TokenKind::Word(word) if is_reserved(word) && !CLAUSES.iter().any(|(first, _)| first == word) => {
            Box::new(error.hint(format!("{word} is a reserved word; as a name it is written `{word}`")))
        }
        _ => error,
    }
}

/// Tokens are left where the statement should end.
pub(super) fn leftover(cursor: &Cursor<'_>) -> Box<Diagnostic> {
    leftover_at(cursor, 0)
}

/// The token `ahead` places on cannot follow.
pub(super) fn leftover_at(cursor: &Cursor<'_>, ahead: usize) -> Box<Diagnostic> {
    let found = cursor.peek(ahead);
    let message = format!("{} cannot stand here", described(&found.kind));
    let error = Diagnostic::error("syntax", found.span, message).label("not expected here");
    let error = with_open_string(cursor, error);
    let in_query = cursor.last_clause(|word| CLAUSES.iter().position(|(first, _)| *first == word));
    let next: Vec<&str> =
        CLAUSES.iter().skip(in_query.map_or(CLAUSES.len(), |at| at)).map(|(first, _)| *first).collect();
    let compared = |symbol: &str| ["=", "<>", "!=", "<", "<=", ">", ">="].contains(&symbol);
    Box::new(match (slip(cursor, ahead, &next), &found.kind) {
        (Some(hint), _) => error.hint(hint),
        (None, TokenKind::Symbol(symbol)) if compared(symbol) => {
            error.hint("comparisons do not chain: join them with AND, or put the first in brackets")
        }
        (None, TokenKind::Symbol(",")) if in_query == Some(0) => {
            error.hint("several sources are joined: FROM a JOIN b ON a.key = b.key")
        }
        (None, TokenKind::Symbol(")" | "]")) => error.hint("no bracket is open here"),
        (None, TokenKind::Word(word)) if in_keys(in_query) && matches!(word.as_str(), "AND" | "OR") => {
            error.hint("keys are divided by commas: BY a, b")
        }
        _ => error,
    })
}

/// Behind GROUP BY or PARTITION BY.
fn in_keys(clause: Option<usize>) -> bool {
    clause.is_some_and(|at| CLAUSES[at].1.ends_with(" BY"))
}

/// A name with a text behind it: `DATE '2026-01-31'`
pub(super) fn typed_text(cursor: &Cursor<'_>) -> Box<Diagnostic> {
    let TokenKind::Word(word) = &cursor.peek(0).kind else { return leftover_at(cursor, 1) };
    let error = *leftover_at(cursor, 1);
    Box::new(match word.as_str() {
        "DATE" | "TIME" | "TIMESTAMP" => error.hint(format!(
            "leave out {word}: a {word} is compared with plain text, and CAST converts it elsewhere"
        )),
        _ => error.hint("is an operator or a comma missing in front of it?"),
    })
}

/// The first word begins no statement.
pub(super) fn no_statement(cursor: &Cursor<'_>) -> Box<Diagnostic> {
    let found = cursor.peek(0);
    let TokenKind::Word(word) = &found.kind else { return expected(cursor, &["a statement"]) };
    if word == "SELECT" {
        return lone_select(cursor);
    }
    if FIRST_WORDS.contains(&word.as_str()) {
        let message = format!("{word} is not supported");
        let hint = match word.as_str() {
            "ALTER" => "CREATE OR REPLACE with the new columns behind the old ones does the same",
            "TERMINATE" => "a query ends when its statement leaves the rule files; --@mode: off stops a rule",
            "PAUSE" | "RESUME" => "--@mode: off in front of a rule stops it, --@mode: live lets it run again",
            "PRINT" => "streamguard replay shows what rules write; a consumer of Kafka's reads a topic",
            "RUN" => "all *.sql files of a rules directory are read, in the order of their names",
            "WITH" => "make a stream or table of the inner query first",
            _ => "docs/sql/statements.md lists the statements",
        };
        let diagnostic = Diagnostic::error("unsupported", found.span, message);
        return Box::new(diagnostic.label("not supported").hint(hint));
    }
    let message = format!("{word} begins no statement");
    let error = Diagnostic::error("syntax", found.span, message).label("expected a statement");
    Box::new(match nearest(word, FIRST_WORDS) {
        Some(near) => error.hint(format!("did you mean {near}?")),
        None => error.hint(
            "statements begin with CREATE, INSERT, DEFINE, SET, DROP, SHOW, DESCRIBE, EXPLAIN or ASSERT",
        ),
    })
}

/// A query that goes nowhere.
pub(super) fn lone_select(cursor: &Cursor<'_>) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::error("unsupported", cursor.here(), "a SELECT on its own has nowhere to write to")
            .label("a query stands in another statement")
            .hint("write CREATE STREAM name AS SELECT ..., CREATE TABLE name AS SELECT ... or INSERT INTO name SELECT ..."),
    )
}

/// `CREATE STREAM s (columns) ... AS SELECT`, or `CREATE SOURCE STREAM s AS SELECT`
pub(super) fn columns_and_select(cursor: &Cursor<'_>, source: &CreateSource) -> Box<Diagnostic> {
    let error =
        Diagnostic::error("syntax", cursor.here(), "AS SELECT cannot stand here").label("not expected here");
    Box::new(if source.read_only {
        error.hint("SOURCE is for streams and tables that read a topic; leave it out in front of a query")
    } else {
        error.hint("a stream or table has either columns of its own or those of its query; name those by AS in the SELECT")
    })
}

/// `a.b.c`
pub(super) fn two_dots(cursor: &Cursor<'_>, first: &Ident, second: &Ident) -> Box<Diagnostic> {
    let error = *expected(cursor, &["an operator", "the end of the expression"]);
    Box::new(error.hint(format!("a field of a struct is written {}.{}->field", first.name, second.name)))
}

/// `(a, b)` where brackets hold one expression.
pub(super) fn list_in_brackets(cursor: &Cursor<'_>) -> Box<Diagnostic> {
    let error = *expected(cursor, &[")"]);
    Box::new(error.hint("brackets hold one expression here; an array is ARRAY[a, b]"))
}

/// `COUNT(DISTINCT x)`
pub(super) fn distinct_argument(cursor: &Cursor<'_>, name: &Ident) -> Box<Diagnostic> {
    let error = *expected(cursor, &["an expression"]);
    Box::new(if name.name == "COUNT" {
        error.hint("distinct values are counted by COUNT_DISTINCT(column)")
    } else {
        error.hint("DISTINCT cannot stand in front of an argument")
    })
}
