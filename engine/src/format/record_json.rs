//! Keys and values as JSON text: how `replay` reads and writes records.
//!
//! Enters: the `key` or `value` of a record in a replay file. Leaves: the bytes that would lie on the topic;
//! and back. A JSON key or value is itself, a KAFKA primitive a scalar (BYTES in base64, NaN and infinities as
//! strings), a DELIMITED line a string. What holds: numbers keep the text they are written with.

use serde_json::value::RawValue;

use super::json::{JsonDecoder, JsonEncoder, tree, write_string};
use super::{DecodeError, Decoder, Encoder, Format, FormatSpec, Presence};
use crate::types::{Column, Value};

/// Why a record of a replay file does not fit its topic, or the other way round.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct RecordError(pub String);

impl RecordError {
    fn new(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// The bytes of a key or value; None where it is null. `columns` are those declared for it.
///
/// # Errors
/// The JSON is not a value of the declared column (KAFKA).
pub fn to_bytes(
    spec: &FormatSpec,
    columns: &[Column],
    json: Option<&RawValue>,
) -> Result<Option<Vec<u8>>, RecordError> {
    let Some(text) = json.map(RawValue::get).filter(|text| text.trim() != "null") else { return Ok(None) };
    match spec.format {
        Format::Json => Ok(Some(text.as_bytes().to_vec())),
        Format::None => Ok(None),
        Format::Delimited { .. } => Ok(Some(bare_text(text))),
        Format::Kafka if columns.is_empty() => Ok(Some(bare_text(text))),
        Format::Kafka => {
            let decoder = JsonDecoder::new(columns, &[true], true).map_err(RecordError::new)?;
            let encoder = Encoder::new(spec, columns).map_err(RecordError::new)?;
            let mut row = [Value::Null];
            decoder.decode(text.as_bytes(), &mut row).map_err(RecordError::new)?;
            let mut bytes = Vec::new();
            let presence = encoder.encode(&row, &mut bytes).map_err(RecordError::new)?;
            Ok((presence == Presence::Value).then_some(bytes))
        }
    }
}

/// A JSON string's content, or any other JSON as it is written.
fn bare_text(text: &str) -> Vec<u8> {
    match tree::parse(text) {
        Some(tree::Json::String(content)) => content.into_owned().into_bytes(),
        _ => text.as_bytes().to_vec(),
    }
}

/// The JSON text of a key or value; `null` where there are no bytes. `columns` are those declared for it.
///
/// # Errors
/// The bytes are not of the format.
pub fn to_json(spec: &FormatSpec, columns: &[Column], bytes: Option<&[u8]>) -> Result<String, RecordError> {
    let Some(bytes) = bytes else { return Ok("null".to_owned()) };
    let text = || std::str::from_utf8(bytes).map_err(|_| RecordError("not UTF-8".to_owned()));
    match spec.format {
        Format::Json => match tree::parse(text()?) {
            Some(_) => Ok(text()?.to_owned()),
            None => Err(RecordError("not JSON".to_owned())),
        },
        Format::None => Ok("null".to_owned()),
        Format::Delimited { .. } => text().map(quoted),
        Format::Kafka if columns.is_empty() => text().map(quoted),
        Format::Kafka => {
            let decoder = Decoder::new(spec, columns, &[true]).map_err(RecordError::new)?;
            let encoder = JsonEncoder::new(columns, true).map_err(RecordError::new)?;
            let mut row = [Value::Null];
            decoder.decode(bytes, &mut row).map_err(|e: DecodeError| RecordError::new(e))?;
            let mut json = Vec::new();
            encoder.encode(&row, &mut json).map_err(RecordError::new)?;
            String::from_utf8(json).map_err(RecordError::new)
        }
    }
}

fn quoted(text: &str) -> String {
    let mut json = Vec::new();
    write_string(text, &mut json);
    String::from_utf8(json).unwrap_or_default()
}
