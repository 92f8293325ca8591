//! `cargo bench --bench decisions`: one decision with a million list entries, and from an alert produced to its
//! decision committed, beside a bare loop that reads and copies.
//!
//! A PostgreSQL of its own; `ENTRIES=n`, `RATE=n` (alerts a second) and `SECONDS=n` change what is measured.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

fn main() {
    let Some(server) = servers::postgres() else { return };
    let number =
        |name: &str, default| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let entries = number("ENTRIES", 1_000_000);
    println!("{}", consumer::bench::decisions(&server.create_database("bench_decide"), entries).unwrap());
    let (rate, seconds) = (number("RATE", 2_000), number("SECONDS", 20));
    println!(
        "{}",
        consumer::bench::latency(&server.create_database("bench_latency"), rate, seconds).unwrap()
    );
}
