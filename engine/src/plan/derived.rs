//! Tables that another query of the program derives: which of them a join sees as they were before the record.
//!
//! What holds: where a join and the derivation of its table read the same stream by the same key, both are in one
//! task, and the record goes through the join first. So the join compares with the past, whatever the batching.

use std::sync::Arc;

use super::broadcast::has_broadcast;
use super::from::{From, Join, KeyOrigin};
use super::logical::{LogicalQuery, Shape};
use super::moving::format_by;
use super::{Mode, Pseudo, QueryId, Source};
use crate::types::expr::{Expr, Node};

/// How the joins of a program find the tables that other queries of it derive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Derived {
    /// As they were before the record, where that is known; elsewhere by their topics.
    #[default]
    BeforeRecord,
    /// By their topics always, as ksqlDB does.
    ByTopic,
}

impl Derived {
    /// The query among `earlier` that derives the right table of a join of `query`, where the join can see the
    /// table as it was before the record.
    pub(crate) fn deriving(
        self,
        query: &LogicalQuery,
        join: &Join,
        earlier: &[LogicalQuery],
    ) -> Option<QueryId> {
        // What was joined with a broadcast table lies as its stream does, wherever the join's key is from.
        if self == Derived::ByTopic || join.within.is_some() || join.foreign || has_broadcast(&join.left) {
            return None;
        }
        let deriving = earlier.iter().position(|other| derives(other, &join.right))?;
        let stream = query.from.first();
        let key = named(stream, stream_key(&query.from)?).to_string();
        let is_in_place = is_grouped_so(&earlier[deriving], stream, &key)
            && is_by(stream, &join.left, &join.left_key, &key)
            && self.stays(query, &join.left, earlier, &key)
            && !reads_position(query, join);
        is_in_place.then_some(deriving)
    }

    /// Whether the rows of stream-table joins lie where the stream's do by this key: none moves them.
    fn stays(self, query: &LogicalQuery, from: &From, earlier: &[LogicalQuery], key: &str) -> bool {
        let From::Join(join) = from else { return true };
        let stream = from.first();
        let written_alike = || {
            let own = stream_key(from).map(|own| format_by(stream, &[named(stream, own)]));
            own.is_some_and(|own| own.format == join.right.key_format.format)
        };
        is_by(stream, &join.left, &join.left_key, key)
            && (self.deriving(query, join, earlier).is_some() || written_alike())
            && self.stays(query, &join.left, earlier, key)
    }
}

/// Whether an expression over the row of stream-table joins is this key of the stream.
fn is_by(stream: &Source, from: &From, expr: &Expr, key: &str) -> bool {
    over_stream(from, expr).is_some_and(|own| named(stream, own).to_string() == key)
}

/// Whether the table is what a query makes.
pub(crate) fn derives(query: &LogicalQuery, table: &Source) -> bool {
    table.is_table && query.sink.is_table && query.sink.name == table.name && query.sink.topic == table.topic
}

/// An expression over a source's row with the names that its columns have there, whatever a query calls them.
pub(super) fn named(source: &Source, expr: &Expr) -> Expr {
    let mut expr = expr.clone();
    expr.name_columns(&|index| source.schema.columns().nth(index).map(|column| column.name.clone()));
    expr
}

/// By what the stream of a query that joins it with tables alone comes to the first of its joins.
fn stream_key(from: &From) -> Option<&Expr> {
    let From::Join(join) = from else { return None };
    match &join.left {
        From::Source(source) => (!source.is_table && join.right.is_table).then_some(&join.left_key),
        From::Join(_) => stream_key(&join.left).filter(|_| join.right.is_table),
    }
}

/// Whether a query groups this stream by this key, for all time, and the group's key is its table's.
fn is_grouped_so(query: &LogicalQuery, stream: &Arc<Source>, key: &str) -> bool {
    let (From::Source(source), Shape::Aggregate(grouping)) = (&query.from, &query.shape) else {
        return false;
    };
    let is_key = |expr: &Expr| matches!(expr.node, Node::Column { index: 0, .. });
    Arc::ptr_eq(source, stream)
        && source.window.is_none()
        && grouping.window.is_none()
        && query.rule.as_ref().is_none_or(|rule| rule.mode != Mode::Off)
        && matches!(grouping.key.as_slice(), [own] if own.to_string() == key)
        && query.sink.schema.key.len() == 1
        && grouping.exprs.first().is_some_and(is_key)
}

/// An expression over the row of stream-table joins as one over the stream's row; None where it needs a table.
fn over_stream<'e>(from: &'e From, expr: &'e Expr) -> Option<&'e Expr> {
    let From::Join(join) = from else { return Some(expr) };
    match expr.node {
        Node::Column { index, .. } if index == join.key_at() && join.key.origin == KeyOrigin::Left => {
            over_stream(&join.left, &join.left_key)
        }
        _ => {
            let mut is_left = true;
            expr.visit_columns(&mut |column| is_left &= column < join.right_at());
            if is_left { over_stream(&join.left, expr) } else { None }
        }
    }
}

/// Whether a query reads where in its topic a row of the right table stands, which only its topic knows.
fn reads_position(query: &LogicalQuery, join: &Join) -> bool {
    let pseudo = join.right_at() + join.right.schema.width();
    let position = [Pseudo::Rowpartition, Pseudo::Rowoffset].map(|column| pseudo + column as usize);
    query.used_columns().iter().any(|column| position.contains(column))
}
