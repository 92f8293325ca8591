//! The loop: poll, store; the only file here that talks to the log's consumer.
//!
//! What enters: batches of the five topics. What leaves: what [`Writer`] stores. What holds: a batch is
//! stored whole before a rebalance is answered, so that none finds work under way; positions come from
//! the database alone, on every assignment and after every outage; while PostgreSQL is away the group is
//! answered, the partitions are paused and polling goes on, so that the group keeps this member, no other one
//! waits for it and memory stays bounded.

mod ahead;
mod outage;
mod positions;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::{
    Batch, Broker, Consumer, ConsumerConfig, ErrorKind, Isolation, Poll, Position, Shutdown, StartAt,
    TopicPartition, TopicSpec,
};
use events::topics;

use crate::audit::Publisher;
use crate::decision::InForce;
use crate::dispatch::Dispatcher;
use crate::error::Result;
use crate::housekeeping::Housekeeper;
use crate::intake::Intake;
use crate::writer::{Outcome, Writer};
use crate::{Options, Summary};
use ahead::Ahead;
use positions::{position, unanswered};

/// How long a poll waits: the request to end is looked at so often.
const POLL: Duration = Duration::from_millis(50);
/// Waits between tries to reach PostgreSQL or the log: doubled from the first to the last.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// How often decisions are looked at that wait for a transaction.
const CHORES: Duration = Duration::from_secs(5);

/// How often the policy file is looked at.
const POLICY: Duration = Duration::from_secs(1);

/// How often the log says how far it is.
const REPORT: Duration = Duration::from_secs(30);

/// Reads the topics into PostgreSQL until asked to end: at once after what is in flight, or once everything
/// that lies in the topics is stored. Blocks; waits while PostgreSQL or the log is away.
///
/// # Errors
/// At start: PostgreSQL cannot be entered, or its schema is not this binary's. Later: what waiting does not
/// mend. Everything up to the last committed batch is stored; running again goes on from there.
pub fn run(broker: Arc<dyn Broker>, options: Options, shutdown: Shutdown) -> Result<Summary> {
    if let Some(owner) = &options.owner_url {
        let done = crate::migrate(owner)?;
        tracing::info!(applied = done.applied, version = done.version, "schema of {}", done.target);
    }
    let mut writer = Writer::new(&options)?;
    writer.connect_first()?;
    writer.check_schema()?;
    create_topics(broker.as_ref())?;
    let consumer = join(broker.as_ref(), &options)?;
    let dispatcher = Dispatcher::start(&broker, &options)?;
    tracing::info!("reading {} into {}", broker.describe(), writer.target());
    let heads = Publisher::new(options.audit_file.clone());
    let cluster = broker.cluster_id()?;
    writer.set_cluster(&cluster);
    let housekeeper = Housekeeper::start(&options.database_url, options.retention)?;
    let runner = Runner {
        cluster,
        broker,
        options,
        shutdown,
        writer,
        consumer,
        held: BTreeMap::new(),
        ahead: None,
        spare: Batch::new(),
        assigned: false,
        outages: 0,
        dispatcher,
        heads,
        _housekeeper: housekeeper,
        summary: Summary::default(),
    };
    runner.run()
}

struct Runner {
    broker: Arc<dyn Broker>,
    cluster: String,
    options: Options,
    shutdown: Shutdown,
    writer: Writer,
    consumer: Box<dyn Consumer>,
    /// The assigned partitions, with the offsets that the database holds.
    held: BTreeMap<TopicPartition, i64>,
    /// What a poll brought while a batch was being stored; its records are in `spare`.
    ahead: Option<Ahead>,
    spare: Batch,
    /// Whether the group has given partitions, perhaps none, since it last took some.
    assigned: bool,
    /// Outages since the last batch that was stored.
    outages: u32,
    /// Sends what batches have left to be sent.
    dispatcher: Dispatcher,
    heads: Publisher,
    _housekeeper: Housekeeper,
    summary: Summary,
}

