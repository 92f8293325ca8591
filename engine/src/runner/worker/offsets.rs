//! What a commit says beside its outputs: positions with the commit's number, and the order of inputs.
//!
//! What holds: every commit sends at least one offset of each task that did something, so the number in the
//! stable offsets tells whether a commit has happened, and a task's own offsets tell of its last commit.

use broker::{Consumer, OffsetCommit, Outgoing, Producer};

use super::super::Error;
use super::super::checkpoint::Stamp;
use super::super::generation::Generation;
use super::tasks::{Assigned, Open, Settled, Tasks};
use super::waiting::Waiting;

impl Tasks {
    /// The positions that have moved since the last commit, for a commit of this number by the worker of this name.
    pub(super) fn offsets(
        &self,
        generation: &Generation,
        consumer: &mut dyn Consumer,
        commit: (i64, &str),
        anything: bool,
    ) -> Result<Vec<OffsetCommit>, Error> {
        let (program, mut offsets) = (&generation.program, Vec::new());
        // What another worker's program reads and this one's does not know yet is not done with.
        let is_known = |a: &&Assigned| program.reader_of(&a.partition.topic).is_some();
        for assigned in self.list.iter().filter(is_known).filter(|a| self.may_move(a)) {
            let position = match assigned.waiting.as_ref().and_then(Waiting::head) {
                // What has come but is not processed is not committed.
                Some(record) => Some(record.offset),
                None => consumer.position(&assigned.partition)?,
            };
            if let Some(offset) = position
                && (assigned.at < offset || !assigned.is_committed())
            {
                offsets.push(self.offset(generation, assigned, offset, commit));
            }
        }
        for open in self.open.iter().filter(|open| open.did_something()) {
            let mut own = self.list.iter().filter(|a| open.reads(&a.partition));
            if let Some(first) = own.clone().next()
                && !own.any(|own| offsets.iter().any(|o| o.partition == own.partition))
            {
                offsets.push(self.offset(generation, first, first.at, commit));
            }
        }
        // Something has to tell that it has happened.
        let first = || self.list.iter().find(|a| self.may_move(a)).or(self.list.first());
        if offsets.is_empty()
            && anything
            && let Some(first) = first()
        {
            offsets.push(self.offset(generation, first, first.at, commit));
        }
        Ok(offsets)
    }

    /// Whether the task that reads it has what it knows in a checkpoint of its own work. Otherwise what lies in the last one
    /// would count for nothing, as soon as a position has moved under its name: over a marker, too, which is no record.
    fn may_move(&self, assigned: &Assigned) -> bool {
        let needs = |open: &Open| !open.logs.is_empty() && open.checkpoint.is_none();
        !self.open.iter().any(|open| needs(open) && open.reads(&assigned.partition))
    }

    fn offset(
        &self,
        generation: &Generation,
        assigned: &Assigned,
        offset: i64,
        (number, by): (i64, &str),
    ) -> OffsetCommit {
        let partition = assigned.partition.clone();
        let reader =
            generation.program.reader_of(&partition.topic).map(|(plan, _)| (plan, partition.partition));
        let open = self.open.iter().find(|open| Some((open.plan, open.number)) == reader);
        let metadata = Stamp::text(number, generation.number, open.map_or("", |open| &open.work), by);
        OffsetCommit { partition, offset, metadata }
    }

    /// Produces in which order inputs were taken.
    pub(super) fn produce_journals(&self, producer: &mut dyn Producer, number: i64) -> Result<(), Error> {
        for open in &self.open {
            let topics: Vec<&str> = open.task.topics().collect();
            for value in open.journal.values(&topics) {
                producer.produce(&Outgoing {
                    topic: &open.journal_topic.topic,
                    partition: Some(open.number),
                    key: Some(&number.to_le_bytes()),
                    value: Some(&value),
                    timestamp: 0,
                    headers: &[],
                })?;
            }
        }
        Ok(())
    }

