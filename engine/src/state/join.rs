//! The store of a join of two streams: the rows of both sides, and those that wait for a partner.
//!
//! In the changelog a row is: version, its time (i64, little-endian), then the values (aggregate::codec). Its
//! key is a tag (which list), then the bytes by which the list is ordered. What holds: lists are ordered by
//! bytes, so what is found, written and dropped depends on the records alone.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::table::{TableRow, read_row, write_row};
use super::{ChangeVisitor, EntryVisitor, RestoreError, codec};
use crate::plan::Side;

/// Tags of the lists: the rows of each side, and those that wait.
const LEFT: u8 = 0;
const RIGHT: u8 = 1;
const WAITING: u8 = 2;
const LISTS: usize = 3;

/// Before any record.
const NO_TIME: i64 = i64::MIN;

/// Bytes of a time or a number at the end of a row's key.
const LEN: usize = 8;

/// A list's rows: of a side by key, time and number; of the waiting ones by time, side, order and number, where
/// the order of a row is bytes that are alike for equal keys.
type Rows = BTreeMap<Box<[u8]>, Arc<TableRow>>;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct JoinStore {
    lists: [Rows; LISTS],
    /// Per side its rows by time, to drop them.
    by_time: [BTreeSet<(i64, Box<[u8]>)>; 2],
    times: Times,
    /// What changed, as tag and key, in order of bytes.
    changed: BTreeSet<(u8, Box<[u8]>)>,
    times_changed: bool,
    scratch: Vec<u8>,
}

/// The highest times of each side and of both, and how many rows there were.
#[derive(Debug, Clone, Copy)]
struct Times {
    sides: [i64; 2],
    stream: i64,
    rows: i64,
}

impl Default for Times {
    fn default() -> Self {
        Self { sides: [NO_TIME; 2], stream: NO_TIME, rows: 0 }
    }
}

fn tag(side: Side) -> u8 {
    match side {
        Side::Left => LEFT,
        Side::Right => RIGHT,
    }
}

fn other(side: Side) -> u8 {
    match side {
        Side::Left => RIGHT,
        Side::Right => LEFT,
    }
}

/// Times are not negative, so their order is that of their big-endian bytes.
fn append(bytes: &mut Vec<u8>, number: i64) {
    bytes.extend_from_slice(&number.to_be_bytes());
}

fn side_key(key: &[u8], time: i64, number: i64) -> Box<[u8]> {
    let mut bytes = Vec::with_capacity(key.len() + 2 * LEN);
    bytes.extend_from_slice(key);
    append(&mut bytes, time);
    append(&mut bytes, number);
    bytes.into()
}

/// The right side stands before the left, as in Kafka Streams.
fn waiting_key(side: u8, order: &[u8], time: i64, number: i64) -> Box<[u8]> {
    let mut bytes = Vec::with_capacity(order.len() + 2 * LEN + 1);
    append(&mut bytes, time);
    bytes.push(u8::from(side == LEFT));
    bytes.extend_from_slice(order);
    append(&mut bytes, number);
    bytes.into()
}

impl JoinStore {
    /// How many rows it holds.
    pub(crate) fn len(&self) -> usize {
        self.lists.iter().map(BTreeMap::len).sum()
    }

    /// The memory that it takes, in bytes. A row that waits is the one of its side.
    pub(crate) fn size(&self) -> usize {
        let rows = self.lists.iter().flatten();
        rows.map(|(key, row)| 2 * (key.len() + 48) + row.size()).sum()
    }

