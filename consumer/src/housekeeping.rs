//! What nobody waits for: entries of the lists whose time is over, partitions and decisions past their retention,
//! days of the rules' performance that have to be counted again.
//!
//! What enters: how long rows are kept. What leaves: a database without them, and `rule_days`. What holds: it runs
//! on a thread and a connection of its own, so that no batch waits for it longer than a drop holds its lock; each drop is
//! a transaction of its own that waits half a second for its lock and is tried again in the next round; what
//! is younger is never touched, because the database's functions look again under the lock.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sqlx::PgConnection;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::database::{Class, Database, class, message};
use crate::error::{Error, Result};
use crate::store::refresh_rule_days;

const DAY: u64 = 24 * 60 * 60;
/// How long after the start the first round is; a consumer that only drains a log does none.
const FIRST: Duration = Duration::from_secs(20);
/// How often lists are looked at.
const EVERY: Duration = Duration::from_secs(30);
/// How often partitions are looked at.
const PARTITIONS_EVERY: Duration = Duration::from_secs(60 * 60);
/// How soon again where a lock was not to be had.
const AGAIN: Duration = Duration::from_secs(5 * 60);
/// How often days of the rules' performance are counted again, where some have changed.
const RULE_DAYS_EVERY: Duration = Duration::from_secs(5);
/// Counting takes at most this part of the time, however many crossings a day has.
const RULE_DAYS_SHARE: u32 = 20;

/// A server that says nothing for so long is away; what is counted and dropped here may be much.
const SILENCE: Duration = Duration::from_secs(10 * 60);

/// How long rows are kept, counted from when they came. None: for ever. The audit is always kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// Transactions.
    pub transactions: Option<Duration>,
    /// Alerts and their crossings; decisions and their actions, once their transactions are gone.
    pub alerts: Option<Duration>,
}

impl Default for Retention {
    /// 30 days and a year.
    fn default() -> Self {
        let days = |days| Some(Duration::from_secs(days * DAY));
        Self { transactions: days(30), alerts: days(365) }
    }
}

/// What a round did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tidied {
    /// Entries of the lists that were taken away.
    pub entries: u64,
    /// Partitions that were dropped.
    pub dropped: Vec<String>,
    /// Transactions whose decisions were deleted.
    pub decisions: u64,
    /// Partitions whose lock was not to be had: the next round tries again.
    pub later: Vec<String>,
}

/// One round now.
///
/// # Errors
/// The database cannot be entered, or the login is no member of `streamguard_writer`.
pub fn tidy(database_url: &str, retention: &Retention) -> Result<Tidied> {
    let database = Database::new(database_url, "streamguard retention")?;
    crate::runtime()?.block_on(async {
        let mut connection = answered(&database, database.connect()).await.map_err(|e| database.error(&e))?;
        let mut tidied = Tidied::default();
        entries(&mut connection, &mut tidied).await.map_err(|error| database.error(&error))?;
        partitions(&mut connection, retention, &mut tidied).await.map_err(|error| database.error(&error))?;
        decisions(&mut connection, retention, &mut tidied).await.map_err(|error| database.error(&error))?;
        Ok(tidied)
    })
}

async fn entries(connection: &mut PgConnection, tidied: &mut Tidied) -> sqlx::Result<()> {
    loop {
        let gone: i64 = sqlx::query_scalar("SELECT list_expire()").fetch_one(&mut *connection).await?;
        tidied.entries += gone as u64;
        if gone == 0 {
            return Ok(());
        }
    }
}

