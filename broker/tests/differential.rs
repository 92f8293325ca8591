//! The embedded broker and Kafka run the same random program (transactions of several producers, aborts,
//! fencing, group offsets, deletions, reads from anywhere) and tell the same: outcomes by class of error,
//! what is visible at which offset, what is committed.
//!
//! What the embedded broker does otherwise by design is left out of the programs: it gives offsets at the commit,
//! so transactions that are open at the same time write to partitions of their own here; and one that was open
//! when its producer was fenced leaves no gap, so offsets are told only by programs where that does not happen.
#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::embedded::Embedded;
use broker::{
    Batch, Broker, ConsumerConfig, Error, GroupMetadata, Isolation, OffsetCommit, Outgoing, Poll, Position,
    Producer, ProducerConfig, TopicPartition, TopicSpec,
};

const PATIENCE: Duration = Duration::from_secs(40);
/// Topics of two partitions.
const TOPICS: usize = 2;
/// Slots 0 and 2 share a transactional id.
const SLOTS: usize = 3;

/// Numbers that look random and are the same for the same seed (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound as u64) as usize
    }
}

/// A record: topic, partition, key and value by number.
#[derive(Debug, Clone)]
struct Record(usize, i32, usize, usize);

/// What a transaction does.
#[derive(Debug, Clone)]
struct Work {
    slot: usize,
    records: Vec<Record>,
    /// Of the group: topic, partition, offset.
    offsets: Vec<(usize, i32, i64)>,
    commits: bool,
}

/// A step of a program.
#[derive(Debug, Clone)]
enum Step {
    /// A new producer with the slot's transactional id.
    New(usize),
    Work(Work),
    /// Two transactions open at the same time, each on a topic of its own.
    Two(Work, Work),
    /// The transaction is open when a newer producer takes the id.
    FencedWhileOpen(Work, usize),
    /// Records without a transaction.
    Plain(Vec<Record>),
    /// Deletes so many sixths of a partition's offsets; seven sixths lie past the end.
    Delete(usize, i32, i64),
    /// Reads a partition from so many sixths on, so many records a poll.
    Read(usize, i32, i64, usize),
}

fn work(random: &mut Random, slot: usize, topics: &[usize], number: &mut usize) -> Work {
    let mut records = Vec::new();
    for _ in 0..random.below(6) {
        *number += 1;
        let topic = topics[random.below(topics.len())];
        records.push(Record(topic, random.below(2) as i32, random.below(5), *number));
    }
    let offset =
        |random: &mut Random| (random.below(TOPICS), random.below(2) as i32, random.below(100) as i64);
    let offsets = (0..random.below(3)).map(|_| offset(random)).collect();
    Work { slot, records, offsets, commits: random.below(4) > 0 }
}

/// A random program. Without `open` nothing is fenced while its transaction is open.
fn program(seed: u64, steps: usize, open: bool) -> Vec<Step> {
    let mut random = Random(seed);
    let (random, mut number) = (&mut random, 0);
    let mut program: Vec<Step> = (0..SLOTS - 1).map(Step::New).collect();
    for _ in 0..steps {
        let (slot, all) = (random.below(SLOTS), &[0, 1][..]);
        let (topic, partition) = (random.below(TOPICS), random.below(2) as i32);
        program.push(match random.below(10) {
            0 => Step::New(slot),
            1..=3 => Step::Work(work(random, slot, all, &mut number)),
            4 => {
                let first = work(random, 0, &[0], &mut number);
                Step::Two(first, work(random, 1, &[1], &mut number))
            }
            5 if open => Step::FencedWhileOpen(work(random, 0, all, &mut number), 2),
            5 | 6 => Step::Plain(work(random, 0, all, &mut number).records),
            7 if !open => Step::Delete(topic, partition, random.below(8) as i64),
            _ => Step::Read(topic, partition, random.below(7) as i64, 1 + random.below(5)),
        });
    }
    for topic in 0..TOPICS {
        program.extend((0..2).map(|partition| Step::Read(topic, partition, 0, 100)));
    }
    program
}

/// Runs a program on one log and takes down what it tells.
struct Runner {
    log: Arc<dyn Broker>,
    topics: Vec<String>,
    id: String,
    group: GroupMetadata,
    producers: [Option<Box<dyn Producer>>; SLOTS],
    plain: Box<dyn Producer>,
    told: Vec<String>,
    /// Whether offsets are told.
    exact: bool,
}

fn outcome(done: Result<(), Error>) -> String {
    done.map_or_else(|e| format!("{:?}", e.kind()), |()| "done".to_owned())
}

