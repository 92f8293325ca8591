//! What is decided once for a world.

use std::time::Duration;

use engine::Guarantee;

use crate::faults::Rates;
use crate::random::Random;
use crate::rules::Program;

/// What is decided once for a world.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) machines: usize,
    pub(super) workers: usize,
    pub(super) records: u64,
    pub(super) steps: u64,
    /// Of ten thousand steps: how many start, stop or kill a process.
    pub(super) churn: u64,
    pub(super) rates: Rates,
    /// The profiles are all there before the engine is.
    pub(super) profiles_first: bool,
    /// Machines keep the state of their stores.
    pub(super) keeps_state: bool,
    /// The bytes of memory for what lies on disk, where it does.
    pub(super) memory: Option<usize>,
    pub(super) guarantee: Guarantee,
    /// All processes end once more before the last records, without what they kept, so that these are worked on with what
    /// lies in the changelogs.
    pub(super) ends_anew: bool,
    /// How often checkpoints are made.
    pub(super) checkpoints: Duration,
}

impl Plan {
    pub(super) fn draw(random: &mut Random, program: &Program) -> Self {
        let level = random.pick(&[0, 1, 1, 2, 3]);
        let mut rate =
            |most: u64| if level == 0 || random.chance(4_000) { 0 } else { random.below(most * level) };
        let rates = Rates {
            crash: rate(30),
            error: rate(80),
            commit: rate(1_500),
            interleave: rate(600),
            oversleep: rate(800),
            zombie: rate(400),
            lose: rate(100),
        };
        let keeps_state = random.chance(7_000);
        let least = if program.has_state_in_memory() { 1 << 20 } else { 0 };
        let memory = random.pick(&[None, None, Some(least), Some(least + 3_000)]);
        // What is written again after a change of the rules is what other rules give.
        let is_repeated = random.chance(2_500) && program.may_be_repeated();
        Self {
            machines: random.pick(&[1, 1, 2, 2, 3]),
            workers: random.pick(&[1, 1, 2, 3]),
            records: 20 + random.below(230),
            steps: 150 + random.below(600),
            churn: if level == 0 { 0 } else { random.below(300) },
            rates,
            profiles_first: random.chance(5_000),
            keeps_state,
            memory: memory.filter(|_| keeps_state),
            guarantee: if is_repeated { Guarantee::AtLeastOnce } else { Guarantee::ExactlyOnce },
            ends_anew: random.chance(7_000),
            checkpoints: Duration::from_millis(random.pick(&[10, 30, 100, 300, 1_000])),
        }
    }
}
