//! Bytes to rows: the first step of a record.
//!
//! Enters: a record's bytes. Leaves: a row per reading of the topic, its time found and its pseudo columns
//! filled; or, once whatever the number of queries, a dead letter. What holds: each reading scans the record
//! once.

use events::headers::dlq_code;

use super::dead_letter::Refusal;
use super::output::Stop;
use super::{InputRecord, Origin, ReadingRun, headers};
use crate::format::window_key::{Window, WindowKeyError, split_session, split_time};
use crate::format::{DecodeError, Presence};
use crate::operator::{Change, Run, SOURCE_KEY};
use crate::plan::{KeyWindow, Pseudo};
use crate::types::Value;
use crate::types::time_format::{Pattern, Zone};

impl Run<'_, '_> {
    /// Reads the record in each way that queries ask for, and runs it through their steps.
    pub(super) fn record(&mut self) {
        self.scratch.begin_record();
        let input = self.input;
        let mut refused = None;
        if input.carries_origin {
            match Origin::carried(&input.topic, self.record) {
                Ok(origin) => self.origin = origin,
                Err(error) => refused = Some(Refusal { code: dlq_code::ORIGIN, error, reading: None }),
            }
        }
        let has_origin = refused.is_none();
        for reading in &input.readings {
            let outcome = if has_origin { self.reading(reading) } else { Ok(false) };
            if !matches!(outcome, Ok(true)) {
                self.count(&reading.all_queries, |c| {
                    c.input += 1;
                    c.dead_lettered += 1;
                });
            }
            if let Err(error) = outcome {
                refused.get_or_insert(error);
            }
        }
        if let Some(error) = refused {
            self.dead_letter(&error);
        }
    }

    /// True where the record could be read.
    fn reading<'t>(&mut self, reading: &'t ReadingRun) -> Result<bool, Refusal<'t>> {
        if reading.moved {
            let refused = |error| Refusal { code: dlq_code::MALFORMED, error, reading: None };
            return self.moved_rows(reading).map(|()| true).map_err(refused);
        }
        let mut row = self.scratch.rows.take_nulls(reading.width);
        let refused = |code| move |error| Refusal { code, error, reading: Some(reading) };
        let outcome = decode_columns(reading, self.record, &mut row).map_err(|error| {
            let code = if error.column.is_some() { dlq_code::COLUMN } else { dlq_code::MALFORMED };
            refused(code)(error)
        });
        let outcome = outcome.and_then(|read| {
            let time = self.time_of(reading, &row, read.is_null).map_err(refused(dlq_code::TIMESTAMP))?;
            Ok(Read { time, ..read })
        });
        if let Ok(read) = &outcome {
            let position = if reading.repartitioned {
                (self.origin.partition, self.origin.offset)
            } else {
                (self.record.partition, self.record.offset)
            };
            fill_pseudo(&mut row, read, position, reading.is_table);
            self.count(&reading.queries, |c| c.input += 1);
            let change = Change { is_table: reading.is_table, ..Change::of_table(&row, read) };
            self.feed(&reading.outputs, &change);
        }
        self.scratch.rows.give_whole(row);
        outcome.map(|_| true)
    }

    /// The row's time. A record without one is a dead letter, or ends the run where the query asks for that.
    fn time_of(
        &mut self,
        reading: &ReadingRun,
        row: &[Value<'_>],
        is_null: bool,
    ) -> Result<i64, DecodeError> {
        let time = time_of(reading, self.record, row, is_null);
        if let (Err(error), true) = (&time, reading.strict_time) {
            let (topic, record) = (&self.input.topic, self.record);
            let place = format!("{topic}-{}, offset {}: {error}", record.partition, record.offset);
            self.output.stop(Stop::Time(place));
        }
        time
    }
}

impl<'r> Change<'r> {
    /// Of a table's row.
    pub(super) fn of_row(row: &'r [Value<'r>], time: i64) -> Self {
        let read = Read { is_null: false, time, window: None };
        Self::of_table(row, &read)
    }

    /// Of a table's record.
    pub(super) fn of_table(row: &'r [Value<'r>], read: &Read) -> Self {
        Self {
            row,
            tombstone: read.is_null,
            merged: false,
            is_table: true,
            old: None,
            time: read.time,
            window: read.window,
            counted: false,
        }
    }
}

