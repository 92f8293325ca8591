//! Whose a store's partition is among the workers of a process, which share the local state.
//!
//! Enters: who takes a partition up, and in which generation of the group. Leaves: a [`Claim`], with which alone it is
//! written. What holds: whether a claim still stands is looked up and the writing done under one lock, so a worker
//! that was given up and is slow never writes over what a later owner has written, wherever it was in its work; of two
//! owners the later is the one that the group has chosen later, whoever comes here first.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use broker::ErrorKind;

use super::super::Error;
use super::{LocalState, StorePartition};

/// A worker, as of an assignment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    /// The worker's number in its process.
    pub(crate) worker: usize,
    /// The group's generation that gave it its partitions.
    pub(crate) generation: i64,
}

/// The owner now; a lock for as long as it writes.
type Place = Arc<Mutex<Owner>>;

/// The local state of a process, with whose it is.
#[derive(Debug)]
pub(crate) struct Local {
    state: Arc<dyn LocalState>,
    places: Mutex<BTreeMap<StorePartition, Place>>,
}

/// The right to write a store's partition, until somebody else has it.
#[derive(Debug, Clone)]
pub(crate) struct Claim {
    state: Arc<dyn LocalState>,
    of: StorePartition,
    owner: Owner,
    place: Place,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Local {
    /// Nobody's yet.
    pub(crate) fn new(state: Arc<dyn LocalState>) -> Self {
        Self { state, places: Mutex::default() }
    }

    /// Gives a store's partition to a worker: from now on no earlier owner writes it.
    ///
    /// # Errors
    /// A later generation has given it to another worker: this one has to join the group anew.
    pub(crate) fn claim(&self, of: &StorePartition, owner: Owner) -> Result<Claim, Error> {
        let place =
            lock(&self.places).entry(of.clone()).or_insert_with(|| Arc::new(Mutex::new(owner))).clone();
        let mut held = lock(&place);
        if held.worker != owner.worker && held.generation > owner.generation {
            return Err(overtaken(of, *held, owner));
        }
        *held = owner;
        drop(held);
        Ok(Claim { state: self.state.clone(), of: of.clone(), owner, place })
    }
}

impl Claim {
    /// Reads; what others may have written meanwhile, too.
    pub(crate) fn state(&self) -> &dyn LocalState {
        &*self.state
    }

    /// Whose it is.
    pub(crate) fn of(&self) -> &StorePartition {
        &self.of
    }

    /// Whether nobody else has it.
    pub(crate) fn stands(&self) -> bool {
        *lock(&self.place) == self.owner
    }

    /// Goes on with it in a later generation of the group.
    ///
    /// # Errors
    /// Another worker has it now.
    pub(crate) fn renew(&mut self, owner: Owner) -> Result<(), Error> {
        let mut held = lock(&self.place);
        if *held != self.owner {
            return Err(overtaken(&self.of, *held, owner));
        }
        (*held, self.owner) = (owner, owner);
        Ok(())
    }

    /// Forgets the entries and the mark.
    ///
    /// # Errors
    /// Another worker has it now, and those of the local state.
    pub(crate) fn clear(&self) -> Result<(), Error> {
        write(&[self], |state| Ok(state.clear(&self.of)?)).map(|_| ())
    }
}

/// Writes what these claims are of. They are of one worker.
///
/// # Errors
/// One of them does not stand any more: nothing is written then. Otherwise those of the work.
pub(crate) fn write<R>(
    claims: &[&Claim],
    work: impl FnOnce(&dyn LocalState) -> Result<R, Error>,
) -> Result<Option<R>, Error> {
    let mut claims = claims.to_vec();
    // In one order for all, so nobody waits for somebody who waits.
    claims.sort_by(|one, other| one.of.cmp(&other.of));
    claims.dedup_by(|one, other| one.of == other.of);
    let held: Vec<_> = claims.iter().map(|claim| lock(&claim.place)).collect();
    for (claim, held) in claims.iter().zip(&held) {
        if **held != claim.owner {
            return Err(overtaken(&claim.of, **held, claim.owner));
        }
    }
    claims.first().map(|claim| work(&*claim.state)).transpose()
}

fn overtaken(of: &StorePartition, by: Owner, owner: Owner) -> Error {
    let message = format!(
        "worker {} has taken over {of} in generation {} of the group, worker {} had it in {}",
        by.worker, by.generation, owner.worker, owner.generation
    );
    broker::Error::new(ErrorKind::Fenced, "writing the local state", message).into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::super::{Change, Mark, MemoryLocal};
    use super::*;

    const FIRST: Owner = Owner { worker: 0, generation: 5 };
    const LATER: Owner = Owner { worker: 1, generation: 6 };

    fn counts() -> StorePartition {
        StorePartition::new("counts", 0)
    }

    fn put(claim: &Claim, commit: i64) -> Result<Option<()>, Error> {
        let (of, mark) = (counts(), Mark { commit, offset: commit, applied_at: 0 });
        let change = Change { of: &of, key: b"key", value: Some(b"value") };
        write(&[claim], |state| Ok(state.apply(&mut std::iter::once(change), &[(counts(), mark)])?))
    }

    fn is_fenced<T>(outcome: &Result<T, Error>) -> bool {
        matches!(outcome, Err(Error::Broker(error)) if error.kind() == ErrorKind::Fenced)
    }

    #[test]
    fn a_slow_worker_does_not_clear_what_a_later_owner_has_written() {
        let local = Local::new(Arc::new(MemoryLocal::default()));
        let slow = local.claim(&counts(), FIRST).unwrap();
        let later = local.claim(&counts(), LATER).unwrap();
        put(&later, 7).unwrap();
        assert!(is_fenced(&slow.clear()) && is_fenced(&put(&slow, 3)) && !slow.stands());
        assert_eq!(later.state().mark(&counts()).unwrap().map(|mark| mark.commit), Some(7));
        assert!(later.stands());
    }

    #[test]
    fn a_worker_that_comes_late_to_an_older_assignment_does_not_take_the_local_state_from_a_later_owner() {
        let local = Local::new(Arc::new(MemoryLocal::default()));
        let mut later = local.claim(&counts(), LATER).unwrap();
        assert!(is_fenced(&local.claim(&counts(), FIRST)));
        put(&later, 7).unwrap();
        // Nor after that has gone on into another generation.
        later.renew(Owner { generation: 8, ..LATER }).unwrap();
        assert!(is_fenced(&local.claim(&counts(), Owner { generation: 7, ..FIRST })));
        put(&later, 9).unwrap();
        // A group that was made anew counts from the beginning: its owner gets there as it joins again and again.
        assert!(local.claim(&counts(), Owner { generation: 1, ..LATER }).is_ok());
        assert!(local.claim(&counts(), FIRST).is_ok());
    }

    #[test]
    fn what_one_claim_of_several_does_not_stand_for_is_written_for_none() {
        let local = Local::new(Arc::new(MemoryLocal::default()));
        let other = StorePartition::new("counts", 1);
        let (one, two) = (local.claim(&counts(), FIRST).unwrap(), local.claim(&other, FIRST).unwrap());
        local.claim(&other, LATER).unwrap();
        let outcome = write(&[&one, &two], |state| Ok(state.clear(&counts())?));
        assert!(is_fenced(&outcome));
        assert!(put(&one, 4).is_ok());
    }
}
