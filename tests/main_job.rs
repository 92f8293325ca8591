//! The main job on a real Kafka and a real PostgreSQL: transactions become alerts by SQL rules, and
//! decisions; also where the engine and the consumer are killed in the middle.

#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::time::Duration;

use support::{NIGHTFALL, Place, Running, expected, wait_until};

const LIMIT: Duration = Duration::from_secs(300);

fn engine(place: &Place) -> Running {
    place.start("engine", &["engine", "--rules", support::root().join("rules").to_str().unwrap()])
}

/// The schema is there already: engine, consumer and producer may start in any order after it.
fn place() -> Option<Place> {
    let place = Place::with_kafka()?;
    place.run(&["db", "migrate"]);
    Some(place)
}

fn consumer(place: &Place) -> Running {
    place.start("consumer", &["consumer"])
}

/// All transactions are stored, and every crossing that plain SQL finds in them.
fn wait_for_all(place: &Place, transactions: i64, processes: &mut [&mut Running]) {
    wait_until("all transactions and alerts in PostgreSQL", LIMIT, || {
        for process in processes.iter_mut() {
            assert!(process.runs(), "ended:\n{}", process.log());
        }
        place.database.size("transactions") == transactions && expected::complete(&place.database)
    });
}

#[test]
fn every_shipped_rule_finds_what_plain_sql_finds() {
    let Some(place) = place() else { return };
    let (mut engine, mut consumer) = (engine(&place), consumer(&place));
    let count = support::load_size();
    place.run(&["producer", "--count", &count.to_string(), "--seed", "7", "--start", NIGHTFALL]);
    wait_for_all(&place, count, &mut [&mut engine, &mut consumer]);
    let fired = expected::check(&place.database);
    expected::check_fired(&fired, count);
    expected::check_decisions(&place.database);
    assert!(place.database.size("rule_versions") == 5, "every loaded rule is known");
    assert!(engine.terminate(Duration::from_secs(15)).success());
    assert!(consumer.terminate(Duration::from_secs(15)).success());
}

#[test]
fn kills_of_engine_and_consumer_change_nothing() {
    let Some(place) = place() else { return };
    let (mut running_engine, mut running_consumer) = (engine(&place), consumer(&place));
    let count = support::load_size();
    let producer = place
        .start("producer", &["producer", "--count", &count.to_string(), "--seed", "8", "--start", NIGHTFALL]);
    for round in 1..=3 {
        let share = count * round / 5;
        wait_until("the run to go on", LIMIT, || place.database.size("transactions") >= share);
        running_engine.kill();
        running_engine = engine(&place);
        let share = share + count / 10;
        wait_until("the run to go on", LIMIT, || place.database.size("transactions") >= share);
        running_consumer.kill();
        running_consumer = consumer(&place);
    }
    producer.succeed(LIMIT);
    wait_for_all(&place, count, &mut [&mut running_engine, &mut running_consumer]);
    expected::check(&place.database);
    expected::check_decisions(&place.database);
}
