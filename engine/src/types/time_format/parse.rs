//! From a text to fields, and from fields to a date and a time.

use super::calendar::{is_leap, month_length, to_days};
use super::compile::{Item, Number, Sign};
use super::field::{FIELDS, Field, Style, name};
use super::{Zone, calendar};

/// Nanoseconds in a day.
const DAY_NS: i64 = 86_400_000_000_000;
const SECOND_NS: i64 = 1_000_000_000;

/// What a text said.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Parsed {
    fields: [Option<i64>; FIELDS],
    /// The zone or offset in the text.
    pub(super) zone: Option<Zone>,
}

/// Reads the whole of a text.
///
/// # Errors
/// The place, in bytes, from which on it does not fit.
pub(super) fn parse(items: &[Item], text: &str) -> Result<Parsed, usize> {
    let mut reader = Reader { text, at: 0, parsed: Parsed::default() };
    reader.items(items)?;
    if reader.at == text.len() { Ok(reader.parsed) } else { Err(reader.at) }
}

/// Reads the beginning of a text.
///
/// # Errors
/// The place, in bytes, from which on it does not fit.
pub(super) fn parse_start(items: &[Item], text: &str) -> Result<Parsed, usize> {
    let mut reader = Reader { text, at: 0, parsed: Parsed::default() };
    reader.items(items)?;
    Ok(reader.parsed)
}

/// Whether a text begins with a word in any case (ksqlDB parses without regard to case).
fn starts_with(text: &str, word: &str) -> bool {
    text.starts_with(word) || text.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word))
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    parsed: Parsed,
}

impl<'t> Reader<'t> {
    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn items(&mut self, items: &[Item]) -> Result<(), usize> {
        items.iter().try_for_each(|item| self.item(item))
    }

    fn item(&mut self, item: &Item) -> Result<(), usize> {
        match item {
            Item::Literal(text) if starts_with(self.rest(), text) => {
                self.at += text.len();
                Ok(())
            }
            Item::Literal(_) => Err(self.at),
            Item::Number(number) => self.number(number),
            Item::TwoDigitYear(field) => {
                let value = self.digits(2).ok_or(self.at)?;
                self.set(*field, 2000 + value, 2)
            }
            Item::Fraction(width) => {
                let value = self.digits(*width).ok_or(self.at)?;
                self.set(Field::Nano, value * 10i64.pow(9 - *width as u32), *width)
            }
            Item::Name(field, style) => self.name(*field, *style),
            Item::Offset(style) => {
                let (seconds, length) = style.read(self.rest()).ok_or(self.at)?;
                self.zone(Zone::Offset(seconds), length)
            }
            Item::GmtOffset { .. } => {
                let found = Zone::read(self.rest(), false).filter(|_| starts_with(self.rest(), "GMT"));
                let (zone, length) = found.ok_or(self.at)?;
                self.zone(if zone == Zone::GMT { Zone::Offset(0) } else { zone }, length)
            }
            Item::ZoneId | Item::ZoneName => {
                let (zone, length) = Zone::read(self.rest(), *item == Item::ZoneName).ok_or(self.at)?;
                self.zone(zone, length)
            }
            Item::Optional(section) => {
                let (at, parsed) = (self.at, self.parsed);
                if self.items(section).is_err() {
                    (self.at, self.parsed) = (at, parsed);
                }
                Ok(())
            }
        }
    }

    /// Takes over a field's value; a second, different one is refused.
    fn set(&mut self, field: Field, value: i64, length: usize) -> Result<(), usize> {
        let place = &mut self.parsed.fields[field.index()];
        if place.is_some_and(|known| known != value) {
            return Err(self.at);
        }
        *place = Some(value);
        self.at += length;
        Ok(())
    }

    fn zone(&mut self, zone: Zone, length: usize) -> Result<(), usize> {
        self.parsed.zone = Some(zone);
        self.at += length;
        Ok(())
    }

    /// The number made of exactly `width` digits that come next.
    fn digits(&self, width: usize) -> Option<i64> {
        let digits = self.rest().as_bytes().get(..width)?;
        digits.iter().try_fold(0i64, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
    }

    fn number(&mut self, number: &Number) -> Result<(), usize> {
        let sign = self.rest().bytes().next().filter(|b| matches!(b, b'+' | b'-'));
        let signed = match (number.sign, sign) {
            (_, None) => 0,
            (Sign::Normal, Some(b'-')) | (Sign::ExceedsPad, Some(_)) => 1,
            _ => return Err(self.at),
        };
        let digits = &self.rest()[signed..];
        let available = digits.bytes().take_while(u8::is_ascii_digit).count();
        // Digits that the numbers right behind it need are left to them.
        let most = available.min(number.max + number.reserved.unwrap_or(0));
        let length = most.saturating_sub(number.reserved.unwrap_or(0)).max(number.min).min(number.max);
        if length > available {
            return Err(self.at);
        }
        let padded_right = match (number.sign, sign) {
            (Sign::ExceedsPad, Some(b'+')) => length > number.min,
            (Sign::ExceedsPad, None) => length <= number.min,
            _ => true,
        };
        let value: i64 = digits[..length].parse().map_err(|_| self.at)?;
        if !padded_right || (sign == Some(b'-') && value == 0) {
            return Err(self.at);
        }
        let value = if sign == Some(b'-') { -value } else { value };
        self.set(number.field, value, signed + length)
    }

    fn name(&mut self, field: Field, style: Style) -> Result<(), usize> {
        let rest = self.rest();
        let names = field.range().take(12).filter_map(|value| Some((name(field, style, value)?, value)));
        let (name, value) =
            names.filter(|(name, _)| starts_with(rest, name)).max_by_key(|(n, _)| n.len()).ok_or(self.at)?;
        self.set(field, value, name.len())
    }
}

type Resolved<T> = Result<T, String>;

impl Parsed {
    fn get(&self, field: Field) -> Option<i64> {
        self.fields[field.index()]
    }

