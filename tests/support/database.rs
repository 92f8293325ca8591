//! A database of the test's own, asked in SQL.

use servers::Postgres;
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::{Executor, Row, ValueRef};
use tokio::runtime::Runtime;

use super::unique;

/// A database and a connection to it.
pub struct Database {
    url: String,
    pool: PgPool,
    runtime: Runtime,
}

impl Database {
    /// Makes an empty one.
    pub fn create(server: &Postgres) -> Self {
        let url = server.create_database(&unique("e2e"));
        let runtime = Runtime::new().unwrap();
        let pool = runtime.block_on(async {
            let options = PgPoolOptions::new().max_connections(1).test_before_acquire(true);
            options.connect_lazy(&url).unwrap()
        });
        Self { url, pool, runtime }
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// The rows as text, columns joined by `|`, NULL as nothing; an error where the SQL has one.
    pub fn try_rows(&self, sql: &str) -> Result<Vec<String>, sqlx::Error> {
        let rows = self.runtime.block_on(self.pool.fetch_all(sqlx::raw_sql(sqlx::AssertSqlSafe(sql))))?;
        let text = |row: &sqlx::postgres::PgRow| {
            let cell = |column| {
                let value = row.try_get_raw(column).unwrap();
                if value.is_null() { String::new() } else { value.as_str().unwrap().to_owned() }
            };
            (0..row.len()).map(cell).collect::<Vec<_>>().join("|")
        };
        Ok(rows.iter().map(text).collect())
    }

    /// The rows as text, columns joined by `|`.
    pub fn rows(&self, sql: &str) -> Vec<String> {
        self.try_rows(sql).unwrap_or_else(|error| panic!("{error}\n{sql}"))
    }

    /// One number; 0 where there is none, or no such table yet.
    pub fn count(&self, sql: &str) -> i64 {
        let rows = self.try_rows(sql).unwrap_or_default();
        rows.first().and_then(|row| row.parse().ok()).unwrap_or(0)
    }

    /// How many rows a table has; 0 where it is not there yet.
    pub fn size(&self, table: &str) -> i64 {
        self.count(&format!("SELECT count(*) FROM {table}"))
    }
}
