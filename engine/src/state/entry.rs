//! What one group key has: the windows of every frame, and what rules remember of them.

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
}

impl FrameLayout {
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

    /// Accumulators before any value.
    pub(crate) fn start(&self) -> Box<[Accumulator]> {
        self.calls.iter().map(|(_, aggregate)| aggregate.start()).collect()
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
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct FrameState {
    /// Ascending by start.
    pub(crate) windows: Vec<WindowState>,
    /// Which windows have fired, in order of firing: index among the layout's `firsts`, window start.
    pub(crate) fired: Vec<(usize, i64)>,
}

/// One window's aggregates.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct WindowState {
    /// Its first millisecond; 0 where there is no window.
    pub(crate) start: i64,
    /// A session's last millisecond; 0 for other windows, whose end their size says.
    pub(crate) end: i64,
    /// The highest timestamp that went in.
    pub(crate) time: i64,
    /// One per call of the frame.
    pub(crate) accumulators: Box<[Accumulator]>,
    /// Which of the frame's outputs' HAVINGs hold, by bit, as far as it is known: not part of the state, it
    /// follows from it, and is only kept so that it need not be found again.
    pub(crate) verdicts: Option<u64>,
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
            closes_at = closes_at.min(frame.closes_at(layout));
        }
        self.closes_at = closes_at;
        expired
    }

    /// Nothing is left in it.
    pub(super) fn is_empty(&self) -> bool {
        self.frames.iter().all(|frame| frame.windows.is_empty() && frame.fired.is_empty())
    }
}

impl FrameState {
    /// Drops the windows that are closed at stream time `now`, and what is remembered of them. Nothing more
    /// can come out of them. Whether there were any.
    pub(crate) fn expire(&mut self, layout: &FrameLayout, now: i64) -> bool {
        let is_open = |start, end| layout.closes_at(start, end).is_none_or(|at| now < at);
        let before = (self.windows.len(), self.fired.len());
        // Windows are ascending, so looking at the first tells whether there is work at all.
        if self.windows.first().is_some_and(|w| !is_open(w.start, w.end)) {
            self.windows.retain(|w| is_open(w.start, w.end));
        }
        if !self.fired.is_empty() {
            self.fired.retain(|(_, start)| is_open(*start, *start));
        }
        before != (self.windows.len(), self.fired.len())
    }

    /// When the oldest window closes.
    pub(super) fn closes_at(&self, layout: &FrameLayout) -> i64 {
        self.windows.first().and_then(|w| layout.closes_at(w.start, w.end)).unwrap_or(i64::MAX)
    }

    /// The place of the window that starts at `start`, made where it is missing, and whether it was.
    pub(crate) fn window(&mut self, layout: &FrameLayout, start: i64) -> (usize, bool) {
        // The newest is the likeliest.
        let place = self.windows.iter().rposition(|w| w.start <= start).map_or(0, |i| i + 1);
        if place > 0 && self.windows[place - 1].start == start {
            return (place - 1, false);
        }
        let window =
            WindowState { start, end: 0, time: i64::MIN, accumulators: layout.start(), verdicts: None };
        self.windows.insert(place, window);
        (place, true)
    }
}
