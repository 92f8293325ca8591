//! A batch of records in one reused buffer.
//!
//! What enters: records of several partitions, copied in by the log. What leaves: borrowed views of them,
//! in the order of entry. What holds: a batch that is cleared and filled again allocates only while it
//! grows, so the hot path allocates nothing per record.

use crate::TopicPartition;

/// Records of several partitions, as one poll brought them.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    sources: Vec<TopicPartition>,
}

/// Positions in `bytes`; key, value and headers lie behind each other from `start`.
#[derive(Debug, Clone, Copy)]
struct Entry {
    start: usize,
    key: i32,
    value: i32,
    headers: u32,
    source: u32,
    offset: i64,
    timestamp: i64,
}

impl Entry {
    fn new(
        start: usize,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: u32,
        source: usize,
        offset: i64,
        timestamp: i64,
    ) -> Self {
        let length = |part: Option<&[u8]>| part.map_or(ABSENT, |p| p.len() as i32);
        Self {
            start,
            key: length(key),
            value: length(value),
            headers,
            source: source as u32,
            offset,
            timestamp,
        }
    }
}

/// Marks an absent key or value in [`Entry`].
const ABSENT: i32 = -1;

/// A record as it lies in a [`Batch`].
#[derive(Debug, Clone, Copy)]
pub struct Record<'a> {
    /// Its partition, as an index into [`Batch::sources`].
    pub source: usize,
    /// Its offset.
    pub offset: i64,
    /// Milliseconds since 1970-01-01 UTC.
    pub timestamp: i64,
    /// The key's bytes.
    pub key: Option<&'a [u8]>,
    /// The value's bytes; None is a tombstone.
    pub value: Option<&'a [u8]>,
    /// The headers.
    pub headers: Headers<'a>,
}

/// The headers of a record, in order: an iterator over names and values.
#[derive(Debug, Clone, Copy, Default)]
pub struct Headers<'a> {
    encoded: &'a [u8],
}

impl<'a> Headers<'a> {
    /// The last header of this name, as Kafka's `lastHeader`.
    pub fn last(self, name: &str) -> Option<&'a [u8]> {
        self.filter(|(n, _)| *n == name).last().map(|(_, v)| v)
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.encoded.is_empty()
    }

    /// Headers that lie as a batch keeps them: names and values in turn, each behind its length (u32, little-endian).
    pub(crate) fn from_encoded(encoded: &'a [u8]) -> Self {
        Self { encoded }
    }
}

/// Reads a length-prefixed part off the front.
fn part<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (len, tail) = rest.split_first_chunk::<4>()?;
    let (part, tail) = tail.split_at_checked(u32::from_le_bytes(*len) as usize)?;
    *rest = tail;
    Some(part)
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a str, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let name = part(&mut self.encoded)?;
        let value = part(&mut self.encoded)?;
        Some((std::str::from_utf8(name).unwrap_or_default(), value))
    }
}

impl Batch {
    /// An empty batch.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets the records and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
        self.sources.clear();
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many bytes the records take.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The partitions that the records come from, each once.
    pub fn sources(&self) -> &[TopicPartition] {
        &self.sources
    }

    /// The index of a partition in [`Batch::sources`], added where it is new.
    pub fn source(&mut self, partition: &TopicPartition) -> usize {
        self.sources.iter().position(|p| p == partition).unwrap_or_else(|| {
            self.sources.push(partition.clone());
            self.sources.len() - 1
        })
    }

    /// Copies a record in. `source` comes from [`Batch::source`]. A null header value becomes empty.
    pub fn push<'h>(
        &mut self,
        source: usize,
        offset: i64,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: impl IntoIterator<Item = (&'h str, &'h [u8])>,
    ) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(key.unwrap_or_default());
        self.bytes.extend_from_slice(value.unwrap_or_default());
        let headers_at = self.bytes.len();
        for (name, value) in headers {
            for part in [name.as_bytes(), value] {
                self.bytes.extend_from_slice(&(part.len() as u32).to_le_bytes());
                self.bytes.extend_from_slice(part);
            }
        }
        let headers = (self.bytes.len() - headers_at) as u32;
        self.entries.push(Entry::new(start, key, value, headers, source, offset, timestamp));
    }

    /// As [`Batch::push`], with headers that are already laid out.
    pub(crate) fn push_encoded(
        &mut self,
        source: usize,
        offset: i64,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: Headers<'_>,
    ) {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(key.unwrap_or_default());
        self.bytes.extend_from_slice(value.unwrap_or_default());
        self.bytes.extend_from_slice(headers.encoded);
        let headers = headers.encoded.len() as u32;
        self.entries.push(Entry::new(start, key, value, headers, source, offset, timestamp));
    }

    /// The record at `index`, which is below [`Batch::len`].
    pub fn get(&self, index: usize) -> Record<'_> {
        let e = self.entries[index];
        let mut rest = &self.bytes[e.start..];
        let mut take = |len: i32| {
            let (part, tail) = rest.split_at(len.max(0) as usize);
            rest = tail;
            (len != ABSENT).then_some(part)
        };
        let (key, value) = (take(e.key), take(e.value));
        let headers = Headers { encoded: take(e.headers as i32).unwrap_or_default() };
        Record { source: e.source as usize, offset: e.offset, timestamp: e.timestamp, key, value, headers }
    }

    /// The records in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Record<'_>> {
        (0..self.entries.len()).map(|i| self.get(i))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_come_back_as_they_went_in() {
        let mut batch = Batch::new();
        let source = batch.source(&TopicPartition::new("t", 1));
        batch.push(source, 7, 9, None, Some(b""), [("a", b"1".as_slice()), ("a", b"2")]);
        batch.push(source, 8, 9, Some(b"k"), None, []);
        let (first, second) = (batch.get(0), batch.get(1));
        assert_eq!((first.key, first.value, first.offset), (None, Some(b"".as_slice()), 7));
        assert_eq!(first.headers.last("a"), Some(b"2".as_slice()));
        assert_eq!((second.key, second.value), (Some(b"k".as_slice()), None));
        assert!(second.headers.is_empty());
    }
}
