//! Tables that begin empty, although of their topics much was read already: for another query, or in times when
//! these rules were there before.
//!
//! What holds: such a table has the rows of all records before the position at which its task begins, whoever read
//! them. A broadcast table has those of all partitions of its own topic, as far as they are copied: the rest comes by
//! the topic of the copies, whose position was taken before.

use std::collections::{BTreeMap, BTreeSet};

use broker::{Isolation, TopicPartition};

use super::super::{Error, Shared};
use super::read::{Between, read};
use super::{Standing, StoreOf, Stretch};
use crate::plan::{InputId, Program, StoreId};
use crate::task::{InputRecord, StreamTask};

/// A table to fill.
#[derive(Clone, Copy)]
struct Empty {
    task: usize,
    store: StoreId,
    input: InputId,
}

/// Tables to fill from a partition, up to where.
type Wanted = BTreeMap<TopicPartition, (i64, Vec<Empty>)>;

/// Fills the tables of these tasks that begin `anew`.
pub(super) fn fill(
    shared: &Shared,
    program: &Program,
    tasks: &mut [StreamTask],
    standings: &[Standing],
    anew: &BTreeSet<StoreOf>,
    between: &mut Between<'_>,
) -> Result<(), Error> {
    let (mut tables, mut copied) = (Wanted::new(), BTreeMap::<&str, Vec<Empty>>::new());
    for (task, (of, standing)) in tasks.iter().zip(standings).enumerate() {
        for &(store, input) in of.tables().iter().filter(|(store, _)| anew.contains(&(task, *store))) {
            let Some(read) = standing.inputs.get(input) else { continue };
            let empty = Empty { task, store, input };
            match program.copied(&read.partition.topic) {
                Some(topic) => copied.entry(topic).or_default().push(empty),
                None => {
                    let list = tables.entry(read.partition.clone()).or_insert((read.from, Vec::new()));
                    list.1.push(empty);
                }
            }
        }
    }
    for (topic, empty) in copied {
        for (partition, end) in how_far(shared, topic)? {
            tables.entry(partition).or_insert((end, Vec::new())).1.extend_from_slice(&empty);
        }
    }
    let mut stretches = Vec::new();
    for (partition, (end, _)) in &tables {
        let low = shared.broker.watermarks(partition, Isolation::ReadCommitted)?.0;
        if low < *end {
            stretches.push(Stretch { partition: partition.clone(), from: low, end: *end });
        }
    }
    read(shared, stretches, "filled", between, &mut |partition, record| {
        let Some((end, list)) = tables.get(partition) else { return Ok(()) };
        for empty in list.iter().filter(|_| record.offset < *end) {
            let record = InputRecord {
                partition: partition.partition,
                offset: record.offset,
                timestamp: record.timestamp,
                key: record.key,
                value: record.value,
                headers: &record.headers,
            };
            tasks[empty.task].fill(empty.input, empty.store, &record);
        }
        Ok(())
    })
}

/// How far the group is with the partitions of a table's topic, as of now.
fn how_far(shared: &Shared, topic: &str) -> Result<Vec<(TopicPartition, i64)>, Error> {
    let count = shared.broker.topic(topic)?.map_or(0, |topic| topic.partitions);
    let partitions: Vec<_> = (0..count).map(|number| TopicPartition::new(topic, number)).collect();
    if partitions.is_empty() {
        return Ok(Vec::new());
    }
    let committed = shared.broker.committed(&shared.options.group, &partitions)?;
    let far = committed.into_iter().map(|committed| committed.map_or(0, |c| c.offset));
    Ok(partitions.into_iter().zip(far).collect())
}
