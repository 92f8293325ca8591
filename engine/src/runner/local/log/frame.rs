//! A frame: what goes to a copy's file at once, and can be told to be whole.
//!
//! ```text
//! length of the body (u32), checksum (8 bytes), body
//! body      its kind (u8), then
//!   records how many (u32), packed by LZ4: per record the lengths of key and value, one more (u32 each; 0: the entry
//!           is gone), key, value
//!   a mark  commit, offset, applied at (i64 each), the file's length when it was last written anew (u64)
//! ```
//!
//! Numbers are little-endian. What holds: the checksum is over the frame's place in the file, too, so bytes that were
//! left of another frame are none.

use sha2::{Digest, Sha256};

use super::super::{Mark, Visit};

/// Bytes before the body.
pub(super) const HEAD: usize = 12;
/// Bytes of records after which they are worth a frame: far more than its head, far less than a checkpoint.
const FULL: usize = 128 << 10;
/// The longest body that is believed, so that damage does not ask for all memory: one record is at most what a topic
/// takes.
const LONGEST: usize = 256 << 20;

const RECORDS: u8 = 1;
const MARK: u8 = 2;

/// What a frame holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Body<'b> {
    /// So many records, packed.
    Records(u32, &'b [u8]),
    /// What lies before counts, up to this. The file was so long when it was last written anew.
    Mark(Mark, u64),
}

/// The length of the body of a frame that begins so; None where none does.
pub(super) fn body_len(head: &[u8; HEAD]) -> Option<usize> {
    let len = head.first_chunk().map_or(0, |len| u32::from_le_bytes(*len)) as usize;
    (1..=LONGEST).contains(&len).then_some(len)
}

/// What a frame at this place of the file holds; None where it is not whole.
pub(super) fn open<'b>(at: u64, head: &[u8; HEAD], body: &'b [u8]) -> Option<Body<'b>> {
    if head[4..] != checksum(at, body) {
        return None;
    }
    let (kind, rest) = body.split_first()?;
    match *kind {
        RECORDS => {
            let (count, packed) = rest.split_first_chunk()?;
            Some(Body::Records(u32::from_le_bytes(*count), packed))
        }
        MARK => {
            let (numbers, []) = rest.as_chunks::<8>() else { return None };
            let [commit, offset, applied_at, base] = *numbers.first_chunk::<4>()?;
            let [commit, offset, applied_at] = [commit, offset, applied_at].map(i64::from_le_bytes);
            Some(Body::Mark(Mark { commit, offset, applied_at }, u64::from_le_bytes(base)))
        }
        _ => None,
    }
}

/// A mark's frame at this place of the file.
pub(super) fn mark(at: u64, mark: Mark, base: u64) -> Vec<u8> {
    let mut frame = begin(MARK);
    [mark.commit, mark.offset, mark.applied_at]
        .iter()
        .for_each(|n| frame.extend_from_slice(&n.to_le_bytes()));
    frame.extend_from_slice(&base.to_le_bytes());
    end(at, frame)
}

fn begin(kind: u8) -> Vec<u8> {
    let mut frame = vec![0; HEAD];
    frame.push(kind);
    frame
}

fn end(at: u64, mut frame: Vec<u8>) -> Vec<u8> {
    let len = ((frame.len() - HEAD) as u32).to_le_bytes();
    let checksum = checksum(at, &frame[HEAD..]);
    frame[..4].copy_from_slice(&len);
    frame[4..HEAD].copy_from_slice(&checksum);
    frame
}

fn checksum(at: u64, body: &[u8]) -> [u8; 8] {
    let hash = Sha256::new().chain_update(at.to_le_bytes()).chain_update(body).finalize();
    hash.first_chunk().copied().unwrap_or_default()
}

/// Records on their way into a frame.
#[derive(Debug, Default)]
pub(super) struct Records {
    bytes: Vec<u8>,
    count: u32,
}

