//! Which windows a record belongs to, and which of them still take it.
//!
//! As Kafka Streams' `TimeWindows`: windows start at multiples of their advance from 0, none before 0. A
//! window is closed from stream time `end + grace` on; a record that has only closed windows is late.

use crate::plan::{WindowKind, WindowPlan};

/// The starts of the windows that take a record, oldest first.
#[derive(Debug, Clone)]
pub(super) struct Starts {
    next: i64,
    last: i64,
    advance: i64,
}

impl Starts {
    /// Of a record of time `time` (not negative) at stream time `now`. Without a window it is one group for
    /// all time, which starts at 0. Sessions are not made of starts: there are none.
    pub(super) fn open(window: Option<WindowPlan>, time: i64, now: i64) -> Self {
        let Some(window) = window else { return Self { next: 0, last: 0, advance: 1 } };
        let (size, advance) = match window.kind {
            WindowKind::Tumbling { size } => (size, size),
            WindowKind::Hopping { size, advance } => (size, advance),
            WindowKind::Session { .. } => return Self { next: 1, last: 0, advance: 1 },
        };
        let oldest = (time - size + advance).max(0) / advance * advance;
        // The first start whose window is open: start + size + grace > now.
        let closed = now.saturating_sub(size).saturating_sub(window.grace);
        let open = if closed < 0 { 0 } else { (closed / advance + 1) * advance };
        Self { next: oldest.max(open), last: time, advance }
    }
}

impl Iterator for Starts {
    type Item = i64;

    fn next(&mut self) -> Option<i64> {
        let start = self.next;
        (start <= self.last).then(|| {
            self.next += self.advance;
            start
        })
    }
}

/// The end of a window, exclusive; None without a window. A session's end is in its state.
pub(super) fn end_of(window: Option<WindowPlan>, start: i64) -> Option<i64> {
    match window?.kind {
        WindowKind::Tumbling { size } | WindowKind::Hopping { size, .. } => Some(start.saturating_add(size)),
        WindowKind::Session { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn starts(kind: WindowKind, grace: i64, time: i64, now: i64) -> Vec<i64> {
        Starts::open(Some(WindowPlan { kind, grace, idle: None }), time, now).collect()
    }

    #[test]
    fn windows_cover_their_records() {
        let tumbling = WindowKind::Tumbling { size: 10 };
        assert_eq!(starts(tumbling, 0, 9, 9), [0]);
        assert_eq!(starts(tumbling, 0, 10, 10), [10]);
        let hopping = WindowKind::Hopping { size: 10, advance: 3 };
        assert_eq!(starts(hopping, 0, 0, 0), [0]);
        assert_eq!(starts(hopping, 0, 10, 10), [3, 6, 9]);
        assert_eq!(starts(hopping, 0, 12, 12), [3, 6, 9, 12]);
    }

    #[test]
    fn a_window_closes_at_end_plus_grace() {
        let tumbling = WindowKind::Tumbling { size: 10 };
        assert_eq!(starts(tumbling, 5, 3, 14), [0]);
        assert_eq!(starts(tumbling, 5, 3, 15), [] as [i64; 0]);
        let hopping = WindowKind::Hopping { size: 10, advance: 5 };
        assert_eq!(starts(hopping, 0, 7, 10), [5]);
        assert_eq!(starts(hopping, 0, 7, 15), [] as [i64; 0]);
    }

    /// The whole of it against the definition, one start at a time.
    #[test]
    fn equals_the_definition() {
        for (size, advance, grace) in [(10, 10, 0), (10, 3, 4), (7, 1, 2), (1, 1, 0), (10, 7, 100)] {
            for time in 0..60 {
                for now in time..time + 30 {
                    let kind = WindowKind::Hopping { size, advance };
                    let want: Vec<i64> = (0..=time)
                        .filter(|start| {
                            start % advance == 0 && time < start + size && now < start + size + grace
                        })
                        .collect();
                    assert_eq!(starts(kind, grace, time, now), want, "{size} {advance} {grace} {time} {now}");
                }
            }
        }
    }
}
