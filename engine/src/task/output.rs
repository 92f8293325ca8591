//! The records that a task wrote: one buffer, reused from commit to commit.
//!
//! What enters: parts of records, appended by the sinks. What leaves: borrowed views in the order of
//! writing. What holds: an output that is cleared and filled again allocates only while it grows; a record
//! that turns out unwritable half-way leaves nothing behind.

use std::ops::Range;
use std::sync::Arc;

use super::flood::Flood;
use crate::plan::QueryId;

/// Records in order of writing.
#[derive(Debug, Default)]
pub struct Output {
    bytes: Vec<u8>,
    headers: Vec<(Name, Range<usize>)>,
    records: Vec<Entry>,
    stop: Option<Stop>,
    failure: Option<String>,
    /// Refused records that get no letter of their own.
    pub(super) floods: Vec<Flood>,
}

/// The name of a header.
#[derive(Debug, Clone)]
enum Name {
    Known(&'static str),
    /// Where it lies: a name that came with a record.
    Own(Range<usize>),
}

/// Why the run is to end at a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Stop {
    /// It has no usable time, and `ksql.timestamp.throw.on.invalid` is set.
    #[error("a record has no usable time, which ends the run: {0}")]
    Time(String),
    /// It cannot be read, and its topic's declaration says `--@on_error: stop`.
    #[error("{0}")]
    Unreadable(String),
}

/// A record's parts as ranges of the buffers.
#[derive(Debug)]
struct Entry {
    topic: Arc<str>,
    query: Option<QueryId>,
    key: Option<Range<usize>>,
    window: usize,
    value: Option<Range<usize>>,
    headers: Range<usize>,
    timestamp: i64,
    to_all: bool,
}

/// A record that a task wrote.
#[derive(Debug, Clone, Copy)]
pub struct OutputRecord<'a> {
    output: &'a Output,
    entry: &'a Entry,
}

impl Output {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets the records and keeps the memory.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.headers.clear();
        self.records.clear();
        self.stop = None;
        self.floods.clear();
        self.failure = None;
    }

    /// Notes that the record which is being processed ends the run.
    pub(crate) fn stop(&mut self, why: Stop) {
        self.stop.get_or_insert(why);
    }

    /// Why the run is to end at the record that was processed last: nothing of it may be committed.
    pub fn stop_reason(&self) -> Option<&Stop> {
        self.stop.as_ref()
    }

    /// Notes that a store could not be read.
    pub(crate) fn fail(&mut self, why: String) {
        self.failure.get_or_insert(why);
    }

    /// Why a store could not be read: nothing of what is here may be committed, and the task is not good any more.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none, and none are due: see [`Output::seal`].
    pub fn is_empty(&self) -> bool {
        self.records.is_empty() && self.floods.is_empty()
    }

    /// How many bytes keys, values and header values take.
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// The record at `index`, which is below [`Output::len`].
    pub fn get(&self, index: usize) -> OutputRecord<'_> {
        OutputRecord { output: self, entry: &self.records[index] }
    }

    /// The records in order of writing.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = OutputRecord<'_>> {
        self.records.iter().map(|entry| OutputRecord { output: self, entry })
    }

    /// Begins a record; [`Draft::finish`] makes it one.
    pub(crate) fn draft(&mut self) -> Draft<'_> {
        let (bytes, headers) = (self.bytes.len(), self.headers.len());
        Draft {
            output: self,
            bytes,
            headers,
            key: None,
            window: 0,
            value: None,
            to_all: false,
            finished: false,
        }
    }
}

