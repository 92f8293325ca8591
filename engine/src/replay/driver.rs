//! The order of a replay: which record goes through which task next.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::running::Running;
use super::{Order, ReplayError, ReplayRecord, ReplaySummary};
use crate::plan::{InputId, InsertedRecord, Program, QueryId};
use crate::task::{InputRecord, Output, OutputRecord, QueryCounters, TaskError};

/// After so many records the stores forget what has changed, so that memory does not grow with the input.
const RECORDS_PER_COMMIT: u64 = 10_000;

/// Takes what is written, in order.
type Emit<'e> = &'e mut dyn FnMut(OutputRecord<'_>) -> Result<(), ReplayError>;

/// Tasks on one partition a topic, fed record by record.
#[derive(Debug)]
pub struct Replay<'p> {
    program: &'p Program,
    order: Order,
    tasks: Tasks,
    /// For [`Order::Query`]: all records of the topics that are read.
    logs: BTreeMap<String, Vec<Logged>>,
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

    /// Stops every task after each of its records and begins it anew from its changelog, the proof of
    /// invariant 2: nothing that is written may change by that. Before the first record.
    pub fn stop_after_each_record(&mut self) {
        self.tasks.stop_after_each_record();
    }

    /// Keeps changelogs, so that [`Replay::stop_and_restore`] can be called. Before the first record.
    pub fn keep_changelogs(&mut self) {
        self.tasks.list.iter_mut().for_each(Running::keep_changelog);
    }

    /// A commit of every task.
    pub fn commit(&mut self) {
        self.tasks.list.iter_mut().for_each(Running::commit);
    }

    /// Stops every task here and begins it anew from its changelog; in [`Order::Record`].
    ///
    /// # Errors
    /// The changelog cannot be read.
    pub fn stop_and_restore(&mut self) -> Result<(), ReplayError> {
        let mut tasks = self.tasks.list.iter_mut();
        tasks.try_for_each(|running| running.stop_and_restore(self.program))
    }

    /// The records of the program's INSERT INTO ... VALUES, which are fed before all others.
    pub fn inserts(&self) -> Vec<ReplayRecord> {
        let record = |insert: &InsertedRecord| ReplayRecord {
            topic: insert.topic.clone(),
            key: insert.key.clone(),
            value: insert.value.clone(),
            timestamp: insert.timestamp.unwrap_or_default(),
            headers: Vec::new(),
        };
        self.program.inserts.iter().map(record).collect()
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
            let logged = Logged { number: Some(self.read), record };
            self.logs.entry(logged.record.topic.clone()).or_default().push(logged);
            return Ok(());
        }
        self.tasks.run(self.program, record, &mut |output, _| emit(output))?;
        if self.read.is_multiple_of(RECORDS_PER_COMMIT) {
            self.commit();
        }
        Ok(())
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
        if self.tasks.stops {
            tasks.stop_after_each_record();
        }
        let mut sources: Vec<(String, usize)> =
            self.program.queries[query].source_topics.iter().map(|topic| (topic.clone(), 0)).collect();
        while let Some(record) = next_of(&mut sources, &self.logs) {
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
                    let log = logs.entry(record.topic.clone()).or_default();
                    log.push(Logged { number: None, record });
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

/// A record that waits for the queries that read it.
#[derive(Debug)]
struct Logged {
    /// Its place in the input; None where a query wrote it.
    number: Option<u64>,
    record: ReplayRecord,
}

/// The next record of these topics, each with the place to read on from: those of the input in its order, then
/// topic by topic what queries wrote.
fn next_of(sources: &mut [(String, usize)], logs: &BTreeMap<String, Vec<Logged>>) -> Option<ReplayRecord> {
    let head = |(topic, next): &(String, usize)| logs.get(topic).and_then(|log| log.get(*next));
    let heads = sources.iter().enumerate().filter_map(|(at, source)| Some((at, head(source)?)));
    let (at, logged) = heads.min_by_key(|(at, logged)| (logged.number.unwrap_or(u64::MAX), *at))?;
    sources[at].1 += 1;
    Some(logged.record.clone())
}

/// The tasks, and the place of each topic among their inputs with its next offset.
#[derive(Debug)]
struct Tasks {
    list: Vec<Running>,
    by_topic: BTreeMap<String, Place>,
    /// Do one query's work only: what it writes is not read on at once, its repartition topics apart.
    only: Option<QueryId>,
    /// Stop and begin anew after each record.
    stops: bool,
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
            let running = Running::new(program, id, only)?;
            let task = &running.task;
            for (input, topic) in task.topics().enumerate().filter(|(input, _)| task.reads(*input)) {
                by_topic.insert(topic.to_owned(), Place { task: list.len(), input, offset: 0 });
            }
            list.push(running);
        }
        Ok(Self { list, by_topic, only, stops: false, output: Output::new() })
    }

    fn stop_after_each_record(&mut self) {
        self.stops = true;
        self.list.iter_mut().for_each(Running::keep_changelog);
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
            let running = &mut self.list[place.task];
            self.output.clear();
            let input = InputRecord {
                partition: 0,
                offset: place.offset,
                timestamp: record.timestamp,
                key: record.key.as_deref(),
                value: record.value.as_deref(),
                headers: &record.headers.as_slice(),
            };
            running.task.process(place.input, &input, &mut self.output);
            if let Some(problem) = self.output.stop_reason() {
                return Err(ReplayError::Stop(problem.clone()));
            }
            place.offset += 1;
            if self.stops {
                running.stop_and_restore(program)?;
            }
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
        for running in &self.list {
            sums.iter_mut().zip(running.counters()).for_each(|(sum, counters)| *sum += counters);
        }
        sums
    }
}
