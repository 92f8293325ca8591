//! Brings a task's stores back from their changelogs.
//!
//! What holds: a changelog's records were committed with the offsets, so its end, read committed, is the
//! state at the committed offsets. The end is taken read-uncommitted first: a transaction of a predecessor
//! that is still pending is waited for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;
use std::time::Duration;

use broker::{Batch, ConsumerConfig, Isolation, Poll, Position, Record, TopicPartition};

use super::topics::changelog;
use super::{Error, Shared};
use crate::plan::StoreId;
use crate::task::StreamTask;

/// In the changelog of a table: up to where of its topic the rows are. No row's key is this: a key begins with
/// the tag of a value.
pub(super) const POSITION_KEY: &[u8] = &[254];

/// A store of one of several tasks.
pub(super) type StoreOf = (usize, StoreId);

/// Tasks, each for one partition number.
pub(super) type Numbered<'t> = [(i32, &'t mut StreamTask)];

/// What is read of a partition before work begins.
pub(super) struct Stretch {
    pub(super) partition: TopicPartition,
    pub(super) from: Position,
    /// The offset behind it.
    pub(super) end: i64,
}

/// How often a long restore says how far it is.
const REPORT: Duration = Duration::from_secs(5);

/// Restores the stores of these tasks, apart from those that are `there`; what their tables say about where of
/// their topics they stand.
///
/// # Errors
/// [`Error::Stopping`] where the engine is asked to end meanwhile.
pub(super) fn restore(
    shared: &Shared,
    tasks: &mut Numbered<'_>,
    there: &BTreeSet<StoreOf>,
) -> Result<BTreeMap<StoreOf, i64>, Error> {
    let (mut stretches, mut stores) = (Vec::new(), BTreeMap::new());
    for (index, (number, task)) in tasks.iter().enumerate() {
        for (store, name) in task.store_names().enumerate().filter(|(id, _)| !there.contains(&(index, *id))) {
            let partition = TopicPartition::new(changelog(&shared.options.group, name), *number);
            let (low, end) = shared.broker.watermarks(&partition, Isolation::ReadUncommitted)?;
            if low < end {
                stores.insert(partition.clone(), (index, store));
                stretches.push(Stretch { partition, from: Position::Beginning, end });
            }
        }
    }
    let mut positions = BTreeMap::new();
    read(shared, stretches, "restored", &mut |partition, record| {
        let (Some(&(task, store)), Some(key)) = (stores.get(partition), record.key) else { return Ok(()) };
        if key == POSITION_KEY {
            let position = record.value.and_then(|value| value.try_into().ok()).map(i64::from_le_bytes);
            positions.extend(position.map(|position| ((task, store), position)));
            return Ok(());
        }
        let failed = |source| Error::Restore { topic: partition.topic.to_string(), source };
        tasks[task].1.restore(store, key, record.value).map_err(failed)
    })?;
    Ok(positions)
}

/// Reads all of these; `done` is what the log calls it.
///
/// # Errors
/// Those of `apply`, and [`Error::Stopping`] where the engine is asked to end meanwhile.
pub(super) fn read(
    shared: &Shared,
    mut stretches: Vec<Stretch>,
    done: &str,
    apply: &mut dyn FnMut(&TopicPartition, &Record<'_>) -> Result<(), Error>,
) -> Result<(), Error> {
    if stretches.is_empty() {
        return Ok(());
    }
    let properties = shared.options.consumer_properties.clone();
    let mut consumer = shared.broker.consumer(&ConsumerConfig { properties, ..ConsumerConfig::default() })?;
    let positions: Vec<_> = stretches.iter().map(|s| (s.partition.clone(), s.from)).collect();
    consumer.assign(&positions)?;
    let started = shared.clock.now();
    let (mut batch, mut records, mut reported) = (Batch::new(), 0usize, started);
    while !stretches.is_empty() {
        if shared.stop.load(Ordering::SeqCst) {
            return Err(Error::Stopping);
        }
        if consumer.poll(&mut batch, Duration::from_millis(50))? == Poll::Records {
            records += batch.len();
            batch.iter().try_for_each(|record| apply(&batch.sources()[record.source], &record))?;
        }
        let mut left = Vec::with_capacity(stretches.len());
        for stretch in stretches {
            if consumer.position(&stretch.partition)?.is_none_or(|at| at < stretch.end) {
                left.push(stretch);
            }
        }
        stretches = left;
        let now = shared.clock.now();
        if now.saturating_duration_since(reported) >= REPORT {
            reported = now;
            tracing::info!(records, partitions_left = stretches.len(), "being {done}");
        }
    }
    let milliseconds = shared.clock.now().saturating_duration_since(started).as_millis() as u64;
    tracing::info!(records, partitions = positions.len(), milliseconds, "{done}");
    Ok(consumer.close()?)
}
