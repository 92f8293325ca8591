//! Topics of the embedded broker: made, deleted and found again when it is opened.
//!
//! What enters: specifications. What leaves: descriptions. What holds: a topic and the ends of its
//! partitions are stored, so that opening reads as many entries as there are partitions, however long the
//! log is; groups that subscribe to a topic are rebalanced when it comes or goes.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use fjall::Slice;
use serde::{Deserialize, Serialize};

use super::keys::{self, Ends};
use super::log::{Log, State, put_ends};
use super::settings::Settings;
use super::storage::{Change, Direction, Storage, Table};
use crate::{Cleanup, Error, ErrorKind, Result, TopicInfo, TopicPartition, TopicSpec};

/// Partitions a topic may have: far more than one process has use for.
const MOST_PARTITIONS: i32 = 10_000;

/// A topic with the ends of its partitions.
#[derive(Debug, Clone)]
pub(super) struct Topic {
    pub(super) number: u32,
    pub(super) id: String,
    pub(super) spec: TopicSpec,
    pub(super) partitions: Vec<Ends>,
}

/// A topic as it is stored.
#[derive(Debug, Serialize, Deserialize)]
struct Stored {
    number: u32,
    id: String,
    partitions: i32,
    compact: bool,
    /// A compacted topic has bounds of size and time, too.
    #[serde(default)]
    bounded: bool,
    retention_bytes: Option<u64>,
}

impl Topic {
    pub(super) fn info(&self, settings: &Settings) -> TopicInfo {
        let retains = self.spec.cleanup.retains();
        TopicInfo {
            name: self.spec.name.clone(),
            id: self.id.clone(),
            partitions: self.partitions.len() as i32,
            replicas: 1,
            cleanup: Some(self.spec.cleanup),
            retention_bytes: self.size_bound(settings),
            retention: settings.retention.filter(|_| retains),
            delete_retention: Some(settings.delete_retention),
            batch_bytes: None,
        }
    }

    /// The bytes of a partition past which the oldest records go.
    pub(super) fn size_bound(&self, settings: &Settings) -> Option<u64> {
        self.spec.retention_bytes.or(settings.retention_bytes).filter(|_| self.spec.cleanup.retains())
    }

    fn stored(&self) -> Stored {
        Stored {
            number: self.number,
            id: self.id.clone(),
            partitions: self.spec.partitions,
            compact: self.spec.cleanup.compacts(),
            bounded: self.spec.cleanup.compacts() && self.spec.cleanup.retains(),
            retention_bytes: self.spec.retention_bytes,
        }
    }
}

/// A random UUID. The standard library seeds each of its hashers from the operating system.
fn random_id() -> String {
    let random = || RandomState::new().build_hasher().finish().to_ne_bytes();
    let (high, low) = (random(), random());
    let bytes = std::array::from_fn(|i| if i < 8 { high[i] } else { low[i - 8] });
    uuid::Builder::from_random_bytes(bytes).into_uuid().to_string()
}

fn damaged(name: &str, what: &str) -> Error {
    let message = format!(
        "{what} cannot be read: the data directory is damaged, restore it or start with an empty one"
    );
    Error::new(ErrorKind::Fatal, format!("opening the {name}"), message)
}

/// Reads what is known of the log, or begins a new one.
pub(super) fn load(storage: &dyn Storage, name: &str) -> Result<State> {
    let mut state = State::default();
    match storage.get(Table::Meta, keys::CLUSTER)? {
        Some(id) => {
            let layout = storage.get(Table::Meta, keys::FORMAT)?;
            if layout.as_deref() != Some(&[keys::LAYOUT]) {
                return Err(damaged(name, "the version of the layout"));
            }
            state.cluster = String::from_utf8(id.to_vec()).map_err(|_| damaged(name, "the cluster's id"))?;
        }
        None => {
            state.cluster = random_id();
            let id = Slice::from(state.cluster.as_bytes());
            let put = |key: &[u8], value| Change::Put(Table::Meta, key.to_vec(), value);
            storage
                .write(vec![put(keys::CLUSTER, id), put(keys::FORMAT, Slice::from([keys::LAYOUT]))], true)?;
        }
    }
    if let Some(next) = storage.get(Table::Meta, keys::NEXT_TOPIC)? {
        let next = next.first_chunk::<4>().ok_or_else(|| damaged(name, "the next topic number"))?;
        state.next_topic = u32::from_be_bytes(*next);
    }
    let mut found = Vec::new();
    storage.scan(Table::Meta, keys::TOPICS, keys::TOPICS_END, Direction::Forward, &mut |key, value| {
        found.push((key[1..].to_vec(), value));
        true
    })?;
    for (topic, value) in found {
        let topic = String::from_utf8(topic).map_err(|_| damaged(name, "a topic's name"))?;
        state.topics.insert(topic.as_str().into(), read_topic(storage, name, topic, &value)?);
    }
    Ok(state)
}

fn read_topic(storage: &dyn Storage, broker: &str, name: String, value: &[u8]) -> Result<Topic> {
    let stored: Stored =
        serde_json::from_slice(value).map_err(|_| damaged(broker, &format!("topic {name}")))?;
    let ends = |p| -> Result<Ends> {
        let value = storage.get(Table::Meta, &keys::ends(stored.number, p))?;
        value
            .as_deref()
            .and_then(Ends::decode)
            .ok_or_else(|| damaged(broker, &format!("the end of {name}-{p}")))
    };
    let partitions = (0..stored.partitions).map(ends).collect::<Result<_>>()?;
    let cleanup = match (stored.compact, stored.bounded) {
        (false, _) => Cleanup::Retain,
        (true, false) => Cleanup::Compact,
        (true, true) => Cleanup::CompactAndRetain,
    };
    let spec = TopicSpec {
        name,
        partitions: stored.partitions,
        cleanup,
        retention_bytes: stored.retention_bytes,
        replicas: None,
    };
    Ok(Topic { number: stored.number, id: stored.id, spec, partitions })
}

