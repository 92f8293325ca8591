//! One batch, one PostgreSQL transaction.
//!
//! What enters: an [`Intake`] and the offsets that the database is expected to hold. What leaves: its rows,
//! the decisions that they cause and the new offsets, all of them or nothing. What holds: no statement runs
//! once per row; the accounts' rows of `account_summary` are locked in order of their id before anything
//! else; offsets change by compare-and-set, so a batch is stored once, whoever else tries; partitions are
//! made before, in transactions of their own.

mod accounts;
mod actions;
mod alert_rows;
mod alerts;
pub(crate) mod audit;
mod context;
mod decisions;
pub(crate) mod offsets;
pub(crate) mod outbox;
mod partitions;
mod published;
mod reference;
mod trail;
mod transactions;
mod versions;
mod volume;

use std::collections::BTreeMap;

use broker::TopicPartition;
use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection};

use crate::copy::Direct;
use crate::decision::InForce;
use crate::intake::{Intake, TimeBounds};
use crate::lists::Lists;
use crate::targets::Targets;
use accounts::Accounts;
use decisions::{Decided, Deciding};
use partitions::Partitions;
pub(crate) use transactions::encode as encode_transactions;
pub(crate) use volume::refresh as refresh_rule_days;

/// What a batch stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) records: u64,
    pub(crate) transactions: u64,
    pub(crate) repeats: u64,
    pub(crate) alerts: u64,
    pub(crate) occurrences: u64,
    pub(crate) decisions: u64,
    pub(crate) dead_letters: u64,
}

/// Why a batch was not stored, or perhaps not.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Nothing of it is stored.
    RolledBack(sqlx::Error),
    /// The connection ended while COMMIT was under way: only `consumer_offsets` knows.
    Unknown(sqlx::Error),
    /// The offsets are not the expected ones: another consumer has taken over. Nothing is stored.
    Fenced,
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::RolledBack(error)
    }
}

/// What is remembered between batches; all of it can be lost.
#[derive(Debug, Default)]
pub(crate) struct Store {
    accounts: Accounts,
    partitions: Partitions,
    lists: Lists,
    transactions: Direct,
    alerts: alerts::Ways,
    policy: InForce,
    /// Whether the table of policies has it for certain.
    policy_noted: bool,
    targets: Targets,
    /// The log's cluster.
    cluster: String,
}

impl Store {
    /// Decides by a policy, whose notifications go to these targets.
    pub(crate) fn new(policy: InForce, targets: Targets) -> Self {
        Self { policy, targets, ..Self::default() }
    }

    /// Decides by another policy from now on.
    pub(crate) fn set_policy(&mut self, policy: InForce) {
        self.policy_noted = false;
        self.policy = policy;
    }

    /// Names the audit's chains after the log's cluster.
    pub(crate) fn set_cluster(&mut self, cluster: &str) {
        cluster.clone_into(&mut self.cluster);
    }

