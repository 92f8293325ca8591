//! A whole JSON value in memory: for the functions over JSON text, and for an object read as a VARCHAR.
//!
//! What holds: numbers keep their text; an object's fields keep their order, and of two of one name the first
//! place and the last value stay (as in Java's `LinkedHashMap`).

use std::borrow::Cow;

use super::encode::write_string;
use super::scanner::{Scanner, Syntax};
use crate::types::java_decimal_text;

/// A JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Json<'a> {
    /// null
    Null,
    /// true or false
    Boolean(bool),
    /// A number as written.
    Number(&'a str),
    /// A string.
    String(Cow<'a, str>),
    /// An array.
    Array(Vec<Json<'a>>),
    /// An object.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

/// Parses one JSON value with nothing after it; None where the text is something else.
pub fn parse(text: &str) -> Option<Json<'_>> {
    let mut scanner = Scanner::new(text);
    let value = read(&mut scanner).ok()?;
    scanner.end().ok()?;
    Some(value)
}

fn read<'a>(scanner: &mut Scanner<'a>) -> Result<Json<'a>, Syntax> {
    Ok(match scanner.peek() {
        Some(b'"') => Json::String(scanner.string()?),
        Some(b'{') => read_object(scanner)?,
        Some(b'[') => {
            scanner.enter()?;
            let mut elements = Vec::new();
            while scanner.more(b']', elements.is_empty())? {
                elements.push(read(scanner)?);
            }
            Json::Array(elements)
        }
        Some(b't') => scanner.literal("true").map(|()| Json::Boolean(true))?,
        Some(b'f') => scanner.literal("false").map(|()| Json::Boolean(false))?,
        Some(b'n') => scanner.literal("null").map(|()| Json::Null)?,
        Some(_) => Json::Number(scanner.number()?.text),
        None => scanner.error("a value is missing")?,
    })
}

fn read_object<'a>(scanner: &mut Scanner<'a>) -> Result<Json<'a>, Syntax> {
    scanner.enter()?;
    let mut fields: Vec<(Cow<'a, str>, Json<'a>)> = Vec::new();
    while scanner.more(b'}', fields.is_empty())? {
        let name = scanner.name()?;
        let value = read(scanner)?;
        match fields.iter_mut().find(|(known, _)| *known == name) {
            Some(field) => field.1 = value,
            None => fields.push((name, value)),
        }
    }
    Ok(Json::Object(fields))
}

impl Json<'_> {
    /// Appends it without white space, as Jackson writes what it has read: numbers with a point or an exponent
    /// as `BigDecimal.toString`.
    pub fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Boolean(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
            Self::Number(text) => out.extend_from_slice(java_decimal_text(text).as_bytes()),
            Self::String(text) => write_string(text, out),
            Self::Array(elements) => {
                out.push(b'[');
                for (i, element) in elements.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    element.write(out);
                }
                out.push(b']');
            }
            Self::Object(fields) => {
                out.push(b'{');
                for (i, (name, value)) in fields.iter().enumerate() {
                    if i > 0 {
                        out.push(b',');
                    }
                    write_string(name, out);
                    out.push(b':');
                    value.write(out);
                }
                out.push(b'}');
            }
        }
    }

    /// Its text as JSON, see [`Json::write`].
    pub fn to_text(&self) -> String {
        let mut out = Vec::new();
        self.write(&mut out);
        String::from_utf8(out).unwrap_or_default()
    }

    /// What it is where a VARCHAR is declared: strings bare, objects as JSON, arrays as `[a, b]`.
    pub fn to_varchar(&self) -> String {
        match self {
            Self::String(text) => text.clone().into_owned(),
            Self::Array(elements) => {
                let texts: Vec<String> = elements.iter().map(Self::to_varchar).collect();
                format!("[{}]", texts.join(", "))
            }
            other => other.to_text(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes() {
        let json = parse(r#" {"a" : [1, 2.50, "x\u00e9\"", null], "b":{}, "a": true} "#).unwrap();
        assert_eq!(json.to_text(), r#"{"a":true,"b":{}}"#);
        assert_eq!(
            parse("[1, \"b\", {\"c\": [1]}, null]").unwrap().to_varchar(),
            r#"[1, b, {"c":[1]}, null]"#
        );
        assert_eq!(parse("[1,]"), None);
        assert_eq!(parse("1 2"), None);
        assert_eq!(parse(&"[".repeat(1000)), None);
    }
}
