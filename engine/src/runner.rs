//! The only loop that touches the world: poll, task, commit or abort, rebalance, reload.
//!
//! [`run`] supervises: it loads the program, makes the topics, tells the topic `rules` what runs, starts the
//! workers, watches the rules directory and the rule-set topic, and ends the workers when asked to. Each worker
//! ([`worker`]) owns a consumer and a transactional producer and runs the tasks of the partitions that the group gives
//! it. What holds: outputs, offsets and the order of inputs of a commit are one transaction; a program is switched at a
//! commit boundary; an invalid program changes nothing.

mod checkpoint;
mod drain;
mod generation;
mod guarantee;
mod identity;
mod installation;
mod inventory;
mod journal;
pub(crate) mod local;
mod publication;
mod publish;
mod reload;
mod report;
mod restore;
mod shared;
#[doc(hidden)]
pub mod simulation;
mod topics;
mod uses;
mod watch;
mod worker;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use broker::{Broker, Shutdown, SystemClock};
use events::Mask;

use crate::rule_files::RuleFilesError;
use crate::sql::{Diagnostics, RenderStyle};
use crate::state::RestoreError;
use crate::task::{QueryCounters, Stop, TaskError};
pub use guarantee::Guarantee;
use identity::Identity;
pub use reload::Authority;
use reload::Reload;
pub use restore::Refusal;
pub(crate) use shared::Shared;
use worker::Worker;

pub use installation::{Installation, TopicKind, TopicUse, clean, installation};
pub use publication::{Publication, Publishing, publish};
pub use publish::{Newest, RuleSetTopic, version_of};

/// How the engine runs.
#[derive(Debug, Clone)]
pub struct Options {
    /// The rules: directories and files. They are watched.
    pub rules: Vec<PathBuf>,
    /// What runs where these are not what is published.
    pub authority: Authority,
    /// The consumer group; also what the names of its own topics begin with.
    pub group: String,
    /// How many threads work.
    pub threads: usize,
    /// Where local state lies; None: nothing is kept, and nothing keeps a second engine off.
    pub state_dir: Option<PathBuf>,
    /// What is promised of the outputs after a failure.
    pub guarantee: Guarantee,
    /// The longest time between two commits while there is something to commit.
    pub commit_interval: Duration,
    /// The time between two checkpoints of the state: what a restart at most has to do once more.
    pub checkpoint_interval: Duration,
    /// Bytes of memory that the stores may take, beyond which they lie on disk; None: all are in memory.
    pub state_memory: Option<usize>,
    /// How many keys the stores may have in memory; more end the engine. None: any number.
    pub state_max_keys: Option<usize>,
    /// How many rows a broadcast table may have; more end the engine.
    pub broadcast_max_rows: usize,
    /// How long a query that reads several topics waits for one of them that has records which do not come.
    pub task_idle: Duration,
    /// How often the log says what became of the records, a line per query; zero: only at the end.
    pub count_interval: Duration,
    /// Columns that are masked in dead letters.
    pub mask: Mask,
    /// How many records of each 10,000 offsets of a partition get a dead letter of their own; the others are told of by
    /// their offsets.
    pub dead_letter_limit: u32,
    /// Client properties of the consumers, passed through.
    pub consumer_properties: BTreeMap<String, String>,
    /// Client properties of the producers, passed through.
    pub producer_properties: BTreeMap<String, String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            rules: vec![PathBuf::from("rules")],
            authority: Authority::default(),
            group: "streamguard".into(),
            threads: 1,
            state_dir: None,
            guarantee: Guarantee::default(),
            commit_interval: Duration::from_millis(100),
            checkpoint_interval: Duration::from_secs(5),
            state_memory: None,
            state_max_keys: None,
            broadcast_max_rows: 100_000,
            task_idle: Duration::from_secs(5),
            count_interval: Duration::from_secs(60),
            mask: Mask::default(),
            dead_letter_limit: 1_000,
            consumer_properties: BTreeMap::new(),
            producer_properties: BTreeMap::new(),
        }
    }
}