    fn deciding(&self) -> Deciding<'_> {
        Deciding { lists: &self.lists, policy: &self.policy, cluster: &self.cluster }
    }

    /// Writes a batch. `expected` holds the offsets as the database has them.
    pub(crate) async fn write(
        &mut self,
        connection: &mut PgConnection,
        intake: &mut Intake,
        expected: &BTreeMap<TopicPartition, i64>,
        now: DateTime<Utc>,
    ) -> Result<Written, Failure> {
        self.partitions.ensure(connection, intake).await?;
        self.lists.load(connection).await?;
        let mut tx = connection.begin().await?;
        let written = self.statements(&mut tx, intake, expected, now).await?;
        match tx.commit().await {
            Ok(()) => {
                self.accounts.committed();
                self.policy_noted |= written.decisions > 0;
                Ok(written)
            }
            // An answer of the server is certain; silence is not.
            Err(error @ sqlx::Error::Database(_)) => Err(Failure::RolledBack(error)),
            Err(error) => Err(Failure::Unknown(error)),
        }
    }

    async fn statements(
        &mut self,
        tx: &mut PgConnection,
        intake: &mut Intake,
        expected: &BTreeMap<TopicPartition, i64>,
        now: DateTime<Utc>,
    ) -> Result<Written, Failure> {
        self.accounts.lock(tx, intake).await?;
        self.lists.follow(tx).await?;
        let inserted = transactions::insert(tx, &mut self.transactions, intake, now).await?;
        let fresh = alerts::write(tx, &mut self.alerts, &intake.alerts, now).await?;
        reference::write(tx, intake, now).await?;
        let later = self.accounts.decided_later();
        let decided = decisions::revise(tx, self.deciding(), intake, &inserted, &fresh, later, now).await?;
        self.accounts.add(tx, intake, &inserted, &fresh, &decided).await?;
        volume::add(tx, intake, &inserted, &fresh, &decided).await?;
        actions::enqueue(tx, &decided.versions, &self.targets, now).await?;
        self.audit(tx, &decided, now).await?;
        if !offsets::advance(tx, &intake.progress, expected).await? {
            return Err(Failure::Fenced);
        }
        Ok(Written {
            records: intake.progress.values().map(|p| p.records as u64).sum(),
            transactions: inserted.count() as u64,
            repeats: intake.progress.values().map(|p| p.repeats as u64).sum(),
            alerts: fresh.alerts.len() as u64,
            occurrences: fresh.occurrences.len() as u64,
            decisions: decided.versions.len() as u64,
            dead_letters: intake.dead.len() as u64,
        })
    }

    /// What was decided into the audit; the policy that decided is kept, and audited, once.
    async fn audit(&self, tx: &mut PgConnection, decided: &Decided, now: DateTime<Utc>) -> sqlx::Result<()> {
        if decided.versions.is_empty() {
            return Ok(());
        }
        let mut entries = trail::decisions(&decided.versions, &self.policy)?;
        if !self.policy_noted && decisions::note_policy(tx, &self.policy, now).await? {
            entries.push(trail::policy(&self.policy)?);
        }
        audit::append(tx, &entries, now).await
    }

    /// Forgets which partitions and accounts are there, and the lists; they are looked up again.
    pub(crate) fn forget(&mut self) {
        self.partitions = Partitions::default();
        self.accounts = Accounts::default();
        // Another server may be the one that answers now, and number its changes in another way.
        self.lists = Lists::default();
        self.policy_noted = false;
    }

    /// Gives decisions that alerts made before their transaction came another look, where it has come
    /// unseen: a batch of another consumer, whose rule's alerts do not name the account.
    pub(crate) async fn revise_waiting(
        &mut self,
        connection: &mut PgConnection,
        now: DateTime<Utc>,
    ) -> sqlx::Result<u64> {
        self.lists.load(connection).await?;
        let mut tx = connection.begin().await?;
        self.lists.follow(&mut tx).await?;
        let decided = decisions::revise_waiting(&mut tx, self.deciding(), now).await?;
        accounts::add_decisions(&mut tx, &decided).await?;
        volume::add_decisions(&mut tx, &decided).await?;
        actions::enqueue(&mut tx, &decided.versions, &self.targets, now).await?;
        self.audit(&mut tx, &decided, now).await?;
        tx.commit().await?;
        Ok(decided.versions.len() as u64)
    }
}

/// Epoch microseconds as PostgreSQL takes them.
fn time(micros: i64) -> DateTime<Utc> {
    // Out of chrono's range is out of TimeBounds, which every time here has passed.
    DateTime::from_timestamp_micros(micros).unwrap_or_default()
}

/// Epoch milliseconds as PostgreSQL takes them.
fn time_ms(millis: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_millis(millis).unwrap_or_default()
}

/// Bounds by the clock and the settings.
pub(crate) fn bounds(now: DateTime<Utc>, earliest: DateTime<Utc>, ahead: std::time::Duration) -> TimeBounds {
    let ahead = i64::try_from(ahead.as_micros()).unwrap_or(i64::MAX / 4);
    TimeBounds { earliest: earliest.timestamp_micros(), latest: now.timestamp_micros().saturating_add(ahead) }
}
