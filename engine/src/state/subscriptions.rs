//! The store of a join by a foreign key: which left rows look at which right row.
//!
//! An entry's key is the foreign key's bytes, then bytes that put the left rows of one foreign key into the
//! order of Kafka's own key bytes, then the left row's key; its value is the left row's key alone. In the
//! changelog it is the same, behind a version.

use std::collections::{BTreeMap, BTreeSet};

use super::{ChangeVisitor, EntryVisitor, RestoreError, codec};

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Subscriptions {
    entries: BTreeMap<Box<[u8]>, Box<[u8]>>,
    changed: BTreeSet<Box<[u8]>>,
}

impl Subscriptions {
    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The memory that they take, in bytes.
    pub(crate) fn size(&self) -> usize {
        self.entries.iter().map(|(entry, left)| entry.len() + left.len() + 48).sum()
    }

    /// Puts one in: `entry` begins with the foreign key.
    pub(crate) fn put(&mut self, entry: &[u8], left_key: &[u8]) {
        if self.entries.insert(entry.into(), left_key.into()).is_none() {
            self.changed.insert(entry.into());
        }
    }

    /// Takes one out.
    pub(crate) fn remove(&mut self, entry: &[u8]) {
        if self.entries.remove(entry).is_some() {
            self.changed.insert(entry.into());
        }
    }

    /// The keys of the left rows of a foreign key, in order.
    pub(crate) fn of<'s>(&'s self, foreign_key: &'s [u8]) -> impl Iterator<Item = &'s [u8]> {
        let entries = self
            .entries
            .range::<[u8], _>((std::ops::Bound::Included(foreign_key), std::ops::Bound::<&[u8]>::Unbounded));
        entries.take_while(move |(entry, _)| entry.starts_with(foreign_key)).map(|(_, left)| &**left)
    }

    /// Visits what changed in order of bytes.
    pub(crate) fn take_changes(&mut self, visit: &mut ChangeVisitor<'_>) {
        let mut bytes = Vec::new();
        for entry in std::mem::take(&mut self.changed) {
            match self.entries.get(&entry) {
                None => visit(&entry, None),
                Some(left) => {
                    versioned(&mut bytes, left);
                    visit(&entry, Some(&bytes));
                }
            }
        }
    }

    /// A key counts as changed though it was taken before.
    pub(crate) fn note_again(&mut self, key: &[u8]) {
        self.changed.insert(key.into());
    }

    /// Visits all in order of bytes.
    pub(crate) fn export(&self, visit: &mut EntryVisitor<'_>) {
        let mut bytes = Vec::new();
        for (entry, left) in &self.entries {
            versioned(&mut bytes, left);
            visit(entry, &bytes);
        }
    }

    /// Takes a changelog record back in.
    pub(crate) fn restore(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), RestoreError> {
        match value.map(<[u8]>::split_first) {
            None => {
                self.entries.remove(key);
            }
            Some(Some((&codec::VERSION, left))) if key.ends_with(left) => {
                self.entries.insert(key.into(), left.into());
            }
            Some(Some((&version, _))) if version > codec::VERSION => {
                return Err(RestoreError::version(key, version));
            }
            Some(_) => return Err(RestoreError::damaged(key)),
        }
        Ok(())
    }
}

fn versioned(bytes: &mut Vec<u8>, left: &[u8]) {
    bytes.clear();
    bytes.push(codec::VERSION);
    bytes.extend_from_slice(left);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_foreign_key_has_its_own_and_comes_back() {
        let mut store = Subscriptions::default();
        store.put(b"xb2", b"2");
        store.put(b"xa1", b"1");
        store.put(b"ya3", b"3");
        store.remove(b"ya3");
        let mut log = Vec::new();
        store.take_changes(&mut |key, value| log.push((key.to_vec(), value.map(<[u8]>::to_vec))));
        assert_eq!(log.len(), 3);
        let mut again = Subscriptions::default();
        for (key, value) in &log {
            again.restore(key, value.as_deref()).unwrap();
        }
        assert_eq!(again.of(b"x").collect::<Vec<_>>(), [b"1", b"2"]);
        assert_eq!(again.of(b"y").count(), 0);
        assert_eq!(again.len(), 2);
        assert!(again.restore(b"k", Some(&[codec::VERSION + 1])).is_err());
        assert!(again.restore(b"k", Some(&[])).is_err());
    }
}
