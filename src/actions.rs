//! `streamguard actions`: what decisions set in motion, and sending again what was given up.

use ::consumer::actions::{self, Action, Selection};
use clap::Subcommand;

use crate::context::Context;
use crate::failure::Failure;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  streamguard actions list --state dead             what was given up, and why
  streamguard actions retry 17 18                   once more, with the same idempotency keys
  streamguard actions retry --target fraud-desk     all of a target that is back

The table `actions` has more of each; docs/schema.md says what.";

/// Flags of `streamguard actions`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Print the newest actions.
    List(List),
    /// Send notifications again that were given up.
    Retry(Retry),
}

#[derive(clap::Args, Debug)]
struct List {
    /// Only those of this state.
    #[arg(long, value_name = "STATE", value_parser = ["pending", "done", "dead", "suppressed"])]
    state: Option<String>,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=100_000))]
    last: i64,
}

#[derive(clap::Args, Debug)]
struct Retry {
    /// Their numbers.
    #[arg(value_name = "ID", required_unless_present_any = ["target", "all"])]
    ids: Vec<i64>,
    /// Those of this target.
    #[arg(long, value_name = "NAME")]
    target: Option<String>,
    /// All that were given up.
    #[arg(long, conflicts_with_all = ["ids", "target"])]
    all: bool,
}

pub(crate) fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let url = context.database_url()?;
    match args.command {
        Command::List(list) => {
            let found = actions::list(url.reveal(), list.state.as_deref(), list.last)
                .map_err(|error| Failure::from_error(&error))?;
            output::print(&table(&found))
        }
        Command::Retry(retry) => {
            let selection = Selection { ids: retry.ids, target: retry.target };
            let count =
                actions::retry(url.reveal(), &selection).map_err(|error| Failure::from_error(&error))?;
            output::print(&format!("{count} notifications will be sent again by the running consumer\n"))
        }
    }
}

fn table(actions: &[Action]) -> String {
    let header =
        ["id", "state", "kind", "target", "account", "transaction", "tries", "created", "last error"];
    let row = |action: &Action| {
        vec![
            action.id.to_string(),
            action.state.clone(),
            action.kind.clone(),
            action.target.clone().unwrap_or_default(),
            action.account_id.clone(),
            action.transaction_id.clone(),
            action.attempts.to_string(),
            action.created_at.format("%Y-%m-%d %H:%M:%S").to_string(),
            action.last_error.clone().unwrap_or_default(),
        ]
    };
    let rows: Vec<Vec<String>> =
        std::iter::once(header.map(str::to_owned).to_vec()).chain(actions.iter().map(row)).collect();
    output::table(&rows)
}
