//! What load is asked for, settled: every value is in range once [`Options::check`] has passed.

use std::time::Duration;

use chrono::{DateTime, Utc};
use events::topics;

use crate::error::Error;
use crate::keying::Key;
use crate::progress::Progress;

/// How much load, and when it ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mode {
    /// Transactions per second, until stopped or for a time.
    Steady {
        /// Transactions per second.
        tps: f64,
        /// None: until stopped.
        duration: Option<Duration>,
    },
    /// This many as fast as possible, once or again and again.
    Burst {
        /// Transactions of a burst.
        size: u64,
        /// From the begin of a burst to that of the next; None: one burst.
        every: Option<Duration>,
    },
    /// This many in all.
    Count {
        /// Transactions.
        count: u64,
        /// Transactions per second; None: as fast as possible.
        tps: Option<f64>,
    },
}

/// What load is asked for.
#[derive(Debug, Clone, PartialEq)]
pub struct Options {
    /// How much, and when it ends.
    pub mode: Mode,
    /// How many accounts; None: enough that ordinary customers do not look like bursts.
    pub accounts: Option<u32>,
    /// The share of transactions that are fraud, 0 to 0.5.
    pub fraud_share: f64,
    /// The same seed, start and options give the same bytes.
    pub seed: u64,
    /// The first event time; None: so that the last one is now.
    pub start: Option<DateTime<Utc>>,
    /// Transactions per second of event time; None: the rate of the mode, or, where that is as fast as
    /// possible, one per account in [`UNPACED_GAP_SECONDS`].
    pub event_rate: Option<f64>,
    /// What the records are keyed by.
    pub key: Key,
    /// Where the transactions go.
    pub topic: String,
    /// How progress is shown.
    pub progress: Progress,
}

/// The share of fraud where none is asked for: enough that 200,000 transactions hold over a hundred bursts.
pub const DEFAULT_FRAUD_SHARE: f64 = 0.03;

/// Seconds of event time between two transactions of an account, where nothing else sets the pace.
pub const UNPACED_GAP_SECONDS: f64 = 600.0;

/// Seconds that an account should have between two transactions at a given rate: so that hardly anybody
/// ordinary has four in a minute or 10,000 in five.
const PACED_GAP_SECONDS: f64 = 100.0;

const FEWEST_ACCOUNTS: f64 = 1_000.0;
const MOST_ACCOUNTS: f64 = 1_000_000.0;

impl Options {
    /// Options of a mode, everything else at its default; `seed` should differ from run to run.
    pub fn new(mode: Mode, seed: u64) -> Self {
        Self {
            mode,
            accounts: None,
            fraud_share: DEFAULT_FRAUD_SHARE,
            seed,
            start: None,
            event_rate: None,
            key: Key::AccountId,
            topic: topics::TRANSACTIONS.name.to_owned(),
            progress: Progress::Silent,
        }
    }

    /// Refuses what is out of range, naming it and what it may be.
    pub fn check(&self) -> Result<(), Error> {
        let positive = |name: &str, value: Option<f64>| match value {
            Some(v) if !(v.is_finite() && v > 0.0 && v <= 1e9) => Err(Error::Setting(format!(
                "{name} is {v}: it must be greater than 0 and at most 1000000000"
            ))),
            _ => Ok(()),
        };
        positive("the rate", self.paced_rate())?;
        positive("the event rate", self.event_rate)?;
        if !(0.0..=0.5).contains(&self.fraud_share) {
            return Err(Error::Setting(format!(
                "the fraud share is {}: it must be 0 to 0.5",
                self.fraud_share
            )));
        }
        if self.accounts.is_some_and(|n| !(10..=10_000_000).contains(&n)) {
            return Err(Error::Setting("the number of accounts must be 10 to 10000000".into()));
        }
        if self.topic.is_empty() {
            return Err(Error::Setting("the topic has no name".into()));
        }
        match self.mode {
            Mode::Burst { size: 0, .. } | Mode::Count { count: 0, .. } => {
                Err(Error::Setting("the number of transactions must be at least 1".into()))
            }
            Mode::Steady { duration: Some(d), .. } | Mode::Burst { every: Some(d), .. } if d.is_zero() => {
                Err(Error::Setting("the duration must be greater than 0".into()))
            }
            _ => Ok(()),
        }
    }

    /// Transactions per second by the clock; None: as fast as possible.
    pub fn paced_rate(&self) -> Option<f64> {
        match self.mode {
            Mode::Steady { tps, .. } => Some(tps),
            Mode::Count { tps, .. } => tps,
            Mode::Burst { .. } => None,
        }
    }

    /// How many accounts there are.
    pub fn account_count(&self) -> u32 {
        self.accounts.unwrap_or_else(|| {
            let rate = self.event_rate.or(self.paced_rate()).unwrap_or(0.0);
            (rate * PACED_GAP_SECONDS).clamp(FEWEST_ACCOUNTS, MOST_ACCOUNTS) as u32
        })
    }

    /// Transactions per second of event time.
    pub fn events_per_second(&self) -> f64 {
        let natural = || f64::from(self.account_count()) / UNPACED_GAP_SECONDS;
        self.event_rate.or(self.paced_rate()).unwrap_or_else(natural)
    }

    /// How many transactions there will be; None: until stopped.
    pub fn total(&self) -> Option<u64> {
        match self.mode {
            Mode::Steady { tps, duration } => {
                duration.map(|d| (tps * d.as_secs_f64()).round().max(1.0) as u64)
            }
            Mode::Burst { size, every } => every.is_none().then_some(size),
            Mode::Count { count, .. } => Some(count),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_out_of_range_is_refused() {
        let good = Options::new(Mode::Steady { tps: 5.0, duration: None }, 1);
        assert!(good.check().is_ok());
        let modes = [
            Mode::Steady { tps: -1.0, duration: None },
            Mode::Steady { tps: f64::NAN, duration: None },
            Mode::Steady { tps: 1.0, duration: Some(Duration::ZERO) },
            Mode::Burst { size: 0, every: None },
            Mode::Count { count: 1, tps: Some(0.0) },
        ];
        for mode in modes {
            assert!(Options { mode, ..good.clone() }.check().is_err(), "{mode:?}");
        }
        assert!(Options { fraud_share: 0.6, ..good.clone() }.check().is_err());
        assert!(Options { accounts: Some(1), ..good.clone() }.check().is_err());
        assert_eq!(good.account_count(), 1_000);
        assert_eq!(Options::new(Mode::Steady { tps: 500.0, duration: None }, 1).account_count(), 50_000);
    }
}
