//! The log on Apache Kafka, by librdkafka.
//!
//! Each consumer and producer is a client of librdkafka with threads of its own; a consumer is read in
//! batches from one queue, assigns only what its caller answers, and knows its positions from the start. A
//! transaction's steps wait for the coordinator and classify its errors (`failure.rs`). What asks the
//! cluster without belonging to a client (topics, ends, committed offsets) goes through observers that are
//! shared and never join a group.
//!
//! Unsafe code is in `native` alone.

mod admin;
mod cleanup;
mod consumer;
mod context;
mod courier;
mod failure;
mod native;
mod offsets;
mod producer;
mod settings;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::types::{RDKafkaErrorCode as Code, RDKafkaType};

use consumer::KafkaConsumer;
use context::Context;
use failure::{Failure, passes};
use native::Handle;
pub(crate) use native::Membership;
use producer::KafkaProducer;
use settings::{Cluster, NO_GROUP};

use crate::{
    Broker, Consumer, ConsumerConfig, Error, ErrorKind, GroupInfo, Isolation, OffsetCommit, Producer,
    ProducerConfig, Result, TopicInfo, TopicPartition, TopicSpec,
};

/// How long the first answer of a cluster may take.
const FIRST_ANSWER: Duration = Duration::from_secs(10);
/// How long a question to the cluster may take.
const ANSWER: Duration = Duration::from_secs(15);
/// How long the leader of a partition may take to answer before it is looked for again.
const LEADER: Duration = Duration::from_secs(3);
/// How long a node may take to learn of a topic that another one knows.
const LEARNT: Duration = Duration::from_secs(5);
/// How long a pending transaction may keep offsets unstable: its time-out and some.
const STABLE: Duration = Duration::from_secs(30);

/// A Kafka cluster, shared by the threads of a process.
pub struct Kafka {
    shared: Arc<Shared>,
}

/// What the clients of a cluster share.
struct Shared {
    cluster: Cluster,
    /// Asks for metadata and last stable offsets.
    committed: Handle,
    /// Asks for high watermarks.
    uncommitted: Handle,
    /// Ask for committed offsets, one a group.
    groups: Mutex<HashMap<String, Arc<Handle>>>,
    /// The largest batches that topics take, of those that were asked about.
    limits: Mutex<HashMap<String, Option<u64>>>,
    /// Topics that were there.
    seen: Mutex<HashSet<String>>,
}

impl Kafka {
    /// Connects to the cluster that `bootstrap` (`host:port`, several separated by commas) belongs to.
    /// `properties` are librdkafka's, of all clients (security, above all).
    ///
    /// Errors: [`ErrorKind::Unavailable`] where no broker answers within 10 s, [`ErrorKind::Config`] for a
    /// property that is not known or not to be changed.
    pub fn connect(bootstrap: &str, properties: BTreeMap<String, String>) -> Result<Arc<Self>> {
        let cluster = Cluster::new(bootstrap, properties)?;
        let committed = observer(&cluster, NO_GROUP, Isolation::ReadCommitted)?;
        let uncommitted = observer(&cluster, NO_GROUP, Isolation::ReadUncommitted)?;
        let shared = Arc::new(Shared {
            cluster,
            committed,
            uncommitted,
            groups: Mutex::default(),
            limits: Mutex::default(),
            seen: Mutex::default(),
        });
        shared.first_answer()?;
        Ok(Arc::new(Self { shared }))
    }
}

fn observer(cluster: &Cluster, group: &str, isolation: Isolation) -> Result<Handle> {
    let context = Context::new(format!("observer on {}", cluster.describe()));
    Handle::new(&cluster.observer(group, isolation), RDKafkaType::RD_KAFKA_CONSUMER, context)
        .map_err(|f| f.outside(format!("connecting to {}", cluster.describe())))
}

impl Shared {
    fn first_answer(&self) -> Result<()> {
        let answer = self.committed.client().fetch_metadata(Some("__consumer_offsets"), FIRST_ANSWER);
        self.committed.serve(Duration::ZERO);
        answer.map(|_| ()).map_err(|_| {
            let message = format!(
                "no broker answers within {} s: start Kafka, or correct the address \
                 (STREAMGUARD_KAFKA_BOOTSTRAP_SERVERS) and the security settings",
                FIRST_ANSWER.as_secs()
            );
            Error::new(ErrorKind::Unavailable, format!("connecting to {}", self.cluster.describe()), message)
        })
    }

