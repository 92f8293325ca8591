//! BYTES and their encodings as text.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest as _, Md5};

use super::{Bound, Call, Function, Param, fixed, function, text};
use crate::types::{DataType, EvalError, Value};

const S: Param = Param::String;
const B: Param = Param::Bytes;

pub(super) const FUNCTIONS: &[Function] = &[
    function(
        "TO_BYTES",
        &[fixed(&[S, S], to_bytes)],
        "The bytes that a text in an encoding (hex, utf8, ascii or base64) stands for.",
        &[("FROM_BYTES(TO_BYTES('ab', 'utf8'), 'hex')", "'6162'")],
    ),
    function(
        "FROM_BYTES",
        &[fixed(&[B, S], from_bytes)],
        "Bytes as a text in an encoding (hex, utf8, ascii or base64).",
        &[("FROM_BYTES(TO_BYTES('6162', 'hex'), 'base64')", "'YWI='")],
    ),
    function(
        "ENCODE",
        &[fixed(&[S, S, S], encode)],
        "A text in one encoding (hex, utf8, ascii or base64) as a text in another.",
        &[("ENCODE('hello', 'ascii', 'hex')", "'68656c6c6f'"), ("ENCODE('0x6162', 'hex', 'utf8')", "'ab'")],
    ),
    function(
        "MD5",
        &[fixed(&[S], md5)],
        "The MD5 hash of a text, in hex.",
        &[("MD5('abc')", "'900150983cd24fb0d6963f7d28e17f72'")],
    ),
    function(
        "INT_FROM_BYTES",
        &[fixed(&[B], int_from_bytes), fixed(&[B, S], int_from_bytes)],
        "4 bytes as an INT, BIG_ENDIAN (default) or LITTLE_ENDIAN.",
        &[("INT_FROM_BYTES(TO_BYTES('0000002a', 'hex'))", "42")],
    ),
    function(
        "BIGINT_FROM_BYTES",
        &[fixed(&[B], bigint_from_bytes), fixed(&[B, S], bigint_from_bytes)],
        "8 bytes as a BIGINT, BIG_ENDIAN (default) or LITTLE_ENDIAN.",
        &[("BIGINT_FROM_BYTES(TO_BYTES('2a00000000000000', 'hex'), 'LITTLE_ENDIAN')", "42")],
    ),
    function(
        "DOUBLE_FROM_BYTES",
        &[fixed(&[B], double_from_bytes), fixed(&[B, S], double_from_bytes)],
        "8 bytes as a DOUBLE, BIG_ENDIAN (default) or LITTLE_ENDIAN.",
        &[("DOUBLE_FROM_BYTES(TO_BYTES('3ff0000000000000', 'hex'))", "1.0E0")],
    ),
];

/// How text stands for bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Encoding {
    Hex,
    Utf8,
    Ascii,
    Base64,
}

impl Encoding {
    fn parse(name: &str) -> Result<Self, EvalError> {
        match name.to_ascii_lowercase().as_str() {
            "hex" => Ok(Self::Hex),
            "utf8" => Ok(Self::Utf8),
            "ascii" => Ok(Self::Ascii),
            "base64" => Ok(Self::Base64),
            _ => Err(EvalError::new(format!("'{name}' is no encoding: use hex, utf8, ascii or base64"))),
        }
    }

    fn decode(self, text: &str) -> Result<Vec<u8>, EvalError> {
        match self {
            Self::Hex => from_hex(text),
            Self::Utf8 => Ok(text.as_bytes().to_vec()),
            Self::Ascii => Ok(text.chars().map(|c| if c.is_ascii() { c as u8 } else { b'?' }).collect()),
            Self::Base64 => {
                BASE64.decode(text).map_err(|e| EvalError::new(format!("'{text}' is not base64: {e}")))
            }
        }
    }

