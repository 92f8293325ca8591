//! An idle time-out: stream time goes on although no record comes, so that EMIT FINAL writes what has ended.

use super::Run;
use super::suppress::FinalStore;
use crate::plan::StoreId;
use crate::state::Store;
use crate::task::{FrameRun, Idle};

/// The frames whose windows close after so long an idle time.
fn due(frames: &[FrameRun], idle: i64) -> impl Iterator<Item = &FrameRun> {
    frames.iter().filter(move |frame| frame.idle().is_some_and(|own| own <= idle))
}

/// Whether a frame has a window that is closed at this stream time.
fn closes(frame: &FrameRun, store: &mut impl FinalStore, time: i64) -> bool {
    let finals = frame.finals.as_ref();
    finals.is_some_and(|run| store.finals().has_closed(run.tag, time.saturating_sub(run.delay)))
}

/// The latest stream time of frames that have an idle time-out.
pub(crate) fn latest(frames: &[FrameRun], store: &Store) -> Option<i64> {
    let time = |frame: &FrameRun| match store {
        Store::Aggregates(store) => Some(store.time(frame.place)),
        Store::Sessions(store) => Some(store.time(frame.place)),
        _ => None,
    };
    frames.iter().filter(|frame| frame.idle().is_some()).filter_map(time).max()
}

/// Whether anything would be closed.
pub(crate) fn has_closing(frames: &[FrameRun], store: &mut Store, idle: Idle) -> bool {
    let mut due = due(frames, idle.millis);
    match store {
        Store::Aggregates(store) => due.any(|frame| closes(frame, store, idle.time)),
        Store::Sessions(store) => due.any(|frame| closes(frame, store, idle.time)),
        _ => false,
    }
}

impl Run<'_, '_> {
    /// Closes what is closed at the time that the idle partition has come to.
    pub(crate) fn pass_idle(&mut self, id: StoreId, frames: &[FrameRun], idle: Idle) {
        let Some(mut store) = self.stores[id].take() else { return };
        for frame in due(frames, idle.millis) {
            match &mut *store {
                Store::Aggregates(store) => self.close_idle(frame, store, idle.time),
                Store::Sessions(store) => self.close_idle(frame, store, idle.time),
                _ => {}
            }
        }
        self.stores[id] = Some(store);
    }

    /// The time goes on only where a window is waiting for it: whatever else it would do is left to records.
    fn close_idle(&mut self, frame: &FrameRun, store: &mut impl FinalStore, time: i64) {
        if let Some(run) = frame.finals.as_ref().filter(|_| closes(frame, store, time)) {
            store.set_time(frame.place, time);
            self.write_closed(frame, run, store, time);
        }
    }
}
