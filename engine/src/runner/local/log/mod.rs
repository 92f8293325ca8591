//! Local state as files that are appended to, one for each store's partition: for stores that lie in memory as a whole.
//!
//! ```text
//! file   a name and a version; frames of changes, packed; behind what counts a mark
//! ```
//!
//! What holds: a file is only appended to and read from the front, so it takes no memory beside a frame, and is open at
//! once; what lies behind the last mark does not count, so changes may be written before they are committed. Most of a
//! file that has grown to twice its size is out of date, so it is written anew. A file that ends in the middle of a
//! frame, or is damaged there, counts up to the last mark before. Nothing is synced to the disk: what the system's end
//! takes is read from the changelogs.

mod file;
mod frame;
mod rewrite;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use self::file::LogFile;
use self::frame::Records;
use super::{Change, LocalError, LocalState, Mark, Staged, StorePartition, Visit, file_name};
use crate::state::Backing;

/// See the module.
#[derive(Debug, Clone)]
pub(crate) struct LogLocal {
    dir: PathBuf,
    open: Arc<Mutex<BTreeMap<StorePartition, OpenFile>>>,
}

type OpenFile = Arc<Mutex<LogFile>>;

impl LogLocal {
    /// The files in `dir`, which is made where it is missing.
    ///
    /// # Errors
    /// It cannot be made.
    pub(crate) fn open(dir: &Path) -> Result<Self, LocalError> {
        std::fs::create_dir_all(dir).map_err(|error| failed("making", dir, &error))?;
        file::remove_unfinished(dir).map_err(|error| failed("cleaning", dir, &error))?;
        Ok(Self { dir: dir.to_owned(), open: Arc::default() })
    }

    fn file(&self, of: &StorePartition) -> Result<OpenFile, LocalError> {
        let mut open = lock(&self.open);
        if let Some(file) = open.get(of) {
            return Ok(file.clone());
        }
        let path = self.dir.join(format!("{}.log", file_name(of)));
        let file = LogFile::open(&path).map_err(|error| failed("opening", &path, &error))?;
        let file = Arc::new(Mutex::new(file));
        open.insert(of.clone(), file.clone());
        Ok(file)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn failed(doing: &'static str, path: &Path, error: &io::Error) -> LocalError {
    let what = match error.kind() {
        io::ErrorKind::StorageFull => "the disk is full: free space on its volume".to_owned(),
        io::ErrorKind::PermissionDenied => {
            format!("{error}: make it writable for this user, or choose another --data-dir")
        }
        io::ErrorKind::InvalidData => {
            format!("{error}: delete it and start again; its content comes from the changelogs")
        }
        _ => error.to_string(),
    };
    LocalError { doing, path: path.to_owned(), what }
}

/// Sets a mark, and writes the file anew where most of it is out of date.
fn settle(log: &mut LogFile, mark: Mark) -> io::Result<()> {
    log.set_mark(mark)?;
    if log.is_overgrown()
        && let Err(error) = rewrite::rewrite(log)
    {
        // It is as good as before; the next mark tries again.
        tracing::warn!(file = %log.path().display(), %error, "the local copy of the state is not made smaller");
    }
    Ok(())
}

impl LocalState for LogLocal {
    fn mark(&self, of: &StorePartition) -> Result<Option<Mark>, LocalError> {
        Ok(lock(&*self.file(of)?).mark())
    }

    fn for_each(&self, of: &StorePartition, visit: &mut Visit<'_>) -> Result<(), LocalError> {
        let file = self.file(of)?;
        let (frames, path) = {
            let log = lock(&*file);
            (log.frames(), log.path().to_owned())
        };
        let visited = frames.and_then(|frames| frames.map_or(Ok(()), |frames| frames.visit(visit)));
        visited.map_err(|error| {
            if error.kind() == io::ErrorKind::InvalidData {
                // The next start finds nothing that it has to trip over.
                let _ = lock(&*file).clear();
            }
            failed("reading", &path, &error)
        })
    }

    fn apply(
        &self,
        changes: &mut dyn Iterator<Item = Change<'_>>,
        marks: &[(StorePartition, Mark)],
    ) -> Result<(), LocalError> {
        let mut parts = BTreeMap::<StorePartition, Part>::new();
        for Change { of, key, value } in changes {
            if !parts.contains_key(of) {
                parts.insert(of.clone(), Part::begin(self.file(of)?)?);
            }
            if let Some(part) = parts.get_mut(of) {
                part.push(key, value)?;
            }
        }
        for (of, mark) in marks {
            match parts.get_mut(of) {
                Some(part) => part.settle(*mark)?,
                None => Part::begin(self.file(of)?)?.settle(*mark)?,
            };
        }
        Ok(())
    }

    fn clear(&self, of: &StorePartition) -> Result<(), LocalError> {
        let file = self.file(of)?;
        let mut log = lock(&*file);
        log.clear().map_err(|error| failed("clearing", log.path(), &error))
    }

    fn stage(&self, of: &StorePartition) -> Result<Option<Box<dyn Staged>>, LocalError> {
        Ok(Some(Box::new(Part::begin(self.file(of)?)?)))
    }

    fn reader(&self, _: &StorePartition) -> Result<Option<Box<dyn Backing>>, LocalError> {
        Ok(None)
    }
}

/// Changes on their way to a file.
#[derive(Debug)]
struct Part {
    file: OpenFile,
    turn: u64,
    records: Records,
}

impl Part {
    fn begin(file: OpenFile) -> Result<Self, LocalError> {
        let turn = {
            let mut log = lock(&file);
            log.begin().map_err(|error| failed("writing", log.path(), &error))?
        };
        Ok(Self { file, turn, records: Records::default() })
    }

    /// Does something with the file, unless somebody else has begun to write it; false then.
    fn write(
        &mut self,
        work: impl FnOnce(&mut LogFile, &mut Records) -> io::Result<()>,
    ) -> Result<bool, LocalError> {
        let mut log = lock(&self.file);
        if !log.is_at(self.turn) {
            return Ok(false);
        }
        let done = work(&mut log, &mut self.records);
        if done.is_err() {
            // What is there of it is not whole. Where it cannot be cut off now, whoever writes next has to.
            let _ = log.begin();
        }
        done.map(|()| true).map_err(|error| failed("writing", log.path(), &error))
    }
}

impl Staged for Part {
    fn push(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<bool, LocalError> {
        if self.records.push(key, value) { self.write(LogFile::append) } else { Ok(true) }
    }

    fn settle(&mut self, mark: Mark) -> Result<bool, LocalError> {
        self.write(|log, records| {
            log.append(records)?;
            settle(log, mark)
        })
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let mut log = lock(&self.file);
        if log.is_at(self.turn) {
            // Whoever writes next cuts it off as well.
            let _ = log.cut();
        }
    }
}
