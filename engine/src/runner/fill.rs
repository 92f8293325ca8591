//! Brings tables to where their topics are read already.
//!
//! A table that a query begins to read may lie in a topic of which the group has read a part: for another query,
//! or for this one, in times when it was there before. What holds: when a task begins, each of its tables has the
//! rows of all records before the committed offset of its topic, whoever read them.

use std::collections::{BTreeMap, BTreeSet};

use broker::{Isolation, Position, TopicPartition};

use super::restore::{Numbered, StoreOf, Stretch, read};
use super::{Error, Shared};
use crate::plan::{InputId, StoreId};
use crate::task::InputRecord;

/// What a table lacks.
struct Gap {
    task: usize,
    store: StoreId,
    input: InputId,
    from: i64,
    to: i64,
}

/// Fills the tables of these tasks, apart from those that are `there`. `positions` says where the others stand.
///
/// # Errors
/// [`Error::Stopping`] where the engine is asked to end meanwhile.
pub(super) fn fill(
    shared: &Shared,
    tasks: &mut Numbered<'_>,
    there: &BTreeSet<StoreOf>,
    positions: &BTreeMap<StoreOf, i64>,
) -> Result<(), Error> {
    let mut gaps: BTreeMap<TopicPartition, Vec<Gap>> = BTreeMap::new();
    for (index, (number, task)) in tasks.iter().enumerate() {
        for (store, input) in
            task.tables().iter().copied().filter(|(store, _)| !there.contains(&(index, *store)))
        {
            let Some(topic) = task.topics().nth(input) else { continue };
            let from = positions.get(&(index, store)).copied().unwrap_or(0);
            let gap = Gap { task: index, store, input, from, to: 0 };
            gaps.entry(TopicPartition::new(topic, *number)).or_default().push(gap);
        }
    }
    let partitions: Vec<_> = gaps.keys().cloned().collect();
    let committed = shared.broker.committed(&shared.options.group, &partitions)?;
    let mut stretches = Vec::new();
    for ((partition, gaps), committed) in gaps.iter_mut().zip(committed) {
        let end = committed.map_or(0, |committed| committed.offset);
        let first = gaps.iter().map(|gap| gap.from).min().unwrap_or(end);
        if first >= end {
            continue;
        }
        gaps.iter_mut().for_each(|gap| gap.to = end);
        let from = first.max(shared.broker.watermarks(partition, Isolation::ReadCommitted)?.0);
        if from < end {
            let from = Position::Offset(from);
            stretches.push(Stretch { partition: partition.clone(), from, end });
        }
    }
    read(shared, stretches, "filled", &mut |partition, record| {
        let lacking = gaps.get(partition).into_iter().flatten();
        for gap in lacking.filter(|gap| (gap.from..gap.to).contains(&record.offset)) {
            let record = InputRecord {
                partition: partition.partition,
                offset: record.offset,
                timestamp: record.timestamp,
                key: record.key,
                value: record.value,
                headers: &record.headers,
            };
            tasks[gap.task].1.fill(gap.input, gap.store, &record);
        }
        Ok(())
    })
}
