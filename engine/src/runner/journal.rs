//! In which order a task with several inputs took their records, commit by commit, and when it was told the time.
//!
//! Enters: the inputs as records are taken of them, and idle times as a clock decided them. Leaves: records for the
//! task's journal topic, in the transaction of the commit; on a restore, the order as it was. What holds: whoever takes
//! the inputs once more in this order gives the task what it was given before.
//!
//! ```text
//! topic    <group>-<task>-journal, partition: the task's number
//! key      commit number (i64, little-endian)
//! value    version, count of inputs and their topics, then runs: input, records, offset behind the last one;
//!          or, the count of inputs in place of an input: milliseconds idle, stream time
//! ```
//!
//! Numbers of a run are variable-length (LEB128). A run is known by its offsets, so what lies before a checkpoint
//! is told from what lies behind it without any number of a commit.

use crate::task::Idle;

/// The version that is written, and the only one that is read.
const VERSION: u8 = 1;
/// Runs of one record: it stays far below the largest record of a log, whatever the offsets are.
const RUNS: usize = 20_000;

/// What a task was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// Records.
    Run(Run),
    /// The time.
    Idle(Idle),
}

/// Records of one input, taken one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    /// Which of the task's inputs.
    pub(super) input: usize,
    /// How many.
    pub(super) records: u64,
    /// The offset behind the last of them.
    pub(super) next: i64,
}

/// What was taken since the last commit.
#[derive(Debug, Default)]
pub(super) struct Journal {
    entries: Vec<Entry>,
}

impl Journal {
    /// A record was taken.
    pub(super) fn took(&mut self, input: usize, offset: i64) {
        let next = offset + 1;
        match self.entries.last_mut() {
            Some(Entry::Run(run)) if run.input == input => {
                (run.records, run.next) = (run.records + 1, next);
            }
            _ => self.entries.push(Entry::Run(Run { input, records: 1, next })),
        }
    }

    /// The task was told the time.
    pub(super) fn passed(&mut self, idle: Idle) {
        self.entries.push(Entry::Idle(idle));
    }

    /// Whether nothing was.
    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The commit has happened.
    pub(super) fn clear(&mut self) {
        self.entries.clear();
    }

    /// The values of the records to write, for inputs of these topics.
    pub(super) fn values<'j>(&'j self, topics: &'j [&str]) -> impl Iterator<Item = Vec<u8>> + 'j {
        self.entries.chunks(RUNS).map(move |entries| encode(entries, topics))
    }
}

fn encode(entries: &[Entry], topics: &[&str]) -> Vec<u8> {
    let mut out = vec![VERSION];
    write(&mut out, topics.len() as u64);
    for topic in topics {
        write(&mut out, topic.len() as u64);
        out.extend_from_slice(topic.as_bytes());
    }
    for entry in entries {
        let (input, a, b) = match *entry {
            Entry::Run(Run { input, records, next }) => (input, records, next),
            Entry::Idle(Idle { millis, time }) => (topics.len(), millis as u64, time),
        };
        write(&mut out, input as u64);
        write(&mut out, a);
        write(&mut out, b as u64);
    }
    out
}

/// The runs of a record, for inputs of these topics. Runs of topics that are no longer among them are passed over.
/// None where it is not what was written.
pub(super) fn decode(mut bytes: &[u8], topics: &[&str]) -> Option<Vec<Entry>> {
    let (&VERSION, rest) = bytes.split_first()? else { return None };
    bytes = rest;
    let count = read(&mut bytes)?;
    let mut inputs = Vec::new();
    for _ in 0..count {
        let len = usize::try_from(read(&mut bytes)?).ok()?;
        let (name, rest) = bytes.split_at_checked(len)?;
        inputs.push(topics.iter().position(|topic| topic.as_bytes() == name));
        bytes = rest;
    }
    let mut entries = Vec::new();
    while !bytes.is_empty() {
        let input = usize::try_from(read(&mut bytes)?).ok()?;
        let (a, b) = (read(&mut bytes)?, read(&mut bytes)? as i64);
        if input == inputs.len() {
            entries.push(Entry::Idle(Idle { millis: a as i64, time: b }));
            continue;
        }
        let run = |input| Entry::Run(Run { input, records: a, next: b });
        entries.extend((*inputs.get(input)?).map(run));
    }
    Some(entries)
}

fn write(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

fn read(bytes: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn runs_of(taken: &[(usize, i64)]) -> Journal {
        let mut journal = Journal::default();
        taken.iter().for_each(|(input, offset)| journal.took(*input, *offset));
        journal
    }

    #[test]
    fn runs_come_back_in_order() {
        let journal = runs_of(&[(0, 5), (0, 9), (1, 0), (0, 1 << 40)]);
        let topics = ["a", "b"];
        let values: Vec<_> = journal.values(&topics).collect();
        assert_eq!(values.len(), 1);
        let runs = decode(&values[0], &topics).unwrap();
        let run = |input, records, next| Entry::Run(Run { input, records, next });
        assert_eq!(runs, [run(0, 2, 10), run(1, 1, 1), run(0, 1, (1 << 40) + 1)]);
        // The inputs of a task may stand in another order later, or fewer.
        assert_eq!(decode(&values[0], &["b", "c"]).unwrap(), [run(0, 1, 1)]);
        for end in 0..values[0].len() {
            assert_ne!(decode(&values[0][..end], &topics).as_ref(), Some(&runs));
        }
        let mut journal = journal;
        journal.clear();
        assert_eq!(journal.values(&topics).count(), 0);
    }

    #[test]
    fn the_time_stands_between_the_records() {
        let mut journal = runs_of(&[(1, 5)]);
        let idle = Idle { millis: 30_000, time: 1_767_323_045_000 };
        journal.passed(idle);
        journal.took(1, 6);
        assert!(!journal.is_empty());
        let value = journal.values(&["a", "b"]).next().unwrap();
        let run = |records, next| Entry::Run(Run { input: 1, records, next });
        assert_eq!(decode(&value, &["a", "b"]).unwrap(), [run(1, 6), Entry::Idle(idle), run(1, 7)]);
    }

    #[test]
    fn many_runs_are_several_records_of_bounded_size() {
        let taken: Vec<_> = (0..50_000).map(|i| (i % 2, (1 << 50) + i as i64)).collect();
        let journal = runs_of(&taken);
        let values: Vec<_> = journal.values(&["a", "b"]).collect();
        assert_eq!(values.len(), 3);
        assert!(values.iter().all(|value| value.len() < 500_000));
        let runs: Vec<_> = values.iter().flat_map(|value| decode(value, &["a", "b"]).unwrap()).collect();
        assert_eq!(runs, journal.entries);
    }
}
