//! The thread that brings rows to the log.
//!
//! What enters: rows of `outbox` and `dead_letters` that are not published. What leaves: their records, in
//! transactions of one producer, and the time in `published_at`. What holds: a row is marked only after the
//! log has confirmed its record, so each arrives at least once; the transactional id belongs to the
//! database, so that a publisher that lost its lock without knowing it is fenced by the next one and cannot
//! put an older value of a key behind a newer one; a record that the log will never take is given up alone.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::{Broker, ErrorKind, Outgoing, Producer, ProducerConfig, TopicSpec};
use sqlx::PgConnection;
use tokio::sync::watch;

use super::session::{Duty, Session};
use super::topics;
use super::{BACK_OFF, POLL, Phase, dead_letters, is_ending, outbox, rest};
use crate::database::{Database, message};

const DUTY: Duty = Duty { name: "publisher", channel: "streamguard_outbox" };
/// How often published rows are looked at that are old enough to go.
const SWEEP: Duration = Duration::from_secs(60);

/// A record to be.
pub(super) struct Draft {
    /// The row.
    pub(super) id: i64,
    pub(super) topic: String,
    pub(super) key: Option<Vec<u8>>,
    pub(super) value: Option<Vec<u8>>,
    pub(super) timestamp: i64,
    pub(super) headers: Vec<(String, Vec<u8>)>,
}

/// The two tables that are published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Outbox,
    DeadLetters,
}

