//! Brings a task's stores back from their changelogs.
//!
//! What holds: a changelog's records were committed with the offsets, so its end, read committed, is the
//! state at the committed offsets. The end is taken read-uncommitted first: a transaction of a predecessor
//! that is still pending is waited for.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use broker::{Batch, ConsumerConfig, Isolation, Poll, Position, TopicPartition};

use super::topics::changelog;
use super::{Error, Shared};
use crate::task::StreamTask;

/// A store's changelog on the way back in.
struct Changelog {
    partition: TopicPartition,
    task: usize,
    store: usize,
    end: i64,
    done: bool,
}

/// How often a long restore says how far it is.
const REPORT: Duration = Duration::from_secs(5);

/// Restores all stores of these tasks, each for one partition number.
///
/// # Errors
/// [`Error::Stopping`] where the engine is asked to end meanwhile.
pub(super) fn restore(shared: &Shared, tasks: &mut [(i32, &mut StreamTask)]) -> Result<(), Error> {
    let (broker, options) = (&*shared.broker, &shared.options);
    let mut logs = Vec::new();
    for (index, (partition, task)) in tasks.iter().enumerate() {
        for (store, name) in task.store_names().enumerate() {
            let partition = TopicPartition::new(changelog(&options.group, name), *partition);
            let (low, end) = broker.watermarks(&partition, Isolation::ReadUncommitted)?;
            logs.push(Changelog { partition, task: index, store, end, done: low >= end });
        }
    }
    logs.retain(|l| !l.done);
    if logs.is_empty() {
        return Ok(());
    }
    let config =
        ConsumerConfig { properties: options.consumer_properties.clone(), ..ConsumerConfig::default() };
    let mut consumer = broker.consumer(&config)?;
    let positions: Vec<_> = logs.iter().map(|l| (l.partition.clone(), Position::Beginning)).collect();
    consumer.assign(&positions)?;
    let (mut batch, mut records, started, mut reported) =
        (Batch::new(), 0usize, Instant::now(), Instant::now());
    while logs.iter().any(|l| !l.done) {
        if shared.stop.load(Ordering::SeqCst) {
            return Err(Error::Stopping);
        }
        if consumer.poll(&mut batch, Duration::from_millis(50))? == Poll::Records {
            records += batch.len();
            apply(&batch, &logs, tasks)?;
        }
        for log in logs.iter_mut().filter(|l| !l.done) {
            log.done = consumer.position(&log.partition)?.is_some_and(|p| p >= log.end);
        }
        if reported.elapsed() >= REPORT {
            reported = Instant::now();
            let left = logs.iter().filter(|l| !l.done).count();
            tracing::info!(records, changelogs_left = left, "restoring");
        }
    }
    tracing::info!(
        records,
        changelogs = logs.len(),
        milliseconds = started.elapsed().as_millis() as u64,
        "restored"
    );
    Ok(consumer.close()?)
}

fn apply(batch: &Batch, logs: &[Changelog], tasks: &mut [(i32, &mut StreamTask)]) -> Result<(), Error> {
    let routes: Vec<_> =
        batch.sources().iter().map(|source| logs.iter().find(|l| l.partition == *source)).collect();
    for record in batch.iter() {
        let (Some(log), Some(key)) = (routes[record.source], record.key) else { continue };
        let failed = |source| Error::Restore { topic: log.partition.topic.to_string(), source };
        tasks[log.task].1.restore(log.store, key, record.value).map_err(failed)?;
    }
    Ok(())
}
