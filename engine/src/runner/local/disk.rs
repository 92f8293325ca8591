//! Local state on disk: a fjall database, with a keyspace per store and partition.
//!
//! What holds: a batch is one entry of the journal, so after a crash it is there whole or not at all, and none is
//! there without those before it; a batch that returned has reached the operating system and survives the death
//! of the process. The mark is in the last batch. A directory that is damaged is set aside and begun anew, since
//! the changelogs have all of it.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use super::{Change, LocalError, LocalState, Mark, Staged, StorePartition, Visit, file_name};
use crate::state::{Backing, BackingError};

/// What a keyspace keeps in memory before it is written out, in bytes.
const MEMTABLE: u64 = 4 << 20;
/// The cache of blocks that were read, in bytes.
const CACHE: u64 = 8 << 20;
/// The journals together, in bytes: the least that fjall allows.
const JOURNALS: u64 = 64 << 20;
/// Bytes of a batch: it is in memory as a whole.
const BATCH: usize = 1 << 20;
/// The keyspace of the marks. No store's has this name: those end with a number.
const MARKS: &str = "marks";
/// Of a mark's bytes.
const VERSION: u8 = 1;
/// Says that reading found damage, so the next start sets the directory aside.
const DAMAGED: &str = "DAMAGED";

/// See the module.
#[derive(Clone)]
pub(crate) struct DiskLocal {
    inner: Arc<Inner>,
}

struct Inner {
    database: Database,
    marks: Keyspace,
    open: Mutex<BTreeMap<StorePartition, Keyspace>>,
    dir: PathBuf,
}

impl fmt::Debug for DiskLocal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DiskLocal").field("dir", &self.inner.dir).finish_non_exhaustive()
    }
}

impl DiskLocal {
    /// Opens the database in `dir`, making it where it is missing. Where it cannot be read it is set aside.
    ///
    /// # Errors
    /// Another process has it open, the disk is full, or the directory cannot be written.
    pub(crate) fn open(dir: &Path) -> Result<Self, LocalError> {
        if dir.join(DAMAGED).exists() {
            set_aside(dir, "reading it found damage")?;
        }
        let why = match open(dir) {
            Ok(local) => return Ok(local),
            Err(Failure::Lasting(error)) => return Err(error),
            Err(Failure::Damage(why)) => why,
        };
        set_aside(dir, &why)?;
        open(dir).map_err(|failure| match failure {
            Failure::Lasting(error) => error,
            Failure::Damage(what) => LocalError { doing: "opening", path: dir.to_owned(), what },
        })
    }

    fn failed(&self, doing: &'static str) -> impl Fn(fjall::Error) -> LocalError {
        let dir = self.inner.dir.clone();
        move |error| match explain(doing, &dir, &error) {
            Failure::Lasting(error) => error,
            Failure::Damage(what) => {
                // Where not even that can be written, the message says what to do.
                let _ = std::fs::write(dir.join(DAMAGED), &what);
                let what = format!(
                    "{what}: start again; the directory is set aside then, and its content comes from the changelogs"
                );
                LocalError { doing, path: dir.clone(), what }
            }
        }
    }

    /// The keyspace of a store's partition, made where it is missing.
    fn keyspace(&self, of: &StorePartition) -> Result<Keyspace, LocalError> {
        let mut open = self.inner.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(keyspace) = open.get(of) {
            return Ok(keyspace.clone());
        }
        let keyspace =
            self.inner.database.keyspace(&file_name(of), options).map_err(self.failed("opening"))?;
        open.insert(of.clone(), keyspace.clone());
        Ok(keyspace)
    }
}

/// Why the database cannot be used.
enum Failure {
    /// A person has to do something.
    Lasting(LocalError),
    /// It is not what was written.
    Damage(String),
}

fn open(dir: &Path) -> Result<DiskLocal, Failure> {
    std::fs::create_dir_all(dir).map_err(|error| explain("making", dir, &error.into()))?;
    // Damage is an error to fjall, but not everywhere.
    let opened = catch_unwind(AssertUnwindSafe(|| {
        let database = Database::builder(dir)
            .cache_size(CACHE)
            .max_journaling_size(JOURNALS)
            .worker_threads(1)
            .open()?;
        let marks = database.keyspace(MARKS, options)?;
        Ok((database, marks))
    }));
    let opened = opened.map_err(|_| Failure::Damage("fjall panicked while it opened it".to_owned()))?;
    let (database, marks) = opened.map_err(|error: fjall::Error| explain("opening", dir, &error))?;
    let inner = Inner { database, marks, open: Mutex::default(), dir: dir.to_owned() };
    Ok(DiskLocal { inner: Arc::new(inner) })
}

fn options() -> KeyspaceCreateOptions {
    KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE)
}

/// What an error is and what to do about it.
fn explain(doing: &'static str, dir: &Path, error: &fjall::Error) -> Failure {
    let lasting = |what: String| Failure::Lasting(LocalError { doing, path: dir.to_owned(), what });
    match error {
        fjall::Error::Locked => lasting(
            "another process has it open; stop that one first, or choose another --data-dir".to_owned(),
        ),
        fjall::Error::Io(e) if e.kind() == std::io::ErrorKind::StorageFull => {
            lasting("the disk is full: free space on its volume and start again".to_owned())
        }
        fjall::Error::Io(e) if e.kind() == std::io::ErrorKind::PermissionDenied => {
            lasting(format!("{e}: make it writable for this user, or choose another --data-dir"))
        }
        fjall::Error::Poisoned => lasting(
            "an earlier write failed, so nothing more is accepted: see the log for the cause (most often a full \
             disk), mend it and start again"
                .to_owned(),
        ),
        other => Failure::Damage(other.to_string()),
    }
}

