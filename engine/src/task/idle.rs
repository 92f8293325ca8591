//! A task learns that its partitions are idle.
//!
//! Enters: for how long no record has come and which stream time that makes, as the runner's clock has it. Leaves:
//! the windows of EMIT FINAL that are closed at that time. What holds: this is an input as a record is: the same
//! at the same place gives the same, so the runner writes it down before its effect is committed.

use super::{FrameRun, InputRecord, NoHeaders, Node, Origin, Output, StreamTask};
use crate::operator::{Run, has_closing, latest};
use crate::plan::StoreId;

/// No record has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Idle {
    /// For so long, in milliseconds.
    pub millis: i64,
    /// The stream time to go on to.
    pub time: i64,
}

impl FrameRun {
    /// After which time without a record stream time goes on, in milliseconds.
    pub(crate) fn idle(&self) -> Option<i64> {
        self.window.and_then(|window| window.idle)
    }
}

impl StreamTask {
    /// The steps whose windows may close so.
    fn timed(&self) -> impl Iterator<Item = (StoreId, &[FrameRun])> {
        self.wiring.steps.iter().filter_map(|step| match &step.node {
            Node::Aggregate { store, frames, .. } if frames.iter().any(|frame| frame.idle().is_some()) => {
                Some((*store, frames.as_slice()))
            }
            _ => None,
        })
    }

    /// The shortest idle time-out of its queries, in milliseconds; None where none has one: then the others of
    /// these need not be called.
    pub fn idle_timeout(&self) -> Option<i64> {
        self.timed().flat_map(|(_, frames)| frames).filter_map(FrameRun::idle).min()
    }

    /// The latest stream time of its queries that have an idle time-out; negative where none had a record.
    pub fn stream_time(&self) -> i64 {
        let time = |(store, frames): (StoreId, &[FrameRun])| latest(frames, self.stores[store].as_deref()?);
        self.timed().filter_map(time).max().unwrap_or(-1)
    }

    /// Whether [`StreamTask::pass_idle`] would close anything.
    pub fn has_closing(&mut self, idle: Idle) -> bool {
        let Self { wiring, stores, .. } = self;
        wiring.steps.iter().any(|step| match &step.node {
            Node::Aggregate { store, frames, .. } => {
                stores[*store].as_deref_mut().is_some_and(|store| has_closing(frames, store, idle))
            }
            _ => false,
        })
    }

    /// Writes the windows that are closed at a stream time which no record has brought.
    pub fn pass_idle(&mut self, number: i32, idle: Idle, output: &mut Output) {
        let Self { wiring, stores, counters, scratch, .. } = self;
        let Some(input) = wiring.inputs.first() else { return };
        // What is written has the origin of the last record of its window; of this one nothing is used.
        let record = &InputRecord {
            partition: number,
            offset: 0,
            timestamp: idle.time,
            key: None,
            value: None,
            headers: &NoHeaders,
        };
        scratch.begin_record();
        for step in &wiring.steps {
            if let Node::Aggregate { store, frames, .. } = &step.node {
                let origin = Origin::of_itself(&input.topic, record);
                let (stores, counters) = (&mut *stores, &mut *counters);
                let (scratch, output) = (&mut *scratch, &mut *output);
                Run { wiring, input, record, origin, stores, counters, scratch, output }
                    .pass_idle(*store, frames, idle);
            }
        }
    }
}
