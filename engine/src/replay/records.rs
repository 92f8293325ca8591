//! Records of a replay as JSON.
//!
//! `{"topic", "key", "value", "timestamp", "headers", "window": {"start", "end", "type"}}`; headers are
//! `[{"KEY": name, "VALUE": base64}]`. Missing and null keys are equal, no timestamp is 0. Input is one
//! document `{"inputs":[...]}` or records one after the other, and is read as it comes: never as a whole.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{BufRead, Write};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Form, ReplayError};
use crate::format::window_key::{Window, append_session, append_time, split_session, split_time};
use crate::format::{Format, FormatSpec, record_json};
use crate::plan::{KeyWindow, Operator, Program, QueryId, Source};
use crate::task::{OutputRecord, RecordHeaders};
use crate::types::Column;

/// A record's bytes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReplayRecord {
    /// Its topic.
    pub topic: String,
    /// The key's bytes.
    pub key: Option<Vec<u8>>,
    /// The value's bytes.
    pub value: Option<Vec<u8>>,
    /// Milliseconds since 1970-01-01 UTC.
    pub timestamp: i64,
    /// Headers in order.
    pub headers: Vec<(String, Vec<u8>)>,
}

impl<'a> RecordHeaders<'a> for &'a [(String, Vec<u8>)] {
    fn last(&self, name: &str) -> Option<&'a [u8]> {
        self.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.as_slice())
    }

    fn each(&self, visit: &mut dyn FnMut(&'a str, &'a [u8])) {
        self.iter().for_each(|(name, value)| visit(name, value));
    }
}

impl ReplayRecord {
    /// A copy of what a task wrote.
    pub(super) fn of_output(output: &OutputRecord<'_>) -> Self {
        Self {
            topic: output.topic().to_owned(),
            key: output.key().map(<[u8]>::to_vec),
            value: output.value().map(<[u8]>::to_vec),
            timestamp: output.timestamp(),
            headers: output.headers().map(|(name, value)| (name.to_owned(), value.to_vec())).collect(),
        }
    }
}

/// A record as the input has it.
#[derive(Debug, Default, Deserialize)]
pub struct RecordText {
    pub(super) topic: String,
    #[serde(default)]
    key: Option<Box<RawValue>>,
    #[serde(default)]
    value: Option<Box<RawValue>>,
    #[serde(default)]
    timestamp: Option<i64>,
    #[serde(default)]
    headers: Option<Vec<HeaderText>>,
    #[serde(default)]
    window: Option<WindowText>,
}

#[derive(Debug, Serialize, Deserialize)]
struct HeaderText {
    #[serde(rename = "KEY")]
    name: String,
    #[serde(rename = "VALUE")]
    value: Option<String>,
}

/// A key's window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WindowText {
    /// Its first millisecond.
    pub start: i64,
    /// Its end: inclusive for a session, else exclusive.
    pub end: i64,
    /// `time` or `session`.
    #[serde(rename = "type")]
    pub kind: String,
}

impl RecordText {
    /// A record whose key is a text and whose value is this JSON.
    ///
    /// # Errors
    /// The value is not JSON.
    pub fn new(topic: &str, key: &str, value: String, timestamp: i64) -> Result<Self, serde_json::Error> {
        Ok(Self {
            topic: topic.to_owned(),
            key: Some(RawValue::from_string(serde_json::to_string(key)?)?),
            value: Some(RawValue::from_string(value)?),
            timestamp: Some(timestamp),
            ..Self::default()
        })
    }
}

/// Reads the input, record by record.
pub(super) fn read(
    input: impl BufRead,
    feed: &mut dyn FnMut(RecordText) -> Result<(), ReplayError>,
) -> Result<(), ReplayError> {
    let mut failed = None;
    let mut json = serde_json::Deserializer::from_reader(input);
    while json.end().is_err() {
        let top = TopLevel { feed: &mut *feed, failed: &mut failed };
        let outcome = top.deserialize(&mut json);
        if let Some(error) = failed {
            return Err(error);
        }
        outcome.map_err(|problem| ReplayError::Input { number: 0, problem })?;
    }
    Ok(())
}

