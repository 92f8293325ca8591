//! A flood of records that cannot be read: most of them are told of by their positions alone.
//!
//! Enters: the position of each refused record. Leaves: whether it gets a letter of its own; for the others letters
//! that name the offsets of many. What holds: no position is lost. Of each [`BLOCK`] offsets of a partition so many
//! get a letter of their own as the limit says; how the others are put together depends on when they are handed over,
//! and a task that was stopped begins to count anew. Nothing but dead letters depends on either.

use std::fmt::Write;
use std::sync::Arc;

use events::headers;
use events::headers::dlq_code::FLOOD;

use super::dead_letter::{STAGE, copy, place};
use super::output::Output;

/// Offsets that share a limit.
pub(crate) const BLOCK: i64 = 10_000;
/// The most runs of offsets in one letter: its size stays far below what a log takes.
const RUNS: usize = 5_000;

/// How many of an input's records have got letters of their own: the block, and the count in it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Letters {
    block: i64,
    count: u32,
}

impl Letters {
    /// Whether the record at an offset gets a letter of its own.
    pub(crate) fn admit(&mut self, offset: i64, limit: Option<u32>) -> bool {
        let Some(limit) = limit else { return true };
        let block = offset.div_euclid(BLOCK);
        if block != self.block {
            *self = Self { block, count: 0 };
        }
        self.count = self.count.saturating_add(1);
        self.count <= limit
    }
}

/// Refused records of a partition.
#[derive(Debug)]
pub(crate) struct Flood {
    /// Where its letter goes.
    pub(super) letters: Arc<str>,
    pub(super) source: Arc<str>,
    pub(super) partition: i32,
    /// First offset, and how many.
    runs: Vec<(i64, u64)>,
    count: u64,
    timestamp: i64,
    declaration: Arc<str>,
    /// Of the first record.
    reason: String,
}

impl Flood {
    pub(super) fn new(letters: &Arc<str>, source: &Arc<str>, declaration: &Arc<str>) -> Self {
        let (letters, source) = (Arc::clone(letters), Arc::clone(source));
        let declaration = Arc::clone(declaration);
        let (runs, reason) = (Vec::new(), String::new());
        Self { letters, source, partition: 0, runs, count: 0, timestamp: 0, declaration, reason }
    }

    /// Notes a record; `reason` is asked of the first alone.
    pub(super) fn add(
        &mut self,
        (partition, offset, timestamp): (i32, i64, i64),
        reason: impl Fn() -> String,
    ) {
        if self.runs.is_empty() {
            (self.partition, self.timestamp, self.reason) = (partition, timestamp, reason());
        }
        self.count += 1;
        match self.runs.last_mut() {
            Some((first, count)) if first.saturating_add_unsigned(*count) == offset => *count += 1,
            _ => self.runs.push((offset, 1)),
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.runs.len() >= RUNS
    }

    fn first_and_last(&self) -> (i64, i64) {
        let first = self.runs.first().map_or(0, |(first, _)| *first);
        (first, self.runs.last().map_or(0, |(start, count)| start.saturating_add_unsigned(count - 1)))
    }

    fn write(&self, output: &mut Output) {
        let (first, last) = self.first_and_last();
        let mut value = String::from("{\"runs\":[");
        for (at, (start, count)) in self.runs.iter().enumerate() {
            // Writing to a String does not fail.
            let _ = write!(value, "{}[{start},{count}]", if at == 0 { "" } else { "," });
        }
        value.push_str("]}");
        let mut draft = output.draft();
        let key = events::dead_letter_key(&self.source, self.partition, first);
        copy(&mut draft, Some(key.as_bytes()), Some(value.as_bytes()));
        draft.header(headers::DLQ_HEADERS, b"0");
        draft.header(headers::DLQ_STAGE, STAGE);
        draft.header(headers::DLQ_CODE, FLOOD.as_bytes());
        let count = self.count;
        let reason = format_args!(
            "{count} records from offset {first} to {last} cannot be read; the first of them: {}",
            self.reason
        );
        draft.text_header(headers::DLQ_REASON, reason);
        draft.header(headers::DLQ_DECLARATION, self.declaration.as_bytes());
        place(&mut draft, (&self.source, self.partition, first, self.timestamp));
        draft.text_header(headers::DLQ_SOURCE_LAST, last);
        draft.text_header(headers::DLQ_COUNT, count);
        draft.finish(&self.letters, None, self.timestamp.max(0));
    }
}

impl Output {
    /// Writes the letters about records that have none of their own; how many such records there were. To be called
    /// before what was written is handed over.
    pub fn seal(&mut self) -> u64 {
        let floods = std::mem::take(&mut self.floods);
        floods.iter().for_each(|flood| flood.write(self));
        floods.iter().map(|flood| flood.count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_of_each_block_have_letters_of_their_own() {
        let mut letters = Letters::default();
        let admitted = |letters: &mut Letters, offset| letters.admit(offset, Some(2));
        let got = [0, 1, 5, BLOCK, BLOCK + 7, BLOCK + 8].map(|offset| admitted(&mut letters, offset));
        assert_eq!(got, [true, true, false, true, true, false]);
        assert!((0..100).all(|offset| letters.admit(offset, None)));
    }
}
