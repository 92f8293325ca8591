//! From a date, a time, or both, to text.

use std::fmt::Write as _;

use super::calendar::{from_days, to_days, weekday};
use super::compile::{Item, Number, Sign};
use super::field::{Field, name};
use super::zone::OffsetStyle;
use super::{DAY_MS, Zone};

/// What is printed.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    days: Option<i64>,
    /// Milliseconds since midnight.
    time: Option<i64>,
    /// The zone and the time in milliseconds since 1970-01-01 UTC.
    zone: Option<(Zone, i64)>,
}

impl Moment {
    /// A local time in milliseconds, of which only the date or only the time may be there.
    pub(super) fn new(local: i64, date: bool, time: bool) -> Self {
        Self {
            days: date.then(|| local.div_euclid(DAY_MS)),
            time: time.then(|| local.rem_euclid(DAY_MS)),
            zone: None,
        }
    }

    pub(super) fn with_zone(self, zone: Zone, ms: i64) -> Self {
        Self { zone: Some((zone, ms)), ..self }
    }

    fn get(&self, field: Field) -> Option<i64> {
        if field.is_time() {
            let ms = self.time?;
            let hour = ms / 3_600_000;
            return Some(match field {
                Field::AmPm => hour / 12,
                Field::Hour => hour,
                Field::ClockHour => (hour + 23) % 24 + 1,
                Field::HalfHour => hour % 12,
                Field::ClockHalfHour => (hour + 11) % 12 + 1,
                Field::Minute => ms / 60_000 % 60,
                Field::Second => ms / 1000 % 60,
                Field::MilliOfDay => ms,
                Field::NanoOfDay => ms * 1_000_000,
                _ => ms % 1000 * 1_000_000,
            });
        }
        let days = self.days?;
        let (year, month, day) = from_days(days);
        Some(match field {
            Field::Era => i64::from(year > 0),
            Field::Year => year,
            Field::YearOfEra => {
                if year > 0 {
                    year
                } else {
                    1 - year
                }
            }
            Field::Quarter => (month + 2) / 3,
            Field::Month => month,
            Field::DayOfYear => days - to_days(year, 1, 1) + 1,
            Field::Weekday => weekday(days),
            _ => day,
        })
    }
}

/// Prints a moment.
///
/// # Errors
/// The pattern asks for something that it has not, or that is too long for its place.
pub(super) fn print(items: &[Item], moment: &Moment) -> Result<String, String> {
    let mut out = String::with_capacity(32);
    print_items(items, moment, &mut out)?;
    Ok(out)
}

fn print_items(items: &[Item], moment: &Moment, out: &mut String) -> Result<(), String> {
    items.iter().try_for_each(|item| print_item(item, moment, out))
}

fn print_item(item: &Item, moment: &Moment, out: &mut String) -> Result<(), String> {
    let field = |field: Field| {
        moment.get(field).ok_or_else(|| format!("the pattern asks for {field:?}, which is not there"))
    };
    let zone = || moment.zone.ok_or("the pattern asks for a zone, which is not there");
    match item {
        Item::Literal(text) => out.push_str(text),
        Item::Number(number) => print_number(number, field(number.field)?, out)?,
        Item::TwoDigitYear(year) => {
            write!(out, "{:02}", field(*year)?.rem_euclid(100)).map_err(|e| e.to_string())?
        }
        Item::Fraction(width) => out.push_str(&format!("{:09}", field(Field::Nano)?)[..*width]),
        Item::Name(of, style) => out.push_str(name(*of, *style, field(*of)?).unwrap_or_default()),
        Item::Offset(style) => {
            let (zone, ms) = zone()?;
            out.push_str(&style.text(zone.offset_at(ms)));
        }
        Item::GmtOffset { full } => {
            let (zone, ms) = zone()?;
            print_gmt(zone.offset_at(ms), *full, out);
        }
        Item::ZoneId => out.push_str(&zone()?.0.id()),
        Item::ZoneName => {
            let (zone, ms) = zone()?;
            out.push_str(&zone.abbreviation(ms));
        }
        Item::Optional(section) => {
            let length = out.len();
            if print_items(section, moment, out).is_err() {
                out.truncate(length);
            }
        }
    }
    Ok(())
}

fn print_number(number: &Number, value: i64, out: &mut String) -> Result<(), String> {
    let digits = value.unsigned_abs().to_string();
    if digits.len() > number.max {
        return Err(format!("{value} is too long for the pattern"));
    }
    match number.sign {
        _ if value < 0 => out.push('-'),
        Sign::ExceedsPad if digits.len() > number.min => out.push('+'),
        _ => {}
    }
    out.extend(std::iter::repeat_n('0', number.min.saturating_sub(digits.len())));
    out.push_str(&digits);
    Ok(())
}

/// `GMT`, `GMT+2`, `GMT+02:30`.
fn print_gmt(offset: i64, full: bool, out: &mut String) {
    out.push_str("GMT");
    if offset == 0 {
        return;
    }
    if full {
        out.push_str(&OffsetStyle::iso(5, false).text(offset));
        return;
    }
    let (hours, minutes) = (offset.abs() / 3600, offset.abs() / 60 % 60);
    out.push(if offset < 0 { '-' } else { '+' });
    out.push_str(&hours.to_string());
    if minutes > 0 {
        out.push_str(&format!(":{minutes:02}"));
    }
}
