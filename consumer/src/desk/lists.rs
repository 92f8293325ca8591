//! The lists: add, remove, import, export.

use std::io::{BufRead, Write};

use chrono::{DateTime, SecondsFormat, Utc};
use sqlx::PgConnection;

use super::Desk;
use super::rows::{COLUMNS, Checked, ListRow, RowFormat, read};
use crate::error::{Error, Result};
use crate::lists::{Kind, ListAction, Match};

/// Rows of one statement of an import.
const AT_ONCE: usize = 20_000;
/// How many wrong lines are named.
const NAMED: usize = 20;
/// Rows of one page of an export.
const PAGE: i64 = 20_000;

/// Which entries are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Which {
    /// Of this kind only.
    pub kind: Option<Kind>,
    /// On this list only.
    pub action: Option<ListAction>,
    /// With this text in the value, upper and lower case alike.
    pub text: Option<String>,
}

/// An entry, as the database has it.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Listed {
    /// Its id.
    pub id: i64,
    /// Which field it is compared with.
    pub kind: String,
    /// What with.
    pub value: String,
    /// How.
    #[sqlx(rename = "match")]
    pub how: String,
    /// block, allow or watch.
    pub action: String,
    /// Why.
    pub reason: String,
    /// Who changed it last.
    pub author: String,
    /// Until when.
    pub expires_at: Option<DateTime<Utc>>,
    /// Since when.
    pub created_at: DateTime<Utc>,
}

/// What an import did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Imported {
    /// Rows that were read.
    pub rows: u64,
    /// Entries that were added or changed; the others were there already.
    pub changed: u64,
}

impl Desk {
    /// Puts a value on a list; returns the entry's id.
    ///
    /// # Errors
    /// The login may not; something of the row is wrong.
    pub fn list_add(&mut self, row: ListRow) -> Result<i64> {
        let row = row.check(Utc::now()).map_err(|message| Error::Refused { message, hint: None })?;
        self.run(async |connection| {
            sqlx::query_scalar("SELECT list_add($1, $2, $3, $4, $5, $6)")
                .bind(row.kind.as_str())
                .bind(&row.value)
                .bind(row.action.as_str())
                .bind(&row.reason)
                .bind(row.how.map(Match::as_str))
                .bind(row.expires)
                .fetch_one(connection)
                .await
        })
    }

    /// Takes a value off a list; returns the id that the entry had.
    ///
    /// # Errors
    /// The login may not; it is not there; no reason.
    pub fn list_remove(
        &mut self,
        kind: Kind,
        value: &str,
        action: ListAction,
        reason: &str,
        how: Option<Match>,
    ) -> Result<i64> {
        self.run(async |connection| {
            sqlx::query_scalar("SELECT list_remove($1, $2, $3, $4, $5)")
                .bind(kind.as_str())
                .bind(value)
                .bind(action.as_str())
                .bind(reason)
                .bind(how.map(Match::as_str))
                .fetch_one(connection)
                .await
        })
    }

    /// Adds the entries of a file, all or none; what a row leaves out comes from `defaults`. Says how far it is
    /// in rows.
    ///
    /// # Errors
    /// The login may not; lines are wrong, which are named.
    pub fn list_import(
        &mut self,
        input: impl BufRead,
        format: RowFormat,
        defaults: &ListRow,
        progress: impl FnMut(u64),
    ) -> Result<Imported> {
        self.run(async |connection| sqlx::query("BEGIN").execute(connection).await.map(drop))?;
        let imported = self.import(input, format, defaults, progress);
        let end = if imported.is_ok() { "COMMIT" } else { "ROLLBACK" };
        let ended = self.run(async |connection| sqlx::query(end).execute(connection).await.map(drop));
        imported.and_then(|imported| ended.map(|()| imported))
    }

    fn import(
        &mut self,
        input: impl BufRead,
        format: RowFormat,
        defaults: &ListRow,
        mut progress: impl FnMut(u64),
    ) -> Result<Imported> {
        let (mut imported, mut wrong) = (Imported::default(), Vec::new());
        let mut rows: Vec<Checked> = Vec::new();
        let now = Utc::now();
        read(input, format, defaults, |line, row| {
            match row.and_then(|row| row.check(now)) {
                Ok(row) => rows.push(row),
                Err(why) => wrong.push(format!("line {line}: {why}")),
            }
            imported.rows += 1;
            if rows.len() >= AT_ONCE {
                // A file with a wrong line is only read on, to name the others.
                if wrong.is_empty() {
                    imported.changed += self.run(async |connection| send(connection, &rows).await)?;
                    progress(imported.rows);
                }
                rows.clear();
            }
            Ok(wrong.len() < NAMED)
        })?;
        if !wrong.is_empty() {
            return Err(Error::Lines { count: wrong.len(), lines: wrong.join("\n") });
        }
        imported.changed += self.run(async |connection| send(connection, &rows).await)?;
        Ok(imported)
    }

