//! What one group key has: the windows of every frame, and what rules remember of them.
//!
//! A frame's windows lie in two runs of memory, one of bounds and one of accumulators, whatever their number:
//! a key that was not seen for a while is not in the cache, and each piece of it is a wait. A window that has
//! closed leaves its place, and the memory of its accumulators, to the next one.

use std::hint::black_box;
use std::mem::discriminant;
use std::ops::Range;

use crate::plan::{Fingerprint, WindowKind, WindowPlan};
use crate::types::aggregate::{Accumulator, Aggregate};

/// What a store knows of a frame: enough to read and write its slots and to tell when they are done with.
#[derive(Debug, Clone)]
pub(crate) struct FrameLayout {
    /// The frame's tag.
    pub(crate) fingerprint: Fingerprint,
    /// Its window.
    pub(crate) window: Option<WindowPlan>,
    /// Its functions with their tags.
    pub(crate) calls: Vec<(Fingerprint, Aggregate)>,
    /// Tags of the slots that remember which windows have fired.
    pub(crate) firsts: Vec<Fingerprint>,
    /// Tag of the windows that wait for their end to be written; None where nothing is.
    pub(crate) finals: Option<Fingerprint>,
}

impl FrameLayout {
    /// Whether a slot of this tag is one of its own.
    pub(crate) fn knows(&self, tag: Fingerprint) -> bool {
        self.fingerprint == tag
            || self.calls.iter().any(|(call, _)| *call == tag)
            || self.firsts.contains(&tag)
    }

    /// The stream time from which on a window is closed; None: never. A session is one millisecond more
    /// patient than a time window, as in Kafka Streams.
    pub(crate) fn closes_at(&self, start: i64, end: i64) -> Option<i64> {
        let window = self.window?;
        Some(match window.kind {
            WindowKind::Tumbling { size } | WindowKind::Hopping { size, .. } => {
                start.saturating_add(size).saturating_add(window.grace)
            }
            WindowKind::Session { gap } => {
                end.saturating_add(gap).saturating_add(window.grace).saturating_add(1)
            }
        })
    }

    /// Where the accumulators of a window lie.
    fn range(&self, window: &WindowState) -> Range<usize> {
        let first = window.slot as usize * self.calls.len();
        first..first + self.calls.len()
    }
}

/// All that a store has for one group key.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    /// The key's bytes.
    pub(crate) key: Box<[u8]>,
    /// By the frame's place in the store's layout.
    pub(crate) frames: Box<[FrameState]>,
    /// No window closes before this stream time: the sweep need not look closer until then.
    pub(super) closes_at: i64,
    /// It is among the changed keys.
    pub(super) changed: bool,
    /// It is in the index; a free place of the slab otherwise.
    pub(super) live: bool,
}

/// The windows of one frame.
#[derive(Debug, Clone)]
pub(crate) struct FrameState {
    /// The open windows, ascending by start; then those whose memory is free.
    windows: Vec<WindowState>,
    /// How many are open.
    open: usize,
    /// None of them closes before this stream time.
    closes_at: i64,
    /// Per window, open or free, one per call of the frame.
    accumulators: Vec<Accumulator>,
    /// Which windows have fired, in order of firing: index among the layout's `firsts`, window start.
    pub(crate) fired: Vec<(usize, i64)>,
}

/// One window.
#[derive(Debug, Clone)]
pub(crate) struct WindowState {
    /// Its first millisecond; 0 where there is no window.
    pub(crate) start: i64,
    /// A session's last millisecond; 0 for other windows, whose end their size says.
    pub(crate) end: i64,
    /// The highest timestamp that went in.
    pub(crate) time: i64,
    /// Which of the frame's outputs' HAVINGs hold, by bit, as far as it is known: not part of the state, it
    /// follows from it, and is only kept so that it need not be found again.
    pub(crate) verdicts: Option<u32>,
    /// The place of its accumulators among the frame's.
    slot: u32,
}

impl Entry {
    /// An entry without windows.
    pub(super) fn new(key: &[u8], frames: usize) -> Self {
        let frames = vec![FrameState::default(); frames].into_boxed_slice();
        Self { key: key.into(), frames, closes_at: i64::MAX, changed: false, live: true }
    }

    /// Drops what is closed by the frames' stream times `times`; whether there was any.
    pub(super) fn expire(&mut self, layout: &[FrameLayout], times: &[i64]) -> bool {
        let (mut expired, mut closes_at) = (false, i64::MAX);
        for ((frame, layout), now) in self.frames.iter_mut().zip(layout).zip(times) {
            expired |= frame.expire(layout, *now);
            closes_at = closes_at.min(frame.closes_at);
        }
        self.closes_at = closes_at;
        expired
    }

    /// Nothing is left in it.
    pub(super) fn is_empty(&self) -> bool {
        self.frames.iter().all(|frame| frame.open == 0 && frame.fired.is_empty())
    }
}

