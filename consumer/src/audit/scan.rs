//! The audit out of the database, in one snapshot, a thousand rows at a time.

use std::collections::BTreeMap;

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row as _};
use uuid::Uuid;

use super::chain::{Head, Row, Verifier};
use super::published::Published;
use super::report::{FindingKind, Report};

/// Rows that are fetched at once.
const AT_ONCE: usize = 1_000;
/// Microseconds from 1970-01-01 to 2000-01-01, which PostgreSQL counts from.
const POSTGRES_EPOCH_MICROS: i64 = 946_684_800_000_000;

/// Times as PostgreSQL keeps them: also those that no calendar holds, such as `infinity`. A NULL, which only
/// a changed table can hold, is a row that was changed.
const ROWS: &str = "DECLARE audit_rows NO SCROLL CURSOR FOR
    SELECT coalesce(chain, '') AS chain, coalesce(number, 0) AS number, timestamptz_send(coalesce(at, 'infinity')) AS at,
           coalesce(actor, '') AS actor, coalesce(body, '') AS body, coalesce(content::text, '') AS content,
           coalesce(previous_hash, '') AS previous_hash, coalesce(hash, '') AS hash
    FROM audit_log ORDER BY audit_log.chain, audit_log.number";

/// What keeps the audit append-only, and whether it is there and on.
const PROTECTION: &str = "SELECT p.what FROM (VALUES
        ('audit_log'::regclass, 'audit_log_append_only'), ('audit_heads', 'audit_heads_stay'),
        ('audit_heads', 'audit_heads_forward')) AS p (relation, what)
    WHERE NOT EXISTS (SELECT FROM pg_trigger t
        WHERE t.tgrelid = p.relation AND t.tgname = p.what AND t.tgenabled = 'A'
          AND t.tgfoid = 'audit_refuse_change'::regproc)
    UNION ALL
    SELECT 'the primary key of ' || k.relation::text FROM (VALUES ('audit_log'::regclass), ('audit_heads')) AS k (relation)
    WHERE NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conrelid = k.relation AND c.contype = 'p')
    UNION ALL
    SELECT 'the generated column content of audit_log' WHERE NOT EXISTS (SELECT FROM pg_attribute a
        WHERE a.attrelid = 'audit_log'::regclass AND a.attname = 'content' AND a.attgenerated = 's')";

/// Checks everything in a snapshot of its own.
pub(crate) async fn snapshot(
    connection: &mut PgConnection,
    published: &Published,
    known: &[Uuid],
    progress: &mut impl FnMut(u64),
) -> sqlx::Result<Report> {
    let mut tx = connection.begin().await?;
    sqlx::raw_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY").execute(&mut *tx).await?;
    let report = scan(&mut tx, published, known, progress).await?;
    tx.rollback().await?;
    Ok(report)
}

/// Checks everything, in the transaction that is under way.
pub(crate) async fn scan(
    tx: &mut PgConnection,
    published: &Published,
    known: &[Uuid],
    progress: &mut impl FnMut(u64),
) -> sqlx::Result<Report> {
    let mut report = Report { database: database_id(tx).await?, ..Report::default() };
    let gone: Vec<String> = sqlx::query_scalar(PROTECTION).fetch_all(&mut *tx).await?;
    for what in gone {
        let message = format!("{what} is missing, off or replaced: rows can be changed");
        report.add(FindingKind::Unprotected, None, None, message);
    }
    if report.database.is_none() {
        let message = "the first row does not name this database: published heads cannot be held against it";
        report.add(FindingKind::Changed, Some("manual"), Some((1, 1)), message);
    }
    foreign(&mut report, published, known);
    let heads = heads(tx).await?;
    let own = report.database.unwrap_or_default();
    let mut verifier = Verifier::new(&heads, published.chains(own), report);
    sqlx::raw_sql(ROWS).execute(&mut *tx).await?;
    let fetch = format!("FETCH {AT_ONCE} FROM audit_rows");
    loop {
        let rows = sqlx::query(AssertSqlSafe(fetch.clone())).fetch_all(&mut *tx).await?;
        for row in &rows {
            verifier.row(&decode(row)?);
        }
        progress(verifier.rows());
        if rows.len() < AT_ONCE {
            break;
        }
    }
    sqlx::raw_sql("CLOSE audit_rows").execute(tx).await?;
    Ok(verifier.finish())
}

/// Published heads of databases that nobody said are known. Were they left out silently, whoever changes the
/// id in the first row would be rid of all that was published.
fn foreign(report: &mut Report, published: &Published, known: &[Uuid]) {
    let others: Vec<Uuid> =
        published.databases().filter(|id| Some(*id) != report.database && !known.contains(id)).collect();
    for id in others {
        let message = format!(
            "heads of another database, {id}, were published: this database was made anew or its first row changed; \
             where that one is known, leave its heads out by --known-database {id}"
        );
        report.add(FindingKind::Published, None, None, message);
    }
}

/// The id that the first row gives the database.
pub(super) async fn database_id(tx: &mut PgConnection) -> sqlx::Result<Option<Uuid>> {
    let body: Option<String> =
        sqlx::query_scalar("SELECT body FROM audit_log WHERE chain = 'manual' AND number = 1")
            .fetch_optional(tx)
            .await?;
    let content: Option<serde_json::Value> = body.and_then(|body| serde_json::from_str(&body).ok());
    Ok(content.and_then(|content| content.get("database")?.as_str()?.parse().ok()))
}

async fn heads(tx: &mut PgConnection) -> sqlx::Result<BTreeMap<String, Head>> {
    let rows = sqlx::query(
        "SELECT coalesce(chain, '') AS chain, coalesce(number, 0) AS number, coalesce(hash, '') AS hash,
                timestamptz_send(coalesce(at, 'infinity')) AS at
         FROM audit_heads",
    )
    .fetch_all(tx)
    .await?;
    rows.iter()
        .map(|row| {
            let head = Head {
                number: row.try_get("number")?,
                hash: row.try_get("hash")?,
                micros: micros(&row.try_get::<Vec<u8>, _>("at")?),
            };
            Ok((row.try_get("chain")?, head))
        })
        .collect()
}

fn decode(row: &sqlx::postgres::PgRow) -> sqlx::Result<Row> {
    Ok(Row {
        chain: row.try_get("chain")?,
        number: row.try_get("number")?,
        micros: micros(&row.try_get::<Vec<u8>, _>("at")?),
        actor: row.try_get("actor")?,
        body: row.try_get("body")?,
        content: row.try_get("content")?,
        previous: row.try_get("previous_hash")?,
        hash: row.try_get("hash")?,
    })
}

/// Microseconds since 1970 of a time as PostgreSQL sends it.
fn micros(bytes: &[u8]) -> i64 {
    let since_2000 = bytes.try_into().map(i64::from_be_bytes).unwrap_or(i64::MAX);
    since_2000.saturating_add(POSTGRES_EPOCH_MICROS)
}
