//! Decisions as versions.
//!
//! What enters: which transactions and crossings of a batch are new. What leaves: a new version for every
//! transaction whose inputs changed, and what that changes in the counts of its account. What holds: a
//! version is written once and only where the inputs differ from those of the latest one, so redelivered
//! records make none; alerts and transactions of one batch give one version. The inputs so far are the
//! latest version's explanation: nothing else has to be looked up but a transaction that an alert names.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::PgConnection;

use crate::decision::{AlertFacts, Decision, Inputs, Outcome, TransactionFacts, decide, micros};
use crate::intake::Intake;
use crate::lists::Lists;
use crate::store::alerts::Fresh;
use crate::store::transactions::Inserted;
use crate::store::{accounts, time};

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

/// What was decided.
#[derive(Debug, Default)]
pub(crate) struct Decided {
    /// How many versions were written.
    pub(crate) versions: u64,
    /// Changes by account.
    pub(crate) counts: BTreeMap<String, Counts>,
}

/// What is known of a transaction id: its latest version, and what is new.
#[derive(Debug, Default)]
struct Subject {
    version: i32,
    before: Inputs,
    decided: Option<Decision>,
    now: Inputs,
}

/// Decides what a batch changes.
pub(crate) async fn revise(
    tx: &mut PgConnection,
    lists: &Lists,
    intake: &Intake,
    inserted: &Inserted,
    fresh: &Fresh,
    now: DateTime<Utc>,
) -> sqlx::Result<Decided> {
    let mut subjects: BTreeMap<String, Subject> = BTreeMap::new();
    for &i in &fresh.occurrences {
        let alert = &intake.alerts[i];
        if let (Some(facts), Some(id)) = (AlertFacts::of(alert), &alert.transaction_id) {
            subjects.entry(id.clone()).or_default().now.add_alert(alert.alert_id, facts);
        }
    }
    let waiting = waiting(tx, intake).await?;
    for t in intake.transactions.iter().filter(|t| inserted.contains(t.position)) {
        let id = &t.value.transaction_id;
        if subjects.contains_key(id) || waiting.contains(id) || lists.is_hit(&t.value) {
            let facts = TransactionFacts::of(&t.value);
            subjects.entry(id.clone()).or_default().now.transactions.insert(micros(t.value.timestamp), facts);
        }
    }
    finish(tx, lists, subjects, now).await
}