impl Default for FrameState {
    fn default() -> Self {
        let (windows, accumulators, fired) = Default::default();
        Self { windows, open: 0, closes_at: i64::MAX, accumulators, fired }
    }
}

/// Reading ahead: see [`super::AggregateStore::warm`].
impl FrameState {
    /// The frame itself.
    pub(super) fn warm_head(&self) {
        black_box((self.open, self.fired.len()));
    }

    /// The bounds of some of its windows.
    pub(super) fn warm_windows<'w>(windows: impl Iterator<Item = &'w WindowState>) {
        windows.for_each(|window| {
            black_box((window.start, window.slot));
        });
    }

    /// Their accumulators.
    pub(super) fn warm_accumulators<'w>(
        &self,
        layout: &FrameLayout,
        windows: impl Iterator<Item = &'w WindowState>,
    ) {
        windows.flat_map(|window| self.accumulators(layout, window)).for_each(|accumulator| {
            black_box(discriminant(accumulator));
        });
    }

    /// What the next record may change: the newest window, and the one whose memory a new one takes. Without a
    /// free one it is the oldest, which will have closed by then.
    pub(super) fn likely(&self) -> impl Iterator<Item = &WindowState> {
        let next = self.windows.get(self.open).or_else(|| self.windows.first());
        self.windows().last().into_iter().chain(next)
    }
}

impl FrameState {
    /// The open windows, ascending by start.
    pub(crate) fn windows(&self) -> &[WindowState] {
        &self.windows[..self.open]
    }

    /// The open window at a place, and its accumulators: one per call of the frame.
    pub(crate) fn at(
        &mut self,
        layout: &FrameLayout,
        place: usize,
    ) -> (&mut WindowState, &mut [Accumulator]) {
        let window = &mut self.windows[place];
        let accumulators = &mut self.accumulators[layout.range(window)];
        (window, accumulators)
    }

    /// The accumulators of one of its windows.
    pub(crate) fn accumulators(&self, layout: &FrameLayout, window: &WindowState) -> &[Accumulator] {
        &self.accumulators[layout.range(window)]
    }

    /// As [`FrameState::at`], to be read while what has fired is written.
    pub(crate) fn parts(
        &mut self,
        layout: &FrameLayout,
        place: usize,
    ) -> (&WindowState, &[Accumulator], &mut Vec<(usize, i64)>) {
        let window = &self.windows[place];
        (window, &self.accumulators[layout.range(window)], &mut self.fired)
    }

    /// Drops the windows that are closed at stream time `now`, and what is remembered of them. Nothing more
    /// can come out of them. Whether there were any.
    pub(crate) fn expire(&mut self, layout: &FrameLayout, now: i64) -> bool {
        if now < self.closes_at {
            return false;
        }
        let is_open = |start, end| layout.closes_at(start, end).is_none_or(|at| now < at);
        // They close in the order of their starts.
        let closed = self.windows().iter().take_while(|w| !is_open(w.start, w.end)).count();
        if closed > 0 {
            self.windows[..self.open].rotate_left(closed);
            self.open -= closed;
        }
        let fired = self.fired.len();
        if fired > 0 {
            self.fired.retain(|(_, start)| is_open(*start, *start));
        }
        let oldest = self.windows().first();
        self.closes_at = oldest.and_then(|w| layout.closes_at(w.start, w.end)).unwrap_or(i64::MAX);
        closed > 0 || fired != self.fired.len()
    }

    /// The place of the window that starts at `start`, made where it is missing, and whether it was.
    pub(crate) fn window(&mut self, layout: &FrameLayout, start: i64) -> (usize, bool) {
        // The newest is the likeliest.
        let place = self.windows().iter().rposition(|w| w.start <= start).map_or(0, |i| i + 1);
        if place > 0 && self.windows[place - 1].start == start {
            return (place - 1, false);
        }
        self.insert(layout, place, (start, 0, i64::MIN));
        (place, true)
    }

    /// Adds a window of these bounds and time, without values, at a place.
    pub(super) fn insert(&mut self, layout: &FrameLayout, place: usize, (start, end, time): (i64, i64, i64)) {
        let aggregates = layout.calls.iter().map(|(_, aggregate)| aggregate);
        let slot = match self.windows.get(self.open) {
            Some(free) => {
                let accumulators = &mut self.accumulators[layout.range(free)];
                accumulators
                    .iter_mut()
                    .zip(aggregates)
                    .for_each(|(mine, aggregate)| *mine = aggregate.start());
                free.slot
            }
            None => {
                self.accumulators.extend(aggregates.map(|aggregate| aggregate.start()));
                self.windows.len() as u32
            }
        };
        let window = WindowState { start, end, time, verdicts: None, slot };
        match self.windows.get_mut(self.open) {
            Some(free) => *free = window,
            None => self.windows.push(window),
        }
        self.windows[place..=self.open].rotate_right(1);
        self.open += 1;
        self.closes_at = self.closes_at.min(layout.closes_at(start, end).unwrap_or(i64::MAX));
    }
}
