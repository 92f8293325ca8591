//! The entries, by what they match.
//!
//! What enters: entries that are added, changed and removed, each by its id. What leaves: those that a
//! transaction's fields hit. What holds: an exact or case-insensitive match is one look-up in a hash table,
//! a prefix one for each length that some entry of the kind has (of networks: for each family and length);
//! an entry takes 32 bytes, its share of the table, and its texts.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, Hasher};

use hashbrown::{DefaultHashBuilder, HashTable};

use crate::lists::address::Network;
use crate::lists::key::Key;
use crate::lists::texts::{Full, Span, Texts};
use crate::lists::{Entry, Fields, Kind, ListAction, Match};

/// Texts that were given up stay until they are a third of all, and at least so many bytes.
const GARBAGE: usize = 1 << 20;

/// Which family of addresses a prefix is of; texts have only one.
type Family = u8;

/// An entry in memory.
#[derive(Debug, Clone, Copy)]
struct Slot {
    id: i64,
    expires: i64,
    value: Span,
    reason: Span,
    kind: Kind,
    how: Match,
    action: ListAction,
}

/// The entries.
#[derive(Debug, Default)]
pub(super) struct Entries {
    slots: Vec<Slot>,
    /// Indexes of slots that are not in use.
    free: Vec<u32>,
    /// Indexes of slots, by kind, match and key.
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
    texts: Texts,
    /// Bytes of texts that no slot uses.
    garbage: usize,
    /// How many entries there are of each kind and match.
    counts: [[u32; Match::ALL.len()]; Kind::ALL.len()],
    /// How many prefixes there are of each family and length, of each kind.
    lengths: [BTreeMap<(Family, u16), u32>; Kind::ALL.len()],
}

impl Entries {
    /// Room for so many entries more, with so many bytes of text.
    pub(super) fn reserve(&mut self, entries: usize, bytes: usize) {
        self.slots.reserve_exact(entries);
        self.texts.reserve(bytes);
        let (slots, texts, hasher) = (&self.slots, &self.texts, &self.hasher);
        self.table.reserve(entries, |&at| hash_of(hasher, texts, &slots[at as usize]));
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.table.len()
    }

    /// How many bytes the texts take.
    #[cfg(test)]
    pub(super) fn text_bytes(&self) -> usize {
        self.texts.len()
    }

    /// Adds an entry, or changes the one with its id.
    pub(super) fn add(&mut self, entry: &Entry<'_>) -> Result<(), Full> {
        let Some(key) = Key::of_entry(entry.kind, entry.how, entry.value) else { return Ok(()) };
        let hash = hash(&self.hasher, entry.kind, entry.how, key.bytes());
        let reason = self.texts.intern(entry.reason)?;
        if let Some(at) = self.find(hash, entry.id) {
            let slot = &mut self.slots[at as usize];
            (slot.reason, slot.expires, slot.action) = (reason, entry.expires, entry.action);
            return Ok(());
        }
        let value = self.texts.add(entry.value)?;
        let slot = Slot {
            id: entry.id,
            expires: entry.expires,
            value,
            reason,
            kind: entry.kind,
            how: entry.how,
            action: entry.action,
        };
        let at = match self.free.pop() {
            Some(at) => {
                self.slots[at as usize] = slot;
                at
            }
            None => {
                self.slots.push(slot);
                u32::try_from(self.slots.len() - 1).map_err(|_| Full)?
            }
        };
        let (slots, texts, hasher) = (&self.slots, &self.texts, &self.hasher);
        self.table.insert_unique(hash, at, |&at| hash_of(hasher, texts, &slots[at as usize]));
        self.counts[entry.kind as usize][entry.how as usize] += 1;
        if entry.how == Match::Prefix {
            *self.lengths[entry.kind as usize].entry(length(entry.kind, &key)).or_default() += 1;
        }
        Ok(())
    }

    /// Removes the entry with this id, where it is there.
    pub(super) fn remove(&mut self, entry: &Entry<'_>) -> Result<(), Full> {
        let Some(key) = Key::of_entry(entry.kind, entry.how, entry.value) else { return Ok(()) };
        let hash = hash(&self.hasher, entry.kind, entry.how, key.bytes());
        let slots = &self.slots;
        let Ok(found) = self.table.find_entry(hash, |&at| slots[at as usize].id == entry.id) else {
            return Ok(());
        };
        let (at, _) = found.remove();
        self.free.push(at);
        self.garbage += entry.value.len();
        self.counts[entry.kind as usize][entry.how as usize] -= 1;
        if entry.how == Match::Prefix {
            let lengths = &mut self.lengths[entry.kind as usize];
            let length = length(entry.kind, &key);
            if let Some(count) = lengths.get_mut(&length) {
                *count -= 1;
                if *count == 0 {
                    lengths.remove(&length);
                }
            }
        }
        if self.garbage > GARBAGE && self.garbage > self.texts.len() / 3 {
            self.rebuild_texts()?;
        }
        Ok(())
    }

