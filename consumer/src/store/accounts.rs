//! The counts of each account.
//!
//! What enters: what a batch changes. What leaves: `account_summary`, equal to what a count over all stored
//! rows would give. What holds: the rows of a batch's accounts are locked in order of their id before the
//! batch looks at anything, so that two consumers never decide about one account at once, nor wait for
//! each other in a circle.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use events::{Mode, Severity};
use rust_decimal::Decimal;
use sqlx::PgConnection;

use crate::decision::micros;
use crate::intake::Intake;
use crate::store::alerts::Fresh;
use crate::store::decisions::{Counts, Decided};
use crate::store::transactions::Inserted;
use crate::store::{time, time_ms};

/// How many ids of accounts are remembered; about 60 bytes each.
const REMEMBERED: usize = 1_000_000;

/// The accounts that are known to have a row.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    known: HashSet<String>,
    /// Made by the transaction under way.
    made: Vec<String>,
    /// Those of the batch under way that have decisions of after its first record, with the latest event time
    /// of these in epoch microseconds.
    decided_later: HashMap<String, i64>,
}

/// What a batch adds to an account.
#[derive(Debug, Default)]
struct Delta {
    transactions: i64,
    total: Decimal,
    max: Decimal,
    first: Option<i64>,
    last: Option<i64>,
    alerts: i64,
    severity: Option<Severity>,
    last_alert: Option<i64>,
    shadow_alerts: i64,
    counts: Counts,
    last_decision: Option<i64>,
}

impl Accounts {
    /// Locks the rows of the batch's accounts in order of id, and makes those that are missing.
    pub(crate) async fn lock(&mut self, tx: &mut PgConnection, intake: &Intake) -> sqlx::Result<()> {
        self.decided_later.clear();
        let first = first_event(intake);
        let accounts: BTreeSet<&str> = intake
            .transactions
            .iter()
            .map(|t| t.value.account_id.as_str())
            .chain(intake.alerts.iter().map(|a| a.value.account_id.as_str()))
            .collect();
        if accounts.is_empty() {
            return Ok(());
        }
        self.made = accounts.iter().filter(|a| !self.known.contains(**a)).map(|a| (*a).to_owned()).collect();
        if !self.made.is_empty() {
            make(tx, &self.made).await?;
        }
        let accounts: Vec<&str> = accounts.into_iter().collect();
        let (mut locked, mut later) = lock(tx, &accounts, first).await?;
        if locked < accounts.len() as i64 {
            // Somebody deleted rows that were known: make them again.
            self.known.clear();
            let all: Vec<String> = accounts.iter().map(|a| (*a).to_owned()).collect();
            make(tx, &all).await?;
            (locked, later) = lock(tx, &accounts, first).await?;
            tracing::debug!(locked, "rows of account_summary were made again");
        }
        self.decided_later = later;
        Ok(())
    }

    /// Accounts that have decisions of after the batch's first record, with the latest event time of these.
    pub(crate) fn decided_later(&self) -> &HashMap<String, i64> {
        &self.decided_later
    }

    /// The transaction that made rows is committed.
    pub(crate) fn committed(&mut self) {
        if self.known.len() + self.made.len() > REMEMBERED {
            self.known.clear();
        }
        self.known.extend(self.made.drain(..));
    }

    /// Adds what the batch changes.
    pub(crate) async fn add(
        &self,
        tx: &mut PgConnection,
        intake: &Intake,
        inserted: &Inserted,
        fresh: &Fresh,
        decided: &Decided,
    ) -> sqlx::Result<()> {
        let mut deltas: BTreeMap<&str, Delta> = BTreeMap::new();
        for t in intake.transactions.iter().filter(|t| inserted.contains(t.position)) {
            let delta = deltas.entry(&t.value.account_id).or_default();
            let time = micros(t.value.timestamp);
            delta.transactions += 1;
            delta.total = delta.total.saturating_add(t.value.amount);
            delta.max = delta.max.max(t.value.amount);
            delta.first = Some(delta.first.map_or(time, |first| first.min(time)));
            delta.last = delta.last.max(Some(time));
        }
        for alert in fresh.alerts.iter().map(|&i| &intake.alerts[i].value) {
            let delta = deltas.entry(&alert.account_id).or_default();
            if alert.rule_mode != Mode::Live {
                delta.shadow_alerts += 1;
                continue;
            }
            delta.alerts += 1;
            delta.severity = delta.severity.max(Some(alert.severity));
            delta.last_alert = delta.last_alert.max(Some(alert.source.timestamp));
        }
        add_decided(&mut deltas, decided);
        update(tx, &deltas).await
    }
}

/// Adds what new versions change, where no batch is under way.
pub(crate) async fn add_decisions(tx: &mut PgConnection, decided: &Decided) -> sqlx::Result<()> {
    let mut deltas = BTreeMap::new();
    add_decided(&mut deltas, decided);
    update(tx, &deltas).await
}

