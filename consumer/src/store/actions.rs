//! What decisions set in motion, in their own transaction.
//!
//! What enters: the versions that a batch has decided, whose accounts' rows are locked. What leaves: blocks
//! and investigations, done; notifications, to be sent; messages for `fraud_decisions`. What holds: an
//! idempotency key acts once, so a later version of a decision does again only what its severity makes new;
//! an account has one open investigation and one standing block; no statement runs once per row.

use std::collections::{BTreeMap, HashMap, HashSet};

use chrono::{DateTime, TimeDelta, Utc};
use events::Severity;
use sqlx::PgConnection;
use sqlx::types::Json;

use super::decisions::NewVersion;
use super::{outbox, published, time};
use crate::decision::Action;
use crate::targets::{Notification, Targets};

/// An action of a version.
struct Row<'a> {
    of: &'a NewVersion,
    key: String,
    kind: &'static str,
    target: Option<&'a str>,
    payload: Option<Notification>,
    /// Why it is not sent; only of a notification.
    suppressed: Option<String>,
    /// The block or investigation.
    subject: Option<i64>,
}

/// Does what can be done here, and leaves the rest to the dispatcher.
pub(crate) async fn enqueue(
    tx: &mut PgConnection,
    versions: &[NewVersion],
    targets: &Targets,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    outbox::put(tx, published::messages(versions, now)).await?;
    let mut rows = rows(versions, now);
    let known = known(tx, &rows).await?;
    raise(tx, &rows, &known, now).await?;
    rows.retain(|row| !known.contains(&row.key));
    block(tx, &mut rows, now).await?;
    investigate(tx, &mut rows, now).await?;
    keep_quiet(tx, &mut rows, targets, now).await?;
    insert(tx, &rows, now).await
}

/// What is done per account and target, gravest first.
fn rows(versions: &[NewVersion], now: DateTime<Utc>) -> Vec<Row<'_>> {
    let mut rows: Vec<Row<'_>> = versions
        .iter()
        .filter(|version| !version.outcome.account_id.is_empty())
        .flat_map(|version| {
            version.outcome.actions.iter().filter_map(move |action| row(version, action, now))
        })
        .collect();
    rows.sort_by(|a, b| {
        let rank = |row: &Row<'_>| {
            let outcome = &row.of.outcome;
            (std::cmp::Reverse((outcome.severity, outcome.score)), outcome.event_time)
        };
        rank(a).cmp(&rank(b)).then_with(|| a.key.cmp(&b.key))
    });
    let mut seen = HashSet::new();
    rows.retain(|row| seen.insert(row.key.clone()));
    rows
}

fn row<'a>(of: &'a NewVersion, action: &'a Action, now: DateTime<Utc>) -> Option<Row<'a>> {
    let (kind, target) = match action {
        Action::BlockAccount { .. } => ("block_account", None),
        Action::OpenInvestigation => ("open_investigation", None),
        Action::Notify { target } => ("notify", Some(target.as_str())),
        // By way of the outbox.
        Action::PublishDecision => return None,
    };
    let id = &of.transaction_id;
    let key = match target {
        Some(target) => format!("{kind}:{target}:{id}:{}", of.outcome.severity),
        None => format!("{kind}:{id}"),
    };
    let payload = target.map(|_| notification(of, &key, now));
    Some(Row { of, key, kind, target, payload, suppressed: None, subject: None })
}

fn notification(of: &NewVersion, key: &str, now: DateTime<Utc>) -> Notification {
    let outcome = &of.outcome;
    Notification {
        idempotency_key: key.to_owned(),
        transaction_id: of.transaction_id.clone(),
        decision_version: of.version,
        account_id: outcome.account_id.clone(),
        decision: outcome.decision.as_str().to_owned(),
        severity: outcome.severity.to_string(),
        score: outcome.score,
        reason: outcome.reason.clone(),
        event_time: time(outcome.event_time).to_rfc3339(),
        decided_at: now.to_rfc3339(),
    }
}

