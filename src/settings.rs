//! Flags over the environment over `streamguard.toml`, for every subcommand alike.
//!
//! What enters: the command line's definition and the settings file. What leaves: the same definition
//! where each flag `--a-b` also reads `STREAMGUARD_A_B` and takes its default from the file, and the
//! properties that pass through to Kafka's clients. What holds: a key of the file that no flag knows is
//! refused, so that a typing mistake is not silently ignored; an empty variable counts as not set.
//!
//! The file: a key at the top is for every subcommand that has the flag, one in `[standalone]` (or
//! `[rules.check]`) for that one; `[kafka.consumer]`, `[kafka.producer]` and `[kafka]` pass through.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::builder::BoolishValueParser;
use clap::{ArgAction, Command};
use toml::{Table, Value};

use crate::failure::Failure;

/// The file that is read where `--config` names no other.
const DEFAULT_FILE: &str = "streamguard.toml";
const PREFIX: &str = "STREAMGUARD_";
const BOOTSTRAP: &str = "bootstrap-servers";

/// Properties for Kafka's clients by their full name (`kafka.consumer.fetch.min.bytes`).
pub(crate) type Properties = BTreeMap<String, String>;

/// The command with its lower layers in place, and the Kafka properties of the file and the environment.
pub(crate) fn layered(command: Command) -> Result<(Command, Properties), Failure> {
    let file = read_file(config_path(std::env::args_os()))?;
    let properties = kafka_properties(&file, std::env::vars());
    check_keys(&command, &file)?;
    Ok((with_layers(command, &file, &Table::new()), properties))
}

/// The file that the command line or the environment names (None: the default, which may be missing).
fn config_path(args: impl Iterator<Item = OsString>) -> Option<PathBuf> {
    let args: Vec<OsString> = args.collect();
    let flag = args.iter().enumerate().find_map(|(at, arg)| match arg.to_str() {
        Some("--config") => args.get(at + 1).map(PathBuf::from),
        Some(text) => text.strip_prefix("--config=").map(PathBuf::from),
        None => None,
    });
    flag.or_else(|| std::env::var_os("STREAMGUARD_CONFIG").filter(|path| !path.is_empty()).map(PathBuf::from))
}

fn read_file(named: Option<PathBuf>) -> Result<Table, Failure> {
    let path = named.clone().unwrap_or_else(|| PathBuf::from(DEFAULT_FILE));
    match std::fs::read_to_string(&path) {
        Ok(text) => parse(&text, &path),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && named.is_none() => Ok(Table::new()),
        Err(error) => Err(Failure::usage(format!("cannot read the settings in {}: {error}", path.display()))),
    }
}

fn parse(text: &str, path: &Path) -> Result<Table, Failure> {
    text.parse::<Table>()
        .map_err(|error| Failure::usage(format!("the settings in {} are not TOML: {error}", path.display())))
}

/// Gives each flag its variable and, from the file, its default; `inherited` are the file's keys above.
fn with_layers(command: Command, file: &Table, inherited: &Table) -> Command {
    let mut here = inherited.clone();
    here.extend(
        file.iter().filter(|(_, value)| !value.is_table()).map(|(key, value)| (dashed(key), value.clone())),
    );
    if let Some(servers) =
        file.get("kafka").and_then(|kafka| kafka.get(BOOTSTRAP).or(kafka.get("bootstrap_servers")))
    {
        here.insert(format!("kafka-{BOOTSTRAP}"), servers.clone());
    }
    command.mut_args(|arg| with_layer(arg, &here)).mut_subcommands(|sub| {
        let table = file.get(sub.get_name()).and_then(Value::as_table).cloned().unwrap_or_default();
        with_layers(sub, &table, &here)
    })
}

fn with_layer(arg: clap::Arg, file: &Table) -> clap::Arg {
    let Some(long) = arg.get_long().map(str::to_owned) else { return arg };
    if matches!(
        arg.get_action(),
        ArgAction::Help | ArgAction::Version | ArgAction::HelpLong | ArgAction::HelpShort
    ) {
        return arg;
    }
    let is_flag = matches!(arg.get_action(), ArgAction::SetTrue);
    let variable = format!("{PREFIX}{}", long.replace('-', "_").to_uppercase());
    let mut arg = if is_flag { arg.value_parser(BoolishValueParser::new()) } else { arg };
    if arg.get_env().is_none() && std::env::var_os(&variable).is_none_or(|value| !value.is_empty()) {
        arg = arg.env(variable).hide_env_values(true);
    }
    match file.get(&long) {
        Some(Value::Array(values)) => arg.default_values(values.iter().map(text)),
        Some(value) => arg.default_value(text(value)),
        None => arg,
    }
}

