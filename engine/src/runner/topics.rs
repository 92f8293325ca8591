//! The topics that a program needs: made where they are missing, compared where they are there.

use std::collections::BTreeMap;

use broker::{Broker, TopicSpec};
use events::topics::{ALL, DLQ_PARTITIONS, dlq};

use super::{Error, Options};
use crate::plan::{Input, Program, TaskPlan};

/// The changelog of a store.
pub(super) fn changelog(group: &str, store: &str) -> String {
    format!("{group}-{store}-changelog")
}

/// Where a task with several inputs notes in which order it took them, and what it was told of the time.
pub(super) fn journal(group: &str, task: &str) -> String {
    format!("{group}-{task}-journal")
}

/// Whether a task writes a journal.
pub(super) fn is_journaled(task: &TaskPlan) -> bool {
    task.inputs.len() > 1 || task.is_timed()
}

/// Where the rule sets of a group lie.
pub(super) fn rule_set(group: &str) -> String {
    format!("{group}-rule-set")
}

/// The topics that are there, with their partition counts.
type Counts = BTreeMap<String, i32>;

/// Makes all topics of a program. What the rules read is made only where its partitions are known: a topic
/// of the data contract, one that the program writes, or one whose declaration says PARTITIONS.
pub(super) fn ensure(broker: &dyn Broker, options: &Options, program: &Program) -> Result<(), Error> {
    let mut counts: Counts = broker.topics()?.into_iter().map(|t| (t.name, t.partitions)).collect();
    let mut missing = Vec::new();
    for topic in ALL {
        let spec = TopicSpec::retained(topic.name, topic.partitions);
        want(
            &mut counts,
            &mut missing,
            if topic.compacted { TopicSpec::compacted(topic.name, topic.partitions) } else { spec },
        );
    }
    for read in program.tasks.iter().flat_map(|task| &task.inputs) {
        if let Some(spec) = input(broker, program, read, &counts)? {
            want(&mut counts, &mut missing, spec);
        }
    }
    for output in &program.outputs {
        let count = output.partitions.unwrap_or_else(|| root(&counts, program, &output.like));
        let retained = TopicSpec::retained(&output.name, count);
        let spec = if output.compacted { TopicSpec::compacted(&output.name, count) } else { retained };
        want(&mut counts, &mut missing, TopicSpec { replicas: output.replicas, ..spec });
    }
    for task in &program.tasks {
        let count = partitioned_alike(&counts, program, task)?;
        for store in &task.stores {
            let spec = TopicSpec::compacted(changelog(&options.group, &store.name), count);
            same_count(&counts, &spec)?;
            want(&mut counts, &mut missing, spec);
        }
        if is_journaled(task) {
            let spec = TopicSpec::retained(journal(&options.group, &task.name), count);
            same_count(&counts, &spec)?;
            want(&mut counts, &mut missing, spec);
        }
        for input in &task.inputs {
            want(&mut counts, &mut missing, TopicSpec::retained(dlq(&input.topic), DLQ_PARTITIONS));
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    Ok(broker.create_topics(&missing)?)
}

/// Notes a topic as missing where it is not there.
fn want(counts: &mut Counts, missing: &mut Vec<TopicSpec>, spec: TopicSpec) {
    if !counts.contains_key(&spec.name) {
        counts.insert(spec.name.clone(), spec.partitions);
        missing.push(spec);
    }
}

/// How many partitions a topic has, or will have by what it is like.
fn root(counts: &Counts, program: &Program, topic: &str) -> i32 {
    if let Some(count) = counts.get(topic) {
        return *count;
    }
    match program.outputs.iter().find(|o| o.name == topic) {
        Some(output) if output.like != topic => {
            output.partitions.unwrap_or_else(|| root(counts, program, &output.like))
        }
        _ => 1,
    }
}

/// What a task reads: it is there, the program writes it, or its declaration says how to make it.
fn input(
    broker: &dyn Broker,
    program: &Program,
    read: &Input,
    counts: &Counts,
) -> Result<Option<TopicSpec>, Error> {
    let topic = &read.topic;
    if counts.contains_key(topic) || program.outputs.iter().any(|o| o.name == *topic) {
        return Ok(None);
    }
    if let Some(count) = read.readings.iter().find_map(|r| r.source.partitions) {
        let replicas = read.readings.iter().find_map(|r| r.source.replicas);
        return Ok(Some(TopicSpec { replicas, ..TopicSpec::retained(topic, count) }));
    }
    let reader = read.readings.first().map_or("a rule", |r| r.source.name.as_str());
    Err(Error::Topic(format!(
        "the topic {topic}, which {reader} reads, is not on {}: create it, or give PARTITIONS in the WITH clause of {reader} so that the engine makes it",
        broker.describe(),
    )))
}

/// How many partitions a task's inputs have. Those that meet in a join have equally many: otherwise equal keys
/// would lie in partitions of different numbers and never meet.
fn partitioned_alike(counts: &Counts, program: &Program, task: &TaskPlan) -> Result<i32, Error> {
    let count = |input: &Input| counts.get(&input.topic).copied().unwrap_or(1);
    let Some((first, others)) = task.inputs.split_first() else { return Ok(1) };
    if count(first) > 1 && task.steps.iter().any(|step| step.scattered) {
        return Err(Error::Topic(format!(
            "the topic {} has {} partitions, and its rows are joined with rows whose keys are written otherwise, so that equal keys lie in different partitions: write one of the two again with the KEY_FORMAT of the other, by CREATE ... AS SELECT, and join that; or use topics of one partition",
            first.topic,
            count(first),
        )));
    }
    for input in &task.inputs {
        outgrown(counts, program, input, others.is_empty())?;
    }
    match others.iter().find(|other| count(other) != count(first)) {
        None => Ok(count(first)),
        Some(other) => {
            let is_table = |input: &&Input| input.readings.iter().all(|r| r.source.is_table);
            let small = match [first, other].into_iter().find(is_table) {
                Some(table) => {
                    format!(
                        "; or, if {} is a small table, write --@broadcast: true before its CREATE TABLE",
                        table.topic
                    )
                }
                None => String::new(),
            };
            Err(Error::Topic(format!(
                "the topics {} with {} partitions and {} with {} are joined, so they need equally many: write one of them again with as many partitions as the other, by CREATE STREAM ... WITH (PARTITIONS=...) AS SELECT{small}",
                first.topic,
                count(first),
                other.topic,
                count(other),
            )))
        }
    }
}

/// A topic of ours has as many partitions as the one that it is made like, where its records meet others. (Alone it
/// may have fewer or more: its records lie by their key all the same.)
fn outgrown(counts: &Counts, program: &Program, input: &Input, is_alone: bool) -> Result<(), Error> {
    let own = program.outputs.iter().find(|output| output.internal && output.name == input.topic);
    let Some((own, there)) = own.zip(counts.get(&input.topic)) else { return Ok(()) };
    let like = root(counts, program, &own.like);
    if is_alone || *there == like {
        return Ok(());
    }
    Err(Error::Topic(format!(
        "the topic {}, which the engine made, has {there} partitions, but {}, with whose records its own meet, has {like}: partitions were added, so equal keys lie in different partitions; stop the engines of the group, delete {} and the changelogs of the joins that read it (streamguard topics list names them), and start again: these joins begin with what comes then",
        own.name, own.like, own.name,
    )))
}

/// A changelog or journal whose partition count differs means that keys would be looked for in the wrong place.
fn same_count(counts: &Counts, ours: &TopicSpec) -> Result<(), Error> {
    match counts.get(&ours.name) {
        Some(there) if *there != ours.partitions => Err(Error::Topic(format!(
            "the topic {} has {there} partitions, but the topic it belongs to has {}: partitions were added, so the windows cannot be restored exactly; delete it with the changelogs of the same rules to begin with empty windows",
            ours.name, ours.partitions
        ))),
        _ => Ok(()),
    }
}
