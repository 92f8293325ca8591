//! SESSION windows: a record joins the sessions of its group that are at most the gap away, and makes them one.
//!
//! As in Kafka Streams: each session that goes into another leaves a tombstone at its old bounds, before the
//! new one is written at its own; a record alone at a session's only millisecond changes it in place. The
//! result's time is the session's end. A record is late where stream time has passed the end of the session
//! that it would make by more than gap and grace; a session that is as old takes no more records.
//!
//! `--@emit: first` is once per session: one that another has gone into has fired if either had.

use super::emit::FrameRow;
use super::suppress::{Closed, FinalStore, Which};
use super::{Change, Run};
use crate::format::window_key::Window;
use crate::plan::WindowKind;
use crate::state::{Finals, Results, Session, SessionStore};
use crate::task::{FrameOutputRun, FrameRun};
use crate::types::Value;

impl FinalStore for SessionStore {
    fn finals(&mut self) -> &mut Finals {
        &mut self.finals
    }

    fn time(&self, frame: usize) -> i64 {
        self.stream_time(frame)
    }

    fn set_time(&mut self, frame: usize, time: i64) {
        self.advance(frame, time);
    }

    fn closed(&mut self, frame: usize, key: &[u8], start: i64, end: i64) -> Option<Closed<'_>> {
        let session = self.session(frame, key, start, end)?;
        Some((session.end, Results::Session(&session.accumulators)))
    }
}

/// The group that a record belongs to: the key's values and its bytes.
#[derive(Clone, Copy)]
pub(super) struct Grouped<'g> {
    pub(super) key: &'g [Value<'g>],
    pub(super) bytes: &'g [u8],
}

impl<'g> Grouped<'g> {
    fn which(self, session: &Session) -> Which<'g> {
        Which { key: self.key, bytes: self.bytes, window: window(session) }
    }

    fn row<'v>(self, frame: &'v FrameRun, session: &'v Session) -> FrameRow<'v>
    where
        'g: 'v,
    {
        FrameRow {
            frame,
            key: self.key,
            time: session.end,
            window: Some(window(session)),
            results: Results::Session(&session.accumulators),
        }
    }
}

fn window(session: &Session) -> Window {
    Window::session(session.start, session.end)
}

impl Run<'_, '_> {
    /// Brings a record into the sessions of one frame.
    pub(super) fn sessions(
        &mut self,
        frame: &FrameRun,
        store: &mut SessionStore,
        group: Grouped<'_>,
        change: &Change<'_>,
    ) {
        if let Some(filter) = &frame.filter
            && !self.test_or_false(&frame.queries, filter.test(change.row))
        {
            return self.end(&frame.queries, change, |c| c.filtered += 1);
        }
        let Some((gap, grace)) = frame.window.and_then(|window| match window.kind {
            WindowKind::Session { gap } => Some((gap, window.grace)),
            _ => None,
        }) else {
            return;
        };
        let (now, arrival) = store.advance(frame.place, change.time);
        let closed = now.saturating_sub(gap).saturating_sub(grace);
        let old = store.take(frame.place, group.bytes, change.time, gap, closed);
        if old.is_empty() && change.time < closed {
            return self.end(&frame.queries, change, |c| c.late += 1);
        }
        self.end(&frame.queries, change, |c| c.contributed += 1);
        self.join_sessions(frame, store, group, old, (change, arrival));
        if let Some(finals) = &frame.finals {
            self.write_closed(frame, finals, store, now);
        }
        // Last: what closes is written from its state.
        store.expire(frame.place, group.bytes, closed);
    }

