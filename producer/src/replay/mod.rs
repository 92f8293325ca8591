//! Replay of a file: its rows as transactions with their own event times.
//!
//! What enters: a CSV file (plain, gzip or zstd), a log, a request to end. What leaves: a transaction per row, a
//! label per row where the file has the truth, a dead letter per bad row, and in the same transaction of the
//! log the position in the file. What holds: whatever happens, a row is sent once; the next run of the
//! same file goes on after the last committed row.

mod cells;
mod columns;
mod input;
mod pacing;
mod position;
mod row;
mod transactions;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use broker::{Broker, Shutdown, TopicPartition, TopicSpec};
use csv::ByteRecord;
use events::{Label, headers, topics};

pub use cells::Cells;
pub use pacing::Speed;
pub use transactions::Transactions;

use crate::error::Error;
use crate::keying::{self, Key};
use crate::load::{ChunkLimits, make_topics};
use crate::pace::pause;
use crate::progress::{Progress, Shown};
use crate::publisher::{Chunk, Publisher, target};
use crate::totals::Totals;
use columns::Columns;
use input::Input;
use pacing::Pacing;
use position::Position;
use row::{Row, dead_letter};

/// What is to be replayed.
#[derive(Debug, Clone, PartialEq)]
pub struct ReplayOptions {
    /// The file: CSV with a header line, plain, gzip or zstd.
    pub input: PathBuf,
    /// How fast.
    pub speed: Speed,
    /// Columns and the fields that they hold, where the names do not say it.
    pub map: Vec<(String, String)>,
    /// From the first row, whatever earlier runs have done.
    pub restart: bool,
    /// Where the transactions go.
    pub topic: String,
    /// What the records are keyed by.
    pub key: Key,
    /// How progress is shown.
    pub progress: Progress,
}

impl ReplayOptions {
    /// The file at full speed to `transactions`, its columns recognised by name.
    pub fn new(input: impl Into<PathBuf>) -> Self {
        Self {
            input: input.into(),
            speed: Speed::Max,
            map: Vec::new(),
            restart: false,
            topic: topics::TRANSACTIONS.name.to_owned(),
            key: Key::AccountId,
            progress: Progress::Silent,
        }
    }

    /// Refuses a file that cannot be read or lacks columns, before a log is needed.
    ///
    /// # Errors
    /// What is wrong with the file or the mapping.
    pub fn check(&self) -> Result<(), Error> {
        let mut input = Input::open(&self.input)?;
        Columns::resolve(&self.input, input.header()?, &self.map).map(drop)
    }
}

/// Sends the file's rows, from where an earlier run ended, until its end or until an end is asked for.
///
/// # Errors
/// A file that cannot be read or lacks columns (nothing is sent then), a topic that is keyed otherwise, and
/// what the log refuses for good. A bad row is no error: it goes to the dead-letter topic.
pub fn replay(log: Arc<dyn Broker>, options: ReplayOptions, shutdown: Shutdown) -> Result<Totals, Error> {
    let began = Instant::now();
    let mut input = Input::open(&options.input)?;
    let columns = Columns::resolve(&options.input, input.header()?, &options.map)?;
    let more = [
        TopicSpec::retained(topics::dlq(&options.topic), topics::DLQ_PARTITIONS),
        TopicSpec::compacted(position::TOPIC, 1),
    ];
    make_topics(log.as_ref(), &options.topic, &more)?;
    keying::check_key(log.as_ref(), &options.topic, options.key)?;
    // The publisher comes first: it ends what a killed run left open, so that the position read is the last.
    let id = position::replay_id(&options.input, &options.topic)?;
    let publisher = Publisher::new(Arc::clone(&log), format!("streamguard-replay-{id}"), shutdown.clone())?;
    let position = Position::read(log.as_ref(), &id)?;
    if let Some(done) = position.as_ref().filter(|p| p.complete && !options.restart) {
        return Ok(Totals { already_complete: true, resumed_at: done.rows, ..Totals::default() });
    }
    let position = Position::begin(position, &options);
    let mut replay = Replay::new(options, columns, publisher, id, position, shutdown, &input);
    replay.rows(&mut input)?;
    replay.shown.finish();
    replay.totals.elapsed = began.elapsed();
    Ok(replay.totals)
}

struct Replay {
    columns: Columns,
    publisher: Publisher,
    id: String,
    /// As of the chunk's last row.
    position: Position,
    shutdown: Shutdown,
    key: Key,
    pacing: Pacing,
    limits: ChunkLimits,
    chunk: Chunk,
    chunk_rows: usize,
    chunk_began: Instant,
    pending: Totals,
    totals: Totals,
    shown: Shown,
    file: String,
    transactions: TopicPartition,
    labels: TopicPartition,
    dead_letters: TopicPartition,
    positions: TopicPartition,
    json: Vec<u8>,
}

