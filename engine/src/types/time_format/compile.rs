//! From a pattern's letters to the items that parse and print.
//!
//! Widths and signs are those of Java's `DateTimeFormatterBuilder.appendPattern`.

use super::field::{Field, Style};
use super::zone::OffsetStyle;

/// One element of a pattern.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Item {
    /// Text that stands for itself.
    Literal(String),
    /// A number.
    Number(Number),
    /// The last two digits of a year of 2000 to 2099.
    TwoDigitYear(Field),
    /// Digits of a second behind the point.
    Fraction(usize),
    /// A name.
    Name(Field, Style),
    /// An offset such as `+02:00`.
    Offset(OffsetStyle),
    /// `GMT+2`, or in full `GMT+02:00`.
    GmtOffset {
        /// Whether hours and minutes are always written.
        full: bool,
    },
    /// A zone's id.
    ZoneId,
    /// A zone's name or abbreviation.
    ZoneName,
    /// Text that may be missing.
    Optional(Vec<Item>),
}

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) field: Field,
    /// The least and the most digits.
    pub(super) min: usize,
    pub(super) max: usize,
    pub(super) sign: Sign,
    /// Digits right behind it that belong to the numbers that follow; None where its width is fixed.
    pub(super) reserved: Option<usize>,
}

/// Which signs a number may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sign {
    /// A minus where it is negative.
    Normal,
    /// None.
    NotNegative,
    /// Also a plus where it has more than the least digits.
    ExceedsPad,
}

/// The most digits of any number.
const MAX_DIGITS: usize = 19;

/// Compiles a pattern.
pub(super) fn compile(pattern: &str) -> Result<Vec<Item>, String> {
    if pattern.is_empty() {
        return Err("the pattern is empty".to_owned());
    }
    let letters: Vec<char> = pattern.chars().collect();
    let mut stack: Vec<Vec<Item>> = vec![Vec::new()];
    let mut at = 0;
    while let Some(&letter) = letters.get(at) {
        let top = stack.last_mut().ok_or("the pattern is empty")?;
        match letter {
            '[' => stack.push(Vec::new()),
            ']' => {
                let section = stack.pop().unwrap_or_default();
                let outer = stack.last_mut().ok_or("the pattern has a ']' without a '['")?;
                outer.push(Item::Optional(section));
            }
            '\'' => {
                let (text, end) = quoted(&letters, at)?;
                push_literal(top, &text);
                at = end;
                continue;
            }
            'a'..='z' | 'A'..='Z' => {
                let count = letters[at..].iter().take_while(|l| **l == letter).count();
                top.push(item(letter, count)?);
                at += count;
                continue;
            }
            '{' | '}' | '#' => return Err(format!("'{letter}' is reserved: put it in quotes")),
            other => push_literal(top, &other.to_string()),
        }
        at += 1;
    }
    // As in Java, what was opened is closed at the end.
    while stack.len() > 1 {
        let section = stack.pop().unwrap_or_default();
        if let Some(outer) = stack.last_mut() {
            outer.push(Item::Optional(section));
        }
    }
    let mut items = stack.pop().unwrap_or_default();
    reserve(&mut items);
    Ok(items)
}

fn push_literal(items: &mut Vec<Item>, text: &str) {
    match items.last_mut() {
        Some(Item::Literal(before)) => before.push_str(text),
        _ => items.push(Item::Literal(text.to_owned())),
    }
}

/// Quoted text, whose first quote is at `start`; the place behind its last one. Two quotes are one.
fn quoted(letters: &[char], start: usize) -> Result<(String, usize), String> {
    let mut text = String::new();
    let mut at = start + 1;
    loop {
        match (letters.get(at), letters.get(at + 1)) {
            (Some('\''), Some('\'')) => {
                text.push('\'');
                at += 2;
            }
            (Some('\''), _) => break,
            (Some(letter), _) => {
                text.push(*letter);
                at += 1;
            }
            (None, _) => return Err("the pattern has a quote that is not closed".to_owned()),
        }
    }
    Ok((if text.is_empty() { "'".to_owned() } else { text }, at + 1))
}

