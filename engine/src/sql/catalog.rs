//! The sources that statements have declared or derived so far.
//!
//! What holds: a name is one source.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ast::Span;
use crate::plan::Source;

/// A source and what the binder needs to know about it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    /// The source.
    pub(super) source: Arc<Source>,
    /// Where it was made.
    pub(super) declared: Span,
    /// CREATE SOURCE: nothing may write to it.
    pub(super) read_only: bool,
}

/// All sources by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Catalog {
    entries: BTreeMap<String, Entry>,
}

impl Catalog {
    /// The source of this name.
    pub(super) fn get(&self, name: &str) -> Option<&Entry> {
        self.entries.get(name)
    }

    /// Adds or replaces a source.
    pub(super) fn put(&mut self, entry: Entry) {
        self.entries.insert(entry.source.name.clone(), entry);
    }

    /// Forgets a source.
    pub(super) fn remove(&mut self, name: &str) -> Option<Entry> {
        self.entries.remove(name)
    }

    /// All names.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.entries.keys().map(String::as_str)
    }

    /// All sources.
    pub(super) fn sources(&self) -> BTreeMap<String, Arc<Source>> {
        self.entries.iter().map(|(name, entry)| (name.clone(), entry.source.clone())).collect()
    }
}
