//! Records of one commit and one partition as bytes: what a stored value holds.
//!
//! What enters: records as they are produced. What leaves: the same records with their offsets, decoded
//! one at a time. What holds: a commit larger than [`TARGET`] becomes several chunks, so that a reader
//! never decodes more than about that much at once; offsets inside a chunk are relative to its base,
//! which the key carries, so a chunk is encoded before its offset is known.
//!
//! A chunk is: the time of the commit (i64, milliseconds), then per record: offset delta (u32), timestamp
//! (i64), length of key (i32, -1 absent), of value (i32, -1 absent), of headers (u32); key; value; headers
//! as length-prefixed names and values. Little-endian.

use fjall::Slice;

use crate::{Batch, Headers, Outgoing};

/// A chunk is closed once it has this many bytes.
pub(super) const TARGET: usize = 128 * 1024;
const HEAD: usize = 8;
const RECORD_HEAD: usize = 24;
const ABSENT: i32 = -1;

/// A chunk being filled.
#[derive(Debug)]
pub(super) struct Chunk {
    bytes: Vec<u8>,
    records: u32,
}

impl Chunk {
    pub(super) fn new() -> Self {
        Self { bytes: vec![0; HEAD], records: 0 }
    }

    pub(super) fn records(&self) -> i64 {
        i64::from(self.records)
    }

    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }

    pub(super) fn is_full(&self) -> bool {
        self.bytes.len() >= TARGET
    }

    pub(super) fn push(&mut self, record: &Outgoing<'_>) {
        let length = |part: Option<&[u8]>| part.map_or(ABSENT, |p| p.len() as i32);
        let headers: usize = record.headers.iter().map(|(n, v)| 8 + n.len() + v.len()).sum();
        self.bytes.extend_from_slice(&self.records.to_le_bytes());
        self.bytes.extend_from_slice(&record.timestamp.to_le_bytes());
        self.bytes.extend_from_slice(&length(record.key).to_le_bytes());
        self.bytes.extend_from_slice(&length(record.value).to_le_bytes());
        self.bytes.extend_from_slice(&(headers as u32).to_le_bytes());
        self.bytes.extend_from_slice(record.key.unwrap_or_default());
        self.bytes.extend_from_slice(record.value.unwrap_or_default());
        for (name, value) in record.headers {
            for part in [name.as_bytes(), value] {
                self.bytes.extend_from_slice(&(part.len() as u32).to_le_bytes());
                self.bytes.extend_from_slice(part);
            }
        }
        self.records += 1;
    }

    /// The stored value, with the time of the commit.
    pub(super) fn seal(mut self, now: i64) -> Slice {
        if let Some(head) = self.bytes.first_chunk_mut::<HEAD>() {
            *head = now.to_le_bytes();
        }
        Slice::from(self.bytes)
    }
}

/// Reads a stored chunk, a record at a time.
#[derive(Debug, Clone)]
pub(super) struct ChunkReader {
    base: i64,
    bytes: Slice,
    at: usize,
}

/// The fixed part of a record.
struct Head {
    delta: u32,
    timestamp: i64,
    key: i32,
    value: i32,
    headers: u32,
}

fn head(bytes: &[u8]) -> Option<(Head, &[u8])> {
    let (h, rest) = bytes.split_first_chunk::<RECORD_HEAD>()?;
    let (delta, h) = h.split_first_chunk::<4>()?;
    let (timestamp, h) = h.split_first_chunk::<8>()?;
    let (key, h) = h.split_first_chunk::<4>()?;
    let (value, h) = h.split_first_chunk::<4>()?;
    let head = Head {
        delta: u32::from_le_bytes(*delta),
        timestamp: i64::from_le_bytes(*timestamp),
        key: i32::from_le_bytes(*key),
        value: i32::from_le_bytes(*value),
        headers: u32::from_le_bytes(*h.first_chunk::<4>()?),
    };
    Some((head, rest))
}

impl Head {
    fn body(&self) -> usize {
        self.key.max(0) as usize + self.value.max(0) as usize + self.headers as usize
    }
}

/// Takes an optional part of a record off the front.
fn part<'a>(rest: &mut &'a [u8], length: i32) -> Option<&'a [u8]> {
    let (part, tail) = rest.split_at_checked(length.max(0) as usize)?;
    *rest = tail;
    (length != ABSENT).then_some(part)
}

impl ChunkReader {
    pub(super) fn new(base: i64, bytes: Slice) -> Self {
        Self { base, bytes, at: HEAD }
    }

    /// The offset of the next record; None at the end.
    pub(super) fn next_offset(&self) -> Option<i64> {
        head(self.bytes.get(self.at..)?).map(|(h, _)| self.base + i64::from(h.delta))
    }

    /// Skips the records below an offset.
    pub(super) fn skip_to(&mut self, offset: i64) {
        while let Some((head, _)) = self.bytes.get(self.at..).and_then(head) {
            if self.base + i64::from(head.delta) >= offset {
                break;
            }
            self.at += RECORD_HEAD + head.body();
        }
    }

