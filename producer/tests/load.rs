//! Fake load: the same bytes for the same seed, every shipped rule's pattern in it, ordinary customers quiet.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use broker::{Shutdown, murmur2};
use chrono::{DateTime, Timelike, Utc};
use common::{all, memory};
use events::{CustomerProfile, Label, Transaction};
use producer::{Error, Generator, Key, Mode, Options, run};
use rust_decimal::Decimal;

fn start() -> DateTime<Utc> {
    "2026-03-01T09:30:00Z".parse().unwrap()
}

fn count(count: u64) -> Options {
    Options { start: Some(start()), ..Options::new(Mode::Count { count, tps: None }, 7) }
}

/// If this changes, then load that was made from a seed before can no longer be made again.
#[test]
fn the_same_seed_gives_the_same_bytes_in_every_run() {
    let bytes = |seed| {
        let mut generator = Generator::new(seed, 100, 0.05);
        let mut bytes = Vec::new();
        for profile in generator.profiles(start()) {
            bytes.extend(profile.to_json());
        }
        for i in 0..2_000 {
            let made = generator.next(start() + chrono::TimeDelta::seconds(i));
            bytes.extend(made.transaction.to_json());
            bytes.extend(made.label.map(|label| label.to_json()).unwrap_or_default());
        }
        bytes
    };
    assert_eq!(murmur2(&bytes(7)), 3_761_927_189);
    assert_ne!(murmur2(&bytes(8)), murmur2(&bytes(7)));
}

#[test]
fn records_carry_key_time_and_truth() {
    let log = memory();
    let totals = run(log.clone(), count(3_000), Shutdown::new()).unwrap();
    let (transactions, labels) = (all(&*log, "transactions"), all(&*log, "transaction_labels"));
    assert_eq!((totals.transactions, totals.profiles, totals.stopped), (3_000, 1_001, false));
    assert_eq!((transactions.len(), labels.len() as u64), (3_000, totals.labels));
    let mut accounts = HashMap::new();
    for record in &transactions {
        let transaction = Transaction::from_json(&record.value).unwrap();
        assert_eq!(record.key, transaction.account_id.as_bytes());
        assert_eq!(record.timestamp, transaction.timestamp.timestamp_millis());
        let text = String::from_utf8(record.value.clone()).unwrap();
        assert!(transaction.extra.is_empty() && !text.contains("fraud"), "{text}");
        accounts.insert(transaction.transaction_id, transaction.account_id);
    }
    let labels: Vec<_> = labels.iter().map(|r| Label::from_json(&r.value).unwrap()).collect();
    assert!(labels.iter().all(|label| accounts.get(&label.transaction_id) == label.account_id.as_ref()));
    assert_eq!(labels.iter().filter(|label| label.is_fraud).count() as u64, totals.frauds);
    assert_eq!(totals.kinds.values().sum::<u64>(), totals.frauds);
    for record in all(&*log, "customer_profiles") {
        assert_eq!(record.key, CustomerProfile::from_json(&record.value).unwrap().account_id.as_bytes());
    }
}

/// What the shipped rules count, by plain arithmetic.
#[derive(Default)]
struct Fired {
    high: usize,
    night: usize,
    velocity: usize,
    amount_velocity: usize,
    rapid: usize,
    listed: usize,
}

#[test]
fn two_hundred_thousand_hold_every_pattern_a_hundred_times() {
    let mut generator = Generator::new(42, 1_000, producer::DEFAULT_FRAUD_SHARE);
    let rate = 1_000.0 / producer::UNPACED_GAP_SECONDS;
    let mut windows: HashMap<(String, i64, i64), (usize, Decimal)> = HashMap::new();
    let (mut all, mut ordinary) = (Fired::default(), Fired::default());
    let (mut frauds, mut bands) = (0, [0; 3]);
    for i in 0..200_000 {
        let made =
            generator.next(start() + chrono::TimeDelta::milliseconds((f64::from(i) * 1_000.0 / rate) as i64));
        let t = made.transaction;
        let fraud = made.label.as_ref().is_some_and(|label| label.is_fraud);
        frauds += usize::from(fraud);
        let band = [Decimal::from(100), Decimal::from(500)].iter().filter(|limit| t.amount > **limit).count();
        bands[band] += 1;
        for fired in if fraud { vec![&mut all] } else { vec![&mut all, &mut ordinary] } {
            fired.high += usize::from(t.amount > Decimal::from(5_000));
            fired.night +=
                usize::from(t.amount > Decimal::from(1_000) && !(6..22).contains(&t.timestamp.hour()));
            let listed =
                t.account_id == "ACC-9999" || matches!(t.merchant.as_deref(), Some("AliExpress" | "Shein"));
            fired.listed += usize::from(listed);
        }
        for size in [60_000, 300_000] {
            let window = t.timestamp.timestamp_millis() / size;
            let (count, sum) = windows.entry((t.account_id.clone(), size, window)).or_default();
            (*count, *sum) = (*count + 1, *sum + t.amount);
        }
    }
    for ((_, size, _), (count, sum)) in &windows {
        all.velocity += usize::from(*size == 60_000 && *count > 3);
        all.rapid += usize::from(*size == 300_000 && *count > 15);
        all.amount_velocity += usize::from(*size == 300_000 && *sum > Decimal::from(10_000));
    }
    let fired = [all.high, all.night, all.velocity, all.amount_velocity, all.rapid, all.listed];
    println!(
        "alerts {fired:?}, of ordinary ones {} {}, frauds {frauds}, bands {bands:?}",
        ordinary.high, ordinary.night
    );
    assert!(fired.iter().all(|count| *count >= 100), "{fired:?}");
    assert!(ordinary.high < 200 && ordinary.night < 200 && ordinary.listed == 0);
    assert!((5_900..6_100).contains(&frauds), "{frauds}");
    assert!((110_000..125_000).contains(&bands[0]) && (55_000..65_000).contains(&bands[1]), "{bands:?}");
}

