//! Actions, for people: which wait or were given up, and sending those once more.
//!
//! What enters: a database URL. What leaves: rows of `actions`. What holds: what is sent again keeps its
//! idempotency key, and who asked for it is in the audit.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::{Connection, PgConnection};

use crate::database::Database;
use crate::error::Result;
use crate::store::audit;

/// The audit's chain of what people do.
const CHAIN: &str = "manual";

/// A row of `actions`.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Action {
    /// Its number.
    pub id: i64,
    /// pending, done, dead or suppressed.
    pub state: String,
    /// block_account, open_investigation or notify.
    pub kind: String,
    /// Of a notification: the target.
    pub target: Option<String>,
    /// The account.
    pub account_id: String,
    /// The transaction.
    pub transaction_id: String,
    /// How often it was tried.
    pub attempts: i32,
    /// When the decision was made.
    pub created_at: DateTime<Utc>,
    /// Why it failed last.
    pub last_error: Option<String>,
}

/// Which given-up notifications are sent again.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selection {
    /// These numbers; none: all.
    pub ids: Vec<i64>,
    /// Only of this target.
    pub target: Option<String>,
}

/// The newest actions, of one state or of all.
///
/// # Errors
/// The database cannot be read.
pub fn list(url: &str, state: Option<&str>, most: i64) -> Result<Vec<Action>> {
    on(url, async |connection| {
        sqlx::query_as(
            "SELECT id, state, kind, target, account_id, transaction_id, attempts, created_at, last_error
             FROM actions WHERE state = coalesce($1, state) ORDER BY id DESC LIMIT $2",
        )
        .bind(state)
        .bind(most)
        .fetch_all(connection)
        .await
    })
}

/// Has notifications that were given up sent again; how many.
///
/// # Errors
/// The database cannot be written by this login.
pub fn retry(url: &str, selection: &Selection) -> Result<usize> {
    on(url, async |connection| {
        let mut tx = connection.begin().await?;
        let rows: Vec<(i64, String, String, String, Option<String>)> = sqlx::query_as(
            "UPDATE actions a SET state = 'pending', attempts = 0, next_attempt_at = now(), done_at = NULL
             FROM (SELECT id, last_error FROM actions
                   WHERE state = 'dead' AND kind = 'notify' AND (cardinality($1) = 0 OR id = ANY($1))
                     AND target = coalesce($2, target)
                   ORDER BY id FOR UPDATE) old
             WHERE a.id = old.id
             RETURNING a.id, a.transaction_id, a.account_id, a.target, old.last_error",
        )
        .bind(&selection.ids)
        .bind(selection.target.as_deref())
        .fetch_all(&mut *tx)
        .await?;
        let entry =
            |(id, transaction, account, target, why): &(i64, String, String, String, Option<String>)| {
                let content = json!({
                    "action": id, "transaction_id": transaction, "account_id": account, "target": target,
                    "before": {"state": "dead", "reason": why}, "after": {"state": "pending"},
                });
                audit::Entry::new(CHAIN, "action_retried", &content)
            };
        let mut sorted: Vec<_> = rows.iter().collect();
        sorted.sort_unstable_by_key(|row| row.0);
        let entries = sorted.into_iter().map(entry).collect::<sqlx::Result<Vec<_>>>()?;
        audit::append(&mut tx, &entries, Utc::now()).await?;
        sqlx::query("SELECT pg_notify('streamguard_actions', '')").execute(&mut *tx).await?;
        tx.commit().await?;
        Ok(rows.len())
    })
}

fn on<T>(url: &str, work: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>) -> Result<T> {
    let database = Database::new(url, "streamguard actions")?;
    crate::runtime()?.block_on(async {
        let mut connection = database.connect().await.map_err(|error| database.error(&error))?;
        work(&mut connection).await.map_err(|error| database.error(&error))
    })
}
