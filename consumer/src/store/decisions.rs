//! Decisions as versions.
//!
//! What enters: which transactions and crossings of a batch are new. What leaves: a new version for every
//! transaction whose inputs changed, and what that changes in the counts of its account. What holds: a
//! version is written once and only where the inputs differ from those of the latest one, so redelivered
//! records make none; alerts and transactions of one batch give one version. The inputs so far are the
//! latest version's explanation: nothing else has to be looked up but a transaction that an alert names.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use events::topics;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use crate::decision::{AlertFacts, Decision, InForce, Inputs, Outcome, TransactionFacts, decide, micros};
use crate::intake::Intake;
use crate::lists::Lists;
use crate::store::alerts::Fresh;
use crate::store::transactions::Inserted;
use crate::store::{accounts, context, versions};

/// How far an alert's source record may lie from the transaction that the alert names. They are the same
/// record unless the rule selects another, or a foreign engine sets times of its own.
const SEARCH: TimeDelta = TimeDelta::days(1);

/// What new versions change in an account's counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) flagged: i64,
    pub(crate) reviewed: i64,
    pub(crate) blocked: i64,
}

impl Counts {
    fn add(&mut self, decision: Decision, by: i64) {
        self.flagged += by;
        self.reviewed += if decision == Decision::Review { by } else { 0 };
        self.blocked += if decision == Decision::Block { by } else { 0 };
    }
}

/// What decides: the same for a whole batch.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Deciding<'a> {
    pub(crate) lists: &'a Lists,
    pub(crate) policy: &'a InForce,
    /// The log's cluster, which chains are named after.
    pub(crate) cluster: &'a str,
}

/// What was decided.
#[derive(Debug, Default)]
pub(crate) struct Decided {
    /// The versions written, by transaction id.
    pub(crate) versions: Vec<NewVersion>,
    /// Changes by account.
    pub(crate) counts: BTreeMap<String, Counts>,
    /// Changes by merchant, and partition of the record that caused them.
    pub(crate) merchants: BTreeMap<(String, i32), Counts>,
}

/// A version that was written.
#[derive(Debug)]
pub(crate) struct NewVersion {
    pub(crate) transaction_id: String,
    pub(crate) version: i32,
    /// What it rests on: alerts with rule and version, list entries, context.
    pub(crate) inputs: Inputs,
    /// The hash of that and of the policy.
    pub(crate) inputs_hash: [u8; 32],
    /// Decision, severity, score, factors, actions, reason, account and event time.
    pub(crate) outcome: Outcome,
    /// The audit's chain, `<cluster>/<topic>/<partition>` of the record that caused it.
    pub(crate) chain: String,
}

/// What is known of a transaction id: its latest version, and what is new.
#[derive(Debug, Default)]
struct Subject {
    version: i32,
    before: Inputs,
    decided: Option<Decision>,
    now: Inputs,
    cause: Option<Cause>,
}

