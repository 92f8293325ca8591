//! `streamguard replay`: records from a file through rules, offline.

use std::fs::File;
use std::io::{BufWriter, ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use clap::builder::NonEmptyStringValueParser;
use engine::replay::{Form, Order, RecordText, ReplayError, ReplayOptions, ReplaySummary, Session};
use engine::sql::{LoadOptions, Purpose};
use producer::{Meter, Progress, Shown, Source, Transactions};
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  streamguard replay --rules rules --input transactions.json --output alerts.json
  streamguard replay --rules rules --input card_transactions_2024.csv.gz --output alerts.jsonl --format lines
  streamguard replay --rules rules --input bank.csv.zst --map booking_id=transaction_id --map iban=account_id \\
      --output -
  streamguard replay --rules rules --input - --output - --format lines < transactions.jsonl | head

The input is {\"inputs\":[RECORD...]} or a RECORD a line, for one
  {\"topic\":\"transactions\",\"key\":\"A1\",\"timestamp\":0,\"value\":{\"transaction_id\":\"t1\",\"amount\":9000,
   \"timestamp\":\"2026-01-02T03:04:05Z\"}}
or CSV with a header line, whose rows are transactions, keyed by account_id: columns are known by the names of
the transaction's fields, and event_time, amt, merch_lat, merch_long as well. Which of them it is, and gzip and
zstd, show themselves by the content.
The output is {\"outputs\":[RECORD...]} or lines: every record that the rules write, in order, all topics. No broker
and no database is needed. At the end stderr has a line of counts per query:
  input = filtered + skipped + unmatched + late + contributed + dead-lettered
Exit status 2 where the rules are refused, 1 where a record stops the run.";

/// Flags of `streamguard replay`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The rules: a directory or a file; may be given several times.
    #[arg(long, value_name = "PATH", required = true, num_args = 1..)]
    rules: Vec<PathBuf>,
    /// The records, JSON or CSV, plain, gzip or zstd; `-` for stdin.
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Where what the rules write goes; `-` for stdout.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// record: each record through all queries before the next; query: each query takes all records before the next.
    #[arg(long, value_enum, default_value = "record")]
    order: OrderName,
    /// The form of the output; the input's form shows itself.
    #[arg(long, value_enum, default_value = "json")]
    format: FormName,
    /// CSV: the column that holds a field, where its name does not say so. May be given again.
    #[arg(long, value_name = "COLUMN=FIELD", value_parser = crate::producer::mapping)]
    map: Vec<(String, String)>,
    /// CSV: the topic of the transactions.
    #[arg(long, value_name = "TOPIC", default_value = events::topics::TRANSACTIONS.name, value_parser = NonEmptyStringValueParser::new())]
    topic: String,
    /// How the counts per query are written to stderr at the end.
    #[arg(long, value_enum, default_value = "table")]
    counts: Counts,
}

#[derive(ValueEnum, Debug, Clone, Copy)]
enum OrderName {
    Record,
    Query,
}

#[derive(ValueEnum, Debug, Clone, Copy)]
enum FormName {
    Json,
    Lines,
}

#[derive(ValueEnum, Debug, Clone, Copy)]
enum Counts {
    /// A line per query.
    Table,
    /// One object on one line.
    Json,
    /// Not at all.
    Off,
}

pub(crate) fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let derived = args.options().order.derived();
    let options = LoadOptions { purpose: Purpose::Replay, derived, ..LoadOptions::default() };
    let loaded = crate::rules::load_as(&args.rules, &options, context.terminal)?;
    let source = Source::open_or_stdin(&args.input)?;
    let output = create(&args.output)?;
    let progress = if context.terminal.stderr { Progress::Bar } else { Progress::Silent };
    let mut watch = Watch {
        shown: Shown::new(progress, "records", source.meter.length(), 0),
        meter: source.meter.clone(),
        context,
    };
    let name = source.path.clone();
    let done = Session::new(&loaded.program, output, args.options()).map_err(Into::into);
    let done = done.and_then(|session| feed(session, source, &args, &mut watch));
    watch.shown.finish();
    match done {
        Ok(summary) => {
            report(&summary, args.counts);
            Ok(())
        }
        // A reader that has gone (`| head`) ends the output, it is not an error.
        Err(Ended::Replay(ReplayError::Output(error))) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(Ended::Replay(ReplayError::Output(error))) => {
            Err(Failure::new(format!("cannot write {}: {error}", args.output.display())))
        }
        Err(Ended::Replay(error)) => Err(Failure::new(format!("{}: {error}", name.display()))),
        Err(Ended::Input(error)) => Err(error),
    }
}

/// Why a replay ends early.
enum Ended {
    Replay(ReplayError),
    Input(Failure),
}

impl From<ReplayError> for Ended {
    fn from(error: ReplayError) -> Self {
        Self::Replay(error)
    }
}

impl From<producer::Error> for Ended {
    fn from(error: producer::Error) -> Self {
        Self::Input(error.into())
    }
}

/// Shows how far it is, and whether it is to go on.
struct Watch<'c> {
    shown: Shown,
    meter: Meter,
    context: &'c Context,
}

impl Watch<'_> {
    fn go_on(&mut self, records: u64) -> bool {
        // Looking at the clock for each record would cost more than many a record does.
        if records.is_multiple_of(256) {
            self.shown.advance(self.meter.position(), self.meter.length(), records);
        }
        !self.context.shutdown.is_requested()
    }
}

