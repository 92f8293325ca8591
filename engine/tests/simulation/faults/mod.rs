//! A log with faults: every call to it may fail, in the ways in which Kafka fails, or be the caller's last.
//!
//! Enters: the embedded broker, and random numbers. Leaves: per process a broker that its engine cannot tell from
//! a real one. What holds: the log behind it never loses or doubles anything; what goes wrong is what a client
//! sees, when it ends, and what the others do while a call is under way.

mod consumer;
mod log;
mod planted;
mod producer;
mod timeout;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use broker::{Broker, Clock, Consumer, Error, ErrorKind, ManualClock, Producer, Result, TopicPartition};

use crate::random::Random;
use crate::trace::{Counts, Trace};
use crate::world::OVERSLEPT;
use timeout::Timeouts;

pub(crate) use log::FaultyLog;
pub(crate) use planted::Bug;

/// How long the group waits for a member that is silent.
pub(crate) const SESSION: Duration = Duration::from_secs(6);
/// How long a transaction may stay open.
const TRANSACTION: Duration = Duration::from_secs(10);

/// The longest that a zombie sleeps, in times of [`OVERSLEPT`] rounds.
const LONGEST_SLEEP: usize = 4;

/// How many calls may be interrupted at a time, each in the middle of the other.
const DEEPEST: usize = 2;

/// How often what goes wrong, in ten thousand calls.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rates {
    /// The process ends in the middle of a call.
    pub(crate) crash: u64,
    /// A call fails although nothing is wrong with it.
    pub(crate) error: u64,
    /// A commit fails, in one of its many ways.
    pub(crate) commit: u64,
    /// Others work while a call is under way.
    pub(crate) interleave: u64,
    /// They work for so long that the caller is given up.
    pub(crate) oversleep: u64,
    /// A worker sleeps with a checkpoint in hand until others have made one in its place.
    pub(crate) zombie: u64,
    /// A member finds that it has lost its partitions.
    pub(crate) lose: u64,
}

/// A process, as the log sees it.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) number: u64,
    dead: AtomicBool,
}

impl Process {
    pub(crate) fn new(number: u64) -> Arc<Self> {
        Arc::new(Self { number, dead: AtomicBool::new(false) })
    }

    /// Ends it: none of its calls reaches the log any more.
    pub(crate) fn kill(&self) {
        self.dead.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_dead(&self) -> bool {
        self.dead.load(Ordering::SeqCst)
    }
}

/// A transaction whose producer is gone or does not know how it ends.
struct Limbo {
    id: String,
    producer: Box<dyn Producer>,
    /// Its commit was asked for, so it may end that way too.
    may_commit: bool,
    /// The offsets in it, which nobody can ask for before it has ended.
    offsets: Vec<TopicPartition>,
    until: Instant,
}

/// A consumer whose process is gone; the group does not know yet.
struct Grave {
    /// Held until it is dropped.
    _consumer: Box<dyn Consumer>,
    until: Instant,
}

struct State {
    random: Random,
    on: bool,
    rates: Rates,
    trace: Trace,
    limbo: Vec<Limbo>,
    timeouts: Timeouts,
    graves: Vec<Grave>,
    depth: usize,
    /// How many checkpoints were committed.
    checkpoints: u64,
    memory: planted::Memory,
}

impl State {
    fn is_on(&self) -> bool {
        self.on
    }
}

/// What decides; shared by all processes.
pub(crate) struct Chaos {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) inner: Arc<dyn Broker>,
    state: Mutex<State>,
    /// What is broken.
    bug: Option<Bug>,
    /// Lets others work: how many rounds.
    interleave: fn(u64),
}

fn failure(kind: ErrorKind, doing: &str) -> Error {
    Error::new(kind, doing, "as the simulation wants it")
}

