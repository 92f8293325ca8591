//! Moves rows that no topic holds to one of ours that is partitioned by the key of their next step, and back.
//!
//! ```text
//! key     the key's columns, as a repartition topic has them
//! value   version, kind, then for the old row and for the new one: 1, length (u32), its values; or 0
//! ```
//!
//! A table's change whose rows are of two groups becomes two records, the old row's first, as in Kafka Streams.
//! What holds: whoever reads the topic gets the rows as they were in the task that wrote them, whatever it
//! knows of them. A table's change is accounted for where it comes from, a stream's row where it goes to: there
//! it comes in, and here it has not.

use std::sync::Arc;

use super::table_group::Regroup;
use super::{Change, Run, alert, sink};
use crate::format::{DecodeError, EncodeError, Encoder, Presence};
use crate::state::codec;
use crate::task::{Origin, ReadingRun, StepRun};
use crate::types::Value;
use crate::types::expr::Expr;

/// The version that is written and read.
const VERSION: u8 = 1;

/// What a record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A change of a table.
    Change = 0,
    /// A row of a stream.
    Row = 1,
    /// A row of a stream whose record is accounted for: it made another row before.
    Further = 2,
}

/// The rows of a record, of a stream's the new one alone.
struct Rows<R> {
    kind: Kind,
    old: Option<R>,
    new: Option<R>,
}

/// Where rows go.
struct To<'t> {
    topic: &'t Arc<str>,
    /// Among the program's output topics.
    place: usize,
    encoder: &'t Encoder,
    /// To each of its partitions.
    to_all: bool,
}

impl Run<'_, '_> {
    pub(super) fn move_rows(
        &mut self,
        step: &StepRun,
        (topic, place, to_all): (&Arc<str>, usize, bool),
        key: &[Expr],
        encoder: &Encoder,
        change: &Change<'_>,
    ) {
        let to = To { topic, place, encoder, to_all };
        if !change.is_table {
            return self.move_row(step, &to, key, change);
        }
        for Regroup { key, old, new } in self.regroups(step, key, change).into_iter().flatten() {
            let rows = Rows { kind: Kind::Change, old, new };
            if self.write_moved(&to, &key, &rows, change.time).is_err() {
                self.count(&step.queries, |c| c.errors += 1);
            }
            self.scratch.rows.give(key);
        }
    }

    fn move_row(&mut self, step: &StepRun, to: &To<'_>, key: &[Expr], change: &Change<'_>) {
        let mut values = self.scratch.rows.take();
        for expr in key {
            let value = self.value_or_null(&step.queries, expr.eval(change.row));
            values.push(value);
        }
        let kind = if change.counted { Kind::Further } else { Kind::Row };
        let rows = Rows { kind, old: None, new: Some(change.row) };
        let is_keyed = !values.iter().any(Value::is_null);
        let is_written = is_keyed && self.write_moved(to, &values, &rows, change.time).is_ok();
        if is_written {
            self.end(&step.queries, change, |c| c.input -= 1);
        } else {
            self.count(&step.queries, |c| c.errors += u64::from(is_keyed));
            self.end(&step.queries, change, |c| c.skipped += 1);
        }
        self.scratch.rows.give(values);
    }

