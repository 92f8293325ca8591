//! What one group key has: the windows of every frame, in one run of memory.
//!
//! A key that was not seen for a while is not in the cache, and each piece of it is a wait; and with many keys
//! each piece costs its own bookkeeping. So the key, the frames' heads and their windows follow one another:
//!
//! ```text
//! eight times the key's length, twice the width of texts, and one where the heads are wide (LEB128); the key's bytes
//! per frame a head: first, open, room (u8, or u32 where they are wide)
//! per frame its windows: `room` places of the stride that the layout has for the width of texts
//! ```
//!
//! The width is that of the longest text so far, so that short identifiers take little; of a longer one the first goes
//! beside, until [`Entry::settle`] makes the entry wider.
//!
//! The places of a frame are a ring: the open windows, ascending by start, begin at `first` and go on behind the
//! last place with the first one. A window that has closed leaves its place to the next one; an entry that has
//! far more room than windows gives it back when the sweep comes by.

mod head;

use std::ops::Range;

use super::keyed::Keep;
use super::layout::{FrameLayout, Shape, Width};
use super::window::{Window, WindowMut};
use super::{RestoreError, ahead, codec};
use crate::types::aggregate::Beside;
use head::{Head, NARROW, Parts, WIDE, with_room, write_prefix};

/// All that a store has for one group key.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    bytes: Box<[u8]>,
    /// What has no place in the windows.
    beside: Beside,
    /// When it last changed: see [`Keep::mark`].
    mark: u32,
    /// No window closes before this stream time, by [`coarse`]: the sweep need not look closer until then.
    closes_at: u32,
}

/// A time that takes little room: of two times the later one is never the smaller number.
pub(super) fn coarse(time: i64) -> u32 {
    (time >> 10).clamp(0, i64::from(u32::MAX)) as u32
}

/// The windows of one frame, to be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'e> {
    layout: &'e FrameLayout,
    shape: &'e Shape,
    head: Head,
    places: &'e [u8],
    beside: &'e Beside,
}

impl<'e> Frame<'e> {
    /// The open windows, ascending by start.
    pub(crate) fn windows(self) -> impl ExactSizeIterator<Item = Window<'e>> {
        (0..self.head.open as usize).map(move |n| {
            let bytes = self.place(self.head.place(n as u32));
            Window { layout: self.layout, shape: self.shape, bytes, beside: self.beside }
        })
    }

    /// Whether all of the key's values lie in the windows.
    pub(super) fn has_nothing_beside(self) -> bool {
        self.beside.is_empty()
    }

    /// The bytes that the next record may need: the newest window's, those that a new one takes, the oldest's, and
    /// should that close those of the one behind it.
    pub(super) fn likely(self) -> impl Iterator<Item = &'e [u8]> {
        let Head { open, room, .. } = self.head;
        let newest = open.checked_sub(1).map(|n| self.head.place(n));
        let next = (room > open).then(|| self.head.place(open));
        let oldest = (0..open.saturating_sub(1).min(2)).map(move |n| self.head.place(n));
        newest.into_iter().chain(next).chain(oldest).map(move |place| self.place(place))
    }

    fn place(self, place: usize) -> &'e [u8] {
        let stride = self.shape.stride;
        &self.places[place * stride..(place + 1) * stride]
    }
}

impl Keep for Entry {
    type Shape = [FrameLayout];

    fn key(&self) -> &[u8] {
        let Parts { key, heads, .. } = self.parts();
        &self.bytes[key..heads]
    }

    fn mark(&self) -> u32 {
        self.mark
    }

    fn set_mark(&mut self, mark: u32) {
        self.mark = mark;
    }

    fn write(&self, layouts: &[FrameLayout], out: &mut Vec<u8>) {
        codec::write_entry(out, layouts, self);
    }

    fn read(key: &[u8], value: &[u8], layouts: &[FrameLayout]) -> Result<Option<(Self, bool)>, RestoreError> {
        let (mut entry, is_whole) = codec::read_entry(key, value, layouts)?;
        // The sweep has to look closer.
        entry.closes_at = 0;
        Ok((!entry.is_empty(layouts.len())).then_some((entry, is_whole)))
    }

    fn size(&self) -> usize {
        self.bytes.len() + self.beside.size()
    }

    fn touch(&self) {
        ahead::touch(&self.bytes);
    }
}

impl Entry {
    /// An entry of a store of this many frames, without windows.
    pub(super) fn new(key: &[u8], frames: usize, width: Width) -> Self {
        let mut bytes = with_room(key, frames * NARROW);
        write_prefix(&mut bytes, key, width, false);
        bytes.resize(bytes.len() + frames * NARROW, 0);
        Self { bytes: bytes.into_boxed_slice(), closes_at: u32::MAX, ..Self::default() }
    }

