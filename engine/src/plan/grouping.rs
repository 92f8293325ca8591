//! From a query's GROUP BY to steps: what queries share of it is there once.
//!
//! What holds: queries that group the same rows by the same key share a step and its store; those that also
//! share filter and window share a frame, and equal calls in it.

use super::cooldown::group_key;
use super::from::From;
use super::joining::{Joining, is_keyed_by};
use super::logical::{Grouping, LogicalQuery};
use super::moving::{come_filtered, is_astray, plain_format};
use super::physical::{Flow, Planner, is_topic_key, key_columns, key_name, sink, source_name};
use super::{
    Call, DerivedRef, Emit, Fingerprint, Frame, FrameOutput, Operator, QueryId, Step, StepId, StoreKind,
    StorePlan, TaskPlan, WindowKind,
};
use crate::types::expr::Expr;

impl Planner<'_> {
    /// Grouped: where the key is not the topic's, behind a repartition topic.
    pub(super) fn aggregate(&mut self, id: QueryId, query: &LogicalQuery, grouping: &Grouping) {
        let step = match &query.from {
            from if from.is_table() => self.group_table(id, query, grouping),
            From::Source(source) => {
                let at = if is_topic_key(source, &grouping.key) {
                    self.reading(&source.topic, source, false, id)
                } else {
                    let topic = self.repartition(
                        id,
                        source,
                        &grouping.key,
                        (plain_format(&grouping.key), &source.topic),
                    );
                    self.reading(&topic, source, true, id)
                };
                self.want(at, query.used_columns());
                self.grouping_step(&Flow { at, steps: Vec::new() }, &source_name(source), grouping)
            }
            From::Join(join) => {
                let joining = Joining::new(id, query);
                let rows = Fingerprint::of(&format!("rows/1 {}", query.from.input_text())).short();
                let name = format!("{}-{rows}", source_name(&query.sink));
                if is_astray(&query.from, &grouping.key) {
                    let flow = self.moved_groups(&joining, join, (&name, grouping));
                    self.grouping_step(&flow, &name, grouping)
                } else {
                    let flow = self.joined(&joining, join);
                    let step = self.grouping_step(&flow, &name, grouping);
                    self.whole.steps[step].scattered = !grouping.key.iter().any(|key| is_keyed_by(join, key));
                    step
                }
            }
        };
        let flow = Flow { at: (0, 0), steps: Vec::new() };
        let rows = self.store_name(step).to_owned();
        let cooldown = self.cooldown(id, query, group_key(&grouping.key), &rows);
        let project = self.step(Operator::Project { exprs: grouping.exprs.clone() }, Some(id));
        cooldown.iter().for_each(|cooldown| self.whole.steps[*cooldown].outputs.push(project));
        self.behind(&Flow { steps: vec![project], ..flow }, Operator::Sink(sink(query)), id);
        let place = self.frame_output(step, id, query, grouping, (cooldown.unwrap_or(project), project));
        if let (Some((frame, output)), Operator::Aggregate { store, .. }) =
            (place, &self.whole.steps[step].operator)
        {
            self.groupings.insert(id, DerivedRef { step, store: *store, frame, output, query: id });
        }
    }

    /// The name of the store of an aggregation.
    fn store_name(&self, step: StepId) -> &str {
        match self.whole.steps[step].operator {
            Operator::Aggregate { store, .. } => &self.whole.stores[store].name,
            _ => "",
        }
    }

    /// The step that groups a reading by this key, shared by all queries that do.
    /// Sessions have a store and a step of their own.
    pub(super) fn grouping_step(&mut self, flow: &Flow, rows: &str, grouping: &Grouping) -> StepId {
        let key = &grouping.key;
        let (kind, suffix) = match grouping.window.map(|window| window.kind) {
            Some(WindowKind::Session { .. }) => (StoreKind::Sessions, "-sessions"),
            _ => (StoreKind::Aggregates, ""),
        };
        let name = format!("{rows}-by-{}{suffix}", key_name(key));
        let task = &mut self.whole;
        if let Some(store) = task.stores.iter().position(|s| s.name == name) {
            let is_it =
                |s: &Step| matches!(s.operator, Operator::Aggregate { store: other, .. } if other == store);
            if let Some(step) = task.steps.iter().position(is_it) {
                return step;
            }
        }
        task.stores.push(StorePlan { name, key: key_columns(key), kind, since: 0 });
        let operator =
            Operator::Aggregate { store: task.stores.len() - 1, key: key.clone(), frames: Vec::new() };
        let step = self.step(operator, None);
        self.connect(flow, step);
        step
    }

    /// Adds a query's aggregates to the frame that it shares with others, and its output; the places of both. Its HAVING and
    /// projection keep the column of each call by name until [`Planner::finish`] knows the final layout.
    fn frame_output(
        &mut self,
        step: StepId,
        id: QueryId,
        query: &LogicalQuery,
        grouping: &Grouping,
        (entry, project): (StepId, StepId),
    ) -> Option<(usize, usize)> {
        let Operator::Aggregate { frames, .. } = &mut self.whole.steps[step].operator else { return None };
        let fingerprint = grouping.frame_fingerprint(&query.from, query.filter.as_ref());
        let at = frames.iter().position(|f| f.fingerprint == fingerprint).unwrap_or_else(|| {
            frames.push(Frame {
                fingerprint,
                filter: query.filter.clone().filter(|_| !come_filtered(query, grouping)),
                window: grouping.window,
                calls: Vec::new(),
                outputs: Vec::new(),
            });
            frames.len() - 1
        });
        let frame = &mut frames[at];
        let places: Vec<usize> = grouping
            .calls
            .iter()
            .map(|(aggregate, args)| {
                let fingerprint = Fingerprint::of(&Grouping::call_text(frame.fingerprint, aggregate, args));
                frame.calls.iter().position(|c| c.fingerprint == fingerprint).unwrap_or_else(|| {
                    frame.calls.push(Call { fingerprint, aggregate: aggregate.clone(), args: args.clone() });
                    frame.calls.len() - 1
                })
            })
            .collect();
        let (keys, calls) = (grouping.key.len(), grouping.calls.len());
        let place = move |i: usize| match i {
            i if i < keys => i,
            i if i < keys + calls => keys + places[i - keys],
            i => PSEUDO + i - keys - calls,
        };
        let mut having = grouping.having.clone();
        having.iter_mut().for_each(|h| h.map_columns(&place));
        let first = (grouping.emit == Emit::First)
            .then(|| query.rule.as_ref().map_or(query.id.clone(), |r| format!("{} {}", r.name, r.version)))
            .map(|rule| Fingerprint::of(&format!("fired/1 {rule}")));
        frame.outputs.push(FrameOutput {
            query: id,
            having,
            first,
            is_final: grouping.is_final,
            step: entry,
        });
        let output = frame.outputs.len() - 1;
        if let Operator::Project { exprs } = &mut self.whole.steps[project].operator {
            exprs.iter_mut().for_each(|e| e.map_columns(&place));
        }
        Some((at, output))
    }
}

