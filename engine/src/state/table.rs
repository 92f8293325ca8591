//! The store of a table: key to its latest row.
//!
//! In the changelog a row is: version, its time (i64, little-endian), then the values (aggregate::codec).

use std::sync::Arc;

use hashbrown::HashMap;

use super::changelog::ChangedKeys;
use super::{ChangeVisitor, EntryVisitor, RestoreError, codec};
use crate::types::Value;
use crate::types::aggregate::codec as values;

/// A table's row.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct TableRow {
    /// Its record's time.
    pub(crate) time: i64,
    /// The whole row as its source has it.
    pub(crate) values: Vec<Value<'static>>,
}

/// Rows by key.
#[derive(Debug, Default)]
pub(crate) struct TableStore {
    rows: HashMap<Box<[u8]>, Arc<TableRow>>,
    changed: ChangedKeys,
}

impl TableStore {
    /// How many rows it holds.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Puts a row in, or takes it out; the one that was there.
    pub(crate) fn replace(&mut self, key: &[u8], row: Option<TableRow>) -> Option<Arc<TableRow>> {
        let old = match row.map(Arc::new) {
            None => self.rows.remove(key),
            Some(row) => match self.rows.get_mut(key) {
                Some(place) => Some(std::mem::replace(place, row)),
                None => self.rows.insert(key.into(), row),
            },
        };
        self.changed.note(key);
        old
    }

    /// The row of a key.
    pub(crate) fn get(&self, key: &[u8]) -> Option<Arc<TableRow>> {
        self.rows.get(key).cloned()
    }

    /// All rows in order of their keys' bytes.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = &Arc<TableRow>> {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_unstable_by_key(|(key, _)| *key);
        rows.into_iter().map(|(_, row)| row)
    }

    /// Visits the changed keys in order of change, each once.
    pub(crate) fn take_changes(&mut self, visit: &mut ChangeVisitor<'_>) {
        let mut seen = hashbrown::HashSet::new();
        let mut bytes = Vec::new();
        for key in self.changed.iter().filter(|key| seen.insert(*key)) {
            match self.rows.get(key) {
                None => visit(key, None),
                Some(row) => {
                    write_row(&mut bytes, row);
                    visit(key, Some(&bytes));
                }
            }
        }
        drop(seen);
        self.changed.clear();
    }

    /// A key counts as changed though it was taken before.
    pub(crate) fn note_again(&mut self, key: &[u8]) {
        self.changed.note(key);
    }

    /// Visits all rows in order of their keys' bytes.
    pub(crate) fn export(&self, visit: &mut EntryVisitor<'_>) {
        let mut rows: Vec<_> = self.rows.iter().collect();
        rows.sort_unstable_by_key(|(key, _)| *key);
        let mut bytes = Vec::new();
        for (key, row) in rows {
            write_row(&mut bytes, row);
            visit(key, &bytes);
        }
    }

    /// Takes a changelog record back in.
    pub(crate) fn restore(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), RestoreError> {
        let Some(bytes) = value else {
            self.rows.remove(key);
            return Ok(());
        };
        match bytes.split_first() {
            Some((&version, _)) if version > codec::VERSION => {
                return Err(RestoreError::version(key, version));
            }
            Some((&codec::VERSION, rest)) => {
                let row = read_row(rest).ok_or_else(|| RestoreError::damaged(key))?;
                self.rows.insert(key.into(), Arc::new(row));
            }
            _ => return Err(RestoreError::damaged(key)),
        }
        Ok(())
    }
}

/// Writes a row over what `out` holds.
pub(super) fn write_row(out: &mut Vec<u8>, row: &TableRow) {
    out.clear();
    out.push(codec::VERSION);
    out.extend_from_slice(&row.time.to_le_bytes());
    row.values.iter().for_each(|value| values::write_value(out, value));
}

/// Reads what [`write_row`] wrote behind the version.
pub(super) fn read_row(bytes: &[u8]) -> Option<TableRow> {
    let (time, rest) = bytes.split_first_chunk::<8>()?;
    Some(TableRow { time: i64::from_le_bytes(*time), values: codec::read_key(rest)? })
}
