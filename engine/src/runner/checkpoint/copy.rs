//! A checkpoint's way to the local state.
//!
//! Enters: the chunks of a checkpoint as they go out, then that it is committed. Leaves: the same changes in the
//! local state, under the new marks. What holds: changes are only put on top of the checkpoint before them, so what
//! lies under a mark is the state at its commit. Where the local state takes changes before they are committed, it is
//! given them at once; elsewhere they are kept until then. Where the checkpoint before is not there, or the chunks were
//! more than memory is for, the changes are read from the changelogs instead.

use std::sync::Arc;

use broker::ErrorKind;

use super::super::local::{Change, Claim, LocalError, LocalState, Mark, Staged, StorePartition, write};
use super::super::restore::Stretch;
use super::super::restore::read::read;
use super::super::{Error, Shared};
use super::{Chunk, Job, Log, MARK_KEY, Packed};

/// Bytes of chunks, packed, that are kept until the commit: some seconds of work; a larger checkpoint is read again.
const KEPT: usize = 8 << 20;
/// Bytes that are applied at once.
pub(in super::super) const APPLIED: usize = 1 << 20;

/// What the local state has taken of each changelog of a job.
type Parts = Vec<Box<dyn Staged>>;

/// See the module.
pub(super) struct Copy {
    shared: Arc<Shared>,
    /// Per changelog of the job, where the local state takes changes before they are committed.
    staged: Option<Parts>,
    chunks: Vec<Packed>,
    bytes: usize,
    /// There were more chunks than are kept.
    is_cut: bool,
}

