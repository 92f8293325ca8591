//! A task's plan made ready to run: decoders, encoders, who feeds whom, whom to count for.
//!
//! Enters: a [`crate::plan::TaskPlan`], and the query it is restricted to, if any. Leaves: the same steps
//! under the same ids, each with all that it needs at a record. What holds: a step that no query needs is
//! [`Node::Inactive`] and nobody feeds it.

use std::ops::Range;
use std::sync::Arc;

use super::TaskError;
use super::ahead::grouped_by_key;
use super::cooldown::CooldownRun;
use super::dead_letter::LettersTo;
use super::foreign::{ForeignRun, foreign};
use super::frames::{FrameRun, final_run, frame_output};
use super::reach::{Reach, active, add_all};
use crate::format::{Decoder, Encoder, Format, FormatError, FormatSpec};
use crate::plan::{
    Fingerprint, Frame, FrameOutput, Input, InputId, JoinStep, KeyWindow, Mode, Operator, Program, QueryId,
    Reading, Rule, SinkPlan, StepId, StoreId, StoreKind, StorePlan, TaskPlan, TimestampColumn,
};
use crate::state::{
    AggregateStore, Cooldowns, FrameLayout, JoinStore, SessionStore, Store, Subscriptions, TableStore,
};
use crate::types::Column;
use crate::types::expr::Expr;
use crate::types::functions::TableCall;

/// A task ready to run.
#[derive(Debug)]
pub(crate) struct Wiring {
    /// By [`crate::plan::InputId`].
    pub(crate) inputs: Vec<InputRun>,
    pub(crate) steps: Vec<StepRun>,
    pub(crate) stores: Vec<StorePlan>,
    /// Per store of aggregates its frames.
    layouts: Vec<Vec<FrameLayout>>,
    pub(super) cooldowns: Vec<Vec<(Fingerprint, i64)>>,
    /// The stores that keep the rows of an input's table for joins, with that input.
    pub(crate) tables: Vec<(StoreId, InputId)>,
}

/// An input ready to be read.
#[derive(Debug)]
pub(crate) struct InputRun {
    pub(crate) topic: Arc<str>,
    /// Its place among the inputs.
    pub(super) id: InputId,
    pub(super) letters: LettersTo,
    pub(crate) carries_origin: bool,
    /// A column is declared for headers, so they go along where a record is moved.
    pub(crate) has_headers: bool,
    pub(crate) readings: Vec<ReadingRun>,
}

/// One way to read the topic.
#[derive(Debug)]
pub(crate) struct ReadingRun {
    pub(crate) key: Decoder,
    pub(crate) value: Decoder,
    pub(crate) key_width: usize,
    /// The columns of headers behind those of the value: a header's name, or None for all of them.
    pub(crate) headers: Vec<Option<String>>,
    /// Of the whole row, pseudo columns included.
    pub(crate) width: usize,
    pub(crate) is_table: bool,
    pub(crate) repartitioned: bool,
    pub(crate) moved: bool,
    /// The declaration's name.
    pub(crate) name: Arc<str>,
    /// A record without a usable time ends the run.
    pub(crate) strict_time: bool,
    /// A record that it cannot read ends the run.
    pub(super) stop_on_error: bool,
    pub(crate) window: Option<KeyWindow>,
    pub(crate) timestamp: Option<TimestampColumn>,
    pub(crate) timestamp_name: String,
    pub(crate) outputs: Vec<StepId>,
    /// The store of an aggregation by the record's own key: its groups can be looked up ahead.
    pub(crate) grouped: Option<StoreId>,
    /// Queries whose records end in this task.
    pub(crate) queries: Vec<QueryId>,
    /// Those and the ones that read through a repartition topic.
    pub(crate) all_queries: Vec<QueryId>,
}

/// A step ready to run.
#[derive(Debug)]
pub(crate) struct StepRun {
    pub(crate) node: Node,
    /// The steps that take its rows.
    pub(crate) outputs: Vec<StepId>,
    /// The queries whose work goes through it.
    pub(crate) queries: Vec<QueryId>,
}