    #[inline]
    fn parts(&self) -> Parts {
        Parts::read(&self.bytes)
    }

    /// Whether a window may be closed at this stream time, of all frames the highest.
    pub(super) fn may_close(&self, latest: i64) -> bool {
        self.closes_at <= coarse(latest)
    }

    /// A window that closes at this stream time was added.
    pub(super) fn will_close(&mut self, at: Option<i64>) {
        self.closes_at = self.closes_at.min(coarse(at.unwrap_or(i64::MAX)));
    }

    /// The part before the windows.
    pub(super) fn heads(&self, frames: usize) -> &[u8] {
        let parts = self.parts();
        &self.bytes[..parts.heads + frames * parts.head_len()]
    }

    /// The windows of a frame.
    pub(crate) fn frame<'e>(&'e self, layouts: &'e [FrameLayout], frame: usize) -> Frame<'e> {
        let head = self.head(frame);
        let places = &self.bytes[self.places(layouts, frame)];
        let (layout, width) = (&layouts[frame], self.parts().width);
        Frame { layout, shape: layout.shape(width), head, places, beside: &self.beside }
    }

    /// The windows of all frames.
    pub(super) fn frames<'e>(&'e self, layouts: &'e [FrameLayout]) -> impl Iterator<Item = Frame<'e>> {
        (0..layouts.len()).map(|frame| self.frame(layouts, frame))
    }

    /// Nothing is left in it.
    pub(super) fn is_empty(&self, frames: usize) -> bool {
        (0..frames).all(|frame| self.head(frame).open == 0)
    }

    /// Whether some window is closed at its frame's stream time.
    pub(super) fn expires_at(&self, layouts: &[FrameLayout], times: &[i64]) -> bool {
        times.iter().enumerate().any(|(frame, now)| self.frame_closes_at(layouts, frame) <= *now)
    }

    /// The stream time at which the oldest of a frame's windows closes; the highest where there is none.
    fn frame_closes_at(&self, layouts: &[FrameLayout], frame: usize) -> i64 {
        let oldest = self.frame(layouts, frame).windows().next().map(Window::start);
        oldest.and_then(|start| layouts[frame].closes_at(start, start)).unwrap_or(i64::MAX)
    }

    /// Drops what is closed by the frames' stream times `times`, and the room that is far too much by then;
    /// whether there was anything closed.
    pub(super) fn drop_closed(&mut self, layouts: &[FrameLayout], times: &[i64]) -> bool {
        let (mut expired, mut closes_at, mut is_roomy) = (false, i64::MAX, false);
        for (frame, now) in times.iter().enumerate() {
            expired |= self.expire(layouts, frame, *now);
            closes_at = closes_at.min(self.frame_closes_at(layouts, frame));
            let head = self.head(frame);
            is_roomy |= head.open * 3 < head.room;
        }
        self.closes_at = coarse(closes_at);
        if is_roomy && !self.is_empty(layouts.len()) {
            self.make_room(layouts, None, self.parts().width);
        }
        expired
    }

    /// Drops the windows of a frame that are closed at stream time `now`. Nothing more can come out of them.
    /// Whether there were any.
    pub(super) fn expire(&mut self, layouts: &[FrameLayout], frame: usize, now: i64) -> bool {
        let (mut head, layout) = (self.head(frame), &layouts[frame]);
        if head.open == 0 || layout.window.is_none() {
            return false;
        }
        let (places, open) = (self.places(layouts, frame), head.open);
        let shape = layout.shape(self.parts().width);
        let ring = &mut self.bytes[places];
        // They close in the order of their starts.
        while head.open > 0 {
            let bytes = place_mut(ring, shape, head.place(0));
            let start = shape.start(bytes);
            if layout.closes_at(start, start).is_none_or(|at| now < at) {
                break;
            }
            WindowMut { layout, shape, bytes, beside: &mut self.beside, is_new: false }.end();
            (head.first, head.open) = (head.place(1) as u32, head.open - 1);
        }
        if head.open < open {
            self.set_head(frame, head);
        }
        head.open < open
    }

