//! Where a task stands: what its group has committed of its inputs and its changelogs.

use broker::{Isolation, OffsetCommit, TopicPartition};

use super::super::checkpoint::{LogStamp, Mark, Stamp};
use super::super::generation::Generation;
use super::super::local::{Claim, Owner, StorePartition};
use super::super::topics::{changelog, journal};
use super::super::{Error, Shared};
use super::{Refusal, refuse};
use crate::plan::{Fingerprint, TaskPlan};

/// See the module.
pub(in super::super) struct Standing {
    pub(in super::super) plan: usize,
    pub(in super::super) number: i32,
    /// The version of the rule set under which it works.
    rules: u64,
    /// Names what the task does: see [`Stamp`].
    pub(in super::super) work: String,
    /// All of its inputs are this worker's. Otherwise it is not to work, so nothing is done once more for it.
    pub(super) is_whole: bool,
    pub(in super::super) inputs: Vec<Input>,
    pub(in super::super) logs: Vec<Log>,
    pub(in super::super) journal: TopicPartition,
    /// Not all of its inputs are tables.
    pub(super) has_streams: bool,
}

/// An input of a task.
pub(in super::super) struct Input {
    pub(in super::super) partition: TopicPartition,
    /// What the group has committed; without a stamp where it was somebody else.
    pub(in super::super) committed: Option<(i64, Option<Stamp>)>,
    /// Where the work goes on: the committed offset, else the beginning.
    pub(in super::super) at: i64,
    /// Where the stores stand when they come from the changelogs.
    pub(in super::super) from: i64,
}

/// A changelog partition of a task.
pub(in super::super) struct Log {
    pub(in super::super) partition: TopicPartition,
    /// Whose it is.
    pub(in super::super) store: StorePartition,
    /// The version of the rules since which the store is there without a gap.
    since: u64,
    /// Its end, with all that is pending.
    pub(super) end: i64,
    pub(super) low: i64,
    /// Where the last checkpoint begins.
    pub(super) at: i64,
    /// What the group has committed.
    pub(super) stamp: Option<LogStamp>,
    /// From where it counts.
    pub(in super::super) from: i64,
    /// The commit of the checkpoint up to which the local state has it, where there is one.
    pub(in super::super) base: Option<i64>,
    /// What its last checkpoint says; None where the store begins empty.
    pub(super) mark: Option<Mark>,
    /// To write the local state; None where there is none, or the task is not to work here.
    pub(in super::super) claim: Option<Claim>,
}

impl Log {
    /// The store begins empty: what is in the changelog does not count any more.
    pub(super) fn begin_anew(&mut self) {
        (self.mark, self.stamp, self.base) = (None, None, None);
        self.from = self.end;
    }
}

/// Names what a task does, and with it the stores and what is kept in them.
fn work_of(plan: &TaskPlan) -> String {
    Fingerprint::of(&format!("task/1 {plan:?}")).short()
}

/// What a group has committed of the inputs and changelogs of some tasks.
pub(super) type Committed = Vec<(TopicPartition, Option<OffsetCommit>)>;

/// Asks the group what it has committed of these tasks. This waits for what a predecessor has pending.
pub(super) fn ask(
    shared: &Shared,
    generation: &Generation,
    wanted: &[(usize, i32)],
) -> Result<Committed, Error> {
    let (group, program) = (&shared.options.group, &generation.program);
    let partitions: Vec<_> = wanted
        .iter()
        .flat_map(|(plan, number)| {
            let plan = &program.tasks[*plan];
            let inputs = plan.inputs.iter().map(|input| TopicPartition::new(&*input.topic, *number));
            inputs.chain(plan.stores.iter().map(|s| TopicPartition::new(changelog(group, &s.name), *number)))
        })
        .collect();
    if partitions.is_empty() {
        return Ok(Vec::new());
    }
    let committed = shared.broker.committed(group, &partitions)?;
    Ok(partitions.into_iter().zip(committed).collect())
}

