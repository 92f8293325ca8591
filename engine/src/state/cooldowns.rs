//! The store of cooldowns: until when a rule is silent about a key.
//!
//! In the changelog:
//!
//! ```text
//! an entry       key: tag (16 bytes), the key's bytes; value: version, until when (i64)
//! a stream time  key: tag alone; value: version, the highest time seen (i64)
//! ```
//!
//! What holds: an entry is there only while its cooldown lasts, by the stream time of its rule, so memory is
//! bounded by the alerts of one cooldown; what a rule left that is not there any more is deleted.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashMap;

use super::{ChangeVisitor, EntryVisitor, RestoreError, codec};
use crate::plan::Fingerprint;

/// A rule's part of the store.
#[derive(Debug)]
struct Slot {
    tag: Fingerprint,
    /// How long it is silent, in milliseconds.
    millis: i64,
    /// The highest time seen.
    now: i64,
    until: HashMap<Box<[u8]>, i64>,
    /// The same, the next to end first.
    ends: BTreeSet<(i64, Box<[u8]>)>,
}

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Cooldowns {
    slots: Vec<Slot>,
    /// Keys of the changelog that are to be written.
    changed: BTreeMap<Box<[u8]>, Option<i64>>,
}

impl Slot {
    fn changelog_key(&self, key: &[u8]) -> Box<[u8]> {
        self.tag.0.iter().chain(key).copied().collect()
    }

    fn put(&mut self, key: &[u8], until: i64) {
        if let Some(before) = self.until.insert(key.into(), until) {
            self.ends.remove(&(before, key.into()));
        }
        self.ends.insert((until, key.into()));
    }

    fn remove(&mut self, key: &[u8]) {
        if let Some(until) = self.until.remove(key) {
            self.ends.remove(&(until, key.into()));
        }
    }

    /// Takes out the next entry whose time has come.
    fn ended(&mut self) -> Option<Box<[u8]>> {
        let (_, key) = self.ends.first().filter(|(until, _)| *until <= self.now).cloned()?;
        self.remove(&key);
        Some(key)
    }
}

impl Cooldowns {
    /// An empty one for these rules: tag and milliseconds.
    pub(crate) fn new(rules: &[(Fingerprint, i64)]) -> Self {
        let slot = |&(tag, millis)| Slot {
            tag,
            millis,
            now: i64::MIN,
            until: HashMap::new(),
            ends: BTreeSet::new(),
        };
        Self { slots: rules.iter().map(slot).collect(), changed: BTreeMap::new() }
    }

    /// How many entries it holds.
    pub(crate) fn len(&self) -> usize {
        self.slots.iter().map(|slot| slot.until.len()).sum()
    }

    /// The memory that it takes, in bytes.
    pub(crate) fn size(&self) -> usize {
        let keys = self.slots.iter().flat_map(|slot| slot.until.keys());
        keys.map(|key| 2 * key.len() + 96).sum()
    }

    /// Whether the rule may alert about the key; if so, its cooldown begins.
    pub(crate) fn admit(&mut self, slot: usize, key: &[u8], time: i64) -> bool {
        let Self { slots, changed } = self;
        let slot = &mut slots[slot];
        if time > slot.now {
            slot.now = time;
            changed.insert(slot.changelog_key(&[]), Some(time));
            while let Some(ended) = slot.ended() {
                changed.insert(slot.changelog_key(&ended), None);
            }
        }
        if slot.until.contains_key(key) {
            return false;
        }
        let until = slot.now.saturating_add(slot.millis);
        slot.put(key, until);
        changed.insert(slot.changelog_key(key), Some(until));
        true
    }

    /// Whether the rule is silent about the key at this time.
    pub(crate) fn lasts(&self, slot: usize, key: &[u8], time: i64) -> bool {
        let slot = &self.slots[slot];
        slot.until.get(key).is_some_and(|until| *until > slot.now.max(time))
    }

    /// Visits what changed in order of bytes.
    pub(crate) fn take_changes(&mut self, visit: &mut ChangeVisitor<'_>) {
        for (key, number) in std::mem::take(&mut self.changed) {
            match number {
                Some(number) => visit(&key, Some(&value(number))),
                None => visit(&key, None),
            }
        }
    }

    /// A key counts as changed though it was taken before.
    pub(crate) fn note_again(&mut self, key: &[u8]) {
        let Some((tag, rest)) = key.split_first_chunk::<16>() else { return };
        let slot = self.slots.iter().find(|slot| slot.tag.0 == *tag);
        let number = slot
            .and_then(|slot| if rest.is_empty() { Some(slot.now) } else { slot.until.get(rest).copied() });
        self.changed.insert(key.into(), number);
    }

