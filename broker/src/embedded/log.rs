//! The log's state and its only way of being written.
//!
//! What enters: transactions, as chunks per partition with the offsets to commit. What leaves: ends of
//! partitions, chunks from an offset on. What holds: there is one writer at a time ([`Log::commit`]); a
//! commit is one atomic write of chunks, ends and offsets, and becomes visible to readers after it
//! happened; whether its producer and its group member are fenced is decided under the same lock.
//!
//! Locks, in the order in which they may be taken: a producer's buffer, `writing`, `state`. Storage is
//! never written under `state`, so readers wait for no disk.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use fjall::Slice;

use super::chunk::{Chunk, ChunkReader};
use super::group::Group;
use super::keys::{self, Ends};
use super::storage::{Change, Direction, Storage, Table};
use super::topics::Topic;
use crate::{Clock, Error, ErrorKind, OffsetCommit, Result, TopicPartition};

/// The log: storage and what is known of it in memory.
pub(super) struct Log {
    pub(super) storage: Box<dyn Storage>,
    /// How an operator knows it.
    pub(super) name: String,
    /// Whether each commit waits for the disk.
    sync_each_commit: bool,
    writing: Mutex<()>,
    state: Mutex<State>,
    changed: Condvar,
    lingering: Mutex<Vec<Weak<dyn Lingering>>>,
    /// Something was written since the last sync.
    written: AtomicBool,
    pub(super) clock: Arc<dyn Clock>,
}

/// What is known of the log in memory.
#[derive(Default)]
pub(super) struct State {
    pub(super) cluster: String,
    pub(super) next_topic: u32,
    pub(super) topics: BTreeMap<Arc<str>, Topic>,
    pub(super) groups: HashMap<String, Group>,
    /// The newest producer of each transactional id.
    pub(super) producers: HashMap<String, u64>,
    next_client: u64,
    /// Some producer without transactions holds records back.
    pub(super) lingers: bool,
}

/// A producer without transactions that holds back records to write them together.
pub(super) trait Lingering: Send + Sync {
    /// Writes what is held back.
    fn write_out(&self);
}

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

pub(super) fn lock<T: ?Sized>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    /// A number for a new producer or group member; never 0.
    pub(super) fn next_client(&mut self) -> u64 {
        self.next_client += 1;
        self.next_client
    }

    /// Runs `f` on a group, with the topics beside it.
    pub(super) fn group<T>(
        &mut self,
        name: &str,
        f: impl FnOnce(&mut Group, super::group::Partitions<'_>) -> T,
    ) -> T {
        let topics = &self.topics;
        let partitions = |topic: &str| {
            let (name, topic) = topics.get_key_value(topic)?;
            Some((TopicPartition { topic: name.clone(), partition: 0 }, topic.partitions.len() as i32))
        };
        f(self.groups.entry(name.to_owned()).or_default(), &partitions)
    }

    pub(super) fn ends(&self, of: &TopicPartition) -> Option<(u32, Ends)> {
        let topic = self.topics.get(&of.topic)?;
        Some((topic.number, *topic.partitions.get(usize::try_from(of.partition).ok()?)?))
    }
}

impl Log {
    pub(super) fn new(
        storage: Box<dyn Storage>,
        name: String,
        sync_each_commit: bool,
        state: State,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            storage,
            name,
            sync_each_commit,
            writing: Mutex::default(),
            state: Mutex::new(state),
            changed: Condvar::new(),
            lingering: Mutex::default(),
            written: AtomicBool::new(false),
            clock,
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Keeps everybody else from writing; what was being written is visible afterwards.
    pub(super) fn writing(&self) -> MutexGuard<'_, ()> {
        lock(&self.writing)
    }

    /// Wakes all who wait for a change of the state.
    pub(super) fn notify(&self) {
        self.changed.notify_all();
    }

