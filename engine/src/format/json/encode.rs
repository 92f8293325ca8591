//! From a row to a JSON record.
//!
//! What holds: every declared column is written, in declared order, null as null; numbers, text and names are
//! written as Jackson writes them for ksqlDB. DECIMAL keeps all digits of its scale and never has an exponent.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use crate::format::{EncodeError, Format, FormatError, Presence, mismatch};
use crate::types::{Column, DataType, Value, write_decimal, write_double, write_i64};

/// Writes JSON records.
#[derive(Debug)]
pub struct JsonEncoder {
    columns: Vec<Named>,
    bare: bool,
}

/// A column, or a field of a STRUCT, with its name ready to be written.
#[derive(Debug)]
struct Named {
    column: Column,
    /// `"NAME":`
    prefix: Vec<u8>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Scalar,
    Array(Box<Kind>),
    Map(Box<Kind>),
    Struct(Vec<Named>),
}

impl Named {
    fn new(name: &str, data_type: &DataType) -> Result<Self, FormatError> {
        let mut prefix = Vec::new();
        write_string(name, &mut prefix);
        prefix.push(b':');
        Ok(Self { column: Column::new(name, data_type.clone()), prefix, kind: Kind::new(data_type, name)? })
    }
}

impl Kind {
    fn new(data_type: &DataType, column: &str) -> Result<Self, FormatError> {
        Ok(match data_type {
            DataType::Array(element) => Self::Array(Box::new(Self::new(element, column)?)),
            DataType::Map(key, value) if **key == DataType::String => {
                Self::Map(Box::new(Self::new(value, column)?))
            }
            DataType::Map(..) => return Err(FormatError::unsupported(Format::Json, data_type, column)),
            DataType::Struct(fields) => Self::Struct(
                fields.iter().map(|f| Named::new(&f.name, &f.data_type)).collect::<Result<_, _>>()?,
            ),
            _ => Self::Scalar,
        })
    }
}

impl JsonEncoder {
    /// An encoder of these columns; `bare` where the one column stands without an object around it.
    ///
    /// # Errors
    /// A MAP's keys are not VARCHAR.
    pub fn new(columns: &[Column], bare: bool) -> Result<Self, FormatError> {
        let columns = columns.iter().map(|c| Named::new(&c.name, &c.data_type)).collect::<Result<_, _>>()?;
        Ok(Self { columns, bare })
    }

    /// See [`crate::format::Encoder::encode`].
    ///
    /// # Errors
    /// A value is not of its column's type.
    pub fn encode(&self, values: &[Value<'_>], out: &mut Vec<u8>) -> Result<Presence, EncodeError> {
        if values.len() != self.columns.len() {
            return Err(EncodeError(format!("{} values for {} columns", values.len(), self.columns.len())));
        }
        if let ([column], [value], true) = (self.columns.as_slice(), values, self.bare) {
            if value.is_null() {
                return Ok(Presence::Null);
            }
            write(&column.kind, value, out).map_err(|()| mismatch(&column.column, value))?;
            return Ok(Presence::Value);
        }
        if self.columns.is_empty() {
            return Ok(Presence::Null);
        }
        out.push(b'{');
        for (i, (column, value)) in self.columns.iter().zip(values).enumerate() {
            if i > 0 {
                out.push(b',');
            }
            out.extend_from_slice(&column.prefix);
            write(&column.kind, value, out).map_err(|()| mismatch(&column.column, value))?;
        }
        out.push(b'}');
        Ok(Presence::Value)
    }
}

/// Writes one value; an error where it is not of the kind that is declared.
fn write(kind: &Kind, value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), ()> {
    match (kind, value) {
        (_, Value::Null) => out.extend_from_slice(b"null"),
        (Kind::Array(element), Value::Array(values)) => {
            out.push(b'[');
            for (i, value) in values.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                write(element, value, out)?;
            }
            out.push(b']');
        }
        (Kind::Map(kind), Value::Map(entries)) => {
            out.push(b'{');
            for (i, (key, value)) in entries.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                // Java writes a null key as the text null.
                write_string(key.as_str().unwrap_or("null"), out);
                out.push(b':');
                write(kind, value, out)?;
            }
            out.push(b'}');
        }
        (Kind::Struct(fields), Value::Struct(values)) if fields.len() == values.len() => {
            out.push(b'{');
            for (i, (field, value)) in fields.iter().zip(values.iter()).enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                out.extend_from_slice(&field.prefix);
                write(&field.kind, value, out)?;
            }
            out.push(b'}');
        }
        (Kind::Scalar, value) => return write_scalar(value, out),
        _ => return Err(()),
    }
    Ok(())
}

/// Appends a value that is not nested; an error where it is.
pub(crate) fn write_scalar(value: &Value<'_>, out: &mut Vec<u8>) -> Result<(), ()> {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Boolean(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Value::Integer(value) | Value::Date(value) | Value::Time(value) => write_i64(i64::from(*value), out),
        Value::Bigint(value) | Value::Timestamp(value) => write_i64(*value, out),
        Value::Double(value) if value.is_finite() => write_double(*value, out),
        Value::Double(value) => {
            out.push(b'"');
            write_double(*value, out);
            out.push(b'"');
        }
        Value::Decimal(value) => write_decimal(*value, out),
        Value::String(value) => write_string(value, out),
        Value::Bytes(value) => write_base64(value, out),
        Value::Array(_) | Value::Map(_) | Value::Struct(_) => return Err(()),
    }
    Ok(())
}

/// Appends bytes as base64 in quotes.
fn write_base64(bytes: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let start = out.len();
    out.resize(start + bytes.len().div_ceil(3) * 4, 0);
    let written = BASE64.encode_slice(bytes, &mut out[start..]).unwrap_or(0);
    out.truncate(start + written);
    out.push(b'"');
}

/// Appends a text in quotes, with only those characters escaped that must be.
pub fn write_string(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut start = 0;
    for (i, byte) in bytes.iter().enumerate() {
        let escape: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0x08 => b"\\b",
            0x0C => b"\\f",
            0..0x20 => &[b'\\', b'u', b'0', b'0', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]],
            _ => continue,
        };
        out.extend_from_slice(&bytes[start..i]);
        out.extend_from_slice(escape);
        start = i + 1;
    }
    out.extend_from_slice(&bytes[start..]);
    out.push(b'"');
}