/// What a run of one letter means.
fn item(letter: char, count: usize) -> Result<Item, String> {
    let too_many = || Err(format!("too many pattern letters: {}", letter.to_string().repeat(count)));
    match letter {
        'u' => Ok(year(Field::Year, count)),
        'y' => Ok(year(Field::YearOfEra, count)),
        'M' | 'L' | 'Q' | 'q' | 'E' | 'G' if count > 5 => too_many(),
        'M' | 'L' => Ok(number_or_name(Field::Month, count)),
        'Q' | 'q' => Ok(number_or_name(Field::Quarter, count)),
        'E' | 'G' => {
            let field = if letter == 'E' { Field::Weekday } else { Field::Era };
            Ok(Item::Name(field, if count < 4 { Style::Short } else { style(count) }))
        }
        'a' if count == 1 => Ok(Item::Name(Field::AmPm, Style::Short)),
        'd' | 'h' | 'H' | 'k' | 'K' | 'm' | 's' if count <= 2 => Ok(short_number(two_digits(letter), count)),
        'D' if count == 1 => Ok(short_number(Field::DayOfYear, 1)),
        'D' if count <= 3 => Ok(number(Field::DayOfYear, count, 3, Sign::NotNegative)),
        'S' if count <= 9 => Ok(Item::Fraction(count)),
        'A' if count <= MAX_DIGITS => Ok(number(Field::MilliOfDay, count, MAX_DIGITS, Sign::NotNegative)),
        'n' if count <= MAX_DIGITS => Ok(number(Field::Nano, count, MAX_DIGITS, Sign::NotNegative)),
        'N' if count <= MAX_DIGITS => Ok(number(Field::NanoOfDay, count, MAX_DIGITS, Sign::NotNegative)),
        'V' if count == 2 => Ok(Item::ZoneId),
        'V' => Err("a zone's id is VV".to_owned()),
        'z' if count <= 4 => Ok(Item::ZoneName),
        'O' if count == 1 || count == 4 => Ok(Item::GmtOffset { full: count == 4 }),
        'X' if count <= 5 => Ok(Item::Offset(OffsetStyle::iso(count, true))),
        'x' if count <= 5 => Ok(Item::Offset(OffsetStyle::iso(count, false))),
        'Z' if count <= 3 => Ok(Item::Offset(OffsetStyle::iso(2, false))),
        'Z' if count == 4 => Ok(Item::GmtOffset { full: true }),
        'Z' if count == 5 => Ok(Item::Offset(OffsetStyle::iso(5, true))),
        'Y' | 'w' | 'W' | 'e' | 'c' => {
            Err(format!("the week-based letter {letter} is not supported: use y for the year, E for the day"))
        }
        'a' | 'd' | 'h' | 'H' | 'k' | 'K' | 'm' | 's' | 'D' | 'S' | 'A' | 'n' | 'N' | 'z' | 'O' | 'X'
        | 'x' | 'Z' => too_many(),
        _ => Err(format!("unknown pattern letter: {letter}")),
    }
}

fn two_digits(letter: char) -> Field {
    match letter {
        'd' => Field::Day,
        'h' => Field::ClockHalfHour,
        'H' => Field::Hour,
        'k' => Field::ClockHour,
        'K' => Field::HalfHour,
        'm' => Field::Minute,
        _ => Field::Second,
    }
}

fn number(field: Field, min: usize, max: usize, sign: Sign) -> Item {
    Item::Number(Number { field, min, max, sign, reserved: Some(0) })
}

/// One letter is a number of any width, two are two digits.
fn short_number(field: Field, count: usize) -> Item {
    if count == 1 {
        number(field, 1, MAX_DIGITS, Sign::Normal)
    } else {
        number(field, count, count, Sign::NotNegative)
    }
}

fn year(field: Field, count: usize) -> Item {
    match count {
        2 => Item::TwoDigitYear(field),
        1 | 3 => number(field, count, MAX_DIGITS, Sign::Normal),
        _ => number(field, count, MAX_DIGITS.max(count), Sign::ExceedsPad),
    }
}

fn style(count: usize) -> Style {
    match count {
        3 => Style::Short,
        4 => Style::Full,
        _ => Style::Narrow,
    }
}

fn number_or_name(field: Field, count: usize) -> Item {
    if count <= 2 { short_number(field, count) } else { Item::Name(field, style(count)) }
}

/// Lets a number of open width leave the digits of the fixed-width ones right behind it.
fn reserve(items: &mut [Item]) {
    let widths: Vec<Option<usize>> = items.iter().map(fixed_width).collect();
    for (i, item) in items.iter_mut().enumerate() {
        match item {
            Item::Number(n) if widths[i].is_none() => {
                let behind: usize = widths[i + 1..].iter().map_while(|w| *w).sum();
                n.reserved = Some(behind);
            }
            Item::Number(n) => n.reserved = None,
            Item::Optional(section) => reserve(section),
            _ => {}
        }
    }
}

/// The width of a number that always has the same.
fn fixed_width(item: &Item) -> Option<usize> {
    match item {
        Item::Number(n) if n.min == n.max && n.sign == Sign::NotNegative => Some(n.min),
        Item::TwoDigitYear(_) => Some(2),
        Item::Fraction(width) => Some(*width),
        _ => None,
    }
}
