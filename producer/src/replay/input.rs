//! The rows of a CSV file, plain, gzip or zstd.

use std::io::BufRead;
use std::path::{Path, PathBuf};

use csv::{ByteRecord, Reader, ReaderBuilder};

use crate::error::Error;
use crate::source::{Meter, Source};

/// A CSV file that is being read.
pub(super) struct Input {
    path: PathBuf,
    csv: Reader<Box<dyn BufRead>>,
    meter: Meter,
}

impl Input {
    /// Opens the file.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        Source::open(path).map(Self::of)
    }

    /// Reads a source's rows.
    pub(super) fn of(source: Source) -> Self {
        // Rows of another length are bad rows, not the file's end.
        let csv = ReaderBuilder::new().flexible(true).from_reader(source.content);
        Self { path: source.path, csv, meter: source.meter }
    }

    /// As the user named it.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The names of the columns.
    pub(super) fn header(&mut self) -> Result<Vec<String>, Error> {
        match self.csv.byte_headers() {
            Ok(names) if names.iter().any(|name| std::str::from_utf8(name).is_err()) => Err(Error::Input {
                path: self.path.clone(),
                reason: "it is neither JSON nor CSV with a header line in UTF-8".to_owned(),
            }),
            Ok(names) => {
                Ok(names.iter().map(|name| String::from_utf8_lossy(name).trim().to_owned()).collect())
            }
            Err(error) => Err(self.fail(&error)),
        }
    }

    /// Reads the next row; false at the end.
    pub(super) fn read(&mut self, record: &mut ByteRecord) -> Result<bool, Error> {
        self.csv.read_byte_record(record).map_err(|error| self.fail(&error))
    }

    /// The file's length in bytes, as it lies on disk.
    pub(super) fn length(&self) -> Option<u64> {
        self.meter.length()
    }

    /// How many of them have been read.
    pub(super) fn position(&self) -> u64 {
        self.meter.position()
    }

    fn fail(&self, error: &csv::Error) -> Error {
        let line = self.csv.position().line();
        Error::Input { path: self.path.clone(), reason: format!("line {line}: {error}; is the file whole?") }
    }
}
