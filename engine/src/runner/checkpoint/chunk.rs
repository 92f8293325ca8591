//! A part of a checkpoint on its way: records of several changelogs in one buffer.
//!
//! What holds: a chunk that is cleared and filled again allocates only while it grows.

/// How many bytes make a chunk full: large enough that handing it over costs nothing beside writing it, small
/// enough that a slice, which fills one at most, takes about a millisecond.
const FULL: usize = 256 << 10;

/// See the module.
#[derive(Debug, Default)]
pub(in super::super) struct Chunk {
    bytes: Vec<u8>,
    records: Vec<Entry>,
}

/// A chunk that waits, and takes little room meanwhile: the values of a store are much alike.
#[derive(Debug)]
pub(in super::super) struct Packed {
    bytes: Vec<u8>,
    records: Vec<Entry>,
}

impl Packed {
    /// How many bytes it takes.
    pub(in super::super) fn size(&self) -> usize {
        self.bytes.len() + self.records.len() * size_of::<Entry>()
    }

    /// The chunk; None where memory is damaged.
    pub(in super::super) fn unpack(&self) -> Option<Chunk> {
        let bytes = lz4_flex::block::decompress_size_prepended(&self.bytes).ok()?;
        Some(Chunk { bytes, records: self.records.clone() })
    }
}

/// The lengths of a record's key and value, which lie behind each other.
#[derive(Debug, Clone, Copy)]
struct Entry {
    log: u32,
    key: u32,
    value: Option<u32>,
}

/// A record of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) struct ChunkRecord<'c> {
    /// The place of its changelog partition in the job.
    pub(in super::super) log: usize,
    pub(in super::super) key: &'c [u8],
    /// None: the entry is gone.
    pub(in super::super) value: Option<&'c [u8]>,
}

impl Chunk {
    /// Adds a record.
    pub(in super::super) fn push(&mut self, log: usize, key: &[u8], value: Option<&[u8]>) {
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value.unwrap_or_default());
        let value = value.map(|value| value.len() as u32);
        self.records.push(Entry { log: log as u32, key: key.len() as u32, value });
    }

    /// How many bytes still go in.
    pub(in super::super) fn room(&self) -> usize {
        FULL.saturating_sub(self.bytes.len())
    }

    /// How many bytes are in it.
    pub(in super::super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Packs it.
    pub(in super::super) fn pack(mut self) -> Packed {
        self.records.shrink_to_fit();
        let mut bytes = lz4_flex::block::compress_prepend_size(&self.bytes);
        bytes.shrink_to_fit();
        Packed { bytes, records: self.records }
    }

    /// Whether nothing is in it.
    pub(in super::super) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// The records in order of entry.
    pub(in super::super) fn iter(&self) -> impl Iterator<Item = ChunkRecord<'_>> {
        let mut at = 0;
        self.records.iter().map(move |entry| {
            let key = &self.bytes[at..at + entry.key as usize];
            at += key.len();
            let value = entry.value.map(|len| &self.bytes[at..at + len as usize]);
            at += value.map_or(0, <[u8]>::len);
            ChunkRecord { log: entry.log as usize, key, value }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_out_as_they_went_in() {
        let mut chunk = Chunk::default();
        assert!(chunk.is_empty());
        chunk.push(3, b"key", Some(b"value"));
        chunk.push(0, b"", None);
        chunk.push(1, b"k", Some(b""));
        assert_eq!(chunk.room(), FULL - 9);
        // Also by way of one that waited.
        let chunk = chunk.pack().unpack().unwrap_or_default();
        let found: Vec<_> = chunk.iter().collect();
        let record = |log, key, value| ChunkRecord { log, key, value };
        assert_eq!(
            found,
            [record(3, b"key", Some(b"value")), record(0, b"", None), record(1, b"k", Some(b""))]
        );
    }
}
