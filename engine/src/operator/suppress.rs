//! EMIT FINAL: a window is written once, when it closes.
//!
//! A window closes when its frame's stream time reaches its end plus the grace; a session when it passes its
//! end plus gap and grace, as a record at exactly that distance still joins it. Those that one record closes are
//! written in the order of (end, key bytes, start), the bytes being the key as KAFKA or JSON has it. HAVING is asked
//! then, of the final row; one that does not satisfy it is silent. The origin of what is written is the last record
//! that went into the window.

use super::Run;
use super::emit::FrameRow;
use crate::format::window_key::Window;
use crate::plan::WindowKind;
use crate::state::{AggregateStore, Finals, Place, Results, codec};
use crate::task::{FinalRun, FrameRun, Origin};
use crate::types::Value;

/// What a closed window holds: its highest timestamp and its results.
pub(super) type Closed<'s> = (i64, Results<'s>);

/// A store whose windows may wait for their end.
pub(super) trait FinalStore {
    /// Those that wait.
    fn finals(&mut self) -> &mut Finals;

    /// A frame's stream time.
    fn time(&self, frame: usize) -> i64;

    /// Moves a frame's stream time on.
    fn set_time(&mut self, frame: usize, time: i64);

    /// A window of a frame, by the frame's place, the group key's bytes and its bounds.
    fn closed(&mut self, frame: usize, key: &[u8], start: i64, end: i64) -> Option<Closed<'_>>;
}

impl FinalStore for AggregateStore {
    fn finals(&mut self) -> &mut Finals {
        &mut self.finals
    }

    fn time(&self, frame: usize) -> i64 {
        self.stream_time(frame)
    }

    fn set_time(&mut self, frame: usize, time: i64) {
        self.advance(frame, time);
    }

    fn closed(&mut self, frame: usize, key: &[u8], start: i64, _: i64) -> Option<Closed<'_>> {
        self.window(frame, key, start).map(|window| (window.time(), Results::Window(window)))
    }
}

/// Which window of which group: the key's values, the key's bytes in the store, the window.
#[derive(Clone, Copy)]
pub(super) struct Which<'k> {
    pub(super) key: &'k [Value<'k>],
    pub(super) bytes: &'k [u8],
    pub(super) window: Window,
}

impl Run<'_, '_> {
    /// A window has changed: it waits for its end.
    pub(super) fn await_end(&mut self, finals: &mut Finals, run: &FinalRun, which: Which<'_>) {
        let origin = self.origin;
        self.with_order(run, which, |tag, place| finals.note(tag, place, which.bytes, &origin));
    }

    /// A window is no more: nothing of it is written.
    pub(super) fn forget_end(&mut self, finals: &mut Finals, run: &FinalRun, which: Which<'_>) {
        self.with_order(run, which, |tag, place| finals.forget(tag, place));
    }

    fn with_order(
        &mut self,
        run: &FinalRun,
        which: Which<'_>,
        act: impl FnOnce(crate::plan::Fingerprint, Place<'_>),
    ) {
        let mut order = std::mem::take(&mut self.scratch.order);
        order.clear();
        if run.order.encode(which.key, &mut order).is_err() {
            // The format cannot write this key: it is put in order by the store's bytes.
            order.clear();
            order.extend_from_slice(which.bytes);
        }
        act(run.tag, Place { order: &order, start: which.window.start, end: which.window.end });
        self.scratch.order = order;
    }

    /// Writes the frame's windows that are closed at stream time `now`.
    pub(super) fn write_closed(
        &mut self,
        frame: &FrameRun,
        run: &FinalRun,
        store: &mut impl FinalStore,
        now: i64,
    ) {
        let closed = now.saturating_sub(run.delay);
        let session = frame.window.is_some_and(|window| matches!(window.kind, WindowKind::Session { .. }));
        for (start, end, waiting) in store.finals().take_closed(run.tag, closed) {
            // It waits as long as it is there; and its key is one that the store wrote.
            let Some((time, results)) = store.closed(frame.place, &waiting.key, start, end) else {
                continue;
            };
            let Some(key) = codec::read_key(&waiting.key) else { continue };
            let window = Some(Window { start, end, session });
            self.write_final(&FrameRow { frame, key: &key, time, window, results }, waiting.origin());
        }
    }

    fn write_final(&mut self, row: &FrameRow<'_>, origin: Origin<'_>) {
        let mut run = Run {
            wiring: self.wiring,
            input: self.input,
            record: self.record,
            origin,
            stores: &mut *self.stores,
            counters: &mut *self.counters,
            scratch: &mut *self.scratch,
            output: &mut *self.output,
        };
        let mut values = run.scratch.rows.take();
        for output in row.frame.outputs.iter().filter(|output| output.is_final) {
            let passes = row.passes(&mut values, output);
            if run.test_or_false(&[output.query], passes) {
                row.feed(&mut run, output, &mut values, false);
            }
        }
        run.scratch.rows.give(values);
    }
}
