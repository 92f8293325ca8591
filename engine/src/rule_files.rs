//! Rule files on disk: which ones make up a program, and whether they have changed.
//!
//! Enters: paths of files and directories. Leaves: the files' texts in the program's order. What holds: of a
//! directory, `*.sql` directly in it are its rules, sorted by the bytes of their names; `tests/` and other
//! directories are not.

use std::path::{Path, PathBuf};

use crate::sql::SourceFile;

/// A rule file or directory that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RuleFilesError {
    /// The operating system refuses.
    #[error("{path} cannot be read: {source}", path = path.display())]
    Io {
        /// What.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A directory holds no rule file.
    #[error("{path} holds no rule file: a rule is a file *.sql directly in it", path = path.display())]
    Empty {
        /// Which.
        path: PathBuf,
    },
    /// It is not text.
    #[error("{path} is not UTF-8 text: its byte {at} is no character", path = path.display())]
    NotText {
        /// Which.
        path: PathBuf,
        /// The offset of the byte.
        at: usize,
    },
}

/// The rule files under these paths: a file as it is, a directory by its rules.
pub fn list(paths: &[PathBuf]) -> Result<Vec<PathBuf>, RuleFilesError> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_dir() {
            files.extend(in_directory(path)?);
        } else {
            files.push(path.clone());
        }
    }
    Ok(files)
}

fn in_directory(dir: &Path) -> Result<Vec<PathBuf>, RuleFilesError> {
    let failed = |source| RuleFilesError::Io { path: dir.to_owned(), source };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        let hidden = path.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b"."));
        if path.extension().is_some_and(|e| e == "sql") && path.is_file() && !hidden {
            files.push(path);
        }
    }
    if files.is_empty() {
        return Err(RuleFilesError::Empty { path: dir.to_owned() });
    }
    files.sort_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    Ok(files)
}

/// Reads the rule files under these paths.
pub fn read(paths: &[PathBuf]) -> Result<Vec<SourceFile>, RuleFilesError> {
    list(paths)?.into_iter().map(read_one).collect()
}

fn read_one(path: PathBuf) -> Result<SourceFile, RuleFilesError> {
    let bytes = match std::fs::read(&path) {
        Ok(bytes) => bytes,
        Err(source) => return Err(RuleFilesError::Io { path, source }),
    };
    match String::from_utf8(bytes) {
        Ok(text) => Ok(SourceFile::new(path.to_string_lossy(), text)),
        Err(e) => Err(RuleFilesError::NotText { path, at: e.utf8_error().valid_up_to() }),
    }
}
