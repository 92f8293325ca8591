//! The one value that MIN, MAX, LATEST and EARLIEST keep.
//!
//! What holds: a short text, as an identifier mostly is, lies in place and costs neither an allocation nor
//! another piece of memory to wait for; what was put in comes out.

use super::codec;
use crate::types::Value;

/// The longest text that lies in place, in bytes: a UUID fits.
const SHORT: usize = 38;

/// A value, or none yet.
#[derive(Debug, Clone, PartialEq)]
pub struct Kept(Inner);

#[derive(Debug, Clone, PartialEq)]
enum Inner {
    Nothing,
    /// A text; the bytes after its length are 0.
    Short {
        len: u8,
        bytes: [u8; SHORT],
    },
    Other(Value<'static>),
}

impl Kept {
    /// Before any value.
    pub const NOTHING: Self = Self(Inner::Nothing);

    /// The memory that it has beside itself, in bytes.
    pub(super) fn heap_size(&self) -> usize {
        match &self.0 {
            Inner::Other(value) => value.heap_size(),
            _ => 0,
        }
    }

    /// Keeps this value, which may be NULL.
    pub fn set(&mut self, value: &Value<'_>) {
        match (&mut self.0, value) {
            (inner, Value::String(text)) if text.len() <= SHORT => {
                let mut bytes = [0; SHORT];
                bytes[..text.len()].copy_from_slice(text.as_bytes());
                *inner = Inner::Short { len: text.len() as u8, bytes };
            }
            (Inner::Other(mine), value) => mine.assign(value),
            (inner, value) => *inner = Inner::Other(value.clone().into_owned()),
        }
    }

    /// Appends whether there is a value, then the value or NULL; a text as it lies here, unread.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match &self.0 {
            Inner::Nothing => {
                out.push(0);
                codec::write_value(out, &Value::Null);
            }
            Inner::Short { len, bytes } => {
                out.push(1);
                codec::write_text(out, &bytes[..usize::from(*len)]);
            }
            Inner::Other(value) => {
                out.push(1);
                codec::write_value(out, value);
            }
        }
    }

    /// How many bytes its text has; None where it is none.
    pub(super) fn text_len(&self) -> Option<usize> {
        match &self.0 {
            Inner::Short { len, .. } => Some(usize::from(*len)),
            Inner::Other(Value::String(text)) => Some(text.len()),
            _ => None,
        }
    }

    /// The value; None before any.
    pub fn get(&self) -> Option<Value<'_>> {
        match &self.0 {
            Inner::Nothing => None,
            // It was a text when it was put in.
            Inner::Short { len, bytes } => {
                std::str::from_utf8(&bytes[..usize::from(*len)]).ok().map(Value::str)
            }
            Inner::Other(value) => Some(value.borrowed()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_what_was_put_in() {
        let mut kept = Kept::NOTHING;
        assert_eq!(kept.get(), None);
        for len in [0, 1, SHORT, SHORT + 1, 3, 1000, SHORT] {
            let text = "x".repeat(len);
            kept.set(&Value::str(&text));
            assert_eq!(kept.get(), Some(Value::str(&text)));
            kept.set(&Value::Bigint(len as i64));
            assert_eq!(kept.get(), Some(Value::Bigint(len as i64)));
        }
        kept.set(&Value::Null);
        assert_eq!(kept.get(), Some(Value::Null));
    }

    #[test]
    fn an_accumulator_takes_no_more_for_it() {
        assert_eq!(size_of::<Kept>(), 40);
        assert_eq!(size_of::<crate::types::aggregate::Accumulator>(), 40);
    }
}