    /// Entries, page by page in order of id.
    ///
    /// # Errors
    /// The login may not read; or `take`'s own.
    pub fn list_each(&mut self, which: &Which, mut take: impl FnMut(Listed) -> Result<()>) -> Result<()> {
        let mut last = i64::MIN;
        loop {
            let page: Vec<Listed> = self.run(async |connection| {
                sqlx::query_as(
                    "SELECT id, kind, value, match, action, reason, author, expires_at, created_at FROM list_entries
                     WHERE id > $1 AND ($3::text IS NULL OR kind = $3) AND ($4::text IS NULL OR action = $4)
                       AND ($5::text IS NULL OR position(lower($5) IN lower(value)) > 0)
                     ORDER BY id LIMIT $2",
                )
                .bind(last)
                .bind(PAGE)
                .bind(which.kind.map(Kind::as_str))
                .bind(which.action.map(ListAction::as_str))
                .bind(which.text.as_deref())
                .fetch_all(connection)
                .await
            })?;
            let more = page.len() as i64 == PAGE;
            for entry in page {
                last = entry.id;
                take(entry)?;
            }
            if !more {
                return Ok(());
            }
        }
    }

    /// Writes entries as `list_import` reads them; returns how many.
    ///
    /// # Errors
    /// The login may not read; the output cannot be written.
    pub fn list_export(&mut self, which: &Which, format: RowFormat, mut output: impl Write) -> Result<u64> {
        let failed = |source| Error::System { context: "writing the export", source };
        let mut count = 0;
        if format == RowFormat::Csv {
            output.write_all(&csv_line(&COLUMNS.map(str::to_owned))).map_err(failed)?;
        }
        self.list_each(which, |entry| {
            count += 1;
            let row = entry.row();
            let line = match format {
                RowFormat::Csv => csv_line(&row.map(|(_, text)| text.unwrap_or_default())),
                RowFormat::JsonLines => json_line(row),
            };
            output.write_all(&line).map_err(failed)
        })?;
        output.flush().map_err(failed)?;
        Ok(count)
    }
}

fn csv_line(cells: &[String]) -> Vec<u8> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Into memory: neither can fail.
    let written = writer.write_record(cells);
    debug_assert!(written.is_ok());
    writer.into_inner().unwrap_or_default()
}

fn json_line(row: [(&'static str, Option<String>); COLUMNS.len()]) -> Vec<u8> {
    let object: serde_json::Map<_, _> = row
        .into_iter()
        .filter_map(|(name, text)| Some((name.to_owned(), serde_json::Value::from(text?))))
        .collect();
    format!("{}\n", serde_json::Value::Object(object)).into_bytes()
}

impl Listed {
    /// The columns of an export.
    fn row(self) -> [(&'static str, Option<String>); COLUMNS.len()] {
        let time = |time: DateTime<Utc>| time.to_rfc3339_opts(SecondsFormat::Micros, true);
        [
            ("kind", Some(self.kind)),
            ("value", Some(self.value)),
            ("action", Some(self.action)),
            ("match", Some(self.how)),
            ("reason", Some(self.reason)),
            ("expires_at", self.expires_at.map(time)),
            ("author", Some(self.author)),
            ("created_at", Some(time(self.created_at))),
        ]
    }
}

async fn send(connection: &mut PgConnection, rows: &[Checked]) -> sqlx::Result<u64> {
    if rows.is_empty() {
        return Ok(0);
    }
    let changed: i64 = sqlx::query_scalar("SELECT list_import($1, $2, $3, $4, $5, $6)")
        .bind(rows.iter().map(|row| row.kind.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.value.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.action.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.reason.as_str()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.how.map(Match::as_str)).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.expires).collect::<Vec<_>>())
        .fetch_one(connection)
        .await?;
    Ok(changed as u64)
}
