//! Connections to PostgreSQL, and what its errors mean.
//!
//! What enters: a database URL. What leaves: a connection with the session settings that the consumer's
//! statements count on; for every error a [`Class`] (what the writer does about it) and an [`Error`] that
//! names host, port, database and user. What holds: the password is in no message and no statement is
//! logged.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Connection, PgConnection};

use crate::error::{Error, Result};

/// What to do about an error of PostgreSQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// The server is away, starting, full or read-only: wait and connect again.
    Unavailable,
    /// Another transaction was in the way: the same once more.
    Conflict,
    /// A lock was not given in time, and may not be for long: wait as if the server were away.
    Locked,
    /// A row cannot be stored as it is.
    Refused,
    /// No partition for a row: it was not made yet, or dropped meanwhile.
    NoPartition,
    /// A setting, the schema or a privilege: a person has to act.
    Permanent,
}

/// Where PostgreSQL is and how it is entered.
#[derive(Debug, Clone)]
pub(crate) struct Database {
    options: PgConnectOptions,
    target: String,
    silence: Duration,
}

/// How long a server may say nothing, where nobody says.
pub(crate) const SILENCE: Duration = Duration::from_secs(120);

impl Database {
    pub(crate) fn new(url: &str, application: &str) -> Result<Self> {
        if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
            return Err(Error::Url("it does not begin with postgres://".to_owned()));
        }
        let options = PgConnectOptions::from_str(url)
            .map_err(|error| Error::Url(error.to_string()))?
            .application_name(application)
            .disable_statement_logging();
        let target = format!(
            "PostgreSQL at {}:{}, database {}, user {}",
            options.get_host(),
            options.get_port(),
            options.get_database().unwrap_or(options.get_username()),
            options.get_username()
        );
        Ok(Self { options, target, silence: SILENCE })
    }

    /// A server that says nothing for so long is away.
    pub(crate) fn silent(self, silence: Duration) -> Self {
        Self { silence, ..self }
    }

    /// How long a server may say nothing.
    pub(crate) fn silence(&self) -> Duration {
        self.silence
    }

    /// That it has said nothing for so long.
    pub(crate) fn no_answer(&self) -> sqlx::Error {
        let message = format!("no answer within {} s", self.silence.as_secs_f32());
        sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, message))
    }

    /// Host, port, database and user, for messages.
    pub(crate) fn target(&self) -> &str {
        &self.target
    }

    /// The name of the database.
    pub(crate) fn name(&self) -> &str {
        self.options.get_database().unwrap_or(self.options.get_username())
    }

    /// A new connection, prepared.
    pub(crate) async fn connect(&self) -> std::result::Result<PgConnection, sqlx::Error> {
        let mut connection = PgConnection::connect_with(&self.options).await?;
        prepare(&mut connection).await?;
        Ok(connection)
    }

    /// For a pool that connects by itself; its sessions need [`prepare`].
    pub(crate) fn options(&self) -> PgConnectOptions {
        self.options.clone()
    }

    /// The error in words, with what to do next.
    pub(crate) fn error(&self, error: &sqlx::Error) -> Error {
        Error::Database { target: self.target.clone(), message: message(error), hint: self.hint(error) }
    }

    fn hint(&self, error: &sqlx::Error) -> String {
        let name = self.name();
        match code(error).as_deref() {
            Some("28P01" | "28000") => {
                "check user and password in the database URL (start.sh writes it to .env), \
                 or make the login: streamguard db login --name NAME --role writer"
                    .to_owned()
            }
            Some("3D000") => format!("make the database first: CREATE DATABASE {name}"),
            Some("42P01" | "42883" | "3F000" | "42703") => {
                "the schema is missing or too old: run `streamguard db migrate` with DATABASE_OWNER_URL set"
                    .to_owned()
            }
            Some("42501") => {
                "the login lacks a privilege: it must be a member of streamguard_writer (consumer) or of \
                 streamguard_owner (migration); see `streamguard db login --help`"
                    .to_owned()
            }
            Some("53300") => "all connections are taken: raise max_connections, or end some".to_owned(),
            Some("53100") => "the disk of the server is full".to_owned(),
            _ if is_network(error) => {
                "is the server running, and are host and port right? ./start.sh starts one".to_owned()
            }
            _ => "see the server's log".to_owned(),
        }
    }
}

/// The session's settings: it plans every statement for the values at hand, so that partitions are pruned
/// while planning, and does not compile plans, which takes longer than they run. The server notices within
/// seconds that a connection was given up, and within a minute that this machine is gone, and gives its locks to
/// whoever comes next.
pub(crate) async fn prepare(connection: &mut PgConnection) -> std::result::Result<(), sqlx::Error> {
    sqlx::raw_sql(
        "SET TIME ZONE 'UTC'; SET plan_cache_mode = force_custom_plan; SET jit = off; \
         SET lock_timeout = '30s'; SET client_min_messages = warning; SET client_connection_check_interval = '5s'; \
         SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3",
    )
    .execute(connection)
    .await
    .map(drop)
}

/// The five characters of PostgreSQL's error code.
fn code(error: &sqlx::Error) -> Option<String> {
    error.as_database_error().and_then(|e| e.code()).map(|code| code.into_owned())
}

fn is_network(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Io(_) | sqlx::Error::Tls(_) | sqlx::Error::Protocol(_))
}

/// What PostgreSQL or the network said, in a line.
pub(crate) fn message(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(e) => {
            let detail = e
                .try_downcast_ref::<sqlx::postgres::PgDatabaseError>()
                .and_then(|pg| pg.detail())
                .map(|detail| format!(" ({detail})"));
            format!("{}{}", e.message(), detail.unwrap_or_default())
        }
        sqlx::Error::Io(e) => format!("cannot be reached: {e}"),
        other => other.to_string(),
    }
}

/// What to do about an error.
pub(crate) fn class(error: &sqlx::Error) -> Class {
    let Some(code) = code(error) else {
        return if is_network(error) { Class::Unavailable } else { Class::Permanent };
    };
    match code.as_str() {
        "40001" | "40P01" => Class::Conflict,
        "55P03" => Class::Locked,
        "23514" if message(error).contains("no partition of relation") => Class::NoPartition,
        // Read-only, as a standby is; a session that the server ended, or whose statement it did.
        "25006" | "25P03" | "25P04" | "57P01" | "57P02" | "57P03" | "57P05" | "57014" => Class::Unavailable,
        _ => match &code[..2] {
            "08" | "53" | "58" => Class::Unavailable,
            "22" | "23" | "54" => Class::Refused,
            _ => Class::Permanent,
        },
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_target_names_everything_but_the_password() {
        let database = Database::new("postgres://ann:s3cret@db.example:5433/guard", "t").unwrap();
        assert_eq!(database.target(), "PostgreSQL at db.example:5433, database guard, user ann");
        let text = format!("{}", database.error(&sqlx::Error::Io(std::io::Error::other("refused"))));
        assert!(text.contains("db.example:5433") && !text.contains("s3cret"), "{text}");
    }

    #[test]
    fn what_is_no_url_is_said() {
        assert!(matches!(Database::new("localhost:5432", "t"), Err(Error::Url(_))));
        let text = Database::new("postgres://u:p4ss@h:notaport/d", "t").unwrap_err().to_string();
        assert!(text.contains("postgres://USER") && !text.contains("p4ss"), "{text}");
    }
}
