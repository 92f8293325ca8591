//! What stands before the windows of an entry: its key's length, the key, and the heads of the frames.

use std::ops::Range;

use crate::state::layout::Width;

/// Bytes of a frame's head, narrow or wide.
pub(super) const NARROW: usize = 3;
pub(super) const WIDE: usize = 12;

/// Where the parts of an entry's bytes are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts {
    pub(super) key: usize,
    pub(super) heads: usize,
    pub(super) is_wide: bool,
    /// How long the texts may be.
    pub(super) width: Width,
}

impl Parts {
    /// Of an entry that has these bytes.
    #[inline]
    pub(super) fn read(bytes: &[u8]) -> Self {
        let (mut at, mut number, mut shift) = (0, 0usize, 0);
        while let Some(byte) = bytes.get(at) {
            at += 1;
            number |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 {
                break;
            }
        }
        let width = Width((number >> 1 & 3) as u8);
        Self { key: at, heads: at + (number >> 3), is_wide: number & 1 == 1, width }
    }

    pub(super) fn head(self, frame: usize) -> Range<usize> {
        let len = self.head_len();
        self.heads + frame * len..self.heads + (frame + 1) * len
    }

    pub(super) fn head_len(self) -> usize {
        if self.is_wide { WIDE } else { NARROW }
    }
}

/// The state of a frame's ring.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Head {
    /// The place of the oldest one of the open windows.
    pub(super) first: u32,
    /// How many are open.
    pub(super) open: u32,
    /// How many places there are.
    pub(super) room: u32,
}

impl Head {
    pub(super) fn read(bytes: &[u8]) -> Self {
        let numbers: [u32; 3] = if bytes.len() == NARROW {
            [0, 1, 2].map(|at| u32::from(bytes[at]))
        } else {
            [0, 4, 8].map(|at| bytes[at..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes)))
        };
        let [first, open, room] = numbers;
        Self { first, open, room }
    }

    pub(super) fn write(self, bytes: &mut [u8]) {
        let width = bytes.len() / 3;
        for (n, number) in [self.first, self.open, self.room].into_iter().enumerate() {
            bytes[n * width..(n + 1) * width].copy_from_slice(&number.to_le_bytes()[..width]);
        }
    }

    /// The place of the window that is the n-th by start; with n the number of open ones, the next one's.
    pub(super) fn place(self, n: u32) -> usize {
        let place = self.first + n;
        (if place < self.room { place } else { place - self.room }) as usize
    }
}

/// An empty buffer with just the room for a prefix and so many bytes behind it: what an allocator gives for a few more is
/// not taken back when they turn out not to be needed.
pub(super) fn with_room(key: &[u8], rest: usize) -> Vec<u8> {
    let digits = (key.len() << 3 | 7).ilog2() / 7 + 1;
    Vec::with_capacity(digits as usize + key.len() + rest)
}

/// Appends the key and what stands before it.
pub(super) fn write_prefix(bytes: &mut Vec<u8>, key: &[u8], width: Width, is_wide: bool) {
    let mut number = key.len() << 3 | usize::from(width.0) << 1 | usize::from(is_wide);
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes.extend_from_slice(key);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_is_just_what_is_taken() {
        for len in [0, 1, 15, 16, 2_047, 2_048, 300_000] {
            let key = vec![b'k'; len];
            let mut bytes = with_room(&key, 0);
            let room = bytes.capacity();
            write_prefix(&mut bytes, &key, Width::WIDEST, true);
            assert_eq!(bytes.len(), room, "a key of {len}");
        }
    }
}
