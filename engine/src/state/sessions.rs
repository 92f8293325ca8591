//! The store of sessions: group key to the sessions of all frames.
//!
//! What holds: the sessions of a key and frame do not touch, so they ascend by start and by end alike. A key's
//! closed sessions go when it is next seen; a clock hand, as in [`super::AggregateStore`], drops those of keys
//! that are not seen any more. Their bytes: see [`rows`].

mod rows;

use std::sync::Arc;

use super::aggregates::{RECORDS_PER_SWEPT, SWEPT_PER_ENTRY, take_back_small};
use super::codec;
use super::finals::Finals;
use super::keyed::{EntryId, Keep, Keyed};
use super::layout::FrameLayout;
use super::{Backing, BackingError, ChangeVisitor, EntryVisitor, MemoryLimit, RestoreError};
use crate::types::aggregate::{Accumulator, Aggregate, Function};
use rows::{read_sessions, write_sessions};

/// One session.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Session {
    /// Its first record's time.
    pub(crate) start: i64,
    /// Its last record's time.
    pub(crate) end: i64,
    /// When its first record came, in the order of the records of the store.
    first: i64,
    /// When its last record came.
    last: i64,
    /// Which of the frame's firsts have fired.
    pub(crate) fired: Vec<usize>,
    /// One per call of the frame.
    pub(crate) accumulators: Vec<Accumulator>,
}

impl Session {
    /// Of one record that is yet to be added.
    pub(crate) fn new(layout: &FrameLayout, time: i64, arrival: i64) -> Self {
        let accumulators = layout.calls.iter().map(|(_, aggregate)| aggregate.start()).collect();
        Self { start: time, end: time, first: arrival, last: arrival, fired: Vec::new(), accumulators }
    }

    /// Whether no record joins it any more at this stream time.
    fn is_closed(&self, layout: &FrameLayout, now: i64) -> bool {
        layout.closes_at(self.start, self.end).is_some_and(|at| at <= now)
    }

    /// The memory that it has beside itself, in bytes.
    fn heap_size(&self) -> usize {
        let accumulators: usize = self.accumulators.iter().map(Accumulator::heap_size).sum();
        let places = self.accumulators.capacity() * size_of::<Accumulator>();
        accumulators + places + self.fired.capacity() * size_of::<usize>()
    }

    /// Takes in a record that came at `arrival`.
    pub(crate) fn extend(&mut self, time: i64, arrival: i64) {
        self.start = self.start.min(time);
        self.end = self.end.max(time);
        self.last = arrival;
    }

    /// Takes in a session that begins after this one ends. How many functions had no room for the result,
    /// which keep what they had.
    pub(crate) fn merge(&mut self, layout: &FrameLayout, mut other: Self) -> u64 {
        let mut errors = 0;
        let pairs = self.accumulators.iter_mut().zip(&mut other.accumulators);
        for ((mine, theirs), (_, aggregate)) in pairs.zip(&layout.calls) {
            if came_before(aggregate, (other.first, other.last), (self.first, self.last)) {
                std::mem::swap(mine, theirs);
            }
            errors += u64::from(aggregate.merge(mine, theirs).is_err());
        }
        self.end = self.end.max(other.end);
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
        other.fired.retain(|first| !self.fired.contains(first));
        self.fired.append(&mut other.fired);
        errors
    }
}

/// Whether `other` is merged first though it lies later in time: LATEST and EARLIEST go by arrival.
fn came_before(aggregate: &Aggregate, other: (i64, i64), mine: (i64, i64)) -> bool {
    match aggregate.function {
        Function::Earliest { .. } | Function::EarliestN { .. } => other.0 < mine.0,
        Function::Latest { .. } | Function::LatestN { .. } => other.1 < mine.1,
        _ => false,
    }
}

/// All sessions of one group key.
#[derive(Debug, Default)]
struct Entry {
    key: Box<[u8]>,
    /// By the frame's place in the layout.
    frames: Vec<Vec<Session>>,
    mark: u32,
}

