//! A replay that is fed: the records' text in, the output's text out.
//!
//! Enters: records one by one, or JSON as a whole. Leaves: what the program writes, as it comes. What holds:
//! nothing of the input is kept in [`Order::Record`](super::Order::Record); an error names the record by its
//! number.

use std::io::{BufRead, Write};

use super::checks::{Came, Checks};
use super::records::{self, Reader, RecordText, Writer};
use super::{Replay, ReplayError, ReplayOptions, ReplayRecord, ReplaySummary};
use crate::plan::Program;
use crate::task::OutputRecord;

/// A replay that is fed.
pub struct Session<'p, W> {
    replay: Replay<'p>,
    reader: Reader,
    writer: Writer<W>,
    checks: Checks<'p>,
    number: u64,
}

impl<'p, W: Write> Session<'p, W> {
    /// Begins; the records of `INSERT INTO ... VALUES` go first.
    ///
    /// # Errors
    /// See [`ReplayError`].
    pub fn new(program: &'p Program, output: W, options: ReplayOptions) -> Result<Self, ReplayError> {
        let mut writer = Writer::new(program, output, options.form)?;
        let mut replay = Replay::new(program, options.order)?;
        if options.stop_after_each_record {
            replay.stop_after_each_record();
        }
        let mut checks = Checks::new(program);
        for insert in replay.inserts() {
            checks.take(came(&insert));
            replay.feed(insert, &mut |record| write(&mut writer, &mut checks, record))?;
        }
        Ok(Self { replay, reader: Reader::new(program), writer, checks, number: 0 })
    }

    /// How many records were fed.
    pub fn fed(&self) -> u64 {
        self.number
    }

    /// Feeds a record.
    ///
    /// # Errors
    /// It does not fit its topic, or see [`ReplayError`].
    pub fn feed(&mut self, text: &RecordText) -> Result<(), ReplayError> {
        let Self { replay, reader, writer, checks, number } = self;
        *number += 1;
        let record = reader.record(text).map_err(|problem| ReplayError::Record {
            number: *number,
            topic: text.topic.clone(),
            problem,
        })?;
        checks.take(came(&record));
        replay.feed(record, &mut |record| write(writer, checks, record))
    }

    /// Feeds a record that is made of its bytes.
    ///
    /// # Errors
    /// See [`ReplayError`].
    pub fn feed_bytes(&mut self, record: ReplayRecord) -> Result<(), ReplayError> {
        let writer = &mut self.writer;
        self.number += 1;
        self.replay.feed(record, &mut |record| writer.write(record))
    }

    /// Feeds all records of `{"inputs":[...]}`, or of records one after the other. `go_on` is told how many
    /// were fed, after each.
    ///
    /// # Errors
    /// See [`ReplayError`]; what was written until then stays.
    pub fn feed_json(
        &mut self,
        input: impl BufRead,
        go_on: &mut dyn FnMut(u64) -> bool,
    ) -> Result<(), ReplayError> {
        let outcome = records::read(input, &mut |text| {
            self.feed(&text)?;
            if go_on(self.number) { Ok(()) } else { Err(ReplayError::Stopped(self.number)) }
        });
        outcome.map_err(|error| match error {
            ReplayError::Input { problem, .. } => ReplayError::Input { number: self.number + 1, problem },
            error => error,
        })
    }

    /// The input is through.
    ///
    /// # Errors
    /// See [`ReplayError`].
    pub fn finish(mut self) -> Result<ReplaySummary, ReplayError> {
        let (writer, checks) = (&mut self.writer, &mut self.checks);
        self.replay.finish(&mut |record| write(writer, checks, record))?;
        let written = self.writer.finish()?;
        self.checks.finish()?;
        Ok(ReplaySummary { written, ..self.replay.summary() })
    }
}

/// A record of the input, or of a statement.
fn came(record: &ReplayRecord) -> Came<'_> {
    let ReplayRecord { topic, key, value, timestamp, .. } = record;
    Came { topic, key: key.as_deref(), value: value.as_deref(), timestamp: *timestamp }
}

/// Writes a record of the output and compares it with what is expected.
fn write<W: Write>(
    writer: &mut Writer<W>,
    checks: &mut Checks<'_>,
    record: OutputRecord<'_>,
) -> Result<(), ReplayError> {
    let (topic, key, value) = (record.topic(), record.key(), record.value());
    checks.take(Came { topic, key, value, timestamp: record.timestamp() });
    writer.write(record)
}
