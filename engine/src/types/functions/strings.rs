//! Text. Positions and lengths count UTF-16 code units, as Java's do.

use std::borrow::Cow;

use super::{Bound, Call, Function, Overload, Param, integer, text};
use crate::types::{DataType, Value};

const S: Param = Param::String;
const I: Param = Param::Integer;
const B: Param = Param::Bytes;

const fn simple(
    name: &'static str,
    overloads: &'static [Overload],
    summary: &'static str,
    examples: &'static [(&'static str, &'static str)],
) -> Function {
    Function { name, aliases: &[], overloads, summary, examples }
}

const fn fixed(params: &'static [Param], bind: fn(&Call<'_>) -> Result<Bound, String>) -> Overload {
    Overload { params, variadic: false, bind }
}

const fn variadic(params: &'static [Param], bind: fn(&Call<'_>) -> Result<Bound, String>) -> Overload {
    Overload { params, variadic: true, bind }
}

pub(super) const FUNCTIONS: &[Function] = &[
    simple(
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
    simple(
        "CONCAT",
        &[variadic(&[S, S], concat), variadic(&[B, B], concat_bytes)],
        "The arguments one after the other, NULLs left out.",
        &[("CONCAT('a', NULL, 'b')", "'ab'")],
    ),
    simple(
        "CONCAT_WS",
        &[variadic(&[S, S, S], concat_ws), variadic(&[B, B, B], concat_bytes_ws)],
        "The arguments after the first, with the first between them, NULLs left out.",
        &[("CONCAT_WS(', ', 'a', NULL, 'b')", "'a, b'")],
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
    simple(
        "LEN",
        &[fixed(&[S], len), fixed(&[B], len_bytes)],
        "How long a text or byte sequence is.",
        &[("LEN('día')", "3")],
    ),
    simple(
        "TRIM",
        &[fixed(&[S], trim)],
        "The text without white space at both ends.",
        &[("TRIM('  a b ')", "'a b'")],
    ),
    simple(
        "REPLACE",
        &[fixed(&[S, S, S], replace)],
        "The text with every occurrence of the second argument replaced by the third.",
        &[("REPLACE('a-b-c', '-', '+')", "'a+b+c'")],
    ),
    simple(
        "INSTR",
        &[fixed(&[S, S], instr), fixed(&[S, S, I], instr), fixed(&[S, S, I, I], instr)],
        "Where a text occurs in another (from 1; 0: nowhere), from a position on, for the n-th time.",
        &[
            ("INSTR('CORPORATE FLOOR', 'OR')", "2"),
            ("INSTR('CORPORATE FLOOR', 'OR', 3, 2)", "14"),
            ("INSTR('CORPORATE FLOOR', 'OR', -3, 2)", "2"),
        ],
    ),
    simple(
        "LPAD",
        &[fixed(&[S, I, S], lpad), fixed(&[B, I, B], lpad_bytes)],
        "The text brought to a length, padded on the left.",
        &[("LPAD('7', 3, '0')", "'007'"), ("LPAD('abcd', 2, '0')", "'ab'")],
    ),
    simple(
        "RPAD",
        &[fixed(&[S, I, S], rpad), fixed(&[B, I, B], rpad_bytes)],
        "The text brought to a length, padded on the right.",
        &[("RPAD('ab', 5, 'xy')", "'abxyx'")],
    ),
    simple(
        "INITCAP",
        &[fixed(&[S], initcap)],
        "Each word with its first letter in upper case.",
        &[("INITCAP('the quick FOX')", "'The Quick Fox'")],
    ),
    simple(
        "SPLIT",
        &[fixed(&[S, S], split), fixed(&[B, B], split_bytes)],
        "The pieces of a text between delimiters.",
        &[("SPLIT('a,b,,c', ',')", "ARRAY['a','b','','c']"), ("SPLIT('ab', '')", "ARRAY['a','b']")],
    ),
    simple(
        "CHR",
        &[fixed(&[I], chr_code), fixed(&[S], chr_text)],
        "The character of a code point, or of an escape such as \\u0041.",
        &[("CHR(75)", "'K'"), ("CHR('\\u004b')", "'K'")],
    ),
    simple(
        "FIELD",
        &[variadic(&[S, S], field)],
        "Where the first argument occurs among the others (from 1; 0: nowhere).",
        &[("FIELD('b', 'a', 'b')", "2"), ("FIELD(NULL, 'a')", "0")],
    ),
    simple(
        "ELT",
        &[variadic(&[I, S], elt)],
        "The n-th of the arguments after the first.",
        &[("ELT(2, 'a', 'b')", "'b'"), ("ELT(3, 'a', 'b')", "NULL")],
    ),
];

/// Where the UTF-16 position `units` lies in a text, in bytes; its end where the text is shorter.
fn byte_at(text: &str, units: usize) -> usize {
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
fn part<'a>(text: Cow<'a, str>, range: std::ops::Range<usize>) -> Value<'a> {
    Value::String(match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.get(range).unwrap_or_default()),
        Cow::Owned(text) => Cow::Owned(text.get(range).unwrap_or_default().to_owned()),
    })
}

fn take_text<'a>(value: &mut Value<'a>) -> Cow<'a, str> {
    match std::mem::take(value) {
        Value::String(text) => text,
        _ => Cow::Borrowed(""),
    }
}

