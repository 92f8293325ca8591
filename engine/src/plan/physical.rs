//! From logical queries to the plans of tasks, merging what they share.
//!
//! What holds: the plans do all of the queries' work and nothing twice: a topic is read once, a key looked up
//! once, an aggregate that rules share is kept once. The order of steps, frames and calls follows the order
//! of the queries.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::from::From;
use super::grouping::settle_pseudo;
use super::joining::Joining;
use super::logical::{LogicalQuery, Shape};
use super::split::split;
use super::{
    Derived, DerivedRef, Fingerprint, Input, Mode, Operator, OutputTopic, Program, Query, QueryId, Reading,
    SinkPlan, Source, Step, StepId, StoreKind, StorePlan, TaskPlan,
};
use crate::format::FormatSpec;
use crate::types::expr::{Expr, Node};
use crate::types::{Column, Schema};

/// Plans the queries. Those whose mode is off are listed but do no work.
pub(crate) fn physical(queries: Vec<LogicalQuery>, internal_prefix: &str, derived: Derived) -> Program {
    let whole = TaskPlan { name: String::new(), inputs: Vec::new(), stores: Vec::new(), steps: Vec::new() };
    let mut planner = Planner {
        prefix: internal_prefix,
        whole,
        outputs: Vec::new(),
        queries: &queries,
        derived,
        groupings: BTreeMap::new(),
        look_before: Vec::new(),
    };
    for (id, query) in queries.iter().enumerate() {
        if query.rule.as_ref().is_none_or(|r| r.mode != Mode::Off) {
            planner.query(id, query);
        }
    }
    let (tasks, outputs) = planner.finish();
    let queries = queries.into_iter().map(describe).collect();
    Program { queries, tasks, outputs, ..Program::default() }
}

fn describe(query: LogicalQuery) -> Query {
    Query {
        id: query.id,
        source_topics: topics_of(&query.from),
        sink_topic: query.sink.topic.clone(),
        rule: query.rule,
        sql: query.sql,
    }
}

/// Where rows come from: the reading, or the steps behind it that feed what comes next.
pub(super) struct Flow {
    /// Input and reading.
    pub(super) at: (usize, usize),
    pub(super) steps: Vec<StepId>,
}

pub(super) struct Planner<'p> {
    pub(super) prefix: &'p str,
    /// All inputs, stores and steps; [`super::split`] makes tasks of what hangs together.
    pub(super) whole: TaskPlan,
    pub(super) outputs: Vec<OutputTopic>,
    pub(super) queries: &'p [LogicalQuery],
    pub(super) derived: Derived,
    /// What the queries that group make.
    pub(super) groupings: BTreeMap<QueryId, DerivedRef>,
    /// The queries that look at tables as they were before the record.
    pub(super) look_before: Vec<QueryId>,
}

/// `name VARCHAR` columns of a key's expressions.
pub(super) fn key_columns(key: &[Expr]) -> Vec<Column> {
    key.iter()
        .enumerate()
        .filter_map(|(i, e)| {
            let name = match &e.node {
                Node::Column { name, .. } => name.clone(),
                _ => format!("KEY_{i}"),
            };
            e.data_type.clone().map(|t| Column::new(name, t))
        })
        .collect()
}

/// Whether the key is the topic's own, so that equal keys are in one partition already.
pub(super) fn is_topic_key(source: &Source, key: &[Expr]) -> bool {
    key.len() == source.schema.key.len()
        && source.window.is_none()
        && key.iter().enumerate().all(|(i, e)| matches!(e.node, Node::Column { index, .. } if index == i))
}

/// A short, readable name of a key: its columns, and a fingerprint where it is more than one column.
pub(super) fn key_name(key: &[Expr]) -> String {
    let text = key.iter().map(ToString::to_string).collect::<Vec<_>>().join(",");
    match key {
        [Expr { node: Node::Column { name, .. }, .. }] if is_plain(name) => name.to_ascii_lowercase(),
        _ => Fingerprint::of(&format!("key/1 {text}")).short(),
    }
}

