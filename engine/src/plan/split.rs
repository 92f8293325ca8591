//! From one plan of everything to tasks: what hangs together is one task.
//!
//! Enters: all inputs, stores and steps. Leaves: a [`TaskPlan`] per group of inputs that feed a common step or
//! reach a common store. What holds: inputs, stores and steps keep their order; ids fit the task they are in.

use super::{Operator, StepId, StoreId, TaskPlan};

/// Everything as nodes of one graph: inputs, then steps, then stores.
struct Groups {
    parents: Vec<usize>,
    steps_at: usize,
    stores_at: usize,
}

impl Groups {
    fn root(&self, mut node: usize) -> usize {
        while self.parents[node] != node {
            node = self.parents[node];
        }
        node
    }

    /// The lower node stays the root, so that a group is named by its first input.
    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parents[a.max(b)] = a.min(b);
    }

    fn of(whole: &TaskPlan) -> Self {
        let steps_at = whole.inputs.len();
        let stores_at = steps_at + whole.steps.len();
        let nodes = stores_at + whole.stores.len();
        let mut groups = Self { parents: (0..nodes).collect(), steps_at, stores_at };
        for (at, input) in whole.inputs.iter().enumerate() {
            for output in input.readings.iter().flat_map(|reading| &reading.outputs) {
                groups.join(at, steps_at + output);
            }
        }
        for (at, step) in whole.steps.iter().enumerate() {
            for output in &step.outputs {
                groups.join(steps_at + at, steps_at + output);
            }
            step.operator.visit_steps(&mut |output| groups.join(steps_at + at, steps_at + output));
            step.operator.visit_stores(&mut |store| groups.join(steps_at + at, stores_at + store));
        }
        groups
    }
}

/// Where a node of the whole stands in its task.
type Places = Vec<usize>;

/// Moves each of `all` to the task of its group, and says where it went.
fn distribute<T>(
    all: Vec<T>,
    group: impl Fn(usize) -> usize,
    tasks: &mut [TaskPlan],
    list: impl Fn(&mut TaskPlan) -> &mut Vec<T>,
) -> Places {
    let mut places = Vec::with_capacity(all.len());
    for (at, item) in all.into_iter().enumerate() {
        let list = list(&mut tasks[group(at)]);
        places.push(list.len());
        list.push(item);
    }
    places
}

/// See the module.
pub(super) fn split(whole: TaskPlan) -> Vec<TaskPlan> {
    let groups = Groups::of(&whole);
    let mut tasks = Vec::new();
    let mut task_of = vec![0; groups.parents.len()];
    for (at, input) in whole.inputs.iter().enumerate() {
        if groups.root(at) == at {
            task_of[at] = tasks.len();
            let name = input.topic.clone();
            tasks.push(TaskPlan { name, inputs: Vec::new(), stores: Vec::new(), steps: Vec::new() });
        }
    }
    let task = |node: usize| task_of[groups.root(node)];
    if tasks.is_empty() {
        return tasks;
    }
    distribute(whole.inputs, task, &mut tasks, |t| &mut t.inputs);
    let steps = distribute(whole.steps, |at| task(groups.steps_at + at), &mut tasks, |t| &mut t.steps);
    let stores = distribute(whole.stores, |at| task(groups.stores_at + at), &mut tasks, |t| &mut t.stores);
    for task in &mut tasks {
        renumber(task, &steps, &stores);
    }
    tasks
}

fn renumber(task: &mut TaskPlan, steps: &Places, stores: &Places) {
    let moved = |id: &mut StepId| *id = steps[*id];
    for reading in task.inputs.iter_mut().flat_map(|input| &mut input.readings) {
        reading.outputs.iter_mut().for_each(moved);
    }
    for step in &mut task.steps {
        step.outputs.iter_mut().for_each(moved);
        step.operator.map_steps(&moved);
        step.operator.map_stores(&|id: &mut StoreId| *id = stores[*id]);
    }
}

impl Operator {
    /// The steps that it feeds besides its step's outputs.
    fn visit_steps(&self, visit: &mut dyn FnMut(StepId)) {
        if let Operator::Aggregate { frames, .. } = self {
            frames.iter().flat_map(|frame| &frame.outputs).for_each(|output| visit(output.step));
        }
    }

    fn map_steps(&mut self, map: &dyn Fn(&mut StepId)) {
        match self {
            Operator::Aggregate { frames, .. } => {
                let outputs = frames.iter_mut().flat_map(|frame| &mut frame.outputs);
                outputs.for_each(|output| map(&mut output.step));
            }
            Operator::Join(join) => join.map_steps(map),
            _ => {}
        }
    }

    /// The stores that it reaches.
    pub(crate) fn visit_stores(&self, visit: &mut dyn FnMut(StoreId)) {
        match self {
            Operator::Table { store, .. }
            | Operator::Aggregate { store, .. }
            | Operator::Cooldown { store, .. } => visit(*store),
            Operator::Join(join) => join.visit_stores(visit),
            Operator::Foreign(step) => step.visit_stores(visit),
            _ => {}
        }
    }

    fn map_stores(&mut self, map: &dyn Fn(&mut StoreId)) {
        match self {
            Operator::Table { store, .. }
            | Operator::Aggregate { store, .. }
            | Operator::Cooldown { store, .. } => map(store),
            Operator::Join(join) => join.map_stores(map),
            Operator::Foreign(step) => step.map_stores(map),
            _ => {}
        }
    }
}
