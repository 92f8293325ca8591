//! Loaded SQL files, and where a [`Span`] lies in them.
//!
//! Enters: file names and texts. Leaves: lines and columns for people. Invariant: every function
//! takes any span, also one past the end or inside a character, and answers with the nearest place.

use super::ast::Span;

/// A rule file as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// What messages call it, a path as a rule.
    pub name: String,
    /// Its whole text.
    pub text: String,
}

impl SourceFile {
    /// A file by its name and text.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into() }
    }

    /// Byte offset `at`, moved back to the start of its character and into the text.
    pub fn clamp(&self, at: u32) -> usize {
        floor_char(&self.text, at as usize)
    }

    /// Line and column of byte offset `at`.
    pub fn position(&self, at: u32) -> Position {
        let before = &self.text[..self.clamp(at)];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Position { line: 1 + before.matches('\n').count(), column: 1 + before[line_start..].chars().count() }
    }

    /// The text under `span`.
    pub fn slice(&self, span: Span) -> &str {
        let start = self.clamp(span.start);
        &self.text[start..self.clamp(span.end).max(start)]
    }
}

/// A place for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// Lines are counted from 1.
    pub line: usize,
    /// Characters (not bytes) in the line, counted from 1.
    pub column: usize,
}

/// The largest character boundary of `text` that is at most `at`.
pub(super) fn floor_char(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}
