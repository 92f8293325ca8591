//! The file of one store's partition.
//!
//! What holds: only what lies before the last mark counts; what lies behind it is gone at the next start, and where
//! somebody else begins to write. What does not count is cut off before more is written, so all that lies before a mark
//! was written by whoever wrote the mark, or stands under an earlier one.

use std::fs::File;
use std::io::{BufReader, Error, ErrorKind, Read, Result, Write};
use std::path::{Path, PathBuf};

use super::super::{Mark, Visit};
use super::frame::{self, Body, HEAD, Records};

/// What a file begins with: a name, and the version of all of it.
const MAGIC: [u8; 8] = *b"SGCOPY\0\x01";
/// How the name of a file ends that is being written anew.
const UNFINISHED: &str = "new";
/// How much a file grows before it is written anew, at least.
const SMALL: u64 = 16 << 20;

/// See the module.
#[derive(Debug)]
pub(super) struct LogFile {
    path: PathBuf,
    /// None: there is none yet.
    file: Option<File>,
    /// Its length.
    end: u64,
    /// The end of the last mark, and how many records lie before.
    marked: (u64, u64),
    /// How many records lie in it.
    records: u64,
    mark: Option<Mark>,
    /// Its length when it was last written anew, or first marked.
    base: u64,
    /// Counts who has begun to write: whoever was before may not go on.
    turn: u64,
}

impl LogFile {
    /// The file at `path`, as far as it is whole, where there is one.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let mut log = Self::at(path);
        let mut reader = match Frames::open(path) {
            Ok(Some(frames)) => frames,
            // Another release's, or the end came too early: it begins anew.
            Ok(None) => return remove(path).map(|()| log),
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(log),
            Err(error) => return Err(error),
        };
        while let Some(body) = reader.next()? {
            match body {
                Body::Records(count, _) => log.records += u64::from(count),
                Body::Mark(mark, base) => {
                    (log.mark, log.base, log.marked) = (Some(mark), base, (reader.at, log.records));
                }
            }
        }
        log.end = reader.at;
        log.file = Some(appending(path)?);
        log.cut()?;
        Ok(log)
    }

    /// One that is not there.
    fn at(path: &Path) -> Self {
        let path = path.to_owned();
        Self { path, file: None, end: 0, marked: (0, 0), records: 0, mark: None, base: 0, turn: 0 }
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn mark(&self) -> Option<Mark> {
        self.mark
    }

    /// How many records count.
    pub(super) fn marked_records(&self) -> u64 {
        self.marked.1
    }

    /// Begins to write: what others have written and not marked does not count, and they may not go on.
    pub(super) fn begin(&mut self) -> Result<u64> {
        self.turn += 1;
        self.cut()?;
        Ok(self.turn)
    }

    /// Whether nobody else has begun since.
    pub(super) fn is_at(&self, turn: u64) -> bool {
        self.turn == turn
    }

    /// Appends records, of which none is left.
    pub(super) fn append(&mut self, records: &mut Records) -> Result<()> {
        if records.is_empty() {
            return Ok(());
        }
        self.make()?;
        let count = records.count();
        let frame = records.take(self.end);
        self.write(&frame)?;
        self.records += count;
        Ok(())
    }

    /// What was appended counts from now on.
    pub(super) fn set_mark(&mut self, mark: Mark) -> Result<()> {
        self.make()?;
        let base = if self.base == 0 { self.end } else { self.base };
        self.write(&frame::mark(self.end, mark, base))?;
        (self.mark, self.base, self.marked) = (Some(mark), base, (self.end, self.records));
        Ok(())
    }

    /// Cuts off what does not count.
    pub(super) fn cut(&mut self) -> Result<()> {
        let to = self.marked.0.max(MAGIC.len() as u64);
        if let Some(file) = &self.file {
            // Also where a write that failed has left something.
            file.set_len(to)?;
            (self.end, self.records) = (to, self.marked.1);
        }
        Ok(())
    }

    /// Forgets all of it.
    pub(super) fn clear(&mut self) -> Result<()> {
        let turn = self.turn + 1;
        if self.file.is_some() {
            remove(&self.path)?;
        }
        *self = Self { turn, ..Self::at(&self.path) };
        Ok(())
    }

    /// What counts, to be read while others go on.
    pub(super) fn frames(&self) -> Result<Option<Frames>> {
        if self.mark.is_none() {
            return Ok(None);
        }
        let frames = Frames::open(&self.path)?;
        Ok(frames.map(|frames| Frames { end: self.marked.0, ..frames }))
    }

    /// Whether most of it has been replaced since by what comes behind.
    pub(super) fn is_overgrown(&self) -> bool {
        self.marked.0 > 2 * self.base + SMALL
    }

    /// An empty one beside it, which is to take its place.
    pub(super) fn successor(&self) -> Result<Self> {
        let path = self.path.with_extension(UNFINISHED);
        remove(&path).map(|()| Self::at(&path))
    }

    /// Takes the place of `old`, with its mark.
    pub(super) fn replace(mut self, old: &mut Self) -> Result<()> {
        if let Some(mark) = old.mark {
            self.set_mark(mark)?;
        }
        std::fs::rename(&self.path, &old.path)?;
        self.path.clone_from(&old.path);
        self.turn = old.turn + 1;
        *old = self;
        Ok(())
    }

    fn make(&mut self) -> Result<()> {
        if self.file.is_none() {
            File::create(&self.path)?.write_all(&MAGIC)?;
            self.file = Some(appending(&self.path)?);
            self.end = MAGIC.len() as u64;
        }
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        let Some(file) = &mut self.file else { return Ok(()) };
        file.write_all(bytes)?;
        self.end += bytes.len() as u64;
        Ok(())
    }
}

