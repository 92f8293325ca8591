//! `streamguard dlq`: what was refused, why, and sending it again.

mod show;

use broker::Broker;
use clap::Subcommand;
use engine::letters::{self, LettersError, Plan, Selection};
use events::{DateTime, Utc};
use serde_json::json;

use crate::context::Context;
use crate::failure::Failure;
use crate::output;

const EXAMPLES: &str = "\
Examples:
  streamguard dlq list                                      counts by topic and reason
  streamguard dlq show transactions --last 3                the last three, with their records
  streamguard dlq replay transactions --code column --dry-run
  streamguard dlq replay transactions --code column --yes   after the declaration or the sender is mended
  streamguard dlq list --embedded                           of `streamguard standalone`, which must be stopped

Records that cannot be read lie whole in <topic>.dlq. docs/dead-letters.md says what is in them.";

const REPLAY: &str = "\
Examples:
  streamguard dlq replay transactions --all
  streamguard dlq replay transactions --offsets 1000..2000 --partition 2 --dry-run
  streamguard dlq replay transactions --letters 17,18 --yes

Each record goes to the topic and partition that it came from, with its key, headers and time, and the header
dlq.replay.of that names its letter. A note in <topic>.dlq, in the same transaction, says that it was sent: it is
not sent twice unless --again is given. A masked letter cannot be sent again, nor can a row of a file. Of a letter
that was cut, or that tells of many records by their offsets, the records are read from the source topic, as far as
it still has them.
Every reader of the topic gets the record again: those that could read it the first time count it twice.";

/// Flags of `streamguard dlq`.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES, arg_required_else_help = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
    /// The embedded broker in --data-dir, of a standalone that is stopped, instead of Kafka.
    #[arg(long, global = true)]
    embedded: bool,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Count dead letters by topic, who refused the records, and why.
    List(List),
    /// Print dead letters with their records.
    Show(Show),
    /// Send refused records again.
    #[command(after_help = REPLAY)]
    Replay(Replay),
}

/// Which letters.
#[derive(clap::Args, Debug, Default)]
struct Which {
    /// Refused by the engine, the consumer or the producer.
    #[arg(long, value_name = "STAGE", value_parser = ["engine", "consumer", "producer"])]
    stage: Option<String>,
    /// With this reason in a word, as `list` shows it; several separated by commas.
    #[arg(long, value_name = "CODE", value_delimiter = ',')]
    code: Vec<String>,
    /// With this text in the reason.
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// From this partition of the source topic.
    #[arg(long, value_name = "N")]
    partition: Option<i32>,
    /// From these offsets of the source topic, both included.
    #[arg(long, value_name = "FIRST..LAST", value_parser = offsets)]
    offsets: Option<(i64, i64)>,
    /// Of records not before this time, RFC 3339.
    #[arg(long, value_name = "TIME", value_parser = events::parse_timestamp)]
    since: Option<DateTime<Utc>>,
    /// The letters at these offsets of the topic of dead letters, separated by commas.
    #[arg(long, value_name = "OFFSETS", value_delimiter = ',')]
    letters: Vec<i64>,
}

#[derive(clap::Args, Debug)]
struct List {
    /// The topics that the records came from [default: all].
    #[arg(value_name = "TOPIC")]
    topics: Vec<String>,
    #[command(flatten)]
    which: Which,
    /// An object per topic and reason, a line each.
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args, Debug)]
struct Show {
    /// The topic that the records came from.
    #[arg(value_name = "TOPIC")]
    topic: String,
    #[command(flatten)]
    which: Which,
    /// Only the last so many.
    #[arg(long, value_name = "N")]
    last: Option<usize>,
    /// An object per letter, a line each.
    #[arg(long)]
    json: bool,
}

#[derive(clap::Args, Debug)]
struct Replay {
    /// The topic that the records came from.
    #[arg(value_name = "TOPIC")]
    topic: String,
    #[command(flatten)]
    which: Which,
    /// All of them.
    #[arg(long)]
    all: bool,
    /// Those too that were sent again before.
    #[arg(long)]
    again: bool,
    /// Only say what would be sent.
    #[arg(long)]
    dry_run: bool,
    /// Do not ask.
    #[arg(long)]
    yes: bool,
}

/// `17..20` or `17`.
fn offsets(text: &str) -> Result<(i64, i64), String> {
    let number = |text: &str| text.trim().parse::<i64>().ok().filter(|offset| *offset >= 0);
    let range = match text.split_once("..") {
        Some((first, last)) => number(first).zip(number(last)),
        None => number(text).map(|offset| (offset, offset)),
    };
    range
        .filter(|(first, last)| first <= last)
        .ok_or_else(|| "FIRST..LAST is needed, such as 17..20".to_owned())
}

pub(crate) fn run(args: Args, context: &Context) -> Result<(), Failure> {
    let broker = if args.embedded { context.embedded()? } else { context.broker()? };
    match args.command {
        Command::List(list) => list.run(&*broker),
        Command::Show(show) => show.run(&*broker),
        Command::Replay(replay) => replay.run(&*broker, context),
    }
}

impl From<LettersError> for Failure {
    fn from(error: LettersError) -> Self {
        match error {
            LettersError::Broker(error) => error.into(),
            error @ LettersError::NoTopic { .. } => {
                Self::new(error.to_string()).hint("streamguard dlq list shows which topics have dead letters")
            }
            error => Self::from_error(&error),
        }
    }
}

