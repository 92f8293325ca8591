//! Old records go: on demand, and past a bound of size.
//!
//! What enters: an offset, or a bound. What holds: the start of a partition moves first, in one write; the
//! chunks below it follow in writes of a bounded number, so no commit waits for a whole log to be removed,
//! and what is left of it after a crash is found again by [`Ends::lowest`]. A chunk goes once all its records
//! lie below the start; the rest of one that the start cuts is skipped by readers.

use super::keys::{self, Ends};
use super::log::{Log, put_ends};
use super::storage::{Change, Table};
use crate::{ErrorKind, Result, TopicPartition};

/// How many chunks one write removes.
const REMOVED_AT_ONCE: usize = 500;

impl Log {
    /// Deletes the records of a partition below an offset.
    pub(super) fn delete_records(&self, of: &TopicPartition, below: i64) -> Result<()> {
        let doing = format!("deleting records of {of}");
        self.write_out_lingering();
        let number = {
            let _writing = self.writing()?;
            let (number, mut ends) = self.ends(of, "deleting records of")?;
            if self.state().topics.get(&of.topic).is_some_and(|t| !t.spec.cleanup.retains()) {
                let message = "the topic is compacted: none of its records are deleted on demand";
                return Err(self.error(ErrorKind::Config, &doing, message));
            }
            if below > ends.end {
                let message =
                    format!("offset {below} lies above the end of the partition, which is {}", ends.end);
                return Err(self.error(ErrorKind::OffsetOutOfRange, &doing, message));
            }
            if below <= ends.start {
                return Ok(());
            }
            ends.start = below;
            self.write(vec![put_ends(number, of.partition, ends)])?;
            self.publish(&[(of.clone(), ends)]);
            number
        };
        while self.sweep(number, of)? {}
        Ok(())
    }

    /// Removes some of the chunks below the start of a partition; true where there may be more.
    pub(super) fn sweep(&self, number: u32, of: &TopicPartition) -> Result<bool> {
        let _writing = self.writing()?;
        let found = self.state().ends(of).filter(|(n, _)| *n == number);
        let Some((_, mut ends)) = found.filter(|(_, ends)| ends.lowest < ends.start) else {
            return Ok(false);
        };
        let mut changes = Vec::new();
        let more = self.remove_below(number, of.partition, &mut ends, &mut changes)?;
        if !changes.is_empty() {
            changes.push(put_ends(number, of.partition, ends));
            self.write(changes)?;
            self.publish(&[(of.clone(), ends)]);
        }
        Ok(more)
    }

    /// Adds the removal of some chunks below the start; true where it stopped at the bound of one write.
    fn remove_below(
        &self,
        number: u32,
        partition: i32,
        ends: &mut Ends,
        changes: &mut Vec<Change>,
    ) -> Result<bool> {
        let (from, to) =
            (keys::chunk(number, partition, ends.lowest), keys::chunk(number, partition, i64::MAX));
        let mut before: Option<(Vec<u8>, u64)> = None;
        let mut more = false;
        self.storage.scan_sizes(Table::Log, &from, &to, &mut |key, size| {
            let base = keys::base_of_chunk(key);
            // All records of the one before lie below this one.
            if base <= ends.start {
                ends.lowest = base;
                if let Some((key, size)) = before.take() {
                    changes.push(Change::Remove(Table::Log, key));
                    ends.bytes -= size.min(ends.bytes);
                }
            }
            more = changes.len() >= REMOVED_AT_ONCE;
            before = Some((key.to_vec(), size));
            base < ends.start && !more
        })?;
        if let Some((key, size)) = before.filter(|_| !more && ends.start == ends.end) {
            // No record lies at or past the end.
            changes.push(Change::Remove(Table::Log, key));
            ends.bytes -= size.min(ends.bytes);
            ends.lowest = ends.end;
        }
        Ok(more)
    }

    /// Drops the oldest chunks where a partition has grown past its bound, some of them at once; the newest of
    /// those already written stays.
    pub(super) fn bound(
        &self,
        number: u32,
        of: &TopicPartition,
        ends: &mut Ends,
        changes: &mut Vec<Change>,
    ) -> Result<()> {
        let limit = self.state().topics.get(&of.topic).and_then(|t| t.size_bound(&self.settings));
        let Some(limit) = limit.filter(|limit| ends.bytes > *limit) else { return Ok(()) };
        let (from, to) =
            (keys::chunk(number, of.partition, ends.lowest), keys::chunk(number, of.partition, i64::MAX));
        let mut oldest: Option<(Vec<u8>, u64)> = None;
        let mut removed = 0;
        self.storage.scan_sizes(Table::Log, &from, &to, &mut |key, size| {
            if let Some((key, size)) = oldest.take() {
                changes.push(Change::Remove(Table::Log, key));
                ends.bytes -= size.min(ends.bytes);
                removed += 1;
            }
            ends.lowest = keys::base_of_chunk(key);
            ends.start = ends.start.max(ends.lowest);
            oldest = Some((key.to_vec(), size));
            ends.bytes > limit && removed < REMOVED_AT_ONCE
        })
    }
}
