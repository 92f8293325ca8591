//! The stream times of a store's frames, and how many records came, for stores that go by it.

use super::RestoreError;
use super::codec;
use super::layout::FrameLayout;

/// Marks the number of records among the stream times, as if it were a frame's tag.
const ARRIVALS: [u8; 16] = [255; 16];
/// Before any record.
const NO_TIME: i64 = i64::MIN;

/// See the module.
#[derive(Debug)]
pub(crate) struct Times {
    /// Per frame the highest timestamp that reached it.
    by_frame: Vec<i64>,
    /// The highest of them.
    latest: i64,
    /// The records so far, as far as what is open tells; 0 where they are not counted.
    arrivals: i64,
    changed: bool,
}

impl Times {
    /// Of so many frames, before any record.
    pub(super) fn new(frames: usize) -> Self {
        Self { by_frame: vec![NO_TIME; frames], latest: NO_TIME, arrivals: 0, changed: false }
    }

    /// A record of time `time` reached the frame: its stream time from now on.
    pub(super) fn advance(&mut self, frame: usize, time: i64) -> i64 {
        let now = &mut self.by_frame[frame];
        if time > *now {
            *now = time;
            self.changed = true;
            self.latest = self.latest.max(time);
        }
        *now
    }

    /// One more record came; how many that makes.
    pub(super) fn count(&mut self) -> i64 {
        self.arrivals += 1;
        self.changed = true;
        self.arrivals
    }

    /// At least so many records came.
    pub(super) fn arrived(&mut self, arrivals: i64) {
        self.arrivals = self.arrivals.max(arrivals);
    }

    /// By frame.
    pub(super) fn by_frame(&self) -> &[i64] {
        &self.by_frame
    }

    /// The highest of all frames.
    pub(super) fn latest(&self) -> i64 {
        self.latest
    }

    /// Whether something changed since it was last asked.
    pub(super) fn take_changed(&mut self) -> bool {
        std::mem::take(&mut self.changed)
    }

    /// What was taken counts as changed again.
    pub(super) fn note_again(&mut self) {
        self.changed = true;
    }

    /// Appends the stream times, and as if it were another frame's how many records there were.
    pub(super) fn write(&self, layout: &[FrameLayout], out: &mut Vec<u8>) {
        codec::write_times(out, layout, &self.by_frame);
        if self.arrivals > 0 {
            out.extend_from_slice(&ARRIVALS);
            out.extend_from_slice(&self.arrivals.to_le_bytes());
        }
    }

    /// Reads what was written, as far as the layout knows the frames.
    pub(super) fn read(&mut self, bytes: &[u8], layout: &[FrameLayout]) -> Result<(), RestoreError> {
        codec::read_times(bytes, layout, &mut self.by_frame)?;
        self.latest = self.by_frame.iter().copied().max().unwrap_or(NO_TIME);
        let body = bytes.get(1..).unwrap_or_default();
        let arrivals = body.as_chunks::<24>().0.iter().find_map(|chunk| chunk.strip_prefix(&ARRIVALS));
        let arrivals = arrivals.and_then(|bytes| bytes.try_into().ok()).map(i64::from_le_bytes);
        self.arrived(arrivals.unwrap_or_default());
        Ok(())
    }
}