/// What a step does: see [`Operator`].
#[derive(Debug)]
pub(crate) enum Node {
    /// Nothing: its queries are not run.
    Inactive,
    Filter {
        predicate: Expr,
    },
    FlatMap {
        calls: Vec<TableCall>,
    },
    Project {
        exprs: Vec<Expr>,
    },
    Table {
        store: StoreId,
        /// Where the key's columns are in the row.
        key: Range<usize>,
        /// The queries that only look rows up.
        readers: Vec<QueryId>,
    },
    Join(Box<JoinStep>),
    Cooldown(CooldownRun),
    Aggregate {
        store: StoreId,
        key: Vec<Expr>,
        frames: Vec<FrameRun>,
    },
    Repartition {
        topic: Arc<str>,
        key: Vec<Expr>,
        encoder: Encoder,
    },
    MoveRows {
        topic: Arc<str>,
        /// Among the program's output topics, for counting records per topic.
        topic_place: usize,
        key: Vec<Expr>,
        encoder: Encoder,
        to_all: bool,
    },
    Foreign(Box<ForeignRun>),
    Sink(Box<SinkRun>),
}

/// A sink ready to run: see [`SinkPlan`].
#[derive(Debug)]
pub(crate) struct SinkRun {
    pub(crate) query: Option<QueryId>,
    pub(crate) topic: Arc<str>,
    /// Among the program's output topics, for counting records per topic.
    pub(crate) topic_place: usize,
    pub(crate) key: Encoder,
    pub(crate) value: Encoder,
    pub(crate) key_width: usize,
    pub(crate) timestamp: Option<TimestampColumn>,
    pub(crate) window: Option<KeyWindow>,
    pub(crate) new_key: bool,
    pub(crate) rule: Option<Rule>,
    pub(crate) carries_origin: bool,
}

impl Wiring {
    /// Wires a task, all of it or one query's part.
    pub(crate) fn new(program: &Program, task: usize, only: Option<QueryId>) -> Result<Self, TaskError> {
        let plan = program.tasks.get(task).ok_or(TaskError::NoSuchTask(task))?;
        let mut wiring = Self {
            inputs: Vec::new(),
            steps: Vec::new(),
            stores: plan.stores.clone(),
            layouts: vec![Vec::new(); plan.stores.len()],
            cooldowns: vec![Vec::new(); plan.stores.len()],
            tables: Vec::new(),
        };
        let queries = Reach { program, plan, only }.of_steps();
        for id in 0..plan.steps.len() {
            let step = wiring.step(program, plan, &queries, id)?;
            wiring.steps.push(step);
        }
        for input in &plan.inputs {
            let run = wiring.input((program, plan), &queries, input, only)?;
            wiring.inputs.push(run);
        }
        wiring.tables = wiring.joined_tables();
        Ok(wiring)
    }

    fn input(
        &self,
        (program, plan): (&Program, &TaskPlan),
        reach: &[Vec<QueryId>],
        input: &Input,
        only: Option<QueryId>,
    ) -> Result<InputRun, TaskError> {
        let readings = input.readings.iter().map(|reading| self.reading(plan, reach, reading));
        let mut readings = readings.collect::<Result<Vec<_>, _>>()?;
        // A query that is not asked for shall not refuse records either.
        readings.retain(|reading| only.is_none() || !reading.outputs.is_empty());
        Ok(InputRun {
            topic: input.topic.as_str().into(),
            id: self.inputs.len(),
            letters: LettersTo::new(input, &program.dead_letters),
            carries_origin: input.carries_origin,
            has_headers: readings.iter().any(|reading| !reading.headers.is_empty()),
            readings,
        })
    }

    /// Stores as they are before any record.
    pub(crate) fn empty_stores(&self) -> Vec<Option<Box<Store>>> {
        let layouts = self.layouts.iter().zip(&self.cooldowns);
        let stores = self.stores.iter().zip(layouts).map(|(plan, (layout, rules))| match plan.kind {
            StoreKind::Aggregates => Store::Aggregates(AggregateStore::new(layout.clone())),
            StoreKind::Sessions => Store::Sessions(SessionStore::new(layout.clone())),
            StoreKind::Table { .. } => Store::Table(TableStore::default()),
            StoreKind::Subscriptions => Store::Subscriptions(Subscriptions::default()),
            StoreKind::Join => Store::Join(JoinStore::default()),
            StoreKind::Cooldowns => Store::Cooldowns(Cooldowns::new(rules)),
        });
        stores.map(|store| Some(Box::new(store))).collect()
    }

