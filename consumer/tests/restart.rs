//! Whatever is killed when: every record counts once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::io::{Read, Write};
use std::net::{Shutdown as Half, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use broker::embedded::Embedded;
use broker::{Broker, Shutdown};
use common::*;
use consumer::{Error, Options, Summary};
use events::Severity;

/// Everything that redelivery must leave as it is.
const STATE: [&str; 5] = [
    "SELECT transaction_id, version, decision, explanation FROM decisions ORDER BY 1, 2",
    "SELECT alert_id, occurrences, evidence FROM fraud_alerts ORDER BY 1",
    "SELECT alert_id, transaction_id FROM alert_occurrences ORDER BY 1, 2",
    "SELECT * FROM account_summary ORDER BY 1",
    "SELECT transaction_id, event_time FROM transactions ORDER BY 1, 2",
];

fn state(db: &Db) -> Vec<Vec<String>> {
    STATE.iter().map(|sql| db.rows(sql)).collect()
}

/// Transactions of several accounts, every tenth with an alert, every fiftieth on a list.
fn load(range: std::ops::Range<i64>) -> Vec<Rec> {
    range
        .flat_map(|i| {
            let (id, account, at) = (format!("t{i}"), format!("ACC-{}", i % 7), MARCH + i * 1_000);
            let more = if i % 50 == 0 { r#","merchant":"Shein""# } else { "" };
            let alert = (i % 10 == 0).then(|| alert("rule", Severity::High, &id, &account, at));
            [Some(transaction(&id, &account, "2.5", at, more)), alert].into_iter().flatten()
        })
        .collect()
}

/// The totals of `load(0..n)`, whatever happened on the way.
fn assert_loaded(db: &Db, n: i64) {
    assert_eq!(db.row("SELECT count(*) FROM transactions"), n.to_string());
    assert_eq!(db.row("SELECT count(*) FROM fraud_alerts"), (n / 10).to_string());
    assert_eq!(
        db.rows("SELECT decision, count(*) FROM current_decisions GROUP BY 1 ORDER BY 1"),
        [
            format!("APPROVE,{}", n - n / 10),
            format!("BLOCK,{}", n / 50),
            format!("REVIEW,{}", n / 10 - n / 50)
        ]
    );
    assert_eq!(
        db.row(
            "SELECT sum(transactions), sum(total_amount), sum(flagged), sum(blocked) FROM account_summary"
        ),
        format!("{n},{}.{},{},{}", n * 5 / 2, n * 25 % 10, n / 10, n / 50)
    );
    assert_eq!(
        db.row("SELECT sum(records), sum(repeats), sum(dead_letters) FROM consumer_offsets"),
        format!("{},0,0", n + n / 10)
    );
}

fn start(log: &Arc<dyn Broker>, options: Options, shutdown: &Shutdown) -> JoinHandle<Result<Summary, Error>> {
    let (log, shutdown) = (Arc::clone(log), shutdown.clone());
    std::thread::spawn(move || consumer::run(log, options, shutdown))
}

#[test]
fn redelivery_changes_nothing() {
    let Some(db) = db() else { return };
    let log = log();
    send(log.as_ref(), &load(0..100));
    drain(&log, &db);
    assert_loaded(&db, 100);
    let before = state(&db);
    db.execute("UPDATE consumer_offsets SET next_offset = 0");
    let summary = drain(&log, &db);
    assert_eq!(summary.records, 110);
    assert_eq!((summary.transactions, summary.repeats, summary.occurrences, summary.decisions), (0, 0, 0, 0));
    assert_eq!(state(&db), before);
}

#[test]
fn a_restart_goes_on_where_it_was() {
    let Some(db) = db() else { return };
    let log = log();
    for part in 0..4 {
        send(log.as_ref(), &load(part * 50..(part + 1) * 50));
        assert_eq!(drain(&log, &db).records, 55);
    }
    assert_loaded(&db, 200);
    assert_eq!(drain(&log, &db).records, 0);
}

#[test]
fn ending_at_once_keeps_what_is_committed() {
    let Some(db) = db() else { return };
    let log = log();
    send(log.as_ref(), &load(0..2_000));
    let shutdown = Shutdown::new();
    let options = Options { max_batch: 50, ..Options::new(&db.writer_url) };
    let running = start(&log, options, &shutdown);
    while db.row("SELECT count(*) > 100 FROM transactions") == "f" {
        std::thread::sleep(Duration::from_millis(10));
    }
    shutdown.request();
    let first = running.join().unwrap().unwrap();
    assert!(first.records < 2_200, "{first}");
    let rest = drain(&log, &db);
    assert_eq!(first.records + rest.records, 2_200);
    assert_loaded(&db, 2_000);
}

/// Two consumers that each believe to own every partition: the slower one is a zombie at every commit.
#[test]
fn a_zombie_is_fenced_by_the_offsets() {
    let Some(db) = db() else { return };
    let log = log();
    send(log.as_ref(), &load(0..2_000));
    let shutdown = Shutdown::new();
    shutdown.request_when_drained();
    let zombies: Vec<_> = ["one", "two"]
        .map(|group| {
            let options = Options { group: group.to_owned(), max_batch: 20, ..Options::new(&db.writer_url) };
            start(&log, options, &shutdown)
        })
        .into_iter()
        .map(|running| running.join().unwrap().unwrap())
        .collect();
    assert_eq!(zombies.iter().map(|summary| summary.records).sum::<u64>(), 2_200, "{zombies:?}");
    assert_loaded(&db, 2_000);
}

#[test]
fn two_consumers_of_a_group_share_the_partitions() {
    let Some(db) = db() else { return };
    let log = log();
    let shutdown = Shutdown::new();
    let running =
        [0, 1].map(|_| start(&log, Options { max_batch: 50, ..Options::new(&db.writer_url) }, &shutdown));
    send(log.as_ref(), &load(0..1_000));
    eventually(&db, "SELECT sum(records) FROM consumer_offsets", "1100");
    shutdown.request_when_drained();
    let summaries = running.map(|running| running.join().unwrap().unwrap());
    assert_eq!(summaries.iter().map(|summary| summary.records).sum::<u64>(), 1_100);
    assert_loaded(&db, 1_000);
}

#[test]
fn a_restart_of_postgresql_pauses_the_intake() {
    let Some(server) = servers::Postgres::start() else { return };
    let db = db_in(&server);
    let log = log();
    let shutdown = Shutdown::new();
    let running = start(&log, Options { max_batch: 100, ..Options::new(&db.writer_url) }, &shutdown);
    send(log.as_ref(), &load(0..500));
    eventually(&db, "SELECT count(*) > 0 FROM transactions", "t");
    server.stop_immediate();
    send(log.as_ref(), &load(500..800));
    std::thread::sleep(Duration::from_millis(700));
    assert!(!running.is_finished());
    server.start_again();
    send(log.as_ref(), &load(800..1_000));
    eventually(&db, "SELECT count(*) FROM transactions", "1000");
    shutdown.request_when_drained();
    running.join().unwrap().unwrap();
    assert_loaded(&db, 1_000);
}

/// Stands between consumer and server. The first COMMITs lose their answer: some reach the server, some do not.
fn lossy_proxy(server_port: u16, losses: u32) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let left = Arc::new(AtomicU32::new(losses));
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(server) = TcpStream::connect(("127.0.0.1", server_port)) else { continue };
            let left = Arc::clone(&left);
            let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || forward_until_commit(&mut from, &mut to, &left));
            std::thread::spawn(move || {
                let (mut from, mut to) = (server, client);
                let _ = std::io::copy(&mut from, &mut to);
                let _ = to.shutdown(Half::Both);
            });
        }
    });
    port
}

