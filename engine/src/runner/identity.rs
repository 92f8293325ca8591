//! Who this process is: a name that survives a restart, so that its transactional ids fence its own past.

use std::fs::{File, TryLockError};
use std::path::Path;

use super::Error;

/// A number under the state directory that this process has locked.
pub(super) struct Identity {
    number: Option<usize>,
    /// Held for the lock.
    _lock: Option<File>,
}

/// The most engines that share one state directory.
const MOST: usize = 1024;

impl Identity {
    /// Takes the first `N` whose lock is free in `dir`, which is made where it is missing.
    pub(super) fn take(dir: Option<&Path>) -> Result<Self, Error> {
        let Some(dir) = dir else { return Ok(Self { number: None, _lock: None }) };
        let failed = |source| Error::State { path: dir.to_owned(), source };
        std::fs::create_dir_all(dir).map_err(failed)?;
        for number in 0..MOST {
            let path = dir.join(number.to_string());
            let file = File::options().create(true).truncate(false).write(true).open(path).map_err(failed)?;
            match file.try_lock() {
                Ok(()) => return Ok(Self { number: Some(number), _lock: Some(file) }),
                Err(TryLockError::WouldBlock) => {}
                Err(TryLockError::Error(source)) => return Err(failed(source)),
            }
        }
        Err(failed(std::io::Error::other("all of its identities are in use")))
    }

    /// The name for clients: of the machine and the number, or of process and time where there is no state directory.
    pub(super) fn name(&self) -> String {
        match self.number {
            Some(number) => format!("{}-{number}", host()),
            // Nobody else has this process number on this machine now, nor had it at this time.
            None => format!("{}-{}-{}", host(), std::process::id(), since_epoch().as_nanos()),
        }
    }
}

fn since_epoch() -> std::time::Duration {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default()
}

/// The machine's name, so that two machines with their own state directories do not fence each other.
fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name: String = name.trim().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
    if name.is_empty() { "local".into() } else { name }
}