/// A name that stays different from all others when it is written in lower case.
fn is_plain(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

/// A source's name for stores and topics of ours.
pub(super) fn source_name(source: &Source) -> String {
    if is_plain(&source.name) {
        return source.name.to_ascii_lowercase();
    }
    Fingerprint::of(&format!("source/1 {}", source.name)).short()
}

impl Planner<'_> {
    fn query(&mut self, id: QueryId, query: &LogicalQuery) {
        self.output(OutputTopic {
            name: query.sink.topic.clone(),
            partitions: query.sink.partitions,
            replicas: query.sink.replicas,
            like: query.from.first().topic.clone(),
            compacted: query.sink.is_table && query.rule.is_none(),
            internal: false,
            copy_of: None,
        });
        match &query.shape {
            Shape::Project { exprs } => self.project(id, query, exprs),
            Shape::Aggregate(grouping) => self.aggregate(id, query, grouping),
        }
        if query.strict_time {
            let readings = self.whole.inputs.iter_mut().flat_map(|input| &mut input.readings);
            readings.filter(|r| r.queries.contains(&id)).for_each(|r| r.strict_time = true);
        }
    }

    pub(super) fn output(&mut self, topic: OutputTopic) {
        if !self.outputs.iter().any(|o| o.name == topic.name) {
            self.outputs.push(topic);
        }
    }

    /// The input of a topic, and its reading as this source.
    pub(super) fn reading(
        &mut self,
        topic: &str,
        source: &Arc<Source>,
        repartitioned: bool,
        id: QueryId,
    ) -> (usize, usize) {
        let inputs = &mut self.whole.inputs;
        let input = inputs.iter().position(|i| i.topic == topic).unwrap_or_else(|| {
            inputs.push(Input { topic: topic.to_owned(), readings: Vec::new(), carries_origin: false });
            inputs.len() - 1
        });
        let readings = &mut inputs[input].readings;
        let reading = readings.iter().position(|r| Arc::ptr_eq(&r.source, source)).unwrap_or_else(|| {
            readings.push(Reading {
                source: source.clone(),
                repartitioned,
                moved: false,
                strict_time: false,
                wanted: vec![false; source.schema.width()],
                outputs: Vec::new(),
                queries: Vec::new(),
            });
            readings.len() - 1
        });
        if !readings[reading].queries.contains(&id) {
            readings[reading].queries.push(id);
        }
        (input, reading)
    }

    pub(super) fn want(
        &mut self,
        (input, reading): (usize, usize),
        columns: impl IntoIterator<Item = usize>,
    ) {
        let wanted = &mut self.whole.inputs[input].readings[reading].wanted;
        for column in columns {
            // Beyond the declared columns are the pseudo columns, which are always there.
            if let Some(flag) = wanted.get_mut(column) {
                *flag = true;
            }
        }
    }

    pub(super) fn step(&mut self, operator: Operator, query: Option<QueryId>) -> StepId {
        let steps = &mut self.whole.steps;
        steps.push(Step { operator, outputs: Vec::new(), query, scattered: false });
        steps.len() - 1
    }

    pub(super) fn connect(&mut self, from: &Flow, to: StepId) {
        let (input, reading) = from.at;
        if from.steps.is_empty() {
            self.whole.inputs[input].readings[reading].outputs.push(to);
        }
        for step in &from.steps {
            self.whole.steps[*step].outputs.push(to);
        }
    }

    /// The rows of what a query reads, as they come without a grouping.
    fn rows(&mut self, id: QueryId, query: &LogicalQuery) -> Flow {
        let source = match &query.from {
            From::Source(source) => source,
            From::Join(join) => return self.joined(&Joining::new(id, query), join),
        };
        let at = self.reading(&source.topic, source, false, id);
        self.want(at, query.used_columns());
        let mut steps = Vec::new();
        if source.is_table {
            self.want(at, 0..source.schema.width());
            steps.push(self.table(at, source));
        }
        Flow { at, steps }
    }

    /// Row by row.
    fn project(&mut self, id: QueryId, query: &LogicalQuery, exprs: &[Expr]) {
        let mut flow = self.rows(id, query);
        if let Some(predicate) = &query.filter {
            let filter = self.behind(&flow, Operator::Filter { predicate: predicate.clone() }, id);
            flow.steps = vec![filter];
        }
        if !query.flat.is_empty() {
            let flat = self.behind(&flow, Operator::FlatMap { calls: query.flat.clone() }, id);
            flow.steps = vec![flat];
        }
        let rows = match &query.from {
            From::Source(source) => source_name(source),
            joined => {
                let rows = Fingerprint::of(&format!("rows/1 {}", joined.input_text())).short();
                format!("{}-{rows}", source_name(joined.first()))
            }
        };
        if let Some(cooldown) = self.cooldown(id, query, query.from.key(), &rows) {
            if let From::Source(source) = &query.from {
                self.want(flow.at, 0..source.schema.key.len());
            }
            self.connect(&flow, cooldown);
            flow.steps = vec![cooldown];
        }
        let project = self.behind(&flow, Operator::Project { exprs: exprs.to_vec() }, id);
        flow.steps = vec![project];
        self.behind(&flow, Operator::Sink(sink(query)), id);
    }

    /// The step that remembers a table's rows, shared by all who read it.
    pub(super) fn table(&mut self, at: (usize, usize), source: &Source) -> StepId {
        self.table_named(at, source, &source_name(source))
    }

    /// The same under a name of its own.
    pub(super) fn table_named(&mut self, at: (usize, usize), source: &Source, name: &str) -> StepId {
        let task = &mut self.whole;
        // Rows are kept by position, so a table whose columns change begins with an empty store.
        let columns = Fingerprint::of(&format!("table/1 {}", row_text(&source.schema))).short();
        let name = format!("{name}-table-{columns}");
        let store = task.stores.iter().position(|s| s.name == name);
        if let Some(store) = store {
            let is_it =
                |s: &Step| matches!(s.operator, Operator::Table { store: other, .. } if other == store);
            if let Some(step) = task.steps.iter().position(is_it) {
                return step;
            }
        }
        task.stores.push(StorePlan {
            name,
            key: source.schema.key.clone(),
            kind: StoreKind::Table { columns: source.schema.value.clone() },
            since: 0,
        });
        let store = task.stores.len() - 1;
        let step = self.step(Operator::Table { store, key_at: 0 }, None);
        self.connect(&Flow { at, steps: Vec::new() }, step);
        step
    }

    /// The topic of ours that holds the source's records by this key.
    pub(super) fn repartition(
        &mut self,
        id: QueryId,
        source: &Arc<Source>,
        key: &[Expr],
        (format, like): (FormatSpec, &str),
    ) -> String {
        let topic = self.moved_topic(&source_name(source), key, format);
        let at = self.reading(&source.topic, source, false, id);
        let exists =
            self.whole.steps.iter().any(
                |s| matches!(&s.operator, Operator::Repartition { topic: other, .. } if *other == topic),
            );
        let mut columns = Vec::new();
        key.iter().for_each(|e| e.visit_columns(&mut |i| columns.push(i)));
        columns.extend(source.timestamp.as_ref().map(|t| t.column));
        self.want(at, columns);
        if !exists {
            let columns = key_columns(key);
            let operator = Operator::Repartition { topic: topic.clone(), key: key.to_vec(), columns, format };
            let step = self.step(operator, None);
            self.connect(&Flow { at, steps: Vec::new() }, step);
        }
        self.output(OutputTopic::internal(topic.clone(), like));
        topic
    }

    /// Settles what is only known once all queries are there.
    fn finish(mut self) -> (Vec<TaskPlan>, Vec<OutputTopic>) {
        let read: Vec<String> = self.whole.inputs.iter().map(|i| i.topic.clone()).collect();
        for input in &mut self.whole.inputs {
            input.carries_origin = self.outputs.iter().any(|o| o.name == input.topic);
        }
        settle_pseudo(&mut self.whole);
        for step in &mut self.whole.steps {
            if let Operator::Sink(sink) = &mut step.operator {
                sink.carries_origin = read.contains(&sink.topic);
            }
        }
        self.order_outputs();
        (split(self.whole), self.outputs)
    }

    /// Who looks at a table as it was before the record comes before who derives it. Tables are derived by earlier
    /// queries only, so among those that look the later ones come first.
    fn order_outputs(&mut self) {
        let TaskPlan { inputs, steps, .. } = &mut self.whole;
        let turn = |step: &StepId| {
            let looks = steps[*step].query.filter(|query| self.look_before.contains(query));
            looks.map_or((true, Reverse(0)), |query| (false, Reverse(query)))
        };
        for reading in inputs.iter_mut().flat_map(|input| &mut input.readings) {
            reading.outputs.sort_by_key(turn);
        }
    }
}

