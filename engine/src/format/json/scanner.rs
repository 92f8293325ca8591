//! The tokens of a JSON text, read in place.
//!
//! What holds: the position only moves forward, past what was read; every token follows RFC 8259; nesting is
//! bounded, so recursion is.

mod escapes;

use std::borrow::Cow;

/// How deeply arrays and objects may nest.
pub(super) const MAX_DEPTH: u32 = 128;

/// The text is not JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Syntax {
    /// Where, in bytes from the start.
    pub(super) offset: usize,
    /// What is wrong there.
    pub(super) problem: &'static str,
}

/// A number as it is written, taken apart far enough that most need no second look at its text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Number<'a> {
    /// Its text.
    pub(super) text: &'a str,
    /// All digits as one number, sign and point left out; meaningless with over 18 digits.
    pub(super) mantissa: u64,
    /// How many digits, without leading zeros.
    pub(super) digits: u32,
    /// How many digits stand behind the point.
    pub(super) fraction: u32,
    /// Whether it has an exponent.
    pub(super) exponent: bool,
    /// Whether a minus stands before it.
    pub(super) negative: bool,
}

/// Reads tokens from a text.
#[derive(Debug, Clone)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    position: usize,
    depth: u32,
}

pub(super) type Scan<T> = Result<T, Syntax>;

const ONES: u64 = u64::from_ne_bytes([1; 8]);
const HIGHS: u64 = u64::from_ne_bytes([0x80; 8]);

/// Marks, by its high bit, the lowest byte of `chunk` that ends a run of plain text: a quote, a backslash or a
/// control character. Bytes above the first mark may be marked wrongly.
fn special(chunk: u64) -> u64 {
    let zero = |x: u64| x.wrapping_sub(ONES) & !x;
    let below_space = chunk.wrapping_sub(ONES * 0x20) & !chunk;
    (below_space | zero(chunk ^ (ONES * u64::from(b'"'))) | zero(chunk ^ (ONES * u64::from(b'\\')))) & HIGHS
}

