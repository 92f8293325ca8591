#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;

use super::super::memory::tests::{keeps_what_was_applied, keeps_what_was_staged_once_it_is_marked};
use super::*;

fn of() -> StorePartition {
    StorePartition::new("store", 3)
}

fn mark(commit: i64) -> Mark {
    Mark { commit, offset: 2 * commit, applied_at: 7 }
}

fn put(local: &LogLocal, keys: std::ops::Range<u32>, value: Option<&[u8]>, commit: i64) {
    let mut staged = local.stage(&of()).unwrap().unwrap();
    for key in keys {
        assert!(staged.push(&key.to_be_bytes(), value).unwrap());
    }
    assert!(staged.settle(mark(commit)).unwrap());
}

fn all(local: &LogLocal) -> BTreeMap<Vec<u8>, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut visit = |key: &[u8], value: Option<&[u8]>| {
        match value {
            Some(value) => all.insert(key.to_vec(), value.to_vec()),
            None => all.remove(key),
        };
        true
    };
    local.for_each(&of(), &mut visit).unwrap();
    all
}

/// A value that does not pack well.
fn noise(len: usize, seed: u32) -> Vec<u8> {
    let mut state = seed | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state as u8
    };
    (0..len).map(|_| next()).collect()
}

#[test]
fn files_keep_what_was_applied() {
    let dir = tempfile::tempdir().unwrap();
    let local = LogLocal::open(dir.path()).unwrap();
    keeps_what_was_applied(&local);
    keeps_what_was_staged_once_it_is_marked(&local);
}

#[test]
fn entries_and_marks_are_there_after_a_start() {
    let dir = tempfile::tempdir().unwrap();
    for round in 1..5 {
        let local = LogLocal::open(dir.path()).unwrap();
        let before = local.mark(&of()).unwrap().map_or(0, |mark| mark.commit);
        assert_eq!((before, all(&local).len() as i64), (round - 1, 1000 * (round - 1)));
        // More than one frame.
        put(&local, (before as u32 * 1000)..(round as u32 * 1000), Some(&noise(500, 3)), round);
    }
    let local = LogLocal::open(dir.path()).unwrap();
    put(&local, 0..10, None, 5);
    assert_eq!(all(&local).len(), 3990);
    local.clear(&of()).unwrap();
    drop(local);
    let local = LogLocal::open(dir.path()).unwrap();
    assert_eq!((local.mark(&of()).unwrap(), all(&local).len()), (None, 0));
}

/// As a process that is killed leaves it: at any byte.
#[test]
fn a_file_that_ends_anywhere_counts_up_to_its_last_whole_mark() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store-3.log");
    let (mut ends, mut states) = (vec![0], vec![BTreeMap::new()]);
    let local = LogLocal::open(dir.path()).unwrap();
    for commit in 1..4 {
        put(&local, (commit * 2)..(commit * 3), Some(&[commit as u8; 5]), i64::from(commit));
        ends.push(std::fs::metadata(&path).unwrap().len());
        states.push(all(&local));
    }
    drop(local);
    let bytes = std::fs::read(&path).unwrap();
    for len in 0..=bytes.len() {
        std::fs::write(&path, &bytes[..len]).unwrap();
        let local = LogLocal::open(dir.path()).unwrap();
        let commit = ends.iter().rposition(|end| *end <= len as u64).unwrap();
        let expected = (commit > 0).then(|| mark(commit as i64));
        assert_eq!((local.mark(&of()).unwrap(), &all(&local)), (expected, &states[commit]), "{len}");
        // And it goes on from there.
        put(&local, 90..91, Some(b"new"), 9);
        drop(local);
        let local = LogLocal::open(dir.path()).unwrap();
        assert_eq!(all(&local).len(), states[commit].len() + 1, "{len}");
    }
}

#[test]
fn a_damaged_byte_hides_what_comes_behind_it_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store-3.log");
    let local = LogLocal::open(dir.path()).unwrap();
    put(&local, 0..3, Some(b"first"), 1);
    let end = std::fs::metadata(&path).unwrap().len() as usize;
    let first = all(&local);
    put(&local, 2..6, Some(b"second"), 2);
    drop(local);
    let bytes = std::fs::read(&path).unwrap();
    for at in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x40;
        std::fs::write(&path, &damaged).unwrap();
        let local = LogLocal::open(dir.path()).unwrap();
        let expected = if at < end { (None, BTreeMap::new()) } else { (Some(mark(1)), first.clone()) };
        assert_eq!((local.mark(&of()).unwrap(), all(&local)), expected, "{at}");
    }
}

#[test]
fn a_file_that_has_grown_is_written_anew_and_has_the_same_entries() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store-3.log");
    let local = LogLocal::open(dir.path()).unwrap();
    let (mut commit, mut longest, mut expected) = (0, 0, BTreeMap::new());
    while len_or_zero(&path) >= longest {
        longest = len_or_zero(&path);
        commit += 1;
        // The same keys again and again, and some that go.
        let mut staged = local.stage(&of()).unwrap().unwrap();
        expected.clear();
        for key in 0..1_000_u32 {
            let value = noise(4_000, 1_000 * commit + key);
            assert!(staged.push(&key.to_be_bytes(), Some(&value)).unwrap());
            expected.insert(key.to_be_bytes().to_vec(), value);
        }
        for key in 100..200_u32 {
            assert!(staged.push(&key.to_be_bytes(), None).unwrap());
            expected.remove(key.to_be_bytes().as_slice());
        }
        assert!(staged.settle(mark(i64::from(commit))).unwrap());
        assert!(commit < 50, "it was never written anew");
    }
    assert!(len_or_zero(&path) < longest / 2);
    assert_eq!(all(&local), expected);
    drop(local);
    let local = LogLocal::open(dir.path()).unwrap();
    assert_eq!((local.mark(&of()).unwrap(), all(&local)), (Some(mark(i64::from(commit))), expected));
    put(&local, 0..1, Some(b"more"), 1_000);
    assert_eq!(all(&local)[0_u32.to_be_bytes().as_slice()], b"more");
}

fn len_or_zero(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |metadata| metadata.len())
}

#[test]
fn what_is_read_is_not_disturbed_by_what_is_written_meanwhile() {
    let dir = tempfile::tempdir().unwrap();
    let local = LogLocal::open(dir.path()).unwrap();
    put(&local, 0..2_000, Some(&noise(500, 5)), 1);
    let mut seen = 0;
    local
        .for_each(&of(), &mut |_, _| {
            if seen == 0 {
                put(&local, 0..2_000, None, 2);
                local.clear(&of()).unwrap();
            }
            seen += 1;
            true
        })
        .unwrap();
    assert_eq!((seen, all(&local).len()), (2_000, 0));
}
