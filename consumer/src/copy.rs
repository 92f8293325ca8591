//! Rows into tables, many at a time.
//!
//! What enters: a [`Table`] and what its rows are made of. What leaves: the rows, stored. What holds: few rows go as
//! one INSERT, whose parameters are an array for each column, many as a COPY that is encoded while the server
//! stores; both store the same, from the same bytes.
//!
//! Few go as an INSERT because that is one message, and a COPY is four. It waits for the server once less, and it
//! never waits for its own acknowledgement: the end of a COPY is a small packet behind one that the server has not
//! acknowledged, which the kernel holds back for up to 40 ms unless the socket has TCP_NODELAY, and sqlx 0.9.0
//! sets none (<https://github.com/transact-rs/sqlx/issues/4335>).

mod arrays;
mod rows;

use sqlx::postgres::{PgArguments, PgRow};
use sqlx::query::Query;
use sqlx::{AssertSqlSafe, Connection, FromRow, PgConnection, Postgres};

pub(crate) use arrays::Kind;
pub(crate) use rows::Rows;

use arrays::Array;

/// How many bytes are encoded before they are handed to the server.
const CHUNK_BYTES: usize = 128 << 10;
/// Rows of at most so many bytes are few.
const FEW_BYTES: usize = 2 << 20;
/// So many rows are few, where bytes are not known.
const FEW_ROWS: usize = 2_000;

/// A table's columns, to be written.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// The names, as SQL has them, and types of those that are given values.
    pub(crate) columns: &'static [(&'static str, Kind)],
}

impl Table {
    fn names(&self) -> String {
        self.columns.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
    }

    fn copy(&self) -> String {
        format!("COPY {} ({}) FROM STDIN (FORMAT binary)", self.name, self.names())
    }

    /// Rows are stored in the order in which they are given: it is that of ids that the table gives.
    fn insert(&self, end: &str) -> String {
        let each = |f: &dyn Fn(usize, Kind) -> String| {
            let columns = self.columns.iter().enumerate().map(|(i, (_, kind))| f(i + 1, *kind));
            columns.collect::<Vec<_>>().join(", ")
        };
        format!(
            "INSERT INTO {} ({}) SELECT {} FROM unnest({}) WITH ORDINALITY AS r ({}, nth) ORDER BY nth {end}",
            self.name,
            self.names(),
            each(&|i, kind| format!("c{i}{}", kind.cast())),
            each(&|i, kind| format!("${i}::{}[]", kind.element())),
            each(&|i, _| format!("c{i}")),
        )
    }

    fn encoder(&self, capacity: usize) -> Rows {
        Rows::new(self.columns.len() as i16, capacity)
    }
}

/// An INSERT with its parameters.
fn insert(table: Table, rows: Rows, end: &str) -> Query<'static, Postgres, PgArguments> {
    let (count, columns) = rows.into_columns();
    let kinds = table.columns.iter().map(|(_, kind)| *kind);
    kinds.zip(columns).fold(sqlx::query(AssertSqlSafe(table.insert(end))), |query, (kind, fields)| {
        query.bind(Array { kind, count, fields })
    })
}

/// Stores a row for each item, which `encode` writes.
pub(crate) async fn send<T>(
    connection: &mut PgConnection,
    table: Table,
    mut items: impl Iterator<Item = T>,
    mut encode: impl FnMut(&mut Rows, T),
) -> sqlx::Result<()> {
    let mut rows = table.encoder(CHUNK_BYTES);
    while rows.len() < FEW_BYTES {
        let Some(item) = items.next() else {
            return insert(table, rows, "").execute(connection).await.map(drop);
        };
        rows.row();
        encode(&mut rows, item);
    }
    copy(connection, table, rows, items, encode).await
}

/// Copies what is encoded and a row for each item that is left.
async fn copy<T>(
    connection: &mut PgConnection,
    table: Table,
    mut rows: Rows,
    items: impl Iterator<Item = T>,
    mut encode: impl FnMut(&mut Rows, T),
) -> sqlx::Result<()> {
    let mut copy = connection.copy_in_raw(&table.copy()).await?;
    for item in items {
        if rows.len() >= CHUNK_BYTES {
            copy.send(rows.drain(CHUNK_BYTES + CHUNK_BYTES / 8)).await?;
        }
        rows.row();
        encode(&mut rows, item);
    }
    copy.send(rows.finish()).await?;
    copy.finish().await.map(drop)
}

/// Stores those of the rows whose keys are not there, and returns these columns of them.
pub(crate) async fn insert_new<T, R>(
    connection: &mut PgConnection,
    table: Table,
    items: impl Iterator<Item = T>,
    mut encode: impl FnMut(&mut Rows, T),
    returning: &str,
) -> sqlx::Result<Vec<R>>
where
    R: for<'r> FromRow<'r, PgRow>,
{
    let mut rows = table.encoder(CHUNK_BYTES);
    for item in items {
        rows.row();
        encode(&mut rows, item);
    }
    let end = format!("ON CONFLICT DO NOTHING RETURNING {returning}");
    let stored = insert(table, rows, &end).fetch_all(connection).await?;
    stored.iter().map(R::from_row).collect()
}

/// Tells whether rows may be copied straight into their table.
///
/// Most rows are new, and then COPY into the table is the quickest way for many. It fails as a whole where one key
/// is there, so it stands in a savepoint; after such a failure the next batches take [`insert_new`] at once,
/// because what is sent again comes in runs.
#[derive(Debug, Default)]
pub(crate) struct Direct {
    careful: u32,
}

/// How many batches after a key that was there take the longer way.
const CAREFUL_BATCHES: u32 = 20;

impl Direct {
    /// Copies rows that are thought to be new. False: nothing is copied, because they are few, or a key may be
    /// there.
    pub(crate) async fn copy<T>(
        &mut self,
        tx: &mut PgConnection,
        table: Table,
        items: impl ExactSizeIterator<Item = T>,
        encode: impl FnMut(&mut Rows, T),
    ) -> sqlx::Result<bool> {
        if items.len() <= FEW_ROWS {
            return Ok(false);
        }
        if self.careful > 0 {
            self.careful -= 1;
            return Ok(false);
        }
        let mut savepoint = tx.begin().await?;
        match copy(&mut savepoint, table, table.encoder(CHUNK_BYTES), items, encode).await {
            Ok(()) => savepoint.commit().await.map(|()| true),
            Err(error) if error.as_database_error().is_some_and(|e| e.is_unique_violation()) => {
                savepoint.rollback().await?;
                self.met_a_key();
                Ok(false)
            }
            Err(error) => Err(error),
        }
    }

    /// A key was there: the next batches take the longer way.
    pub(crate) fn met_a_key(&mut self) {
        self.careful = CAREFUL_BATCHES;
    }
}
