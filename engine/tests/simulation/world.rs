//! A world: processes with workers on a faulty log, in virtual time, and the schedule that moves them.
//!
//! Enters: a seed. Leaves: what was produced, what is committed, or why it went wrong. What holds: everything
//! comes from the seed; one thing happens at a time, though others may work in the middle of a call.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use broker::embedded::Embedded;
use broker::{Broker, ManualClock, TopicPartition, TopicSpec};
use engine::rule_set::RuleSet;
use engine::simulation::{Engine, StateDir, Worker};
use engine::{Error, Options, RuleSetTopic, Summary};

use crate::faults::{Bug, Chaos, FaultyLog, Process, Rates};
use crate::input::{Input, Produced};
use crate::output::{self, Record};
use crate::random::Random;
use crate::rules::{Kind, Program};
use crate::trace::{Counts, Trace};

pub(crate) const GROUP: &str = "streamguard";
/// The topic that groups by merchant.
pub(crate) const MOVED: &str = "streamguard-payments-by-merchant-repartition";

thread_local! {
    /// The world that this thread plays, for those who are called back from within a call.
    static WORLD: RefCell<Option<Rc<World>>> = const { RefCell::new(None) };
}

/// A machine on which a process runs, or will again.
struct Machine {
    identity: String,
    /// What it keeps of the stores, and an older copy of that.
    state: StateDir,
    copy: StateDir,
    running: Option<Running>,
}

struct Running {
    process: Arc<Process>,
    engine: Rc<RefCell<Engine>>,
    /// None while it works.
    workers: Vec<Option<Worker>>,
    /// It is asleep until then, as by SIGSTOP.
    asleep: u64,
}

/// What is decided once for a world.
#[derive(Debug, Clone)]
struct Plan {
    machines: usize,
    workers: usize,
    records: u64,
    steps: u64,
    /// Of ten thousand steps: how many start, stop or kill a process.
    churn: u64,
    rates: Rates,
    /// The profiles are all there before the engine is.
    profiles_first: bool,
    /// Machines keep the state of their stores.
    keeps_state: bool,
    /// How often checkpoints are made.
    checkpoints: Duration,
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
    /// Ids from this on were produced when all workers had the last generation.
    pub(crate) probes_from: i64,
    pub(crate) summaries: Vec<Summary>,
    pub(crate) hash: u64,
    pub(crate) counts: Counts,
}

