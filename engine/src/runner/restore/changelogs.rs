//! Stores from their changelogs.
//!
//! What holds: a changelog's end is taken read-uncommitted first, and it is read, committed records only, to
//! there: so all checkpoints that the group knows of are in it, and the record that ends the last of them says so.

use std::collections::BTreeMap;

use broker::{DELETE_RETENTION, TopicPartition};

use super::super::checkpoint::{Caught, MARK_KEY, Mark};
use super::super::local::{self, Claim, StorePartition};
use super::super::{Error, Shared};
use super::read::{Between, read};
use super::{Log, Refusal, Standing, StoreOf, Stretch, begin_anew, refuse};
use crate::plan::{Program, StoreId};
use crate::state::RestoreError;
use crate::task::StreamTask;

/// Entries of the local state that are taken at once.
const SLICE: u64 = 10_000;

/// Makes the tasks, with their stores as the last checkpoints left them. A store without one begins empty, and so
/// does one whose checkpoint is of work that others have gone on with.
pub(super) fn restore(
    shared: &Shared,
    program: &Program,
    standings: &mut [Standing],
    between: &mut Between<'_>,
) -> Result<Vec<StreamTask>, Error> {
    loop {
        let mut tasks = standings
            .iter()
            .map(|standing| StreamTask::new(program, standing.plan))
            .collect::<Result<Vec<_>, _>>()?;
        load(shared, standings, &mut tasks, between)?;
        let mut begins_anew = false;
        for standing in standings.iter_mut() {
            let is_old = |at: &usize| standing.is_old(&standing.logs[*at]);
            let old: Vec<usize> = (0..standing.logs.len()).filter(is_old).collect();
            for at in old {
                let log = &mut standing.logs[at];
                tracing::info!(changelog = %log.partition, "the store begins anew: others went on without it");
                begin_anew(log)?;
                begins_anew = true;
            }
        }
        // What was read of them is in the tasks already: once more, without.
        if !begins_anew {
            return Ok(tasks);
        }
    }
}

/// Reads the changelogs into the tasks' stores, and their marks. What the local state has of them is taken from there,
/// and it is brought to where they end; where that is given up on the way, to where it was read.
fn load(
    shared: &Shared,
    standings: &mut [Standing],
    tasks: &mut [StreamTask],
    between: &mut Between<'_>,
) -> Result<(), Error> {
    let (mut stretches, mut places) = (Vec::new(), BTreeMap::<TopicPartition, (StoreOf, i64)>::new());
    for (at, standing) in standings.iter().enumerate() {
        for (store, log) in standing.logs.iter().enumerate() {
            if log.low > log.from || log.from > log.end {
                let Some(stamp) = log.stamp else { continue };
                let (changelog, low) = (log.partition.clone(), log.low);
                return Err(refuse(Refusal::Truncated { changelog, low, from: stamp.from }, standing));
            }
            let take = &mut |key: &[u8], value: Option<&[u8]>| tasks[at].restore(store, key, value);
            let found = from_local(shared, log, between, take)?;
            let from = found.map_or(log.from, |mark| mark.offset);
            if from < log.end {
                let (partition, end) = (log.partition.clone(), log.end);
                places.insert(partition.clone(), ((at, store), from));
                stretches.push(Stretch { partition, from, end });
            }
        }
    }
    let logs = standings.iter().flat_map(|standing| &standing.logs);
    let mut caught = Caught::new(logs.filter_map(|log| log.claim.clone()).collect());
    let mut marks: BTreeMap<StoreOf, Option<Mark>> = BTreeMap::new();
    let outcome = read(shared, stretches, "restored", between, &mut |partition, record| {
        let (Some(((at, store), next)), Some(key)) = (places.get_mut(partition), record.key) else {
            return Ok(());
        };
        let (at, store) = (*at, *store);
        let log = &standings[at].logs[store];
        if log.stamp.is_none() {
            let (changelog, group) = (partition.clone(), shared.options.group.clone());
            return Err(refuse(Refusal::Foreign { changelog, group }, &standings[at]));
        }
        if log.claim.is_some() {
            caught.take(&log.store, key, record.value)?;
            *next = record.offset + 1;
        }
        if key == MARK_KEY {
            marks.insert((at, store), record.value.and_then(Mark::decode));
            return Ok(());
        }
        let failed = |source| Error::Restore { topic: partition.topic.to_string(), source };
        if shared.is_state_on_disk() {
            return Ok(());
        }
        tasks[at].restore(store, key, record.value).map_err(failed)
    });
    if let Err(Error::Rebalancing | Error::Stopping) = outcome {
        match caught.pause(&marks_so_far(shared, standings, (places.values(), &marks))) {
            // It is another worker's by now: what was read is not kept.
            Err(Error::Broker(_)) => {}
            paused => paused?,
        }
    }
    outcome?;
    settle(standings, &mut marks)?;
    caught.finish(&local_marks(shared, standings))?;
    let mut tasks = standings.iter().zip(tasks);
    tasks.try_for_each(|(standing, task)| {
        let mut stores = standing.logs.iter().enumerate();
        stores.try_for_each(|(store, log)| match put_on_disk(shared, task, store, log.claim.as_ref())? {
            Placed::InMemory if shared.is_state_on_disk() => {
                visit_local(log, between, &mut |key, value| task.restore(store, key, value))
            }
            _ => Ok(()),
        })
    })
}

