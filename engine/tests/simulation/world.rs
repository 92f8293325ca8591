//! A world: processes with workers on a faulty log, in virtual time, and the schedule that moves them.
//!
//! Enters: a seed. Leaves: what was produced, what is committed, or why it went wrong. What holds: everything
//! comes from the seed; one thing happens at a time, though others may work in the middle of a call.

mod ending;
mod machines;
mod plan;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use broker::embedded::Embedded;
use broker::{Broker, ManualClock, TopicPartition, TopicSpec};
use engine::rule_set::RuleSet;
use engine::{Error, Guarantee, RuleSetTopic, Summary};

use crate::faults::{Bug, Chaos};
use crate::input::{Input, Produced};
use crate::output::{self, Record};
use crate::random::Random;
use crate::rules::Program;
use crate::trace::{Counts, Trace};
use machines::Machine;
use plan::Plan;

pub(crate) const GROUP: &str = "streamguard";
/// The topic that groups by merchant.
pub(crate) const MOVED: &str = "streamguard-payments-by-merchant-repartition";

/// Who sleeps for so many rounds is given up.
pub(crate) const OVERSLEPT: u64 = 40;

thread_local! {
    /// The world that this thread plays, for those who are called back from within a call.
    static WORLD: RefCell<Option<Rc<World>>> = const { RefCell::new(None) };
}

/// See the module.
pub(crate) struct World {
    program: Program,
    plan: Plan,
    clock: Arc<ManualClock>,
    log: Arc<dyn Broker>,
    chaos: Arc<Chaos>,
    machines: RefCell<Vec<Machine>>,
    random: RefCell<Random>,
    input: RefCell<Input>,
    generation: Cell<usize>,
    /// The rules that were published, generation by generation.
    published: RefCell<Vec<RuleSet>>,
    processes: Cell<u64>,
    step: Cell<u64>,
    /// Records that are still to be produced.
    left: Cell<u64>,
    moved: RefCell<Vec<Record>>,
    broken: RefCell<Option<String>>,
    summaries: RefCell<Vec<Summary>>,
}

/// How a run ended.
pub(crate) struct Outcome {
    pub(crate) program: Program,
    pub(crate) produced: Produced,
    pub(crate) log: Arc<dyn Broker>,
    /// All that ever was in the topic that groups by merchant.
    pub(crate) moved: Vec<Record>,
    pub(crate) profiles_first: bool,
    /// Whether outputs may be there again.
    pub(crate) guarantee: Guarantee,
    /// Ids from this on were produced when all workers had the last generation.
    pub(crate) probes_from: i64,
    pub(crate) summaries: Vec<Summary>,
    pub(crate) hash: u64,
    pub(crate) counts: Counts,
}

/// What a scheduled step does.
impl World {
    /// Plays the world of a seed.
    pub(crate) fn play(seed: u64, print: bool, bug: Option<Bug>) -> Result<Outcome, String> {
        let world = Rc::new(Self::new(seed, print, bug));
        WORLD.with(|slot| *slot.borrow_mut() = Some(world.clone()));
        let outcome = world.run();
        WORLD.with(|slot| *slot.borrow_mut() = None);
        // What still runs has to go before the log.
        world.machines.borrow_mut().clear();
        outcome
    }

    fn new(seed: u64, print: bool, bug: Option<Bug>) -> Self {
        let mut random = Random::new(seed);
        let mut program = Program::draw(&mut random).with_idle(Random::new(!seed));
        program.draw_broadcast(&mut Random::new(seed.rotate_left(16)));
        let plan = Plan::draw(&mut random, &program);
        let clock = Arc::new(ManualClock::new(1_000_000));
        let log: Arc<dyn Broker> = Embedded::in_memory_with(clock.clone());
        let spec = |topic: &&str| TopicSpec::retained(*topic, program.partitions);
        let topics: Vec<_> = ["payments", "profiles", "marks", "quotas", "tiers"].iter().map(spec).collect();
        log.create_topics(&topics).unwrap();
        if let Some(partitions) = program.of_merchants {
            log.create_topics(&[TopicSpec::retained("merchants", partitions)]).unwrap();
        }
        let mut trace = Trace::new(print);
        trace.note("world", (seed, 0), || format!("{plan:?} {program:?}"));
        let chances = (random.fork(), plan.rates);
        let input = Input::new(&*log, clock.clone(), random.fork(), &program);
        Self {
            chaos: Chaos::new(log.clone(), clock.clone(), chances, (trace, bug), interleave),
            machines: RefCell::new((0..plan.machines).map(Machine::new).collect()),
            random: RefCell::new(random),
            input: RefCell::new(input),
            generation: Cell::new(0),
            published: RefCell::default(),
            processes: Cell::new(0),
            step: Cell::new(0),
            left: Cell::new(plan.records),
            moved: RefCell::default(),
            broken: RefCell::default(),
            summaries: RefCell::default(),
            program,
            plan,
            clock,
            log,
        }
    }

