//! A file of transactions in time order in which every shipped rule fires.

use std::fmt::Write;

/// 2026-03-01T00:00:00Z in seconds.
const START: i64 = 1_772_323_200;
const ACCOUNTS: u64 = 300;
/// Each so many rows an account makes a burst, of this many transactions, 7 s apart.
const BURST_EVERY: i64 = 200;
const BURST_LENGTH: i64 = 22;

/// That many rows, the same for the same number.
pub fn csv(rows: i64) -> String {
    let mut text = String::from("transaction_id,event_time,account_id,category,merchant,amt,is_fraud\n");
    let (mut random, mut burst) = (Random(42), 0);
    for row in 0..rows {
        let in_burst = row % BURST_EVERY < BURST_LENGTH;
        if row % BURST_EVERY == 0 {
            burst = random.below(ACCOUNTS);
        }
        let account = if in_burst { burst } else { random.below(ACCOUNTS) };
        let cents = match random.below(100) {
            0..=1 => 500_000 + random.below(400_000),
            2..=9 => 100_000 + random.below(300_000),
            _ => 100 + random.below(30_000),
        };
        let time = time(START + row * 7);
        let merchant = if random.below(500) == 0 { "Shein" } else { "Corner Shop" };
        let fraud = u8::from(in_burst);
        writeln!(
            text,
            "t{row},{time},a{account},shopping,{merchant},{}.{:02},{fraud}",
            cents / 100,
            cents % 100
        )
        .unwrap();
    }
    text
}

fn time(seconds: i64) -> String {
    chrono::DateTime::from_timestamp(seconds, 0).unwrap().format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A linear congruential generator (Knuth's MMIX constants): enough for a load, and it needs nothing.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}
