//! `streamguard replay`: records from a file through rules, offline.

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use engine::replay::{Form, Order, ReplayOptions, run as replay};
use engine::sql::{LoadOptions, Purpose};

use crate::context::Context;
use crate::failure::Failure;

const EXAMPLES: &str = "\
Examples:
  streamguard replay --rules rules --input transactions.json --output alerts.json
  streamguard replay --rules rules --input - --output - --format lines < transactions.jsonl | head

The input is {\"inputs\":[RECORD...]} or a RECORD a line, for one
  {\"topic\":\"transactions\",\"key\":\"A1\",\"timestamp\":0,\"value\":{\"transaction_id\":\"t1\",\"amount\":9000,
   \"timestamp\":\"2026-01-02T03:04:05Z\"}}
The output is {\"outputs\":[RECORD...]} or lines: every record that the rules write, in order, all topics. No broker
and no database is needed. Exit status 2 where the rules are refused, 1 where a record stops the run.";

/// Flags of `streamguard replay`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// The rules: a directory or a file; may be given several times.
    #[arg(long, value_name = "PATH", required = true, num_args = 1..)]
    rules: Vec<PathBuf>,
    /// The records; `-` for stdin.
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
    let options = LoadOptions { purpose: Purpose::Replay, ..LoadOptions::default() };
    let loaded = crate::rules::load_as(&args.rules, &options, context.terminal)?;
    let input = open(&args.input)?;
    let output = create(&args.output)?;
    let done = replay(&loaded.program, input, output, args.options())
        .map_err(|error| Failure::from_error(&error))?;
    tracing::info!("{} records read, {} written", done.read, done.written);
    if done.unread > 0 {
        tracing::warn!("{} records are of topics that no query reads", done.unread);
    }
    Ok(())
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

fn open(path: &Path) -> Result<Box<dyn BufRead>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(BufReader::new(std::io::stdin())));
    }
    let file = File::open(path)
        .map_err(|error| Failure::usage(format!("cannot read {}: {error}", path.display())))?;
    Ok(Box::new(BufReader::new(file)))
}

fn create(path: &Path) -> Result<Box<dyn Write>, Failure> {
    if path == Path::new("-") {
        return Ok(Box::new(BufWriter::new(std::io::stdout().lock())));
    }
    let file = File::create(path)
        .map_err(|error| Failure::usage(format!("cannot write {}: {error}", path.display())))?;
    Ok(Box::new(BufWriter::new(file)))
}
