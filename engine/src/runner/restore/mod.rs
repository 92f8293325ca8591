//! Brings tasks to where the commits of their group stand.
//!
//! ```text
//! changelogs up to the last checkpoint ─► stores at P ─► inputs from P to the committed offsets C, once more ─► C
//!                                                        (in the journal's order, nothing is written or counted)
//! ```
//!
//! Enters: the group's stable offsets, changelogs, journals, inputs. Leaves: tasks whose stores are those of the
//! worker that made the last commit. What holds: reading the stable offsets waits for commits and checkpoints of a
//! predecessor that are still pending, and later ones of it are refused; a store that was not at work up to the
//! last commit, or never was, begins empty; nothing is done once more by other rules than those that did it first:
//! where these have changed meanwhile, the old ones bring their stores to the committed positions and into a
//! checkpoint, and the new ones begin there; what cannot be restored exactly is refused ([`Refusal`]), nothing is
//! guessed.
//!
//! - [`standing`]: what the group has committed of a task's inputs and changelogs.
//! - [`changelogs`]: stores from changelogs.
//! - [`past`]: what other rules did, which has to be done once more by them.
//! - [`fill`]: tables that begin later than their topics.
//! - [`replay`]: inputs once more.
//! - [`read`]: reads stretches of partitions.

mod changelogs;
mod fill;
mod past;
pub(super) mod read;
mod refusal;
mod replay;
mod standing;

use std::collections::BTreeSet;

use broker::{ErrorKind, TopicPartition};

pub(super) use changelogs::{Placed, put_on_disk};
pub(super) use past::{Past, follows, program as past_program};
pub(super) use read::Between;
pub use refusal::Refusal;
use standing::Committed;
pub(super) use standing::{Log, Standing};

use super::generation::Generation;
use super::local::{Claim, Owner};
use super::{Error, Shared};
use crate::plan::StoreId;
use crate::task::StreamTask;

/// A store of one of several tasks.
type StoreOf = (usize, StoreId);

/// A task that is where the group's commits are.
pub(super) struct Restored {
    pub(super) task: StreamTask,
    pub(super) standing: Standing,
    /// Nothing is committed that it did after its last checkpoint, so what it writes when it begins is not, either.
    pub(super) is_fresh: bool,
}

/// What came of restoring tasks.
pub(super) enum Outcome {
    /// They are where the group's commits are.
    Restored(Vec<Restored>),
    /// Other rules have done work that no checkpoint holds: they come first.
    Behind(Past),
}

/// Restores tasks of a program: each an index of its tasks with a partition number. Those that do not have all of
/// their inputs here are not brought further than their checkpoints, and leave the local state alone.
///
/// # Errors
/// [`Error::Refused`]-like messages where the state cannot be restored exactly, [`Error::Stopping`] where the
/// engine is asked to end meanwhile, and those of the log and of `between`.
pub(super) fn restore(
    shared: &Shared,
    generation: &Generation,
    (wanted, owner): (&[(usize, i32)], Owner),
    is_whole: &dyn Fn((usize, i32)) -> bool,
    between: &mut Between<'_>,
) -> Result<Outcome, Error> {
    at_commits(shared, generation, wanted, |committed| {
        let mut standings = standing::look(shared, generation, wanted, committed)?;
        past::follows_all(shared, generation.number, &standings)?;
        standings.iter_mut().for_each(|of| of.is_whole = is_whole((of.plan, of.number)));
        standings.iter_mut().try_for_each(|of| of.claim(shared, owner))?;
        let tasks = changelogs::restore(shared, &generation.program, &mut standings, between)?;
        if let Some(past) = past::find(shared, &standings)? {
            return Ok(Outcome::Behind(past));
        }
        bring_up(shared, generation, tasks, standings, between).map(Outcome::Restored)
    })
}

/// Restores tasks under the program that has done their work.
///
/// # Errors
/// As [`restore`].
pub(super) fn restore_past(
    shared: &Shared,
    generation: &Generation,
    (wanted, owner): (&[(usize, i32)], Owner),
    between: &mut Between<'_>,
) -> Result<Vec<Restored>, Error> {
    at_commits(shared, generation, wanted, |committed| {
        let mut standings = standing::look(shared, generation, wanted, committed)?;
        if standings.iter().any(Standing::was_taken_over) {
            return Err(gone_on());
        }
        standings.iter_mut().try_for_each(|of| of.claim(shared, owner))?;
        let tasks = changelogs::restore(shared, &generation.program, &mut standings, between)?;
        bring_up(shared, generation, tasks, standings, between)
    })
}

/// Does something with what the group has committed of these tasks.
fn at_commits<R>(
    shared: &Shared,
    generation: &Generation,
    wanted: &[(usize, i32)],
    work: impl FnOnce(&Committed) -> Result<R, Error>,
) -> Result<R, Error> {
    let committed = standing::ask(shared, generation, wanted)?;
    match work(&committed) {
        // Whoever was slow here may have been given up meanwhile. What others have committed since, and deleted as
        // done with, then looks as if something was missing.
        Err(error) if error.is_lack() && standing::ask(shared, generation, wanted)? != committed => {
            Err(gone_on())
        }
        outcome => outcome,
    }
}

