//! `streamguard lists`: the block, allow and watch lists.

use std::fs::File;
use std::io::{BufReader, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use consumer::desk::{Desk, ListRow, RowFormat, Which};
use consumer::{Kind, ListAction, Match};

use crate::context::Context;
use crate::failure::Failure;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  streamguard lists add merchant 'Example Shop' --reason 'chargebacks in May'
  streamguard lists add ip 203.0.113.0/24 --list watch --reason 'card testing' --expires 2026-12-01T00:00:00Z
  streamguard lists add account VIP- --list allow --match prefix --reason 'own test accounts'
  streamguard lists remove merchant 'Example Shop' --reason 'the shop has answered'
  streamguard lists import stolen-cards.csv --kind bin --list block --reason 'report of 3 May'
  streamguard lists export --list block > block.csv
  streamguard lists show --kind merchant

Changes are made as DATABASE_ANALYST_URL where it is set, else as DATABASE_URL; every one is in list_events and the
audit log with that login. They count from the next batch on.";

const IMPORT: &str = "\
CSV begins with the names of its columns; JSON is an object a line. Columns: kind, value, action (block, allow,
watch), match (exact, nocase, prefix), reason, expires_at (RFC 3339); author and created_at of an export are passed
over. What a row leaves out comes from --kind, --list, --match, --reason and --expires. All rows are added, or none:
wrong lines are named. A row that is on the list already gets the reason and expiry of the file.";

/// Flags of `streamguard lists`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Put a value on a list; a new reason or expiry for one that is there.
    Add(Add),
    /// Take a value off a list.
    Remove(Remove),
    /// Add the entries of a file.
    #[command(after_help = IMPORT)]
    Import(Import),
    /// Write entries to stdout, as import reads them.
    Export(Export),
    /// Print entries as a table.
    Show(Show),
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Format {
    /// Comma-separated values.
    Csv,
    /// JSON, an object a line.
    Json,
}

#[derive(clap::Args, Debug)]
struct Add {
    /// account, merchant, category, country, device, ip or bin.
    #[arg(value_parser = kind)]
    kind: Kind,
    /// What the field is compared with; for ip an address or a network.
    value: String,
    /// block, allow or watch.
    #[arg(long, value_name = "LIST", default_value = "block", value_parser = action)]
    list: ListAction,
    /// exact, nocase or prefix [default: prefix for ip and bin, else nocase].
    #[arg(long = "match", value_name = "MATCH", value_parser = how)]
    how: Option<Match>,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Until when it counts, RFC 3339.
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
}

#[derive(clap::Args, Debug)]
struct Remove {
    /// account, merchant, category, country, device, ip or bin.
    #[arg(value_parser = kind)]
    kind: Kind,
    /// The entry's value.
    value: String,
    /// block, allow or watch.
    #[arg(long, value_name = "LIST", default_value = "block", value_parser = action)]
    list: ListAction,
    /// exact, nocase or prefix [default: prefix for ip and bin, else nocase].
    #[arg(long = "match", value_name = "MATCH", value_parser = how)]
    how: Option<Match>,
    /// Why.
    #[arg(long, value_name = "TEXT")]
    reason: String,
}

#[derive(clap::Args, Debug)]
struct Import {
    /// The file; `-`: stdin.
    file: PathBuf,
    /// How it is written [default: json for .json, .jsonl and .ndjson, else csv].
    #[arg(long)]
    format: Option<Format>,
    /// The kind of rows that name none.
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: Option<Kind>,
    /// The list of rows that name none.
    #[arg(long, value_name = "LIST", value_parser = action)]
    list: Option<ListAction>,
    /// The match of rows that name none.
    #[arg(long = "match", value_name = "MATCH", value_parser = how)]
    how: Option<Match>,
    /// The reason of rows that name none.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// The expiry of rows that name none, RFC 3339.
    #[arg(long, value_name = "TIME")]
    expires: Option<String>,
}

#[derive(clap::Args, Debug)]
struct Filter {
    /// Of this kind only.
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: Option<Kind>,
    /// On this list only.
    #[arg(long, value_name = "LIST", value_parser = action)]
    list: Option<ListAction>,
    /// With this text in the value, upper and lower case alike.
    #[arg(long, value_name = "TEXT")]
    containing: Option<String>,
}

#[derive(clap::Args, Debug)]
struct Export {
    #[command(flatten)]
    filter: Filter,
    /// How it is written.
    #[arg(long, default_value = "csv")]
    format: Format,
}

#[derive(clap::Args, Debug)]
struct Show {
    #[command(flatten)]
    filter: Filter,
    /// At most so many.
    #[arg(long, value_name = "N", default_value_t = 100)]
    limit: usize,
}

fn kind(text: &str) -> Result<Kind, String> {
    Kind::parse(text).ok_or_else(|| format!("one of {}", Kind::ALL.map(Kind::as_str).join(", ")))
}

