//! Why state cannot be restored exactly, and what to do about it.

use broker::TopicPartition;

/// What keeps a task from starting. Each says what was found, where, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The last checkpoint is not there.
    #[error(
        "the changelog {changelog} ends with {}, but the group has committed a checkpoint of commit {number}: \
         its records were lost, or the topic was put back from an older copy",
        what_is_there(*.found)
    )]
    Behind {
        /// Which.
        changelog: TopicPartition,
        /// What the group says.
        number: i64,
        /// What is there.
        found: Option<i64>,
    },
    /// Its beginning is missing.
    #[error(
        "the changelog {changelog} begins at offset {low}, but the state begins at offset {from}: its oldest \
         records were deleted, so keys are missing"
    )]
    Truncated {
        /// Which.
        changelog: TopicPartition,
        /// Where it begins.
        low: i64,
        /// Where it should.
        from: i64,
    },
    /// Nobody knows of what is in it.
    #[error(
        "the changelog {changelog} holds records, but the group {group} has committed no checkpoint in it: its \
         offsets were deleted or have expired, or another group or release wrote it"
    )]
    Foreign {
        /// Which.
        changelog: TopicPartition,
        /// The group that looked.
        group: String,
    },
    /// Records that have to be read once more are gone.
    #[error(
        "the records of {input} from offset {from} on have to be read once more, but the topic begins at offset \
         {low} now: its retention has deleted them"
    )]
    Trimmed {
        /// Which.
        input: TopicPartition,
        /// From where.
        from: i64,
        /// Where it begins.
        low: i64,
    },
    /// Records that were read are gone.
    #[error(
        "the group stands at offset {at} of {input}, but the topic ends at offset {end}: its last records were lost, \
         or the topic was made anew"
    )]
    Short {
        /// Which.
        input: TopicPartition,
        /// Where the group stands.
        at: i64,
        /// Where the topic ends.
        end: i64,
    },
    /// The group does not stand where the work has brought it.
    #[error(
        "the group stands at offset {committed} of {input}, but the checkpoint is of offset {from}: its offsets were \
         moved by somebody else, or the topic was made anew"
    )]
    Moved {
        /// Which.
        input: TopicPartition,
        /// Where the checkpoint stands.
        from: i64,
        /// Where the group stands.
        committed: i64,
    },
    /// In which order inputs were taken is not known.
    #[error(
        "the journal {journal} does not say in which order the records of {} were taken after the last checkpoint: \
         it was deleted, or the rules were changed after the engine had been killed",
        .inputs.join(", ")
    )]
    Order {
        /// Which.
        journal: TopicPartition,
        /// Whose order.
        inputs: Vec<String>,
    },
    /// The rules that did the work are gone.
    #[error(
        "what was done after the last checkpoint in {} was done by version {rules} of the rules, and has to be done \
         once more by it, but {why}",
        .changelogs.join(", ")
    )]
    Rules {
        /// Where it lies.
        changelogs: Vec<String>,
        /// The version of the rule set.
        rules: u64,
        /// Why it cannot be used.
        why: String,
    },
    /// Records that were taken are no longer there.
    #[error(
        "of {input} {expected} records were taken up to offset {next}, but {found} are there now: the others were \
         compacted away before a checkpoint was made"
    )]
    Compacted {
        /// Which.
        input: TopicPartition,
        /// The offset behind them.
        next: i64,
        /// How many there were.
        expected: u64,
        /// How many there are.
        found: u64,
    },
}

fn what_is_there(number: Option<i64>) -> String {
    match number {
        Some(number) => format!("the checkpoint of commit {number}"),
        None => "no checkpoint".to_owned(),
    }
}

/// What helps where a task is refused.
pub(super) fn advice(changelogs: &[String]) -> String {
    format!(
        "stop the engines of the group and delete {} to begin with empty windows where the group stands, or put \
         back what is missing",
        changelogs.join(", ")
    )
}