impl Chaos {
    pub(crate) fn new(
        inner: Arc<dyn Broker>,
        clock: Arc<ManualClock>,
        (random, rates): (Random, Rates),
        (trace, bug): (Trace, Option<Bug>),
        interleave: fn(u64),
    ) -> Arc<Self> {
        let (limbo, graves) = (Vec::new(), Vec::new());
        let state = State {
            random,
            on: true,
            rates,
            trace,
            limbo,
            timeouts: Timeouts::default(),
            graves,
            depth: 0,
            checkpoints: 0,
            memory: planted::Memory::default(),
        };
        Arc::new(Self { clock, inner, state: Mutex::new(state), bug, interleave })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this is what is broken.
    pub(crate) fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    /// From now on nothing goes wrong; what is pending ends.
    pub(crate) fn calm(&self) {
        self.state().on = false;
        self.clock.advance(TRANSACTION);
        self.settle(None);
    }

    pub(crate) fn note(&self, what: &'static str, which: (u64, u64), text: impl FnOnce() -> String) {
        self.state().trace.note(what, which, text);
    }

    /// The hash of all that happened, and how often what did.
    pub(crate) fn told(&self) -> (u64, Counts) {
        let state = self.state();
        (state.trace.hash(), state.trace.counts().clone())
    }

    /// Before a call: time passes, others may work, the process may end, the call may fail.
    fn enter(&self, process: &Process, what: &'static str, kinds: &[ErrorKind]) -> Result<()> {
        if process.is_dead() {
            return Err(failure(ErrorKind::Config, what));
        }
        let pass = self.state().random.below(300);
        self.clock.advance(Duration::from_micros(pass));
        self.settle(None);
        let mut state = self.state();
        state.trace.note(what, (process.number, pass), String::new);
        if !state.is_on() {
            return Ok(());
        }
        let rates = state.rates;
        if state.depth < DEEPEST && state.random.chance(rates.interleave) {
            // Most harm is done by who sleeps with a transaction in hand.
            let oversleep = if what == "send offsets" { rates.oversleep * 4 } else { rates.oversleep };
            let rounds = if state.random.chance(oversleep) { OVERSLEPT } else { 1 + state.random.below(6) };
            state.depth += 1;
            state.trace.note("meanwhile", (process.number, rounds), String::new);
            drop(state);
            (self.interleave)(rounds);
            state = self.state();
            state.depth -= 1;
        }
        if state.random.chance(rates.crash) {
            process.kill();
            state.trace.note("crash", (process.number, 0), || format!("in {what}"));
        }
        if process.is_dead() {
            return Err(failure(ErrorKind::Config, what));
        }
        if !kinds.is_empty() && state.random.chance(rates.error) {
            let kind = state.random.pick(kinds);
            state.trace.note("error", (process.number, kind as u64), || format!("{kind:?} in {what}"));
            return Err(failure(kind, what));
        }
        Ok(())
    }

    /// With a checkpoint in hand: the process may sleep until it is given up and others have gone on without it.
    fn oversleep(&self, process: &Process) {
        let mut state = self.state();
        let rates = state.rates;
        if !state.is_on() || state.depth >= DEEPEST || !state.random.chance(rates.zombie) {
            return;
        }
        state.depth += 1;
        let until = state.checkpoints + 3;
        state.trace.note("zombie", (process.number, until), String::new);
        for _ in 0..LONGEST_SLEEP {
            if state.checkpoints >= until {
                break;
            }
            drop(state);
            (self.interleave)(OVERSLEPT);
            state = self.state();
        }
        state.depth -= 1;
    }

    /// As [`Chaos::enter`], for a call that is made for each record.
    fn pass(&self, process: &Process) -> Result<()> {
        let mut state = self.state();
        let rates = state.rates;
        if state.is_on() && state.random.chance(rates.crash / 4) {
            process.kill();
            state.trace.note("crash", (process.number, 1), String::new);
        }
        if process.is_dead() {
            return Err(failure(ErrorKind::Config, "produce"));
        }
        if state.is_on() && state.random.chance(rates.error / 4) {
            state.trace.note("error", (process.number, 1), String::new);
            return Err(failure(ErrorKind::Abortable, "produce"));
        }
        Ok(())
    }

    /// Ends the transactions and members whose time is over, and the transaction of an id that is taken anew.
    fn settle(&self, taken: Option<&str>) {
        let now = self.clock.now();
        let mut ended = Vec::new();
        let graves = {
            let mut state = self.state();
            while let Some(place) =
                state.limbo.iter().position(|l| l.until <= now || taken == Some(l.id.as_str()))
            {
                let limbo = state.limbo.remove(place);
                let commits = limbo.may_commit && state.random.chance(5_000);
                ended.push((limbo, commits));
            }
            let on = state.on;
            let (over, left) = state.graves.drain(..).partition(|grave| grave.until <= now || !on);
            state.graves = left;
            let over: Vec<Grave> = over;
            over
        };
        drop(graves);
        for (mut limbo, commits) in ended {
            let outcome = if commits { limbo.producer.commit() } else { limbo.producer.abort() };
            let text = || format!("{} commits: {commits}, {outcome:?}", limbo.id);
            self.note("settled", (u64::from(commits), u64::from(outcome.is_ok())), text);
        }
    }

    /// Keeps a transaction that has neither ended nor anybody who knows.
    fn strand(&self, limbo: (String, Box<dyn Producer>, bool, Vec<TopicPartition>)) {
        let (id, producer, may_commit, offsets) = limbo;
        let mut state = self.state();
        let after = Duration::from_millis(state.random.below(TRANSACTION.as_millis() as u64));
        let until = self.clock.now() + after;
        state.trace.note("stranded", (u64::from(may_commit), after.as_millis() as u64), || id.clone());
        state.limbo.push(Limbo { id, producer, may_commit, offsets, until });
    }

    fn bury(&self, consumer: Box<dyn Consumer>) {
        let until = self.clock.now() + SESSION;
        self.state().graves.push(Grave { _consumer: consumer, until });
    }

    /// Whether a transaction that has not ended holds offsets of these.
    fn is_pending(&self, partitions: &[TopicPartition]) -> bool {
        let (state, now) = (self.state(), self.clock.now());
        let in_limbo = |limbo: &Limbo| limbo.offsets.iter().any(|offset| partitions.contains(offset));
        state.timeouts.is_pending(partitions, now) || state.limbo.iter().any(in_limbo)
    }
}
