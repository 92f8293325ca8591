//! The store of a table: key to its latest row.
//!
//! In the changelog a row is: version, its time (i64, little-endian), then the values (aggregate::codec).

use std::sync::Arc;

use super::keyed::{Keep, Keyed};
use super::{Backing, BackingError, ChangeVisitor, EntryVisitor, MemoryLimit, RestoreError, codec};
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

impl TableRow {
    /// The memory that it takes, in bytes.
    pub(super) fn size(&self) -> usize {
        let values = self.values.iter().map(Value::heap_size).sum::<usize>();
        values + self.values.capacity() * size_of::<Value<'_>>() + size_of::<Self>()
    }
}

/// The row of a key.
#[derive(Debug, Default)]
struct Entry {
    key: Box<[u8]>,
    /// Only a free place has none.
    row: Option<Arc<TableRow>>,
    mark: u32,
}

impl Keep for Entry {
    type Shape = ();

    fn key(&self) -> &[u8] {
        &self.key
    }

    fn mark(&self) -> u32 {
        self.mark
    }

    fn set_mark(&mut self, mark: u32) {
        self.mark = mark;
    }

    fn write(&self, (): &(), out: &mut Vec<u8>) {
        if let Some(row) = &self.row {
            append_row(out, row);
        }
    }

    fn read(key: &[u8], value: &[u8], (): &()) -> Result<Option<(Self, bool)>, RestoreError> {
        let row = match value.split_first() {
            Some((&version, _)) if version > codec::VERSION => {
                return Err(RestoreError::version(key, version));
            }
            Some((&codec::VERSION, rest)) => read_row(rest).ok_or_else(|| RestoreError::damaged(key))?,
            _ => return Err(RestoreError::damaged(key)),
        };
        Ok(Some((Self { key: key.into(), row: Some(Arc::new(row)), mark: 0 }, true)))
    }

    fn size(&self) -> usize {
        self.key.len() + self.row.as_ref().map_or(0, |row| row.size())
    }
}

/// Rows by key.
#[derive(Debug, Default)]
pub(crate) struct TableStore {
    rows: Keyed<Entry>,
}

impl TableStore {
    /// How many rows it holds.
    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// Puts a row in, or takes it out; the one that was there.
    pub(crate) fn replace(&mut self, key: &[u8], row: Option<TableRow>) -> Option<Arc<TableRow>> {
        self.rows.trim(&());
        match (self.rows.fetch(key, &()), row.map(Arc::new)) {
            (Some(id), None) => self.rows.remove(id, &()).row,
            (None, None) => {
                self.rows.note_gone(key);
                None
            }
            (Some(id), row) => {
                let old = std::mem::replace(&mut self.rows.change(id, &()).row, row);
                self.rows.recount(id);
                old
            }
            (None, row) => {
                let id = self.rows.insert(Entry { key: key.into(), row, mark: 0 });
                self.rows.change(id, &());
                None
            }
        }
    }

    /// The row of a key.
    pub(crate) fn get(&mut self, key: &[u8]) -> Option<Arc<TableRow>> {
        self.rows.trim(&());
        let id = self.rows.fetch(key, &())?;
        self.rows.get(id).row.clone()
    }

    /// All rows in order of their keys' bytes.
    pub(crate) fn in_order(&self) -> impl Iterator<Item = Arc<TableRow>> {
        let mut rows: Vec<_> = self.rows.iter().map(|entry| (entry.key.clone(), entry.row.clone())).collect();
        let mut take = |key: &[u8], value: &[u8]| {
            // Whoever takes it in says what is wrong with it.
            if let Ok(Some((entry, _))) = Entry::read(key, value, &()) {
                rows.push((entry.key, entry.row));
            }
        };
        self.rows.visit_disk(&mut take);
        rows.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        rows.into_iter().filter_map(|(_, row)| row)
    }

    /// Freezes what changed for a checkpoint.
    pub(crate) fn freeze(&mut self) {
        self.rows.freeze();
    }

    /// From now on memory is a cache over `backing`, which has all of the store's records.
    pub(crate) fn put_on_disk(&mut self, backing: Box<dyn Backing>, limit: &Arc<MemoryLimit>) {
        self.rows.put_on_disk(backing, limit);
    }

    /// Lets entries go as far as they may.
    pub(crate) fn let_go(&mut self) {
        while self.rows.trim(&()) {}
    }

    /// Why the disk could not be read.
    pub(crate) fn failure(&self) -> Option<&BackingError> {
        self.rows.failure()
    }

    /// See [`Keyed::write_frozen`].
    pub(crate) fn write_frozen(&mut self, budget: &mut usize, visit: &mut ChangeVisitor<'_>) -> bool {
        self.rows.write_frozen(&(), budget, visit)
    }

    /// See [`Keyed::end`].
    pub(crate) fn end_frozen(&mut self, committed: bool) {
        self.rows.end(committed);
    }

    /// Visits all rows, those in memory first.
    pub(crate) fn export(&self, visit: &mut EntryVisitor<'_>) {
        self.rows.export(&(), visit);
    }

    /// Takes a changelog record back in.
    pub(crate) fn restore(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), RestoreError> {
        match value.map(|bytes| Entry::read(key, bytes, &())).transpose()?.flatten() {
            None => self.rows.take_back_gone(key, &()),
            Some((entry, _)) => match self.rows.find(key) {
                Some(id) => self.rows.replace(id, entry, &()),
                None => {
                    let id = self.rows.insert(entry);
                    self.rows.took_back(id, &());
                }
            },
        }
        Ok(())
    }
}

/// Writes a row over what `out` holds.
pub(super) fn write_row(out: &mut Vec<u8>, row: &TableRow) {
    out.clear();
    append_row(out, row);
}

fn append_row(out: &mut Vec<u8>, row: &TableRow) {
    out.push(codec::VERSION);
    out.extend_from_slice(&row.time.to_le_bytes());
    row.values.iter().for_each(|value| values::write_value(out, value));
}

/// Reads what [`write_row`] wrote behind the version.
pub(super) fn read_row(bytes: &[u8]) -> Option<TableRow> {
    let (time, rest) = bytes.split_first_chunk::<8>()?;
    Some(TableRow { time: i64::from_le_bytes(*time), values: codec::read_key(rest)? })
}
