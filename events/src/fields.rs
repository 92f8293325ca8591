//! Fields that are kept unread.
//!
//! What enters: names and JSON texts. What leaves: the same texts, byte for byte. What holds: all of it is
//! JSON that PostgreSQL's JSONB accepts.

use std::collections::BTreeMap;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::invalid::Invalid;

/// Named JSON values, each kept as the text it came in.
#[derive(Debug, Clone, Default)]
pub struct Fields(BTreeMap<String, Box<RawValue>>);

impl PartialEq for Fields {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Fields {
    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The JSON text of a value.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|raw| raw.get())
    }

    /// Names and the JSON texts of their values, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, raw)| (name.as_str(), raw.get()))
    }

    /// Adds a value by its JSON text, replacing one of the same name. Refused: what is not JSON, or what
    /// PostgreSQL's JSONB cannot hold (U+0000, lone surrogates, exponents over 1,000, over 100 levels).
    pub fn insert(&mut self, name: &str, json: &str) -> Result<(), Invalid> {
        let fail = |reason: String| Invalid::field(name, reason);
        let raw = RawValue::from_string(json.to_owned()).map_err(|e| fail(format!("is not JSON: {e}")))?;
        storable_text(name).and_then(|()| storable_json(json)).map_err(fail)?;
        self.0.insert(name.to_owned(), raw);
        Ok(())
    }

    /// The JSON object of all, as text.
    pub fn to_json(&self) -> String {
        let mut text = String::from("{");
        for (i, (name, json)) in self.iter().enumerate() {
            if i > 0 {
                text.push(',');
            }
            text.push_str(&serde_json::Value::from(name).to_string());
            text.push(':');
            text.push_str(json);
        }
        text.push('}');
        text
    }

    pub(crate) fn serialize_into<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        self.0.iter().try_for_each(|(name, raw)| map.serialize_entry(name, raw))
    }
}

impl Serialize for Fields {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        self.serialize_into(&mut map)?;
        map.end()
    }
}

/// PostgreSQL's text holds every character but U+0000.
pub(crate) fn storable_text(text: &str) -> Result<(), String> {
    if text.contains('\0') {
        Err("holds the character U+0000, which cannot be stored".into())
    } else {
        Ok(())
    }
}

/// The deepest nesting that is kept; PostgreSQL's own limit is its stack.
const MAX_DEPTH: usize = 100;

/// The largest exponent that is kept; PostgreSQL's numeric ends at 131,072 digits.
const MAX_EXPONENT: i32 = 1_000;

/// Whether valid JSON text can be stored as JSONB.
fn storable_json(json: &str) -> Result<(), String> {
    let mut rest = json;
    let mut depth = 0_usize;
    while let Some(c) = rest.chars().next() {
        rest = &rest[c.len_utf8()..];
        match c {
            '[' | '{' => depth += 1,
            ']' | '}' => depth = depth.saturating_sub(1),
            '"' => rest = string_end(rest)?,
            'e' | 'E' => exponent(rest)?,
            // The letters of true, false and null hold an e as well.
            't' | 'f' | 'n' => rest = rest.trim_start_matches(|c: char| c.is_ascii_lowercase()),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Err(format!("is nested more than {MAX_DEPTH} levels deep"));
        }
    }
    Ok(())
}

/// Passes over a string whose opening quote is behind, and looks at its escapes.
fn string_end(text: &str) -> Result<&str, String> {
    let mut rest = text;
    let mut high = false;
    while let Some(at) = rest.find(['"', '\\']) {
        let lone = high && at > 0;
        let tail = &rest[at..];
        let code =
            tail.strip_prefix("\\u").and_then(|t| t.get(..4)).and_then(|h| u32::from_str_radix(h, 16).ok());
        let low = code.is_some_and(|c| (0xdc00..0xe000).contains(&c));
        if lone || high != low {
            return Err("holds half of a surrogate pair, which cannot be stored".into());
        }
        high = code.is_some_and(|c| (0xd800..0xdc00).contains(&c));
        match code {
            Some(0) => return storable_text("\0").map(|()| text),
            Some(_) => rest = &tail[6..],
            None if tail.starts_with('"') => return Ok(&tail[1..]),
            None => rest = tail.get(2..).unwrap_or_default(),
        }
    }
    Ok("")
}

/// The digits after an e.
fn exponent(text: &str) -> Result<(), String> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '-' && c != '+').unwrap_or(text.len());
    match text[..end].parse::<i32>() {
        Ok(e) if e.abs() <= MAX_EXPONENT => Ok(()),
        _ => Err(format!("holds a number with an exponent over {MAX_EXPONENT}, which cannot be stored")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_jsonb_refuses_is_refused() {
        let deep = format!("{}1{}", "[".repeat(101), "]".repeat(101));
        let refused = [
            r#""a\u0000""#,
            r#"{"\u0000":1}"#,
            r#""\ud800""#,
            r#""\udc00x""#,
            r#""\ud800x\udc00""#,
            "1e131073",
            &deep,
        ];
        for json in refused {
            assert!(Fields::default().insert("x", json).is_err(), "{json}");
        }
        let kept = [
            r#""\\u0000""#,
            r#""\ud83d\ude00""#,
            "-1.5E+3",
            "[true,false,null]",
            r#"{"e":"e999999","t":[1e2]}"#,
            r#""\"\\""#,
        ];
        for json in kept {
            let mut fields = Fields::default();
            assert_eq!(fields.insert("x", json), Ok(()), "{json}");
            assert_eq!(fields.get("x"), Some(json));
        }
    }
}
