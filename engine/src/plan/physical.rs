//! From logical queries to the plans of tasks, merging what they share.
//!
//! What holds: the plans do all of the queries' work and nothing twice: a topic is read once, a key looked up
//! once, an aggregate that rules share is kept once. The order of steps, frames and calls follows the order
//! of the queries.

use std::sync::Arc;

use super::logical::{Grouping, LogicalQuery, Shape};
use super::split::split;
use super::{
    Call, Emit, Fingerprint, Frame, FrameOutput, Input, Mode, Operator, OutputTopic, Program, Query, QueryId,
    Reading, SinkPlan, Source, Step, StepId, StoreKind, StorePlan, TaskPlan,
};
use crate::types::Column;
use crate::types::expr::{Expr, Node};

/// Plans the queries. Those whose mode is off are listed but do no work.
pub(crate) fn physical(queries: Vec<LogicalQuery>, internal_prefix: &str) -> Program {
    let whole = TaskPlan { name: String::new(), inputs: Vec::new(), stores: Vec::new(), steps: Vec::new() };
    let mut planner = Planner { prefix: internal_prefix, whole, outputs: Vec::new() };
    for (id, query) in queries.iter().enumerate() {
        if query.rule.as_ref().is_none_or(|r| r.mode != Mode::Off) {
            planner.query(id, query);
        }
    }
    planner.finish(queries)
}

struct Planner<'p> {
    prefix: &'p str,
    /// All inputs, stores and steps; [`super::split`] makes tasks of what hangs together.
    whole: TaskPlan,
    outputs: Vec<OutputTopic>,
}

