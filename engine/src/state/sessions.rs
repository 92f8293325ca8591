//! The store of sessions: group key to the sessions of all frames.
//!
//! What holds: the sessions of a key and frame do not touch, so they ascend by start and by end alike. A key's
//! closed sessions go when it is next seen; a clock hand, as in [`super::AggregateStore`], drops those of keys
//! that are not seen any more. In the changelog an entry's value is: version, then slots: tag (16 bytes),
//! length (u32), body. The body of a frame is per session its start, its end and when its first and last
//! record came (i64 each); that of a call the sessions' accumulators; that of a first the starts of those that
//! have fired.

use hashbrown::HashMap;

use super::aggregates::{RECORDS_PER_SWEPT, SWEPT_PER_ENTRY};
use super::changelog::ChangedKeys;
use super::codec::{self, Slot, read_slot, write_slot};
use super::finals::Finals;
use super::layout::FrameLayout;
use super::{ChangeVisitor, EntryVisitor, RestoreError};
use crate::types::aggregate::{Accumulator, Aggregate, Function};

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
    changed: bool,
    live: bool,
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
    index: HashMap<Box<[u8]>, usize>,
    slab: Vec<Entry>,
    free: Vec<usize>,
    hand: usize,
    /// How far the hand is to move, in entries by [`RECORDS_PER_SWEPT`].
    due: u32,
    /// The sessions that wait for their end to be written.
    pub(crate) finals: Finals,
    changed: ChangedKeys,
}

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
            index: HashMap::new(),
            slab: Vec::new(),
            free: Vec::new(),
            hand: 0,
            due: 0,
            changed: ChangedKeys::default(),
        }
    }

    /// How many keys it holds.
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// A record of time `time` reached the frame: its stream time from now on, and when the record came.
    pub(crate) fn advance(&mut self, frame: usize, time: i64) -> (i64, i64) {
        self.arrivals += 1;
        let now = &mut self.times[frame];
        if time > *now {
            *now = time;
            self.times_changed = true;
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
        let Some(id) = self.index.get(key) else { return Vec::new() };
        let sessions = &mut self.slab[*id].frames[frame];
        let (from, to) = (time.saturating_sub(gap).max(closed), time.saturating_add(gap));
        let first = sessions.partition_point(|session| session.end < from);
        let last = sessions.partition_point(|session| session.start <= to);
        if first >= last { Vec::new() } else { sessions.drain(first..last).collect() }
    }

    /// Puts a session of a key in.
    pub(crate) fn put(&mut self, frame: usize, key: &[u8], session: Session) {
        let id = self.find_or_insert(key);
        let entry = &mut self.slab[id];
        if !entry.changed {
            entry.changed = true;
            self.changed.note(key);
        }
        let sessions = &mut entry.frames[frame];
        let place = sessions.partition_point(|other| other.start < session.start);
        sessions.insert(place, session);
    }

    /// Drops the sessions of a key that has just changed as far as they end before `closed`.
    pub(crate) fn expire(&mut self, frame: usize, key: &[u8], closed: i64) {
        if let Some(id) = self.index.get(key) {
            self.slab[*id].frames[frame].retain(|session| session.end >= closed);
        }
    }

    /// The session of a key with these bounds, where it is there.
    pub(crate) fn session(&self, frame: usize, key: &[u8], start: i64, end: i64) -> Option<&Session> {
        let sessions = &self.slab[*self.index.get(key)?].frames[frame];
        sessions.iter().find(|session| session.start == start && session.end == end)
    }

    fn find_or_insert(&mut self, key: &[u8]) -> usize {
        if let Some(id) = self.index.get(key) {
            return *id;
        }
        self.due = self.due.saturating_add(SWEPT_PER_ENTRY * RECORDS_PER_SWEPT);
        let frames = vec![Vec::new(); self.layout.len()];
        let entry = Entry { key: key.into(), frames, changed: false, live: true };
        let id = self.free.pop().unwrap_or(self.slab.len());
        match self.slab.get_mut(id) {
            Some(place) => *place = entry,
            None => self.slab.push(entry),
        }
        self.index.insert(key.into(), id);
        id
    }

    /// Moves the hand on after a record: drops the closed sessions of the next entries, and entries that have
    /// none left.
    pub(crate) fn sweep(&mut self) {
        self.due = self.due.saturating_add(1);
        while self.due >= RECORDS_PER_SWEPT {
            self.due -= RECORDS_PER_SWEPT;
            self.hand = if self.hand + 1 < self.slab.len() { self.hand + 1 } else { 0 };
            let Some(entry) = self.slab.get_mut(self.hand).filter(|entry| entry.live) else { continue };
            let mut expired = false;
            for ((sessions, layout), now) in entry.frames.iter_mut().zip(&self.layout).zip(&self.times) {
                let before = sessions.len();
                sessions.retain(|s| layout.closes_at(s.start, s.end).is_none_or(|at| *now < at));
                expired |= sessions.len() < before;
            }
            if expired && !entry.changed {
                entry.changed = true;
                self.changed.note(&entry.key);
            }
            if entry.frames.iter().all(Vec::is_empty) {
                self.remove(self.hand);
            }
        }
    }

    fn remove(&mut self, id: usize) {
        let entry = std::mem::take(&mut self.slab[id]);
        self.index.remove(&entry.key);
        self.free.push(id);
    }

    /// Visits the changed entries in order of first change, then the sessions that wait, then the stream times.
    pub(crate) fn take_changes(&mut self, visit: &mut ChangeVisitor<'_>) {
        let mut bytes = Vec::new();
        for key in self.changed.iter() {
            let Some(id) = self.index.get(key) else {
                visit(key, None);
                continue;
            };
            let entry = &mut self.slab[*id];
            if std::mem::take(&mut entry.changed) {
                write_sessions(&mut bytes, &self.layout, &entry.frames);
                visit(key, Some(&bytes));
            }
        }
        self.changed.clear();
        self.finals.take_changes(visit);
        if std::mem::take(&mut self.times_changed) {
            bytes.clear();
            codec::write_times(&mut bytes, &self.layout, &self.times);
            visit(codec::TIMES_KEY, Some(&bytes));
        }
    }

    /// A key counts as changed though it was taken before.
    pub(crate) fn note_again(&mut self, key: &[u8]) {
        if key == codec::TIMES_KEY {
            self.times_changed = true;
        } else if Finals::is_theirs(key) {
            self.finals.note_again(key);
        } else {
            let entry = self.index.get(key).map(|id| &mut self.slab[*id]);
            if entry.is_none_or(|entry| !std::mem::replace(&mut entry.changed, true)) {
                self.changed.note(key);
            }
        }
    }

    /// Visits all entries in order of arrival, the sessions that wait, then the stream times.
    pub(crate) fn export(&self, visit: &mut EntryVisitor<'_>) {
        let mut bytes = Vec::new();
        for entry in self.slab.iter().filter(|entry| entry.live) {
            write_sessions(&mut bytes, &self.layout, &entry.frames);
            visit(&entry.key, &bytes);
        }
        self.finals.export(visit);
        bytes.clear();
        codec::write_times(&mut bytes, &self.layout, &self.times);
        visit(codec::TIMES_KEY, &bytes);
    }

    /// Takes a changelog record back in, as [`super::AggregateStore::restore`] does: what no rule knows any
    /// more is forgotten by the changelog, too.
    pub(crate) fn restore(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), RestoreError> {
        if key == codec::TIMES_KEY {
            return value.map_or(Ok(()), |bytes| codec::read_times(bytes, &self.layout, &mut self.times));
        }
        if Finals::is_theirs(key) {
            return self.finals.restore(key, value);
        }
        let read = value.map(|bytes| read_sessions(key, bytes, &self.layout)).transpose()?;
        match read {
            Some((frames, whole)) if frames.iter().any(|sessions| !sessions.is_empty()) => {
                let last = frames.iter().flatten().map(|session| session.last).max();
                self.arrivals = self.arrivals.max(last.unwrap_or_default());
                let id = self.find_or_insert(key);
                self.due = 0;
                let entry = &mut self.slab[id];
                entry.frames = frames;
                if !whole && !entry.changed {
                    entry.changed = true;
                    self.changed.note(key);
                }
            }
            dropped => {
                if let Some(id) = self.index.get(key) {
                    self.remove(*id);
                }
                if dropped.is_some() {
                    self.changed.note(key);
                }
            }
        }
        Ok(())
    }
}

