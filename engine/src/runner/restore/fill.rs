//! Tables that begin empty, although of their topics much was read already: for another query, or in times when
//! these rules were there before.
//!
//! What holds: such a table has the rows of all records before the position at which its task begins, whoever read
//! them.

use std::collections::{BTreeMap, BTreeSet};

use broker::{Isolation, TopicPartition};

use super::super::{Error, Shared};
use super::read::{Between, read};
use super::{Standing, StoreOf, Stretch};
use crate::plan::{InputId, StoreId};
use crate::task::{InputRecord, StreamTask};

/// A table to fill.
struct Empty {
    task: usize,
    store: StoreId,
    input: InputId,
}

/// Fills the tables of these tasks that begin `anew`.
pub(super) fn fill(
    shared: &Shared,
    tasks: &mut [StreamTask],
    standings: &[Standing],
    anew: &BTreeSet<StoreOf>,
    between: &mut Between<'_>,
) -> Result<(), Error> {
    let (mut tables, mut stretches) = (BTreeMap::<TopicPartition, Vec<Empty>>::new(), Vec::new());
    for (task, (of, standing)) in tasks.iter().zip(standings).enumerate() {
        for &(store, input) in of.tables().iter().filter(|(store, _)| anew.contains(&(task, *store))) {
            let Some(read) = standing.inputs.get(input) else { continue };
            let list = tables.entry(read.partition.clone()).or_default();
            if list.is_empty() {
                let low = shared.broker.watermarks(&read.partition, Isolation::ReadCommitted)?.0;
                if low < read.from {
                    let partition = read.partition.clone();
                    stretches.push(Stretch { partition, from: low, end: read.from });
                }
            }
            list.push(Empty { task, store, input });
        }
    }
    read(shared, stretches, "filled", between, &mut |partition, record| {
        for empty in tables.get(partition).into_iter().flatten() {
            if record.offset >= standings[empty.task].inputs[empty.input].from {
                continue;
            }
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
