//! What a store knows of its frames: how their windows lie in memory, and when they are done with.

use crate::plan::{Fingerprint, WindowKind, WindowPlan};
use crate::types::aggregate::{Aggregate, Beside, Cell, TEXTS};

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
    /// How a window lies in memory, by how long its texts may be: an entry says which of these it has.
    shapes: [Shape; TEXTS.len()],
}

/// How long the texts in an entry's windows may be: a place of [`TEXTS`].
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Width(pub(super) u8);

impl Width {
    /// The widest.
    pub(super) const WIDEST: Self = Self(TEXTS.len() as u8 - 1);

    /// For texts of so many bytes.
    pub(super) fn of(len: usize) -> Self {
        Self(TEXTS[..TEXTS.len() - 1].iter().filter(|short| **short < len).count() as u8)
    }
}

/// A window's bytes: verdicts (a byte, or u32 of many outputs), start (i64), time (behind the start, or i64), a bit
/// per first, and the cells of the calls.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    /// Per call its cell and where it begins.
    pub(super) cells: Vec<(usize, Cell)>,
    /// All of a window's bytes.
    pub(super) stride: usize,
    /// Something of it may lie beside.
    pub(super) may_spill: bool,
    /// How many bytes the verdicts take, from the first on; behind them is the start.
    pub(super) verdicts: usize,
    /// The time is kept as milliseconds behind the start, and one, in a u32; 0 is none.
    pub(super) has_short_time: bool,
    /// Where the bits of the firsts begin.
    pub(super) fired: usize,
}

/// The most outputs whose verdicts a byte holds.
const SMALL_VERDICTS: usize = 7;
/// The longest window whose times are kept behind its start.
const SHORT_WINDOW: i64 = u32::MAX as i64 - 1;

impl Shape {
    fn new(
        calls: &[(Fingerprint, Aggregate)],
        firsts: usize,
        window: Option<WindowPlan>,
        outputs: usize,
        short: usize,
    ) -> Self {
        let verdicts = if outputs <= SMALL_VERDICTS { 1 } else { 4 };
        let has_short_time = window.is_some_and(|window| match window.kind {
            WindowKind::Tumbling { size } | WindowKind::Hopping { size, .. } => size <= SHORT_WINDOW,
            WindowKind::Session { .. } => false,
        });
        let fired = verdicts + 8 + if has_short_time { 4 } else { 8 };
        let mut stride = fired + firsts.div_ceil(8);
        let place = |(_, aggregate): &(Fingerprint, Aggregate)| {
            let (at, cell) = (stride, Cell::of(aggregate).with_texts(short));
            stride += cell.width();
            (at, cell)
        };
        let cells: Vec<_> = calls.iter().map(place).collect();
        let may_spill = cells.iter().any(|(_, cell)| cell.may_spill());
        Self { cells, stride, may_spill, verdicts, has_short_time, fired }
    }

    /// Appends a window that has another shape, with shorter texts.
    pub(super) fn append_wider(&self, out: &mut Vec<u8>, beside: &mut Beside, of: &Self, window: &[u8]) {
        let at = out.len();
        out.resize(at + self.stride, 0);
        let (out, cells) = (&mut out[at..], self.cells.iter().zip(&of.cells));
        let head = self.cells.first().map_or(self.stride, |(at, _)| *at);
        out[..head].copy_from_slice(&window[..head]);
        for ((to, cell), (from, narrow)) in cells {
            let from = &window[*from..*from + narrow.width()];
            cell.widen(&mut out[*to..*to + cell.width()], beside, from);
        }
    }

    /// The start of the window that has these bytes.
    pub(super) fn start(&self, bytes: &[u8]) -> i64 {
        bytes[self.verdicts..].first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes))
    }

    pub(super) fn set_start(&self, bytes: &mut [u8], start: i64) {
        bytes[self.verdicts..self.verdicts + 8].copy_from_slice(&start.to_le_bytes());
    }

    /// The highest timestamp that went in; the lowest number where none did.
    pub(super) fn time(&self, bytes: &[u8]) -> i64 {
        let at = &bytes[self.verdicts + 8..];
        if !self.has_short_time {
            return at.first_chunk().map_or(i64::MIN, |bytes| i64::from_le_bytes(*bytes));
        }
        match at.first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes)) {
            0 => i64::MIN,
            behind => self.start(bytes) + i64::from(behind) - 1,
        }
    }

    /// The time of a window that has its start.
    pub(super) fn set_time(&self, bytes: &mut [u8], time: i64) {
        let at = self.verdicts + 8;
        if !self.has_short_time {
            return bytes[at..at + 8].copy_from_slice(&time.to_le_bytes());
        }
        let behind = match time {
            i64::MIN => 0,
            // No time lies outside of its window, but for damaged ones.
            time => time.saturating_sub(self.start(bytes)).clamp(0, SHORT_WINDOW) as u32 + 1,
        };
        bytes[at..at + 4].copy_from_slice(&behind.to_le_bytes());
    }
}

impl FrameLayout {
    /// Of a frame with this tag and window, these functions and these firsts.
    pub(crate) fn new(
        fingerprint: Fingerprint,
        window: Option<WindowPlan>,
        calls: Vec<(Fingerprint, Aggregate)>,
        firsts: Vec<Fingerprint>,
        finals: Option<Fingerprint>,
    ) -> Self {
        let shapes = TEXTS.map(|short| Shape::new(&calls, firsts.len(), window, usize::MAX, short));
        Self { fingerprint, window, calls, firsts, finals, shapes }
    }

    /// The same for a frame with this many outputs: few need little room.
    pub(crate) fn with_outputs(mut self, outputs: usize) -> Self {
        self.shapes =
            TEXTS.map(|short| Shape::new(&self.calls, self.firsts.len(), self.window, outputs, short));
        self
    }

    /// How a window lies in memory.
    #[inline]
    pub(super) fn shape(&self, width: Width) -> &Shape {
        &self.shapes[usize::from(width.0)]
    }

    /// How a window lies in a changelog, whatever it has in memory.
    pub(super) fn log_shape(&self) -> &Shape {
        self.shape(Width::WIDEST)
    }

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
}