fn feed<W: Write>(
    mut session: Session<'_, W>,
    mut source: Source,
    args: &Args,
    watch: &mut Watch<'_>,
) -> Result<ReplaySummary, Ended> {
    if source.is_json()? {
        if let Some((column, field)) = args.map.first() {
            let message = format!("--map {column}={field}: {} is JSON, not CSV", source.path.display());
            return Err(Ended::Input(Failure::usage(message)));
        }
        session.feed_json(source.content, &mut |records| watch.go_on(records))?;
    } else {
        feed_transactions(&mut session, Transactions::new(source, &args.map)?, &args.topic, watch)?;
    }
    Ok(session.finish()?)
}

fn feed_transactions<W: Write>(
    session: &mut Session<'_, W>,
    mut transactions: Transactions,
    topic: &str,
    watch: &mut Watch<'_>,
) -> Result<(), Ended> {
    while let Some(transaction) = transactions.read().map_err(in_row)? {
        let value = String::from_utf8_lossy(&transaction.to_json()).into_owned();
        let time = transaction.timestamp.timestamp_millis();
        let record = RecordText::new(topic, &transaction.account_id, value, time);
        let record = record.map_err(|error| Ended::Input(Failure::from_error(&error)))?;
        session.feed(&record)?;
        if !watch.go_on(session.fed()) {
            return Err(ReplayError::Stopped(session.fed()).into());
        }
    }
    Ok(())
}

/// A row that is no transaction stops the run: exit status 1, where a wrong file is wrong usage.
fn in_row(error: producer::Error) -> Ended {
    Ended::Input(Failure::new(error.to_string()))
}

/// The counts per query, on stderr: stdout may be the output.
fn report(summary: &ReplaySummary, counts: Counts) {
    match counts {
        Counts::Off => {}
        Counts::Json => eprintln!("{}", as_json(summary)),
        Counts::Table => {
            eprint!("{}", table(summary));
            eprintln!("{} records read, {} written", summary.read, summary.written);
            if summary.unread > 0 {
                eprintln!("{} of them are of topics that no query reads", summary.unread);
            }
        }
    }
}

/// The counts of a query by name, in the order in which they are shown.
fn named(counters: &engine::task::QueryCounters) -> [(&'static str, u64); 10] {
    [
        ("input", counters.input),
        ("filtered", counters.filtered),
        ("skipped", counters.skipped),
        ("unmatched", counters.unmatched),
        ("late", counters.late),
        ("contributed", counters.contributed),
        ("dead_lettered", counters.dead_lettered),
        ("emitted", counters.emitted),
        ("suppressed", counters.suppressed),
        ("errors", counters.errors),
    ]
}

fn table(summary: &ReplaySummary) -> String {
    let names = named(&engine::task::QueryCounters::default()).map(|(name, _)| name.to_uppercase());
    let head = std::iter::once("QUERY".to_owned()).chain(names).collect();
    let rows = summary.queries.iter().map(|(query, counters)| {
        let counts = named(counters).map(|(_, count)| count.to_string());
        std::iter::once(query.clone()).chain(counts).collect()
    });
    output::table(&std::iter::once(head).chain(rows).collect::<Vec<_>>())
}

fn as_json(summary: &ReplaySummary) -> serde_json::Value {
    let queries = summary.queries.iter().map(|(query, counters)| {
        let counts = named(counters).map(|(name, count)| (name.to_owned(), json!(count)));
        let all = std::iter::once(("query".to_owned(), json!(query))).chain(counts);
        serde_json::Value::Object(all.collect())
    });
    json!({
        "read": summary.read,
        "unread": summary.unread,
        "written": summary.written,
        "queries": queries.collect::<Vec<_>>(),
    })
}

impl Args {
    fn options(&self) -> ReplayOptions {
        ReplayOptions {
            order: match self.order {
                OrderName::Record => Order::Record,
                OrderName::Query => Order::Query,
            },
            form: match self.format {
                FormName::Json => Form::Json,
                FormName::Lines => Form::Lines,
            },
            ..ReplayOptions::default()
        }
    }
}

fn create(path: &Path) -> Result<Box<dyn Write>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(BufWriter::new(std::io::stdout().lock())));
    }
    let file = File::create(path)
        .map_err(|error| Failure::usage(format!("cannot write {}: {error}", path.display())))?;
    Ok(Box::new(BufWriter::new(file)))
}
