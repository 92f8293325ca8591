//! What is promised of the outputs after a failure.
//!
//! What holds either way: what the tasks know is exact, since it is only ever of records whose offsets are
//! committed; a worker that the group has given up commits no offset.

use crate::plan::Program;

/// What is promised of the outputs after a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Guarantee {
    /// Outputs and offsets are one transaction: each output is visible once, to consumers that read what is
    /// committed. An older life of the engine is fenced.
    #[default]
    ExactlyOnce,
    /// An output is visible as soon as it is written, and its offset is committed later. After a failure the outputs
    /// since the last commit are written once more, the same as before, under the same alert ids. An engine that
    /// the group has given up, and that does not know it yet, may go on writing such repetitions.
    AtLeastOnce,
}

impl Guarantee {
    /// What a program is run with, where this is asked for. A repetition that comes in again, by a topic that the
    /// program itself writes, would be counted twice; and the order of several inputs is only known where it is
    /// written in one transaction with their offsets. So such programs are run exactly once.
    pub(super) fn of(self, program: &Program) -> Self {
        let reads_itself =
            || program.input_topics().any(|input| program.outputs.iter().any(|output| output.name == input));
        let has_order = || program.tasks.iter().any(|task| task.inputs.len() > 1);
        if self == Self::AtLeastOnce && (reads_itself() || has_order()) {
            return Self::ExactlyOnce;
        }
        self
    }
}
