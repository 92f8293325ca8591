//! A connection that does one duty for all consumers of a database.
//!
//! What enters: the duty's name and the channel that wakes it. What leaves: a connection that holds the
//! duty's advisory lock, or none while another holds it. What holds: the lock lives as long as the
//! connection, so a session that failed in any way is dropped and never mended.

use std::time::Duration;

use sqlx::postgres::{PgListener, PgPoolOptions};
use sqlx::{Acquire, PgConnection, PgPool};
use tokio::sync::watch;
use tokio::time::timeout;

use super::Phase;
use crate::database::Database;

/// How long a new connection may take.
const CONNECT: Duration = Duration::from_secs(5);

/// What a thread does for all consumers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Duty {
    /// Names the advisory lock.
    pub(super) name: &'static str,
    /// What is notified when there is work.
    pub(super) channel: &'static str,
}

/// A connection with LISTEN.
pub(super) struct Session {
    listener: PgListener,
    pool: PgPool,
    duty: Duty,
    database: Database,
}

impl Session {
    pub(super) async fn open(database: &Database, duty: Duty) -> sqlx::Result<Self> {
        let entering = timeout(database.silence(), Self::enter(database, duty));
        entering.await.unwrap_or_else(|_| Err(database.no_answer()))
    }

    async fn enter(database: &Database, duty: Duty) -> sqlx::Result<Self> {
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .acquire_timeout(CONNECT)
            .connect_lazy_with(database.options());
        let mut listener = PgListener::connect_with(&pool).await?;
        listener.eager_reconnect(false);
        listener.ignore_pool_close_event(true);
        crate::database::prepare(listener.acquire().await?).await?;
        listener.listen(duty.channel).await?;
        Ok(Self { listener, pool, duty, database: database.clone() })
    }

    /// Takes the lock if nobody has it.
    pub(super) async fn lock(&mut self) -> sqlx::Result<bool> {
        let name = self.duty.name;
        self.with(async |connection| {
            sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtext('streamguard.dispatch'), hashtext($1))")
                .bind(name)
                .fetch_one(connection)
                .await
        })
        .await
    }

    /// Runs something on the connection.
    pub(super) async fn with<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>,
    ) -> sqlx::Result<T> {
        let connection = self.listener.acquire().await?;
        let working = timeout(self.database.silence(), work(connection));
        working.await.unwrap_or_else(|_| Err(self.database.no_answer()))
    }

    /// Waits for a notification, the time's end or the request to end.
    pub(super) async fn wait(
        &mut self,
        phase: &mut watch::Receiver<Phase>,
        time: Duration,
    ) -> sqlx::Result<()> {
        if super::is_ending(phase) {
            return Ok(());
        }
        tokio::select! {
            notified = self.listener.try_recv() => match notified? {
                Some(_) => {
                    // One look at the table does for all of them.
                    while self.listener.next_buffered().is_some() {}
                    Ok(())
                }
                None => Err(lost()),
            },
            _ = phase.changed() => Ok(()),
            () = tokio::time::sleep(time) => Ok(()),
        }
    }

    /// Ends the connection, and with it the lock, before anybody asks for it again.
    pub(super) async fn close(self) {
        drop(self.listener);
        // Not for ever: a server that is away closes nothing.
        let _ = timeout(CONNECT, self.pool.close()).await;
    }
}

fn lost() -> sqlx::Error {
    let message = "the connection was lost";
    sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::ConnectionReset, message))
}
