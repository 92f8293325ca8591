//! Objects of JSON, field by field, from their exact text.
//!
//! What enters: the bytes of one JSON object. What leaves: names and the raw text of values, read into
//! typed fields by [`FromField`], or a problem that names the field. What holds: a number is read from its
//! digits (no float on the way to a decimal), the last of repeated names counts and null counts as absent.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Timelike, Utc};
use rust_decimal::Decimal;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::fields::{Fields, storable_text};
use crate::invalid::{Invalid, Problem};

/// Collects what is wrong while an object is read.
#[derive(Debug, Default)]
pub(crate) struct Reader {
    problems: Vec<Problem>,
}

impl Reader {
    /// Notes what is wrong with a field.
    pub(crate) fn problem(&mut self, field: &str, reason: impl Into<String>) {
        self.problems.push(Problem { field: field.to_owned(), reason: reason.into() });
    }

    /// Reads a field; null empties it.
    pub(crate) fn put<T: FromField>(&mut self, slot: &mut Option<T>, name: &str, json: &str) {
        if json == "null" {
            *slot = None;
            return;
        }
        match T::from_field(json) {
            Ok(value) => *slot = Some(value),
            Err(reason) => self.problem(name, reason),
        }
    }

    /// Keeps a field unread.
    pub(crate) fn keep(&mut self, fields: &mut Fields, name: &str, json: &str) {
        if let Err(invalid) = fields.insert(name, json) {
            self.problems.extend_from_slice(invalid.problems());
        }
    }

    /// Notes a required field that is absent, unless something else is wrong with it.
    pub(crate) fn require<T>(&mut self, slot: &Option<T>, name: &str) {
        if slot.is_none() && !self.problems.iter().any(|p| p.field == name) {
            self.problem(name, "is missing");
        }
    }

    /// All problems as one error.
    pub(crate) fn finish(self) -> Result<(), Invalid> {
        Invalid::unless_empty(self.problems)
    }
}

/// Hands out names and raw values of the object in `bytes`, in order.
pub(crate) fn read_object(bytes: &[u8], each: impl FnMut(&str, &str)) -> Result<(), Invalid> {
    let text = std::str::from_utf8(bytes).map_err(|e| Invalid::record(format!("is not UTF-8: {e}")))?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer
        .deserialize_map(ObjectVisitor(each))
        .and_then(|()| deserializer.end())
        .map_err(|e| Invalid::record(format!("is not a JSON object: {e}")))
}

struct ObjectVisitor<F>(F);

impl<'de, F: FnMut(&str, &str)> Visitor<'de> for ObjectVisitor<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(Name(name)) = map.next_key()? {
            let value: &RawValue = map.next_value()?;
            (self.0)(&name, value.get());
        }
        Ok(())
    }
}

/// A name, borrowed where it has no escapes.
struct Name<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NameVisitor;
        impl<'de> Visitor<'de> for NameVisitor {
            type Value = Name<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }
            fn visit_borrowed_str<E: serde::de::Error>(self, v: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(v)))
            }
            fn visit_str<E: serde::de::Error>(self, v: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(v.to_owned())))
            }
        }
        deserializer.deserialize_str(NameVisitor)
    }
}

/// Read from the raw JSON text of a value; the error is the end of a sentence that begins with the field.
pub(crate) trait FromField: Sized {
    fn from_field(json: &str) -> Result<Self, String>;
}

impl FromField for String {
    fn from_field(json: &str) -> Result<Self, String> {
        if !json.starts_with('"') {
            return Err(format!("{} is not a text", shortened(json)));
        }
        let text: Self =
            serde_json::from_str(json).map_err(|e| format!("{} is no valid text: {e}", shortened(json)))?;
        storable_text(&text).map(|()| text)
    }
}

impl FromField for bool {
    fn from_field(json: &str) -> Result<Self, String> {
        serde_json::from_str(json).map_err(|_| format!("{} is neither true nor false", shortened(json)))
    }
}