    /// Notes what the pending commit sends.
    pub(super) fn attempted(&mut self, offsets: &[OffsetCommit]) {
        for offset in offsets {
            if let Some(assigned) = self.list.iter_mut().find(|a| a.partition == offset.partition) {
                assigned.attempted = Some((offset.offset, Stamp::parse(&offset.metadata)));
            }
        }
    }

    /// The pending commit has happened.
    pub(super) fn committed(&mut self) {
        for assigned in &mut self.list {
            if let Some((at, stamp)) = assigned.attempted.take() {
                (assigned.at, assigned.stamp) = (at, Some(stamp));
            }
        }
        for open in &mut self.open {
            open.silent += u64::from(open.did_something());
            open.journal.clear();
            open.has_spoken = false;
        }
    }

    /// What the stable offsets say of the pending commit. They are those of all partitions, in their order.
    pub(super) fn settle(&self, stable: &[Option<OffsetCommit>]) -> Settled {
        let there = |stable: &Option<OffsetCommit>| {
            stable.as_ref().map(|stable| (stable.offset, Stamp::parse(&stable.metadata)))
        };
        let pairs = || self.list.iter().zip(stable);
        let is_before =
            pairs().all(|(a, stable)| there(stable) == a.stamp.clone().map(|stamp| (a.at, stamp)));
        let mut attempted = pairs().filter(|(a, _)| a.attempted.is_some()).peekable();
        if is_before {
            Settled::Before
        } else if attempted.peek().is_some() && attempted.all(|(a, stable)| there(stable) == a.attempted) {
            Settled::Happened
        } else {
            Settled::Foreign
        }
    }
}

impl Assigned {
    fn is_committed(&self) -> bool {
        self.stamp.is_some()
    }
}

impl Open {
    /// Whether it reads this partition.
    pub(super) fn reads(&self, partition: &broker::TopicPartition) -> bool {
        self.number == partition.partition && self.task.topics().any(|topic| *topic == *partition.topic)
    }

    fn did_something(&self) -> bool {
        self.has_spoken || !self.journal.is_empty()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use broker::TopicPartition;

    use super::*;

    fn payments() -> TopicPartition {
        TopicPartition::new("payments", 0)
    }

    /// The last commit is the third, at offset 5; this one is pending.
    fn tasks(pending: Option<(i64, &str)>) -> Tasks {
        let stamp = Some(Stamp::parse("3 1 work me"));
        let attempted = pending.map(|(at, metadata)| (at, Stamp::parse(metadata)));
        let assigned = Assigned { partition: payments(), at: 5, stamp, attempted, waiting: None };
        let mut tasks = Tasks::default();
        tasks.list.push(assigned);
        tasks
    }

    fn stable(offset: i64, metadata: &str) -> [Option<OffsetCommit>; 1] {
        [Some(OffsetCommit { partition: payments(), offset, metadata: metadata.to_owned() })]
    }

    #[test]
    fn offsets_that_moved_although_no_commit_was_pending_are_somebody_elses() {
        assert_eq!(tasks(None).settle(&stable(5, "3 1 work me")), Settled::Before);
        assert_eq!(tasks(None).settle(&stable(7, "4 1 work me")), Settled::Foreign);
    }

    #[test]
    fn a_pending_commit_has_happened_only_where_the_offsets_are_its_own() {
        let pending = || tasks(Some((7, "4 1 work me")));
        assert_eq!(pending().settle(&stable(7, "4 1 work me")), Settled::Happened);
        assert_eq!(pending().settle(&stable(5, "3 1 work me")), Settled::Before);
        assert_eq!(pending().settle(&stable(9, "4 1 work me")), Settled::Foreign);
        assert_eq!(pending().settle(&stable(7, "5 1 work me")), Settled::Foreign);
        assert_eq!(pending().settle(&stable(7, "written by hand")), Settled::Foreign);
    }

    #[test]
    fn a_commit_that_another_worker_made_of_the_same_records_is_not_taken_for_ones_own() {
        assert_eq!(tasks(Some((7, "4 1 work me"))).settle(&stable(7, "4 1 work another")), Settled::Foreign);
    }
}