impl Keep for Entry {
    type Shape = [FrameLayout];

    fn key(&self) -> &[u8] {
        &self.key
    }

    fn mark(&self) -> u32 {
        self.mark
    }

    fn set_mark(&mut self, mark: u32) {
        self.mark = mark;
    }

    fn write(&self, layout: &[FrameLayout], out: &mut Vec<u8>) {
        write_sessions(out, layout, &self.frames);
    }

    fn read(key: &[u8], value: &[u8], layout: &[FrameLayout]) -> Result<Option<(Self, bool)>, RestoreError> {
        let (frames, is_whole) = read_sessions(key, value, layout)?;
        let is_empty = frames.iter().all(Vec::is_empty);
        Ok((!is_empty).then(|| (Self { key: key.into(), frames, mark: 0 }, is_whole)))
    }

    fn size(&self) -> usize {
        let frames = self.frames.capacity() * size_of::<Vec<Session>>();
        let sessions: usize =
            self.frames.iter().map(|sessions| sessions.capacity() * size_of::<Session>()).sum();
        let beside: usize = self.frames.iter().flatten().map(Session::heap_size).sum();
        self.key.len() + frames + sessions + beside
    }
}

impl Entry {
    /// Whether some session is closed at its frame's stream time.
    fn expires(&self, layout: &[FrameLayout], times: &[i64]) -> bool {
        let mut frames = self.frames.iter().zip(layout).zip(times);
        frames.any(|((sessions, layout), now)| sessions.iter().any(|session| session.is_closed(layout, *now)))
    }
}

/// Sessions by group key.
#[derive(Debug)]
pub(crate) struct SessionStore {
    layout: Vec<FrameLayout>,
    /// Per frame the highest timestamp that reached it.
    times: Vec<i64>,
    times_changed: bool,
    /// The records so far, as far as the sessions that are open tell.
    arrivals: i64,
    entries: Keyed<Entry>,
    hand: usize,
    /// How far the hand is to move, in entries by [`RECORDS_PER_SWEPT`].
    due: u32,
    /// The sessions that wait for their end to be written.
    pub(crate) finals: Finals,
}

/// Marks the number of records among the stream times, as if it were a frame's tag.
const ARRIVALS: [u8; 16] = [255; 16];
/// Before any record.
const NO_TIME: i64 = i64::MIN;

impl SessionStore {
    /// An empty store of these frames.
    pub(crate) fn new(layout: Vec<FrameLayout>) -> Self {
        Self {
            times: vec![NO_TIME; layout.len()],
            finals: Finals::new(layout.iter().filter_map(|frame| frame.finals).collect()),
            layout,
            times_changed: false,
            arrivals: 0,
            entries: Keyed::default(),
            hand: 0,
            due: 0,
        }
    }

    /// How many keys it holds.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// The frame's stream time.
    pub(crate) fn stream_time(&self, frame: usize) -> i64 {
        self.times[frame]
    }

    /// A record of time `time` reached the frame: its stream time from now on, and when the record came.
    pub(crate) fn advance(&mut self, frame: usize, time: i64) -> (i64, i64) {
        self.arrivals += 1;
        self.times_changed = true;
        let now = &mut self.times[frame];
        if time > *now {
            *now = time;
        }
        (*now, self.arrivals)
    }

    /// A frame's layout.
    pub(crate) fn layout(&self, frame: usize) -> &FrameLayout {
        &self.layout[frame]
    }

