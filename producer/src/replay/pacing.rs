//! How fast a file is replayed.

use std::str::FromStr;
use std::time::{Duration, Instant};

use super::LONGEST_GAP;

/// How fast a file is replayed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Speed {
    /// As fast as the log takes it.
    Max,
    /// By the rows' event times, so many times faster.
    Times(f64),
    /// So many rows a second.
    Rate(f64),
}

impl FromStr for Speed {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is no speed: max, 10x (times faster than the rows' own times) or 500/s (rows a second)"
            )
        };
        let number = |digits: &str| {
            let number: f64 = digits.trim().parse().map_err(|_| wrong())?;
            match number.is_finite() && number > 0.0 && number <= 1e9 {
                true => Ok(number),
                false => Err(format!("`{text}`: the speed must be greater than 0 and at most 1000000000")),
            }
        };
        match (text.strip_suffix('x'), text.strip_suffix("/s")) {
            _ if text == "max" => Ok(Self::Max),
            (Some(times), _) => number(times).map(Self::Times),
            (_, Some(rate)) => number(rate).map(Self::Rate),
            _ => Err(wrong()),
        }
    }
}

/// When rows are due.
#[derive(Debug)]
pub(super) struct Pacing {
    speed: Speed,
    began: Instant,
    /// Rows sent since `began`.
    sent: u64,
    /// The first row's event time.
    first: Option<i64>,
}

impl Pacing {
    pub(super) fn new(speed: Speed) -> Self {
        Self { speed, began: Instant::now(), sent: 0, first: None }
    }

    /// Until a row of this event time (None: one that has none) is due.
    pub(super) fn wait(&mut self, time: Option<i64>) -> Duration {
        let after = match self.speed {
            Speed::Max => return Duration::ZERO,
            Speed::Rate(rate) => Duration::try_from_secs_f64(self.sent as f64 / rate).unwrap_or(LONGEST_GAP),
            Speed::Times(times) => {
                let Some(time) = time else { return Duration::ZERO };
                if self.first.is_none() {
                    self.began = Instant::now();
                }
                let passed = time.saturating_sub(*self.first.get_or_insert(time)).max(0);
                Duration::try_from_secs_f64(passed as f64 / 1_000.0 / times).unwrap_or(LONGEST_GAP)
            }
        };
        after.min(LONGEST_GAP).saturating_sub(self.began.elapsed())
    }

    /// A row was sent.
    pub(super) fn sent(&mut self) {
        self.sent += 1;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn speeds_are_read_or_refused() {
        assert_eq!("max".parse(), Ok(Speed::Max));
        assert_eq!("10x".parse(), Ok(Speed::Times(10.0)));
        assert_eq!("0.5x".parse(), Ok(Speed::Times(0.5)));
        assert_eq!("500/s".parse(), Ok(Speed::Rate(500.0)));
        for wrong in ["", "fast", "-5/s", "0x", "500", "infx", "NaN/s"] {
            assert!(wrong.parse::<Speed>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn rows_come_by_their_times() {
        let mut pacing = Pacing::new(Speed::Times(10.0));
        assert_eq!(pacing.wait(Some(5_000)), Duration::ZERO);
        let wait = pacing.wait(Some(15_000));
        assert!(wait > Duration::from_millis(900) && wait <= Duration::from_secs(1), "{wait:?}");
        assert_eq!(pacing.wait(Some(1)), Duration::ZERO);
    }
}