/// Which of the keys have acted before.
async fn known(tx: &mut PgConnection, rows: &[Row<'_>]) -> sqlx::Result<HashSet<String>> {
    if rows.is_empty() {
        return Ok(HashSet::new());
    }
    let keys: Vec<String> =
        sqlx::query_scalar("SELECT idempotency_key FROM actions WHERE idempotency_key = ANY($1)")
            .bind(rows.iter().map(|row| row.key.as_str()).collect::<Vec<_>>())
            .fetch_all(tx)
            .await?;
    Ok(keys.into_iter().collect())
}

/// A later version may be graver than the one that opened or extended an investigation.
async fn raise(
    tx: &mut PgConnection,
    rows: &[Row<'_>],
    known: &HashSet<String>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let known: Vec<&Row<'_>> =
        rows.iter().filter(|row| row.kind == "open_investigation" && known.contains(&row.key)).collect();
    if known.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE investigations i
         SET highest_score = greatest(i.highest_score, r.score), updated_at = $4,
             highest_severity = greatest(i.highest_severity, r.severity::severity)
         FROM (SELECT a.investigation_id AS id, max(k.score) AS score, max(k.severity::severity)::text AS severity
               FROM unnest($1::text[], $2::float8[], $3::text[]) AS k (key, score, severity)
               JOIN actions a ON a.idempotency_key = k.key
               GROUP BY 1 ORDER BY 1) r
         WHERE i.id = r.id AND i.status = 'open'
           AND (i.highest_score, i.highest_severity) IS DISTINCT FROM
               (greatest(i.highest_score, r.score), greatest(i.highest_severity, r.severity::severity))",
    )
    .bind(known.iter().map(|row| row.key.as_str()).collect::<Vec<_>>())
    .bind(known.iter().map(|row| f64::from(row.of.outcome.score)).collect::<Vec<_>>())
    .bind(known.iter().map(|row| row.of.outcome.severity.as_str()).collect::<Vec<_>>())
    .bind(now)
    .execute(tx)
    .await
    .map(drop)
}

/// The rows of a kind by account, in order of the account.
fn by_account<'r, 'a>(rows: &'r mut [Row<'a>], kind: &str) -> BTreeMap<&'a str, Vec<&'r mut Row<'a>>> {
    let mut accounts: BTreeMap<&str, Vec<&mut Row<'_>>> = BTreeMap::new();
    for row in rows.iter_mut().filter(|row| row.kind == kind) {
        accounts.entry(row.of.outcome.account_id.as_str()).or_default().push(row);
    }
    accounts
}

/// Blocks accounts, or makes blocks longer that stand.
async fn block(tx: &mut PgConnection, rows: &mut [Row<'_>], now: DateTime<Utc>) -> sqlx::Result<()> {
    let accounts = by_account(rows, "block_account");
    if accounts.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = accounts.keys().copied().collect();
    // One that has ended by itself makes room for the next.
    sqlx::query(
        "UPDATE account_blocks SET lifted_at = until, lifted_by = 'expiry', lift_reason = 'it ended by itself'
         WHERE account_id = ANY($1) AND lifted_at IS NULL AND until <= $2",
    )
    .bind(&names)
    .bind(now)
    .execute(&mut *tx)
    .await?;
    let until = |rows: &Vec<&mut Row<'_>>| {
        let hours = rows.iter().flat_map(|row| &row.of.outcome.actions).filter_map(|action| match action {
            Action::BlockAccount { hours } => Some(i64::from(*hours)),
            _ => None,
        });
        now + TimeDelta::hours(hours.max().unwrap_or(0))
    };
    // The gravest is first.
    let ids: Vec<(String, i64)> = sqlx::query_as(
        "INSERT INTO account_blocks AS b
             (account_id, blocked_at, until, transactions, transaction_id, decision_version, reason)
         SELECT account, $7, until, count, transaction, version, reason
         FROM unnest($1::text[], $2::timestamptz[], $3::bigint[], $4::text[], $5::int[], $6::text[])
             AS n (account, until, count, transaction, version, reason)
         ON CONFLICT (account_id) WHERE lifted_at IS NULL DO UPDATE
         SET until = greatest(b.until, excluded.until), transactions = b.transactions + excluded.transactions,
             transaction_id = excluded.transaction_id, decision_version = excluded.decision_version,
             reason = excluded.reason
         RETURNING b.account_id, b.id",
    )
    .bind(&names)
    .bind(accounts.values().map(until).collect::<Vec<_>>())
    .bind(accounts.values().map(|rows| rows.len() as i64).collect::<Vec<_>>())
    .bind(accounts.values().map(|rows| rows[0].of.transaction_id.as_str()).collect::<Vec<_>>())
    .bind(accounts.values().map(|rows| rows[0].of.version).collect::<Vec<_>>())
    .bind(accounts.values().map(|rows| rows[0].of.outcome.reason.as_str()).collect::<Vec<_>>())
    .bind(now)
    .fetch_all(tx)
    .await?;
    link(accounts, ids);
    Ok(())
}