fn forward_until_commit(client: &mut TcpStream, server: &mut TcpStream, left: &AtomicU32) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(read @ 1..) = client.read(&mut buffer) {
        let message = &buffer[..read];
        // Only a message of its own: rows of a COPY may hold the word.
        let commit = read < 20 && message.windows(6).any(|word| word == b"COMMIT");
        let loss = if commit {
            left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).ok()
        } else {
            None
        };
        if let Some(number) = loss {
            if number % 2 == 0 {
                let _ = client.shutdown(Half::Both);
                let _ = server.write_all(message);
                // The server answers nobody; it has committed by then.
                std::thread::sleep(Duration::from_millis(50));
            }
            let _ = client.shutdown(Half::Both);
            let _ = server.shutdown(Half::Both);
            return;
        }
        if server.write_all(message).is_err() {
            return;
        }
    }
    let _ = server.shutdown(Half::Both);
}

#[test]
fn a_commit_of_unknown_outcome_is_settled_by_the_offsets() {
    let Some(server) = servers::postgres() else { return };
    let db = db_in(server);
    let log = log();
    send(log.as_ref(), &load(0..1_000));
    let port = lossy_proxy(server.port(), 6);
    let url = db.writer_url.replace(&format!(":{}/", server.port()), &format!(":{port}/"));
    let summary = drain_with(&log, Options { max_batch: 100, ..Options::new(&url) });
    assert!(
        summary.records < 1_100,
        "some batches were committed without the consumer being told: {summary}"
    );
    assert_loaded(&db, 1_000);
}

#[test]
fn another_log_than_the_recorded_one_is_refused() {
    let Some(db) = db() else { return };
    let first = log();
    send(first.as_ref(), &load(0..10));
    drain(&first, &db);
    let other: Arc<dyn Broker> = Embedded::in_memory();
    let error = consumer::run(other, Options::new(&db.writer_url), Shutdown::new()).unwrap_err();
    assert!(matches!(error, Error::ForeignLog(_)), "{error}");
    assert!(error.to_string().contains("DELETE FROM consumer_offsets"), "{error}");
    first.delete_topics(&["transactions".to_owned()]).unwrap();
    let error = consumer::run(Arc::clone(&first), Options::new(&db.writer_url), Shutdown::new()).unwrap_err();
    assert!(error.to_string().contains("topic transactions"), "{error}");
    db.execute("DELETE FROM consumer_offsets WHERE topic = 'transactions'");
    send(first.as_ref(), &load(10..20));
    drain(&first, &db);
    assert_eq!(db.row("SELECT count(*) FROM transactions"), "20");
}

#[test]
fn records_that_are_gone_stop_the_consumer_with_what_to_do() {
    let Some(db) = db() else { return };
    let log = log();
    send(log.as_ref(), &load(0..10));
    drain(&log, &db);
    db.execute("UPDATE consumer_offsets SET next_offset = 1000 WHERE topic = 'fraud_alerts'");
    let error = consumer::run(Arc::clone(&log), Options::new(&db.writer_url), Shutdown::new()).unwrap_err();
    assert!(matches!(error, Error::OffsetLost(_)), "{error}");
    assert!(error.to_string().contains("next_offset"), "{error}");
}

#[test]
fn the_consumer_makes_the_topics_that_are_missing() {
    let Some(db) = db() else { return };
    let log: Arc<dyn Broker> = Embedded::in_memory();
    assert_eq!(drain(&log, &db).records, 0);
    for topic in events::topics::ALL {
        assert_eq!(log.topic(topic.name).unwrap().unwrap().partitions, topic.partitions);
    }
}
