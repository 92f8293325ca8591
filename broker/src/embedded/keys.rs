//! How the log lies in the key-value store.
//!
//! Integers in keys are big-endian, so that byte order is their order. Topics are numbered and numbers
//! are never used again, so a topic that is made anew never meets the records of its predecessor.
//!
//! | table | key | value |
//! |---|---|---|
//! | meta | `c` | the cluster's id |
//! | meta | `f` | the version of this layout, one byte |
//! | meta | `n` | the next topic number, u32 |
//! | meta | `t` name | the topic as JSON |
//! | meta | `p` topic number, partition | start, end, bytes and lowest chunk of the partition, 4 x u64 |
//! | meta | `k` topic number, partition | how far the partition is compacted ([`Cleaned`]) |
//! | meta | `d` topic number | nothing; the topic was deleted and its chunks are on their way out |
//! | meta | `o` group, 0, topic, 0, partition | committed offset, then its metadata |
//! | log | topic number, partition, base offset | one chunk of one commit |

use fjall::Slice;

use crate::TopicPartition;

/// The version of the layout; a database of another one is refused.
pub(super) const LAYOUT: u8 = 1;
pub(super) const CLUSTER: &[u8] = b"c";
pub(super) const FORMAT: &[u8] = b"f";
pub(super) const NEXT_TOPIC: &[u8] = b"n";
/// All topics lie from here to before [`TOPICS_END`].
pub(super) const TOPICS: &[u8] = b"t";
pub(super) const TOPICS_END: &[u8] = b"u";
/// All committed offsets lie from here to before [`OFFSETS_END`].
pub(super) const OFFSETS: &[u8] = b"o";
pub(super) const OFFSETS_END: &[u8] = b"p";

/// Deleted topics whose chunks are still there lie from here to before [`DELETED_END`].
pub(super) const DELETED: &[u8] = b"d";
pub(super) const DELETED_END: &[u8] = b"e";

pub(super) fn deleted(topic: u32) -> Vec<u8> {
    [DELETED, &topic.to_be_bytes()].concat()
}

pub(super) fn cleaned(topic: u32, partition: i32) -> Vec<u8> {
    [b"k".as_slice(), &topic.to_be_bytes(), &partition.to_be_bytes()].concat()
}

pub(super) fn topic(name: &str) -> Vec<u8> {
    [TOPICS, name.as_bytes()].concat()
}

pub(super) fn ends(topic: u32, partition: i32) -> Vec<u8> {
    [b"p".as_slice(), &topic.to_be_bytes(), &partition.to_be_bytes()].concat()
}

/// All committed offsets of a group begin so.
pub(super) fn group(group: &str) -> Vec<u8> {
    [OFFSETS, group.as_bytes(), &[0]].concat()
}

pub(super) fn offset(group_name: &str, of: &TopicPartition) -> Vec<u8> {
    [group(group_name).as_slice(), of.topic.as_bytes(), &[0], &of.partition.to_be_bytes()].concat()
}

/// The group in a key made by [`offset`].
pub(super) fn group_of_offset(key: &[u8]) -> Option<&[u8]> {
    key.strip_prefix(OFFSETS)?.split(|b| *b == 0).next()
}

/// The topic in a key made by [`offset`].
pub(super) fn topic_of_offset(key: &[u8]) -> Option<&[u8]> {
    key.split(|b| *b == 0).nth(1)
}

pub(super) fn chunk(topic: u32, partition: i32, base: i64) -> Vec<u8> {
    let mut key = Vec::with_capacity(16);
    key.extend_from_slice(&topic.to_be_bytes());
    key.extend_from_slice(&partition.to_be_bytes());
    key.extend_from_slice(&base.to_be_bytes());
    key
}

/// The base offset in a key made by [`chunk`].
pub(super) fn base_of_chunk(key: &[u8]) -> i64 {
    key.last_chunk::<8>().map_or(0, |b| i64::from_be_bytes(*b))
}

