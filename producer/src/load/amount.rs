//! Amounts in three bands, in whole cents: no float, so that the bytes are the same everywhere.

use rand::RngExt;
use rand::rngs::StdRng;
use rust_decimal::Decimal;

/// A band of amounts in cents, both ends included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Band {
    low: i64,
    high: i64,
    /// Of a hundred ordinary transactions.
    share: i64,
}

/// Low, medium and high: 2 to 100, 100 to 500, 500 to 5,000; 60, 30 and 10 of a hundred.
pub(crate) const BANDS: [Band; 3] = [
    Band { low: 200, high: 10_000, share: 60 },
    Band { low: 10_000, high: 50_000, share: 30 },
    Band { low: 50_000, high: 500_000, share: 10 },
];

/// How a customer spends within a band.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spender {
    /// The lower of two draws.
    Thrifty,
    /// One draw.
    Ordinary,
    /// The higher of two draws.
    Lavish,
}

impl Spender {
    /// An amount in cents by 60/30/10. Nothing ordinary is above `ceiling`.
    pub(crate) fn amount(self, rng: &mut StdRng, ceiling: i64) -> i64 {
        let mut share = rng.random_range(0..100);
        let band = BANDS.iter().find(|band| {
            share -= band.share;
            share < 0
        });
        let band = band.unwrap_or(&BANDS[0]);
        let high = band.high.min(ceiling).max(band.low);
        let mut draw = || rng.random_range(band.low..=high);
        match self {
            Self::Thrifty => draw().min(draw()),
            Self::Ordinary => draw(),
            Self::Lavish => draw().max(draw()),
        }
    }

    /// Mean and standard deviation in cents over the bands. Of the lower (higher) of two uniform draws on a
    /// width w the mean is w/3 (2w/3) and the variance w²/18; of one draw w/2 and w²/12.
    pub(crate) fn moments(self) -> (i64, i64) {
        let (place, spread) = match self {
            Self::Thrifty => (1.0 / 3.0, 18.0),
            Self::Ordinary => (0.5, 12.0),
            Self::Lavish => (2.0 / 3.0, 18.0),
        };
        let (mut mean, mut square) = (0.0, 0.0);
        for band in BANDS {
            let width = (band.high - band.low) as f64;
            let centre = band.low as f64 + width * place;
            mean += band.share as f64 / 100.0 * centre;
            square += band.share as f64 / 100.0 * (centre * centre + width * width / spread);
        }
        (mean.round() as i64, (square - mean * mean).max(0.0).sqrt().round() as i64)
    }
}

/// Cents as a decimal of two digits.
pub(crate) fn decimal(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn bands_and_moments_are_as_stated() {
        let mut rng = StdRng::seed_from_u64(1);
        for spender in [Spender::Thrifty, Spender::Ordinary, Spender::Lavish] {
            let amounts: Vec<i64> = (0..100_000).map(|_| spender.amount(&mut rng, i64::MAX)).collect();
            let share = |low, high| amounts.iter().filter(|a| (low..high).contains(*a)).count() as f64 / 1e5;
            assert!((share(200, 10_000) - 0.6).abs() < 0.01);
            assert!((share(50_001, 500_001) - 0.1).abs() < 0.01);
            let (mean, deviation) = spender.moments();
            let seen = amounts.iter().sum::<i64>() as f64 / 1e5;
            let variance = amounts.iter().map(|a| (*a as f64 - seen).powi(2)).sum::<f64>() / 1e5;
            assert!((seen / mean as f64 - 1.0).abs() < 0.05, "{spender:?} {seen} {mean}");
            assert!((variance.sqrt() / deviation as f64 - 1.0).abs() < 0.05, "{spender:?}");
        }
    }
}
