//! Sources: the streams and tables that queries read and make.
//!
//! Enters from the statements that declare or derive them. Leaves to the plans, which share them. What holds:
//! a column's index is its place in the schema, key columns first.

use std::sync::Arc;

use super::QueryId;
use crate::format::{Format, FormatSpec};
use crate::types::Schema;
use crate::types::time_format::Pattern;

/// A stream or table as the catalog knows it.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// A table rather than a stream.
    pub is_table: bool,
    /// Its topic.
    pub topic: String,
    /// Columns of key and value.
    pub schema: Schema,
    /// Format of the key.
    pub key_format: FormatSpec,
    /// Format of the value.
    pub value_format: FormatSpec,
    /// Where its time comes from, if not from the record.
    pub timestamp: Option<TimestampColumn>,
    /// How its key is windowed.
    pub window: Option<KeyWindow>,
    /// Made by a query of this program, and by which.
    pub derived_by: Option<QueryId>,
    /// PARTITIONS of its WITH clause, or of the query that makes it.
    pub partitions: Option<i32>,
    /// REPLICAS likewise; None for as many as the log gives by default.
    pub replicas: Option<i32>,
    /// A record that does not fit it ends the run; otherwise it becomes a dead letter.
    pub stop_on_error: bool,
    /// A table of which every worker has all rows, so that streams are joined with it where they are.
    pub broadcast: bool,
}

impl Source {
    /// How its key is read: one without columns may hold anything, nobody asks for it.
    pub(crate) fn read_key_format(&self) -> FormatSpec {
        match self.schema.key.as_slice() {
            [] => FormatSpec { format: Format::None, wrapped: false },
            _ => self.key_format,
        }
    }
}

/// The column that holds a record's event time.
#[derive(Debug, Clone)]
pub struct TimestampColumn {
    /// Its index in the row.
    pub column: usize,
    /// How its text is read; None where it is a BIGINT or TIMESTAMP in milliseconds.
    pub pattern: Option<Arc<Pattern>>,
}

/// The window that a key carries in its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyWindow {
    /// Tumbling or hopping: 8 bytes of start; the size in milliseconds is known.
    Time {
        /// Milliseconds.
        size: i64,
    },
    /// Session: 8 bytes of end and of start.
    Session,
}