/// What the log knows of a partition without looking at its records.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ends {
    /// The oldest offset that is kept.
    pub(super) start: i64,
    /// The next offset to be written.
    pub(super) end: i64,
    /// The bytes of its chunks.
    pub(super) bytes: u64,
    /// No chunk begins below; those that end before `start` are on their way out.
    pub(super) lowest: i64,
}

impl Ends {
    pub(super) fn encode(self) -> Vec<u8> {
        let bytes = self.bytes.to_be_bytes();
        [self.start.to_be_bytes(), self.end.to_be_bytes(), bytes, self.lowest.to_be_bytes()].concat()
    }

    pub(super) fn decode(value: &[u8]) -> Option<Self> {
        let (start, rest) = value.split_first_chunk::<8>()?;
        let (end, rest) = rest.split_first_chunk::<8>()?;
        let (bytes, rest) = rest.split_first_chunk::<8>()?;
        Some(Self {
            start: i64::from_be_bytes(*start),
            end: i64::from_be_bytes(*end),
            bytes: u64::from_be_bytes(*bytes),
            // Not there in directories of the first release.
            lowest: rest.first_chunk::<8>().map_or(0, |lowest| i64::from_be_bytes(*lowest)),
        })
    }
}

/// How far a partition is compacted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Cleaned {
    /// Below, no record of a key has a later one below.
    pub(super) to: i64,
    /// The bytes of the chunks below, as the pass left them.
    pub(super) bytes: u64,
    /// The tombstones below.
    pub(super) tombstones: u64,
    /// Tombstones below this offset ...
    pub(super) horizon: i64,
    /// ... were seen by a pass that ended at this time, in milliseconds since 1970-01-01 UTC.
    pub(super) horizon_at: i64,
}

impl Cleaned {
    pub(super) fn encode(self) -> Slice {
        let numbers = [self.to, self.bytes as i64, self.tombstones as i64, self.horizon, self.horizon_at];
        Slice::from(numbers.map(i64::to_be_bytes).concat())
    }

    pub(super) fn decode(value: &[u8]) -> Option<Self> {
        let ([to, bytes, tombstones, horizon, horizon_at], _) =
            value.as_chunks::<8>().0.split_first_chunk()?;
        let number = |bytes: &[u8; 8]| i64::from_be_bytes(*bytes);
        Some(Self {
            to: number(to),
            bytes: number(bytes) as u64,
            tombstones: number(tombstones) as u64,
            horizon: number(horizon),
            horizon_at: number(horizon_at),
        })
    }
}

/// A committed offset with its metadata.
pub(super) fn encode_offset(offset: i64, metadata: &str) -> Vec<u8> {
    [offset.to_be_bytes().as_slice(), metadata.as_bytes()].concat()
}

pub(super) fn decode_offset(value: &[u8]) -> Option<(i64, String)> {
    let (offset, metadata) = value.split_first_chunk::<8>()?;
    Some((i64::from_be_bytes(*offset), String::from_utf8_lossy(metadata).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_of_a_partition_lie_in_order_of_their_offsets() {
        let keys = [chunk(1, 0, 0), chunk(1, 0, 255), chunk(1, 0, 256), chunk(1, 1, 0), chunk(2, 0, 0)];
        assert!(keys.is_sorted());
        assert_eq!(base_of_chunk(&keys[2]), 256);
    }

    #[test]
    fn values_come_back() {
        let ends = Ends { start: 3, end: 9, bytes: 77, lowest: 2 };
        assert_eq!(Ends::decode(&ends.encode()), Some(ends));
        assert_eq!(decode_offset(&encode_offset(5, "n=1")), Some((5, "n=1".to_owned())));
        let cleaned = Cleaned { to: 1, bytes: 2, tombstones: 3, horizon: 4, horizon_at: 5 };
        assert_eq!(Cleaned::decode(&cleaned.encode()), Some(cleaned));
        let key = offset("g", &TopicPartition::new("top", 7));
        assert_eq!(topic_of_offset(&key), Some(b"top".as_slice()));
    }
}