    /// Makes one session of those that the record joins and of the record, and writes what changes by it.
    fn join_sessions(
        &mut self,
        frame: &FrameRun,
        store: &mut SessionStore,
        group: Grouped<'_>,
        old: Vec<Session>,
        (change, arrival): (&Change<'_>, i64),
    ) {
        let in_place = matches!(&*old, [one] if one.start == change.time && one.end == change.time);
        let were_in = self.were_in(frame, group, &old);
        let old_windows: Vec<Window> = old.iter().map(window).collect();
        if let Some(finals) = frame.finals.as_ref().filter(|_| !in_place) {
            for session in &old {
                self.forget_end(&mut store.finals, finals, group.which(session));
            }
        }
        let mut session = self.merged_session(frame, store, old, change.time, arrival);
        self.add_to(frame, &mut session, change);
        self.write_session(frame, group, &mut session, &old_windows, &were_in, in_place);
        if let Some(finals) = &frame.finals {
            self.await_end(&mut store.finals, finals, group.which(&session));
        }
        store.put(frame.place, group.bytes, session);
    }

    /// Per session and output whether it was in the output's result.
    fn were_in(&mut self, frame: &FrameRun, group: Grouped<'_>, old: &[Session]) -> Vec<bool> {
        let mut were_in = Vec::with_capacity(old.len() * frame.outputs.len());
        for session in old {
            let row = group.row(frame, session);
            let mut values = self.scratch.rows.take();
            // An error was counted when the session was written.
            were_in.extend(
                frame
                    .outputs
                    .iter()
                    .map(|output| output.takes_back() && row.passes(&mut values, output).unwrap_or(false)),
            );
            self.scratch.rows.give(values);
        }
        were_in
    }

    fn merged_session(
        &mut self,
        frame: &FrameRun,
        store: &SessionStore,
        old: Vec<Session>,
        time: i64,
        arrival: i64,
    ) -> Session {
        let layout = store.layout(frame.place);
        let mut old = old.into_iter();
        let Some(mut session) = old.next() else { return Session::new(layout, time, arrival) };
        for other in old {
            let errors = session.merge(layout, other);
            self.count(&frame.queries, |c| c.errors += errors);
        }
        session.extend(time, arrival);
        session
    }

    fn add_to(&mut self, frame: &FrameRun, session: &mut Session, change: &Change<'_>) {
        for ((aggregate, arg), accumulator) in frame.calls.iter().zip(&mut session.accumulators) {
            let value = arg.as_ref().map(|arg| self.value_or_null(&frame.queries, arg.eval(change.row)));
            if aggregate.add(accumulator, value.as_ref()).is_err() {
                self.count(&frame.queries, |c| c.errors += 1);
            }
        }
    }

    /// Writes the tombstones of the old sessions, then the new one.
    fn write_session(
        &mut self,
        frame: &FrameRun,
        group: Grouped<'_>,
        session: &mut Session,
        old: &[Window],
        were_in: &[bool],
        in_place: bool,
    ) {
        let mut fired = std::mem::take(&mut session.fired);
        let row = group.row(frame, session);
        let mut values = self.scratch.rows.take();
        for (i, output) in frame.outputs.iter().enumerate().filter(|(_, output)| !output.is_final) {
            let passes = row.passes(&mut values, output);
            let passes = self.test_or_false(&[output.query], passes);
            let was_in = |place: usize| were_in[place * frame.outputs.len() + i];
            for (place, window) in old.iter().enumerate() {
                let leaves = if in_place { !passes } else { true };
                if leaves && was_in(place) {
                    let gone = FrameRow { window: Some(*window), time: window.end, ..row };
                    gone.retract(self, output, &mut values, passes);
                }
            }
            if passes && self.fires(output, &mut fired) {
                row.feed(self, output, &mut values, false);
            }
        }
        self.scratch.rows.give(values);
        session.fired = fired;
    }

    fn fires(&mut self, output: &FrameOutputRun, fired: &mut Vec<usize>) -> bool {
        let Some(first) = output.first else { return true };
        let is_first = !fired.contains(&first);
        if is_first {
            fired.push(first);
        } else {
            self.count(&[output.query], |c| c.suppressed += 1);
        }
        is_first
    }
}

impl FrameOutputRun {
    /// Whether a session that was written is taken back when it goes into another.
    fn takes_back(&self) -> bool {
        self.first.is_none() && !self.is_final
    }
}