/// What a row is besides its columns.
pub(super) struct Read {
    is_null: bool,
    time: i64,
    window: Option<Window>,
}

/// A record's row with its time.
pub(super) fn decode<'r>(
    reading: &ReadingRun,
    record: &InputRecord<'r>,
    row: &mut [Value<'r>],
) -> Result<Read, DecodeError> {
    let read = decode_columns(reading, record, row)?;
    Ok(Read { time: time_of(reading, record, row, read.is_null)?, ..read })
}

/// A record's row, its time left open.
fn decode_columns<'r>(
    reading: &ReadingRun,
    record: &InputRecord<'r>,
    row: &mut [Value<'r>],
) -> Result<Read, DecodeError> {
    let mut key = if reading.repartitioned { record.headers.last(SOURCE_KEY) } else { record.key };
    let mut window = None;
    if let (Some(kind), Some(bytes)) = (reading.window, key) {
        let (plain, found) = split(kind, bytes).map_err(|error| problem(error.to_string()))?;
        (key, window) = (Some(plain), Some(found));
    }
    let columns = row.len() - Pseudo::ALL.len() - reading.headers.len();
    let (keys, values) = row[..columns].split_at_mut(reading.key_width);
    if let Some(bytes) = key {
        reading.key.decode(bytes, keys)?;
    }
    let is_null = match record.value {
        None => true,
        Some(bytes) => reading.value.decode(bytes, values)? == Presence::Null,
    };
    if !is_null {
        headers::read(reading, record, &mut row[columns..])?;
    }
    Ok(Read { is_null, time: 0, window })
}

fn split(kind: KeyWindow, bytes: &[u8]) -> Result<(&[u8], Window), WindowKeyError> {
    match kind {
        KeyWindow::Time { size } => split_time(bytes, size),
        KeyWindow::Session => split_session(bytes),
    }
}

pub(super) fn problem(problem: impl Into<String>) -> DecodeError {
    DecodeError { column: None, found: None, problem: problem.into() }
}

/// The row's time: that of its timestamp column, else the record's. A record without a value has no columns
/// to take it from.
fn time_of(
    reading: &ReadingRun,
    record: &InputRecord<'_>,
    row: &[Value<'_>],
    is_null: bool,
) -> Result<i64, DecodeError> {
    let Some(column) = reading.timestamp.as_ref().filter(|_| !is_null) else {
        return match record.timestamp {
            time if time >= 0 => Ok(time),
            time => Err(problem(format!("the record's timestamp {time} is before 1970"))),
        };
    };
    let value = row.get(column.column).unwrap_or(&Value::Null);
    row_time(value, column.pattern.as_deref()).ok_or_else(|| DecodeError {
        column: Some(reading.timestamp_name.clone()),
        found: value
            .as_str()
            .map(|text| text.chars().take(60).collect())
            .or(value.as_i64().map(|n| n.to_string())),
        problem: "is no time since 1970 in the declared TIMESTAMP_FORMAT".to_owned(),
    })
}

/// The time that a timestamp column's value means, in milliseconds since 1970-01-01 UTC; None where it means
/// none, or one before 1970, which no record can have.
pub(crate) fn row_time(value: &Value<'_>, pattern: Option<&Pattern>) -> Option<i64> {
    let time = match (value, pattern) {
        (Value::String(text), Some(pattern)) => pattern.parse_timestamp(text, Zone::UTC).ok()?,
        (Value::Bigint(time) | Value::Timestamp(time), _) => *time,
        _ => return None,
    };
    (time >= 0).then_some(time)
}

/// In a stream's record without a value there is no position either: ksqlDB keeps it with the value.
pub(super) fn fill_pseudo(
    row: &mut [Value<'_>],
    read: &Read,
    (partition, offset): (i32, i64),
    is_table: bool,
) {
    let at = row.len() - Pseudo::ALL.len();
    let pseudo = &mut row[at..];
    if is_table || !read.is_null {
        pseudo[Pseudo::Rowtime as usize] = Value::Bigint(read.time);
        pseudo[Pseudo::Rowpartition as usize] = Value::Integer(partition);
        pseudo[Pseudo::Rowoffset as usize] = Value::Bigint(offset);
    }
    if let Some(window) = read.window {
        pseudo[Pseudo::Windowstart as usize] = Value::Bigint(window.start);
        pseudo[Pseudo::Windowend as usize] = Value::Bigint(window.end);
    }
}
