//! Looking ahead: what the records to come will touch is brought into the cache, many at once.
//!
//! A group that was not seen for a while lies in main memory, one piece behind the other; to wait for each
//! piece record by record costs as much as all the rest. Here the pieces of a handful of groups are waited
//! for together. What holds: nothing is changed, so whether and how often it is called shows in no result.

use super::{ReadingRun, StreamTask};
use crate::operator::Scratch;
use crate::plan::{InputId, StoreId};
use crate::state::{AHEAD, AggregateStore, Store, codec};
use crate::types::Value;
use crate::types::expr::{Expr, Node as ExprNode};

use super::wiring::{Node, StepRun};

impl StreamTask {
    /// The next records of an input, by their keys' bytes: at most [`StreamTask::AHEAD`] of them are looked
    /// at. It only makes [`StreamTask::process`] faster.
    pub fn look_ahead<'k>(&mut self, input: InputId, keys: impl Iterator<Item = &'k [u8]> + Clone) {
        let Self { wiring, stores, scratch, .. } = self;
        let Some(input) = wiring.inputs.get(input) else { return };
        for reading in &input.readings {
            let store = reading.grouped.and_then(|id| stores[id].as_deref());
            if let Some(Store::Aggregates(store)) = store {
                look_ahead(reading, store, scratch, keys.clone());
            }
        }
    }

    /// How many records ahead it is worth to look: their groups have to fit the innermost cache.
    pub const AHEAD: usize = AHEAD;
}

fn look_ahead<'k>(
    reading: &ReadingRun,
    store: &AggregateStore,
    scratch: &mut Scratch,
    keys: impl Iterator<Item = &'k [u8]>,
) {
    let mut hashes = [0; AHEAD];
    let mut len = 0;
    let mut row = scratch.rows.take();
    row.resize_with(reading.key_width, || Value::Null);
    for (key, hash) in keys.zip(&mut hashes) {
        // A key that cannot be read will be a dead letter.
        if reading.key.decode(key, &mut row).is_ok() {
            scratch.key.clear();
            codec::write_key(&mut scratch.key, &row);
            *hash = store.hash(&scratch.key);
        }
        len += 1;
    }
    scratch.rows.give(row);
    store.warm(&hashes[..len]);
}

/// The store of a step that groups by the record's own key, if one of them does.
pub(super) fn grouped_by_key(steps: &[StepRun], outputs: &[usize], key_width: usize) -> Option<StoreId> {
    outputs.iter().find_map(|id| match &steps[*id].node {
        Node::Aggregate { store, key, .. } if is_key(key, key_width) => Some(*store),
        _ => None,
    })
}

fn is_key(exprs: &[Expr], key_width: usize) -> bool {
    let is_column =
        |(i, expr): (usize, &Expr)| matches!(&expr.node, ExprNode::Column { index, .. } if *index == i);
    exprs.len() == key_width && exprs.iter().enumerate().all(is_column)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use crate::sql::{LoadOptions, SourceFile, load};

    /// Which store is looked into for a topic of two key columns or one.
    fn grouped(columns: &str, group: &str) -> Option<StoreId> {
        let text = format!(
            "CREATE STREAM s ({columns}, v BIGINT) WITH (KAFKA_TOPIC = 's', FORMAT = 'JSON');
             CREATE TABLE q AS SELECT {group}, COUNT(*) AS c FROM s GROUP BY {group};"
        );
        let files = vec![SourceFile { name: "test.sql".into(), text }];
        let program = load(files, &LoadOptions::default()).expect("a valid program").program;
        let task = StreamTask::new(&program, 0).unwrap();
        task.wiring.inputs[0].readings[0].grouped
    }

    #[test]
    fn only_groups_of_the_records_own_key_can_be_known_ahead() {
        assert_eq!(grouped("k VARCHAR KEY", "k"), Some(0));
        assert_eq!(grouped("a VARCHAR KEY, b INT KEY", "a, b"), Some(0));
        assert_eq!(grouped("a VARCHAR KEY, b INT KEY", "b, a"), None);
        assert_eq!(grouped("k VARCHAR KEY", "v"), None);
    }
}