impl Plan {
    fn draw(random: &mut Random) -> Self {
        let level = random.pick(&[0, 1, 1, 2, 3]);
        let mut rate =
            |most: u64| if level == 0 || random.chance(4_000) { 0 } else { random.below(most * level) };
        let rates = Rates {
            crash: rate(30),
            error: rate(80),
            commit: rate(1_500),
            interleave: rate(600),
            oversleep: rate(800),
            lose: rate(100),
        };
        Self {
            machines: random.pick(&[1, 1, 2, 2, 3]),
            workers: random.pick(&[1, 1, 2, 3]),
            records: 20 + random.below(230),
            steps: 150 + random.below(600),
            churn: if level == 0 { 0 } else { random.below(300) },
            rates,
            profiles_first: random.chance(5_000),
            keeps_state: random.chance(7_000),
            checkpoints: Duration::from_millis(random.pick(&[10, 30, 100, 300, 1_000])),
        }
    }
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
        let program = Program::draw(&mut random);
        let plan = Plan::draw(&mut random);
        let clock = Arc::new(ManualClock::new(1_000_000));
        let log: Arc<dyn Broker> = Embedded::in_memory_with(clock.clone());
        let spec = |topic: &&str| TopicSpec::retained(*topic, program.partitions);
        let topics: Vec<_> = ["payments", "profiles", "marks"].iter().map(spec).collect();
        log.create_topics(&topics).unwrap();
        let mut trace = Trace::new(print);
        trace.note("world", (seed, 0), || format!("{plan:?} {program:?}"));
        let chances = (random.fork(), plan.rates);
        let input = Input::new(&*log, random.fork(), program.partitions);
        let machine = |number| Machine {
            identity: format!("m{number}"),
            state: StateDir::default(),
            copy: StateDir::default(),
            running: None,
        };
        Self {
            chaos: Chaos::new(log.clone(), clock.clone(), chances, (trace, bug), interleave),
            machines: RefCell::new((0..plan.machines).map(machine).collect()),
            random: RefCell::new(random),
            input: RefCell::new(input),
            generation: Cell::new(0),
            published: RefCell::default(),
            processes: Cell::new(0),
            step: Cell::new(0),
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
        let mut left = self.plan.records;
        while self.step.get() < self.plan.steps || left > 0 {
            self.step.set(self.step.get() + 1);
            let (what, amount) = {
                let mut random = self.random.borrow_mut();
                (random.below(10_000), 1 + random.below(12))
            };
            match what {
                0..1_200 if left > 0 => {
                    let count = amount.min(left);
                    left -= count;
                    self.input.borrow_mut().produce(count, !self.plan.profiles_first);
                }
                1_200..1_800 => self.clock.advance(Duration::from_millis(amount * 10)),
                1_800..1_840 => self.clock.advance(Duration::from_millis(amount * 300)),
                1_840..1_920 => self.next_generation(),
                1_920..2_000 => self.trim(),
                what if what >= 10_000 - self.plan.churn => self.churn(),
                _ => self.work(),
            }
            self.broken()?;
        }
        self.finish()
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

    /// Starts the process of a machine; a start that fails is tried again some other time.
    fn start(&self, machine: usize) {
        if self.machines.borrow()[machine].running.is_some() {
            return;
        }
        self.processes.set(self.processes.get() + 1);
        let process = Process::new(self.processes.get());
        let (identity, state) = {
            let machine = &self.machines.borrow()[machine];
            (machine.identity.clone(), machine.state.clone())
        };
        let state = Some(&state).filter(|_| self.plan.keeps_state);
        self.chaos.note("start", (machine as u64, process.number), || identity.clone());
        let log = FaultyLog::new(&self.chaos, &process);
        let rules = self.published.borrow()[self.generation.get()].clone();
        let options = Options {
            group: GROUP.into(),
            threads: self.plan.workers,
            checkpoint_interval: self.plan.checkpoints,
            ..Options::default()
        };
        let started =
            Engine::start_in(log, options, rules, &identity, self.clock.clone(), state).and_then(|engine| {
                let workers = (0..self.plan.workers).map(|index| engine.worker(index).map(Some));
                let workers = workers.collect::<Result<_, _>>()?;
                let engine = Rc::new(RefCell::new(engine));
                Ok(Running { workers, engine, process: process.clone(), asleep: 0 })
            });
        match started {
            Ok(running) => self.machines.borrow_mut()[machine].running = Some(running),
            // Whatever the log said: somebody starts it again.
            Err(Error::Broker(_)) => process.kill(),
            Err(error) => self.break_down(format!("a process does not start: {error}")),
        }
    }

    /// Ends a process in the middle of whatever it does.
    fn kill(&self, machine: usize) {
        let running = self.machines.borrow_mut()[machine].running.take();
        if let Some(running) = running {
            self.chaos.note("kill", (machine as u64, running.process.number), String::new);
            running.process.kill();
            let summary = running.engine.borrow().summary();
            self.summaries.borrow_mut().push(summary);
        }
    }

    /// Lets a process end as it is asked to.
    fn stop(&self, machine: usize) {
        let running = self.machines.borrow_mut()[machine].running.take();
        let Some(running) = running else { return };
        self.chaos.note("stop", (machine as u64, running.process.number), String::new);
        running.engine.borrow().stop();
        for worker in running.workers.into_iter().flatten() {
            if let Err(error) = worker.finish() {
                let known =
                    matches!(&error, Error::Broker(e) if e.is_transient() || running.process.is_dead());
                if !known {
                    self.break_down(format!("a worker does not end well: {error}"));
                }
            }
        }
        let summary = running.engine.borrow().summary();
        self.summaries.borrow_mut().push(summary);
    }

    fn churn(&self) {
        let (machine, how) = {
            let mut random = self.random.borrow_mut();
            (random.index(self.plan.machines), random.below(10))
        };
        let is_running = self.machines.borrow()[machine].running.is_some();
        match how {
            _ if !is_running => {
                if how == 0 {
                    // Another machine takes its place, without what the old one kept.
                    let identity = format!("n{}", self.processes.get());
                    self.machines.borrow_mut()[machine].identity = identity;
                }
                self.change_state(machine);
                self.start(machine);
            }
            0..4 => self.kill(machine),
            4..6 => self.stop(machine),
            6..8 => {
                self.stop(machine);
                self.start(machine);
            }
            _ => {
                let steps = self.random.borrow_mut().below(60);
                if let Some(running) = &mut self.machines.borrow_mut()[machine].running {
                    running.asleep = self.step.get() + steps;
                }
            }
        }
    }

    /// What becomes of a machine's state while nobody uses it: mostly it is as it was left.
    fn change_state(&self, machine: usize) {
        let how = self.random.borrow_mut().below(10);
        let machine = &mut self.machines.borrow_mut()[machine];
        match how {
            0 => machine.state = StateDir::default(),
            1 | 2 => machine.state = machine.copy.copied(),
            3 | 4 => machine.state = machine.state.torn(&machine.copy),
            5 | 6 => machine.copy = machine.state.copied(),
            _ => {}
        }
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

    /// Lets a worker that nobody holds do one round.
    fn work(&self) {
        let (machine, number) = {
            let mut random = self.random.borrow_mut();
            (random.index(self.plan.machines), random.index(self.plan.workers))
        };
        self.work_of(machine, number);
    }

    fn work_of(&self, machine: usize, number: usize) {
        let (mut worker, process) = {
            let mut machines = self.machines.borrow_mut();
            let Some(running) = &mut machines[machine].running else { return };
            if running.asleep > self.step.get() {
                return;
            }
            let Some(worker) = running.workers[number].take() else { return };
            (worker, running.process.clone())
        };
        self.chaos.note("step", (process.number, number as u64), String::new);
        let outcome = worker.step();
        match outcome {
            Ok(()) => {
                let mut machines = self.machines.borrow_mut();
                match &mut machines[machine].running {
                    Some(running) if running.process.number == process.number => {
                        running.workers[number] = Some(worker);
                    }
                    // It was killed meanwhile.
                    _ => drop(worker),
                }
            }
            Err(_) if process.is_dead() => {
                drop(worker);
                let is_this = self.machines.borrow()[machine]
                    .running
                    .as_ref()
                    .is_some_and(|running| running.process.number == process.number);
                if is_this {
                    self.kill(machine);
                }
            }
            Err(error) => self.break_down(format!("worker {number} of {machine} ended: {error}")),
        }
    }

    /// Without faults, everything that is there is processed and committed; then a little more.
    fn finish(&self) -> Result<Outcome, String> {
        self.chaos.calm();
        while self.generation.get() + 1 < self.program.generations {
            self.next_generation();
        }
        self.drain()?;
        let probes_from = {
            let mut input = self.input.borrow_mut();
            let next = input.produced.payments.iter().flatten().filter_map(|p| match p.content {
                crate::input::Content::Payment { id, .. } => Some(id + 1),
                _ => None,
            });
            let next = next.max().unwrap_or(0);
            input.produce(12, false);
            next
        };
        self.drain()?;
        (0..self.plan.machines).for_each(|machine| self.stop(machine));
        self.broken()?;
        self.remember_moved();
        let (hash, counts) = self.chaos.told();
        Ok(Outcome {
            program: self.program.clone(),
            produced: std::mem::take(&mut self.input.borrow_mut().produced),
            log: self.log.clone(),
            moved: self.moved.take(),
            profiles_first: self.plan.profiles_first,
            probes_from,
            summaries: self.summaries.take(),
            hash,
            counts,
        })
    }

    fn drain(&self) -> Result<(), String> {
        for round in 0..600 {
            for machine in 0..self.plan.machines {
                if let Some(running) = &mut self.machines.borrow_mut()[machine].running {
                    running.asleep = 0;
                }
                self.start(machine);
                (0..self.plan.workers).for_each(|number| self.work_of(machine, number));
                self.broken()?;
            }
            self.clock.advance(Duration::from_millis(20));
            let mut machines = self.machines.borrow_mut();
            let drained = |machine: &mut Machine| {
                machine.running.as_mut().is_some_and(|r| r.engine.borrow_mut().is_drained())
            };
            if round > 4 && machines.iter_mut().all(drained) {
                return Ok(());
            }
        }
        Err("the input is not processed to its end without faults".into())
    }

    /// Reads what is in the topic that groups by merchant before some of it goes.
    fn remember_moved(&self) {
        if self.program.rule(Kind::Shop).is_none() {
            return;
        }
        let mut moved = self.moved.borrow_mut();
        for record in output::read(&*self.log, MOVED) {
            let is_known =
                |known: &Record| (known.partition, known.offset) == (record.partition, record.offset);
            if !moved.iter().any(is_known) {
                moved.push(record);
            }
        }
        moved.sort_by_key(|record| (record.partition, record.offset));
    }
}

fn world() -> Option<Rc<World>> {
    WORLD.with(|slot| slot.borrow().clone())
}

/// Others work for some rounds in the middle of a call.
fn interleave(rounds: u64) {
    let Some(world) = world() else { return };
    for _ in 0..rounds {
        if rounds > 20 {
            world.clock.advance(Duration::from_millis(400));
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