    /// Calls `hit` with every entry that the fields hit at a moment, in epoch microseconds.
    pub(super) fn each_hit<'a>(&'a self, fields: &Fields<'_>, at: i64, mut hit: impl FnMut(Entry<'a>)) {
        for kind in Kind::ALL {
            let Some(field) = fields.get(kind) else { continue };
            let [exact, nocase, prefix] = self.counts[kind as usize];
            if exact > 0 {
                self.look_up(kind, Match::Exact, field.as_bytes(), at, &mut hit);
            }
            if kind == Kind::Ip {
                if prefix > 0 {
                    self.look_up_address(field, at, &mut hit);
                }
            } else if nocase > 0 || prefix > 0 {
                let key = Key::folded(field);
                if let Some(whole) = key.whole().filter(|_| nocase > 0) {
                    self.look_up(kind, Match::Nocase, whole, at, &mut hit);
                }
                for (_, length) in self.lengths[kind as usize].keys() {
                    let Some(start) = key.bytes().get(..usize::from(*length)) else { break };
                    self.look_up(kind, Match::Prefix, start, at, &mut hit);
                }
            }
        }
    }

    fn look_up_address<'a>(&'a self, field: &str, at: i64, hit: &mut impl FnMut(Entry<'a>)) {
        let Some(address) = Network::parse(field) else { return };
        for (family, length) in self.lengths[Kind::Ip as usize].keys() {
            if *family == address.family && *length <= u16::from(address.length) {
                let key = Key::of_network(address.within(*length as u8));
                self.look_up(Kind::Ip, Match::Prefix, key.bytes(), at, hit);
            }
        }
    }

    fn look_up<'a>(&'a self, kind: Kind, how: Match, key: &[u8], at: i64, hit: &mut impl FnMut(Entry<'a>)) {
        for &found in self.table.iter_hash(hash(&self.hasher, kind, how, key)) {
            let slot = &self.slots[found as usize];
            if slot.kind == kind && slot.how == how && at < slot.expires && self.is(slot, key) {
                hit(self.entry(slot));
            }
        }
    }

    /// Whether a slot's key is this one.
    fn is(&self, slot: &Slot, key: &[u8]) -> bool {
        let value = self.texts.get(slot.value);
        value.as_bytes() == key
            || Key::of_entry(slot.kind, slot.how, value).is_some_and(|own| own.bytes() == key)
    }

    fn find(&self, hash: u64, id: i64) -> Option<u32> {
        self.table.find(hash, |&at| self.slots[at as usize].id == id).copied()
    }

    fn entry(&self, slot: &Slot) -> Entry<'_> {
        Entry {
            id: slot.id,
            kind: slot.kind,
            how: slot.how,
            action: slot.action,
            value: self.texts.get(slot.value),
            reason: self.texts.get(slot.reason),
            expires: slot.expires,
        }
    }

    /// Copies the texts that are in use.
    fn rebuild_texts(&mut self) -> Result<(), Full> {
        let mut texts = Texts::default();
        texts.reserve(self.texts.len() - self.garbage.min(self.texts.len()));
        for &at in &self.table {
            let slot = &mut self.slots[at as usize];
            slot.value = texts.add(self.texts.get(slot.value))?;
            slot.reason = texts.intern(self.texts.get(slot.reason))?;
        }
        (self.texts, self.garbage) = (texts, 0);
        Ok(())
    }
}

/// The family and length of a prefix.
fn length(kind: Kind, key: &Key) -> (Family, u16) {
    match (kind, key.bytes()) {
        (Kind::Ip, [family, length, ..]) => (*family, u16::from(*length)),
        (_, bytes) => (0, bytes.len() as u16),
    }
}

fn hash(hasher: &DefaultHashBuilder, kind: Kind, how: Match, key: &[u8]) -> u64 {
    let mut hasher = hasher.build_hasher();
    hasher.write_u8(kind as u8 * 3 + how as u8);
    hasher.write(key);
    hasher.finish()
}

fn hash_of(hasher: &DefaultHashBuilder, texts: &Texts, slot: &Slot) -> u64 {
    // What is in the table had a key when it came.
    Key::of_entry(slot.kind, slot.how, texts.get(slot.value))
        .map_or(0, |key| hash(hasher, slot.kind, slot.how, key.bytes()))
}
