//! Fraud of known kinds, in episodes: one or more transactions of one account over a short time.
//!
//! What enters: the seeded generator and the hour. What leaves: a kind and the steps of an episode, each a
//! delay after the first and an amount. The kinds are made so that a shipped rule should find each.

use rand::RngExt;
use rand::rngs::StdRng;

/// A kind of fraud; its name is the label's kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A stolen number is tried with tiny amounts, then used.
    CardTesting,
    /// More than 15 transactions within a minute.
    RapidFire,
    /// One amount above 5,000.
    HighAmount,
    /// One amount above 1,000 between 22:00 and 06:00 UTC.
    Night,
    /// Together more than 10,000 within minutes.
    AmountVelocity,
    /// A purchase at a merchant on the block list.
    ListedMerchant,
    /// A purchase by the account on the block list.
    ListedAccount,
}

/// A transaction of an episode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Step {
    /// Milliseconds after the episode's begin.
    pub(crate) after: i64,
    /// Cents.
    pub(crate) cents: i64,
}

/// Kinds by their share of the episodes. At the default share of fraud 200,000 transactions hold about
/// 1,800 episodes.
const SHARES: [(Kind, u32); 7] = [
    (Kind::CardTesting, 10),
    (Kind::RapidFire, 12),
    (Kind::HighAmount, 17),
    (Kind::Night, 20),
    (Kind::AmountVelocity, 11),
    (Kind::ListedMerchant, 20),
    (Kind::ListedAccount, 10),
];

impl Kind {
    /// As it stands in the label.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::CardTesting => "card_testing",
            Self::RapidFire => "rapid_fire",
            Self::HighAmount => "high_amount",
            Self::Night => "night",
            Self::AmountVelocity => "amount_velocity",
            Self::ListedMerchant => "listed_merchant",
            Self::ListedAccount => "listed_account",
        }
    }

    /// A kind by its share; by day the night's share goes to high amounts.
    pub(crate) fn choose(rng: &mut StdRng, night: bool) -> Self {
        let mut draw = rng.random_range(0..SHARES.iter().map(|(_, share)| share).sum());
        for (kind, share) in SHARES {
            if draw < share {
                return if kind == Self::Night && !night { Self::HighAmount } else { kind };
            }
            draw -= share;
        }
        Self::HighAmount
    }

    /// The episode's transactions, the first at once.
    pub(crate) fn steps(self, rng: &mut StdRng) -> Vec<Step> {
        match self {
            Self::CardTesting => {
                let mut steps = series(rng, 5..=9, 40_000, 50..=200);
                steps.push(Step { after: 55_000, cents: rng.random_range(50_000..=300_000) });
                steps
            }
            Self::RapidFire => series(rng, 18..=26, 45_000, 500..=20_000),
            Self::HighAmount => series(rng, 1..=1, 0, 500_001..=2_500_000),
            Self::Night => series(rng, 1..=1, 0, 100_001..=450_000),
            Self::AmountVelocity => series(rng, 4..=6, 90_000, 280_000..=490_000),
            Self::ListedMerchant | Self::ListedAccount => series(rng, 1..=1, 0, 500..=40_000),
        }
    }
}

/// Transactions evenly over `span` milliseconds.
fn series(
    rng: &mut StdRng,
    count: std::ops::RangeInclusive<i64>,
    span: i64,
    cents: std::ops::RangeInclusive<i64>,
) -> Vec<Step> {
    let count = rng.random_range(count);
    (0..count).map(|i| Step { after: i * span / count, cents: rng.random_range(cents.clone()) }).collect()
}
