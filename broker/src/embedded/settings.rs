//! Settings of the embedded broker.

use std::time::Duration;

use crate::DELETE_RETENTION;

/// When what was committed is forced to the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sync {
    /// This often, and when the broker is closed.
    Interval(Duration),
    /// Before each commit returns.
    EveryCommit,
}

impl Default for Sync {
    fn default() -> Self {
        Self::Interval(Duration::from_secs(1))
    }
}

/// How durable commits are, and how much is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// When what was committed is forced to the disk.
    pub sync: Sync,
    /// Bytes kept per partition of topics that are not compacted and have no bound of their own; None for no
    /// bound.
    pub retention_bytes: Option<u64>,
    /// How long records of topics that are not compacted are kept after they were written, whatever their own
    /// timestamps say; None for ever.
    pub retention: Option<Duration>,
    /// How long tombstones of compacted topics are kept, counted from when they were first compacted.
    pub delete_retention: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            sync: Sync::default(),
            retention_bytes: None,
            retention: None,
            delete_retention: DELETE_RETENTION,
        }
    }
}
