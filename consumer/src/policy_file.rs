//! The policy file, read at start and again whenever it changes.
//!
//! What enters: a path. What leaves: the policy that it holds, or why it holds none. What holds: while
//! running, a file that is wrong or gone changes nothing; it is reported once, and the last good policy goes on.

use std::path::{Path, PathBuf};

use crate::decision::Policy;
use crate::error::{Error, Result};

/// A policy file that is followed.
#[derive(Debug, Clone)]
pub struct PolicyFile {
    path: PathBuf,
    /// What was read last, good or not; None: it could not be read.
    text: Option<String>,
}

impl PolicyFile {
    /// Reads a policy.
    ///
    /// # Errors
    /// The file cannot be read, or is no policy; all that is wrong with it is in the message.
    pub fn open(path: impl Into<PathBuf>) -> Result<(Self, Policy)> {
        let path = path.into();
        let text = std::fs::read_to_string(&path)
            .map_err(|error| Error::Setting(format!("cannot read the policy {}: {error}", path.display())))?;
        let policy = Policy::from_toml(&text).map_err(|problems| Error::Setting(said(&path, &problems)))?;
        Ok((Self { path, text: Some(text) }, policy))
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the file again. None: it is as it was. An error is told once.
    pub(crate) fn changed(&mut self) -> Option<std::result::Result<Policy, String>> {
        let read = std::fs::read_to_string(&self.path);
        let text = read.as_ref().ok().cloned();
        if text == self.text {
            return None;
        }
        self.text = text;
        Some(match read {
            Ok(text) => Policy::from_toml(&text).map_err(|problems| said(&self.path, &problems)),
            Err(error) => Err(format!("cannot read the policy {}: {error}", self.path.display())),
        })
    }
}

fn said(path: &Path, problems: &str) -> String {
    format!("the policy {} is wrong:\n{problems}", path.display())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_seen_once_and_a_wrong_file_is_reported_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("policy.toml");
        assert!(PolicyFile::open(&path).unwrap_err().to_string().contains("cannot read the policy"));
        std::fs::write(&path, "[lists]\nwatch = 30").unwrap();
        let (mut file, policy) = PolicyFile::open(&path).unwrap();
        assert_eq!(policy.lists.watch, 30);
        assert_eq!(file.changed(), None);
        std::fs::write(&path, "[lists]\nwatch = 31").unwrap();
        assert_eq!(file.changed().unwrap().unwrap().lists.watch, 31);
        std::fs::write(&path, "[lists]\nwatch = 310").unwrap();
        let problem = file.changed().unwrap().unwrap_err();
        assert!(problem.ends_with("lists.watch: 310 points are not -100 to 100"), "{problem}");
        assert_eq!(file.changed(), None);
        std::fs::remove_file(&path).unwrap();
        assert!(file.changed().unwrap().unwrap_err().contains("cannot read"));
        assert_eq!(file.changed(), None);
    }
}
