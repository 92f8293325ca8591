//! An engine without threads, files and a wall clock, for simulations: whoever has it takes every step.
//!
//! Enters: rules as texts, a clock, a name. Leaves: workers that do one round at a time. What holds: it is the
//! same code that [`run`](super::run) drives; nothing here waits, but for the clock that was given. To let an
//! engine die in the middle of its work, drop its workers: nothing is committed or given up on that way.

use std::sync::{Arc, PoisonError};

use broker::{Broker, Clock};

use super::drain::Drained;
use super::generation::Generation;
use super::identity::Identity;
use super::local::{Local, MemoryLocal};
use super::{Error, Options, Shared, Summary, topics, worker};
use crate::rule_set::RuleSet;
use crate::state::MemoryLimit;

/// What a machine keeps of the stores over the ends of its processes.
#[derive(Debug, Clone, Default)]
pub struct StateDir(MemoryLocal);

impl StateDir {
    /// A copy, as somebody may put back later.
    pub fn copied(&self) -> Self {
        Self(self.0.copied())
    }

    /// What the machine's sudden end leaves: what came since `before` is there, but not marked as whole.
    pub fn torn(&self, before: &Self) -> Self {
        Self(self.0.torn(&before.0))
    }
}

/// What the workers of one process share.
pub struct Engine {
    shared: Arc<Shared>,
    drained: Drained,
}

impl Engine {
    /// Starts a process with these rules, which are published. `identity` names its clients, as a state directory does.
    ///
    /// # Errors
    /// Those of [`run`](super::run) before it works.
    pub fn start(
        broker: Arc<dyn Broker>,
        options: Options,
        rules: RuleSet,
        identity: &str,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, Error> {
        Self::start_in(broker, options, rules, identity, clock, None)
    }

    /// The same with local state, which an earlier process may have left. Only with one may the stores lie there
    /// ([`Options::state_memory`]).
    ///
    /// # Errors
    /// As [`Engine::start`].
    pub fn start_in(
        broker: Arc<dyn Broker>,
        options: Options,
        rules: RuleSet,
        identity: &str,
        clock: Arc<dyn Clock>,
        state: Option<&StateDir>,
    ) -> Result<Self, Error> {
        let generation = Generation::published(rules, &options)?;
        topics::ensure(&*broker, &options, &generation.program)?;
        let memory = options.state_memory.filter(|_| state.is_some());
        let options = Options { state_memory: None, ..options };
        let mut shared = Shared::new(broker, options, generation, Identity::given(identity), clock)?;
        shared.memory = memory.map(MemoryLimit::new);
        shared.writes_checkpoints_inline = true;
        if let Some(StateDir(local)) = state {
            // As the engine does: only stores that lie there have to see changes as soon as they are committed.
            shared.local = Some(Local::new(Arc::new(local.staging(shared.memory.is_none()))));
        }
        Ok(Self { shared: Arc::new(shared), drained: Drained::default() })
    }

    /// Makes the worker of this number; it joins the group.
    ///
    /// # Errors
    /// The log.
    pub fn worker(&self, index: usize) -> Result<Worker, Error> {
        Ok(Worker(worker::Worker::new(&self.shared, index)?))
    }

    /// Makes other rules the ones that run; workers take them over at their next step.
    ///
    /// # Errors
    /// The rules are refused, or their topics cannot be made; the old ones go on.
    pub fn reload(&self, rules: RuleSet) -> Result<(), Error> {
        Generation::published(rules, &self.shared.options)?.activate(&self.shared)
    }

    /// Tells the workers to stop: what they wait for they give up.
    pub fn stop(&self) {
        self.shared.stop();
    }

    /// Whether all that lies in the inputs is processed and committed; true at the second look that finds so.
    pub fn is_drained(&mut self) -> bool {
        self.shared.has_switched() && self.drained.check(&self.shared)
    }

    /// What the workers have told of their work.
    pub fn summary(&self) -> Summary {
        self.shared.summary.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A worker that waits to be told to work.
pub struct Worker(worker::Worker);

impl Worker {
    /// One poll and what it brings, with the way back where something fails.
    ///
    /// # Errors
    /// One that ends the worker, or [`Error::Stopping`].
    pub fn step(&mut self) -> Result<(), Error> {
        self.0.turn()
    }

    /// Ends as a worker does that is asked to stop: commits, and leaves the group.
    ///
    /// # Errors
    /// The group cannot be left in order.
    pub fn finish(self) -> Result<(), Error> {
        self.0.finish()
    }
}