/// What a table's row holds, for the name of its store, which never changes for the same columns.
fn row_text(schema: &Schema) -> String {
    let Schema { key, value, headers } = schema;
    let text = format!("Schema {{ key: {key:?}, value: {value:?} }}");
    if headers.is_empty() { text } else { format!("{text} {headers:?}") }
}

/// The topics of the sources, left to right, each once.
fn topics_of(from: &From) -> Vec<String> {
    let mut topics: Vec<String> = Vec::new();
    for source in from.sources() {
        if !topics.contains(&source.topic) {
            topics.push(source.topic.clone());
        }
    }
    topics
}

/// Whether a row by row query exchanges the key of what it reads.
fn makes_key(query: &LogicalQuery) -> bool {
    let Shape::Project { exprs } = &query.shape else { return false };
    let column = |e: &Expr| match e.node {
        Node::Column { index, .. } => Some(index),
        _ => None,
    };
    let (old, width) = (query.from.key(), query.sink.schema.key.len());
    let is_old = |(new, old)| column(new).is_some() && column(new) == column(old);
    old.len() != width || !exprs.iter().zip(&old).all(is_old)
}

pub(super) fn sink(query: &LogicalQuery) -> SinkPlan {
    let sink = &query.sink;
    SinkPlan {
        topic: sink.topic.clone(),
        schema: sink.schema.clone(),
        key_format: sink.key_format,
        value_format: sink.value_format,
        timestamp: sink.timestamp.clone(),
        window: sink.window,
        new_key: makes_key(query),
        rule: query.rule.clone(),
        carries_origin: false,
    }
}
