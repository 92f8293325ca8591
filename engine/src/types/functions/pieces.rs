//! Text padded, split, and chosen among pieces.

use std::borrow::Cow;

use super::strings::{B, I, S, byte_at, part, take_bytes, take_text, units};
use super::{Bound, Call, Function, fixed, function, integer, text, variadic};
use crate::types::{DataType, Value};

pub(super) const FUNCTIONS: &[Function] = &[
    function(
        "LPAD",
        &[fixed(&[S, I, S], lpad), fixed(&[B, I, B], lpad_bytes)],
        "The text brought to a length, padded on the left.",
        &[("LPAD('7', 3, '0')", "'007'"), ("LPAD('abcd', 2, '0')", "'ab'")],
    ),
    function(
        "RPAD",
        &[fixed(&[S, I, S], rpad), fixed(&[B, I, B], rpad_bytes)],
        "The text brought to a length, padded on the right.",
        &[("RPAD('ab', 5, 'xy')", "'abxyx'")],
    ),
    function(
        "INITCAP",
        &[fixed(&[S], initcap)],
        "Each word with its first letter in upper case.",
        &[("INITCAP('the quick FOX')", "'The Quick Fox'")],
    ),
    function(
        "SPLIT",
        &[fixed(&[S, S], split), fixed(&[B, B], split_bytes)],
        "The pieces of a text between delimiters.",
        &[
            ("SPLIT('a,b,,c', ',')", "ARRAY['a','b','','c']"),
            ("SPLIT('ab', '')", "ARRAY['a','b']"),
            ("SPLIT('', '')", "ARRAY['']"),
        ],
    ),
    function(
        "CHR",
        &[fixed(&[I], chr_code), fixed(&[S], chr_text)],
        "The character of a code point, or of an escape such as \\u0041.",
        &[("CHR(75)", "'K'"), ("CHR('\\u004b')", "'K'")],
    ),
    function(
        "FIELD",
        &[variadic(&[S, S], field)],
        "Where the first argument occurs among the others (from 1; 0: nowhere).",
        &[("FIELD('b', 'a', 'b')", "2"), ("FIELD(NULL, 'a')", "0")],
    ),
    function(
        "ELT",
        &[variadic(&[I, S], elt)],
        "The n-th of the arguments after the first.",
        &[("ELT(2, 'a', 'b')", "'b'"), ("ELT(3, 'a', 'b')", "NULL")],
    ),
];

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
        let pieces: Vec<Value<'_>> = if text.is_empty() {
            vec![Value::str("")]
        } else if delimiter.is_empty() {
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
        if delimiter.is_empty() && !bytes.is_empty() {
            pieces.extend(bytes.chunks(1).map(piece));
            return Ok(Value::Array(pieces.into()));
        }
        let mut rest = &bytes[..];
        while let Some(at) = rest.windows(delimiter.len().max(1)).position(|w| w == &*delimiter) {
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
