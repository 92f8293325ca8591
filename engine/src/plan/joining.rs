//! From the joins of a query to steps.
//!
//! What holds: a stream whose join key is not its topic's comes by a repartition topic that all queries by that
//! key share; a table's rows are kept once, whatever the number of joins; steps that need rows of every
//! partition say so.

use std::sync::Arc;

use super::broadcast::{is_broadcast, is_keyed_by_stream};
use super::derived::named;
use super::from::{From, Join};
use super::logical::LogicalQuery;
use super::moving::{is_astray, moved_format};
use super::physical::{Flow, Planner, is_topic_key, source_name};
use super::{
    Derived, Fingerprint, JoinRow, JoinStep, Operator, Partners, QueryId, Side, Source, StepId, StoreId,
    StoreKind, StorePlan, TableRef,
};
use crate::format::FormatSpec;
use crate::types::Column;
use crate::types::expr::{Expr, Node};

/// A query whose joins are planned: what all of its sources have in common.
pub(super) struct Joining<'q> {
    pub(super) id: QueryId,
    pub(super) query: &'q LogicalQuery,
    /// The columns of the whole row that it reads.
    used: Vec<usize>,
}

/// One side ready to be joined: where its rows come from, and for a table how they are looked up.
struct Joinable {
    flow: Flow,
    table: Option<TableRef>,
    /// How the key is written by which its rows are partitioned; None where they are in the task of the other side.
    format: Option<FormatSpec>,
    /// Rows of equal keys may be in different partitions.
    scattered: bool,
}

/// How a side has to come.
#[derive(Clone, Copy)]
struct Meet<'m> {
    /// All of its columns are kept.
    whole: bool,
    foreign: bool,
    /// How the key is written by which the other side is partitioned.
    format: Option<FormatSpec>,
    /// The topic that has as many partitions.
    like: &'m str,
}

impl<'q> Joining<'q> {
    pub(super) fn new(id: QueryId, query: &'q LogicalQuery) -> Self {
        Self { id, query, used: query.used_columns() }
    }
}

