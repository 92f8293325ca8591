//! The transactions of a CSV file, one by one, for whoever does not want them on a log.

use csv::ByteRecord;
use events::Transaction;

use super::columns::Columns;
use super::input::Input;
use super::row::Row;
use crate::error::Error;
use crate::source::Source;

/// Reads transactions from a CSV file with a header line. A row that is none ends it.
pub struct Transactions {
    input: Input,
    columns: Columns,
    record: ByteRecord,
}

impl Transactions {
    /// Reads the header line. `map` names columns and the fields that they hold, where names do not say it.
    ///
    /// # Errors
    /// The file cannot be read or lacks columns.
    pub fn new(source: Source, map: &[(String, String)]) -> Result<Self, Error> {
        let mut input = Input::of(source);
        let names = input.header()?;
        let columns = Columns::resolve(input.path(), names, map)?;
        Ok(Self { input, columns, record: ByteRecord::new() })
    }

    /// The next row's transaction; None at the end.
    ///
    /// # Errors
    /// The row is no transaction; the error names its line and field.
    pub fn read(&mut self) -> Result<Option<Transaction>, Error> {
        if !self.input.read(&mut self.record)? {
            return Ok(None);
        }
        let row = Row::read(&self.columns, &self.record).map_err(|problem| {
            let line = self.record.position().map_or(0, csv::Position::line);
            Error::Row { path: self.input.path().to_owned(), line, problem }
        })?;
        Ok(Some(row.transaction))
    }
}
