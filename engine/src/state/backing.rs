//! Where a store finds what it does not have in memory, and how much it may have there.
//!
//! What holds: a backing gives what the last checkpoint that was applied to it wrote, and a store asks it only
//! for keys that have not changed since; so what is in memory and what is not shows in no result.

use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A store's entries as the last applied checkpoint left them: keys and values as a changelog has them.
pub trait Backing: Debug + Send {
    /// Puts the value of a key in the place of what `value` holds; whether there is one.
    ///
    /// # Errors
    /// It cannot be read: the store cannot go on.
    fn get(&self, key: &[u8], value: &mut Vec<u8>) -> Result<bool, BackingError>;

    /// Visits entries in order of their keys' bytes, from `from` on, until `visit` gives false.
    ///
    /// # Errors
    /// As [`Backing::get`].
    fn scan(&self, from: &[u8], visit: &mut dyn FnMut(&[u8], &[u8]) -> bool) -> Result<(), BackingError>;
}

/// Why a backing cannot be read: what, where, what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BackingError(pub String);

/// How much memory the stores of a process may take, and how much they do.
#[derive(Debug)]
pub struct MemoryLimit {
    limit: usize,
    used: AtomicUsize,
    /// Of which is of stores that are always whole in memory.
    fixed: AtomicUsize,
}

impl MemoryLimit {
    /// Of this many bytes.
    pub fn new(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit, used: AtomicUsize::new(0), fixed: AtomicUsize::new(0) })
    }

    /// How many bytes the stores take.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// How many of them lie over the limit: a checkpoint lets go of what has changed.
    pub fn excess(&self) -> usize {
        self.used().saturating_sub(self.limit)
    }

    /// Whether they are so many that the work has to wait until some are let go.
    pub fn is_far_exceeded(&self) -> bool {
        self.excess() > self.limit / 8
    }

    /// Why the limit cannot be kept whatever is done.
    pub fn cannot_be_kept(&self) -> Option<String> {
        let fixed = self.fixed.load(Ordering::Relaxed);
        (fixed > self.limit).then(|| {
            format!(
                "the stores that are always in memory (joins of streams, windows that wait for EMIT FINAL, cooldowns, \
                 subscriptions of joins by a foreign key) take {fixed} bytes, but all stores together are given {}: \
                 raise --state-memory, or give the rules shorter windows and grace periods",
                self.limit
            )
        })
    }
}

/// What a part of the stores takes of the limit; it is given back in the end.
#[derive(Debug)]
pub(crate) struct Share {
    limit: Arc<MemoryLimit>,
    bytes: usize,
    is_fixed: bool,
}

impl Share {
    /// Nothing yet. `is_fixed`: it is always in memory.
    pub(crate) fn new(limit: &Arc<MemoryLimit>, is_fixed: bool) -> Self {
        Self { limit: limit.clone(), bytes: 0, is_fixed }
    }

    /// It takes this many bytes now.
    pub(crate) fn set(&mut self, bytes: usize) {
        // Wrapping: what is added and taken away evens out.
        let more = bytes.wrapping_sub(self.bytes);
        self.bytes = bytes;
        self.limit.used.fetch_add(more, Ordering::Relaxed);
        if self.is_fixed {
            self.limit.fixed.fetch_add(more, Ordering::Relaxed);
        }
    }

    /// Whether all together take too much, with some room left for what changes until the next checkpoint.
    pub(crate) fn is_over(&self) -> bool {
        self.limit.used() > self.limit.limit - self.limit.limit / 8
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.set(0);
    }
}