    /// Takes out the sessions that a record joins: those at most `gap` from `time` that end at `closed` or
    /// later. Whoever takes them puts the one back that they become.
    pub(crate) fn take(
        &mut self,
        frame: usize,
        key: &[u8],
        time: i64,
        gap: i64,
        closed: i64,
    ) -> Vec<Session> {
        let Some(id) = self.entries.fetch(key, &self.layout) else { return Vec::new() };
        let sessions = &self.entries.get(id).frames[frame];
        let (from, to) = (time.saturating_sub(gap).max(closed), time.saturating_add(gap));
        let first = sessions.partition_point(|session| session.end < from);
        let last = sessions.partition_point(|session| session.start <= to);
        if first >= last {
            return Vec::new();
        }
        self.entries.change(id, &self.layout).frames[frame].drain(first..last).collect()
    }

    /// Puts a session of a key in.
    pub(crate) fn put(&mut self, frame: usize, key: &[u8], session: Session) {
        let id = self.find_or_insert(key);
        let sessions = &mut self.entries.change(id, &self.layout).frames[frame];
        let place = sessions.partition_point(|other| other.start < session.start);
        sessions.insert(place, session);
        self.entries.recount(id);
    }

    /// Drops the sessions of a key that has just changed as far as they end before `closed`.
    pub(crate) fn expire(&mut self, frame: usize, key: &[u8], closed: i64) {
        if let Some(id) = self.entries.find(key) {
            let entry = self.entries.change(id, &self.layout);
            entry.frames[frame].retain(|session| session.end >= closed);
        }
    }

    /// The session of a key with these bounds, where it is there.
    pub(crate) fn session(&mut self, frame: usize, key: &[u8], start: i64, end: i64) -> Option<&Session> {
        let id = self.entries.fetch(key, &self.layout)?;
        let sessions = &self.entries.get(id).frames[frame];
        sessions.iter().find(|session| session.start == start && session.end == end)
    }

    fn find_or_insert(&mut self, key: &[u8]) -> EntryId {
        if let Some(id) = self.entries.fetch(key, &self.layout) {
            return id;
        }
        self.due = self.due.saturating_add(SWEPT_PER_ENTRY * RECORDS_PER_SWEPT);
        let frames = vec![Vec::new(); self.layout.len()];
        self.entries.insert(Entry { key: key.into(), frames, mark: 0 })
    }

    /// Moves the hand on after a record: drops the closed sessions of the next entries, and entries that have
    /// none left.
    pub(crate) fn sweep(&mut self) {
        self.due = self.due.saturating_add(1);
        while self.due >= RECORDS_PER_SWEPT {
            self.due -= RECORDS_PER_SWEPT;
            self.hand = if self.hand + 1 < self.entries.places() { self.hand + 1 } else { 0 };
            self.expire_at(self.hand as EntryId);
        }
        self.entries.trim(&self.layout);
    }

    /// Drops the closed sessions of the entry at a place, where there is one, and the entry where none is left.
    fn expire_at(&mut self, id: EntryId) {
        let Self { entries, layout, times, .. } = self;
        if entries.at(id).is_none_or(|entry| !entry.expires(layout, times)) {
            return;
        }
        let entry = entries.change(id, layout);
        for ((sessions, layout), now) in entry.frames.iter_mut().zip(layout.iter()).zip(times.iter()) {
            sessions.retain(|session| !session.is_closed(layout, *now));
        }
        if entry.frames.iter().all(Vec::is_empty) {
            entries.remove(id, layout);
        }
    }

    /// Freezes what changed for a checkpoint. What is little is visited: the sessions that wait, the stream times.
    pub(crate) fn freeze(&mut self, visit: &mut ChangeVisitor<'_>) {
        self.entries.freeze();
        self.finals.take_changes(visit);
        if std::mem::take(&mut self.times_changed) {
            let mut bytes = Vec::new();
            self.write_times(&mut bytes);
            visit(codec::TIMES_KEY, Some(&bytes));
        }
    }

    /// See [`Keyed::write_frozen`].
    pub(crate) fn write_frozen(&mut self, budget: &mut usize, visit: &mut ChangeVisitor<'_>) -> bool {
        let is_written = self.entries.write_frozen(&self.layout, budget, visit);
        let (layout, times) = (&self.layout, &self.times);
        for id in self.entries.look_over_disk(layout, &|entry| entry.expires(layout, times)) {
            self.expire_at(id);
        }
        is_written
    }

