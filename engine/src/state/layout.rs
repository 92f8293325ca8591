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

/// A window's bytes: verdicts (a byte, or u32 of many outputs), start, time, a bit per first, and the cells of the calls.
/// There are as many of these as open windows, so none has a byte that it can do without.
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
    start: Start,
    /// Where the time begins: an i64, or where it is short milliseconds behind the start, and one; 0 is none.
    time: usize,
    short_time: Option<ShortTime>,
    /// Where the bits of the firsts begin.
    pub(super) fired: usize,
}

/// The most outputs whose verdicts a byte holds.
const SMALL_VERDICTS: usize = 7;

/// How a window's start is kept: as a multiple of the time from one window to the next, in as many bytes as the
/// multiples of all times may take.
#[derive(Debug, Clone, Copy)]
struct Start {
    unit: i64,
    bytes: usize,
}

impl Start {
    fn of(window: Option<WindowPlan>) -> Self {
        let unit = match window.map(|window| window.kind) {
            Some(WindowKind::Tumbling { size }) => size,
            Some(WindowKind::Hopping { advance, .. }) => advance,
            Some(WindowKind::Session { .. }) | None => 1,
        };
        // 60,000 is more than 2^8 and less than 2^16: all i64 are less than 2^56 times that.
        let unit = unit.max(1);
        Self { unit, bytes: 8 - (unit.ilog2() / 8).min(4) as usize }
    }

    fn read(self, bytes: &[u8]) -> i64 {
        let spare = 64 - 8 * self.bytes as u32;
        let number = bytes.first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes));
        // The bytes above are somebody else's, and the sign comes from the highest of its own.
        (number << spare >> spare).wrapping_mul(self.unit)
    }

    fn write(self, bytes: &mut [u8], start: i64) {
        bytes[..self.bytes].copy_from_slice(&(start / self.unit).to_le_bytes()[..self.bytes]);
    }
}

/// Times of a window that is not too long lie so many milliseconds behind its start at most.
#[derive(Debug, Clone, Copy)]
struct ShortTime {
    bytes: usize,
}

impl ShortTime {
    fn of(window: Option<WindowPlan>) -> Option<Self> {
        let size = match window?.kind {
            WindowKind::Tumbling { size } | WindowKind::Hopping { size, .. } => size,
            WindowKind::Session { .. } => return None,
        };
        [3, 4].into_iter().map(|bytes| Self { bytes }).find(|short| size <= short.longest())
    }

    /// One less than the largest number, since 0 is none.
    fn longest(self) -> i64 {
        (1 << (8 * self.bytes)) - 2
    }
}

impl Shape {
    fn new(
        calls: &[(Fingerprint, Aggregate)],
        firsts: usize,
        window: Option<WindowPlan>,
        outputs: usize,
        short: usize,
    ) -> Self {
        let verdicts = if outputs <= SMALL_VERDICTS { 1 } else { 4 };
        let (start, short_time) = (Start::of(window), ShortTime::of(window));
        let time = verdicts + start.bytes;
        let fired = time + short_time.map_or(8, |short| short.bytes);
        let mut stride = fired + firsts.div_ceil(8);
        let place = |(_, aggregate): &(Fingerprint, Aggregate)| {
            let (at, cell) = (stride, Cell::of(aggregate).with_texts(short));
            stride += cell.width();
            (at, cell)
        };
        let cells: Vec<_> = calls.iter().map(place).collect();
        let may_spill = cells.iter().any(|(_, cell)| cell.may_spill());
        Self { cells, stride, may_spill, verdicts, start, time, short_time, fired }
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
    #[inline]
    pub(super) fn start(&self, bytes: &[u8]) -> i64 {
        self.start.read(&bytes[self.verdicts..])
    }

    /// It is one at which windows start: see [`FrameLayout::may_start_at`].
    pub(super) fn set_start(&self, bytes: &mut [u8], start: i64) {
        self.start.write(&mut bytes[self.verdicts..], start);
    }

    /// The highest timestamp that went in; the lowest number where none did.
    pub(super) fn time(&self, bytes: &[u8]) -> i64 {
        let at = &bytes[self.time..];
        let Some(short) = self.short_time else {
            return at.first_chunk().map_or(i64::MIN, |bytes| i64::from_le_bytes(*bytes));
        };
        let mut behind = [0; 8];
        behind[..short.bytes].copy_from_slice(&at[..short.bytes]);
        match i64::from_le_bytes(behind) {
            0 => i64::MIN,
            behind => self.start(bytes) + behind - 1,
        }
    }

    /// The time of a window that has its start.
    pub(super) fn set_time(&self, bytes: &mut [u8], time: i64) {
        let Some(short) = self.short_time else {
            return bytes[self.time..self.time + 8].copy_from_slice(&time.to_le_bytes());
        };
        let behind = match time {
            i64::MIN => 0,
            // No time lies outside of its window, but for damaged ones.
            time => time.saturating_sub(self.start(bytes)).clamp(0, short.longest()) + 1,
        };
        bytes[self.time..self.time + short.bytes].copy_from_slice(&behind.to_le_bytes()[..short.bytes]);
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

    /// Whether a window can start there: at a multiple of the time from one to the next.
    pub(super) fn may_start_at(&self, start: i64) -> bool {
        start % self.log_shape().start.unit == 0
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shape(kind: WindowKind) -> Shape {
        Shape::new(&[], 0, Some(WindowPlan { kind, grace: 0, idle: None }), 1, 16)
    }

    #[test]
    fn a_window_takes_few_bytes_before_its_values() {
        let bytes = |size| shape(WindowKind::Tumbling { size }).fired;
        assert_eq!([bytes(10), bytes(1_000), bytes(60_000), bytes(300_000)], [12, 11, 11, 10]);
        // A day: its times take one more, its starts one less.
        assert_eq!([bytes(86_400_000), bytes(1 << 40)], [10, 13]);
    }

    proptest! {
        #[test]
        fn starts_and_times_come_back_whatever_they_are(
            advance in prop_oneof![1..100_i64, 1..10_000_000_000_i64, Just(60_000), Just(i64::MAX)],
            times in 1..5_i64,
            at in any::<i64>(),
            behind in any::<u64>(),
        ) {
            let size = advance.saturating_mul(times);
            for kind in [WindowKind::Tumbling { size }, WindowKind::Hopping { size, advance }] {
                let (shape, unit) = (shape(kind), if matches!(kind, WindowKind::Tumbling { .. }) { size } else { advance });
                // What is beside it is another's.
                let mut bytes = vec![0xa5; shape.stride.max(16)];
                let start = at / unit * unit;
                shape.set_start(&mut bytes, start);
                prop_assert_eq!(shape.start(&bytes), start);
                shape.set_time(&mut bytes, i64::MIN);
                prop_assert_eq!(shape.time(&bytes), i64::MIN);
                let time = start.saturating_add((behind % size as u64) as i64);
                shape.set_time(&mut bytes, time);
                prop_assert_eq!((shape.start(&bytes), shape.time(&bytes)), (start, time));
                prop_assert!(bytes[..shape.verdicts].iter().chain(&bytes[shape.fired..]).all(|byte| *byte == 0xa5));
            }
        }
    }
}
