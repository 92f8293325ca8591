//! What changed in a checkpoint's time, frozen at its end and written while the next one goes on.
//!
//! What holds: of an entry that changes or goes before it is written, the bytes that it had are kept first;
//! so all that is written is as it was when the checkpoint began. Removed keys are written before all values,
//! as a removed key may have come again.

use super::{Changed, EntryId, Keep, Keyed, WRITTEN};
use crate::state::frozen::Records;
use crate::state::{AHEAD, ChangeVisitor};

/// A checkpoint that is being written.
#[derive(Debug)]
pub(super) struct Freeze {
    /// Of which time it is.
    pub(super) then: u32,
    pub(super) changed: Changed,
    /// How many of the removed keys, and of the entries, are written.
    next: (usize, usize),
    /// Entries that have changed since, as they were.
    images: Records,
}

impl Freeze {
    /// Whether an entry of this mark is part of it.
    pub(super) fn has(&self, mark: u32) -> bool {
        mark & !WRITTEN == self.then
    }
}

impl<E: Keep> Keyed<E> {
    /// Freezes what changed since the last time. One that was under way comes to nothing.
    pub(in crate::state) fn freeze(&mut self) {
        self.end(false);
        let changed = std::mem::take(&mut self.live);
        self.freeze =
            Some(Box::new(Freeze { then: self.now, changed, next: (0, 0), images: Records::default() }));
        self.now += 1;
    }

    /// Keeps an entry as it is, if it is part of a checkpoint that has not written it.
    pub(super) fn keep_image(&mut self, id: EntryId, shape: &E::Shape) {
        let entry = &self.slab[id as usize];
        if let Some(freeze) = self.freeze.as_mut().filter(|freeze| freeze.then == entry.mark()) {
            freeze.images.push_with(entry.key(), |out| entry.write(shape, out));
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
        while freeze.next.0 < freeze.changed.gone.len() {
            if *budget == 0 {
                return false;
            }
            let key = freeze.changed.gone.get(freeze.next.0);
            visit(key, None);
            *budget = budget.saturating_sub(key.len());
            freeze.next.0 += 1;
        }
        if !freeze.images.write(budget, visit) {
            return false;
        }
        freeze.images.clear();
        while let Some(id) = freeze.changed.ids.get(freeze.next.1) {
            if *budget == 0 {
                return false;
            }
            if freeze.next.1.is_multiple_of(AHEAD) {
                touch(slab, &freeze.changed.ids[freeze.next.1..]);
            }
            freeze.next.1 += 1;
            // Whatever has another mark has changed since, or went: its image is written.
            let Some(entry) = slab.get_mut(*id as usize).filter(|entry| entry.mark() == freeze.then) else {
                continue;
            };
            entry.set_mark(freeze.then | WRITTEN);
            scratch.clear();
            entry.write(shape, scratch);
            visit(entry.key(), Some(scratch));
            if let Some(cache) = cache {
                cache.count(*id, size_of::<E>() + entry.size());
            }
            *budget = budget.saturating_sub(entry.key().len() + scratch.len());
        }
        true
    }

    /// The checkpoint is over. Where entries lie on disk it has been applied there if it was `committed`; if not, what was frozen counts as changed again.
    pub(in crate::state) fn end(&mut self, committed: bool) {
        let Some(freeze) = self.freeze.take() else { return };
        if committed {
            if let Some(cache) = &mut self.cache {
                cache.applied(freeze.then);
            }
            return;
        }
        for id in &freeze.changed.ids {
            let entry = self.slab.get_mut(*id as usize).filter(|entry| freeze.has(entry.mark()));
            if let Some(entry) = entry {
                entry.set_mark(self.now);
                self.live.ids.push(*id);
            }
        }
        freeze.changed.gone.iter().for_each(|key| self.note_gone(key));
    }
}

/// Brings the next entries into the cache together: each alone would be waited for.
fn touch<E: Keep>(slab: &[E], ids: &[EntryId]) {
    let next = || ids.iter().take(AHEAD).filter_map(|id| slab.get(*id as usize));
    next().for_each(|entry| {
        std::hint::black_box(entry.mark());
    });
    next().for_each(Keep::touch);
}