    /// Writes a change, both of its rows given as they are.
    pub(super) fn write_letter(
        &mut self,
        (topic, place): (&Arc<str>, usize),
        (encoder, key): (&Encoder, &[Value<'_>]),
        (old, new): (Option<&[Value<'_>]>, Option<&[Value<'_>]>),
        time: i64,
    ) -> Result<(), EncodeError> {
        let rows = Rows { kind: Kind::Change, old, new };
        self.write_moved(&To { topic, place, encoder, to_all: false }, key, &rows, time)
    }

    fn write_moved(
        &mut self,
        to: &To<'_>,
        key: &[Value<'_>],
        rows: &Rows<&[Value<'_>]>,
        time: i64,
    ) -> Result<(), EncodeError> {
        let mut draft = self.output.draft();
        draft.key(|out| to.encoder.encode(key, out).map(|presence| presence == Presence::Value))?;
        draft.value(|out| {
            write_rows(out, rows);
            Ok::<_, EncodeError>(true)
        })?;
        let ordinal = sink::nested(self.origin.ordinal, self.scratch.per_topic.next(to.place));
        alert::write_origin(&mut draft, &Origin { ordinal, ..self.origin });
        if to.to_all {
            draft.for_all();
        }
        draft.finish(to.topic, None, time);
        Ok(())
    }

    /// Goes on with the rows that a record of such a topic holds.
    pub(crate) fn moved_rows(&mut self, reading: &ReadingRun) -> Result<(), DecodeError> {
        let rows = self.record.value.and_then(read_rows).ok_or_else(|| DecodeError {
            column: None,
            found: None,
            problem: "holds no rows as this version moves them".to_owned(),
        });
        let Rows { kind, old, new } = rows?;
        let Some(row) = new.as_deref().or(old.as_deref()) else { return Ok(()) };
        let change = Change {
            row,
            tombstone: new.is_none(),
            merged: false,
            is_table: kind == Kind::Change,
            old: old.as_deref(),
            time: self.record.timestamp,
            window: None,
            counted: kind != Kind::Row,
        };
        self.end(&reading.all_queries, &change, |c| c.input += 1);
        self.feed(&reading.outputs, &change);
        Ok(())
    }
}

fn write_rows(out: &mut Vec<u8>, rows: &Rows<&[Value<'_>]>) {
    out.extend_from_slice(&[VERSION, rows.kind as u8]);
    for row in [rows.old, rows.new] {
        out.push(u8::from(row.is_some()));
        let Some(row) = row else { continue };
        let at = out.len();
        out.extend_from_slice(&[0; 4]);
        codec::write_key(out, row);
        let len = (out.len() - at - 4) as u32;
        out[at..at + 4].copy_from_slice(&len.to_le_bytes());
    }
}

type Row = Vec<Value<'static>>;

/// What [`write_rows`] wrote; None where the bytes are something else.
fn read_rows(bytes: &[u8]) -> Option<Rows<Row>> {
    let (kind, mut rest) = bytes.strip_prefix(&[VERSION])?.split_first()?;
    let kinds = [Kind::Change, Kind::Row, Kind::Further];
    let kind = kinds.into_iter().find(|known| *known as u8 == *kind)?;
    let (old, new) = (read_row(&mut rest)?, read_row(&mut rest)?);
    rest.is_empty().then_some(Rows { kind, old, new })
}

fn read_row(rest: &mut &[u8]) -> Option<Option<Row>> {
    let (is_there, tail) = rest.split_first()?;
    *rest = tail;
    match is_there {
        0 => return Some(None),
        1 => {}
        _ => return None,
    }
    let (len, tail) = rest.split_first_chunk::<4>()?;
    let (row, tail) = tail.split_at_checked(u32::from_le_bytes(*len) as usize)?;
    *rest = tail;
    codec::read_key(row).map(Some)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn row() -> Row {
        vec![Value::string("brown shoes"), Value::Null, Value::Bigint(i64::MIN), Value::Array(Arc::default())]
    }

    #[test]
    fn rows_come_back_as_they_were() {
        for (old, new) in
            [(None, None), (Some(row()), None), (None, Some(row())), (Some(row()), Some(vec![]))]
        {
            for kind in [Kind::Change, Kind::Row, Kind::Further] {
                let mut bytes = Vec::new();
                write_rows(&mut bytes, &Rows { kind, old: old.as_deref(), new: new.as_deref() });
                let read = read_rows(&bytes).unwrap();
                assert_eq!((read.kind, &read.old, &read.new), (kind, &old, &new));
            }
        }
    }

    #[test]
    fn a_damaged_change_is_told_from_a_whole_one() {
        let mut bytes = Vec::new();
        write_rows(&mut bytes, &Rows { kind: Kind::Change, old: Some(&row()), new: Some(&row()) });
        for len in 0..bytes.len() {
            assert!(read_rows(&bytes[..len]).is_none(), "{len} of {} bytes", bytes.len());
        }
        bytes.push(0);
        assert!(read_rows(&bytes).is_none());
        assert!(read_rows(&[2, 0, 0, 0]).is_none());
        assert!(read_rows(&[VERSION, 3, 0, 0]).is_none());
    }
}
