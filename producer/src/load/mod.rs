//! Fake load: profiles first, then transactions and labels, by the clock or as fast as possible.
//!
//! What enters: settled options, a log, a request to end. What leaves: records of `customer_profiles`,
//! the topic of transactions and `transaction_labels`, and [`Totals`] of what is committed. What holds:
//! a transaction and its label go out together; event times never fall; a request to end is heard within
//! 100 ms, what is in flight is committed first.

mod amount;
mod fraud;
mod generator;
mod places;
mod population;

use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::{Broker, Shutdown, TopicPartition, TopicSpec};
use chrono::{DateTime, TimeDelta, Utc};
use events::topics;

pub use generator::{Generated, Generator};

use crate::error::Error;
use crate::keying;
use crate::options::{Mode, Options};
use crate::pace::{Pace, pause};
use crate::progress::Shown;
use crate::publisher::{Chunk, Publisher, target};
use crate::totals::Totals;

/// When a chunk is committed: at so many records, or when its first one has waited so long.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ChunkLimits {
    pub(crate) records: usize,
    pub(crate) wait: Duration,
}

impl ChunkLimits {
    /// By the clock what matters is that a record is soon seen; otherwise that a commit costs little.
    pub(crate) const fn of(paced: bool) -> Self {
        match paced {
            true => Self { records: 5_000, wait: Duration::from_millis(50) },
            false => Self { records: 10_000, wait: Duration::from_millis(500) },
        }
    }
}

/// Produces load until the mode's end or until an end is asked for; what is counted is committed.
///
/// # Errors
/// Settings out of range, a topic that is keyed otherwise, and what the log refuses for good.
pub fn run(log: Arc<dyn Broker>, options: Options, shutdown: Shutdown) -> Result<Totals, Error> {
    options.check()?;
    make_topics(log.as_ref(), &options.topic, &[])?;
    keying::check_key(log.as_ref(), &options.topic, options.key)?;
    let began = Instant::now();
    let mut load = Load::new(log, options, shutdown)?;
    load.send_profiles()?;
    match load.options.mode {
        Mode::Burst { every: Some(every), .. } => load.bursts(every)?,
        _ => load.stream()?,
    }
    load.shown.finish();
    load.totals.elapsed = began.elapsed();
    Ok(load.totals)
}

/// Makes the topics that load and replay write to, where they are not there yet; those that are keep their
/// partitions.
pub(crate) fn make_topics(log: &dyn Broker, transactions: &str, more: &[TopicSpec]) -> Result<(), Error> {
    let contract = [
        topics::Topic { name: "", ..topics::TRANSACTIONS },
        topics::CUSTOMER_PROFILES,
        topics::TRANSACTION_LABELS,
    ];
    let specs = contract.into_iter().map(|topic| {
        let name = if topic.name.is_empty() { transactions } else { topic.name };
        match topic.compacted {
            true => TopicSpec::compacted(name, topic.partitions),
            false => TopicSpec::retained(name, topic.partitions),
        }
    });
    let mut missing = Vec::new();
    for spec in specs.chain(more.iter().cloned()) {
        if log.topic(&spec.name)?.is_none() {
            missing.push(spec);
        }
    }
    Ok(log.create_topics(&missing)?)
}

struct Load {
    options: Options,
    shutdown: Shutdown,
    generator: Generator,
    publisher: Publisher,
    limits: ChunkLimits,
    chunk: Chunk,
    /// When the chunk's first record came.
    chunk_began: Instant,
    /// What the chunk holds, until it is committed.
    pending: Totals,
    totals: Totals,
    shown: Shown,
    transactions: TopicPartition,
    labels: TopicPartition,
    /// The event time of transaction number `made`.
    clock: EventClock,
    made: u64,
    json: Vec<u8>,
}

/// Event time, evenly.
struct EventClock {
    start: DateTime<Utc>,
    rate: f64,
}

impl EventClock {
    fn time(&self, number: u64) -> DateTime<Utc> {
        // Whole milliseconds: what Kafka's timestamp holds, so that value and record agree.
        self.start + TimeDelta::milliseconds((number as f64 * 1_000.0 / self.rate) as i64)
    }
}

impl Load {
    fn new(log: Arc<dyn Broker>, options: Options, shutdown: Shutdown) -> Result<Self, Error> {
        let rate = options.events_per_second();
        // By the clock the load begins now; otherwise its last transaction is of now, none of tomorrow.
        let span = match (options.paced_rate(), options.mode) {
            (None, Mode::Burst { size: n, .. } | Mode::Count { count: n, .. }) => n as f64 / rate,
            _ => 0.0,
        };
        let start =
            options.start.unwrap_or_else(|| Utc::now() - TimeDelta::milliseconds((span * 1_000.0) as i64));
        let whole = start.timestamp_millis();
        let start = DateTime::from_timestamp_millis(whole).unwrap_or(start);
        let id = format!("streamguard-producer-{}-{:016x}", std::process::id(), options.seed);
        Ok(Self {
            generator: Generator::new(options.seed, options.account_count(), options.fraud_share),
            publisher: Publisher::new(log, id, shutdown.clone())?,
            limits: ChunkLimits::of(options.paced_rate().is_some()),
            chunk: Chunk::default(),
            chunk_began: Instant::now(),
            pending: Totals::default(),
            totals: Totals::default(),
            shown: Shown::new(options.progress, "transactions", options.total(), 0),
            transactions: target(&options.topic),
            labels: target(topics::TRANSACTION_LABELS.name),
            clock: EventClock { start, rate },
            made: 0,
            json: Vec::with_capacity(512),
            options,
            shutdown,
        })
    }

