//! Java's date and time patterns (`java.time.format.DateTimeFormatter`), as ksqlDB takes them.
//!
//! Enters: a pattern such as `yyyy-MM-dd'T'HH:mm:ss[.SSS]XXX`, once; then texts or times. Leaves: a compiled
//! [`Pattern`] that parses and prints. What holds: parsing is strict about widths, not about case, and as Java's SMART
//! resolver lenient about a day past the month's end; fields that the pattern lacks are those of
//! 1970-01-01 00:00 (ksqlDB's `StringToTimestampParser`). Names of months and days are English.
//!
//! `[...]` is optional text. Fractions of 0 to 9 digits are a chain of optional sections, longest first:
//! `[.SSSSSSSSS][.SSSSSSSS]...[.S]`. Patterns of the common shape `yyyy-MM-dd?HH:mm:ss`, fraction, zone take a
//! direct way; what does not fit goes the general one.

mod calendar;
mod compile;
mod fast;
mod field;
mod parse;
mod print;
mod zone;

pub use zone::Zone;

use compile::Item;
use fast::FastPath;

/// Milliseconds in a day.
pub const DAY_MS: i64 = 86_400_000;

/// A compiled pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    items: Vec<Item>,
    fast: Option<FastPath>,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Pattern {}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// What of the pattern cannot be understood.
    pub fn compile(pattern: &str) -> Result<Self, String> {
        let items = compile::compile(pattern)?;
        let fast = FastPath::of(&items);
        Ok(Self { text: pattern.to_owned(), items, fast })
    }

    /// The pattern as it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The milliseconds since 1970-01-01 UTC that a text stands for, in `default_zone` unless it names one.
    ///
    /// # Errors
    /// What does not fit, and where.
    pub fn parse_timestamp(&self, text: &str, default_zone: Zone) -> Result<i64, String> {
        if let Some(ms) = self.fast.as_ref().and_then(|fast| fast.parse(text, default_zone)) {
            return Ok(ms);
        }
        let parsed = self.parse(text)?;
        let (date, time) = parsed.date_time().map_err(|e| self.refuse(text, &e))?;
        let local = date * DAY_MS + time.div_euclid(1_000_000);
        Ok(local - parsed.zone.unwrap_or(default_zone).offset_of_local(local) * 1000)
    }

    /// The days since 1970-01-01 that the beginning of a text stands for: as ksqlDB's PARSE_DATE, it may go
    /// on after the pattern's end.
    ///
    /// # Errors
    /// What does not fit; also where it has a time that is not midnight.
    pub fn parse_date(&self, text: &str) -> Result<i32, String> {
        let parsed = parse::parse_start(&self.items, text).map_err(|at| self.differs(text, at))?;
        let days = parsed.date_only().map_err(|e| self.refuse(text, &e))?;
        i32::try_from(days).map_err(|_| self.refuse(text, "the date is out of range"))
    }

    /// The days since 1970-01-01 of the date in a text, as ksqlDB's STRINGTODATE: the date is there in full, and
    /// a time beside it does not matter.
    ///
    /// # Errors
    /// What does not fit, or is missing.
    pub fn parse_day(&self, text: &str) -> Result<i32, String> {
        let days = self.parse(text)?.whole_date().map_err(|e| self.refuse(text, &e))?;
        i32::try_from(days).map_err(|_| self.refuse(text, "the date is out of range"))
    }

    /// The milliseconds since midnight that a text stands for.
    ///
    /// # Errors
    /// What does not fit; also where the pattern has no hour.
    pub fn parse_time(&self, text: &str) -> Result<i32, String> {
        let parsed = self.parse(text)?;
        let nanos = parsed.time_only().map_err(|e| self.refuse(text, &e))?;
        Ok((nanos / 1_000_000) as i32)
    }

    /// A time in milliseconds since 1970-01-01 UTC, as it reads in a zone.
    ///
    /// # Errors
    /// The time is beyond the calendar.
    pub fn format_timestamp(&self, ms: i64, zone: Zone) -> Result<String, String> {
        let offset = zone.offset_at(ms);
        let local =
            offset.checked_mul(1000).and_then(|o| ms.checked_add(o)).ok_or("the time is out of range")?;
        print::print(&self.items, &print::Moment::new(local, true, true).with_zone(zone, ms))
    }

    /// A date in days since 1970-01-01.
    ///
    /// # Errors
    /// The pattern has fields of the time or a zone.
    pub fn format_date(&self, days: i32) -> Result<String, String> {
        print::print(&self.items, &print::Moment::new(i64::from(days) * DAY_MS, true, false))
    }

    /// A time of day in milliseconds since midnight.
    ///
    /// # Errors
    /// The pattern has fields of the date or a zone.
    pub fn format_time(&self, ms: i32) -> Result<String, String> {
        print::print(&self.items, &print::Moment::new(i64::from(ms), false, true))
    }

    fn parse(&self, text: &str) -> Result<parse::Parsed, String> {
        parse::parse(&self.items, text).map_err(|at| self.differs(text, at))
    }

    fn differs(&self, text: &str, at: usize) -> String {
        self.refuse(text, &format!("it differs from character {} on", text[..at].chars().count() + 1))
    }

    fn refuse(&self, text: &str, problem: &str) -> String {
        format!("'{text}' does not fit the pattern \"{}\": {problem}", self.text)
    }
}

#[cfg(test)]
mod tests;