    fn reading(
        &self,
        plan: &TaskPlan,
        reach: &[Vec<QueryId>],
        reading: &Reading,
    ) -> Result<ReadingRun, TaskError> {
        let source = &reading.source;
        let refused = |error| format_error(plan, &source.name, error);
        let (key_width, width) = (source.schema.key.len(), source.schema.width());
        let columns = width - source.schema.headers.len();
        let wanted = |range: Range<usize>| -> Vec<bool> {
            range.map(|i| reading.wanted.get(i).copied().unwrap_or(false)).collect()
        };
        let outputs = active(&reading.outputs, reach);
        let (mut queries, mut all_queries) = (Vec::new(), Vec::new());
        self.ends_of(&outputs, reach, &mut queries, &mut all_queries);
        if reading.moved {
            queries.clear();
        }
        let timestamp_name = source.timestamp.as_ref().and_then(|t| source.schema.columns().nth(t.column));
        Ok(ReadingRun {
            key: Decoder::new(&source.read_key_format(), &source.schema.key, &wanted(0..key_width))
                .map_err(refused)?,
            value: Decoder::new(&source.value_format, &source.schema.value, &wanted(key_width..columns))
                .map_err(refused)?,
            key_width,
            headers: source.schema.headers.iter().map(|column| column.header.clone()).collect(),
            width: width + crate::plan::Pseudo::ALL.len(),
            is_table: source.is_table,
            repartitioned: reading.repartitioned,
            moved: reading.moved,
            name: source.name.as_str().into(),
            strict_time: reading.strict_time,
            stop_on_error: source.stop_on_error,
            window: source.window,
            timestamp_name: timestamp_name.map_or_else(String::new, |column| column.name.clone()),
            timestamp: source.timestamp.clone(),
            grouped: grouped_by_key(&self.steps, &outputs, key_width)
                .filter(|_| source.window.is_none() && !reading.repartitioned),
            outputs,
            queries,
            all_queries,
        })
    }

    fn step(
        &mut self,
        program: &Program,
        plan: &TaskPlan,
        reach: &[Vec<QueryId>],
        id: StepId,
    ) -> Result<StepRun, TaskError> {
        let step = &plan.steps[id];
        let queries = reach[id].clone();
        if queries.is_empty() {
            return Ok(StepRun { node: Node::Inactive, outputs: Vec::new(), queries });
        }
        let node = match &step.operator {
            Operator::Filter { predicate } => Node::Filter { predicate: predicate.clone() },
            Operator::FlatMap { calls } => Node::FlatMap { calls: calls.clone() },
            Operator::Project { exprs } => Node::Project { exprs: exprs.clone() },
            Operator::Table { store, key_at } => {
                let readers = Reach { program, plan, only: None }.readers(id, reach);
                let key = *key_at..*key_at + self.stores[*store].key.len();
                Node::Table { store: *store, key, readers }
            }
            Operator::Join(join) => Node::Join(join.clone()),
            Operator::Cooldown { store, key, tag, millis } => self.cooldown(*store, key, (*tag, *millis)),
            Operator::Aggregate { store, key, frames } => {
                let frames = frames.iter().filter_map(|frame| self.frame(*store, frame, reach).transpose());
                let frames = frames
                    .collect::<Result<_, _>>()
                    .map_err(|error| format_error(plan, &plan.stores[*store].name, error))?;
                Node::Aggregate { store: *store, key: key.clone(), frames }
            }
            Operator::Repartition { topic, key, columns, format } => Node::Repartition {
                topic: topic.as_str().into(),
                key: key.clone(),
                encoder: Encoder::new(format, columns).map_err(|error| format_error(plan, topic, error))?,
            },
            Operator::MoveRows { topic, key, columns, format, to_all } => Node::MoveRows {
                topic: topic.as_str().into(),
                topic_place: place_of(program, topic),
                key: key.clone(),
                encoder: Encoder::new(format, columns).map_err(|error| format_error(plan, topic, error))?,
                to_all: *to_all,
            },
            Operator::Foreign(step) => Node::Foreign(Box::new(foreign(program, plan, step)?)),
            Operator::Sink(sink) => Node::Sink(Box::new(self.sink(program, plan, sink, step.query)?)),
        };
        Ok(StepRun { node, outputs: active(&step.outputs, reach), queries })
    }

