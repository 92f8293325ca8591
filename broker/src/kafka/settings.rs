//! librdkafka's settings for each kind of client.
//!
//! What enters: the address, the properties of the cluster and those of one client. What leaves: a whole
//! configuration. What holds: exactly-once rests on settings made here, and a property that would change
//! one of them is refused ([`crate::properties`]).
//!
//! Where a number differs from librdkafka's default: a fetch that finds the local queue full looks again
//! after 5 ms instead of 1 s (back-pressure without a stall), a member learns within 200 ms that the group
//! shares its partitions out anew (the threads of a process join one after the other), transactional
//! requests are retried after 1 ms instead of 100 ms (the coordinator answers "concurrent transactions" for
//! a moment after each commit), a member may restore for half an hour between two polls (its session tells whether it
//! lives), a record may be as large as its topic takes, and prefetch is bounded to a few MB a consumer instead of 64 MB.

use std::collections::BTreeMap;

use rdkafka::config::ClientConfig;

use crate::{ConsumerConfig, Isolation, ProducerConfig, Result, properties};

/// A group that is never joined: librdkafka wants a consumer to name one.
pub(super) const NO_GROUP: &str = "streamguard-reader";

/// Other names of settings that have a default here: one that is given takes the default's place.
const ALIASES: [(&str, &str); 4] = [
    ("compression.type", "compression.codec"),
    ("fetch.message.max.bytes", "max.partition.fetch.bytes"),
    ("linger.ms", "queue.buffering.max.ms"),
    ("message.timeout.ms", "delivery.timeout.ms"),
];

/// How to reach the cluster.
#[derive(Debug, Clone)]
pub(super) struct Cluster {
    pub(super) bootstrap: String,
    /// Properties of all clients: security, mostly.
    pub(super) properties: BTreeMap<String, String>,
}

impl Cluster {
    pub(super) fn new(bootstrap: &str, all: BTreeMap<String, String>) -> Result<Self> {
        let doing = format!("connecting to Kafka at {bootstrap}");
        properties::check(&doing, &all, properties::CONSUMER)?;
        properties::check(&doing, &all, properties::PRODUCER)?;
        Ok(Self { bootstrap: bootstrap.to_owned(), properties: all })
    }

    pub(super) fn describe(&self) -> String {
        format!("Kafka at {}", self.bootstrap)
    }

    fn base(
        &self,
        defaults: &[(&str, &str)],
        own: &BTreeMap<String, String>,
        fixed: &[(&str, &str)],
    ) -> ClientConfig {
        let mut config = ClientConfig::new();
        let common = [
            ("client.id", "streamguard"),
            ("socket.keepalive.enable", "true"),
            ("reconnect.backoff.ms", "50"),
            ("reconnect.backoff.max.ms", "1000"),
            ("log.connection.close", "false"),
        ];
        let given = |name: &str| self.properties.contains_key(name) || own.contains_key(name);
        for (name, value) in common.iter().chain(defaults) {
            if !ALIASES.iter().any(|(ours, alias)| ours == name && given(alias)) {
                config.set(*name, *value);
            }
        }
        for (name, value) in self.properties.iter().chain(own) {
            config.set(name, value);
        }
        for (name, value) in fixed {
            config.set(*name, *value);
        }
        config.set("bootstrap.servers", &self.bootstrap);
        config
    }

    /// For metadata, watermarks and committed offsets of `group`; never joins it.
    pub(super) fn observer(&self, group: &str, isolation: Isolation) -> ClientConfig {
        let fixed = [
            ("group.id", group),
            ("isolation.level", level(isolation)),
            ("enable.auto.commit", "false"),
            ("allow.auto.create.topics", "false"),
        ];
        self.base(&[], &BTreeMap::new(), &fixed)
    }

    pub(super) fn admin(&self) -> ClientConfig {
        self.base(&[], &BTreeMap::new(), &[])
    }

