//! When to try again, and how often a minute.
//!
//! What holds: pure; the caller brings the clock and the randomness.

use std::collections::VecDeque;
use std::time::Duration;

/// The wait after so many failed attempts: doubled from the first to the longest, and of that between the
/// half and the whole (`jitter` 0 to 1), so that what failed together does not come back together.
pub(super) fn delay(failed: u32, first: Duration, longest: Duration, jitter: f64) -> Duration {
    let doubled = first.saturating_mul(1_u32.checked_shl(failed.saturating_sub(1)).unwrap_or(u32::MAX));
    doubled.min(longest).mul_f64(0.5 + 0.5 * jitter.clamp(0.0, 1.0))
}

/// At most so many in any minute: a sliding window.
#[derive(Debug)]
pub(super) struct Rate {
    most: usize,
    /// When the last ones were, in milliseconds of the caller's clock.
    times: VecDeque<i64>,
}

const MINUTE: i64 = 60_000;

impl Rate {
    /// `times`: the attempts of the last minute that are known.
    pub(super) fn new(most: u32, times: impl IntoIterator<Item = i64>) -> Self {
        Self { most: most as usize, times: times.into_iter().collect() }
    }

    /// How many may be sent now.
    pub(super) fn room(&mut self, now: i64) -> usize {
        while self.times.front().is_some_and(|time| *time <= now - MINUTE) {
            self.times.pop_front();
        }
        self.most.saturating_sub(self.times.len())
    }

    /// One is sent now.
    pub(super) fn take(&mut self, now: i64) {
        self.times.push_back(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_are_spread() {
        let at = |failed, jitter| {
            delay(failed, Duration::from_secs(1), Duration::from_secs(60), jitter).as_millis()
        };
        assert_eq!([at(1, 1.0), at(2, 1.0), at(3, 1.0), at(7, 1.0)], [1_000, 2_000, 4_000, 60_000]);
        assert_eq!([at(1, 0.0), at(3, 0.5), at(40, 0.0), at(u32::MAX, 1.0)], [500, 3_000, 30_000, 60_000]);
    }

    #[test]
    fn no_minute_has_more_than_the_rate() {
        let mut rate = Rate::new(3, [-70_000, -10_000]);
        assert_eq!(rate.room(0), 2);
        rate.take(0);
        rate.take(5_000);
        assert_eq!((rate.room(5_000), rate.room(49_999), rate.room(50_000)), (0, 0, 1));
        assert_eq!(rate.room(65_000), 3);
    }
}
