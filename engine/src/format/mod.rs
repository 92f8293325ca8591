//! Bytes to row and back: JSON, DELIMITED, KAFKA primitives and NONE, as ksqlDB reads and writes them.
//!
//! Enters: the bytes of a key or a value and the columns declared for them. Leaves: one typed value per
//! column, borrowing text from the record; or a [`DecodeError`] that says which column held what, the
//! reason of a dead letter. What holds: a record is scanned once; every declared column is checked, also
//! those that nobody reads, so that what is refused never depends on the rules; no byte sequence panics.

mod delimited;
pub mod json;
mod kafka;
pub mod record_json;
pub mod window_key;

use std::fmt;

use crate::types::{Column, DataType, Value};

/// How the columns of a key or a value are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Format {
    /// A JSON object, or for an unwrapped column its bare value.
    Json,
    /// One line of comma-separated values.
    Delimited {
        /// What stands between two fields.
        delimiter: char,
    },
    /// One primitive as Kafka's own serializers write it.
    Kafka,
    /// Nothing at all; there are no columns.
    None,
}

impl Format {
    /// The name that a WITH clause gives it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Json => "JSON",
            Self::Delimited { .. } => "DELIMITED",
            Self::Kafka => "KAFKA",
            Self::None => "NONE",
        }
    }
}

/// A format and whether a single column is wrapped in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FormatSpec {
    /// The format.
    pub format: Format,
    /// Whether a single column is written as a field of an object (`WRAP_SINGLE_VALUE`). Keys of one column
    /// are not wrapped. Only JSON knows the difference; several columns are always wrapped.
    pub wrapped: bool,
}

impl FormatSpec {
    /// Whether these columns stand as a bare value.
    fn is_unwrapped(self, columns: &[Column]) -> bool {
        self.format == Format::Json && !self.wrapped && columns.len() == 1
    }
}

/// Why a format cannot carry the declared columns. Refuses the statement that declares them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FormatError(pub String);

impl FormatError {
    fn unsupported(format: Format, data_type: &DataType, column: &str) -> Self {
        Self(format!(
            "the format {} has no form for {data_type}, which is the type of {column}",
            format.name()
        ))
    }
}

/// Why a record cannot be read with the declared columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    /// The column, with the place inside of it (`ADDRESS.LINES[2]`); None where the record as a whole is at fault.
    pub column: Option<String>,
    /// What was found, shortened; None where it is the record as a whole.
    pub found: Option<String>,
    /// What is wrong, without any of the record's content.
    pub problem: String,
}

impl DecodeError {
    fn record(problem: impl Into<String>) -> Self {
        Self { column: None, found: None, problem: problem.into() }
    }

    fn column(column: &str, found: &str, expected: &DataType) -> Self {
        Self {
            column: Some(column.to_owned()),
            found: Some(shortened(found)),
            problem: format!("is not a {expected}"),
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(column) = &self.column {
            write!(f, "column {column}: ")?;
        }
        if let Some(found) = &self.found {
            write!(f, "{found} ")?;
        }
        f.write_str(&self.problem)
    }
}

impl std::error::Error for DecodeError {}

/// The longest piece of a record that an error repeats, in characters.
const FOUND_CHARS: usize = 60;

fn shortened(text: &str) -> String {
    match text.char_indices().nth(FOUND_CHARS) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}

/// Why a row cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct EncodeError(pub String);

/// Whether there is a key or value at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// There are bytes, or a row.
    Value,
    /// The whole key or value is null.
    Null,
}

/// Reads keys or values of one topic.
#[derive(Debug)]
pub struct Decoder(Decoding);

#[derive(Debug)]
enum Decoding {
    Json(json::JsonDecoder),
    Delimited(delimited::DelimitedDecoder),
    Kafka(kafka::KafkaCodec),
    None,
}

