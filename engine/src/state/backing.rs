//! Where a store finds what it does not have in memory.
//!
//! What holds: a backing gives what the last checkpoint that was applied to it wrote, and a store asks it only
//! for keys that have not changed since; so what is in memory and what is not shows in no result.

use std::fmt::Debug;

/// A store's entries as the last applied checkpoint left them: keys and values as a changelog has them.
pub trait Backing: Debug + Send {
    /// Puts the value of a key in the place of what `value` holds; whether there is one.
    ///
    /// # Errors
    /// It cannot be read: the store cannot go on.
    fn get(&self, key: &[u8], value: &mut Vec<u8>) -> Result<bool, BackingError>;

    /// Visits entries in order of their keys' bytes, from `from` on, until `visit` says that it has enough.
    ///
    /// # Errors
    /// As [`Backing::get`].
    fn scan(&self, from: &[u8], visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), BackingError>;
}

/// Why a backing cannot be read: what, where, what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BackingError(pub String);
