//! What a checkpoint took from a store and has not written yet.
//!
//! Enters: a store's changes at a commit boundary. Leaves: the same records in the same order, in slices. What
//! holds: what is written is the state at that boundary, whatever the store does meanwhile; what a checkpoint
//! took that came to nothing counts as changed again.

use super::{ChangeVisitor, Store};

/// A record's key and value as lengths in the buffer; a tombstone has none.
type Lengths = (u32, Option<u32>);

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Frozen {
    bytes: Vec<u8>,
    records: Vec<Lengths>,
    /// How far it is written: records, and where in `bytes` the next begins.
    next: (usize, usize),
}

impl Frozen {
    /// Takes what changed. Whatever was taken before is done with.
    pub(crate) fn take(&mut self, store: &mut Store) {
        self.clear();
        store.take_changes(&mut |key, value| {
            self.bytes.extend_from_slice(key);
            self.bytes.extend_from_slice(value.unwrap_or_default());
            self.records.push((key.len() as u32, value.map(|value| value.len() as u32)));
        });
    }

    /// Writes on until `budget` bytes are gone or all is written; whether all is. At least one record is written.
    pub(crate) fn write(&mut self, budget: &mut usize, visit: &mut ChangeVisitor<'_>) -> bool {
        while let Some((key, value)) = self.records.get(self.next.0) {
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

    /// The checkpoint is over. Unless it was `committed`, all that it took counts as changed again.
    pub(crate) fn end(&mut self, store: &mut Store, committed: bool) {
        if !committed {
            let mut from = 0;
            for (key, value) in &self.records {
                let key_len = *key as usize;
                store.note_again(&self.bytes[from..from + key_len]);
                from += key_len + value.unwrap_or_default() as usize;
            }
        }
        *self = Self::default();
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.records.clear();
        self.next = (0, 0);
    }
}
