//! What a client's callbacks leave for the thread that owns it.
//!
//! What enters: rebalances, errors, log lines, failed deliveries, from whatever thread librdkafka calls.
//! What leaves: the same, when the owner asks. What holds: a callback does nothing but record; an outage is
//! logged once, however often librdkafka reports it.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use rdkafka::client::ClientContext;
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};

use crate::TopicPartition;

/// What the group wants.
#[derive(Debug)]
pub(super) enum Change {
    Assign(Vec<TopicPartition>),
    Revoke { partitions: Vec<TopicPartition>, lost: bool },
}

/// A record that was not delivered.
#[derive(Debug, Clone)]
pub(super) struct Undelivered {
    pub(super) code: RDKafkaErrorCode,
    pub(super) to: String,
}

/// The state shared between a client's owner and its callbacks.
pub(super) struct Context {
    /// For messages: `consumer of group g on Kafka at localhost:9092`.
    name: String,
    changes: Mutex<VecDeque<Change>>,
    undelivered: Mutex<Option<Undelivered>>,
    closing: AtomicBool,
    down: AtomicBool,
}

impl ClientContext for Context {}

impl Context {
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            changes: Mutex::default(),
            undelivered: Mutex::default(),
            closing: AtomicBool::new(false),
            down: AtomicBool::new(false),
        }
    }

    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::SeqCst)
    }

    pub(super) fn rebalanced(&self, change: Change) {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).push_back(change);
    }

    pub(super) fn next_change(&self) -> Option<Change> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }

    /// Keeps the first of a transaction: the others follow from it.
    pub(super) fn not_delivered(&self, code: RDKafkaErrorCode, to: &str) {
        let mut slot = self.undelivered.lock().unwrap_or_else(PoisonError::into_inner);
        slot.get_or_insert_with(|| Undelivered { code, to: to.to_owned() });
    }

    pub(super) fn take_undelivered(&self) -> Option<Undelivered> {
        self.undelivered.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// A broker has answered.
    pub(super) fn answered(&self) {
        if self.down.swap(false, Ordering::Relaxed) {
            tracing::info!(client = self.name, "Kafka answers again");
        }
    }

    /// A global error. The transient ones are librdkafka's to mend.
    pub(super) fn error(&self, code: i32, reason: &str) {
        let code = RDKafkaRespErr::try_from(code).map_or(RDKafkaErrorCode::Unknown, RDKafkaErrorCode::from);
        match code {
            RDKafkaErrorCode::AllBrokersDown => {
                if !self.down.swap(true, Ordering::Relaxed) {
                    tracing::warn!(
                        client = self.name,
                        reason,
                        "no Kafka broker can be reached; still trying"
                    );
                }
            }
            RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::Resolve => {
                tracing::debug!(client = self.name, reason, "a Kafka broker cannot be reached");
            }
            RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SSL => {
                tracing::error!(client = self.name, reason, "Kafka refuses the connection");
            }
            _ => tracing::warn!(client = self.name, ?code, reason, "Kafka client error"),
        }
    }

    /// A line of librdkafka's log, with its syslog level. Lost connections and failed transactions come as errors,
    /// too, so they are not warned of twice; that a new leader is not known yet is nothing to act on.
    pub(super) fn log(&self, level: i32, facility: &str, line: &str) {
        let client = &self.name;
        match (level, facility) {
            (_, "FAIL" | "ERROR" | "FATAL" | "TXNERR" | "METADATAUPDATE") => {
                tracing::debug!(target: "librdkafka", client, facility, line)
            }
            (..=3, _) => tracing::error!(target: "librdkafka", client, facility, line),
            (4, _) => tracing::warn!(target: "librdkafka", client, facility, line),
            (5 | 6, _) => tracing::info!(target: "librdkafka", client, facility, line),
            _ => tracing::debug!(target: "librdkafka", client, facility, line),
        }
    }
}