    /// The window of a frame that starts at `start`, made where it is missing.
    pub(crate) fn window_mut<'e>(
        &'e mut self,
        layouts: &'e [FrameLayout],
        frame: usize,
        start: i64,
    ) -> WindowMut<'e> {
        let (head, layout) = (self.head(frame), &layouts[frame]);
        let places = self.places(layouts, frame);
        let shape = layout.shape(self.parts().width);
        let ring = &self.bytes[places.clone()];
        let start_at = |n: u32| shape.start(&ring[head.place(n) * shape.stride..]);
        // The newest is the likeliest.
        let mut n = head.open;
        while n > 0 && start_at(n - 1) > start {
            n -= 1;
        }
        if n > 0 && start_at(n - 1) == start {
            let bytes = place_mut(&mut self.bytes[places], shape, head.place(n - 1));
            return WindowMut { layout, shape, bytes, beside: &mut self.beside, is_new: false };
        }
        self.insert(layouts, frame, n, start)
    }

    /// Adds a window without values as the n-th by start.
    fn insert<'e>(
        &'e mut self,
        layouts: &'e [FrameLayout],
        frame: usize,
        n: u32,
        start: i64,
    ) -> WindowMut<'e> {
        if self.head(frame).open == self.head(frame).room {
            self.make_room(layouts, Some(frame), self.parts().width);
        }
        let layout = &layouts[frame];
        let shape = layout.shape(self.parts().width);
        let (mut head, stride) = (self.head(frame), shape.stride);
        let places = self.places(layouts, frame);
        let ring = &mut self.bytes[places.clone()];
        for later in (n..head.open).rev() {
            let from = head.place(later) * stride;
            ring.copy_within(from..from + stride, head.place(later + 1) * stride);
        }
        head.open += 1;
        self.set_head(frame, head);
        let bytes = place_mut(&mut self.bytes[places], shape, head.place(n));
        let mut window = WindowMut { layout, shape, bytes, beside: &mut self.beside, is_new: true };
        window.begin(start);
        window
    }

    /// Makes the entry wide enough for the texts that came since and have no place; how wide, where it was not.
    #[inline]
    pub(super) fn settle(&mut self, layouts: &[FrameLayout]) -> Option<Width> {
        let asked = self.beside.asked();
        (asked > 0).then(|| {
            let width = Width::of(asked).max(self.parts().width);
            self.widen(layouts, width);
            self.beside.answered();
            width
        })
    }

    /// Makes it at least so wide.
    pub(super) fn widen(&mut self, layouts: &[FrameLayout], width: Width) {
        if width > self.parts().width {
            self.make_room(layouts, None, width);
        }
    }

    /// Moves to a run of memory with room for what is open, and for some more in the frame that grows.
    fn make_room(&mut self, layouts: &[FrameLayout], grows: Option<usize>, width: Width) {
        let mut heads = Vec::with_capacity(layouts.len());
        let mut windows = 0;
        for (frame, layout) in layouts.iter().enumerate() {
            let head = self.head(frame);
            let more = if grows == Some(frame) { 1 + head.open / 4 } else { 0 };
            let room = if grows.is_none() || more > 0 { head.open + more } else { head.room };
            heads.push(Head { first: 0, room, ..head });
            windows += room as usize * layout.shape(width).stride;
        }
        let is_wide = heads.iter().any(|head| head.room > u32::from(u8::MAX));
        let head_len = if is_wide { WIDE } else { NARROW };
        let mut bytes = with_room(self.key(), heads.len() * head_len + windows);
        write_prefix(&mut bytes, self.key(), width, is_wide);
        for head in &heads {
            let at = bytes.len();
            bytes.resize(at + head_len, 0);
            head.write(&mut bytes[at..]);
        }
        let is_same = width == self.parts().width;
        let mut beside = std::mem::take(&mut self.beside);
        for ((frame, head), layout) in self.frames(layouts).zip(&heads).zip(layouts) {
            let shape = layout.shape(width);
            let end = bytes.len() + head.room as usize * shape.stride;
            for window in frame.windows() {
                if is_same {
                    bytes.extend_from_slice(window.bytes);
                } else {
                    shape.append_wider(&mut bytes, &mut beside, frame.shape, window.bytes);
                }
            }
            bytes.resize(end, 0);
        }
        debug_assert_eq!(bytes.len(), bytes.capacity());
        self.bytes = bytes.into_boxed_slice();
        self.beside = beside;
    }

    /// Where the places of a frame lie.
    fn places(&self, layouts: &[FrameLayout], frame: usize) -> Range<usize> {
        let parts = self.parts();
        let len = |frame: usize| {
            let stride = layouts[frame].shape(parts.width).stride;
            Head::read(&self.bytes[parts.head(frame)]).room as usize * stride
        };
        let start = parts.head(layouts.len()).start + (0..frame).map(len).sum::<usize>();
        start..start + len(frame)
    }

    fn head(&self, frame: usize) -> Head {
        Head::read(&self.bytes[self.parts().head(frame)])
    }

    fn set_head(&mut self, frame: usize, head: Head) {
        let at = self.parts().head(frame);
        head.write(&mut self.bytes[at]);
    }
}

fn place_mut<'b>(ring: &'b mut [u8], shape: &Shape, place: usize) -> &'b mut [u8] {
    let stride = shape.stride;
    &mut ring[place * stride..(place + 1) * stride]
}

#[cfg(test)]
mod tests;
