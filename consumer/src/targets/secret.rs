//! A secret: from the environment or a file, and never seen.

use std::fmt;
use std::path::PathBuf;

use serde::Deserialize;

/// Something that must not be seen.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// The text itself, for the one call that needs it.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(secret)")
    }
}

/// Where a secret is: `{ env = "NAME" }` or `{ file = "PATH" }`. The secret itself cannot stand here.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub(super) enum Source {
    Env(String),
    File(PathBuf),
}

impl Source {
    /// Reads it. Line ends around it are not part of it.
    pub(super) fn read(self) -> Result<Secret, String> {
        let (text, place) = match self {
            Self::Env(name) => {
                (std::env::var(&name).unwrap_or_default(), format!("the environment variable {name}"))
            }
            Self::File(path) => {
                let place = format!("the file {}", path.display());
                let text = std::fs::read_to_string(&path)
                    .map_err(|error| format!("its secret: {place} cannot be read: {error}"))?;
                (text, place)
            }
        };
        match text.trim_matches(['\r', '\n']) {
            "" => Err(format!("its secret: {place} holds nothing")),
            secret => Ok(Secret(secret.to_owned())),
        }
    }
}
