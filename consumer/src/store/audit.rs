//! The audit's chains.
//!
//! What enters: what a batch did, as [`Entry`]s. What leaves: rows of `audit_log`, each with a hash over its
//! own content and the row before it, and the chains' new heads. What holds: the heads are locked in order
//! of the chains' names before a row is written, so numbers have no gaps and two consumers never fork a
//! chain; the hash is the one that the SQL function `audit_hash` gives.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;

use crate::copy::{Kind, Rows, Table, send};

/// A hash of the chain.
pub(crate) type Hash = [u8; 32];

/// What comes before a chain's first row.
pub(crate) const GENESIS: Hash = [0; 32];

const LOG: Table = Table {
    name: "audit_log",
    columns: &[
        ("chain", Kind::Text),
        ("number", Kind::Int8),
        ("at", Kind::Timestamptz),
        ("actor", Kind::Text),
        ("body", Kind::Text),
        ("previous_hash", Kind::Bytes),
        ("hash", Kind::Bytes),
    ],
};

/// What happened: a row to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// `CLUSTER/TOPIC/PARTITION` of the record that caused it, or `manual`.
    pub(crate) chain: String,
    /// A JSON object; its first field is `kind`.
    pub(crate) body: String,
}

/// The body as it is written: the kind first.
#[derive(Serialize)]
struct Body<'a, T> {
    kind: &'a str,
    #[serde(flatten)]
    content: &'a T,
}

impl Entry {
    /// A row of a kind (`decision`, `action`...). `content` must serialise as a JSON object without a field
    /// `kind`; by convention it names what it is about as `transaction_id`, `account_id`, `alert_id`.
    pub(crate) fn new(
        chain: impl Into<String>,
        kind: &str,
        content: &impl Serialize,
    ) -> Result<Self, sqlx::Error> {
        let body = serde_json::to_string(&Body { kind, content })
            .map_err(|error| sqlx::Error::Encode(format!("audit row of kind {kind}: {error}").into()))?;
        Ok(Self { chain: chain.into(), body })
    }
}

/// The last row of a chain.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Head {
    number: i64,
    hash: Hash,
}

/// Appends rows, each chain's in the order given. Call it once in a transaction, after the accounts are
/// locked: the heads stay locked until its end.
pub(crate) async fn append(tx: &mut PgConnection, entries: &[Entry], now: DateTime<Utc>) -> sqlx::Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut heads: BTreeMap<&str, Head> =
        entries.iter().map(|entry| (entry.chain.as_str(), Head { number: 0, hash: GENESIS })).collect();
    let actor = lock(tx, &mut heads, now).await?;
    send(tx, LOG, entries.iter(), |rows, entry| {
        // Every chain has a head: they are those of the entries.
        let head = heads.entry(&entry.chain).or_insert(Head { number: 0, hash: GENESIS });
        encode(rows, head, entry, &actor, now.timestamp_micros());
    })
    .await?;
    advance(tx, &heads, now).await
}

/// Writes a row's fields and moves its chain's head to it.
fn encode(rows: &mut Rows, head: &mut Head, entry: &Entry, actor: &str, micros: i64) {
    let number = head.number + 1;
    let hash = hash(&head.hash, &entry.chain, number, micros, actor, &entry.body);
    rows.text(&entry.chain);
    rows.int8(number);
    rows.timestamptz(micros);
    rows.text(actor);
    rows.text(&entry.body);
    rows.bytes(&head.hash);
    rows.bytes(&hash);
    *head = Head { number, hash };
}

/// Locks the chains' heads in order of their names, makes those that are missing, and says who is at work:
/// the session's login, as PostgreSQL knows it.
async fn lock(
    tx: &mut PgConnection,
    heads: &mut BTreeMap<&str, Head>,
    now: DateTime<Utc>,
) -> sqlx::Result<String> {
    let chains: Vec<&str> = heads.keys().copied().collect();
    let mut rows = select_for_update(tx, &chains).await?;
    if rows.len() < chains.len() {
        sqlx::query(
            "INSERT INTO audit_heads (chain, number, hash, at) SELECT unnest($1::text[]), 0, $2, $3
             ON CONFLICT DO NOTHING",
        )
        .bind(&chains)
        .bind(GENESIS.as_slice())
        .bind(now)
        .execute(&mut *tx)
        .await?;
        rows = select_for_update(tx, &chains).await?;
    }
    let mut actor = String::new();
    for (chain, number, hash, session) in rows {
        let hash = Hash::try_from(hash.as_slice()).map_err(|_| {
            sqlx::Error::Decode(format!("audit_heads: the hash of {chain} is not 32 bytes").into())
        })?;
        if let Some(head) = heads.get_mut(chain.as_str()) {
            *head = Head { number, hash };
        }
        actor = session;
    }
    Ok(actor)
}

async fn select_for_update(
    tx: &mut PgConnection,
    chains: &[&str],
) -> sqlx::Result<Vec<(String, i64, Vec<u8>, String)>> {
    sqlx::query_as(
        "SELECT chain, number, hash, session_user::text FROM audit_heads WHERE chain = ANY($1)
         ORDER BY chain COLLATE \"C\" FOR NO KEY UPDATE",
    )
    .bind(chains)
    .fetch_all(tx)
    .await
}

async fn advance(
    tx: &mut PgConnection,
    heads: &BTreeMap<&str, Head>,
    now: DateTime<Utc>,
) -> sqlx::Result<()> {
    sqlx::query(
        "UPDATE audit_heads h SET number = n.number, hash = n.hash, at = $4
         FROM unnest($1::text[], $2::bigint[], $3::bytea[]) AS n (chain, number, hash)
         WHERE h.chain = n.chain",
    )
    .bind(heads.keys().copied().collect::<Vec<_>>())
    .bind(heads.values().map(|head| head.number).collect::<Vec<_>>())
    .bind(heads.values().map(|head| head.hash.as_slice()).collect::<Vec<_>>())
    .bind(now)
    .execute(tx)
    .await
    .map(drop)
}

/// The hash of a row: SHA-256 of the previous hash and, each after its length in four bytes, chain, number,
/// time in microseconds (both eight bytes, big endian), actor and body.
pub(crate) fn hash(previous: &[u8], chain: &str, number: i64, micros: i64, actor: &str, body: &str) -> Hash {
    let mut hash = Sha256::new();
    hash.update(previous);
    let parts: [&[u8]; 5] =
        [chain.as_bytes(), &number.to_be_bytes(), &micros.to_be_bytes(), actor.as_bytes(), body.as_bytes()];
    for part in parts {
        hash.update((part.len() as u32).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

#[cfg(test)]
#[path = "audit_tests.rs"]
mod tests;
