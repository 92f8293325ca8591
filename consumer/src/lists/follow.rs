//! The lists as the database has them.
//!
//! What enters: `list_entries`, once, page by page; from then on the rows of `list_events` past the last one
//! that was read. What leaves: [`Lists`] as of the newest committed change. What holds: the version is read
//! before the entries, and what changes meanwhile is read once more as events, each of which says what is so
//! after it; so nothing is missed, and doing it twice changes nothing.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use crate::lists::entries::Entries;
use crate::lists::texts::Full;
use crate::lists::{Entry, Kind, ListAction, Lists, Match};

/// Rows of one statement.
const PAGE: i64 = 20_000;

const ENTRIES: &str =
    "SELECT id, kind, match, action, value, reason, expires_at, 'add' AS change, 0::bigint AS number
    FROM list_entries WHERE id > $1 ORDER BY id LIMIT $2";
const EVENTS: &str = "SELECT entry_id AS id, kind, match, action, value, reason, expires_at, change, number
    FROM list_events WHERE number > $1 ORDER BY number LIMIT $2";

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    kind: String,
    r#match: String,
    action: String,
    value: String,
    reason: String,
    expires_at: Option<DateTime<Utc>>,
    change: String,
    number: i64,
}

impl Lists {
    /// Reads the lists for the first time; a million entries take seconds, so this stands before a
    /// transaction and not in it.
    pub(crate) async fn load(&mut self, connection: &mut PgConnection) -> sqlx::Result<()> {
        if self.version.is_some() {
            return Ok(());
        }
        let version: i64 =
            sqlx::query_scalar("SELECT version FROM list_state").fetch_one(&mut *connection).await?;
        let (count, bytes): (i64, i64) = sqlx::query_as(
            "SELECT count(*), coalesce(sum(octet_length(value)), 0)::bigint FROM list_entries",
        )
        .fetch_one(&mut *connection)
        .await?;
        self.entries = Entries::default();
        self.entries.reserve(count as usize, bytes as usize);
        let mut last = i64::MIN;
        loop {
            let rows: Vec<Row> =
                sqlx::query_as(ENTRIES).bind(last).bind(PAGE).fetch_all(&mut *connection).await?;
            for row in &rows {
                last = row.id;
                self.apply(row)?;
            }
            if (rows.len() as i64) < PAGE {
                break;
            }
        }
        self.version = Some(version);
        tracing::debug!(entries = self.entries.len(), version, "lists read");
        Ok(())
    }

    /// Reads what changed since the last time, or everything where there was none.
    pub(crate) async fn follow(&mut self, connection: &mut PgConnection) -> sqlx::Result<()> {
        self.load(connection).await?;
        while let Some(version) = self.version {
            let rows: Vec<Row> =
                sqlx::query_as(EVENTS).bind(version).bind(PAGE).fetch_all(&mut *connection).await?;
            for row in &rows {
                self.apply(row)?;
                self.version = Some(row.number);
            }
            if (rows.len() as i64) < PAGE {
                break;
            }
        }
        Ok(())
    }

    fn apply(&mut self, row: &Row) -> sqlx::Result<()> {
        let entry = row.entry()?;
        let done = match row.change.as_str() {
            "remove" | "expire" => self.entries.remove(&entry),
            _ => self.entries.add(&entry),
        };
        done.map_err(|full: Full| sqlx::Error::Decode(full.into()))
    }
}

impl Row {
    fn entry(&self) -> sqlx::Result<Entry<'_>> {
        let unknown = |what: &str, text: &str| {
            sqlx::Error::Decode(format!("list entry {}: no {what} {text:?} is known here", self.id).into())
        };
        Ok(Entry {
            id: self.id,
            kind: Kind::parse(&self.kind).ok_or_else(|| unknown("kind", &self.kind))?,
            how: Match::parse(&self.r#match).ok_or_else(|| unknown("match", &self.r#match))?,
            action: ListAction::parse(&self.action).ok_or_else(|| unknown("action", &self.action))?,
            value: &self.value,
            reason: &self.reason,
            expires: self.expires_at.map_or(i64::MAX, |time| time.timestamp_micros()),
        })
    }
}
