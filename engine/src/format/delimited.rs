//! DELIMITED records: one line of separated values, as ksqlDB has them from Apache Commons CSV.
//!
//! What holds: there are as many fields as columns, in declared order; an empty field is NULL; a field that
//! holds the delimiter, a quote or a line's end is quoted, quotes inside doubled. Nested types are refused.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::json::{text_to_decimal, text_to_f64};
use super::{DecodeError, EncodeError, Format, FormatError, Presence, mismatch};
use crate::types::{Column, DataType, Value, write_decimal, write_double, write_i64};

fn check(delimiter: char, columns: &[Column]) -> Result<(), FormatError> {
    for column in columns {
        if matches!(column.data_type, DataType::Array(_) | DataType::Map(..) | DataType::Struct(_)) {
            return Err(FormatError::unsupported(
                Format::Delimited { delimiter },
                &column.data_type,
                &column.name,
            ));
        }
    }
    Ok(())
}

/// Reads DELIMITED records.
#[derive(Debug)]
pub(super) struct DelimitedDecoder {
    delimiter: char,
    columns: Vec<(Column, bool)>,
}

impl DelimitedDecoder {
    pub(super) fn new(delimiter: char, columns: &[Column], wanted: &[bool]) -> Result<Self, FormatError> {
        check(delimiter, columns)?;
        Ok(Self { delimiter, columns: columns.iter().cloned().zip(wanted.iter().copied()).collect() })
    }

    pub(super) fn decode<'a>(&self, bytes: &'a [u8], row: &mut [Value<'a>]) -> Result<Presence, DecodeError> {
        let text = std::str::from_utf8(bytes)
            .map_err(|e| DecodeError::record(format!("not UTF-8 from byte {} on", e.valid_up_to())))?;
        let text = text.trim_start_matches(['\r', '\n']);
        let mut fields = Fields { rest: Some(text), delimiter: self.delimiter };
        let mut found = 0;
        if text.is_empty() && self.columns.len() != 1 {
            return Err(self.count(0));
        }
        while let Some(field) = fields.next()? {
            if let (Some((column, wanted)), Some(place)) = (self.columns.get(found), row.get_mut(found)) {
                let read = if field.is_empty() {
                    Some(Read::Value(Value::Null))
                } else {
                    read(&column.data_type, &field)
                };
                let value = read.ok_or_else(|| {
                    DecodeError::column(&column.name, &format!("{field:?}"), &column.data_type)
                })?;
                *place = if *wanted { value.with_text(field) } else { Value::Null };
            }
            found += 1;
        }
        if found == self.columns.len() { Ok(Presence::Value) } else { Err(self.count(found)) }
    }

    fn count(&self, found: usize) -> DecodeError {
        DecodeError::record(format!("{found} fields for {} columns", self.columns.len()))
    }
}

/// A value that may still be waiting for its text, which is moved in without a copy.
enum Read {
    Value(Value<'static>),
    Text,
}

impl Read {
    fn with_text(self, field: Cow<'_, str>) -> Value<'_> {
        match self {
            Self::Value(value) => value,
            Self::Text => Value::String(field),
        }
    }
}

/// The fields of a line.
struct Fields<'a> {
    /// What follows; None after the last field.
    rest: Option<&'a str>,
    delimiter: char,
}

impl<'a> Fields<'a> {
    fn next(&mut self) -> Result<Option<Cow<'a, str>>, DecodeError> {
        let Some(rest) = self.rest else { return Ok(None) };
        if let Some(quoted) = rest.strip_prefix('"') {
            return self.quoted(quoted).map(Some);
        }
        let end = rest.find([self.delimiter, '\r', '\n']).unwrap_or(rest.len());
        let (field, after) = rest.split_at(end);
        self.rest = after.strip_prefix(self.delimiter);
        Ok(Some(Cow::Borrowed(field)))
    }

