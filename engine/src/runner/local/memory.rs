//! Local state in memory: it lasts as long as whoever holds it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Change, LocalError, LocalState, Mark, StorePartition};
use crate::state::{Backing, BackingError};

type Entries = BTreeMap<Box<[u8]>, Box<[u8]>>;

#[derive(Debug, Clone, Default)]
struct Kept {
    entries: Entries,
    mark: Option<Mark>,
}

type All = BTreeMap<StorePartition, Kept>;

/// See the module.
#[derive(Debug, Clone, Default)]
pub(crate) struct MemoryLocal {
    all: Arc<Mutex<All>>,
}

impl MemoryLocal {
    fn all(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Another one that holds the same now.
    pub(crate) fn copied(&self) -> Self {
        Self { all: Arc::new(Mutex::new(self.all().clone())) }
    }

    /// The same entries under the marks of an older copy: as an end in the middle of [`LocalState::apply`] leaves
    /// them.
    pub(crate) fn torn(&self, before: &Self) -> Self {
        let torn = self.copied();
        let marks: BTreeMap<_, _> = before.all().iter().map(|(of, kept)| (of.clone(), kept.mark)).collect();
        for (of, kept) in torn.all().iter_mut() {
            kept.mark = marks.get(of).copied().flatten();
        }
        torn
    }
}

impl LocalState for MemoryLocal {
    fn mark(&self, of: &StorePartition) -> Result<Option<Mark>, LocalError> {
        Ok(self.all().get(of).and_then(|kept| kept.mark))
    }

    fn for_each(
        &self,
        of: &StorePartition,
        visit: &mut dyn FnMut(&[u8], &[u8]) -> bool,
    ) -> Result<(), LocalError> {
        if let Some(kept) = self.all().get(of) {
            kept.entries.iter().all(|(key, value)| visit(key, value));
        }
        Ok(())
    }

    fn apply(
        &self,
        changes: &mut dyn Iterator<Item = Change<'_>>,
        marks: &[(StorePartition, Mark)],
    ) -> Result<(), LocalError> {
        let mut all = self.all();
        for Change { of, key, value } in changes {
            if !all.contains_key(of) {
                all.insert(of.clone(), Kept::default());
            }
            let Some(kept) = all.get_mut(of) else { continue };
            match value {
                Some(value) => kept.entries.insert(key.into(), value.into()),
                None => kept.entries.remove(key),
            };
        }
        for (of, mark) in marks {
            all.entry(of.clone()).or_default().mark = Some(*mark);
        }
        Ok(())
    }

    fn clear(&self, of: &StorePartition) -> Result<(), LocalError> {
        self.all().remove(of);
        Ok(())
    }

    fn reader(&self, of: &StorePartition) -> Result<Box<dyn Backing>, LocalError> {
        Ok(Box::new(Reader { local: self.clone(), of: of.clone() }))
    }
}

#[derive(Debug)]
struct Reader {
    local: MemoryLocal,
    of: StorePartition,
}

impl Backing for Reader {
    fn get(&self, key: &[u8], value: &mut Vec<u8>) -> Result<bool, BackingError> {
        let all = self.local.all();
        let found = all.get(&self.of).and_then(|kept| kept.entries.get(key));
        value.clear();
        value.extend_from_slice(found.map_or(&[], |found| found));
        Ok(found.is_some())
    }

    fn scan(&self, from: &[u8], visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), BackingError> {
        let all = self.local.all();
        if let Some(kept) = all.get(&self.of) {
            let from = (std::ops::Bound::Included(from), std::ops::Bound::Unbounded);
            kept.entries.range::<[u8], _>(from).all(|(key, value)| visit(key, value));
        }
        Ok(())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    fn all_of(local: &dyn LocalState, of: &StorePartition) -> Vec<(Vec<u8>, Vec<u8>)> {
        let mut all = Vec::new();
        let mut visit = |key: &[u8], value: &[u8]| {
            all.push((key.to_vec(), value.to_vec()));
            true
        };
        local.for_each(of, &mut visit).unwrap();
        all
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(Vec<u8>, Vec<u8>)> {
        pairs.iter().map(|(key, value)| (key.as_bytes().to_vec(), value.as_bytes().to_vec())).collect()
    }

    /// What every local state does.
    pub(in super::super) fn keeps_what_was_applied(local: &dyn LocalState) {
        let (a, b) = (StorePartition::new("a", 0), StorePartition::new("a", 1));
        let change = |of, key: &'static str, value: Option<&'static str>| Change {
            of,
            key: key.as_bytes(),
            value: value.map(str::as_bytes),
        };
        assert_eq!((local.mark(&a).unwrap(), all_of(local, &a)), (None, vec![]));
        let first = Mark { commit: 1, offset: 10, applied_at: 5 };
        let changes = [
            change(&a, "y", Some("1")),
            change(&a, "x", Some("")),
            change(&a, "z", None),
            change(&b, "y", Some("2")),
        ];
        local.apply(&mut changes.into_iter(), &[(a.clone(), first), (b.clone(), first)]).unwrap();
        assert_eq!(all_of(local, &a), pairs(&[("x", ""), ("y", "1")]));
        let reader = local.reader(&a).unwrap();
        let second = Mark { commit: 2, offset: 12, applied_at: 6 };
        let changes = [change(&a, "x", Some("3")), change(&a, "y", None), change(&a, "w", Some("4"))];
        local.apply(&mut changes.into_iter(), &[(a.clone(), second)]).unwrap();
        assert_eq!((local.mark(&a).unwrap(), local.mark(&b).unwrap()), (Some(second), Some(first)));
        let mut value = b"old".to_vec();
        assert!(reader.get(b"x", &mut value).unwrap());
        assert_eq!(value, b"3");
        assert!(!reader.get(b"y", &mut value).unwrap());
        let mut seen = Vec::new();
        let mut one = |key: &[u8], _: &[u8]| {
            seen.push(key.to_vec());
            false
        };
        reader.scan(b"wa", &mut one).unwrap();
        assert_eq!(seen, [b"x"]);
        local.clear(&a).unwrap();
        assert_eq!((local.mark(&a).unwrap(), all_of(local, &a)), (None, vec![]));
        assert_eq!(all_of(local, &b), pairs(&[("y", "2")]));
    }

    #[test]
    fn memory_keeps_what_was_applied() {
        keeps_what_was_applied(&MemoryLocal::default());
    }
}
