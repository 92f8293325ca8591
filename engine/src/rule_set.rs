//! A rule set: a whole program of rule files under a version number, as it lies in the rule-set topic.
//!
//! Enters: rule files, or the records of the topic. Leaves: records, or the newest rule set. What holds: a rule
//! set is whole or not there: its pieces carry its version and their number, the first of them is written last,
//! and a hash covers the names and texts of all files. The sets that were replaced last are kept under keys of their
//! own, since state may have been made by them. Names are those of the files without their directories,
//! so that a set is the same wherever the directory lies.

mod differences;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::plan::Since;
use crate::sql::SourceFile;

pub use differences::{Change, Differences};

/// The key of the first piece of the newest set; the others' is this, a slash and their number.
pub const KEY: &str = "rule-set";
/// What the keys of a set that was replaced begin with: its version follows, then as above.
pub const REPLACED: &str = "rule-set-was";
/// How many sets are kept that were replaced: a task whose last commit was made under one of them can still be
/// brought to it, whoever was dead for how long.
pub const KEPT: u64 = 100;
/// On each piece: the version of its set, in decimal.
pub const VERSION_HEADER: &str = "rule-set.version";
/// On each piece: how many the set has, in decimal.
pub const PIECES_HEADER: &str = "rule-set.pieces";

/// Of a document of another format nothing is read.
const FORMAT: u32 = 1;
/// Bytes of a piece at most: below what brokers take in a record.
const PIECE: usize = 512 << 10;

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleSet {
    /// Goes up by one with each set that is published.
    pub version: u64,
    /// Who published it, for people.
    pub publisher: String,
    /// When, in milliseconds since 1970-01-01 UTC.
    pub published_at: i64,
    /// The rule files, in the program's order.
    pub files: Vec<SourceFile>,
    /// Since which version its slots and stores are there.
    pub since: Since,
}

/// A rule set that is there but cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("version {version} of the rule set cannot be read: {why}")]
pub struct Damaged {
    /// Its version.
    pub version: u64,
    /// Why.
    pub why: String,
}

/// What a set's pieces make together.
#[derive(Serialize, Deserialize)]
struct Document {
    format: u32,
    version: u64,
    publisher: String,
    published_at: i64,
    hash: String,
    files: Vec<File>,
    #[serde(default)]
    since: Since,
}

#[derive(Serialize, Deserialize)]
struct File {
    name: String,
    text: String,
}

/// A record of the topic, to be written in this order and in one transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The record's key.
    pub key: String,
    /// The record's value.
    pub value: Vec<u8>,
}

/// The files under names that do not depend on where they lie; where two would be called alike, all names stay.
pub fn portable(files: &[SourceFile]) -> Vec<SourceFile> {
    let stem = |f: &SourceFile| {
        Path::new(&f.name).file_name().map_or_else(|| f.name.clone(), |n| n.to_string_lossy().into_owned())
    };
    let names: std::collections::BTreeSet<String> = files.iter().map(stem).collect();
    if names.len() < files.len() {
        return files.to_vec();
    }
    files.iter().map(|f| SourceFile::new(stem(f), f.text.clone())).collect()
}