fn write_sessions(out: &mut Vec<u8>, layout: &[FrameLayout], frames: &[Vec<Session>]) {
    out.clear();
    out.push(codec::VERSION);
    for (layout, sessions) in layout.iter().zip(frames).filter(|(_, sessions)| !sessions.is_empty()) {
        write_slot(out, layout.fingerprint, |out| {
            for s in sessions {
                [s.start, s.end, s.first, s.last]
                    .iter()
                    .for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
            }
        });
        for (i, (tag, _)) in layout.calls.iter().enumerate() {
            write_slot(out, *tag, |out| sessions.iter().for_each(|s| s.accumulators[i].write(out)));
        }
        for (i, tag) in layout.firsts.iter().enumerate() {
            let fired = sessions.iter().filter(|session| session.fired.contains(&i));
            write_slot(out, *tag, |out| fired.for_each(|s| out.extend_from_slice(&s.start.to_le_bytes())));
        }
    }
}

/// The sessions by frame, and whether the layout knows all of the entry.
fn read_sessions(
    key: &[u8],
    bytes: &[u8],
    layout: &[FrameLayout],
) -> Result<(Vec<Vec<Session>>, bool), RestoreError> {
    let mut rest = codec::versioned(key, bytes)?;
    let mut slots = Vec::new();
    while !rest.is_empty() {
        slots.push(read_slot(&mut rest).ok_or_else(|| RestoreError::damaged(key))?);
    }
    let whole = slots.iter().all(|(tag, _)| layout.iter().any(|frame| frame.knows(*tag)));
    let frames: Option<Vec<_>> = layout.iter().map(|frame| read_frame(&slots, frame)).collect();
    Ok((frames.ok_or_else(|| RestoreError::damaged(key))?, whole))
}

