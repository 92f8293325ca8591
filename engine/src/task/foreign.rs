//! Joins by a foreign key made ready to run.
//!
//! Enters: a [`ForeignStep`]. Leaves: the same with what writes its questions and answers.

use std::sync::Arc;

use super::TaskError;
use super::wiring::{format_error, place_of};
use crate::format::Encoder;
use crate::plan::{ForeignRole, ForeignStep, JoinRow, Letters, Program, StoreId, TaskPlan};

/// See [`ForeignStep`].
#[derive(Debug)]
pub(crate) struct ForeignRun {
    pub(crate) row: JoinRow,
    pub(crate) role: RoleRun,
}

/// See [`ForeignRole`].
#[derive(Debug)]
pub(crate) enum RoleRun {
    Ask { to: LettersRun },
    Answer { right: StoreId, askers: StoreId, to: LettersRun },
    Tell { askers: StoreId, to: LettersRun },
    Meet { left: StoreId, result: StoreId },
}

/// See [`Letters`].
#[derive(Debug)]
pub(crate) struct LettersRun {
    pub(crate) topic: Arc<str>,
    /// Among the program's output topics, for counting records per topic.
    pub(crate) place: usize,
    pub(crate) encoder: Encoder,
}

/// Wires a step.
pub(super) fn foreign(
    program: &Program,
    plan: &TaskPlan,
    step: &ForeignStep,
) -> Result<ForeignRun, TaskError> {
    let letters = |to: &Letters| -> Result<LettersRun, TaskError> {
        let encoder = Encoder::new(&to.format, &to.columns);
        let encoder = encoder.map_err(|error| format_error(plan, &to.topic, error))?;
        Ok(LettersRun { topic: to.topic.as_str().into(), place: place_of(program, &to.topic), encoder })
    };
    let role = match &step.role {
        ForeignRole::Ask { to } => RoleRun::Ask { to: letters(to)? },
        ForeignRole::Answer { right, askers, to } => {
            RoleRun::Answer { right: *right, askers: *askers, to: letters(to)? }
        }
        ForeignRole::Tell { askers, to } => RoleRun::Tell { askers: *askers, to: letters(to)? },
        ForeignRole::Meet { left, result } => RoleRun::Meet { left: *left, result: *result },
    };
    Ok(ForeignRun { row: step.row.clone(), role })
}
