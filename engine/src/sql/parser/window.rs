//! WINDOW, WITHIN, GRACE PERIOD, and the lengths of time in them.

use super::Parsed;
use super::cursor::Cursor;
use crate::sql::ast::{Duration, Window, WindowKind, Within};
use crate::sql::diagnostic::Diagnostic;
use crate::sql::token::TokenKind;

/// Milliseconds of the units, in the singular.
const UNITS: [(&str, i64); 5] =
    [("MILLISECOND", 1), ("SECOND", 1_000), ("MINUTE", 60_000), ("HOUR", 3_600_000), ("DAY", 86_400_000)];

impl Cursor<'_> {
    /// What follows WINDOW: `[name] TUMBLING | HOPPING | SESSION (...)`
    pub(super) fn window(&mut self) -> Parsed<Window> {
        let start = self.here();
        self.expect_word("WINDOW")?;
        let kinds = ["TUMBLING", "HOPPING", "SESSION"];
        let named = self.is_ident_at(0) && !self.is_symbol_at(1, "(");
        let name = if named { Some(self.ident("a window name")?) } else { None };
        let Some(kind) = kinds.iter().find(|kind| self.is_word(kind)) else {
            return Err(self.expected(&kinds));
        };
        self.advance();
        self.expect("(")?;
        let kind = match *kind {
            "TUMBLING" => {
                self.size("WINDOW TUMBLING (SIZE 5 MINUTES)")?;
                WindowKind::Tumbling { size: self.duration()? }
            }
            "HOPPING" => self.hopping()?,
            _ => WindowKind::Session { gap: self.duration()? },
        };
        let retention = self.option_of_window("RETENTION")?;
        let grace = self.option_of_window("GRACE")?;
        if !self.eat(")") {
            return Err(self.expected(if grace.is_some() { &[")"] } else { &[",", ")"] }));
        }
        Ok(Window { name, kind, retention, grace, span: self.since(start) })
    }

    fn hopping(&mut self) -> Parsed<WindowKind> {
        const FORM: &str = "WINDOW HOPPING (SIZE 5 MINUTES, ADVANCE BY 1 MINUTE)";
        self.size(FORM)?;
        let size = self.duration()?;
        if !self.is_symbol(",") || !self.is_word_at(1, "ADVANCE") {
            return Err(Box::new(self.expected(&["ADVANCE BY"]).hint(format!("it is written {FORM}"))));
        }
        self.advance();
        self.expect_word("ADVANCE")?;
        self.expect_word("BY")?;
        Ok(WindowKind::Hopping { size, advance: self.duration()? })
    }

    /// `SIZE`; `form` is what the whole looks like.
    fn size(&mut self, form: &str) -> Parsed<()> {
        if self.eat_word("SIZE") {
            return Ok(());
        }
        let error = self.expected(&["SIZE"]);
        Err(if error.hint.is_some() { error } else { Box::new(error.hint(format!("it is written {form}"))) })
    }

    /// `, RETENTION n unit` or `, GRACE PERIOD n unit`
    fn option_of_window(&mut self, word: &'static str) -> Parsed<Option<Duration>> {
        if !self.is_symbol(",") || !self.is_word_at(1, word) {
            return Ok(None);
        }
        self.advance();
        self.advance();
        if word == "GRACE" {
            self.expect_word("PERIOD")?;
        }
        self.duration().map(Some)
    }

    /// What follows WITHIN: `n unit` or `(n unit, n unit)`, then `[GRACE PERIOD n unit]`
    pub(super) fn within(&mut self) -> Parsed<Within> {
        let start = self.here();
        self.expect_word("WITHIN")?;
        let (before, after) = if self.eat("(") {
            let before = self.duration()?;
            self.expect(",")?;
            let after = self.duration()?;
            self.expect(")")?;
            (before, after)
        } else {
            let both = self.duration()?;
            (both, both)
        };
        let grace = if self.eat_words(&["GRACE", "PERIOD"]) { Some(self.duration()?) } else { None };
        Ok(Within { before, after, grace, span: self.since(start) })
    }

    /// `5 MINUTES`
    pub(super) fn duration(&mut self) -> Parsed<Duration> {
        let start = self.here();
        let TokenKind::Integer(digits) = &self.peek(0).kind else {
            let error = self.expected(&["a whole number and a unit of time"]);
            return Err(Box::new(error.hint("for example 5 MINUTES")));
        };
        let number = digits.parse::<i64>();
        self.advance();
        let Some(unit) = self.unit() else {
            return Err(self.expected(&["MILLISECONDS", "SECONDS", "MINUTES", "HOURS", "DAYS"]));
        };
        self.advance();
        let span = self.since(start);
        match number.ok().and_then(|number| number.checked_mul(unit)) {
            Some(millis) => Ok(Duration { millis, span }),
            None => Err(Box::new(
                Diagnostic::error("number_too_large", span, "the length of time is too large")
                    .label("more milliseconds than a BIGINT holds"),
            )),
        }
    }

    fn unit(&self) -> Option<i64> {
        let TokenKind::Word(word) = &self.peek(0).kind else { return None };
        let singular = word.strip_suffix('S').unwrap_or(word);
        UNITS.iter().find(|(unit, _)| *unit == singular).map(|(_, millis)| *millis)
    }
}
