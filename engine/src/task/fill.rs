//! Tables that begin late: their rows of records that were read before.
//!
//! Enters: records of a table's topic that others have processed. Leaves: rows in the table's store. What holds:
//! nothing is written or counted, and no step behind the table hears of it.

use super::read::{decode, fill_pseudo};
use super::{InputRecord, Node, Origin, Output, StreamTask, Wiring};
use crate::operator::{Change, Run, subscribe_all};
use crate::plan::{InputId, StoreId};

impl StreamTask {
    /// The stores that keep the rows of an input's table for joins, with that input.
    pub fn tables(&self) -> &[(StoreId, InputId)] {
        &self.wiring.tables
    }

    /// Takes a record that was processed before into one of [`StreamTask::tables`] that did not know it: nothing
    /// is written or counted.
    pub fn fill(&mut self, input: InputId, store: StoreId, record: &InputRecord<'_>) {
        let Self { wiring, stores, counters, scratch } = self;
        let Some(input) = wiring.inputs.get(input) else { return };
        let origin = Origin::of_itself(&input.topic, record);
        let output = &mut Output::new();
        Run { wiring, input, record, origin, stores, counters, scratch, output }.fill(store);
    }

    /// To be called once all of [`StreamTask::tables`] are filled: what joins keep of the rows that were there before
    /// them.
    pub fn begin(&mut self) {
        for step in &self.wiring.steps {
            if let Node::Join(join) = &step.node {
                subscribe_all(join, &mut self.stores);
            }
        }
    }
}

impl Wiring {
    /// The stores that keep the rows of an input's table for joins, with that input.
    pub(super) fn joined_tables(&self) -> Vec<(StoreId, InputId)> {
        let mut joined = vec![false; self.stores.len()];
        for step in &self.steps {
            if let Node::Join(join) = &step.node {
                join.visit_stores(&mut |store| joined[store] = true);
            }
        }
        let mut tables = Vec::new();
        for (id, input) in self.inputs.iter().enumerate() {
            for step in input.readings.iter().flat_map(|reading| &reading.outputs) {
                match self.steps[*step].node {
                    Node::Table { store, .. } if joined[store] => tables.push((store, id)),
                    _ => {}
                }
            }
        }
        tables
    }
}

impl Run<'_, '_> {
    /// Takes the record into the rows of a table, and does nothing else. One that cannot be read has become a
    /// dead letter when it was processed.
    pub(super) fn fill(&mut self, store: StoreId) {
        let input = self.input;
        for reading in &input.readings {
            let keeps = |step: &usize| matches!(self.wiring.steps[*step].node, Node::Table { store: other, .. } if other == store);
            if !reading.outputs.iter().any(keeps) {
                continue;
            }
            let mut row = self.scratch.rows.take_nulls(reading.width);
            if let Ok(read) = decode(reading, self.record, &mut row) {
                fill_pseudo(&mut row, &read, (self.record.partition, self.record.offset), true);
                self.keep_row(store, 0..reading.key_width, &Change::of_table(&row, &read));
            }
            self.scratch.rows.give(row);
        }
    }
}
