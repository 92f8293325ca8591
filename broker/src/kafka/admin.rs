//! Topics and groups on Kafka: made, deleted, waited for.
//!
//! What enters: specifications. What holds: a topic that is made keeps its records for as long as its size
//! allows, whatever their timestamps say (event times may be years old, or wrong), and can be written and
//! read when the call returns.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll as TaskPoll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::FromClientConfig;
use rdkafka::types::RDKafkaErrorCode as Code;

use super::Shared;
use super::failure::{Failure, passes};
use crate::embedded::same_partitions;
use crate::{Cleanup, Error, ErrorKind, Result, TopicSpec};

/// For an answer of the cluster's controller.
const ANSWER: Duration = Duration::from_secs(20);
/// Until a new topic has leaders, or a deleted one is gone.
const SETTLED: Duration = Duration::from_secs(20);
/// The segment of a compacted topic: the active one is never compacted, so it should not grow large.
const COMPACTED_SEGMENT: &str = "67108864";

/// [`crate::DELETE_RETENTION`] as Kafka takes it.
pub(super) const DELETE_RETENTION_MS: &str = "86400000";

/// The largest batch that a topic of ours takes, whatever the cluster's own limit (1 MB where nobody has changed it):
/// what a rule makes of a record may be larger than the record. 8 MiB is what hosted clusters allow at most.
const LARGEST_BATCH: &str = "8388608";

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Waits for an answer on this thread; the admin client's own thread brings it.
pub(super) fn wait<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let (mut future, mut context) = (pin!(future), TaskContext::from_waker(&waker));
    loop {
        match future.as_mut().poll(&mut context) {
            TaskPoll::Ready(value) => return value,
            TaskPoll::Pending => std::thread::park(),
        }
    }
}

pub(super) fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(ANSWER)).operation_timeout(Some(ANSWER))
}

impl Shared {
    pub(super) fn admin(&self, doing: &str) -> Result<AdminClient<DefaultClientContext>> {
        AdminClient::from_config(&self.cluster.admin()).map_err(|e| Failure::from_crate(&e).outside(doing))
    }

    pub(super) fn create_topics(&self, specs: &[TopicSpec]) -> Result<()> {
        let missing = self.missing(specs)?;
        if missing.is_empty() {
            return Ok(());
        }
        let doing = format!("creating topics on {}", self.cluster.describe());
        let bounds: Vec<_> = missing.iter().map(|s| s.retention_bytes.map(|b| b.to_string())).collect();
        let topics: Vec<_> =
            missing.iter().zip(&bounds).map(|(s, bytes)| new_topic(s, bytes.as_deref())).collect();
        let results = wait(self.admin(&doing)?.create_topics(&topics, &options()))
            .map_err(|e| Failure::from_crate(&e).outside(doing))?;
        for result in results {
            match result {
                // Made meanwhile by somebody else: looked at below.
                Ok(_) | Err((_, Code::TopicAlreadyExists)) => {}
                Err((name, code)) => {
                    return Err(Failure::of(code).outside(self.about("creating topic", &name)));
                }
            }
        }
        let deadline = Instant::now() + SETTLED;
        for spec in missing {
            self.await_topic(spec, deadline)?;
        }
        Ok(())
    }

    pub(super) fn about(&self, what: &str, name: &str) -> String {
        format!("{what} {name} on {}", self.cluster.describe())
    }

    fn check(&self, spec: &TopicSpec, partitions: i32) -> Result<()> {
        same_partitions(partitions, spec)
            .map_err(|why| Error::new(ErrorKind::Config, self.about("creating topic", &spec.name), why))
    }

