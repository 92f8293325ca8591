//! Which queries a step's rows lead to: whom to count for, and which steps a restricted task needs.

use super::{Node, Wiring};
use crate::plan::{Operator, Program, QueryId, StepId, StoreId, TaskPlan};

/// Adds the queries that are not there yet.
pub(super) fn add_all(all: &mut Vec<QueryId>, more: &[QueryId]) {
    for query in more {
        if !all.contains(query) {
            all.push(*query);
        }
    }
}

/// The steps that lead to some query.
pub(super) fn active(steps: &[StepId], reach: &[Vec<QueryId>]) -> Vec<StepId> {
    steps.iter().copied().filter(|step| !reach[*step].is_empty()).collect()
}

impl Wiring {
    /// Collects the queries that the steps lead to: those whose records end here, and all.
    pub(super) fn ends_of(
        &self,
        steps: &[StepId],
        reach: &[Vec<QueryId>],
        queries: &mut Vec<QueryId>,
        all: &mut Vec<QueryId>,
    ) {
        for &step in steps {
            add_all(all, &reach[step]);
            if !matches!(self.steps[step].node, Node::Repartition { .. }) {
                add_all(queries, &reach[step]);
            }
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
                Operator::Repartition { topic, .. } | Operator::MoveRows { topic, .. } => {
                    self.readers_of(topic)
                }
                _ => step.query.into_iter().collect(),
            };
            queries.retain(|query| self.only.is_none_or(|only| only == *query));
            step.outputs.iter().for_each(|output| add_all(&mut queries, &reach[*output]));
            if let Operator::Table { store, .. } = step.operator {
                self.lookups(store, &reach).iter().for_each(|reader| add_all(&mut queries, &reach[*reader]));
            }
            reach[id] = queries;
        }
        reach
    }

    /// The steps that look rows up in a table's store. They stand after the step that fills it.
    fn lookups(&self, store: StoreId, reach: &[Vec<QueryId>]) -> Vec<StepId> {
        let looks_up = |operator: &Operator| {
            let mut found = false;
            if let Operator::Join(_) | Operator::Foreign(_) = operator {
                operator.visit_stores(&mut |other| found |= other == store);
            }
            found
        };
        let steps = self.plan.steps.iter().enumerate();
        steps.filter(|(id, s)| !reach[*id].is_empty() && looks_up(&s.operator)).map(|(id, _)| id).collect()
    }

    /// The queries that a table's step serves by look-ups alone: a record of the table ends there.
    pub(super) fn readers(&self, id: StepId, reach: &[Vec<QueryId>]) -> Vec<QueryId> {
        let mut readers = reach[id].clone();
        readers.retain(|query| !self.plan.steps[id].outputs.iter().any(|o| reach[*o].contains(query)));
        readers
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
