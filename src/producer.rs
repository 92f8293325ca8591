//! Subcommand `producer`: fake load, or the rows of a file.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::path::PathBuf;
use std::time::Duration;

use clap::{Subcommand, ValueEnum};
use events::{DateTime, Utc};
use producer::{Key, Mode, Options, Progress, ReplayOptions, Speed, Totals};

use crate::context::Context;
use crate::failure::Failure;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  streamguard producer                             on a terminal: asks what load is wanted
  streamguard producer --tps 50                    50 transactions a second until Ctrl-C
  streamguard producer --tps 200 --duration 60     the same for a minute
  streamguard producer --burst 10000               10,000 as fast as possible, now
  streamguard producer --burst 1000 --every 30     again and again
  streamguard producer --count 200000 --seed 7 --start 2026-01-01T00:00:00Z
                                                   the same bytes every time; event times over 33 hours
  streamguard producer --tps 50 --key transaction_id --topic transactions_by_id
                                                   keyed otherwise; prints the CREATE STREAM that fits
  streamguard producer replay --input card.csv.gz  a file's rows with their own event times

What is sent: profiles on customer_profiles, transactions on transactions (key: account_id, Kafka timestamp:
the event time), and the truth about fraud on transaction_labels.";

const REPLAY_EXAMPLES: &str = "\
Examples:
  streamguard producer replay --input card_transactions_2024.csv.gz
  streamguard producer replay --input card.csv --speed 10x
  streamguard producer replay --input bank.csv --map booking_id=transaction_id --map iban=account_id

Columns are known by the names of the transaction's fields; event_time, amt, merch_lat, merch_long as well;
is_fraud (0 or 1) goes to transaction_labels. A bad row goes to transactions.dlq with its line and the reason.
A replay that was stopped or killed goes on after the last row that was committed.";

#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(flatten)]
    load: LoadArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// The rows of a CSV file, plain, gzip or zstd, with their own event times.
    Replay(ReplayArgs),
}

#[derive(clap::Args, Debug)]
struct LoadArgs {
    /// Transactions per second.
    #[arg(long, value_name = "N", value_parser = positive, allow_negative_numbers = true)]
    tps: Option<f64>,
    /// End after this many seconds.
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true, requires = "tps")]
    duration: Option<Duration>,
    /// This many transactions as fast as possible; event times end now.
    #[arg(long, value_name = "N", value_parser = at_least_one, allow_negative_numbers = true, conflicts_with_all = ["tps", "count"])]
    burst: Option<u64>,
    /// A burst every so many seconds, until stopped.
    #[arg(long, value_name = "SECONDS", value_parser = seconds, allow_negative_numbers = true, requires = "burst")]
    every: Option<Duration>,
    /// This many transactions in all: at --tps, or as fast as possible.
    #[arg(long, visible_alias = "transactions", value_name = "N", value_parser = at_least_one, allow_negative_numbers = true, conflicts_with = "duration")]
    count: Option<u64>,
    /// How many accounts [default: 100 for each transaction per second, at least 1000].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(10..=10_000_000), allow_negative_numbers = true)]
    accounts: Option<u32>,
    /// The share of transactions that are fraud, 0 to 0.5.
    #[arg(long, value_name = "SHARE", value_parser = share, allow_negative_numbers = true, default_value_t = producer::DEFAULT_FRAUD_SHARE)]
    fraud_share: f64,
    /// The same seed and --start give the same bytes [default: another one each time, it is printed].
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// The first event time, RFC 3339 [default: such that the load is of now].
    #[arg(long, value_name = "TIME", value_parser = events::parse_timestamp)]
    start: Option<DateTime<Utc>>,
    /// Transactions per second of event time [default: --tps; else one per account in ten minutes].
    #[arg(long, value_name = "N", value_parser = positive, allow_negative_numbers = true)]
    event_rate: Option<f64>,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(clap::Args, Debug)]