impl Runner {
    fn run(mut self) -> Result<Summary> {
        let mut batch = Batch::new();
        let mut waited = BACK_OFF.0;
        let mut look_again = Instant::now() + CHORES;
        let mut report = Report::new();
        let mut policy_due = Instant::now();
        while !self.shutdown.is_requested() {
            let next = self.next(&mut batch);
            match next.polled {
                Ok(polled) => {
                    waited = BACK_OFF.0;
                    let idle = polled == Poll::Idle;
                    self.handle(polled, &batch, next.read)?;
                    if idle && self.is_drained()? {
                        break;
                    }
                }
                Err(error) => self.poll_failed(error, &mut waited)?,
            }
            self.chores(&mut look_again)?;
            self.follow_policy(&mut policy_due);
            report.log(&self.summary);
        }
        self.end()
    }

    /// Takes the policy file's new content over, where it changed and is right.
    fn follow_policy(&mut self, due: &mut Instant) {
        let Some(file) = self.options.policy_file.as_mut().filter(|_| *due <= Instant::now()) else { return };
        *due = Instant::now() + POLICY;
        match file.changed() {
            None => {}
            Some(Ok(policy)) => {
                let policy = InForce::new(policy);
                tracing::info!(
                    "policy \"{}\" ({}) is in force, from {}",
                    policy.policy.name,
                    policy.hex,
                    file.path().display()
                );
                self.writer.set_policy(policy);
            }
            Some(Err(problem)) => tracing::error!("{problem}\nthe policy that was in force stays"),
        }
    }

    fn handle(&mut self, polled: Poll, batch: &Batch, read: Option<Intake>) -> Result<()> {
        match polled {
            Poll::Idle => Ok(()),
            Poll::Records => self.store(batch, read),
            rebalance => match self.rebalance(rebalance)? {
                None => Ok(()),
                Some(why) => self.wait_for_database(why),
            },
        }
    }

    /// Answers the group at once. Some: PostgreSQL is away, and why; what was given waits for it, paused.
    fn rebalance(&mut self, polled: Poll) -> Result<Option<String>> {
        match polled {
            Poll::Idle | Poll::Records => Ok(None),
            Poll::Assign(partitions) => self.assign(&partitions),
            Poll::Revoke { partitions, lost } => {
                tracing::info!(lost, "{} partitions go to another consumer", partitions.len());
                self.held.retain(|partition, _| !partitions.contains(partition));
                self.assigned = false;
                self.consumer.unassign(&partitions)?;
                Ok(None)
            }
        }
    }

    fn store(&mut self, batch: &Batch, read: Option<Intake>) -> Result<()> {
        match self.store_and_read_ahead(batch, read)? {
            Outcome::Stored => {
                self.outages = 0;
                Ok(())
            }
            Outcome::Away(why) => self.wait_for_database(why),
            Outcome::Fenced => {
                tracing::warn!(
                    "another consumer has stored some of these records; reading the offsets again"
                );
                self.forget_ahead()?;
                match self.resynchronize()? {
                    None => Ok(()),
                    Some(why) => self.wait_for_database(why),
                }
            }
        }
    }

    /// The group gave partitions: read on where the database is. While that cannot be asked they are taken all
    /// the same, as others wait for the answer, and nothing is read of them.
    fn assign(&mut self, partitions: &[TopicPartition]) -> Result<Option<String>> {
        let (positions, away) = match self.offsets(partitions)? {
            Ok(offsets) => {
                self.held = offsets;
                (self.held.iter().map(|(p, offset)| (p.clone(), position(*offset))).collect(), None)
            }
            Err(why) => {
                self.held = partitions.iter().map(|p| (p.clone(), 0)).collect();
                (partitions.iter().map(|p| (p.clone(), Position::End)).collect::<Vec<_>>(), Some(why))
            }
        };
        if let Err(error) = self.consumer.assign(&positions) {
            unanswered(error.into())?;
            self.join_anew()?;
            return Ok(away);
        }
        if away.is_some() {
            self.pause(true)?;
        }
        tracing::info!("assigned {} partitions", positions.len());
        self.assigned = true;
        Ok(away)
    }

    fn poll_failed(&mut self, error: broker::Error, wait: &mut Duration) -> Result<()> {
        match error.kind() {
            ErrorKind::OffsetOutOfRange => Err(self.offset_lost(&error)),
            ErrorKind::Config | ErrorKind::TooLarge | ErrorKind::UnknownTopic => Err(error.into()),
            ErrorKind::Fenced | ErrorKind::Fatal => {
                tracing::warn!(%error, "joining the group anew");
                std::thread::sleep(*wait);
                self.join_anew()
            }
            ErrorKind::Abortable | ErrorKind::Unknown | ErrorKind::Unavailable => {
                tracing::warn!(%error, "the log is away; trying again in {wait:?}");
                std::thread::sleep(*wait);
                *wait = (*wait * 2).min(BACK_OFF.1);
                Ok(())
            }
        }
    }

