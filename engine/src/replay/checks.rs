//! ASSERT VALUES: what is expected of the records of a topic, one after the other.
//!
//! Enters: the records of a replay in order: those of INSERT INTO ... VALUES, of the input, and what is written.
//! Leaves: what did not come as expected. What holds: the n-th assertion about a topic is compared with its
//! n-th record, whatever the order of statements and inserts; nothing is kept of records that are compared.

use std::collections::{BTreeMap, VecDeque};

use super::ReplayError;
use crate::format::window_key::{Window, split_session, split_time};
use crate::format::{Decoder, FormatSpec, Presence, record_json};
use crate::plan::{Expected, ExpectedRecord, KeyWindow, Program};
use crate::types::{Column, Value, same_value};

/// What is still expected, and what came instead of what was.
#[derive(Debug, Default)]
pub(super) struct Checks<'p> {
    waiting: BTreeMap<&'p str, VecDeque<(&'p str, &'p ExpectedRecord)>>,
    failed: Vec<String>,
}

/// A record that came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Came<'r> {
    pub(super) topic: &'r str,
    pub(super) key: Option<&'r [u8]>,
    pub(super) value: Option<&'r [u8]>,
    pub(super) timestamp: i64,
}

impl<'p> Checks<'p> {
    /// Of a program.
    pub(super) fn new(program: &'p Program) -> Self {
        let mut checks = Self::default();
        for assertion in &program.assertions {
            let statement = assertion.statement.as_str();
            match &assertion.expected {
                Expected::Other(problem) => checks.failed.push(format!("{statement}\n  {problem}")),
                Expected::Record(record) => {
                    let topic = record.source.topic.as_str();
                    checks.waiting.entry(topic).or_default().push_back((statement, record));
                }
            }
        }
        checks
    }

    /// Takes the next record of its topic.
    pub(super) fn take(&mut self, came: Came<'_>) {
        let Some(next) = self.waiting.get_mut(came.topic).and_then(VecDeque::pop_front) else { return };
        let (statement, expected) = next;
        if !matches(expected, came) {
            let text = format!(
                "{statement}\n  expected: {}\n  came:     {}",
                expected.describe(),
                text(expected, came)
            );
            self.failed.push(text);
        }
    }

    /// All records are there: what failed.
    pub(super) fn finish(self) -> Result<(), ReplayError> {
        let mut failed = self.failed;
        for (statement, expected) in self.waiting.into_values().flatten() {
            let text =
                format!("{statement}\n  expected: {}\n  came:     no further record", expected.describe());
            failed.push(text);
        }
        if failed.is_empty() { Ok(()) } else { Err(ReplayError::Assertions(failed)) }
    }
}

fn split(expected: &ExpectedRecord, key: &[u8]) -> Option<(Vec<u8>, Option<Window>)> {
    let parts = match expected.source.window {
        None => return Some((key.to_vec(), None)),
        Some(KeyWindow::Time { size }) => split_time(key, size),
        Some(KeyWindow::Session) => split_session(key),
    };
    parts.ok().map(|(plain, window)| (plain.to_vec(), Some(window)))
}

fn matches(expected: &ExpectedRecord, came: Came<'_>) -> bool {
    let source = &expected.source;
    let (key, value) = expected.row.split_at(source.schema.key.len());
    let value = &value[..source.schema.value.len()];
    let Some((plain, window)) = came.key.map_or(Some((Vec::new(), None)), |key| split(expected, key)) else {
        return false;
    };
    let plain = came.key.map(|_| plain.as_slice());
    let bounds = window.map_or([None; 2], |window| [Some(window.start), Some(window.end)]);
    let in_window = expected.window.iter().zip(bounds).all(|(want, got)| want.is_none() || *want == got);
    expected.timestamp.is_none_or(|time| time == came.timestamp)
        && in_window
        && expected.is_tombstone == came.value.is_none()
        && row_matches(&source.read_key_format(), &source.schema.key, plain, key, expected.inexact)
        && (expected.is_tombstone
            || row_matches(&source.value_format, &source.schema.value, came.value, value, expected.inexact))
}

fn row_matches(
    spec: &FormatSpec,
    columns: &[Column],
    bytes: Option<&[u8]>,
    expected: &[Value<'_>],
    inexact: bool,
) -> bool {
    let mut row = vec![Value::Null; columns.len()];
    if let Some(bytes) = bytes {
        let Ok(decoder) = Decoder::new(spec, columns, &vec![true; columns.len()]) else { return false };
        match decoder.decode(bytes, &mut row) {
            Ok(Presence::Value | Presence::Null) => {}
            Err(_) => return false,
        }
    }
    expected.iter().zip(&row).all(|(want, got)| same_value(want, got) || inexact && nearly(want, got))
}

/// Equality of numbers as DOUBLE, to the last digits.
fn nearly(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * a.abs().max(b.abs()),
        _ => false,
    }
}

fn text(expected: &ExpectedRecord, came: Came<'_>) -> String {
    let source = &expected.source;
    let (plain, window) = came.key.and_then(|key| split(expected, key)).unwrap_or_default();
    let json = |spec: &FormatSpec, columns: &[Column], bytes: Option<&[u8]>| {
        let json = record_json::to_json(spec, columns, bytes);
        json.unwrap_or_else(|_| format!("{:?}", String::from_utf8_lossy(bytes.unwrap_or_default())))
    };
    let key = json(&source.read_key_format(), &source.schema.key, came.key.map(|_| plain.as_slice()));
    let value = json(&source.value_format, &source.schema.value, came.value);
    let window = window.map_or(String::new(), |w| format!(", window {} to {}", w.start, w.end));
    format!("key {key}, value {value}, time {}{window}", came.timestamp)
}

impl ExpectedRecord {
    fn describe(&self) -> String {
        let source = &self.source;
        let (key, value) = self.row.split_at(source.schema.key.len());
        let json = |spec: &FormatSpec, columns: &[Column], values: &[Value<'_>]| {
            let mut bytes = Vec::new();
            let encoded = crate::format::Encoder::new(spec, columns)
                .ok()
                .and_then(|encoder| encoder.encode(values, &mut bytes).ok());
            let bytes = encoded.filter(|presence| *presence == Presence::Value).map(|_| bytes.as_slice());
            record_json::to_json(spec, columns, bytes).unwrap_or_else(|_| "null".to_owned())
        };
        let key = json(&source.read_key_format(), &source.schema.key, key);
        let value = match self.is_tombstone {
            true => "null".to_owned(),
            false => json(&source.value_format, &source.schema.value, &value[..source.schema.value.len()]),
        };
        let time = self.timestamp.map_or(String::new(), |time| format!(", time {time}"));
        let window = match self.window {
            [None, None] => String::new(),
            [start, end] => {
                let bound = |b: Option<i64>| b.map_or("any".to_owned(), |b| b.to_string());
                format!(", window {} to {}", bound(start), bound(end))
            }
        };
        format!("key {key}, value {value}{time}{window}")
    }
}