fn take_bytes<'a>(value: &mut Value<'a>) -> Cow<'a, [u8]> {
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
        if from.is_empty() || !text(args, 0).contains(from) {
            return Ok(std::mem::take(&mut args[0]));
        }
        Ok(Value::string(text(args, 0).replace(from, to)))
    })
}

fn instr(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::Integer, |args| {
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

/// Padding of `missing` units.
fn padding(pad: &str, missing: usize) -> String {
    pad.chars()
        .cycle()
        .scan(0, |seen, c| {
            *seen += c.len_utf16();
            (*seen <= missing).then_some(c)
        })
        .collect()
}

fn pad(left: bool) -> Result<Bound, String> {
    Bound::strict(DataType::String, move |args| {
        let (length, pad) = (integer(args, 1), text(args, 2));
        if length < 0 || pad.is_empty() {
            return Ok(Value::Null);
        }
        let (length, now) = (length as usize, units(text(args, 0)));
        if length <= now {
            let text = take_text(&mut args[0]);
            let end = byte_at(&text, length);
            return Ok(part(text, 0..end));
        }
        let pad = padding(pad, length - now);
        let text = text(args, 0);
        Ok(Value::string(if left { format!("{pad}{text}") } else { format!("{text}{pad}") }))
    })
}

fn lpad(_: &Call<'_>) -> Result<Bound, String> {
    pad(true)
}

fn rpad(_: &Call<'_>) -> Result<Bound, String> {
    pad(false)
}

fn pad_bytes(left: bool) -> Result<Bound, String> {
    Bound::strict(DataType::Bytes, move |args| {
        let length = integer(args, 1);
        let (pad, mut bytes) = (take_bytes(&mut args[2]), take_bytes(&mut args[0]).into_owned());
        if length < 0 || pad.is_empty() {
            return Ok(Value::Null);
        }
        let missing = (length as usize).saturating_sub(bytes.len());
        let padding: Vec<u8> = pad.iter().copied().cycle().take(missing).collect();
        bytes.truncate(length as usize);
        Ok(Value::Bytes(Cow::Owned(if left { [padding, bytes].concat() } else { [bytes, padding].concat() })))
    })
}

fn lpad_bytes(_: &Call<'_>) -> Result<Bound, String> {
    pad_bytes(true)
}

fn rpad_bytes(_: &Call<'_>) -> Result<Bound, String> {
    pad_bytes(false)
}

fn initcap(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::String, |args| {
        let mut out = String::new();
        let mut begins = true;
        for c in text(args, 0).to_lowercase().chars().skip_while(|c| c.is_whitespace()) {
            if begins && !c.is_whitespace() {
                out.extend(c.to_uppercase())
            } else {
                out.push(c)
            }
            begins = c.is_whitespace();
        }
        Ok(Value::string(out))
    })
}

fn split(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::Array(Box::new(DataType::String)), |args| {
        let (text, delimiter) = (text(args, 0), text(args, 1));
        let pieces: Vec<Value<'_>> = if delimiter.is_empty() {
            text.chars().map(|c| Value::string(c.to_string())).collect()
        } else {
            text.split(delimiter).map(|piece| Value::string(piece.to_owned())).collect()
        };
        Ok(Value::Array(pieces.into()))
    })
}

fn split_bytes(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::Array(Box::new(DataType::Bytes)), |args| {
        let (bytes, delimiter) = (take_bytes(&mut args[0]), take_bytes(&mut args[1]));
        let piece = |bytes: &[u8]| Value::Bytes(Cow::Owned(bytes.to_vec()));
        let mut pieces = Vec::new();
        if delimiter.is_empty() {
            pieces.extend(bytes.chunks(1).map(piece));
            return Ok(Value::Array(pieces.into()));
        }
        let mut rest = &bytes[..];
        while let Some(at) = rest.windows(delimiter.len()).position(|w| w == &*delimiter) {
            pieces.push(piece(&rest[..at]));
            rest = &rest[at + delimiter.len()..];
        }
        pieces.push(piece(rest));
        Ok(Value::Array(pieces.into()))
    })
}

fn character(code: u32) -> Value<'static> {
    char::from_u32(code).map_or(Value::Null, |c| Value::string(c.to_string()))
}

fn chr_code(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::String, |args| Ok(u32::try_from(integer(args, 0)).map_or(Value::Null, character)))
}

fn chr_text(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::String, |args| {
        let quoted = format!("\"{}\"", text(args, 0));
        let is_escape = text(args, 0).starts_with("\\u");
        match crate::format::json::tree::parse(&quoted) {
            Some(crate::format::json::tree::Json::String(text)) if is_escape => {
                Ok(Value::string(text.into_owned()))
            }
            _ => Ok(Value::Null),
        }
    })
}

fn field(_: &Call<'_>) -> Result<Bound, String> {
    Bound::of(DataType::Integer, |args| {
        let Some((Value::String(wanted), rest)) = args.split_first() else { return Ok(Value::Integer(0)) };
        let place = rest.iter().position(|v| v.as_str() == Some(wanted));
        Ok(Value::Integer(place.map_or(0, |at| at as i32 + 1)))
    })
}

fn elt(_: &Call<'_>) -> Result<Bound, String> {
    Bound::of(DataType::String, |args| {
        let index = args[0].as_i64().and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0);
        Ok(index.and_then(|n| args.get_mut(n)).map(std::mem::take).unwrap_or_default())
    })
}
