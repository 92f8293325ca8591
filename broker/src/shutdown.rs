//! How a long-running part is told to end.
//!
//! Shared by the threads of a process: whoever hears a signal asks, every loop looks at least every
//! 100 ms. Asking is idempotent and never taken back; "now" outranks "when drained".

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A request to end, shared by all who hold a clone.
#[derive(Debug, Clone, Default)]
pub struct Shutdown {
    inner: Arc<Flags>,
}

#[derive(Debug, Default)]
struct Flags {
    now: AtomicBool,
    when_drained: AtomicBool,
}

impl Shutdown {
    /// Nothing asked yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks to finish what is in flight, commit it and end.
    pub fn request(&self) {
        self.inner.now.store(true, Ordering::SeqCst);
    }

    /// Asks to end once everything that lies in the inputs has been processed and committed.
    pub fn request_when_drained(&self) {
        self.inner.when_drained.store(true, Ordering::SeqCst);
    }

    /// Whether to end now.
    pub fn is_requested(&self) -> bool {
        self.inner.now.load(Ordering::SeqCst)
    }

    /// Whether to end at the end of the inputs.
    pub fn is_requested_when_drained(&self) -> bool {
        self.inner.when_drained.load(Ordering::SeqCst)
    }
}
