//! SET and UNSET: what they change for the statements behind them.
//!
//! What holds: a value that cannot be meant is refused where it is given, but the name of a format where it is
//! used, as in ksqlDB: a default that no statement falls back to does no harm.

use std::sync::Arc;

use super::Binder;
use super::env::Env;
use crate::sql::Diagnostic;
use crate::sql::ast::Literal;
use crate::types::aggregate::Limits;

/// Settings that SET changes.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    /// Of sources without KEY_FORMAT; KAFKA where none is given.
    pub(super) key_format: Option<Literal>,
    /// Of sources without VALUE_FORMAT.
    pub(super) value_format: Option<Literal>,
    /// WRAP_SINGLE_VALUE where it is not given.
    pub(super) wrap: Option<bool>,
    /// What the names of topics begin with that a statement does not name.
    pub(super) topic_prefix: String,
    /// PARTITIONS of derived topics, where it is not given.
    pub(super) partitions: Option<i32>,
    /// REPLICAS of derived topics, where it is not given.
    pub(super) replicas: Option<i32>,
    /// A record without a usable time ends the run.
    pub(super) strict_time: bool,
    /// Assertions compare numbers as DOUBLE.
    pub(super) inexact: bool,
    /// CREATE OR REPLACE is refused.
    pub(super) no_replace: bool,
    /// INSERT INTO ... VALUES is refused.
    pub(super) no_insert: bool,
    /// All that were given, in the order of their names.
    given: std::collections::BTreeMap<String, String>,
}

/// A property with an effect.
struct Property {
    name: &'static str,
    /// Its value where none is given, as SHOW PROPERTIES has it.
    default: &'static str,
    /// Puts a value in force, or without one the default.
    apply: fn(&mut Settings, &mut Env, Option<&Literal>) -> Result<(), Diagnostic>,
}

const PROPERTIES: &[Property] = &[
    Property {
        name: "ksql.create.or.replace.enabled",
        default: "true",
        apply: |s, _, v| flag(v, true).map(|on| s.no_replace = !on),
    },
    Property {
        name: "ksql.functions.collect_list.limit",
        default: "2147483647",
        apply: |_, env, v| limit(v).map(|limit| env.limits.list = limit),
    },
    Property {
        name: "ksql.functions.collect_set.limit",
        default: "2147483647",
        apply: |_, env, v| limit(v).map(|limit| env.limits.set = limit),
    },
    Property {
        name: "ksql.functions.substring.legacy.args",
        default: "false",
        apply: |_, env, v| flag(v, false).map(|on| env.legacy_substring = on),
    },
    Property {
        name: "ksql.insert.into.values.enabled",
        default: "true",
        apply: |s, _, v| flag(v, true).map(|on| s.no_insert = !on),
    },
    Property {
        name: "ksql.output.topic.name.prefix",
        default: "",
        apply: |s, _, v| {
            s.topic_prefix = v.map_or(String::new(), |v| v.text.clone());
            Ok(())
        },
    },
    Property {
        name: "ksql.persistence.default.format.key",
        default: "KAFKA",
        apply: |s, _, v| {
            s.key_format = v.cloned();
            Ok(())
        },
    },
    Property {
        name: "ksql.persistence.default.format.value",
        default: "",
        apply: |s, _, v| {
            s.value_format = v.cloned();
            Ok(())
        },
    },
    Property {
        name: "ksql.persistence.wrap.single.values",
        default: "",
        apply: |s, _, v| {
            s.wrap = v.map(|v| flag(Some(v), true)).transpose()?;
            Ok(())
        },
    },
    Property {
        name: "ksql.sink.partitions",
        default: "",
        apply: |s, _, v| v.map(count).transpose().map(|n| s.partitions = n),
    },
    Property {
        name: "ksql.sink.replicas",
        default: "",
        apply: |s, _, v| v.map(count).transpose().map(|n| s.replicas = n),
    },
    Property {
        name: "ksql.timestamp.throw.on.invalid",
        default: "false",
        apply: |s, _, v| flag(v, false).map(|on| s.strict_time = on),
    },
    // The parser sees to it.
    Property {
        name: "ksql.variable.substitution.enable",
        default: "true",
        apply: |_, _, v| flag(v, true).map(drop),
    },
    Property {
        name: "use.exact.numeric.comparison",
        default: "true",
        apply: |s, _, v| flag(v, true).map(|exact| s.inexact = !exact),
    },
];

/// Properties of Kafka's clients and of Kafka Streams, and what families of them begin with.
const CLIENT: &[&str] = &[
    "acceptable.recovery.lag",
    "acks",
    "allow.auto.create.topics",
    "auto.commit.interval.ms",
    "auto.include.jmx.reporter",
    "auto.offset.reset",
    "batch.size",
    "bootstrap.servers",
    "buffer.memory",
    "buffered.records.per.partition",
    "cache.max.bytes.buffering",
    "check.crcs",
    "client.dns.lookup",
    "client.id",
    "client.rack",
    "commit.interval.ms",
    "compression.type",
    "connections.max.idle.ms",
    "default.api.timeout.ms",
    "default.deserialization.exception.handler",
    "default.production.exception.handler",
    "default.timestamp.extractor",
    "delivery.timeout.ms",
    "enable.auto.commit",
    "enable.idempotence",
    "exclude.internal.topics",
    "fetch.max.bytes",
    "fetch.max.wait.ms",
    "fetch.min.bytes",
    "group.id",
    "group.instance.id",
    "heartbeat.interval.ms",
    "interceptor.classes",
    "isolation.level",
    "linger.ms",
    "max.block.ms",
    "max.in.flight.requests.per.connection",
    "max.partition.fetch.bytes",
    "max.poll.interval.ms",
    "max.poll.records",
    "max.request.size",
    "max.task.idle.ms",
    "max.warmup.replicas",
    "metadata.max.age.ms",
    "metric.reporters",
    "metrics.num.samples",
    "metrics.recording.level",
    "metrics.sample.window.ms",
    "num.standby.replicas",
    "num.stream.threads",
    "partition.assignment.strategy",
    "poll.ms",
    "probing.rebalance.interval.ms",
    "processing.guarantee",
    "receive.buffer.bytes",
    "reconnect.backoff.max.ms",
    "reconnect.backoff.ms",
    "replication.factor",
    "request.timeout.ms",
    "retries",
    "retry.backoff.ms",
    "rocksdb.config.setter",
    "security.protocol",
    "send.buffer.bytes",
    "session.timeout.ms",
    "state.cleanup.delay.ms",
    "state.dir",
    "statestore.cache.max.bytes",
    "task.timeout.ms",
    "topology.optimization",
    "transaction.timeout.ms",
    "transactional.id",
    "upgrade.from",
    "windowstore.changelog.additional.retention.ms",
];

