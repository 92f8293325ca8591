//! The `core` bench: a task on bytes in memory, on one core.
//!
//! Enters: a program that reads [`TOPIC`]. Leaves: how fast its task took generated records. What holds: the
//! records are the same in every run: 285 bytes of JSON each, 10,000 accounts in turn of a fixed generator,
//! one every 10 ms of event time. Making them is not measured; all that a commit asks of the task is: the
//! changed keys' bytes are taken every 50,000 records.

pub mod state;

use std::fmt;
use std::time::{Duration, Instant};

use crate::plan::Program;
use crate::task::{InputRecord, NoHeaders, Output, QueryCounters, StreamTask, TaskError};

/// The topic that the records are on.
pub const TOPIC: &str = "transactions";
/// Bytes of a record's value.
pub const VALUE_BYTES: usize = 285;
/// How many accounts there are.
pub const ACCOUNTS: u64 = 10_000;
/// Records that are made, then measured, at a time.
const CHUNK: u64 = 50_000;
/// Event time between two records, in milliseconds.
const STEP_MS: i64 = 10;
/// 2024-01-01T21:00:00Z, so that the first hour is before the night of the rules.
const START_MS: i64 = 1_704_142_800_000;

/// What was measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoreFigures {
    /// Records taken.
    pub records: u64,
    /// The time it took.
    pub elapsed: Duration,
    /// Of which on a processor, where the system says so: others that compute at the same time show less in it.
    pub processor: Option<Duration>,
    /// Records written.
    pub written: u64,
    /// Keys whose changed bytes were taken.
    pub changes: u64,
    /// Per query of the program.
    pub counters: Vec<QueryCounters>,
}

impl CoreFigures {
    /// Records a second.
    pub fn rate(&self) -> f64 {
        self.records as f64 / self.elapsed.as_secs_f64()
    }
}

impl fmt::Display for CoreFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let share = 100.0 * self.written as f64 / self.records.max(1) as f64;
        write!(
            f,
            "{:.0} records/s ({} records in {:.3} s, {:.0} ns each; {share:.2} % written, {} changes)",
            self.rate(),
            self.records,
            self.elapsed.as_secs_f64(),
            self.elapsed.as_nanos() as f64 / self.records.max(1) as f64,
            self.changes,
        )?;
        let Some(processor) = self.processor.filter(|processor| !processor.is_zero()) else { return Ok(()) };
        write!(f, "; {:.0} a second on the processor", self.records as f64 / processor.as_secs_f64())
    }
}

/// Runs `records` records through the program's task on [`TOPIC`].
///
/// # Errors
/// The program has no such task, or it cannot run.
pub fn core(program: &Program, records: u64) -> Result<CoreFigures, TaskError> {
    let (index, input) = program.reader_of(TOPIC).unwrap_or((program.tasks.len(), 0));
    let mut task = StreamTask::new(program, index)?;
    let mut figures = CoreFigures {
        records: 0,
        elapsed: Duration::ZERO,
        processor: Some(Duration::ZERO),
        written: 0,
        changes: 0,
        counters: Vec::new(),
    };
    let (mut chunk, mut output) = (Chunk::default(), Output::new());
    while figures.records < records {
        chunk.fill(figures.records, CHUNK.min(records - figures.records));
        let (begin, processor) = (Instant::now(), on_processor());
        for i in 0..chunk.ends.len() {
            if i % StreamTask::AHEAD == 0 {
                let next = i..(i + StreamTask::AHEAD).min(chunk.ends.len());
                task.look_ahead(input, next.filter_map(|i| chunk.record(i).key));
            }
            task.process(input, &chunk.record(i), &mut output);
        }
        task.take_changes(&mut |_, _, _| figures.changes += 1);
        figures.elapsed += begin.elapsed();
        let spent = |before| Some(on_processor()?.saturating_sub(before));
        figures.processor = figures.processor.zip(processor.and_then(spent)).map(|(sum, spent)| sum + spent);
        figures.records += chunk.ends.len() as u64;
        figures.written += output.len() as u64;
        output.clear();
    }
    figures.counters = task.counters().to_vec();
    Ok(figures)
}

