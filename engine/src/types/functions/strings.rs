//! Text. Positions and lengths count UTF-16 code units, as Java's do.

use std::borrow::Cow;

use super::{Bound, Call, Function, Param, fixed, function, integer, text, variadic};
use crate::types::{DataType, Value};

pub(super) const S: Param = Param::String;
pub(super) const I: Param = Param::Integer;
pub(super) const B: Param = Param::Bytes;

pub(super) const FUNCTIONS: &[Function] = &[
    function(
        "SUBSTRING",
        &[
            fixed(&[S, I], substring),
            fixed(&[S, I, I], substring),
            fixed(&[B, I], cut_bytes),
            fixed(&[B, I, I], cut_bytes),
        ],
        "The text from a position on (from 1; negative: from the end), up to a length.",
        &[
            ("SUBSTRING('stream', 2)", "'tream'"),
            ("SUBSTRING('stream', -3, 2)", "'ea'"),
            ("SUBSTRING('é€x', 2, 1)", "'€'"),
        ],
    ),
    function(
        "CONCAT",
        &[variadic(&[S, S], concat), variadic(&[B, B], concat_bytes)],
        "The arguments one after the other, NULLs left out.",
        &[("CONCAT('a', 'b')", "'ab'"), ("CONCAT('a', NULL, 'b')", "'ab'")],
    ),
    function(
        "CONCAT_WS",
        &[variadic(&[S, S, S], concat_ws), variadic(&[B, B, B], concat_bytes_ws)],
        "The arguments after the first, with the first between them, NULLs left out.",
        &[("CONCAT_WS(', ', 'a', 'b')", "'a, b'"), ("CONCAT_WS(', ', 'a', NULL, 'b')", "'a, b'")],
    ),
    Function {
        name: "UCASE",
        aliases: &["UPPER"],
        overloads: &[fixed(&[S], ucase)],
        summary: "The text in upper case.",
        examples: &[("UCASE('aé')", "'AÉ'")],
    },
    Function {
        name: "LCASE",
        aliases: &["LOWER"],
        overloads: &[fixed(&[S], lcase)],
        summary: "The text in lower case.",
        examples: &[("LCASE('AÉ')", "'aé'")],
    },
    function(
        "LEN",
        &[fixed(&[S], len), fixed(&[B], len_bytes)],
        "How long a text or byte sequence is.",
        &[("LEN('día')", "3")],
    ),
    function(
        "TRIM",
        &[fixed(&[S], trim)],
        "The text without white space at both ends.",
        &[("TRIM('  a b ')", "'a b'")],
    ),
    function(
        "REPLACE",
        &[fixed(&[S, S, S], replace)],
        "The text with every occurrence of the second argument replaced by the third.",
        &[("REPLACE('a-b-c', '-', '+')", "'a+b+c'")],
    ),
    function(
        "INSTR",
        &[fixed(&[S, S], instr), fixed(&[S, S, I], instr), fixed(&[S, S, I, I], instr)],
        "Where a text occurs in another (from 1; 0: nowhere), from a position on, for the n-th time.",
        &[
            ("INSTR('CORPORATE FLOOR', 'OR')", "2"),
            ("INSTR('CORPORATE FLOOR', 'OR', 3, 2)", "14"),
            ("INSTR('CORPORATE FLOOR', 'OR', -3, 2)", "2"),
        ],
    ),
];

/// Where the UTF-16 position `units` lies in a text, in bytes; its end where the text is shorter.
pub(super) fn byte_at(text: &str, units: usize) -> usize {
    if text.is_ascii() {
        return units.min(text.len());
    }
    let mut seen = 0;
    for (at, character) in text.char_indices() {
        if seen >= units {
            return at;
        }
        seen += character.len_utf16();
    }
    text.len()
}

/// How many UTF-16 code units a text has.
pub(super) fn units(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.chars().map(char::len_utf16).sum() }
}

/// A part of a text, borrowed where the text is.
pub(super) fn part<'a>(text: Cow<'a, str>, range: std::ops::Range<usize>) -> Value<'a> {
    Value::String(match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(range).unwrap_or_default()),
        Cow::Owned(text) => Cow::Owned(text.get(range).unwrap_or_default().to_owned()),
    })
}

pub(super) fn take_text<'a>(value: &mut Value<'a>) -> Cow<'a, str> {
    match std::mem::take(value) {
        Value::String(text) => text,
        _ => Cow::Borrowed(""),
    }
}

pub(super) fn take_bytes<'a>(value: &mut Value<'a>) -> Cow<'a, [u8]> {
    match std::mem::take(value) {
        Value::Bytes(bytes) => bytes,
        _ => Cow::Borrowed(&[]),
    }
}