/// A hash over the portable names and the texts, in hexadecimal digits: the same for the same program.
pub fn hash(files: &[SourceFile]) -> String {
    let mut hasher = Sha256::new();
    for file in portable(files) {
        for part in [&file.name, &file.text] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
    }
    hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

impl RuleSet {
    /// Settles since when all that it keeps is there: as in the set that it replaces, or from its own version on.
    #[must_use]
    pub fn after(mut self, replaced: Option<&Self>, kept: &BTreeSet<String>) -> Self {
        let version = self.version;
        let since = |name: &String| replaced.and_then(|set| set.since.get(name).copied()).unwrap_or(version);
        self.since = kept.iter().map(|name| (name.clone(), since(name))).collect();
        self
    }

    /// The hash of its files.
    pub fn hash(&self) -> String {
        hash(&self.files)
    }

    /// The records that carry it as the newest one. All of them have [`VERSION_HEADER`] and, their number,
    /// [`PIECES_HEADER`].
    ///
    /// # Errors
    /// Where a text cannot be written as JSON, which no text of Rust's is.
    pub fn pieces(&self) -> Result<Vec<Piece>, serde_json::Error> {
        self.pieces_under(KEY)
    }

    /// The records that carry it as one that was replaced.
    ///
    /// # Errors
    /// As [`RuleSet::pieces`].
    pub fn pieces_of_replaced(&self) -> Result<Vec<Piece>, serde_json::Error> {
        self.pieces_under(&replaced(self.version))
    }

    fn pieces_under(&self, name: &str) -> Result<Vec<Piece>, serde_json::Error> {
        let file = |f: SourceFile| File { name: f.name, text: f.text };
        let document = serde_json::to_vec(&Document {
            format: FORMAT,
            version: self.version,
            publisher: self.publisher.clone(),
            published_at: self.published_at,
            hash: self.hash(),
            files: portable(&self.files).into_iter().map(file).collect(),
            since: self.since.clone(),
        })?;
        let pieces = document.chunks(PIECE).enumerate();
        Ok(pieces
            .rev()
            .map(|(number, value)| Piece { key: key(name, number), value: value.to_vec() })
            .collect())
    }
}

fn key(name: &str, number: usize) -> String {
    if number == 0 { name.to_owned() } else { format!("{name}/{number}") }
}

fn replaced(version: u64) -> String {
    format!("{REPLACED}/{version}")
}

/// The version that a key of a replaced set's piece tells.
fn version_of_replaced(key: &str) -> Option<u64> {
    key.strip_prefix(REPLACED)?.strip_prefix('/')?.split('/').next()?.parse().ok()
}

/// What was read of the topic: the newest piece of each key.
#[derive(Debug, Default)]
pub struct Pieces {
    /// Of the newest set and of the one that is asked for.
    of: BTreeMap<String, (u64, usize, Vec<u8>)>,
    /// The version that is asked for.
    asked: Option<u64>,
    /// The keys of the sets that were replaced, by version.
    replaced: BTreeMap<u64, BTreeSet<String>>,
}

impl Pieces {
    /// Pieces of which those of a certain version are wanted, whether it was replaced or not.
    pub fn of_version(version: u64) -> Self {
        Self { asked: Some(version), ..Self::default() }
    }

    /// Takes in a record, in the order of the topic. True where a set may have become the newest by it. What is not
    /// of a rule set is left alone.
    pub fn take(&mut self, key: &str, version: &str, pieces: &str, value: Option<&[u8]>) -> bool {
        if let Some(version) = version_of_replaced(key) {
            let keys = self.replaced.entry(version).or_default();
            let _ = if value.is_some() { keys.insert(key.to_owned()) } else { keys.remove(key) };
            if self.asked != Some(version) {
                return false;
            }
        }
        let (Some(value), Ok(version), Ok(pieces)) = (value, version.parse(), pieces.parse()) else {
            return false;
        };
        self.of.insert(key.to_owned(), (version, pieces, value.to_vec()));
        key == KEY
    }

    /// The newest set; None where there never was one.
    ///
    /// # Errors
    /// [`Damaged`] where it is not whole, or was not written by a release that this one understands.
    pub fn newest(&self) -> Result<Option<RuleSet>, Damaged> {
        self.under(KEY)
    }

    /// The set of the version that was asked for; None where it is not there any more.
    ///
    /// # Errors
    /// As [`Pieces::newest`].
    pub fn asked(&self) -> Result<Option<RuleSet>, Damaged> {
        let Some(version) = self.asked else { return Ok(None) };
        let is_newest = self.of.get(KEY).is_some_and(|(newest, ..)| *newest == version);
        if is_newest { self.newest() } else { self.under(&replaced(version)) }
    }

    /// The keys that are done with once another set comes after this one.
    pub fn outdated(&self, newest: u64) -> impl Iterator<Item = &str> {
        let oldest = newest.saturating_sub(KEPT);
        self.replaced.range(..oldest).flat_map(|(_, keys)| keys).map(String::as_str)
    }

    fn under(&self, name: &str) -> Result<Option<RuleSet>, Damaged> {
        let Some((version, count, _)) = self.of.get(name) else { return Ok(None) };
        let damaged = |why: String| Damaged { version: *version, why };
        let mut document = Vec::new();
        for number in 0..*count {
            match self.of.get(&key(name, number)) {
                Some((of, _, value)) if of == version => document.extend_from_slice(value),
                _ => return Err(damaged(format!("piece {} of {count} is missing", number + 1))),
            }
        }
        read(&document).map(Some).map_err(damaged)
    }
}

fn read(document: &[u8]) -> Result<RuleSet, String> {
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let not_json = |error: serde_json::Error| format!("it is no document of ours: {error}");
    let Format { format } = serde_json::from_slice(document).map_err(not_json)?;
    if format != FORMAT {
        return Err(format!(
            "it has format {format}, this release reads {FORMAT}: it comes from a newer release"
        ));
    }
    let Document { version, publisher, published_at, hash, files, since, .. } =
        serde_json::from_slice(document).map_err(not_json)?;
    let files = files.into_iter().map(|f| SourceFile::new(f.name, f.text)).collect();
    let set = RuleSet { version, publisher, published_at, files, since };
    if set.hash() != hash {
        return Err("its files are not those that its hash was made of".into());
    }
    Ok(set)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn set(version: u64, bytes: usize) -> RuleSet {
        let files = vec![
            SourceFile::new("/here/10_a.sql", "-- 'é'\n".repeat(bytes / 8 + 1)),
            SourceFile::new("/here/20_b.sql", ""),
        ];
        RuleSet {
            version,
            publisher: "somebody".into(),
            published_at: 7,
            files,
            since: Since::from([("a".to_owned(), version)]),
        }
    }

    fn take(into: &mut Pieces, set: &RuleSet) {
        let pieces = set.pieces().unwrap();
        let count = pieces.len().to_string();
        for piece in &pieces {
            into.take(&piece.key, &set.version.to_string(), &count, Some(&piece.value));
        }
    }

    #[test]
    fn a_set_comes_back_whole_whatever_its_size() {
        let mut read = Pieces::default();
        assert_eq!(read.newest(), Ok(None));
        // The larger one first: what is left of it does not disturb the smaller.
        for (version, bytes) in [(1, 3 << 20), (2, 10), (3, 1 << 20)] {
            let written = set(version, bytes);
            take(&mut read, &written);
            let found = read.newest().unwrap().unwrap();
            assert_eq!((found.version, found.hash()), (version, written.hash()));
            assert_eq!(found.files[0].name, "10_a.sql");
        }
    }

    #[test]
    fn half_a_set_is_none() {
        let mut read = Pieces::default();
        take(&mut read, &set(1, 3 << 20));
        let pieces = set(2, 3 << 20).pieces().unwrap();
        let count = pieces.len().to_string();
        assert_eq!(pieces.last().unwrap().key, KEY, "the first piece is written last");
        let (head, rest) = pieces.split_last().unwrap();
        for piece in &rest[1..] {
            assert!(!read.take(&piece.key, "2", &count, Some(&piece.value)));
        }
        assert!(read.take(&head.key, "2", &count, Some(&head.value)));
        let damaged = read.newest().unwrap_err();
        assert!(damaged.to_string().contains("version 2") && damaged.why.contains("is missing"), "{damaged}");
    }

    #[test]
    fn another_format_and_another_text_are_refused() {
        let mut read = Pieces::default();
        read.take(KEY, "3", "1", Some(br#"{"format":2,"rules":[]}"#));
        assert!(read.newest().unwrap_err().why.contains("newer release"));
        let piece = set(4, 10).pieces().unwrap().remove(0);
        let text = String::from_utf8(piece.value).unwrap().replace("20_b.sql", "20_c.sql");
        read.take(KEY, "4", "1", Some(text.as_bytes()));
        assert!(read.newest().unwrap_err().why.contains("hash"));
        assert!(!read.take(KEY, "five", "1", Some(b"")), "not one of ours");
    }

    #[test]
    fn a_set_that_was_replaced_comes_back_until_many_came_after_it() {
        let mut read = Pieces::of_version(2);
        let was = set(2, 1 << 20);
        assert_eq!(read.asked(), Ok(None));
        take(&mut read, &was);
        assert_eq!(read.asked().unwrap().unwrap().version, 2, "it is the newest");
        for old in [set(1, 3 << 20), was.clone()] {
            let pieces = old.pieces_of_replaced().unwrap();
            let (version, count) = (old.version.to_string(), pieces.len().to_string());
            for piece in &pieces {
                assert!(!read.take(&piece.key, &version, &count, Some(&piece.value)));
            }
        }
        take(&mut read, &set(3, 10));
        assert_eq!(read.newest().unwrap().unwrap().version, 3);
        assert_eq!(read.asked().unwrap().unwrap().hash(), was.hash());
        assert_eq!(read.outdated(KEPT + 1).count(), 0);
        let gone: Vec<String> = read.outdated(KEPT + 2).map(str::to_owned).collect();
        assert_eq!(gone.len(), set(1, 3 << 20).pieces().unwrap().len());
        for key in &gone {
            read.take(key, "", "", None);
        }
        assert_eq!(read.outdated(KEPT + 2).count(), 0);
    }

    #[test]
    fn a_program_is_the_same_wherever_its_files_lie() {
        let at = |dir: &str| {
            vec![SourceFile::new(format!("{dir}/a.sql"), "x"), SourceFile::new(format!("{dir}/b.sql"), "y")]
        };
        assert_eq!(hash(&at("/one")), hash(&at("two/three")));
        assert_ne!(hash(&at("one")), hash(&at("one")[..1]));
        let alike = vec![SourceFile::new("one/a.sql", "x"), SourceFile::new("two/a.sql", "y")];
        assert_eq!(portable(&alike), alike);
    }
}