/// `name VARCHAR` columns of a key's expressions.
fn key_columns(key: &[Expr]) -> Vec<Column> {
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
fn is_topic_key(source: &Source, key: &[Expr]) -> bool {
    key.len() == source.schema.key.len()
        && source.window.is_none()
        && key.iter().enumerate().all(|(i, e)| matches!(e.node, Node::Column { index, .. } if index == i))
}

/// A short, readable name of a key: its columns, and a fingerprint where it is more than one column.
fn key_name(key: &[Expr]) -> String {
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
fn source_name(source: &Source) -> String {
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
            like: query.from.first().topic.clone(),
            compacted: query.sink.is_table && query.rule.is_none(),
            internal: false,
        });
        match &query.shape {
            Shape::Project { exprs } => self.project(id, query, exprs),
            Shape::Aggregate(grouping) => self.aggregate(id, query, grouping),
        }
    }

    fn output(&mut self, topic: OutputTopic) {
        if !self.outputs.iter().any(|o| o.name == topic.name) {
            self.outputs.push(topic);
        }
    }

    /// The input of a topic, and its reading as this source.
    fn reading(
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

    fn want(&mut self, (input, reading): (usize, usize), columns: impl IntoIterator<Item = usize>) {
        let wanted = &mut self.whole.inputs[input].readings[reading].wanted;
        for column in columns {
            // Beyond the declared columns are the pseudo columns, which are always there.
            if let Some(flag) = wanted.get_mut(column) {
                *flag = true;
            }
        }
    }

    fn step(&mut self, operator: Operator, query: Option<QueryId>) -> StepId {
        let steps = &mut self.whole.steps;
        steps.push(Step { operator, outputs: Vec::new(), query });
        steps.len() - 1
    }

    fn connect(&mut self, (input, reading): (usize, usize), from: Option<StepId>, to: StepId) {
        match from {
            Some(from) => self.whole.steps[from].outputs.push(to),
            None => self.whole.inputs[input].readings[reading].outputs.push(to),
        }
    }

    /// Row by row.
    fn project(&mut self, id: QueryId, query: &LogicalQuery, exprs: &[Expr]) {
        let Some(source) = query.from.single() else { return };
        let at = self.reading(&source.topic, source, false, id);
        self.want(at, query.used_columns());
        let mut last = None;
        if source.is_table {
            self.want(at, 0..source.schema.width());
            last = Some(self.table(at, source));
        }
        if let Some(predicate) = &query.filter {
            let step = self.step(Operator::Filter { predicate: predicate.clone() }, Some(id));
            self.connect(at, last, step);
            last = Some(step);
        }
        let step = self.step(Operator::Project { exprs: exprs.to_vec() }, Some(id));
        self.connect(at, last, step);
        let sink = self.step(Operator::Sink(sink(query)), Some(id));
        self.connect(at, Some(step), sink);
    }

    /// The step that remembers a table's rows, shared by all who read it.
    fn table(&mut self, at: (usize, usize), source: &Source) -> StepId {
        let task = &mut self.whole;
        // Rows are kept by position, so a table whose columns change begins with an empty store.
        let columns = Fingerprint::of(&format!("table/1 {:?}", source.schema)).short();
        let name = format!("{}-table-{columns}", source_name(source));
        let store = task.stores.iter().position(|s| s.name == name);
        if let Some(store) = store {
            let is_it = |s: &Step| matches!(s.operator, Operator::Table { store: other } if other == store);
            if let Some(step) = task.steps.iter().position(is_it) {
                return step;
            }
        }
        task.stores.push(StorePlan {
            name,
            key: source.schema.key.clone(),
            kind: StoreKind::Table { columns: source.schema.value.clone() },
        });
        let store = task.stores.len() - 1;
        let step = self.step(Operator::Table { store }, None);
        self.connect(at, None, step);
        step
    }

    /// Grouped: where the key is not the topic's, behind a repartition topic.
    fn aggregate(&mut self, id: QueryId, query: &LogicalQuery, grouping: &Grouping) {
        let Some(source) = query.from.single() else { return };
        let at = if is_topic_key(source, &grouping.key) {
            self.reading(&source.topic, source, false, id)
        } else {
            let topic = self.repartition(id, source, &grouping.key);
            self.reading(&topic, source, true, id)
        };
        self.want(at, query.used_columns());
        let step = self.grouping_step(at, source, &grouping.key);
        let project = self.step(Operator::Project { exprs: grouping.exprs.clone() }, Some(id));
        let sink = self.step(Operator::Sink(sink(query)), Some(id));
        self.connect(at, Some(project), sink);
        self.frame_output(step, id, query, grouping, project);
    }

    /// The topic of ours that holds the source's records by this key.
    fn repartition(&mut self, id: QueryId, source: &Arc<Source>, key: &[Expr]) -> String {
        let topic = format!("{}-{}-by-{}-repartition", self.prefix, source_name(source), key_name(key));
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
            let operator =
                Operator::Repartition { topic: topic.clone(), key: key.to_vec(), columns: key_columns(key) };
            let step = self.step(operator, None);
            self.connect(at, None, step);
        }
        self.output(OutputTopic {
            name: topic.clone(),
            partitions: None,
            like: source.topic.clone(),
            compacted: false,
            internal: true,
        });
        topic
    }

    /// The step that groups a reading by this key, shared by all queries that do.
    fn grouping_step(&mut self, at: (usize, usize), source: &Source, key: &[Expr]) -> StepId {
        let name = format!("{}-by-{}", source_name(source), key_name(key));
        let task = &mut self.whole;
        if let Some(store) = task.stores.iter().position(|s| s.name == name) {
            let is_it =
                |s: &Step| matches!(s.operator, Operator::Aggregate { store: other, .. } if other == store);
            if let Some(step) = task.steps.iter().position(is_it) {
                return step;
            }
        }
        task.stores.push(StorePlan { name, key: key_columns(key), kind: StoreKind::Aggregates });
        let operator =
            Operator::Aggregate { store: task.stores.len() - 1, key: key.to_vec(), frames: Vec::new() };
        let step = self.step(operator, None);
        self.connect(at, None, step);
        step
    }

    /// Adds a query's aggregates to the frame that it shares with others, and its output. Its HAVING and
    /// projection keep the column of each call by name until [`Planner::finish`] knows the final layout.
    fn frame_output(
        &mut self,
        step: StepId,
        id: QueryId,
        query: &LogicalQuery,
        grouping: &Grouping,
        project: StepId,
    ) {
        let Operator::Aggregate { frames, .. } = &mut self.whole.steps[step].operator else { return };
        let Some(source) = query.from.single() else { return };
        let fingerprint = Fingerprint::of(&grouping.frame_text(source, query.filter.as_ref()));
        let at = frames.iter().position(|f| f.fingerprint == fingerprint).unwrap_or_else(|| {
            frames.push(Frame {
                fingerprint,
                filter: query.filter.clone(),
                window: grouping.window,
                calls: Vec::new(),
                outputs: Vec::new(),
            });
            frames.len() - 1
        });
        let frame = &mut frames[at];
        let places: Vec<usize> = grouping
            .calls
            .iter()
            .map(|(aggregate, args)| {
                let fingerprint = Fingerprint::of(&Grouping::call_text(frame.fingerprint, aggregate, args));
                frame.calls.iter().position(|c| c.fingerprint == fingerprint).unwrap_or_else(|| {
                    frame.calls.push(Call { fingerprint, aggregate: aggregate.clone(), args: args.clone() });
                    frame.calls.len() - 1
                })
            })
            .collect();
        let (keys, calls) = (grouping.key.len(), grouping.calls.len());
        let place = move |i: usize| match i {
            i if i < keys => i,
            i if i < keys + calls => keys + places[i - keys],
            i => PSEUDO + i - keys - calls,
        };
        let mut having = grouping.having.clone();
        having.iter_mut().for_each(|h| h.map_columns(&place));
        let first = (grouping.emit == Emit::First)
            .then(|| query.rule.as_ref().map_or(query.id.clone(), |r| format!("{} {}", r.name, r.version)))
            .map(|rule| Fingerprint::of(&format!("fired/1 {rule}")));
        frame.outputs.push(FrameOutput {
            query: id,
            having,
            first,
            is_final: grouping.is_final,
            step: project,
        });
        if let Operator::Project { exprs } = &mut self.whole.steps[project].operator {
            exprs.iter_mut().for_each(|e| e.map_columns(&place));
        }
    }

    /// Settles what is only known once all queries are there.
    fn finish(mut self, queries: Vec<LogicalQuery>) -> Program {
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
        let describe = |q: LogicalQuery| Query {
            id: q.id,
            source_topic: q.from.first().topic.clone(),
            sink_topic: q.sink.topic.clone(),
            rule: q.rule,
            sql: q.sql,
        };
        Program {
            queries: queries.into_iter().map(describe).collect(),
            tasks: split(self.whole),
            outputs: self.outputs,
            ..Program::default()
        }
    }
}

