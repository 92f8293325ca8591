//! What a program of rules is: its queries, the topics it writes, and what it does besides in `replay`.

use std::collections::BTreeMap;
use std::sync::Arc;

use events::Mask;

use super::{InputId, Rule, Source, TaskPlan};
use crate::types::Value;

/// All that the rule files say, ready to run.
#[derive(Debug, Default)]
pub struct Program {
    /// The persistent queries in order of their statements.
    pub queries: Vec<Query>,
    /// Each topic that is read is the input of one of them; in order of the topics' first use. All of them
    /// together do the queries' work.
    pub tasks: Vec<TaskPlan>,
    /// The topics that the program writes, each once: sinks and repartition topics.
    pub outputs: Vec<OutputTopic>,
    /// Records of `INSERT INTO ... VALUES`, for `replay`.
    pub inserts: Vec<InsertedRecord>,
    /// What `ASSERT` expects, for `replay`.
    pub assertions: Vec<Assertion>,
    /// The declared and derived sources by name, for DESCRIBE and for reading topics as JSON.
    pub sources: BTreeMap<String, Arc<Source>>,
    /// How records that cannot be read are kept.
    pub dead_letters: DeadLetters,
}

/// How records that cannot be read are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeadLetters {
    /// Columns that must not be seen in them.
    pub mask: Mask,
    /// The most bytes of a dead letter: what is longer is cut.
    pub max_bytes: usize,
    /// How many records of each 10,000 offsets of a partition get a letter of their own; the others are told of by
    /// their offsets. None: all.
    pub limit: Option<u32>,
}

impl Default for DeadLetters {
    fn default() -> Self {
        // What clients of Kafka send at most, unless told otherwise, is 1,000,000 bytes.
        Self { mask: Mask::default(), max_bytes: 950_000, limit: None }
    }
}

impl Program {
    /// The task and its input that read a topic.
    pub fn reader_of(&self, topic: &str) -> Option<(usize, InputId)> {
        self.tasks.iter().enumerate().find_map(|(task, plan)| {
            plan.inputs.iter().position(|input| input.topic == topic).map(|input| (task, input))
        })
    }

    /// The topic whose table a topic of ours has copies of, if it is one of those.
    pub fn copied(&self, topic: &str) -> Option<&str> {
        self.outputs.iter().find(|output| output.name == topic)?.copy_of.as_deref()
    }

    /// The topics that are read.
    pub fn input_topics(&self) -> impl Iterator<Item = &str> {
        self.tasks.iter().flat_map(|task| &task.inputs).map(|input| input.topic.as_str())
    }
}

/// A persistent query.
#[derive(Debug)]
pub struct Query {
    /// ksqlDB's id: `CSAS_NAME_0`, `INSERTQUERY_3`, or its QUERY_ID.
    pub id: String,
    /// The topics it reads, left to right, each once.
    pub source_topics: Vec<String>,
    /// The topic it writes.
    pub sink_topic: String,
    /// What makes it a rule: its sink topic is `fraud_alerts`.
    pub rule: Option<Rule>,
    /// Its text with variables substituted.
    pub sql: String,
}

/// A topic that the program writes.
#[derive(Debug, Clone, PartialEq)]
pub struct OutputTopic {
    /// Its name.
    pub name: String,
    /// Partitions; None for as many as its input has.
    pub partitions: Option<i32>,
    /// Replicas; None for as many as the log gives by default.
    pub replicas: Option<i32>,
    /// The topic whose partition count it takes where `partitions` is None.
    pub like: String,
    /// Holds a table: compacted (never the alerts' topic).
    pub compacted: bool,
    /// Ours alone: a repartition topic.
    pub internal: bool,
    /// Each of its partitions has all changes of the table that this topic holds.
    pub copy_of: Option<String>,
}

impl OutputTopic {
    /// A topic of ours with as many partitions as another one, by which records reach the task that needs them.
    pub(super) fn internal(name: String, like: &str) -> Self {
        let like = like.to_owned();
        Self { name, partitions: None, replicas: None, like, compacted: false, internal: true, copy_of: None }
    }
}

/// A record that a statement wrote.
#[derive(Debug, Clone, PartialEq)]
pub struct InsertedRecord {
    /// Its topic.
    pub topic: String,
    /// The key's bytes.
    pub key: Option<Vec<u8>>,
    /// The value's bytes.
    pub value: Option<Vec<u8>>,
    /// Milliseconds; None: the time of writing (0 offline).
    pub timestamp: Option<i64>,
}

/// What ASSERT expects of a replay.
#[derive(Debug, Clone)]
pub struct Assertion {
    /// The statement, behind its file and line.
    pub statement: String,
    /// What it expects.
    pub expected: Expected,
}

/// What is expected.
#[derive(Debug, Clone)]
pub enum Expected {
    /// Something that was not so when the program was loaded: what was expected and what came.
    Other(String),
    /// The next record of a source's topic.
    Record(ExpectedRecord),
}

/// The record that is expected next on a source's topic.
#[derive(Debug, Clone)]
pub struct ExpectedRecord {
    /// The source.
    pub source: Arc<Source>,
    /// Key and value as its columns; those of headers are not compared.
    pub row: Vec<Value<'static>>,
    /// The record has no value.
    pub is_tombstone: bool,
    /// Its time, where that is compared.
    pub timestamp: Option<i64>,
    /// Start and end of its key's window, where those are compared.
    pub window: [Option<i64>; 2],
    /// Numbers are compared as DOUBLE.
    pub inexact: bool,
}
