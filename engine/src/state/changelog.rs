//! Which keys changed since the last commit.
//!
//! Enters: the key of each entry at its first change. Leaves: the keys in that order, which depends on the
//! records alone. An entry says of itself whether it is noted, so that a key changed a thousand times in a
//! commit is noted once and costs nothing after the first time.

/// Keys in order of their first change, in one reused buffer.
#[derive(Debug, Default)]
pub(crate) struct ChangedKeys {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl ChangedKeys {
    /// Notes a key. A key whose entry went and came again may stand twice; the reader skips the second.
    pub(crate) fn note(&mut self, key: &[u8]) {
        self.bytes.extend_from_slice(key);
        self.ends.push(self.bytes.len());
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The key at a place below [`ChangedKeys::len`].
    pub(crate) fn get(&self, place: usize) -> &[u8] {
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.bytes[start..self.ends[place]]
    }

    /// The keys in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.len()).map(|place| self.get(place))
    }

    /// Forgets them and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}
