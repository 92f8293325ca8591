//! Local state in memory: it lasts as long as whoever holds it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Change, LocalError, LocalState, Mark, Staged, StorePartition, Visit};
use crate::state::{Backing, BackingError};

type Entries = BTreeMap<Box<[u8]>, Box<[u8]>>;

#[derive(Debug, Clone)]
struct Kept {
    entries: Entries,
    mark: Option<Mark>,
    /// Counts who has begun to stage: whoever was before may not go on.
    turn: u64,
    /// Since it was empty last; its copies have the same.
    life: u64,
}

impl Default for Kept {
    fn default() -> Self {
        static LIVES: AtomicU64 = AtomicU64::new(0);
        let life = LIVES.fetch_add(1, Ordering::Relaxed);
        Self { entries: Entries::new(), mark: None, turn: 0, life }
    }
}

type All = BTreeMap<StorePartition, Kept>;

/// See the module.
#[derive(Debug, Clone, Default)]
pub(crate) struct MemoryLocal {
    all: Arc<Mutex<All>>,
    /// It takes changes before they are committed.
    stages: bool,
}

impl MemoryLocal {
    fn all(&self) -> MutexGuard<'_, All> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same one, which takes changes before they are committed, or does not.
    pub(crate) fn staging(&self, stages: bool) -> Self {
        Self { all: self.all.clone(), stages }
    }

    /// Another one that holds the same now.
    pub(crate) fn copied(&self) -> Self {
        Self { all: Arc::new(Mutex::new(self.all().clone())), stages: self.stages }
    }

    /// The same entries under the marks of an older copy: as an end in the middle of [`LocalState::apply`] leaves
    /// them. What was emptied since has none: no end brings a mark back without its entries.
    pub(crate) fn torn(&self, before: &Self) -> Self {
        let torn = self.copied();
        let marks = before.all();
        for (of, kept) in torn.all().iter_mut() {
            kept.mark =
                marks.get(of).filter(|before| before.life == kept.life).and_then(|before| before.mark);
        }
        torn
    }
}

impl LocalState for MemoryLocal {
    fn mark(&self, of: &StorePartition) -> Result<Option<Mark>, LocalError> {
        Ok(self.all().get(of).and_then(|kept| kept.mark))
    }

    fn for_each(&self, of: &StorePartition, visit: &mut Visit<'_>) -> Result<(), LocalError> {
        if let Some(kept) = self.all().get(of) {
            kept.entries.iter().all(|(key, value)| visit(key, Some(value)));
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
            kept.put(key, value);
        }
        for (of, mark) in marks {
            all.entry(of.clone()).or_default().mark = Some(*mark);
        }
        Ok(())
    }

    fn clear(&self, of: &StorePartition) -> Result<(), LocalError> {
        if let Some(kept) = self.all().get_mut(of) {
            *kept = Kept { turn: kept.turn + 1, ..Kept::default() };
        }
        Ok(())
    }

    fn stage(&self, of: &StorePartition) -> Result<Option<Box<dyn Staged>>, LocalError> {
        if !self.stages {
            return Ok(None);
        }
        let mut all = self.all();
        let kept = all.entry(of.clone()).or_default();
        kept.turn += 1;
        let (local, of, turn) = (self.clone(), of.clone(), kept.turn);
        Ok(Some(Box::new(Part { local, of, turn, changes: Vec::new() })))
    }

    fn reader(&self, of: &StorePartition) -> Result<Option<Box<dyn Backing>>, LocalError> {
        Ok(Some(Box::new(Reader { local: self.clone(), of: of.clone() })))
    }
}

impl Kept {
    fn put(&mut self, key: &[u8], value: Option<&[u8]>) {
        match value {
            Some(value) => self.entries.insert(key.into(), value.into()),
            None => self.entries.remove(key),
        };
    }
}

/// A key and its value, None where the entry is gone.
type Changed = (Box<[u8]>, Option<Box<[u8]>>);

/// Changes that wait for their mark.
struct Part {
    local: MemoryLocal,
    of: StorePartition,
    turn: u64,
    changes: Vec<Changed>,
}