/// What a run did.
#[derive(Debug, Clone, Default)]
pub struct Summary {
    /// Records read.
    pub records: u64,
    /// Records written, dead letters and repartitioned ones among them.
    pub outputs: u64,
    /// Transactions committed.
    pub commits: u64,
    /// What became of the records of committed transactions, by query id: nothing is missing and nothing
    /// counted twice, whatever was undone and done again in between.
    pub queries: BTreeMap<String, QueryCounters>,
    /// The same by query id and partition.
    pub partitions: BTreeMap<String, BTreeMap<i32, QueryCounters>>,
    /// When the first record came, and when the last commit of records had happened.
    span: Option<(Instant, Instant)>,
}

impl Summary {
    /// The time from the first record to the last commit, without the start and the wait for an end.
    pub fn busy(&self) -> Duration {
        self.span.map_or(Duration::ZERO, |(first, last)| last.saturating_duration_since(first))
    }

    /// When the first record came, and when the last commit of records had happened; None where none were read.
    pub fn span(&self) -> Option<(Instant, Instant)> {
        self.span
    }

    /// Adds what became of records of a query on a partition.
    fn add(&mut self, query: &str, partition: i32, counters: &QueryCounters) {
        if let Some(sum) = self.queries.get_mut(query) {
            *sum += *counters;
        } else {
            self.queries.insert(query.to_owned(), *counters);
        }
        if !self.partitions.contains_key(query) {
            self.partitions.insert(query.to_owned(), BTreeMap::new());
        }
        if let Some(partitions) = self.partitions.get_mut(query) {
            *partitions.entry(partition).or_default() += *counters;
        }
    }

    /// Whether every record is accounted for.
    pub fn adds_up(&self) -> bool {
        let partitions = self.partitions.values().flat_map(BTreeMap::values);
        self.queries.values().chain(partitions).all(QueryCounters::adds_up)
    }

    /// Takes in when a worker was busy.
    fn cover(&mut self, span: (Instant, Instant)) {
        let (first, last) = self.span.unwrap_or(span);
        self.span = Some((first.min(span.0), last.max(span.1)));
    }
}

/// Why the engine ended.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The rules are refused; the diagnostics say where and why.
    #[error("the rules are refused\n{}", .0.render(RenderStyle::Plain))]
    Refused(Box<Diagnostics>),
    /// The rules cannot be read.
    #[error(transparent)]
    RuleFiles(#[from] RuleFilesError),
    /// The log.
    #[error(transparent)]
    Broker(#[from] broker::Error),
    /// A topic is missing or does not fit.
    #[error("{0}")]
    Topic(String),
    /// A record ends the run, as `ksql.timestamp.throw.on.invalid` or `--@on_error: stop` asks for.
    #[error("{0}{hint}", hint = stop_hint(.0))]
    Record(Stop),
    /// Somebody else has published rules meanwhile.
    #[error(
        "the rules were to replace version {replaces}, but version {newest} is published, by {publisher}: look at what it changes, then publish again"
    )]
    Conflict {
        /// The version that was to be replaced.
        replaces: u64,
        /// What is published.
        newest: u64,
        /// By whom.
        publisher: String,
    },
    /// The published rule set cannot be used.
    #[error("{0}")]
    RuleSet(String),
    /// A changelog holds what this engine cannot read.
    #[error(
        "the changelog {topic} cannot be restored exactly: {source}; run the version that wrote it, or delete the topic to begin with empty windows"
    )]
    Restore {
        /// The changelog.
        topic: String,
        /// Why.
        source: RestoreError,
    },
    /// State cannot be restored exactly.
    #[error("{refusal}; {advice}")]
    Unrestorable {
        /// What was found.
        refusal: Refusal,
        /// What to do.
        advice: String,
    },
    /// The program cannot be run as tasks.
    #[error(transparent)]
    Task(#[from] TaskError),
    /// The stores have more keys than they are given.
    #[error(
        "the stores hold {keys} keys, more than the {limit} that --state-max-keys allows: raise it, group by what has fewer values, give the rules shorter windows and grace periods, or share the work among more engines"
    )]
    Keys {
        /// How many there are.
        keys: usize,
        /// How many there may be.
        limit: usize,
    },
    /// A table is too large to be everywhere.
    #[error(
        "the broadcast table of the topic {topic} has {rows} rows, more than the {limit} that --broadcast-max-rows allows: each partition of what it is joined with has all of them; leave out --@broadcast before its CREATE TABLE, so that the streams are moved to its partitions instead, or raise the limit"
    )]
    Broadcast {
        /// Its topic.
        topic: String,
        /// How many there are.
        rows: usize,
        /// How many there may be.
        limit: usize,
    },
    /// What lies on disk of the stores cannot be read, or not be held.
    #[error("{0}")]
    Disk(String),
    /// What is kept of the stores on this machine.
    #[error(transparent)]
    Local(#[from] local::LocalError),
    /// The state directory cannot be used.
    #[error("the state directory {path} cannot be used: {source}", path = path.display())]
    State {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The group wants something in the middle of a restore, which is left undone; never the outcome of [`run`].
    #[error("the group shares its partitions out anew")]
    Rebalancing,
    /// Asked to end in the middle of something that is left undone; never the outcome of [`run`].
    #[error("asked to end")]
    Stopping,
    /// A worker thread died.
    #[error("a worker thread ended unexpectedly; its message is in the log")]
    Worker,
}

fn stop_hint(stop: &Stop) -> &'static str {
    match stop {
        Stop::Time(_) => {
            "; UNSET 'ksql.timestamp.throw.on.invalid' has such records written to the dead letters"
        }
        Stop::Unreadable(_) => "",
    }
}

