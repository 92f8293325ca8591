//! Columns that must not be seen: masked in what is kept of a record that was refused.
//!
//! Enters: names of columns, and the bytes of a value or key. Leaves: JSON in which the fields of these names, at any
//! depth, are `"***"`; of what is no JSON nothing but its length and hash may be kept. What holds: everything else of
//! the text stays as it was, byte by byte but for the white space around what is rewritten.

use std::borrow::Cow;
use std::fmt;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

/// What stands for a masked value.
pub const MASKED: &str = "***";

/// How deep JSON is looked into: what is deeper counts as no JSON.
const DEPTH: usize = 100;

/// Names of masked columns, compared without regard to case.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mask(Vec<String>);

impl Mask {
    /// Of these names; blanks around them do not count.
    pub fn new(names: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let names = names.into_iter().map(|name| name.as_ref().trim().to_lowercase());
        Self(names.filter(|name| !name.is_empty()).collect())
    }

    /// Whether nothing is masked.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a column of this name is masked.
    pub fn covers(&self, name: &str) -> bool {
        self.0.iter().any(|masked| masked.chars().eq(name.chars().flat_map(char::to_lowercase)))
    }

    /// Whether some part of a path like `ADDRESS.LINES[2]` is masked.
    pub fn covers_path(&self, path: &str) -> bool {
        path.split(['.', '[', ']']).any(|part| self.covers(part.trim_matches(['`', '"'])))
    }

    /// The JSON with its masked fields, borrowed where it has none; None where it is no JSON (or very deep).
    pub fn json<'b>(&self, bytes: &'b [u8]) -> Option<Cow<'b, [u8]>> {
        let raw: &RawValue = serde_json::from_slice(bytes).ok()?;
        let mut out = Masked { bytes: Vec::with_capacity(bytes.len()), fields: 0 };
        self.write(raw, &mut out, DEPTH)?;
        Some(if out.fields == 0 { Cow::Borrowed(bytes) } else { Cow::Owned(out.bytes) })
    }

    fn write(&self, raw: &RawValue, masked: &mut Masked, depth: usize) -> Option<()> {
        let out = &mut masked.bytes;
        let depth = depth.checked_sub(1)?;
        let text = raw.get().trim_start();
        match text.as_bytes().first()? {
            b'{' => {
                let Members(members) = serde_json::from_str(text).ok()?;
                for (at, (name, value)) in members.into_iter().enumerate() {
                    let out = &mut masked.bytes;
                    out.push(if at == 0 { b'{' } else { b',' });
                    serde_json::to_writer(&mut *out, &name).ok()?;
                    out.push(b':');
                    if self.covers(&name) {
                        serde_json::to_writer(&mut *out, MASKED).ok()?;
                        masked.fields += 1;
                    } else {
                        self.write(value, masked, depth)?;
                    }
                }
                close(&mut masked.bytes, text, *b"{}")
            }
            b'[' => {
                let elements: Vec<&RawValue> = serde_json::from_str(text).ok()?;
                for (at, value) in elements.into_iter().enumerate() {
                    masked.bytes.push(if at == 0 { b'[' } else { b',' });
                    self.write(value, masked, depth)?;
                }
                close(&mut masked.bytes, text, *b"[]")
            }
            _ => {
                out.extend_from_slice(text.as_bytes());
                Some(())
            }
        }
    }
}

/// What is written, and how many fields of it are masked.
struct Masked {
    bytes: Vec<u8>,
    fields: usize,
}

/// Ends an object or array; one without members has not begun yet.
fn close(out: &mut Vec<u8>, text: &str, brackets: [u8; 2]) -> Option<()> {
    let inner = text.get(1..text.trim_end().len().checked_sub(1)?)?;
    if inner.trim().is_empty() {
        out.push(brackets[0]);
    }
    out.push(brackets[1]);
    Some(())
}

/// An object's members in their order, repeated names among them.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }

        deserializer.deserialize_map(Read).map(Members)
    }
}

/// The SHA-256 of bytes, in hexadecimal.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn masked(names: &str, json: &str) -> Option<String> {
        Mask::new(names.split(','))
            .json(json.as_bytes())
            .map(|bytes| String::from_utf8(bytes.into_owned()).unwrap())
    }

    #[test]
    fn fields_are_masked_at_any_depth_and_in_any_case() {
        let text = r#"{"IBAN":"DE1","a":1.10,"to":[{"Iban":{"x":2}},[]],"n":null,"e":{ },"iban":7}"#;
        let want = r#"{"IBAN":"***","a":1.10,"to":[{"Iban":"***"},[]],"n":null,"e":{},"iban":"***"}"#;
        assert_eq!(masked(" iban ", text).as_deref(), Some(want));
        assert_eq!(
            masked("b", r#"  [1, "x" , {"a" : 2, "b":3}] "#).as_deref(),
            Some(r#"[1,"x",{"a":2,"b":"***"}]"#)
        );
        let none = r#"  [1, "x" , {"a" : 2}] "#;
        assert_eq!(masked("other", none).as_deref(), Some(none), "as it was where nothing is masked");
    }

    #[test]
    fn an_escaped_name_is_the_same_name() {
        assert_eq!(masked("iban", r#"{"\u0069ban":"DE1"}"#).as_deref(), Some(r#"{"iban":"***"}"#));
    }

    #[test]
    fn what_is_no_json_or_very_deep_is_not_looked_into() {
        assert_eq!(masked("iban", r#"{"iban":"DE1""#), None);
        assert_eq!(masked("iban", ""), None);
        let deep = "[".repeat(100_000) + &"]".repeat(100_000);
        assert_eq!(masked("iban", &deep), None);
    }

    #[test]
    fn paths_are_covered_by_their_parts() {
        let mask = Mask::new(["lines"]);
        assert!(mask.covers_path("ADDRESS.LINES[2]") && !mask.covers_path("ADDRESS.LINE"));
    }

    proptest! {
        #[test]
        fn no_masked_text_is_left(keys in prop::collection::vec("[a-d]", 1..8), secret in "[0-9]{12}") {
            let members: Vec<String> =
                keys.iter().map(|key| format!(r#""{key}":"{}""#, if key == "a" { &secret } else { "x" })).collect();
            let text = format!(r#"{{"z":[{{{}}}]}}"#, members.join(", "));
            let out = masked("A", &text).unwrap();
            prop_assert!(!out.contains(&secret));
            prop_assert_eq!(out.matches('x').count(), text.matches('x').count());
        }
    }
}
