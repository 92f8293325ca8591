//! Machines, the processes on them, and their workers.
//!
//! What holds: a worker that works is nobody else's meanwhile, though its process may be killed; what a machine keeps
//! of the stores outlives its processes.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use engine::simulation::{Engine, StateDir, Worker};
use engine::{Error, Options};

use super::{GROUP, World};
use crate::faults::{FaultyLog, Process};

/// A machine on which a process runs, or will again.
pub(super) struct Machine {
    identity: String,
    /// What it keeps of the stores, and an older copy of that.
    state: StateDir,
    copy: StateDir,
    pub(super) running: Option<Running>,
}

pub(super) struct Running {
    process: Arc<Process>,
    pub(super) engine: Rc<RefCell<Engine>>,
    /// None while it works.
    workers: Vec<Option<Worker>>,
    /// It is asleep until then, as by SIGSTOP.
    pub(super) asleep: u64,
}

impl Machine {
    pub(super) fn new(number: usize) -> Self {
        Self {
            identity: format!("m{number}"),
            state: StateDir::default(),
            copy: StateDir::default(),
            running: None,
        }
    }
}

impl World {
    /// Starts the process of a machine; a start that fails is tried again some other time.
    pub(super) fn start(&self, machine: usize) {
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
            guarantee: self.plan.guarantee,
            state_memory: self.plan.memory,
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
    pub(super) fn kill(&self, machine: usize) {
        let running = self.machines.borrow_mut()[machine].running.take();
        if let Some(running) = running {
            self.chaos.note("kill", (machine as u64, running.process.number), String::new);
            running.process.kill();
            let summary = running.engine.borrow().summary();
            self.summaries.borrow_mut().push(summary);
        }
    }

    /// Lets a process end as it is asked to.
    pub(super) fn stop(&self, machine: usize) {
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

    pub(super) fn churn(&self) {
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

    /// Lets a worker that nobody holds do one round.
    pub(super) fn work(&self) {
        let (machine, number) = {
            let mut random = self.random.borrow_mut();
            (random.index(self.plan.machines), random.index(self.plan.workers))
        };
        self.work_of(machine, number);
    }

    pub(super) fn work_of(&self, machine: usize, number: usize) {
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

    /// A machine loses what it kept.
    pub(super) fn forget_state(&self, machine: usize) {
        self.machines.borrow_mut()[machine].state = StateDir::default();
    }
}
