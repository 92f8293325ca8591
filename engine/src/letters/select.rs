//! Which letters are meant.

use super::Letter;

/// All conditions hold; an empty one holds always.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// Who refused the record.
    pub stage: Option<String>,
    /// The word for the reason: one of these.
    pub codes: Vec<String>,
    /// A text that the reason has in it.
    pub reason: Option<String>,
    /// The source's partition.
    pub partition: Option<i32>,
    /// The source's offsets, first and last: all that the letter is about lies within.
    pub offsets: Option<(i64, i64)>,
    /// The record's time is not before this, in milliseconds.
    pub since: Option<i64>,
    /// The letters' own offsets; none: all.
    pub letters: Vec<i64>,
}

impl Selection {
    /// Whether it names nothing, which means all.
    pub fn is_all(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a letter is meant.
    pub fn takes(&self, letter: &Letter) -> bool {
        let source = &letter.source;
        self.stage.as_ref().is_none_or(|stage| *stage == letter.stage)
            && (self.codes.is_empty() || self.codes.contains(&letter.code))
            && self.reason.as_ref().is_none_or(|text| letter.reason.contains(text.as_str()))
            && self.partition.is_none_or(|partition| partition == source.partition)
            && self.offsets.is_none_or(|(first, last)| first <= source.offset && source.last <= last)
            && self.since.is_none_or(|since| source.timestamp.is_some_and(|time| time >= since))
            && (self.letters.is_empty() || self.letters.contains(&letter.offset))
    }
}
