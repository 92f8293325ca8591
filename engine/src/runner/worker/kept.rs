//! Tasks whose partitions were taken: often they come back at once, when the group shares its partitions out anew.
//!
//! Enters: tasks that stand at a commit. Leaves: the same, where the group stands exactly there when their
//! partitions come back, and nobody in this process has had them. What holds: they are kept until the next assignment
//! only, and not over a change of the program, here or elsewhere.

use broker::TopicPartition;

use super::super::checkpoint::Stamp;
use super::super::generation::Generation;
use super::super::local::{Claim, Owner};
use super::super::restore::{Standing, look_again};
use super::super::{Error, Shared};
use super::tasks::{Open, StoreLog, Tasks};

/// See the module.
pub(super) struct Kept {
    open: Open,
    /// Its inputs: where its last commit stands in each.
    inputs: Vec<Committed>,
}

/// A partition, and the committed offset with what was committed beside it.
type Committed = (TopicPartition, Option<(i64, Option<Stamp>)>);

impl Tasks {
    /// Keeps the tasks of these partitions, which are about to go. They stand at a commit, and no checkpoint of
    /// them is under way.
    pub(super) fn keep_tasks(&mut self, partitions: &[TopicPartition]) {
        let (gone, open) = std::mem::take(&mut self.open)
            .into_iter()
            .partition(|open: &Open| partitions.iter().any(|partition| open.reads(partition)));
        self.open = open;
        let gone: Vec<Open> = gone;
        for open in gone {
            let own = self.list.iter().filter(|a| open.reads(&a.partition));
            let at = |a: &super::tasks::Assigned| a.stamp.clone().map(|stamp| (a.at, stamp));
            let inputs: Vec<_> = own.map(|a| (a.partition.clone(), at(a))).collect();
            if inputs.len() == open.task.topics().len() {
                self.kept.push(Kept { open, inputs });
            }
        }
    }

    /// The tasks among those wanted that were kept and are where the group is. All others are let go.
    pub(super) fn kept(
        &mut self,
        shared: &Shared,
        generation: &Generation,
        (wanted, owner): (&[(usize, i32)], Owner),
    ) -> Result<Vec<(Standing, Open)>, Error> {
        let mut kept = std::mem::take(&mut self.kept);
        kept.retain(|kept| wanted.contains(&(kept.open.plan, kept.open.number)));
        let names: Vec<_> = kept.iter().map(|kept| (kept.open.plan, kept.open.number)).collect();
        let standings = look_again(shared, generation, &names)?;
        let pairs = standings.into_iter().zip(kept).filter(|(standing, kept)| kept.is_at(standing));
        let mut kept: Vec<_> = pairs.map(|(standing, kept)| (standing, kept.open)).collect();
        let mut logs = kept.iter_mut().flat_map(|(_, open)| &mut open.logs);
        logs.try_for_each(|log| log.renew(owner))?;
        if !kept.is_empty() {
            tracing::info!(tasks = kept.len(), "nobody else has worked on these tasks: they go on");
        }
        Ok(kept)
    }
}

impl StoreLog {
    /// Its local state stays this worker's.
    fn renew(&mut self, owner: Owner) -> Result<(), Error> {
        self.claim.as_mut().map_or(Ok(()), |claim| claim.renew(owner))
    }
}

impl Kept {
    /// A task that stands where its group does.
    pub(super) fn again((standing, open): (Standing, Open)) -> Self {
        let inputs = standing.inputs.into_iter().map(|input| (input.partition, input.committed));
        Self { open, inputs: inputs.collect() }
    }

    /// Whether the group stands where this task does, and its changelogs, too.
    fn is_at(&self, standing: &Standing) -> bool {
        let inputs = standing.inputs.iter().all(|input| {
            let own = self.inputs.iter().find(|(partition, _)| *partition == input.partition);
            own.is_some_and(|(_, committed)| *committed == input.committed)
        });
        let mut logs = standing.logs.iter().zip(&self.open.logs);
        let is_own = |own: &StoreLog| own.claim.as_ref().is_none_or(Claim::stands);
        inputs && logs.all(|(log, own)| (log.from, log.base) == (own.from, own.base) && is_own(own))
    }
}
