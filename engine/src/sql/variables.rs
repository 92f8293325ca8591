//! DEFINE, UNDEFINE and `${name}`: textual substitution that remembers where text came from.
//!
//! Enters: the text of one statement and the variables defined so far. Leaves: the text to parse, and
//! the map from its bytes back to the file. Invariant: text from a variable maps to the whole `${name}`
//! in the file, all other text to itself. Values are not substituted again, so nothing loops.

use super::ast::Span;
use super::diagnostic::{Diagnostic, nearest};
use super::pieces::{PieceKind, pieces, variable_name};
use std::collections::BTreeMap;

/// The variables at one place of a program. Their names do not distinguish case.
#[derive(Debug, Clone)]
pub struct Variables {
    /// By name in upper case: the name as written, and the value.
    defined: BTreeMap<String, (String, String)>,
    /// `ksql.variable.substitution.enable`
    enabled: bool,
}

impl Default for Variables {
    fn default() -> Self {
        Self { defined: BTreeMap::new(), enabled: true }
    }
}

impl Variables {
    /// The setting that turns substitution on and off.
    pub const ENABLE: &'static str = "ksql.variable.substitution.enable";

    /// `DEFINE name = 'value'`
    pub fn define(&mut self, name: &str, value: &str) {
        self.defined.insert(name.to_ascii_uppercase(), (name.to_owned(), value.to_owned()));
    }

    /// `UNDEFINE name`
    pub fn undefine(&mut self, name: &str) {
        self.defined.remove(&name.to_ascii_uppercase());
    }

    /// Turns substitution on or off.
    pub fn enable(&mut self, enabled: bool) {
        self.enabled = enabled;
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.defined.get(&name.to_ascii_uppercase()).map(|(_, value)| value.as_str())
    }

    /// Names and values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.defined.values().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The statement at bytes `start..end` of `text`, file number `file`, with variables replaced.
    /// In a quoted piece the value's quotes are doubled, so that it stays one literal or name.
    ///
    /// # Errors
    /// One diagnostic for each variable that is not defined; comments are not looked into.
    pub(super) fn substitute(
        &self,
        file: u32,
        text: &str,
        start: usize,
        end: usize,
    ) -> Result<Substituted, Vec<Diagnostic>> {
        let text = &text[..end];
        let mut out =
            Substitution { variables: self, file, done: Substituted::new(file), unknown: Vec::new() };
        if !self.enabled {
            out.keep(text, start, end);
            return Ok(out.done);
        }
        for piece in pieces(text, start) {
            match piece.kind {
                PieceKind::Variable => out.replace(text, piece.start, piece.end, None),
                PieceKind::EscapedVariable => out.keep(text, piece.start + 1, piece.end),
                PieceKind::Quoted { quote, .. } => out.inside_quotes(text, piece.start, piece.end, quote),
                _ => out.keep(text, piece.start, piece.end),
            }
        }
        if out.unknown.is_empty() { Ok(out.done) } else { Err(out.unknown) }
    }
}

/// The text of a statement after substitution, and where it came from.
#[derive(Debug)]
pub(super) struct Substituted {
    /// What is parsed.
    pub(super) text: String,
    file: u32,
    runs: Vec<Run>,
}

/// A run of the substituted text that came from one place.
#[derive(Debug)]
struct Run {
    /// First byte in the substituted text.
    at: usize,
    /// First byte in the file.
    source: usize,
    /// One past the last byte in the file, where the run is a variable's value.
    variable_end: Option<usize>,
}

impl Substituted {
    fn new(file: u32) -> Self {
        Self { text: String::new(), file, runs: Vec::new() }
    }

    /// The place in the file of bytes `start..end` of the text.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        let first = self.run_of(start).map_or(0, |run| match run.variable_end {
            Some(_) => run.source,
            None => run.source + (start - run.at),
        });
        let last = end.max(start + 1) - 1;
        let past = self.run_of(last).map_or(0, |run| match run.variable_end {
            Some(variable_end) => variable_end,
            None => run.source + (end.max(start) - run.at),
        });
        Span { file: self.file, start: offset(first), end: offset(past.max(first)) }
    }

    fn run_of(&self, at: usize) -> Option<&Run> {
        let after = self.runs.partition_point(|run| run.at <= at);
        self.runs.get(after.checked_sub(1)?)
    }
}

/// A byte offset as spans hold it; files of 4 GiB and more do not occur.
pub(super) fn offset(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

struct Substitution<'a> {
    variables: &'a Variables,
    file: u32,
    done: Substituted,
    unknown: Vec<Diagnostic>,
}

impl Substitution<'_> {
    fn keep(&mut self, text: &str, start: usize, end: usize) {
        let at = self.done.text.len();
        let continues = self
            .done
            .runs
            .last()
            .is_some_and(|run| run.variable_end.is_none() && run.source + (at - run.at) == start);
        if !continues && start < end {
            self.done.runs.push(Run { at, source: start, variable_end: None });
        }
        self.done.text.push_str(&text[start..end]);
    }

    fn inside_quotes(&mut self, text: &str, start: usize, end: usize, quote: char) {
        let mut kept = start;
        let mut at = start;
        while let Some(dollar) = text[at..end].find("${") {
            at += dollar;
            let Some(name) = variable_name(&text[at..end]) else {
                at += 2;
                continue;
            };
            let past = at + name.len() + 3;
            if text[kept..at].ends_with('$') {
                self.keep(text, kept, at - 1);
                kept = at;
            } else {
                self.keep(text, kept, at);
                self.replace(text, at, past, Some(quote));
                kept = past;
            }
            at = past;
        }
        self.keep(text, kept, end);
    }

    fn replace(&mut self, text: &str, start: usize, end: usize, quote: Option<char>) {
        let name = &text[start + 2..end - 1];
        let Some(value) = self.variables.get(name) else {
            let span = Span { file: self.file, start: offset(start), end: offset(end) };
            self.unknown.push(self.unknown_variable(name, span));
            return;
        };
        if value.is_empty() {
            return;
        }
        self.done.runs.push(Run { at: self.done.text.len(), source: start, variable_end: Some(end) });
        match quote {
            Some(quote) => self.done.text.push_str(&value.replace(quote, &format!("{quote}{quote}"))),
            None => self.done.text.push_str(value),
        }
    }

    fn unknown_variable(&self, name: &str, span: Span) -> Diagnostic {
        let error =
            Diagnostic::error("unknown_variable", span, format!("the variable {name} is not defined"))
                .label("not defined at this point");
        let names: Vec<&str> = self.variables.iter().map(|(name, _)| name).collect();
        match nearest(name, names.iter().copied()) {
            Some(near) => error.hint(format!("did you mean ${{{near}}}?")),
            None if names.is_empty() => error.hint(format!(
                "no variable is defined before this statement; write DEFINE {name} = '...'; above it"
            )),
            None => error.hint(format!("defined are: {}", names.join(", "))),
        }
    }
}
