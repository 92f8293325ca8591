//! What one group key has: the windows of every frame, in one run of memory.
//!
//! A key that was not seen for a while is not in the cache, and each piece of it is a wait; and with many keys
//! each piece costs its own bookkeeping. So the key, the frames' heads and their windows follow one another:
//!
//! ```text
//! the key's bytes
//! per frame a head: closes_at (i64), first, open, room (u32)
//! per frame its windows: `room` places of the layout's stride
//! ```
//!
//! The places of a frame are a ring: the open windows, ascending by start, begin at `first` and go on behind the
//! last place with the first one. A window that has closed leaves its place to the next one; an entry that has
//! far more room than windows gives it back when the sweep comes by.

use std::ops::Range;

use super::keyed::Keep;
use super::layout::FrameLayout;
use super::window::{Window, WindowMut, start_of};
use super::{RestoreError, ahead, codec};
use crate::types::aggregate::Beside;

/// Bytes of a frame's head.
const HEAD: usize = 20;

/// All that a store has for one group key.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    bytes: Box<[u8]>,
    key_len: u32,
    /// When it last changed: see [`Keep::mark`].
    mark: u32,
    /// No window closes before this stream time: the sweep need not look closer until then.
    pub(super) closes_at: i64,
    /// What has no place in the windows.
    beside: Beside,
}

/// The state of a frame's ring.
#[derive(Debug, Clone, Copy)]
struct Head {
    /// The stream time at which the oldest of the open windows closes; the highest where there is none.
    closes_at: i64,
    /// The place of the oldest one.
    first: u32,
    /// How many are open.
    open: u32,
    /// How many places there are.
    room: u32,
}

impl Head {
    const EMPTY: Self = Self { closes_at: i64::MAX, first: 0, open: 0, room: 0 };

    fn read(bytes: &[u8]) -> Self {
        let number = |at: usize| bytes[at..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes));
        let closes_at = bytes.first_chunk().map_or(0, |bytes| i64::from_le_bytes(*bytes));
        Self { closes_at, first: number(8), open: number(12), room: number(16) }
    }

    fn write(self, bytes: &mut [u8]) {
        bytes[..8].copy_from_slice(&self.closes_at.to_le_bytes());
        for (at, number) in [(8, self.first), (12, self.open), (16, self.room)] {
            bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
        }
    }

    /// The place of the window that is the n-th by start; with n the number of open ones, the next one's.
    fn place(self, n: u32) -> usize {
        let place = self.first + n;
        (if place < self.room { place } else { place - self.room }) as usize
    }
}

/// The windows of one frame, to be read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frame<'e> {
    layout: &'e FrameLayout,
    head: Head,
    places: &'e [u8],
    beside: &'e Beside,
}

impl<'e> Frame<'e> {
    /// The open windows, ascending by start.
    pub(crate) fn windows(self) -> impl ExactSizeIterator<Item = Window<'e>> {
        (0..self.head.open as usize).map(move |n| {
            let bytes = self.place(self.head.place(n as u32));
            Window { layout: self.layout, bytes, beside: self.beside }
        })
    }

    /// Whether all of the key's values lie in the windows.
    pub(super) fn has_nothing_beside(self) -> bool {
        self.beside.is_empty()
    }

    /// The bytes that the next record may need at stream time `now`: the newest window's, those that a new one
    /// takes, and where the oldest has closed those of the one behind it. Without a free place a new one takes
    /// the oldest's, which will have closed by then.
    pub(super) fn likely(self, now: i64) -> impl Iterator<Item = &'e [u8]> {
        let newest = self.head.open.checked_sub(1).map(|n| self.head.place(n));
        let next = (self.head.room > 0).then(|| self.head.place(self.head.open % self.head.room));
        let second = (now >= self.head.closes_at && self.head.open > 1).then(|| self.head.place(1));
        newest.into_iter().chain(next).chain(second).map(move |place| self.place(place))
    }

    fn place(self, place: usize) -> &'e [u8] {
        let stride = self.layout.shape.stride;
        &self.places[place * stride..(place + 1) * stride]
    }
}

impl Keep for Entry {
    type Shape = [FrameLayout];

