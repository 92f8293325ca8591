//! `streamguard label`, `investigations`, `accounts`: what an analyst does.

use clap::{Subcommand, ValueEnum};
use consumer::desk::{Desk, Verdict};

use crate::context::Context;
use crate::failure::Failure;
use crate::output;

const LABEL: &str = "\
Examples:
  streamguard label --transaction t-4711 fraud --reason 'the customer knows nothing of it' --kind stolen_card
  streamguard label --alert 6f1c2a34-0b5d-5e0f-9b1d-2f6c0d1e2f3a legitimate --reason 'a school trip'

The label of an alert is that of every transaction that crossed its line. It also goes to transaction_labels.
It is given as DATABASE_ANALYST_URL where that is set, else as DATABASE_URL; that login must be an analyst
(streamguard db login --name NAME --role analyst), and stands in the audit log.";

const INVESTIGATIONS: &str = "\
Examples:
  streamguard investigations list
  streamguard investigations assign 12                     to oneself
  streamguard investigations assign 12 --to ann
  streamguard investigations close 12 fraud --note 'card stolen in Lyon; replaced'";

/// Flags of `streamguard label`.
#[derive(clap::Args, Debug)]
#[command(after_help = LABEL, arg_required_else_help = true)]
#[command(group(clap::ArgGroup::new("subject").required(true).args(["transaction", "alert"])))]
pub(crate) struct LabelArgs {
    /// The transaction's id.
    #[arg(long, value_name = "ID")]
    transaction: Option<String>,
    /// The alert's id.
    #[arg(long, value_name = "UUID")]
    alert: Option<String>,
    /// What it turned out to be.
    verdict: Label,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The kind of fraud.
    #[arg(long, value_name = "TEXT")]
    kind: Option<String>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Label {
    /// It was fraud.
    Fraud,
    /// It was not.
    Legitimate,
}

/// Flags of `streamguard investigations`.
#[derive(clap::Args, Debug)]
#[command(after_help = INVESTIGATIONS, arg_required_else_help = true)]
pub(crate) struct InvestigationsArgs {
    #[command(subcommand)]
    command: Investigations,
}

#[derive(Subcommand, Debug)]
enum Investigations {
    /// Those that are open, the highest score first.
    List {
        /// The closed ones, too.
        #[arg(long)]
        all: bool,
        /// At most so many.
        #[arg(long, value_name = "N", default_value_t = 100)]
        limit: u32,
    },
    /// Give one to somebody.
    Assign {
        /// Its number.
        id: i64,
        /// To whom [default: this login].
        #[arg(long, value_name = "NAME")]
        to: Option<String>,
    },
    /// Say what it came to.
    Close {
        /// Its number.
        id: i64,
        /// What it came to.
        outcome: Outcome,
        /// What there is to say.
        #[arg(long, value_name = "TEXT")]
        note: Option<String>,
    },
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Outcome {
    /// It was fraud.
    Fraud,
    /// It was not.
    Legitimate,
    /// It cannot be said.
    Inconclusive,
}

/// Flags of `streamguard accounts`.
#[derive(clap::Args, Debug)]
#[command(arg_required_else_help = true)]
pub(crate) struct AccountsArgs {
    #[command(subcommand)]
    command: Accounts,
}

#[derive(Subcommand, Debug)]
enum Accounts {
    /// Lift the block of an account.
    Unblock {
        /// The account's id.
        account: String,
        /// Why.
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

fn open(context: &Context) -> Result<Desk, Failure> {
    Ok(Desk::open(context.database_analyst_url()?.reveal())?)
}

pub(crate) fn label(args: LabelArgs, context: &Context) -> Result<(), Failure> {
    let verdict = match args.verdict {
        Label::Fraud => Verdict::Fraud,
        Label::Legitimate => Verdict::Legitimate,
    };
    let mut desk = open(context)?;
    let kind = args.kind.as_deref();
    let said = match (&args.transaction, &args.alert) {
        (Some(transaction), _) => {
            let id = desk.label_transaction(transaction, verdict, &args.reason, kind)?;
            format!("transaction {transaction} is labelled (disposition {id})\n")
        }
        (None, alert) => {
            let alert = alert.clone().unwrap_or_default();
            let count = desk.label_alert(&alert, verdict, &args.reason, kind)?;
            format!("{count} transactions of alert {alert} are labelled\n")
        }
    };
    desk.close();
    output::print(&said)
}

pub(crate) fn investigations(args: InvestigationsArgs, context: &Context) -> Result<(), Failure> {
    let mut desk = open(context)?;
    let said = match args.command {
        Investigations::List { all, limit } => list(&mut desk, all, limit)?,
        Investigations::Assign { id, to } => {
            desk.assign_investigation(id, to.as_deref())?;
            format!("investigation {id} is assigned\n")
        }
        Investigations::Close { id, outcome, note } => {
            let outcome = match outcome {
                Outcome::Fraud => Verdict::Fraud,
                Outcome::Legitimate => Verdict::Legitimate,
                Outcome::Inconclusive => Verdict::Inconclusive,
            };
            desk.close_investigation(id, outcome, note.as_deref())?;
            format!("investigation {id} is closed\n")
        }
    };
    desk.close();
    output::print(&said)
}

fn list(desk: &mut Desk, all: bool, limit: u32) -> Result<String, Failure> {
    let names = ["ID", "ACCOUNT", "OPENED", "TRANSACTIONS", "SCORE", "LAST", "STATUS", "ASSIGNED TO"];
    let mut rows = vec![names.map(str::to_owned).to_vec()];
    for found in desk.investigations(all, i64::from(limit))? {
        rows.push(vec![
            found.id.to_string(),
            found.account_id,
            found.opened_at.format("%Y-%m-%d %H:%M").to_string(),
            found.transactions.to_string(),
            found.highest_score.map_or("-".to_owned(), |score| score.to_string()),
            found.last_transaction_id,
            found.outcome.unwrap_or(found.status),
            found.assigned_to.unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    Ok(match rows.len() {
        1 => "there are no such investigations\n".to_owned(),
        _ => output::table(&rows),
    })
}

pub(crate) fn accounts(args: AccountsArgs, context: &Context) -> Result<(), Failure> {
    let Accounts::Unblock { account, reason } = args.command;
    let mut desk = open(context)?;
    desk.unblock_account(&account, &reason)?;
    desk.close();
    output::print(&format!("account {account} is not blocked any more\n"))
}