impl FromField for f64 {
    /// By std's parser, which gives the nearest float; serde_json's may be one off.
    fn from_field(json: &str) -> Result<Self, String> {
        let number = json.parse::<Self>().ok().filter(|number| number.is_finite());
        number.ok_or_else(|| format!("{} is not a number", shortened(json)))
    }
}

impl FromField for u8 {
    fn from_field(json: &str) -> Result<Self, String> {
        serde_json::from_str(json)
            .map_err(|_| format!("{} is not a whole number from 0 to 255", shortened(json)))
    }
}

impl FromField for Decimal {
    /// From a number, or from a text that holds one.
    fn from_field(json: &str) -> Result<Self, String> {
        let text = json.strip_prefix('"').and_then(|t| t.strip_suffix('"')).unwrap_or(json);
        exact(text).ok_or_else(|| not_exact(text, &shortened(json)))
    }
}

impl FromField for DateTime<Utc> {
    fn from_field(json: &str) -> Result<Self, String> {
        let text = String::from_field(json).map_err(|_| not_a_time(&shortened(json)))?;
        time(&text).ok_or_else(|| not_a_time(&shortened(json)))
    }
}

/// A number from text, exact; the error is the end of a sentence that begins with the field.
pub fn parse_amount(text: &str) -> Result<Decimal, String> {
    exact(text).ok_or_else(|| not_exact(text, &format!("\"{}\"", shortened(text))))
}

/// An RFC 3339 time of any offset with 0 to 9 fraction digits; the error is the end of a sentence that
/// begins with the field.
pub fn parse_timestamp(text: &str) -> Result<DateTime<Utc>, String> {
    time(text).ok_or_else(|| not_a_time(&format!("\"{}\"", shortened(text))))
}

fn not_exact(text: &str, shown: &str) -> String {
    let number = text.parse::<f64>().is_ok_and(f64::is_finite) && !text.contains(char::is_alphabetic);
    if number { format!("{shown} has more than 28 digits") } else { format!("{shown} is not a number") }
}

fn time(text: &str) -> Option<DateTime<Utc>> {
    let fraction = text.split_once('.').map_or(0, |(_, f)| f.bytes().take_while(u8::is_ascii_digit).count());
    let time = DateTime::parse_from_rfc3339(text).ok()?;
    (fraction <= 9 && time.nanosecond() < 1_000_000_000).then(|| time.to_utc())
}

fn not_a_time(shown: &str) -> String {
    format!("{shown} is not an RFC 3339 time such as 2026-01-31T22:15:00.123Z")
}

impl<T: FromField> FromField for Vec<T> {
    fn from_field(json: &str) -> Result<Self, String> {
        let items: Vec<&RawValue> =
            serde_json::from_str(json).map_err(|_| format!("{} is not a list", shortened(json)))?;
        items.into_iter().map(|item| T::from_field(item.get())).collect()
    }
}

/// An exact decimal from digits with an optional exponent; None where it is not one or does not fit.
fn exact(text: &str) -> Option<Decimal> {
    if !text.bytes().all(|b| b.is_ascii_digit() || b"+-.eE".contains(&b)) {
        return None;
    }
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let mut value = Decimal::from_str_exact(digits).ok().or_else(|| {
        let (_, fraction) = digits.split_once('.')?;
        let trimmed = digits.len() - (fraction.len() - fraction.trim_end_matches('0').len());
        Decimal::from_str_exact(&digits[..trimmed]).ok()
    })?;
    if exponent == 0 || value.is_zero() {
        return Some(value);
    }
    if exponent < 0 {
        value = value.normalize();
    }
    let scale = i32::try_from(value.scale()).ok()?.checked_sub(exponent)?;
    if scale >= 0 {
        value.set_scale(scale as u32).ok()?;
        return Some(value);
    }
    value.set_scale(0).ok()?;
    let power = Decimal::from_str(&format!("1{}", "0".repeat((-scale).min(29) as usize))).ok()?;
    value.checked_mul(power)
}

/// A value as it is quoted in a message.
fn shortened(json: &str) -> String {
    const SHOWN: usize = 60;
    match json.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &json[..end]),
        None => json.to_owned(),
    }
}