impl<'a> OutputRecord<'a> {
    /// The topic: one of `Program::outputs`, or the input topic's dead-letter topic.
    pub fn topic(&self) -> &'a str {
        &self.entry.topic
    }

    /// The query that wrote it; None for a dead letter and for a record of a repartition topic.
    pub fn query(&self) -> Option<QueryId> {
        self.entry.query
    }

    /// The key's bytes.
    pub fn key(&self) -> Option<&'a [u8]> {
        self.entry.key.clone().map(|range| &self.output.bytes[range])
    }

    /// The key's bytes without the window: what decides the partition, as in Kafka Streams. None: by the
    /// client's rule for records without a key.
    pub fn partition_key(&self) -> Option<&'a [u8]> {
        self.key().map(|key| &key[..key.len() - self.entry.window])
    }

    /// Whether each partition of the topic gets it.
    pub fn is_for_all(&self) -> bool {
        self.entry.to_all
    }

    /// The value's bytes; None is a tombstone.
    pub fn value(&self) -> Option<&'a [u8]> {
        self.entry.value.clone().map(|range| &self.output.bytes[range])
    }

    /// Milliseconds since 1970-01-01 UTC.
    pub fn timestamp(&self) -> i64 {
        self.entry.timestamp
    }

    /// The headers in order; a name may repeat in a dead letter only, where the refused record's own come first.
    pub fn headers(&self) -> impl DoubleEndedIterator<Item = (&'a str, &'a [u8])> + use<'a> {
        let output = self.output;
        let name = |name: &'a Name| match name {
            Name::Known(name) => *name,
            // It was text when it was put there.
            Name::Own(range) => std::str::from_utf8(&output.bytes[range.clone()]).unwrap_or_default(),
        };
        output.headers[self.entry.headers.clone()]
            .iter()
            .map(move |(known, range)| (name(known), &output.bytes[range.clone()]))
    }

    /// The last header of this name.
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers().rev().find(|(n, _)| *n == name).map(|(_, value)| value)
    }
}

/// A record being written. Dropped unfinished, it leaves nothing behind.
pub(crate) struct Draft<'o> {
    output: &'o mut Output,
    bytes: usize,
    headers: usize,
    key: Option<Range<usize>>,
    window: usize,
    value: Option<Range<usize>>,
    to_all: bool,
    finished: bool,
}

impl Draft<'_> {
    /// Appends the key by `write`, which says whether there is one.
    pub(crate) fn key<E>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<bool, E>) -> Result<(), E> {
        let start = self.output.bytes.len();
        self.key = write(&mut self.output.bytes)?.then_some(start..self.output.bytes.len());
        Ok(())
    }

    /// Appends the window to the key, which was written just before.
    pub(crate) fn window(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        if let Some(key) = &mut self.key {
            write(&mut self.output.bytes);
            self.window = self.output.bytes.len() - key.end;
            key.end = self.output.bytes.len();
        }
    }

    /// Appends the value by `write`, which says whether there is one.
    pub(crate) fn value<E>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<bool, E>) -> Result<(), E> {
        let start = self.output.bytes.len();
        self.value = write(&mut self.output.bytes)?.then_some(start..self.output.bytes.len());
        Ok(())
    }

    /// The key without its window; empty where there is none.
    pub(crate) fn plain_key(&self) -> &[u8] {
        self.key.clone().map_or(&[], |key| &self.output.bytes[key.start..key.end - self.window])
    }

    /// Appends a header.
    pub(crate) fn header(&mut self, name: &'static str, value: &[u8]) {
        let start = self.output.bytes.len();
        self.output.bytes.extend_from_slice(value);
        self.output.headers.push((Name::Known(name), start..self.output.bytes.len()));
    }

    /// Appends a header that came with a record.
    pub(crate) fn own_header(&mut self, name: &str, value: &[u8]) {
        let start = self.output.bytes.len();
        self.output.bytes.extend_from_slice(name.as_bytes());
        let end = self.output.bytes.len();
        self.output.bytes.extend_from_slice(value);
        self.output.headers.push((Name::Own(start..end), end..self.output.bytes.len()));
    }

    /// Appends a header whose value is the text of `value`.
    pub(crate) fn text_header(&mut self, name: &'static str, value: impl std::fmt::Display) {
        use std::io::Write;
        let start = self.output.bytes.len();
        // Writing to a Vec does not fail.
        let _ = write!(self.output.bytes, "{value}");
        self.output.headers.push((Name::Known(name), start..self.output.bytes.len()));
    }

    /// Each partition of the topic is to get it.
    pub(crate) fn for_all(&mut self) {
        self.to_all = true;
    }

    /// The record is whole.
    pub(crate) fn finish(mut self, topic: &Arc<str>, query: Option<QueryId>, timestamp: i64) {
        self.finished = true;
        let headers = self.headers..self.output.headers.len();
        self.output.records.push(Entry {
            topic: Arc::clone(topic),
            query,
            key: self.key.take(),
            window: self.window,
            value: self.value.take(),
            headers,
            timestamp,
            to_all: self.to_all,
        });
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if !self.finished {
            self.output.bytes.truncate(self.bytes);
            self.output.headers.truncate(self.headers);
        }
    }
}
