//! Measurement: how long from an alert produced to its decision committed.
//!
//! What enters: an empty database, a rate. What leaves: p50 and p99 of the consumer, and of a bare loop that
//! reads the same records and copies them into one table. What holds: both run one after the other at the
//! same rate on the same server; an alert counts as committed when another connection first sees it so.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use broker::{Batch, Broker, ConsumerConfig, Isolation, Poll, ProducerConfig, Shutdown, StartAt};
use events::topics;
use sqlx::{Connection, PgConnection};

use super::alerts::Alert;
use super::{fill, row};
use crate::copy::Rows;
use crate::database::Database;
use crate::error::{Error, Result};
use crate::{Options, runtime};

/// How often the watching connection looks; what is measured is late by at most this and one round trip.
const LOOK: Duration = Duration::from_millis(1);
/// How long the last alerts may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Half of all took at most the first, 99 of 100 at most the second.
pub type Quantiles = (Duration, Duration);

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LatencyReport {
    /// Alerts a second.
    pub rate: u64,
    /// Of the consumer.
    pub consumer: Quantiles,
    /// Of the bare loop.
    pub bare: Quantiles,
}

impl fmt::Display for LatencyReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
        write!(
            f,
            "latency at {} alerts/s: produced to decided p50 {:.1} ms, p99 {:.1} ms; bare consume and COPY p50 \
             {:.1} ms, p99 {:.1} ms",
            self.rate,
            ms(self.consumer.0),
            ms(self.consumer.1),
            ms(self.bare.0),
            ms(self.bare.1)
        )
    }
}

/// Measures both for so many seconds each.
///
/// # Errors
/// Anything that [`crate::run`] fails for, or alerts that never arrive.
pub fn latency(owner_url: &str, rate: u64, seconds: u64) -> Result<LatencyReport> {
    crate::migrate(owner_url)?;
    let (broker, shutdown) = (fill(&(0..rate * seconds).map(row).collect::<Vec<_>>())?, Shutdown::new());
    let consumer = {
        let (broker, options, shutdown) = (Arc::clone(&broker), Options::new(owner_url), shutdown.clone());
        thread::spawn(move || crate::run(broker, options, shutdown))
    };
    let transactions =
        "SELECT coalesce(sum(records), 0)::bigint FROM consumer_offsets WHERE topic = 'transactions'";
    await_count(owner_url, transactions, rate * seconds)?;
    let alerts =
        "SELECT coalesce(sum(records), 0)::bigint FROM consumer_offsets WHERE topic = 'fraud_alerts'";
    let decided = paced(owner_url, broker.as_ref(), alerts, (rate, seconds));
    shutdown.request();
    consumer.join().map_err(|_| Error::Setting("the consumer's thread panicked".to_owned()))??;
    let (stop, ready) = (AtomicBool::new(false), AtomicBool::new(false));
    let bare = thread::scope(|scope| {
        let log = broker.as_ref();
        let copier = scope.spawn(|| bare_loop(owner_url, log, &stop, &ready));
        while !ready.load(Ordering::Acquire) && !copier.is_finished() {
            thread::sleep(LOOK);
        }
        let count = "SELECT coalesce(max(last), 0) FROM bench_bare_count";
        let measured = paced(owner_url, log, count, (rate, seconds));
        stop.store(true, Ordering::Release);
        copier.join().map_err(|_| Error::Setting("the bare loop panicked".to_owned()))??;
        measured
    });
    Ok(LatencyReport { rate, consumer: decided?, bare: bare? })
}

/// Produces at the rate and watches when each alert is seen to be committed.
fn paced(
    url: &str,
    broker: &dyn Broker,
    count: &'static str,
    (rate, seconds): (u64, u64),
) -> Result<Quantiles> {
    let total = rate * seconds;
    let alerts: Vec<Alert> = (0..total).map(|number| Alert::new(number, &row(number).value)).collect();
    // The watcher is there before the first alert.
    let start = Instant::now() + Duration::from_secs(1);
    let due = |number: u64| start + Duration::from_nanos(number * 1_000_000_000 / rate);
    thread::scope(|scope| {
        let watcher = scope.spawn(move || watch(url, count, total, start, rate));
        let mut producer = broker.producer(&ProducerConfig::default())?;
        for (number, alert) in alerts.iter().enumerate() {
            if let Some(wait) = due(number as u64).checked_duration_since(Instant::now()) {
                producer.flush(PATIENCE)?;
                thread::sleep(wait);
            }
            alert.produce(producer.as_mut())?;
        }
        producer.flush(PATIENCE)?;
        watcher.join().map_err(|_| Error::Setting("the watcher panicked".to_owned()))?
    })
}

