//! Transactions that stay open for longer than they may.
//!
//! Enters: when a transaction begins, which offsets it sends, and when it ends. Leaves: whether the log has ended it
//! meanwhile, as Kafka does after `transaction.timeout.ms`. What holds: until it has ended, or its time is over, nobody is
//! told the offsets that it holds; then its producer can do nothing more.

use std::time::{Duration, Instant};

use broker::{ProducerConfig, TopicPartition};

/// The transactions of live producers.
#[derive(Default)]
pub(super) struct Timeouts {
    open: Vec<Open>,
    next: u64,
}

struct Open {
    number: u64,
    offsets: Vec<TopicPartition>,
    until: Instant,
}

/// How long the transactions of a producer may stay open.
pub(super) fn of(config: &ProducerConfig) -> Duration {
    let given = config.properties.get("transaction.timeout.ms").and_then(|text| text.parse().ok());
    given.map_or(super::TRANSACTION, Duration::from_millis)
}

impl Timeouts {
    /// One begins that may stay open until then; its number.
    pub(super) fn begin(&mut self, until: Instant) -> u64 {
        self.next += 1;
        self.open.push(Open { number: self.next, offsets: Vec::new(), until });
        self.next
    }

    /// It sends offsets of these.
    pub(super) fn send(&mut self, number: u64, offsets: impl Iterator<Item = TopicPartition>) {
        if let Some(open) = self.open.iter_mut().find(|open| open.number == number) {
            open.offsets.extend(offsets);
        }
    }

    /// Whether its time is over.
    pub(super) fn is_over(&self, number: u64, now: Instant) -> bool {
        self.open.iter().any(|open| open.number == number && open.until <= now)
    }

    /// It has ended, however.
    pub(super) fn end(&mut self, number: u64) {
        self.open.retain(|open| open.number != number);
    }

    /// Whether one that is still open holds offsets of these.
    pub(super) fn is_pending(&self, partitions: &[TopicPartition], now: Instant) -> bool {
        let holds = |open: &Open| open.offsets.iter().any(|offset| partitions.contains(offset));
        self.open.iter().any(|open| open.until > now && holds(open))
    }
}
