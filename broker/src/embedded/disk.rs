//! The storage on disk: two keyspaces of one fjall database.
//!
//! What enters and leaves is [`Storage`]'s. What holds: one write is one entry of the journal, so after a
//! crash it is there whole or not at all; a write that returned has reached the operating system and
//! survives the death of the process; `sync` is an fsync of the journal. fjall holds a lock on the
//! directory while it is open.

use std::io;
use std::path::{Path, PathBuf};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, KvSeparationOptions, PersistMode, Readable, Slice};

use super::storage::{Change, Direction, Storage, Table, Visit, VisitSize};
use crate::{Error, ErrorKind, Result};

/// What a keyspace keeps in memory before it is written out, in bytes. Two of them, and the block cache
/// below, are most of what the broker takes when idle.
const MEMTABLE: u64 = 16 * 1024 * 1024;
/// The cache of blocks that were read, in bytes.
const CACHE: u64 = 16 * 1024 * 1024;

/// A fjall database.
pub(super) struct Disk {
    database: Database,
    meta: Keyspace,
    log: Keyspace,
    dir: PathBuf,
}

impl Disk {
    /// Opens the database in `dir`, making it where it is missing.
    pub(super) fn open(dir: &Path) -> Result<Self> {
        let failed =
            |e: fjall::Error| explain(&format!("opening the embedded broker in {}", dir.display()), dir, &e);
        std::fs::create_dir_all(dir).map_err(|e| failed(e.into()))?;
        let database = Database::builder(dir).cache_size(CACHE).open().map_err(failed)?;
        let small = || KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE);
        let meta = database.keyspace("meta", small).map_err(failed)?;
        // Chunks are written once and never changed: apart from the tree, compaction does not copy them.
        let chunks = || small().with_kv_separation(Some(KvSeparationOptions::default()));
        let log = database.keyspace("log", chunks).map_err(failed)?;
        Ok(Self { database, meta, log, dir: dir.to_path_buf() })
    }

    fn keyspace(&self, table: Table) -> &Keyspace {
        match table {
            Table::Meta => &self.meta,
            Table::Log => &self.log,
        }
    }

    fn failed(&self, doing: &str) -> impl Fn(fjall::Error) -> Error {
        let context = format!("{doing} the embedded broker in {}", self.dir.display());
        let dir = self.dir.clone();
        move |e| explain(&context, &dir, &e)
    }
}

/// Says what happened to the database and what to do next.
fn explain(context: &str, dir: &Path, error: &fjall::Error) -> Error {
    let (kind, message) = match error {
        fjall::Error::Locked => (
            ErrorKind::Config,
            "another process has it open; stop that one first, or choose another --data-dir".to_owned(),
        ),
        fjall::Error::Io(e) if e.kind() == io::ErrorKind::StorageFull => (
            ErrorKind::Fatal,
            format!("the disk is full: free space on the volume of {} and start again", dir.display()),
        ),
        fjall::Error::Io(e) if e.kind() == io::ErrorKind::PermissionDenied => (
            ErrorKind::Config,
            format!("{e}: make {} writable for this user, or choose another --data-dir", dir.display()),
        ),
        fjall::Error::Poisoned => (
            ErrorKind::Fatal,
            "an earlier write or fsync failed, so nothing more is accepted: see the log for the cause (most \
             often a full disk), mend it and start again; what was committed is kept"
                .to_owned(),
        ),
        fjall::Error::InvalidVersion(_) => (
            ErrorKind::Config,
            "it was written by another version of the store: use the program that wrote it, or another \
             --data-dir"
                .to_owned(),
        ),
        other => (ErrorKind::Fatal, format!("{other:?}: check the disk and start again")),
    };
    Error::new(kind, context, message)
}

impl Storage for Disk {
    fn write(&self, changes: Vec<Change>, durable: bool) -> Result<()> {
        let mode = if durable { PersistMode::SyncData } else { PersistMode::Buffer };
        let mut batch = self.database.batch().durability(Some(mode));
        for change in changes {
            match change {
                Change::Put(table, key, value) => batch.insert(self.keyspace(table), key, value),
                Change::Remove(table, key) => batch.remove(self.keyspace(table), key),
            }
        }
        batch.commit().map_err(self.failed("writing to"))
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Slice>> {
        self.keyspace(table).get(key).map_err(self.failed("reading from"))
    }

    fn scan(
        &self,
        table: Table,
        from: &[u8],
        to: &[u8],
        direction: Direction,
        visit: Visit<'_>,
    ) -> Result<()> {
        if from >= to {
            return Ok(());
        }
        let mut range = self.keyspace(table).range(from..to);
        while let Some(entry) = match direction {
            Direction::Forward => range.next(),
            Direction::Backward => range.next_back(),
        } {
            let (key, value) = entry.into_inner().map_err(self.failed("reading from"))?;
            if !visit(&key, value) {
                break;
            }
        }
        Ok(())
    }

    fn scan_sizes(&self, table: Table, from: &[u8], to: &[u8], visit: VisitSize<'_>) -> Result<()> {
        if from >= to {
            return Ok(());
        }
        let failed = || self.failed("reading from");
        // An entry tells its key or its size: two of them go side by side.
        let (snapshot, keyspace) = (self.database.snapshot(), self.keyspace(table));
        let range = || snapshot.range(keyspace, from..to);
        for (key, size) in range().zip(range()) {
            let (key, size) = (key.key().map_err(failed())?, size.size().map_err(failed())?);
            if !visit(&key, u64::from(size)) {
                break;
            }
        }
        Ok(())
    }

    fn sync(&self) -> Result<()> {
        self.database.persist(PersistMode::SyncData).map_err(self.failed("syncing"))
    }
}
