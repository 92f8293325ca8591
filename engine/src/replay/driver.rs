//! The order of a replay: which record goes through which task next.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Order, ReplayError, ReplayRecord, ReplaySummary};
use crate::plan::{InputId, Program, QueryId};
use crate::task::{InputRecord, Output, OutputRecord, QueryCounters, StreamTask, TaskError};

/// Takes what is written, in order.
type Emit<'e> = &'e mut dyn FnMut(OutputRecord<'_>) -> Result<(), ReplayError>;

/// Tasks on one partition a topic, fed record by record.
#[derive(Debug)]
pub struct Replay<'p> {
    program: &'p Program,
    order: Order,
    tasks: Tasks,
    /// For [`Order::Query`]: all records of the topics that are read.
    logs: BTreeMap<String, Vec<ReplayRecord>>,
    read: u64,
    unread: u64,
    counters: Vec<QueryCounters>,
}

impl<'p> Replay<'p> {
    /// Begins a replay.
    ///
    /// # Errors
    /// The program cannot run.
    pub fn new(program: &'p Program, order: Order) -> Result<Self, TaskError> {
        Ok(Self {
            program,
            order,
            tasks: Tasks::new(program, None)?,
            logs: BTreeMap::new(),
            read: 0,
            unread: 0,
            counters: vec![QueryCounters::default(); program.queries.len()],
        })
    }

    /// Feeds the records of the program's INSERT INTO ... VALUES.
    ///
    /// # Errors
    /// Those of `emit`.
    pub fn inserts(&mut self, emit: Emit<'_>) -> Result<(), ReplayError> {
        for insert in &self.program.inserts {
            let record = ReplayRecord {
                topic: insert.topic.clone(),
                key: insert.key.clone(),
                value: insert.value.clone(),
                timestamp: insert.timestamp.unwrap_or_default(),
                headers: Vec::new(),
            };
            self.feed(record, emit)?;
        }
        Ok(())
    }

    /// Feeds a record. In [`Order::Query`] it waits for [`Replay::finish`].
    ///
    /// # Errors
    /// Those of `emit`.
    pub fn feed(&mut self, record: ReplayRecord, emit: Emit<'_>) -> Result<(), ReplayError> {
        self.read += 1;
        if !self.tasks.reads(&record.topic) {
            self.unread += 1;
            return Ok(());
        }
        if self.order == Order::Query {
            self.logs.entry(record.topic.clone()).or_default().push(record);
            return Ok(());
        }
        self.tasks.run(self.program, record, &mut |output, _| emit(output))
    }

    /// The input is through: in [`Order::Query`] this is where the work is done.
    ///
    /// # Errors
    /// Those of `emit`.
    pub fn finish(&mut self, emit: Emit<'_>) -> Result<(), ReplayError> {
        if self.order == Order::Record {
            self.counters = self.tasks.counters(self.program.queries.len());
            return Ok(());
        }
        // Each query that reads a topic refuses its bad records; they are written once.
        let mut refused = BTreeSet::new();
        for query in 0..self.program.queries.len() {
            self.query(query, &mut refused, emit)?;
        }
        Ok(())
    }

    /// Lets one query take all that is there for it, what it writes to its own topic among it.
    fn query(
        &mut self,
        query: QueryId,
        refused: &mut BTreeSet<Vec<u8>>,
        emit: Emit<'_>,
    ) -> Result<(), ReplayError> {
        let mut tasks = Tasks::new(self.program, Some(query))?;
        let source = self.program.queries[query].source_topic.clone();
        let mut next = 0;
        while let Some(record) = self.logs.get(&source).and_then(|log| log.get(next)).cloned() {
            next += 1;
            let (logs, all) = (&mut self.logs, &self.tasks);
            tasks.run(self.program, record, &mut |output, is_internal| {
                if output.query().is_none() && !is_internal {
                    let key = output.key().unwrap_or_default().to_vec();
                    if !refused.insert(key) {
                        return Ok(());
                    }
                }
                if all.reads(output.topic()) {
                    let record = ReplayRecord::of_output(&output);
                    logs.entry(record.topic.clone()).or_default().push(record);
                }
                emit(output)
            })?;
        }
        for (sum, counters) in self.counters.iter_mut().zip(tasks.counters(self.program.queries.len())) {
            *sum += counters;
        }
        Ok(())
    }

    /// What was done, `written` apart.
    pub fn summary(&self) -> ReplaySummary {
        let ids = self.program.queries.iter().map(|query| query.id.clone());
        ReplaySummary {
            read: self.read,
            unread: self.unread,
            written: 0,
            queries: ids.zip(self.counters.iter().copied()).collect(),
        }
    }
}

/// The tasks, and the place of each topic among their inputs with its next offset.
#[derive(Debug)]
struct Tasks {
    list: Vec<StreamTask>,
    by_topic: BTreeMap<String, Place>,
    /// Do one query's work only: what it writes is not read on at once, its repartition topics apart.
    only: Option<QueryId>,
    output: Output,
}

/// Where the records of a topic go.
#[derive(Debug)]
struct Place {
    task: usize,
    input: InputId,
    offset: i64,
}

impl Tasks {
    fn new(program: &Program, only: Option<QueryId>) -> Result<Self, TaskError> {
        let (mut list, mut by_topic) = (Vec::new(), BTreeMap::new());
        for id in 0..program.tasks.len() {
            let task = match only {
                None => StreamTask::new(program, id)?,
                Some(query) => StreamTask::for_query(program, id, query)?,
            };
            for (input, topic) in task.topics().enumerate().filter(|(input, _)| task.reads(*input)) {
                by_topic.insert(topic.to_owned(), Place { task: list.len(), input, offset: 0 });
            }
            list.push(task);
        }
        Ok(Self { list, by_topic, only, output: Output::new() })
    }

    fn reads(&self, topic: &str) -> bool {
        self.by_topic.contains_key(topic)
    }

    /// Runs a record and what derives from it, first come first served. `emit` is told whether a record is
    /// a dead letter of a topic of ours; records of repartition topics are not shown to it.
    fn run(
        &mut self,
        program: &Program,
        record: ReplayRecord,
        emit: &mut dyn FnMut(OutputRecord<'_>, bool) -> Result<(), ReplayError>,
    ) -> Result<(), ReplayError> {
        let is_internal =
            |topic: &str| program.outputs.iter().any(|output| output.internal && output.name == topic);
        let mut waiting = VecDeque::from([record]);
        while let Some(record) = waiting.pop_front() {
            let Some(place) = self.by_topic.get_mut(&record.topic) else { continue };
            self.output.clear();
            let headers = |name: &str| record.header(name);
            let input = InputRecord {
                partition: 0,
                offset: place.offset,
                timestamp: record.timestamp,
                key: record.key.as_deref(),
                value: record.value.as_deref(),
                headers: &headers,
            };
            self.list[place.task].process(place.input, &input, &mut self.output);
            place.offset += 1;
            for output in self.output.iter() {
                let internal = is_internal(output.topic());
                if !internal {
                    emit(output, is_internal(&record.topic))?;
                }
                if internal || self.only.is_none() {
                    waiting.push_back(ReplayRecord::of_output(&output));
                }
            }
        }
        Ok(())
    }

    fn counters(&self, queries: usize) -> Vec<QueryCounters> {
        let mut sums = vec![QueryCounters::default(); queries];
        for task in &self.list {
            sums.iter_mut().zip(task.counters()).for_each(|(sum, counters)| *sum += *counters);
        }
        sums
    }
}