impl Which {
    fn settle(self) -> Selection {
        Selection {
            stage: self.stage,
            codes: self.code,
            reason: self.reason,
            partition: self.partition,
            offsets: self.offsets,
            since: self.since.map(|time| time.timestamp_millis()),
            letters: self.letters,
        }
    }
}

impl List {
    fn run(self, broker: &dyn Broker) -> Result<(), Failure> {
        let topics: Vec<String> = self.topics.iter().map(|topic| plain(topic)).collect();
        let found = letters::topics(broker, &topics, &self.which.settle())?;
        let names =
            ["TOPIC", "STAGE", "CODE", "LETTERS", "RECORDS", "REPLAYED", "FIRST", "LAST", "LAST REASON"];
        let mut rows = vec![names.map(str::to_owned).to_vec()];
        let mut lines = String::new();
        for of in &found {
            for ((stage, code), count) in &of.reasons {
                let time = |at: fn(&(i64, i64)) -> i64| {
                    count.times.as_ref().map_or("-".to_owned(), |t| show::time(at(t)))
                };
                let (first, last) = (time(|t| t.0), time(|t| t.1));
                let line = json!({"topic": of.topic, "stage": stage, "code": code, "letters": count.letters,
                    "records": count.records, "replayed": count.replayed, "first": first, "last": last,
                    "last_reason": count.last_reason});
                lines.push_str(&format!("{line}\n"));
                let numbers = [count.letters, count.records, count.replayed].map(|n| n.to_string());
                let reason = count.last_reason.chars().take(80).collect();
                let mut row = vec![of.topic.clone(), stage.clone(), code.clone()];
                row.extend(numbers);
                row.extend([first, last, reason]);
                rows.push(row);
            }
        }
        match (self.json, rows.len()) {
            (true, _) => output::print(&lines),
            (false, 1) => output::print("there are no dead letters\n"),
            (false, _) => output::print(&output::table(&rows)),
        }
    }
}

impl Show {
    fn run(self, broker: &dyn Broker) -> Result<(), Failure> {
        let topic = plain(&self.topic);
        let (name, selection) = (events::topics::dlq(&topic), self.which.settle());
        let mut texts = std::collections::VecDeque::new();
        let mut shown = 0_usize;
        letters::read(broker, &topic, &selection, &mut |letter, replayed| {
            let text = if self.json {
                format!("{}\n", show::as_json(letter, &name, replayed))
            } else {
                show::as_text(letter, &name, replayed)
            };
            shown += 1;
            if let Some(last) = self.last {
                texts.push_back(text);
                if texts.len() > last {
                    texts.pop_front();
                }
                return Ok(true);
            }
            output::print(&text)
                .map(|()| true)
                .map_err(|failure| LettersError::Other(failure.message().to_owned()))
        })?;
        if shown == 0 && !self.json {
            return output::print(&format!(
                "none of the dead letters of {topic} is meant by these conditions\n"
            ));
        }
        texts.iter().try_for_each(|text| output::print(text))
    }
}

impl Replay {
    fn run(self, broker: &dyn Broker, context: &Context) -> Result<(), Failure> {
        let topic = plain(&self.topic);
        let selection = self.which.settle();
        if selection.is_all() && !self.all {
            return Err(Failure::usage(format!("which dead letters of {topic}?")).hint(
                "--all, or some by --code, --reason, --stage, --partition, --offsets, --since or --letters",
            ));
        }
        let plan = letters::plan(broker, &topic, &selection, self.again)?;
        say(&plan, &topic);
        if plan.letters == 0 {
            return match plan.hindered.is_empty() {
                true => Ok(()),
                false => Err(Failure::new("none of the letters can be sent again")),
            };
        }
        if self.dry_run {
            return Ok(());
        }
        if !self.yes && !ask(context, &plan, &topic)? {
            return Err(Failure::new("nothing was sent"));
        }
        let done = letters::replay(broker, &topic, (&selection, self.again), &context.kafka.producer)?;
        let mut text =
            format!("{} records of {} letters sent again to {topic}\n", done.records, done.letters);
        if done.gone > 0 {
            text.push_str(&format!("{} records are not in {topic} any more\n", done.gone));
        }
        output::print(&text)
    }
}

/// Says on stderr what is meant.
fn say(plan: &Plan, topic: &str) {
    eprintln!("{} letters about {} records of {topic} can be sent again", plan.letters, plan.records);
    if plan.already > 0 {
        eprintln!(
            "{} letters were sent again before and are left out (--again takes them too)",
            plan.already
        );
    }
    for (why, count) in &plan.hindered {
        eprintln!("{count} letters cannot be sent again: {why}");
    }
}

fn ask(context: &Context, plan: &Plan, topic: &str) -> Result<bool, Failure> {
    if !context.terminal.interactive {
        return Err(
            Failure::usage("nobody can be asked here whether to send them").hint("--yes, or --dry-run")
        );
    }
    eprint!("send {} records to {topic}? [y/N] ", plan.records);
    let mut answer = String::new();
    std::io::stdin()
        .read_line(&mut answer)
        .map_err(|error| Failure::new(format!("the answer cannot be read: {error}")))?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// The topic that the records came from, where the topic of dead letters is named.
fn plain(topic: &str) -> String {
    topic.strip_suffix(".dlq").unwrap_or(topic).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offsets_are_a_range_or_one() {
        assert_eq!(offsets("17..20"), Ok((17, 20)));
        assert_eq!(offsets("17"), Ok((17, 17)));
        assert!(["", "..", "20..17", "-1..2", "a"].iter().all(|text| offsets(text).is_err()));
    }
}
