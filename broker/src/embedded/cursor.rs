//! Where one assigned partition is read.
//!
//! What enters: chunks from the position on. What leaves: their records, copied into a batch. What holds: a
//! chunk that did not fit is continued where it was left, without looking it up again; a partition read to
//! its end has the end as its position, past markers and aborted records.

use super::chunk::ChunkReader;
use super::keys::Ends;
use super::log::Log;
use crate::{Batch, Error, ErrorKind, Result, TopicPartition};

/// Where an assigned partition is read.
pub(super) struct Cursor {
    pub(super) partition: TopicPartition,
    pub(super) topic: u32,
    pub(super) position: i64,
    pub(super) paused: bool,
    reading: Reading,
}

/// What is known of the chunks at a cursor's position.
enum Reading {
    /// It may lie in the middle of a chunk.
    Unknown,
    /// It lies in this one.
    Inside(ChunkReader),
    /// No chunk begins before it and ends after it.
    Between,
}

pub(super) fn out_of_range(log: &Log, cursor: &Cursor, ends: Ends) -> Error {
    let message = format!(
        "offset {} was asked for, but the partition holds {} to {}: what lay there was deleted by retention, or \
         the topic was made anew",
        cursor.position, ends.start, ends.end
    );
    log.error(ErrorKind::OffsetOutOfRange, &format!("reading {}", cursor.partition), message)
}

impl Cursor {
    pub(super) fn new(partition: TopicPartition, topic: u32, position: i64) -> Self {
        Self { partition, topic, position, paused: false, reading: Reading::Unknown }
    }

    pub(super) fn seek(&mut self, position: i64) {
        self.position = position;
        self.reading = Reading::Unknown;
    }

    /// Copies records up to the end until `records` or `bytes` are reached.
    pub(super) fn read(
        &mut self,
        log: &Log,
        batch: &mut Batch,
        records: usize,
        bytes: usize,
        ends: Ends,
    ) -> Result<()> {
        let end = ends.end;
        let (records, bytes) = (batch.len() + records, batch.size() + bytes);
        let full = |batch: &Batch| batch.len() >= records || batch.size() >= bytes;
        let mut position = self.position;
        let (inside, mut rest) = match std::mem::replace(&mut self.reading, Reading::Unknown) {
            Reading::Unknown => (true, None),
            Reading::Between => (false, None),
            Reading::Inside(mut chunk) => {
                position = copy(&mut chunk, batch, &self.partition, end, &full, position);
                (false, chunk.next_offset().map(|_| chunk))
            }
        };
        let mut reached_end = false;
        if rest.is_none() && !full(batch) {
            reached_end = true;
            log.chunks(
                self.topic,
                self.partition.partition,
                (ends.lowest, position),
                inside,
                &mut |mut chunk| {
                    chunk.skip_to(position);
                    position = copy(&mut chunk, batch, &self.partition, end, &full, position);
                    let more = chunk.next_offset();
                    rest = more.map(|_| chunk);
                    reached_end = more.is_none_or(|next| next >= end) && !full(batch);
                    reached_end && more.is_none()
                },
            )?;
        }
        self.check_still_there(log)?;
        self.position = if reached_end { position.max(end) } else { position };
        self.reading = match rest {
            Some(chunk) if chunk.next_offset().is_some_and(|next| next >= self.position) => {
                Reading::Inside(chunk)
            }
            _ => Reading::Between,
        };
        Ok(())
    }
}

impl Cursor {
    /// Retention may have removed what was about to be read, after the ends were looked at.
    fn check_still_there(&self, log: &Log) -> Result<()> {
        let trimmed = log.trimmed(&self.partition, self.topic)?.filter(|ends| ends.start > self.position);
        match trimmed {
            Some(ends) => Err(out_of_range(log, self, ends)),
            None => Ok(()),
        }
    }
}

/// Copies records of a chunk that lie below `end`; tells the next offset to read.
fn copy(
    chunk: &mut ChunkReader,
    batch: &mut Batch,
    partition: &TopicPartition,
    end: i64,
    full: &dyn Fn(&Batch) -> bool,
    mut position: i64,
) -> i64 {
    if full(batch) || chunk.next_offset().is_none_or(|next| next >= end) {
        return position;
    }
    let source = batch.source(partition);
    while !full(batch) && chunk.next_offset().is_some_and(|next| next < end) {
        let Some(offset) = chunk.copy_next(batch, source) else { break };
        position = offset + 1;
    }
    position
}
