//! The records that all benches measure with: 285-byte JSON transactions, the same for the same number.
//!
//! Accounts take turns at random, each on average once in 100 s of event time, from noon UTC on; so an account has
//! 0.6 transactions a minute however many accounts there are, and the five rules alert on less than 1 % of the
//! records (each bench says on how many).

#![allow(dead_code, unused_imports, clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![allow(unreachable_pub, reason = "each bench uses a part of it")]

#[path = "../../src/memory.rs"]
mod memory;
mod spent;

use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use broker::{Broker, Outgoing, ProducerConfig, TopicSpec};

pub use spent::{Meter, Spent};

pub const RECORD_BYTES: usize = 285;
pub const ACCOUNTS: usize = 10_000;
/// 2026-03-01T12:00:00Z in milliseconds.
const START: i64 = 1_772_366_400_000;
/// Event time between two transactions of an account, on average.
const TURN_MS: i64 = 100_000;
const CATEGORIES: [&str; 4] = ["grocery", "travel", "electronics", "fuel"];
const CITIES: [(&str, &str); 4] = [("DE", "Berlin"), ("DE", "Hamburg"), ("US", "Boston"), ("US", "Austin")];

/// A record to produce.
pub struct Record {
    pub key: Vec<u8>,
    pub value: Vec<u8>,
    pub timestamp: i64,
}

/// What a topic's records are keyed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// What the rules group by.
    Account,
    /// Something else: the engine has to repartition.
    Transaction,
}

/// That many records of so many accounts, in which `first` is the number of the first.
pub fn records(first: usize, count: usize, accounts: usize) -> impl Iterator<Item = Record> {
    let mut random = Random(7 + first as u64);
    (first..first + count).map(move |at| {
        let account = random.below(accounts as u64);
        let cents = random.cents();
        record(at, account, cents, time(at, accounts), &mut random)
    })
}

/// A record of each account, in the turn of the accounts' numbers.
pub fn each_account(accounts: usize) -> impl Iterator<Item = Record> {
    let mut random = Random(7);
    (0..accounts).map(move |at| record(at, at as u64, 100, time(at, accounts), &mut random))
}

/// Records without an end, in which `first` is the number of the first. One of so many has an amount that alerts.
pub fn with_alerts(first: usize, accounts: usize, one_of: usize) -> impl Iterator<Item = Record> {
    let mut random = Random(7);
    (first..).map(move |at| {
        let account = random.below(accounts as u64);
        let cents = if at.is_multiple_of(one_of.max(1)) { 600_000 } else { 100 + random.below(9_900) };
        record(at, account, cents, time(at, accounts), &mut random)
    })
}

/// That many records, `rate` of them a second, of 100,000 accounts at a time: with every 20 of them one is new, and
/// one is never seen again. Event time runs so many times as fast as the clock.
pub fn churning(count: usize, rate: usize, faster: usize) -> impl Iterator<Item = Record> {
    let mut random = Random(7);
    (0..count).map(move |at| {
        let account = at as u64 / 20 + random.below(100_000);
        let (cents, time) = (random.cents(), START + (at * faster * 1_000 / rate) as i64);
        record(at, account, cents, time, &mut random)
    })
}

/// The time of a record of so many accounts, of which each has its turn.
fn time(at: usize, accounts: usize) -> i64 {
    START + at as i64 * TURN_MS / accounts as i64
}

fn record(at: usize, account: u64, cents: u64, timestamp: i64, random: &mut Random) -> Record {
    let time = chrono::DateTime::from_timestamp_millis(timestamp).unwrap();
    let (country, city) = CITIES[random.below(4) as usize];
    let mut value = Vec::with_capacity(RECORD_BYTES);
    write!(
        value,
        r#"{{"transaction_id":"tx-{at:012}","account_id":"ACC-{account:06}","amount":{}.{:02},"currency":"EUR","timestamp":"{}","category":"{}","transaction_type":"purchase","country":"{country}","city":"{city}","channel":"online","card_present":false,"merchant":""#,
        cents / 100,
        cents % 100,
        time.format("%Y-%m-%dT%H:%M:%S%.3fZ"),
        CATEGORIES[random.below(4) as usize],
    )
    .unwrap();
    while value.len() < RECORD_BYTES - 2 {
        value.push(b'a' + random.below(26) as u8);
    }
    value.extend_from_slice(b"\"}");
    assert_eq!(value.len(), RECORD_BYTES);
    Record { key: account_key(account as usize), value, timestamp }
}

/// The key of an account.
pub fn account_key(account: usize) -> Vec<u8> {
    format!("ACC-{account:06}").into_bytes()
}

/// The number of the transaction that a record is about: of one of ours, or of an alert on one.
pub fn number_of(value: &[u8]) -> Option<usize> {
    let at = value.windows(4).position(|four| four == b"tx-0")? + 3;
    std::str::from_utf8(value.get(at..at + 12)?).ok()?.parse().ok()
}

/// Makes the topic and fills it.
pub fn fill(kafka: &dyn Broker, topic: &str, partitions: i32, count: usize, accounts: usize, key: Key) {
    kafka.create_topics(&[TopicSpec::retained(topic, partitions)]).unwrap();
    let mut producer = kafka.producer(&ProducerConfig::default()).unwrap();
    for (at, record) in records(0, count, accounts).enumerate() {
        let transaction = format!("tx-{at:012}");
        let key = match key {
            Key::Account => record.key.as_slice(),
            Key::Transaction => transaction.as_bytes(),
        };
        produce(&mut *producer, topic, key, &record.value, record.timestamp);
    }
    producer.flush(Duration::from_secs(60)).unwrap();
}

/// Hands a record to the producer.
pub fn produce(producer: &mut dyn broker::Producer, topic: &str, key: &[u8], value: &[u8], timestamp: i64) {
    let (key, value) = (Some(key), Some(value));
    producer.produce(&Outgoing { topic, partition: None, key, value, timestamp, headers: &[] }).unwrap();
}

/// A directory or file of rules that are measured, kept apart from the shipped ones so that figures compare over
/// time.
pub fn rules(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches").join(path)
}

/// A number from the environment; digits may be grouped by commas.
pub fn setting(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|text| text.replace([',', '_'], "").parse().ok()).unwrap_or(default)
}

/// Uses memory as the binary does. With `LOG` set, what the parts say of themselves goes to stderr.
pub fn begin() {
    memory::use_small_pages();
    if std::env::var_os("LOG").is_some() {
        tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    }
}

/// A linear congruential generator (Knuth's MMIX constants).
struct Random(u64);

impl Random {
    /// An amount: three in 1,000 are above the limit of the filter rule, one in 10 is large.
    fn cents(&mut self) -> u64 {
        match self.below(1_000) {
            0..=2 => 500_100 + self.below(400_000),
            3..=99 => 50_000 + self.below(50_000),
            _ => 100 + self.below(9_900),
        }
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// `1,234,567`
pub fn grouped(number: f64) -> String {
    let digits = format!("{number:.0}");
    let cut = |(at, digit)| {
        if at > 0 && (digits.len() - at) % 3 == 0 { format!(",{digit}") } else { format!("{digit}") }
    };
    digits.chars().enumerate().map(cut).collect()
}

/// The middle of some numbers; of an even count, the lower of the two.
pub fn median(numbers: impl IntoIterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.into_iter().collect();
    numbers.sort_by(f64::total_cmp);
    numbers[(numbers.len() - 1) / 2]
}