/// Where these tasks of a program stand, by what the group has committed. The changelogs are looked at afterwards.
pub(super) fn look(
    shared: &Shared,
    generation: &Generation,
    wanted: &[(usize, i32)],
    committed: &Committed,
) -> Result<Vec<Standing>, Error> {
    let (group, program) = (&shared.options.group, &generation.program);
    let mut partitions = committed.iter().cloned();
    let mut standings = Vec::with_capacity(wanted.len());
    for &(at, number) in wanted {
        let plan = &program.tasks[at];
        let inputs = partitions.by_ref().take(plan.inputs.len()).map(|(p, c)| input(shared, p, c));
        let inputs = inputs.collect::<Result<Vec<_>, _>>()?;
        let stores = plan.stores.iter().zip(partitions.by_ref());
        let logs = stores.map(|(store, (p, c))| {
            let of = StorePartition::new(&store.name, number);
            Ok(Log { since: store.since, ..log(shared, of, p, c)? })
        });
        let is_table = |input: &crate::plan::Input| input.readings.iter().all(|r| r.source.is_table);
        standings.push(Standing {
            plan: at,
            number,
            rules: generation.number,
            work: work_of(plan),
            is_whole: true,
            inputs,
            logs: logs.collect::<Result<Vec<_>, Error>>()?,
            journal: TopicPartition::new(journal(group, &plan.name), number),
            has_streams: !plan.inputs.iter().all(is_table),
        });
    }
    Ok(standings)
}

/// What the group has committed of a partition; without a stamp where it was somebody else.
pub(super) fn committed(
    shared: &Shared,
    partition: &TopicPartition,
) -> Result<Option<(i64, Option<Stamp>)>, Error> {
    let committed = shared.broker.committed(&shared.options.group, std::slice::from_ref(partition))?;
    Ok(committed.into_iter().flatten().next().map(|c| (c.offset, Stamp::parse(&c.metadata))))
}

fn input(
    shared: &Shared,
    partition: TopicPartition,
    committed: Option<OffsetCommit>,
) -> Result<Input, Error> {
    let committed = committed.map(|c| (c.offset, Stamp::parse(&c.metadata)));
    let at = match &committed {
        Some((offset, _)) => *offset,
        // Where a group begins: at the earliest. It is settled here, so that a checkpoint can say it.
        None => shared.broker.watermarks(&partition, Isolation::ReadCommitted)?.0,
    };
    Ok(Input { partition, committed, at, from: at })
}

fn log(
    shared: &Shared,
    store: StorePartition,
    partition: TopicPartition,
    committed: Option<OffsetCommit>,
) -> Result<Log, Error> {
    let at = committed.as_ref().map_or(0, |c| c.offset);
    let stamp = committed.and_then(|c| LogStamp::parse(&c.metadata));
    let (low, end) = shared.broker.watermarks(&partition, Isolation::ReadUncommitted)?;
    let (from, base) = (stamp.map_or(0, |stamp| stamp.from), stamp.map(|stamp| stamp.number));
    Ok(Log { partition, store, since: 0, end, low, at, stamp, from, base, mark: None, claim: None })
}

impl Standing {
    /// The highest number of a commit or checkpoint of it.
    pub(in super::super) fn last_number(&self) -> i64 {
        let inputs = self.inputs.iter().filter_map(|input| input.committed.as_ref());
        let logs = self.logs.iter().filter_map(|log| log.stamp.map(|stamp| stamp.number));
        inputs.filter_map(|(_, stamp)| Some(stamp.as_ref()?.number)).chain(logs).max().unwrap_or(0)
    }

    /// Takes the local state of its stores, if it is to work here.
    pub(super) fn claim(&mut self, shared: &Shared, owner: Owner) -> Result<(), Error> {
        for log in self.logs.iter_mut().filter(|_| self.is_whole) {
            let local = shared.local.as_ref();
            log.claim = local.map(|local| local.claim(&log.store, owner)).transpose()?;
        }
        Ok(())
    }

