//! Dead letters as they lie in their topics: read, chosen, and sent again.
//!
//! Enters: the records of `<topic>.dlq`. Leaves: letters, and records of the topics that they came from. What holds: a
//! letter is sent again at most once, unless that is asked for: a note of it goes to the topic of dead letters in the
//! same transaction. What is masked is not sent, and of what is cut or told by its offsets alone the source topic's own
//! records are.

mod letter;
mod originals;
mod replay;
mod scan;
mod select;

pub use letter::{Letter, Place};
pub use replay::{Done, Plan, plan, replay};
pub use scan::{TopicOfLetters, read, topics};
pub use select::Selection;

/// Why dead letters cannot be read or sent again.
#[derive(Debug, thiserror::Error)]
pub enum LettersError {
    /// The log.
    #[error(transparent)]
    Broker(#[from] broker::Error),
    /// There are none of this topic.
    #[error(
        "there is no topic {topic} on {log}: nothing of its topic has been refused, or its name is another"
    )]
    NoTopic {
        /// The topic of dead letters.
        topic: String,
        /// Which log.
        log: String,
    },
    /// The topic that records are to be sent to is gone.
    #[error("the topic {topic}, where the records came from, is not on {log}: create it first")]
    NoSource {
        /// The topic.
        topic: String,
        /// Which log.
        log: String,
    },
    /// Nothing comes although more is there.
    #[error("{topic} cannot be read to its end: nothing has come for {seconds} s; is the broker well?")]
    Stalled {
        /// Which.
        topic: String,
        /// So long.
        seconds: u64,
    },
    /// Whoever takes the letters cannot go on.
    #[error("{0}")]
    Other(String),
}
