//! What leaves the database: messages and dead letters to the log, notifications to their targets.
//!
//! What enters: rows of `outbox`, `dead_letters` and `actions`, committed by whichever consumer. What leaves:
//! records, HTTP requests, mails, and their outcome in those rows. What holds: the consumer's loop never
//! waits for it; of all consumers of a database one publishes and one notifies, by advisory lock, while the
//! others stand by; everything is sent at least once; what cannot be reached, PostgreSQL included, is waited
//! for.

mod back_off;
mod dead_letters;
mod notifier;
mod outbox;
mod publisher;
mod queue;
mod session;
mod topics;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use broker::Broker;
use tokio::runtime::Runtime;
use tokio::sync::watch;

pub(crate) use topics::FRAUD_DECISIONS;

use crate::database::Database;
use crate::error::{Error, Result};
use crate::targets::HttpClient;
use crate::{Options, runtime};
use notifier::Notifier;
use publisher::Publisher;

/// Waits between tries to reach PostgreSQL or the log: doubled from the first to the last.
const BACK_OFF: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(5));
/// How often the tables are looked at although nothing was notified.
const POLL: Duration = Duration::from_secs(1);

/// How far the process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Go on.
    Run,
    /// End once everything that is due has been tried.
    Drain,
    /// End after what is under way; messages and dead letters are published, though.
    Stop,
}

/// The threads; dropping it ends them too.
pub(crate) struct Dispatcher {
    phase: watch::Sender<Phase>,
    threads: Vec<JoinHandle<()>>,
}

impl Dispatcher {
    /// Starts the threads; they connect for themselves.
    pub(crate) fn start(broker: &Arc<dyn Broker>, options: &Options) -> Result<Self> {
        let (phase, watched) = watch::channel(Phase::Run);
        let database = |name: &str| {
            Database::new(&options.database_url, name).map(|database| database.silent(options.silence))
        };
        let properties = options.producer_properties.clone();
        let publisher = Publisher::new(
            Arc::clone(broker),
            database("streamguard publisher")?,
            properties,
            watched.clone(),
        );
        let http = HttpClient::new()?;
        let notifier = Notifier::new(database("streamguard notifier")?, &options.targets, http, watched);
        // From here on a failure ends what has been started.
        let mut dispatcher = Self { phase, threads: Vec::new() };
        dispatcher.spawn("publisher", |runtime| runtime.block_on(publisher.run()))?;
        dispatcher.spawn("notifier", |runtime| runtime.block_on(notifier.run()))?;
        Ok(dispatcher)
    }

    fn spawn(&mut self, name: &str, work: impl FnOnce(Runtime) + Send + 'static) -> Result<()> {
        let runtime = runtime()?;
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || work(runtime))
            .map_err(|source| Error::System { context: "starting a dispatching thread", source })?;
        self.threads.push(thread);
        Ok(())
    }

    /// Waits for the threads' end: after everything that is due now, or with `at_once` after what is under way.
    pub(crate) fn finish(mut self, at_once: bool) {
        self.end(if at_once { Phase::Stop } else { Phase::Drain });
    }

    fn end(&mut self, phase: Phase) {
        self.phase.send_replace(phase);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                tracing::error!("a dispatching thread has panicked; what it left is sent by the next start");
            }
        }
    }
}

impl Drop for Dispatcher {
    fn drop(&mut self) {
        if !self.threads.is_empty() {
            self.end(Phase::Stop);
        }
    }
}

/// Whether the threads shall end.
fn is_ending(phase: &watch::Receiver<Phase>) -> bool {
    *phase.borrow() != Phase::Run
}

/// Waits, but not past the request to end.
async fn rest(phase: &mut watch::Receiver<Phase>, time: Duration) {
    if !is_ending(phase) {
        // An error means that the sender is gone, which ends the process's work as well.
        let _ = tokio::time::timeout(time, phase.changed()).await;
    }
}