    /// The number of the commit that its stores' last checkpoint is of.
    pub(super) fn checkpoint_number(&self) -> i64 {
        let marks = self.logs.iter().filter_map(|log| log.mark.as_ref());
        marks.map(|mark| mark.number).max().unwrap_or(i64::MIN)
    }

    /// Whether the next checkpoint has to come before the next commit: some store is not in the last one, or it
    /// was made for other work.
    pub(in super::super) fn needs_checkpoint(&self) -> bool {
        self.logs.iter().any(|log| log.mark.as_ref().is_none_or(|mark| mark.work != self.work))
    }

    /// Whether what a store's last checkpoint has does not count any more: others went on without it, or there were
    /// rules without it.
    pub(super) fn is_old(&self, log: &Log) -> bool {
        log.mark.as_ref().is_some_and(|mark| mark.rules < log.since || !self.is_current(mark))
    }

    /// Whether a store's last checkpoint is of the work that the inputs' commits are of: the last commit was of the
    /// same, or there was none since.
    pub(super) fn is_current(&self, mark: &Mark) -> bool {
        let inputs = || self.inputs.iter().filter(|input| mark.position(&input.partition.topic).is_some());
        let stamps =
            || inputs().filter_map(|input| input.committed.as_ref()).map(|(_, stamp)| stamp.as_ref());
        let has_moved = |input: &Input| {
            let at = input.committed.as_ref().map(|(offset, _)| *offset);
            at.is_some_and(|at| mark.position(&input.partition.topic) != Some(at))
        };
        let last = stamps().flatten().max_by_key(|stamp| stamp.number);
        // Where somebody else has committed, nobody can tell; it is refused when the positions are settled.
        stamps().any(|stamp| stamp.is_none())
            || last.is_none_or(|stamp| stamp.work == mark.work)
            || !inputs().any(has_moved)
    }

    /// Settles from where the inputs are read once more.
    pub(super) fn settle(&mut self) -> Result<(), Error> {
        for at in 0..self.inputs.len() {
            let topic = self.inputs[at].partition.topic.clone();
            let marks = self.logs.iter().filter_map(|log| log.mark.as_ref());
            let Some(from) = marks.filter_map(|mark| mark.position(&topic)).max() else { continue };
            let input = &mut self.inputs[at];
            if input.committed.is_none() {
                // Nothing of it is committed since the checkpoint.
                (input.at, input.from) = (from, from);
            }
            let is_others = matches!(input.committed, Some((_, None)));
            if input.at < from || (is_others && input.at != from) {
                let (input, committed) = (input.partition.clone(), input.at);
                return Err(refuse(Refusal::Moved { input, from, committed }, self));
            }
            input.from = from;
        }
        Ok(())
    }

    /// Whether a checkpoint was made by other rules: what was committed after it was done by those.
    pub(super) fn is_of_others(&self, mark: &Mark) -> bool {
        mark.rules != self.rules && mark.work != self.work
    }

    /// Whether newer rules have committed other work of its inputs: they have begun behind a checkpoint of all that it did.
    pub(super) fn was_taken_over(&self) -> bool {
        let mut stamps = self.inputs.iter().filter_map(|input| input.committed.as_ref()?.1.as_ref());
        stamps.any(|stamp| stamp.rules > self.rules && stamp.work != self.work)
    }

    /// Whether no commit of it happened since its last checkpoint.
    pub(super) fn is_fresh(&self) -> bool {
        let marks = || self.logs.iter().filter_map(|log| log.mark.as_ref());
        if marks().any(|mark| self.is_of_others(mark)) {
            return true;
        }
        let commits = self.inputs.iter().filter_map(|input| input.committed.as_ref());
        let last = commits.filter_map(|(_, stamp)| Some(stamp.as_ref()?.number)).max().unwrap_or(0);
        marks().map(|mark| mark.number).max().is_none_or(|number| number >= last)
    }
}