/// Whether two texts of one length are the same: a few words at a time, which for short ones is faster than a call.
#[inline]
fn same(a: &[u8], b: &[u8]) -> bool {
    let word =
        |bytes: &[u8], at: usize| bytes[at..].first_chunk().map_or(0, |word| u64::from_le_bytes(*word));
    if a.len() != b.len() || a.len() < 8 {
        return a == b;
    }
    let last = a.len() - 8;
    let mut at = 0;
    while at < last {
        if word(a, at) != word(b, at) {
            return false;
        }
        at += 8;
    }
    word(a, last) == word(b, last)
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, position: 0, depth: 0 }
    }

    pub(super) fn position(&self) -> usize {
        self.position
    }

    /// Goes back to a place where a value began.
    pub(super) fn rewind(&mut self, position: usize) {
        self.position = position;
    }

    /// The text from `start` to here.
    pub(super) fn since(&self, start: usize) -> &'a str {
        self.text.get(start..self.position).unwrap_or_default()
    }

    pub(super) fn error<T>(&self, problem: &'static str) -> Scan<T> {
        Err(Syntax { offset: self.position, problem })
    }

    fn byte(&self) -> Option<u8> {
        self.text.as_bytes().get(self.position).copied()
    }

    /// The next byte that is not white space, not yet read.
    #[inline]
    pub(super) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.byte() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.position += 1,
                other => return other,
            }
        }
    }

    /// Reads `byte` if it comes next.
    #[inline]
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.position += usize::from(found);
        found
    }

    /// Nothing but white space may follow.
    pub(super) fn end(&mut self) -> Scan<()> {
        match self.peek() {
            None => Ok(()),
            Some(_) => self.error("text after the value"),
        }
    }

    /// Enters an array or object, whose opening bracket comes next.
    pub(super) fn enter(&mut self) -> Scan<()> {
        self.position += 1;
        self.depth += 1;
        if self.depth > MAX_DEPTH { self.error("nested too deeply") } else { Ok(()) }
    }

    /// After an opening bracket or an element: whether another element follows; leaves at `close`.
    #[inline]
    pub(super) fn more(&mut self, close: u8, first: bool) -> Scan<bool> {
        match self.peek() {
            Some(byte) if byte == close => {
                self.position += 1;
                self.depth -= 1;
                Ok(false)
            }
            Some(b',') if !first => {
                self.position += 1;
                Ok(true)
            }
            Some(_) if first => Ok(true),
            Some(_) => self.error("a comma or the closing bracket is missing"),
            None => self.error("the text ends inside of an array or object"),
        }
    }

    /// A field's name and the colon after it.
    #[inline]
    pub(super) fn name(&mut self) -> Scan<Cow<'a, str>> {
        if self.peek() != Some(b'"') {
            return self.error("a field's name in quotes is missing");
        }
        let name = self.string()?;
        if self.take(b':') { Ok(name) } else { self.error("a colon is missing after a field's name") }
    }

    /// A field's name without escapes and the colon after it; None, and nothing is read, where it is not so.
    #[inline]
    pub(super) fn plain_name(&mut self) -> Option<&'a str> {
        let start = self.position;
        if self.peek() == Some(b'"')
            && let Some(name) = self.plain_string()
        {
            if self.take(b':') {
                return Some(name);
            }
            self.position = start;
        }
        None
    }

    /// Reads `expected` if it comes next, which is not empty.
    #[inline]
    pub(super) fn take_all(&mut self, expected: &[u8]) -> bool {
        let found = self
            .text
            .as_bytes()
            .get(self.position..self.position + expected.len())
            .is_some_and(|text| same(text, expected));
        self.position += if found { expected.len() } else { 0 };
        found
    }

    /// A string without escapes, whose opening quote comes next; None, and nothing is read, where it has some.
    #[inline]
    pub(super) fn plain_string(&mut self) -> Option<&'a str> {
        let quote = self.position;
        self.position += 1;
        self.plain();
        if self.byte() == Some(b'"') {
            let text = self.text.get(quote + 1..self.position);
            self.position += 1;
            return text;
        }
        self.position = quote;
        None
    }

    /// A string, whose opening quote comes next.
    #[inline]
    pub(super) fn string(&mut self) -> Scan<Cow<'a, str>> {
        self.position += 1;
        let start = self.position;
        self.plain();
        if self.byte() == Some(b'"') {
            let text = self.since(start);
            self.position += 1;
            return Ok(Cow::Borrowed(text));
        }
        let mut text = self.since(start).to_owned();
        self.escaped(Some(&mut text))?;
        Ok(Cow::Owned(text))
    }

    /// Skips a string, whose opening quote comes next.
    #[inline]
    pub(super) fn skip_string(&mut self) -> Scan<()> {
        self.position += 1;
        self.plain();
        if self.byte() == Some(b'"') {
            self.position += 1;
            return Ok(());
        }
        self.escaped(None)
    }

    /// Moves to the next quote, backslash or control character.
    #[inline]
    fn plain(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(chunk) = bytes.get(self.position..).and_then(|rest| rest.first_chunk::<8>()) {
            let marks = special(u64::from_le_bytes(*chunk));
            if marks != 0 {
                self.position += (marks.trailing_zeros() / 8) as usize;
                return;
            }
            self.position += 8;
        }
        while let Some(byte) = self.byte() {
            if matches!(byte, b'"' | b'\\' | 0..0x20) {
                return;
            }
            self.position += 1;
        }
    }

    /// Reads `word`, which is `true`, `false` or `null`.
    #[inline]
    pub(super) fn literal(&mut self, word: &'static str) -> Scan<()> {
        if self.text.as_bytes().get(self.position..).is_some_and(|rest| rest.starts_with(word.as_bytes())) {
            self.position += word.len();
            Ok(())
        } else {
            self.error("not a JSON value")
        }
    }

    /// A number, whose first character comes next.
    #[inline]
    pub(super) fn number(&mut self) -> Scan<Number<'a>> {
        let start = self.position;
        let negative = self.byte() == Some(b'-');
        self.position += usize::from(negative);
        let (mut mantissa, mut digits) = (0, 0);
        let whole = self.digits(&mut mantissa, &mut digits);
        if whole == 0 {
            return self.error("not a JSON value");
        }
        if whole > 1 && self.text.as_bytes().get(self.position - whole as usize) == Some(&b'0') {
            return self.error("a number with a leading zero");
        }
        let mut fraction = 0;
        if self.byte() == Some(b'.') {
            self.position += 1;
            fraction = self.digits(&mut mantissa, &mut digits);
            if fraction == 0 {
                return self.error("a number without digits after the point");
            }
        }
        let exponent = matches!(self.byte(), Some(b'e' | b'E'));
        if exponent {
            self.position += 1;
            self.position += usize::from(matches!(self.byte(), Some(b'+' | b'-')));
            if self.digits(&mut 0, &mut 0) == 0 {
                return self.error("a number without digits in the exponent");
            }
        }
        Ok(Number { text: self.since(start), mantissa, digits, fraction, exponent, negative })
    }

    /// Reads digits; how many. `significant` counts them from the first that is not zero.
    #[inline]
    fn digits(&mut self, mantissa: &mut u64, significant: &mut u32) -> u32 {
        let start = self.position;
        while let Some(byte @ b'0'..=b'9') = self.byte() {
            *mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(byte - b'0'));
            *significant += u32::from(*significant > 0 || byte != b'0');
            self.position += 1;
        }
        (self.position - start) as u32
    }

    /// Skips one value of any kind.
    pub(super) fn skip(&mut self) -> Scan<()> {
        match self.peek() {
            Some(b'"') => self.skip_string(),
            Some(b'{') => {
                self.enter()?;
                let mut first = true;
                while self.more(b'}', first)? {
                    first = false;
                    if self.peek() != Some(b'"') {
                        return self.error("a field's name in quotes is missing");
                    }
                    self.skip_string()?;
                    if !self.take(b':') {
                        return self.error("a colon is missing after a field's name");
                    }
                    self.skip()?;
                }
                Ok(())
            }
            Some(b'[') => {
                self.enter()?;
                let mut first = true;
                while self.more(b']', first)? {
                    first = false;
                    self.skip()?;
                }
                Ok(())
            }
            Some(b't') => self.literal("true"),
            Some(b'f') => self.literal("false"),
            Some(b'n') => self.literal("null"),
            Some(_) => self.number().map(drop),
            None => self.error("a value is missing"),
        }
    }
}
