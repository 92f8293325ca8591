//! GROUP BY over a table or over joined tables.
//!
//! A group has the sum of the rows that the table has now, so a row that changes is taken out as it was put
//! in. What holds: which rows a grouping has counted is kept by itself, under a name made of all that it
//! computes; a grouping that is new, or computes something else than before, knows of no row until it sees
//! it, and never takes out what it has not put in.

use super::from::From;
use super::joining::{Joining, is_keyed_by};
use super::logical::{Grouping, LogicalQuery};
use super::moving::plain_format;
use super::physical::{Flow, Planner, key_columns, source_name};
use super::{Operator, QueryId, StepId, StoreKind, StorePlan};
use crate::types::expr::{Expr, Node};

impl Planner<'_> {
    /// The step that groups a table: behind the rows that it has counted and, where its rows may be
    /// in any partition, behind a topic of its own.
    pub(super) fn group_table(&mut self, id: QueryId, query: &LogicalQuery, grouping: &Grouping) -> StepId {
        let (flow, name) = match &query.from {
            From::Source(source) => {
                let at = self.reading(&source.topic, source, false, id);
                self.want(at, query.used_columns());
                // Which row a record replaces is known by its key.
                self.want(at, 0..source.schema.key.len());
                (Flow { at, steps: Vec::new() }, source_name(source))
            }
            From::Join(join) => (self.joined(&Joining::new(id, query), join), source_name(&query.sink)),
        };
        let tag = grouping.frame_fingerprint(&query.from, query.filter.as_ref());
        let rows = format!("{name}-{}", tag.short());
        let changes = self.counted_rows(flow, &rows, query);
        let flow = if is_in_place(&query.from, &grouping.key) {
            changes
        } else {
            let like = query.from.first().topic.clone();
            self.moved(id, &changes, &rows, &query.from, (&grouping.key, plain_format(&grouping.key), &like))
        };
        self.grouping_step(&flow, &rows, grouping)
    }

    /// The changes of the rows that a grouping counts, with what they replace.
    fn counted_rows(&mut self, flow: Flow, rows: &str, query: &LogicalQuery) -> Flow {
        let name = format!("{rows}-rows");
        let step = self.table_step(&name).unwrap_or_else(|| {
            let key = query.from.key();
            let kind = StoreKind::Table { columns: Vec::new() };
            self.whole.stores.push(StorePlan { name, key: key_columns(&key), kind, since: 0 });
            let store = self.whole.stores.len() - 1;
            let key_at = key.first().and_then(column_of).unwrap_or_default();
            let step = self.step(Operator::Table { store, key_at }, None);
            self.connect(&flow, step);
            if let Some(predicate) = &query.filter {
                let filter = self.step(Operator::Filter { predicate: predicate.clone() }, None);
                self.connect(&Flow { steps: vec![step], ..flow }, filter);
            }
            step
        });
        // Where there is a WHERE, it was connected first.
        let filtered = query.filter.as_ref().and_then(|_| self.whole.steps[step].outputs.first().copied());
        Flow { at: flow.at, steps: vec![filtered.unwrap_or(step)] }
    }

    /// The step that fills a table's store.
    fn table_step(&self, store: &str) -> Option<StepId> {
        let store = self.whole.stores.iter().position(|s| s.name == store)?;
        let fills =
            |operator: &Operator| matches!(operator, Operator::Table { store: other, .. } if *other == store);
        self.whole.steps.iter().position(|step| fills(&step.operator))
    }
}

fn column_of(expr: &Expr) -> Option<usize> {
    match expr.node {
        Node::Column { index, .. } => Some(index),
        _ => None,
    }
}

/// Whether the rows of a group are in one partition already: its key holds that of the rows.
fn is_in_place(from: &From, key: &[Expr]) -> bool {
    match from {
        From::Source(_) => from.key().iter().all(|own| key.iter().any(|k| column_of(k) == column_of(own))),
        From::Join(join) => key.iter().any(|key| is_keyed_by(join, key)),
    }
}
