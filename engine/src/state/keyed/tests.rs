#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

//! Entries against a map, with checkpoints that begin, go on and end anywhere.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

/// A number by key.
#[derive(Debug, Default)]
struct Number {
    key: Vec<u8>,
    number: u32,
    mark: u32,
}

impl Keep for Number {
    type Shape = ();

    fn key(&self) -> &[u8] {
        &self.key
    }

    fn mark(&self) -> u32 {
        self.mark
    }

    fn set_mark(&mut self, mark: u32) {
        self.mark = mark;
    }

    fn write(&self, (): &(), out: &mut Vec<u8>) {
        out.extend_from_slice(&self.number.to_le_bytes());
    }

    fn read(key: &[u8], value: &[u8], (): &()) -> Result<Option<(Self, bool)>, RestoreError> {
        let number = u32::from_le_bytes(value.try_into().map_err(|_| RestoreError::damaged(key))?);
        Ok(Some((Self { key: key.to_vec(), number, mark: 0 }, true)))
    }

    fn size(&self) -> usize {
        self.key.capacity()
    }
}

type Map = BTreeMap<Vec<u8>, Vec<u8>>;

fn put(keyed: &mut Keyed<Number>, key: u16, number: u32) {
    let key = key.to_be_bytes().to_vec();
    let id = keyed.find(&key).unwrap_or_else(|| keyed.insert(Number { key, ..Number::default() }));
    keyed.change(id, &()).number = number;
}

fn remove(keyed: &mut Keyed<Number>, key: u16) {
    if let Some(id) = keyed.find(&key.to_be_bytes()) {
        keyed.remove(id, &());
    }
}

fn all(keyed: &Keyed<Number>) -> Map {
    keyed.iter().map(|entry| (entry.key.clone(), entry.number.to_le_bytes().to_vec())).collect()
}

fn write(keyed: &mut Keyed<Number>, mut budget: usize, into: &mut Map) -> bool {
    keyed.write_frozen(&(), &mut budget, &mut |key, value| {
        match value {
            Some(value) => into.insert(key.to_vec(), value.to_vec()),
            None => into.remove(key),
        };
    })
}

#[derive(Debug, Clone)]
enum Step {
    Put(u16, u32),
    Remove(u16),
    /// Many at once, so that memory is given back.
    PutAll,
    RemoveAllBut(u16),
    Freeze,
    Write(usize),
    End(bool),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let key = prop_oneof![3 => 0..8u16, 1 => 0..MANY];
    let step = prop_oneof![
        12 => (key.clone(), any::<u32>()).prop_map(|(key, number)| Step::Put(key, number)),
        5 => key.prop_map(Step::Remove),
        1 => Just(Step::PutAll),
        1 => (0..MANY).prop_map(Step::RemoveAllBut),
        3 => Just(Step::Freeze),
        6 => prop_oneof![1..40usize, Just(4000)].prop_map(Step::Write),
        3 => any::<bool>().prop_map(Step::End),
    ];
    prop::collection::vec(step, 0..80)
}

const MANY: u16 = 5000;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(150) })]

    #[test]
    fn what_is_written_is_the_map_as_it_was_when_it_was_frozen(steps in steps()) {
        let (mut keyed, mut model) = (Keyed::default(), Map::new());
        // What is committed; what the pending checkpoint made of it, what it is to make, whether all is written.
        let (mut committed, mut pending) = (Map::new(), None::<(Map, Map, bool)>);
        for step in steps {
            match step {
                Step::Put(key, number) => {
                    put(&mut keyed, key, number);
                    model.insert(key.to_be_bytes().to_vec(), number.to_le_bytes().to_vec());
                }
                Step::Remove(key) => {
                    remove(&mut keyed, key);
                    model.remove(key.to_be_bytes().as_slice());
                }
                Step::PutAll => {
                    for key in 0..MANY {
                        put(&mut keyed, key, 7);
                        model.insert(key.to_be_bytes().to_vec(), 7u32.to_le_bytes().to_vec());
                    }
                }
                Step::RemoveAllBut(kept) => {
                    (0..MANY).filter(|key| *key != kept).for_each(|key| remove(&mut keyed, key));
                    model.retain(|key, _| *key == kept.to_be_bytes());
                    prop_assert!(keyed.slab.capacity() < 4 * SMALL, "{}", keyed.slab.capacity());
                }
                Step::Freeze => {
                    keyed.freeze();
                    pending = Some((committed.clone(), model.clone(), false));
                }
                Step::Write(budget) => {
                    if let Some((into, _, done)) = &mut pending {
                        *done = write(&mut keyed, budget, into);
                    }
                }
                Step::End(keep) => {
                    let Some((into, expected, done)) = pending.take() else { continue };
                    keyed.end(keep && done);
                    if keep && done {
                        prop_assert_eq!(&into, &expected);
                        committed = into;
                    }
                }
            }
            prop_assert_eq!(&all(&keyed), &model);
            prop_assert_eq!(keyed.len(), model.len());
        }
        keyed.freeze();
        prop_assert!(write(&mut keyed, usize::MAX, &mut committed));
        prop_assert_eq!(committed, model);
    }
}

#[test]
fn memory_of_removed_entries_is_given_back() {
    let mut keyed = Keyed::default();
    (0..60_000).for_each(|key| put(&mut keyed, key, 1));
    keyed.freeze();
    assert!(write(&mut keyed, usize::MAX, &mut Map::new()));
    keyed.end(true);
    let full = keyed.slab.capacity();
    (0..60_000u16).filter(|key| key % 100 != 0).for_each(|key| remove(&mut keyed, key));
    assert!(full >= 60_000);
    assert!(keyed.slab.capacity() <= full / 10, "{} of {full}", keyed.slab.capacity());
    assert!(keyed.free.capacity() <= full / 10, "{} of {full}", keyed.free.capacity());
    assert!(keyed.index.capacity() <= full / 10, "{} of {full}", keyed.index.capacity());
    (0..60_000u16).for_each(|key| assert_eq!(keyed.find(&key.to_be_bytes()).is_some(), key % 100 == 0));
}
