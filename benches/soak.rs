//! `cargo bench --bench soak`: the memory of an engine at a steady load with keys that come and go.
//!
//! A Kafka node of its own, 3 partitions, `RATE=n` transactions a second (20,000) for `SOAK=n` minutes (20), of 100,000
//! accounts at a time: 1,000 of them a second are new, and as many are never seen again. Event time runs five times
//! as fast as the clock, so that windows of 5 minutes with 10 minutes of grace have gone for as many accounts as come
//! after 3 minutes: from then on the memory has to stay. The engine is a process of its own with two threads and
//! the five rules of `benches/rules`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "load/child.rs"]
mod child;
mod load;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use broker::kafka::Kafka;
use broker::{Broker, Isolation, ProducerConfig, TopicPartition, TopicSpec};
use child::Engine;
use load::{Spent, grouped, setting};

const TRANSACTIONS: &str = "transactions";
const PARTITIONS: i32 = 3;
/// Event time per time.
const FASTER: usize = 5;
/// Until as many windows go as come: 15 minutes of event time, and a little.
const FILLED: Duration = Duration::from_secs(200);
const TELL: Duration = Duration::from_secs(20);

fn main() {
    load::begin();
    let Some(server) = servers::kafka() else { return };
    let (rate, minutes) = (setting("RATE", 20_000), setting("SOAK", 20));
    let kafka = Kafka::connect(server.bootstrap(), BTreeMap::new()).unwrap();
    kafka.create_topics(&[TopicSpec::retained(TRANSACTIONS, PARTITIONS)]).unwrap();
    let data = tempfile::tempdir().unwrap();
    let mut engine = Engine::start(server.bootstrap(), data.path());
    println!("{} transactions/s for {minutes} minutes", grouped(rate as f64));
    let mut producer = kafka.producer(&ProducerConfig::default()).unwrap();
    let (begin, mut told, mut start) = (Instant::now(), Duration::ZERO, None);
    let before = Spent::now(server.pid());
    for (at, record) in load::churning(rate * 60 * minutes, rate, FASTER).enumerate() {
        let due = begin + Duration::from_secs_f64(at as f64 / rate as f64);
        let early = due.saturating_duration_since(Instant::now());
        if early > Duration::from_millis(1) {
            std::thread::sleep(early);
        }
        load::produce(&mut *producer, TRANSACTIONS, &record.key, &record.value, record.timestamp);
        let passed = begin.elapsed();
        if passed.saturating_sub(told) >= TELL {
            told = passed;
            engine.must_run();
            let resident = engine.resident();
            if passed >= FILLED {
                start.get_or_insert(resident);
            }
            println!("{:5.0} s  {resident:6.0} MB  lag {}", passed.as_secs_f64(), grouped(lag(&*kafka)));
        }
    }
    producer.flush(Duration::from_secs(60)).unwrap();
    let took = begin.elapsed().as_secs_f64();
    println!(
        "resident memory: {:.0} MB once windows go as they come, {:.0} MB at the end; \
         {} transactions/s in fact, {:.0} s of the node's processor time",
        start.unwrap_or(f64::NAN),
        engine.resident(),
        grouped((rate * 60 * minutes) as f64 / took),
        before.since().theirs
    );
}

/// Records that are not committed yet.
fn lag(kafka: &dyn Broker) -> f64 {
    let partitions: Vec<_> = (0..PARTITIONS).map(|p| TopicPartition::new(TRANSACTIONS, p)).collect();
    let committed = kafka.committed("bench", &partitions).unwrap();
    let lag = |(partition, committed): (&TopicPartition, &Option<broker::OffsetCommit>)| {
        let end = kafka.watermarks(partition, Isolation::ReadCommitted).unwrap().1;
        end - committed.as_ref().map_or(0, |committed| committed.offset)
    };
    partitions.iter().zip(&committed).map(lag).sum::<i64>() as f64
}
