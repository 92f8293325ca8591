//! What happened to the database on disk, and what to do next, in words.

use std::io;
use std::path::Path;

use crate::{Error, ErrorKind};

/// Explains an error of fjall.
pub(super) fn explain(context: &str, dir: &Path, error: &fjall::Error) -> Error {
    let (kind, message) = match error {
        fjall::Error::Locked => (
            ErrorKind::Config,
            "another process has it open; stop that one first, or choose another --data-dir".to_owned(),
        ),
        fjall::Error::Io(e) | fjall::Error::Storage(fjall::LsmError::Io(e)) => {
            return no_room(context, dir, e);
        }
        fjall::Error::Poisoned => (
            ErrorKind::Fatal,
            format!(
                "an earlier write failed, most often because the volume of {} is full: see the log for the \
                 cause and mend it; what was committed is kept",
                dir.display()
            ),
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

/// Explains an error of the file system.
pub(super) fn no_room(context: &str, dir: &Path, error: &io::Error) -> Error {
    use io::ErrorKind::{FileTooLarge, PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
    let (kind, message) = match error.kind() {
        StorageFull | QuotaExceeded | FileTooLarge => (
            ErrorKind::Fatal,
            format!(
                "{error}: free space on the volume of {}, or raise its limit; what was committed is kept, and \
                 the broker goes on by itself once there is room",
                dir.display()
            ),
        ),
        PermissionDenied | ReadOnlyFilesystem => (
            ErrorKind::Config,
            format!("{error}: make {} writable for this user, or choose another --data-dir", dir.display()),
        ),
        _ => (ErrorKind::Fatal, format!("{error}: check the disk of {}", dir.display())),
    };
    Error::new(kind, context, message)
}