#[command(after_help = REPLAY_EXAMPLES)]
struct ReplayArgs {
    /// The file: CSV with a header line, plain, gzip or zstd.
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// max, 10x (times faster than the rows' own times) or 500/s (rows a second).
    #[arg(long, value_name = "SPEED", default_value = "max", allow_hyphen_values = true)]
    speed: Speed,
    /// The column that holds a field, where its name does not say so. May be given again.
    #[arg(long, value_name = "COLUMN=FIELD", value_parser = mapping)]
    map: Vec<(String, String)>,
    /// From the first row, whatever was sent before.
    #[arg(long)]
    restart: bool,
    #[command(flatten)]
    target: TargetArgs,
}

#[derive(clap::Args, Debug)]
struct TargetArgs {
    /// What the records are keyed by; a topic is never keyed in two ways.
    #[arg(long, value_enum, default_value = "account_id")]
    key: KeyArg,
    /// The topic of the transactions.
    #[arg(long, value_name = "TOPIC", default_value = events::topics::TRANSACTIONS.name, value_parser = clap::builder::NonEmptyStringValueParser::new())]
    topic: String,
}

#[derive(ValueEnum, Clone, Copy, Debug)]
#[value(rename_all = "snake_case")]
enum KeyArg {
    /// All of an account in order.
    AccountId,
    /// Spread evenly.
    TransactionId,
}

impl From<KeyArg> for Key {
    fn from(key: KeyArg) -> Self {
        match key {
            KeyArg::AccountId => Self::AccountId,
            KeyArg::TransactionId => Self::TransactionId,
        }
    }
}

pub(crate) fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let progress = if context.terminal.stderr { Progress::Bar } else { Progress::Lines };
    match args.command {
        Some(Command::Replay(args)) => replay(args, progress, context),
        None => load(args.load, progress, context),
    }
}

fn load(args: LoadArgs, progress: Progress, context: &Context) -> Result<(), Failure> {
    let seed = args.seed.unwrap_or_else(|| RandomState::new().build_hasher().finish());
    let wanted = match args.mode() {
        Some(mode) => Some(Options::new(mode, seed)),
        None if context.terminal.interactive => producer::ask(seed)?,
        None => return Err(no_mode()),
    };
    let Some(options) = wanted else { return Ok(()) };
    let options = Options {
        accounts: args.accounts,
        fraud_share: args.fraud_share,
        start: args.start,
        event_rate: args.event_rate,
        key: args.target.key.into(),
        topic: args.target.topic,
        progress,
        ..options
    };
    options.check()?;
    let broker = context.broker()?;
    tell_statement(&*broker, options.key, &options.topic)?;
    tracing::info!(
        seed,
        accounts = options.account_count(),
        fraud_share = options.fraud_share,
        topic = options.topic,
        "load to {}; Ctrl-C ends it",
        broker.describe()
    );
    report(&producer::run(broker, options, context.shutdown.clone())?)
}

fn replay(args: ReplayArgs, progress: Progress, context: &Context) -> Result<(), Failure> {
    let options = ReplayOptions {
        speed: args.speed,
        map: args.map,
        restart: args.restart,
        topic: args.target.topic,
        key: args.target.key.into(),
        progress,
        ..ReplayOptions::new(args.input)
    };
    options.check()?;
    let broker = context.broker()?;
    tell_statement(&*broker, options.key, &options.topic)?;
    report(&producer::replay(broker, options, context.shutdown.clone())?)
}

/// A topic that is keyed otherwise needs another declaration than the shipped one.
fn tell_statement(broker: &dyn broker::Broker, key: Key, topic: &str) -> Result<(), Failure> {
    producer::check_key(broker, topic, key)?;
    match key {
        Key::AccountId => Ok(()),
        Key::TransactionId => output::print(&format!(
            "-- in rules/00_sources.sql, in place of the CREATE STREAM there:\n{}\n",
            producer::create_stream(key, topic)
        )),
    }
}

fn report(totals: &Totals) -> Result<(), Failure> {
    output::print(&format!("{totals}\n"))
}

fn no_mode() -> Failure {
    Failure::usage("which load? there is no terminal to ask on").hint(
        "--tps N (until stopped), --tps N --duration SECONDS, --burst N or --count N; `streamguard producer \
         --help` has examples, `streamguard producer replay --input FILE` sends a file",
    )
}