/// Renames a directory that cannot be used, so that a new one takes its place.
fn set_aside(dir: &Path, why: &str) -> Result<(), LocalError> {
    let beside = |number: u32| {
        let mut name = dir.file_name().unwrap_or_default().to_owned();
        name.push(format!(".damaged-{number}"));
        dir.with_file_name(name)
    };
    let free = (1..).map(beside).find(|path| !path.exists()).unwrap_or_else(|| beside(0));
    tracing::warn!(
        dir = %dir.display(), set_aside = %free.display(), why,
        "the local state is damaged: it is set aside, and its content comes from the changelogs; delete it when nobody wants to look at it"
    );
    std::fs::rename(dir, &free).map_err(|error| {
        let what =
            format!("it is damaged ({why}), and renaming it failed ({error}): delete it and start again");
        LocalError { doing: "setting aside", path: dir.to_owned(), what }
    })
}

impl Mark {
    fn encode(self) -> Vec<u8> {
        let mut bytes = vec![VERSION];
        [self.commit, self.offset, self.applied_at]
            .iter()
            .for_each(|n| bytes.extend_from_slice(&n.to_le_bytes()));
        bytes
    }

    /// None: another release wrote it.
    fn decode(bytes: &[u8]) -> Option<Self> {
        let (chunks, rest) = bytes.strip_prefix(&[VERSION])?.as_chunks::<8>();
        match (chunks, rest) {
            ([commit, offset, applied_at], []) => {
                let [commit, offset, applied_at] =
                    [commit, offset, applied_at].map(|n| i64::from_le_bytes(*n));
                Some(Self { commit, offset, applied_at })
            }
            _ => None,
        }
    }
}

impl LocalState for DiskLocal {
    fn mark(&self, of: &StorePartition) -> Result<Option<Mark>, LocalError> {
        let bytes = self.inner.marks.get(file_name(of)).map_err(self.failed("reading"))?;
        Ok(bytes.and_then(|bytes| Mark::decode(&bytes)))
    }

    fn for_each(&self, of: &StorePartition, visit: &mut Visit<'_>) -> Result<(), LocalError> {
        for entry in self.keyspace(of)?.iter() {
            let (key, value) = entry.into_inner().map_err(self.failed("reading"))?;
            if !visit(&key, Some(&value)) {
                break;
            }
        }
        Ok(())
    }

    fn apply(
        &self,
        changes: &mut dyn Iterator<Item = Change<'_>>,
        marks: &[(StorePartition, Mark)],
    ) -> Result<(), LocalError> {
        let begin = || self.inner.database.batch().durability(Some(PersistMode::Buffer));
        let (mut batch, mut bytes) = (begin(), 0);
        // The partition of the change before: most changes are of the same.
        let mut last: Option<(StorePartition, Keyspace)> = None;
        for Change { of, key, value } in changes {
            let keyspace = match last.take_if(|(partition, _)| partition == of) {
                Some((_, keyspace)) => keyspace,
                None => self.keyspace(of)?,
            };
            match value {
                Some(value) => batch.insert(&keyspace, key, value),
                None => batch.remove(&keyspace, key),
            }
            last = Some((of.clone(), keyspace));
            bytes += key.len() + value.map_or(0, <[u8]>::len);
            if bytes >= BATCH {
                std::mem::replace(&mut batch, begin()).commit().map_err(self.failed("writing"))?;
                bytes = 0;
            }
        }
        for (of, mark) in marks {
            batch.insert(&self.inner.marks, file_name(of), mark.encode());
        }
        batch.commit().map_err(self.failed("writing"))
    }

    fn clear(&self, of: &StorePartition) -> Result<(), LocalError> {
        let failed = self.failed("clearing");
        // First: entries without a mark are nothing.
        self.inner.marks.remove(file_name(of)).map_err(&failed)?;
        self.keyspace(of)?.clear().map_err(failed)
    }

    fn stage(&self, _: &StorePartition) -> Result<Option<Box<dyn Staged>>, LocalError> {
        Ok(None)
    }

    fn reader(&self, of: &StorePartition) -> Result<Option<Box<dyn Backing>>, LocalError> {
        Ok(Some(Box::new(Reader { keyspace: self.keyspace(of)?, local: self.clone() })))
    }
}

struct Reader {
    keyspace: Keyspace,
    local: DiskLocal,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reader({:?})", self.local)
    }
}

impl Reader {
    fn failed(&self, error: fjall::Error) -> BackingError {
        BackingError(self.local.failed("reading")(error).to_string())
    }
}

impl Backing for Reader {
    fn get(&self, key: &[u8], value: &mut Vec<u8>) -> Result<bool, BackingError> {
        value.clear();
        let found = self.keyspace.get(key).map_err(|error| self.failed(error))?;
        if let Some(found) = &found {
            value.extend_from_slice(found);
        }
        Ok(found.is_some())
    }

    fn scan(&self, from: &[u8], visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), BackingError> {
        for entry in self.keyspace.range(from..) {
            let (key, value) = entry.into_inner().map_err(|error| self.failed(error))?;
            if !visit(&key, &value) {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