impl Planner<'_> {
    /// The rows of a join.
    pub(super) fn joined(&mut self, joining: &Joining<'_>, join: &Join) -> Flow {
        self.join(joining, join).flow
    }

    fn join(&mut self, joining: &Joining<'_>, join: &Join) -> Joinable {
        if is_broadcast(join) {
            return self.join_broadcast(joining, join);
        }
        let derived = self.derived_side(joining, join);
        let mut left = self.left_side(joining, join, derived.is_none());
        let right = derived.unwrap_or_else(|| {
            let like = self.whole.inputs[left.flow.at.0].topic.clone();
            let meet =
                Meet { whole: join.within.is_some(), foreign: false, format: left.format, like: &like };
            self.side(joining, &join.right, &join.right_key, join.right_at(), meet)
        });
        if let (Some(left_format), Some(right_format), false) = (left.format, right.format, join.foreign) {
            left.scattered |= left_format.format != right_format.format;
        }
        self.meet(joining, join, JoinRow::of(join), left, right)
    }

    /// A stream that is joined where it is, with the copy of a table there.
    fn join_broadcast(&mut self, joining: &Joining<'_>, join: &Join) -> Joinable {
        let left = match &join.left {
            From::Source(stream) => {
                let at = self.reading(&stream.topic, stream, false, joining.id);
                self.want(at, joining.used.iter().copied());
                let flow = Flow { at, steps: Vec::new() };
                Joinable { flow, table: None, format: Some(stream.key_format), scattered: false }
            }
            From::Join(first) => self.join(joining, first),
        };
        let Some((flow, store)) = self.broadcast_side(joining, &join.right, &left.flow) else { return left };
        let table = Some(TableRef::Store(store));
        let right = Joinable { flow, table, format: None, scattered: false };
        self.meet(joining, join, JoinRow::of(join), left, right)
    }

    /// The left side, moved where its rows do not lie by the key of the join. Where the right one stays where it is
    /// (`right_asks`), it says how that is written.
    fn left_side(&mut self, joining: &Joining<'_>, join: &Join, right_asks: bool) -> Joinable {
        let right = &join.right;
        let right_key = named(right, &join.right_key);
        let right_stays = right_asks && (right.is_table || is_row_key(right, &[right_key]));
        let format = right_stays.then_some(right.key_format);
        let like = if right_stays { &right.topic } else { &join.left.first().topic };
        let first = match &join.left {
            From::Source(source) => {
                let meet = Meet { whole: join.within.is_some(), foreign: join.foreign, format, like };
                return self.side(joining, source, &join.left_key, 0, meet);
            }
            From::Join(first) => first,
        };
        let left = self.join(joining, first);
        let key = std::slice::from_ref(&join.left_key);
        let fits = format.zip(left.format).is_none_or(|(asked, own)| asked.format == own.format);
        let is_stream = !join.left.is_table() && join.left.window().is_none();
        // A table that is derived beside the stream is looked up where the stream's records are.
        if right_asks && (is_astray(&join.left, key) || is_stream && !fits) {
            let format = moved_format(format, key);
            let flow = self.moved_to_join(joining, &left.flow, join, format);
            return Joinable { flow, table: None, format: Some(format), scattered: false };
        }
        let scattered = left.scattered || !is_keyed_by(first, &join.left_key) && !join.foreign;
        Joinable { scattered, ..left }
    }

    /// A table that is derived beside the join: looked up where its groups are, as they were before the record.
    fn derived_side(&mut self, joining: &Joining<'_>, join: &Join) -> Option<Joinable> {
        let deriving = self.derived.deriving(joining.query, join, &self.queries[..joining.id])?;
        let table = TableRef::Aggregate(*self.groupings.get(&deriving)?);
        self.look_before.push(joining.id);
        let flow = Flow { at: (0, 0), steps: Vec::new() };
        Some(Joinable { flow, table: Some(table), format: None, scattered: false })
    }

    /// A source as a side of a join by `key`; its row begins at `base` of the whole.
    fn side(
        &mut self,
        joining: &Joining<'_>,
        source: &Arc<Source>,
        key: &Expr,
        base: usize,
        meet: Meet<'_>,
    ) -> Joinable {
        let key = &[named(source, key)];
        let width = source.schema.width();
        let format = Some(source.key_format);
        if source.is_table {
            let at = self.reading(&source.topic, source, false, joining.id);
            self.want(at, 0..width);
            let step = self.table(at, source);
            let table = match self.whole.steps[step].operator {
                Operator::Table { store, .. } => Some(TableRef::Store(store)),
                _ => None,
            };
            let scattered = !meet.foreign && !is_row_key(source, key);
            return Joinable { flow: Flow { at, steps: vec![step] }, table, format, scattered };
        }
        let fits = meet.format.is_none_or(|asked| asked.format == source.key_format.format);
        // A windowed key cannot be written anew: it is found where it is, or not at all.
        let (at, format) = if is_row_key(source, key) && (fits || source.window.is_some()) {
            (self.reading(&source.topic, source, false, joining.id), format)
        } else {
            let format = moved_format(meet.format, key);
            let topic = self.repartition(joining.id, source, key, (format, meet.like));
            (self.reading(&topic, source, true, joining.id), Some(format))
        };
        if meet.whole {
            self.want(at, 0..width);
        } else {
            let mine = joining.used.iter().filter_map(|column| column.checked_sub(base));
            self.want(at, mine);
        }
        Joinable { flow: Flow { at, steps: Vec::new() }, table: None, format, scattered: false }
    }

    /// The steps of both sides.
    fn meet(
        &mut self,
        joining: &Joining<'_>,
        join: &Join,
        row: JoinRow,
        left: Joinable,
        right: Joinable,
    ) -> Joinable {
        let (scattered, format) = (left.scattered || right.scattered, left.format);
        let mut steps = Vec::new();
        let mut add = |planner: &mut Self, side: Side, from: &Flow, partners: Partners| {
            let join = JoinStep { row: row.clone(), side, partners };
            let step = planner.step(Operator::Join(Box::new(join)), Some(joining.id));
            planner.whole.steps[step].scattered = scattered;
            planner.connect(from, step);
            steps.push(step);
        };
        let mut table = None;
        match (left.table, right.table) {
            (Some(TableRef::Store(left_store)), Some(TableRef::Store(right_store)))
                if join.foreign && self.derived == Derived::BeforeRecord =>
            {
                let sides = ((&left.flow, left_store), (&right.flow, right_store));
                let (flow, result) = self.ask_and_answer(joining, join, row, sides);
                let table = Some(TableRef::Store(result));
                return Joinable { flow, table, format: left.format, scattered: false };
            }
            (Some(TableRef::Store(left_store)), Some(right_table)) if join.foreign => {
                let (subscriptions, result) = self.foreign_stores(joining, join);
                let partners = Partners::Foreign { left: left_store, right: right_table, subscriptions };
                return self.meet_foreign(joining, row, partners, (&left.flow, &right.flow), result);
            }
            (Some(left_table), Some(right_table)) => {
                add(self, Side::Left, &left.flow, Partners::Table(right_table.clone()));
                add(self, Side::Right, &right.flow, Partners::Table(left_table.clone()));
                table = Some(TableRef::Join {
                    left: Box::new(left_table),
                    right: Box::new(right_table),
                    row: Box::new(row.clone()),
                });
            }
            (None, Some(right_table)) => {
                add(self, Side::Left, &left.flow, Partners::Lookup(right_table));
            }
            (Some(left_table), None) => {
                add(self, Side::Right, &right.flow, Partners::Lookup(left_table));
            }
            (None, None) => {
                let Some(within) = join.within else { return Joinable { scattered, ..left_over(left.flow) } };
                let store = self.window_store(joining, join);
                add(self, Side::Left, &left.flow, Partners::Window { store, within });
                add(self, Side::Right, &right.flow, Partners::Window { store, within });
            }
        }
        Joinable { flow: Flow { at: left.flow.at, steps }, table, format, scattered }
    }

    /// The steps of a join by a foreign key, whose result is kept: what it replaces is known by it alone.
    fn meet_foreign(
        &mut self,
        joining: &Joining<'_>,
        row: JoinRow,
        partners: Partners,
        (left, right): (&Flow, &Flow),
        result: StoreId,
    ) -> Joinable {
        let mut steps = Vec::new();
        for (side, from) in [(Side::Left, left), (Side::Right, right)] {
            let join = JoinStep { row: row.clone(), side, partners: partners.clone() };
            let step = self.step(Operator::Join(Box::new(join)), Some(joining.id));
            self.whole.steps[step].scattered = true;
            self.connect(from, step);
            steps.push(step);
        }
        let kept = self.step(Operator::Table { store: result, key_at: 0 }, Some(joining.id));
        self.connect(&Flow { at: left.at, steps }, kept);
        let flow = Flow { at: left.at, steps: vec![kept] };
        Joinable { flow, table: Some(TableRef::Store(result)), format: None, scattered: true }
    }

    /// The stores of a join by a foreign key: who looks at what, and the result.
    fn foreign_stores(&mut self, joining: &Joining<'_>, join: &Join) -> (StoreId, StoreId) {
        let name = self.join_store(joining, join);
        let key = join.left.first().schema.key.clone();
        let mut add = |name: String, kind: StoreKind| {
            self.whole.stores.push(StorePlan { name, key: key.clone(), kind, since: 0 });
            self.whole.stores.len() - 1
        };
        let subscriptions = add(format!("{name}-subscriptions"), StoreKind::Subscriptions);
        (subscriptions, add(format!("{name}-result"), StoreKind::Table { columns: Vec::new() }))
    }

    /// The store of a join of two streams.
    fn window_store(&mut self, joining: &Joining<'_>, join: &Join) -> StoreId {
        let name = self.join_store(joining, join);
        let key = join.left_key.data_type.clone().map(|t| Column::new("KEY", t));
        self.whole.stores.push(StorePlan {
            name,
            key: key.into_iter().collect(),
            kind: StoreKind::Join,
            since: 0,
        });
        self.whole.stores.len() - 1
    }

    /// What a join's stores are called: by the query's sink and the meaning of the join, so that a rule that
    /// changes elsewhere keeps them.
    pub(super) fn join_store(&self, joining: &Joining<'_>, join: &Join) -> String {
        let mut text = join.canonical(&format!("{:?}", join.left.first().schema), &join.left.input_text());
        text.push_str(&format!(" and {:?} {}", join.right.schema, join.right.name));
        let sink = source_name(&joining.query.sink);
        let name = format!("{sink}-join-{}", Fingerprint::of(&format!("streams/1 {text}")).short());
        let alike = self.whole.stores.iter().filter(|store| store.name.starts_with(&name)).count();
        if alike == 0 { name } else { format!("{name}-{}", alike + 1) }
    }

    /// A row by row query behind its joins.
    pub(super) fn behind(&mut self, flow: &Flow, operator: Operator, id: QueryId) -> StepId {
        let step = self.step(operator, Some(id));
        self.connect(flow, step);
        step
    }
}

