//! What a store knows of its frames: how their windows lie in memory, and when they are done with.

use crate::plan::{Fingerprint, WindowKind, WindowPlan};
use crate::types::aggregate::{Aggregate, Cell};

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
    /// How a window lies in memory.
    pub(super) shape: Shape,
}

/// A window's bytes: verdicts (u32), then what a changelog carries: start, time (i64), a bit per first, and
/// the cells of the calls.
#[derive(Debug, Clone)]
pub(super) struct Shape {
    /// Per call its cell and where it begins.
    pub(super) cells: Vec<(usize, Cell)>,
    /// All of a window's bytes.
    pub(super) stride: usize,
    /// Something of it may lie beside.
    pub(super) may_spill: bool,
}

impl Shape {
    /// Where the part begins that a changelog carries.
    pub(super) const STATE: usize = 4;
    /// Where the start is.
    pub(super) const START: usize = Self::STATE;
    /// Where the time is.
    pub(super) const TIME: usize = Self::START + 8;
    /// Where the bits of the firsts begin.
    pub(super) const FIRED: usize = Self::TIME + 8;

    fn new(calls: &[(Fingerprint, Aggregate)], firsts: usize) -> Self {
        let mut stride = Self::FIRED + firsts.div_ceil(8);
        let place = |(_, aggregate): &(Fingerprint, Aggregate)| {
            let (at, cell) = (stride, Cell::of(aggregate));
            stride += cell.width();
            (at, cell)
        };
        let cells: Vec<_> = calls.iter().map(place).collect();
        let may_spill = cells.iter().any(|(_, cell)| cell.may_spill());
        Self { cells, stride, may_spill }
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
        let shape = Shape::new(&calls, firsts.len());
        Self { fingerprint, window, calls, firsts, finals, shape }
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