    pub(super) fn consumer(&self, settings: &ConsumerConfig) -> Result<ClientConfig> {
        let doing = format!("making a consumer on {}", self.describe());
        properties::check(&doing, &settings.properties, properties::CONSUMER)?;
        let defaults = [
            ("session.timeout.ms", "6000"),
            ("max.poll.interval.ms", "1800000"),
            ("heartbeat.interval.ms", "200"),
            ("topic.metadata.refresh.interval.ms", "5000"),
            ("fetch.queue.backoff.ms", "5"),
            ("fetch.error.backoff.ms", "50"),
            ("queued.min.messages", "20000"),
            ("queued.max.messages.kbytes", "16384"),
            ("fetch.message.max.bytes", "1048576"),
            ("fetch.max.bytes", "16777216"),
            ("check.crcs", "true"),
        ];
        let fixed = [
            ("group.id", settings.group.as_deref().unwrap_or(NO_GROUP)),
            ("isolation.level", level(settings.isolation)),
            ("enable.auto.commit", "false"),
            ("enable.auto.offset.store", "false"),
            // A position that is not there is told, never mended by a jump.
            ("auto.offset.reset", "error"),
            // Taking a batch, librdkafka 2.12 counts an end of a partition as if it were a record
            // (`rd_kafka_q_serve_rkmessages`): after a pause, or under a new leader, it goes on one too far, and
            // a record is lost. Positions pass markers without it.
            ("enable.partition.eof", "false"),
            ("partition.assignment.strategy", "range"),
            ("allow.auto.create.topics", "false"),
        ];
        let mut config = self.base(&defaults, &settings.properties, &fixed);
        if let (Some(instance), Some(_)) = (&settings.instance, &settings.group) {
            config.set("group.instance.id", instance);
        }
        Ok(config)
    }

    pub(super) fn producer(&self, settings: &ProducerConfig) -> Result<ClientConfig> {
        let doing = format!("making a producer on {}", self.describe());
        properties::check(&doing, &settings.properties, properties::PRODUCER)?;
        let mut defaults = vec![
            ("linger.ms", "5"),
            ("batch.num.messages", "20000"),
            ("batch.size", "1000000"),
            // One larger record is a batch of its own. What a topic takes, the topic says.
            ("message.max.bytes", "67108864"),
            ("compression.type", "lz4"),
            ("queue.buffering.max.messages", "200000"),
            ("queue.buffering.max.kbytes", "131072"),
            ("retry.backoff.ms", "1"),
        ];
        let mut fixed = vec![
            ("enable.idempotence", "true"),
            ("acks", "all"),
            ("partitioner", "murmur2_random"),
            ("delivery.report.only.error", "true"),
        ];
        if let Some(id) = &settings.transactional_id {
            fixed.push(("transactional.id", id.as_str()));
            // librdkafka refuses a message time-out above the transaction's.
            defaults.extend([("transaction.timeout.ms", "10000"), ("message.timeout.ms", "9000")]);
        }
        Ok(self.base(&defaults, &settings.properties, &fixed))
    }
}

fn level(isolation: Isolation) -> &'static str {
    match isolation {
        Isolation::ReadCommitted => "read_committed",
        Isolation::ReadUncommitted => "read_uncommitted",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn properties_replace_defaults_under_either_name() {
        let cluster = Cluster::new("localhost:9092", [("client.rack".into(), "r".into())].into()).unwrap();
        let properties =
            [("compression.codec".to_owned(), "none".to_owned()), ("linger.ms".into(), "1".into())];
        let settings = ProducerConfig { transactional_id: Some("t".into()), properties: properties.into() };
        let config = cluster.producer(&settings).unwrap();
        assert_eq!(config.get("compression.type"), None);
        assert_eq!((config.get("compression.codec"), config.get("linger.ms")), (Some("none"), Some("1")));
        assert_eq!((config.get("enable.idempotence"), config.get("client.rack")), (Some("true"), Some("r")));
    }

    #[test]
    fn what_exactly_once_rests_on_is_refused_for_the_cluster_too() {
        for name in ["acks", "isolation.level", "transactional.id"] {
            let error =
                Cluster::new("localhost:9092", [(name.to_owned(), "x".to_owned())].into()).unwrap_err();
            assert!(error.to_string().contains(name), "{error}");
        }
    }
}