/// Where the aggregate row's pseudo columns stand until the number of its calls is final.
const PSEUDO: usize = 1 << 20;

/// Puts the pseudo columns of each frame's row behind its last call.
pub(super) fn settle_pseudo(task: &mut TaskPlan) {
    let mut bases = vec![None; task.steps.len()];
    for step in &mut task.steps {
        let Operator::Aggregate { key, frames, .. } = &mut step.operator else { continue };
        for frame in frames {
            let base = key.len() + frame.calls.len();
            for output in &mut frame.outputs {
                bases[output.step] = Some(base);
                output.having.iter_mut().for_each(|h| settle(h, base));
            }
        }
    }
    for (at, step) in task.steps.iter().enumerate() {
        if let (Operator::Cooldown { .. }, Some(base)) = (&step.operator, bases[at]) {
            step.outputs.iter().for_each(|output| bases[*output] = Some(base));
        }
    }
    for (step, base) in task.steps.iter_mut().zip(bases) {
        if let (Operator::Project { exprs }, Some(base)) = (&mut step.operator, base) {
            exprs.iter_mut().for_each(|e| settle(e, base));
        }
    }
}

fn settle(expr: &mut Expr, base: usize) {
    expr.map_columns(&|i| if i >= PSEUDO { base + i - PSEUDO } else { i });
}
