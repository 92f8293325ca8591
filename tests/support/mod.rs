//! A place where the binary runs against servers of its own: a directory, a database, perhaps a Kafka.
//!
//! What holds: a process that a test started ends with the test; nothing of the caller's environment
//! reaches it. The binary is the one that cargo built for the tests, or `STREAMGUARD_TEST_BIN` (an
//! optimised build, for the long runs).

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(unreachable_pub, reason = "each test binary uses a part of it")]

pub mod database;
pub mod expected;
pub mod labelled;
pub mod load;
pub mod process;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use servers::Kafka;
use tempfile::TempDir;

pub use database::Database;
pub use process::Running;

/// Where one test runs.
pub struct Place {
    dir: TempDir,
    pub database: Database,
    pub kafka: Option<Kafka>,
}

impl Place {
    /// With a database of its own and no Kafka; None where PostgreSQL is missing (a reported skip).
    pub fn new() -> Option<Self> {
        Some(Self {
            database: Database::create(servers::postgres()?),
            dir: tempfile::tempdir().unwrap(),
            kafka: None,
        })
    }

    /// With a database and a Kafka node of its own; None where a part is missing (a reported skip).
    pub fn with_kafka() -> Option<Self> {
        let place = Self::new()?;
        Some(Self { kafka: Some(Kafka::start()?), ..place })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file and returns its path.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        path
    }

    /// A copy of the shipped rules, for a test to edit.
    pub fn shipped_rules(&self) -> PathBuf {
        let rules = self.path("rules");
        std::fs::create_dir_all(&rules).unwrap();
        for entry in std::fs::read_dir(root().join("rules")).unwrap() {
            let path = entry.unwrap().path();
            if path.is_file() {
                std::fs::copy(&path, rules.join(path.file_name().unwrap())).unwrap();
            }
        }
        rules
    }

    /// `streamguard` with these arguments, in this place.
    pub fn streamguard(&self, args: &[&str]) -> Command {
        let mut command = streamguard(args);
        command.current_dir(self.dir.path()).env("STREAMGUARD_DATA_DIR", self.path("data"));
        command.env("DATABASE_URL", self.database.url());
        if let Some(kafka) = &self.kafka {
            command.env("STREAMGUARD_KAFKA_BOOTSTRAP_SERVERS", kafka.bootstrap());
        }
        command
    }

    /// Runs it to its end, which must be a success.
    pub fn run(&self, args: &[&str]) -> Output {
        let output = self.streamguard(args).output().unwrap();
        assert!(output.status.success(), "streamguard {args:?}: {}\n{}", output.status, stderr(&output));
        output
    }

    /// Starts it; its log goes to a file in this place, named so.
    pub fn start(&self, name: &str, args: &[&str]) -> Running {
        Running::start(self.streamguard(args), &self.path(&format!("{name}.log")))
    }
}

/// `streamguard` with these arguments and a clean environment.
pub fn streamguard(args: &[&str]) -> Command {
    let mut command = Command::new(binary());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("STREAMGUARD_") || text.starts_with("DATABASE_") || text == "RUST_LOG" {
            command.env_remove(&name);
        }
    }
    command.args(args);
    command
}

/// The binary under test.
pub fn binary() -> PathBuf {
    std::env::var_os("STREAMGUARD_TEST_BIN")
        .map_or_else(|| PathBuf::from(env!("CARGO_BIN_EXE_streamguard")), PathBuf::from)
}

/// The project's directory.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Waits until `done` and says how long that took; fails with `what` where it takes longer than `limit`.
pub fn wait_until(what: &str, limit: Duration, mut done: impl FnMut() -> bool) -> Duration {
    let begin = Instant::now();
    while !done() {
        assert!(begin.elapsed() < limit, "{what}: not within {} s", limit.as_secs());
        std::thread::sleep(Duration::from_millis(100));
    }
    begin.elapsed()
}

/// A name that no other test of this process has.
pub fn unique(prefix: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    format!("{prefix}_{}_{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Event times that begin here reach the rule of the night even in a short run.
pub const NIGHTFALL: &str = "2026-01-01T22:00:00Z";

/// How many transactions a long run takes: 200,000 with an optimised build, less without.
pub fn load_size() -> i64 {
    if std::env::var_os("STREAMGUARD_TEST_BIN").is_some() { 200_000 } else { 20_000 }
}
