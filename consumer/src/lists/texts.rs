//! Many short texts in one piece of memory.
//!
//! What enters: texts. What leaves: a [`Span`] for each. What holds: equal texts that were interned share
//! their bytes; nothing is freed but all at once, so whoever gives texts up counts that and rebuilds.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// Where a text lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Span {
    start: u32,
    length: u16,
}

/// The texts do not fit: they are over 4 GiB together, or one is over 64 KiB.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the lists hold more than 4 GiB of text")]
pub(crate) struct Full;

/// The texts.
#[derive(Debug, Default)]
pub(super) struct Texts {
    bytes: String,
    interned: HashTable<Span>,
    hasher: DefaultHashBuilder,
}

impl Texts {
    /// Room for so many bytes more.
    pub(super) fn reserve(&mut self, bytes: usize) {
        self.bytes.reserve(bytes);
    }

    /// How many bytes it holds.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// The text of a span that this gave.
    pub(super) fn get(&self, span: Span) -> &str {
        let start = span.start as usize;
        &self.bytes[start..start + usize::from(span.length)]
    }

    /// Adds a text.
    pub(super) fn add(&mut self, text: &str) -> Result<Span, Full> {
        let start = u32::try_from(self.bytes.len()).map_err(|_| Full)?;
        let span = Span { start, length: u16::try_from(text.len()).map_err(|_| Full)? };
        self.bytes.push_str(text);
        Ok(span)
    }

    /// Adds a text unless it is there.
    pub(super) fn intern(&mut self, text: &str) -> Result<Span, Full> {
        let hash = self.hasher.hash_one(text);
        let bytes = &self.bytes;
        let of = |span: &Span| &bytes[span.start as usize..span.start as usize + usize::from(span.length)];
        if let Some(span) = self.interned.find(hash, |span| of(span) == text) {
            return Ok(*span);
        }
        let span = self.add(text)?;
        let (bytes, hasher) = (&self.bytes, &self.hasher);
        let of = |span: &Span| &bytes[span.start as usize..span.start as usize + usize::from(span.length)];
        self.interned.insert_unique(hash, span, |span| hasher.hash_one(of(span)));
        Ok(span)
    }
}
