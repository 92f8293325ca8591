//! How far a file has been replayed: one record of a small compacted topic, written in the transaction that
//! holds the rows.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use broker::{Broker, TopicPartition};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::ReplayOptions;
use crate::error::Error;
use crate::publisher::read_to_end;

/// Positions of replays, by replay.
pub(super) const TOPIC: &str = "streamguard_replays";

/// Bytes of the file's begin and end that tell it from another.
const SAMPLE: u64 = 1 << 20;

/// How far a file has been replayed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Position {
    /// The file's name, for people.
    pub(super) file: String,
    /// Where the rows went.
    pub(super) topic: String,
    /// Which run since the first begin; each `--restart` is one more, so that no two positions are alike.
    pub(super) run: u32,
    /// Rows done, bad ones included.
    pub(super) rows: u64,
    /// Bad ones among them.
    pub(super) refused: u64,
    /// Whether the end was reached.
    pub(super) complete: bool,
}

impl Position {
    /// The last committed position of a replay. Nothing of it may be open any more.
    pub(super) fn read(log: &dyn Broker, id: &str) -> Result<Option<Self>, Error> {
        let mut last = None;
        read_to_end(log, &TopicPartition::new(TOPIC, 0), i64::MAX, |key, value| {
            if key == Some(id.as_bytes()) {
                last = value.map(<[u8]>::to_vec);
            }
            false
        })?;
        let unreadable = |e| {
            Error::Setting(format!(
                "the position of this replay in {TOPIC} is unreadable ({e}); --restart begins anew"
            ))
        };
        last.map(|value| serde_json::from_slice(&value)).transpose().map_err(unreadable)
    }

    /// Where a run begins: where the last one ended, or anew.
    pub(super) fn begin(last: Option<Self>, options: &ReplayOptions) -> Self {
        let run = last.as_ref().map_or(0, |last| last.run);
        let fresh = |run| Self {
            file: options
                .input
                .file_name()
                .unwrap_or(options.input.as_os_str())
                .to_string_lossy()
                .into_owned(),
            topic: options.topic.clone(),
            run,
            rows: 0,
            refused: 0,
            complete: false,
        };
        match last {
            Some(last) if !options.restart => Self { complete: false, ..last },
            Some(_) => fresh(run + 1),
            None => fresh(0),
        }
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// What tells a replay from others: the file's content and the topic. The file may be moved or renamed.
pub(super) fn replay_id(path: &Path, topic: &str) -> Result<String, Error> {
    let digest =
        fingerprint(path).map_err(|e| Error::Input { path: path.to_owned(), reason: e.to_string() })?;
    let hex: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    Ok(format!("{topic}-{hex}"))
}

/// SHA-256 over the length and both ends.
fn fingerprint(path: &Path) -> std::io::Result<[u8; 32]> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut hash = Sha256::new();
    hash.update(length.to_be_bytes());
    for start in [0, length.saturating_sub(SAMPLE)] {
        let mut sample = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        file.by_ref().take(SAMPLE).read_to_end(&mut sample)?;
        hash.update(&sample);
    }
    Ok(hash.finalize().into())
}
