//! A CSV file, plain or gzip, and how much of it has been read.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use csv::{ByteRecord, Reader, ReaderBuilder};
use flate2::read::MultiGzDecoder;

use crate::error::Error;

const GZIP: [u8; 2] = [0x1f, 0x8b];
const BUFFER: usize = 1 << 18;

/// A CSV file that is being read.
pub(super) struct Input {
    path: PathBuf,
    csv: Reader<Box<dyn Read>>,
    length: u64,
    read: Arc<AtomicU64>,
}

impl Input {
    /// Opens the file; gzip is known by its first bytes.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        let fail = |e: io::Error| Error::Input { path: path.to_owned(), reason: e.to_string() };
        let mut file = File::open(path).map_err(fail)?;
        let length = file.metadata().map_err(fail)?.len();
        let mut first = Vec::new();
        file.by_ref().take(GZIP.len() as u64).read_to_end(&mut first).map_err(fail)?;
        let file = File::open(path).map_err(fail)?;
        let read = Arc::new(AtomicU64::new(0));
        let counted = BufReader::with_capacity(BUFFER, Counted { file, read: Arc::clone(&read) });
        let plain: Box<dyn Read> = match first == GZIP {
            true => Box::new(MultiGzDecoder::new(counted)),
            false => Box::new(counted),
        };
        // Rows of another length are bad rows, not the file's end.
        let csv = ReaderBuilder::new().flexible(true).buffer_capacity(BUFFER).from_reader(plain);
        Ok(Self { path: path.to_owned(), csv, length, read })
    }

    /// The names of the columns.
    pub(super) fn header(&mut self) -> Result<Vec<String>, Error> {
        match self.csv.byte_headers() {
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
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// How many of them have been read.
    pub(super) fn position(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }

    fn fail(&self, error: &csv::Error) -> Error {
        let line = self.csv.position().line();
        Error::Input { path: self.path.clone(), reason: format!("line {line}: {error}; is the file whole?") }
    }
}

/// Counts what is read.
struct Counted {
    file: File,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
