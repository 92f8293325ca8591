//! Kafka's primitives: one column, as `org.apache.kafka.common.serialization` writes it.
//!
//! INT takes 4 bytes, BIGINT 8 and DOUBLE 8 (IEEE 754), big-endian; VARCHAR is UTF-8; BYTES are themselves.

use std::borrow::Cow;

use super::{DecodeError, EncodeError, Format, FormatError, Presence, mismatch};
use crate::types::{Column, DataType, Value};

/// Reads and writes the bytes of one column.
#[derive(Debug)]
pub(super) struct KafkaCodec {
    column: Column,
}

impl KafkaCodec {
    pub(super) fn new(columns: &[Column]) -> Result<Self, FormatError> {
        let [column] = columns else {
            return Err(FormatError(format!(
                "the format KAFKA is for one column, these are several: {}",
                columns.iter().map(|c| c.name.as_str()).collect::<Vec<_>>().join(", ")
            )));
        };
        match column.data_type {
            DataType::Integer | DataType::Bigint | DataType::Double | DataType::String | DataType::Bytes => {
                Ok(Self { column: column.clone() })
            }
            _ => Err(FormatError::unsupported(Format::Kafka, &column.data_type, &column.name)),
        }
    }

    pub(super) fn decode<'a>(&self, bytes: &'a [u8]) -> Result<Value<'a>, DecodeError> {
        let value = match self.column.data_type {
            DataType::Integer => bytes.try_into().ok().map(|b| Value::Integer(i32::from_be_bytes(b))),
            DataType::Bigint => bytes.try_into().ok().map(|b| Value::Bigint(i64::from_be_bytes(b))),
            DataType::Double => bytes.try_into().ok().map(|b| Value::Double(f64::from_be_bytes(b))),
            DataType::String => std::str::from_utf8(bytes).ok().map(Value::str),
            _ => Some(Value::Bytes(Cow::Borrowed(bytes))),
        };
        value.ok_or_else(|| DecodeError {
            column: Some(self.column.name.clone()),
            found: Some(match self.column.data_type {
                DataType::String => "text that is not UTF-8".to_owned(),
                _ => format!("{} bytes", bytes.len()),
            }),
            problem: format!("in KAFKA format is not a {}", self.column.data_type),
        })
    }

    pub(super) fn encode(&self, values: &[Value<'_>], out: &mut Vec<u8>) -> Result<Presence, EncodeError> {
        let [value] = values else {
            return Err(EncodeError(format!("{} values for one KAFKA column", values.len())));
        };
        match (&self.column.data_type, value) {
            (_, Value::Null) => return Ok(Presence::Null),
            (DataType::Integer, Value::Integer(v)) => out.extend_from_slice(&v.to_be_bytes()),
            (DataType::Bigint, Value::Bigint(v)) => out.extend_from_slice(&v.to_be_bytes()),
            (DataType::Double, Value::Double(v)) => out.extend_from_slice(&v.to_be_bytes()),
            (DataType::String, Value::String(v)) => out.extend_from_slice(v.as_bytes()),
            (DataType::Bytes, Value::Bytes(v)) => out.extend_from_slice(v),
            _ => return Err(mismatch(&self.column, value)),
        }
        Ok(Presence::Value)
    }
}
