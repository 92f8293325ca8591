//! Warns of refused records that get no dead letter of their own: once in a while, with their number.

use std::time::{Duration, Instant};

/// The shortest time between two warnings.
const PAUSE: Duration = Duration::from_secs(10);

/// How many such records there were since the last warning, and when that was.
#[derive(Debug, Default)]
pub(super) struct FloodWarning {
    records: u64,
    told: Option<Instant>,
}

impl FloodWarning {
    /// Notes so many records.
    pub(super) fn note(&mut self, records: u64, now: Instant, worker: usize) {
        self.records += records;
        let is_early = self.told.is_some_and(|told| now.saturating_duration_since(told) < PAUSE);
        if self.records == 0 || is_early {
            return;
        }
        self.told = Some(now);
        tracing::warn!(
            worker,
            records = std::mem::take(&mut self.records),
            "many records cannot be read: dead letters tell of these by their offsets alone; see streamguard dlq list"
        );
    }
}