/// The topic and partition of a record that asks for a decision.
type Cause = (&'static str, i32);

/// Decides what a batch changes.
pub(crate) async fn revise(
    tx: &mut PgConnection,
    by: Deciding<'_>,
    intake: &Intake,
    inserted: &Inserted,
    fresh: &Fresh,
    latest: &HashMap<String, i64>,
    now: DateTime<Utc>,
) -> sqlx::Result<Decided> {
    let mut subjects: BTreeMap<String, Subject> = BTreeMap::new();
    let columns = &by.policy.policy.velocity.evidence;
    for at in fresh.occurrences.iter().map(|&i| &intake.alerts[i]) {
        let alert = &at.value;
        if let (Some(facts), Some(id)) = (AlertFacts::of(alert, columns), &alert.transaction_id) {
            let subject = subjects.entry(id.clone()).or_default();
            subject.now.add_alert(alert.alert_id, facts);
            subject.cause.get_or_insert((topics::FRAUD_ALERTS.name, at.position.partition));
        }
    }
    let waiting = waiting(tx, intake).await?;
    for t in intake.transactions.iter().filter(|t| inserted.contains(t.position)) {
        let id = &t.value.transaction_id;
        if subjects.contains_key(id) || waiting.contains(id) || by.lists.is_hit(&t.value, now) {
            let facts = TransactionFacts::of(&t.value);
            let subject = subjects.entry(id.clone()).or_default();
            subject.now.transactions.insert(micros(t.value.timestamp), facts);
            subject.cause.get_or_insert((topics::TRANSACTIONS.name, t.position.partition));
        }
    }
    let cause = intake.cause();
    for id in context::changed_by_late(tx, intake, inserted, fresh, latest, &by.policy.policy).await? {
        subjects.entry(id).or_default().cause.get_or_insert(cause);
    }
    finish(tx, by, subjects, now).await
}

/// Decides again for alerts whose transaction is stored and was not seen by the batch that brought either.
pub(crate) async fn revise_waiting(
    tx: &mut PgConnection,
    by: Deciding<'_>,
    now: DateTime<Utc>,
) -> sqlx::Result<Decided> {
    let rows: Vec<(String, String, i32)> = sqlx::query_as(
        "SELECT h.transaction_id, t.account_id, t.source_partition
         FROM decision_heads h
         JOIN decisions d ON d.transaction_id = h.transaction_id AND d.version = h.version
         JOIN transactions t ON t.transaction_id = h.transaction_id
              AND t.event_time BETWEEN d.event_time - $1 AND d.event_time + $1
         WHERE NOT h.transaction_known
         LIMIT 1000",
    )
    .bind(SEARCH)
    .fetch_all(&mut *tx)
    .await?;
    if rows.is_empty() {
        return Ok(Decided::default());
    }
    let accounts: BTreeSet<&str> = rows.iter().map(|(_, account, _)| account.as_str()).collect();
    accounts::lock(tx, &accounts.into_iter().collect::<Vec<_>>(), i64::MAX).await?;
    let subject =
        |partition| Subject { cause: Some((topics::TRANSACTIONS.name, partition)), ..Subject::default() };
    let subjects = rows.into_iter().map(|(id, _, partition)| (id, subject(partition))).collect();
    finish(tx, by, subjects, now).await
}

/// Which of the batch's transactions an earlier alert waits for.
async fn waiting(tx: &mut PgConnection, intake: &Intake) -> sqlx::Result<HashSet<String>> {
    if intake.transactions.is_empty() {
        return Ok(HashSet::new());
    }
    let any: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM decision_heads WHERE NOT transaction_known)")
            .fetch_one(&mut *tx)
            .await?;
    if !any {
        return Ok(HashSet::new());
    }
    let ids: Vec<String> = sqlx::query_scalar(
        "SELECT transaction_id FROM decision_heads WHERE NOT transaction_known AND transaction_id = ANY($1)",
    )
    .bind(intake.transactions.iter().map(|t| t.value.transaction_id.as_str()).collect::<Vec<_>>())
    .fetch_all(tx)
    .await?;
    Ok(ids.into_iter().collect())
}

/// Adds what is stored, decides, writes.
async fn finish(
    tx: &mut PgConnection,
    by: Deciding<'_>,
    mut subjects: BTreeMap<String, Subject>,
    now: DateTime<Utc>,
) -> sqlx::Result<Decided> {
    if subjects.is_empty() {
        return Ok(Decided::default());
    }
    load_latest(tx, &mut subjects).await?;
    load_transactions(tx, &mut subjects).await?;
    for subject in subjects.values_mut() {
        subject.now.list_hits = by.lists.hits(subject.now.subjects(), now);
    }
    let known = subjects.iter().map(|(id, subject)| (id.as_str(), &subject.now));
    let mut contexts = context::load(tx, known, &by.policy.policy).await?;
    let mut decided = Decided::default();
    for (transaction_id, mut subject) in subjects {
        subject.now.context = contexts.remove(&transaction_id).unwrap_or_default();
        if subject.now.rest_on_the_same(&subject.before) {
            continue;
        }
        let Some(outcome) = decide(&subject.now, &by.policy.policy) else { continue };
        let (topic, partition) = subject.cause.unwrap_or((topics::TRANSACTIONS.name, 0));
        count(&mut decided, partition, &subject.before, subject.decided, -1);
        count(&mut decided, partition, &subject.now, Some(outcome.decision), 1);
        decided.versions.push(NewVersion {
            transaction_id,
            version: subject.version + 1,
            inputs_hash: subject.now.hash(&by.policy.hash),
            inputs: subject.now,
            outcome,
            chain: format!("{}/{topic}/{partition}", by.cluster),
        });
    }
    if !decided.versions.is_empty() {
        versions::insert(tx, by.policy, &decided.versions, now).await?;
    }
    Ok(decided)
}

/// Adds or takes away what a decision counts for; only stored transactions count.
fn count(decided: &mut Decided, partition: i32, inputs: &Inputs, decision: Option<Decision>, by: i64) {
    let Some(decision) = decision else { return };
    for facts in inputs.transactions.values() {
        decided.counts.entry(facts.account_id.clone()).or_default().add(decision, by);
        if let Some(merchant) = &facts.merchant {
            decided.merchants.entry((merchant.clone(), partition)).or_default().add(decision, by);
        }
    }
}