/// Refuses keys and tables that mean nothing.
fn check_keys(command: &Command, file: &Table) -> Result<(), Failure> {
    let mut known = BTreeSet::new();
    flags(command, &mut known);
    for (key, value) in file {
        match value {
            Value::Table(_) if key == "kafka" => {}
            Value::Table(table) => match command.find_subcommand(key) {
                Some(sub) => check_keys(sub, table)?,
                None => return Err(unknown(key, "names no subcommand")),
            },
            _ if known.contains(&dashed(key)) => {}
            _ => return Err(unknown(key, "is no setting")),
        }
    }
    Ok(())
}

fn unknown(key: &str, why: &str) -> Failure {
    Failure::usage(format!("`{key}` in the settings file {why}"))
        .hint("the keys are the flags' names without the dashes in front; see `streamguard COMMAND --help`")
}

fn flags(command: &Command, into: &mut BTreeSet<String>) {
    into.extend(command.get_arguments().filter_map(|arg| arg.get_long()).map(str::to_owned));
    command.get_subcommands().for_each(|sub| flags(sub, into));
}

/// The properties that pass through, from the file's `[kafka...]` and `STREAMGUARD_KAFKA_...`.
fn kafka_properties(file: &Table, variables: impl Iterator<Item = (String, String)>) -> Properties {
    let mut properties = Properties::new();
    if let Some(kafka) = file.get("kafka").and_then(Value::as_table) {
        flatten("kafka", kafka, &mut properties);
    }
    for (name, value) in variables.filter(|(_, value)| !value.is_empty()) {
        if let Some(rest) = name.strip_prefix("STREAMGUARD_KAFKA_") {
            properties.insert(format!("kafka.{}", rest.to_lowercase().replace('_', ".")), value);
        }
    }
    properties.retain(|name, _| name != "kafka.bootstrap.servers" && name != "kafka.property");
    properties
}

fn flatten(prefix: &str, table: &Table, into: &mut Properties) {
    for (key, value) in table {
        let name = format!("{prefix}.{key}");
        match value {
            Value::Table(table) => flatten(&name, table, into),
            _ if dashed(key) == BOOTSTRAP => {}
            value => {
                into.insert(name, text(value));
            }
        }
    }
}

fn dashed(key: &str) -> String {
    key.replace('_', "-")
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;
    use clap::Arg;

    fn command() -> Command {
        Command::new("t").subcommand(
            Command::new("standalone")
                .arg(Arg::new("tps").long("tps"))
                .arg(Arg::new("rules").long("rules").action(ArgAction::Append))
                .arg(Arg::new("watch").long("watch-it").action(ArgAction::SetTrue)),
        )
    }

    fn tps(file: &str, args: &[&str]) -> Option<String> {
        let matches = with_layers(command(), &file.parse().unwrap(), &Table::new()).get_matches_from(args);
        let (_, sub) = matches.subcommand().unwrap();
        sub.get_one::<String>("tps").cloned()
    }

    #[test]
    fn the_file_gives_defaults_and_a_flag_wins() {
        let file = "tps = 5\n[standalone]\ntps = 7\n";
        assert_eq!(tps(file, &["t", "standalone"]).as_deref(), Some("7"));
        assert_eq!(tps("tps = 5", &["t", "standalone"]).as_deref(), Some("5"));
        assert_eq!(tps(file, &["t", "standalone", "--tps", "9"]).as_deref(), Some("9"));
    }

    #[test]
    fn lists_and_switches_come_from_the_file_too() {
        let file = "[standalone]\nrules = [\"a\", \"b\"]\nwatch_it = true\n".parse().unwrap();
        let matches = with_layers(command(), &file, &Table::new()).get_matches_from(["t", "standalone"]);
        let (_, sub) = matches.subcommand().unwrap();
        assert_eq!(sub.get_many::<String>("rules").unwrap().collect::<Vec<_>>(), ["a", "b"]);
        assert!(sub.get_flag("watch"));
    }

    #[test]
    fn a_key_that_nobody_knows_is_refused() {
        let refused = |text: &str| check_keys(&command(), &text.parse().unwrap()).unwrap_err();
        assert!(refused("tsp = 5").message().contains("`tsp`"));
        assert!(refused("[standalone]\nx = 5").message().contains("`x`"));
        assert!(refused("[stand]\ntps = 5").message().contains("`stand`"));
        assert!(check_keys(&command(), &"[standalone]\ntps = 5".parse().unwrap()).is_ok());
    }

    #[test]
    fn properties_pass_through_and_the_environment_wins() {
        let file = "[kafka]\nbootstrap-servers = \"x:1\"\n[kafka.consumer]\n\"fetch.min.bytes\" = 1\n";
        let variable = ("STREAMGUARD_KAFKA_CONSUMER_FETCH_MIN_BYTES".to_owned(), "9".to_owned());
        let servers = ("STREAMGUARD_KAFKA_BOOTSTRAP_SERVERS".to_owned(), "y:1".to_owned());
        let read = kafka_properties(&file.parse().unwrap(), [variable, servers].into_iter());
        assert_eq!(read, BTreeMap::from([("kafka.consumer.fetch.min.bytes".to_owned(), "9".to_owned())]));
    }
}