impl Records {
    /// Adds one; whether they are worth a frame.
    pub(super) fn push(&mut self, key: &[u8], value: Option<&[u8]>) -> bool {
        let lengths = [key.len() as u32, value.map_or(0, |value| value.len() as u32 + 1)];
        lengths.iter().for_each(|len| self.bytes.extend_from_slice(&len.to_le_bytes()));
        self.bytes.extend_from_slice(key);
        self.bytes.extend_from_slice(value.unwrap_or_default());
        self.count += 1;
        self.bytes.len() >= FULL
    }

    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }

    pub(super) fn count(&self) -> u64 {
        u64::from(self.count)
    }

    /// Their frame at this place of the file; no record is left.
    pub(super) fn take(&mut self, at: u64) -> Vec<u8> {
        let mut frame = begin(RECORDS);
        frame.extend_from_slice(&self.count.to_le_bytes());
        let from = frame.len();
        let room = lz4_flex::block::get_maximum_output_size(self.bytes.len());
        frame.extend_from_slice(&(self.bytes.len() as u32).to_le_bytes());
        frame.resize(from + 4 + room, 0);
        // There is room for the worst.
        let packed = lz4_flex::block::compress_into(&self.bytes, &mut frame[from + 4..]).unwrap_or_default();
        frame.truncate(from + 4 + packed);
        self.bytes.clear();
        self.count = 0;
        end(at, frame)
    }
}

/// Visits the records of a frame, until `visit` gives false; false then. None where they are not what was written.
pub(super) fn visit(packed: &[u8], unpacked: &mut Vec<u8>, visit: &mut Visit<'_>) -> Option<bool> {
    let (len, packed) = packed.split_first_chunk()?;
    let len = u32::from_le_bytes(*len) as usize;
    if len > LONGEST {
        return None;
    }
    unpacked.resize(len, 0);
    let found = lz4_flex::block::decompress_into(packed, unpacked).ok()?;
    let mut rest = unpacked.get(..found).filter(|_| found == len)?;
    while !rest.is_empty() {
        let (key_len, tail) = rest.split_first_chunk()?;
        let (value_len, tail) = tail.split_first_chunk()?;
        let (key, tail) = tail.split_at_checked(u32::from_le_bytes(*key_len) as usize)?;
        let (value, tail) = match u32::from_le_bytes(*value_len).checked_sub(1) {
            Some(len) => tail.split_at_checked(len as usize).map(|(value, tail)| (Some(value), tail))?,
            None => (None, tail),
        };
        rest = tail;
        if !visit(key, value) {
            return Some(false);
        }
    }
    Some(true)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn opened(at: u64, frame: &[u8]) -> Option<Body<'_>> {
        let (head, body) = frame.split_first_chunk().unwrap();
        assert_eq!(body_len(head), Some(body.len()));
        open(at, head, body)
    }

    #[test]
    fn records_come_out_as_they_went_in() {
        let mut records = Records::default();
        let all = [(&b"key"[..], Some(&b"value"[..])), (b"", None), (b"k", Some(b""))];
        all.iter().for_each(|(key, value)| assert!(!records.push(key, *value)));
        let frame = records.take(7);
        assert!(records.is_empty());
        let Some(Body::Records(3, packed)) = opened(7, &frame) else { panic!("{frame:?}") };
        let (mut found, mut unpacked) = (Vec::new(), vec![1; 1000]);
        let mut take = |key: &[u8], value: Option<&[u8]>| {
            found.push((key.to_vec(), value.map(<[u8]>::to_vec)));
            true
        };
        assert_eq!(visit(packed, &mut unpacked, &mut take), Some(true));
        assert_eq!(found, all.map(|(key, value)| (key.to_vec(), value.map(<[u8]>::to_vec))));
    }

    #[test]
    fn a_frame_that_is_not_whole_or_lies_elsewhere_is_none() {
        let written = Mark { commit: 1, offset: 2, applied_at: -3 };
        let mut frame = mark(40, written, 9);
        assert_eq!(opened(40, &frame), Some(Body::Mark(written, 9)));
        assert_eq!(opened(41, &frame), None);
        for at in HEAD..frame.len() {
            frame[at] ^= 1;
            assert_eq!(opened(40, &frame), None);
            frame[at] ^= 1;
        }
        assert_eq!(body_len(&[0; HEAD]), None);
        assert_eq!(body_len(&[255; HEAD]), None);
    }
}