    fn join_anew(&mut self) -> Result<()> {
        self.held.clear();
        self.assigned = false;
        self.consumer = join(self.broker.as_ref(), &self.options)?;
        Ok(())
    }

    /// Whether to end because everything that lies in the topics is stored.
    fn is_drained(&mut self) -> Result<bool> {
        if !self.shutdown.is_requested_when_drained() || !self.assigned {
            return Ok(false);
        }
        for (partition, offset) in &self.held {
            let position = self.consumer.position(partition)?.unwrap_or(*offset).max(*offset);
            match self.broker.watermarks(partition, Isolation::ReadCommitted) {
                Ok((_, end)) if position >= end => {}
                Ok(_) => return Ok(false),
                Err(error) => return unanswered(error.into()).map(|_| false),
            }
        }
        Ok(true)
    }

    /// What is not urgent: decisions that wait for a transaction.
    fn chores(&mut self, look_again: &mut Instant) -> Result<()> {
        if self.heads.is_due() {
            self.publish_heads()?;
        }
        if *look_again <= Instant::now() {
            let start = Instant::now();
            match self.writer.revise_waiting()? {
                Ok(versions) => self.summary.decisions += versions,
                Err(why) => self.wait_for_database(why)?,
            }
            // However many alerts wait, looking takes at most a twentieth of the time.
            *look_again = Instant::now() + CHORES.max(start.elapsed() * 20);
        }
        Ok(())
    }

    /// The heads of the audit, so that a tail that is cut off is missed. What cannot be published now is later.
    fn publish_heads(&mut self) -> Result<()> {
        let heads = &mut self.heads;
        if let Err(why) = self.writer.with(async |connection| heads.round(connection).await)? {
            self.wait_for_database(why)?;
        }
        Ok(())
    }

    /// Looks at waiting decisions once more, leaves the group and sends what is left to be sent, the audit's
    /// heads with it.
    fn end(mut self) -> Result<Summary> {
        self.forget_ahead()?;
        if let Ok(versions) = self.writer.revise_waiting()? {
            self.summary.decisions += versions;
        }
        let heads = &mut self.heads;
        // What is not published at the end is so by the next run.
        let _ = self.writer.with(async |connection| heads.round(connection).await)?;
        self.consumer.close()?;
        self.dispatcher.finish(self.shutdown.is_requested());
        Ok(self.summary)
    }
}

/// Says now and then how far the consumer is.
struct Report {
    due: Instant,
    last: Summary,
}

impl Report {
    fn new() -> Self {
        Self { due: Instant::now() + REPORT, last: Summary::default() }
    }

    fn log(&mut self, summary: &Summary) {
        if self.due <= Instant::now() {
            if *summary != self.last {
                let rate = (summary.records - self.last.records) as f64 / REPORT.as_secs_f64();
                tracing::info!("stored so far: {summary}; {rate:.0} records/s");
            }
            self.due = Instant::now() + REPORT;
            self.last = *summary;
        }
    }
}

fn join(broker: &dyn Broker, options: &Options) -> Result<Box<dyn Consumer>> {
    let mut consumer = broker.consumer(&ConsumerConfig {
        group: Some(options.group.clone()),
        instance: options.instance.clone(),
        isolation: Isolation::ReadCommitted,
        start: StartAt::Earliest,
        max_batch: options.max_batch,
        max_batch_bytes: options.max_batch_bytes,
        properties: options.consumer_properties.clone(),
    })?;
    consumer.subscribe(&topics::ALL.map(|topic| topic.name.to_owned()))?;
    Ok(consumer)
}

/// Makes the topics that are missing: the consumer may be the first to start.
fn create_topics(broker: &dyn Broker) -> Result<()> {
    let mut missing = Vec::new();
    for topic in topics::ALL {
        if broker.topic(topic.name)?.is_none() {
            missing.push(match topic.compacted {
                true => TopicSpec::compacted(topic.name, topic.partitions),
                false => TopicSpec::retained(topic.name, topic.partitions),
            });
        }
    }
    Ok(broker.create_topics(&missing)?)
}
