//! `--@name: value` comments: what ksqlDB does not know.

use super::Binder;
use crate::plan::{Emit, Mode, Severity};
use crate::sql::Diagnostic;
use crate::sql::ast::{Directive, SourceKind, Span, Statement, StatementKind};

/// The directives of a query.
#[derive(Debug, Default)]
pub(super) struct Directives {
    /// `--@severity`
    pub(super) severity: Option<(Severity, Span)>,
    /// `--@mode`
    pub(super) mode: Option<(Mode, Span)>,
    /// `--@emit`
    pub(super) emit: Option<(Emit, Span)>,
    /// `--@cooldown` in milliseconds.
    pub(super) cooldown: Option<(i64, Span)>,
    /// `--@idle` in milliseconds.
    pub(super) idle: Option<(i64, Span)>,
    /// `--@description`; several lines are joined.
    pub(super) description: Option<(String, Span)>,
    /// `--@async`: a derived table may be read as it happens to be.
    pub(super) is_async: Option<(bool, Span)>,
}

/// All names.
const NAMES: &[&str] =
    &["severity", "mode", "emit", "description", "cooldown", "async", "broadcast", "idle", "on_error"];

const ON_ERROR: &str = "on_error";
const BROADCAST: &str = "broadcast";
/// Those of a declaration.
const OF_DECLARATIONS: [&str; 2] = [ON_ERROR, BROADCAST];

/// The directives of a declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Declared {
    /// `--@on_error`
    pub(super) on_error: OnError,
    /// `--@broadcast`, where it is true: every worker reads the table whole.
    pub(super) broadcast: Option<Span>,
}

/// `--@on_error`: what becomes of a record that does not fit the declaration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum OnError {
    /// It is written to the topic of dead letters.
    #[default]
    DeadLetter,
    /// It ends the run.
    Stop,
}

impl std::str::FromStr for OnError {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "dead-letter" => Ok(Self::DeadLetter),
            "stop" => Ok(Self::Stop),
            _ => Err(()),
        }
    }
}

impl Declared {
    /// What stands before a declaration; see [`Binder::check_directives`].
    pub(super) fn of(statement: &Statement) -> Result<Self, Diagnostic> {
        let on_error = declared(statement, ON_ERROR, &["dead-letter", "stop"])?;
        let broadcast: Option<(bool, Span)> = declared(statement, BROADCAST, &["true", "false"])?;
        Ok(Self {
            on_error: on_error.map_or_else(OnError::default, |(on_error, _)| on_error),
            broadcast: broadcast.filter(|(is_broadcast, _)| *is_broadcast).map(|(_, span)| span),
        })
    }
}

/// A directive that may be given once.
fn declared<T: std::str::FromStr>(
    statement: &Statement,
    name: &str,
    words: &[&str],
) -> Result<Option<(T, Span)>, Diagnostic> {
    let mut given = statement.directives.iter().filter(|d| d.name == name);
    let Some(first) = given.next() else { return Ok(None) };
    if let Some(second) = given.next() {
        return Err(Diagnostic::error("directive", second.name_span, format!("{name} is given twice"))
            .note(first.name_span, "first here"));
    }
    word(first, words)
}

/// A directive's word.
fn word<T: std::str::FromStr>(d: &Directive, words: &[&str]) -> Result<Option<(T, Span)>, Diagnostic> {
    match d.value.parse() {
        Ok(value) => Ok(Some((value, d.name_span.to(d.value_span)))),
        Err(_) => {
            let message = format!("{} cannot be '{}'", d.name, d.value);
            let hint = format!("it is one of {}", words.join(", "));
            Err(Diagnostic::error("directive", d.value_span, message).hint(hint))
        }
    }
}

fn duration(d: &Directive) -> Result<(i64, Span), Diagnostic> {
    match super::properties::duration(&d.value) {
        Some(millis) => Ok((millis, d.name_span.to(d.value_span))),
        None => {
            let message = format!("{} cannot be '{}'", d.name, d.value);
            Err(Diagnostic::error("directive", d.value_span, message).hint(
                "it is a number and a unit of MILLISECONDS, SECONDS, MINUTES, HOURS or DAYS: 10 MINUTES",
            ))
        }
    }
}

