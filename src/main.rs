//! `streamguard`: fraud rules as SQL over a log, decisions in PostgreSQL. One binary, one file a subcommand.
//!
//! What enters: flags, the environment (`STREAMGUARD_*`), `streamguard.toml`. What leaves: an exit
//! status (0; 1 for a failure; 2 for wrong usage or a program that is refused), a result on stdout, the
//! log and errors on stderr. What holds: no logic lives here; a subcommand checks its settings, calls
//! one function of a crate and says how it went.

mod actions;
mod consumer;
mod context;
mod counts;
mod crew;
mod db;
mod dlq;
mod engine;
mod failure;
mod lists;
mod logging;
mod memory;
mod output;
mod producer;
mod replay;
mod rules;
mod settings;
mod standalone;
mod topics;
mod work;

use std::process::ExitCode;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::context::{Context, GlobalArgs};
use crate::failure::Failure;

/// Fraud rules as SQL over Kafka: transactions in, alerts and decisions in PostgreSQL out.
#[derive(Parser)]
#[command(
    name = "streamguard",
    version,
    max_term_width = 110,
    arg_required_else_help = true,
    after_help = EXAMPLES
)]
struct Cli {
    #[command(flatten)]
    global: GlobalArgs,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  streamguard standalone --tps 50                  everything in one process, no Kafka needed
  streamguard rules check rules                    do the rules load? what do they say?
  streamguard replay --rules rules --input transactions.jsonl --output alerts.jsonl
  streamguard engine --rules rules                 the three processes, on Kafka:
  streamguard consumer
  streamguard producer --tps 100 --duration 60
  streamguard dlq list                             what was refused, and why

Settings: a flag wins over its environment variable (--data-dir, STREAMGUARD_DATA_DIR), that over
streamguard.toml (data-dir = \"...\", or [standalone] tps = 50 for one command). PostgreSQL is named by
DATABASE_URL, or by a file that DATABASE_URL_FILE names; never by a flag, because flags are visible to others.";

#[derive(Subcommand)]
enum Command {
    /// Producer, engine and consumer in one process, on the embedded broker.
    Standalone(standalone::Args),
    /// Rules over Kafka: reads transactions, writes alerts.
    Engine(engine::Args),
    /// Alerts and transactions from Kafka to decisions in PostgreSQL.
    Consumer(consumer::Args),
    /// Load: fake transactions with ground truth, or the rows of a file.
    Producer(producer::Args),
    /// Look at rules without running them, and publish them.
    Rules(rules::Args),
    /// What lies on the log for the rules; deletes what nobody uses.
    Topics(topics::Args),
    /// Send records from a file through rules, offline.
    Replay(replay::Args),
    /// Dead letters: list, show, send again.
    Dlq(dlq::Args),
    /// The block, allow and watch lists: add, remove, import, export, show.
    Lists(lists::Args),
    /// Say what a transaction or an alert turned out to be.
    Label(work::LabelArgs),
    /// Investigations: list, assign, close.
    Investigations(work::InvestigationsArgs),
    /// Accounts: unblock.
    Accounts(work::AccountsArgs),
    /// What decisions set in motion: list, send again.
    Actions(actions::Args),
    /// The database: schema and logins.
    Db(db::Args),
}

fn main() -> ExitCode {
    memory::use_small_pages();
    match start() {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.print();
            failure.exit_code()
        }
    }
}

fn start() -> Result<(), Failure> {
    let (command, known) = settings::layered(Cli::command())?;
    let matches = command.get_matches();
    let cli = Cli::from_arg_matches(&matches).map_err(|error| Failure::usage(error.to_string()))?;
    logging::start(&cli.global.log)?;
    let context = Context::new(cli.global, known)?;
    cli.command.run(&context)
}

impl Command {
    fn run(self, context: &Context) -> Result<(), Failure> {
        match self {
            Self::Standalone(args) => standalone::run(args, context),
            Self::Engine(args) => engine::run(args, context),
            Self::Consumer(args) => consumer::run(args, context),
            Self::Producer(args) => producer::run(args, context),
            Self::Rules(args) => rules::run(args, context),
            Self::Topics(args) => topics::run(args, context),
            Self::Replay(args) => replay::run(args, context),
            Self::Dlq(args) => dlq::run(args, context),
            Self::Lists(args) => lists::run(args, context),
            Self::Label(args) => work::label(args, context),
            Self::Investigations(args) => work::investigations(args, context),
            Self::Accounts(args) => work::accounts(args, context),
            Self::Actions(args) => actions::run(args, context),
            Self::Db(args) => db::run(args, context),
        }
    }
}