impl Log {
    /// Makes a topic where it is missing.
    pub(super) fn create_topic(&self, spec: &TopicSpec) -> Result<()> {
        let _writing = self.writing()?;
        let doing = format!("creating topic {}", spec.name);
        check_spec(spec).map_err(|why| self.error(ErrorKind::Config, &doing, why))?;
        let number = {
            let state = self.state();
            if let Some(topic) = state.topics.get(spec.name.as_str()) {
                return same_partitions(topic.spec.partitions, spec)
                    .map_err(|why| self.error(ErrorKind::Config, &doing, why));
            }
            state.next_topic
        };
        let partitions = vec![Ends::default(); spec.partitions as usize];
        let topic = Topic { number, id: random_id(), spec: spec.clone(), partitions };
        let stored = serde_json::to_vec(&topic.stored())
            .map_err(|e| self.error(ErrorKind::Fatal, &doing, e.to_string()))?;
        let mut changes: Vec<_> =
            (0..spec.partitions).map(|p| put_ends(number, p, Ends::default())).collect();
        changes.push(Change::Put(Table::Meta, keys::topic(&spec.name), Slice::from(stored)));
        let next = Slice::from((number + 1).to_be_bytes());
        changes.push(Change::Put(Table::Meta, keys::NEXT_TOPIC.to_vec(), next));
        self.write(changes)?;
        let mut state = self.state();
        state.next_topic = number + 1;
        state.topics.insert(spec.name.as_str().into(), topic);
        self.topic_changed(&mut state, &spec.name);
        Ok(())
    }

    /// Deletes a topic with its records and the offsets committed for it.
    pub(super) fn delete_topic(&self, name: &str) -> Result<()> {
        let writing = self.writing()?;
        let Some(topic) = self.state().topics.get(name).cloned() else { return Ok(()) };
        let mut changes = vec![
            Change::Remove(Table::Meta, keys::topic(name)),
            // The chunks follow in writes of their own, after a crash too.
            Change::Put(Table::Meta, keys::deleted(topic.number), Slice::from([])),
        ];
        for partition in 0..topic.spec.partitions {
            changes.push(Change::Remove(Table::Meta, keys::ends(topic.number, partition)));
            changes.push(Change::Remove(Table::Meta, keys::cleaned(topic.number, partition)));
        }
        let offsets = (keys::OFFSETS, keys::OFFSETS_END);
        self.storage.scan(Table::Meta, offsets.0, offsets.1, Direction::Forward, &mut |key, _| {
            if keys::topic_of_offset(key) == Some(name.as_bytes()) {
                changes.push(Change::Remove(Table::Meta, key.to_vec()));
            }
            true
        })?;
        self.write(changes)?;
        let mut state = self.state();
        state.topics.remove(name);
        self.topic_changed(&mut state, name);
        drop(state);
        drop(writing);
        self.remove_chunks(topic.number)
    }

    fn topic_changed(&self, state: &mut State, topic: &str) {
        let groups: Vec<String> = state.groups.keys().cloned().collect();
        for group in groups {
            state.group(&group, |g, partitions| g.topic_changed(topic, partitions));
        }
        self.notify();
    }

    /// The number and ends of a partition.
    pub(super) fn ends(&self, of: &TopicPartition, doing: &str) -> Result<(u32, Ends)> {
        let found = self.state().ends(of);
        found.ok_or_else(|| self.unknown_topic(of, doing))
    }

    pub(super) fn unknown_topic(&self, of: &TopicPartition, doing: &str) -> Error {
        let message = match self.state().topics.get(&of.topic) {
            Some(t) => format!("topic {} has partitions 0 to {} only", of.topic, t.spec.partitions - 1),
            None => format!("there is no topic {}: create it first", of.topic),
        };
        self.error(ErrorKind::UnknownTopic, &format!("{doing} {of}"), message)
    }
}

/// Kafka's rules for names, and a sane number of partitions.
fn check_spec(spec: &TopicSpec) -> std::result::Result<(), String> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let name = &spec.name;
    if name.is_empty() || name.len() > 249 || name == "." || name == ".." || !name.chars().all(legal) {
        return Err("a name has 1 to 249 of the characters a-z, A-Z, 0-9, '.', '_' and '-'".to_owned());
    }
    if !(1..=MOST_PARTITIONS).contains(&spec.partitions) {
        return Err(format!("{} partitions asked for; 1 to {MOST_PARTITIONS} are possible", spec.partitions));
    }
    Ok(())
}

/// Explains that a topic has another number of partitions than asked for.
pub(crate) fn same_partitions(present: i32, spec: &TopicSpec) -> std::result::Result<(), String> {
    if present == spec.partitions {
        return Ok(());
    }
    Err(format!(
        "it is there with {present} partitions, {} are needed: keys would go to other partitions. Set the \
         number to {present}, or delete the topic and its data and start again",
        spec.partitions
    ))
}

/// Cheap to clone, as a [`TopicPartition`] wants it.
pub(super) fn shared_name(state: &State, topic: &str) -> Arc<str> {
    state.topics.get_key_value(topic).map_or_else(|| topic.into(), |(name, _)| name.clone())
}