    fn check(&self) -> Resolved<()> {
        let all = [
            Field::Era,
            Field::Year,
            Field::YearOfEra,
            Field::Quarter,
            Field::Month,
            Field::Day,
            Field::DayOfYear,
            Field::Weekday,
            Field::AmPm,
            Field::Hour,
            Field::ClockHour,
            Field::HalfHour,
            Field::ClockHalfHour,
            Field::Minute,
            Field::Second,
            Field::Nano,
            Field::MilliOfDay,
            Field::NanoOfDay,
        ];
        for field in all {
            // The day that ends at 24:00 is settled with the time.
            let end_of_day = field == Field::Hour && self.get(field) == Some(24);
            if let Some(value) = self.get(field).filter(|v| !field.range().contains(v) && !end_of_day) {
                return Err(format!("{field:?} cannot be {value}"));
            }
        }
        Ok(())
    }

    /// The year, whichever way it was given.
    fn year(&self) -> Resolved<Option<i64>> {
        let of_era =
            self.get(Field::YearOfEra).map(|y| if self.get(Field::Era) == Some(0) { 1 - y } else { y });
        match (self.get(Field::Year), of_era) {
            (Some(a), Some(b)) if a != b => Err(format!("the years {a} and {b} contradict each other")),
            (year, of_era) => Ok(year.or(of_era)),
        }
    }

    /// Days since 1970-01-01; what is missing is that day's.
    fn date(&self) -> Resolved<i64> {
        let year = self.year()?;
        let whole = year.is_some();
        let year = year.unwrap_or(1970);
        if let Some(day_of_year) = self.get(Field::DayOfYear) {
            if day_of_year == 366 && !is_leap(year) {
                return Err(format!("{year} has no day 366"));
            }
            return self.checked(to_days(year, 1, 1) + day_of_year - 1, whole);
        }
        let quarter = self.get(Field::Quarter).map(|q| q * 3 - 2);
        let month = self.get(Field::Month).or(quarter).unwrap_or(1);
        let day = self.get(Field::Day).unwrap_or(1).min(month_length(year, month));
        let complete = whole && self.get(Field::Month).is_some() && self.get(Field::Day).is_some();
        self.checked(to_days(year, month, day), complete)
    }

    /// Compares with a day of the week, or, where the date is not given in full, moves to it.
    fn checked(&self, days: i64, complete: bool) -> Resolved<i64> {
        let actual = calendar::weekday(days);
        match self.get(Field::Weekday) {
            Some(weekday) if weekday != actual && complete => {
                Err("the day of the week is another".to_owned())
            }
            Some(weekday) if !complete && self.get(Field::Day).is_none() => Ok(days + weekday - actual),
            _ => Ok(days),
        }
    }

    /// The hour of the day, if it is known.
    fn hour(&self) -> Option<i64> {
        let half = self.get(Field::HalfHour).or(self.get(Field::ClockHalfHour).map(|h| h % 12));
        let of_half = half.map(|h| h + 12 * self.get(Field::AmPm).unwrap_or(0));
        self.get(Field::Hour).or(self.get(Field::ClockHour).map(|h| h % 24)).or(of_half)
    }

    /// Nanoseconds since midnight, which may be all of a day (24:00).
    fn time(&self) -> Resolved<i64> {
        if let Some(nanos) =
            self.get(Field::NanoOfDay).or(self.get(Field::MilliOfDay).map(|ms| ms * 1_000_000))
        {
            return Ok(nanos);
        }
        let hour = self.hour().unwrap_or(12 * self.get(Field::AmPm).unwrap_or(0));
        let [minute, second, nano] =
            [Field::Minute, Field::Second, Field::Nano].map(|f| self.get(f).unwrap_or(0));
        let nanos = (hour * 3600 + minute * 60 + second) * SECOND_NS + nano;
        if nanos > DAY_NS { Err("Hour cannot be 24".to_owned()) } else { Ok(nanos) }
    }

    /// Days since 1970-01-01 and nanoseconds since midnight.
    pub(super) fn date_time(&self) -> Resolved<(i64, i64)> {
        self.check()?;
        Ok((self.date()?, self.time()?))
    }

    /// The date of a text whose time, if it has one, is midnight.
    pub(super) fn date_only(&self) -> Resolved<i64> {
        match self.date_time()? {
            (date, 0) => Ok(date),
            _ => Err("it has a time, which a date has not".to_owned()),
        }
    }

    /// The date of a text that has all of one.
    pub(super) fn whole_date(&self) -> Resolved<i64> {
        self.check()?;
        let has = |field| self.get(field).is_some();
        let has_day = has(Field::DayOfYear) || has(Field::Month) && has(Field::Day);
        if self.year()?.is_none() || !has_day {
            return Err("it lacks the year, the month or the day".to_owned());
        }
        self.date()
    }

    /// The time of a text that has at least the hour of one.
    pub(super) fn time_only(&self) -> Resolved<i64> {
        self.check()?;
        let of_day = self.get(Field::NanoOfDay).or(self.get(Field::MilliOfDay));
        if self.hour().or(of_day).is_none() {
            return Err("it lacks the hour".to_owned());
        }
        Ok(self.time()? % DAY_NS)
    }
}