    /// Asks the cluster until it answers something else than a transient error, or the time is over.
    fn ask<T>(
        &self,
        doing: &str,
        question: impl Fn(Duration) -> std::result::Result<T, Failure>,
    ) -> Result<T> {
        let deadline = Instant::now() + ANSWER;
        loop {
            let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(100));
            let answer = question(left);
            for handle in [&self.committed, &self.uncommitted] {
                handle.serve(Duration::ZERO);
            }
            match answer {
                Ok(answer) => return Ok(answer),
                Err(f) if passes(f.code) && Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(f) => return Err(f.outside(format!("{doing} on {}", self.cluster.describe()))),
            }
        }
    }

    /// All topics, without their ids and settings; of one that is being made, the partitions known so far.
    fn topics(&self) -> Result<Vec<TopicInfo>> {
        let metadata = self.ask("listing topics", |timeout| {
            self.committed.client().fetch_metadata(None, timeout).map_err(|e| Failure::from_crate(&e))
        })?;
        let mut topics: Vec<_> = metadata
            .topics()
            .iter()
            .filter(|t| t.error().is_none())
            .map(|t| TopicInfo {
                name: t.name().to_owned(),
                id: String::new(),
                partitions: t.partitions().len() as i32,
                replicas: t.partitions().first().map_or(0, |p| p.replicas().len() as i32),
                cleanup: None,
                retention_bytes: None,
                retention: None,
                delete_retention: None,
                batch_bytes: None,
            })
            .collect();
        topics.sort_by(|a, b| a.name.cmp(&b.name));
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        for topic in &topics {
            if !seen.contains(&topic.name) {
                seen.insert(topic.name.clone());
            }
        }
        drop(seen);
        Ok(topics)
    }

    /// Forgets topics that were deleted.
    fn unsee(&self, names: &[String]) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.retain(|name| !names.contains(name));
    }

    /// One topic, as [`Shared::topic`]. One that was there before is waited for: each node learns of a new topic in its
    /// own time, and another node than the last one may answer.
    fn awaited(&self, name: &str) -> Result<Option<TopicInfo>> {
        let deadline = Instant::now() + LEARNT;
        loop {
            let found = self.topic(name)?;
            let was_there = || self.seen.lock().unwrap_or_else(PoisonError::into_inner).contains(name);
            if found.is_some() || !was_there() || Instant::now() >= deadline {
                return Ok(found);
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// One topic, without its id and settings.
    fn topic(&self, name: &str) -> Result<Option<TopicInfo>> {
        Ok(self.topics()?.into_iter().find(|t| t.name == name))
    }

    /// The largest batch that a topic takes; None where this login may not ask. It is asked once.
    fn batch_bytes(&self, topic: &str) -> Option<u64> {
        let limits = || self.limits.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(limit) = limits().get(topic) {
            return *limit;
        }
        let mut infos: Vec<_> = self.topic(topic).ok()?.into_iter().collect();
        self.describe_settings(&mut infos).ok()?;
        let limit = infos.pop()?.batch_bytes;
        limits().insert(topic.to_owned(), limit);
        limit
    }

    /// The topics with their ids and settings.
    fn whole(&self, mut topics: Vec<TopicInfo>) -> Result<Vec<TopicInfo>> {
        let names: Vec<&str> = topics.iter().map(|t| t.name.as_str()).collect();
        if names.is_empty() {
            return Ok(topics);
        }
        // A login that may list topics and not describe them gets them without ids.
        let described = self.committed.describe_topics(&names, ANSWER).unwrap_or_default();
        for (topic, described) in topics.iter_mut().zip(described) {
            topic.id = described.map(|(id, _)| id).unwrap_or_default();
        }
        self.describe_settings(&mut topics)?;
        Ok(topics)
    }

    /// The number of partitions, once each has a leader.
    fn led_partitions(&self, name: &str) -> Result<Option<i32>> {
        let metadata = self.ask("describing a topic", |timeout| {
            self.committed.client().fetch_metadata(None, timeout).map_err(|e| Failure::from_crate(&e))
        })?;
        let Some(topic) = metadata.topics().iter().find(|t| t.name() == name && t.error().is_none()) else {
            return Ok(None);
        };
        let led = !topic.partitions().is_empty() && topic.partitions().iter().all(|p| p.leader() >= 0);
        Ok(led.then_some(topic.partitions().len() as i32))
    }

    fn watermarks(&self, of: &TopicPartition, isolation: Isolation) -> Result<(i64, i64)> {
        let doing = format!("asking for the ends of {of}");
        let handle = match isolation {
            Isolation::ReadCommitted => &self.committed,
            Isolation::ReadUncommitted => &self.uncommitted,
        };
        let unknown = |message: String| {
            Error::new(ErrorKind::UnknownTopic, format!("{doing} on {}", self.cluster.describe()), message)
        };
        match self.awaited(&of.topic)? {
            None => return Err(unknown(format!("there is no topic {}: create it first", of.topic))),
            Some(t) if !(0..t.partitions).contains(&of.partition) => {
                return Err(unknown(format!(
                    "topic {} has the partitions 0 to {} only",
                    of.topic,
                    t.partitions - 1
                )));
            }
            Some(_) => {}
        }
        self.ask(&doing, |timeout| {
            let ends = handle.client().fetch_watermarks(&of.topic, of.partition, timeout.min(LEADER));
            ends.map_err(|e| {
                // The leader that is known may be gone, and librdkafka does not ask for the new one by itself.
                let _ = handle.client().fetch_metadata(Some(&of.topic), timeout.min(LEADER));
                match Failure::from_crate(&e) {
                    // It is there, as was just seen: so librdkafka calls one that has no leader now, and so does a
                    // node that has not learnt of a new topic yet.
                    f if matches!(f.code, Code::UnknownPartition | Code::UnknownTopicOrPartition) => {
                        Failure::of(Code::LeaderNotAvailable)
                    }
                    f => f,
                }
            })
        })
    }

    fn committed(&self, group: &str, partitions: &[TopicPartition]) -> Result<Vec<Option<OffsetCommit>>> {
        let doing = format!("reading the committed offsets of group {group} on {}", self.cluster.describe());
        let handle = {
            let mut groups = self.groups.lock().unwrap_or_else(PoisonError::into_inner);
            match groups.get(group) {
                Some(handle) => handle.clone(),
                None => {
                    let handle = Arc::new(observer(&self.cluster, group, Isolation::ReadCommitted)?);
                    groups.insert(group.to_owned(), handle.clone());
                    handle
                }
            }
        };
        let deadline = Instant::now() + STABLE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now()).max(Duration::from_millis(100));
            let answer = offsets::committed(&handle, partitions, left);
            handle.serve(Duration::ZERO);
            match answer {
                Ok(committed) => return Ok(committed),
                Err(f) if passes(f.code) && Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                Err(f) => return Err(f.outside(doing)),
            }
        }
    }
}

