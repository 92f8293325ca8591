//! `streamguard replay`: records from a file through rules, offline.

mod input;

use std::io::ErrorKind;
use std::path::PathBuf;

use clap::ValueEnum;
use clap::builder::NonEmptyStringValueParser;
use engine::replay::{Form, Order, ReplayError, ReplayOptions, ReplaySummary, Session};
use engine::sql::{LoadOptions, Purpose};
use producer::{Source, Target};

use input::{Ended, Input, Watch};

use crate::context::Context;
use crate::counts::{self, Counts};
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  streamguard replay --rules rules --input transactions.json --output alerts.json
  streamguard replay --rules rules --input card_transactions_2024.csv.gz --output alerts.jsonl --format lines
  streamguard replay --rules rules --input bank.csv.zst --map booking_id=transaction_id --map iban=account_id \\
      --output -
  streamguard replay --rules rules --topic logins --input logins.csv --map at=ROWTIME --output alerts.jsonl.gz \\
      --format lines
  streamguard replay --rules rules --input - --output - --format lines < transactions.jsonl | head

The input is {\"inputs\":[RECORD...]} or a RECORD a line, for one
  {\"topic\":\"transactions\",\"key\":\"A1\",\"timestamp\":0,\"value\":{\"transaction_id\":\"t1\",\"amount\":9000,
   \"timestamp\":\"2026-01-02T03:04:05Z\"}}
or CSV with a header line, whose rows are records of one topic (--topic). Rows of transactions are keyed by
account_id, and their columns are known by the names of the transaction's fields, event_time, amt, merch_lat,
merch_long as well. Rows of any other topic have a cell for each column that the rules read, by its name in any case;
an empty cell is NULL; ARRAY, MAP and STRUCT are written as JSON; ROWTIME is the record's time. Which of them it is,
and gzip and zstd, show themselves by the content.
The output is {\"outputs\":[RECORD...]} or lines: every record that the rules write, in order, all topics; gzip or zstd
where its name ends in .gz or .zst. No broker and no database is needed. At the end stderr has a line of counts per query:
  input = filtered + skipped + unmatched + late + contributed + dead-lettered
The rules may hold INSERT INTO ... VALUES, whose records go first, and ASSERT VALUES, NULL VALUES, STREAM, TABLE
and TOPIC: what did not come as expected is said at the end.
Exit status 2 where the rules are refused, 1 where a record stops the run or an assertion fails.";

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
    /// Where what the rules write goes, packed as its name ends in .gz or .zst; `-` for stdout.
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// record: each record through all queries before the next; query: each query takes all records before the next.
    #[arg(long, value_enum, default_value = "record")]
    order: OrderName,
    /// The form of the output; the input's form shows itself.
    #[arg(long, value_enum, default_value = "json")]
    format: FormName,
    /// CSV: the column that holds a field or column of the topic, where its name does not say so. May be given again.
    #[arg(long, value_name = "COLUMN=FIELD", value_parser = crate::producer::mapping)]
    map: Vec<(String, String)>,
    /// CSV: the topic that the rows are records of, as the rules declare it.
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

pub(crate) fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let derived = args.options().order.derived();
    let options = LoadOptions { purpose: Purpose::Replay, derived, ..LoadOptions::default() };
    let loaded = crate::rules::load_as(&args.rules, &options, context.terminal)?;
    refuse_to_overwrite(&args)?;
    let source = Source::open_or_stdin(&args.input)?;
    let (name, mut watch) = (source.path.clone(), Watch::new(&source, context));
    let input = Input::new(source, &loaded.program, &args)?;
    let cannot = |error: &std::io::Error| format!("cannot write {}: {error}", args.output.display());
    let mut output = Target::create(&args.output).map_err(|error| Failure::usage(cannot(&error)))?;
    let done = Session::new(&loaded.program, &mut output, args.options()).map_err(Into::into);
    let done = done.and_then(|session| input.feed(session, &mut watch));
    watch.finish();
    // What was written before an error stays, so the end of what is compressed is written, too.
    let done = output.finish().map_err(|error| ReplayError::Output(error).into()).and(done);
    match done {
        Ok(summary) => {
            report(&summary, args.counts);
            Ok(())
        }
        // A reader that has gone (`| head`) ends the output, it is not an error.
        Err(Ended::Replay(ReplayError::Output(error))) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        Err(Ended::Replay(ReplayError::Output(error))) => Err(Failure::new(cannot(&error))),
        Err(Ended::Replay(error @ ReplayError::Assertions(_))) => Err(Failure::new(error.to_string())),
        Err(Ended::Replay(error)) => Err(Failure::new(format!("{}: {error}", name.display()))),
        Err(Ended::Input(error)) => Err(error),
    }
}

/// The counts at the end.
fn report(summary: &ReplaySummary, counts: Counts) {
    let queries = || summary.queries.iter().map(|(query, counters)| (query.as_str(), counters));
    let ReplaySummary { read, unread, written, .. } = *summary;
    match counts {
        Counts::Off => {}
        Counts::Json => {
            let totals = [("read", read), ("unread", unread), ("written", written)];
            eprintln!("{}", counts::as_json(&totals, queries()));
        }
        Counts::Table => {
            eprint!("{}", counts::table(queries()));
            eprintln!("{read} records read, {written} written");
            if unread > 0 {
                eprintln!("{unread} of them are of topics that no query reads");
            }
        }
    }
}

/// The output would be emptied before the input is read.
fn refuse_to_overwrite(args: &Args) -> Result<(), Failure> {
    match (args.input.canonicalize(), args.output.canonicalize()) {
        (Ok(input), Ok(output)) if input == output && input.is_file() => {
            let message = format!("--output {} is the input", args.output.display());
            Err(Failure::usage(message).hint("name another file for what the rules write"))
        }
        _ => Ok(()),
    }
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