impl Runner {
    fn new(log: &Arc<dyn Broker>, name: &str, exact: bool) -> Self {
        let topics: Vec<String> = (0..TOPICS).map(|n| format!("{name}-topic-{n}")).collect();
        let specs: Vec<_> = topics.iter().map(|topic| TopicSpec::retained(topic.as_str(), 2)).collect();
        log.create_topics(&specs).unwrap();
        let config = ConsumerConfig { group: Some(format!("{name}-group")), ..Default::default() };
        let group = log.consumer(&config).unwrap().group_metadata().unwrap();
        let plain = log.producer(&ProducerConfig::default()).unwrap();
        Self {
            log: log.clone(),
            topics,
            id: name.to_owned(),
            group,
            producers: [const { None }; SLOTS],
            plain,
            told: Vec::new(),
            exact,
        }
    }

    fn of(&self, topic: usize, partition: i32) -> TopicPartition {
        TopicPartition::new(self.topics[topic].as_str(), partition)
    }

    /// The ends, once what was committed and aborted is so for readers too.
    fn ends(&self, of: &TopicPartition) -> (i64, i64) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let high = self.log.watermarks(of, Isolation::ReadUncommitted).unwrap();
            if self.log.watermarks(of, Isolation::ReadCommitted).unwrap() == high {
                return high;
            }
            assert!(Instant::now() < deadline, "the stable end of {of} does not reach {high:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn renew(&mut self, slot: usize) {
        let id = format!("{}-{}", self.id, slot % 2);
        let config = ProducerConfig { transactional_id: Some(id), ..Default::default() };
        self.producers[slot] = Some(self.log.producer(&config).unwrap());
    }

    /// Everything of a transaction but its end.
    fn open(&mut self, work: &Work) -> Result<(), Error> {
        let Some(producer) = &mut self.producers[work.slot] else { return Ok(()) };
        producer.begin()?;
        for record in &work.records {
            produce(&mut **producer, &self.topics, record)?;
        }
        let offsets: Vec<_> = work
            .offsets
            .iter()
            .map(|(topic, partition, offset)| OffsetCommit {
                partition: TopicPartition::new(self.topics[*topic].as_str(), *partition),
                offset: *offset,
                metadata: format!("n{offset}"),
            })
            .collect();
        // The last of one partition counts; Kafka takes a partition once.
        let mut once = offsets.clone();
        once.dedup_by(|a, b| a.partition == b.partition);
        once.sort_by(|a, b| a.partition.cmp(&b.partition));
        once.dedup_by(|a, b| a.partition == b.partition);
        if once.is_empty() { Ok(()) } else { producer.send_offsets(&once, &self.group) }
    }

    fn end(&mut self, work: &Work) -> Result<(), Error> {
        let Some(producer) = &mut self.producers[work.slot] else { return Ok(()) };
        if work.commits {
            return producer.commit();
        }
        // What was not sent yet would leave no gap on Kafka.
        producer.flush(PATIENCE)?;
        producer.abort()
    }

    /// Tells how a transaction ended; one that failed ends its producer.
    fn ended(&mut self, work: &Work, done: Result<(), Error>) {
        let failed = done.is_err();
        let text = outcome(done);
        self.told.push(format!(
            "{} of slot {}: {text}",
            if work.commits { "commit" } else { "abort" },
            work.slot
        ));
        if failed {
            self.producers[work.slot] = None;
        }
    }

