//! Time, as the embedded broker and those who work on a log see it.
//!
//! What holds: whoever is given a [`Clock`] asks nobody else for the time, so a test moves it by hand and a
//! simulation gives the same times again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Tells the time and lets it pass. Shared between threads.
pub trait Clock: Send + Sync {
    /// A point on a scale that never goes back.
    fn now(&self) -> Instant;
    /// Milliseconds since 1970-01-01 UTC.
    fn wall(&self) -> i64;
    /// Comes back when this much time has passed.
    fn sleep(&self, time: Duration);
}

/// The time of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    fn wall(&self) -> i64 {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
    }

    fn sleep(&self, time: Duration) {
        std::thread::sleep(time);
    }
}

/// A clock that is moved by hand; sleeping moves it too, so nobody ever waits.
#[derive(Debug)]
pub struct ManualClock {
    start: Instant,
    /// The wall's time at the start, in milliseconds.
    wall: i64,
    /// Nanoseconds since the start.
    passed: AtomicU64,
}

impl ManualClock {
    /// Begins at this many milliseconds since 1970-01-01 UTC.
    pub fn new(wall: i64) -> Self {
        Self { start: Instant::now(), wall, passed: AtomicU64::new(0) }
    }

    /// How much time has passed since the start.
    pub fn passed(&self) -> Duration {
        Duration::from_nanos(self.passed.load(Ordering::SeqCst))
    }

    /// Lets time pass.
    pub fn advance(&self, time: Duration) {
        self.passed.fetch_add(time.as_nanos() as u64, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        self.start + self.passed()
    }

    fn wall(&self) -> i64 {
        self.wall + self.passed().as_millis() as i64
    }

    fn sleep(&self, time: Duration) {
        self.advance(time);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_stands_still_until_it_is_moved() {
        let clock = ManualClock::new(1_000);
        let before = clock.now();
        assert_eq!((clock.now(), clock.wall()), (before, 1_000));
        clock.advance(Duration::from_millis(5));
        clock.sleep(Duration::from_secs(1));
        assert_eq!((clock.now() - before, clock.wall()), (Duration::from_millis(1_005), 2_005));
    }
}