/// From when each alert was due until it was seen; a producer that lags counts against the result.
fn watch(url: &str, count: &'static str, total: u64, start: Instant, rate: u64) -> Result<Quantiles> {
    let database = Database::new(url, "streamguard bench")?;
    let latencies = runtime()?.block_on(async {
        let mut connection = database.connect().await?;
        let mut latencies = Vec::with_capacity(total as usize);
        let end = Duration::from_secs(total / rate) + PATIENCE;
        while (latencies.len() as u64) < total && start.elapsed() < end {
            let seen: i64 = sqlx::query_scalar(count).fetch_one(&mut connection).await?;
            let at = start.elapsed();
            for number in latencies.len() as u64..(seen as u64).min(total) {
                latencies.push(at.saturating_sub(Duration::from_nanos(number * 1_000_000_000 / rate)));
            }
            tokio::time::sleep(LOOK).await;
        }
        sqlx::Result::Ok(latencies)
    });
    let mut latencies = latencies.map_err(|error| database.error(&error))?;
    if (latencies.len() as u64) < total {
        return Err(Error::Setting(format!("only {} of {total} alerts arrived", latencies.len())));
    }
    latencies.sort();
    Ok((latencies[latencies.len() / 2], latencies[latencies.len() * 99 / 100]))
}

fn await_count(url: &str, count: &'static str, wanted: u64) -> Result<()> {
    let database = Database::new(url, "streamguard bench")?;
    let until = Instant::now() + 10 * PATIENCE;
    let arrived = runtime()?.block_on(async {
        let mut connection = database.connect().await?;
        loop {
            let seen: i64 = sqlx::query_scalar(count).fetch_one(&mut connection).await?;
            if seen as u64 >= wanted || Instant::now() > until {
                return sqlx::Result::Ok(seen as u64 >= wanted);
            }
            tokio::time::sleep(10 * LOOK).await;
        }
    });
    match arrived.map_err(|error| database.error(&error))? {
        true => Ok(()),
        false => Err(Error::Setting("the transactions did not arrive".to_owned())),
    }
}

/// Reads alerts and copies them, a batch a transaction, until told to stop.
fn bare_loop(url: &str, broker: &dyn Broker, stop: &AtomicBool, ready: &AtomicBool) -> Result<()> {
    let database = Database::new(url, "streamguard bench")?;
    let runtime = runtime()?;
    let fail = |error: sqlx::Error| database.error(&error);
    let mut connection = runtime.block_on(database.connect()).map_err(fail)?;
    runtime.block_on(prepare(&mut connection)).map_err(fail)?;
    let mut consumer = broker.consumer(&ConsumerConfig {
        group: Some("bench-bare".to_owned()),
        isolation: Isolation::ReadCommitted,
        start: StartAt::Latest,
        max_batch: 20_000,
        ..ConsumerConfig::default()
    })?;
    consumer.subscribe(&[topics::FRAUD_ALERTS.name.to_owned()])?;
    let (mut batch, mut last) = (Batch::new(), 0_i64);
    while !stop.load(Ordering::Acquire) {
        match consumer.poll(&mut batch, Duration::from_millis(50))? {
            Poll::Records => {
                last += batch.len() as i64;
                runtime.block_on(copy(&mut connection, &batch, last)).map_err(fail)?;
            }
            Poll::Assign(partitions) => {
                let ends: Vec<_> = partitions
                    .into_iter()
                    .map(|partition| {
                        let (_, end) = broker.watermarks(&partition, Isolation::ReadCommitted)?;
                        Ok((partition, broker::Position::Offset(end)))
                    })
                    .collect::<Result<_>>()?;
                consumer.assign(&ends)?;
                ready.store(true, Ordering::Release);
            }
            Poll::Revoke { partitions, .. } => consumer.unassign(&partitions)?,
            Poll::Idle => {}
        }
    }
    Ok(consumer.close()?)
}

async fn prepare(connection: &mut PgConnection) -> sqlx::Result<()> {
    sqlx::raw_sql(
        "CREATE TABLE bench_bare (number bigint PRIMARY KEY, partition integer, \"offset\" bigint, key text, value text);
         CREATE TABLE bench_bare_count (last bigint)",
    )
    .execute(connection)
    .await
    .map(drop)
}

async fn copy(connection: &mut PgConnection, batch: &Batch, last: i64) -> sqlx::Result<()> {
    let mut rows = Rows::new(5, 400 * batch.len());
    let first = last - batch.len() as i64;
    let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
    for (number, record) in batch.iter().enumerate() {
        rows.row();
        rows.int8(first + number as i64);
        rows.int4(batch.sources()[record.source].partition);
        rows.int8(record.offset);
        rows.text(&text(record.key));
        rows.text(&text(record.value));
    }
    let mut tx = connection.begin().await?;
    let mut copy = tx.copy_in_raw("COPY bench_bare FROM STDIN (FORMAT binary)").await?;
    copy.send(rows.finish()).await?;
    copy.finish().await?;
    sqlx::query("INSERT INTO bench_bare_count VALUES ($1)").bind(last).execute(&mut *tx).await?;
    tx.commit().await
}