fn gone_on() -> Error {
    let message = "others have gone on with these partitions meanwhile";
    broker::Error::new(ErrorKind::Unavailable, "restoring tasks", message).into()
}

/// From the last checkpoints to the committed positions.
fn bring_up(
    shared: &Shared,
    generation: &Generation,
    mut tasks: Vec<StreamTask>,
    mut standings: Vec<Standing>,
    between: &mut Between<'_>,
) -> Result<Vec<Restored>, Error> {
    for standing in &mut standings {
        standing.settle()?;
    }
    let empty = |at: usize, standing: &Standing| -> Vec<StoreOf> {
        standing.logs.iter().enumerate().filter(|(_, log)| log.mark.is_none()).map(|(s, _)| (at, s)).collect()
    };
    let anew: BTreeSet<StoreOf> =
        standings.iter().enumerate().flat_map(|(at, standing)| empty(at, standing)).collect();
    fill::fill(shared, &generation.program, &mut tasks, &standings, &anew, between)?;
    replay::replay(shared, &mut tasks, &standings, between)?;
    let restored = tasks.into_iter().zip(standings);
    Ok(restored.map(|(task, standing)| Restored { task, is_fresh: standing.is_fresh(), standing }).collect())
}

/// Where tasks of a program stand, without bringing them there.
pub(super) fn look(
    shared: &Shared,
    generation: &Generation,
    wanted: &[(usize, i32)],
) -> Result<Vec<Standing>, Error> {
    standing::look(shared, generation, wanted, &standing::ask(shared, generation, wanted)?)
}

/// The same, of tasks that are to go on: behind newer rules they do not.
pub(super) fn look_again(
    shared: &Shared,
    generation: &Generation,
    wanted: &[(usize, i32)],
) -> Result<Vec<Standing>, Error> {
    let standings = look(shared, generation, wanted)?;
    past::follows_all(shared, generation.number, &standings)?;
    Ok(standings)
}

/// Makes tasks ready that took over the state of others at a commit: the stores that nobody had begin empty, tables
/// with the rows of their topics.
pub(super) fn take_over(
    shared: &Shared,
    generation: &Generation,
    (carried, owner): (Vec<Carried>, Owner),
    between: &mut Between<'_>,
) -> Result<Vec<Restored>, Error> {
    let wanted: Vec<_> = carried.iter().map(|c| (c.plan, c.number)).collect();
    let mut standings = look(shared, generation, &wanted)?;
    standings.iter_mut().try_for_each(|of| of.claim(shared, owner))?;
    let (mut tasks, mut anew) = (Vec::new(), BTreeSet::new());
    for (at, (mut carried, standing)) in carried.into_iter().zip(&mut standings).enumerate() {
        for (store, (log, from)) in standing.logs.iter_mut().zip(carried.stands).enumerate() {
            match from {
                Some((from, base)) => (log.from, log.base) = (from, base),
                None => {
                    begin_anew(log)?;
                    put_on_disk(shared, &mut carried.task, store, log.claim.as_ref())?;
                    anew.insert((at, store));
                }
            }
        }
        tasks.push(carried.task);
    }
    fill::fill(shared, &generation.program, &mut tasks, &standings, &anew, between)?;
    let restored = tasks.into_iter().zip(standings);
    Ok(restored.map(|(task, standing)| Restored { task, standing, is_fresh: true }).collect())
}

/// A task with the state of others.
pub(super) struct Carried {
    pub(super) plan: usize,
    pub(super) number: i32,
    pub(super) task: StreamTask,
    /// Per store from where its changelog counts, and the commit of its last checkpoint; None: nobody had it.
    pub(super) stands: Vec<Option<(i64, Option<i64>)>>,
}

/// A store begins empty, on this machine too.
fn begin_anew(log: &mut Log) -> Result<(), Error> {
    log.begin_anew();
    log.claim.as_ref().map_or(Ok(()), Claim::clear)
}

impl Error {
    /// Whether something is not there that has to be.
    fn is_lack(&self) -> bool {
        match self {
            Self::Unrestorable { .. } => true,
            Self::Broker(error) => error.kind() == ErrorKind::OffsetOutOfRange,
            _ => false,
        }
    }
}

/// Refuses a task.
fn refuse(refusal: Refusal, standing: &Standing) -> Error {
    let changelogs: Vec<_> = standing.logs.iter().map(|log| log.partition.topic.to_string()).collect();
    Error::Unrestorable { refusal, advice: refusal::advice(&changelogs) }
}

/// What is read of a partition.
pub(super) struct Stretch {
    pub(super) partition: TopicPartition,
    pub(super) from: i64,
    /// The offset behind it.
    pub(super) end: i64,
}