    fn encode(self, bytes: &[u8]) -> String {
        match self {
            Self::Hex => to_hex(bytes),
            Self::Utf8 => String::from_utf8_lossy(bytes).into_owned(),
            Self::Ascii => {
                bytes.iter().map(|b| if b.is_ascii() { char::from(*b) } else { '\u{fffd}' }).collect()
            }
            Self::Base64 => BASE64.encode(bytes),
        }
    }
}

fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|b| [b >> 4, b & 15]).filter_map(|n| char::from_digit(u32::from(n), 16)).collect()
}

/// Hexadecimal digits, bare or as `0x..`, `X'..'` or `x'..'`; an odd first digit stands for itself.
fn from_hex(text: &str) -> Result<Vec<u8>, EvalError> {
    let digits = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("X'").or_else(|| text.strip_prefix("x'"))?.strip_suffix('\''))
        .unwrap_or(text);
    let refuse = || EvalError::new(format!("'{text}' is not hexadecimal"));
    let mut values = digits
        .chars()
        .map(|c| c.to_digit(16).map(|d| d as u8).ok_or_else(refuse))
        .collect::<Result<Vec<u8>, _>>()?;
    if values.len() % 2 == 1 {
        values.insert(0, 0);
    }
    Ok(values.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn bytes_of<'v>(args: &'v [Value<'_>], index: usize) -> &'v [u8] {
    match args.get(index) {
        Some(Value::Bytes(bytes)) => bytes,
        _ => &[],
    }
}

/// Refuses an unknown encoding when the rule is loaded.
fn check(call: &Call<'_>, places: &[usize]) -> Result<(), String> {
    places.iter().filter_map(|i| call.literal_text(*i)).try_for_each(|name| match Encoding::parse(name) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.0),
    })
}

fn to_bytes(call: &Call<'_>) -> Result<Bound, String> {
    check(call, &[1])?;
    Bound::strict(DataType::Bytes, |args| {
        Ok(Value::Bytes(Cow::Owned(Encoding::parse(text(args, 1))?.decode(text(args, 0))?)))
    })
}

fn from_bytes(call: &Call<'_>) -> Result<Bound, String> {
    check(call, &[1])?;
    Bound::strict(DataType::String, |args| {
        Ok(Value::string(Encoding::parse(text(args, 1))?.encode(bytes_of(args, 0))))
    })
}

fn encode(call: &Call<'_>) -> Result<Bound, String> {
    check(call, &[1, 2])?;
    Bound::strict(DataType::String, |args| {
        let (from, to) = (Encoding::parse(text(args, 1))?, Encoding::parse(text(args, 2))?);
        if from == to {
            return Ok(std::mem::take(&mut args[0]));
        }
        Ok(Value::string(to.encode(&from.decode(text(args, 0))?)))
    })
}

fn md5(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::String, |args| Ok(Value::string(to_hex(&Md5::digest(text(args, 0).as_bytes())))))
}

/// The bytes of a number in big-endian order.
fn number<const N: usize>(args: &[Value<'_>]) -> Result<[u8; N], EvalError> {
    let bytes = bytes_of(args, 0);
    let mut number: [u8; N] =
        bytes.try_into().map_err(|_| EvalError::new(format!("{N} bytes are needed, not {}", bytes.len())))?;
    match args.get(1).map_or("BIG_ENDIAN", |_| text(args, 1)).to_ascii_uppercase().as_str() {
        "BIG_ENDIAN" => {}
        "LITTLE_ENDIAN" => number.reverse(),
        other => {
            return Err(EvalError::new(format!(
                "'{other}' is no byte order: use BIG_ENDIAN or LITTLE_ENDIAN"
            )));
        }
    }
    Ok(number)
}

fn int_from_bytes(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::Integer, |args| Ok(Value::Integer(i32::from_be_bytes(number(args)?))))
}

fn bigint_from_bytes(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::Bigint, |args| Ok(Value::Bigint(i64::from_be_bytes(number(args)?))))
}

fn double_from_bytes(_: &Call<'_>) -> Result<Bound, String> {
    Bound::strict(DataType::Double, |args| Ok(Value::Double(f64::from_be_bytes(number(args)?))))
}
