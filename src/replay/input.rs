//! What a replay reads: JSON records, CSV rows of transactions, CSV rows of any declared topic.

use std::io::{BufRead, Write};

use engine::plan::Program;
use engine::replay::{CellName, RecordText, ReplayError, ReplaySummary, RowsError, Session, TextRows};
use producer::{Cells, Meter, Progress, Shown, Source, Transactions};

use super::Args;
use crate::context::Context;
use crate::failure::Failure;

/// Why a replay ends early.
pub(super) enum Ended {
    Replay(ReplayError),
    Input(Failure),
}

impl From<ReplayError> for Ended {
    fn from(error: ReplayError) -> Self {
        Self::Replay(error)
    }
}

/// Shows how far it is, and whether it is to go on.
pub(super) struct Watch<'c> {
    shown: Shown,
    meter: Meter,
    context: &'c Context,
}

impl<'c> Watch<'c> {
    /// Of a source, on a terminal.
    pub(super) fn new(source: &Source, context: &'c Context) -> Self {
        let progress = if context.terminal.stderr { Progress::Bar } else { Progress::Silent };
        let (length, meter) = (source.meter.length(), source.meter.clone());
        Self { shown: Shown::new(progress, "records", length, 0), meter, context }
    }

    /// Takes the bar away.
    pub(super) fn finish(&self) {
        self.shown.finish();
    }

    fn go_on(&mut self, records: u64) -> bool {
        // Looking at the clock for each record would cost more than many a record does.
        if records.is_multiple_of(256) {
            self.shown.advance(self.meter.position(), self.meter.length(), records);
        }
        !self.context.shutdown.is_requested()
    }

    /// Ends where it is to end.
    fn check(&mut self, records: u64) -> Result<(), ReplayError> {
        if self.go_on(records) { Ok(()) } else { Err(ReplayError::Stopped(records)) }
    }
}

/// What a source turned out to be.
pub(super) enum Input {
    Json(Box<dyn BufRead>),
    /// Rows by the contract of transactions.
    Transactions(Box<Transactions>, String),
    /// Rows by the columns that the program declares.
    Rows(Box<Cells>, Box<TextRows>),
}

/// The columns by which a topic holds transactions.
const TRANSACTION: [&str; 4] = ["TRANSACTION_ID", "ACCOUNT_ID", "AMOUNT", "TIMESTAMP"];

impl Input {
    /// Tells by the content, and by what the rules declare.
    pub(super) fn new(mut source: Source, program: &Program, args: &Args) -> Result<Self, Failure> {
        if source.is_json()? {
            return match args.map.first() {
                None => Ok(Self::Json(source.content)),
                Some((column, field)) => Err(Failure::usage(format!(
                    "--map {column}={field}: {} is JSON, not CSV",
                    source.path.display()
                ))),
            };
        }
        let mut sources = program.sources.values().filter(|source| source.topic == args.topic);
        let is_contract = sources.any(|source| {
            let has = |name: &str| source.schema.columns().any(|column| column.name == name);
            TRANSACTION.iter().all(|name| has(name))
        });
        if is_contract {
            let transactions = Transactions::new(source, &args.map)?;
            return Ok(Self::Transactions(Box::new(transactions), args.topic.clone()));
        }
        let cells = Cells::new(source, &args.map)?;
        let rows = rows(program, &args.topic, &cells)?;
        Ok(Self::Rows(Box::new(cells), Box::new(rows)))
    }

    /// Feeds all of it.
    pub(super) fn feed<W: Write>(
        self,
        mut session: Session<'_, W>,
        watch: &mut Watch<'_>,
    ) -> Result<ReplaySummary, Ended> {
        match self {
            Self::Json(content) => session.feed_json(content, &mut |records| watch.go_on(records))?,
            Self::Transactions(transactions, topic) => {
                feed_transactions(&mut session, *transactions, &topic, watch)?;
            }
            Self::Rows(cells, rows) => feed_rows(&mut session, *cells, &rows, watch)?,
        }
        Ok(session.finish()?)
    }
}

fn feed_transactions<W: Write>(
    session: &mut Session<'_, W>,
    mut transactions: Transactions,
    topic: &str,
    watch: &mut Watch<'_>,
) -> Result<(), Ended> {
    while let Some(transaction) = transactions.read().map_err(in_row)? {
        let value = String::from_utf8_lossy(&transaction.to_json()).into_owned();
        let time = transaction.timestamp.timestamp_millis();
        let record = RecordText::new(topic, &transaction.account_id, value, time);
        let record = record.map_err(|error| Ended::Input(Failure::from_error(&error)))?;
        session.feed(&record)?;
        watch.check(session.fed())?;
    }
    Ok(())
}

/// The rows of a topic, with what was left out told.
fn rows(program: &Program, topic: &str, cells: &Cells) -> Result<TextRows, Failure> {
    let names = cells.names().iter();
    let names = names.map(|(name, mapped)| CellName { name: name.clone(), mapped: mapped.clone() });
    let names: Vec<_> = names.collect();
    let rows = TextRows::new(program, topic, &names).map_err(|error| {
        let message = format!("{}: {error}", cells.path().display());
        Failure::usage(message).hint(match error {
            RowsError::Topic { .. } => "--topic names the topic that the rows are records of".to_owned(),
            RowsError::Missing { example: (column, near), .. } => {
                format!("name the column of each with --map COLUMN=FIELD, for one --map {near}={column}")
            }
            RowsError::Column { .. } => "--map COLUMN=FIELD takes one of them as FIELD".to_owned(),
            RowsError::Windowed(_) | RowsError::Twice { .. } | RowsError::Format(_) => {
                "write the records as JSON".to_owned()
            }
        })
    })?;
    let unused: Vec<&str> = rows.unused(names.len()).map(|at| names[at].name.as_str()).collect();
    if !unused.is_empty() {
        tracing::info!("columns that {topic} does not have: {}", unused.join(", "));
    }
    if !rows.has_time() {
        tracing::warn!("no column is ROWTIME: every record of {topic} has the time 0 (--map COLUMN=ROWTIME)");
    }
    Ok(rows)
}

fn feed_rows<W: Write>(
    session: &mut Session<'_, W>,
    mut cells: Cells,
    rows: &TextRows,
    watch: &mut Watch<'_>,
) -> Result<(), Ended> {
    while cells.read().map_err(in_row)? {
        let record = rows.record(&|at| cells.cell(at)).map_err(|problem| in_row(cells.refuse(&problem)))?;
        session.feed_bytes(record)?;
        watch.check(session.fed())?;
    }
    Ok(())
}

/// A row that is no record stops the run: exit status 1, where a wrong file is wrong usage.
fn in_row(error: producer::Error) -> Ended {
    Ended::Input(Failure::new(error.to_string()))
}
