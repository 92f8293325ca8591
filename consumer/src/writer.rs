//! A batch into PostgreSQL, whatever comes between.
//!
//! What enters: a batch and the offsets that the database holds. What leaves: the batch stored, or the
//! reason why the loop has to wait or to read the offsets again. What holds: deadlocks are tried again, a
//! record that PostgreSQL refuses is found by halving the batch and becomes a dead letter, and a connection
//! that failed is never used again; what has taken too long is tried in smaller transactions.

use std::collections::BTreeMap;
use std::ops::Range;
use std::time::Duration;

use broker::{Batch, TopicPartition};
use chrono::{DateTime, Utc};
use events::Mask;
use sqlx::PgConnection;
use tokio::runtime::Runtime;
use tokio::time::timeout;

use crate::database::{Class, Database, class, message};
use crate::decision::InForce;
use crate::error::Result;
use crate::intake::{Intake, Refused};
use crate::store::offsets::{Identity, Recorded};
use crate::store::{Failure, Store, Written, bounds, offsets};
use crate::{Options, Summary, runtime};

/// How long a new connection may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How often a batch is tried again because another transaction was in the way.
const CONFLICTS: u32 = 10;

/// What became of a batch.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Stored, and the offsets moved on.
    Stored,
    /// PostgreSQL is away; perhaps part of the batch, or all of it, is stored.
    Away(String),
    /// Another consumer has stored some of it.
    Fenced,
}

/// The connection to PostgreSQL and everything that is remembered about it.
pub(crate) struct Writer {
    runtime: Runtime,
    database: Database,
    connection: Option<PgConnection>,
    store: Store,
    reader: Reader,
    /// The most records of a transaction: fewer for a while where more have taken too long.
    most: usize,
}

/// Reads records by the settings.
#[derive(Debug, Clone)]
pub(crate) struct Reader {
    earliest: DateTime<Utc>,
    ahead: Duration,
    mask: Mask,
}

impl Reader {
    pub(crate) fn read(
        &self,
        batch: &Batch,
        range: Range<usize>,
        refused: &Refused,
        now: DateTime<Utc>,
    ) -> Intake {
        Intake::read(batch, range, refused, (bounds(now, self.earliest, self.ahead), &self.mask))
    }
}

impl Writer {
    pub(crate) fn new(options: &Options) -> Result<Self> {
        Ok(Self {
            runtime: runtime()?,
            database: Database::new(&options.database_url, "streamguard consumer")?.silent(options.silence),
            connection: None,
            store: Store::new(InForce::new(options.policy.clone()), options.targets.clone()),
            reader: Reader { earliest: options.earliest, ahead: options.ahead, mask: options.mask.clone() },
            most: usize::MAX,
        })
    }

    /// Names the audit's chains after the log's cluster.
    pub(crate) fn set_cluster(&mut self, cluster: &str) {
        self.store.set_cluster(cluster);
    }

    /// Decides by another policy from the next batch on.
    pub(crate) fn set_policy(&mut self, policy: InForce) {
        self.store.set_policy(policy);
    }

    /// Host, port, database and user.
    pub(crate) fn target(&self) -> &str {
        self.database.target()
    }

    /// Connects anew. Ok(Some): PostgreSQL is away, and why.
    pub(crate) fn connect(&mut self) -> Result<Option<String>> {
        self.connection = None;
        self.store.forget();
        let connected = self.runtime.block_on(async { timeout(CONNECT, self.database.connect()).await });
        match connected {
            Ok(Ok(connection)) => {
                self.connection = Some(connection);
                Ok(None)
            }
            Ok(Err(error)) if class(&error) == Class::Unavailable => Ok(Some(message(&error))),
            Ok(Err(error)) => Err(self.database.error(&error)),
            Err(_) => Ok(Some(format!("no answer within {} s", CONNECT.as_secs()))),
        }
    }

    /// Connects for the first time: here a server that is not there is an error, one that is starting is not.
    pub(crate) fn connect_first(&mut self) -> Result<()> {
        let mut patience = 60;
        loop {
            let connected = async { timeout(self.database.silence(), self.database.connect()).await };
            match self.runtime.block_on(connected).unwrap_or_else(|_| Err(self.database.no_answer())) {
                Ok(connection) => {
                    self.connection = Some(connection);
                    return Ok(());
                }
                Err(error) if patience > 0 && error.as_database_error().is_some_and(is_starting) => {
                    patience -= 1;
                    std::thread::sleep(Duration::from_millis(500));
                }
                Err(error) => return Err(self.database.error(&error)),
            }
        }
    }

    /// Whether the schema is the one that this binary writes.
    pub(crate) fn check_schema(&mut self) -> Result<()> {
        let database = self.database.clone();
        let Some(connection) = self.connection.as_mut() else { return Ok(()) };
        self.runtime.block_on(crate::migrate::check(&database, connection))
    }

