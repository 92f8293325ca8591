//! Changelog records that wait to be written.
//!
//! Enters: records, as a checkpoint takes them from a store. Leaves: the same in the same order, in slices. What
//! holds: what is written is the state at the checkpoint's beginning, whatever the store does meanwhile; what a
//! checkpoint took that came to nothing counts as changed again.

use super::{ChangeVisitor, Store};

/// Records in one buffer, to be written from the front.
#[derive(Debug, Default)]
pub(super) struct Records {
    bytes: Vec<u8>,
    /// Of each the lengths of its key and value; a tombstone has none.
    lengths: Vec<(u32, Option<u32>)>,
    /// How far they are written: how many, and where in `bytes` the next begins.
    next: (usize, usize),
}

impl Records {
    /// Adds one.
    pub(super) fn push(&mut self, key: &[u8], value: Option<&[u8]>) {
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value.unwrap_or_default());
        self.lengths.push((key.len() as u32, value.map(|value| value.len() as u32)));
    }

    /// Adds one whose value `write` appends.
    pub(super) fn push_with(&mut self, key: &[u8], write: impl FnOnce(&mut Vec<u8>)) {
        self.bytes.extend_from_slice(key);
        let start = self.bytes.len();
        write(&mut self.bytes);
        self.lengths.push((key.len() as u32, Some((self.bytes.len() - start) as u32)));
    }

    /// Writes on until `budget` bytes are gone or all is written; whether all is.
    pub(super) fn write(&mut self, budget: &mut usize, visit: &mut ChangeVisitor<'_>) -> bool {
        while let Some((key, value)) = self.lengths.get(self.next.0) {
            if *budget == 0 {
                return false;
            }
            let (from, key_len) = (self.next.1, *key as usize);
            let len = key_len + value.unwrap_or_default() as usize;
            let (key, rest) = self.bytes[from..from + len].split_at(key_len);
            visit(key, value.map(|_| rest));
            *budget = budget.saturating_sub(len);
            self.next = (self.next.0 + 1, from + len);
        }
        true
    }

    /// The keys of all, written or not.
    pub(super) fn keys(&self) -> impl Iterator<Item = &[u8]> {
        self.lengths.iter().scan(0, |from, (key, value)| {
            let start = *from;
            *from += *key as usize + value.unwrap_or_default() as usize;
            Some(&self.bytes[start..start + *key as usize])
        })
    }

    /// Forgets them and keeps the memory.
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.lengths.clear();
        self.next = (0, 0);
    }
}

/// What a checkpoint has of a store: what is written out at its beginning lies here, the rest with the store.
#[derive(Debug, Default)]
pub(crate) struct Frozen(Records);

impl Frozen {
    /// Takes what changed. Whatever was taken before is done with.
    pub(crate) fn take(&mut self, store: &mut Store) {
        self.0.clear();
        store.freeze(&mut |key, value| self.0.push(key, value));
    }

    /// Writes on until `budget` bytes are gone or all is written; whether all is.
    pub(crate) fn write(
        &mut self,
        store: &mut Store,
        budget: &mut usize,
        visit: &mut ChangeVisitor<'_>,
    ) -> bool {
        self.0.write(budget, visit) && store.write_frozen(budget, visit)
    }

    /// The checkpoint is over. Unless it was `committed`, all that it took counts as changed again.
    pub(crate) fn end(&mut self, store: &mut Store, committed: bool) {
        if !committed {
            self.0.keys().for_each(|key| store.note_again(key));
        }
        store.end_frozen(committed);
        self.0 = Records::default();
    }
}
