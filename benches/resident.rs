//! `cargo bench --bench resident`: the memory of a consumer with 100,000 active accounts and a million list entries.
//!
//! Kafka and PostgreSQL of its own; the consumer is a process of its own (`streamguard consumer`), whose resident
//! memory the system tells. First it reads `ROWS=n` transactions (300,000), one of ten with an alert, as fast as it
//! can: every account thrice. Then `RATE=n` transactions a second (2,000) for `SECONDS=n` (20). `ENTRIES=n` list
//! entries (1,000,000).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeMap;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use broker::kafka::Kafka;
use broker::{Broker, TopicSpec};
use consumer::bench::{ACTIVE_ACCOUNTS, all_stored, fill_lists, produce_active};
use events::topics;

/// A consumer that takes longer has failed.
const LIMIT: Duration = Duration::from_secs(900);

/// Ends with the bench.
struct Consumer(Child);

impl Drop for Consumer {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Consumer {
    fn start(bootstrap: &str, url: &str, data: &std::path::Path) -> Self {
        let process = Command::new(env!("CARGO_BIN_EXE_streamguard"))
            .args(["consumer", "--kafka-bootstrap-servers", bootstrap, "--data-dir"])
            .arg(data)
            .env("DATABASE_URL", url)
            .env("RUST_LOG", "warn")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn();
        Self(process.unwrap())
    }

    /// Megabytes of a line of its status.
    fn megabytes(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default();
        let kilobytes: f64 = line.split_whitespace().next().and_then(|text| text.parse().ok()).unwrap_or(0.0);
        kilobytes * 1024.0 / 1e6
    }

    fn wait(&mut self, url: &str, records: u64) {
        let begin = Instant::now();
        while !all_stored(url, records).unwrap() {
            assert!(self.0.try_wait().unwrap().is_none(), "the consumer has ended");
            assert!(begin.elapsed() < LIMIT, "not stored within {LIMIT:?}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn tell(&self, when: &str) {
        let (now, most) = (self.megabytes("VmRSS:"), self.megabytes("VmHWM:"));
        println!("{when}: {now:.0} MB resident, at most {most:.0} MB");
    }
}

fn main() {
    let (Some(kafka), Some(postgres)) = (servers::kafka(), servers::postgres()) else { return };
    let number =
        |name: &str, default| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default);
    let (entries, rows) = (number("ENTRIES", 1_000_000), number("ROWS", 3 * ACTIVE_ACCOUNTS));
    let (rate, seconds) = (number("RATE", 2_000), number("SECONDS", 20));
    let url = postgres.create_database("bench_resident");
    fill_lists(&url, entries).unwrap();
    let log = Kafka::connect(kafka.bootstrap(), BTreeMap::new()).unwrap();
    let specs =
        [topics::TRANSACTIONS, topics::FRAUD_ALERTS].map(|t| TopicSpec::retained(t.name, t.partitions));
    log.create_topics(&specs).unwrap();
    let mut records = rows + produce_active(&*log, 0..rows).unwrap();
    let data = tempfile::tempdir().unwrap();
    let mut consumer = Consumer::start(kafka.bootstrap(), &url, data.path());
    consumer.wait(&url, records);
    consumer
        .tell(&format!("{ACTIVE_ACCOUNTS} accounts, {entries} list entries, {records} records read at once"));
    let begin = Instant::now();
    for second in 0..seconds {
        let first = rows + second * rate;
        records += rate + produce_active(&*log, first..first + rate).unwrap();
        std::thread::sleep(
            (begin + Duration::from_secs(second + 1)).saturating_duration_since(Instant::now()),
        );
    }
    consumer.wait(&url, records);
    consumer.tell(&format!("after {seconds} s at {rate} transactions a second"));
}
