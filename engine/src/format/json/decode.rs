//! From a JSON record to the values of its declared columns.
//!
//! Types convert as ksqlDB's `KsqlJsonDeserializer` converts them. Of a name that occurs twice the last value
//! counts, and only that one has to be of the column's type.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;

use super::fault::{Faults, Seen, Stop, within};
use super::names::Match;
use super::number::{text_to_decimal, text_to_f64, text_to_integer};
use super::order::Along;
use super::scanner::{Scanner, Syntax};
use super::shape::{Field, Kind, Shape, Target};
use super::tree;
use crate::format::{DecodeError, FormatError, Presence};
use crate::types::{Column, DataType, Decimal, Value};

/// Reads JSON records.
#[derive(Debug)]
pub struct JsonDecoder {
    layout: Layout,
}

#[derive(Debug)]
enum Layout {
    /// An object with a field per column.
    Object(Shape),
    /// The bare value of one column.
    Bare(Box<Field>),
}

impl JsonDecoder {
    /// A decoder of these columns; `bare` where the one column stands without an object around it.
    ///
    /// # Errors
    /// A MAP's keys are not VARCHAR.
    pub fn new(columns: &[Column], wanted: &[bool], bare: bool) -> Result<Self, FormatError> {
        let columns = columns.iter().zip(wanted);
        let shape = Shape::new(columns.map(|(c, wanted)| (c.name.as_str(), &c.data_type, *wanted)))?;
        let layout = match (bare, shape.fields.len()) {
            (true, 1) => Layout::Bare(Box::new(
                shape
                    .fields
                    .into_iter()
                    .next()
                    .ok_or_else(|| FormatError("a bare value has one column".to_owned()))?,
            )),
            _ => Layout::Object(shape),
        };
        Ok(Self { layout })
    }

    /// See [`crate::format::Decoder::decode`].
    ///
    /// # Errors
    /// The bytes are not JSON, or a field is not of its column's type.
    pub fn decode<'a>(&self, bytes: &'a [u8], row: &mut [Value<'a>]) -> Result<Presence, DecodeError> {
        let text = simdutf8::basic::from_utf8(bytes).map_err(|_| not_text(bytes))?;
        let mut reader = Reader { scanner: Scanner::new(text) };
        let presence = self.layout.read(&mut reader, row);
        let presence = presence.and_then(|presence| {
            reader.scanner.end()?;
            Ok(presence)
        });
        presence.map_err(|stop| match stop {
            Stop::Syntax(Syntax { offset, problem }) => {
                DecodeError::record(format!("not JSON: {problem}, at byte {offset}"))
            }
            Stop::Fault(fault) => {
                DecodeError::column(fault.path.trim_start_matches('.'), &fault.found, &fault.expected)
            }
        })
    }
}

impl Layout {
    fn read<'a>(&self, reader: &mut Reader<'a>, row: &mut [Value<'a>]) -> Result<Presence, Stop> {
        match self {
            Self::Bare(field) => {
                row[0] = Value::Null;
                reader
                    .value(&field.target, &mut row[0])
                    .map_err(|stop| within(stop, || field.name.clone()))?;
                Ok(Presence::Value)
            }
            Self::Object(shape) => {
                row.iter_mut().filter(|value| !value.is_null()).for_each(|value| *value = Value::Null);
                match reader.scanner.peek() {
                    Some(b'{') => reader.object(shape, Some(row)).map(|()| Presence::Value),
                    Some(b'n') => Ok(reader.scanner.literal("null").map(|()| Presence::Null)?),
                    _ => reader.scanner.skip().and_then(|()| reader.scanner.error("not an object"))?,
                }
            }
        }
    }
}

struct Reader<'a> {
    scanner: Scanner<'a>,
}