    /// Waits until the markers of all transactions are where they belong: on Kafka they come a little after the
    /// commit has returned, and what is written meanwhile lies before them.
    fn settle(&self) {
        for topic in 0..TOPICS {
            (0..2).for_each(|partition| _ = self.ends(&self.of(topic, partition)));
        }
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::New(slot) => self.renew(*slot),
            Step::Work(work) => {
                let done = self.open(work).and_then(|()| self.end(work));
                self.ended(work, done);
            }
            Step::Two(first, second) => {
                let opened = [self.open(first), self.open(second)];
                for (work, opened) in [first, second].into_iter().zip(opened) {
                    let done = opened.and_then(|()| self.end(work));
                    self.ended(work, done);
                }
            }
            Step::FencedWhileOpen(work, newer) => {
                self.renew(work.slot);
                let opened = self.open(&Work { commits: true, ..work.clone() });
                if let Some(producer) = &mut self.producers[work.slot] {
                    producer.flush(PATIENCE).unwrap();
                }
                self.renew(*newer);
                let work = Work { commits: true, ..work.clone() };
                let done = opened.and_then(|()| self.end(&work));
                self.ended(&work, done);
            }
            Step::Plain(records) => {
                for record in records {
                    produce(&mut *self.plain, &self.topics, record).unwrap();
                }
                self.plain.flush(PATIENCE).unwrap();
            }
            Step::Delete(topic, partition, sixths) => {
                let of = self.of(*topic, *partition);
                let (start, end) = self.ends(&of);
                let below = if *sixths == 7 { end + 1 } else { start + (end - start) * sixths / 6 };
                let done = self.log.delete_records(&[(of.clone(), below)]);
                let text = outcome(done);
                self.told.push(format!("delete below {below}: {text}, {:?}", self.ends(&of)));
            }
            Step::Read(topic, partition, sixths, at_once) => self.read(*topic, *partition, *sixths, *at_once),
        }
        self.settle();
    }

    /// Tells what is visible from somewhere on, and what is committed for the partition.
    fn read(&mut self, topic: usize, partition: i32, sixths: i64, at_once: usize) {
        let of = self.of(topic, partition);
        let (start, end) = self.ends(&of);
        let from = if self.exact { start + (end - start) * sixths / 6 } else { start };
        let mut consumer =
            self.log.consumer(&ConsumerConfig { max_batch: at_once, ..Default::default() }).unwrap();
        consumer.assign(&[(of.clone(), Position::Offset(from))]).unwrap();
        let (mut batch, mut seen, deadline) = (Batch::new(), Vec::new(), Instant::now() + PATIENCE);
        while consumer.position(&of).unwrap().is_none_or(|p| p < end) {
            assert!(Instant::now() < deadline, "{:?} does not reach {end}", consumer.position(&of));
            if consumer.poll(&mut batch, Duration::from_millis(20)).unwrap() == Poll::Records {
                assert!(batch.len() <= at_once);
                let text = |b: &[u8]| String::from_utf8(b.to_vec()).unwrap();
                seen.extend(batch.iter().map(|r| {
                    let offset = if self.exact { r.offset } else { -1 };
                    (offset, r.key.map(text), r.value.map(text), r.timestamp)
                }));
            }
        }
        let position = consumer.position(&of).unwrap().filter(|_| self.exact);
        let group = format!("{}-group", self.id);
        let committed = self.log.committed(&group, std::slice::from_ref(&of)).unwrap().remove(0);
        let committed = committed.map(|c| (c.offset, c.metadata));
        let ends = self.exact.then_some((start, end));
        self.told.push(format!(
            "topic {topic}, partition {partition}: {ends:?} {seen:?} {position:?} {committed:?}"
        ));
    }
}

fn produce(producer: &mut dyn Producer, topics: &[String], record: &Record) -> Result<(), Error> {
    let Record(topic, partition, key, number) = record;
    let (key, value) = (format!("k{key}"), format!("v{number}"));
    producer.produce(&Outgoing {
        topic: &topics[*topic],
        partition: Some(*partition),
        key: (*number % 5 > 0).then_some(key.as_bytes()),
        value: (*number % 7 > 0).then_some(value.as_bytes()),
        timestamp: 1_600_000_000_000 + *number as i64,
        headers: &[],
    })
}

fn run(log: &Arc<dyn Broker>, seed: u64, program: &[Step], exact: bool) -> Vec<String> {
    let name = format!("d{}-{seed}-{exact}", std::process::id());
    let mut runner = Runner::new(log, &name, exact);
    program.iter().for_each(|step| runner.step(step));
    runner.told
}

#[test]
fn kafka_and_the_embedded_broker_tell_the_same() {
    let Some(server) = servers::kafka() else { return };
    let kafka: Arc<dyn Broker> =
        broker::kafka::Kafka::connect(server.bootstrap(), Default::default()).unwrap();
    let seeds: u64 = std::env::var("DIFFERENTIAL_SEEDS").map_or(4, |text| text.parse().unwrap());
    let first: u64 = std::env::var("DIFFERENTIAL_FIRST").map_or(1, |text| text.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let memory: Arc<dyn Broker> = Embedded::in_memory();
    let disk: Arc<dyn Broker> = Embedded::open(dir.path()).unwrap();
    let (mut steps, mut told) = (0, 0);
    for seed in first..first + seeds {
        let exact = seed % 2 == 1;
        let program = program(seed, 40, !exact);
        let wanted = run(&kafka, seed, &program, exact);
        for (name, log) in [("memory", &memory), ("disk", &disk)] {
            let got = run(log, seed, &program, exact);
            for (line, (got, wanted)) in got.iter().zip(&wanted).enumerate() {
                assert_eq!(got, wanted, "seed {seed}, in {name}, line {line} of {program:#?}");
            }
            assert_eq!(got.len(), wanted.len(), "seed {seed}, in {name}");
        }
        steps += program.len();
        told += wanted.len();
    }
    println!("{seeds} programs of {steps} steps told {told} lines, the same on Kafka, on disk and in memory");
}