    /// Waits for a change, at most until `deadline`; gives the state back.
    pub(super) fn wait<'a>(
        &'a self,
        state: MutexGuard<'a, State>,
        deadline: Instant,
    ) -> MutexGuard<'a, State> {
        let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_micros(50));
        self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
    }

    /// Writes under [`Log::writing`].
    pub(super) fn write(&self, changes: Vec<Change>) -> Result<()> {
        self.storage.write(changes, self.sync_each_commit)?;
        self.written.store(true, Ordering::Release);
        Ok(())
    }

    /// Forces to the disk what was written since the last time.
    pub(super) fn sync_if_written(&self) -> Result<()> {
        if self.written.swap(false, Ordering::AcqRel) { self.storage.sync() } else { Ok(()) }
    }

    pub(super) fn error(&self, kind: ErrorKind, doing: &str, message: impl Into<String>) -> Error {
        Error::new(kind, format!("{doing} on the {}", self.name), message)
    }

    /// From now on readers see to it that this producer's records are written.
    pub(super) fn register(&self, producer: Weak<dyn Lingering>) {
        let mut lingering = lock(&self.lingering);
        lingering.retain(|p| p.strong_count() > 0);
        lingering.push(producer);
    }

    /// Tells readers that some producer holds records back.
    pub(super) fn announce_lingering(&self) {
        self.state().lingers = true;
        self.notify();
    }

    /// Writes what producers without transactions hold back: called by whoever is about to read.
    pub(super) fn write_out_lingering(&self) {
        if !std::mem::take(&mut self.state().lingers) {
            return;
        }
        let producers: Vec<_> = lock(&self.lingering).iter().filter_map(Weak::upgrade).collect();
        for producer in producers {
            producer.write_out();
        }
    }

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
        let _writing = self.writing();
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
        let _writing = self.writing();
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

    /// Makes new ends known to readers.
    pub(super) fn publish(&self, moved: &[(TopicPartition, Ends)]) {
        let mut state = self.state();
        for (of, ends) in moved {
            let topic = state.topics.get_mut(&of.topic);
            if let Some(slot) = topic.and_then(|t| t.partitions.get_mut(of.partition as usize)) {
                *slot = *ends;
            }
        }
        drop(state);
        self.notify();
    }

    /// The chunk that holds `from` or else the next one, and its successors, until `visit` says false.
    /// `inside`: `from` may lie in the middle of a chunk; none begins below `lowest`.
    pub(super) fn chunks(
        &self,
        topic: u32,
        partition: i32,
        (lowest, from): (i64, i64),
        inside: bool,
        visit: &mut dyn FnMut(ChunkReader) -> bool,
    ) -> Result<()> {
        let mut first = keys::chunk(topic, partition, from);
        if inside {
            let (low, high) =
                (keys::chunk(topic, partition, lowest), keys::chunk(topic, partition, from + 1));
            self.storage.scan(Table::Log, &low, &high, Direction::Backward, &mut |key, _| {
                first = key.to_vec();
                false
            })?;
        }
        let end = keys::chunk(topic, partition, i64::MAX);
        self.storage.scan(Table::Log, &first, &end, Direction::Forward, &mut |key, value| {
            visit(ChunkReader::new(keys::base_of_chunk(key), value))
        })
    }

    /// The stored ends of a partition whose old records may be dropped at any time; None for others.
    pub(super) fn trimmed(&self, of: &TopicPartition, number: u32) -> Result<Option<Ends>> {
        if self.state().topics.get(&of.topic).is_none_or(|t| !t.spec.cleanup.retains()) {
            return Ok(None);
        }
        let value = self.storage.get(Table::Meta, &keys::ends(number, of.partition))?;
        Ok(value.as_deref().and_then(Ends::decode))
    }

    /// The committed offset of a group; called under [`Log::writing`], so no commit is under way.
    pub(super) fn committed(&self, group: &str, of: &TopicPartition) -> Result<Option<OffsetCommit>> {
        let value = self.storage.get(Table::Meta, &keys::offset(group, of))?;
        Ok(value.as_deref().and_then(keys::decode_offset).map(|(offset, metadata)| OffsetCommit {
            partition: of.clone(),
            offset,
            metadata,
        }))
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        if let Err(e) = self.sync_if_written() {
            tracing::error!(error = %e, "the last commits could not be forced to the disk");
        }
    }
}

/// The change that stores a partition's ends.
pub(super) fn put_ends(topic: u32, partition: i32, ends: Ends) -> Change {
    Change::Put(Table::Meta, keys::ends(topic, partition), Slice::from(ends.encode()))
}
