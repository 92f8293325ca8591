//! The store of sessions: group key to the sessions of all frames.
//!
//! What holds: the sessions of a key and frame do not touch, so they ascend by start and by end alike. Their bytes:
//! see [`rows`].

mod rows;

use super::RestoreError;
use super::keyed::Keep;
use super::layout::{FrameLayout, Width};
use super::times::Times;
use super::windowed::{Expire, Windowed};
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
pub(crate) struct Entry {
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

impl Expire for Entry {
    fn empty(key: &[u8], frames: usize, _: Width) -> Self {
        Self { key: key.into(), frames: vec![Vec::new(); frames], mark: 0 }
    }

    fn is_due(&self, layout: &[FrameLayout], times: &Times) -> bool {
        self.expires(layout, times)
    }

    fn expires(&self, layout: &[FrameLayout], times: &Times) -> bool {
        let mut frames = self.frames.iter().zip(layout).zip(times.by_frame());
        frames.any(|((sessions, layout), now)| sessions.iter().any(|session| session.is_closed(layout, *now)))
    }

    fn expire_all(&mut self, layout: &[FrameLayout], times: &Times) -> bool {
        for ((sessions, layout), now) in self.frames.iter_mut().zip(layout).zip(times.by_frame()) {
            sessions.retain(|session| !session.is_closed(layout, *now));
        }
        self.frames.iter().all(Vec::is_empty)
    }

    fn last_arrival(&self) -> i64 {
        self.frames.iter().flatten().map(|session| session.last).max().unwrap_or_default()
    }
}

/// Sessions by group key.
pub(crate) type SessionStore = Windowed<Entry>;

impl SessionStore {
    /// A record of time `time` reached the frame: its stream time from now on, and when the record came.
    pub(crate) fn advance(&mut self, frame: usize, time: i64) -> (i64, i64) {
        let arrival = self.times.count();
        (self.times.advance(frame, time), arrival)
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
        self.touched = id;
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
}
