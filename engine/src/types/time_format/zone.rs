//! Time zones: the IANA regions, and fixed offsets.

use chrono::{NaiveDateTime, Offset as _, TimeZone as _};
use chrono_tz::{OffsetName as _, Tz};

/// A zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    /// A region, such as Europe/Berlin, UTC or GMT.
    Region(Tz),
    /// An offset from UTC in seconds, east positive.
    Offset(i32),
}

/// Abbreviations that texts use for a region's time, standard or daylight, whichever applies (as Java reads them).
const ABBREVIATIONS: &[(&str, Tz)] = &[
    ("PST", Tz::America__Los_Angeles),
    ("PDT", Tz::America__Los_Angeles),
    ("MST", Tz::America__Denver),
    ("MDT", Tz::America__Denver),
    ("CST", Tz::America__Chicago),
    ("CDT", Tz::America__Chicago),
    ("EST", Tz::America__New_York),
    ("EDT", Tz::America__New_York),
    ("CET", Tz::Europe__Paris),
    ("CEST", Tz::Europe__Paris),
    ("EET", Tz::Europe__Helsinki),
    ("EEST", Tz::Europe__Helsinki),
    ("WET", Tz::Europe__Lisbon),
    ("WEST", Tz::Europe__Lisbon),
    ("BST", Tz::Europe__London),
    ("JST", Tz::Asia__Tokyo),
    ("IST", Tz::Asia__Kolkata),
    ("Z", Tz::UTC),
];

impl Zone {
    /// Coordinated universal time.
    pub const UTC: Self = Self::Region(Tz::UTC);
    /// The same clock by its older name, which ksqlDB prints by default.
    pub const GMT: Self = Self::Region(Tz::GMT);

    /// The zone of an id: a region (`Europe/Berlin`), `Z`, an offset (`+02:00`, `-8`), or `UTC`, `GMT` or `UT`
    /// with an offset behind it.
    pub fn parse(id: &str) -> Option<Self> {
        if id.eq_ignore_ascii_case("Z") {
            return Some(Self::Offset(0));
        }
        if let Ok(region) = id.parse::<Tz>().or_else(|_| id.to_ascii_uppercase().parse()) {
            return Some(Self::Region(region));
        }
        let offset = ["UTC", "GMT", "UT"].iter().find_map(|prefix| id.strip_prefix(prefix)).unwrap_or(id);
        let styles = [(1, true), (3, true), (5, true), (4, true), (2, true)];
        let exact = |(count, iso)| {
            let (seconds, end) = OffsetStyle::iso(count, iso).read(offset)?;
            (end == offset.len() && offset != "Z").then_some(Self::Offset(seconds))
        };
        styles.into_iter().find_map(exact).or_else(|| {
            let hours: i32 = offset.strip_prefix(['+', '-'])?.parse().ok().filter(|h| *h <= 18)?;
            Some(Self::Offset(if offset.starts_with('-') { -hours * 3600 } else { hours * 3600 }))
        })
    }

