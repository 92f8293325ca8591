//! Joins of a stream with a table that `--@broadcast` has read whole by every worker (decision 0013).
//!
//! ```text
//! table's topic ── Table ── MoveRows to all partitions of a topic of ours ── Table ── looked up by the stream's task
//! ```
//!
//! What holds: the stream stays where it is, whatever the join's key; the topic of ours has as many partitions as the
//! stream's, each with all of the table's changes, so that the join is one of inputs that are partitioned alike; the
//! joined rows lie as the stream's did.

use std::sync::Arc;

use super::from::{From, Join};
use super::joining::{Joining, is_keyed_by};
use super::moving::plain_format;
use super::physical::{Flow, Planner, is_topic_key, key_columns, source_name};
use super::{Fingerprint, Operator, OutputTopic, Source, StoreId};
use crate::format::{Format, FormatSpec};
use crate::types::expr::{Expr, Node};

/// What the topic's name may take at most of Kafka's 249 bytes, that of its changelog apart.
const LONGEST: usize = 180;

/// Whether a join finds its table's rows in every partition.
pub(super) fn is_broadcast(join: &Join) -> bool {
    join.right.broadcast && !join.left.is_table()
}

/// Whether some join of these does.
pub(super) fn has_broadcast(from: &From) -> bool {
    match from {
        From::Source(_) => false,
        From::Join(join) => is_broadcast(join) || has_broadcast(&join.left),
    }
}

/// Whether the rows of such a join lie where equal values of this expression meet: as those of its stream do.
pub(super) fn is_keyed_by_stream(join: &Join, key: &Expr) -> bool {
    let key = match key.node {
        Node::Column { index, .. } if index == join.key_at() => &join.left_key,
        _ => key,
    };
    match &join.left {
        From::Source(source) => is_topic_key(source, std::slice::from_ref(key)),
        From::Join(first) => is_keyed_by(first, key),
    }
}

/// Whether rows of one key may be in several tasks, because no join moved them there.
pub(crate) fn is_spread(from: &From) -> bool {
    let From::Join(join) = from else { return false };
    let key = from.key();
    has_broadcast(from) && !key.iter().any(|key| is_keyed_by(join, key))
}

impl Planner<'_> {
    /// The store with all rows of a broadcast table, beside the rows of `stream`.
    pub(super) fn broadcast_side(
        &mut self,
        joining: &Joining<'_>,
        table: &Arc<Source>,
        stream: &Flow,
    ) -> Option<(Flow, StoreId)> {
        let like = self.whole.inputs[stream.at.0].topic.clone();
        let whole = 0..table.schema.width();
        let at = self.reading(&table.topic, table, false, joining.id);
        self.want(at, whole.clone());
        let kept = self.table(at, table);
        let name = self.copy_name(table, &like);
        let topic = format!("{}-{name}-broadcast", self.prefix);
        if !self.outputs.iter().any(|output| output.name == topic) {
            let key = key_of(table);
            let (columns, format) = (key_columns(&key), written(table, &key));
            let operator = Operator::MoveRows { topic: topic.clone(), key, columns, format, to_all: true };
            let step = self.step(operator, None);
            self.connect(&Flow { at, steps: vec![kept] }, step);
            let copy_of = Some(table.topic.clone());
            self.output(OutputTopic { copy_of, ..OutputTopic::internal(topic.clone(), &like) });
        }
        let at = self.reading(&topic, table, false, joining.id);
        self.whole.inputs[at.0].readings[at.1].moved = true;
        self.want(at, whole);
        let step = self.table_named(at, table, &name);
        match self.whole.steps[step].operator {
            Operator::Table { store, .. } => Some((Flow { at, steps: vec![step] }, store)),
            _ => None,
        }
    }

    /// What the copies of a table beside a topic are called.
    fn copy_name(&self, table: &Source, like: &str) -> String {
        let own = format!("{}-", self.prefix);
        let name = format!("{}-for-{}", source_name(table), like.strip_prefix(&own).unwrap_or(like));
        if name.len() <= LONGEST {
            return name;
        }
        format!("copy-{}", Fingerprint::of(&format!("broadcast/1 {name}")).short())
    }
}

fn key_of(table: &Source) -> Vec<Expr> {
    let column = |(at, column): (usize, &crate::types::Column)| {
        Expr::column(at, column.name.clone(), column.data_type.clone())
    };
    table.schema.key.iter().enumerate().map(column).collect()
}

fn written(table: &Source, key: &[Expr]) -> FormatSpec {
    match table.key_format {
        FormatSpec { format: Format::None, .. } => plain_format(key),
        format => format,
    }
}
