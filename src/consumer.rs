//! `streamguard consumer`: alerts and transactions from Kafka to decisions in PostgreSQL.
//!
//! Pending migrations are applied first where `DATABASE_OWNER_URL` names a login that may.

use std::path::PathBuf;
use std::time::Duration;

use ::consumer::PolicyFile;
use ::consumer::targets::Targets;
use events::{DateTime, Mask, Utc};

use crate::context::Context;
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  streamguard consumer                             until Ctrl-C
  streamguard consumer --exit-when-done            until everything that lies in the topics is stored
  DATABASE_URL=postgres://USER:PASSWORD@db.example/streamguard streamguard consumer --max-batch 5000

Reads transactions, fraud_alerts, customer_profiles, transaction_labels and rules. It goes on from the offsets
in PostgreSQL (table consumer_offsets), which are written with the rows; start it again, or on another machine,
and the partitions are shared.";

/// Flags of `streamguard consumer`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The consumer group. The engine's --group is another one: the two read different topics.
    #[arg(long, value_name = "NAME", default_value = "streamguard-consumer")]
    consumer_group: String,
    /// An identity that survives a restart, so that its partitions wait for it.
    #[arg(long, value_name = "NAME")]
    instance: Option<String>,
    /// The most records of one PostgreSQL transaction.
    #[arg(long, value_name = "N", default_value_t = 20_000, value_parser = batch_size)]
    max_batch: usize,
    /// Bytes of records after which one PostgreSQL transaction takes no further record.
    #[arg(long, value_name = "BYTES", default_value_t = 8_388_608, value_parser = batch_bytes)]
    max_batch_bytes: usize,
    /// Events before this time are dead-lettered, RFC 3339.
    #[arg(long, value_name = "TIME", default_value = "2000-01-01T00:00:00Z", value_parser = events::parse_timestamp)]
    earliest_event: DateTime<Utc>,
    /// Events further ahead of the clock than this many seconds are dead-lettered.
    #[arg(long, value_name = "SECONDS", default_value_t = 86_400)]
    max_ahead: u64,
    #[command(flatten)]
    retention: RetentionArgs,
    /// Fields that must not be seen in dead letters, separated by commas.
    #[arg(long, value_name = "NAMES", value_delimiter = ',')]
    mask_columns: Vec<String>,
    #[command(flatten)]
    policy: PolicyArgs,
    /// End when everything that lies in the topics is stored.
    #[arg(long)]
    exit_when_done: bool,
}

/// How long rows are kept.
#[derive(clap::Args, Debug)]
pub(crate) struct RetentionArgs {
    /// Days that transactions are kept, counted from when they came; 0: for ever.
    #[arg(long, value_name = "DAYS", default_value_t = 30)]
    keep_transactions: u32,
    /// Days that alerts and their crossings are kept, counted from when they came; 0: for ever.
    #[arg(long, value_name = "DAYS", default_value_t = 365)]
    keep_alerts: u32,
}

impl RetentionArgs {
    pub(crate) fn settle(&self) -> ::consumer::Retention {
        ::consumer::Retention { transactions: days(self.keep_transactions), alerts: days(self.keep_alerts) }
    }
}

/// What weighs how much in a decision.
#[derive(clap::Args, Debug)]
pub(crate) struct PolicyArgs {
    /// The policy file, read again when it changes [default: policy.toml where there is one].
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// Whom the policy's notifications can be sent to: webhooks, Slack, e-mail (TOML, see docs/operations.md).
    #[arg(long, value_name = "FILE")]
    targets: Option<PathBuf>,
}

/// The policy file that is read where none is named.
const DEFAULT_POLICY: &str = "policy.toml";

impl PolicyArgs {
    /// Reads the policy and the targets, before anything else runs.
    pub(crate) fn settle(self, options: &mut ::consumer::Options) -> Result<(), Failure> {
        if let Some(path) = &self.targets {
            options.targets = Targets::read(path).map_err(|error| Failure::usage(error.to_string()))?;
        }
        let default = PathBuf::from(DEFAULT_POLICY);
        let Some(path) = self.policy.or_else(|| default.exists().then_some(default)) else { return Ok(()) };
        let (file, policy) = PolicyFile::open(path).map_err(|error| Failure::usage(error.to_string()))?;
        options.policy = policy;
        options.policy_file = Some(file);
        Ok(())
    }
}

pub(crate) fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let url = context.database_url()?;
    let owner = context.database_owner_url()?;
    let mut options = ::consumer::Options::new(url.reveal());
    options.owner_url = (owner.reveal() != url.reveal()).then(|| owner.reveal().to_owned());
    args.policy.settle(&mut options)?;
    options.group = args.consumer_group;
    options.instance = args.instance;
    options.max_batch = args.max_batch;
    options.max_batch_bytes = args.max_batch_bytes;
    options.earliest = args.earliest_event;
    options.ahead = Duration::from_secs(args.max_ahead);
    options.retention = args.retention.settle();
    options.mask = Mask::new(&args.mask_columns);
    options.consumer_properties = context.kafka.consumer.clone();
    options.audit_file = Some(context.data_dir.join(::consumer::audit::HEADS_FILE));
    options.producer_properties = context.kafka.producer.clone();
    if args.exit_when_done {
        context.shutdown.request_when_drained();
    }
    let summary = ::consumer::run(context.broker()?, options, context.shutdown.clone())
        .map_err(|error| Failure::from_error(&error))?;
    tracing::info!("{summary}");
    Ok(())
}

fn days(days: u32) -> Option<Duration> {
    (days > 0).then(|| Duration::from_secs(u64::from(days) * 86_400))
}

/// At least one record, and no more than one statement's parameters can hold in memory.
fn batch_size(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(size @ 1..=1_000_000) => Ok(size),
        _ => Err("a whole number from 1 to 1000000 is needed".to_owned()),
    }
}

/// At most half of what PostgreSQL takes in one message.
fn batch_bytes(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(size @ 1..=536_870_912) => Ok(size),
        _ => Err("a whole number from 1 to 536870912 is needed".to_owned()),
    }
}