    /// The zone that a text begins with, and how long that is.
    pub(super) fn read(text: &str, names: bool) -> Option<(Self, usize)> {
        let part_of_id = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '+' | '-' | ':');
        let longest = text.find(|c| !part_of_id(c)).unwrap_or(text.len());
        (1..=longest).rev().find_map(|end| {
            let id = text.get(..end)?;
            let known = ABBREVIATIONS.iter().find(|(name, _)| names && name.eq_ignore_ascii_case(id));
            Some((known.map(|(_, region)| Self::Region(*region)).or_else(|| Self::parse(id))?, end))
        })
    }

    /// The offset in seconds at a time in milliseconds since 1970-01-01 UTC.
    pub(super) fn offset_at(self, ms: i64) -> i64 {
        match self {
            Self::Offset(seconds) => i64::from(seconds),
            Self::UTC | Self::GMT => 0,
            Self::Region(region) => {
                let Some(time) = chrono::DateTime::from_timestamp_millis(ms) else { return 0 };
                i64::from(region.offset_from_utc_datetime(&time.naive_utc()).fix().local_minus_utc())
            }
        }
    }

    /// The offset in seconds that a local time has (milliseconds as if it were UTC). As Java's `ZonedDateTime`:
    /// the earlier of two, and where the clock was put forward, the offset before that.
    pub(super) fn offset_of_local(self, local: i64) -> i64 {
        match self {
            Self::Offset(_) | Self::UTC | Self::GMT => self.offset_at(local),
            Self::Region(region) => {
                let Some(time) = chrono::DateTime::from_timestamp_millis(local) else { return 0 };
                let time: NaiveDateTime = time.naive_utc();
                match region.offset_from_local_datetime(&time) {
                    chrono::LocalResult::Single(offset) | chrono::LocalResult::Ambiguous(offset, _) => {
                        i64::from(offset.fix().local_minus_utc())
                    }
                    // No offset is further than a day from UTC, so this is before the gap.
                    chrono::LocalResult::None => self.offset_at(local - super::DAY_MS),
                }
            }
        }
    }

    /// The local time of zone `from` at `ms` taken as a time of its own, as it then is in zone `to`
    /// (ksqlDB's CONVERT_TZ): what both zones differ by is added.
    pub fn convert(ms: i64, from: Self, to: Self) -> i64 {
        ms.saturating_add((to.offset_at(ms) - from.offset_at(ms)) * 1000)
    }

    /// Its id as Java prints it.
    pub(super) fn id(self) -> String {
        match self {
            Self::Region(region) => region.name().to_owned(),
            Self::Offset(seconds) => OffsetStyle::iso(5, true).text(i64::from(seconds)),
        }
    }

    /// Its abbreviation at a time in milliseconds since 1970-01-01 UTC.
    pub(super) fn abbreviation(self, ms: i64) -> String {
        let time = chrono::DateTime::from_timestamp_millis(ms).unwrap_or_default();
        match self {
            Self::Region(region) => {
                let offset = region.offset_from_utc_datetime(&time.naive_utc());
                offset.abbreviation().map_or_else(|| self.id(), str::to_owned)
            }
            Self::Offset(_) => self.id(),
        }
    }
}

/// How an offset from UTC is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct OffsetStyle {
    /// Whether minutes are always there.
    minutes: bool,
    /// Whether seconds are there where they are not zero.
    seconds: bool,
    colons: bool,
    /// Whether no offset is written as Z.
    z: bool,
}

impl OffsetStyle {
    /// The style of `count` letters X (`z`) or x.
    pub(super) fn iso(count: usize, z: bool) -> Self {
        Self { minutes: count > 1, seconds: count > 3, colons: matches!(count, 3 | 5), z }
    }

    /// Whether it is `Z` or `+hh:mm`.
    pub(super) fn is_rfc3339(self) -> bool {
        self.minutes && self.colons && self.z
    }

    /// Whether `Z` stands for no offset.
    pub(super) fn has_z(self) -> bool {
        self.z
    }

    /// An offset in seconds as text.
    pub(super) fn text(self, offset: i64) -> String {
        let (hours, minutes, seconds) = (offset.abs() / 3600, offset.abs() / 60 % 60, offset.abs() % 60);
        if offset == 0 && self.z {
            return "Z".to_owned();
        }
        let colon = if self.colons { ":" } else { "" };
        let mut text = format!("{}{hours:02}", if offset < 0 { '-' } else { '+' });
        if self.minutes || minutes > 0 {
            text.push_str(&format!("{colon}{minutes:02}"));
        }
        if self.seconds && seconds > 0 {
            text.push_str(&format!("{colon}{seconds:02}"));
        }
        text
    }

    /// The offset in seconds that a text begins with, and how long that is.
    pub(super) fn read(self, text: &str) -> Option<(i32, usize)> {
        let bytes = text.as_bytes();
        if self.z && bytes.first().is_some_and(|b| b.eq_ignore_ascii_case(&b'Z')) {
            return Some((0, 1));
        }
        let sign = match bytes.first()? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let two = |at: usize| -> Option<i32> {
            let digits = bytes.get(at..at + 2)?;
            digits
                .iter()
                .all(u8::is_ascii_digit)
                .then(|| i32::from(digits[0] - b'0') * 10 + i32::from(digits[1] - b'0'))
        };
        // A part behind the hours begins with a colon in the styles that have colons.
        let part = |at: usize| match (self.colons, bytes.get(at)) {
            (true, Some(b':')) => two(at + 1).map(|n| (n, at + 3)),
            (false, _) => two(at).map(|n| (n, at + 2)),
            _ => None,
        };
        let hours = two(1).filter(|h| *h <= 18)?;
        let (minutes, end) = match part(3) {
            Some((minutes, end)) if minutes < 60 => (minutes, end),
            None if !self.minutes => (0, 3),
            _ => return None,
        };
        let (seconds, end) = match part(end) {
            Some((seconds, end)) if self.seconds && seconds < 60 => (seconds, end),
            _ => (0, end),
        };
        Some((sign * (hours * 3600 + minutes * 60 + seconds), end))
    }
}