    /// Visits all, rule by rule, in order of bytes.
    pub(crate) fn export(&self, visit: &mut EntryVisitor<'_>) {
        for slot in self.slots.iter().filter(|slot| slot.now > i64::MIN) {
            visit(&slot.changelog_key(&[]), &value(slot.now));
            let entries: BTreeMap<&[u8], i64> = slot.until.iter().map(|(k, until)| (&**k, *until)).collect();
            entries.into_iter().for_each(|(key, until)| visit(&slot.changelog_key(key), &value(until)));
        }
    }

    /// Takes a changelog record back in.
    pub(crate) fn restore(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), RestoreError> {
        let Some((tag, rest)) = key.split_first_chunk::<16>() else { return Err(RestoreError::damaged(key)) };
        let number = value.map(|value| number(key, value)).transpose()?;
        let Some(slot) = self.slots.iter_mut().find(|slot| slot.tag.0 == *tag) else {
            match number {
                Some(_) => self.changed.insert(key.into(), None),
                None => self.changed.remove(key),
            };
            return Ok(());
        };
        match number {
            Some(now) if rest.is_empty() => slot.now = now,
            Some(until) => slot.put(rest, until),
            None => slot.remove(rest),
        }
        Ok(())
    }
}

fn value(number: i64) -> [u8; 9] {
    let mut bytes = [codec::VERSION; 9];
    bytes[1..].copy_from_slice(&number.to_le_bytes());
    bytes
}

fn number(key: &[u8], value: &[u8]) -> Result<i64, RestoreError> {
    match value.split_first() {
        Some((&codec::VERSION, number)) => {
            number.try_into().map(i64::from_le_bytes).map_err(|_| RestoreError::damaged(key))
        }
        Some((&version, _)) => Err(RestoreError::version(key, version)),
        None => Err(RestoreError::damaged(key)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(number: u8) -> Fingerprint {
        Fingerprint([number; 16])
    }

    #[test]
    fn silent_until_its_time_has_come() {
        let mut store = Cooldowns::new(&[(tag(1), 100), (tag(2), 10)]);
        assert!(store.admit(0, b"a", 5));
        assert!(!store.admit(0, b"a", 104));
        assert!(store.admit(0, b"b", 50), "another key");
        assert!(store.admit(1, b"a", 6), "another rule");
        assert!(store.lasts(0, b"a", 0) && !store.lasts(0, b"c", 0));
        assert!(store.admit(0, b"a", 105));
        assert!(!store.admit(0, b"a", 3), "a late record does not turn time back");
    }

    #[test]
    fn memory_is_bounded_by_one_cooldown() {
        let mut store = Cooldowns::new(&[(tag(1), 100)]);
        for time in 0..10_000_i64 {
            store.admit(0, &time.to_be_bytes(), time);
        }
        assert_eq!(store.len(), 100);
        store.take_changes(&mut |_, _| {});
        store.admit(0, b"x", i64::MAX);
        let mut deleted = 0;
        store.take_changes(&mut |_, value| deleted += usize::from(value.is_none()));
        assert_eq!(deleted, 100);
    }

    #[test]
    fn it_comes_back_and_forgets_rules_that_are_gone() {
        let mut store = Cooldowns::new(&[(tag(1), 100), (tag(2), 100)]);
        for (slot, key, time) in [(0, b"a", 5), (1, b"b", 7), (0, b"c", 200)] {
            assert!(store.admit(slot, key, time));
        }
        let mut log = Vec::new();
        store.take_changes(&mut |key, value| log.push((key.to_vec(), value.map(<[u8]>::to_vec))));
        let mut again = Cooldowns::new(&[(tag(2), 100)]);
        for (key, value) in &log {
            again.restore(key, value.as_deref()).unwrap();
        }
        assert_eq!(again.len(), 1);
        assert!(!again.admit(0, b"b", 100));
        let mut gone = Vec::new();
        again.take_changes(&mut |key, value| gone.push((key[0], value.is_none())));
        assert_eq!(gone, [(1, true), (1, true), (2, false)], "tag and whether it is deleted");
        let mut exported = 0;
        again.export(&mut |_, _| exported += 1);
        assert_eq!(exported, 2);
        assert!(again.restore(b"short", None).is_err());
        assert!(again.restore(&[1; 16], Some(&[codec::VERSION + 1; 9])).is_err());
        assert!(again.restore(&[1; 16], Some(&[codec::VERSION; 3])).is_err());
    }
}
