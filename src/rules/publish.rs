//! `streamguard rules publish`: gives the engines of a group the rules of a directory.

use std::path::PathBuf;

use engine::rule_set::Change;
use engine::{Error, Options, Publication, Publishing};
use serde_json::json;

use super::Format;
use crate::context::Context;
use crate::engine::GroupArgs;
use crate::failure::Failure;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  streamguard rules publish                        the rules in ./rules
  streamguard rules publish --dry-run              only says what they would change
  streamguard rules publish --replaces 7           refused where version 7 is not the newest any more

All engines of the group switch to them, each at its next commit; what they do not change keeps its counts. Exit
status 2 and the diagnostics where they do not load: then nothing changes.";

/// Flags of `streamguard rules publish`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct Args {
    /// Rule files and directories.
    #[arg(value_name = "PATH", default_value = "rules")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    group: GroupArgs,
    /// The version that they are to replace (0: nothing is published yet) [default: the newest].
    #[arg(long, value_name = "VERSION")]
    replaces: Option<u64>,
    /// Publish nothing, say what would change.
    #[arg(long)]
    dry_run: bool,
    /// How the result looks.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

pub(super) fn run(args: Args, context: &Context) -> Result<(), Failure> {
    // What is wrong is said before anything is connected to.
    super::load(&args.paths, context.terminal)?;
    let options = Options {
        rules: args.paths,
        group: args.group.group,
        consumer_properties: context.kafka.consumer.clone(),
        producer_properties: context.kafka.producer.clone(),
        ..Options::default()
    };
    let how = Publishing { replaces: args.replaces, dry_run: args.dry_run };
    let done = engine::publish(&*context.broker()?, &options, how).map_err(|error| match error {
        Error::Refused(diagnostics) => super::refused(&diagnostics, context.terminal),
        error @ Error::Conflict { .. } => Failure::from_error(&error)
            .hint("streamguard rules publish --dry-run says what these rules would change"),
        Error::Broker(error) => error.into(),
        error => Failure::from_error(&error),
    })?;
    output::print(&match args.format {
        Format::Text => text(&done),
        Format::Json => as_json(&done),
    })
}

fn text(done: &Publication) -> String {
    let Publication { version, before, files, rules, differences } = done;
    let head = match version {
        Some(version) if version == before => {
            format!("version {version} is this already: {files} files, {rules} rules")
        }
        Some(version) if *before == 0 => {
            format!("published as version {version}: {files} files, {rules} rules")
        }
        Some(version) => {
            format!("published as version {version}, in place of {before}: {files} files, {rules} rules")
        }
        None if *before == 0 => format!("nothing is published yet; these are {files} files, {rules} rules"),
        None => format!("version {before} is published; these are {files} files, {rules} rules"),
    };
    let line = |what: &str, (name, change): &(String, Change)| format!("  {what} {name} {change}\n");
    let files: String = differences.files.iter().map(|one| line("file", one)).collect();
    let rules: String = differences.rules.iter().map(|one| line("rule", one)).collect();
    format!("{head}\n{files}{rules}")
}

fn as_json(done: &Publication) -> String {
    let list = |list: &[(String, Change)]| -> Vec<_> {
        list.iter().map(|(name, change)| json!({ "name": name, "change": change.to_string() })).collect()
    };
    let result = json!({
        "version": done.version,
        "before": done.before,
        "published": done.version.is_some_and(|version| version != done.before),
        "files": list(&done.differences.files),
        "rules": list(&done.differences.rules),
    });
    format!("{result:#}\n")
}
