//! Client properties that are passed through, and those that are not.
//!
//! What holds: what exactly-once rests on is set by this crate alone; a property that would change it is
//! refused, whatever its value, by every implementation.

use std::collections::BTreeMap;

use crate::{Error, ErrorKind, Result};

/// Of consumers.
pub(crate) const CONSUMER: &[&str] = &[
    "auto.offset.reset",
    "bootstrap.servers",
    "enable.auto.commit",
    "enable.auto.offset.store",
    "enable.partition.eof",
    "group.id",
    "group.instance.id",
    "group.protocol",
    "group.remote.assignor",
    "isolation.level",
    "metadata.broker.list",
    "partition.assignment.strategy",
];

/// Of producers.
pub(crate) const PRODUCER: &[&str] = &[
    "acks",
    "bootstrap.servers",
    "delivery.report.only.error",
    "enable.gapless.guarantee",
    "enable.idempotence",
    "max.in.flight",
    "max.in.flight.requests.per.connection",
    "metadata.broker.list",
    "partitioner",
    "request.required.acks",
    "retries",
    "message.send.max.retries",
    "transactional.id",
];

/// An error where one of `refused` is set.
pub(crate) fn check(doing: &str, properties: &BTreeMap<String, String>, refused: &[&str]) -> Result<()> {
    match refused.iter().find(|name| properties.contains_key(**name)) {
        None => Ok(()),
        Some(name) => Err(Error::new(
            ErrorKind::Config,
            doing,
            format!("{name} cannot be set: exactly-once rests on it; remove it from the client properties"),
        )),
    }
}
