//! The parts of one process, each on a thread, started together and ended in order.
//!
//! What enters: parts in the order of the data (producer, engine, consumer), each with its own
//! [`Shutdown`]. What leaves: what each says at its end, or the first failure. What holds: a part is
//! asked to end only after the one before it has ended, so that nothing is produced that nobody reads;
//! a part that fails, or ends unasked, ends all, and its error is the process's.

use std::thread::JoinHandle;
use std::time::Duration;

use broker::Shutdown;

use crate::failure::Failure;

/// How often the parts are looked at.
const INTERVAL: Duration = Duration::from_millis(50);

/// What a part does: runs until asked to end, then says in a line what it did.
type Work = Box<dyn FnOnce(Shutdown) -> Result<String, Failure> + Send>;

/// A part that runs.
struct Part {
    name: &'static str,
    /// It may end by itself (a load that is through); any other part that does so has failed.
    finite: bool,
    shutdown: Shutdown,
    thread: Option<JoinHandle<Result<String, Failure>>>,
    said: Option<String>,
}

/// Parts that run.
#[derive(Default)]
pub(crate) struct Crew {
    parts: Vec<Part>,
    failure: Option<Failure>,
}

/// When the crew ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// Only when asked.
    Asked,
    /// Once the first part is through and each of the others has drained its input.
    Drained,
}

impl Crew {
    /// Starts the next part in the order of the data.
    pub(crate) fn start(&mut self, name: &'static str, finite: bool, work: Work) -> Result<(), Failure> {
        let shutdown = Shutdown::new();
        let asked = shutdown.clone();
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || work(asked))
            .map_err(|error| Failure::new(format!("cannot start a thread for the {name}: {error}")))?;
        self.parts.push(Part { name, finite, shutdown, thread: Some(thread), said: None });
        Ok(())
    }

    /// Runs until all parts have ended; what each said, in order.
    pub(crate) fn run(mut self, stop: &Shutdown, until: Until) -> Result<Vec<String>, Failure> {
        loop {
            self.collect();
            if self.parts.iter().all(|part| part.thread.is_none()) {
                break;
            }
            self.ask(stop, until);
            std::thread::sleep(INTERVAL);
        }
        match self.failure {
            Some(failure) => Err(failure),
            None => Ok(self.parts.into_iter().filter_map(|part| part.said).collect()),
        }
    }

    /// Takes in the parts that have ended.
    fn collect(&mut self) {
        for part in &mut self.parts {
            let Some(thread) = part.thread.take_if(|thread| thread.is_finished()) else { continue };
            let asked = part.shutdown.is_requested() || part.shutdown.is_requested_when_drained();
            let ended = match thread.join() {
                Ok(Ok(said)) if asked || part.finite => Ok(said),
                Ok(Ok(_)) => {
                    Err(Failure::new(format!("the {} ended although nobody asked it to", part.name)))
                }
                Ok(Err(failure)) => Err(failure),
                Err(_) => {
                    Err(Failure::new(format!("the {} crashed; its message is in the log above", part.name)))
                }
            };
            match ended {
                Ok(said) => {
                    tracing::info!("the {} has ended", part.name);
                    part.said = Some(said);
                }
                Err(failure) => {
                    tracing::error!(part = part.name, "{}", failure.message());
                    self.failure.get_or_insert(failure);
                }
            }
        }
    }

    /// Asks the first part that still runs to end, where its time has come.
    fn ask(&mut self, stop: &Shutdown, until: Until) {
        let first = self.parts.iter().position(|part| part.thread.is_some());
        let Some((at, part)) = first.map(|at| (at, &self.parts[at])) else { return };
        if stop.is_requested() || self.failure.is_some() {
            part.shutdown.request();
        } else if until == Until::Drained && (at > 0 || !part.finite) {
            part.shutdown.request_when_drained();
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    fn until_asked(name: &'static str, ended: Arc<Mutex<Vec<&'static str>>>) -> Work {
        Box::new(move |shutdown| {
            while !shutdown.is_requested() && !shutdown.is_requested_when_drained() {
                std::thread::sleep(Duration::from_millis(1));
            }
            ended.lock().unwrap().push(name);
            Ok(name.to_owned())
        })
    }

    #[test]
    fn parts_end_in_order_when_asked() {
        let (ended, stop, mut crew) = (Arc::default(), Shutdown::new(), Crew::default());
        for name in ["producer", "engine", "consumer"] {
            crew.start(name, false, until_asked(name, Arc::clone(&ended))).unwrap();
        }
        stop.request();
        assert_eq!(crew.run(&stop, Until::Asked).unwrap(), ["producer", "engine", "consumer"]);
        assert_eq!(*ended.lock().unwrap(), ["producer", "engine", "consumer"]);
    }

    #[test]
    fn a_load_that_is_through_drains_the_rest() {
        let (ended, mut crew) = (Arc::default(), Crew::default());
        crew.start("producer", true, Box::new(|_| Ok("10 produced".to_owned()))).unwrap();
        crew.start("engine", false, until_asked("engine", Arc::clone(&ended))).unwrap();
        assert_eq!(crew.run(&Shutdown::new(), Until::Drained).unwrap(), ["10 produced", "engine"]);
    }

    #[test]
    fn a_failure_ends_the_others_and_is_the_result() {
        let (ended, mut crew) = (Arc::default(), Crew::default());
        crew.start("producer", true, until_asked("producer", Arc::clone(&ended))).unwrap();
        crew.start("engine", false, Box::new(|_| Err(Failure::new("no rules")))).unwrap();
        crew.start("consumer", false, until_asked("consumer", Arc::clone(&ended))).unwrap();
        let failure = crew.run(&Shutdown::new(), Until::Asked).unwrap_err();
        assert_eq!(failure.message(), "no rules");
        assert_eq!(*ended.lock().unwrap(), ["producer", "consumer"]);
    }

    #[test]
    fn a_part_that_crashes_or_leaves_unasked_is_a_failure() {
        let crash = |_| -> Result<String, Failure> { panic!("bug") };
        for work in [Box::new(crash) as Work, Box::new(|_| Ok("gone".to_owned()))] {
            let mut crew = Crew::default();
            crew.start("engine", false, work).unwrap();
            let failure = crew.run(&Shutdown::new(), Until::Asked).unwrap_err();
            assert!(failure.message().contains("engine"), "{failure:?}");
        }
    }
}
