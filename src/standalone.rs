//! `streamguard standalone`: all of it in one process, on the embedded broker.
//!
//! What holds: one process at a time has the data directory; the parts end in the order of the data; a
//! restart, after `kill -9` too, goes on from the last commit.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use broker::embedded::{Embedded, Settings};
use broker::{Broker, Shutdown};
use events::{DateTime, Utc};
use producer::{Mode, Progress, ReplayOptions, Speed};

use crate::consumer::{PolicyArgs, RetentionArgs};
use crate::context::{Context, Terminal};
use crate::counts::Counts;
use crate::crew::{Crew, Until};
use crate::engine::EngineArgs;
use crate::failure::Failure;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  streamguard standalone --tps 50                       a steady load, until Ctrl-C
  streamguard standalone --input card.csv.gz --speed max --exit-when-done
  streamguard standalone --count 200000 --seed 7 --exit-when-done
  streamguard standalone --tps 0                        no load: engine and consumer alone

Needs PostgreSQL: DATABASE_URL, and DATABASE_OWNER_URL where that login may not change the schema. Rules
are reloaded when a file in the directory changes; one that is wrong changes nothing and is reported.";

/// Flags of `streamguard standalone`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    #[command(flatten)]
    engine: EngineArgs,
    /// End when the load is through and everything is in PostgreSQL.
    #[arg(long)]
    exit_when_done: bool,
    #[command(flatten)]
    policy: PolicyArgs,
    #[command(flatten)]
    retention: RetentionArgs,
    #[command(flatten)]
    load: LoadArgs,
    #[command(flatten)]
    log: LogArgs,
}

/// How much the embedded log keeps of topics that are not compacted.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Embedded log")]
struct LogArgs {
    /// Bytes kept per partition, at least 64MB: the oldest records go first [default: no bound].
    #[arg(long, value_name = "SIZE", value_parser = retention_bytes)]
    retention_bytes: Option<u64>,
    /// Hours that a record is kept after it was written, whatever its own time [default: for ever].
    #[arg(long, value_name = "HOURS", value_parser = clap::value_parser!(u64).range(1..=876_000))]
    retention_hours: Option<u64>,
}

/// The load; none where nothing of it is given but `--no-producer` or `--tps 0`.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Load")]
struct LoadArgs {
    /// Transactions per second; 0 for none.
    #[arg(long, value_name = "N", default_value_t = 20.0, allow_negative_numbers = true)]
    tps: f64,
    /// This many transactions, as fast as possible.
    #[arg(long, value_name = "N", conflicts_with = "input")]
    count: Option<u64>,
    /// End the load after so many seconds.
    #[arg(long, value_name = "SECONDS", conflicts_with_all = ["input", "count"])]
    duration: Option<u64>,
    /// The same seed makes the same load.
    #[arg(long, value_name = "N", conflicts_with = "input")]
    seed: Option<u64>,
    /// The first event time of the load, RFC 3339 [default: such that the load is of now].
    #[arg(long, value_name = "TIME", value_parser = events::parse_timestamp, conflicts_with = "input")]
    start: Option<DateTime<Utc>>,
    /// Replay the rows of this CSV file (gzip or not) instead.
    #[arg(long, value_name = "FILE")]
    input: Option<PathBuf>,
    /// How fast the file is replayed: max, 10x (times its own pace) or 500/s (rows a second).
    #[arg(long, default_value = "max", requires = "input")]
    speed: Speed,
    /// Which column holds which field, where the names do not say it.
    #[arg(long, value_name = "COLUMN=FIELD", value_parser = mapping, requires = "input")]
    map: Vec<(String, String)>,
    /// No load.
    #[arg(long, conflicts_with_all = ["input", "count", "duration"])]
    no_producer: bool,
}

/// What the producer is to do.
enum Load {
    None,
    Fake(producer::Options),
    File(ReplayOptions),
}

/// Runs until a signal, or with `--exit-when-done` until everything is in PostgreSQL.
pub(crate) fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let load = args.load.settle(context)?;
    if args.exit_when_done && !load.is_finite() {
        return Err(Failure::usage("--exit-when-done: this load never ends")
            .hint("give --input FILE, --count N or --duration SECONDS, or no load by --no-producer"));
    }
    let report = (context.terminal, args.engine.counts);
    let engine = args.engine.options(context)?;
    let mut consumer = ::consumer::Options { mask: engine.mask.clone(), ..consumer_options(context)? };
    args.policy.settle(&mut consumer)?;
    consumer.retention = args.retention.settle();
    let broker = open(context, args.log.settings())?;
    let until = if args.exit_when_done { Until::Drained } else { Until::Asked };
    let crew = start(broker, load, engine, consumer, report)?;
    let said = crew.run(&context.shutdown, until)?;
    output::print(&format!("{}\n", said.join("\n")))
}

fn start(
    broker: Arc<dyn Broker>,
    load: Load,
    engine: ::engine::Options,
    consumer: ::consumer::Options,
    report: (Terminal, Counts),
) -> Result<Crew, Failure> {
    let mut crew = Crew::default();
    if !matches!(load, Load::None) {
        let (broker, finite) = (Arc::clone(&broker), load.is_finite());
        crew.start("producer", finite, Box::new(move |shutdown| load.run(broker, shutdown)))?;
    }
    let log = Arc::clone(&broker);
    crew.start(
        "engine",
        false,
        Box::new(move |shutdown| crate::engine::work(log, engine, shutdown, report)),
    )?;
    crew.start(
        "consumer",
        false,
        Box::new(move |shutdown| {
            let done =
                ::consumer::run(broker, consumer, shutdown).map_err(|error| Failure::from_error(&error))?;
            Ok(format!("consumer: {done}"))
        }),
    )?;
    Ok(crew)
}

