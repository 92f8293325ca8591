//! What is wrong with a rule, where, and what to do about it.
//!
//! Enters: spans and words from the parser and the binder. Leaves: text for a terminal or a pipe
//! (drawn by miette), or JSON for an editor. Invariant: any span renders, the wrong ones as the
//! nearest place in the file; nothing here fails or panics.

mod nearest;
mod render;
mod several;

pub use nearest::nearest;
pub use render::RenderStyle;

use super::ast::Span;
use super::source::SourceFile;
use serde_json::{Value, json};
use std::fmt;

/// How much a diagnostic weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// The program is refused.
    Error,
    /// The program runs, but perhaps not as meant.
    Warning,
}

impl Severity {
    /// `error` or `warning`.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        }
    }
}

/// One finding about a place in a rule file. Made by [`Diagnostic::error`] or
/// [`Diagnostic::warning`], then completed by the builder methods.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Error or warning.
    pub severity: Severity,
    /// A short code that stays the same across releases, such as `syntax` or `unknown_column`.
    pub code: &'static str,
    /// What is wrong, in a sentence without a full stop.
    pub message: Box<str>,
    /// The text that is underlined.
    pub span: Span,
    /// Words beside the underline.
    pub label: Option<Box<str>>,
    /// What to do next.
    pub hint: Option<String>,
    /// Further places, each with a remark.
    pub notes: Vec<(Span, String)>,
    /// What else is wrong in the same statement, until the findings are listed.
    also: Option<Box<Diagnostic>>,
}

impl Diagnostic {
    /// An error at `span`.
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Error, code, span, message.into())
    }

    /// A warning at `span`.
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, code, span, message.into())
    }

    fn new(severity: Severity, code: &'static str, span: Span, message: String) -> Self {
        let message = message.into_boxed_str();
        Self { severity, code, message, span, label: None, hint: None, notes: Vec::new(), also: None }
    }

    /// Words beside the underline.
    #[must_use]
    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into().into_boxed_str());
        self
    }

    /// What to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What to do next, where nothing better was said.
    #[must_use]
    pub fn or_hint(self, hint: impl Into<String>) -> Self {
        if self.hint.is_some() { self } else { self.hint(hint) }
    }

    /// The hint `did you mean X?`, where one of `candidates` is near `name`; a hint that is there stays.
    #[must_use]
    pub fn did_you_mean<'a>(self, name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Self {
        match nearest(name, candidates) {
            Some(near) if self.hint.is_none() => self.hint(format!("did you mean {near}?")),
            _ => self,
        }
    }

    /// A further place with a remark, such as where a name was declared first.
    #[must_use]
    pub fn note(mut self, span: Span, remark: impl Into<String>) -> Self {
        self.notes.push((span, remark.into()));
        self
    }
}

/// All findings about a program, with the files that they point into.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Diagnostics {
    /// The files; [`Span::file`] is an index into them.
    pub files: Vec<SourceFile>,
    /// The findings, in the order in which they were made.
    pub list: Vec<Diagnostic>,
}

impl Diagnostics {
    /// Findings about `files`.
    pub fn new(files: Vec<SourceFile>, list: Vec<Diagnostic>) -> Self {
        Self { files, list }
    }

    /// Is there nothing to say?
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Is the program refused?
    pub fn has_errors(&self) -> bool {
        self.list.iter().any(|one| one.severity == Severity::Error)
    }

    /// All findings as text, one after the other, each ended by a newline.
    pub fn render(&self, style: RenderStyle) -> String {
        let rendered: Vec<String> =
            self.list.iter().map(|one| render::render(&self.files, one, style)).collect();
        rendered.join("\n")
    }

    /// All findings as an array of `{severity, code, message, file, line, column, end: {line,
    /// column}, label, hint, notes: [{message, file, line, column, end}]}`. Lines and columns count
    /// from 1, columns in characters; `end` is one past the last character.
    pub fn to_json(&self) -> Value {
        self.list.iter().map(|one| self.one_to_json(one)).collect()
    }

    fn one_to_json(&self, one: &Diagnostic) -> Value {
        let mut object = self.place_to_json(one.span, &one.message);
        object["severity"] = json!(one.severity.as_str());
        object["code"] = json!(one.code);
        object["label"] = json!(one.label);
        object["hint"] = json!(one.hint);
        object["notes"] = one.notes.iter().map(|(span, remark)| self.place_to_json(*span, remark)).collect();
        object
    }

    fn place_to_json(&self, span: Span, message: &str) -> Value {
        let Some(file) = self.files.get(span.file as usize) else {
            return json!({ "message": message, "file": null, "line": 1, "column": 1, "end": {"line": 1, "column": 1} });
        };
        let (start, end) = (file.position(span.start), file.position(span.end.max(span.start)));
        json!({
            "message": message,
            "file": file.name,
            "line": start.line,
            "column": start.column,
            "end": { "line": end.line, "column": end.column },
        })
    }
}

impl fmt::Display for Diagnostics {
    /// The plain form.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(RenderStyle::Plain))
    }
}

impl std::error::Error for Diagnostics {}

#[cfg(test)]
mod tests;
