//! When the next record is due, by the clock.

use std::time::{Duration, Instant};

use broker::Shutdown;

/// The longest sleep: a request to end is heard within it.
pub(crate) const STEP: Duration = Duration::from_millis(50);

/// How far the schedule may lag (the log was away, the machine slept) before it is moved on: what was
/// missed is not sent in one heap.
const MOST_LAG: Duration = Duration::from_secs(5);

/// A steady rate.
#[derive(Debug)]
pub(crate) struct Pace {
    rate: f64,
    began: Instant,
}

impl Pace {
    /// From now on, `rate` a second.
    pub(crate) fn new(rate: f64) -> Self {
        Self { rate, began: Instant::now() }
    }

    /// How many are due beyond the `done` ones, and how far the schedule was moved on.
    pub(crate) fn due(&mut self, done: u64) -> (u64, Duration) {
        let elapsed = self.began.elapsed();
        let planned = self.after(done);
        let skipped = elapsed.checked_sub(planned + MOST_LAG).map_or(Duration::ZERO, |lag| lag + MOST_LAG);
        self.began += skipped;
        let target = ((elapsed - skipped).as_secs_f64() * self.rate).floor() as u64 + 1;
        (target.saturating_sub(done), skipped)
    }

    /// Until the next one after the `done` ones is due.
    pub(crate) fn wait(&self, done: u64) -> Duration {
        self.after(done).saturating_sub(self.began.elapsed())
    }

    fn after(&self, done: u64) -> Duration {
        Duration::try_from_secs_f64(done as f64 / self.rate).unwrap_or(Duration::MAX / 4)
    }
}

/// Sleeps, at most [`STEP`], unless an end is asked for.
pub(crate) fn pause(wait: Duration, shutdown: &Shutdown) {
    if !shutdown.is_requested() {
        std::thread::sleep(wait.min(STEP));
    }
}
