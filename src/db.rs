//! `streamguard db`: schema and logins.
//!
//! `db migrate` makes the roles `streamguard_owner`, `streamguard_writer`, `streamguard_reader` and
//! `streamguard_analyst` where they are missing, and the schema, with `DATABASE_OWNER_URL` (else
//! `DATABASE_URL`). That login must be a superuser or the database's owner, and a member of
//! `streamguard_owner` where it may not make roles.
//! `db login` makes a login and gives it one of the roles; its password comes from an environment variable.
//! `start.sh` does both for a database of its own.
//! `db verify-audit` says whether the audit is as it was written; any login that may read will do.

mod verify;

use clap::{Subcommand, ValueEnum};
use consumer::Role;

use crate::context::Context;
use crate::failure::Failure;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  DATABASE_OWNER_URL=postgres://postgres:PASSWORD@localhost/streamguard streamguard db migrate
  STREAMGUARD_LOGIN_PASSWORD=... streamguard db login --name streamguard_consumer --role writer
  STREAMGUARD_LOGIN_PASSWORD=... streamguard db login --name ann --role analyst
  streamguard db verify-audit --topic

The database itself is made by CREATE DATABASE streamguard. See docs/schema.md for what lies in it.";

/// Flags of `streamguard db`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Make the roles and bring the schema to this version. Safe to run again, and by several at once.
    Migrate,
    /// Make a login, or give one that is there a new password.
    Login(LoginArgs),
    /// Say whether the audit is as it was written: exit status 0 where it is, 1 where it is not.
    VerifyAudit(verify::Args),
}

#[derive(clap::Args, Debug)]
struct LoginArgs {
    /// The login's name.
    #[arg(long)]
    name: String,
    /// What it may do.
    #[arg(long)]
    role: RoleName,
    /// The environment variable that holds its password.
    #[arg(long, value_name = "VARIABLE", default_value = "STREAMGUARD_LOGIN_PASSWORD")]
    password_from: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleName {
    /// Migrates the schema.
    Owner,
    /// Reads all, writes what the consumer writes.
    Writer,
    /// Reads.
    Reader,
    /// Reads, changes the lists, labels, works on investigations.
    Analyst,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Owner => Self::Owner,
            RoleName::Writer => Self::Writer,
            RoleName::Reader => Self::Reader,
            RoleName::Analyst => Self::Analyst,
        }
    }
}

pub(crate) fn run(args: Args, context: &Context) -> Result<(), Failure> {
    match args.command {
        Command::Migrate => {
            let owner = context.database_owner_url()?;
            let done = ::consumer::migrate(owner.reveal()).map_err(|error| Failure::from_error(&error))?;
            let text = match done.applied {
                0 => format!("{}: the schema is up to date (version {})\n", done.target, done.version),
                n => format!("{}: {n} migrations applied, now at version {}\n", done.target, done.version),
            };
            output::print(&text)
        }
        Command::VerifyAudit(args) => verify::run(args, context),
        Command::Login(login) => {
            let owner = context.database_owner_url()?;
            let password = std::env::var(&login.password_from).unwrap_or_default();
            if password.is_empty() {
                return Err(Failure::usage(format!("{} holds no password", login.password_from))
                    .hint(format!("export {}=... and run the same again", login.password_from)));
            }
            let role = Role::from(login.role);
            ::consumer::login(owner.reveal(), &login.name, &password, role)
                .map_err(|error| Failure::from_error(&error))?;
            output::print(&format!("login {} is there, a member of {}\n", login.name, role.name()))
        }
    }
}
