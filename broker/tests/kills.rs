//! The embedded broker on disk, in a process that is killed again and again at random moments: while it opens,
//! commits, aborts, deletes, compacts. After each death every committed transaction is there whole, nothing
//! else is, and the committed offset says which those are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use broker::embedded::{Embedded, Settings};
use broker::{
    Batch, Broker, ConsumerConfig, Isolation, OffsetCommit, Outgoing, Poll, Position, Producer,
    ProducerConfig, TopicPartition, TopicSpec,
};

/// Names the directory for the child process.
const WRITER: &str = "BROKER_TEST_WRITER_DIR";
/// The seed of its program.
const SEED: &str = "BROKER_TEST_SEED";
const GROUP: &str = "group";
/// How many keys the compacted topic has.
const KEYS: u64 = 40;

/// Numbers that look random and are the same for the same seed (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % bound
    }
}

fn partition(topic: &str, partition: i32) -> TopicPartition {
    TopicPartition::new(topic, partition)
}

/// How many records transaction `number` writes to each partition.
fn records(number: u64) -> u64 {
    1 + number % 3
}

fn produce(producer: &mut dyn Producer, number: u64, what: &str) {
    // Some are larger than the buffer of the journal, and a few larger than a chunk.
    let padding = "x".repeat(match number {
        n if n.is_multiple_of(301) => 150_000,
        n if n.is_multiple_of(13) => 10_000,
        n => (n % 90) as usize,
    });
    let value = format!("{what} {number} {padding}");
    let key = (number % KEYS).to_string();
    let record = |topic, partition| Outgoing {
        topic,
        partition: Some(partition),
        key: Some(key.as_bytes()),
        value: Some(value.as_bytes()),
        timestamp: 1,
        headers: &[],
    };
    for _ in 0..records(number) {
        for (topic, partition) in [("log", 0), ("log", 1), ("trimmed", 0)] {
            producer.produce(&record(topic, partition)).unwrap();
        }
    }
    producer.produce(&record("keyed", 0)).unwrap();
}

fn committed(log: &dyn Broker) -> u64 {
    let commit = log.committed(GROUP, &[partition("log", 0)]).unwrap().remove(0);
    commit.map_or(0, |c| {
        assert_eq!(c.metadata, c.offset.to_string());
        u64::try_from(c.offset).unwrap()
    })
}

/// Run in a process of its own: transactions 1, 2, 3, ..., each said after it was committed, with others in
/// between that are aborted, deletions and compactions, until it is killed.
#[test]
fn writer() {
    let Ok(dir) = std::env::var(WRITER) else { return };
    let mut random = Random(std::env::var(SEED).unwrap().parse().unwrap());
    let log = Embedded::open_with(Path::new(&dir), settings()).unwrap();
    let config = ProducerConfig { transactional_id: Some("tx".to_owned()), ..Default::default() };
    let mut producer = log.producer(&config).unwrap();
    let config = ConsumerConfig { group: Some(GROUP.to_owned()), ..Default::default() };
    let membership = log.consumer(&config).unwrap().group_metadata().unwrap();
    for number in committed(&*log) + 1.. {
        if random.below(5) == 0 {
            producer.begin().unwrap();
            produce(&mut *producer, random.below(100), "aborted");
            producer.abort().unwrap();
        }
        producer.begin().unwrap();
        produce(&mut *producer, number, "committed");
        let offset = i64::try_from(number).unwrap();
        let metadata = number.to_string();
        let commit = OffsetCommit { partition: partition("log", 0), offset, metadata };
        producer.send_offsets(&[commit], &membership).unwrap();
        producer.commit().unwrap();
        println!("committed {number}");
        std::io::stdout().flush().unwrap();
        match random.below(20) {
            0 => log.clean_up().unwrap(),
            1 => {
                let of = partition("trimmed", 0);
                let (start, end) = log.watermarks(&of, Isolation::ReadCommitted).unwrap();
                let below = start + random.below((end - start).cast_unsigned()).cast_signed();
                log.delete_records(&[(of, below)]).unwrap();
            }
            2 => {
                log.create_topics(&[TopicSpec::retained("passing", 1)]).unwrap();
                produce_passing(&*log);
                log.delete_topics(&["passing".to_owned()]).unwrap();
            }
            _ => {}
        }
    }
}

fn produce_passing(log: &dyn Broker) {
    let mut plain = log.producer(&ProducerConfig::default()).unwrap();
    for _ in 0..20 {
        let value = Some([7u8; 1000].as_slice());
        let record =
            Outgoing { topic: "passing", partition: None, key: None, value, timestamp: 1, headers: &[] };
        plain.produce(&record).unwrap();
        plain.flush(Duration::ZERO).unwrap();
    }
}

/// The topic `keyed` is compacted, the others keep at most this much of a partition.
fn settings() -> Settings {
    Settings { delete_retention: Duration::ZERO, ..Settings::default() }
}

/// Offsets and numbers of the committed transactions' records from an offset on; nothing else may be there.
fn read(log: &dyn Broker, of: &TopicPartition, from: Position) -> Vec<(i64, u64)> {
    let end = log.watermarks(of, Isolation::ReadCommitted).unwrap().1;
    let mut consumer = log.consumer(&ConsumerConfig::default()).unwrap();
    consumer.assign(&[(of.clone(), from)]).unwrap();
    let (mut batch, mut seen) = (Batch::new(), Vec::new());
    while consumer.position(of).unwrap().unwrap() < end {
        if consumer.poll(&mut batch, Duration::ZERO).unwrap() == Poll::Records {
            for record in batch.iter() {
                let text = std::str::from_utf8(record.value.unwrap()).unwrap();
                let number = text.strip_prefix("committed ").expect("a committed record");
                seen.push((record.offset, number.split(' ').next().unwrap().parse().unwrap()));
            }
        }
    }
    seen
}