fn read_frame(slots: &[Slot<'_>], layout: &FrameLayout) -> Option<Vec<Session>> {
    let body_of = |tag| slots.iter().find(|(t, _)| *t == tag).map(|(_, body)| *body);
    let Some(body) = body_of(layout.fingerprint) else { return Some(Vec::new()) };
    let mut sessions = Vec::new();
    for session in codec::numbers(body)?.chunks(4) {
        let [start, end, first, last] = *session else { return None };
        sessions.push(Session { end, last, ..Session::new(layout, start, first) });
    }
    if !sessions.iter().all(|s| s.start <= s.end) || !sessions.is_sorted_by(|a, b| a.end < b.start) {
        return None;
    }
    for (i, (tag, _)) in layout.calls.iter().enumerate() {
        let Some(mut body) = body_of(*tag) else { continue };
        for session in &mut sessions {
            let accumulator = Accumulator::read(&mut body)?;
            let mine = &mut session.accumulators[i];
            if std::mem::discriminant(&accumulator) != std::mem::discriminant(mine) {
                return None;
            }
            *mine = accumulator;
        }
        if !body.is_empty() {
            return None;
        }
    }
    for (i, tag) in layout.firsts.iter().enumerate() {
        let starts = codec::numbers(body_of(*tag).unwrap_or_default())?;
        sessions.iter_mut().filter(|s| starts.contains(&s.start)).for_each(|s| s.fired.push(i));
    }
    Some(sessions)
}
