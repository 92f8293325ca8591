//! Errors of the log, classed by what the caller can do about them.

use std::time::Duration;

/// What a caller of this crate gets.
pub type Result<T> = std::result::Result<T, Error>;

/// What can be done about an [`Error`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The transaction cannot commit: abort it, rewind, begin again.
    Abortable,
    /// A newer producer or member has taken over: give the partitions up.
    Fenced,
    /// It is not known whether the commit happened: ask for the committed offsets.
    Unknown,
    /// The log cannot be reached or is overloaded: wait and try again.
    Unavailable,
    /// The offset asked for is not retained any more, or does not exist yet.
    OffsetOutOfRange,
    /// A topic or partition is not there.
    UnknownTopic,
    /// A record is larger than the log accepts.
    TooLarge,
    /// A setting is wrong; trying again does not help.
    Config,
    /// This client is of no more use: drop it and make a new one.
    Fatal,
}

/// An error of the log.
#[derive(Debug, thiserror::Error)]
#[error("{context}: {message}")]
pub struct Error {
    kind: ErrorKind,
    /// What was being done, and where.
    context: String,
    /// What happened, and what to do next.
    message: String,
}

impl Error {
    /// An error while doing `context` ("commit of transaction X on Kafka at localhost:9092").
    pub fn new(kind: ErrorKind, context: impl Into<String>, message: impl Into<String>) -> Self {
        Self { kind, context: context.into(), message: message.into() }
    }

    /// What can be done about it.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The same error in another class.
    pub(crate) fn with_kind(self, kind: ErrorKind) -> Self {
        Self { kind, ..self }
    }

    /// Whether the same call may succeed later without any other step.
    pub fn is_transient(&self) -> bool {
        self.kind == ErrorKind::Unavailable
    }

    /// A call that did not end in time.
    pub fn timed_out(context: impl Into<String>, after: Duration) -> Self {
        Self::new(ErrorKind::Unavailable, context, format!("no answer within {} s", after.as_secs_f32()))
    }
}