    /// Profiles go first, so that a decision knows the account.
    fn send_profiles(&mut self) -> Result<(), Error> {
        let topic = target(topics::CUSTOMER_PROFILES.name);
        let start = self.clock.start;
        for profile in self.generator.profiles(start) {
            self.chunk.push(
                &topic,
                start.timestamp_millis(),
                profile.account_id.as_bytes(),
                &profile.to_json(),
            );
            self.pending.profiles += 1;
            if self.chunk.len() >= self.limits.records {
                self.publisher.commit(&mut self.chunk)?;
                if self.shutdown.is_requested() {
                    break;
                }
            }
        }
        self.commit()
    }

    /// One stream of transactions, paced or not, to its end.
    fn stream(&mut self) -> Result<(), Error> {
        let total = self.options.total().unwrap_or(u64::MAX);
        let mut pace = self.options.paced_rate().map(Pace::new);
        if pace.is_some() && self.options.start.is_none() {
            // Now, after the profiles.
            self.clock.start =
                DateTime::from_timestamp_millis(Utc::now().timestamp_millis()).unwrap_or_default();
        }
        while self.made < total && !self.shutdown.is_requested() {
            let (due, skipped) = pace.as_mut().map_or((u64::MAX, Duration::ZERO), |pace| pace.due(self.made));
            self.clock.start += TimeDelta::from_std(skipped).unwrap_or_default();
            let room = self.limits.records.saturating_sub(self.chunk.len()) as u64;
            for _ in 0..due.min(total - self.made).min(room) {
                self.make();
            }
            let full = self.chunk.len() >= self.limits.records;
            if full || (!self.chunk.is_empty() && self.chunk_began.elapsed() >= self.limits.wait) {
                self.commit()?;
            } else if let Some(pace) = &pace {
                let left = self.limits.wait.saturating_sub(self.chunk_began.elapsed());
                let wait = pace.wait(self.made);
                pause(if self.chunk.is_empty() { wait } else { wait.min(left) }, &self.shutdown);
            }
            self.show(total);
        }
        self.totals.stopped = self.made < total && total != u64::MAX;
        self.commit()
    }

    /// Burst after burst; the event times of each fill the time since the one before.
    fn bursts(&mut self, every: Duration) -> Result<(), Error> {
        let Mode::Burst { size, .. } = self.options.mode else { return Ok(()) };
        let mut next = Instant::now();
        while !self.shutdown.is_requested() {
            let wait = next.saturating_duration_since(Instant::now());
            if !wait.is_zero() {
                pause(wait, &self.shutdown);
                continue;
            }
            next = Instant::now() + every;
            for _ in 0..size {
                self.make();
                if self.chunk.len() >= self.limits.records {
                    self.commit()?;
                }
                if self.shutdown.is_requested() {
                    break;
                }
            }
            self.commit()?;
            self.show(u64::MAX);
            let reached = self.clock.time(self.made);
            self.clock.rate = size as f64 / every.as_secs_f64();
            let behind = TimeDelta::milliseconds((self.made as f64 * 1_000.0 / self.clock.rate) as i64);
            self.clock.start = reached - behind;
        }
        Ok(())
    }

    fn make(&mut self) {
        if self.chunk.is_empty() {
            self.chunk_began = Instant::now();
        }
        let time = self.clock.time(self.made);
        let Generated { transaction, label } = self.generator.next(time);
        self.made += 1;
        let millis = time.timestamp_millis();
        if let Some(label) = label {
            self.pending.labels += 1;
            if let Some(kind) = &label.kind {
                self.pending.fraud(kind);
            }
            self.chunk.push(&self.labels, millis, label.key().as_bytes(), &label.to_json());
        }
        self.json.clear();
        transaction.write_json(&mut self.json);
        self.chunk.push(&self.transactions, millis, self.options.key.of(&transaction).as_bytes(), &self.json);
        self.pending.transactions += 1;
    }

    fn commit(&mut self) -> Result<(), Error> {
        self.publisher.commit(&mut self.chunk)?;
        self.totals.add(&std::mem::take(&mut self.pending));
        Ok(())
    }

    fn show(&mut self, total: u64) {
        let length = (total != u64::MAX).then_some(total);
        self.shown.advance(self.totals.transactions, length, self.totals.transactions);
    }
}