/// Opens investigations, or extends those that are open.
async fn investigate(tx: &mut PgConnection, rows: &mut [Row<'_>], now: DateTime<Utc>) -> sqlx::Result<()> {
    let accounts = by_account(rows, "open_investigation");
    if accounts.is_empty() {
        return Ok(());
    }
    let ids: Vec<(String, i64)> = sqlx::query_as(
        "INSERT INTO investigations AS i
             (account_id, opened_at, updated_at, transactions, first_transaction_id, last_transaction_id,
              last_event_time, highest_score, highest_severity)
         SELECT account, $8, $8, count, first, last, last_time, score, severity::severity
         FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[], $5::timestamptz[], $6::float8[], $7::text[])
             AS n (account, count, first, last, last_time, score, severity)
         ON CONFLICT (account_id) WHERE status = 'open' DO UPDATE
         SET updated_at = $8, transactions = i.transactions + excluded.transactions,
             last_transaction_id = CASE WHEN excluded.last_event_time >= i.last_event_time
                 THEN excluded.last_transaction_id ELSE i.last_transaction_id END,
             last_event_time = greatest(i.last_event_time, excluded.last_event_time),
             highest_score = greatest(i.highest_score, excluded.highest_score),
             highest_severity = greatest(i.highest_severity, excluded.highest_severity)
         RETURNING i.account_id, i.id",
    )
    .bind(accounts.keys().copied().collect::<Vec<_>>())
    .bind(accounts.values().map(|rows| rows.len() as i64).collect::<Vec<_>>())
    .bind(accounts.values().map(|rows| rows[0].of.transaction_id.as_str()).collect::<Vec<_>>())
    .bind(accounts.values().map(|rows| latest(rows).1).collect::<Vec<_>>())
    .bind(accounts.values().map(|rows| time(latest(rows).0)).collect::<Vec<_>>())
    .bind(accounts.values().map(|rows| highest(rows).0).collect::<Vec<_>>())
    .bind(accounts.values().map(|rows| highest(rows).1.as_str()).collect::<Vec<_>>())
    .bind(now)
    .fetch_all(tx)
    .await?;
    link(accounts, ids);
    Ok(())
}

/// The latest event time, and the transaction that it is of.
fn latest<'a>(rows: &[&mut Row<'a>]) -> (i64, &'a str) {
    rows.iter()
        .map(|row| (row.of.outcome.event_time, row.of.transaction_id.as_str()))
        .max()
        .unwrap_or_default()
}

