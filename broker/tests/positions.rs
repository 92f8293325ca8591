//! Where a consumer on Kafka says that it stands, while records, markers, aborted records and ends of partitions come
//! in any order.
//!
//! Committed offsets are positions. One that is too far loses a record when a worker is killed just then. Taking a
//! batch, librdkafka counts an end of a partition as if it were a record, and goes on there after a pause or under a
//! new leader: with ends asked for, a record was lost.
#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use broker::kafka::Kafka;
use broker::{
    Batch, Broker, ConsumerConfig, Outgoing, Poll, Position, Producer, ProducerConfig, TopicPartition,
    TopicSpec,
};

const PARTITIONS: i32 = 3;
/// `POSITIONS_SECONDS=600` is the long mode.
const SECONDS: u64 = 10;

fn produce(producer: &mut dyn Producer, partition: i32) {
    let value = Some(b"v".as_slice());
    let record =
        Outgoing { topic: "p", partition: Some(partition), key: None, value, timestamp: 1, headers: &[] };
    producer.produce(&record).unwrap();
}

/// Writes in small bursts: plain, committed and aborted.
fn write(log: &dyn Broker, stop: &AtomicBool) -> [u64; PARTITIONS as usize] {
    let mut plain = log.producer(&ProducerConfig::default()).unwrap();
    let transactional = ProducerConfig { transactional_id: Some("positions".into()), ..Default::default() };
    let mut transactional = log.producer(&transactional).unwrap();
    let (mut state, mut visible) = (42_u64, [0; PARTITIONS as usize]);
    let mut below = |bound: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % bound
    };
    while !stop.load(Ordering::SeqCst) {
        let (partition, count, how) = (below(PARTITIONS as u64) as usize, 1 + below(3), below(4));
        let producer = if how < 2 { &mut plain } else { &mut transactional };
        if how >= 2 {
            producer.begin().unwrap();
        }
        (0..count).for_each(|_| produce(&mut **producer, partition as i32));
        match how {
            0 | 1 => producer.flush(Duration::from_secs(30)).unwrap(),
            2 => producer.commit().unwrap(),
            _ => producer.abort().unwrap(),
        }
        visible[partition] += if how < 3 { count } else { 0 };
        std::thread::sleep(Duration::from_millis(below(4)));
    }
    visible
}

#[test]
fn a_position_is_never_behind_a_record_seen_nor_past_one_to_come() {
    let Some(server) = servers::kafka() else { return };
    let log: Arc<dyn Broker> = Kafka::connect(server.bootstrap(), Default::default()).unwrap();
    log.create_topics(&[TopicSpec::retained("p", PARTITIONS)]).unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let writer = {
        let (log, stop) = (log.clone(), stop.clone());
        std::thread::spawn(move || write(&*log, &stop))
    };
    let partitions: Vec<_> = (0..PARTITIONS).map(|p| TopicPartition::new("p", p)).collect();
    let from: Vec<_> = partitions.iter().map(|p| (p.clone(), Position::Beginning)).collect();
    let mut consumer = log.consumer(&ConsumerConfig::default()).unwrap();
    consumer.assign(&from).unwrap();
    let (mut batch, mut seen, mut stands) =
        (Batch::new(), [0_u64; PARTITIONS as usize], [0_i64; PARTITIONS as usize]);
    let seconds = std::env::var("POSITIONS_SECONDS").ok().and_then(|text| text.parse().ok());
    let (began, mut polls, mut idle_since) = (Instant::now(), 0_u64, None);
    // Until the writer has ended and nothing has come for a while.
    loop {
        if began.elapsed() > Duration::from_secs(seconds.unwrap_or(SECONDS)) {
            stop.store(true, Ordering::SeqCst);
        }
        polls += 1;
        if consumer.poll(&mut batch, Duration::from_millis(5)).unwrap() == Poll::Records {
            idle_since = None;
            for record in batch.iter() {
                let of = batch.sources()[record.source].partition as usize;
                let (stood, offset) = (stands[of], record.offset);
                assert!(offset >= stood, "partition {of}: at {stood} before the record at {offset} came");
                stands[of] = offset + 1;
                seen[of] += 1;
            }
        } else if stop.load(Ordering::SeqCst) && writer.is_finished() {
            let since = *idle_since.get_or_insert_with(Instant::now);
            if since.elapsed() > Duration::from_secs(2) {
                break;
            }
        }
        // What is paused goes on where it stood.
        if polls % 3 == 0 {
            let paused = &partitions[(polls / 3) as usize % partitions.len()..][..1];
            consumer.pause(paused).unwrap();
            std::thread::sleep(Duration::from_millis(polls % 7));
            consumer.resume(paused).unwrap();
        }
        for (partition, stood) in partitions.iter().zip(&mut stands) {
            let position = consumer.position(partition).unwrap().unwrap_or_default();
            assert!(position >= *stood, "{partition}: back from {stood} to {position}");
            *stood = position;
        }
    }
    assert_eq!(seen, writer.join().unwrap());
    let ends = partitions.iter().map(|p| log.watermarks(p, broker::Isolation::ReadCommitted).unwrap().1);
    assert_eq!(stands.to_vec(), ends.collect::<Vec<_>>(), "lag does not reach 0");
    println!("{polls} polls, {} records", seen.iter().sum::<u64>());
}

/// A member that does not poll for longer than its group's patience stays one while it says that it is alive.
#[test]
fn a_member_that_keeps_itself_alive_is_not_given_up() {
    let Some(server) = servers::kafka() else { return };
    let log: Arc<dyn Broker> = Kafka::connect(server.bootstrap(), Default::default()).unwrap();
    log.create_topics(&[TopicSpec::retained("alive", 1)]).unwrap();
    let properties = [("max.poll.interval.ms".to_owned(), "6000".to_owned())];
    let config = ConsumerConfig {
        group: Some("alive".into()),
        properties: properties.into(),
        ..ConsumerConfig::default()
    };
    let mut consumer = log.consumer(&config).unwrap();
    consumer.subscribe(&["alive".into()]).unwrap();
    let mut batch = Batch::new();
    let limit = Instant::now() + Duration::from_secs(60);
    loop {
        assert!(Instant::now() < limit, "nothing was assigned");
        if let Poll::Assign(given) = consumer.poll(&mut batch, Duration::from_millis(100)).unwrap() {
            let from: Vec<_> = given.into_iter().map(|p| (p, Position::Beginning)).collect();
            consumer.assign(&from).unwrap();
            break;
        }
    }
    let until = Instant::now() + Duration::from_secs(9);
    while Instant::now() < until {
        consumer.keep_alive();
        std::thread::sleep(Duration::from_millis(50));
    }
    let until = Instant::now() + Duration::from_secs(2);
    while Instant::now() < until {
        assert_eq!(consumer.poll(&mut batch, Duration::from_millis(100)).unwrap(), Poll::Idle);
    }
}