/// The latest versions, locked, merged with what is new.
async fn load_latest(tx: &mut PgConnection, subjects: &mut BTreeMap<String, Subject>) -> sqlx::Result<()> {
    let ids: Vec<&str> = subjects.keys().map(String::as_str).collect();
    let rows: Vec<(String, i32, String, String)> = sqlx::query_as(
        "SELECT d.transaction_id, d.version, d.decision, d.explanation::text
         FROM (SELECT transaction_id, version FROM decision_heads WHERE transaction_id = ANY($1)
               ORDER BY transaction_id COLLATE \"C\" FOR UPDATE) h
         JOIN decisions d ON d.transaction_id = h.transaction_id AND d.version = h.version",
    )
    .bind(&ids)
    .fetch_all(tx)
    .await?;
    for (id, version, decision, explanation) in rows {
        let before = Inputs::from_explanation(&explanation)
            .map_err(|error| sqlx::Error::Decode(format!("explanation of {id}/{version}: {error}").into()))?;
        if let Some(subject) = subjects.get_mut(&id) {
            subject.version = version;
            subject.decided = [Decision::Approve, Decision::Review, Decision::Block]
                .into_iter()
                .find(|known| known.as_str() == decision);
            for (alert, facts) in &before.alerts {
                subject.now.add_alert(*alert, facts.clone());
            }
            subject.now.transactions.extend(before.transactions.clone());
            subject.before = before;
        }
    }
    Ok(())
}

/// Looks up the transactions that alerts name and no batch has brought to them yet.
async fn load_transactions(
    tx: &mut PgConnection,
    subjects: &mut BTreeMap<String, Subject>,
) -> sqlx::Result<()> {
    let wanted: Vec<(String, DateTime<Utc>)> = subjects
        .iter()
        .filter(|(_, subject)| subject.now.transactions.is_empty())
        .filter_map(|(id, s)| Some((id.clone(), s.now.alerts.values().map(|a| a.source.0).min()?)))
        .map(|(id, millis)| (id, super::time_ms(millis)))
        .collect();
    let times = wanted.iter().map(|(_, time)| *time);
    let (Some(first), Some(last)) = (times.clone().min(), times.max()) else { return Ok(()) };
    let rows = sqlx::query(
        "SELECT t.transaction_id, t.event_time, t.account_id, t.amount, t.merchant, t.category, t.country, t.city,
             t.currency, t.device_id, t.ip, t.card_bin
         FROM unnest($1::text[], $2::timestamptz[], $3::timestamptz[]) AS w (id, first, last)
         JOIN transactions t ON t.transaction_id = w.id AND t.event_time BETWEEN w.first AND w.last
         WHERE t.event_time BETWEEN $4 AND $5",
    )
    .bind(wanted.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>())
    .bind(wanted.iter().map(|(_, time)| *time - SEARCH).collect::<Vec<_>>())
    .bind(wanted.iter().map(|(_, time)| *time + SEARCH).collect::<Vec<_>>())
    .bind(first - SEARCH)
    .bind(last + SEARCH)
    .fetch_all(tx)
    .await?;
    for row in &rows {
        let (id, event_time): (String, DateTime<Utc>) = (row.try_get(0)?, row.try_get(1)?);
        if let Some(subject) = subjects.get_mut(&id) {
            subject.now.transactions.insert(micros(event_time), facts(row)?);
        }
    }
    Ok(())
}

/// A stored transaction, from the third column on.
fn facts(row: &PgRow) -> sqlx::Result<TransactionFacts> {
    Ok(TransactionFacts {
        account_id: row.try_get(2)?,
        amount: Some(row.try_get::<rust_decimal::Decimal, _>(3)?.normalize()),
        merchant: row.try_get(4)?,
        category: row.try_get(5)?,
        country: row.try_get(6)?,
        city: row.try_get(7)?,
        currency: row.try_get(8)?,
        device_id: row.try_get(9)?,
        ip: row.try_get(10)?,
        card_bin: row.try_get(11)?,
    })
}

/// Keeps a policy in the table of those that decided.
pub(crate) async fn note_policy(
    tx: &mut PgConnection,
    policy: &InForce,
    now: DateTime<Utc>,
) -> sqlx::Result<bool> {
    sqlx::query(
        "INSERT INTO policies (hash, name, content, first_used_at) VALUES ($1, $2, $3::jsonb, $4)
         ON CONFLICT DO NOTHING",
    )
    .bind(&policy.hash[..])
    .bind(&policy.policy.name)
    .bind(policy.policy.canonical())
    .bind(now)
    .execute(tx)
    .await
    .map(|done| done.rows_affected() > 0)
}
