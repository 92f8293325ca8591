//! The storage on disk: two keyspaces of one fjall database.
//!
//! What enters and leaves is [`Storage`]'s. What holds: one write is one entry of the journal, so after a
//! crash it is there whole or not at all; a write that returned has reached the operating system and
//! survives the death of the process; `sync` is an fsync of the journal. fjall holds a lock on the
//! directory while it is open. After a write that failed fjall accepts nothing more, and only opening the
//! database anew tells whether that write is there: [`Storage::reopen`] does so, once there is room.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock, RwLockReadGuard};
use std::time::{Duration, Instant};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, KvSeparationOptions, PersistMode, Readable, Slice};

use super::explain::{explain, no_room};
use super::storage::{Change, Direction, Storage, Table, Visit, VisitSize};
use crate::{Error, ErrorKind, Result};

/// What the keyspace of chunks keeps in memory before it is written out, in bytes. Up to [`SEALED`] more wait
/// to be written. With the block cache below, this is most of what the broker takes.
const LOG_MEMTABLE: u64 = 16 * 1024 * 1024;
/// The same of what describes the log. A journal is kept until all keyspaces have written out what is in it,
/// and a commit adds little here, so this is small.
const META_MEMTABLE: u64 = 2 * 1024 * 1024;
/// The cache of blocks that were read, in bytes.
const CACHE: u64 = 16 * 1024 * 1024;
/// The journals, in bytes, past which what they hold is written out: opening reads them all.
const JOURNALS: u64 = 64 * 1024 * 1024;
/// A write waits while so many memtables wait to be written out. fjall itself waits at four, without an end if
/// its threads have failed.
const SEALED: usize = 3;
/// What has to fit on the volume before a failed write is followed by another one, in bytes.
const ROOM: usize = 4 * 1024 * 1024;
/// How long one who has the directory open may take to close it.
const CLOSING: Duration = Duration::from_millis(500);

/// A fjall database; None only while it is opened anew.
pub(super) struct Disk {
    opened: RwLock<Option<Opened>>,
    dir: PathBuf,
}

struct Opened {
    meta: Keyspace,
    log: Keyspace,
    /// Last, so that it is closed last.
    database: Database,
}

impl Opened {
    fn new(dir: &Path) -> fjall::Result<Self> {
        let builder = Database::builder(dir).cache_size(CACHE).max_journaling_size(JOURNALS);
        let database = builder.open()?;
        let sized = |bytes| KeyspaceCreateOptions::default().max_memtable_size(bytes);
        let meta = database.keyspace("meta", || sized(META_MEMTABLE))?;
        // Chunks are written once and rarely changed: apart from the tree, compaction does not copy them.
        let chunks = || sized(LOG_MEMTABLE).with_kv_separation(Some(KvSeparationOptions::default()));
        let log = database.keyspace("log", chunks)?;
        Ok(Self { meta, log, database })
    }

    /// As [`Opened::new`], but waits for one who is just about to close it.
    fn patiently(dir: &Path) -> fjall::Result<Self> {
        let deadline = Instant::now() + CLOSING;
        loop {
            match Self::new(dir) {
                Err(fjall::Error::Locked) if Instant::now() < deadline => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                done => return done,
            }
        }
    }

    fn keyspace(&self, table: Table) -> &Keyspace {
        match table {
            Table::Meta => &self.meta,
            Table::Log => &self.log,
        }
    }

    /// Waits until what was written before is on its way to the disk; an error where it never will be.
    fn await_room(&self) -> fjall::Result<()> {
        while [&self.meta, &self.log].iter().any(|k| k.sealed_memtable_count() >= SEALED) {
            self.database.persist(PersistMode::Buffer)?;
            std::thread::sleep(Duration::from_millis(1));
        }
        Ok(())
    }

    fn write(&self, changes: Vec<Change>, durable: bool) -> fjall::Result<()> {
        self.await_room()?;
        let mode = if durable { PersistMode::SyncData } else { PersistMode::Buffer };
        let mut batch = self.database.batch().durability(Some(mode));
        for change in changes {
            match change {
                Change::Put(table, key, value) => batch.insert(self.keyspace(table), key, value),
                Change::Remove(table, key) => batch.remove(self.keyspace(table), key),
            }
        }
        batch.commit()
    }
}

impl Disk {
    /// Opens the database in `dir`, making it where it is missing.
    pub(super) fn open(dir: &Path) -> Result<Self> {
        let failed =
            |e: fjall::Error| explain(&format!("opening the embedded broker in {}", dir.display()), dir, &e);
        std::fs::create_dir_all(dir).map_err(|e| failed(e.into()))?;
        let opened = RwLock::new(Some(Opened::patiently(dir).map_err(failed)?));
        Ok(Self { opened, dir: dir.to_path_buf() })
    }

    fn doing(&self, doing: &str) -> String {
        format!("{doing} the embedded broker in {}", self.dir.display())
    }

    fn failed(&self, doing: &str) -> impl Fn(fjall::Error) -> Error {
        let (context, dir) = (self.doing(doing), self.dir.clone());
        move |e| explain(&context, &dir, &e)
    }

    fn opened(&self) -> Result<Held<'_>> {
        let guard = self.opened.read().unwrap_or_else(PoisonError::into_inner);
        if guard.is_some() {
            return Ok(Held(guard));
        }
        let message = "it could not be opened anew after a write had failed: see the message of that write";
        Err(Error::new(ErrorKind::Unavailable, self.doing("using"), message))
    }

    /// Whether the volume takes a file of [`ROOM`] bytes.
    fn probe(&self) -> io::Result<()> {
        let path = self.dir.join("room");
        let written = std::fs::File::create(&path).and_then(|mut file| {
            file.write_all(&vec![1; ROOM])?;
            file.sync_all()
        });
        std::fs::remove_file(&path)?;
        written
    }
}

/// The database, kept from being opened anew.
struct Held<'a>(RwLockReadGuard<'a, Option<Opened>>);

impl std::ops::Deref for Held<'_> {
    type Target = Opened;

    #[expect(clippy::expect_used, reason = "made only where it is there")]
    fn deref(&self) -> &Opened {
        self.0.as_ref().expect("looked at before")
    }
}

impl Storage for Disk {
    fn write(&self, changes: Vec<Change>, durable: bool) -> Result<()> {
        self.opened()?.write(changes, durable).map_err(|e| {
            let error = self.failed("writing to")(e);
            // Part of it may have been written, or all of it.
            error.with_kind(ErrorKind::Unknown)
        })
    }

    fn reopen(&self) -> Result<()> {
        let context = self.doing("going on with");
        let again = |e: fjall::Error| explain(&context, &self.dir, &e).with_kind(ErrorKind::Unavailable);
        self.probe().map_err(|e| no_room(&context, &self.dir, &e).with_kind(ErrorKind::Unavailable))?;
        let mut opened = self.opened.write().unwrap_or_else(PoisonError::into_inner);
        // Closed first: the directory is open once.
        *opened = None;
        *opened = Some(Opened::new(&self.dir).map_err(again)?);
        Ok(())
    }

    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Slice>> {
        self.opened()?.keyspace(table).get(key).map_err(self.failed("reading from"))
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
        let opened = self.opened()?;
        let mut range = opened.keyspace(table).range(from..to);
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
        let opened = self.opened()?;
        let (snapshot, keyspace) = (opened.database.snapshot(), opened.keyspace(table));
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
        self.opened()?.database.persist(PersistMode::SyncData).map_err(self.failed("syncing"))
    }
}
