//! The direct way for `yyyy-MM-dd?HH:mm:ss`, an optional fraction and a zone: digits at fixed places.
//!
//! What holds: where it gives a time, the general way gives the same; where it is not sure it gives none.

use super::Zone;
use super::calendar::{month_length, to_days};
use super::compile::Item;
use super::field::Field;

/// A pattern of the common shape.
#[derive(Debug, Clone, Copy)]
pub(super) struct FastPath {
    /// What stands between date and time.
    separator: u8,
    /// Bit n is set where n fraction digits (with a point, where n > 0) are accepted.
    fractions: u16,
    zone: ZonePart,
}

/// What follows the fraction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ZonePart {
    /// Nothing.
    None,
    /// A literal Z, which names no zone.
    Literal,
    /// `Z` or an offset.
    Offset {
        /// Whether an offset is written `+hh:mm`.
        colons: bool,
        /// Whether it may be missing.
        optional: bool,
    },
}

/// The fields before the separator and behind it, each with the literal that follows.
const DATE: [(Field, usize, &str); 2] = [(Field::Month, 2, "-"), (Field::Day, 2, "")];
const TIME: [(Field, usize, &str); 3] =
    [(Field::Hour, 2, ":"), (Field::Minute, 2, ":"), (Field::Second, 2, "")];

impl FastPath {
    /// The direct way for these items, if there is one.
    pub(super) fn of(items: &[Item]) -> Option<Self> {
        let (year, items) = items.split_first()?;
        let is_year = matches!(year, Item::Number(n) if matches!(n.field, Field::Year | Field::YearOfEra) && n.min == 4);
        let items = literal(items, "-").filter(|_| is_year)?;
        let items = numbers(items, &DATE)?;
        let (separator, items) = match items.split_first()? {
            (Item::Literal(text), rest) if text.len() == 1 => (text.as_bytes()[0], rest),
            _ => return None,
        };
        let items = numbers(items, &TIME)?;
        let (fractions, items) = fractions(items)?;
        Some(Self { separator, fractions, zone: zone_part(items)? })
    }

    /// The milliseconds since 1970-01-01 UTC, or None where the general way must decide.
    pub(super) fn parse(&self, text: &str, default_zone: Zone) -> Option<i64> {
        let (head, tail) = text.as_bytes().split_first_chunk::<19>()?;
        let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2, separator, h1, h2, b':', n1, n2, b':', s1, s2] =
            *head
        else {
            return None;
        };
        if separator != self.separator {
            return None;
        }
        let year = two(y1, y2)? * 100 + two(y3, y4)?;
        let (month, day) = (two(m1, m2)?, two(d1, d2)?);
        let (hour, minute, second) = (two(h1, h2)?, two(n1, n2)?, two(s1, s2)?);
        if year == 0 || !(1..=12).contains(&month) || day < 1 || day > month_length(year, month) {
            return None;
        }
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let (millis, rest) = self.fraction(tail)?;
        let local = ((to_days(year, month, day) * 24 + hour) * 60 + minute) * 60_000 + second * 1000 + millis;
        let offset = self.offset(rest, default_zone, local)?;
        Some(local - offset * 1000)
    }

    /// The milliseconds of a fraction, and what follows it.
    fn fraction<'t>(&self, tail: &'t [u8]) -> Option<(i64, &'t [u8])> {
        let Some((b'.', tail)) = tail.split_first() else {
            return (self.fractions & 1 != 0).then_some((0, tail));
        };
        let width = tail.iter().take_while(|b| b.is_ascii_digit()).count();
        if width == 0 || width > 9 || self.fractions >> width & 1 == 0 {
            return None;
        }
        let digit = |i: usize| if i < width { i64::from(tail[i] - b'0') } else { 0 };
        Some((digit(0) * 100 + digit(1) * 10 + digit(2), &tail[width..]))
    }

    /// The offset in seconds that the rest of the text gives.
    fn offset(&self, rest: &[u8], default_zone: Zone, local: i64) -> Option<i64> {
        match (self.zone, rest) {
            (ZonePart::None, b"")
            | (ZonePart::Literal, b"Z")
            | (ZonePart::Offset { optional: true, .. }, b"") => Some(default_zone.offset_of_local(local)),
            (ZonePart::Offset { .. }, b"Z") => Some(0),
            (ZonePart::Offset { colons: true, .. }, [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2]) => {
                let (hours, minutes) = (two(*h1, *h2)?, two(*m1, *m2)?);
                let seconds = hours * 3600 + minutes * 60;
                (hours < 18 && minutes < 60).then_some(if *sign == b'-' { -seconds } else { seconds })
            }
            _ => None,
        }
    }
}

/// The number of two digits.
#[inline]
fn two(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then_some(i64::from(tens) * 10 + i64::from(ones))
}

fn literal<'i>(items: &'i [Item], wanted: &str) -> Option<&'i [Item]> {
    match items.split_first() {
        _ if wanted.is_empty() => Some(items),
        Some((Item::Literal(text), rest)) if text == wanted => Some(rest),
        _ => None,
    }
}

fn numbers<'i>(mut items: &'i [Item], wanted: &[(Field, usize, &str)]) -> Option<&'i [Item]> {
    for (field, width, after) in wanted {
        let (first, rest) = items.split_first()?;
        let Item::Number(number) = first else { return None };
        if number.field != *field || number.min != *width || number.max != *width {
            return None;
        }
        items = literal(rest, after)?;
    }
    Some(items)
}

/// Which numbers of fraction digits the items accept, and the items that follow.
fn fractions(items: &[Item]) -> Option<(u16, &[Item])> {
    let width_of = |section: &[Item]| match section {
        [Item::Literal(point), Item::Fraction(width), ..] if point == "." => Some(*width),
        _ => None,
    };
    if let Some(width) = width_of(items) {
        return Some((1 << width, &items[2..]));
    }
    let chain: Vec<usize> = items
        .iter()
        .map_while(|item| match item {
            Item::Optional(section) if section.len() == 2 => width_of(section),
            _ => None,
        })
        .collect();
    let mut accepted = 1;
    for digits in 1..=9 {
        // The first section that finds enough digits takes as many as it has; nothing may be left over.
        if chain.iter().find(|width| **width <= digits) == Some(&digits) {
            accepted |= 1 << digits;
        }
    }
    Some((accepted, &items[chain.len()..]))
}

fn zone_part(items: &[Item]) -> Option<ZonePart> {
    let offset = |item: &Item, optional: bool| match item {
        Item::Offset(style) if style.has_z() => {
            Some(ZonePart::Offset { colons: style.is_rfc3339(), optional })
        }
        _ => None,
    };
    match items {
        [] => Some(ZonePart::None),
        [Item::Literal(text)] if text == "Z" => Some(ZonePart::Literal),
        [Item::Optional(section)] => match section.as_slice() {
            [item] => offset(item, true),
            _ => None,
        },
        [item] => offset(item, false),
        _ => None,
    }
}