/// Where the aggregate row's pseudo columns stand until the number of its calls is final.
const PSEUDO: usize = 1 << 20;

/// Puts the pseudo columns of each frame's row behind its last call.
fn settle_pseudo(task: &mut TaskPlan) {
    let mut bases = vec![None; task.steps.len()];
    for step in &mut task.steps {
        let Operator::Aggregate { key, frames, .. } = &mut step.operator else { continue };
        for frame in frames {
            let base = key.len() + frame.calls.len();
            for output in &mut frame.outputs {
                bases[output.step] = Some(base);
                output.having.iter_mut().for_each(|h| settle(h, base));
            }
        }
    }
    for (step, base) in task.steps.iter_mut().zip(bases) {
        if let (Operator::Project { exprs }, Some(base)) = (&mut step.operator, base) {
            exprs.iter_mut().for_each(|e| settle(e, base));
        }
    }
}

fn settle(expr: &mut Expr, base: usize) {
    expr.map_columns(&|i| if i >= PSEUDO { base + i - PSEUDO } else { i });
}

fn sink(query: &LogicalQuery) -> SinkPlan {
    let sink = &query.sink;
    SinkPlan {
        topic: sink.topic.clone(),
        schema: sink.schema.clone(),
        key_format: sink.key_format,
        value_format: sink.value_format,
        timestamp: sink.timestamp.clone(),
        window: sink.window,
        rule: query.rule.clone(),
        carries_origin: false,
    }
}
