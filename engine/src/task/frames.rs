//! Frames made ready to run: what of a grouping step is done per filter and window.
//!
//! Enters: a [`Frame`] of the plan and the outputs that are wanted of it. Leaves: the same with what its
//! records need at hand: which columns HAVING reads, where its slots lie, how its windows wait for their end.

use super::wiring::repartition_encoder;
use crate::format::{Encoder, FormatError};
use crate::plan::{Fingerprint, Frame, FrameOutput, QueryId, StepId, WindowKind, WindowPlan};
use crate::types::aggregate::Aggregate;
use crate::types::expr::{CompareOp, Expr, Node};
use crate::types::{Column, Value};

/// A frame ready to run: see [`Frame`].
#[derive(Debug)]
pub(crate) struct FrameRun {
    /// Its place in the store's layout.
    pub(crate) place: usize,
    pub(crate) filter: Option<Expr>,
    pub(crate) window: Option<WindowPlan>,
    pub(crate) calls: Vec<(Aggregate, Option<Expr>)>,
    /// Some call takes more than a column.
    pub(crate) computes: bool,
    pub(crate) outputs: Vec<FrameOutputRun>,
    /// For EMIT FINAL; None where all outputs are written as they change.
    pub(crate) finals: Option<FinalRun>,
    /// The queries of its outputs, each once.
    pub(crate) queries: Vec<QueryId>,
}

/// How the windows of a frame wait for their end.
#[derive(Debug)]
pub(crate) struct FinalRun {
    /// Their tag in the store.
    pub(crate) tag: Fingerprint,
    /// How long after its end a window is written.
    pub(crate) delay: i64,
    /// Writes a key as its windows are put in order: as KAFKA, or JSON where that cannot carry it.
    pub(crate) order: Encoder,
}

/// One query's use of a frame: see [`FrameOutput`].
#[derive(Debug)]
pub(crate) struct FrameOutputRun {
    pub(crate) query: QueryId,
    pub(crate) having: Option<Expr>,
    /// The columns that HAVING reads, each once.
    pub(crate) having_columns: Vec<usize>,
    /// HAVING where it compares a column with a constant, as most rules do: that needs no row.
    pub(crate) threshold: Option<(CompareOp, usize, Value<'static>)>,
    /// Its place among the layout's `firsts`.
    pub(crate) first: Option<usize>,
    /// EMIT FINAL.
    pub(crate) is_final: bool,
    pub(crate) step: StepId,
}

/// How the windows of a frame wait for their end, where some output asks for that.
pub(super) fn final_run(
    frame: &Frame,
    outputs: &[&FrameOutput],
    key: &[Column],
) -> Result<Option<FinalRun>, FormatError> {
    let Some(window) = frame.window.filter(|_| outputs.iter().any(|output| output.is_final)) else {
        return Ok(None);
    };
    // A session's end is the time of a record in it: one at exactly gap and grace behind it still joins it.
    let gap = if let WindowKind::Session { gap } = window.kind { gap.saturating_add(1) } else { 0 };
    Ok(Some(FinalRun {
        tag: Fingerprint::of(&format!("final/1 {}", frame.fingerprint)),
        delay: window.grace.saturating_add(gap),
        order: repartition_encoder(key)?,
    }))
}

pub(super) fn frame_output(output: &FrameOutput, firsts: &[Fingerprint]) -> FrameOutputRun {
    let mut having_columns = Vec::new();
    if let Some(having) = &output.having {
        having.visit_columns(&mut |column| having_columns.push(column));
        having_columns.sort_unstable();
        having_columns.dedup();
    }
    FrameOutputRun {
        query: output.query,
        having: output.having.clone(),
        having_columns,
        threshold: output.having.as_ref().and_then(threshold),
        first: output.first.and_then(|tag| firsts.iter().position(|first| *first == tag)),
        is_final: output.is_final,
        step: output.step,
    }
}

fn threshold(having: &Expr) -> Option<(CompareOp, usize, Value<'static>)> {
    match &having.node {
        Node::Compare(op, left, right) => match (&left.node, &right.node) {
            (Node::Column { index, .. }, Node::Literal(value)) => Some((*op, *index, value.clone())),
            _ => None,
        },
        _ => None,
    }
}
