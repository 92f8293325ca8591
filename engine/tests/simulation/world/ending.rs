//! How a world ends.
//!
//! What holds: without faults all that is there is processed and committed; what comes then is processed by the last
//! rules, mostly with nothing but what lies in the log.

use std::time::Duration;

use super::machines::Machine;
use super::{MOVED, Outcome, World};
use crate::input::Content;
use crate::output::{self, Record};
use crate::rules::Kind;

/// Tenths of a second: more than a window of the idle rule, its grace and its time-out.
const QUIET: u32 = 150;

impl World {
    /// Without faults, everything that is there is processed and committed; then a little more.
    pub(super) fn finish(&self) -> Result<Outcome, String> {
        self.chaos.calm();
        while self.generation.get() + 1 < self.program.generations {
            self.next_generation();
        }
        self.drain()?;
        if self.plan.ends_anew {
            self.end_anew();
        }
        let probes_from = {
            let mut input = self.input.borrow_mut();
            let next = input.produced.payments.iter().flatten().filter_map(|p| match p.content {
                Content::Payment { id, .. } => Some(id + 1),
                _ => None,
            });
            let next = next.max().unwrap_or(0);
            input.produce(12, false);
            next
        };
        self.drain()?;
        if self.program.rule(Kind::Idle).is_some() {
            self.be_quiet()?;
        }
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
            guarantee: self.plan.guarantee,
            probes_from,
            summaries: self.summaries.take(),
            hash,
            counts,
        })
    }

    /// Ends all processes, in order or not, without what the machines kept.
    fn end_anew(&self) {
        for machine in 0..self.plan.machines {
            let kills = self.plan.churn > 0 && self.random.borrow_mut().chance(5_000);
            if kills {
                self.kill(machine)
            } else {
                self.stop(machine)
            }
            self.forget_state(machine);
        }
    }

    /// Nothing comes any more, until the clock has closed all windows.
    fn be_quiet(&self) -> Result<(), String> {
        for _ in 0..QUIET {
            self.clock.advance(Duration::from_millis(100));
            for machine in 0..self.plan.machines {
                (0..self.plan.workers).for_each(|number| self.work_of(machine, number));
            }
            self.broken()?;
        }
        self.drain()
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
    pub(super) fn remember_moved(&self) {
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
