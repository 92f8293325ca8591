//! A position in the tokens of a statement, with the small steps that all rules are made of.

use super::keywords::is_reserved;
use super::{MAX_DEPTH, Parsed, hints};
use crate::sql::ast::{Directive, Ident, Literal, Span};
use crate::sql::diagnostic::Diagnostic;
use crate::sql::token::{Token, TokenKind};

/// The state of parsing one statement.
pub(super) struct Cursor<'a> {
    /// The statement's substituted text.
    pub(super) text: &'a str,
    tokens: Vec<Token>,
    at: usize,
    /// Of the statement; taken by it.
    pub(super) directives: Vec<Directive>,
    /// How many rules are open that may contain themselves.
    depth: usize,
    /// The greatest height of the expressions parsed since [`Cursor::open`].
    height: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(text: &'a str, tokens: Vec<Token>, directives: Vec<Directive>) -> Self {
        Self { text, tokens, at: 0, directives, depth: 0, height: 0 }
    }

    /// The token `ahead` places on; the last, which is the end, where there are fewer.
    pub(super) fn peek(&self, ahead: usize) -> &Token {
        let last = self.tokens.len() - 1;
        &self.tokens[(self.at + ahead).min(last)]
    }

    /// The token before the current one.
    pub(super) fn previous(&self) -> Option<&Token> {
        self.tokens.get(self.at.checked_sub(1)?)
    }

    /// The greatest number that `number` gives to a word outside brackets before the current token.
    pub(super) fn last_clause(&self, number: impl Fn(&str) -> Option<usize>) -> Option<usize> {
        let mut depth = 0usize;
        let mut last = None;
        for token in &self.tokens[..self.at] {
            match &token.kind {
                TokenKind::Symbol("(" | "[") => depth += 1,
                TokenKind::Symbol(")" | "]") => depth = depth.saturating_sub(1),
                TokenKind::Word(word) if depth == 0 => last = last.max(number(word)),
                _ => {}
            }
        }
        last
    }

    /// The place of the current token.
    pub(super) fn here(&self) -> Span {
        self.peek(0).span
    }

    /// From `start` to the end of the token before the current one.
    pub(super) fn since(&self, start: Span) -> Span {
        self.previous().map_or(start, |token| start.to(token.span))
    }

    /// The substituted text from byte `start` to the end of the token before the current one.
    pub(super) fn text_since(&self, start: usize) -> &'a str {
        let end = self.previous().map_or(start, |token| token.end);
        self.text.get(start..end).unwrap_or_default()
    }

    pub(super) fn advance(&mut self) {
        if self.at + 1 < self.tokens.len() {
            self.at += 1;
        }
    }

    pub(super) fn is_symbol(&self, symbol: &str) -> bool {
        self.is_symbol_at(0, symbol)
    }

    pub(super) fn is_symbol_at(&self, ahead: usize, symbol: &str) -> bool {
        matches!(self.peek(ahead).kind, TokenKind::Symbol(found) if found == symbol)
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.is_word_at(0, word)
    }

    pub(super) fn is_word_at(&self, ahead: usize, word: &str) -> bool {
        matches!(&self.peek(ahead).kind, TokenKind::Word(found) if found == word)
    }

    pub(super) fn is_end(&self) -> bool {
        self.peek(0).kind == TokenKind::End
    }

    /// Takes `symbol` if it comes next.
    pub(super) fn eat(&mut self, symbol: &str) -> bool {
        let found = self.is_symbol(symbol);
        if found {
            self.advance();
        }
        found
    }

    /// Takes `word` if it comes next.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let found = self.is_word(word);
        if found {
            self.advance();
        }
        found
    }

    /// Takes all of `words` if they come next.
    pub(super) fn eat_words(&mut self, words: &[&str]) -> bool {
        let found = words.iter().enumerate().all(|(ahead, word)| self.is_word_at(ahead, word));
        if found {
            words.iter().for_each(|_| self.advance());
        }
        found
    }

    pub(super) fn expect(&mut self, symbol: &'static str) -> Parsed<()> {
        if self.eat(symbol) { Ok(()) } else { Err(self.expected(&[symbol])) }
    }

    pub(super) fn expect_word(&mut self, word: &'static str) -> Parsed<()> {
        if self.eat_word(word) { Ok(()) } else { Err(self.expected(&[word])) }
    }

    /// The error that says what may stand here, and what stands here.
    pub(super) fn expected(&self, expected: &[&str]) -> Box<Diagnostic> {
        hints::expected(self, expected)
    }

    /// Items with commas between them, at least one.
    pub(super) fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Parsed<T>) -> Parsed<Vec<T>> {
        let mut items = vec![item(self)?];
        while self.eat(",") {
            items.push(item(self)?);
        }
        Ok(items)
    }

    /// Goes one level deeper; the caller calls [`Cursor::leave`] at the end.
    pub(super) fn enter(&mut self) -> Parsed<()> {
        self.depth += 1;
        if self.depth > MAX_DEPTH { Err(self.too_deep()) } else { Ok(()) }
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Begins an expression: heights are counted anew. Returns what [`Cursor::close`] needs.
    pub(super) fn open(&mut self) -> usize {
        std::mem::take(&mut self.height)
    }

    /// One more node stands on top of what was parsed since [`Cursor::open`].
    pub(super) fn grow(&mut self) -> Parsed<()> {
        self.height += 1;
        if self.height > MAX_DEPTH { Err(self.too_deep()) } else { Ok(()) }
    }

    /// Ends what [`Cursor::open`] began.
    pub(super) fn close(&mut self, outer: usize) {
        self.height = self.height.max(outer);
    }

    fn too_deep(&self) -> Box<Diagnostic> {
        let message = format!("too deeply nested: more than {MAX_DEPTH} levels");
        Box::new(Diagnostic::error("too_deep", self.here(), message).label("the limit is reached here").hint(
            "split the expression over several columns or streams; write a long chain of OR as IN (...)",
        ))
    }

    /// A name, quoted or not; `what` says in an error what it would name.
    pub(super) fn ident(&mut self, what: &'static str) -> Parsed<Ident> {
        if !self.is_ident_at(0) {
            return Err(hints::no_name(self, what));
        }
        let span = self.here();
        let (name, quoted) = match &self.peek(0).kind {
            TokenKind::Quoted(name, _) => (name.clone(), true),
            TokenKind::Word(name) => (name.clone(), false),
            _ => return Err(self.expected(&[what])),
        };
        self.advance();
        Ok(Ident { name, quoted, span })
    }

    /// Can the token `ahead` places on be a name?
    pub(super) fn is_ident_at(&self, ahead: usize) -> bool {
        match &self.peek(ahead).kind {
            TokenKind::Quoted(..) => true,
            TokenKind::Word(word) => !is_reserved(word),
            _ => false,
        }
    }

    /// The name of a stream, table or topic-backed source: letters, digits, `_` and `-`.
    pub(super) fn source_name(&mut self) -> Parsed<Ident> {
        let ident = self.ident("a stream or table name")?;
        if ident.name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
            return Ok(ident);
        }
        let message = format!("{} cannot name a stream or table", ident.name);
        Err(Box::new(
            Diagnostic::error("invalid_name", ident.span, message)
                .label("not a stream or table name")
                .hint("such names consist of letters, digits, _ and -"),
        ))
    }

    /// A literal `'text'`.
    pub(super) fn string(&mut self, what: &'static str) -> Parsed<Literal> {
        let span = self.here();
        let TokenKind::String(text) = &self.peek(0).kind else { return Err(self.expected(&[what])) };
        let text = text.clone();
        self.advance();
        Ok(Literal { text, span })
    }
}