    /// From now on memory is a cache over `backing`, which has all of the store's records.
    pub(crate) fn put_on_disk(
        &mut self,
        backing: Box<dyn Backing>,
        limit: &Arc<MemoryLimit>,
    ) -> Result<(), BackingError> {
        take_back_small(&*backing, &mut |key, value| self.restore(key, Some(value)))?;
        self.entries.put_on_disk(backing, limit);
        Ok(())
    }

    /// Lets entries go as far as they may.
    pub(crate) fn let_go(&mut self) {
        while self.entries.trim(&self.layout) {}
    }

    /// Why the disk could not be read.
    pub(crate) fn failure(&self) -> Option<&BackingError> {
        self.entries.failure()
    }

    /// The memory of what is always there, in bytes.
    pub(crate) fn fixed_size(&self) -> usize {
        self.finals.size()
    }

    /// See [`Keyed::end`].
    pub(crate) fn end_frozen(&mut self, committed: bool) {
        self.entries.end(committed);
    }

    /// Something that was visited by [`SessionStore::freeze`] counts as changed again.
    pub(crate) fn note_again(&mut self, key: &[u8]) {
        if key == codec::TIMES_KEY {
            self.times_changed = true;
        } else {
            self.finals.note_again(key);
        }
    }

    /// Visits all entries, the sessions that wait, then the stream times.
    pub(crate) fn export(&self, visit: &mut EntryVisitor<'_>) {
        self.entries.export(&self.layout, visit);
        self.finals.export(visit);
        let mut bytes = Vec::new();
        self.write_times(&mut bytes);
        visit(codec::TIMES_KEY, &bytes);
    }

    /// The stream times, and as if it were another frame's how many records there were.
    fn write_times(&self, bytes: &mut Vec<u8>) {
        codec::write_times(bytes, &self.layout, &self.times);
        bytes.extend_from_slice(&ARRIVALS);
        bytes.extend_from_slice(&self.arrivals.to_le_bytes());
    }

    fn read_times(&mut self, bytes: &[u8]) -> Result<(), RestoreError> {
        codec::read_times(bytes, &self.layout, &mut self.times)?;
        let body = bytes.get(1..).unwrap_or_default();
        let arrivals = body.as_chunks::<24>().0.iter().find_map(|chunk| chunk.strip_prefix(&ARRIVALS));
        let arrivals = arrivals.and_then(|bytes| bytes.try_into().ok()).map(i64::from_le_bytes);
        self.arrivals = self.arrivals.max(arrivals.unwrap_or_default());
        Ok(())
    }

    /// Takes a changelog record back in, as [`super::AggregateStore::restore`] does: what no rule knows any
    /// more is forgotten by the changelog, too.
    pub(crate) fn restore(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), RestoreError> {
        if key == codec::TIMES_KEY {
            return value.map_or(Ok(()), |bytes| self.read_times(bytes));
        }
        if Finals::is_theirs(key) {
            return self.finals.restore(key, value);
        }
        match value.map(|bytes| Entry::read(key, bytes, &self.layout)).transpose()? {
            Some(Some((entry, whole))) => {
                let last = entry.frames.iter().flatten().map(|session| session.last).max();
                self.arrivals = self.arrivals.max(last.unwrap_or_default());
                let id = match self.entries.find(key) {
                    Some(id) => id,
                    None => self.entries.insert(Entry { key: key.into(), ..Entry::default() }),
                };
                self.entries.replace(id, entry, &self.layout);
                if !whole {
                    self.entries.change(id, &self.layout);
                }
            }
            Some(None) => self.entries.take_back_unknown(key, &self.layout),
            None => self.entries.take_back_gone(key, &self.layout),
        }
        Ok(())
    }
}
