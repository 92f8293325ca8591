//! A Kafka of three nodes of which one dies: the one that leads a partition, and the one that coordinates a group or a
//! transaction.
#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::{Duration, Instant};

use broker::kafka::Kafka;
use broker::{
    Broker, ConsumerConfig, ErrorKind, GroupMetadata, Isolation, OffsetCommit, Outgoing, Position, Producer,
    ProducerConfig, TopicPartition, TopicSpec,
};

/// Longer than any call may take: 15 s for a step of a transaction, 30 s for the offsets of a pending one.
const BOUND: Duration = Duration::from_secs(40);
const PATIENCE: Duration = Duration::from_secs(120);

fn transactional(log: &dyn Broker) -> broker::Result<Box<dyn Producer>> {
    log.producer(&ProducerConfig { transactional_id: Some("survivor".to_owned()), ..Default::default() })
}

fn produce(producer: &mut dyn Producer, partition: i32) -> broker::Result<()> {
    let value = Some(b"v".as_slice());
    producer.produce(&Outgoing {
        topic: "t",
        partition: Some(partition),
        key: None,
        value,
        timestamp: 1,
        headers: &[],
    })
}

fn commit(producer: &mut dyn Producer, group: &GroupMetadata, offset: i64) -> broker::Result<()> {
    let offsets = [OffsetCommit { partition: TopicPartition::new("t", 0), offset, metadata: String::new() }];
    producer.send_offsets(&offsets, group)?;
    producer.commit()
}

/// Tries until it is done, no try longer than the bound and no error one that lasts.
fn try_until_done<T>(what: &str, mut call: impl FnMut() -> broker::Result<T>) -> T {
    let began = Instant::now();
    loop {
        let tried = Instant::now();
        let done = call();
        assert!(tried.elapsed() < BOUND, "{what} took {:?}", tried.elapsed());
        match done {
            Ok(value) => return value,
            Err(e) => {
                let passes = matches!(
                    e.kind(),
                    ErrorKind::Unavailable | ErrorKind::Unknown | ErrorKind::Abortable | ErrorKind::Fatal
                );
                assert!(passes && began.elapsed() < PATIENCE, "{what}: {:?}: {e}", e.kind());
                std::thread::sleep(Duration::from_millis(100));
            }
        }
    }
}

/// Sending offsets hung until some connection changed where the group's coordinator had just died; the ends of a
/// partition were refused for good while it had no leader, and for minutes after it had another.
#[test]
fn a_dead_node_holds_no_call_for_ever() {
    let Some(cluster) = servers::Cluster::start() else { return };
    let log = Kafka::connect(cluster.bootstrap(), Default::default()).unwrap();
    log.create_topics(&[TopicSpec::retained("t", 3)]).unwrap();
    let mut consumer =
        log.consumer(&ConsumerConfig { group: Some("survivors".into()), ..Default::default() }).unwrap();
    consumer.assign(&[(TopicPartition::new("t", 0), Position::Beginning)]).unwrap();
    let group = consumer.group_metadata().unwrap();
    let mut producer = transactional(&*log).unwrap();
    let mut offset = 0;
    for node in 0..cluster.size() {
        // All is known and connected before the node dies.
        for partition in 0..3 {
            log.watermarks(&TopicPartition::new("t", partition), Isolation::ReadUncommitted).unwrap();
        }
        try_until_done("a commit before", || {
            offset += 1;
            producer = transactional(&*log)?;
            producer.begin()?;
            produce(&mut *producer, 0)?;
            commit(&mut *producer, &group, offset)
        });
        producer.begin().unwrap();
        cluster.kill(node);
        offset += 1;
        let mut attempted = false;
        try_until_done("a commit after", || {
            // The first try is the transaction that was open.
            if std::mem::replace(&mut attempted, true) {
                producer = transactional(&*log)?;
                producer.begin()?;
            }
            commit(&mut *producer, &group, offset)
        });
        for partition in 0..3 {
            let of = TopicPartition::new("t", partition);
            try_until_done("the ends", || log.watermarks(&of, Isolation::ReadUncommitted));
        }
        let committed =
            try_until_done("the offsets", || log.committed("survivors", &[TopicPartition::new("t", 0)]));
        assert_eq!(committed[0].as_ref().map(|c| c.offset), Some(offset));
        let before = cluster.starts(node);
        cluster.launch(node);
        cluster.await_start(node, before);
        // Until it has caught up, another's death would leave too few.
        std::thread::sleep(Duration::from_secs(4));
    }
}
