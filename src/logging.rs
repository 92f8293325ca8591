//! The log: to stderr, as text for people or as JSON for machines.
//!
//! Levels: `error` for what stops the process, `warn` for what a person should look at, `info` for the
//! life of the process, `debug` for each commit, `trace` for each record.

use std::io::IsTerminal;

use clap::{Args, ValueEnum};
use tracing_subscriber::EnvFilter;

use crate::failure::Failure;

/// The embedded store tells at `info` of its files, which is of no interest to an operator.
const DEFAULT: &str = "info,fjall=warn,lsm_tree=warn";

/// The flags of the log.
#[derive(Args, Debug, Clone)]
pub(crate) struct LogArgs {
    /// How the log looks.
    #[arg(long, global = true, value_enum, default_value = "text", help_heading = "Global options")]
    log_format: LogFormat,
    /// What is logged: off, error, warn, info, debug, trace, or per module (`info,engine=debug`). Default: RUST_LOG,
    /// else info.
    #[arg(long, global = true, value_name = "LEVEL", help_heading = "Global options")]
    log_level: Option<String>,
}

#[derive(ValueEnum, Debug, Clone, Copy, PartialEq, Eq)]
enum LogFormat {
    Text,
    Json,
}

/// Starts the log of this process.
pub(crate) fn start(args: &LogArgs) -> Result<(), Failure> {
    let level = match (&args.log_level, std::env::var("RUST_LOG")) {
        (Some(level), _) => level.clone(),
        (None, Ok(level)) if !level.trim().is_empty() => level,
        (None, _) => DEFAULT.to_owned(),
    };
    let filter = EnvFilter::try_new(&level).map_err(|error| {
        Failure::usage(format!("the log level `{level}` is not understood: {error}"))
            .hint("one of off, error, warn, info, debug, trace, or per module: info,engine=debug")
    })?;
    let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let log =
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(colour);
    let started = match args.log_format {
        LogFormat::Text => log.try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| Failure::new(format!("cannot start the log: {error}")))
}