fn left_over(flow: Flow) -> Joinable {
    Joinable { flow, table: None, format: None, scattered: false }
}

/// Whether a key is that of the source's rows, windowed or not.
fn is_row_key(source: &Source, key: &[Expr]) -> bool {
    match source.window {
        None => is_topic_key(source, key),
        Some(_) => is_topic_key(&Source { window: None, ..source.clone() }, key),
    }
}

/// Whether the rows of a join lie where equal values of this expression meet.
pub(super) fn is_keyed_by(join: &Join, key: &Expr) -> bool {
    if is_broadcast(join) {
        return is_keyed_by_stream(join, key);
    }
    let place = places(key, 0);
    if join.foreign {
        return join.left.key().iter().any(|own| places(own, 0) == place);
    }
    matches!(key.node, Node::Column { index, .. } if index == join.key_at())
        || places(&join.left_key, 0) == place
        || places(&join.right_key, join.right_at()) == place
        || matches!(&join.left, From::Join(first) if is_keyed_by(first, &join.left_key) && is_keyed_by(first, key))
}

/// An expression's text with its columns by their places, the row beginning at `base` of another.
fn places(expr: &Expr, base: usize) -> String {
    let mut expr = expr.clone();
    expr.map_columns(&|index| base + index);
    expr.name_columns(&|index| Some(index.to_string()));
    expr.to_string()
}
