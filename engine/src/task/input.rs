//! A record as it comes to a task, and where it first came from.

use events::headers;

use crate::format::DecodeError;

/// The headers of a record.
pub trait RecordHeaders<'a> {
    /// The last header of a name.
    fn last(&self, name: &str) -> Option<&'a [u8]>;

    /// Visits all in order.
    fn each(&self, visit: &mut dyn FnMut(&'a str, &'a [u8]));
}

/// A record of the task's input topic. All parts are borrowed from the batch.
#[derive(Clone, Copy)]
pub struct InputRecord<'a> {
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its time in milliseconds since 1970-01-01 UTC.
    pub timestamp: i64,
    /// The key's bytes.
    pub key: Option<&'a [u8]>,
    /// The value's bytes; None is a tombstone.
    pub value: Option<&'a [u8]>,
    /// Its headers; asked only where the topic is one of ours that carries origins, or where a column is
    /// declared for them.
    pub headers: &'a dyn RecordHeaders<'a>,
}

/// The headers of a record that has none.
#[derive(Debug, Clone, Copy)]
pub struct NoHeaders;

impl<'a> RecordHeaders<'a> for NoHeaders {
    fn last(&self, _: &str) -> Option<&'a [u8]> {
        None
    }

    fn each(&self, _: &mut dyn FnMut(&'a str, &'a [u8])) {}
}

/// The original record that a record derives from: itself, or the one that its `source.*` headers name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin<'a> {
    /// Its topic.
    pub topic: &'a str,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its time in milliseconds.
    pub timestamp: i64,
    /// Which of the records derived from it this is, from 0.
    pub ordinal: u32,
}

impl<'a> Origin<'a> {
    /// Of a record that is itself the original.
    pub(super) fn of_itself(topic: &'a str, record: &InputRecord<'_>) -> Self {
        let InputRecord { partition, offset, timestamp, .. } = *record;
        Self { topic, partition, offset, timestamp, ordinal: 0 }
    }

    /// Of a record of a topic that carries origins. One without the headers (somebody else wrote it) is
    /// itself the original.
    pub(super) fn carried<'r: 'a>(topic: &'a str, record: &InputRecord<'r>) -> Result<Self, DecodeError> {
        let Some(source) = record.headers.last(headers::SOURCE_TOPIC) else {
            return Ok(Self::of_itself(topic, record));
        };
        Ok(Self {
            topic: std::str::from_utf8(source).map_err(|_| malformed(headers::SOURCE_TOPIC))?,
            partition: number(record, headers::SOURCE_PARTITION)?,
            offset: number(record, headers::SOURCE_OFFSET)?,
            timestamp: number(record, headers::SOURCE_TIMESTAMP)?,
            ordinal: number(record, headers::SOURCE_ORDINAL)?,
        })
    }
}

fn number<T: std::str::FromStr>(record: &InputRecord<'_>, name: &'static str) -> Result<T, DecodeError> {
    let text = record.headers.last(name).and_then(|bytes| std::str::from_utf8(bytes).ok());
    text.and_then(|text| text.parse().ok()).ok_or_else(|| malformed(name))
}

fn malformed(name: &str) -> DecodeError {
    DecodeError { column: None, found: None, problem: format!("header {name} is missing or malformed") }
}
