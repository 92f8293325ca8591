//! Which queries use what of a program: its inputs, topics and stores, for people who look at topics.

use std::collections::{BTreeMap, BTreeSet};

use crate::plan::{Operator, Program, QueryId, StepId, StoreId, TaskPlan};

impl Program {
    /// What people call a query: its rule's name, else its id.
    pub(super) fn query_name(&self, query: QueryId) -> &str {
        self.queries.get(query).map_or("", |q| q.rule.as_ref().map_or(&q.id, |rule| &rule.name))
    }

    /// By topic: the names of the queries that read it or write it. Topics of ours are those of the queries that
    /// read them.
    pub(super) fn users_of_topics(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let mut users: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for input in self.tasks.iter().flat_map(|task| &task.inputs) {
            let names = input.readings.iter().flat_map(|r| &r.queries).map(|query| self.query_name(*query));
            users.entry(&input.topic).or_default().extend(names);
        }
        for (id, query) in self.queries.iter().enumerate() {
            users.entry(&query.sink_topic).or_default().insert(self.query_name(id));
        }
        users
    }

    /// The names of the queries that use a store of a task.
    pub(super) fn users_of_store(&self, task: &TaskPlan, store: StoreId) -> BTreeSet<&str> {
        let reaches = |step: &StepId| {
            let mut found = false;
            task.steps[*step].operator.visit_stores(&mut |other| found |= other == store);
            found
        };
        let mut queries = BTreeSet::new();
        (0..task.steps.len()).filter(reaches).for_each(|step| behind(task, step, &mut queries));
        queries.into_iter().map(|query| self.query_name(query)).collect()
    }
}

impl TaskPlan {
    /// Whether some query's windows close after an idle time: then whoever runs the task tells it the time.
    pub(super) fn is_timed(&self) -> bool {
        let is_timed = |operator: &Operator| match operator {
            Operator::Aggregate { frames, .. } => {
                frames.iter().any(|frame| frame.window.is_some_and(|window| window.idle.is_some()))
            }
            _ => false,
        };
        self.steps.iter().any(|step| is_timed(&step.operator))
    }
}

/// The queries of a step and of all that it feeds.
fn behind(task: &TaskPlan, step: StepId, queries: &mut BTreeSet<QueryId>) {
    let step = &task.steps[step];
    queries.extend(step.query);
    if let Operator::Aggregate { frames, .. } = &step.operator {
        queries.extend(frames.iter().flat_map(|frame| &frame.outputs).map(|output| output.query));
    }
    step.outputs.iter().for_each(|next| behind(task, *next, queries));
}