fn add_decided<'a>(deltas: &mut BTreeMap<&'a str, Delta>, decided: &'a Decided) {
    for (account, counts) in &decided.counts {
        deltas.entry(account).or_default().counts = *counts;
    }
    for outcome in decided.versions.iter().map(|version| &version.outcome) {
        let last = &mut deltas.entry(&outcome.account_id).or_default().last_decision;
        *last = (*last).max(Some(outcome.event_time));
    }
}

async fn make(tx: &mut PgConnection, accounts: &[String]) -> sqlx::Result<()> {
    sqlx::query("INSERT INTO account_summary (account_id) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING")
        .bind(accounts)
        .execute(tx)
        .await
        .map(drop)
}

/// The earliest event of a batch.
fn first_event(intake: &Intake) -> i64 {
    let transactions = intake.transactions.iter().map(|t| micros(t.value.timestamp));
    let alerts = intake.alerts.iter().map(|a| a.value.source.timestamp.saturating_mul(1_000));
    transactions.chain(alerts).min().unwrap_or_default()
}

/// Locks rows in order of id; returns how many there are, and those with a decision of this event time or later.
pub(crate) async fn lock(
    tx: &mut PgConnection,
    accounts: &[&str],
    first: i64,
) -> sqlx::Result<(i64, HashMap<String, i64>)> {
    type Row = (i64, Option<Vec<String>>, Option<Vec<DateTime<Utc>>>);
    let (count, later, times): Row = sqlx::query_as(
        "SELECT count(*), array_agg(account_id) FILTER (WHERE last_decision_time >= $2),
             array_agg(last_decision_time) FILTER (WHERE last_decision_time >= $2)
         FROM (SELECT account_id, last_decision_time FROM account_summary WHERE account_id = ANY($1)
             ORDER BY account_id COLLATE \"C\" FOR NO KEY UPDATE) locked",
    )
    .bind(accounts)
    .bind(time(first))
    .fetch_one(tx)
    .await?;
    let times = times.unwrap_or_default().into_iter().map(micros);
    Ok((count, later.unwrap_or_default().into_iter().zip(times).collect()))
}

async fn update(tx: &mut PgConnection, deltas: &BTreeMap<&str, Delta>) -> sqlx::Result<()> {
    if deltas.is_empty() {
        return Ok(());
    }
    let numbers = |f: fn(&Delta) -> i64| deltas.values().map(f).collect::<Vec<i64>>();
    let times = |f: fn(&Delta) -> Option<i64>| {
        deltas.values().map(|d| f(d).map(time)).collect::<Vec<Option<DateTime<Utc>>>>()
    };
    sqlx::query(
        "UPDATE account_summary s
         SET transactions = s.transactions + d.transactions, total_amount = s.total_amount + d.total,
             max_amount = greatest(s.max_amount, d.max),
             first_event_time = least(s.first_event_time, d.first),
             last_event_time = greatest(s.last_event_time, d.last),
             alerts = s.alerts + d.alerts,
             highest_severity = greatest(s.highest_severity, d.severity::severity),
             last_alert_time = greatest(s.last_alert_time, d.last_alert),
             flagged = s.flagged + d.flagged, reviewed = s.reviewed + d.reviewed, blocked = s.blocked + d.blocked,
             shadow_alerts = s.shadow_alerts + d.shadow_alerts,
             last_decision_time = greatest(s.last_decision_time, d.last_decision)
         FROM unnest($1::text[], $2::bigint[], $3::numeric[], $4::numeric[], $5::timestamptz[], $6::timestamptz[],
                  $7::bigint[], $8::text[], $9::timestamptz[], $10::bigint[], $11::bigint[], $12::bigint[],
                  $13::bigint[], $14::timestamptz[])
              AS d (account_id, transactions, total, max, first, last, alerts, severity, last_alert, flagged, reviewed,
                    blocked, shadow_alerts, last_decision)
         WHERE s.account_id = d.account_id",
    )
    .bind(deltas.keys().copied().collect::<Vec<&str>>())
    .bind(numbers(|d| d.transactions))
    .bind(deltas.values().map(|d| d.total).collect::<Vec<_>>())
    .bind(deltas.values().map(|d| d.max).collect::<Vec<_>>())
    .bind(times(|d| d.first))
    .bind(times(|d| d.last))
    .bind(numbers(|d| d.alerts))
    .bind(deltas.values().map(|d| d.severity.map(|s| s.as_str())).collect::<Vec<_>>())
    .bind(deltas.values().map(|d| d.last_alert.map(time_ms)).collect::<Vec<_>>())
    .bind(numbers(|d| d.counts.flagged))
    .bind(numbers(|d| d.counts.reviewed))
    .bind(numbers(|d| d.counts.blocked))
    .bind(numbers(|d| d.shadow_alerts))
    .bind(times(|d| d.last_decision))
    .execute(tx)
    .await
    .map(drop)
}