/// Tells all workers to stop when it goes out of scope, however that comes about.
struct StopOnDrop<'s>(&'s Shared);

impl Drop for StopOnDrop<'_> {
    fn drop(&mut self) {
        self.0.stop();
    }
}

/// How often the supervisor looks around.
const LOOK: Duration = Duration::from_millis(50);
/// How often the rule files are compared with what runs, should no notice of a change come.
const COMPARE: Duration = Duration::from_millis(1000);

/// Runs the rules until asked to end.
pub fn run(broker: Arc<dyn Broker>, options: Options, shutdown: Shutdown) -> Result<Summary, Error> {
    let identity = Identity::take(options.state_dir.as_deref())?;
    let clock = Arc::new(SystemClock);
    let publisher = format!("engine {}", identity.name());
    let (generation, reload) = reload::start((&*broker, &*clock), &options, &publisher)?;
    let shared = Arc::new(Shared::new(broker, options, generation, identity, clock)?);
    supervise(&shared, reload, &shutdown)?;
    let summary = shared.summary.lock().unwrap_or_else(PoisonError::into_inner).clone();
    debug_assert!(summary.adds_up(), "not every record is accounted for: {summary:?}");
    Ok(summary)
}

/// Starts the workers and looks after them until they have ended.
fn supervise(shared: &Arc<Shared>, reload: Reload, shutdown: &Shutdown) -> Result<(), Error> {
    let mut workers = Vec::new();
    for index in 0..shared.running.len() {
        let shared = shared.clone();
        let name = format!("worker-{index}");
        let thread = std::thread::Builder::new().name(name).spawn(move || {
            // One worker's end is all workers' end, a panic's too.
            let _stop = StopOnDrop(&shared);
            Worker::new(&shared, index).and_then(Worker::run)
        });
        workers.push(thread.map_err(|source| Error::State { path: "threads".into(), source })?);
    }
    let mut inventory = inventory::Inventory::new();
    let mut outcome = look_after(shared, reload, shutdown, &mut inventory);
    shared.stop();
    for worker in workers {
        let result = worker.join().unwrap_or(Err(Error::Worker));
        if outcome.is_ok() {
            outcome = result.map_err(|error| inventory.explain(shared, error));
        }
    }
    report::log_all(shared);
    outcome
}

/// Watches for a request to end, a change of the rules or of the topics, and a drained input.
fn look_after(
    shared: &Arc<Shared>,
    mut reload: Reload,
    shutdown: &Shutdown,
    inventory: &mut inventory::Inventory,
) -> Result<(), Error> {
    let watch = watch::Watch::start(&shared.options.rules);
    let mut compared = Instant::now();
    let mut drained = drain::Drained::default();
    let mut report = report::Report::new(shared.options.count_interval);
    while !shutdown.is_requested() && !shared.stop.load(Ordering::SeqCst) {
        if watch.changed(LOOK) || compared.elapsed() >= COMPARE {
            compared = Instant::now();
            reload.look(shared);
        }
        inventory.check(shared)?;
        report.look(shared, Instant::now());
        reload.follow(shared);
        let is_settled = reload.is_settled() && shared.has_switched();
        if shutdown.is_requested_when_drained() && is_settled && drained.check(shared) {
            return Ok(());
        }
    }
    Ok(())
}