impl<'a> Reader<'a> {
    /// Reads an object, whose bracket comes next, into `row` where its values are wanted.
    fn object(&mut self, shape: &Shape, mut row: Option<&mut [Value<'a>]>) -> Result<(), Stop> {
        shape.order.learn(&shape.names, shape.fields.len(), &self.scanner);
        self.scanner.enter()?;
        let (mut seen, mut faults) = (Seen::new(shape.fields.len()), Faults::default());
        let (mut first, mut along) = (true, shape.order.begin());
        while self.scanner.more(b'}', first)? {
            first = false;
            let found = match along.next(&mut self.scanner) {
                Some(found) => found,
                None => self.look_up(shape, &mut along)?,
            };
            match found {
                Match::Unknown => self.scanner.skip()?,
                Match::One { column, exact } => {
                    self.field(shape, column, exact, &mut row, &mut seen, &mut faults)?;
                }
                Match::Two { exact, upper } => {
                    let start = self.scanner.position();
                    self.field(shape, exact, true, &mut row, &mut seen, &mut faults)?;
                    self.scanner.rewind(start);
                    self.field(shape, upper, false, &mut row, &mut seen, &mut faults)?;
                }
            }
        }
        faults.finish()
    }

    /// What the field is for whose name comes next; reads the name.
    fn look_up(&mut self, shape: &Shape, along: &mut Along<'_>) -> Result<Match, Stop> {
        let found = match self.scanner.plain_name() {
            Some(name) => shape.names.find(name),
            None => shape.names.find(&self.scanner.name()?),
        };
        if let Match::One { column, .. } = found {
            along.resume(column);
        }
        Ok(found)
    }

    /// Reads the value of a field into its place.
    #[inline]
    fn field(
        &mut self,
        shape: &Shape,
        index: usize,
        exact: bool,
        row: &mut Option<&mut [Value<'a>]>,
        seen: &mut Seen,
        faults: &mut Faults,
    ) -> Result<(), Stop> {
        if !seen.admit(index, exact) {
            return Ok(self.scanner.skip()?);
        }
        let field = &shape.fields[index];
        let outcome = match row {
            Some(row) => self.value(&field.target, &mut row[index]),
            None => self.value(&field.target, &mut Value::Null),
        };
        faults.set(index, outcome.map_err(|stop| within(stop, || format!(".{}", field.name))))
    }

    /// Reads one value to its place. One that is not wanted leaves the place as it is, which is NULL.
    ///
    /// What is read goes straight to where it stays: a value that is handed on in pieces is waited for each time.
    #[inline]
    fn value(&mut self, target: &Target, place: &mut Value<'a>) -> Result<(), Stop> {
        match self.scanner.peek() {
            Some(b'"') => self.text(target, place),
            Some(b'-' | b'0'..=b'9') => self.number(target, place),
            Some(b'n') => {
                self.scanner.literal("null")?;
                *place = Value::Null;
                Ok(())
            }
            Some(b't') => self.boolean(target, true, place),
            Some(b'f') => self.boolean(target, false, place),
            Some(b'{' | b'[') => {
                *place = self.nested(target)?;
                Ok(())
            }
            Some(_) => Ok(self.scanner.error("not a JSON value")?),
            None => Ok(self.scanner.error("a value is missing")?),
        }
    }

    #[inline]
    fn text(&mut self, target: &Target, place: &mut Value<'a>) -> Result<(), Stop> {
        match (&target.data_type, target.wanted) {
            (DataType::String, false) => self.scanner.skip_string()?,
            (DataType::String, true) => match self.scanner.plain_string() {
                Some(text) => *place = Value::str(text),
                None => *place = Value::String(self.scanner.string()?),
            },
            (_, wanted) => {
                let value = from_text(target, self.scanner.string()?)?;
                if wanted {
                    *place = value;
                }
            }
        }
        Ok(())
    }

    fn boolean(&mut self, target: &Target, value: bool, place: &mut Value<'a>) -> Result<(), Stop> {
        let word = if value { "true" } else { "false" };
        self.scanner.literal(word)?;
        let value = match target.data_type {
            DataType::Boolean => Value::Boolean(value),
            DataType::String => Value::str(word),
            _ => return Err(target.fault(word)),
        };
        if target.wanted {
            *place = value;
        }
        Ok(())
    }

    #[inline]
    fn number(&mut self, target: &Target, place: &mut Value<'a>) -> Result<(), Stop> {
        let number = self.scanner.number()?;
        let value = match &target.data_type {
            DataType::Double => number.to_f64().map(Value::Double),
            DataType::Decimal { precision, scale } => {
                number.to_decimal(*precision, *scale).map(Value::Decimal)
            }
            DataType::Bigint => number.to_i64().map(Value::Bigint),
            DataType::Integer => number.to_i64().and_then(|n| i32::try_from(n).ok()).map(Value::Integer),
            DataType::String => Some(Value::String(number.to_text())),
            DataType::Timestamp | DataType::Date | DataType::Time => {
                number.to_i64().and_then(|n| temporal(&target.data_type, n))
            }
            _ => None,
        };
        let Some(value) = value else { return Err(target.fault(number.text)) };
        if target.wanted {
            *place = value;
        }
        Ok(())
    }

    /// Reads an array or object.
    fn nested(&mut self, target: &Target) -> Result<Value<'a>, Stop> {
        let start = self.scanner.position();
        match (&target.kind, self.scanner.peek()) {
            (Kind::Array(element), Some(b'[')) => self.array(element, target.wanted),
            (Kind::Map(value), Some(b'{')) => self.map(value, target.wanted),
            (Kind::Struct(shape), Some(b'{')) if !target.wanted => {
                self.object(shape, None).map(|()| Value::Null)
            }
            (Kind::Struct(shape), Some(b'{')) => {
                let mut values = vec![Value::Null; shape.fields.len()];
                self.object(shape, Some(&mut values))?;
                Ok(Value::Struct(Arc::new(values)))
            }
            _ => {
                self.scanner.skip()?;
                let text = self.scanner.since(start);
                if target.data_type == DataType::String {
                    return Ok(if target.wanted { Value::String(text_of(text)) } else { Value::Null });
                }
                Err(target.fault(text))
            }
        }
    }

    fn array(&mut self, element: &Target, wanted: bool) -> Result<Value<'a>, Stop> {
        self.scanner.enter()?;
        let (mut values, mut index, mut fault) = (Vec::new(), 0, None);
        while self.scanner.more(b']', index == 0)? {
            let mut value = Value::Null;
            match self.value(element, &mut value) {
                Ok(()) if wanted => values.push(value),
                Ok(()) => {}
                Err(Stop::Fault(found)) => {
                    fault.get_or_insert_with(|| within(Stop::Fault(found), || format!("[{}]", index + 1)));
                }
                Err(syntax) => return Err(syntax),
            }
            index += 1;
        }
        match fault {
            Some(fault) => Err(fault),
            None if wanted => Ok(Value::Array(Arc::new(values))),
            None => Ok(Value::Null),
        }
    }

