#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::memory::tests::keeps_what_was_applied;
use super::*;

fn of() -> StorePartition {
    StorePartition::new("store", 3)
}

fn put(local: &DiskLocal, keys: std::ops::Range<u32>, value: &[u8], mark: i64) {
    let of = of();
    let keys: Vec<_> = keys.map(u32::to_be_bytes).collect();
    let mut changes = keys.iter().map(|key| Change { of: &of, key, value: Some(value) });
    let mark = Mark { commit: mark, offset: 2 * mark, applied_at: 7 };
    local.apply(&mut changes, &[(of.clone(), mark)]).unwrap();
}

fn count(local: &DiskLocal) -> usize {
    let mut entries = 0;
    let mut visit = |_: &[u8], _: Option<&[u8]>| {
        entries += 1;
        true
    };
    local.for_each(&of(), &mut visit).unwrap();
    entries
}

#[test]
fn a_disk_keeps_what_was_applied() {
    let dir = tempfile::tempdir().unwrap();
    keeps_what_was_applied(&DiskLocal::open(dir.path()).unwrap());
}

#[test]
fn entries_and_marks_are_there_after_a_start() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("local");
    for round in 1..5 {
        let local = DiskLocal::open(&path).unwrap();
        let before = local.mark(&of()).unwrap().map_or(0, |mark| mark.commit);
        assert_eq!((before, count(&local) as i64), (round - 1, 1000 * (round - 1)));
        // More than one batch.
        put(&local, (before as u32 * 1000)..(round as u32 * 1000), &[5; 2000], round);
    }
    let local = DiskLocal::open(&path).unwrap();
    local.clear(&of()).unwrap();
    drop(local);
    let local = DiskLocal::open(&path).unwrap();
    assert_eq!((local.mark(&of()).unwrap(), count(&local)), (None, 0));
}

#[test]
fn a_second_process_is_kept_off() {
    let dir = tempfile::tempdir().unwrap();
    let _first = DiskLocal::open(dir.path()).unwrap();
    let error = DiskLocal::open(dir.path()).unwrap_err().to_string();
    assert!(error.contains("another process has it open"), "{error}");
}

#[test]
fn a_damaged_directory_is_set_aside() {
    for file in ["keyspaces", "0.jnl", "version"] {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("local");
        put(&DiskLocal::open(&path).unwrap(), 0..100, b"value", 1);
        damage(&path, file);
        let local = DiskLocal::open(&path).unwrap();
        // What is not found damaged at the start is whole, or without its end.
        if local.mark(&of()).unwrap().is_some() {
            assert_eq!(count(&local), 100, "{file}");
        }
        put(&local, 0..10, b"value", 2);
        assert!(count(&local) >= 10);
    }
}

/// Overwrites the files of this name, or all in the directory of this name.
fn damage(dir: &Path, name: &str) {
    let mut damaged = 0;
    let mut waiting = vec![(dir.to_owned(), false)];
    while let Some((dir, all)) = waiting.pop() {
        for entry in std::fs::read_dir(dir).unwrap() {
            let entry = entry.unwrap();
            let hit = all || entry.file_name().to_str() == Some(name);
            if entry.path().is_dir() {
                waiting.push((entry.path(), hit));
            } else if hit {
                let len = std::fs::read(entry.path()).unwrap().len();
                std::fs::write(entry.path(), vec![0xa5; len.max(16)]).unwrap();
                damaged += 1;
            }
        }
    }
    assert!(damaged > 0, "no file {name} in {}", dir.display());
}

#[test]
fn damage_that_is_found_later_is_set_aside_at_the_next_start() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("local");
    let local = DiskLocal::open(&path).unwrap();
    put(&local, 0..100, b"value", 1);
    let error = local.failed("reading")(fjall::Error::InvalidTrailer).to_string();
    assert!(error.contains("start again"), "{error}");
    drop(local);
    let local = DiskLocal::open(&path).unwrap();
    assert_eq!((local.mark(&of()).unwrap(), count(&local)), (None, 0));
    assert!(dir.path().join("local.damaged-1").is_dir());
}

/// Names the directory to a child that writes until it is killed.
const CHILD: &str = "STREAMGUARD_TEST_LOCAL_DIR";

#[test]
fn a_killed_writer_leaves_nothing_before_its_mark_out() {
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};

    if let Some(dir) = std::env::var_os(CHILD) {
        let local = DiskLocal::open(Path::new(&dir)).unwrap();
        for round in local.mark(&of()).unwrap().map_or(1, |mark| mark.commit + 1).. {
            // A few batches each.
            put(&local, 0..2000, &[round as u8; 1500], round);
            println!("\nround {round}");
        }
    }
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("local");
    let mut least = 0;
    for _ in 0..3 {
        let name = std::thread::current().name().unwrap().to_owned();
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args([name.as_str(), "--exact", "--nocapture"])
            .env(CHILD, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let rounds = BufReader::new(child.stdout.take().unwrap()).lines();
        let rounds = rounds.filter_map(|line| line.unwrap().strip_prefix("round ")?.parse::<i64>().ok());
        least = rounds.take(3).last().expect("the child writes").max(least);
        child.kill().unwrap();
        child.wait().unwrap();
        let local = DiskLocal::open(&path).unwrap();
        let mark = local.mark(&of()).unwrap().unwrap().commit;
        assert!(mark >= least, "{mark} of {least}");
        let mut entries = 0;
        let mut visit = |_: &[u8], value: Option<&[u8]>| {
            let value = value.unwrap();
            let is_whole = value.iter().all(|byte| *byte == mark as u8 || *byte == (mark + 1) as u8);
            assert!(is_whole && value.len() == 1500);
            entries += 1;
            true
        };
        local.for_each(&of(), &mut visit).unwrap();
        assert_eq!(entries, 2000);
    }
    assert!(!dir.path().join("local.damaged-1").exists());
}