/// Decides again for alerts whose transaction is stored and was not seen by the batch that brought either.
pub(crate) async fn revise_waiting(
    tx: &mut PgConnection,
    lists: &Lists,
    now: DateTime<Utc>,
) -> sqlx::Result<Decided> {
    let rows: Vec<(String, String)> = sqlx::query_as(
        "SELECT h.transaction_id, t.account_id
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
    let accounts: BTreeSet<&str> = rows.iter().map(|(_, account)| account.as_str()).collect();
    accounts::lock(tx, &accounts.into_iter().collect::<Vec<_>>()).await?;
    let subjects = rows.iter().map(|(id, _)| (id.clone(), Subject::default())).collect();
    finish(tx, lists, subjects, now).await
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
    lists: &Lists,
    mut subjects: BTreeMap<String, Subject>,
    now: DateTime<Utc>,
) -> sqlx::Result<Decided> {
    if subjects.is_empty() {
        return Ok(Decided::default());
    }
    load_latest(tx, &mut subjects).await?;
    load_transactions(tx, &mut subjects).await?;
    let mut decided = Decided::default();
    let mut versions = Vec::new();
    for (id, subject) in &mut subjects {
        subject.now.list_hits = lists.hits(subject.now.subjects());
        if subject.now.rest_on_the_same(&subject.before) {
            continue;
        }
        let Some(outcome) = decide(&subject.now) else { continue };
        count(&mut decided.counts, &subject.before, subject.decided, -1);
        count(&mut decided.counts, &subject.now, Some(outcome.decision), 1);
        versions.push(Version { id, number: subject.version + 1, inputs: &subject.now, outcome });
    }
    decided.versions = versions.len() as u64;
    if !versions.is_empty() {
        insert(tx, &versions, now).await?;
    }
    Ok(decided)
}

/// Adds or takes away what a decision counts for; only stored transactions count.
fn count(counts: &mut BTreeMap<String, Counts>, inputs: &Inputs, decision: Option<Decision>, by: i64) {
    let Some(decision) = decision else { return };
    for facts in inputs.transactions.values() {
        let counts = counts.entry(facts.account_id.clone()).or_default();
        counts.flagged += by;
        counts.reviewed += if decision == Decision::Review { by } else { 0 };
        counts.blocked += if decision == Decision::Block { by } else { 0 };
    }
}

/// The latest versions, locked, merged with what is new.
async fn load_latest(tx: &mut PgConnection, subjects: &mut BTreeMap<String, Subject>) -> sqlx::Result<()> {
    let ids: Vec<&str> = subjects.keys().map(String::as_str).collect();
    let rows: Vec<(String, i32, String, serde_json::Value)> = sqlx::query_as(
        "SELECT d.transaction_id, d.version, d.decision, d.explanation
         FROM (SELECT transaction_id, version FROM decision_heads WHERE transaction_id = ANY($1)
               ORDER BY transaction_id COLLATE \"C\" FOR UPDATE) h
         JOIN decisions d ON d.transaction_id = h.transaction_id AND d.version = h.version",
    )
    .bind(&ids)
    .fetch_all(tx)
    .await?;
    for (id, version, decision, explanation) in rows {
        let before = Inputs::from_explanation(explanation)
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
    type Row = (
        String,
        DateTime<Utc>,
        String,
        rust_decimal::Decimal,
        Option<String>,
        Option<String>,
        Option<String>,
    );
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT t.transaction_id, t.event_time, t.account_id, t.amount, t.merchant, t.category, t.country
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
    for (id, event_time, account_id, amount, merchant, category, country) in rows {
        if let Some(subject) = subjects.get_mut(&id) {
            let amount = Some(amount.normalize());
            let facts = TransactionFacts { account_id, amount, merchant, category, country };
            subject.now.transactions.insert(micros(event_time), facts);
        }
    }
    Ok(())
}

/// A version to write.
struct Version<'a> {
    id: &'a str,
    number: i32,
    inputs: &'a Inputs,
    outcome: Outcome,
}

async fn insert(tx: &mut PgConnection, versions: &[Version<'_>], now: DateTime<Utc>) -> sqlx::Result<()> {
    sqlx::query(
        "INSERT INTO decisions (transaction_id, version, event_time, account_id, decision, severity, score, reason,
             explanation, transaction_known, inputs_hash, decided_at)
         SELECT id, version, event_time, account_id, decision, severity::severity, score, reason, explanation,
             known, hash, $12
         FROM unnest($1::text[], $2::int[], $3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::float8[],
             $8::text[], $9::jsonb[], $10::bool[], $11::bytea[])
             AS d (id, version, event_time, account_id, decision, severity, score, reason, explanation, known, hash)",
    )
    .bind(versions.iter().map(|v| v.id).collect::<Vec<_>>())
    .bind(versions.iter().map(|v| v.number).collect::<Vec<_>>())
    .bind(versions.iter().map(|v| time(v.outcome.event_time)).collect::<Vec<_>>())
    .bind(versions.iter().map(|v| v.outcome.account_id.as_str()).collect::<Vec<_>>())
    .bind(versions.iter().map(|v| v.outcome.decision.as_str()).collect::<Vec<_>>())
    .bind(versions.iter().map(|v| v.outcome.severity.map(|s| s.as_str())).collect::<Vec<_>>())
    .bind(versions.iter().map(|v| v.outcome.score).collect::<Vec<_>>())
    .bind(versions.iter().map(|v| v.outcome.reason.as_str()).collect::<Vec<_>>())
    .bind(versions.iter().map(|v| v.inputs.explanation()).collect::<Vec<_>>())
    .bind(versions.iter().map(|v| v.outcome.transaction_known).collect::<Vec<_>>())
    .bind(versions.iter().map(|v| v.inputs.hash().to_vec()).collect::<Vec<_>>())
    .bind(now)
    .execute(&mut *tx)
    .await?;
    sqlx::query(
        "INSERT INTO decision_heads (transaction_id, version, transaction_known)
         SELECT * FROM unnest($1::text[], $2::int[], $3::bool[])
         ON CONFLICT (transaction_id) DO UPDATE
         SET version = excluded.version, transaction_known = excluded.transaction_known",
    )
    .bind(versions.iter().map(|v| v.id).collect::<Vec<_>>())
    .bind(versions.iter().map(|v| v.number).collect::<Vec<_>>())
    .bind(versions.iter().map(|v| v.outcome.transaction_known).collect::<Vec<_>>())
    .execute(tx)
    .await
    .map(drop)
}
