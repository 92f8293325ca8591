//! The tokens of one statement: sqlparser's tokenizer under a dialect of ours, with places in the file.
//!
//! Enters: substituted text. Leaves: tokens without white space and comments, ended by one `End`.
//! Invariant: tokens stand in order and do not overlap, and the list is never empty.

use super::ast::Span;
use super::diagnostic::Diagnostic;
use super::variables::Substituted;
use sqlparser::dialect::Dialect;
use sqlparser::tokenizer::{Location, Token as Raw, TokenWithSpan, Tokenizer};

/// What a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A keyword or unquoted name, in upper case; it may begin with a digit.
    Word(String),
    /// A name in back quotes or double quotes: the name, and which quote.
    Quoted(String, char),
    /// `'text'`
    String(String),
    /// Digits.
    Integer(String),
    /// Digits with a point.
    Decimal(String),
    /// Digits with an exponent.
    Double(String),
    /// An operator or punctuation.
    Symbol(&'static str),
    /// Anything that ksqlDB has no use for.
    Unknown(String),
    /// After the last token; its place is the semicolon, or the end of the last token.
    End,
}

/// A token and where it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    /// What it is.
    pub(super) kind: TokenKind,
    /// Its place in the file.
    pub(super) span: Span,
    /// First byte in the substituted text.
    pub(super) start: usize,
    /// One past the last byte in the substituted text.
    pub(super) end: usize,
}

/// The tokens of a statement; `end` is the place that stands for what is missing at its end.
pub(super) fn tokenize(source: &Substituted, end: Span) -> Result<Vec<Token>, Box<Diagnostic>> {
    let mut raw: Vec<TokenWithSpan> = Vec::new();
    let outcome = Tokenizer::new(&KsqlDialect, &source.text).tokenize_with_location_into_buf(&mut raw);
    let mut places = Places { text: &source.text, line: 1, column: 1, at: 0 };
    let mut tokens = Vec::with_capacity(raw.len() + 1);
    for token in raw {
        let (start, past) = (places.offset(token.span.start), places.offset(token.span.end));
        push(&mut tokens, source, token.token, start, past);
    }
    if let Err(error) = outcome {
        let at = places.offset(error.location);
        return Err(refused(source, &error.message, at));
    }
    let past = source.text.len();
    tokens.push(Token { kind: TokenKind::End, span: end, start: past, end: past });
    Ok(tokens)
}

/// What sqlparser says about text that is not tokens: a quote that a variable's value left open.
fn refused(source: &Substituted, message: &str, at: usize) -> Box<Diagnostic> {
    let quoted = message.contains("Unterminated") || message.contains("close delimiter");
    let message = if quoted { "a quote is not closed".to_owned() } else { message.to_lowercase() };
    let error = Diagnostic::error("syntax", source.span(at, at + 1), message);
    Box::new(if quoted {
        error
            .label("opened here")
            .hint("the value of a variable is put in as it stands; is there a single quote in it?")
    } else {
        error
    })
}

fn push(tokens: &mut Vec<Token>, source: &Substituted, raw: Raw, start: usize, end: usize) {
    let text = &source.text[start..end];
    let kind = match raw {
        Raw::Whitespace(_) | Raw::EOF => return,
        // ARRAY<ARRAY<INT>> ends in two brackets; ksqlDB has no shift operators.
        Raw::ShiftRight | Raw::ShiftLeft => {
            let symbol = if raw == Raw::ShiftRight { ">" } else { "<" };
            for at in [start, start + 1] {
                let span = source.span(at, at + 1);
                tokens.push(Token { kind: TokenKind::Symbol(symbol), span, start: at, end: at + 1 });
            }
            return;
        }
        Raw::Word(word) => match word.quote_style {
            Some(quote) => TokenKind::Quoted(word.value, quote),
            None if is_word(text) => TokenKind::Word(text.to_ascii_uppercase()),
            None => TokenKind::Unknown(text.to_owned()),
        },
        Raw::SingleQuotedString(text) => TokenKind::String(text),
        Raw::Number(_, false) => number(text),
        _ => symbol(text),
    };
    tokens.push(Token { kind, span: source.span(start, end), start, end });
}

fn is_word(text: &str) -> bool {
    text.chars().all(|c| KsqlDialect.is_identifier_part(c))
}

fn number(text: &str) -> TokenKind {
    if text.contains(['e', 'E']) {
        TokenKind::Double(text.to_owned())
    } else if text.contains('.') {
        TokenKind::Decimal(text.to_owned())
    } else {
        TokenKind::Integer(text.to_owned())
    }
}

/// The operators and punctuation of ksqlDB, and those of other languages that people write by mistake.
const SYMBOLS: [&str; 31] = [
    "(", ")", "[", "]", ",", ".", ";", ":", "+", "-", "*", "/", "%", "||", "=", "<>", "!=", "<", "<=", ">",
    ">=", ":=", "->", "=>", "==", "&&", "::", "!", "{", "}", "->>",
];

fn symbol(text: &str) -> TokenKind {
    match SYMBOLS.iter().find(|symbol| **symbol == text) {
        Some(symbol) => TokenKind::Symbol(symbol),
        None => TokenKind::Unknown(text.to_owned()),
    }
}

/// The lexical rules of ksqlDB (its grammar's IDENTIFIER, DIGIT_IDENTIFIER and STRING).
#[derive(Debug)]
struct KsqlDialect;

impl Dialect for KsqlDialect {
    fn is_identifier_start(&self, ch: char) -> bool {
        ch.is_ascii_alphabetic() || ch == '_'
    }

    fn is_identifier_part(&self, ch: char) -> bool {
        ch.is_ascii_alphanumeric() || ch == '_' || ch == '@'
    }

    fn supports_numeric_prefix(&self) -> bool {
        true
    }

    // No string begins with a dollar sign.
    fn supports_dollar_placeholder(&self) -> bool {
        true
    }
}

/// Turns the tokenizer's lines and columns into byte offsets, going forward only.
struct Places<'a> {
    text: &'a str,
    line: u64,
    column: u64,
    at: usize,
}

impl Places<'_> {
    fn offset(&mut self, location: Location) -> usize {
        for c in self.text[self.at..].chars() {
            if (self.line, self.column) >= (location.line, location.column) {
                break;
            }
            self.at += c.len_utf8();
            if c == '\n' {
                self.line += 1;
                self.column = 1;
            } else {
                self.column += 1;
            }
        }
        self.at
    }
}
