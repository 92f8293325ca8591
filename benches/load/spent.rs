//! Processor time: where others compute on the machine at the same time, it says more than the clock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Processor time of this process and of the node, in seconds.
#[derive(Debug, Clone, Copy)]
pub struct Spent {
    node: u32,
    pub ours: f64,
    pub theirs: f64,
}

impl Spent {
    /// Until now.
    pub fn now(node: u32) -> Self {
        Self { node, ours: Self::of("self"), theirs: Self::of(&node.to_string()) }
    }

    /// What was spent from then until now.
    pub fn since(self) -> Self {
        let now = Self::now(self.node);
        Self { ours: now.ours - self.ours, theirs: now.theirs - self.theirs, ..self }
    }

    /// By both.
    pub fn total(self) -> f64 {
        self.ours + self.theirs
    }

    /// User and system time by /proc; nothing where there is none.
    fn of(process: &str) -> f64 {
        const TICKS_PER_SECOND: f64 = 100.0;
        let text = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
        // The name, in brackets, may have spaces.
        let fields = text.rsplit(") ").next().unwrap_or_default().split(' ');
        fields.skip(11).take(2).map(|ticks| ticks.parse::<f64>().unwrap_or(0.0)).sum::<f64>()
            / TICKS_PER_SECOND
    }
}

/// The processor time of every moment of a pass, since which of them count is known at its end only.
pub struct Meter {
    ended: Arc<AtomicBool>,
    samples: JoinHandle<Vec<(Instant, Spent)>>,
}

impl Meter {
    /// From now on.
    pub fn start(node: u32) -> Self {
        let ended = Arc::new(AtomicBool::new(false));
        let until = ended.clone();
        let samples = std::thread::spawn(move || {
            let sample = || (Instant::now(), Spent::now(node));
            let mut samples = vec![sample()];
            while !until.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(10));
                samples.push(sample());
            }
            samples
        });
        Self { ended, samples }
    }

    /// What was spent between two moments of it.
    pub fn between(self, (first, last): (Instant, Instant)) -> Spent {
        self.ended.store(true, Ordering::SeqCst);
        let samples = self.samples.join().unwrap();
        let before = |moment| {
            let next = samples.iter().position(|(at, _)| *at > moment).unwrap_or(samples.len());
            samples[next.saturating_sub(1)].1
        };
        let (from, to) = (before(first), before(last));
        Spent { ours: to.ours - from.ours, theirs: to.theirs - from.theirs, ..to }
    }
}
