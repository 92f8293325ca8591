//! The log's state and its only way of being written.
//!
//! What enters: atomic changes. What leaves: ends of partitions, chunks from an offset on. What holds: there is
//! one writer at a time; a change becomes visible to readers after it happened; after a write that failed
//! nothing is written until the storage was opened anew and what is known of it read again.
//!
//! Locks, in the order in which they may be taken: `cleaning`, a producer's buffer, `writing`, `state`. Storage is
//! never written under `state`, so readers wait for no disk.

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::time::{Duration, Instant};

use fjall::Slice;

use super::chunk::ChunkReader;
use super::group::Group;
use super::keys::{self, Ends};
use super::settings::{self, Settings};
use super::storage::{Change, Direction, Storage, Table};
use super::topics::{self, Topic};
use crate::{Clock, Error, ErrorKind, OffsetCommit, Result, TopicPartition};

/// The log: storage and what is known of it in memory.
pub(super) struct Log {
    pub(super) storage: Box<dyn Storage>,
    /// How an operator knows it.
    pub(super) name: String,
    pub(super) settings: Settings,
    writing: Mutex<()>,
    /// One pass of cleaning up at a time.
    pub(super) cleaning: Mutex<()>,
    state: Mutex<State>,
    changed: Condvar,
    lingering: Mutex<Vec<Weak<dyn Lingering>>>,
    /// Something was written since the last sync.
    written: AtomicBool,
    pub(super) clock: Arc<dyn Clock>,
    /// A write failed: the storage has to be opened anew before the next one.
    broken: AtomicBool,
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
        settings: Settings,
        state: State,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self {
            storage,
            name,
            settings,
            writing: Mutex::default(),
            cleaning: Mutex::default(),
            state: Mutex::new(state),
            changed: Condvar::new(),
            lingering: Mutex::default(),
            written: AtomicBool::new(false),
            clock,
            broken: AtomicBool::new(false),
        }
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Keeps everybody else from writing; what was being written is visible afterwards. Where an earlier write
    /// failed the storage is opened anew first, so that what happened is known; an error of kind
    /// [`ErrorKind::Unavailable`] where that is not possible yet.
    pub(super) fn writing(&self) -> Result<MutexGuard<'_, ()>> {
        let guard = lock(&self.writing);
        if self.broken.load(Ordering::Acquire) {
            self.mend()?;
        }
        Ok(guard)
    }

    fn mend(&self) -> Result<()> {
        self.storage.reopen()?;
        let stored = topics::load(&*self.storage, &self.name)?;
        let mut state = self.state();
        (state.topics, state.next_topic) = (stored.topics, stored.next_topic);
        drop(state);
        self.broken.store(false, Ordering::Release);
        tracing::info!("the {} was opened anew after a write had failed and goes on", self.name);
        self.notify();
        Ok(())
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
        let done = self.storage.write(changes, self.settings.sync == settings::Sync::EveryCommit);
        if done.is_err() {
            self.broken.store(true, Ordering::Release);
        }
        self.written.store(true, Ordering::Release);
        done
    }

    /// Forces to the disk what was written since the last time.
    pub(super) fn sync_if_written(&self) -> Result<()> {
        if !self.written.swap(false, Ordering::AcqRel) {
            return Ok(());
        }
        self.storage.sync().inspect_err(|_| {
            self.written.store(true, Ordering::Release);
            self.broken.store(true, Ordering::Release);
        })
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
