//! Asking a person at a terminal what load is wanted.

use std::time::Duration;

use dialoguer::{Input, Select};

use crate::error::Error;
use crate::options::{Mode, Options};

const CHOICES: [&str; 5] = [
    "steady: a rate until stopped",
    "for a time: a rate for some seconds",
    "burst: as many as fast as possible, once",
    "bursts: the same again and again until stopped",
    "count: a number of transactions with event times up to now",
];

/// Asks for a mode; `seed` is used where no other is asked for. None where the person leaves.
///
/// # Errors
/// A terminal that cannot be read.
pub fn ask(seed: u64) -> Result<Option<Options>, Error> {
    let choice = Select::new().with_prompt("Load").items(CHOICES).default(0).interact_opt().map_err(fail)?;
    let Some(choice) = choice else { return Ok(None) };
    let mode = match choice {
        0 => Mode::Steady { tps: rate()?, duration: None },
        1 => Mode::Steady { tps: rate()?, duration: Some(seconds("For how many seconds", 60)?) },
        2 => Mode::Burst { size: count()?, every: None },
        3 => Mode::Burst { size: count()?, every: Some(seconds("Seconds from burst to burst", 10)?) },
        _ => Mode::Count { count: count()?, tps: None },
    };
    Ok(Some(Options::new(mode, seed)))
}

fn rate() -> Result<f64, Error> {
    let positive = |tps: &f64| match tps.is_finite() && *tps > 0.0 {
        true => Ok(()),
        false => Err("a number greater than 0"),
    };
    Input::new()
        .with_prompt("Transactions per second")
        .default(10.0)
        .validate_with(positive)
        .interact_text()
        .map_err(fail)
}

fn count() -> Result<u64, Error> {
    let positive = |n: &u64| if *n > 0 { Ok(()) } else { Err("at least 1") };
    Input::new()
        .with_prompt("Transactions")
        .default(1_000)
        .validate_with(positive)
        .interact_text()
        .map_err(fail)
}

fn seconds(prompt: &str, default: u64) -> Result<Duration, Error> {
    let positive = |n: &u64| if *n > 0 { Ok(()) } else { Err("at least 1") };
    let seconds = Input::new().with_prompt(prompt).default(default).validate_with(positive).interact_text();
    seconds.map(Duration::from_secs).map_err(fail)
}

fn fail(error: dialoguer::Error) -> Error {
    Error::Terminal(error.to_string())
}