    /// Runs something on the connection; Ok(Err) says why PostgreSQL is away.
    pub(crate) fn with<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut PgConnection) -> sqlx::Result<T>,
    ) -> Result<std::result::Result<T, String>> {
        let Some(connection) = self.connection.as_mut() else {
            return Ok(Err("not connected".to_owned()));
        };
        match self.runtime.block_on(async { timeout(self.database.silence(), work(connection)).await }) {
            Ok(Ok(value)) => Ok(Ok(value)),
            Ok(Err(error))
                if matches!(class(&error), Class::Unavailable | Class::Conflict | Class::Locked) =>
            {
                self.connection = None;
                Ok(Err(message(&error)))
            }
            Ok(Err(error)) => Err(self.database.error(&error)),
            Err(_) => {
                self.connection = None;
                Ok(Err(message(&self.database.no_answer())))
            }
        }
    }

    /// The offsets that the database holds.
    pub(crate) fn offsets(
        &mut self,
        wanted: &[(TopicPartition, Identity)],
    ) -> Result<std::result::Result<Vec<Recorded>, String>> {
        self.with(async |connection| offsets::load(connection, wanted).await)
    }

    /// Looks again at decisions whose transaction had not come.
    pub(crate) fn revise_waiting(&mut self) -> Result<std::result::Result<u64, String>> {
        let mut store = std::mem::take(&mut self.store);
        let result = self.with(async |connection| store.revise_waiting(connection, Utc::now()).await);
        self.store = store;
        result
    }

    /// Reads the records of a batch, as [`Writer::store`] does; any thread may.
    pub(crate) fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// Stores a batch and moves `held` on. `read` is what [`Reader::read`] made of it, where it has been done.
    pub(crate) fn store(
        &mut self,
        batch: &Batch,
        mut read: Option<Intake>,
        held: &mut BTreeMap<TopicPartition, i64>,
        summary: &mut Summary,
    ) -> Result<Outcome> {
        // Ranges still to store, the next one last.
        let mut ranges: Vec<Range<usize>> = pieces(batch.len(), self.most).collect();
        ranges.reverse();
        if ranges.len() > 1 {
            read = None;
        }
        let mut refused = Refused::new();
        while let Some(range) = ranges.pop() {
            match self.store_range((batch, read.take()), range, &mut refused, held, summary)? {
                Step::Done(Outcome::Stored) => {}
                Step::Done(outcome) => return Ok(outcome),
                Step::Again(parts) => ranges.extend(parts.into_iter().rev()),
            }
        }
        self.most = self.most.saturating_mul(2);
        Ok(Outcome::Stored)
    }

    fn store_range(
        &mut self,
        (batch, mut read): (&Batch, Option<Intake>),
        range: Range<usize>,
        refused: &mut Refused,
        held: &mut BTreeMap<TopicPartition, i64>,
        summary: &mut Summary,
    ) -> Result<Step> {
        let mut tries = 0;
        loop {
            let error = match self.attempt((batch, read.take()), range.clone(), refused, held, summary)? {
                Attempt::Done(outcome) => return Ok(Step::Done(outcome)),
                Attempt::Failed(error) => error,
            };
            tries += 1;
            match class(&error) {
                // Whoever waits for a lock in here answers the group nothing.
                Class::Unavailable | Class::Locked => return Ok(self.away(message(&error))),
                Class::Conflict if tries > CONFLICTS => return Ok(self.away(message(&error))),
                Class::Conflict => std::thread::sleep(Duration::from_millis(10 << tries.min(6))),
                Class::NoPartition if tries < CONFLICTS => self.store.forget(),
                Class::Refused if range.len() > 1 => return Ok(Step::Again(halves(range))),
                Class::Refused if !refused.contains_key(&range.start) => {
                    refused.insert(range.start, message(&error));
                }
                _ => return Err(self.database.error(&error)),
            }
        }
    }

    /// One try to store a range.
    fn attempt(
        &mut self,
        (batch, read): (&Batch, Option<Intake>),
        range: Range<usize>,
        refused: &Refused,
        held: &mut BTreeMap<TopicPartition, i64>,
        summary: &mut Summary,
    ) -> Result<Attempt> {
        let Some(connection) = self.connection.as_mut() else {
            return Ok(Attempt::Done(Outcome::Away("not connected".to_owned())));
        };
        let (now, records) = (Utc::now(), range.len());
        let mut intake = read.unwrap_or_else(|| self.reader.read(batch, range, refused, now));
        let write = self.store.write(connection, &mut intake, held, now);
        let failure = match self.runtime.block_on(async { timeout(self.database.silence(), write).await }) {
            Ok(Ok(written)) => {
                for (partition, progress) in intake.progress {
                    held.insert(partition, progress.next_offset);
                }
                summary.add(&written);
                return Ok(Attempt::Done(Outcome::Stored));
            }
            Ok(Err(failure)) => failure,
            Err(_) => {
                // All of it would take as long the next time.
                self.most = (records / 2).max(1);
                Failure::Unknown(self.database.no_answer())
            }
        };
        Ok(match failure {
            Failure::RolledBack(error) => Attempt::Failed(error),
            Failure::Fenced => Attempt::Done(Outcome::Fenced),
            Failure::Unknown(error) => {
                self.connection = None;
                Attempt::Done(Outcome::Away(format!(
                    "the outcome of a COMMIT is not known: {}",
                    message(&error)
                )))
            }
        })
    }

    fn away(&mut self, why: String) -> Step {
        self.connection = None;
        Step::Done(Outcome::Away(why))
    }
}

/// What became of a range of the batch.
enum Step {
    Done(Outcome),
    /// Store these instead.
    Again([Range<usize>; 2]),
}

enum Attempt {
    Done(Outcome),
    Failed(sqlx::Error),
}

fn halves(range: Range<usize>) -> [Range<usize>; 2] {
    let middle = range.start + range.len() / 2;
    [range.start..middle, middle..range.end]
}

/// So many records in pieces of so many at most.
fn pieces(records: usize, most: usize) -> impl Iterator<Item = Range<usize>> {
    (0..records).step_by(most).map(move |start| start..records.min(start.saturating_add(most)))
}

fn is_starting(error: &dyn sqlx::error::DatabaseError) -> bool {
    error.code().is_some_and(|code| code == "57P03")
}

impl Summary {
    fn add(&mut self, written: &Written) {
        self.batches += 1;
        self.records += written.records;
        self.transactions += written.transactions;
        self.repeats += written.repeats;
        self.alerts += written.alerts;
        self.occurrences += written.occurrences;
        self.decisions += written.decisions;
        self.dead_letters += written.dead_letters;
    }
}
