//! `cargo bench --bench sink`: transactions, and alerts with all that they cause, into PostgreSQL by the
//! consumer, beside one COPY of the same rows.
//!
//! A PostgreSQL of its own, 500,000 transactions and 100,000 alerts; `ROWS=n` and `ALERTS=n` change that. The
//! figures of interest are the ratios.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

fn main() {
    let Some(server) = servers::postgres() else { return };
    let number =
        |name: &str, default| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let rows = number("ROWS", 500_000);
    println!("{}", consumer::bench::sink(&server.create_database("bench"), rows).unwrap());
    let alerts = number("ALERTS", 100_000);
    println!("{}", consumer::bench::alerts(&server.create_database("bench_alerts"), alerts).unwrap());
}
