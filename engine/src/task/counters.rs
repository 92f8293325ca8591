//! What became of the records, per query.

use std::ops::AddAssign;

/// Counts of one query in one task. What holds after each record:
/// `input = filtered + skipped + unmatched + late + contributed + dead_lettered`.
///
/// A query that reads through a repartition topic has its records counted where they end: those that never
/// get into that topic in the task of the source, the others in the task of the repartition topic. Of the rows that
/// a table function makes of a record, the first that goes in somewhere is the record's end, else the last.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct QueryCounters {
    /// Records that came in.
    pub input: u64,
    /// WHERE was not TRUE.
    pub filtered: u64,
    /// Null key or null value where the query has no use for it.
    pub skipped: u64,
    /// Without a partner in a join.
    pub unmatched: u64,
    /// Too late for each of their windows.
    pub late: u64,
    /// Went into the query's result or state.
    pub contributed: u64,
    /// Could not be read.
    pub dead_lettered: u64,
    /// Records written.
    pub emitted: u64,
    /// Crossings that `--@emit: first` kept back.
    pub suppressed: u64,
    /// Expressions without a value for their row (taken as NULL), and rows that could not be written.
    pub errors: u64,
}

impl QueryCounters {
    /// Takes back the ends that were counted since `before`: they are of rows whose record has ended already.
    pub(crate) fn keep_ends(&mut self, before: &Self) {
        self.filtered = before.filtered;
        self.skipped = before.skipped;
        self.unmatched = before.unmatched;
        self.late = before.late;
        self.contributed = before.contributed;
    }

    /// Whether, since `before`, a row went into the result or the state, or on to another task that counts it.
    pub(crate) fn went_in(&self, before: &Self) -> bool {
        self.contributed > before.contributed || self.input < before.input
    }

    /// Whether every record is accounted for.
    pub fn adds_up(&self) -> bool {
        let ends = self.filtered + self.skipped + self.unmatched + self.late;
        self.input == ends + self.contributed + self.dead_lettered
    }
}

impl AddAssign for QueryCounters {
    fn add_assign(&mut self, other: Self) {
        self.input += other.input;
        self.filtered += other.filtered;
        self.skipped += other.skipped;
        self.unmatched += other.unmatched;
        self.late += other.late;
        self.contributed += other.contributed;
        self.dead_lettered += other.dead_lettered;
        self.emitted += other.emitted;
        self.suppressed += other.suppressed;
        self.errors += other.errors;
    }
}
