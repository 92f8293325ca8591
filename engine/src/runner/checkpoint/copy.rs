//! A checkpoint's way to the local state, once it is committed.
//!
//! Enters: the chunks of a checkpoint as they go out, then that it is committed. Leaves: the same changes in the
//! local state, under the new marks. What holds: changes are only put on top of the checkpoint before them, so what
//! lies under a mark is the state at its commit; where the one before is not there, or the chunks were more than
//! memory is for, the changes are read from the changelogs instead.

use std::sync::Arc;

use broker::ErrorKind;

use super::super::local::{Change, LocalState, Mark, StorePartition};
use super::super::restore::Stretch;
use super::super::restore::read::read;
use super::super::{Error, Shared};
use super::{Chunk, Job, Log, MARK_KEY, Packed};

/// Bytes of chunks, packed, that are kept until the commit: some seconds of work; a larger checkpoint is read again.
const KEPT: usize = 8 << 20;
/// Bytes that are applied at once.
pub(in super::super) const APPLIED: usize = 1 << 20;

/// See the module.
pub(super) struct Copy {
    shared: Arc<Shared>,
    local: Arc<dyn LocalState>,
    chunks: Vec<Packed>,
    bytes: usize,
    /// There were more chunks than are kept.
    is_cut: bool,
}

impl Copy {
    pub(super) fn new(shared: Arc<Shared>, local: Arc<dyn LocalState>) -> Self {
        Self { shared, local, chunks: Vec::new(), bytes: 0, is_cut: false }
    }

    /// Forgets what was kept.
    pub(super) fn clear(&mut self) {
        (self.chunks, self.bytes, self.is_cut) = (Vec::new(), 0, false);
    }

    /// A chunk went out.
    pub(super) fn keep(&mut self, chunk: Chunk) {
        if self.is_cut {
            return;
        }
        let chunk = chunk.pack();
        self.bytes += chunk.size();
        self.chunks.push(chunk);
        if self.bytes > KEPT {
            self.is_cut = true;
            self.chunks = Vec::new();
        }
    }

    /// The checkpoint is committed; `ends` are those of its changelogs before it.
    pub(super) fn apply(&mut self, job: &Job, ends: &[i64]) -> Result<(), Error> {
        let chunks = std::mem::take(&mut self.chunks);
        let is_cut = self.is_cut;
        self.clear();
        let marks = marks(&self.shared, job, ends);
        let mut is_on_top = !is_cut;
        for log in &job.logs {
            is_on_top &= self.local.mark(&log.store)?.map(|mark| mark.commit) == log.base;
        }
        if !is_on_top {
            return self.read_again(job, &marks);
        }
        for chunk in &chunks {
            // What cannot be unpacked is read again.
            let Some(chunk) = chunk.unpack() else { return self.read_again(job, &marks) };
            let mut changes = chunk.iter().map(|record| Change {
                of: &job.logs[record.log].store,
                key: record.key,
                value: record.value,
            });
            self.local.apply(&mut changes, &[])?;
        }
        let mut last =
            job.logs.iter().map(|log| Change { of: &log.store, key: MARK_KEY, value: Some(&log.mark) });
        Ok(self.local.apply(&mut last, &marks)?)
    }

    /// Reads the changelogs from where the local state stands.
    fn read_again(&self, job: &Job, marks: &[(StorePartition, Mark)]) -> Result<(), Error> {
        let mut stretches = Vec::new();
        for log in &job.logs {
            let partition = log.partition.clone();
            let end = self.shared.broker.watermarks(&partition, broker::Isolation::ReadUncommitted)?.1;
            let from = match self.local.mark(&log.store)? {
                Some(mark) if mark.offset >= log.from && mark.commit <= job.number => mark.offset,
                _ => {
                    self.local.clear(&log.store)?;
                    log.from
                }
            };
            stretches.push(Stretch { partition, from, end });
        }
        let mut caught = Caught::new(&*self.local);
        read(&self.shared, stretches, "copied", &mut || Ok(()), &mut |partition, record| match (
            job.logs.iter().find(|log| log.partition == *partition),
            record.key,
        ) {
            (Some(log), Some(key)) => caught.take(&log.store, key, record.value),
            _ => Ok(()),
        })?;
        caught.finish(marks)
    }
}

