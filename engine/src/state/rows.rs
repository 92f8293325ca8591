//! The windows of a frame as the body of its slot in a changelog.
//!
//! ```text
//! head      how many calls and firsts (u16 each); per call its tag (16 bytes) and its cell's width (u16); per
//!           first its tag; how many windows (u32)
//! windows   each: start, time (i64), a bit per first, the cells of the calls, these two as they lie in memory
//! beside    until the end, what has no place in a cell: which window (u32), which call (u16), the accumulator
//! ```
//!
//! However long the texts in an entry's windows may be in memory, here a cell has room for the longest.
//!
//! Whoever reads it may know fewer calls or others: the head says where they are. In a cell whose value lies
//! beside are zeros, but for the mark that it does.

use super::entry::{Entry, Frame};
use super::layout::{FrameLayout, Width};
use super::window::Window;
use crate::plan::Fingerprint;
use crate::types::aggregate::Accumulator;

/// Bytes of a row's start and time.
const TIMES: usize = 16;

/// Appends the windows of a frame.
pub(super) fn write(out: &mut Vec<u8>, layout: &FrameLayout, frame: Frame<'_>) {
    out.extend_from_slice(&(layout.calls.len() as u16).to_le_bytes());
    out.extend_from_slice(&(layout.firsts.len() as u16).to_le_bytes());
    for ((tag, _), (_, cell)) in layout.calls.iter().zip(&layout.log_shape().cells) {
        out.extend_from_slice(&tag.0);
        out.extend_from_slice(&(cell.width() as u16).to_le_bytes());
    }
    layout.firsts.iter().for_each(|tag| out.extend_from_slice(&tag.0));
    out.extend_from_slice(&(frame.windows().len() as u32).to_le_bytes());
    let rows = out.len();
    for window in frame.windows() {
        out.extend_from_slice(&window.start().to_le_bytes());
        out.extend_from_slice(&window.time().to_le_bytes());
        write_cells(out, layout, &window);
    }
    if layout.log_shape().may_spill && !frame.has_nothing_beside() {
        write_beside(out, rows, layout, frame);
    }
}

/// Appends the bits of the firsts and the cells.
fn write_cells(out: &mut Vec<u8>, layout: &FrameLayout, window: &Window<'_>) {
    let (shape, wide) = (window.shape, layout.log_shape());
    if shape.stride == wide.stride {
        return out.extend_from_slice(&window.bytes[shape.fired..]);
    }
    let cells = shape.cells.first().map_or(shape.stride, |(at, _)| *at);
    out.extend_from_slice(&window.bytes[shape.fired..cells]);
    for ((at, cell), (_, wide)) in shape.cells.iter().zip(&wide.cells) {
        let end = out.len() + wide.width();
        out.extend_from_slice(&window.bytes[*at..*at + cell.width()]);
        out.resize(end, 0);
    }
}

/// Appends what lies beside, and takes the places of it out of the rows, which begin at `rows`: they are not
/// part of the state.
fn write_beside(out: &mut Vec<u8>, rows: usize, layout: &FrameLayout, frame: Frame<'_>) {
    let wide = layout.log_shape();
    let row = TIMES + wide.stride - wide.fired;
    for (n, window) in frame.windows().enumerate() {
        let cells = window.shape.cells.iter().zip(&wide.cells);
        for (call, ((at, narrow), (to, cell))) in cells.enumerate() {
            let bytes = &window.bytes[*at..*at + narrow.width()];
            let Some(accumulator) = cell.place(bytes).and_then(|place| window.beside.get(Some(place))) else {
                continue;
            };
            let start = rows + n * row + TIMES + to - wide.fired;
            cell.forget_place(&mut out[start..start + cell.width()]);
            out.extend_from_slice(&(n as u32).to_le_bytes());
            out.extend_from_slice(&(call as u16).to_le_bytes());
            accumulator.write(out);
        }
    }
}

/// Where in the rows the parts lie that the layout knows.
struct Head {
    /// Per call that was written: its place in the layout, where its cell begins, its width.
    calls: Vec<(Option<usize>, usize, usize)>,
    /// Per first that was written its place in the layout.
    firsts: Vec<Option<usize>>,
    windows: usize,
    row: usize,
}