const FAMILIES: &[&str] = &["consumer.", "producer.", "admin.", "topic.", "ssl.", "sasl.", "main.consumer."];

fn known(name: &str) -> Option<&'static Property> {
    PROPERTIES.iter().find(|p| p.name == name)
}

impl Settings {
    /// Every property with an effect: its name, what was given, and what is in force; and others that were
    /// given, which have none.
    pub(super) fn list(&self) -> Vec<(String, Option<String>, String)> {
        let others = self.given.iter().filter(|(name, _)| known(name).is_none());
        let mut all: Vec<_> = PROPERTIES
            .iter()
            .map(|p| {
                let given = self.given.get(p.name).cloned();
                (p.name.to_owned(), given.clone(), given.unwrap_or_else(|| p.default.to_owned()))
            })
            .chain(others.map(|(name, value)| (name.clone(), Some(value.clone()), value.clone())))
            .collect();
        all.sort();
        all
    }
}

impl Binder {
    /// `SET 'name' = 'value'`
    pub(super) fn set(&mut self, name: &Literal, value: &Literal) -> Result<(), Diagnostic> {
        match known(&name.text) {
            Some(property) => {
                (property.apply)(&mut self.settings, Arc::make_mut(&mut self.env), Some(value))?;
            }
            None => self.set_unknown(name)?,
        }
        self.settings.given.insert(name.text.clone(), value.text.clone());
        Ok(())
    }

    /// Nothing is done about a property that only ksqlDB's own machinery has.
    fn set_unknown(&mut self, name: &Literal) -> Result<(), Diagnostic> {
        let text = name.text.as_str();
        if text.starts_with("ksql.") && !text.starts_with("ksql.streams.") {
            let near = PROPERTIES.iter().map(|p| p.name);
            if let Some(near) = crate::sql::nearest(text, near) {
                let message = format!("{text} has no effect here");
                self.warnings.push(
                    Diagnostic::warning("ignored", name.span, message).hint(format!("did you mean {near}?")),
                );
            }
            return Ok(());
        }
        let client = text.strip_prefix("ksql.streams.").unwrap_or(text);
        if CLIENT.contains(&client) || FAMILIES.iter().any(|family| client.starts_with(family)) {
            let message = format!("{text} has no effect here: the engine's own settings decide");
            self.warnings.push(Diagnostic::warning("ignored", name.span, message));
            return Ok(());
        }
        if text != client {
            return Ok(());
        }
        Err(Diagnostic::error("property", name.span, format!("there is no property {text}"))
            .did_you_mean(text, PROPERTIES.iter().map(|p| p.name).chain(CLIENT.iter().copied()))
            .or_hint("properties of ksqlDB begin with ksql."))
    }

    /// `UNSET 'name'`
    pub(super) fn unset(&mut self, name: &Literal) -> Result<(), Diagnostic> {
        match known(&name.text) {
            Some(property) => {
                (property.apply)(&mut self.settings, Arc::make_mut(&mut self.env), None)?;
            }
            None if self.settings.given.contains_key(&name.text) => {}
            None => self.set_unknown(name)?,
        }
        self.settings.given.remove(&name.text);
        Ok(())
    }
}

fn wrong(value: &Literal, message: String) -> Diagnostic {
    Diagnostic::error("property", value.span, message)
}

/// TRUE or FALSE, or the default.
fn flag(value: Option<&Literal>, default: bool) -> Result<bool, Diagnostic> {
    let Some(value) = value else { return Ok(default) };
    let word = value.text.to_ascii_lowercase();
    word.parse().map_err(|_| wrong(value, format!("'{}' is neither 'true' nor 'false'", value.text)))
}

/// A number of partitions or replicas.
fn count(value: &Literal) -> Result<i32, Diagnostic> {
    let count = value.text.parse().ok().filter(|n| *n > 0);
    count.ok_or_else(|| wrong(value, format!("'{}' is no whole number above 0", value.text)))
}

/// The longest list that COLLECT_LIST or COLLECT_SET makes; a negative number is none.
fn limit(value: Option<&Literal>) -> Result<u32, Diagnostic> {
    let Some(value) = value else { return Ok(Limits::NONE) };
    let limit = value.text.parse::<i32>().map(|n| u32::try_from(n).unwrap_or(Limits::NONE));
    limit.map_err(|_| {
        wrong(value, format!("a limit is a whole number, not {}", value.text)).hint("such as '1000'")
    })
}
