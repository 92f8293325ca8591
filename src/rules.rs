//! `streamguard rules`: what the rules say, without running them; and how they reach those who run them.

mod publish;

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use engine::plan::Rule;
use engine::sql::{Diagnostics, LoadOptions, Loaded, Purpose};
use serde_json::json;

use crate::context::{Context, Terminal};
use crate::engine::style;
use crate::failure::Failure;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  streamguard rules check                          the rules in ./rules
  streamguard rules check rules/00_sources.sql mine.sql
  streamguard rules check --format json            diagnostics for an editor
  streamguard rules list
  streamguard rules publish                        what they say runs on all machines

A directory's rules are the *.sql files directly in it, by name; all paths together are one program. Exit
status 2 and the diagnostics on stderr where it is refused.";

/// Flags of `streamguard rules`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Do the rules load? Says what is wrong, where, and what to do; else a line per rule.
    Check(Paths),
    /// The rules: name, version, severity, mode, kind, file.
    List(Paths),
    /// Gives the engines on Kafka the rules of a directory.
    Publish(publish::Args),
}

#[derive(clap::Args, Debug)]
struct Paths {
    /// Rule files and directories.
    #[arg(value_name = "PATH", default_value = "rules")]
    paths: Vec<PathBuf>,
    /// How the result looks.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Json,
}

pub(crate) fn run(args: Args, context: &Context) -> Result<(), Failure> {
    match args.command {
        Command::Check(paths) => check(&paths, context),
        Command::List(paths) => list(&paths, context),
        Command::Publish(args) => publish::run(args, context),
    }
}

fn check(paths: &Paths, context: &Context) -> Result<(), Failure> {
    if paths.format == Format::Json {
        return check_as_json(paths);
    }
    let options = LoadOptions { purpose: Purpose::Check, ..LoadOptions::default() };
    let loaded = load_as(&paths.paths, &options, context.terminal)?;
    if !loaded.warnings.is_empty() {
        eprint!("{}", loaded.warnings.render(style(context.terminal)));
    }
    let reports: String = loaded.reports.iter().map(|report| report.render() + "\n").collect();
    output::print(&reports)?;
    let line = |rule: &Rule| format!("ok  {}  {}  {}\n", rule.name, rule.version, rule.file);
    let rules: String = rules(&loaded).map(line).collect();
    output::print(if rules.is_empty() {
        "ok, but nothing writes to fraud_alerts: there is no rule\n"
    } else {
        &rules
    })
}

/// `{"diagnostics": [...], "rules": [...], "reports": [...]}` on stdout; refused rules end with status 2 all the same.
fn check_as_json(paths: &Paths) -> Result<(), Failure> {
    let options = LoadOptions { purpose: Purpose::Check, ..LoadOptions::default() };
    let (diagnostics, rules, reports, refused) = match read(&paths.paths, &options)? {
        Ok(loaded) => {
            let files = &loaded.warnings.files;
            let reports = loaded.reports.iter().map(|report| report.to_json(files)).collect();
            (loaded.warnings.to_json(), rules(&loaded).map(as_json).collect(), reports, None)
        }
        Err(diagnostics) => (diagnostics.to_json(), Vec::new(), Vec::new(), Some(summary(&diagnostics))),
    };
    let reports: Vec<_> = reports;
    let result = json!({ "diagnostics": diagnostics, "rules": rules, "reports": reports });
    output::print(&format!("{result:#}\n"))?;
    refused.map_or(Ok(()), |summary| Err(Failure::usage(summary)))
}

fn list(paths: &Paths, context: &Context) -> Result<(), Failure> {
    let loaded = load(&paths.paths, context.terminal)?;
    if paths.format == Format::Json {
        let rules: Vec<_> = rules(&loaded).map(as_json).collect();
        return output::print(&format!("{:#}\n", json!(rules)));
    }
    let head =
        ["NAME", "VERSION", "SEVERITY", "MODE", "KIND", "FILE", "DESCRIPTION"].map(str::to_owned).to_vec();
    let rows: Vec<_> = std::iter::once(head).chain(rules(&loaded).map(row)).collect();
    output::print(&output::table(&rows))
}

fn row(rule: &Rule) -> Vec<String> {
    vec![
        rule.name.clone(),
        rule.version.clone(),
        rule.severity.to_string(),
        rule.mode.to_string(),
        kind(rule).to_owned(),
        rule.file.clone(),
        rule.description.clone().unwrap_or_default(),
    ]
}

fn as_json(rule: &Rule) -> serde_json::Value {
    json!({
        "name": rule.name,
        "version": rule.version,
        "severity": rule.severity.to_string(),
        "mode": rule.mode.to_string(),
        "kind": kind(rule),
        "emit": rule.emit.to_string(),
        "cooldown_ms": rule.cooldown,
        "file": rule.file,
        "description": rule.description,
    })
}

/// An alert is per window, or per record.
fn kind(rule: &Rule) -> &'static str {
    if rule.windowed { "window" } else { "record" }
}

fn rules(loaded: &Loaded) -> impl Iterator<Item = &Rule> {
    loaded.program.queries.iter().filter_map(|query| query.rule.as_ref())
}

/// The program of these paths, as the engine runs it; refused with its diagnostics where it does not load.
pub(crate) fn load(paths: &[PathBuf], terminal: Terminal) -> Result<Loaded, Failure> {
    load_as(paths, &LoadOptions::default(), terminal)
}

/// As [`load`], for another purpose.
pub(crate) fn load_as(
    paths: &[PathBuf],
    options: &LoadOptions,
    terminal: Terminal,
) -> Result<Loaded, Failure> {
    read(paths, options)?.map_err(|diagnostics| refused(&diagnostics, terminal))
}

fn read(paths: &[PathBuf], options: &LoadOptions) -> Result<Result<Loaded, Diagnostics>, Failure> {
    let files = engine::rule_files::read(paths).map_err(|error| {
        Failure::usage(error.to_string()).hint("name a directory with *.sql files in it, or files")
    })?;
    Ok(engine::sql::load(files, options))
}

/// The end of a program that does not load.
pub(crate) fn refused(diagnostics: &Diagnostics, terminal: Terminal) -> Failure {
    Failure::refused(summary(diagnostics), diagnostics.render(style(terminal)))
}

fn summary(diagnostics: &Diagnostics) -> String {
    let errors = diagnostics.list.iter().filter(|one| one.severity == engine::sql::Severity::Error).count();
    format!("the rules are refused: {errors} error{}", if errors == 1 { "" } else { "s" })
}
