//! Windows, as a WINDOW clause gives them.
//!
//! What holds: every length is in milliseconds and above 0; a grace may be 0.

/// A window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WindowPlan {
    /// Its kind and sizes.
    pub kind: WindowKind,
    /// How long after its end a window takes late records, in milliseconds.
    pub grace: i64,
    /// `--@idle`: after how long without a record, by the clock of whoever runs the query, stream time goes on
    /// with that clock, in milliseconds.
    pub idle: Option<i64>,
}

/// The kinds of windows, sizes in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WindowKind {
    /// Windows of `size` that start at multiples of `size`.
    Tumbling {
        /// Milliseconds.
        size: i64,
    },
    /// Windows of `size` that start at multiples of `advance`.
    Hopping {
        /// Milliseconds.
        size: i64,
        /// Milliseconds.
        advance: i64,
    },
    /// Windows that end after `gap` without a record.
    Session {
        /// Milliseconds.
        gap: i64,
    },
}

impl WindowPlan {
    /// A day in milliseconds.
    pub(crate) const DAY: i64 = 86_400_000;

    /// The grace where none is given, as in ksqlDB: a day less the size, or less the gap of a session.
    pub(crate) fn default_grace(size: i64) -> i64 {
        (Self::DAY - size).max(0)
    }
}

impl WindowKind {
    /// The size, or the gap of a session.
    pub(crate) fn size(self) -> i64 {
        match self {
            Self::Tumbling { size } | Self::Hopping { size, .. } => size,
            Self::Session { gap } => gap,
        }
    }
}
