//! A file or stdin, plain or compressed, and how much of it has been read.
//!
//! What enters: a path. What leaves: its content, buffered. What holds: gzip and zstd are
//! known by their first bytes, never by a name; nothing is read twice, so a pipe is as good as a file.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use flate2::read::MultiGzDecoder;

use crate::error::Error;

const GZIP: [u8; 2] = [0x1f, 0x8b];
const ZSTD: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];
const BUFFER: usize = 1 << 18;

/// What is to be read.
pub struct Source {
    /// As the user named it; `stdin` for `-`.
    pub path: PathBuf,
    /// The content.
    pub content: Box<dyn BufRead>,
    /// How much has been read.
    pub meter: Meter,
}

/// How far a source has been read, in bytes as they lie on disk.
#[derive(Debug, Clone)]
pub struct Meter {
    length: Option<u64>,
    read: Arc<AtomicU64>,
}

impl Meter {
    /// How many bytes there are; None for a pipe.
    pub fn length(&self) -> Option<u64> {
        self.length
    }

    /// How many of them have been read.
    pub fn position(&self) -> u64 {
        self.read.load(Ordering::Relaxed)
    }
}

impl Source {
    /// Opens a file.
    ///
    /// # Errors
    /// It cannot be opened, or its first bytes cannot be read.
    pub fn open(path: &Path) -> Result<Self, Error> {
        Self::of(path.to_owned(), file(path))
    }

    /// Opens a file, or stdin for `-`.
    ///
    /// # Errors
    /// As of [`Source::open`].
    pub fn open_or_stdin(path: &Path) -> Result<Self, Error> {
        match path == Path::new("-") {
            true => Self::of(PathBuf::from("stdin"), Ok((Box::new(io::stdin()), None))),
            false => Self::open(path),
        }
    }

    fn of(path: PathBuf, opened: io::Result<(Box<dyn Read>, Option<u64>)>) -> Result<Self, Error> {
        let unpacked = opened.and_then(|(bytes, length)| {
            let meter = Meter { length, read: Arc::default() };
            Ok((content(Counted { bytes, read: Arc::clone(&meter.read) })?, meter))
        });
        match unpacked {
            Ok((content, meter)) => Ok(Self { path, content, meter }),
            Err(error) => Err(Error::Input { path, reason: error.to_string() }),
        }
    }

    /// Whether the content is JSON, by its first byte that is not blank; nothing at all is JSON.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn is_json(&mut self) -> Result<bool, Error> {
        loop {
            let buffer = match self.content.fill_buf() {
                Ok(buffer) => buffer,
                Err(error) => {
                    return Err(Error::Input { path: self.path.clone(), reason: error.to_string() });
                }
            };
            let blank = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            match buffer.get(blank) {
                Some(first) => return Ok(matches!(first, b'{' | b'[')),
                None if blank == 0 => return Ok(true),
                None => self.content.consume(blank),
            }
        }
    }
}

fn file(path: &Path) -> io::Result<(Box<dyn Read>, Option<u64>)> {
    let file = File::open(path)?;
    let about = file.metadata()?;
    Ok((Box::new(file), about.is_file().then_some(about.len())))
}

/// The content, unpacked where it is compressed.
fn content(mut bytes: Counted) -> io::Result<Box<dyn BufRead>> {
    let mut first = Vec::new();
    bytes.by_ref().take(ZSTD.len() as u64).read_to_end(&mut first)?;
    let (gzip, zstd) = (first.starts_with(&GZIP), first == ZSTD);
    let whole = BufReader::with_capacity(BUFFER, Cursor::new(first).chain(bytes));
    Ok(match (gzip, zstd) {
        (true, _) => Box::new(BufReader::with_capacity(BUFFER, MultiGzDecoder::new(whole))),
        (_, true) => {
            Box::new(BufReader::with_capacity(BUFFER, zstd::stream::read::Decoder::with_buffer(whole)?))
        }
        _ => Box::new(whole),
    })
}

/// Counts what is read.
struct Counted {
    bytes: Box<dyn Read>,
    read: Arc<AtomicU64>,
}

impl Read for Counted {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.bytes.read(buffer)?;
        self.read.fetch_add(count as u64, Ordering::Relaxed);
        Ok(count)
    }
}
