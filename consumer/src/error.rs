//! What can go wrong, in words for whoever has to mend it.

/// What this crate returns.
pub type Result<T> = std::result::Result<T, Error>;

/// Why the consumer, a migration or a measurement ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The log failed in a way that waiting does not mend.
    #[error(transparent)]
    Broker(#[from] broker::Error),

    /// PostgreSQL failed in a way that waiting does not mend, or could not be reached at start.
    #[error("{target}: {message}; {hint}")]
    Database {
        /// Host, port, database and user; never the password.
        target: String,
        /// What PostgreSQL or the network said.
        message: String,
        /// What to do next.
        hint: String,
    },

    /// `DATABASE_URL` is no URL.
    #[error(
        "the database URL cannot be read: {0}; it has the form postgres://USER:PASSWORD@HOST:PORT/DATABASE"
    )]
    Url(String),

    /// The schema was made by a newer version of StreamGuard.
    #[error(
        "{target}: its schema has migration {version}, which this binary does not know: the database is newer \
         than the binary; install the StreamGuard version that migrated it, or a later one"
    )]
    NewerSchema {
        /// Host, port, database and user.
        target: String,
        /// The migration that is not known here.
        version: i64,
    },

    /// A migration failed or was changed after it had been applied.
    #[error("{target}: {message}")]
    Migration {
        /// Host, port, database and user.
        target: String,
        /// What happened and what to do.
        message: String,
    },

    /// The database has read another log or topic than this one.
    #[error(transparent)]
    ForeignLog(Box<ForeignLog>),

    /// Records that were not read yet are gone.
    #[error(transparent)]
    OffsetLost(Box<OffsetLost>),

    /// A function of the schema refused what it was asked.
    #[error("{message}")]
    Refused {
        /// What it said.
        message: String,
        /// What to do next, where it said so.
        hint: Option<String>,
    },

    /// Lines of a file cannot be imported; nothing of it was.
    #[error("{count} lines are wrong, so nothing was imported:\n{lines}")]
    Lines {
        /// How many were found; reading ends after a few.
        count: usize,
        /// Each with its number and what is wrong.
        lines: String,
    },

    /// A setting is wrong.
    #[error("{0}")]
    Setting(String),

    /// The machine refused something, such as a thread.
    #[error("{context}: {source}")]
    System {
        /// What was being done.
        context: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
}

/// The database has read another log or topic than this one.
#[derive(Debug, thiserror::Error)]
#[error(
    "{target} holds what was read from {what} {recorded}, but {broker} has {found}: use the database that belongs \
     to this log. If the log really was made anew and shall be read from its beginning into this database: DELETE \
     FROM consumer_offsets WHERE topic = '{topic}' (as the schema's owner); what is stored stays, and repeats are \
     counted"
)]
pub struct ForeignLog {
    /// Host, port, database and user.
    pub target: String,
    /// The log, as an operator knows it.
    pub broker: String,
    /// `cluster`, or `topic NAME with id`.
    pub what: String,
    /// What consumer_offsets says.
    pub recorded: String,
    /// What the log says.
    pub found: String,
    /// The topic.
    pub topic: String,
}

/// Records that were not read yet are gone.
#[derive(Debug, thiserror::Error)]
#[error(
    "{topic}-{partition}: offset {offset} is what {target} expects next, but {broker} does not have it: {message}. \
     Records were deleted before they were read, or the topic was cut. To go on without them: UPDATE consumer_offsets \
     SET next_offset = (the first one that is there) WHERE topic = '{topic}' AND partition = {partition} (as the \
     schema's owner)"
)]
pub struct OffsetLost {
    /// The topic.
    pub topic: String,
    /// The partition's number.
    pub partition: i32,
    /// What the database expects.
    pub offset: i64,
    /// Host, port, database and user.
    pub target: String,
    /// The log, as an operator knows it.
    pub broker: String,
    /// What the log said.
    pub message: String,
}