    fn map(&mut self, target: &Target, wanted: bool) -> Result<Value<'a>, Stop> {
        self.scanner.enter()?;
        let mut entries: Vec<(Value<'a>, Value<'a>)> = Vec::new();
        let (mut first, mut faults) = (true, Vec::<(Cow<'a, str>, Stop)>::new());
        while self.scanner.more(b'}', first)? {
            first = false;
            let name = self.scanner.name()?;
            let mut value = Value::Null;
            let outcome = self.value(target, &mut value);
            faults.retain(|(of, _)| *of != name);
            match outcome {
                Ok(()) if !wanted => {}
                Ok(()) => match entries.iter_mut().find(|(key, _)| key.as_str() == Some(&*name)) {
                    Some(entry) => entry.1 = value,
                    None => entries.push((Value::String(name), value)),
                },
                Err(stop @ Stop::Fault(_)) => {
                    let stop = within(stop, || format!("['{name}']"));
                    faults.push((name, stop));
                }
                Err(syntax) => return Err(syntax),
            }
        }
        match faults.into_iter().next() {
            Some((_, fault)) => Err(fault),
            None if wanted => Ok(Value::Map(Arc::new(entries))),
            None => Ok(Value::Null),
        }
    }
}

/// The record is not text.
#[cold]
fn not_text(bytes: &[u8]) -> DecodeError {
    let valid = std::str::from_utf8(bytes).map_or_else(|e| e.valid_up_to(), str::len);
    DecodeError::record(format!("not UTF-8 from byte {valid} on"))
}

/// What an array or object is as a VARCHAR.
fn text_of<'a>(text: &str) -> Cow<'a, str> {
    // The text was scanned before, so it parses.
    Cow::Owned(tree::parse(text).map(|tree| tree.to_varchar()).unwrap_or_default())
}

/// A number as a DATE (days), TIME (milliseconds of a day) or TIMESTAMP (milliseconds).
fn temporal(data_type: &DataType, number: i64) -> Option<Value<'static>> {
    /// ksqlDB takes the end of the day for a TIME, too.
    const DAY_MS: i64 = 86_400_000;
    match data_type {
        DataType::Timestamp => Some(Value::Timestamp(number)),
        DataType::Date => i32::try_from(number).ok().map(Value::Date),
        DataType::Time if (0..=DAY_MS).contains(&number) => i32::try_from(number).ok().map(Value::Time),
        _ => None,
    }
}

/// A string as a value of the declared type.
fn from_text<'a>(target: &Target, text: Cow<'a, str>) -> Result<Value<'a>, Stop> {
    let value = match &target.data_type {
        DataType::String => return Ok(Value::String(text)),
        DataType::Integer => text_to_integer(&text),
        DataType::Bigint => text.parse().ok().map(Value::Bigint),
        DataType::Double => text_to_f64(&text).map(Value::Double),
        DataType::Decimal { precision, scale } => decimal(&text, *precision, *scale).map(Value::Decimal),
        DataType::Timestamp | DataType::Date | DataType::Time => {
            text.parse().ok().and_then(|n| temporal(&target.data_type, n))
        }
        DataType::Bytes => BASE64.decode(text.as_bytes()).ok().map(|bytes| Value::Bytes(Cow::Owned(bytes))),
        _ => None,
    };
    match value {
        Some(value) => Ok(value),
        None => Err(target.fault(format!("{text:?}"))),
    }
}

fn decimal(text: &str, precision: u32, scale: u32) -> Option<Decimal> {
    text_to_decimal(text, precision, scale)
}