    /// Puts a row in, unless it is older than its side keeps rows, and drops those that became so. Its number.
    pub(crate) fn put(&mut self, side: Side, key: &[u8], row: &Arc<TableRow>, retention: i64) -> i64 {
        let at = usize::from(tag(side));
        self.times_changed = true;
        self.times.rows += 1;
        let number = self.times.rows;
        self.times.sides[at] = self.times.sides[at].max(row.time);
        let oldest = self.times.sides[at].saturating_sub(retention);
        if row.time > oldest || retention == 0 && row.time >= oldest {
            let bytes = side_key(key, row.time, number);
            self.by_time[at].insert((row.time, bytes.clone()));
            self.changed.insert((tag(side), bytes.clone()));
            self.lists[at].insert(bytes, row.clone());
        }
        while self.by_time[at].first().is_some_and(|(time, _)| *time < oldest) {
            let Some((_, bytes)) = self.by_time[at].pop_first() else { break };
            self.lists[at].remove(&bytes);
            self.changed.insert((tag(side), bytes));
        }
        number
    }

    /// A record of time `time` came from either side; whether none was later.
    pub(crate) fn advance(&mut self, time: i64) -> bool {
        if time > self.times.stream {
            self.times.stream = time;
            self.times_changed = true;
        }
        time == self.times.stream
    }

    /// The highest time of both sides.
    pub(crate) fn stream_time(&self) -> i64 {
        self.times.stream
    }

    /// The other side's rows of a key with a time in `from..=to`, by time and arrival, with their numbers.
    pub(crate) fn near(
        &mut self,
        side: Side,
        key: &[u8],
        from: i64,
        to: i64,
        retention: i64,
    ) -> Vec<(i64, Arc<TableRow>)> {
        let at = usize::from(other(side));
        // Rows that are past their time but not yet dropped are not there.
        let oldest = self.times.sides[at].saturating_sub(retention).saturating_add(i64::from(retention > 0));
        let from = from.max(oldest);
        if to < from {
            return Vec::new();
        }
        let (low, high) = (side_key(key, from, 0), side_key(key, to, i64::MAX));
        let rows = self.lists[at].range(low..=high);
        rows.map(|(bytes, row)| (number_of(bytes), row.clone())).collect()
    }

    /// A partner was found for the other side's row of this number: it does not wait any more.
    pub(crate) fn matched(&mut self, side: Side, order: &[u8], row: &TableRow, number: i64) {
        if self.lists[usize::from(WAITING)].is_empty() {
            return;
        }
        let bytes = waiting_key(other(side), order, row.time, number);
        if self.lists[usize::from(WAITING)].remove(&bytes).is_some() {
            self.changed.insert((WAITING, bytes));
        }
    }

    /// The row of this number waits for a partner.
    pub(crate) fn wait(&mut self, side: Side, order: &[u8], row: Arc<TableRow>, number: i64) {
        let bytes = waiting_key(tag(side), order, row.time, number);
        self.changed.insert((WAITING, bytes.clone()));
        self.lists[usize::from(WAITING)].insert(bytes, row);
    }

    /// Takes out the waiting rows for which `closes` gives a time before the stream time, in order of time, the
    /// right side first, then by their order.
    pub(crate) fn take_closed(&mut self, closes: &dyn Fn(Side, i64) -> i64) -> Vec<(Side, Arc<TableRow>)> {
        let now = self.times.stream;
        let side = |bytes: &[u8]| if bytes.get(LEN) == Some(&1) { Side::Left } else { Side::Right };
        let waiting = &mut self.lists[usize::from(WAITING)];
        let least = |time: i64| closes(Side::Left, time).min(closes(Side::Right, time));
        let closed: Vec<_> = waiting
            .iter()
            .take_while(|(_, row)| least(row.time) < now)
            .filter(|(bytes, row)| closes(side(bytes), row.time) < now)
            .map(|(bytes, row)| (bytes.clone(), row.clone()))
            .collect();
        let take = |(bytes, row): (Box<[u8]>, Arc<TableRow>)| {
            waiting.remove(&bytes);
            let side = side(&bytes);
            self.changed.insert((WAITING, bytes));
            (side, row)
        };
        closed.into_iter().map(take).collect()
    }