    fn run(&self) -> Result<Outcome, String> {
        if self.plan.profiles_first {
            self.input.borrow_mut().profiles();
        }
        self.publish(0);
        self.start(0);
        while self.step.get() < self.plan.steps || self.left.get() > 0 {
            self.step.set(self.step.get() + 1);
            self.happen();
            self.broken()?;
        }
        self.finish()
    }

    /// A step.
    fn happen(&self) {
        let (what, amount) = {
            let mut random = self.random.borrow_mut();
            (random.below(10_000), 1 + random.below(12))
        };
        match what {
            0..1_200 if self.left.get() > 0 => self.produce(amount),
            1_200..1_800 => self.clock.advance(Duration::from_millis(amount * 10)),
            1_800..1_840 => self.clock.advance(Duration::from_millis(amount * 300)),
            1_840..1_920 => self.next_generation(),
            1_920..2_000 => self.trim(),
            what if what >= 10_000 - self.plan.churn => self.churn(),
            _ => self.work(),
        }
    }

    /// Produces some of what is left.
    fn produce(&self, count: u64) {
        let count = count.min(self.left.get());
        if count > 0 {
            self.left.set(self.left.get() - count);
            self.input.borrow_mut().produce(count, !self.plan.profiles_first);
        }
    }

    fn broken(&self) -> Result<(), String> {
        match &*self.broken.borrow() {
            Some(problem) => Err(problem.clone()),
            None => Ok(()),
        }
    }

    fn break_down(&self, problem: String) {
        self.chaos.note("broken", (0, 0), || problem.clone());
        self.broken.borrow_mut().get_or_insert(problem);
    }

    /// Publishes the rules of a generation.
    fn publish(&self, generation: usize) {
        let none = BTreeMap::new();
        let topic = RuleSetTopic {
            broker: &*self.log,
            clock: &*self.clock,
            group: GROUP,
            consumer_properties: &none,
            producer_properties: &none,
        };
        let set = topic.publish(&self.program.files(generation), generation as u64, "the world").unwrap();
        self.published.borrow_mut().push(set);
    }

    /// All processes go over to the next rules, whatever they are doing; those that are dead begin with them.
    fn next_generation(&self) {
        let next = self.generation.get() + 1;
        if next >= self.program.generations {
            return;
        }
        self.chaos.note("rules", (next as u64, 0), String::new);
        self.publish(next);
        self.generation.set(next);
        for machine in 0..self.plan.machines {
            let engine = self.machines.borrow()[machine].running.as_ref().map(|r| r.engine.clone());
            let Some(engine) = engine else { continue };
            if machine == 0 && self.chaos.has(Bug::StaleReload) {
                continue;
            }
            let set = self.published.borrow()[next].clone();
            let outcome = engine.borrow().reload(set);
            match outcome {
                Ok(()) => {}
                // It comes back with the new rules, as an engine does whose directory has changed meanwhile.
                Err(Error::Broker(_)) => self.kill(machine),
                Err(error) => self.break_down(format!("the next rules are refused: {error}")),
            }
        }
    }

    /// Drops of the payments what no restore reads again: up to the oldest checkpoint.
    fn trim(&self) {
        let partitions: Vec<_> =
            (0..self.program.partitions).map(|p| TopicPartition::new("payments", p)).collect();
        let committed = self.log.committed(GROUP, &partitions).unwrap();
        let needed = output::checkpoints(&*self.log, "payments");
        let below = committed.into_iter().flatten().map(|offset| {
            let needed = needed.get(&offset.partition.partition).copied().unwrap_or(offset.offset);
            (offset.partition, offset.offset.min(needed))
        });
        let below: Vec<_> = below.collect();
        self.chaos.note("trim", (below.len() as u64, 0), || format!("{below:?}"));
        self.log.delete_records(&below).unwrap();
    }
}

fn world() -> Option<Rc<World>> {
    WORLD.with(|slot| slot.borrow().clone())
}

/// Others work for some rounds in the middle of a call. After many the caller has been given up, and others have gone
/// on in its place, with records that came meanwhile.
fn interleave(rounds: u64) {
    let Some(world) = world() else { return };
    // Longer than the group waits for a member, and now and then than the log waits for a transaction, too.
    let is_long = rounds >= OVERSLEPT && world.random.borrow_mut().chance(3_000);
    let first = if is_long { 700 } else { 400 };
    for round in 0..rounds {
        if rounds >= OVERSLEPT {
            world.clock.advance(Duration::from_millis(if round < OVERSLEPT / 2 { first } else { 20 }));
            let amount = 1 + world.random.borrow_mut().below(12);
            if amount <= 4 {
                world.produce(amount);
            }
        }
        world.work();
    }
}

/// Somebody is about to delete records.
pub(crate) fn about_to_delete() {
    if let Some(world) = world() {
        world.remember_moved();
    }
}
