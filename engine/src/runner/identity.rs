//! Who this process is: a name that survives a restart, so that its transactional ids fence its own past.

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::Error;

/// A name, and where there is a state directory the lock that keeps it this process's.
pub(super) struct Identity {
    name: String,
    kept: bool,
    /// Where what it keeps lies.
    dir: Option<PathBuf>,
    /// Held for the lock.
    _lock: Option<File>,
}

/// The most engines that share one state directory.
const MOST: usize = 1024;

impl Identity {
    /// Takes the first `N` whose lock is free in `dir`, which is made where it is missing.
    pub(super) fn take(dir: Option<&Path>) -> Result<Self, Error> {
        let Some(dir) = dir else { return Ok(Self { name: drawn(), kept: false, dir: None, _lock: None }) };
        let failed = |source| Error::State { path: dir.to_owned(), source };
        std::fs::create_dir_all(dir).map_err(failed)?;
        for number in 0..MOST {
            let path = dir.join(number.to_string());
            let mut options = File::options();
            let mut file =
                options.create(true).truncate(false).read(true).write(true).open(path).map_err(failed)?;
            match file.try_lock() {
                Ok(()) => {
                    let name = kept(&mut file).map_err(failed)?;
                    let dir = Some(dir.join(format!("{number}.local")));
                    return Ok(Self { name, kept: true, dir, _lock: Some(file) });
                }
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
        }
        Err(failed(std::io::Error::other("all of its identities are in use")))
    }

    /// One that is given and kept by whoever gives it.
    pub(super) fn given(name: &str) -> Self {
        Self { name: name.to_owned(), kept: true, dir: None, _lock: None }
    }

    /// The name for clients.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Where what it keeps lies; None: nowhere.
    pub(super) fn dir(&self) -> Option<&Path> {
        self.dir.as_deref()
    }

    /// Whether the same name comes back after a restart.
    pub(super) fn is_kept(&self) -> bool {
        self.kept
    }
}

/// The name in a lock file; a new file gets one. It belongs to the directory, not to the machine: a container
/// that is made anew over the same directory fences its own past, and two directories never fence each other.
fn kept(file: &mut File) -> std::io::Result<String> {
    let mut name = String::new();
    file.read_to_string(&mut name)?;
    if name.trim().is_empty() {
        name = drawn();
        file.set_len(0)?;
        file.seek(SeekFrom::Start(0))?;
        file.write_all(name.as_bytes())?;
        file.sync_all()?;
    }
    Ok(name.trim().to_owned())
}

/// A name that nobody else has: of the machine, the process and the time.
fn drawn() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    format!("{}-{}-{:x}", host(), std::process::id(), since.as_nanos())
}

/// The machine's name, for people who read client ids.
pub(super) fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name: String = name.trim().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    if name.is_empty() { "local".into() } else { name }
}
