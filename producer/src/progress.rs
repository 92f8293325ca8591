//! Progress of long work: a bar on a terminal, a plain line now and then in a pipe, or nothing.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use crate::totals::grouped;

/// How progress is shown, always on stderr.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Progress {
    /// Not at all.
    #[default]
    Silent,
    /// A bar that is redrawn: for a terminal.
    Bar,
    /// A line every [`LINE_EVERY`]: for a pipe or a log.
    Lines,
}

/// How often a line is written.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Progress of one piece of work.
pub(crate) struct Shown {
    kind: Progress,
    what: &'static str,
    bar: ProgressBar,
    began: Instant,
    last: Instant,
    last_done: u64,
}

impl Shown {
    /// Begins; `length` is what `advance` counts up to, where it is known.
    pub(crate) fn new(kind: Progress, what: &'static str, length: Option<u64>) -> Self {
        let bar = match (kind, length) {
            (Progress::Bar, Some(length)) => {
                ProgressBar::new(length).with_style(style("{msg} {wide_bar} {percent}% time left {eta}"))
            }
            (Progress::Bar, None) => {
                ProgressBar::new_spinner().with_style(style("{spinner} {msg} for {elapsed}"))
            }
            _ => ProgressBar::hidden(),
        };
        if kind == Progress::Bar {
            bar.enable_steady_tick(Duration::from_millis(200));
        }
        let now = Instant::now();
        Self { kind, what, bar, began: now, last: now, last_done: 0 }
    }

    /// Stands at `position` of the length, `done` things being committed.
    pub(crate) fn advance(&mut self, position: u64, length: Option<u64>, done: u64) {
        let since = self.last.elapsed();
        let every = if self.kind == Progress::Bar { Duration::from_millis(500) } else { LINE_EVERY };
        self.bar.set_position(position);
        if since < every {
            return;
        }
        let rate = done.saturating_sub(self.last_done) as f64 / since.as_secs_f64();
        let message = format!("{} {} ({}/s)", grouped(done), self.what, grouped(rate.round() as u64));
        (self.last, self.last_done) = (Instant::now(), done);
        match self.kind {
            Progress::Bar => self.bar.set_message(message),
            Progress::Lines => self.line(&message, position, length),
            Progress::Silent => {}
        }
    }

    fn line(&self, message: &str, position: u64, length: Option<u64>) {
        let share =
            length.filter(|length| *length > 0).map(|length| (position as f64 / length as f64).min(1.0));
        match share.filter(|share| *share > 0.0) {
            Some(share) => {
                let left = self.began.elapsed().as_secs_f64() * (1.0 - share) / share;
                eprintln!("{message}, {:.0} %, {left:.0} s left", share * 100.0);
            }
            None => eprintln!("{message}"),
        }
    }

    /// Takes the bar away.
    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
