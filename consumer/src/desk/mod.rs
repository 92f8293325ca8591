//! What a person does at the command line: change the lists, label, work on investigations.
//!
//! What enters: a database URL of a member of `streamguard_analyst` (for the lists, of `streamguard_writer`
//! too), and what to do. What leaves: what the schema's functions answer. What holds: every check and every
//! row of the audit is theirs; nothing here writes a table.

mod lists;
mod rows;
mod work;

use sqlx::{Connection, PgConnection};
use tokio::runtime::Runtime;

use crate::database::{Database, message};
use crate::error::{Error, Result};

pub use lists::{Imported, Listed, Which};
pub use rows::{ListRow, RowFormat};
pub use work::{Investigation, Verdict};

/// A connection to work with.
#[derive(Debug)]
pub struct Desk {
    runtime: Runtime,
    database: Database,
    connection: PgConnection,
}

impl Desk {
    /// Connects.
    ///
    /// # Errors
    /// The server, the login or the schema is not as it must be.
    pub fn open(database_url: &str) -> Result<Self> {
        let database = Database::new(database_url, "streamguard desk")?;
        let runtime = crate::runtime()?;
        let connection = runtime.block_on(database.connect()).map_err(|error| database.error(&error))?;
        Ok(Self { runtime, database, connection })
    }

    /// Closes the connection.
    pub fn close(self) {
        // What was done is committed; how the server takes the goodbye does not matter.
        let _ = self.runtime.block_on(self.connection.close());
    }

    fn run<T>(&mut self, work: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>) -> Result<T> {
        let done = self.runtime.block_on(work(&mut self.connection));
        done.map_err(|error| refusal(&error).unwrap_or_else(|| self.database.error(&error)))
    }
}

/// What a function of the schema said, in its own words. None: the error is another one.
fn refusal(error: &sqlx::Error) -> Option<Error> {
    let raised = error.as_database_error()?.try_downcast_ref::<sqlx::postgres::PgDatabaseError>()?;
    let hint = match raised.code() {
        "42501" if raised.message().contains("permission denied for function") => Some(
            "the login is no analyst: streamguard db login --name NAME --role analyst makes one; \
             DATABASE_ANALYST_URL names it"
                .to_owned(),
        ),
        "22023" | "22P02" | "P0002" | "55000" | "42501" => raised.hint().map(str::to_owned),
        _ => return None,
    };
    Some(Error::Refused { message: message(error), hint })
}
