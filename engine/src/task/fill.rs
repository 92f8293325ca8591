//! Tables that begin late: their rows of records that were read before.
//!
//! Enters: records of a table's topic that others have processed. Leaves: rows in the table's store. What holds:
//! nothing is written or counted, and no step behind the table hears of it.

use std::sync::Arc;

use super::read::{decode, fill_pseudo};
use super::{InputRecord, NoHeaders, Node, Origin, Output, RoleRun, StepRun, StreamTask, Wiring};
use crate::operator::{Change, Run, subscribe_all};
use crate::plan::{InputId, Pseudo, StepId, StoreId};
use crate::state::{Store, TableRow};

impl StreamTask {
    /// The stores that keep the rows of an input's table for joins, with that input.
    pub fn tables(&self) -> &[(StoreId, InputId)] {
        &self.wiring.tables
    }

    /// Takes a record that was processed before into one of [`StreamTask::tables`] that did not know it: nothing
    /// is written or counted.
    pub fn fill(&mut self, input: InputId, store: StoreId, record: &InputRecord<'_>) {
        let Self { wiring, stores, counters, scratch, .. } = self;
        let Some(input) = wiring.inputs.get(input) else { return };
        let origin = Origin::of_itself(&input.topic, record);
        let output = &mut Output::new();
        Run { wiring, input, record, origin, stores, counters, scratch, output }.fill(store);
    }

    /// To be called once all of [`StreamTask::tables`] are filled: what joins by a foreign key keep of the rows that
    /// were there before them. Where the result has no rows yet, the left ones ask for theirs. A table that is copied
    /// to all partitions is copied whole: whoever reads the copies may be new.
    pub fn begin(&mut self, output: &mut Output) {
        for id in 0..self.wiring.steps.len() {
            match &self.wiring.steps[id].node {
                Node::Join(join) => subscribe_all(join, &mut self.stores),
                Node::Foreign(foreign) if matches!(foreign.role, RoleRun::Ask { .. }) => {
                    self.ask_all(id, output)
                }
                Node::MoveRows { to_all: true, .. } => self.move_all(id, output),
                _ => {}
            }
        }
    }

    /// Lets every row of a left table ask, as if it had just come.
    fn ask_all(&mut self, ask: StepId, output: &mut Output) {
        let wiring = &self.wiring;
        let Some((input, left)) = wiring.table_before(ask) else { return };
        let result = wiring.steps[ask].outputs.first().map(|kept| &wiring.steps[*kept].node);
        let Some(Node::Table { store: result, .. }) = result else { return };
        let rows: Vec<Arc<TableRow>> = match (self.stores[*result].as_deref(), self.stores[left].as_deref()) {
            (Some(Store::Table(result)), Some(Store::Table(left))) if result.len() == 0 => {
                left.in_order().collect()
            }
            _ => return,
        };
        self.feed_rows(ask, (input, &rows), output);
    }

    /// Copies every row of a table.
    fn move_all(&mut self, copy: StepId, output: &mut Output) {
        let Some((input, table)) = self.wiring.table_before(copy) else { return };
        let rows: Vec<_> = match self.stores[table].as_deref() {
            Some(Store::Table(rows)) => rows.in_order().collect(),
            _ => return,
        };
        self.feed_rows(copy, (input, &rows), output);
    }

    /// Gives a step rows that were there before, as if they had just come; they are accounted for.
    fn feed_rows(&mut self, step: StepId, (input, rows): (InputId, &[Arc<TableRow>]), output: &mut Output) {
        for row in rows {
            let Self { wiring, stores, counters, scratch, .. } = &mut *self;
            let position = |column: Pseudo| {
                let at = row.values.len() - Pseudo::ALL.len() + column as usize;
                row.values[at].as_i64().unwrap_or_default()
            };
            let record = &InputRecord {
                partition: position(Pseudo::Rowpartition) as i32,
                offset: position(Pseudo::Rowoffset),
                timestamp: row.time,
                key: None,
                value: None,
                headers: &NoHeaders,
            };
            let input = &wiring.inputs[input];
            let origin = Origin::of_itself(&input.topic, record);
            scratch.begin_record();
            let change = Change { counted: true, ..Change::of_row(&row.values, row.time) };
            Run { wiring, input, record, origin, stores, counters, scratch, output }.feed(&[step], &change);
        }
    }
}

impl Wiring {
    /// The input and the store of the table that feeds a step.
    fn table_before(&self, step: StepId) -> Option<(InputId, StoreId)> {
        self.inputs.iter().enumerate().find_map(|(id, input)| {
            let mut outputs = input.readings.iter().flat_map(|reading| &reading.outputs);
            outputs.find_map(|table| match &self.steps[*table] {
                StepRun { node: Node::Table { store, .. }, outputs, .. } if outputs.contains(&step) => {
                    Some((id, *store))
                }
                _ => None,
            })
        })
    }

    /// The stores that keep the rows of an input's table for joins, with that input.
    pub(super) fn joined_tables(&self) -> Vec<(StoreId, InputId)> {
        let mut joined = vec![false; self.stores.len()];
        for step in &self.steps {
            match &step.node {
                Node::Join(join) => join.visit_stores(&mut |store| joined[store] = true),
                Node::Foreign(foreign) => match foreign.role {
                    RoleRun::Answer { right: table, .. } | RoleRun::Meet { left: table, .. } => {
                        joined[table] = true
                    }
                    RoleRun::Ask { .. } | RoleRun::Tell { .. } => {}
                },
                // What is copied from it is copied whole.
                Node::Table { store, .. } => {
                    let copies =
                        |id: &StepId| matches!(self.steps[*id].node, Node::MoveRows { to_all: true, .. });
                    joined[*store] |= step.outputs.iter().any(copies);
                }
                _ => {}
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
            self.scratch.rows.give_whole(row);
        }
    }
}
