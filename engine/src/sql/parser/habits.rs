//! What people know from other dialects and languages, and what stands for it here.

use super::cursor::Cursor;
use crate::sql::token::{Token, TokenKind};

/// Operators of other languages.
pub(super) fn symbol(found: &TokenKind) -> Option<String> {
    let hint = match found {
        TokenKind::Symbol("==") => "equality is written with one =",
        TokenKind::Symbol("&&") => "write AND",
        TokenKind::Unknown(text) if text == "|" => "write OR; || joins texts",
        TokenKind::Symbol("!") => "write NOT",
        TokenKind::Symbol("::") => "write CAST(value AS type)",
        TokenKind::Symbol("->>") => "a field of a struct is written struct->field",
        TokenKind::Symbol("{" | "}") | TokenKind::Unknown(_) if starts_variable(found) => {
            "a variable is written ${name}: a letter, then letters, digits and _"
        }
        TokenKind::Unknown(text) if text.starts_with(|c: char| c.is_alphabetic() && !c.is_ascii()) => {
            "a name with other characters than A-Z, 0-9 and _ is written in back quotes: `name`"
        }
        TokenKind::Unknown(text) if text.starts_with(['\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}']) => {
            "this is a typographic quote; text stands between plain single quotes: 'text'"
        }
        _ => return None,
    };
    Some(hint.to_owned())
}

fn starts_variable(found: &TokenKind) -> bool {
    matches!(found, TokenKind::Unknown(text) if text.starts_with('$'))
}

/// Clauses that ksqlDB does not have. Some of their words can be aliases, so they are met one word late.
pub(super) fn clause(cursor: &Cursor<'_>, ahead: usize) -> Option<String> {
    let TokenKind::Word(found) = &cursor.peek(ahead).kind else { return None };
    let before = match cursor.previous() {
        Some(Token { kind: TokenKind::Word(word), .. }) if ahead == 0 => word.as_str(),
        _ => "",
    };
    let hint = match (before, found.as_str()) {
        ("ORDER" | "SORT", "BY") => {
            "records come in the order of their topic, there is no end to sort them at"
        }
        ("UNION" | "INTERSECT" | "EXCEPT", "SELECT" | "ALL" | "DISTINCT") => {
            "a second query adds its records to a stream by INSERT INTO stream SELECT ..."
        }
        ("SELECT", "DISTINCT") => {
            "CREATE TABLE ... AS SELECT column, COUNT(*) ... GROUP BY column has each value once"
        }
        (_, "USING") => "the columns are named on both sides: ON a.id = b.id",
        (_, "CROSS" | "NATURAL") => "sources are joined by an equality: JOIN b ON a.id = b.id",
        (_, "OVER") => "WINDOW TUMBLING (SIZE 1 HOUR) in front of GROUP BY divides by time",
        (_, "OFFSET" | "FETCH") => "a query runs on, there is no part of its result to skip or to end at",
        _ => return None,
    };
    Some(hint.to_owned())
}