impl Replay {
    fn new(
        options: ReplayOptions,
        columns: Columns,
        publisher: Publisher,
        id: String,
        position: Position,
        shutdown: Shutdown,
        input: &Input,
    ) -> Self {
        Self {
            columns,
            publisher,
            id,
            shutdown,
            key: options.key,
            pacing: Pacing::new(options.speed),
            limits: ChunkLimits::of(options.speed != Speed::Max),
            chunk: Chunk::default(),
            chunk_rows: 0,
            chunk_began: Instant::now(),
            pending: Totals::default(),
            totals: Totals { resumed_at: position.rows, ..Totals::default() },
            shown: Shown::new(options.progress, "rows", input.length(), position.rows),
            file: position.file.clone(),
            position,
            transactions: target(&options.topic),
            labels: target(topics::TRANSACTION_LABELS.name),
            dead_letters: target(&topics::dlq(&options.topic)),
            positions: target(position::TOPIC),
            json: Vec::with_capacity(512),
        }
    }

    /// All rows after the position.
    fn rows(&mut self, input: &mut Input) -> Result<(), Error> {
        let mut record = ByteRecord::new();
        for _ in 0..self.position.rows {
            if !input.read(&mut record)? || self.shutdown.is_requested() {
                break;
            }
        }
        while !self.shutdown.is_requested() {
            if !input.read(&mut record)? {
                self.position.complete = true;
                break;
            }
            let line = record.position().map_or(0, csv::Position::line);
            let row = Row::read(&self.columns, &record);
            if !self.wait_until_due(row.as_ref().ok())? {
                break;
            }
            self.add(row, &record, line);
            if self.chunk_rows >= self.limits.records || self.chunk_began.elapsed() >= self.limits.wait {
                self.commit()?;
            }
            self.shown.advance(input.position(), input.length(), self.position.rows);
        }
        self.totals.stopped = !self.position.complete;
        if self.chunk_rows > 0 || self.position.complete { self.commit() } else { Ok(()) }
    }

    /// Waits for the row's time, committing meanwhile what waits too long; false where an end is asked for.
    fn wait_until_due(&mut self, row: Option<&Row>) -> Result<bool, Error> {
        let time = row.map(|row| row.transaction.timestamp.timestamp_millis());
        loop {
            let wait = self.pacing.wait(time);
            if wait.is_zero() {
                self.pacing.sent();
                return Ok(true);
            }
            if self.shutdown.is_requested() {
                return Ok(false);
            }
            let left = self.limits.wait.saturating_sub(self.chunk_began.elapsed());
            match (self.chunk_rows > 0, left.is_zero()) {
                (true, true) => self.commit()?,
                (true, false) => pause(wait.min(left), &self.shutdown),
                (false, _) => pause(wait, &self.shutdown),
            }
        }
    }

    fn add(&mut self, row: Result<Row, String>, record: &ByteRecord, line: u64) {
        if self.chunk_rows == 0 {
            self.chunk_began = Instant::now();
        }
        self.chunk_rows += 1;
        self.position.rows += 1;
        match row {
            Ok(row) => self.add_row(&row),
            Err(reason) => self.refuse(record, line, &reason),
        }
    }

    fn add_row(&mut self, row: &Row) {
        let transaction = &row.transaction;
        let millis = transaction.timestamp.timestamp_millis();
        self.json.clear();
        transaction.write_json(&mut self.json);
        self.chunk.push(&self.transactions, millis, self.key.of(transaction).as_bytes(), &self.json);
        self.pending.transactions += 1;
        let Some(is_fraud) = row.is_fraud else { return };
        let label = Label {
            transaction_id: transaction.transaction_id.clone(),
            account_id: Some(transaction.account_id.clone()),
            is_fraud,
            kind: None,
            timestamp: Some(transaction.timestamp),
            labelled_at: None,
        };
        self.chunk.push(&self.labels, millis, label.key().as_bytes(), &label.to_json());
        self.pending.labels += 1;
        self.pending.frauds += u64::from(is_fraud);
    }

    fn refuse(&mut self, record: &ByteRecord, line: u64, reason: &str) {
        tracing::debug!(line, reason, "bad row");
        let key = headers::dead_letter_key(&self.file, 0, line.cast_signed());
        let reason = format!("line {line}: {reason}");
        let number = line.to_string();
        let all: [(&str, &[u8]); 7] = [
            (headers::DLQ_HEADERS, b"0"),
            (headers::DLQ_STAGE, b"producer"),
            (headers::DLQ_CODE, headers::dlq_code::ROW.as_bytes()),
            (headers::DLQ_REASON, reason.as_bytes()),
            (headers::DLQ_SOURCE_TOPIC, self.file.as_bytes()),
            (headers::DLQ_SOURCE_PARTITION, b"0"),
            (headers::DLQ_SOURCE_OFFSET, number.as_bytes()),
        ];
        let value = dead_letter(&self.columns, record);
        let now = chrono::Utc::now().timestamp_millis();
        self.chunk.push_with(&self.dead_letters, now, key.as_bytes(), value.as_bytes(), &all);
        self.position.refused += 1;
        self.pending.refused += 1;
    }

    /// Commits the rows and, last of the chunk, the position.
    fn commit(&mut self) -> Result<(), Error> {
        let now = chrono::Utc::now().timestamp_millis();
        self.chunk.push(&self.positions, now, self.id.as_bytes(), &self.position.to_json());
        self.publisher.commit(&mut self.chunk)?;
        self.chunk_rows = 0;
        self.totals.add(&std::mem::take(&mut self.pending));
        Ok(())
    }
}

/// The longest wait of a replay by event time, for a file with a gap of years at a slow speed.
const LONGEST_GAP: Duration = Duration::from_secs(365 * 86_400);