impl Directives {
    /// Reads the directives of a query: those that are right, and what is wrong with the others.
    pub(super) fn read(list: &[Directive]) -> (Self, Result<(), Diagnostic>) {
        let mut all = Self::default();
        let sound = Diagnostic::all((0..list.len()).map(|at| all.take(&list[..at], &list[at]))).map(|_| ());
        (all, sound)
    }

    /// Takes a directive that stands behind others.
    fn take(&mut self, before: &[Directive], d: &Directive) -> Result<(), Diagnostic> {
        let all = self;
        if d.name != "description"
            && let Some(first) = before.iter().find(|other| other.name == d.name)
        {
            return Err(Diagnostic::error("directive", d.name_span, format!("{} is given twice", d.name))
                .note(first.name_span, "first here"));
        }
        match d.name.as_str() {
            "severity" => all.severity = word(d, Severity::WORDS)?,
            "mode" => all.mode = word(d, Mode::WORDS)?,
            "emit" => all.emit = word(d, Emit::WORDS)?,
            "cooldown" => all.cooldown = Some(duration(d)?),
            "idle" => all.idle = Some(duration(d)?),
            "async" => all.is_async = word(d, &["true", "false"])?,
            "description" => {
                let text = all.description.take().map_or(String::new(), |(t, _)| t + " ");
                all.description = Some((text + &d.value, d.name_span.to(d.value_span)));
            }
            "on_error" => {
                let message = "the directive on_error belongs to the declaration of a topic";
                return Err(Diagnostic::error("directive", d.name_span, message)
                    .hint("write it before the CREATE STREAM or CREATE TABLE whose records cannot be read"));
            }
            BROADCAST => {
                let message = "the directive broadcast belongs to the declaration of a table";
                return Err(Diagnostic::error("directive", d.name_span, message).hint(
                    "write it before the CREATE TABLE of a topic; what a query makes stays where its keys are",
                ));
            }
            name => {
                return Err(Diagnostic::error(
                    "directive",
                    d.name_span,
                    format!("there is no directive {name}"),
                )
                .did_you_mean(name, NAMES.iter().copied()));
            }
        }
        Ok(())
    }

    /// The first of those that only a rule may have.
    pub(super) fn rules_only(&self) -> Option<(&'static str, Span)> {
        let severity = self.severity.as_ref().map(|(_, s)| ("severity", *s));
        let mode = self.mode.as_ref().map(|(_, s)| ("mode", *s));
        let cooldown = self.cooldown.as_ref().map(|(_, s)| ("cooldown", *s));
        severity.or(mode).or(self.emit.as_ref().map(|(_, s)| ("emit", *s))).or(cooldown)
    }
}

impl Binder {
    /// Refuses directives in front of a statement that is no query.
    pub(super) fn check_directives(&self, statement: &Statement) -> Result<(), Diagnostic> {
        let is_other = |d: &&Directive| !OF_DECLARATIONS.contains(&d.name.as_str());
        let others = statement.directives.iter().find(is_other);
        let Some(first) = others.or(statement.directives.first()) else { return Ok(()) };
        match &statement.kind {
            StatementKind::CreateAs(_) | StatementKind::InsertSelect(_) => Ok(()),
            StatementKind::CreateSource(source) if others.is_none() => {
                let broadcast = statement.directives.iter().find(|d| d.name == BROADCAST);
                let Some(broadcast) = broadcast.filter(|_| source.kind == SourceKind::Stream) else {
                    return Ok(());
                };
                let message = "only a table can be broadcast";
                Err(Diagnostic::error("directive", broadcast.name_span, message)
                    .hint("each record of a stream is processed once, so it is in one partition; a small TABLE may be in all of them"))
            }
            _ => {
                let message = format!("the directive {} does not belong to this statement", first.name);
                Err(Diagnostic::error("directive", first.name_span, message)
                    .hint("directives stand directly before CREATE ... AS SELECT or INSERT INTO ... SELECT; before CREATE STREAM and CREATE TABLE stands on_error, before CREATE TABLE broadcast"))
            }
        }
    }
}
