//! What is compared: the bytes by which an entry is found.
//!
//! What enters: an entry's value, or a transaction's field. What leaves: its bytes as they are compared, on
//! the stack: the text itself, the text in lower case, or the bits of a network. What holds: an entry and a
//! field are folded in the same way, character by character.

use crate::lists::address::Network;
use crate::lists::{Kind, Match};

/// Longer than any entry's value (500 bytes) becomes in lower case; what of a field lies past it cannot
/// matter.
const LONGEST: usize = 1024;

/// Bytes that are compared.
#[derive(Clone)]
pub(super) struct Key {
    bytes: [u8; LONGEST],
    length: usize,
    /// Whether the field was longer.
    cut: bool,
}

impl Key {
    /// An entry's. None: its value cannot be compared; the database refuses such.
    pub(super) fn of_entry(kind: Kind, how: Match, value: &str) -> Option<Self> {
        let key = match (kind, how) {
            (Kind::Ip, _) => Self::of_network(Network::parse(value)?),
            (_, Match::Exact) => Self::raw(value),
            (_, Match::Nocase | Match::Prefix) => Self::folded(value),
        };
        (!key.cut).then_some(key)
    }

    /// The text as it is.
    fn raw(text: &str) -> Self {
        let mut key = Self { bytes: [0; LONGEST], length: 0, cut: false };
        key.push(text.as_bytes());
        key
    }

    /// The text in lower case.
    pub(super) fn folded(text: &str) -> Self {
        let mut key = Self { bytes: [0; LONGEST], length: 0, cut: false };
        if text.is_ascii() {
            key.push(text.as_bytes());
            key.bytes[..key.length].make_ascii_lowercase();
            return key;
        }
        let mut utf8 = [0; 4];
        for lower in text.chars().flat_map(char::to_lowercase) {
            key.push(lower.encode_utf8(&mut utf8).as_bytes());
            if key.cut {
                break;
            }
        }
        key
    }

    /// Family, length and bits.
    pub(super) fn of_network(network: Network) -> Self {
        let mut key = Self { bytes: [0; LONGEST], length: 0, cut: false };
        key.push(&[network.family, network.length]);
        key.push(&network.bits.to_be_bytes());
        key
    }

    fn push(&mut self, bytes: &[u8]) {
        let taken = bytes.len().min(LONGEST - self.length);
        self.bytes[self.length..self.length + taken].copy_from_slice(&bytes[..taken]);
        self.length += taken;
        self.cut |= taken < bytes.len();
    }

    /// The bytes.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// The bytes where they are the whole field.
    pub(super) fn whole(&self) -> Option<&[u8]> {
        (!self.cut).then(|| self.bytes())
    }
}