async fn partitions(
    connection: &mut PgConnection,
    retention: &Retention,
    tidied: &mut Tidied,
) -> sqlx::Result<()> {
    let tables = [
        ("transactions", retention.transactions),
        ("alert_occurrences", retention.alerts),
        ("fraud_alerts", retention.alerts),
    ];
    for (table, keep) in tables {
        let Some(keep) = keep.map(|keep| keep.as_secs_f64()) else { continue };
        let expired: Vec<String> =
            sqlx::query_scalar("SELECT expired_partitions($1, make_interval(secs => $2))")
                .bind(table)
                .bind(keep)
                .fetch_all(&mut *connection)
                .await?;
        for child in expired {
            match drop_partition(connection, table, &child, keep).await {
                Ok(true) => tidied.dropped.push(child),
                Ok(false) => {}
                Err(error) if matches!(class(&error), Class::Conflict | Class::Locked) => {
                    tidied.later.push(child)
                }
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// A transaction for some of them at a time, so that no batch waits long for one.
async fn decisions(
    connection: &mut PgConnection,
    retention: &Retention,
    tidied: &mut Tidied,
) -> sqlx::Result<()> {
    let Some(keep) = retention.alerts.map(|keep| keep.as_secs_f64()) else { return Ok(()) };
    loop {
        let gone: i64 = sqlx::query_scalar("SELECT drop_decisions(make_interval(secs => $1))")
            .bind(keep)
            .fetch_one(&mut *connection)
            .await?;
        tidied.decisions += gone as u64;
        if gone == 0 {
            return Ok(());
        }
    }
}

async fn drop_partition(
    connection: &mut PgConnection,
    table: &str,
    child: &str,
    keep: f64,
) -> sqlx::Result<bool> {
    if table == "transactions" {
        sqlx::query("SELECT keep_decisions_of($1)").bind(child).execute(&mut *connection).await?;
    }
    sqlx::query_scalar("SELECT drop_partition($1, $2, make_interval(secs => $3))")
        .bind(table)
        .bind(child)
        .bind(keep)
        .fetch_one(connection)
        .await
}

/// The thread; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct Housekeeper {
    end: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Housekeeper {
    /// Starts it.
    pub(crate) fn start(database_url: &str, retention: Retention) -> Result<Self> {
        let database = Database::new(database_url, "streamguard retention")?.silent(SILENCE);
        let (end, ended) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("housekeeping".to_owned())
            .spawn(move || keep_house(&database, &retention, ended))
            .map_err(|source| Error::System { context: "starting a thread", source })?;
        Ok(Self { end: Some(end), thread: Some(thread) })
    }
}

impl Drop for Housekeeper {
    fn drop(&mut self) {
        drop(self.end.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn keep_house(database: &Database, retention: &Retention, ended: oneshot::Receiver<()>) {
    let mut house = House::new(database, retention, Instant::now());
    let Ok(runtime) = crate::runtime().inspect_err(|error| tracing::error!("no housekeeping: {error}"))
    else {
        return;
    };
    let rounds = async {
        loop {
            tokio::time::sleep_until(house.due().into()).await;
            house.round().await;
        }
    };
    // What is under way is given up: each part of it is a transaction of its own.
    runtime.block_on(async {
        tokio::select! {
            _ = ended => {}
            () = rounds => {}
        }
    });
}

/// What the server says, or that it says nothing.
async fn answered<T>(database: &Database, answer: impl Future<Output = sqlx::Result<T>>) -> sqlx::Result<T> {
    timeout(database.silence(), answer).await.unwrap_or_else(|_| Err(database.no_answer()))
}

/// What the thread does, and when.
struct House<'a> {
    database: &'a Database,
    retention: &'a Retention,
    /// None: not connected, or it has failed.
    connection: Option<PgConnection>,
    lists_due: Instant,
    partitions_due: Instant,
    rule_days_due: Instant,
}

impl<'a> House<'a> {
    fn new(database: &'a Database, retention: &'a Retention, now: Instant) -> Self {
        Self {
            database,
            retention,
            connection: None,
            lists_due: now + FIRST,
            partitions_due: now + FIRST,
            rule_days_due: now + RULE_DAYS_EVERY,
        }
    }

    /// When something is to be done next.
    fn due(&self) -> Instant {
        self.lists_due.min(self.partitions_due).min(self.rule_days_due)
    }

    /// Does what is due; what fails stays for the next round, on a new connection.
    async fn round(&mut self) {
        if let Err(why) = self.work().await {
            self.connection = None;
            let again = Instant::now() + EVERY;
            for due in [&mut self.lists_due, &mut self.partitions_due, &mut self.rule_days_due] {
                *due = again.max(*due);
            }
            // The main loop says so more loudly where it is the server.
            tracing::warn!("{}: what is too old stays for now: {}", self.database.target(), message(&why));
        }
    }

    async fn work(&mut self) -> sqlx::Result<()> {
        let database = self.database;
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => answered(database, database.connect()).await?,
        };
        let start = Instant::now();
        if self.rule_days_due <= start {
            answered(database, refresh_rule_days(&mut connection)).await?;
            self.rule_days_due = Instant::now() + RULE_DAYS_EVERY.max(start.elapsed() * RULE_DAYS_SHARE);
        }
        let mut tidied = Tidied::default();
        if self.lists_due <= Instant::now() {
            self.lists_due = Instant::now() + EVERY;
            answered(database, entries(&mut connection, &mut tidied)).await?;
        }
        if self.partitions_due <= Instant::now() {
            self.partitions_due = Instant::now() + EVERY;
            answered(database, partitions(&mut connection, self.retention, &mut tidied)).await?;
            answered(database, decisions(&mut connection, self.retention, &mut tidied)).await?;
            let next = if tidied.later.is_empty() { PARTITIONS_EVERY } else { AGAIN };
            self.partitions_due = Instant::now() + next;
        }
        report(&tidied);
        self.connection = Some(connection);
        Ok(())
    }
}

fn report(tidied: &Tidied) {
    if tidied.entries > 0 {
        tracing::info!("{} entries of the lists have expired", tidied.entries);
    }
    if tidied.decisions > 0 {
        tracing::info!("{} transactions' decisions were past their retention", tidied.decisions);
    }
    if !tidied.dropped.is_empty() {
        tracing::info!("dropped, because all of it is past its retention: {}", tidied.dropped.join(", "));
    }
    if !tidied.later.is_empty() {
        tracing::info!("in use, so dropped later: {}", tidied.later.join(", "));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// It came round at once and for ever: what was due stayed due.
    #[test]
    fn a_round_that_failed_leaves_nothing_due_at_once() {
        // A port where nobody listens.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        drop(listener);
        let url = format!("postgres://nobody:nothing@127.0.0.1:{port}/nowhere");
        let database = Database::new(&url, "test").unwrap();
        let begun = Instant::now();
        let retention = Retention::default();
        let mut house = House { rule_days_due: begun, ..House::new(&database, &retention, begun) };
        for due in [begun, begun + PARTITIONS_EVERY] {
            (house.lists_due, house.partitions_due) = (due, due);
            crate::runtime().unwrap().block_on(house.round());
            assert!(house.connection.is_none());
            assert!(house.due() >= begun + EVERY, "due again after {:?}", house.due() - begun);
            assert!(house.partitions_due >= due, "what was not due yet comes no sooner");
        }
    }

    /// A server that says nothing held up the consumer's end.
    #[test]
    fn the_thread_ends_while_the_server_says_nothing() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("postgres://a:b@127.0.0.1:{}/c", listener.local_addr().unwrap().port());
        let database = Database::new(&url, "test").unwrap().silent(SILENCE);
        let (end, ended) = oneshot::channel();
        let thread = std::thread::spawn(move || keep_house(&database, &Retention::default(), ended));
        // It is in its first round, and hears nothing.
        let (_connection, _) = listener.accept().unwrap();
        let begun = Instant::now();
        drop(end);
        thread.join().unwrap();
        assert!(begun.elapsed() < SILENCE);
    }
}