impl LoadArgs {
    /// What the flags say; None: nothing.
    fn mode(&self) -> Option<Mode> {
        match (self.burst, self.count, self.tps) {
            (Some(size), _, _) => Some(Mode::Burst { size, every: self.every }),
            (_, Some(count), tps) => Some(Mode::Count { count, tps }),
            (_, _, Some(tps)) => Some(Mode::Steady { tps, duration: self.duration }),
            _ => None,
        }
    }
}

impl From<producer::Error> for Failure {
    fn from(error: producer::Error) -> Self {
        use producer::Error;
        match error {
            Error::Log(error) => error.into(),
            Error::Setting(_) | Error::OtherKey { .. } | Error::Columns { .. } | Error::Input { .. } => {
                Self::usage(error.to_string())
            }
            error => Self::from_error(&error),
        }
    }
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number > 0.0 && number <= 1e9 => Ok(number),
        Ok(_) => Err("it must be greater than 0 and at most 1000000000".to_owned()),
        Err(_) => Err("it must be a number, such as 50 or 0.5".to_owned()),
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    positive(text.trim_end_matches('s')).map(Duration::from_secs_f64)
}

fn at_least_one(text: &str) -> Result<u64, String> {
    let number = text.parse::<u64>().ok().filter(|number| *number > 0);
    number.ok_or_else(|| "it must be a whole number of at least 1".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    let share = text.parse::<f64>().ok().filter(|share| (0.0..=0.5).contains(share));
    share.ok_or_else(|| "it must be a number from 0 to 0.5 (0.03 is 3 %)".to_owned())
}

pub(crate) fn mapping(text: &str) -> Result<(String, String), String> {
    let parts = text.split_once('=').map(|(column, field)| (column.trim(), field.trim()));
    match parts {
        Some((column, field)) if !column.is_empty() && !field.is_empty() => {
            Ok((column.to_owned(), field.to_owned()))
        }
        _ => Err("it must be COLUMN=FIELD, for one amt=amount".to_owned()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        args: Args,
    }

    fn mode(line: &str) -> Result<Option<Mode>, String> {
        let words = std::iter::once("producer").chain(line.split_whitespace());
        Line::try_parse_from(words).map(|line| line.args.load.mode()).map_err(|error| error.to_string())
    }

    #[test]
    fn flags_say_which_load() {
        let minute = Duration::from_secs(60);
        assert_eq!(mode(""), Ok(None));
        assert_eq!(mode("--tps 5"), Ok(Some(Mode::Steady { tps: 5.0, duration: None })));
        assert_eq!(
            mode("--tps 5 --duration 60"),
            Ok(Some(Mode::Steady { tps: 5.0, duration: Some(minute) }))
        );
        assert_eq!(mode("--burst 9 --every 60s"), Ok(Some(Mode::Burst { size: 9, every: Some(minute) })));
        assert_eq!(mode("--count 9 --tps 2"), Ok(Some(Mode::Count { count: 9, tps: Some(2.0) })));
    }

    #[test]
    fn wrong_values_say_what_is_right() {
        let cases = [
            ("--tps -5", "greater than 0"),
            ("--tps 0", "greater than 0"),
            ("--tps many", "must be a number"),
            ("--tps NaN", "greater than 0"),
            ("--count 0", "at least 1"),
            ("--burst -1", "at least 1"),
            ("--duration 5", "--tps"),
            ("--tps 1 --burst 5", "cannot be used with"),
            ("--tps 1 --fraud-share 0.9", "0 to 0.5"),
            ("--tps 1 --start yesterday", "RFC 3339"),
            ("--tps 1 --key card", "transaction_id"),
            ("replay", "--input"),
            ("replay --input x --speed fast", "10x"),
            ("replay --input x --speed -5/s", "greater than 0"),
            ("replay --input x --map amt", "COLUMN=FIELD"),
        ];
        for (line, part) in cases {
            let message = mode(line).unwrap_err();
            assert!(message.contains(part), "{line}: {message}");
        }
    }
}
