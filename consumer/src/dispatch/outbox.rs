//! Rows of `outbox`: which are published next, and what became of them.
//!
//! What holds: in order of id; some bytes at once at most, but always one row.

use sqlx::PgConnection;

use super::publisher::Draft;

/// How many are published at once.
pub(super) const AT_ONCE: i64 = 1_000;
/// The most bytes of values that are published at once.
pub(super) const BYTES_AT_ONCE: i64 = 4 << 20;

/// The header that tells a redelivered message.
const ID: &str = "outbox.id";

type Row = (
    i64,
    String,
    Option<Vec<u8>>,
    Option<Vec<u8>>,
    sqlx::types::Json<serde_json::Map<String, serde_json::Value>>,
    chrono::DateTime<chrono::Utc>,
);

pub(super) async fn waiting(connection: &mut PgConnection) -> sqlx::Result<Vec<Draft>> {
    let rows: Vec<Row> = sqlx::query_as(
        "SELECT o.id, o.topic, o.key, o.value, o.headers, o.created_at
         FROM (SELECT id, sum(length(value)) OVER (ORDER BY id) - coalesce(length(value), 0) AS before
               FROM (SELECT id, value FROM outbox WHERE published_at IS NULL AND dead_at IS NULL
                     ORDER BY id LIMIT $1) first) fit
         JOIN outbox o USING (id)
         WHERE coalesce(fit.before, 0) < $2
         ORDER BY o.id",
    )
    .bind(AT_ONCE)
    .bind(BYTES_AT_ONCE)
    .fetch_all(connection)
    .await?;
    Ok(rows.into_iter().map(draft).collect())
}

fn draft((id, topic, key, value, headers, created_at): Row) -> Draft {
    let text = |value: serde_json::Value| match value {
        serde_json::Value::String(text) => text.into_bytes(),
        other => other.to_string().into_bytes(),
    };
    let mut headers: Vec<(String, Vec<u8>)> =
        headers.0.into_iter().map(|(name, value)| (name, text(value))).collect();
    headers.push((ID.to_owned(), id.to_string().into_bytes()));
    Draft { id, topic, key, value, timestamp: created_at.timestamp_millis(), headers }
}

pub(super) async fn mark(connection: &mut PgConnection, ids: &[i64]) -> sqlx::Result<()> {
    sqlx::query("UPDATE outbox SET published_at = now() WHERE id = ANY($1)")
        .bind(ids)
        .execute(connection)
        .await
        .map(drop)
}

pub(super) async fn failed(connection: &mut PgConnection, id: i64, why: &str) -> sqlx::Result<()> {
    sqlx::query("UPDATE outbox SET attempts = attempts + 1, last_error = $2 WHERE id = $1")
        .bind(id)
        .bind(why)
        .execute(connection)
        .await
        .map(drop)
}

pub(super) async fn bury(connection: &mut PgConnection, id: i64, why: &str) -> sqlx::Result<()> {
    sqlx::query("UPDATE outbox SET dead_at = now(), attempts = attempts + 1, last_error = $2 WHERE id = $1")
        .bind(id)
        .bind(why)
        .execute(connection)
        .await
        .map(drop)
}

/// Deletes some of what was published over a week ago.
pub(super) async fn sweep(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::query(
        "DELETE FROM outbox WHERE id IN
             (SELECT id FROM outbox WHERE published_at < now() - interval '7 days' ORDER BY published_at LIMIT 50000)",
    )
    .execute(connection)
    .await
    .map(drop)
}