impl Head {
    fn read(rest: &mut &[u8], layout: &FrameLayout) -> Option<Self> {
        let (calls, firsts) = (take_u16(rest)?, take_u16(rest)?);
        let mut row = TIMES + usize::from(firsts).div_ceil(8);
        let mut read_call = || {
            let (tag, width) = (take_tag(rest)?, usize::from(take_u16(rest)?));
            let call = layout.calls.iter().position(|(mine, _)| *mine == tag);
            let is_ours = call.is_none_or(|call| layout.log_shape().cells[call].1.width() == width);
            row += width;
            is_ours.then_some((call, row - width, width))
        };
        let calls = (0..calls).map(|_| read_call()).collect::<Option<_>>()?;
        let place = |tag| layout.firsts.iter().position(|mine| *mine == tag);
        let firsts = (0..firsts).map(|_| take_tag(rest).map(place)).collect::<Option<_>>()?;
        Some(Self { calls, firsts, windows: take_u32(rest)? as usize, row })
    }

    /// How long the texts in these rows are.
    fn text_width(&self, layout: &FrameLayout, rows: &[u8]) -> Width {
        let mut longest = 0;
        for row in rows.chunks_exact(self.row) {
            for (call, at, width) in &self.calls {
                let cell = call.map(|call| layout.log_shape().cells[call].1);
                longest = longest.max(cell.map_or(0, |cell| cell.text_len(&row[*at..*at + *width])));
            }
        }
        Width::of(longest)
    }

    fn is_all_known(&self) -> bool {
        self.calls.iter().all(|(call, ..)| call.is_some()) && self.firsts.iter().all(Option::is_some)
    }
}

/// Reads the windows into a frame of an entry that has none yet. Whether the layout knows all that is there;
/// None where the bytes are damaged.
pub(super) fn read(
    mut body: &[u8],
    entry: &mut Entry,
    layouts: &[FrameLayout],
    frame: usize,
) -> Option<bool> {
    let head = Head::read(&mut body, &layouts[frame])?;
    let (rows, mut beside) = body.split_at_checked(head.windows.checked_mul(head.row)?)?;
    entry.widen(layouts, head.text_width(&layouts[frame], rows));
    let mut starts: Vec<i64> = Vec::with_capacity(head.windows);
    for row in rows.chunks_exact(head.row) {
        let mut rest = row;
        let (start, time) = (take_i64(&mut rest)?, take_i64(&mut rest)?);
        if starts.last().is_some_and(|last| *last >= start) || !layouts[frame].may_start_at(start) {
            return None;
        }
        starts.push(start);
        read_row(row, &head, entry, layouts, (frame, start, time))?;
    }
    while !beside.is_empty() {
        let start = *starts.get(take_u32(&mut beside)? as usize)?;
        let (call, ..) = *head.calls.get(usize::from(take_u16(&mut beside)?))?;
        let accumulator = Accumulator::read(&mut beside)?;
        if let Some(call) = call {
            entry.window_mut(layouts, frame, start).store(call, accumulator)?;
        }
    }
    Some(head.is_all_known())
}

fn read_row(
    row: &[u8],
    head: &Head,
    entry: &mut Entry,
    layouts: &[FrameLayout],
    (frame, start, time): (usize, i64, i64),
) -> Option<()> {
    let mut window = entry.window_mut(layouts, frame, start);
    window.reach(time);
    for (first, place) in head.firsts.iter().enumerate() {
        let bits = row[TIMES + first / 8];
        if let (Some(place), 1) = (place, bits >> (first % 8) & 1) {
            window.set_fired(*place);
        }
    }
    for (call, at, width) in &head.calls {
        if let Some(call) = call {
            window.load(*call, &row[*at..*at + *width])?;
        }
    }
    Some(())
}

fn take_tag(rest: &mut &[u8]) -> Option<Fingerprint> {
    let (tag, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(Fingerprint(*tag))
}

fn take_i64(rest: &mut &[u8]) -> Option<i64> {
    let (number, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(i64::from_le_bytes(*number))
}

fn take_u32(rest: &mut &[u8]) -> Option<u32> {
    let (number, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(u32::from_le_bytes(*number))
}

fn take_u16(rest: &mut &[u8]) -> Option<u16> {
    let (number, tail) = rest.split_first_chunk()?;
    *rest = tail;
    Some(u16::from_le_bytes(*number))
}
