//! A file cut at its semicolons into statements, each with the directives in front of it.
//!
//! Enters: the text of a file. Leaves: stretches of it that hold one statement each. Invariant: a
//! quote or comment that is not closed costs the statement that it stands in, not the rest of the file.

use super::ast::{Directive, Span};
use super::diagnostic::Diagnostic;
use super::pieces::{Piece, PieceKind, piece_at};
use super::variables::offset;

/// Where a statement stands.
#[derive(Debug)]
pub(super) struct Stretch {
    /// Directives between the previous statement and this one.
    pub(super) directives: Vec<Directive>,
    /// First byte of its first token.
    pub(super) start: usize,
    /// One past its text: the place of the semicolon, or the end of the last token before the file's end.
    pub(super) end: usize,
    /// It is ended by a semicolon.
    pub(super) terminated: bool,
}

/// The statements of file number `file`. What is wrong on this level goes to `findings`.
pub(super) fn split(file: u32, text: &str, findings: &mut Vec<Diagnostic>) -> Vec<Stretch> {
    let mut splitter = Splitter {
        file,
        text,
        findings,
        stretches: Vec::new(),
        directives: Vec::new(),
        open: None,
        long_quote: None,
    };
    let mut at = 0;
    while let Some(piece) = piece_at(text, at) {
        at = splitter.take(piece);
    }
    splitter.finish();
    splitter.stretches
}

struct Splitter<'a> {
    file: u32,
    text: &'a str,
    findings: &'a mut Vec<Diagnostic>,
    stretches: Vec<Stretch>,
    directives: Vec<Directive>,
    /// Start of the statement's first token and end of its last so far.
    open: Option<(usize, usize)>,
    /// Where the statement's last string or quoted name over several lines begins.
    long_quote: Option<usize>,
}

impl Splitter<'_> {
    fn span(&self, start: usize, end: usize) -> Span {
        Span { file: self.file, start: offset(start), end: offset(end) }
    }

    /// Takes a piece; returns where to go on.
    fn take(&mut self, piece: Piece) -> usize {
        match piece.kind {
            PieceKind::Space | PieceKind::BlockComment { closed: true } => {}
            PieceKind::LineComment => self.comment(piece),
            PieceKind::Semicolon => self.end_statement(piece.start, true),
            PieceKind::BlockComment { closed: false } => {
                let span = self.span(piece.start, piece.start + 2);
                self.findings.push(
                    Diagnostic::error("syntax", span, "the comment is not closed")
                        .label("begins here")
                        .hint("end it with */"),
                );
            }
            PieceKind::Quoted { quote, closed: false } => return self.unclosed(piece, quote),
            kind => {
                let quoted = matches!(kind, PieceKind::Quoted { .. });
                if quoted && self.text[piece.start..piece.end].contains('\n') {
                    self.long_quote = Some(piece.start);
                }
                let start = self.open.map_or(piece.start, |(start, _)| start);
                self.open = Some((start, piece.end));
            }
        }
        piece.end
    }

    fn end_statement(&mut self, end: usize, terminated: bool) {
        self.long_quote = None;
        if let Some((start, _)) = self.open.take() {
            let directives = std::mem::take(&mut self.directives);
            self.stretches.push(Stretch { directives, start, end, terminated });
        }
    }

    fn finish(&mut self) {
        if let Some((_, end)) = self.open {
            self.end_statement(end, false);
        }
        for directive in std::mem::take(&mut self.directives) {
            self.no_effect(directive.name_span, "no statement follows it in this file");
        }
    }

    fn no_effect(&mut self, span: Span, why: &str) {
        self.findings.push(
            Diagnostic::warning("directive", span, "the directive has no effect")
                .label(why)
                .hint("directives stand on lines of their own in front of the statement that they are about"),
        );
    }

    /// A quote without its partner: the statement is given up at the next semicolon.
    fn unclosed(&mut self, piece: Piece, quote: char) -> usize {
        let line_end = self.text[piece.start..].find('\n').map_or(piece.end, |length| piece.start + length);
        let what = if quote == '\'' { "string" } else { "quoted name" };
        let span = self.span(piece.start, line_end);
        let mut error = Diagnostic::error("syntax", span, format!("the {what} is not closed"))
            .label("begins here")
            .hint(format!("end it with {quote} (inside it, {quote} is written twice)"));
        if let Some(start) = self.long_quote.take() {
            let remark = "this begins a text of several lines; is its closing quote missing instead?";
            error = error.note(self.span(start, start + 1), remark);
        }
        self.findings.push(error);
        self.open = None;
        self.directives.clear();
        self.text[piece.start..].find(';').map_or(piece.end, |length| piece.start + length + 1)
    }

    fn comment(&mut self, piece: Piece) {
        let Some(body) = self.text[piece.start..piece.end].strip_prefix("--@") else { return };
        let start = piece.start + 3;
        if self.open.is_some() {
            let end = start + body.trim_end().len();
            self.no_effect(self.span(piece.start, end), "it stands inside a statement");
            return;
        }
        let (name, value) = match body.split_once(':') {
            Some((name, value)) => (name, Some((start + name.len() + 1, value))),
            None => (body, None),
        };
        let name_span = self.trimmed(start, name);
        let value_span = value.map(|(at, text)| self.trimmed(at, text)).filter(|span| span.start < span.end);
        let (name, value) = (name.trim(), value.map_or("", |(_, text)| text.trim()));
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c)) {
            let span = self.span(piece.start, start + body.trim_end().len());
            self.findings.push(
                Diagnostic::error("directive", span, "this is not a directive")
                    .label("expected a name, a colon and a value")
                    .hint(
                        "a directive is written --@name: value; a plain comment begins with -- and a space",
                    ),
            );
            return;
        }
        self.directives.push(Directive {
            name: name.to_ascii_lowercase(),
            value: value.to_owned(),
            name_span,
            value_span: value_span.unwrap_or(name_span),
        });
    }

    /// The span of `text`, which begins at byte `at`, without the white space around it.
    fn trimmed(&self, at: usize, text: &str) -> Span {
        let start = at + (text.len() - text.trim_start().len());
        self.span(start, start + text.trim().len())
    }
}
