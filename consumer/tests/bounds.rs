//! What bounds a transaction, the wait for a PostgreSQL that is silent or too slow, and the group's wait for a consumer
//! whose PostgreSQL is away. Everything is stored once in the end.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;
#[path = "common/load.rs"]
mod load;
#[path = "common/proxy.rs"]
mod proxy;

use std::time::{Duration, Instant};

use broker::{Batch, Broker, Consumer, ConsumerConfig, Poll, Position};
use common::*;
use consumer::Options;
use events::topics;
use load::{Loaded, accounted, records};
use proxy::Proxy;

/// A wait that is a failure.
const LIMIT: Duration = Duration::from_secs(120);

fn until(what: &str, mut reached: impl FnMut() -> bool) {
    let end = Instant::now() + LIMIT;
    while !reached() {
        assert!(Instant::now() < end, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// The count alone would let it grow to 20,000 times the largest record.
#[test]
fn a_batch_is_bounded_by_its_bytes() {
    let Some(db) = db() else { return };
    let log = log();
    let note = format!(r#","note":"{}""#, "x".repeat(50_000));
    let large = |i: i64| transaction(&format!("t{i}"), "ACC", "1.5", MARCH + i, &note);
    send(log.as_ref(), &(0..60).map(large).collect::<Vec<_>>());
    let options = Options { max_batch_bytes: 200_000, ..Options::new(&db.writer_url) };
    let summary = drain_with(&log, options);
    assert_eq!((summary.records, summary.transactions), (60, 60), "{summary}");
    assert!(summary.batches >= 12, "{} batches: one holds four or five of them at most", summary.batches);
}

/// Connections stay open and nobody answers on them, ever again: only who stops waiting goes on.
#[test]
fn a_server_that_says_nothing_is_given_up_and_found_again() {
    let Some(server) = servers::postgres() else { return };
    let db = db_in(server);
    let address = Proxy::to(server.port());
    let silence = Duration::from_secs(2);
    let options = Options { max_batch: 50, silence, ..Options::new(address.url(&db.writer_url)) };
    let mut consumer = Loaded::start_with(&db, options);
    address.silence();
    let before = address.connections();
    consumer.send(100);
    until("nobody connects anew", || address.connections() > before);
    assert_eq!(accounted(&db), Some(records(100)));
    address.speak();
    consumer.wait(&db);
    consumer.send(50);
    consumer.end(&db);
}

/// A batch that can never be stored within the time that a server has to answer.
#[test]
fn a_batch_that_takes_too_long_is_stored_in_parts() {
    let Some(db) = db() else { return };
    let silence = Duration::from_secs(2);
    let options = Options { max_batch: 60, silence, ..Options::new(&db.writer_url) };
    let mut consumer = Loaded::start_with(&db, options);
    db.execute(
        "CREATE FUNCTION be_slow() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN PERFORM pg_sleep(0.1); RETURN NEW; END $$;
         CREATE TRIGGER slow BEFORE INSERT ON transactions FOR EACH ROW EXECUTE FUNCTION be_slow();",
    );
    consumer.send(50);
    consumer.wait(&db);
    db.execute("DROP TRIGGER slow ON transactions");
    consumer.send(100);
    consumer.end(&db);
}

/// Another member of the consumer's group, which stores nothing.
struct Member(Box<dyn Consumer>);

impl Member {
    fn join(log: &dyn Broker) -> Self {
        let group = Some(Options::new("").group);
        let mut consumer = log.consumer(&ConsumerConfig { group, ..ConsumerConfig::default() }).unwrap();
        consumer.subscribe(&topics::ALL.map(|topic| topic.name.to_owned())).unwrap();
        Self(consumer)
    }

    /// Polls; whether partitions were given.
    fn is_given(&mut self) -> bool {
        match self.0.poll(&mut Batch::new(), Duration::from_millis(10)).unwrap() {
            Poll::Assign(given) => {
                let at_end: Vec<_> = given.iter().map(|p| (p.clone(), Position::End)).collect();
                self.0.assign(&at_end).unwrap();
                !given.is_empty()
            }
            Poll::Revoke { partitions, .. } => {
                self.0.unassign(&partitions).unwrap();
                false
            }
            Poll::Idle | Poll::Records => false,
        }
    }
}

/// It waited for the database's offsets without polling: the group could share nothing out until it was back.
#[test]
fn an_assignment_during_an_outage_does_not_hold_up_the_group() {
    let Some(server) = servers::postgres() else { return };
    let db = db_in(server);
    let address = Proxy::to(server.port());
    let mut consumer = Loaded::start(&db, &address.url(&db.writer_url));
    // A port that nobody may listen on.
    address.lead_to(1);
    consumer.send(50);
    for round in 0..3 {
        let mut member = Member::join(consumer.log());
        until(&format!("member {round} is given nothing"), || member.is_given());
        member.0.close().unwrap();
    }
    consumer.send(50);
    address.lead_to(server.port());
    consumer.end(&db);
}