    /// Wires a frame and gives it a place in its store; None where no query wants it.
    fn frame(
        &mut self,
        store: StoreId,
        frame: &Frame,
        reach: &[Vec<QueryId>],
    ) -> Result<Option<FrameRun>, FormatError> {
        let wanted: Vec<&FrameOutput> =
            frame.outputs.iter().filter(|output| reach[output.step].contains(&output.query)).collect();
        if wanted.is_empty() {
            return Ok(None);
        }
        let finals = final_run(frame, &wanted, &self.stores[store].key)?;
        let firsts: Vec<_> = wanted.iter().filter_map(|output| output.first).collect();
        let outputs: Vec<_> = wanted.iter().map(|output| frame_output(output, &firsts)).collect();
        let mut queries = Vec::new();
        outputs.iter().for_each(|output| add_all(&mut queries, &[output.query]));
        let layout = &mut self.layouts[store];
        let calls = frame.calls.iter().map(|call| (call.fingerprint, call.aggregate.clone())).collect();
        let waiting = finals.as_ref().map(|finals| finals.tag);
        let frame_layout = FrameLayout::new(frame.fingerprint, frame.window, calls, firsts, waiting);
        layout.push(frame_layout.with_outputs(outputs.len()));
        Ok(Some(FrameRun {
            place: layout.len() - 1,
            filter: frame.filter.clone(),
            window: frame.window,
            calls: frame
                .calls
                .iter()
                .map(|call| (call.aggregate.clone(), call.args.first().cloned()))
                .collect(),
            computes: frame.calls.iter().flat_map(|call| &call.args).any(|arg| !arg.lies_in_place()),
            outputs,
            finals,
            queries,
        }))
    }

    fn sink(
        &self,
        program: &Program,
        plan: &TaskPlan,
        sink: &SinkPlan,
        query: Option<QueryId>,
    ) -> Result<SinkRun, TaskError> {
        let refused = |error| format_error(plan, &sink.topic, error);
        if sink.rule.as_ref().is_some_and(|rule| rule.mode == Mode::Off) {
            let what = format!("a rule of mode off writes to {}", sink.topic);
            return Err(TaskError::Unsupported { task: plan.name.clone(), what });
        }
        Ok(SinkRun {
            query,
            topic: sink.topic.as_str().into(),
            topic_place: place_of(program, &sink.topic),
            key: Encoder::new(&sink.key_format, &sink.schema.key).map_err(refused)?,
            value: Encoder::new(&sink.value_format, &sink.schema.value).map_err(refused)?,
            key_width: sink.schema.key.len(),
            timestamp: sink.timestamp.clone(),
            window: sink.window,
            new_key: sink.new_key,
            rule: sink.rule.clone(),
            carries_origin: sink.carries_origin,
        })
    }
}

/// A topic's place among those that the program writes.
pub(super) fn place_of(program: &Program, topic: &str) -> usize {
    program.outputs.iter().position(|output| output.name == topic).unwrap_or(program.outputs.len())
}

/// One column as Kafka's primitive, several as a JSON object.
pub(super) fn repartition_encoder(columns: &[Column]) -> Result<Encoder, FormatError> {
    let kafka = FormatSpec { format: Format::Kafka, wrapped: false };
    match Encoder::new(&kafka, columns) {
        Ok(encoder) if columns.len() == 1 => Ok(encoder),
        _ => Encoder::new(&FormatSpec { format: Format::Json, wrapped: true }, columns),
    }
}

pub(super) fn format_error(plan: &TaskPlan, part: &str, error: FormatError) -> TaskError {
    TaskError::Format { task: plan.name.clone(), part: part.to_owned(), error }
}
