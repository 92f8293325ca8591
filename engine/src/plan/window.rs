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
