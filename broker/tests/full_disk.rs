//! The embedded broker on a disk that is full for a while: the commit fails with words that help, nothing that
//! was committed is lost, reading goes on, and so does writing once there is room.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use broker::embedded::Embedded;
use broker::{
    Batch, Broker, ConsumerConfig, Error, ErrorKind, GroupMetadata, Isolation, OffsetCommit, Outgoing, Poll,
    Position, Producer, ProducerConfig, TopicPartition, TopicSpec,
};

/// Names the directory for the child process whose files are limited.
const LIMITED: &str = "BROKER_TEST_LIMITED_DIR";
/// What files of the child may have, in KiB: more than the 64 MiB that a journal begins with.
const LIMIT: &str = "81920";
const RECORD: usize = 500_000;
const RECORDS: usize = 60;

fn partition() -> TopicPartition {
    TopicPartition::new("topic", 0)
}

fn transactional(log: &dyn Broker) -> Result<Box<dyn Producer>, Error> {
    log.producer(&ProducerConfig { transactional_id: Some("tx".to_owned()), ..Default::default() })
}

/// A value that is not to be compressed away.
fn noise() -> Vec<u8> {
    let mut x = 1u32;
    let bytes = std::iter::repeat_with(|| {
        x ^= x << 13;
        x ^= x >> 17;
        x ^= x << 5;
        x as u8
    });
    bytes.take(RECORD).collect()
}

/// Commits 30 MB and an offset.
fn commit(producer: &mut dyn Producer, number: usize, group: &GroupMetadata) -> Result<(), Error> {
    let mut value = noise();
    producer.begin()?;
    for _ in 0..RECORDS {
        value[0] = number as u8;
        let (key, value) = (None, Some(value.as_slice()));
        producer.produce(&Outgoing {
            topic: "topic",
            partition: Some(0),
            key,
            value,
            timestamp: 1,
            headers: &[],
        })?;
    }
    let (offset, metadata) = (number as i64, number.to_string());
    producer.send_offsets(&[OffsetCommit { partition: partition(), offset, metadata }], group)?;
    producer.commit()
}

fn committed(log: &dyn Broker) -> Result<usize, Error> {
    let commit = log.committed("group", &[partition()])?.remove(0);
    Ok(commit.map_or(0, |c| c.offset as usize))
}

/// How many records there are of each commit.
fn read(log: &dyn Broker) -> Vec<usize> {
    let mut consumer = log.consumer(&ConsumerConfig::default()).unwrap();
    consumer.assign(&[(partition(), Position::Beginning)]).unwrap();
    let (mut batch, mut counts) = (Batch::new(), Vec::new());
    let end = log.watermarks(&partition(), Isolation::ReadCommitted).unwrap().1;
    while consumer.position(&partition()).unwrap().unwrap() < end {
        if consumer.poll(&mut batch, Duration::ZERO).unwrap() == Poll::Records {
            for record in batch.iter() {
                let number = usize::from(record.value.unwrap()[0]);
                counts.resize(counts.len().max(number), 0);
                counts[number - 1] += 1;
            }
        }
    }
    counts
}

/// Commits until the disk is full, makes room and goes on.
fn fill_and_go_on(dir: &Path, make_room: impl FnOnce()) {
    let log = Embedded::open(dir).unwrap();
    log.create_topics(&[TopicSpec::retained("topic", 1)]).unwrap();
    let config = ConsumerConfig { group: Some("group".to_owned()), ..Default::default() };
    let group = log.consumer(&config).unwrap().group_metadata().unwrap();
    let mut producer = transactional(&*log).unwrap();
    let (mut number, error) = (1..50)
        .find_map(|n| commit(&mut *producer, n, &group).err().map(|e| (n, e)))
        .expect("the disk is full at last");
    let text = error.to_string();
    println!("commit {number}: {text}");
    assert_eq!(error.kind(), ErrorKind::Unknown, "{text}");
    assert!(number > 1, "something was committed before: {text}");
    assert!(text.contains(dir.to_str().unwrap()) && text.contains("free space on the volume"), "{text}");
    assert!(read(&*log).iter().all(|count| *count == RECORDS), "reading goes on");
    // Without room each further attempt fails and says why; nothing is half there.
    for _ in 0..2 {
        let again = transactional(&*log).and_then(|mut p| {
            number = committed(&*log)? + 1;
            commit(&mut *p, number, &group)
        });
        let text = again.expect_err("there is no room yet").to_string();
        println!("again: {text}");
        assert!(text.contains("free space on the volume"), "{text}");
    }
    make_room();
    let deadline = Instant::now() + Duration::from_secs(60);
    producer = loop {
        match transactional(&*log) {
            Ok(producer) => break producer,
            Err(e) => assert!(Instant::now() < deadline, "{e}"),
        }
    };
    let first = committed(&*log).unwrap() + 1;
    assert!(first == number || first == number + 1, "{first} after {number}");
    for number in first..first + 4 {
        commit(&mut *producer, number, &group).unwrap();
    }
    let all = vec![RECORDS; first + 3];
    assert_eq!(read(&*log), all);
    drop((producer, log));
    let log = Embedded::open(dir).unwrap();
    assert_eq!((read(&*log), committed(&*log).unwrap()), (all, first + 3), "after opening it again, too");
}

/// Run in a process of its own, whose files are limited.
#[test]
fn limited() {
    let Ok(dir) = std::env::var(LIMITED) else { return };
    fill_and_go_on(Path::new(&dir), || {
        let pid = std::process::id().to_string();
        let raised = Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited"]).status().unwrap();
        assert!(raised.success());
    });
}

/// A file that cannot grow fails as a full disk does, in the middle of a write, for every user.
#[test]
fn a_file_that_cannot_grow_stops_commits_only_for_as_long() {
    let dir = tempfile::tempdir().unwrap();
    let script = format!("trap '' XFSZ; ulimit -S -f {LIMIT} && exec \"$0\" limited --exact --nocapture");
    let done = Command::new("bash")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .env(LIMITED, dir.path())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&done.stdout) + String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{text}");
    assert!(text.contains("commit ") && text.contains("again: "), "{text}");
}

/// A file system of a limited size, in memory; taken away in the end.
struct Small {
    dir: PathBuf,
    _parent: tempfile::TempDir,
}

impl Small {
    /// None for users who may not mount.
    fn mount(size: &str) -> Option<Self> {
        let parent = tempfile::tempdir().unwrap();
        let dir = parent.path().join("small");
        std::fs::create_dir(&dir).unwrap();
        let options = format!("size={size}");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&dir).output();
        done.ok()?.status.success().then_some(Self { dir, _parent: parent })
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.dir).status();
    }
}

/// A real full disk, where the user may mount one; the limited file above is tested everywhere.
#[test]
fn a_full_disk_stops_commits_only_for_as_long() {
    let Some(small) = Small::mount("400m") else {
        println!("skipped: this user may not mount a file system of a limited size");
        return;
    };
    let ballast = small.dir.join("ballast");
    std::fs::write(&ballast, vec![1; 250_000_000]).unwrap();
    fill_and_go_on(&small.dir.join("broker"), || std::fs::remove_file(&ballast).unwrap());
}