    /// Copies the next record into a batch and tells its offset; None at the end.
    pub(super) fn copy_next(&mut self, batch: &mut Batch, source: usize) -> Option<i64> {
        let (head, mut rest) = head(self.bytes.get(self.at..)?)?;
        let offset = self.base + i64::from(head.delta);
        let (key, value) = (part(&mut rest, head.key), part(&mut rest, head.value));
        let headers = Headers::from_encoded(rest.get(..head.headers as usize)?);
        batch.push_encoded(source, offset, head.timestamp, key, value, headers);
        self.at += RECORD_HEAD + head.body();
        Some(offset)
    }
}

/// When the commit of a stored chunk was, in milliseconds since 1970-01-01 UTC.
pub(super) fn written_at(chunk: &[u8]) -> i64 {
    chunk.first_chunk::<HEAD>().map_or(0, |head| i64::from_le_bytes(*head))
}

/// A record of a stored chunk, as compaction sees it.
#[derive(Debug)]
pub(super) struct Stored<'a> {
    pub(super) offset: i64,
    pub(super) key: Option<&'a [u8]>,
    pub(super) tombstone: bool,
    /// All of it, as it lies in the chunk.
    bytes: &'a [u8],
}

/// The records of a stored chunk.
pub(super) fn records(base: i64, chunk: &[u8]) -> impl Iterator<Item = Stored<'_>> {
    let mut rest = chunk.get(HEAD..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (head, mut body) = head(rest)?;
        let (bytes, tail) = rest.split_at_checked(RECORD_HEAD + head.body())?;
        rest = tail;
        let key = part(&mut body, head.key);
        Some(Stored {
            offset: base + i64::from(head.delta),
            key,
            tombstone: head.value == ABSENT && key.is_some(),
            bytes,
        })
    })
}

/// A stored chunk being written anew without some of its records.
pub(super) struct Filtered<'a> {
    before: &'a [u8],
    /// Where the record lies that comes next.
    at: usize,
    /// None as long as nothing was left out.
    kept: Option<Vec<u8>>,
}

impl<'a> Filtered<'a> {
    pub(super) fn new(before: &'a [u8]) -> Self {
        Self { before, at: HEAD, kept: None }
    }

    pub(super) fn keep(&mut self, record: &Stored<'_>) {
        self.at += record.bytes.len();
        if let Some(kept) = &mut self.kept {
            kept.extend_from_slice(record.bytes);
        }
    }

    pub(super) fn skip(&mut self, record: &Stored<'_>) {
        let (before, at) = (self.before, self.at);
        self.kept.get_or_insert_with(|| before[..at].to_vec());
        self.at += record.bytes.len();
    }

    /// The chunk as it is to be stored, empty where no record stays; None where all do.
    pub(super) fn finish(self) -> Option<Slice> {
        let kept = self.kept?;
        Some(if kept.len() > HEAD { Slice::from(kept) } else { Slice::from([]) })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::TopicPartition;

    fn record<'a>(
        key: Option<&'a [u8]>,
        value: Option<&'a [u8]>,
        headers: &'a [(&'a str, &'a [u8])],
    ) -> Outgoing<'a> {
        Outgoing { topic: "t", partition: None, key, value, timestamp: 42, headers }
    }

    #[test]
    fn records_come_back_with_their_offsets() {
        let mut chunk = Chunk::new();
        chunk.push(&record(None, Some(b"v"), &[("h", b"1"), ("h", b"")]));
        chunk.push(&record(Some(b""), None, &[]));
        chunk.push(&record(Some(b"k"), Some(b"w"), &[]));
        let mut reader = ChunkReader::new(10, chunk.seal(7));
        let mut batch = Batch::new();
        let source = batch.source(&TopicPartition::new("t", 0));
        while reader.copy_next(&mut batch, source).is_some() {}
        let (a, b) = (batch.get(0), batch.get(1));
        assert_eq!((a.offset, a.key, a.value, a.timestamp), (10, None, Some(b"v".as_slice()), 42));
        assert_eq!(a.headers.collect::<Vec<_>>(), [("h", b"1".as_slice()), ("h", b"")]);
        assert_eq!((b.offset, b.key, b.value), (11, Some(b"".as_slice()), None));
        assert_eq!(reader.next_offset(), None);
    }

    #[test]
    fn skipping_stops_at_the_first_record_not_below() {
        let mut chunk = Chunk::new();
        for _ in 0..4 {
            chunk.push(&record(None, Some(b"v"), &[]));
        }
        let mut reader = ChunkReader::new(10, chunk.seal(0));
        reader.skip_to(12);
        assert_eq!(reader.next_offset(), Some(12));
        reader.skip_to(99);
        assert_eq!(reader.next_offset(), None);
    }
}