impl Copy {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, staged: None, chunks: Vec::new(), bytes: 0, is_cut: false }
    }

    /// Forgets what was kept.
    pub(super) fn clear(&mut self) {
        (self.staged, self.chunks, self.bytes, self.is_cut) = (None, Vec::new(), 0, false);
    }

    /// A checkpoint begins.
    pub(super) fn begin(&mut self, job: &Job) {
        self.clear();
        match stage(job) {
            Ok(Some(staged)) => self.staged = staged,
            // It is read again once it is committed, whatever is there by then.
            _ => self.is_cut = true,
        }
    }

    /// A chunk went out.
    pub(super) fn keep(&mut self, chunk: Chunk) {
        if self.is_cut {
            return;
        }
        if let Some(staged) = &mut self.staged {
            let all = chunk.iter().try_fold(true, |all, record| {
                Ok::<_, LocalError>(all && staged[record.log].push(record.key, record.value)?)
            });
            if !matches!(all, Ok(true)) {
                (self.staged, self.is_cut) = (None, true);
            }
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
        let (staged, chunks) = (self.staged.take(), std::mem::take(&mut self.chunks));
        let is_cut = self.is_cut;
        self.clear();
        let marks = marks(&self.shared, job, ends);
        if let Some(staged) = staged {
            return settle(job, staged, &marks);
        }
        if is_cut || !put_on_top(job, &chunks, &marks)? { self.read_again(job, &marks) } else { Ok(()) }
    }

    /// Reads the changelogs from where the local state stands.
    fn read_again(&self, job: &Job, marks: &[(StorePartition, Mark)]) -> Result<(), Error> {
        let mut stretches = Vec::new();
        for log in &job.logs {
            let Some(claim) = &log.claim else { continue };
            let partition = log.partition.clone();
            let end = self.shared.broker.watermarks(&partition, broker::Isolation::ReadUncommitted)?.1;
            let from = match claim.state().mark(&log.store)? {
                Some(mark) if mark.offset >= log.from && mark.commit <= job.number => mark.offset,
                _ => {
                    claim.clear()?;
                    log.from
                }
            };
            stretches.push(Stretch { partition, from, end });
        }
        let mut caught = Caught::new(job.logs.iter().filter_map(|log| log.claim.clone()).collect());
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

fn claims(job: &Job) -> Vec<&Claim> {
    job.logs.iter().filter_map(|log| log.claim.as_ref()).collect()
}

/// Whether the local state stands at the checkpoint before.
fn has_those_before(local: &dyn LocalState, job: &Job) -> Result<bool, Error> {
    for log in &job.logs {
        if local.mark(&log.store)?.map(|mark| mark.commit) != log.base {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Begins to give its changes to the local state as they come, where that takes them before they are committed. None:
/// it does not stand at the checkpoint before.
fn stage(job: &Job) -> Result<Option<Option<Parts>>, Error> {
    let staged = write(&claims(job), |local| {
        if !has_those_before(local, job)? {
            return Ok(None);
        }
        let staged = job.logs.iter().map(|log| local.stage(&log.store));
        Ok(Some(staged.collect::<Result<Option<Parts>, _>>()?))
    });
    staged.map(Option::flatten)
}

/// Puts a checkpoint on top of the one before it; false where that is not there, or a chunk cannot be unpacked.
fn put_on_top(job: &Job, chunks: &[Packed], marks: &[(StorePartition, Mark)]) -> Result<bool, Error> {
    let put = write(&claims(job), |local| {
        if !has_those_before(local, job)? {
            return Ok(false);
        }
        for chunk in chunks {
            let Some(chunk) = chunk.unpack() else { return Ok(false) };
            let mut changes = chunk.iter().map(|record| Change {
                of: &job.logs[record.log].store,
                key: record.key,
                value: record.value,
            });
            local.apply(&mut changes, &[])?;
        }
        let mut last =
            job.logs.iter().map(|log| Change { of: &log.store, key: MARK_KEY, value: Some(&log.mark) });
        local.apply(&mut last, marks)?;
        Ok(true)
    });
    Ok(put?.unwrap_or(true))
}

fn marks(shared: &Shared, job: &Job, ends: &[i64]) -> Vec<(StorePartition, Mark)> {
    let applied_at = shared.clock.wall();
    // From before the checkpoint: what others may have written since is behind that, too.
    let mark =
        |(log, end): (&Log, &i64)| (log.store.clone(), Mark { commit: job.number, offset: *end, applied_at });
    job.logs.iter().zip(ends).map(mark).collect()
}

/// What was staged is committed.
fn settle(job: &Job, staged: Parts, marks: &[(StorePartition, Mark)]) -> Result<(), Error> {
    let settled = write(&claims(job), |_| {
        for ((log, mut staged), (_, mark)) in job.logs.iter().zip(staged).zip(marks) {
            if !(staged.push(MARK_KEY, Some(&log.mark))? && staged.settle(*mark)?) {
                return Err(others_went_on());
            }
        }
        Ok(())
    });
    settled.map(|_| ())
}

fn others_went_on() -> Error {
    let message = "others have begun to write the local state";
    broker::Error::new(ErrorKind::Unavailable, "restoring tasks", message).into()
}

/// What is read of changelogs, on its way to the local state in pieces of bounded size.
pub(in super::super) struct Caught {
    /// To write all that comes.
    claims: Vec<Claim>,
    stores: Vec<StorePartition>,
    /// Of each store, where the local state takes changes before they count.
    staged: Vec<Option<Box<dyn Staged>>>,
    chunk: Chunk,
}

impl Caught {
    pub(in super::super) fn new(claims: Vec<Claim>) -> Self {
        Self { claims, stores: Vec::new(), staged: Vec::new(), chunk: Chunk::default() }
    }

    pub(in super::super) fn take(
        &mut self,
        of: &StorePartition,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<(), Error> {
        let place = self.place(of)?;
        match &mut self.staged[place] {
            Some(staged) => {
                if !staged.push(key, value)? {
                    return Err(others_went_on());
                }
            }
            None => self.chunk.push(place, key, value),
        }
        if self.chunk.size() >= APPLIED { self.apply(&[]) } else { Ok(()) }
    }

    /// The place of a store; one that comes for the first time is begun.
    fn place(&mut self, of: &StorePartition) -> Result<usize, Error> {
        if let Some(place) = self.stores.iter().position(|store| store == of) {
            return Ok(place);
        }
        let own: Vec<&Claim> = self.claims.iter().filter(|claim| claim.of() == of).collect();
        let staged = write(&own, |local| Ok(local.stage(of)?))?;
        self.staged.push(staged.flatten());
        self.stores.push(of.clone());
        Ok(self.stores.len() - 1)
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
        let mut places = Vec::with_capacity(marks.len());
        for (store, _) in marks {
            places.push(self.place(store)?);
        }
        let chunk = std::mem::take(&mut self.chunk);
        let Self { claims, stores, staged, .. } = self;
        let claims: Vec<&Claim> = claims.iter().collect();
        let written = write(&claims, |local| {
            let mut unstaged = Vec::new();
            for (place, (store, mark)) in places.into_iter().zip(marks) {
                match &mut staged[place] {
                    Some(staged) => {
                        if !staged.settle(*mark)? {
                            return Err(others_went_on());
                        }
                    }
                    None => unstaged.push((store.clone(), *mark)),
                }
            }
            let change = |of, key, value| Change { of, key, value };
            let mut changes = chunk.iter().map(|r| change(&stores[r.log], r.key, r.value));
            Ok(local.apply(&mut changes, &unstaged)?)
        });
        written.map(|_| ())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::super::local::{Local, MemoryLocal, Owner};
    use super::*;

    #[test]
    fn what_a_slow_worker_has_read_does_not_get_into_the_local_state_that_another_of_its_process_goes_on_with()
     {
        for stages in [false, true] {
            of_a_slow_worker(&MemoryLocal::default().staging(stages));
        }
    }

    fn of_a_slow_worker(local: &MemoryLocal) {
        let (store, shared) = (StorePartition::new("counts", 0), Local::new(Arc::new(local.clone())));
        let mark = |commit| Mark { commit, offset: 10 * commit, applied_at: 0 };
        let is_fenced =
            |outcome| matches!(outcome, Err(Error::Broker(error)) if error.kind() == ErrorKind::Fenced);
        let take = |worker, value: &'static [u8]| {
            let claim = shared.claim(&store, Owner { worker, generation: 5 + worker as i64 }).unwrap();
            let mut caught = Caught::new(vec![claim]);
            caught.take(&store, b"key", Some(value)).unwrap();
            caught
        };
        let (mut slow, other) = (take(0, b"old"), take(1, b"new"));
        // Before the later owner has written anything, too.
        assert!(is_fenced(slow.pause(&[(store.clone(), mark(1))])));
        other.finish(&[(store.clone(), mark(2))]).unwrap();
        assert!(is_fenced(slow.pause(&[(store.clone(), mark(1))])));
        assert!(is_fenced(slow.finish(&[(store.clone(), mark(1))])));
        assert_eq!(local.mark(&store).unwrap(), Some(mark(2)));
        let mut value = Vec::new();
        local.reader(&store).unwrap().unwrap().get(b"key", &mut value).unwrap();
        assert_eq!(value, b"new");
    }
}
