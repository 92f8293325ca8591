//! The store of aggregates: group key to the windows of all frames.

use super::Window;
use super::WindowMut;
use super::entry::Entry;
use super::keyed::EntryId;
use super::layout::{FrameLayout, Width};
use super::times::Times;
use super::windowed::{Expire, Windowed};

/// Aggregates by group key.
pub(crate) type AggregateStore = Windowed<Entry>;

impl Expire for Entry {
    fn empty(key: &[u8], frames: usize, width: Width) -> Self {
        Entry::new(key, frames, width)
    }

    fn settle(&mut self, layout: &[FrameLayout]) -> Option<Width> {
        Entry::settle(self, layout)
    }

    fn is_due(&self, _: &[FrameLayout], times: &Times) -> bool {
        self.may_close(times.latest())
    }

    fn expires(&self, layout: &[FrameLayout], times: &Times) -> bool {
        self.expires_at(layout, times.by_frame())
    }

    fn expire_all(&mut self, layout: &[FrameLayout], times: &Times) -> bool {
        self.drop_closed(layout, times.by_frame());
        self.is_empty(layout.len())
    }
}

impl AggregateStore {
    /// A record of time `time` reached the frame: its stream time from now on.
    pub(crate) fn advance(&mut self, frame: usize, time: i64) -> i64 {
        self.times.advance(frame, time)
    }

    /// The window of a frame that starts at `start`, for a key, about to be changed; made where it is missing.
    /// The frame's windows that are closed at `now` are dropped.
    pub(crate) fn window_mut(
        &mut self,
        frame: usize,
        id: EntryId,
        (start, now): (i64, i64),
    ) -> WindowMut<'_> {
        self.touched = id;
        let entry = self.entries.change(id, &self.layout);
        entry.expire(&self.layout, frame, now);
        let closes_at = self.layout[frame].closes_at(start, start);
        entry.will_close(closes_at);
        entry.window_mut(&self.layout, frame, start)
    }

    /// The window of a key that starts at `start`, where it is there.
    pub(crate) fn window(&mut self, frame: usize, key: &[u8], start: i64) -> Option<Window<'_>> {
        let id = self.entries.fetch(key, &self.layout)?;
        let entry = self.entries.get(id);
        entry.frame(&self.layout, frame).windows().find(|window| window.start() == start)
    }
}
