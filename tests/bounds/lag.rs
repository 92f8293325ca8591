//! A large backlog: what lies in an input is not read ahead further than the limits of the client and of what waits in a
//! worker say, however much it is, and however long another input is waited for.

use super::*;

const RECORDS: u64 = 16_000;
/// Bytes of one.
const SIZE: u64 = 25_000;
/// What an engine may take, in kB: the records are 400 MB. The client's own limits are 16 MB of what is fetched ahead and
/// 16 MB of an answer; a poll copies what was fetched, and what waits for another input is copied once more for each
/// partition. What was once taken stays with the allocator. 150 and 210 MB were measured.
const MOST: u64 = 300 * 1024;
/// As long as a slow machine takes for much.
const LAGGING: Duration = Duration::from_secs(420);
/// Far longer than it takes to fetch more than an engine may take.
const WAITING: Duration = Duration::from_secs(30);

/// A topic with far more than an engine may take in memory.
fn backlog(group: &'static str) -> Option<Place> {
    let place = Place::new(group)?;
    place.kafka.create_topics(&[TopicSpec::retained(place.topic("in"), 2)]).unwrap();
    // Of text that does not compress: what is fetched is bounded as it comes, compressed.
    let mut state = 1_u64;
    let mut word = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        format!("{:08x}", state >> 32)
    };
    let mut payment = |i: u64| {
        let note: String = (0..SIZE / 8).map(|_| word()).collect();
        format!(r#"{{"id":"p{i}","note":"{note}"}}"#).into_bytes()
    };
    let accounts = ["a", "b", "c", "d"];
    for from in (0..RECORDS).step_by(500) {
        let batch = (from..from + 500).map(|i| (accounts[i as usize % 4], payment(i), TIME + i as i64));
        place.send(&batch.collect::<Vec<_>>());
    }
    Some(place)
}

impl Place {
    /// Looks at an engine until it has done all of the backlog, of which it writes one in a thousand; the most memory
    /// that it took, in kB.
    fn peak_of(&self, engine: &mut Running) -> u64 {
        let partitions = [0, 1].map(|number| TopicPartition::new(self.topic("in"), number));
        let mut peak = 0;
        wait_until("all of the backlog to be done", LAGGING, || {
            assert!(engine.runs(), "{}", engine.log());
            peak = peak.max(resident(engine.pid()));
            let committed = self.kafka.committed(self.group, &partitions).unwrap();
            committed.into_iter().flatten().map(|committed| committed.offset).sum::<i64>() >= RECORDS as i64
        });
        assert_eq!(self.await_values(engine, &self.topic("out"), 16).len(), 16);
        peak
    }
}

fn check(peak: u64) {
    println!("{peak} kB resident at most, of {} kB in the input", RECORDS * SIZE / 1024);
    assert!(peak < MOST, "{peak} kB resident");
}

#[test]
fn memory_does_not_grow_with_the_lag() {
    let Some(place) = backlog("lag") else { return };
    // Of what is written the producer's queue may have 128 MiB, so here that is little.
    let few = copy(&place).replace("FROM payments", "FROM payments WHERE id LIKE '%999'");
    let mut engine = place.engine(&few, &[]);
    let peak = place.peak_of(&mut engine);
    assert!(engine.terminate(LIMIT).success());
    check(peak);
}

/// The table's last row is in a transaction that is open for long, and a stream's records wait until it is loaded.
#[test]
fn memory_does_not_grow_while_one_input_waits_for_another() {
    let Some(place) = backlog("waits") else { return };
    let names = place.topic("names");
    place.kafka.create_topics(&[TopicSpec::retained(&*names, 2)]).unwrap();
    let mut config =
        ProducerConfig { transactional_id: Some("slow-names".into()), ..ProducerConfig::default() };
    config.properties.insert("transaction.timeout.ms".into(), "600000".into());
    let mut producer = place.kafka.producer(&config).unwrap();
    producer.begin().unwrap();
    for partition in [0, 1] {
        let (partition, key, value) = (Some(partition), Some(&b"a"[..]), Some(&br#"{"name":"n"}"#[..]));
        let (topic, timestamp, headers) = (&*names, TIME, &[][..]);
        producer.produce(&Outgoing { topic, partition, key, value, timestamp, headers }).unwrap();
    }
    producer.flush(LIMIT).unwrap();
    let rule = format!(
        "CREATE TABLE names (account_id VARCHAR PRIMARY KEY, name VARCHAR)
  WITH (KAFKA_TOPIC='{names}', VALUE_FORMAT='JSON');
CREATE STREAM copied WITH (KAFKA_TOPIC='{}') AS SELECT p.account_id, p.id, p.note, n.name
  FROM payments p LEFT JOIN names n ON p.account_id = n.account_id WHERE p.id LIKE '%999';",
        place.topic("out")
    );
    let mut engine = place.engine(&rule, &[]);
    wait_until("its partitions", LIMIT, || engine.log().contains("assigned worker=0"));
    let (until, mut peak) = (std::time::Instant::now() + WAITING, 0);
    while std::time::Instant::now() < until {
        assert!(engine.runs(), "{}", engine.log());
        peak = peak.max(resident(engine.pid()));
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(
        place.values(&place.topic("out"), "none").is_empty(),
        "nothing is joined before the table is there"
    );
    producer.commit().unwrap();
    let peak = peak.max(place.peak_of(&mut engine));
    assert!(engine.terminate(LIMIT).success());
    check(peak);
}
