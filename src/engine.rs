//! `streamguard engine`: the rules, over Kafka.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use broker::{Broker, Shutdown};
use engine::sql::RenderStyle;
use engine::{Authority, Error, Guarantee, Options};
use events::Mask;

use crate::context::{Context, Terminal};
use crate::counts::{self, Counts};
use crate::failure::Failure;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  streamguard engine                               the rules in ./rules, until Ctrl-C
  streamguard engine --rules /etc/streamguard/rules --threads 2
  streamguard engine --exit-when-done              until everything that lies in the topics is processed

The rules that run are those that are published last, on all machines of a group: by this command where nothing
was published yet, by an edit of the directory while it runs, or by `streamguard rules publish`. What is wrong
changes nothing and is reported with its place. What became of the records is in the log every minute and at the
end, a line per query:
  input = filtered + skipped + unmatched + late + contributed + dead-lettered
To scale out, start the same command again, on this machine or another.";

/// Flags of `streamguard engine`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(crate) engine: EngineArgs,
    #[command(flatten)]
    group: GroupArgs,
    /// End when everything that lies in the topics is processed.
    #[arg(long)]
    exit_when_done: bool,
}

/// Which engine is meant.
#[derive(clap::Args, Debug)]
pub(crate) struct GroupArgs {
    /// The engine's consumer group; also what the names of its own topics begin with.
    #[arg(long, value_name = "NAME", default_value = "streamguard")]
    pub(crate) group: String,
}

/// What the engine is told in `engine` and in `standalone`.
#[derive(clap::Args, Debug)]
pub(crate) struct EngineArgs {
    /// The rules: a directory or a file; may be given several times.
    #[arg(long, value_name = "PATH", default_value = "rules")]
    rules: Vec<PathBuf>,
    /// Worker threads.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: u16,
    /// What is promised of the alerts after a failure: each is visible once; or some are written again, and all of
    /// them visible sooner. What the rules count is exact either way.
    #[arg(long, value_enum, default_value = "exactly-once")]
    guarantee: Promise,
    /// The longest time between two commits, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..=5_000))]
    commit_interval: u64,
    /// How long a query that reads several topics waits for one of them whose records are there but do not come,
    /// in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(0..=600_000))]
    task_idle: u64,
    /// The time between two checkpoints of the state, in milliseconds: what a restart at most has to do once more.
    #[arg(long, value_name = "MS", default_value_t = 5_000, value_parser = clap::value_parser!(u64).range(10..=600_000))]
    checkpoint_interval: u64,
    /// Where windows and tables are kept: all in memory, or on disk with the memory as a cache.
    #[arg(long, value_enum, default_value = "memory")]
    state_backend: StateBackend,
    /// How much memory the state may take where it is kept on disk, in MiB.
    #[arg(long, value_name = "MIB", default_value_t = 512, value_parser = clap::value_parser!(u32).range(1..))]
    state_memory: u32,
    /// How many keys the rules' windows and tables may have in memory, of all threads together; more end the engine
    /// with a message. Without it any number.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    state_max_keys: Option<u64>,
    /// How many rows a table with `--@broadcast` may have; more end the engine with a message.
    #[arg(long, value_name = "N", default_value_t = 100_000, value_parser = clap::value_parser!(u64).range(1..))]
    broadcast_max_rows: u64,
    /// How often the log has a line per query of what became of its records, in seconds; 0: only at the end.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(0..=86_400))]
    count_interval: u64,
    /// Columns that must not be seen in dead letters, separated by commas.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    pub(crate) mask_columns: Vec<String>,
    /// How many records of each 10,000 offsets of a partition get a dead letter of their own where they cannot be read;
    /// the others are told of by their offsets alone.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    dead_letter_limit: u32,
    /// How the counts per query are written to stderr at the end.
    #[arg(long, value_enum, default_value = "table")]
    pub(crate) counts: Counts,
}

/// Where the engine keeps its state.
#[derive(clap::ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum StateBackend {
    /// In memory; what the data directory has of it makes a restart fast.
    Memory,
    /// In the data directory, with memory as a cache: for more state than there is memory.
    Disk,
}

/// How often an alert is visible.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Promise {
    /// Once, whatever fails.
    ExactlyOnce,
    /// At least once: what was written since the last commit is written again after a failure.
    AtLeastOnce,
}

impl From<Promise> for Guarantee {
    fn from(promise: Promise) -> Self {
        match promise {
            Promise::ExactlyOnce => Self::ExactlyOnce,
            Promise::AtLeastOnce => Self::AtLeastOnce,
        }
    }
}

/// Runs until a signal.
pub(crate) fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let counts = args.engine.counts;
    let options = Options {
        group: args.group.group,
        authority: Authority::Published,
        consumer_properties: context.kafka.consumer.clone(),
        producer_properties: context.kafka.producer.clone(),
        ..args.engine.options(context)?
    };
    if args.exit_when_done {
        context.shutdown.request_when_drained();
    }
    let said = work(context.broker()?, options, context.shutdown.clone(), (context.terminal, counts))?;
    output::print(&format!("{said}\n"))
}

impl EngineArgs {
    /// The engine's settings; rules that cannot load are refused before anything runs.
    pub(crate) fn options(self, context: &Context) -> Result<Options, Failure> {
        crate::rules::load(&self.rules, context.terminal)?;
        Ok(Options {
            rules: self.rules,
            threads: usize::from(self.threads),
            guarantee: self.guarantee.into(),
            state_dir: Some(context.data_dir.join("state")),
            commit_interval: Duration::from_millis(self.commit_interval),
            task_idle: Duration::from_millis(self.task_idle),
            mask: Mask::new(&self.mask_columns),
            dead_letter_limit: self.dead_letter_limit,
            checkpoint_interval: Duration::from_millis(self.checkpoint_interval),
            state_memory: (self.state_backend == StateBackend::Disk)
                .then_some((self.state_memory as usize) << 20),
            state_max_keys: self.state_max_keys.map(|keys| keys as usize),
            broadcast_max_rows: self.broadcast_max_rows as usize,
            count_interval: Duration::from_secs(self.count_interval),
            ..Options::default()
        })
    }
}

/// Runs the engine and says in a line what it did.
pub(crate) fn work(
    broker: Arc<dyn Broker>,
    options: Options,
    shutdown: Shutdown,
    (terminal, counts): (Terminal, Counts),
) -> Result<String, Failure> {
    let done = engine::run(broker, options, shutdown).map_err(|error| failure(error, terminal))?;
    let queries = || done.queries.iter().map(|(query, counters)| (query.as_str(), counters));
    let totals = [("read", done.records), ("written", done.outputs), ("commits", done.commits)];
    match counts {
        Counts::Off => {}
        Counts::Json => eprintln!("{}", counts::as_json(&totals, queries())),
        Counts::Table => eprint!("{}", counts::table(queries())),
    }
    Ok(format!("engine: {} records read, {} written, {} commits", done.records, done.outputs, done.commits))
}

/// Refused rules end with status 2 and the diagnostics, everything else with 1.
fn failure(error: Error, terminal: Terminal) -> Failure {
    match error {
        Error::Refused(diagnostics) => crate::rules::refused(&diagnostics, terminal),
        Error::RuleFiles(error) => Failure::usage(error.to_string()),
        Error::Broker(error) => error.into(),
        error => Failure::from_error(&error),
    }
}

/// How diagnostics are drawn on stderr.
pub(crate) fn style(terminal: Terminal) -> RenderStyle {
    if terminal.stderr && terminal.colour { RenderStyle::Fancy } else { RenderStyle::Plain }
}