/// Where a store is.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum Placed {
    /// In memory, as a whole: it has to be restored.
    InMemory,
    /// On disk, with all that the local state has of it.
    OnDisk,
}

/// Puts a store on disk, where that is asked for and it is one that can lie there.
pub(in super::super) fn put_on_disk(
    shared: &Shared,
    task: &mut StreamTask,
    store: StoreId,
    claim: Option<&Claim>,
) -> Result<Placed, Error> {
    let (Some(memory), Some(claim)) = (&shared.memory, claim) else { return Ok(Placed::InMemory) };
    let Some(reader) = claim.state().reader(claim.of())? else { return Ok(Placed::InMemory) };
    let is_on_disk = task.put_on_disk(store, reader, memory);
    let is_on_disk = is_on_disk.map_err(|error| Error::Disk(error.to_string()))?;
    Ok(if is_on_disk { Placed::OnDisk } else { Placed::InMemory })
}

/// Compares the marks with what the group knows.
fn settle(standings: &mut [Standing], marks: &mut BTreeMap<StoreOf, Option<Mark>>) -> Result<(), Error> {
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

/// Takes an entry into a store.
type Take<'t> = dyn FnMut(&[u8], Option<&[u8]>) -> Result<(), RestoreError> + 't;

/// Takes what the local state has of a store, and tells under which mark: from its offset on the changelog has the rest.
/// What cannot be brought up to date is forgotten: of another life of the changelog, or so old that the changelog may have
/// forgotten deletions since.
fn from_local(
    shared: &Shared,
    log: &Log,
    between: &mut Between<'_>,
    take: &mut Take<'_>,
) -> Result<Option<local::Mark>, Error> {
    let Some(claim) = &log.claim else { return Ok(None) };
    let oldest = shared.clock.wall() - DELETE_RETENTION.as_millis() as i64 / 2;
    let usable = claim.state().mark(&log.store)?.filter(|mark| {
        let is_known = log.stamp.is_some_and(|stamp| {
            // In the middle of the last checkpoint is only a restore that was left.
            let last = if mark.commit == stamp.number { log.end } else { log.at };
            mark.commit <= stamp.number && (log.from..=last).contains(&mark.offset)
        });
        is_known && mark.applied_at >= oldest
    });
    if usable.is_none() {
        claim.clear()?;
        return Ok(None);
    }
    if !shared.is_state_on_disk() {
        visit_local(log, between, take)?;
    }
    Ok(usable)
}

/// Visits what the local state has of a store.
fn visit_local(log: &Log, between: &mut Between<'_>, take: &mut Take<'_>) -> Result<(), Error> {
    let Some(claim) = &log.claim else { return Ok(()) };
    let failed = |source| Error::Restore { topic: log.partition.topic.to_string(), source };
    let (mut outcome, mut visited) = (Ok(()), 0_u64);
    claim.state().for_each(&log.store, &mut |key, value| {
        visited += 1;
        if key != MARK_KEY {
            outcome = take(key, value).map_err(failed);
        }
        if outcome.is_ok() && visited.is_multiple_of(SLICE) {
            outcome = between();
        }
        outcome.is_ok()
    })?;
    outcome
}

/// The local state has what was read of the changelogs: a restore that begins again goes on from there. A last
/// checkpoint whose end was read is read once more, since the end tells where it stands.
fn marks_so_far<'p>(
    shared: &Shared,
    standings: &[Standing],
    (reached, marks): (impl Iterator<Item = &'p (StoreOf, i64)>, &BTreeMap<StoreOf, Option<Mark>>),
) -> Vec<(StorePartition, local::Mark)> {
    let applied_at = shared.clock.wall();
    let mark = |((at, store), next): &(StoreOf, i64)| {
        let log = &standings[*at].logs[*store];
        log.claim.as_ref()?;
        let commit = log.stamp?.number;
        let last = marks.get(&(*at, *store)).and_then(Option::as_ref);
        let is_whole = last.is_some_and(|mark| mark.number == commit);
        let offset = if is_whole { log.at.min(*next) } else { *next };
        Some((log.store.clone(), local::Mark { commit, offset, applied_at }))
    };
    reached.filter_map(mark).collect()
}

/// The local state has all that is committed.
fn local_marks(shared: &Shared, standings: &[Standing]) -> Vec<(StorePartition, local::Mark)> {
    let applied_at = shared.clock.wall();
    let logs = standings.iter().flat_map(|standing| &standing.logs);
    let mark = |log: &Log| {
        log.claim.as_ref()?;
        let commit = log.stamp?.number;
        Some((log.store.clone(), local::Mark { commit, offset: log.at, applied_at }))
    };
    logs.filter_map(mark).collect()
}