fn highest(rows: &[&mut Row<'_>]) -> (f64, Severity) {
    let score = rows.iter().map(|row| row.of.outcome.score).max().unwrap_or(0);
    let severity = rows.iter().map(|row| row.of.outcome.severity).max().unwrap_or(Severity::Low);
    (f64::from(score), severity)
}

fn link(accounts: BTreeMap<&str, Vec<&mut Row<'_>>>, ids: Vec<(String, i64)>) {
    let ids: HashMap<String, i64> = ids.into_iter().collect();
    for (account, rows) in accounts {
        for row in rows {
            row.subject = ids.get(account).copied();
        }
    }
}

/// Suppresses notifications in an account's quiet period for the target, unless they are graver than the
/// one that began it.
async fn keep_quiet(
    tx: &mut PgConnection,
    rows: &mut [Row<'_>],
    targets: &Targets,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let asked: Vec<(&str, &str, DateTime<Utc>)> = rows
        .iter()
        .filter_map(|row| Some((row.of.outcome.account_id.as_str(), row.target?)))
        .map(|(account, target)| {
            let quiet = TimeDelta::from_std(targets.quiet(target)).unwrap_or_default();
            (account, target, now - quiet)
        })
        .collect();
    if asked.is_empty() {
        return Ok(());
    }
    let last: Vec<(String, String, String)> = sqlx::query_as(
        "SELECT a.account_id, a.target, max(a.severity)::text
         FROM (SELECT DISTINCT * FROM unnest($1::text[], $2::text[], $3::timestamptz[]) AS q (account, target, since)) q
         JOIN actions a ON a.account_id = q.account AND a.target = q.target AND a.created_at > q.since
         WHERE a.kind = 'notify' AND a.state IN ('pending', 'done') AND a.severity IS NOT NULL
         GROUP BY 1, 2",
    )
    .bind(asked.iter().map(|(account, ..)| *account).collect::<Vec<_>>())
    .bind(asked.iter().map(|(_, target, _)| *target).collect::<Vec<_>>())
    .bind(asked.iter().map(|(.., since)| *since).collect::<Vec<_>>())
    .fetch_all(tx)
    .await?;
    let mut told: HashMap<(String, String), Severity> = last
        .into_iter()
        .filter_map(|(account, target, severity)| Some(((account, target), severity.parse().ok()?)))
        .collect();
    for row in rows.iter_mut() {
        let Some(target) = row.target.filter(|target| !targets.quiet(target).is_zero()) else { continue };
        let severity = row.of.outcome.severity;
        let key = (row.of.outcome.account_id.clone(), target.to_owned());
        match told.get(&key) {
            Some(before) if *before >= severity => {
                row.suppressed = Some(format!(
                    "quiet period: {target} was told of this account, as {before}, less than {} s before",
                    targets.quiet(target).as_secs()
                ));
            }
            _ => {
                told.insert(key, severity);
            }
        }
    }
    Ok(())
}

async fn insert(tx: &mut PgConnection, rows: &[Row<'_>], now: DateTime<Utc>) -> sqlx::Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let state = |row: &Row<'_>| match (row.kind, &row.suppressed) {
        ("notify", None) => "pending",
        ("notify", Some(_)) => "suppressed",
        _ => "done",
    };
    let subject = |row: &Row<'_>, kind: &str| row.subject.filter(|_| row.kind == kind);
    sqlx::query(
        "INSERT INTO actions (idempotency_key, kind, transaction_id, decision_version, account_id, severity, target,
             payload, state, next_attempt_at, last_error, investigation_id, block_id, created_at, done_at)
         SELECT key, kind, transaction, version, account, severity::severity, target, coalesce(payload, '{}'), state,
             $12, error, investigation, block, $12, CASE WHEN state = 'pending' THEN NULL ELSE $12 END
         FROM unnest($1::text[], $2::text[], $3::text[], $4::int[], $5::text[], $6::text[], $7::text[], $8::jsonb[],
             $9::text[], $10::text[], $11::bigint[], $13::bigint[]) WITH ORDINALITY
             AS a (key, kind, transaction, version, account, severity, target, payload, state, error, investigation,
                 block, number)
         ORDER BY number
         ON CONFLICT (idempotency_key) DO NOTHING",
    )
    .bind(rows.iter().map(|row| row.key.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.kind).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.of.transaction_id.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.of.version).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.of.outcome.account_id.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.of.outcome.severity.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.target).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.payload.as_ref().map(Json)).collect::<Vec<_>>())
    .bind(rows.iter().map(state).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.suppressed.as_deref()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| subject(row, "open_investigation")).collect::<Vec<_>>())
    .bind(now)
    .bind(rows.iter().map(|row| subject(row, "block_account")).collect::<Vec<_>>())
    .execute(tx)
    .await
    .map(drop)
}
