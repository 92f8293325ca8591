//! Stores from their changelogs.
//!
//! What holds: a changelog's end is taken read-uncommitted first, and it is read, committed records only, to
//! there: so all checkpoints that the group knows of are in it, and the record that ends the last of them says so.

use std::collections::BTreeMap;

use broker::TopicPartition;

use super::super::checkpoint::{MARK_KEY, Mark};
use super::super::{Error, Shared};
use super::read::read;
use super::{Refusal, Standing, StoreOf, Stretch, refuse};
use crate::plan::Program;
use crate::task::StreamTask;

/// Makes the tasks, with their stores as the last checkpoints left them. A store without one begins empty, and so
/// does one whose checkpoint is of work that others have gone on with.
pub(super) fn restore(
    shared: &Shared,
    program: &Program,
    standings: &mut [Standing],
) -> Result<Vec<StreamTask>, Error> {
    loop {
        let mut tasks = standings
            .iter()
            .map(|standing| StreamTask::new(program, standing.plan))
            .collect::<Result<Vec<_>, _>>()?;
        load(shared, standings, &mut tasks)?;
        let mut begins_anew = false;
        for standing in standings.iter_mut() {
            let is_old =
                |log: &super::standing::Log| log.mark.as_ref().is_some_and(|mark| !standing.is_current(mark));
            let old: Vec<usize> =
                standing.logs.iter().enumerate().filter(|(_, log)| is_old(log)).map(|(at, _)| at).collect();
            for at in old {
                let log = &mut standing.logs[at];
                tracing::info!(changelog = %log.partition, "the store begins anew: others went on without it");
                log.begin_anew();
                begins_anew = true;
            }
        }
        // What was read of them is in the tasks already: once more, without.
        if !begins_anew {
            return Ok(tasks);
        }
    }
}

/// Reads the changelogs into the tasks' stores, and their marks.
fn load(shared: &Shared, standings: &mut [Standing], tasks: &mut [StreamTask]) -> Result<(), Error> {
    let (mut stretches, mut places) = (Vec::new(), BTreeMap::<TopicPartition, StoreOf>::new());
    for (at, standing) in standings.iter().enumerate() {
        for (store, log) in standing.logs.iter().enumerate() {
            if log.low > log.from || log.from > log.end {
                let Some(stamp) = log.stamp else { continue };
                let (changelog, low) = (log.partition.clone(), log.low);
                return Err(refuse(Refusal::Truncated { changelog, low, from: stamp.from }, standing));
            }
            if log.from < log.end {
                let (partition, from, end) = (log.partition.clone(), log.from, log.end);
                places.insert(partition.clone(), (at, store));
                stretches.push(Stretch { partition, from, end });
            }
        }
    }
    let mut marks: BTreeMap<StoreOf, Option<Mark>> = BTreeMap::new();
    read(shared, stretches, "restored", &mut |partition, record| {
        let (Some(&(at, store)), Some(key)) = (places.get(partition), record.key) else { return Ok(()) };
        if standings[at].logs[store].stamp.is_none() {
            let (changelog, group) = (partition.clone(), shared.options.group.clone());
            return Err(refuse(Refusal::Foreign { changelog, group }, &standings[at]));
        }
        if key == MARK_KEY {
            marks.insert((at, store), record.value.and_then(Mark::decode));
            return Ok(());
        }
        let failed = |source| Error::Restore { topic: partition.topic.to_string(), source };
        tasks[at].restore(store, key, record.value).map_err(failed)
    })?;
    for (at, standing) in standings.iter_mut().enumerate() {
        for store in 0..standing.logs.len() {
            let Some(stamp) = standing.logs[store].stamp else { continue };
            let mark = marks.remove(&(at, store)).flatten();
            let found = mark.as_ref().map(|mark| mark.number);
            if found != Some(stamp.number) {
                let changelog = standing.logs[store].partition.clone();
                return Err(refuse(Refusal::Behind { changelog, number: stamp.number, found }, standing));
            }
            standing.logs[store].mark = mark;
        }
    }
    Ok(())
}