/// The units from `start` (from 1, negative from the end) for `length`, out of `total`.
fn span(total: usize, start: i64, length: Option<i64>) -> std::ops::Range<usize> {
    let total = total as i64;
    let from = if start < 0 { (total + start).max(0) } else { (start - 1).clamp(0, total) };
    let to = length.map_or(total, |length| (from + length).min(total).max(from));
    from as usize..to as usize
}

fn substring(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::String, |args| {
        let (start, length) = (integer(args, 1), args.get(2).and_then(Value::as_i64));
        let text = take_text(&mut args[0]);
        let range = span(units(&text), start, length);
        let range = byte_at(&text, range.start)..byte_at(&text, range.end);
        Ok(part(text, range))
    })
}

fn cut_bytes(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::Bytes, |args| {
        let (start, length) = (integer(args, 1), args.get(2).and_then(Value::as_i64));
        let bytes = take_bytes(&mut args[0]);
        let range = span(bytes.len(), start, length);
        Ok(Value::Bytes(match bytes {
            Cow::Borrowed(bytes) => Cow::Borrowed(&bytes[range]),
            Cow::Owned(bytes) => Cow::Owned(bytes[range].to_vec()),
        }))
    })
}

fn join_text(args: &[Value<'_>], separator: &str) -> Value<'static> {
    let mut joined = String::new();
    for (i, piece) in args.iter().filter_map(Value::as_str).enumerate() {
        if i > 0 {
            joined.push_str(separator);
        }
        joined.push_str(piece);
    }
    Value::string(joined)
}

fn join_bytes(args: &[Value<'_>], separator: &[u8]) -> Value<'static> {
    let pieces: Vec<&[u8]> = args
        .iter()
        .filter_map(|v| match v {
            Value::Bytes(bytes) => Some(&**bytes),
            _ => None,
        })
        .collect();
    Value::Bytes(Cow::Owned(pieces.join(separator)))
}

fn concat(_: &Call<'_>) -> Result<Bound, String> {
    Bound::of(DataType::String, |args| Ok(join_text(args, "")))
}

fn concat_bytes(_: &Call<'_>) -> Result<Bound, String> {
    Bound::of(DataType::Bytes, |args| Ok(join_bytes(args, b"")))
}

fn concat_ws(_: &Call<'_>) -> Result<Bound, String> {
    Bound::of(DataType::String, |args| match args.split_first() {
        Some((Value::String(separator), rest)) => Ok(join_text(rest, separator)),
        _ => Ok(Value::Null),
    })
}

fn concat_bytes_ws(_: &Call<'_>) -> Result<Bound, String> {
    Bound::of(DataType::Bytes, |args| match args.split_first() {
        Some((Value::Bytes(separator), rest)) => Ok(join_bytes(rest, separator)),
        _ => Ok(Value::Null),
    })
}

fn ucase(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::String, |args| Ok(Value::string(text(args, 0).to_uppercase())))
}

fn lcase(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::String, |args| Ok(Value::string(text(args, 0).to_lowercase())))
}

fn len(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::Integer, |args| Ok(Value::Integer(units(text(args, 0)) as i32)))
}

fn len_bytes(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::Integer, |args| Ok(Value::Integer(take_bytes(&mut args[0]).len() as i32)))
}

fn trim(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::String, |args| {
        let text = take_text(&mut args[0]);
        let start = text.len() - text.trim_start_matches(|c| c <= ' ').len();
        let end = text.trim_end_matches(|c| c <= ' ').len().max(start);
        Ok(part(text, start..end))
    })
}

fn replace(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::String, |args| {
        let (from, to) = (text(args, 1), text(args, 2));
        if !text(args, 0).contains(from) {
            return Ok(std::mem::take(&mut args[0]));
        }
        Ok(Value::string(text(args, 0).replace(from, to)))
    })
}

fn instr(_: &Call<'_>) -> Result<Bound, String> {
    Bound::of(DataType::Integer, |args| {
        if args.iter().any(Value::is_null) {
            return Ok(Value::Integer(0));
        }
        let position = args.get(2).and_then(Value::as_i64).unwrap_or(1);
        let occurrence = args.get(3).and_then(Value::as_i64).unwrap_or(1);
        let (text, wanted) = (text(args, 0), text(args, 1));
        let places: Vec<usize> = occurrences(text, wanted).map(|at| units(&text[..at])).collect();
        let nth = usize::try_from(occurrence - 1).unwrap_or(0);
        let found = if position < 0 {
            let last = units(text) as i64 + position;
            places.iter().rev().filter(|at| **at as i64 <= last).nth(nth)
        } else {
            places.iter().filter(|at| **at as i64 >= position - 1).nth(nth)
        };
        Ok(Value::Integer(found.map_or(0, |at| *at as i32 + 1)))
    })
}

/// Where a text occurs, overlapping occurrences too.
fn occurrences<'t>(text: &'t str, wanted: &'t str) -> impl Iterator<Item = usize> + 't {
    text.char_indices().map(|(at, _)| at).filter(move |at| text[*at..].starts_with(wanted))
}
