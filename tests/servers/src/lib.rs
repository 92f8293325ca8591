//! Real servers for tests: one Apache Kafka node or three, one PostgreSQL cluster.
//!
//! What enters: nothing but the machine as it is. What leaves: a running server of the caller's own, on
//! loopback ports that were free, with its data in a directory of its own; or, where a part is missing,
//! a line `SKIP: ...` on stderr and `None` (a panic where `STREAMGUARD_TEST_REQUIRE=1`, so that a run
//! that must prove something cannot pass by skipping it).
//! What holds: nothing outlives the test process. A server is ended and its directory removed when its
//! handle is dropped, and by a watchdog when the process ends in any other way, `kill -9` included.
//!
//! Containers by testcontainers are used where a Docker daemon answers and has or gets the image, and
//! `STREAMGUARD_TEST_DOCKER` is not `0`; local processes otherwise.
//!
//! ```no_run
//! let Some(kafka) = servers::kafka() else { return };
//! println!("{}", kafka.bootstrap());
//! ```

#![allow(
    clippy::panic,
    reason = "a server that is there and does not start must fail the test, with its log"
)]

mod cluster;
mod docker;
mod java;
mod kafka;
mod postgres;
mod process;
mod small_disk;

use std::io::Write;
use std::sync::OnceLock;

pub use cluster::Cluster;
pub use java::java_program;
pub use kafka::Kafka;
pub use postgres::Postgres;
pub use small_disk::SmallDisk;

/// What the parts of this crate return; the text says what happened, where, and what to do next.
type Result<T> = std::result::Result<T, String>;

/// The Kafka node that the tests of one binary share; started by the first that asks.
pub fn kafka() -> Option<&'static Kafka> {
    static SHARED: OnceLock<Option<Kafka>> = OnceLock::new();
    SHARED.get_or_init(Kafka::start).as_ref()
}

/// The PostgreSQL cluster that the tests of one binary share; each makes a database of its own in it.
pub fn postgres() -> Option<&'static Postgres> {
    static SHARED: OnceLock<Option<Postgres>> = OnceLock::new();
    SHARED.get_or_init(Postgres::start).as_ref()
}

/// Reports a missing part: a skip on a user's machine, a failure where everything is required.
///
/// The line goes to stderr itself, past the test harness, which would keep it from being seen.
///
/// # Panics
/// With `STREAMGUARD_TEST_REQUIRE=1`.
pub fn skip(missing: &str) {
    assert!(!required(), "{missing} (STREAMGUARD_TEST_REQUIRE=1 does not allow a skip)");
    let _ = writeln!(std::io::stderr(), "SKIP: {missing}");
}

/// True where a missing part is a failure.
pub fn required() -> bool {
    std::env::var("STREAMGUARD_TEST_REQUIRE").is_ok_and(|value| value == "1")
}

/// How a server was found to be startable.
enum Found<T> {
    Ready(T),
    Missing(String),
}

/// Ends the test with the server's own words where it did not start.
fn started<T>(what: &str, result: Result<T>) -> T {
    result.unwrap_or_else(|error| panic!("{what}: {error}"))
}