    fn key(&self) -> &[u8] {
        &self.bytes[..self.key_len as usize]
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
        entry.closes_at = i64::MIN;
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
    pub(super) fn new(key: &[u8], frames: usize) -> Self {
        let mut bytes = vec![0; key.len() + frames * HEAD];
        bytes[..key.len()].copy_from_slice(key);
        bytes[key.len()..].chunks_mut(HEAD).for_each(|head| Head::EMPTY.write(head));
        Self {
            bytes: bytes.into_boxed_slice(),
            key_len: key.len() as u32,
            closes_at: i64::MAX,
            ..Self::default()
        }
    }

    /// The part before the windows.
    pub(super) fn heads(&self, frames: usize) -> &[u8] {
        &self.bytes[..self.key_len as usize + frames * HEAD]
    }

    /// The windows of a frame.
    pub(crate) fn frame<'e>(&'e self, layouts: &'e [FrameLayout], frame: usize) -> Frame<'e> {
        let head = self.head(frame);
        let places = &self.bytes[self.places(layouts, frame)];
        Frame { layout: &layouts[frame], head, places, beside: &self.beside }
    }

    /// The windows of all frames.
    pub(super) fn frames<'e>(&'e self, layouts: &'e [FrameLayout]) -> impl Iterator<Item = Frame<'e>> {
        (0..layouts.len()).map(|frame| self.frame(layouts, frame))
    }

    /// Nothing is left in it.
    pub(super) fn is_empty(&self, frames: usize) -> bool {
        (0..frames).all(|frame| self.head(frame).open == 0)
    }

    /// Drops what is closed by the frames' stream times `times`, and the room that is far too much by then;
    /// whether there was anything closed.
    pub(super) fn expire_all(&mut self, layouts: &[FrameLayout], times: &[i64]) -> bool {
        let (mut expired, mut closes_at, mut is_roomy) = (false, i64::MAX, false);
        for (frame, now) in times.iter().enumerate() {
            expired |= self.expire(layouts, frame, *now);
            let head = self.head(frame);
            closes_at = closes_at.min(head.closes_at);
            is_roomy |= head.open * 3 < head.room;
        }
        self.closes_at = closes_at;
        if is_roomy && !self.is_empty(layouts.len()) {
            self.make_room(layouts, None);
        }
        expired
    }

    /// Whether some window is closed at its frame's stream time.
    pub(super) fn expires(&self, layouts: &[FrameLayout], times: &[i64]) -> bool {
        let closed =
            |frame: usize| layouts[frame].window.is_some() && times[frame] >= self.head(frame).closes_at;
        (0..layouts.len()).any(closed)
    }

    /// Drops the windows of a frame that are closed at stream time `now`. Nothing more can come out of them.
    /// Whether there were any.
    pub(crate) fn expire(&mut self, layouts: &[FrameLayout], frame: usize, now: i64) -> bool {
        let (mut head, layout) = (self.head(frame), &layouts[frame]);
        if now < head.closes_at || layout.window.is_none() {
            return false;
        }
        let places = self.places(layouts, frame);
        let open = head.open;
        // They close in the order of their starts.
        while head.open > 0 && now >= head.closes_at {
            let ring = &mut self.bytes[places.clone()];
            let bytes = place_mut(ring, layout, head.place(0));
            WindowMut { layout, bytes, beside: &mut self.beside, is_new: false }.end();
            (head.first, head.open) = (head.place(1) as u32, head.open - 1);
            let start = (head.open > 0).then(|| start_of(&ring[head.place(0) * layout.shape.stride..]));
            head.closes_at = start.and_then(|start| layout.closes_at(start, start)).unwrap_or(i64::MAX);
        }
        self.set_head(frame, head);
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
        let ring = &self.bytes[places.clone()];
        let start_at = |n: u32| start_of(&ring[head.place(n) * layout.shape.stride..]);
        // The newest is the likeliest.
        let mut n = head.open;
        while n > 0 && start_at(n - 1) > start {
            n -= 1;
        }
        if n > 0 && start_at(n - 1) == start {
            let bytes = place_mut(&mut self.bytes[places], layout, head.place(n - 1));
            return WindowMut { layout, bytes, beside: &mut self.beside, is_new: false };
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
            self.make_room(layouts, Some(frame));
        }
        let layout = &layouts[frame];
        let (mut head, stride) = (self.head(frame), layout.shape.stride);
        let places = self.places(layouts, frame);
        let ring = &mut self.bytes[places.clone()];
        for later in (n..head.open).rev() {
            let from = head.place(later) * stride;
            ring.copy_within(from..from + stride, head.place(later + 1) * stride);
        }
        head.open += 1;
        head.closes_at = head.closes_at.min(layout.closes_at(start, start).unwrap_or(i64::MAX));
        self.set_head(frame, head);
        let bytes = place_mut(&mut self.bytes[places], layout, head.place(n));
        let mut window = WindowMut { layout, bytes, beside: &mut self.beside, is_new: true };
        window.begin(start);
        window
    }

    /// Moves to a run of memory with room for what is open, and for some more in the frame that grows.
    fn make_room(&mut self, layouts: &[FrameLayout], grows: Option<usize>) {
        let mut heads = Vec::with_capacity(layouts.len());
        let mut len = self.key_len as usize + layouts.len() * HEAD;
        for (frame, layout) in layouts.iter().enumerate() {
            let head = self.head(frame);
            let more = if grows == Some(frame) { 1 + head.open / 4 } else { 0 };
            let room = if grows.is_none() || more > 0 { head.open + more } else { head.room };
            heads.push(Head { first: 0, room, ..head });
            len += room as usize * layout.shape.stride;
        }
        let mut bytes = Vec::with_capacity(len);
        bytes.extend_from_slice(self.key());
        bytes.resize(self.key_len as usize + layouts.len() * HEAD, 0);
        for (frame, head) in self.frames(layouts).zip(&heads) {
            let end = bytes.len() + head.room as usize * frame.layout.shape.stride;
            frame.windows().for_each(|window| bytes.extend_from_slice(window.bytes));
            bytes.resize(end, 0);
        }
        self.bytes = bytes.into_boxed_slice();
        heads.into_iter().enumerate().for_each(|(frame, head)| self.set_head(frame, head));
    }

    /// Where the places of a frame lie.
    fn places(&self, layouts: &[FrameLayout], frame: usize) -> Range<usize> {
        let len =
            |(frame, layout): (usize, &FrameLayout)| self.head(frame).room as usize * layout.shape.stride;
        let heads = self.key_len as usize + layouts.len() * HEAD;
        let start = heads + layouts[..frame].iter().enumerate().map(len).sum::<usize>();
        start..start + len((frame, &layouts[frame]))
    }

    fn head(&self, frame: usize) -> Head {
        Head::read(&self.bytes[self.key_len as usize + frame * HEAD..])
    }

    fn set_head(&mut self, frame: usize, head: Head) {
        head.write(&mut self.bytes[self.key_len as usize + frame * HEAD..]);
    }
}

fn place_mut<'b>(ring: &'b mut [u8], layout: &FrameLayout, place: usize) -> &'b mut [u8] {
    let stride = layout.shape.stride;
    &mut ring[place * stride..(place + 1) * stride]
}

#[cfg(test)]
mod tests;
