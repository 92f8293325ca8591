//! One window of one group key, as it lies in its entry's bytes: see [`super::layout`].

use super::layout::{FrameLayout, Shape};
use crate::types::aggregate::{Accumulator, Aggregate, Beside};
use crate::types::{EvalError, Value};

/// How many outputs' verdicts a window keeps.
pub(crate) const MAX_VERDICTS: usize = 31;

/// A window to be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window<'e> {
    pub(super) layout: &'e FrameLayout,
    pub(super) shape: &'e Shape,
    pub(super) bytes: &'e [u8],
    pub(super) beside: &'e Beside,
}

/// A window to be changed.
#[derive(Debug)]
pub(crate) struct WindowMut<'e> {
    pub(super) layout: &'e FrameLayout,
    pub(super) shape: &'e Shape,
    pub(super) bytes: &'e mut [u8],
    pub(super) beside: &'e mut Beside,
    /// It was not there before.
    pub(crate) is_new: bool,
}

/// The results of a window's or a session's functions.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Results<'e> {
    /// Of a window.
    Window(Window<'e>),
    /// Of a session: one accumulator per call.
    Session(&'e [Accumulator]),
}

impl<'e> Results<'e> {
    /// The result of a call so far; `aggregate` is its function.
    pub(crate) fn of(self, call: usize, aggregate: &Aggregate) -> Value<'e> {
        match self {
            Results::Window(window) => window.result(call),
            Results::Session(accumulators) => aggregate.result(&accumulators[call]),
        }
    }
}

impl Results<'_> {
    /// Whether this one of the layout's firsts has fired. A session remembers that itself.
    pub(crate) fn has_fired(self, first: usize) -> bool {
        matches!(self, Results::Window(window) if window.has_fired(first))
    }
}

impl<'e> Window<'e> {
    /// Its first millisecond; 0 where there is no window.
    pub(crate) fn start(self) -> i64 {
        self.shape.start(self.bytes)
    }

    /// The highest timestamp that went in.
    pub(crate) fn time(self) -> i64 {
        self.shape.time(self.bytes)
    }

    /// Whether this one of the layout's firsts has fired.
    pub(crate) fn has_fired(self, first: usize) -> bool {
        self.bytes[self.shape.fired + first / 8] >> (first % 8) & 1 == 1
    }

    /// The result of a call so far.
    pub(crate) fn result(self, call: usize) -> Value<'e> {
        let (at, cell) = self.shape.cells[call];
        let (_, aggregate) = &self.layout.calls[call];
        cell.result(aggregate, &self.bytes[at..at + cell.width()], self.beside)
    }

    /// Which of the frame's outputs' HAVINGs hold, by bit, as far as it is known: not part of the state, it
    /// follows from it, and is only kept so that it need not be found again.
    pub(crate) fn verdicts(self) -> Option<u32> {
        let mut bytes = [0; 4];
        bytes[..self.shape.verdicts].copy_from_slice(&self.bytes[..self.shape.verdicts]);
        let verdicts = u32::from_le_bytes(bytes);
        let known = known(self.shape.verdicts);
        (verdicts & known != 0).then_some(verdicts & !known)
    }
}

impl WindowMut<'_> {
    /// The window as it is.
    pub(crate) fn view(&self) -> Window<'_> {
        Window { layout: self.layout, shape: self.shape, bytes: self.bytes, beside: self.beside }
    }

    /// A record of this time went in.
    pub(crate) fn reach(&mut self, time: i64) {
        let time = self.view().time().max(time);
        self.shape.set_time(self.bytes, time);
    }

    /// Brings a value into a call; None is COUNT(*)'s.
    pub(crate) fn add(&mut self, call: usize, value: Option<&Value<'_>>) -> Result<(), EvalError> {
        let (at, cell) = self.shape.cells[call];
        let (_, aggregate) = &self.layout.calls[call];
        cell.add(aggregate, &mut self.bytes[at..at + cell.width()], self.beside, value)
    }

    /// Takes a value out of a call that was put in before; None is COUNT(*)'s.
    pub(crate) fn undo(&mut self, call: usize, value: Option<&Value<'_>>) -> Result<(), EvalError> {
        let (at, cell) = self.shape.cells[call];
        let (_, aggregate) = &self.layout.calls[call];
        cell.undo(aggregate, &mut self.bytes[at..at + cell.width()], self.beside, value)
    }

    /// This one of the layout's firsts has fired.
    pub(crate) fn set_fired(&mut self, first: usize) {
        self.bytes[self.shape.fired + first / 8] |= 1 << (first % 8);
    }

    /// Keeps which HAVINGs hold.
    pub(crate) fn set_verdicts(&mut self, verdicts: Option<u32>) {
        let width = self.shape.verdicts;
        let verdicts = verdicts.map_or(0, |verdicts| verdicts | known(width));
        self.bytes[..width].copy_from_slice(&verdicts.to_le_bytes()[..width]);
    }

    /// Takes over a call's cell from a changelog; None where it is damaged.
    pub(super) fn load(&mut self, call: usize, from: &[u8]) -> Option<()> {
        let (at, cell) = self.shape.cells[call];
        cell.load(&mut self.bytes[at..at + cell.width()], from)
    }

    /// Takes over what lay beside a call's cell; None where it is of another kind.
    pub(super) fn store(&mut self, call: usize, accumulator: Accumulator) -> Option<()> {
        let (at, cell) = self.shape.cells[call];
        cell.store(&mut self.bytes[at..at + cell.width()], self.beside, accumulator)
    }

    /// Makes the bytes a window of this start without values.
    pub(super) fn begin(&mut self, start: i64) {
        self.bytes.fill(0);
        self.shape.set_start(self.bytes, start);
        self.shape.set_time(self.bytes, i64::MIN);
        for ((at, cell), (_, aggregate)) in self.shape.cells.iter().zip(&self.layout.calls) {
            cell.begin(aggregate, &mut self.bytes[*at..*at + cell.width()], self.beside);
        }
    }

    /// Gives back what it has beside. It is no window any more.
    pub(super) fn end(&mut self) {
        if self.shape.may_spill && !self.beside.is_empty() {
            for (at, cell) in &self.shape.cells {
                cell.end(&self.bytes[*at..*at + cell.width()], self.beside);
            }
        }
    }
}

/// The bit of verdicts of this width that says that the others are known.
fn known(width: usize) -> u32 {
    1 << (8 * width - 1)
}