impl Broker for Kafka {
    fn describe(&self) -> String {
        self.shared.cluster.describe()
    }

    fn cluster_id(&self) -> Result<String> {
        let id = self.shared.committed.client().fetch_cluster_id(ANSWER);
        id.ok_or_else(|| {
            Error::timed_out(format!("asking for the cluster's id on {}", self.describe()), ANSWER)
        })
    }

    fn create_topics(&self, topics: &[TopicSpec]) -> Result<()> {
        self.shared.create_topics(topics)
    }

    fn delete_topics(&self, topics: &[String]) -> Result<()> {
        self.shared.delete_topics(topics)
    }

    fn topic(&self, name: &str) -> Result<Option<TopicInfo>> {
        let Some(info) = self.shared.topic(name)? else { return Ok(None) };
        Ok(self.shared.whole(vec![info])?.pop())
    }

    fn topics(&self) -> Result<Vec<TopicInfo>> {
        self.shared.whole(self.shared.topics()?)
    }

    fn present(&self, names: &[String]) -> Result<Vec<Option<(String, i32)>>> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        self.shared.ask("describing topics", |timeout| self.shared.committed.describe_topics(&names, timeout))
    }

    fn watermarks(&self, partition: &TopicPartition, isolation: Isolation) -> Result<(i64, i64)> {
        self.shared.watermarks(partition, isolation)
    }

    fn delete_records(&self, below: &[(TopicPartition, i64)]) -> Result<()> {
        self.shared.delete_records(below)
    }

    fn committed(&self, group: &str, partitions: &[TopicPartition]) -> Result<Vec<Option<OffsetCommit>>> {
        self.shared.committed(group, partitions)
    }

    fn groups(&self) -> Result<Vec<GroupInfo>> {
        self.shared.group_list()
    }

    fn delete_group(&self, group: &str) -> Result<()> {
        self.shared.delete_group(group)
    }

    fn consumer(&self, config: &ConsumerConfig) -> Result<Box<dyn Consumer>> {
        Ok(Box::new(KafkaConsumer::new(&self.shared, config)?))
    }

    fn producer(&self, config: &ProducerConfig) -> Result<Box<dyn Producer>> {
        Ok(Box::new(KafkaProducer::new(&self.shared, config)?))
    }
}