impl Staged for Part {
    fn push(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<bool, LocalError> {
        self.changes.push((key.into(), value.map(Into::into)));
        Ok(true)
    }

    fn settle(&mut self, mark: Mark) -> Result<bool, LocalError> {
        let mut all = self.local.all();
        let Some(kept) = all.get_mut(&self.of).filter(|kept| kept.turn == self.turn) else {
            return Ok(false);
        };
        self.changes.drain(..).for_each(|(key, value)| kept.put(&key, value.as_deref()));
        kept.mark = Some(mark);
        Ok(true)
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
        let mut all = BTreeMap::new();
        let mut visit = |key: &[u8], value: Option<&[u8]>| {
            match value {
                Some(value) => all.insert(key.to_vec(), value.to_vec()),
                None => all.remove(key),
            };
            true
        };
        local.for_each(of, &mut visit).unwrap();
        all.into_iter().collect()
    }

    fn pairs(pairs: &[(&str, &str)]) -> Vec<(Vec<u8>, Vec<u8>)> {
        pairs.iter().map(|(key, value)| (key.as_bytes().to_vec(), value.as_bytes().to_vec())).collect()
    }

    fn reads_single_entries(reader: &dyn Backing) {
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
    }

    /// What those do that take changes before they are committed.
    pub(in super::super) fn keeps_what_was_staged_once_it_is_marked(local: &dyn LocalState) {
        let a = StorePartition::new("staged", 0);
        let stage = || local.stage(&a).unwrap().unwrap();
        let mark = |commit| Mark { commit, offset: 10 * commit, applied_at: 5 };
        let mut first = stage();
        assert!(first.push(b"x", Some(b"1")).unwrap() && first.push(b"y", Some(b"1")).unwrap());
        assert_eq!((local.mark(&a).unwrap(), all_of(local, &a)), (None, vec![]));
        assert!(first.settle(mark(1)).unwrap());
        drop(first);
        assert_eq!((local.mark(&a).unwrap(), all_of(local, &a).len()), (Some(mark(1)), 2));
        // One that comes to nothing.
        assert!(stage().push(b"x", Some(b"2")).unwrap());
        // One whose place another takes, as a worker's that has slept for too long.
        let mut slow = stage();
        assert!(slow.push(b"x", Some(b"3")).unwrap());
        let mut other = stage();
        assert!(other.push(b"y", None).unwrap());
        assert!(!slow.settle(mark(2)).unwrap());
        drop(slow);
        assert!(other.settle(mark(3)).unwrap());
        assert_eq!((local.mark(&a).unwrap(), all_of(local, &a)), (Some(mark(3)), pairs(&[("x", "1")])));
        let mut late = stage();
        local.clear(&a).unwrap();
        assert!(!late.settle(mark(4)).unwrap());
        assert_eq!((local.mark(&a).unwrap(), all_of(local, &a)), (None, vec![]));
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
        assert_eq!(all_of(local, &a), pairs(&[("w", "4"), ("x", "3")]));
        if let Some(reader) = reader {
            reads_single_entries(&*reader);
        }
        local.clear(&a).unwrap();
        assert_eq!((local.mark(&a).unwrap(), all_of(local, &a)), (None, vec![]));
        assert_eq!(all_of(local, &b), pairs(&[("y", "2")]));
    }

    #[test]
    fn what_is_torn_after_it_was_emptied_has_no_mark_of_before() {
        let (of, local) = (StorePartition::new("torn", 0), MemoryLocal::default());
        let mark = |commit| Mark { commit, offset: commit, applied_at: 0 };
        let put = |local: &MemoryLocal, key: &'static [u8], commit| {
            let change = Change { of: &of, key, value: Some(b"1") };
            local.apply(&mut std::iter::once(change), &[(of.clone(), mark(commit))]).unwrap();
        };
        put(&local, b"x", 1);
        let before = local.copied();
        put(&local, b"y", 2);
        assert_eq!((local.torn(&before).mark(&of).unwrap(), all_of(&local, &of).len()), (Some(mark(1)), 2));
        local.clear(&of).unwrap();
        put(&local, b"z", 2);
        assert_eq!(local.torn(&before).mark(&of).unwrap(), None);
        let other = MemoryLocal::default();
        put(&other, b"z", 2);
        assert_eq!(other.torn(&before).mark(&of).unwrap(), None);
    }

    #[test]
    fn memory_keeps_what_was_applied() {
        keeps_what_was_applied(&MemoryLocal::default());
        keeps_what_was_staged_once_it_is_marked(&MemoryLocal::default().staging(true));
    }
}
