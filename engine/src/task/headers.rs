//! Columns of headers: `HEADERS` and `HEADER('name')`.
//!
//! Enters: a record's headers. Leaves: the values of the columns that are declared for them. What holds: a
//! record that is moved to a topic of ours takes them along as one header, so that both ways of reading it
//! give the same.

use super::read::problem;
use super::{InputRecord, ReadingRun, RecordHeaders};
use crate::format::DecodeError;
use crate::types::Value;

/// The header of a moved record with all headers that it had: names and values in turn, each behind its
/// length (u32, little-endian).
const SOURCE_HEADERS: &str = "source.headers";

/// Fills the columns of headers.
pub(super) fn read<'r>(
    reading: &ReadingRun,
    record: &InputRecord<'r>,
    row: &mut [Value<'r>],
) -> Result<(), DecodeError> {
    if reading.headers.is_empty() {
        return Ok(());
    }
    if !reading.repartitioned {
        fill(reading, record.headers, row);
        return Ok(());
    }
    let moved = Moved(record.headers.last(SOURCE_HEADERS).unwrap_or_default());
    if !moved.is_whole() {
        return Err(problem(format!("header {SOURCE_HEADERS} is malformed")));
    }
    fill(reading, &moved, row);
    Ok(())
}

fn fill<'r>(reading: &ReadingRun, headers: &dyn RecordHeaders<'r>, row: &mut [Value<'r>]) {
    let bytes = |value: &'r [u8]| Value::Bytes(value.into());
    for (place, name) in row.iter_mut().zip(&reading.headers) {
        *place = match name {
            Some(name) => headers.last(name).map_or(Value::Null, bytes),
            None => {
                let mut all = Vec::new();
                headers.each(&mut |name, value| {
                    all.push(Value::Struct(vec![Value::str(name), bytes(value)].into()));
                });
                Value::Array(all.into())
            }
        };
    }
}

/// The header under which a moved record takes its headers along, and its value.
pub(crate) fn moved(record: &InputRecord<'_>) -> (&'static str, Vec<u8>) {
    let mut bytes = Vec::new();
    record.headers.each(&mut |name, value| {
        for part in [name.as_bytes(), value] {
            let length = u32::try_from(part.len()).unwrap_or(u32::MAX);
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend_from_slice(part);
        }
    });
    (SOURCE_HEADERS, bytes)
}

/// Headers as [`moved`] writes them.
#[derive(Clone, Copy)]
struct Moved<'a>(&'a [u8]);

impl<'a> Moved<'a> {
    /// Takes a header off the front.
    fn next(&mut self) -> Option<(&'a str, &'a [u8])> {
        let mut part = || {
            let (length, rest) = self.0.split_first_chunk::<4>()?;
            let (part, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
            self.0 = rest;
            Some(part)
        };
        let name = std::str::from_utf8(part()?).ok()?;
        Some((name, part()?))
    }

    fn is_whole(mut self) -> bool {
        while self.next().is_some() {}
        self.0.is_empty()
    }
}

impl<'a> RecordHeaders<'a> for Moved<'a> {
    fn last(&self, name: &str) -> Option<&'a [u8]> {
        let mut found = None;
        self.each(&mut |other, value| {
            if other == name {
                found = Some(value);
            }
        });
        found
    }

    fn each(&self, visit: &mut dyn FnMut(&'a str, &'a [u8])) {
        let mut rest = *self;
        while let Some((name, value)) = rest.next() {
            visit(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct List(Vec<(&'static str, &'static [u8])>);

    impl<'a> RecordHeaders<'a> for List {
        fn last(&self, name: &str) -> Option<&'a [u8]> {
            self.0.iter().rev().find(|(other, _)| *other == name).map(|(_, value)| *value)
        }

        fn each(&self, visit: &mut dyn FnMut(&'a str, &'a [u8])) {
            self.0.iter().for_each(|(name, value)| visit(name, value));
        }
    }

    #[test]
    fn a_moved_record_keeps_its_headers() {
        let list = List(vec![("a", b"1"), ("", b""), ("a", b"22")]);
        let record =
            InputRecord { partition: 0, offset: 0, timestamp: 0, key: None, value: None, headers: &list };
        let (_, bytes) = moved(&record);
        let moved = Moved(&bytes);
        let mut seen = Vec::new();
        moved.each(&mut |name, value| seen.push((name, value)));
        assert_eq!(seen, list.0);
        assert_eq!(moved.last("a"), Some(b"22".as_slice()));
        assert_eq!(moved.last("b"), None);
        assert!(moved.is_whole() && Moved(b"").is_whole());
        assert!(!Moved(&bytes[..bytes.len() - 1]).is_whole());
    }
}
