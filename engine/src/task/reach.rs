//! Which queries a step's rows lead to: whom to count for, and which steps a restricted task needs.

use crate::plan::{Operator, Program, QueryId, TaskPlan};

/// Adds the queries that are not there yet.
pub(super) fn add_all(all: &mut Vec<QueryId>, more: &[QueryId]) {
    for query in more {
        if !all.contains(query) {
            all.push(*query);
        }
    }
}

/// Which queries a step's rows lead to.
pub(super) struct Reach<'p> {
    pub(super) program: &'p Program,
    pub(super) plan: &'p TaskPlan,
    pub(super) only: Option<QueryId>,
}

impl Reach<'_> {
    /// Per step. A step stands after those that feed it, so the last ones are known first.
    pub(super) fn of_steps(&self) -> Vec<Vec<QueryId>> {
        let mut reach = vec![Vec::new(); self.plan.steps.len()];
        for (id, step) in self.plan.steps.iter().enumerate().rev() {
            let mut queries = match &step.operator {
                Operator::Aggregate { frames, .. } => {
                    frames.iter().flat_map(|frame| &frame.outputs).map(|output| output.query).collect()
                }
                Operator::Repartition { topic, .. } => self.readers_of(topic),
                _ => step.query.into_iter().collect(),
            };
            queries.retain(|query| self.only.is_none_or(|only| only == *query));
            step.outputs.iter().for_each(|output| add_all(&mut queries, &reach[*output]));
            reach[id] = queries;
        }
        reach
    }

    /// The queries that read a repartition topic.
    fn readers_of(&self, topic: &str) -> Vec<QueryId> {
        let inputs = self.program.tasks.iter().flat_map(|task| &task.inputs);
        let mut queries = Vec::new();
        inputs
            .filter(|input| input.topic == topic)
            .flat_map(|input| &input.readings)
            .for_each(|reading| add_all(&mut queries, &reading.queries));
        queries
    }
}
