//! What happened, as a hash, in numbers and, where a person asks for it, as text.
//!
//! What holds: whatever the simulation decides and whatever the log answers goes in, so two runs with the same
//! hash were the same run. A step of a worker ends: one that goes round and round fails its world.

use std::collections::BTreeMap;

/// Events of one step, with all that happens between its calls: some thousands are the most that was ever seen.
const ENDLESS: u64 = 50_000;

/// How often what happened.
pub(crate) type Counts = BTreeMap<&'static str, u64>;

/// See the module.
#[derive(Debug)]
pub(crate) struct Trace {
    hash: u64,
    counts: Counts,
    events: u64,
    /// Of the events, those before the last step.
    before: u64,
    print: bool,
}

impl Trace {
    pub(crate) fn new(print: bool) -> Self {
        Self { hash: 0xcbf2_9ce4_8422_2325, counts: Counts::new(), events: 0, before: 0, print }
    }

    /// Notes an event: what, two numbers that say which, and its text for people.
    pub(crate) fn note(&mut self, what: &'static str, which: (u64, u64), text: impl FnOnce() -> String) {
        self.events += 1;
        if what == "step" {
            self.before = self.events;
        }
        if self.events - self.before >= ENDLESS {
            // What ends the world may be noted, too.
            self.before = self.events;
            panic!("a step does not end: {what} is event {ENDLESS} of it");
        }
        *self.counts.entry(what).or_default() += 1;
        what.bytes().for_each(|byte| self.take(u64::from(byte)));
        self.take(which.0);
        self.take(which.1);
        if self.print {
            println!("{:6} {what} {} {} {}", self.events, which.0, which.1, text());
        }
    }

    /// FNV-1a, a word at a time.
    fn take(&mut self, word: u64) {
        self.hash = (self.hash ^ word).wrapping_mul(0x0100_0000_01b3);
    }

    pub(crate) fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn counts(&self) -> &Counts {
        &self.counts
    }
}
