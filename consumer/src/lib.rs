//! Alerts and transactions to decisions in PostgreSQL.
//!
//! What enters: records of `transactions`, `fraud_alerts`, `customer_profiles`, `transaction_labels` and
//! `rules`, as far as they are committed. What leaves: rows of the schema in `migrations/`, and copies of
//! refused records on `<topic>.dlq`. What holds: everything that a batch causes, its offsets included, is one
//! PostgreSQL transaction, so every record counts exactly once, whatever is killed when.
//!
//! The life of a batch:
//! 1. [`run`]'s loop polls it from the log (`runner`);
//! 2. its bytes become checked events, or dead letters (`intake`);
//! 3. partitions that it needs are made (`store::partitions`);
//! 4. one transaction locks its accounts, stores transactions, crossings and alerts, decides
//!    ([`decision::decide`]) what they change, counts, and moves the offsets on (`store`);
//! 5. other threads send what it has left to be sent (`dispatch`): messages and dead letters to their
//!    topics, notifications to their targets.

pub mod actions;
pub mod audit;
pub mod bench;
mod copy;
mod database;
pub mod decision;
pub mod desk;
mod dispatch;
mod error;
mod housekeeping;
mod intake;
mod lists;
mod migrate;
mod policy_file;
mod refused;
mod runner;
mod store;
pub mod targets;
mod writer;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, Utc};
use events::Mask;

pub use error::{Error, ForeignLog, OffsetLost, Result};
pub use housekeeping::{Retention, Tidied, tidy};
pub use lists::{Kind, ListAction, ListHit, Match};
pub use migrate::{Migrated, Role, login, migrate};
pub use policy_file::PolicyFile;
pub use runner::run;

/// 2000-01-01 00:00 UTC in epoch seconds.
const YEAR_2000: i64 = 946_684_800;

/// Settings of [`run`].
#[derive(Clone)]
pub struct Options {
    /// PostgreSQL as a member of `streamguard_writer`: `postgres://USER:PASSWORD@HOST:PORT/DATABASE`.
    pub database_url: String,
    /// Where set, pending migrations are applied first, by this login.
    pub owner_url: Option<String>,
    /// The consumer group that the partitions are shared in.
    pub group: String,
    /// An identity that survives a restart (Kafka's static membership).
    pub instance: Option<String>,
    /// Properties of the log's consumer.
    pub consumer_properties: BTreeMap<String, String>,
    /// Properties of the producer of dead letters.
    pub producer_properties: BTreeMap<String, String>,
    /// What weighs how much.
    pub policy: decision::Policy,
    /// The file that the policy is from; followed while running.
    pub policy_file: Option<PolicyFile>,
    /// Fields that are masked in dead letters.
    pub mask: Mask,
    /// A file that the audit's heads are appended to, beside the topic `audit_heads`.
    pub audit_file: Option<PathBuf>,
    /// Whom notifications can be sent to.
    pub targets: targets::Targets,
    /// The most records of one batch.
    pub max_batch: usize,
    /// Bytes of records after which a batch takes no further one.
    pub max_batch_bytes: usize,
    /// How long PostgreSQL may say nothing before its connection is given up.
    pub silence: Duration,
    /// How long rows are kept.
    pub retention: Retention,
    /// Events before this time are dead-lettered.
    pub earliest: DateTime<Utc>,
    /// Events further than this ahead of the clock are dead-lettered.
    pub ahead: Duration,
}

impl Options {
    /// The defaults, for a database.
    pub fn new(database_url: impl Into<String>) -> Self {
        Self {
            database_url: database_url.into(),
            owner_url: None,
            group: "streamguard-consumer".to_owned(),
            instance: None,
            consumer_properties: BTreeMap::new(),
            producer_properties: BTreeMap::new(),
            policy: decision::Policy::default(),
            policy_file: None,
            mask: Mask::default(),
            audit_file: None,
            targets: targets::Targets::default(),
            max_batch: 20_000,
            max_batch_bytes: 8 * 1024 * 1024,
            silence: database::SILENCE,
            retention: Retention::default(),
            earliest: DateTime::from_timestamp(YEAR_2000, 0).unwrap_or_default(),
            ahead: Duration::from_secs(24 * 60 * 60),
        }
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The URLs hold passwords.
        f.debug_struct("Options")
            .field("group", &self.group)
            .field("instance", &self.instance)
            .field("max_batch", &self.max_batch)
            .field("max_batch_bytes", &self.max_batch_bytes)
            .field("earliest", &self.earliest)
            .field("ahead", &self.ahead)
            .finish_non_exhaustive()
    }
}

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Batches committed.
    pub batches: u64,
    /// Records read and accounted for.
    pub records: u64,
    /// Transactions stored.
    pub transactions: u64,
    /// Transactions that were stored already, from another record.
    pub repeats: u64,
    /// Alerts that are new.
    pub alerts: u64,
    /// Crossings of alerts that are new.
    pub occurrences: u64,
    /// Versions of decisions written.
    pub decisions: u64,
    /// Records refused.
    pub dead_letters: u64,
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} records: {} transactions stored, {} repeats, {} new alerts ({} crossings), {} decisions, \
             {} dead letters",
            self.records,
            self.transactions,
            self.repeats,
            self.alerts,
            self.occurrences,
            self.decisions,
            self.dead_letters
        )
    }
}

/// The runtime that drives a connection; one thread is enough, which is the caller's.
fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|source| Error::System { context: "starting the asynchronous runtime", source })
}
