//! Tasks go over to another program, with what they know.
//!
//! Enters: tasks that stand at a commit, which a checkpoint holds, and a program. Leaves: its tasks, at the same commit.
//! What holds: state goes over in its changelog form, store by name, so the new tasks have just what they would have
//! from the changelogs: the slots whose tags they know.

use super::super::generation::Generation;
use super::super::local::Owner;
use super::super::restore::{Between, Carried, Placed, put_on_disk, take_over};
use super::super::{Error, Shared};
use super::tasks::{Open, Tasks, needed, opened};
use crate::plan::StoreId;
use crate::task::StreamTask;

impl Tasks {
    /// Moves to another program: what its tasks know of the old tasks' state, store by name, goes over, also
    /// where another task keeps the store now; not where there were rules without it since those `before`. What waits
    /// is to be read again, from the positions committed.
    pub(super) fn switch(
        &mut self,
        shared: &Shared,
        (before, generation): (u64, &Generation),
        owner: Owner,
        between: &mut Between<'_>,
    ) -> Result<(), Error> {
        let (program, mut carried) = (&generation.program, Vec::new());
        for (plan, number) in needed(program, self.list.iter().map(|a| &a.partition)) {
            let mut task = StreamTask::new(program, plan)?;
            let mut stands = vec![None; task.store_names().len()];
            for old in self.open.iter().filter(|old| old.number == number) {
                let is_the_same = |store: StoreId| program.tasks[plan].stores[store].since <= before;
                carry_over(shared, old, (&mut task, &is_the_same), &mut stands)?;
            }
            carried.push(Carried { plan, number, task, stands });
        }
        let next = take_over(shared, generation, (carried, owner), between)?;
        self.open = next.into_iter().map(opened).collect();
        self.kept.clear();
        self.partitions.clear();
        self.list.iter_mut().for_each(|assigned| assigned.waiting = None);
        self.settle_inputs(shared, program)
    }
}

/// Where the changelog of a store stands: from where it counts, and the commit of its last checkpoint.
type Stands = Option<(i64, Option<i64>)>;

/// Hands the state of one task to another, store by name, and where the stores' changelogs stand.
///
/// What lies on disk is there as of the checkpoint that was made just before.
fn carry_over(
    shared: &Shared,
    old: &Open,
    (next, is_the_same): (&mut StreamTask, &dyn Fn(StoreId) -> bool),
    stands: &mut [Stands],
) -> Result<(), Error> {
    let names: Vec<String> = old.task.store_names().map(str::to_owned).collect();
    let mut places: Vec<Option<usize>> = names
        .iter()
        .map(|name| next.store_names().position(|n| n == name).filter(|store| is_the_same(*store)))
        .collect();
    for (place, log) in places.iter().zip(&old.logs) {
        if let Some(place) = place {
            stands[*place] = Some((log.from, log.base));
        }
    }
    for (place, log) in places.iter_mut().zip(&old.logs) {
        let Some(store) = *place else { continue };
        if put_on_disk(shared, next, store, log.claim.as_ref())? == Placed::OnDisk {
            *place = None;
        }
    }
    let mut outcome = Ok(());
    old.task.export(&mut |store, key, value| {
        if let (Ok(()), Some(place)) = (&outcome, places[store]) {
            outcome = next
                .restore(place, key, Some(value))
                .map_err(|source| Error::Restore { topic: names[store].clone(), source });
        }
    });
    outcome
}