impl Decoder {
    /// A decoder of these columns. `wanted` marks the columns whose values are needed; the others are checked
    /// and come out as NULL. `wanted` has one entry per column.
    ///
    /// # Errors
    /// A column's type cannot be carried by the format.
    pub fn new(spec: &FormatSpec, columns: &[Column], wanted: &[bool]) -> Result<Self, FormatError> {
        debug_assert_eq!(columns.len(), wanted.len());
        Ok(Self(match spec.format {
            Format::Json => {
                Decoding::Json(json::JsonDecoder::new(columns, wanted, spec.is_unwrapped(columns))?)
            }
            Format::Delimited { delimiter } => {
                Decoding::Delimited(delimited::DelimitedDecoder::new(delimiter, columns, wanted)?)
            }
            Format::Kafka if columns.is_empty() => Decoding::None,
            Format::Kafka => Decoding::Kafka(kafka::KafkaCodec::new(columns)?),
            Format::None => {
                no_columns(columns)?;
                Decoding::None
            }
        }))
    }

    /// Reads one key or value into `row`, which has one place per column. A column that the record lacks is
    /// NULL. [`Presence::Null`] where the record says that it is null as a whole, all columns being NULL then.
    ///
    /// # Errors
    /// The bytes are not of the format, or a field is not of its column's type; `row` is then unspecified.
    pub fn decode<'a>(&self, bytes: &'a [u8], row: &mut [Value<'a>]) -> Result<Presence, DecodeError> {
        match &self.0 {
            Decoding::Json(decoder) => decoder.decode(bytes, row),
            Decoding::Delimited(decoder) => decoder.decode(bytes, row),
            Decoding::Kafka(codec) => {
                let [place] = row else { return Err(DecodeError::record("a KAFKA record has one column")) };
                *place = codec.decode(bytes)?;
                Ok(Presence::Value)
            }
            Decoding::None => {
                row.fill(Value::Null);
                Ok(Presence::Null)
            }
        }
    }
}

fn no_columns(columns: &[Column]) -> Result<(), FormatError> {
    match columns.first() {
        None => Ok(()),
        Some(column) => Err(FormatError(format!(
            "the 'NONE' format can only be used when no columns are defined, got {} {}",
            column.name, column.data_type
        ))),
    }
}

/// Writes keys or values of one topic.
#[derive(Debug)]
pub struct Encoder(Encoding);

#[derive(Debug)]
enum Encoding {
    Json(json::JsonEncoder),
    Delimited(delimited::DelimitedEncoder),
    Kafka(kafka::KafkaCodec),
    None,
}

impl Encoder {
    /// An encoder of these columns.
    ///
    /// # Errors
    /// A column's type cannot be carried by the format.
    pub fn new(spec: &FormatSpec, columns: &[Column]) -> Result<Self, FormatError> {
        Ok(Self(match spec.format {
            Format::Json => Encoding::Json(json::JsonEncoder::new(columns, spec.is_unwrapped(columns))?),
            Format::Delimited { delimiter } => {
                Encoding::Delimited(delimited::DelimitedEncoder::new(delimiter, columns)?)
            }
            Format::Kafka if columns.is_empty() => Encoding::None,
            Format::Kafka => Encoding::Kafka(kafka::KafkaCodec::new(columns)?),
            Format::None => {
                no_columns(columns)?;
                Encoding::None
            }
        }))
    }

    /// Appends the bytes of a row to `out`; nothing is appended where the key or value is null as a whole (no
    /// columns, or a bare value that is NULL).
    ///
    /// # Errors
    /// A value is not of its column's type; `out` may then hold a part of the record.
    pub fn encode(&self, values: &[Value<'_>], out: &mut Vec<u8>) -> Result<Presence, EncodeError> {
        match &self.0 {
            Encoding::Json(encoder) => encoder.encode(values, out),
            Encoding::Delimited(encoder) => encoder.encode(values, out),
            Encoding::Kafka(codec) => codec.encode(values, out),
            Encoding::None => Ok(Presence::Null),
        }
    }
}

fn mismatch(column: &Column, value: &Value<'_>) -> EncodeError {
    EncodeError(format!("column {}: {value:?} is not a {}", column.name, column.data_type))
}

#[cfg(test)]
mod tests;
