//! Moves a table's changes to a topic of ours that is partitioned by the key of their groups, and back.
//!
//! ```text
//! key     the group key's columns, as a repartition topic has them
//! value   version, then for the old row and for the new one: 1, length (u32), its values; or 0
//! ```
//!
//! A change whose rows are of two groups becomes two records, the old row's first, as in Kafka Streams. What
//! holds: whoever reads the topic gets both rows as they were in the task of the table, whatever it knows of
//! them; a change is accounted for where it comes from.

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

impl Run<'_, '_> {
    pub(super) fn move_change(
        &mut self,
        step: &StepRun,
        topic: (&Arc<str>, usize),
        key: &[Expr],
        encoder: &Encoder,
        change: &Change<'_>,
    ) {
        for part in self.regroups(step, key, change).into_iter().flatten() {
            if self.write_change(topic, encoder, &part, change.time).is_err() {
                self.count(&step.queries, |c| c.errors += 1);
            }
            self.scratch.rows.give(part.key);
        }
    }

    fn write_change(
        &mut self,
        (topic, place): (&Arc<str>, usize),
        encoder: &Encoder,
        part: &Regroup<'_>,
        time: i64,
    ) -> Result<(), EncodeError> {
        let mut draft = self.output.draft();
        draft.key(|out| encoder.encode(&part.key, out).map(|presence| presence == Presence::Value))?;
        draft.value(|out| {
            write_rows(out, part.old, part.new);
            Ok::<_, EncodeError>(true)
        })?;
        let ordinal = sink::nested(self.origin.ordinal, self.scratch.per_topic.next(place));
        alert::write_origin(&mut draft, &Origin { ordinal, ..self.origin });
        draft.finish(topic, None, time);
        Ok(())
    }

    /// The change that a record of such a topic holds.
    pub(crate) fn moved_change(&mut self, reading: &ReadingRun) -> Result<(), DecodeError> {
        let rows = self.record.value.and_then(read_rows).ok_or_else(|| DecodeError {
            column: None,
            found: None,
            problem: "is no change of a table as this version writes them".to_owned(),
        });
        let (old, new) = rows?;
        let Some(row) = new.as_deref().or(old.as_deref()) else { return Ok(()) };
        let change = Change {
            row,
            tombstone: new.is_none(),
            merged: false,
            is_table: true,
            old: old.as_deref(),
            time: self.record.timestamp,
            window: None,
            counted: true,
        };
        self.feed(&reading.outputs, &change);
        Ok(())
    }
}

fn write_rows(out: &mut Vec<u8>, old: Option<&[Value<'_>]>, new: Option<&[Value<'_>]>) {
    out.push(VERSION);
    for row in [old, new] {
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
fn read_rows(bytes: &[u8]) -> Option<(Option<Row>, Option<Row>)> {
    let mut rest = bytes.strip_prefix(&[VERSION])?;
    let rows = (read_row(&mut rest)?, read_row(&mut rest)?);
    rest.is_empty().then_some(rows)
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
            let mut bytes = Vec::new();
            write_rows(&mut bytes, old.as_deref(), new.as_deref());
            assert_eq!(read_rows(&bytes), Some((old, new)));
        }
    }

    #[test]
    fn a_damaged_change_is_told_from_a_whole_one() {
        let mut bytes = Vec::new();
        write_rows(&mut bytes, Some(&row()), Some(&row()));
        for len in 0..bytes.len() {
            assert_eq!(read_rows(&bytes[..len]), None, "{len} of {} bytes", bytes.len());
        }
        bytes.push(0);
        assert_eq!(read_rows(&bytes), None);
        assert_eq!(read_rows(&[2, 0, 0]), None);
    }
}