/// What was looked at so far of a partition that keeps all: the next offset, and the transactions before.
#[derive(Default, Clone, Copy)]
struct Looked {
    next: i64,
    numbers: u64,
}

fn look(log: &dyn Broker, of: &TopicPartition, before: Looked, last: u64) -> Looked {
    let seen = read(log, of, Position::Offset(before.next));
    let wanted = (before.numbers + 1..=last).flat_map(|n| std::iter::repeat_n(n, records(n) as usize));
    assert!(seen.iter().map(|(_, n)| *n).eq(wanted), "{of} after {}: {seen:?}, {last}", before.numbers);
    assert!(seen.is_sorted_by(|a, b| a.0 < b.0));
    Looked { next: seen.last().map_or(before.next, |(offset, _)| offset + 1), numbers: last }
}

/// Of `trimmed` a suffix is left, of `keyed` at least the latest of each key.
fn look_at_the_rest(log: &dyn Broker, last: u64) {
    let seen: Vec<u64> =
        read(log, &partition("trimmed", 0), Position::Beginning).iter().map(|s| s.1).collect();
    let first = seen.first().copied().unwrap_or(last + 1);
    let wanted: Vec<u64> = (first..=last).flat_map(|n| std::iter::repeat_n(n, records(n) as usize)).collect();
    assert!(wanted.ends_with(&seen) && wanted.len() - seen.len() < 3, "a suffix from {first} on: {seen:?}");
    let mut newest: BTreeMap<u64, u64> = BTreeMap::new();
    for (_, number) in read(log, &partition("keyed", 0), Position::Beginning) {
        let before = newest.insert(number % KEYS, number);
        assert!(before.is_none_or(|b| b < number), "in order");
    }
    let wanted: BTreeMap<u64, u64> = (1..=last).map(|n| (n % KEYS, n)).collect();
    assert_eq!(newest, wanted);
}

/// When a writer is killed.
enum Moment {
    /// So long after its start: while it opens, most often.
    Early(Duration),
    /// So long after it said so many commits.
    After(usize, Duration),
}

impl Moment {
    fn random(random: &mut Random) -> Self {
        match random.below(5) {
            0 => Self::Early(Duration::from_millis(random.below(60))),
            _ => Self::After(random.below(12) as usize, Duration::from_micros(random.below(5000))),
        }
    }
}

/// Lets a writer work until the moment has come and kills it; the last number that it said.
fn kill_one(dir: &Path, seed: u64, moment: &Moment) -> u64 {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["writer", "--exact", "--nocapture"])
        .env(WRITER, dir)
        .env(SEED, seed.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let said = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut numbers = said.filter_map(|line| line.split_once("committed ")?.1.parse::<u64>().ok());
    let mut last = 0;
    match moment {
        Moment::Early(after) => std::thread::sleep(*after),
        Moment::After(commits, more) => {
            last = numbers.by_ref().take(*commits).last().unwrap_or_default();
            std::thread::sleep(*more);
        }
    }
    assert_eq!(child.try_wait().unwrap(), None, "the writer ended by itself");
    child.kill().unwrap();
    last = numbers.last().unwrap_or(last);
    child.wait().unwrap();
    last
}

/// Where fsync costs nothing, where there is such a place: a killed process loses what it has in memory,
/// wherever its files are.
fn place() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

/// What came of some kills over one directory: transactions, and deaths before the first of them.
fn kill_often(random: &mut Random, kills: u64) -> (u64, u64) {
    let dir = place();
    Embedded::open(dir.path())
        .unwrap()
        .create_topics(&[
            TopicSpec::retained("log", 2),
            TopicSpec::retained("trimmed", 1),
            TopicSpec::compacted("keyed", 1),
        ])
        .unwrap();
    let (mut looked, mut said, mut idle) = ([Looked::default(); 2], 0, 0);
    for kill in 0..kills {
        let before = said;
        let moment = Moment::random(random);
        said = said.max(kill_one(dir.path(), random.below(u64::MAX), &moment));
        idle += u64::from(said == before);
        let log = Embedded::open_with(dir.path(), settings()).unwrap();
        let last = committed(&*log);
        assert!(last == said || last == said + 1, "kill {kill}: {said} was said, {last} is committed");
        said = last;
        for (number, place) in (0..).zip(&mut looked) {
            *place = look(&*log, &partition("log", number), *place, last);
        }
        look_at_the_rest(&*log, last);
        assert_eq!(log.topics().unwrap().iter().filter(|t| t.name != "passing").count(), 3);
    }
    (said, idle)
}

/// Some directories, since a test without optimisation reads a journal slowly.
#[test]
fn a_writer_is_killed_two_hundred_times() {
    let kills: u64 = std::env::var("KILLS").map_or(25, |text| text.parse().unwrap());
    let seed: u64 = std::env::var("KILL_SEED").map_or(1, |text| text.parse().unwrap());
    let mut random = Random(seed);
    let (mut transactions, mut idle) = (0, 0);
    for _ in 0..8 {
        let (more, without) = kill_often(&mut random, kills);
        transactions += more;
        idle += without;
    }
    println!("seed {seed}: {} kills, {idle} of them before a commit, {transactions} transactions", 8 * kills);
    assert!(transactions > 8 * kills && idle < 4 * kills, "{transactions} transactions, {idle} idle kills");
}