#[test]
fn ordinary_customers_are_quiet_at_any_rate() {
    for tps in [1.0, 50.0, 500.0] {
        let options = Options::new(Mode::Steady { tps, duration: None }, 3);
        let mut generator = Generator::new(3, options.account_count(), 0.0);
        let mut windows: HashMap<(String, i64), usize> = HashMap::new();
        for i in 0..100_000 {
            let time = start() + chrono::TimeDelta::milliseconds((f64::from(i) * 1_000.0 / tps) as i64);
            let t = generator.next(time).transaction;
            *windows.entry((t.account_id, time.timestamp() / 60)).or_default() += 1;
        }
        assert!(windows.values().all(|count| *count <= 3), "{tps}");
    }
}

#[test]
fn a_rate_is_kept_and_a_request_to_end_is_heard() {
    let log = memory();
    let mode = Mode::Steady { tps: 200.0, duration: Some(Duration::from_secs(1)) };
    let began = Instant::now();
    let totals = run(log.clone(), Options::new(mode, 1), Shutdown::new()).unwrap();
    assert_eq!(totals.transactions, 200);
    assert!(began.elapsed() > Duration::from_millis(900) && began.elapsed() < Duration::from_secs(30));
    let newest = all(&*log, "transactions").iter().map(|r| r.timestamp).max().unwrap();
    assert!((Utc::now().timestamp_millis() - newest).abs() < 5_000, "event times are of now");

    let shutdown = Shutdown::new();
    let asking = shutdown.clone();
    let asked = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(500));
        asking.request();
        Instant::now()
    });
    let before = all(&*log, "transactions").len();
    let mode = Mode::Steady { tps: 1_000.0, duration: None };
    let totals =
        run(log.clone(), Options { accounts: Some(100), ..Options::new(mode, 2) }, shutdown).unwrap();
    assert!(asked.join().unwrap().elapsed() < Duration::from_secs(5));
    assert_eq!(all(&*log, "transactions").len() - before, totals.transactions as usize);
    assert!(totals.transactions > 0);
}

#[test]
fn a_burst_ends_now_and_comes_again() {
    let log = memory();
    let once = Options::new(Mode::Burst { size: 500, every: None }, 1);
    assert_eq!(run(log.clone(), once, Shutdown::new()).unwrap().transactions, 500);
    let newest = all(&*log, "transactions").iter().map(|r| r.timestamp).max().unwrap();
    let age = Utc::now().timestamp_millis() - newest;
    assert!((0..10_000).contains(&age), "{age}");

    let shutdown = Shutdown::new();
    let asking = shutdown.clone();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(700));
        asking.request();
    });
    let again = Options::new(Mode::Burst { size: 50, every: Some(Duration::from_millis(200)) }, 1);
    let totals = run(memory(), again, shutdown).unwrap();
    assert!(totals.transactions >= 100 && totals.transactions.is_multiple_of(50), "{totals}");
}

#[test]
fn a_topic_is_never_keyed_in_two_ways() {
    let log = memory();
    let by = |key, topic: &str| Options { key, topic: topic.to_owned(), ..count(50) };
    run(log.clone(), by(Key::TransactionId, "by_id"), Shutdown::new()).unwrap();
    run(log.clone(), by(Key::TransactionId, "by_id"), Shutdown::new()).unwrap();
    let error = run(log.clone(), by(Key::AccountId, "by_id"), Shutdown::new()).unwrap_err();
    assert!(matches!(&error, Error::OtherKey { found: "transaction_id", .. }), "{error}");
    run(log.clone(), by(Key::AccountId, "transactions"), Shutdown::new()).unwrap();
    let error = run(log, by(Key::TransactionId, "transactions"), Shutdown::new()).unwrap_err();
    assert!(error.to_string().contains("--topic"), "{error}");
    let statement = producer::create_stream(Key::TransactionId, "by_id");
    assert!(statement.contains("transaction_id VARCHAR KEY") && statement.contains("KAFKA_TOPIC = 'by_id'"));
    let shipped =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../rules/00_sources.sql")).unwrap();
    let shipped = &shipped[shipped.find("CREATE STREAM").unwrap()..];
    assert_eq!(producer::create_stream(Key::AccountId, "transactions"), shipped, "the shipped declaration");
}

/// Not a limit: prints how fast it is. `cargo test --release -p producer --test load -- --ignored --nocapture`
#[test]
#[ignore = "a measurement"]
fn measure_transactions_per_second() {
    println!("{}", run(memory(), count(300_000), Shutdown::new()).unwrap());
}
