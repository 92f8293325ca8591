//! The outbox: every message arrives, each key's in order, whatever is away.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::sync::Arc;
use std::thread::JoinHandle;

use broker::{Broker, Shutdown};
use common::*;
use consumer::{Error, Options, Summary};

fn start(log: &Arc<dyn Broker>, db: &Db, shutdown: &Shutdown) -> JoinHandle<Result<Summary, Error>> {
    let (log, options, shutdown) = (Arc::clone(log), Options::new(&db.writer_url), shutdown.clone());
    std::thread::spawn(move || consumer::run(log, options, shutdown))
}

/// Messages of several keys, as transactions write them.
fn put(db: &Db, range: std::ops::Range<i32>) {
    db.execute(&format!(
        "SELECT outbox_put('list_entries', 'k' || i % 7, jsonb_build_object('n', i))
         FROM generate_series({}, {}) i",
        range.start,
        range.end - 1
    ));
}

/// The numbers of each key are there, and those that come again come in order.
fn assert_published(log: &Arc<dyn Broker>, n: i32) {
    let found = read_all(log.as_ref(), "list_entries");
    for key in 0..7 {
        let numbers: Vec<i64> = found
            .iter()
            .filter(|record| record.key == format!("k{key}"))
            .map(|record| {
                serde_json::from_str::<serde_json::Value>(record.value.as_ref().unwrap()).unwrap()["n"]
                    .as_i64()
                    .unwrap()
            })
            .collect();
        let mut expected: Vec<i64> = (0..i64::from(n)).filter(|i| i % 7 == key).collect();
        // A round that was published and not marked comes again as a whole: after its repeats the order goes on.
        let mut seen = Vec::new();
        for number in &numbers {
            match seen.iter().position(|known| known == number) {
                Some(at) => seen.truncate(at + 1),
                None => seen.push(*number),
            }
        }
        expected.sort_unstable();
        assert_eq!(seen, expected, "key k{key}: {numbers:?}");
    }
}

#[test]
fn messages_are_published_in_order_with_headers_and_tombstones() {
    let Some(db) = db() else { return };
    let log = log();
    put(&db, 0..100);
    drain(&log, &db);
    assert_published(&log, 100);
    assert_eq!(db.row("SELECT count(*) FROM outbox WHERE published_at IS NULL"), "0");
    db.execute("SELECT outbox_put('list_entries', 'gone', NULL)");
    db.execute("INSERT INTO outbox (topic, key, value, headers) VALUES ('fraud_decisions', 'a', 'v', '{\"h\": \"text\"}')");
    drain(&log, &db);
    let tombstones: Vec<_> =
        read_all(log.as_ref(), "list_entries").into_iter().filter(|record| record.value.is_none()).collect();
    assert_eq!(tombstones.len(), 1);
    let sent = read_all(log.as_ref(), "fraud_decisions");
    let id = db.row("SELECT id FROM outbox WHERE topic = 'fraud_decisions'");
    assert_eq!(sent[0].headers, [("h".to_owned(), "text".to_owned()), ("outbox.id".to_owned(), id)]);
    assert_eq!(log.topic("fraud_decisions").unwrap().unwrap().partitions, 3);
}

#[test]
fn a_notification_wakes_the_publisher_and_one_of_two_publishes() {
    let Some(db) = db() else { return };
    let (log, shutdown) = (log(), Shutdown::new());
    let running = [start(&log, &db, &shutdown), start(&log, &db, &shutdown)];
    for part in 0..10 {
        put(&db, part * 50..(part + 1) * 50);
    }
    eventually(&db, "SELECT count(*) FROM outbox WHERE published_at IS NULL", "0");
    shutdown.request();
    for running in running {
        running.join().unwrap().unwrap();
    }
    assert_published(&log, 500);
    let own = read_all(log.as_ref(), "list_entries").into_iter().filter(|record| record.key.starts_with('k'));
    assert_eq!(own.count(), 500, "nothing is published twice without a fault");
}

#[test]
fn postgresql_away_or_the_session_ended_loses_nothing() {
    let Some(server) = servers::Postgres::start() else { return };
    let db = db_in(&server);
    let (log, shutdown) = (log(), Shutdown::new());
    let running = start(&log, &db, &shutdown);
    put(&db, 0..100);
    eventually(&db, "SELECT count(*) FROM outbox WHERE published_at IS NULL", "0");
    db.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'streamguard %'",
    );
    put(&db, 100..200);
    eventually(&db, "SELECT count(*) FROM outbox WHERE published_at IS NULL", "0");
    server.stop_immediate();
    server.start_again();
    put(&db, 200..300);
    eventually(&db, "SELECT count(*) FROM outbox WHERE published_at IS NULL", "0");
    shutdown.request();
    running.join().unwrap().unwrap();
    assert_published(&log, 300);
}

/// Too large for the log: given up alone, with the reason, and those before and behind it arrive.
#[test]
fn a_message_that_the_log_never_takes_is_given_up_alone() {
    let Some(db) = db() else { return };
    let log = log();
    put(&db, 0..10);
    db.execute("INSERT INTO outbox (topic, key, value) VALUES ('list_entries', 'k0', convert_to(repeat('x', 20000000), 'UTF8'))");
    put(&db, 10..20);
    drain(&log, &db);
    assert_eq!(db.row("SELECT count(*), count(last_error) FROM outbox WHERE dead_at IS NOT NULL"), "1,1");
    assert_published(&log, 20);
}
