//! Whether everything that lies in the inputs has been processed and committed.

use std::sync::atomic::Ordering;

use broker::{Isolation, TopicPartition};

use super::{Error, Shared};

/// Two looks that saw the same ends, all of them committed. One is not enough: while a look goes from topic to
/// topic, a commit may add to a topic that was looked at already.
#[derive(Default)]
pub(super) struct Drained {
    last: Option<Vec<i64>>,
    behind: Option<Behind>,
}

/// Ends that were not all committed when they were looked at.
struct Behind {
    /// The number of the program whose inputs they are of.
    program: u64,
    partitions: Vec<TopicPartition>,
    ends: Vec<i64>,
}

/// What a look at all ends has found.
struct Ends {
    partitions: Vec<TopicPartition>,
    ends: Vec<i64>,
    are_committed: bool,
}

impl Drained {
    /// Looks once; an error only means to look again later.
    pub(super) fn check(&mut self, shared: &Shared) -> bool {
        match self.look(shared) {
            Ok(is_drained) => is_drained,
            Err(error) => {
                tracing::debug!(%error, "how far the inputs are processed is not known now");
                false
            }
        }
    }

    fn look(&mut self, shared: &Shared) -> Result<bool, Error> {
        let program = shared.number.load(Ordering::SeqCst);
        if let Some(behind) = self.behind.as_ref().filter(|behind| behind.program == program)
            && behind.still_is(shared)?
        {
            return Ok(false);
        }
        let Ends { partitions, ends, are_committed } = ends(shared)?;
        if !are_committed {
            (self.last, self.behind) = (None, Some(Behind { program, partitions, ends }));
            return Ok(false);
        }
        let is_same = self.last.as_ref() == Some(&ends);
        (self.last, self.behind) = (Some(ends), None);
        Ok(is_same)
    }
}

impl Behind {
    /// Whether one of those ends is not reached yet. Ends only grow, so nothing else has to be asked until then: the
    /// work that is looked at goes on meanwhile, on the same processors.
    fn still_is(&self, shared: &Shared) -> Result<bool, Error> {
        let committed = shared.broker.committed(&shared.options.group, &self.partitions)?;
        // Where nothing is committed, the records may have been deleted since.
        Ok(committed.iter().zip(&self.ends).any(|(done, end)| done.as_ref().is_some_and(|d| d.offset < *end)))
    }
}

/// The ends of all inputs, and whether all of them are committed.
fn ends(shared: &Shared) -> Result<Ends, Error> {
    let program = shared.current().program.clone();
    let topics: Vec<String> = program.input_topics().map(str::to_owned).collect();
    let mut partitions = Vec::new();
    for (topic, present) in topics.iter().zip(shared.broker.present(&topics)?) {
        let count = present.map_or(0, |(_, count)| count);
        partitions.extend((0..count).map(|p| TopicPartition::new(topic.as_str(), p)));
    }
    let committed = shared.broker.committed(&shared.options.group, &partitions)?;
    let (mut ends, mut are_committed) = (Vec::with_capacity(partitions.len()), true);
    for (partition, committed) in partitions.iter().zip(committed) {
        // The end with all that is pending: a commit's marker may come later than the offsets it sent.
        let (low, end) = shared.broker.watermarks(partition, Isolation::ReadUncommitted)?;
        are_committed &= committed.map_or(low, |c| c.offset) >= end;
        ends.push(end);
    }
    Ok(Ends { partitions, ends, are_committed })
}
