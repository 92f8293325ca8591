//! The `state` bench: what many accounts take in memory, and how fast a task is whose state lies on disk.
//!
//! Enters: a program that reads [`super::TOPIC`], how many accounts there are. Leaves: bytes and rates. What holds:
//! the records are those of the `core` bench, but for their accounts and times: at first one of each account, all
//! within a minute, so that none of their windows closes.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{CHUNK, Chunk};
use crate::plan::{Program, StoreId};
use crate::runner::local::{Change, DiskLocal, LocalState, Mark, StorePartition};
use crate::state::MemoryLimit;
use crate::task::{Output, StreamTask};

/// The time within which each account has its first record, in milliseconds.
const WITHIN_MS: u64 = 50_000;
/// Bytes of a slice of a checkpoint.
const SLICE: usize = 256 << 10;

/// What was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateFigures {
    /// Keys of all stores in memory.
    pub keys: usize,
    /// Resident memory before the first record and after the last, in bytes, where the system says so.
    pub resident: Option<(u64, u64)>,
    /// Bytes of keys and values of a checkpoint of all of it.
    pub checkpoint: u64,
    /// Records of the second round, which is measured.
    pub records: u64,
    /// How long they took, checkpoints among them.
    pub elapsed: Duration,
    /// How many checkpoints there were in it.
    pub checkpoints: u64,
}

impl fmt::Display for StateFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mb = |bytes: u64| bytes as f64 / 1e6;
        write!(f, "{} keys in memory, a checkpoint of all has {:.0} MB", self.keys, mb(self.checkpoint))?;
        if let Some((before, after)) = self.resident {
            write!(f, ", {:.0} MB resident ({:.0} before)", mb(after), mb(before))?;
        }
        if self.records > 0 {
            let rate = self.records as f64 / self.elapsed.as_secs_f64();
            write!(f, "; {rate:.0} records/s with {} checkpoints", self.checkpoints)?;
        }
        Ok(())
    }
}

/// Why the bench cannot run.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct StateBenchError(String);

fn failed(error: impl fmt::Display) -> StateBenchError {
    StateBenchError(error.to_string())
}

/// One record of each account, in memory, and `records` more of random ones.
///
/// # Errors
/// The program cannot run.
pub fn in_memory(program: &Program, accounts: u64, records: u64) -> Result<StateFigures, StateBenchError> {
    Bench::new(program, accounts, None)?.run(records)
}

/// As [`in_memory`], with the stores on disk in `dir` and `limit` bytes of memory for them.
///
/// # Errors
/// The program or the disk cannot run.
pub fn on_disk(
    program: &Program,
    accounts: u64,
    records: u64,
    limit: usize,
    dir: &Path,
) -> Result<StateFigures, StateBenchError> {
    let local = DiskLocal::open(dir).map_err(failed)?;
    Bench::new(program, accounts, Some((local, MemoryLimit::new(limit))))?.run(records)
}

struct Bench {
    task: StreamTask,
    input: usize,
    stores: Vec<StorePartition>,
    disk: Option<(DiskLocal, Arc<MemoryLimit>)>,
    chunk: Chunk,
    output: Output,
    checkpoints: u64,
    written: u64,
}

impl Bench {
    fn new(
        program: &Program,
        accounts: u64,
        disk: Option<(DiskLocal, Arc<MemoryLimit>)>,
    ) -> Result<Self, StateBenchError> {
        let (index, input) = program.reader_of(super::TOPIC).unwrap_or((program.tasks.len(), 0));
        let mut task = StreamTask::new(program, index).map_err(failed)?;
        let stores: Vec<_> = task.store_names().map(|name| StorePartition::new(name, 0)).collect();
        if let Some((local, limit)) = &disk {
            for (store, of) in stores.iter().enumerate() {
                if let Some(reader) = local.reader(of).map_err(failed)? {
                    task.put_on_disk(store, reader, limit).map_err(failed)?;
                }
            }
        }
        let chunk = Chunk { accounts, ..Chunk::default() };
        Ok(Self { task, input, stores, disk, chunk, output: Output::new(), checkpoints: 0, written: 0 })
    }

    fn run(mut self, records: u64) -> Result<StateFigures, StateBenchError> {
        let before = resident();
        let accounts = self.chunk.accounts;
        self.chunk.step_us = WITHIN_MS * 1000 / accounts.max(1);
        self.chunk.in_turn = true;
        self.feed(0, accounts)?;
        self.checkpoint()?;
        let checkpoint = self.written;
        let after = resident();
        // Time goes on slowly: no window closes.
        self.chunk.in_turn = false;
        self.checkpoints = 0;
        let begin = Instant::now();
        let made = self.feed(accounts, records)?;
        Ok(StateFigures {
            keys: self.task.keys(),
            resident: before.zip(after),
            checkpoint,
            records,
            elapsed: begin.elapsed().saturating_sub(made),
            checkpoints: self.checkpoints,
        })
    }

    /// Feeds records; how long making them took.
    fn feed(&mut self, first: u64, records: u64) -> Result<Duration, StateBenchError> {
        let (mut next, mut made) = (first, Duration::ZERO);
        while next < first + records {
            let begin = Instant::now();
            self.chunk.fill(next, CHUNK.min(first + records - next));
            made += begin.elapsed();
            for i in 0..self.chunk.ends.len() {
                self.task.process(self.input, &self.chunk.record(i), &mut self.output);
                if let Some(what) = self.output.failure() {
                    return Err(failed(what));
                }
                self.output.clear();
                // As the worker: what has changed goes to disk where there is too much.
                if i % 1000 == 0 && self.disk.as_ref().is_some_and(|(_, limit)| limit.excess() > 0) {
                    self.checkpoint()?;
                }
            }
            next += self.chunk.ends.len() as u64;
        }
        Ok(made)
    }

    fn checkpoint(&mut self) -> Result<(), StateBenchError> {
        self.checkpoints += 1;
        self.task.begin_checkpoint();
        let mut is_written = false;
        while !is_written {
            let mut slice: Vec<(StoreId, Vec<u8>, Option<Vec<u8>>)> = Vec::new();
            let mut bytes = 0;
            let keep = self.disk.is_some();
            is_written = self.task.write_checkpoint(SLICE, &mut |store, key, value| {
                bytes += key.len() + value.map_or(0, <[u8]>::len);
                if keep {
                    slice.push((store, key.to_vec(), value.map(<[u8]>::to_vec)));
                }
            });
            self.written += bytes as u64;
            if let Some((local, _)) = &self.disk {
                let mut changes = slice.iter().map(|(store, key, value)| Change {
                    of: &self.stores[*store],
                    key,
                    value: value.as_deref(),
                });
                let mark = Mark { commit: 0, offset: 0, applied_at: 0 };
                let marks: Vec<_> = self.stores.iter().map(|of| (of.clone(), mark)).collect();
                local.apply(&mut changes, &marks).map_err(failed)?;
            }
        }
        self.task.end_checkpoint(true);
        self.task.let_go();
        Ok(())
    }
}

/// Resident memory of the process in bytes, where Linux says so.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes * 1024)
}