    /// A field whose opening quote was read.
    fn quoted(&mut self, text: &'a str) -> Result<Cow<'a, str>, DecodeError> {
        let mut field = Cow::Borrowed("");
        let mut rest = text;
        loop {
            let Some((piece, after)) = rest.split_once('"') else {
                return Err(DecodeError::record("a quoted field has no closing quote"));
            };
            if field.is_empty() {
                field = Cow::Borrowed(piece);
            } else {
                field.to_mut().push_str(piece);
            }
            match after.strip_prefix('"') {
                Some(after) => {
                    field.to_mut().push('"');
                    rest = after;
                }
                None => {
                    rest = after;
                    break;
                }
            }
        }
        let after = match rest.strip_prefix(self.delimiter) {
            Some(_) => rest,
            None => rest.trim_start_matches([' ', '\t']),
        };
        self.rest = after.strip_prefix(self.delimiter);
        if self.rest.is_none() && !(after.is_empty() || after.starts_with(['\r', '\n'])) {
            return Err(DecodeError::record("text between a closing quote and the next delimiter"));
        }
        Ok(field)
    }
}

/// What a field that is not empty is as a value of this type; None where it is none.
fn read(data_type: &DataType, field: &str) -> Option<Read> {
    Some(Read::Value(match data_type {
        DataType::String => return Some(Read::Text),
        DataType::Boolean => Value::Boolean(field.eq_ignore_ascii_case("true")),
        DataType::Integer => Value::Integer(field.parse().ok()?),
        DataType::Bigint => Value::Bigint(field.parse().ok()?),
        DataType::Double => Value::Double(text_to_f64(field)?),
        DataType::Decimal { precision, scale } => Value::Decimal(text_to_decimal(field, *precision, *scale)?),
        DataType::Timestamp => Value::Timestamp(field.parse().ok()?),
        DataType::Date => Value::Date(field.parse().ok()?),
        DataType::Time => Value::Time(field.parse().ok().filter(|ms| (0..=86_400_000).contains(ms))?),
        DataType::Bytes => Value::Bytes(Cow::Owned(BASE64.decode(field).ok()?)),
        DataType::Array(_) | DataType::Map(..) | DataType::Struct(_) => return None,
    }))
}

/// Writes DELIMITED records.
#[derive(Debug)]
pub(super) struct DelimitedEncoder {
    delimiter: char,
    columns: Vec<Column>,
}

impl DelimitedEncoder {
    pub(super) fn new(delimiter: char, columns: &[Column]) -> Result<Self, FormatError> {
        check(delimiter, columns)?;
        Ok(Self { delimiter, columns: columns.to_vec() })
    }

    pub(super) fn encode(&self, values: &[Value<'_>], out: &mut Vec<u8>) -> Result<Presence, EncodeError> {
        if values.len() != self.columns.len() {
            return Err(EncodeError(format!("{} values for {} columns", values.len(), self.columns.len())));
        }
        if values.is_empty() {
            return Ok(Presence::Null);
        }
        for (i, (column, value)) in self.columns.iter().zip(values).enumerate() {
            if i > 0 {
                out.extend_from_slice(self.delimiter.encode_utf8(&mut [0; 4]).as_bytes());
            }
            match value {
                Value::Null => {}
                Value::String(text) => self.write_text(text, i == 0, out),
                Value::Bytes(bytes) => self.write_text(&BASE64.encode(bytes), i == 0, out),
                Value::Array(_) | Value::Map(_) | Value::Struct(_) => return Err(mismatch(column, value)),
                number => self.write_number(number, i == 0, out),
            }
        }
        Ok(Presence::Value)
    }

    /// A number, in quotes where its text would be (a negative one in the first field).
    fn write_number(&self, value: &Value<'_>, first: bool, out: &mut Vec<u8>) {
        let start = out.len();
        match value {
            Value::Boolean(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
            Value::Double(value) => write_double(*value, out),
            Value::Decimal(value) => write_decimal(*value, out),
            number => write_i64(number.as_i64().unwrap_or_default(), out),
        }
        if (first && out.get(start) == Some(&b'-'))
            || out[start..].iter().any(|b| char::from(*b) == self.delimiter)
        {
            let text = String::from_utf8_lossy(&out.split_off(start)).into_owned();
            self.write_text(&text, first, out);
        }
    }

    fn write_text(&self, text: &str, first: bool, out: &mut Vec<u8>) {
        if !self.needs_quotes(text, first) {
            out.extend_from_slice(text.as_bytes());
            return;
        }
        out.push(b'"');
        for (i, piece) in text.split('"').enumerate() {
            if i > 0 {
                out.extend_from_slice(b"\"\"");
            }
            out.extend_from_slice(piece.as_bytes());
        }
        out.push(b'"');
    }

    /// As Commons CSV's minimal quoting decides: besides what must be quoted, a first field that is empty or
    /// does not begin with a letter or digit, one that begins with a character up to `#`, and one that ends
    /// with white space.
    fn needs_quotes(&self, text: &str, first: bool) -> bool {
        let (Some(begin), Some(end)) = (text.chars().next(), text.chars().next_back()) else { return first };
        begin <= '#'
            || (first && !begin.is_ascii_alphanumeric())
            || end <= ' '
            || text.contains(['"', '\r', '\n', self.delimiter])
    }
}
