//! Stores on disk: their memory is bounded, what is on disk only expires too, and a disk that fails is told.

use std::sync::Arc;

use engine::plan::Program;
use engine::state::MemoryLimit;
use engine::task::{InputRecord, Output, StreamTask};

use crate::{Headers, Kept, Place, Shelf, exported, program, taken_up};

/// A task of one rule on disk, which is fed records of one topic.
struct OnDisk {
    program: Program,
    shelf: Shelf,
    limit: Arc<MemoryLimit>,
    task: StreamTask,
    output: Output,
}

impl OnDisk {
    fn new(rules: &str, limit: usize, broken: Option<&[u8]>) -> Self {
        let program = program(rules);
        let shelf = Shelf { broken: broken.map(<[u8]>::to_vec), ..Shelf::default() };
        let limit = MemoryLimit::new(limit);
        let place = Place::Disk(shelf.clone(), limit.clone());
        let task = taken_up(&program, 0, &Kept::new(), &place);
        Self { program, shelf, limit, task, output: Output::new() }
    }

    fn feed(&mut self, key: &str, time: i64) {
        let (_, input) = self.program.reader_of("t").unwrap();
        let record = InputRecord {
            partition: 0,
            offset: time,
            timestamp: time,
            key: Some(key.as_bytes()),
            value: Some(b"{\"a\":1}"),
            headers: &Headers(&[]),
        };
        self.output.clear();
        self.task.process(input, &record, &mut self.output);
    }

    fn checkpoint(&mut self) {
        self.task.begin_checkpoint();
        let mut kept = Kept::new();
        let mut gone = Vec::new();
        let written = self.task.write_checkpoint(usize::MAX, &mut |store, key, value| match value {
            Some(value) => drop(kept.insert((store, key.to_vec()), value.to_vec())),
            None => gone.push((store, key.to_vec())),
        });
        assert!(written);
        let mut shelf = self.shelf.kept.lock().unwrap();
        gone.iter().for_each(|at| drop(shelf.remove(at)));
        shelf.extend(kept);
        drop(shelf);
        self.task.end_checkpoint(true);
    }
}

const COUNTS: &str = "CREATE TABLE a1 WITH (KEY_FORMAT='JSON') AS SELECT k, COUNT(*) AS c FROM t
    WINDOW TUMBLING (SIZE 1 SECOND, GRACE PERIOD 0 SECONDS) GROUP BY k;";

#[test]
fn the_limit_of_memory_is_kept_and_nothing_is_lost() {
    const LIMIT: usize = 40_000;
    let mut disk = OnDisk::new("CREATE TABLE a1 AS SELECT k, COUNT(*) AS c FROM t GROUP BY k;", LIMIT, None);
    for number in 0..6000 {
        disk.feed(&format!("key {}", number % 3000), number);
        if number % 50 == 0 {
            disk.checkpoint();
            assert!(disk.limit.used() < LIMIT + 20_000, "{} bytes", disk.limit.used());
        }
    }
    assert!(disk.limit.used() > LIMIT / 2 && disk.task.keys() < 1000, "{} keys", disk.task.keys());
    disk.checkpoint();
    assert_eq!(exported(&disk.task).len(), 3001);
    drop(disk.task);
    assert_eq!(disk.limit.used(), 0, "what a task had is given back");
}

#[test]
fn windows_that_lie_on_disk_only_expire() {
    let mut disk = OnDisk::new(COUNTS, 0, None);
    (0..2000).for_each(|number| disk.feed(&format!("key {number}"), number / 4));
    disk.checkpoint();
    (0..100).for_each(|number| disk.feed("late", 500 + number));
    disk.checkpoint();
    assert!(disk.task.keys() < 1000 && disk.shelf.kept.lock().unwrap().len() > 2000);
    disk.feed("next", 1_000_000);
    (0..12).for_each(|_| disk.checkpoint());
    let left: Vec<_> = disk.shelf.kept.lock().unwrap().keys().map(|(_, key)| key.clone()).collect();
    assert!(left.len() <= 3, "{} are left", left.len());
}

#[test]
fn a_disk_that_cannot_be_read_is_told() {
    let mut key = vec![];
    let mut disk = OnDisk::new(COUNTS, 0, None);
    disk.feed("broken", 0);
    disk.task.export(&mut |_, bytes, _| key = if key.is_empty() { bytes.to_vec() } else { key.clone() });
    let mut disk = OnDisk::new(COUNTS, 0, Some(&key));
    disk.feed("fine", 0);
    assert_eq!(disk.output.failure(), None);
    disk.feed("broken", 0);
    assert_eq!(disk.output.failure(), Some("the disk is broken"));
    disk.feed("fine", 0);
    assert_eq!(disk.output.failure(), Some("the disk is broken"), "it stays");
}