    /// Those that are not there; an error where one is there with another number of partitions.
    fn missing<'a>(&self, specs: &'a [TopicSpec]) -> Result<Vec<&'a TopicSpec>> {
        let present = self.topics()?;
        let mut missing: Vec<&TopicSpec> = Vec::new();
        for spec in specs {
            match present.iter().find(|t| t.name == spec.name) {
                Some(topic) => self.check(spec, topic.partitions)?,
                None if missing.iter().any(|m| m.name == spec.name) => {}
                None => missing.push(spec),
            }
        }
        Ok(missing)
    }

    /// Waits until each partition has a leader that answers.
    fn await_topic(&self, spec: &TopicSpec, deadline: Instant) -> Result<()> {
        loop {
            if let Some(partitions) = self.led_partitions(&spec.name)? {
                return self.check(spec, partitions);
            }
            if Instant::now() >= deadline {
                return Err(Error::timed_out(
                    self.about("waiting for leaders of topic", &spec.name),
                    SETTLED,
                ));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub(super) fn delete_topics(&self, names: &[String]) -> Result<()> {
        if names.is_empty() {
            return Ok(());
        }
        let doing = format!("deleting topics on {}", self.cluster.describe());
        let list: Vec<&str> = names.iter().map(String::as_str).collect();
        let results = wait(self.admin(&doing)?.delete_topics(&list, &options()))
            .map_err(|e| Failure::from_crate(&e).outside(doing))?;
        for result in results {
            match result {
                Ok(_) | Err((_, Code::UnknownTopicOrPartition | Code::UnknownTopic)) => {}
                Err((name, code)) => {
                    return Err(Failure::of(code).outside(self.about("deleting topic", &name)));
                }
            }
        }
        let deadline = Instant::now() + SETTLED;
        while self.topics()?.iter().any(|t| names.contains(&t.name)) {
            if Instant::now() >= deadline {
                return Err(Error::timed_out(self.about("deleting topics", &names.join(", ")), SETTLED));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        self.unsee(names);
        Ok(())
    }

    pub(super) fn delete_group(&self, group: &str) -> Result<()> {
        let doing = self.about("deleting group", group);
        let deadline = Instant::now() + SETTLED;
        loop {
            let results = wait(self.admin(&doing)?.delete_groups(&[group], &options()))
                .map_err(|e| Failure::from_crate(&e).outside(doing.as_str()))?;
            match results.into_iter().next() {
                None | Some(Ok(_) | Err((_, Code::GroupIdNotFound))) => return Ok(()),
                Some(Err((_, Code::NonEmptyGroup))) => {
                    return Err(Error::new(
                        ErrorKind::Config,
                        doing,
                        "the group has members: stop them first",
                    ));
                }
                Some(Err((_, code))) if passes(code) && Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(100));
                }
                Some(Err((_, code))) => return Err(Failure::of(code).outside(doing)),
            }
        }
    }
}

fn new_topic<'a>(spec: &'a TopicSpec, retention_bytes: Option<&'a str>) -> NewTopic<'a> {
    // -1 takes the cluster's default replication factor.
    let topic =
        NewTopic::new(&spec.name, spec.partitions, TopicReplication::Fixed(spec.replicas.unwrap_or(-1)))
            .set("retention.ms", "-1")
            .set("max.message.bytes", LARGEST_BATCH)
            .set("message.timestamp.type", "CreateTime")
            .set("message.timestamp.before.max.ms", "9223372036854775807")
            .set("message.timestamp.after.max.ms", "9223372036854775807");
    let topic = match spec.cleanup {
        Cleanup::Retain => topic.set("cleanup.policy", "delete"),
        Cleanup::Compact => compacted(topic.set("cleanup.policy", "compact")),
        Cleanup::CompactAndRetain => compacted(topic.set("cleanup.policy", "compact,delete")),
    };
    match retention_bytes {
        Some(bytes) => topic.set("retention.bytes", bytes),
        None => topic,
    }
}

fn compacted(topic: NewTopic<'_>) -> NewTopic<'_> {
    topic.set("segment.bytes", COMPACTED_SEGMENT).set("delete.retention.ms", DELETE_RETENTION_MS)
}