/// A document of inputs, or one record: its first field tells.
struct TopLevel<'f> {
    feed: &'f mut dyn FnMut(RecordText) -> Result<(), ReplayError>,
    failed: &'f mut Option<ReplayError>,
}

impl TopLevel<'_> {
    fn feed<E: de::Error>(&mut self, record: RecordText) -> Result<(), E> {
        (self.feed)(record).map_err(|error| {
            *self.failed = Some(error);
            E::custom("stopped")
        })
    }
}

impl<'de> DeserializeSeed<'de> for TopLevel<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for TopLevel<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a record or a document of inputs")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut record = RecordText::default();
        let (mut has_topic, mut has_inputs) = (false, false);
        while let Some(field) = map.next_key::<String>()? {
            match field.as_str() {
                "inputs" => {
                    has_inputs = true;
                    map.next_value_seed(Inputs(TopLevel {
                        feed: &mut *self.feed,
                        failed: &mut *self.failed,
                    }))?;
                }
                "topic" => {
                    has_topic = true;
                    record.topic = map.next_value()?;
                }
                "key" => record.key = map.next_value()?,
                "value" => record.value = map.next_value()?,
                "timestamp" => record.timestamp = map.next_value()?,
                "headers" => record.headers = map.next_value()?,
                "window" => record.window = map.next_value()?,
                _ => drop(map.next_value::<de::IgnoredAny>()?),
            }
        }
        match (has_topic, has_inputs) {
            (true, false) => self.feed(record),
            (false, true) => Ok(()),
            _ => Err(de::Error::custom("an object without \"topic\" and without \"inputs\"")),
        }
    }
}

/// The records of a document.
struct Inputs<'f>(TopLevel<'f>);

impl<'de> DeserializeSeed<'de> for Inputs<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Inputs<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of records")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        while let Some(record) = seq.next_element()? {
            self.0.feed(record)?;
        }
        Ok(())
    }
}

/// How the keys and values of a topic are written.
#[derive(Debug, Clone)]
struct Shape {
    key: (FormatSpec, Vec<Column>),
    value: (FormatSpec, Vec<Column>),
    window: Option<KeyWindow>,
}

impl Shape {
    fn of_source(source: &Source) -> Self {
        Self {
            key: (source.key_format, source.schema.key.clone()),
            value: (source.value_format, source.schema.value.clone()),
            window: source.window,
        }
    }
}

/// Makes bytes of the input's records.
pub(super) struct Reader {
    shapes: BTreeMap<String, Vec<Shape>>,
}

impl Reader {
    pub(super) fn new(program: &Program) -> Self {
        let mut shapes: BTreeMap<String, Vec<Shape>> = BTreeMap::new();
        for source in program.sources.values() {
            shapes.entry(source.topic.clone()).or_default().push(Shape::of_source(source));
        }
        Self { shapes }
    }

    /// The record's bytes by the first declaration of its topic that they fit; else what is wrong. A topic
    /// that nobody declares has none.
    pub(super) fn record(&self, text: &RecordText) -> Result<ReplayRecord, String> {
        let mut outcome = Ok(ReplayRecord { topic: text.topic.clone(), ..ReplayRecord::default() });
        for shape in self.shapes.get(&text.topic).into_iter().flatten() {
            outcome = self::record(text, shape);
            if outcome.is_ok() {
                break;
            }
        }
        outcome
    }
}

fn record(text: &RecordText, shape: &Shape) -> Result<ReplayRecord, String> {
    let bytes = |(spec, columns): &(FormatSpec, Vec<Column>), json: &Option<Box<RawValue>>| {
        record_json::to_bytes(spec, columns, json.as_deref()).map_err(|error| error.to_string())
    };
    let mut key = bytes(&shape.key, &text.key)?;
    if let (Some(key), Some(window)) = (&mut key, &text.window) {
        match shape.window {
            Some(KeyWindow::Time { .. }) => append_time(key, window.start),
            Some(KeyWindow::Session) => append_session(key, Window::session(window.start, window.end)),
            None => {}
        }
    }
    let headers = text.headers.iter().flatten().map(|header| {
        let value = STANDARD.decode(header.value.as_deref().unwrap_or_default());
        value.map(|value| (header.name.clone(), value)).map_err(|e| format!("header {}: {e}", header.name))
    });
    Ok(ReplayRecord {
        topic: text.topic.clone(),
        key,
        value: bytes(&shape.value, &text.value)?,
        timestamp: text.timestamp.unwrap_or_default(),
        headers: headers.collect::<Result<_, _>>()?,
    })
}

