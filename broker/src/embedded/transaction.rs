//! How records and offsets get into the log.
//!
//! What enters: transactions, as chunks per partition with the offsets to commit. What holds: a commit is one
//! atomic write of chunks, ends and offsets; whether its producer and its group member are fenced is decided
//! under the same lock.

use fjall::Slice;

use super::chunk::Chunk;
use super::keys::{self, Ends};
use super::log::{Log, put_ends};
use super::storage::{Change, Table};
use crate::{ErrorKind, OffsetCommit, Result, TopicPartition};

/// Chunks for one partition.
#[derive(Debug)]
pub(super) struct Part {
    pub(super) partition: TopicPartition,
    /// The number of the topic that the producer had looked up.
    pub(super) topic: u32,
    pub(super) chunks: Vec<Chunk>,
}

impl Part {
    fn records(&self) -> i64 {
        self.chunks.iter().map(Chunk::records).sum()
    }
}

/// One commit.
#[derive(Debug, Default)]
pub(super) struct Transaction {
    pub(super) parts: Vec<Part>,
    pub(super) offsets: Vec<GroupOffsets>,
}

/// Offsets of one group, with the membership that they speak for.
#[derive(Debug)]
pub(super) struct GroupOffsets {
    pub(super) group: String,
    pub(super) member: u64,
    pub(super) generation: u64,
    pub(super) offsets: Vec<OffsetCommit>,
}

/// Who commits: a transactional id with the producer's number.
pub(super) type Owner<'a> = Option<(&'a str, u64)>;

impl Log {
    /// Whether a newer producer has taken the transactional id.
    pub(super) fn check_owner(&self, owner: Owner<'_>) -> Result<()> {
        match owner {
            Some((id, number)) if self.state().producers.get(id) != Some(&number) => Err(self.error(
                ErrorKind::Fenced,
                &format!("transaction of {id}"),
                "a newer producer with the same transactional id has taken over",
            )),
            _ => Ok(()),
        }
    }

    fn check_members(&self, transaction: &Transaction) -> Result<()> {
        let state = self.state();
        for commit in &transaction.offsets {
            let refusal = match state.groups.get(&commit.group) {
                Some(group) => group.refuses(commit.member, commit.generation),
                None => (commit.member != 0)
                    .then(|| "this consumer is no longer a member of the group".to_owned()),
            };
            if let Some(why) = refusal {
                return Err(self.error(
                    ErrorKind::Fenced,
                    &format!("offsets of group {}", commit.group),
                    why,
                ));
            }
        }
        Ok(())
    }

    /// Writes a transaction, all of it at once: records, ends, offsets. `marker`: it ends with a commit
    /// marker, which takes an offset in each of its partitions, as in Kafka.
    pub(super) fn commit(&self, owner: Owner<'_>, transaction: Transaction, marker: bool) -> Result<()> {
        let _writing = self.writing()?;
        self.check_owner(owner)?;
        self.check_members(&transaction)?;
        let mut changes = Vec::new();
        for commit in &transaction.offsets {
            for o in &commit.offsets {
                let value = Slice::from(keys::encode_offset(o.offset, &o.metadata));
                changes.push(Change::Put(Table::Meta, keys::offset(&commit.group, &o.partition), value));
            }
        }
        let mut moved = Vec::with_capacity(transaction.parts.len());
        for part in transaction.parts {
            moved.push(self.append(part, marker, &mut changes)?);
        }
        if changes.is_empty() {
            return Ok(());
        }
        self.write(changes)?;
        self.publish(&moved);
        Ok(())
    }

    /// Leaves a gap as large as the aborted records and their marker would be, as in Kafka.
    pub(super) fn skip(&self, owner: Owner<'_>, transaction: &Transaction) -> Result<()> {
        let _writing = self.writing()?;
        self.check_owner(owner)?;
        let (mut changes, mut moved) = (Vec::new(), Vec::new());
        for part in &transaction.parts {
            let Ok((number, mut ends)) = self.ends_of(part) else { continue };
            ends.end += part.records() + 1;
            changes.push(put_ends(number, part.partition.partition, ends));
            moved.push((part.partition.clone(), ends));
        }
        if !changes.is_empty() {
            self.write(changes)?;
            self.publish(&moved);
        }
        Ok(())
    }

    fn ends_of(&self, part: &Part) -> Result<(u32, Ends)> {
        let found = self.state().ends(&part.partition).filter(|(number, _)| *number == part.topic);
        found.ok_or_else(|| {
            let message =
                "the topic was deleted while records for it were queued: abort and produce them again";
            self.error(ErrorKind::Abortable, &format!("writing to {}", part.partition), message)
        })
    }

    /// Adds the chunks of one partition to the changes and tells its new ends.
    fn append(&self, part: Part, marker: bool, changes: &mut Vec<Change>) -> Result<(TopicPartition, Ends)> {
        let (number, mut ends) = self.ends_of(&part)?;
        let now = self.clock.wall();
        for chunk in part.chunks {
            let key = keys::chunk(number, part.partition.partition, ends.end);
            ends.end += chunk.records();
            ends.bytes += chunk.len() as u64;
            changes.push(Change::Put(Table::Log, key, chunk.seal(now)));
        }
        ends.end += i64::from(marker);
        self.bound(number, &part.partition, &mut ends, changes)?;
        changes.push(put_ends(number, part.partition.partition, ends));
        Ok((part.partition, ends))
    }
}