    /// Visits what changed in order of bytes, then the times.
    pub(crate) fn take_changes(&mut self, visit: &mut ChangeVisitor<'_>) {
        let mut bytes = std::mem::take(&mut self.scratch);
        for (tag, key) in std::mem::take(&mut self.changed) {
            match self.lists[usize::from(tag)].get(&key) {
                None => visit(&tagged(tag, &key), None),
                Some(row) => {
                    write_row(&mut bytes, row);
                    visit(&tagged(tag, &key), Some(&bytes));
                }
            }
        }
        if std::mem::take(&mut self.times_changed) {
            self.write_times(&mut bytes);
            visit(codec::TIMES_KEY, Some(&bytes));
        }
        self.scratch = bytes;
    }

    /// A key counts as changed though it was taken before.
    pub(crate) fn note_again(&mut self, key: &[u8]) {
        if key == codec::TIMES_KEY {
            self.times_changed = true;
        } else if let Some((tag, rest)) = key.split_first() {
            self.changed.insert((*tag, rest.into()));
        }
    }

    /// Visits all rows in order of bytes, then the times.
    pub(crate) fn export(&self, visit: &mut EntryVisitor<'_>) {
        let mut bytes = Vec::new();
        for (tag, list) in (0u8..).zip(&self.lists) {
            for (key, row) in list {
                write_row(&mut bytes, row);
                visit(&tagged(tag, key), &bytes);
            }
        }
        if self.times.rows > 0 {
            self.write_times(&mut bytes);
            visit(codec::TIMES_KEY, &bytes);
        }
    }

    fn write_times(&self, bytes: &mut Vec<u8>) {
        bytes.clear();
        bytes.push(codec::VERSION);
        let Times { sides: [left, right], stream, rows } = self.times;
        for number in [left, right, stream, rows] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
    }

    /// Takes a changelog record back in.
    pub(crate) fn restore(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), RestoreError> {
        let damaged = || RestoreError::damaged(key);
        let body = match value.map(<[u8]>::split_first) {
            None => None,
            Some(Some((&codec::VERSION, rest))) => Some(rest),
            Some(Some((&version, _))) if version > codec::VERSION => {
                return Err(RestoreError::version(key, version));
            }
            Some(_) => return Err(damaged()),
        };
        if key == codec::TIMES_KEY {
            if let Some(body) = body {
                self.times = read_times(body).ok_or_else(damaged)?;
            }
            return Ok(());
        }
        let (tag, rest) = key.split_first().ok_or_else(damaged)?;
        let list = self.lists.get_mut(usize::from(*tag)).ok_or_else(damaged)?;
        let row = body.map(|body| read_row(body).ok_or_else(damaged)).transpose()?;
        let old = match row {
            None => list.remove(rest),
            Some(row) => {
                if let Some(by_time) = self.by_time.get_mut(usize::from(*tag)) {
                    by_time.insert((row.time, rest.into()));
                }
                list.insert(rest.into(), Arc::new(row));
                None
            }
        };
        if let (Some(old), Some(by_time)) = (old, self.by_time.get_mut(usize::from(*tag))) {
            by_time.remove(&(old.time, rest.into()));
        }
        Ok(())
    }
}

fn number_of(bytes: &[u8]) -> i64 {
    bytes.last_chunk::<LEN>().map_or(0, |number| i64::from_be_bytes(*number))
}

fn tagged(tag: u8, key: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(key.len() + 1);
    bytes.push(tag);
    bytes.extend_from_slice(key);
    bytes
}

fn read_times(body: &[u8]) -> Option<Times> {
    let (chunks, rest) = body.as_chunks::<8>();
    match (chunks, rest) {
        ([left, right, stream, rows], []) => {
            let number = |chunk: &[u8; 8]| i64::from_le_bytes(*chunk);
            Some(Times { sides: [number(left), number(right)], stream: number(stream), rows: number(rows) })
        }
        _ => None,
    }
}
