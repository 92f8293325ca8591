//! `streamguard db verify-audit`.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use consumer::audit::{HEADS_FILE, Published, Uuid, verify};

use crate::context::Context;
use crate::failure::Failure;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  streamguard db verify-audit                      against the heads that this machine's consumer published
  streamguard db verify-audit --topic              and those on the topic audit_heads
  streamguard db verify-audit --heads /mnt/worm/audit_heads.jsonl --heads other.jsonl
  streamguard db verify-audit --json | jq '.findings'

Every row of audit_log is read once; its hash is made again and held against the row after it, the table
audit_heads, and the heads that the consumer published every minute and at its end. What a superuser has
rewritten up to a chain's end shows only by those: keep the file, or the topic, where he cannot write.
docs/schema.md says more.";

/// Progress is said so often.
const SAY_EVERY: Duration = Duration::from_secs(5);

/// Flags of `streamguard db verify-audit`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// A file of published heads; may be given again [default: audit_heads.jsonl in --data-dir where there is one].
    #[arg(long, value_name = "FILE")]
    heads: Vec<PathBuf>,
    /// The heads on the topic audit_heads too.
    #[arg(long)]
    topic: bool,
    /// With --topic: the embedded broker in --data-dir, of a standalone that is stopped, instead of Kafka.
    #[arg(long, requires = "topic")]
    embedded: bool,
    /// Leave out the heads of this other database, which is known to have published there.
    #[arg(long, value_name = "ID")]
    known_database: Vec<Uuid>,
    /// The result as a JSON object.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let url = context.database_url()?;
    let published = published(&args, context)?;
    let mut due = Instant::now() + SAY_EVERY;
    let report = verify(url.reveal(), &published, &args.known_database, |rows| {
        if due <= Instant::now() {
            tracing::info!("{rows} rows checked so far");
            due = Instant::now() + SAY_EVERY;
        }
    })
    .map_err(|error| Failure::from_error(&error))?;
    match args.json {
        true => {
            let json = serde_json::to_string(&report).map_err(|error| Failure::from_error(&error))?;
            output::print(&format!("{json}\n"))?;
        }
        false => output::print(&report.to_string())?,
    }
    match report.findings.len() as u64 + report.more {
        0 => Ok(()),
        count => Err(Failure::new(format!("the audit is not as it was written: {count} findings"))
            .hint("restore the database from a copy that verifies, and find out who could write to it")),
    }
}

/// What was published, from every place that is named.
fn published(args: &Args, context: &Context) -> Result<Published, Failure> {
    let mut files = args.heads.clone();
    let own = context.data_dir.join(HEADS_FILE);
    if files.is_empty() && own.is_file() {
        files.push(own);
    }
    if files.is_empty() && !args.topic {
        tracing::warn!(
            "no published heads to hold the audit against: a tail that was cut off together with its row in \
             audit_heads is not seen; name them by --heads FILE or --topic"
        );
    }
    let mut published = Published::default();
    for file in files {
        published.read_file(&file).map_err(|error| Failure::from_error(&error))?;
    }
    if args.topic {
        let broker = if args.embedded { context.embedded()? } else { context.broker()? };
        published.read_topic(broker.as_ref()).map_err(|error| Failure::from_error(&error))?;
    }
    Ok(published)
}
