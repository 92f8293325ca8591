//! What changed in a checkpoint's time, frozen at its end and written while the next one goes on, in order of the
//! places: the marks say what is part of it, so no list of changes takes memory.
//!
//! What holds: of an entry that changes or goes before it is written, the bytes that it had are kept first;
//! so all that is written is as it was when the checkpoint began. Removed keys are written before all values,
//! as a removed key may have come again.

use super::{ChangedKeys, EntryId, Keep, Keyed, WRITTEN};
use crate::state::frozen::Records;
use crate::state::{AHEAD, ChangeVisitor};

/// Passing over this many entries counts as a byte.
const PASSED: usize = 8;

/// A checkpoint that is being written.
#[derive(Debug)]
pub(super) struct Freeze {
    /// Of which time it is: it has the entries with this mark.
    pub(super) then: u32,
    gone: ChangedKeys,
    /// How many of the removed keys are written, and which place is to be looked at next.
    next: (usize, usize),
    /// Entries that have changed since, as they were.
    images: Records,
}

impl<E: Keep> Keyed<E> {
    /// Freezes what changed since the last time. One that was under way comes to nothing.
    pub(in crate::state) fn freeze(&mut self) {
        self.end(false);
        std::mem::take(&mut self.unknown).iter().for_each(|key| self.gone.note(key));
        let gone = std::mem::take(&mut self.gone);
        self.freeze =
            Some(Box::new(Freeze { then: self.now, gone, next: (0, 0), images: Records::default() }));
        self.now += 1;
    }

    /// Keeps an entry as it is, if it is part of a checkpoint that has not written it.
    pub(super) fn keep_image(&mut self, id: EntryId, shape: &E::Shape) {
        let entry = &mut self.slab[id as usize];
        if let Some(freeze) = self.freeze.as_mut().filter(|freeze| freeze.then == entry.mark()) {
            freeze.images.push_with(entry.key(), |out| entry.write(shape, out));
            entry.set_mark(freeze.then | WRITTEN);
        }
    }

    /// Visits the next of what was frozen until `budget` bytes are gone; whether all is written.
    pub(in crate::state) fn write_frozen(
        &mut self,
        shape: &E::Shape,
        budget: &mut usize,
        visit: &mut ChangeVisitor<'_>,
    ) -> bool {
        let Self { freeze, slab, scratch, cache, .. } = self;
        let Some(freeze) = freeze else { return true };
        while freeze.next.0 < freeze.gone.len() {
            if *budget == 0 {
                return false;
            }
            let key = freeze.gone.get(freeze.next.0);
            visit(key, None);
            *budget = budget.saturating_sub(key.len());
            freeze.next.0 += 1;
        }
        if !freeze.images.write(budget, visit) {
            return false;
        }
        freeze.images.clear();
        while freeze.next.1 < slab.len() {
            if *budget == 0 {
                return false;
            }
            let id = freeze.next.1;
            if id.is_multiple_of(AHEAD) {
                touch(&slab[id..slab.len().min(id + AHEAD)], freeze.then);
            }
            freeze.next.1 += 1;
            // Whatever has another mark has not changed then, or since, and its image is written.
            let entry = &mut slab[id];
            if entry.mark() != freeze.then {
                *budget = budget.saturating_sub(usize::from(id.is_multiple_of(PASSED)));
                continue;
            }
            entry.set_mark(freeze.then | WRITTEN);
            scratch.clear();
            entry.write(shape, scratch);
            visit(entry.key(), Some(scratch));
            if let Some(cache) = cache {
                cache.count(id as EntryId, size_of::<E>() + entry.size());
            }
            *budget = budget.saturating_sub(entry.key().len() + scratch.len());
        }
        true
    }

    /// The checkpoint is over. Where entries lie on disk it has been applied there if it was `committed`; if not, what
    /// was frozen counts as changed again.
    pub(in crate::state) fn end(&mut self, committed: bool) {
        let Some(freeze) = self.freeze.take() else { return };
        if committed {
            if let Some(cache) = &mut self.cache {
                cache.applied(freeze.then);
            }
            return;
        }
        let now = self.now;
        let frozen = self.slab.iter_mut().filter(|entry| entry.mark() & !WRITTEN == freeze.then);
        frozen.for_each(|entry| entry.set_mark(now));
        freeze.gone.iter().for_each(|key| self.note_gone(key));
    }
}

/// Brings the next entries into the cache together: each alone would be waited for.
fn touch<E: Keep>(slab: &[E], then: u32) {
    slab.iter().filter(|entry| entry.mark() == then).for_each(Keep::touch);
}
