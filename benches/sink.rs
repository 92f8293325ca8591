//! `cargo bench --bench sink`: transactions into PostgreSQL by the consumer, beside one COPY of the same rows.
//!
//! A PostgreSQL of its own, 500,000 transactions; `ROWS=n` changes that. The figure of interest is the ratio.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

fn main() {
    let Some(server) = servers::postgres() else { return };
    let rows = std::env::var("ROWS").ok().and_then(|text| text.parse().ok()).unwrap_or(500_000);
    println!("{}", consumer::bench::sink(&server.create_database("bench"), rows).unwrap());
}
