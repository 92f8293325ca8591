//! A table's source: remembers the latest row per key and makes changes of records.
//!
//! A record without a value deletes its row. A record without a key is no row of a table: it is skipped.

use std::ops::Range;
use std::sync::Arc;

use super::{Change, Run};
use crate::plan::{QueryId, StoreId};
use crate::state::{Store, TableRow, codec};
use crate::task::StepRun;

impl Run<'_, '_> {
    pub(super) fn table(
        &mut self,
        step: &StepRun,
        store: StoreId,
        (key, readers): (Range<usize>, &[QueryId]),
        change: &Change<'_>,
    ) {
        if change.row[key.clone()].iter().all(|value| value.is_null()) {
            return self.end(&step.queries, change, |c| c.skipped += 1);
        }
        let old = self.keep_row(store, key, change);
        let old = old.as_ref().map(|row| row.values.as_slice());
        // For those that only look rows up, the record has done its work.
        self.end(readers, change, |c| c.contributed += 1);
        self.feed(&step.outputs, &Change { is_table: true, old, ..*change });
    }

    /// Puts the row in the place of the one that the key had, which it gives back. A row without a key has none.
    pub(crate) fn keep_row(
        &mut self,
        store: StoreId,
        key: Range<usize>,
        change: &Change<'_>,
    ) -> Option<Arc<TableRow>> {
        let key = &change.row[key];
        let Some(Store::Table(rows)) = self.stores[store].as_deref_mut() else { return None };
        if key.iter().all(|value| value.is_null()) {
            return None;
        }
        self.scratch.key.clear();
        codec::write_key(&mut self.scratch.key, key);
        if let Some(window) = change.window {
            crate::format::window_key::append(&mut self.scratch.key, window);
        }
        let row = (!change.tombstone).then(|| TableRow {
            time: change.time,
            values: change.row.iter().map(|value| value.clone().into_owned()).collect(),
        });
        rows.replace(&self.scratch.key, row)
    }
}
