//! A consumer whose servers fail for long: a table stays locked while the topic grows by far more than the consumer may
//! hold in memory; PostgreSQL and Kafka are away at once.

#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../consumer/tests/common/mod.rs"]
mod common;
mod support;

use std::fmt::Write as _;
use std::time::Duration;

use broker::kafka;
use common::{MARCH, Rec, send, transaction};
use sqlx::{Connection, PgConnection};
use support::{Database, Place, wait_until};

/// So long nothing happens only if nothing ever will.
const LIMIT: Duration = Duration::from_secs(600);
/// Transactions, of ten kilobytes each.
const FEW: i64 = 100;
const MANY: i64 = 30_000;
/// What may be resident at most, in kB: two batches of 8 MiB with their rows, 16 MB that are prefetched, what the allocator
/// keeps, and the consumer itself. The topic alone holds 300 MB. (At most 174 MB with half as much in it, 183 MB with this.)
const BOUND: u64 = 250 * 1024;

/// Transactions whose text nothing compresses.
fn load(range: std::ops::Range<i64>) -> Vec<Rec> {
    let of = |i: i64| {
        let mut state = (i as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
        let mut note = String::with_capacity(10_016);
        while note.len() < 10_000 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            write!(note, "{state:016x}").unwrap();
        }
        transaction(
            &format!("t{i}"),
            &format!("A-{}", i % 50),
            "1.5",
            MARCH + i,
            &format!(r#","note":"{note}""#),
        )
    };
    range.map(of).collect()
}

/// A line of a process's status in kB: `VmHWM` is the most that was resident since `clear_refs` was last told.
fn resident(pid: u32, what: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(what)).unwrap();
    line.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn a_table_that_stays_locked_while_the_topic_grows_takes_no_memory() {
    let Some(place) = Place::with_kafka() else { return };
    place.run(&["db", "migrate"]);
    let log = kafka::Kafka::connect(place.kafka.as_ref().unwrap().bootstrap(), Default::default()).unwrap();
    let mut consumer = place.start("consumer", &["consumer"]);
    let log: std::sync::Arc<dyn broker::Broker> = log;
    wait_until("the topics", LIMIT, || log.topic("transactions").is_ok_and(|topic| topic.is_some()));
    send(log.as_ref(), &load(0..FEW));
    let stored = |n| place.database.size("transactions") >= n;
    wait_until("the first to be stored", LIMIT, || stored(FEW));
    let before = resident(consumer.pid(), "VmRSS");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut other = runtime.block_on(PgConnection::connect(place.database.url())).unwrap();
    let lock = sqlx::raw_sql("BEGIN; LOCK TABLE transactions IN ACCESS EXCLUSIVE MODE");
    runtime.block_on(lock.execute(&mut other)).unwrap();
    for from in (FEW..MANY).step_by(500) {
        send(log.as_ref(), &load(from..(from + 500).min(MANY)));
    }
    let waits = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'streamguard consumer'
                 AND datname = current_database() AND wait_event_type = 'Lock'";
    // Given up once, and waiting again: in between it has polled.
    wait_until("the intake to be paused", LIMIT, || {
        assert!(consumer.runs(), "{}", consumer.log());
        consumer.log().contains("intake paused")
    });
    wait_until("it to try again", LIMIT, || place.database.count(waits) > 0);
    let during = resident(consumer.pid(), "VmHWM");
    runtime.block_on(sqlx::raw_sql("ROLLBACK").execute(&mut other)).unwrap();
    wait_until("the rest to be stored", LIMIT, || stored(MANY));
    let after = resident(consumer.pid(), "VmHWM");
    assert!(consumer.terminate(LIMIT).success());
    eprintln!(
        "resident: {before} kB before the lock, at most {during} kB under it, {after} kB until all was stored"
    );
    assert_eq!(
        place
            .database
            .rows("SELECT count(*), count(DISTINCT transaction_id), sum(amount)::bigint FROM transactions"),
        [format!("{MANY}|{MANY}|{}", MANY * 3 / 2)]
    );
    assert!(during < BOUND, "{before} kB resident before, {during} kB under the lock");
    assert!(after < BOUND, "{before} kB resident before, {after} kB while the rest was stored");
}

/// It ended: PostgreSQL was back first, and Kafka did not say where the partitions stand.
#[test]
fn kafka_that_is_still_away_when_postgresql_is_back_is_waited_for() {
    let Some(mut place) = Place::with_kafka() else { return };
    let Some(server) = servers::Postgres::start() else { return };
    place.database = Database::create(&server);
    place.run(&["db", "migrate"]);
    let kafka = place.kafka.as_ref().unwrap();
    let log: std::sync::Arc<dyn broker::Broker> =
        kafka::Kafka::connect(kafka.bootstrap(), Default::default()).unwrap();
    let mut consumer = place.start("consumer", &["consumer"]);
    wait_until("the topics", LIMIT, || log.topic("transactions").is_ok_and(|topic| topic.is_some()));
    send(log.as_ref(), &load(0..FEW));
    let stored = |n| place.database.size("transactions") >= n;
    wait_until("the first to be stored", LIMIT, || stored(FEW));
    server.stop_immediate();
    wait_until("the intake to be paused", LIMIT, || consumer.log().contains("intake paused"));
    kafka.stop();
    server.start_again();
    wait_until("it to ask Kafka", LIMIT, || {
        assert!(consumer.runs(), "{}", consumer.log());
        consumer.log().contains("still away (the log: ")
    });
    kafka.go_on();
    send(log.as_ref(), &load(FEW..3 * FEW));
    wait_until("the rest to be stored", LIMIT, || {
        assert!(consumer.runs(), "{}", consumer.log());
        stored(3 * FEW)
    });
    assert!(consumer.terminate(LIMIT).success());
    assert_eq!(
        place.database.rows("SELECT count(*), count(DISTINCT transaction_id) FROM transactions"),
        [format!("{0}|{0}", 3 * FEW)]
    );
}
