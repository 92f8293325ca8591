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
pub struct Shown {
    kind: Progress,
    what: &'static str,
    bar: ProgressBar,
    last: Instant,
    last_position: u64,
    last_done: u64,
}

impl Shown {
    /// Begins, `done` things having been committed before; `length` is what `advance` counts up to, where it
    /// is known.
    pub fn new(kind: Progress, what: &'static str, length: Option<u64>, done: u64) -> Self {
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
        Self { kind, what, bar, last: Instant::now(), last_position: 0, last_done: done }
    }

    /// Stands at `position` of the length, `done` things being committed.
    pub fn advance(&mut self, position: u64, length: Option<u64>, done: u64) {
        let since = self.last.elapsed();
        let every = if self.kind == Progress::Bar { Duration::from_millis(500) } else { LINE_EVERY };
        self.bar.set_position(position);
        if since < every {
            return;
        }
        let rate = done.saturating_sub(self.last_done) as f64 / since.as_secs_f64();
        let message = format!("{} {} ({}/s)", grouped(done), self.what, grouped(rate.round() as u64));
        match self.kind {
            Progress::Bar => self.bar.set_message(message),
            Progress::Lines => match length.filter(|length| *length > 0) {
                Some(length) => eprintln!("{message}{}", self.left(position, length, since)),
                None => eprintln!("{message}"),
            },
            Progress::Silent => {}
        }
        (self.last, self.last_position, self.last_done) = (Instant::now(), position, done);
    }

    /// How far it is, and how long it takes at the speed since the last line.
    fn left(&self, position: u64, length: u64, since: Duration) -> String {
        let percent = position.min(length) as f64 / length as f64 * 100.0;
        let speed = position.saturating_sub(self.last_position) as f64 / since.as_secs_f64();
        match speed > 0.0 {
            true => format!(", {percent:.0} %, {:.0} s left", length.saturating_sub(position) as f64 / speed),
            false => format!(", {percent:.0} %"),
        }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