/// Why a round came to nothing.
enum Failure {
    Database(sqlx::Error),
    Log(broker::Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<broker::Error> for Failure {
    fn from(error: broker::Error) -> Self {
        Self::Log(error)
    }
}

/// The thread's state.
pub(super) struct Publisher {
    broker: Arc<dyn Broker>,
    database: Database,
    properties: BTreeMap<String, String>,
    phase: watch::Receiver<Phase>,
    producer: Option<Box<dyn Producer>>,
    /// Topics that are known to be there.
    topics: HashSet<String>,
    swept: Option<Instant>,
}

impl Publisher {
    pub(super) fn new(
        broker: Arc<dyn Broker>,
        database: Database,
        properties: BTreeMap<String, String>,
        phase: watch::Receiver<Phase>,
    ) -> Self {
        let topics = HashSet::new();
        Self { broker, database, properties, phase, producer: None, topics, swept: None }
    }

    /// Publishes until asked to end; sessions come and go.
    pub(super) async fn run(mut self) {
        let mut wait = BACK_OFF.0;
        loop {
            let failed = match Session::open(&self.database, DUTY).await {
                Ok(mut session) => {
                    let served = self.serve(&mut session, &mut wait).await;
                    session.close().await;
                    served.err()
                }
                Err(error) => Some(error),
            };
            // Whoever takes over may be another: it fences this producer, which is of no more use.
            self.producer = None;
            let Some(error) = failed else { return };
            let (target, why) = (self.database.target(), message(&error));
            if is_ending(&self.phase) {
                tracing::warn!("{target} is away ({why}): the outbox is published by the next start");
                return;
            }
            tracing::warn!("{target} is away for the publisher ({why}); next try in {wait:?}");
            rest(&mut self.phase, wait).await;
            wait = (wait * 2).min(BACK_OFF.1);
        }
    }

    /// Waits for the lock, then publishes. Ok: asked to end, and nothing is left that could be published.
    async fn serve(&mut self, session: &mut Session, wait: &mut Duration) -> sqlx::Result<()> {
        while !session.lock().await? {
            if is_ending(&self.phase) {
                return Ok(());
            }
            session.wait(&mut self.phase, POLL).await?;
        }
        tracing::debug!("publishing the outbox of {}", self.database.target());
        loop {
            // Looked at first: what was written before the request to end is published.
            let ending = is_ending(&self.phase);
            match self.round(session).await {
                Ok(more) => {
                    *wait = BACK_OFF.0;
                    if more {
                        continue;
                    }
                    if ending {
                        return Ok(());
                    }
                    session.wait(&mut self.phase, POLL).await?;
                }
                Err(Failure::Database(error)) => return Err(error),
                Err(Failure::Log(error)) => {
                    self.producer = None;
                    self.topics.clear();
                    tracing::warn!(%error, "what is to be published stays in the database for now");
                    if ending {
                        return Ok(());
                    }
                    rest(&mut self.phase, *wait).await;
                    *wait = (*wait * 2).min(BACK_OFF.1);
                }
            }
        }
    }

    /// Publishes some of each table; whether there may be more.
    async fn round(&mut self, session: &mut Session) -> Result<bool, Failure> {
        self.sweep(session).await?;
        let mut more = false;
        for table in [Table::Outbox, Table::DeadLetters] {
            let drafts = session.with(async |connection| table.waiting(connection).await).await?;
            if !drafts.is_empty() {
                self.publish(session, table, &drafts).await?;
                more = true;
            }
        }
        Ok(more)
    }

    async fn publish(
        &mut self,
        session: &mut Session,
        table: Table,
        drafts: &[Draft],
    ) -> Result<(), Failure> {
        self.need_producer(session).await?;
        match self.send(drafts) {
            Ok(()) => {
                let ids: Vec<i64> = drafts.iter().map(|draft| draft.id).collect();
                Ok(session.with(async |connection| table.mark(connection, &ids).await).await?)
            }
            Err(error) if is_refusal(&error) && drafts.len() > 1 => {
                // One of them: each by itself, in order, until the first that fails otherwise.
                self.producer = None;
                for draft in drafts {
                    Box::pin(self.publish(session, table, std::slice::from_ref(draft))).await?;
                }
                Ok(())
            }
            Err(error) if is_refusal(&error) => {
                self.producer = None;
                let (id, why) = (drafts[0].id, error.to_string());
                tracing::error!(topic = drafts[0].topic, id, %error, "a message is given up: the log refuses it");
                Ok(session.with(async |connection| table.bury(connection, id, &why).await).await?)
            }
            Err(error) => {
                let (id, why) = (drafts[0].id, error.to_string());
                session.with(async |connection| table.failed(connection, id, &why).await).await?;
                Err(error.into())
            }
        }
    }

    /// All of them in one transaction of the log.
    fn send(&mut self, drafts: &[Draft]) -> broker::Result<()> {
        self.make_topics(drafts)?;
        let Some(producer) = self.producer.as_mut() else { return Ok(()) };
        producer.begin()?;
        for draft in drafts {
            let headers: Vec<(&str, &[u8])> =
                draft.headers.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect();
            producer.produce(&Outgoing {
                topic: &draft.topic,
                partition: None,
                key: draft.key.as_deref(),
                value: draft.value.as_deref(),
                timestamp: draft.timestamp,
                headers: &headers,
            })?;
        }
        producer.commit()
    }

    async fn need_producer(&mut self, session: &mut Session) -> Result<(), Failure> {
        if self.producer.is_none() {
            let id: uuid::Uuid = session
                .with(async |connection| {
                    sqlx::query_scalar("SELECT id FROM outbox_publisher").fetch_one(connection).await
                })
                .await?;
            let transactional_id = Some(format!("streamguard-outbox-{id}"));
            let config = ProducerConfig { transactional_id, properties: self.properties.clone() };
            self.producer = Some(self.broker.producer(&config)?);
        }
        Ok(())
    }

    fn make_topics(&mut self, drafts: &[Draft]) -> broker::Result<()> {
        let names: HashSet<&str> = drafts
            .iter()
            .map(|draft| draft.topic.as_str())
            .filter(|topic| !self.topics.contains(*topic))
            .collect();
        for name in names {
            if self.broker.topic(name)?.is_none() {
                let topic = topics::published(name);
                let spec = match topic.compacted {
                    true => TopicSpec::compacted(name, topic.partitions),
                    false => TopicSpec::retained(name, topic.partitions),
                };
                self.broker.create_topics(&[spec])?;
            }
            self.topics.insert(name.to_owned());
        }
        Ok(())
    }

    /// Deletes what was published long ago.
    async fn sweep(&mut self, session: &mut Session) -> sqlx::Result<()> {
        if self.swept.is_some_and(|last| last.elapsed() < SWEEP) {
            return Ok(());
        }
        self.swept = Some(Instant::now());
        session.with(async |connection| outbox::sweep(connection).await).await
    }
}

impl Table {
    async fn waiting(self, connection: &mut PgConnection) -> sqlx::Result<Vec<Draft>> {
        match self {
            Self::Outbox => outbox::waiting(connection).await,
            Self::DeadLetters => dead_letters::waiting(connection).await,
        }
    }

    async fn mark(self, connection: &mut PgConnection, ids: &[i64]) -> sqlx::Result<()> {
        match self {
            Self::Outbox => outbox::mark(connection, ids).await,
            Self::DeadLetters => dead_letters::mark(connection, ids).await,
        }
    }

    async fn bury(self, connection: &mut PgConnection, id: i64, why: &str) -> sqlx::Result<()> {
        match self {
            Self::Outbox => outbox::bury(connection, id, why).await,
            // It stays in its table, which is where a person looks.
            Self::DeadLetters => dead_letters::mark(connection, &[id]).await,
        }
    }

    async fn failed(self, connection: &mut PgConnection, id: i64, why: &str) -> sqlx::Result<()> {
        match self {
            Self::Outbox => outbox::failed(connection, id, why).await,
            Self::DeadLetters => Ok(()),
        }
    }
}

/// Whether the log refuses a record for good.
fn is_refusal(error: &broker::Error) -> bool {
    matches!(error.kind(), ErrorKind::TooLarge)
}
