//! `streamguard topics`: what lies on the log for the rules, and what of it nobody uses any more.

use std::path::Path;
use std::sync::Arc;

use broker::{Broker, Cleanup};
use clap::{Subcommand, ValueEnum};
use engine::{Installation, Options, TopicUse};
use serde_json::json;

use crate::context::Context;
use crate::engine::GroupArgs;
use crate::failure::Failure;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  streamguard topics list                          every topic of the rules that are published
  streamguard topics list --format json
  streamguard topics clean                         says which topics of the engine's own no rule uses
  streamguard topics clean --yes                   deletes them
  streamguard topics list --standalone             of the embedded log in the data directory, while it is stopped

Only changelogs, repartition topics and journals are ever deleted: what rules read and write is yours.";

/// Flags of `streamguard topics`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Every topic: what for, partitions, records, and the rules that use it.
    List(Place),
    /// Deletes topics of the engine's own that no published rule uses.
    Clean(Clean),
}

#[derive(clap::Args, Debug)]
struct Place {
    #[command(flatten)]
    group: GroupArgs,
    /// The embedded log in the data directory, instead of Kafka.
    #[arg(long)]
    standalone: bool,
    /// How the result looks.
    #[arg(long, value_enum, default_value = "text")]
    format: Format,
}

#[derive(clap::Args, Debug)]
struct Clean {
    #[command(flatten)]
    place: Place,
    /// Delete them; without it they are only named.
    #[arg(long)]
    yes: bool,
    /// Also while engines of the group run: only where all of them have taken over the published rules.
    #[arg(long)]
    while_engines_run: bool,
}

#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Json,
}

pub(crate) fn run(args: Args, context: &Context) -> Result<(), Failure> {
    match args.command {
        Command::List(place) => list(place, context),
        Command::Clean(clean) => self::clean(clean, context),
    }
}

impl Place {
    fn open(&self, context: &Context) -> Result<(Arc<dyn Broker>, Options), Failure> {
        let options = Options {
            group: self.group.group.clone(),
            consumer_properties: context.kafka.consumer.clone(),
            producer_properties: context.kafka.producer.clone(),
            ..Options::default()
        };
        let broker = if self.standalone { embedded(&context.data_dir)? } else { context.broker()? };
        Ok((broker, options))
    }
}

/// The embedded log, which is not made by looking at it.
fn embedded(data_dir: &Path) -> Result<Arc<dyn Broker>, Failure> {
    let directory = data_dir.join("broker");
    if !directory.is_dir() {
        return Err(Failure::new(format!("there is no embedded log in {}", data_dir.display()))
            .hint("another data directory: --data-dir DIR; without --standalone Kafka is asked"));
    }
    Ok(broker::embedded::Embedded::open(&directory)?)
}

fn failed(error: engine::Error) -> Failure {
    match error {
        engine::Error::Broker(error) => error.into(),
        error => Failure::from_error(&error),
    }
}

fn list(place: Place, context: &Context) -> Result<(), Failure> {
    let (broker, options) = place.open(context)?;
    let found = engine::installation(&*broker, &options).map_err(failed)?;
    output::print(&match place.format {
        Format::Json => format!("{:#}\n", json_of(&found)),
        Format::Text => text_of(&found),
    })
}

fn clean(args: Clean, context: &Context) -> Result<(), Failure> {
    let (broker, options) = args.place.open(context)?;
    let names = if args.yes {
        engine::clean(&*broker, &options, args.while_engines_run).map_err(failed)?
    } else {
        let found = engine::installation(&*broker, &options).map_err(failed)?;
        found.topics.into_iter().filter(|topic| topic.unused).map(|topic| topic.name).collect()
    };
    if args.place.format == Format::Json {
        return output::print(&format!("{:#}\n", json!({ "topics": names, "deleted": args.yes })));
    }
    let what = if args.yes { "deleted" } else { "unused" };
    let lines: String = names.iter().map(|name| format!("{what}  {name}\n")).collect();
    output::print(&match (names.is_empty(), args.yes) {
        (true, _) => "every topic of the engine's own is used\n".to_owned(),
        (false, true) => lines,
        (false, false) => format!("{lines}nothing is deleted without --yes\n"),
    })
}

fn cleanup(topic: &TopicUse) -> Option<&'static str> {
    topic.cleanup.map(|cleanup| match cleanup {
        Cleanup::Retain => "delete",
        Cleanup::Compact => "compact",
        Cleanup::CompactAndRetain => "compact,delete",
    })
}

fn text_of(found: &Installation) -> String {
    let head = ["TOPIC", "KIND", "PARTITIONS", "CLEANUP", "RECORDS", "USED BY"].map(str::to_owned).to_vec();
    let number = |number: Option<u64>| number.map_or("-".to_owned(), |n| n.to_string());
    let row = |topic: &TopicUse| {
        let missing = || "missing".to_owned();
        let users = if topic.unused {
            "nobody: topics clean deletes it".to_owned()
        } else {
            topic.used_by.join(", ")
        };
        vec![
            topic.name.clone(),
            topic.kind.as_str().to_owned(),
            topic.partitions.map_or_else(missing, |n| n.to_string()),
            cleanup(topic).unwrap_or("-").to_owned(),
            number(topic.records),
            users,
        ]
    };
    let rows: Vec<_> = std::iter::once(head).chain(found.topics.iter().map(row)).collect();
    let published = match found.version {
        Some(version) => format!("version {version} of the rules is published"),
        None => "no rules are published".to_owned(),
    };
    format!("{}{published}; {} workers run\n", output::table(&rows), found.members)
}

fn json_of(found: &Installation) -> serde_json::Value {
    let topic = |topic: &TopicUse| {
        json!({
            "name": topic.name,
            "kind": topic.kind.as_str(),
            "partitions": topic.partitions,
            "cleanup": cleanup(topic),
            "records": topic.records,
            "used_by": topic.used_by,
            "unused": topic.unused,
        })
    };
    let topics: Vec<_> = found.topics.iter().map(topic).collect();
    json!({ "version": found.version, "workers": found.members, "topics": topics })
}
