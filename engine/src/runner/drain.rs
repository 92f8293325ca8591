//! Whether everything that lies in the inputs has been processed and committed.

use broker::{Isolation, TopicPartition};

use super::{Error, Shared};

/// Two looks that saw the same ends, all of them committed. One is not enough: while a look goes from topic to
/// topic, a commit may add to a topic that was looked at already.
#[derive(Default)]
pub(super) struct Drained {
    last: Option<Vec<i64>>,
}

impl Drained {
    /// Looks once; an error only means to look again later.
    pub(super) fn check(&mut self, shared: &Shared) -> bool {
        match ends(shared) {
            Ok(Some(ends)) => {
                let same = self.last.as_ref() == Some(&ends);
                self.last = Some(ends);
                same
            }
            Ok(None) => {
                self.last = None;
                false
            }
            Err(error) => {
                tracing::debug!(%error, "how far the inputs are processed is not known now");
                false
            }
        }
    }
}

/// The ends of all inputs, where all of them are committed.
fn ends(shared: &Shared) -> Result<Option<Vec<i64>>, Error> {
    let program = shared.current().program.clone();
    let mut partitions = Vec::new();
    for topic in program.input_topics() {
        let count = shared.broker.topic(topic)?.map_or(0, |t| t.partitions);
        partitions.extend((0..count).map(|p| TopicPartition::new(topic, p)));
    }
    let committed = shared.broker.committed(&shared.options.group, &partitions)?;
    let mut ends = Vec::with_capacity(partitions.len());
    for (partition, committed) in partitions.iter().zip(committed) {
        // The end with all that is pending: a commit's marker may come later than the offsets it sent.
        let (low, end) = shared.broker.watermarks(partition, Isolation::ReadUncommitted)?;
        let done = committed.map_or(low, |c| c.offset);
        if done < end {
            return Ok(None);
        }
        ends.push(end);
    }
    Ok(Some(ends))
}
