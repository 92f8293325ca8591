//! What was done, for the last line.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// What was done. Everything counted is committed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Totals {
    /// Profiles of accounts.
    pub profiles: u64,
    /// Transactions.
    pub transactions: u64,
    /// Labels, fraud or not.
    pub labels: u64,
    /// Labels that say fraud.
    pub frauds: u64,
    /// Transactions of each kind of fraud.
    pub kinds: BTreeMap<String, u64>,
    /// Rows of a file that went to the dead-letter topic.
    pub refused: u64,
    /// Rows of a file that an earlier run had done.
    pub resumed_at: u64,
    /// The file had been replayed to its end before: nothing was sent.
    pub already_complete: bool,
    /// It was stopped before its end.
    pub stopped: bool,
    /// By the clock.
    pub elapsed: Duration,
}

impl Totals {
    /// Adds a part's counts (not flags or times).
    pub(crate) fn add(&mut self, part: &Self) {
        self.profiles += part.profiles;
        self.transactions += part.transactions;
        self.labels += part.labels;
        self.frauds += part.frauds;
        self.refused += part.refused;
        for (kind, count) in &part.kinds {
            *self.kinds.entry(kind.clone()).or_default() += count;
        }
    }

    /// Counts a fraud.
    pub(crate) fn fraud(&mut self, kind: &str) {
        self.frauds += 1;
        match self.kinds.get_mut(kind) {
            Some(count) => *count += 1,
            None => drop(self.kinds.insert(kind.to_owned(), 1)),
        }
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.already_complete {
            return write!(
                f,
                "already complete: all {} rows were sent before; --restart begins anew",
                grouped(self.resumed_at)
            );
        }
        let seconds = self.elapsed.as_secs_f64();
        let rate = if seconds > 0.0 { self.transactions as f64 / seconds } else { 0.0 };
        let state = if self.stopped { "stopped after" } else { "sent" };
        write!(
            f,
            "{state} {} transactions in {seconds:.1} s ({}/s)",
            grouped(self.transactions),
            grouped(rate as u64)
        )?;
        if self.resumed_at > 0 {
            write!(f, ", going on from row {}", grouped(self.resumed_at))?;
        }
        write!(f, ", {} labelled fraud", grouped(self.frauds))?;
        if !self.kinds.is_empty() {
            let kinds: Vec<_> =
                self.kinds.iter().map(|(kind, n)| format!("{kind} {}", grouped(*n))).collect();
            write!(f, " ({})", kinds.join(", "))?;
        }
        if self.profiles > 0 {
            write!(f, ", {} profiles", grouped(self.profiles))?;
        }
        if self.refused > 0 {
            write!(f, ", {} bad rows in the dead-letter topic", grouped(self.refused))?;
        }
        Ok(())
    }
}

/// Digits in groups of three.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_says_what_was_done() {
        let mut totals = Totals {
            transactions: 433_257,
            elapsed: Duration::from_secs(2),
            refused: 1,
            ..Totals::default()
        };
        totals.fraud("night");
        assert_eq!(
            totals.to_string(),
            "sent 433,257 transactions in 2.0 s (216,628/s), 1 labelled fraud (night 1), 1 bad rows in the dead-letter topic"
        );
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(999), "999");
    }
}
