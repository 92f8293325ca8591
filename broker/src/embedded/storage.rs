//! An ordered key-value store with atomic writes: all that the log asks of a medium.
//!
//! What enters: batches of changes, each applied whole or not at all. What leaves: values by key and
//! ranges in byte order. What holds: once [`Storage::write`] has returned, every reader sees the change;
//! [`Storage::sync`] makes what was written survive a power cut.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{PoisonError, RwLock};

use fjall::Slice;

use crate::Result;

/// The two tables: what describes the log, and its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    /// Topics, ends, committed offsets (see [`super::keys`]).
    Meta,
    /// Chunks of records.
    Log,
}

/// One change.
#[derive(Debug)]
pub(super) enum Change {
    /// Sets a value.
    Put(Table, Vec<u8>, Slice),
    /// Removes a key.
    Remove(Table, Vec<u8>),
}

/// Called with each entry of a range; false ends the scan.
pub(super) type Visit<'a> = &'a mut dyn FnMut(&[u8], Slice) -> bool;

/// Called with each key of a range and the size of its value; false ends the scan.
pub(super) type VisitSize<'a> = &'a mut dyn FnMut(&[u8], u64) -> bool;

/// The direction of a scan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// From the smallest key.
    Forward,
    /// From the greatest key.
    Backward,
}

/// An ordered key-value store with atomic writes.
pub(super) trait Storage: Send + Sync {
    /// Applies all changes at once; `durable` waits until they would survive a power cut.
    fn write(&self, changes: Vec<Change>, durable: bool) -> Result<()>;
    /// The value of a key.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Slice>>;
    /// Visits the entries with `from <= key < to`.
    fn scan(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        direction: Direction,
        visit: Visit<'_>,
    ) -> Result<()>;
    /// Visits the keys with `from <= key < to` and the sizes of their values, which are not read.
    fn scan_sizes(&self, table: Table, from: &[u8], to: &[u8], visit: VisitSize<'_>) -> Result<()>;
    /// After a write or a sync that failed: finds out what has happened, so that writing can go on. An error of
    /// kind [`crate::ErrorKind::Unavailable`] where the cause is still there; what was written can be read then.
    fn reopen(&self) -> Result<()>;
    /// Waits until all that was written would survive a power cut.
    fn sync(&self) -> Result<()>;
}

type Entries = BTreeMap<Vec<u8>, Slice>;

/// Two ordered maps in memory; gone with the process.
#[derive(Debug, Default)]
pub(super) struct Memory {
    tables: RwLock<(Entries, Entries)>,
}

fn table(tables: &(Entries, Entries), table: Table) -> &Entries {
    match table {
        Table::Meta => &tables.0,
        Table::Log => &tables.1,
    }
}

fn table_mut(tables: &mut (Entries, Entries), table: Table) -> &mut Entries {
    match table {
        Table::Meta => &mut tables.0,
        Table::Log => &mut tables.1,
    }
}

impl Storage for Memory {
    fn write(&self, changes: Vec<Change>, _durable: bool) -> Result<()> {
        let mut tables = self.tables.write().unwrap_or_else(PoisonError::into_inner);
        for change in changes {
            match change {
                Change::Put(t, key, value) => table_mut(&mut tables, t).insert(key, value),
                Change::Remove(t, key) => table_mut(&mut tables, t).remove(&key),
            };
        }
        Ok(())
    }

    fn get(&self, t: Table, key: &[u8]) -> Result<Option<Slice>> {
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        Ok(table(&tables, t).get(key).cloned())
    }

    fn scan(&self, t: Table, from: &[u8], to: &[u8], direction: Direction, visit: Visit<'_>) -> Result<()> {
        if from >= to {
            return Ok(());
        }
        let tables = self.tables.read().unwrap_or_else(PoisonError::into_inner);
        let mut range = table(&tables, t).range::<[u8], _>((Bound::Included(from), Bound::Excluded(to)));
        while let Some((key, value)) = match direction {
            Direction::Forward => range.next(),
            Direction::Backward => range.next_back(),
        } {
            if !visit(key, value.clone()) {
                break;
            }
        }
        Ok(())
    }

    fn scan_sizes(&self, t: Table, from: &[u8], to: &[u8], visit: VisitSize<'_>) -> Result<()> {
        self.scan(t, from, to, Direction::Forward, &mut |key, value| visit(key, value.len() as u64))
    }

    fn reopen(&self) -> Result<()> {
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        Ok(())
    }
}
