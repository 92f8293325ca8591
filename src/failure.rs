//! What a subcommand ends with when it does not succeed: a message, a hint, an exit status.
//!
//! What holds: the message says what happened and where, the hint what to do next; secrets are never
//! in either. Coloured on a terminal, plain in a pipe (`NO_COLOR` is respected).

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

/// The end of a subcommand that did not succeed.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    hint: Option<String>,
    /// A text that explains itself (diagnostics of rules): printed as it is, before the message.
    detail: Option<String>,
    status: u8,
}

impl Failure {
    /// Something went wrong: exit status 1.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), hint: None, detail: None, status: 1 }
    }

    /// Wrong usage or a refused program: exit status 2.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self { status: 2, ..Self::new(message) }
    }

    /// A program (rules, settings) that is refused, with its diagnostics: exit status 2.
    pub(crate) fn refused(message: impl Into<String>, diagnostics: impl Into<String>) -> Self {
        Self { detail: Some(diagnostics.into()), ..Self::usage(message) }
    }

    /// An error and its causes, each said once: exit status 1.
    pub(crate) fn from_error(error: &dyn std::error::Error) -> Self {
        let mut message = error.to_string();
        let mut cause = error.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !message.contains(&text) {
                message.push_str(": ");
                message.push_str(&text);
            }
            cause = error.source();
        }
        Self::new(message)
    }

    /// Adds what to do next.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What happened.
    pub(crate) fn message(&self) -> &str {
        &self.message
    }

    /// The process's exit status.
    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.status)
    }

    /// Writes it to stderr. A stderr that is closed is no reason to fail further.
    pub(crate) fn print(&self) {
        let colour = std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none();
        let _ = std::io::stderr().lock().write_all(self.render(colour).as_bytes());
    }

    fn render(&self, colour: bool) -> String {
        let paint = |code: &str, word: &str| {
            if colour { format!("\x1b[1;{code}m{word}\x1b[0m") } else { word.to_owned() }
        };
        let mut text = String::new();
        if let Some(detail) = &self.detail {
            text.push_str(detail.trim_end());
            text.push('\n');
        }
        text.push_str(&format!("{}: {}\n", paint("31", "error"), self.message.trim_end()));
        if let Some(hint) = &self.hint {
            text.push_str(&format!("{}: {}\n", paint("36", "hint"), hint.trim_end()));
        }
        text
    }
}

impl From<consumer::Error> for Failure {
    fn from(error: consumer::Error) -> Self {
        match error {
            consumer::Error::Refused { message, hint } => {
                let failure = Self::usage(message);
                match hint {
                    Some(hint) => failure.hint(hint),
                    None => failure,
                }
            }
            consumer::Error::Lines { count, lines } => {
                Self::refused(format!("{count} lines are wrong: nothing was imported"), lines)
            }
            other => Self::from_error(&other),
        }
    }
}

impl From<broker::Error> for Failure {
    fn from(error: broker::Error) -> Self {
        let failure = Self::from_error(&error);
        match error.kind() {
            broker::ErrorKind::Unavailable => failure
                .hint("is the broker running, and is the address right? --kafka-bootstrap-servers HOST:PORT"),
            broker::ErrorKind::OffsetOutOfRange => {
                failure.hint("records were deleted before they were read; raise the topic's retention")
            }
            broker::ErrorKind::Fenced => {
                failure.hint("another process took over this identity; is the same command running twice?")
            }
            _ => failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pipe_gets_plain_words_and_a_terminal_colours() {
        let failure = Failure::refused("2 rules are refused", "a.sql:1:1 no such column\n").hint("fix them");
        assert_eq!(
            failure.render(false),
            "a.sql:1:1 no such column\nerror: 2 rules are refused\nhint: fix them\n"
        );
        assert!(failure.render(true).contains("\x1b[1;31merror\x1b[0m: 2 rules"));
    }

    #[test]
    fn causes_are_said_once() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot open the store: {0}")]
        struct Outer(#[source] std::io::Error);
        let failure = Failure::from_error(&Outer(std::io::Error::other("disk full")));
        assert_eq!(failure.message(), "cannot open the store: disk full");
    }
}
