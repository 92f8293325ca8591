//! What every subcommand gets: where its data lies, how it is told to end, which servers it talks to.
//!
//! What holds: secrets come from the environment or a file that it names, and a [`Secret`] cannot be
//! printed; the first SIGINT or SIGTERM asks to end cleanly, the second ends at once.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::sync::Arc;

use broker::{Broker, Shutdown};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::failure::Failure;
use crate::logging::LogArgs;
use crate::settings::Properties;

/// The flags of every subcommand.
#[derive(clap::Args, Debug, Clone)]
pub(crate) struct GlobalArgs {
    /// Local state, and the embedded broker's data.
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        default_value = ".streamguard",
        help_heading = "Global options"
    )]
    data_dir: PathBuf,
    /// Where Kafka is: HOST:PORT, several separated by commas.
    #[arg(
        long,
        global = true,
        value_name = "HOST:PORT",
        default_value = "localhost:9092",
        help_heading = "Global options"
    )]
    kafka_bootstrap_servers: String,
    /// A property for Kafka's clients: kafka.consumer.NAME=VALUE, kafka.producer.NAME=VALUE, or kafka.NAME=VALUE for both.
    #[arg(long = "set", global = true, value_name = "NAME=VALUE", help_heading = "Global options")]
    set: Vec<String>,
    /// The settings file [default: streamguard.toml where there is one].
    #[arg(long, global = true, value_name = "FILE", help_heading = "Global options")]
    config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) log: LogArgs,
}

/// How to reach Kafka, and what passes through to its clients.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "kafka"), allow(dead_code, reason = "nothing connects without Kafka"))]
pub(crate) struct KafkaSettings {
    /// `HOST:PORT`, several separated by commas.
    pub(crate) bootstrap_servers: String,
    /// Properties of every client (security, for one).
    pub(crate) common: BTreeMap<String, String>,
    /// Properties of consumers only.
    pub(crate) consumer: BTreeMap<String, String>,
    /// Properties of producers only.
    pub(crate) producer: BTreeMap<String, String>,
}

/// Where this process writes: what is a terminal, and whether colour is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terminal {
    /// A person can be asked: stdin and stderr are a terminal.
    pub(crate) interactive: bool,
    /// Progress and errors on stderr are read by a person, not a program.
    pub(crate) stderr: bool,
    /// `NO_COLOR` is not set.
    pub(crate) colour: bool,
}

/// Something that must not be seen: a URL with a password.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Secret {
    /// The text itself, for the one call that needs it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("(secret)")
    }
}

/// What every subcommand gets.
pub(crate) struct Context {
    /// Local state, and the embedded broker's data. May not exist yet.
    pub(crate) data_dir: PathBuf,
    /// Asked by the first SIGINT or SIGTERM.
    pub(crate) shutdown: Shutdown,
    /// How to reach Kafka.
    pub(crate) kafka: KafkaSettings,
    /// Who reads along.
    pub(crate) terminal: Terminal,
}

impl Context {
    /// Settles the global flags and begins to listen for signals.
    pub(crate) fn new(args: GlobalArgs, mut properties: Properties) -> Result<Self, Failure> {
        for setting in &args.set {
            let (name, value) = property(setting)?;
            properties.insert(name, value);
        }
        let shutdown = Shutdown::new();
        end_on_signals(shutdown.clone())?;
        Ok(Self {
            data_dir: args.data_dir,
            shutdown,
            kafka: kafka_settings(args.kafka_bootstrap_servers, &properties)?,
            terminal: Terminal::of_this_process(),
        })
    }

    /// Kafka, connected.
    #[cfg(feature = "kafka")]
    pub(crate) fn broker(&self) -> Result<Arc<dyn Broker>, Failure> {
        Ok(broker::kafka::Kafka::connect(&self.kafka.bootstrap_servers, self.kafka.common.clone())?)
    }

    /// Kafka, which this build does not have.
    #[cfg(not(feature = "kafka"))]
    pub(crate) fn broker(&self) -> Result<Arc<dyn Broker>, Failure> {
        Err(Failure::usage("this binary was built without Kafka")
            .hint("build it with `cargo build --release --features kafka`, or run `streamguard standalone`"))
    }

    /// The embedded broker in the data directory, which a standalone has made.
    pub(crate) fn embedded(&self) -> Result<Arc<dyn Broker>, Failure> {
        let directory = self.data_dir.join("broker");
        if !directory.is_dir() {
            let message = format!("there is no embedded broker in {}", self.data_dir.display());
            return Err(Failure::usage(message)
                .hint("--data-dir DIR names the directory of `streamguard standalone`; leave out --embedded for Kafka"));
        }
        Ok(broker::embedded::Embedded::open(&directory)?)
    }

    /// PostgreSQL as the writer: `DATABASE_URL`, or the file that `DATABASE_URL_FILE` names.
    pub(crate) fn database_url(&self) -> Result<Secret, Failure> {
        secret("DATABASE_URL")?.ok_or_else(|| {
            Failure::usage("DATABASE_URL is not set: where is PostgreSQL?").hint(
                "export DATABASE_URL=postgres://USER:PASSWORD@HOST:5432/streamguard; ./start.sh writes it to .env \
                 (set -a; . ./.env; set +a)",
            )
        })
    }

