//! The records that all benches measure with: 285-byte JSON transactions, the same for the same number.
//!
//! 10,000 accounts take turns at random, 10 ms of event time apart, from noon UTC on; so an account has 0.6
//! transactions a minute, and the five rules alert on less than 1 % of the records (each bench says on how
//! many).

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]
#![allow(unreachable_pub, reason = "each bench uses a part of it")]

use std::io::Write;
use std::path::PathBuf;

pub const RECORD_BYTES: usize = 285;
const ACCOUNTS: u64 = 10_000;
/// 2026-03-01T12:00:00Z in milliseconds.
const START: i64 = 1_772_366_400_000;
const STEP_MS: i64 = 10;
const CATEGORIES: [&str; 4] = ["grocery", "travel", "electronics", "fuel"];
const CITIES: [(&str, &str); 4] = [("DE", "Berlin"), ("DE", "Hamburg"), ("US", "Boston"), ("US", "Austin")];

/// A record to produce.
pub struct Record {
    pub key: Vec<u8>,
    pub value: Vec<u8>,
    pub timestamp: i64,
}

/// That many records.
pub fn records(count: usize) -> impl Iterator<Item = Record> {
    let mut random = Random(7);
    (0..count).map(move |at| record(at, &mut random))
}

fn record(at: usize, random: &mut Random) -> Record {
    let account = random.below(ACCOUNTS);
    let cents = match random.below(1_000) {
        0..=2 => 500_100 + random.below(400_000),
        3..=99 => 50_000 + random.below(100_000),
        _ => 100 + random.below(9_900),
    };
    let timestamp = START + at as i64 * STEP_MS;
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
    Record { key: format!("ACC-{account:06}").into_bytes(), value, timestamp }
}

/// The rules that are measured, kept apart from the shipped ones so that figures compare over time.
pub fn rules() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("benches/rules")
}

/// A linear congruential generator (Knuth's MMIX constants).
struct Random(u64);

impl Random {
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