/// A record as the output has it.
#[derive(Serialize)]
struct OutputText<'r> {
    topic: &'r str,
    key: Box<RawValue>,
    value: Box<RawValue>,
    timestamp: i64,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    headers: Vec<HeaderText>,
    #[serde(skip_serializing_if = "Option::is_none")]
    window: Option<WindowText>,
}

/// Writes the output's records.
pub(super) struct Writer<W> {
    shapes: BTreeMap<QueryId, Shape>,
    output: W,
    form: Form,
    written: u64,
}

impl<W: Write> Writer<W> {
    pub(super) fn new(program: &Program, mut output: W, form: Form) -> std::io::Result<Self> {
        let steps = program.tasks.iter().flat_map(|task| &task.steps);
        let shapes = steps.filter_map(|step| match (&step.operator, step.query) {
            (Operator::Sink(sink), Some(query)) => Some((
                query,
                Shape {
                    key: (sink.key_format, sink.schema.key.clone()),
                    value: (sink.value_format, sink.schema.value.clone()),
                    window: sink.window,
                },
            )),
            _ => None,
        });
        let shapes = shapes.collect();
        if form == Form::Json {
            output.write_all(b"{\"outputs\":[")?;
        }
        Ok(Self { shapes, output, form, written: 0 })
    }

    pub(super) fn write(&mut self, record: OutputRecord<'_>) -> Result<(), ReplayError> {
        let shape = record.query().and_then(|query| self.shapes.get(&query));
        let (key, window) = match (record.key(), shape.and_then(|shape| shape.window)) {
            (Some(key), Some(kind)) => split(kind, key),
            (key, _) => (key, None),
        };
        let headers = record
            .headers()
            .map(|(name, value)| HeaderText { name: name.to_owned(), value: Some(STANDARD.encode(value)) });
        let text = OutputText {
            topic: record.topic(),
            key: json(shape.map(|shape| &shape.key), key)?,
            value: json(shape.map(|shape| &shape.value), record.value())?,
            timestamp: record.timestamp(),
            headers: headers.collect(),
            window,
        };
        if self.form == Form::Json && self.written > 0 {
            self.output.write_all(b",\n")?;
        }
        serde_json::to_writer(&mut self.output, &text).map_err(std::io::Error::from)?;
        if self.form == Form::Lines {
            self.output.write_all(b"\n")?;
        }
        self.written += 1;
        Ok(())
    }

    /// Ends the output; how many records were written.
    pub(super) fn finish(mut self) -> std::io::Result<u64> {
        if self.form == Form::Json {
            self.output.write_all(b"]}\n")?;
        }
        self.output.flush()?;
        Ok(self.written)
    }
}

/// A key and its window.
fn split(kind: KeyWindow, key: &[u8]) -> (Option<&[u8]>, Option<WindowText>) {
    let (parts, name) = match kind {
        KeyWindow::Time { size } => (split_time(key, size), "time"),
        KeyWindow::Session => (split_session(key), "session"),
    };
    match parts {
        Ok((plain, Window { start, end, .. })) => {
            (Some(plain), Some(WindowText { start, end, kind: name.to_owned() }))
        }
        Err(_) => (Some(key), None),
    }
}

/// Bytes as JSON by their format. A dead letter's, which may be anything, are JSON where they are, else text.
fn json(
    format: Option<&(FormatSpec, Vec<Column>)>,
    bytes: Option<&[u8]>,
) -> Result<Box<RawValue>, ReplayError> {
    let anything = (FormatSpec { format: Format::Json, wrapped: true }, Vec::new());
    let (spec, columns) = format.unwrap_or(&anything);
    let text = record_json::to_json(spec, columns, bytes)
        .or_else(|_| serde_json::to_string(&String::from_utf8_lossy(bytes.unwrap_or_default())));
    let raw = text.and_then(RawValue::from_string);
    raw.map_err(|error| ReplayError::Output(error.into()))
}