    /// PostgreSQL as a person who works with it: `DATABASE_ANALYST_URL` (or its `_FILE`), else as the writer.
    pub(crate) fn database_analyst_url(&self) -> Result<Secret, Failure> {
        match secret("DATABASE_ANALYST_URL")? {
            Some(url) => Ok(url),
            None => self.database_url(),
        }
    }

    /// PostgreSQL as the schema's owner: `DATABASE_OWNER_URL` (or its `_FILE`), else as the writer.
    pub(crate) fn database_owner_url(&self) -> Result<Secret, Failure> {
        match secret("DATABASE_OWNER_URL")? {
            Some(url) => Ok(url),
            None => self.database_url(),
        }
    }
}

impl Terminal {
    fn of_this_process() -> Self {
        let (stdin, stderr) = (std::io::stdin(), std::io::stderr());
        Self {
            interactive: stdin.is_terminal() && stderr.is_terminal(),
            stderr: stderr.is_terminal(),
            colour: std::env::var_os("NO_COLOR").is_none(),
        }
    }
}

/// A secret from the variable, or from the file that `<variable>_FILE` names.
fn secret(variable: &str) -> Result<Option<Secret>, Failure> {
    if let Ok(value) = std::env::var(variable)
        && !value.trim().is_empty()
    {
        return Ok(Some(Secret(value.trim().to_owned())));
    }
    let Some(path) = std::env::var_os(format!("{variable}_FILE")).filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let path = PathBuf::from(path);
    let text = std::fs::read_to_string(&path)
        .map_err(|error| Failure::usage(format!("{variable}_FILE names {}: {error}", path.display())))?;
    Ok(Some(Secret(text.trim().to_owned())).filter(|secret| !secret.0.is_empty()))
}

fn property(setting: &str) -> Result<(String, String), Failure> {
    let (name, value) = setting.split_once('=').ok_or_else(|| {
        Failure::usage(format!("--set {setting}: there is no `=`"))
            .hint("--set kafka.consumer.fetch.min.bytes=1")
    })?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}

/// Sorts the properties by the client that they are for.
fn kafka_settings(bootstrap_servers: String, properties: &Properties) -> Result<KafkaSettings, Failure> {
    if bootstrap_servers.trim().is_empty() {
        return Err(
            Failure::usage("--kafka-bootstrap-servers is empty").hint("HOST:PORT, for one localhost:9092")
        );
    }
    let (mut common, mut consumer, mut producer) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for (name, value) in properties {
        let Some(rest) = name.strip_prefix("kafka.") else {
            return Err(Failure::usage(format!("--set {name}: only Kafka's properties can be set so"))
                .hint("--set kafka.consumer.NAME=VALUE, kafka.producer.NAME=VALUE or kafka.NAME=VALUE"));
        };
        let (into, name) = match (rest.strip_prefix("consumer."), rest.strip_prefix("producer.")) {
            (Some(name), _) => (&mut consumer, name),
            (_, Some(name)) => (&mut producer, name),
            _ => (&mut common, rest),
        };
        into.insert(name.to_owned(), value.clone());
    }
    Ok(KafkaSettings { bootstrap_servers, common, consumer, producer })
}

/// The first signal asks to end, the second ends at once with the shell's status for it.
fn end_on_signals(shutdown: Shutdown) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("cannot listen for signals: {error}"));
    let mut signals = Signals::new([SIGINT, SIGTERM]).map_err(failed)?;
    let listen = move || {
        for signal in signals.forever() {
            if shutdown.is_requested() {
                std::process::exit(128 + signal);
            }
            shutdown.request();
            tracing::info!("ending: what is in flight is finished first; a second signal ends at once");
        }
    };
    std::thread::Builder::new().name("signals".to_owned()).spawn(listen).map_err(failed)?;
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used)]
mod tests {
    use super::*;

    #[test]
    fn properties_go_to_their_client() {
        let properties = [
            ("kafka.consumer.fetch.min.bytes", "1"),
            ("kafka.producer.linger.ms", "2"),
            ("kafka.security.protocol", "ssl"),
        ];
        let properties = properties.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let settings = kafka_settings("a:1".to_owned(), &properties).unwrap();
        assert_eq!(settings.consumer["fetch.min.bytes"], "1");
        assert_eq!(settings.producer["linger.ms"], "2");
        assert_eq!(settings.common["security.protocol"], "ssl");
        assert!(kafka_settings(" ".to_owned(), &Properties::new()).is_err());
        assert!(kafka_settings("a:1".to_owned(), &[("tps".to_owned(), "1".to_owned())].into()).is_err());
    }

    #[test]
    fn a_secret_is_not_printed() {
        assert!(!format!("{:?}", Secret("postgres://u:hunter2@h/d".to_owned())).contains("hunter2"));
    }
}
