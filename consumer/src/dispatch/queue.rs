//! Rows of `actions`: which notifications are due, and what became of them.
//!
//! What holds: an outcome is written only to a row that still waits, so that one that another dispatcher or
//! a person has ended stays ended; each end is in the audit, in the same transaction.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::types::Json;
use sqlx::{Connection, PgConnection};

use crate::store::audit;
use crate::targets::Notification;

/// The audit's chain of what the dispatcher does.
const CHAIN: &str = "actions";

/// A notification that is due.
#[derive(Debug)]
pub(super) struct Due {
    pub(super) id: i64,
    /// How often it was tried before.
    pub(super) attempts: u32,
    pub(super) notification: Notification,
}

/// What becomes of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Done,
    Dead(String),
    /// Not before this time.
    Later(String, DateTime<Utc>),
}

/// An attempt that has ended.
#[derive(Debug)]
pub(super) struct Ended {
    pub(super) id: i64,
    pub(super) at: DateTime<Utc>,
    pub(super) outcome: Outcome,
}

/// The oldest that are due, without those under way.
pub(super) async fn due(
    connection: &mut PgConnection,
    target: &str,
    under_way: &[i64],
    most: usize,
) -> sqlx::Result<Vec<Due>> {
    let rows: Vec<(i64, i32, Json<Notification>)> = sqlx::query_as(
        "SELECT id, attempts, payload FROM actions
         WHERE state = 'pending' AND target = $1 AND next_attempt_at <= now() AND id <> ALL($2)
         ORDER BY next_attempt_at, id LIMIT $3",
    )
    .bind(target)
    .bind(under_way)
    .bind(i64::try_from(most).unwrap_or(i64::MAX))
    .fetch_all(connection)
    .await?;
    let due = |(id, attempts, notification): (i64, i32, Json<Notification>)| Due {
        id,
        attempts: attempts.unsigned_abs(),
        notification: notification.0,
    };
    Ok(rows.into_iter().map(due).collect())
}

/// When the target was tried in the last minute, in epoch milliseconds.
pub(super) async fn recent(connection: &mut PgConnection, target: &str) -> sqlx::Result<Vec<i64>> {
    let times: Vec<DateTime<Utc>> = sqlx::query_scalar(
        "SELECT attempted_at FROM actions WHERE target = $1 AND attempted_at > now() - interval '1 minute'
         ORDER BY attempted_at",
    )
    .bind(target)
    .fetch_all(connection)
    .await?;
    Ok(times.into_iter().map(|time| time.timestamp_millis()).collect())
}

/// Writes what became of attempts.
pub(super) async fn record(connection: &mut PgConnection, ended: &[Ended]) -> sqlx::Result<()> {
    let state = |outcome: &Outcome| match outcome {
        Outcome::Done => "done",
        Outcome::Dead(_) => "dead",
        Outcome::Later(..) => "pending",
    };
    let why = |outcome: &Outcome| match outcome {
        Outcome::Done => None,
        Outcome::Dead(why) | Outcome::Later(why, _) => Some(why.replace('\0', " ")),
    };
    let next = |ended: &Ended| match &ended.outcome {
        Outcome::Later(_, time) => *time,
        _ => ended.at,
    };
    let mut tx = connection.begin().await?;
    let rows: Vec<Row> = sqlx::query_as(
        "UPDATE actions a
         SET state = e.state, attempts = a.attempts + 1, attempted_at = e.at, next_attempt_at = e.next,
             last_error = CASE WHEN e.state = 'done' THEN a.last_error ELSE e.why END,
             done_at = CASE WHEN e.state = 'pending' THEN NULL ELSE e.at END
         FROM unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::timestamptz[], $5::text[])
             AS e (id, state, at, next, why)
         WHERE a.id = e.id AND a.state = 'pending'
         RETURNING a.id, a.state, a.attempts, a.target, a.last_error, a.transaction_id, a.account_id,
             a.idempotency_key",
    )
    .bind(ended.iter().map(|e| e.id).collect::<Vec<_>>())
    .bind(ended.iter().map(|e| state(&e.outcome)).collect::<Vec<_>>())
    .bind(ended.iter().map(|e| e.at).collect::<Vec<_>>())
    .bind(ended.iter().map(next).collect::<Vec<_>>())
    .bind(ended.iter().map(|e| why(&e.outcome)).collect::<Vec<_>>())
    .fetch_all(&mut *tx)
    .await?;
    audit_ends(&mut tx, &rows).await?;
    tx.commit().await
}

/// A row that has ended, for the audit.
#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    state: String,
    attempts: i32,
    target: Option<String>,
    last_error: Option<String>,
    transaction_id: String,
    account_id: String,
    idempotency_key: String,
}

async fn audit_ends(tx: &mut PgConnection, rows: &[Row]) -> sqlx::Result<()> {
    let entry = |row: &Row| {
        let why = (row.state == "dead").then_some(&row.last_error);
        audit::Entry::new(
            CHAIN,
            "action",
            &json!({
                "action": row.id, "state": row.state, "attempts": row.attempts, "target": row.target,
                "transaction_id": row.transaction_id, "account_id": row.account_id,
                "idempotency_key": row.idempotency_key, "reason": why,
            }),
        )
    };
    let mut ended: Vec<&Row> = rows.iter().filter(|row| row.state != "pending").collect();
    ended.sort_unstable_by_key(|row| row.id);
    let entries = ended.into_iter().map(entry).collect::<sqlx::Result<Vec<_>>>()?;
    audit::append(tx, &entries, Utc::now()).await
}

/// Gives up what waits for a target that no file names, after an hour; until then it is looked at each minute.
pub(super) async fn orphans(connection: &mut PgConnection, known: &[&str]) -> sqlx::Result<()> {
    let ids: Vec<(i64, bool, String)> = sqlx::query_as(
        "SELECT id, created_at < now() - interval '1 hour', target FROM actions
         WHERE state = 'pending' AND target <> ALL($1) AND next_attempt_at <= now() LIMIT 1000",
    )
    .bind(known)
    .fetch_all(&mut *connection)
    .await?;
    if ids.is_empty() {
        return Ok(());
    }
    let at = Utc::now();
    let ended: Vec<Ended> = ids
        .into_iter()
        .map(|(id, given_up, target)| {
            let why = format!("no target {target} is in the targets file of the consumer that sends");
            let outcome = match given_up {
                true => Outcome::Dead(why),
                false => Outcome::Later(why, at + chrono::TimeDelta::minutes(1)),
            };
            Ended { id, at, outcome }
        })
        .collect();
    record(connection, &ended).await
}
