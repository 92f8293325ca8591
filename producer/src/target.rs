//! A file or stdout that is written, compressed where its name says so.
//!
//! What enters: bytes. What leaves: a file that is whole after [`Target::finish`]: the end of what is
//! compressed stands there only then.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use flate2::Compression;
use flate2::write::GzEncoder;
use zstd::stream::write::Encoder as ZstdEncoder;

const BUFFER: usize = 1 << 16;

/// What is written to.
pub struct Target(Packing);

enum Packing {
    Plain(BufWriter<Box<dyn Write>>),
    Gzip(GzEncoder<BufWriter<Box<dyn Write>>>),
    Zstd(ZstdEncoder<'static, BufWriter<Box<dyn Write>>>),
}

impl Target {
    /// Makes a file, gzip for a name that ends in `.gz`, zstd for `.zst`; stdout, plain, for `-`.
    ///
    /// # Errors
    /// It cannot be made.
    pub fn create(path: &Path) -> io::Result<Self> {
        if path == Path::new("-") {
            return Ok(Self(Packing::Plain(buffered(Box::new(io::stdout())))));
        }
        let file = buffered(Box::new(File::create(path)?));
        let extension = path.extension().map(|text| text.to_ascii_lowercase());
        Ok(Self(match extension.as_ref().and_then(|text| text.to_str()) {
            Some("gz" | "gzip") => Packing::Gzip(GzEncoder::new(file, Compression::default())),
            Some("zst" | "zstd") => Packing::Zstd(ZstdEncoder::new(file, zstd::DEFAULT_COMPRESSION_LEVEL)?),
            _ => Packing::Plain(file),
        }))
    }

    /// Writes what is left, and the end.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn finish(self) -> io::Result<()> {
        match self.0 {
            Packing::Plain(mut plain) => plain.flush(),
            Packing::Gzip(gzip) => gzip.finish()?.flush(),
            Packing::Zstd(zstd) => zstd.finish()?.flush(),
        }
    }
}

fn buffered(to: Box<dyn Write>) -> BufWriter<Box<dyn Write>> {
    BufWriter::with_capacity(BUFFER, to)
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Packing::Plain(plain) => plain.write(bytes),
            Packing::Gzip(gzip) => gzip.write(bytes),
            Packing::Zstd(zstd) => zstd.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Packing::Plain(plain) => plain.flush(),
            Packing::Gzip(gzip) => gzip.flush(),
            Packing::Zstd(zstd) => zstd.flush(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::source::Source;

    #[test]
    fn what_is_written_is_read_again_packed_as_its_name_says() {
        let directory = tempfile::tempdir().unwrap();
        let text = "a line of text\n".repeat(10_000);
        for (name, is_small) in [("plain.jsonl", false), ("packed.jsonl.gz", true), ("packed.ZST", true)] {
            let path = directory.path().join(name);
            let mut target = Target::create(&path).unwrap();
            target.write_all(text.as_bytes()).unwrap();
            target.finish().unwrap();
            let length = path.metadata().unwrap().len();
            assert_eq!(length < 10_000, is_small, "{name}: {length} bytes");
            let mut back = String::new();
            Source::open(&path).unwrap().content.read_to_string(&mut back).unwrap();
            assert_eq!(back, text, "{name}");
        }
    }
}
