//! HAVING and `--@emit`: what of a window's update is written, per query.
//!
//! Every update is an output. A row for which HAVING is TRUE is written; one that was written and for which
//! HAVING is not TRUE any more leaves a tombstone; anything else is silent. With `--@emit: first` a window
//! is written once, at its first crossing; later crossings are counted, and nothing is taken back. What
//! EMIT FINAL writes is left to `suppress`.

use super::{Change, Run};
use crate::format::window_key::Window;
use crate::state::{MAX_VERDICTS, Results};
use crate::task::{FrameOutputRun, FrameRun};
use crate::types::Value;

/// The columns of a frame's output row after the key's and the calls': ROWTIME, WINDOWSTART, WINDOWEND.
const TRAILING: usize = 3;

/// A frame's output row, made column by column as far as it is needed.
pub(super) struct FrameRow<'v> {
    pub(super) frame: &'v FrameRun,
    pub(super) key: &'v [Value<'v>],
    /// The highest timestamp that went in.
    pub(super) time: i64,
    /// None where there is no window.
    pub(super) window: Option<Window>,
    pub(super) results: Results<'v>,
}

impl<'v> FrameRow<'v> {
    /// The row of a window as it is.
    pub(super) fn of(
        frame: &'v FrameRun,
        key: &'v [Value<'v>],
        window: Option<Window>,
        state: crate::state::Window<'v>,
    ) -> Self {
        Self { frame, key, time: state.time(), window, results: Results::Window(state) }
    }

    pub(super) fn width(&self) -> usize {
        self.key.len() + self.frame.calls.len() + TRAILING
    }

    fn column(&self, index: usize) -> Value<'v> {
        if let Some(value) = self.key.get(index) {
            return value.borrowed();
        }
        let index = index - self.key.len();
        if let Some((aggregate, _)) = self.frame.calls.get(index) {
            return self.results.of(index, aggregate);
        }
        match index - self.frame.calls.len() {
            0 => Value::Bigint(self.time),
            1 => self.window.map_or(Value::Null, |window| Value::Bigint(window.start)),
            _ => self.window.map_or(Value::Null, |window| Value::Bigint(window.end)),
        }
    }

    /// Makes it the whole row.
    pub(super) fn fill(&self, row: &mut Vec<Value<'v>>) {
        row.clear();
        row.extend((0..self.width()).map(|column| self.column(column)));
    }

    /// Gives the whole row to an output's step; `row` is memory for it.
    pub(super) fn feed(
        &self,
        run: &mut Run<'_, '_>,
        output: &FrameOutputRun,
        row: &mut Vec<Value<'v>>,
        tombstone: bool,
    ) {
        self.feed_as(run, output, row, (tombstone, false));
    }

    /// Takes back a session that goes into another; `moved`: which is in the output's result.
    pub(super) fn retract(
        &self,
        run: &mut Run<'_, '_>,
        output: &FrameOutputRun,
        row: &mut Vec<Value<'v>>,
        moved: bool,
    ) {
        self.feed_as(run, output, row, (true, moved));
    }

    fn feed_as(
        &self,
        run: &mut Run<'_, '_>,
        output: &FrameOutputRun,
        row: &mut Vec<Value<'v>>,
        (tombstone, merged): (bool, bool),
    ) {
        if row.capacity() == 0 {
            *row = run.scratch.rows.take();
        }
        self.fill(row);
        let change = Change {
            row,
            tombstone,
            merged,
            is_table: true,
            old: None,
            time: self.time,
            window: self.window,
            counted: true,
        };
        run.feed(&[output.step], &change);
    }

    /// Whether the row satisfies HAVING; `row` is memory for as much of it as HAVING reads.
    pub(super) fn passes(
        &self,
        row: &mut Vec<Value<'v>>,
        output: &'v FrameOutputRun,
    ) -> Result<bool, crate::types::EvalError> {
        let Some(having) = &output.having else { return Ok(true) };
        if let Some((op, column, limit)) = &output.threshold {
            return Ok(op.holds(&self.column(*column), limit));
        }
        row.resize_with(self.width(), || Value::Null);
        for column in &output.having_columns {
            row[*column] = self.column(*column);
        }
        having.test(row)
    }
}

impl Run<'_, '_> {
    /// Notes for each output whether the window satisfied its HAVING before the update. Only asked where a
    /// tombstone may follow. `known` are the verdicts as far as they are known.
    pub(super) fn judge_before(&mut self, old: &FrameRow<'_>, known: Option<u32>) {
        let outputs = &old.frame.outputs;
        let mut verdicts = std::mem::take(&mut self.scratch.verdicts);
        verdicts.clear();
        if let Some(known) = known {
            verdicts.extend((0..outputs.len()).map(|i| known.checked_shr(i as u32).unwrap_or(0) & 1 == 1));
        } else {
            let mut row = self.scratch.rows.take();
            // An error was counted when the row was new.
            verdicts.extend(
                outputs
                    .iter()
                    .map(|output| output.may_retract() && old.passes(&mut row, output).unwrap_or(false)),
            );
            self.scratch.rows.give(row);
        }
        self.scratch.verdicts = verdicts;
    }

    /// Gives a window's change to the outputs that write it; which HAVINGs hold, by bit. Which firsts fire is
    /// left in `scratch.fired`.
    pub(super) fn emit(&mut self, frame_row: &FrameRow<'_>) -> Option<u32> {
        let frame = frame_row.frame;
        // With more outputs than a window keeps verdicts of they are found anew.
        let mut verdicts = (frame.outputs.len() <= MAX_VERDICTS).then_some(0);
        self.scratch.fired.clear();
        // Most updates are silent, and need no row where HAVING needs none.
        let mut row = Vec::new();
        if frame.outputs.iter().any(|output| output.threshold.is_none()) {
            row = self.scratch.rows.take();
        }
        for (i, output) in frame.outputs.iter().enumerate().filter(|(_, output)| !output.is_final) {
            let passes = frame_row.passes(&mut row, output);
            let passes = self.test_or_false(&[output.query], passes);
            verdicts = verdicts.map(|bits| bits | u32::from(passes) << i);
            if self.is_written(output, i, passes, frame_row.results) {
                frame_row.feed(self, output, &mut row, !passes);
            }
        }
        if row.capacity() > 0 {
            self.scratch.rows.give(row);
        }
        verdicts
    }

    fn is_written(
        &mut self,
        output: &FrameOutputRun,
        place: usize,
        passes: bool,
        results: Results<'_>,
    ) -> bool {
        match output.first {
            None => passes || self.scratch.verdicts[place],
            Some(_) if !passes => false,
            Some(first) if results.has_fired(first) => {
                self.count(&[output.query], |c| c.suppressed += 1);
                false
            }
            Some(first) => {
                self.scratch.fired.push(first);
                true
            }
        }
    }
}

impl FrameOutputRun {
    /// Whether a row that was written may have to be taken back.
    fn may_retract(&self) -> bool {
        self.having.is_some() && self.first.is_none() && !self.is_final
    }
}