/// Removes what an end in the middle of writing files anew has left.
pub(super) fn remove_unfinished(dir: &Path) -> Result<()> {
    for entry in std::fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == UNFINISHED) {
            remove(&path)?;
        }
    }
    Ok(())
}

/// Removes a file, where there is one.
fn remove(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn appending(path: &Path) -> Result<File> {
    File::options().append(true).open(path)
}

/// The frames of a file, one after the other.
#[derive(Debug)]
pub(super) struct Frames {
    reader: BufReader<File>,
    /// Where the next one begins, and where the last one ends at most.
    at: u64,
    end: u64,
    body: Vec<u8>,
}

impl Frames {
    /// Of a file; None where it is none of these.
    fn open(path: &Path) -> Result<Option<Self>> {
        let mut file = File::open(path)?;
        let (mut magic, end) = ([0; MAGIC.len()], file.metadata()?.len());
        if end < MAGIC.len() as u64 {
            return Ok(None);
        }
        file.read_exact(&mut magic)?;
        let at = MAGIC.len() as u64;
        Ok((magic == MAGIC).then(|| Self { reader: BufReader::new(file), at, end, body: Vec::new() }))
    }

    /// The next one; None behind the last one that is whole.
    pub(super) fn next(&mut self) -> Result<Option<Body<'_>>> {
        let left = self.end - self.at;
        if left < HEAD as u64 {
            return Ok(None);
        }
        let mut head = [0; HEAD];
        self.reader.read_exact(&mut head)?;
        let Some(len) = frame::body_len(&head).filter(|len| *len as u64 <= left - HEAD as u64) else {
            return Ok(None);
        };
        self.body.resize(len, 0);
        self.reader.read_exact(&mut self.body)?;
        let body = frame::open(self.at, &head, &self.body);
        if body.is_some() {
            self.at += (HEAD + len) as u64;
        }
        Ok(body)
    }

    /// Visits all records, until `visit` gives false.
    pub(super) fn visit(mut self, visit: &mut Visit<'_>) -> Result<()> {
        let damaged = || Error::new(ErrorKind::InvalidData, "it is not what was written");
        let mut unpacked = Vec::new();
        while self.at < self.end {
            let Body::Records(_, packed) = self.next()?.ok_or_else(damaged)? else { continue };
            if !frame::visit(packed, &mut unpacked, visit).ok_or_else(damaged)? {
                break;
            }
        }
        Ok(())
    }
}