fn action(text: &str) -> Result<ListAction, String> {
    ListAction::parse(text)
        .ok_or_else(|| format!("one of {}", ListAction::ALL.map(ListAction::as_str).join(", ")))
}

fn how(text: &str) -> Result<Match, String> {
    Match::parse(text).ok_or_else(|| format!("one of {}", Match::ALL.map(Match::as_str).join(", ")))
}

pub(crate) fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let mut desk = Desk::open(context.database_analyst_url()?.reveal())?;
    match args.command {
        Command::Add(add) => add.run(&mut desk)?,
        Command::Remove(remove) => remove.run(&mut desk)?,
        Command::Import(import) => import.run(&mut desk)?,
        Command::Export(export) => export.run(&mut desk)?,
        Command::Show(show) => show.run(&mut desk)?,
    }
    desk.close();
    Ok(())
}

impl Add {
    fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let said = format!("{} {} is on the {} list", self.kind, self.value, self.list);
        let id = desk.list_add(ListRow {
            kind: Some(self.kind.as_str().to_owned()),
            value: Some(self.value),
            action: Some(self.list.as_str().to_owned()),
            how: self.how.map(|how| how.as_str().to_owned()),
            reason: Some(self.reason),
            expires_at: self.expires,
            ..ListRow::default()
        })?;
        output::print(&format!("{said}, as entry {id}\n"))
    }
}

impl Remove {
    fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let id = desk.list_remove(self.kind, &self.value, self.list, &self.reason, self.how)?;
        output::print(&format!(
            "{} {} is off the {} list; it was entry {id}\n",
            self.kind, self.value, self.list
        ))
    }
}

impl Import {
    fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let format = self.format.unwrap_or_else(|| by_name(&self.file)).into();
        let defaults = ListRow {
            kind: self.kind.map(|kind| kind.as_str().to_owned()),
            action: self.list.map(|action| action.as_str().to_owned()),
            how: self.how.map(|how| how.as_str().to_owned()),
            reason: self.reason,
            expires_at: self.expires,
            ..ListRow::default()
        };
        let progress = |rows| tracing::info!("{rows} rows sent");
        let imported = if self.file == Path::new("-") {
            desk.list_import(std::io::stdin().lock(), format, &defaults, progress)?
        } else {
            let file = File::open(&self.file)
                .map_err(|error| Failure::usage(format!("{}: {error}", self.file.display())))?;
            desk.list_import(BufReader::new(file), format, &defaults, progress)?
        };
        output::print(&format!(
            "{} rows read, {} entries added or changed\n",
            imported.rows, imported.changed
        ))
    }
}

impl Export {
    fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let out = std::io::BufWriter::new(std::io::stdout().lock());
        let count = match desk.list_export(&self.filter.which(), self.format.into(), out) {
            // A reader that has gone (`| head`) ends the output, it is not an error.
            Err(consumer::Error::System { source, .. })
                if source.kind() == std::io::ErrorKind::BrokenPipe =>
            {
                return Ok(());
            }
            done => done?,
        };
        if !std::io::stdout().is_terminal() {
            let _ = writeln!(std::io::stderr(), "{count} entries");
        }
        Ok(())
    }
}

impl Show {
    fn run(self, desk: &mut Desk) -> Result<(), Failure> {
        let names = ["ENTRY", "KIND", "VALUE", "MATCH", "LIST", "REASON", "AUTHOR", "EXPIRES"];
        let mut rows = vec![names.map(str::to_owned).to_vec()];
        let mut more = 0_usize;
        desk.list_each(&self.filter.which(), |entry| {
            if rows.len() > self.limit {
                more += 1;
                return Ok(());
            }
            let expires = entry.expires_at.map_or("-".to_owned(), |time| time.to_rfc3339());
            rows.push(vec![
                entry.id.to_string(),
                entry.kind,
                entry.value,
                entry.how,
                entry.action,
                entry.reason,
                entry.author,
                expires,
            ]);
            Ok(())
        })?;
        if rows.len() == 1 {
            return output::print("there are no such entries\n");
        }
        let mut text = output::table(&rows);
        if more > 0 {
            text.push_str(&format!("... and {more} more (--limit, or lists export)\n"));
        }
        output::print(&text)
    }
}

impl Filter {
    fn which(self) -> Which {
        Which { kind: self.kind, action: self.list, text: self.containing }
    }
}

impl From<Format> for RowFormat {
    fn from(format: Format) -> Self {
        match format {
            Format::Csv => Self::Csv,
            Format::Json => Self::JsonLines,
        }
    }
}

fn by_name(file: &Path) -> Format {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("json" | "jsonl" | "ndjson") => Format::Json,
        _ => Format::Csv,
    }
}
