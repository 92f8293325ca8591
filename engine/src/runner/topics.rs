//! The topics that a program needs: made where they are missing, compared where they are there.

use std::collections::BTreeMap;

use broker::{Broker, TopicSpec};
use events::topics::{ALL, DLQ_PARTITIONS, dlq};

use super::{Error, Options};
use crate::plan::{Program, TaskPlan};

/// The changelog of a store.
pub(super) fn changelog(group: &str, store: &str) -> String {
    format!("{group}-{store}-changelog")
}

/// Makes all topics of a program. What the rules read is made only where its partitions are known: a topic
/// of the data contract, one that the program writes, or one whose declaration says PARTITIONS.
pub(super) fn ensure(broker: &dyn Broker, options: &Options, program: &Program) -> Result<(), Error> {
    let known: Vec<_> = ALL
        .iter()
        .map(|t| {
            let spec = TopicSpec::retained(t.name, t.partitions);
            if t.compacted { TopicSpec::compacted(t.name, t.partitions) } else { spec }
        })
        .collect();
    create_missing(broker, known)?;
    let mut partitions = BTreeMap::new();
    for task in &program.tasks {
        inputs(broker, program, task, &mut partitions)?;
    }
    let mut specs = Vec::new();
    for output in &program.outputs {
        let count = match (partition_count(broker, &output.name)?, output.partitions) {
            (Some(there), _) => there,
            (None, Some(count)) => count,
            (None, None) => root(broker, program, &output.like)?,
        };
        partitions.insert(output.name.clone(), count);
        let spec = TopicSpec::retained(&output.name, count);
        specs.push(if output.compacted { TopicSpec::compacted(&output.name, count) } else { spec });
    }
    for task in &program.tasks {
        let count = partitions.get(&task.input.topic).copied().unwrap_or(1);
        specs.extend(
            task.stores.iter().map(|s| TopicSpec::compacted(changelog(&options.group, &s.name), count)),
        );
        if !program.outputs.iter().any(|o| o.internal && o.name == task.input.topic) {
            specs.push(TopicSpec::retained(dlq(&task.input.topic), DLQ_PARTITIONS));
        }
    }
    changed_counts(broker, &specs)?;
    create_missing(broker, specs)
}

fn partition_count(broker: &dyn Broker, topic: &str) -> Result<Option<i32>, Error> {
    Ok(broker.topic(topic)?.map(|t| t.partitions))
}

/// How many partitions a topic has, or will have by what it is like.
fn root(broker: &dyn Broker, program: &Program, topic: &str) -> Result<i32, Error> {
    if let Some(count) = partition_count(broker, topic)? {
        return Ok(count);
    }
    match program.outputs.iter().find(|o| o.name == topic) {
        Some(output) if output.like != topic => match output.partitions {
            Some(count) => Ok(count),
            None => root(broker, program, &output.like),
        },
        _ => Ok(1),
    }
}

/// Sees that what a task reads is there.
fn inputs(
    broker: &dyn Broker,
    program: &Program,
    task: &TaskPlan,
    partitions: &mut BTreeMap<String, i32>,
) -> Result<(), Error> {
    let topic = &task.input.topic;
    if let Some(count) = partition_count(broker, topic)? {
        partitions.insert(topic.clone(), count);
        return Ok(());
    }
    if program.outputs.iter().any(|o| o.name == *topic) {
        return Ok(());
    }
    let declared = task.input.readings.iter().find_map(|r| r.source.partitions);
    let Some(count) = declared else {
        return Err(Error::Topic(format!(
            "the topic {topic}, which {} reads, is not on {}: create it, or give PARTITIONS in the WITH clause of {} so that the engine makes it",
            task.input.readings.first().map_or("a rule", |r| r.source.name.as_str()),
            broker.describe(),
            task.input.readings.first().map_or("its source", |r| r.source.name.as_str()),
        )));
    };
    partitions.insert(topic.clone(), count);
    create_missing(broker, vec![TopicSpec::retained(topic, count)])
}

/// A changelog or repartition topic whose partition count differs means that keys would be looked for in the
/// wrong place.
fn changed_counts(broker: &dyn Broker, specs: &[TopicSpec]) -> Result<(), Error> {
    for spec in specs {
        if let Some(there) = partition_count(broker, &spec.name)?
            && there != spec.partitions
            && spec.name.ends_with("-changelog")
        {
            return Err(Error::Topic(format!(
                "the changelog {} has {there} partitions, but the topic it belongs to has {}: partitions were added, so the windows cannot be restored exactly; delete the changelog to begin with empty windows",
                spec.name, spec.partitions
            )));
        }
    }
    Ok(())
}

fn create_missing(broker: &dyn Broker, specs: Vec<TopicSpec>) -> Result<(), Error> {
    let mut missing = Vec::new();
    for spec in specs {
        if broker.topic(&spec.name)?.is_none() && !missing.iter().any(|m: &TopicSpec| m.name == spec.name) {
            missing.push(spec);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    Ok(broker.create_topics(&missing)?)
}