/// The embedded broker in the data directory.
fn open(context: &Context, settings: Settings) -> Result<Arc<dyn Broker>, Failure> {
    let directory = context.data_dir.join("broker");
    std::fs::create_dir_all(&directory).map_err(|error| {
        Failure::new(format!("cannot make the data directory {}: {error}", directory.display()))
            .hint("another one: --data-dir DIR")
    })?;
    let broker: Arc<dyn Broker> = Embedded::open_with(&directory, settings)?;
    tracing::info!("{}", broker.describe());
    Ok(broker)
}

/// The consumer's settings, with pending migrations applied: a schema that cannot be entered is said before
/// anything else runs. A login that may only write is fine where the schema is there; the consumer checks that.
fn consumer_options(context: &Context) -> Result<::consumer::Options, Failure> {
    let (writer, owner) = (context.database_url()?, context.database_owner_url()?);
    match ::consumer::migrate(owner.reveal()) {
        Ok(done) => {
            tracing::info!(applied = done.applied, version = done.version, "schema of {}", done.target)
        }
        Err(error) if owner.reveal() == writer.reveal() => tracing::debug!("no migration: {error}"),
        Err(error) => return Err(Failure::from_error(&error)),
    }
    let mut options = ::consumer::Options::new(writer.reveal());
    options.audit_file = Some(context.data_dir.join(::consumer::audit::HEADS_FILE));
    Ok(options)
}

impl LogArgs {
    fn settings(&self) -> Settings {
        Settings {
            retention_bytes: self.retention_bytes,
            retention: self.retention_hours.map(|hours| Duration::from_secs(hours * 3600)),
            ..Settings::default()
        }
    }
}

impl LoadArgs {
    fn settle(self, context: &Context) -> Result<Load, Failure> {
        if !(self.tps.is_finite() && self.tps >= 0.0) {
            return Err(Failure::usage(format!("--tps {}: a rate is 0 or more", self.tps)));
        }
        let progress = if context.terminal.stderr { Progress::Bar } else { Progress::Lines };
        if let Some(input) = self.input {
            let map = self.map;
            return Ok(Load::File(ReplayOptions {
                speed: self.speed,
                map,
                progress,
                ..ReplayOptions::new(input)
            }));
        }
        let mode = match (self.count, self.duration.map(Duration::from_secs)) {
            _ if self.no_producer => return Ok(Load::None),
            (Some(count), _) => Mode::Count { count, tps: None },
            (None, None) if self.tps == 0.0 => return Ok(Load::None),
            (None, duration) => Mode::Steady { tps: self.tps, duration },
        };
        let progress = if mode_is_finite(mode) { progress } else { Progress::Silent };
        let start = self.start;
        let options = producer::Options {
            start,
            progress,
            ..producer::Options::new(mode, self.seed.unwrap_or_else(seed))
        };
        options.check()?;
        Ok(Load::Fake(options))
    }
}

impl Load {
    fn is_finite(&self) -> bool {
        match self {
            Self::None | Self::File(_) => true,
            Self::Fake(options) => mode_is_finite(options.mode),
        }
    }

    fn run(self, broker: Arc<dyn Broker>, shutdown: Shutdown) -> Result<String, Failure> {
        let totals = match self {
            Self::None => return Ok("no load".to_owned()),
            Self::Fake(options) => producer::run(broker, options, shutdown),
            Self::File(options) => producer::replay(broker, options, shutdown),
        };
        Ok(format!("producer: {}", totals?))
    }
}

fn mode_is_finite(mode: Mode) -> bool {
    !matches!(mode, Mode::Steady { duration: None, .. } | Mode::Burst { every: Some(_), .. })
}

/// A seed that differs from run to run.
fn seed() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |since| since.as_nanos() as u64) ^ u64::from(std::process::id())
}

/// The least bound of size: what is written between two checkpoints has to stay.
const LEAST_RETENTION: u64 = 64_000_000;

/// Bytes with or without a unit: 500MB, 10GB, 1GiB.
fn retention_bytes(text: &str) -> Result<u64, String> {
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let unit = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kb" => 1000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        "tb" => 1_000_000_000_000,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "tib" => 1 << 40,
        _ => return Err("give it as a number with B, KB, MB, GB, TB, KiB, MiB, GiB or TiB".to_owned()),
    };
    let bytes = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    match bytes {
        Some(bytes) if bytes >= LEAST_RETENTION => Ok(bytes),
        Some(_) => {
            Err("at least 64MB: the engine restores from what was written since its last checkpoint"
                .to_owned())
        }
        None => Err("give it as a whole number, such as 500MB or 10GB".to_owned()),
    }
}

fn mapping(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((column, field)) if !column.trim().is_empty() && !field.trim().is_empty() => {
            Ok((column.trim().to_owned(), field.trim().to_owned()))
        }
        _ => Err("give it as COLUMN=FIELD, for one amt=amount".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::retention_bytes;

    #[test]
    fn bounds_of_size_have_units() {
        assert_eq!(retention_bytes("64MB"), Ok(64_000_000));
        assert_eq!(retention_bytes("1gib"), Ok(1 << 30));
        assert_eq!(retention_bytes("100000000"), Ok(100_000_000));
        for wrong in ["1KB", "10 elephants", "GB", "-1", "99999999999TB"] {
            assert!(retention_bytes(wrong).is_err(), "{wrong}");
        }
    }
}
