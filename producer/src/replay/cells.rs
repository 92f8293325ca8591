//! The rows of a CSV file as cells, for whoever knows what they mean.

use std::path::Path;

use csv::ByteRecord;

use super::columns::mapped;
use super::input::Input;
use crate::error::Error;
use crate::source::Source;

/// Reads the rows of a CSV file with a header line.
pub struct Cells {
    input: Input,
    names: Vec<(String, Option<String>)>,
    record: ByteRecord,
}

impl Cells {
    /// Reads the header line. `map` names columns and the fields that they hold.
    ///
    /// # Errors
    /// The file cannot be read, or has no column that `map` names.
    pub fn new(source: Source, map: &[(String, String)]) -> Result<Self, Error> {
        let mut input = Input::of(source);
        let names = input.header()?;
        let mapped = mapped(input.path(), &names, map)?;
        let field = |at: usize| mapped.iter().find(|(a, _)| *a == at).map(|(_, field)| (*field).to_owned());
        let names = names.into_iter().enumerate().map(|(at, name)| (name, field(at))).collect();
        Ok(Self { input, names, record: ByteRecord::new() })
    }

    /// The file, as the user named it.
    pub fn path(&self) -> &Path {
        self.input.path()
    }

    /// The names over the cells, with the fields that they are mapped to.
    pub fn names(&self) -> &[(String, Option<String>)] {
        &self.names
    }

    /// The next row; false at the end.
    ///
    /// # Errors
    /// The file cannot be read, or the row is not UTF-8 or not as long as the header.
    pub fn read(&mut self) -> Result<bool, Error> {
        if !self.input.read(&mut self.record)? {
            return Ok(false);
        }
        if self.record.len() != self.names.len() {
            let (has, wanted) = (self.record.len(), self.names.len());
            return Err(self.refuse(&format!("has {has} columns where the header has {wanted}")));
        }
        let bad = self.record.iter().position(|cell| std::str::from_utf8(cell).is_err());
        match bad {
            None => Ok(true),
            Some(at) => Err(self.refuse(&format!("{} is not UTF-8", self.names[at].0))),
        }
    }

    /// A cell of the row.
    pub fn cell(&self, at: usize) -> &str {
        self.record.get(at).and_then(|cell| std::str::from_utf8(cell).ok()).unwrap_or_default()
    }

    /// What is wrong with the row, with file and line.
    pub fn refuse(&self, problem: &str) -> Error {
        let line = self.record.position().map_or(0, csv::Position::line);
        Error::Row { path: self.input.path().to_owned(), line, problem: problem.to_owned() }
    }
}