/// How long this thread has been on a processor, where Linux says so.
fn on_processor() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// Records in one buffer, so that nothing but their bytes is in the cache.
struct Chunk {
    accounts: u64,
    /// Each record is of the next account, not of one by chance.
    in_turn: bool,
    /// Event time between two records, in microseconds.
    step_us: u64,
    first: u64,
    keys: Vec<u8>,
    values: Vec<u8>,
    ends: Vec<(usize, usize)>,
}

impl Default for Chunk {
    fn default() -> Self {
        let (keys, values, ends) = (Vec::new(), Vec::new(), Vec::new());
        Self {
            accounts: ACCOUNTS,
            in_turn: false,
            step_us: STEP_MS as u64 * 1000,
            first: 0,
            keys,
            values,
            ends,
        }
    }
}

impl Chunk {
    fn fill(&mut self, first: u64, len: u64) {
        self.first = first;
        self.keys.clear();
        self.values.clear();
        self.ends.clear();
        for number in first..first + len {
            let random = mix(number);
            let account = if self.in_turn { number } else { random } % self.accounts;
            self.keys.extend_from_slice(format!("ACC-{account:06}").as_bytes());
            let value = value(number, account, random >> 20, self.time(number));
            self.values.extend_from_slice(value.as_bytes());
            self.ends.push((self.keys.len(), self.values.len()));
        }
    }

    fn time(&self, number: u64) -> i64 {
        START_MS + (number * self.step_us / 1000) as i64
    }

    fn record(&self, i: usize) -> InputRecord<'_> {
        let (key_start, value_start) = if i == 0 { (0, 0) } else { self.ends[i - 1] };
        let (key_end, value_end) = self.ends[i];
        let offset = (self.first + i as u64) as i64;
        InputRecord {
            partition: 0,
            offset,
            timestamp: self.time(offset as u64),
            key: Some(&self.keys[key_start..key_end]),
            value: Some(&self.values[value_start..value_end]),
            headers: &NoHeaders,
        }
    }
}

/// SplitMix64 (Steele, Lea, Flood 2014): equal numbers give equal records.
fn mix(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A transaction. Amounts are below 500 but for one in 200, which is up to 6000.
fn value(number: u64, account: u64, random: u64, ms: i64) -> String {
    let cents = if random.is_multiple_of(200) { random / 200 % 600_000 } else { random / 200 % 50_000 } + 1;
    let time =
        chrono::DateTime::from_timestamp_millis(ms).unwrap_or_default().format("%Y-%m-%dT%H:%M:%S%.3fZ");
    let mut text = format!(
        "{{\"transaction_id\":\"tx-{number:012}\",\"account_id\":\"ACC-{account:06}\",\"amount\":{}.{:02},\
         \"timestamp\":\"{time}\",\"currency\":\"EUR\",\"merchant\":\"Merchant-{:03}\",\"category\":\"groceries\",\
         \"country\":\"DE\",\"city\":\"Berlin\",\"channel\":\"pos\",\
         \"card_present\":true,\"device_id\":\"\"",
        cents / 100,
        cents % 100,
        random / 7 % 1000,
    );
    let end = text.len() - 1;
    let room = VALUE_BYTES.saturating_sub(text.len() + 1);
    text.insert_str(end, &"d".repeat(room));
    text.push('}');
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_of_one_size_and_the_same_every_time() {
        let (mut a, mut b) = (Chunk::default(), Chunk::default());
        a.fill(0, 1000);
        b.fill(500, 500);
        for i in 0..500 {
            let (early, late) = (a.record(500 + i), b.record(i));
            assert_eq!((early.key, early.value, early.timestamp), (late.key, late.value, late.timestamp));
            assert_eq!(early.value.map(<[u8]>::len), Some(VALUE_BYTES));
        }
        let value: serde_json::Value =
            serde_json::from_slice(a.record(0).value.unwrap_or_default()).unwrap_or_default();
        assert_eq!(value["account_id"].as_str().map(str::as_bytes), a.record(0).key);
    }
}
