//! Versions of decisions into their tables.
//!
//! What enters: the versions that a batch has decided, whose heads are locked. What leaves: a row of
//! `decisions` for each, and `decision_heads` that name them. What holds: nothing is overwritten but a head.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::copy::{Kind, Rows, Table, send};
use crate::decision::{InForce, PolicyName, explanation};
use crate::store::decisions::NewVersion;

const VERSIONS: Table = Table {
    name: "decisions",
    columns: &[
        ("transaction_id", Kind::Text),
        ("version", Kind::Int4),
        ("event_time", Kind::Timestamptz),
        ("account_id", Kind::Text),
        ("decision", Kind::Text),
        ("severity", Kind::Severity),
        ("score", Kind::Float8),
        ("reason", Kind::Text),
        ("explanation", Kind::Jsonb),
        ("transaction_known", Kind::Bool),
        ("inputs_hash", Kind::Bytes),
        ("policy_hash", Kind::Bytes),
        ("decided_at", Kind::Timestamptz),
    ],
};

const HEADS: Table = Table {
    name: "decision_heads",
    columns: &[("transaction_id", Kind::Text), ("version", Kind::Int4), ("transaction_known", Kind::Bool)],
};

pub(super) async fn insert(
    tx: &mut PgConnection,
    policy: &InForce,
    versions: &[NewVersion],
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    let name = policy.name();
    send(tx, VERSIONS, versions.iter(), |rows, of| version(rows, of, &name, &policy.hash, now)).await?;
    // A first version has no head yet; the others' heads are locked.
    let (first, later): (Vec<&NewVersion>, Vec<&NewVersion>) = versions.iter().partition(|v| v.version == 1);
    if !first.is_empty() {
        send(tx, HEADS, first.into_iter(), head).await?;
    }
    move_heads(tx, &later).await
}

fn version(
    rows: &mut Rows,
    of: &NewVersion,
    policy: &PolicyName<'_>,
    policy_hash: &[u8; 32],
    now: DateTime<Utc>,
) {
    let outcome = &of.outcome;
    rows.text(&of.transaction_id);
    rows.int4(of.version);
    rows.timestamptz(outcome.event_time);
    rows.text(&outcome.account_id);
    rows.text(outcome.decision.as_str());
    rows.text(outcome.severity.as_str());
    rows.float8_or_null(Some(f64::from(outcome.score)));
    rows.text(&outcome.reason);
    rows.jsonb(&explanation(&of.inputs, outcome, policy));
    rows.bool_or_null(Some(outcome.transaction_known));
    rows.bytes(&of.inputs_hash);
    rows.bytes(policy_hash);
    rows.timestamptz(now.timestamp_micros());
}

fn head(rows: &mut Rows, of: &NewVersion) {
    rows.text(&of.transaction_id);
    rows.int4(of.version);
    rows.bool_or_null(Some(of.outcome.transaction_known));
}

async fn move_heads(tx: &mut PgConnection, later: &[&NewVersion]) -> sqlx::Result<()> {
    if later.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE decision_heads h SET version = n.version, transaction_known = n.known
         FROM unnest($1::text[], $2::int[], $3::bool[]) AS n (id, version, known)
         WHERE h.transaction_id = n.id",
    )
    .bind(later.iter().map(|v| v.transaction_id.as_str()).collect::<Vec<_>>())
    .bind(later.iter().map(|v| v.version).collect::<Vec<_>>())
    .bind(later.iter().map(|v| v.outcome.transaction_known).collect::<Vec<_>>())
    .execute(tx)
    .await
    .map(drop)
}