fn marks(shared: &Shared, job: &Job, ends: &[i64]) -> Vec<(StorePartition, Mark)> {
    let applied_at = shared.clock.wall();
    // From before the checkpoint: what others may have written since is behind that, too.
    let mark =
        |(log, end): (&Log, &i64)| (log.store.clone(), Mark { commit: job.number, offset: *end, applied_at });
    job.logs.iter().zip(ends).map(mark).collect()
}

/// What is read of changelogs, on its way to the local state in pieces of bounded size.
pub(in super::super) struct Caught<'l> {
    local: &'l dyn LocalState,
    /// Under which marks the local state has what lies before.
    behind: Vec<(StorePartition, Option<Mark>)>,
    stores: Vec<StorePartition>,
    chunk: Chunk,
}

impl<'l> Caught<'l> {
    pub(in super::super) fn new(local: &'l dyn LocalState) -> Self {
        Self::behind(local, Vec::new())
    }

    /// What comes fits behind these marks only.
    pub(in super::super) fn behind(
        local: &'l dyn LocalState,
        behind: Vec<(StorePartition, Option<Mark>)>,
    ) -> Self {
        Self { local, behind, stores: Vec::new(), chunk: Chunk::default() }
    }

    pub(in super::super) fn take(
        &mut self,
        of: &StorePartition,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<(), Error> {
        let place = self.stores.iter().position(|store| store == of).unwrap_or_else(|| {
            self.stores.push(of.clone());
            self.stores.len() - 1
        });
        self.chunk.push(place, key, value);
        if self.chunk.size() >= APPLIED { self.apply(&[]) } else { Ok(()) }
    }

    /// Reading ends for now: what came counts up to these marks.
    pub(in super::super) fn pause(&mut self, marks: &[(StorePartition, Mark)]) -> Result<(), Error> {
        self.apply(marks)
    }

    /// All was read: from now on it counts.
    pub(in super::super) fn finish(mut self, marks: &[(StorePartition, Mark)]) -> Result<(), Error> {
        self.apply(marks)
    }

    fn apply(&mut self, marks: &[(StorePartition, Mark)]) -> Result<(), Error> {
        for (store, mark) in &self.behind {
            if self.local.mark(store)? != *mark {
                let message = "another worker has gone on with the local state";
                return Err(broker::Error::new(ErrorKind::Unavailable, "restoring tasks", message).into());
            }
        }
        let chunk = std::mem::take(&mut self.chunk);
        let change = |of, key, value| Change { of, key, value };
        let mut changes = chunk.iter().map(|r| change(&self.stores[r.log], r.key, r.value));
        Ok(self.local.apply(&mut changes, marks)?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::super::local::MemoryLocal;
    use super::*;

    #[test]
    fn what_a_slow_worker_has_read_does_not_get_into_the_local_state_that_another_of_its_process_goes_on_with()
     {
        let (local, store) = (MemoryLocal::default(), StorePartition::new("counts", 0));
        let mark = |commit| Mark { commit, offset: 10 * commit, applied_at: 0 };
        let take = |value: &'static [u8]| {
            let mut caught = Caught::behind(&local, vec![(store.clone(), None)]);
            caught.take(&store, b"key", Some(value)).unwrap();
            caught
        };
        let (mut slow, other) = (take(b"old"), take(b"new"));
        other.finish(&[(store.clone(), mark(2))]).unwrap();
        assert!(matches!(slow.pause(&[(store.clone(), mark(1))]), Err(Error::Broker(_))));
        assert!(matches!(slow.finish(&[(store.clone(), mark(1))]), Err(Error::Broker(_))));
        assert_eq!(local.mark(&store).unwrap(), Some(mark(2)));
        let mut value = Vec::new();
        local.reader(&store).unwrap().get(b"key", &mut value).unwrap();
        assert_eq!(value, b"new");
    }
}
