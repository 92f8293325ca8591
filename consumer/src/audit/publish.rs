//! Heads to the topic and to the file, now and then.
//!
//! What enters: `audit_heads`. What leaves: a line in the file and a message in the outbox for every chain
//! that grew since the last round. What holds: only heads that are committed are published; the file is
//! flushed before the outbox is written; a file that cannot be written is said and stops nothing.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::published::{Line, TOPIC};
use super::{hex, scan};
use crate::store::outbox::{self, Message};

/// How often heads are published: what is cut off within this time of being written is not seen by them.
pub(crate) const EVERY: Duration = Duration::from_secs(60);

/// Publishes heads.
#[derive(Debug)]
pub(crate) struct Publisher {
    file: Option<PathBuf>,
    database: Option<Uuid>,
    /// The last number of each chain that is published.
    published: BTreeMap<String, i64>,
    due: Instant,
}

impl Publisher {
    /// Heads are appended to this file too, where one is given.
    pub(crate) fn new(file: Option<PathBuf>) -> Self {
        Self { file, database: None, published: BTreeMap::new(), due: Instant::now() + EVERY }
    }

    /// Whether it is time for a round.
    pub(crate) fn is_due(&self) -> bool {
        self.due <= Instant::now()
    }

    /// Publishes what grew.
    pub(crate) async fn round(&mut self, connection: &mut PgConnection) -> sqlx::Result<()> {
        self.due = Instant::now() + EVERY;
        let lines = self.grown(connection).await?;
        if lines.is_empty() {
            return Ok(());
        }
        if let Some(path) = &self.file
            && let Err(error) = append(path, &lines)
        {
            tracing::warn!("{}: {error}; the heads of the audit go to the topic only", path.display());
        }
        let messages = lines.iter().map(|line| Message {
            topic: TOPIC,
            key: line.chain.clone(),
            value: serde_json::to_vec(line).ok(),
            headers: BTreeMap::new(),
        });
        let mut tx = connection.begin().await?;
        outbox::put(&mut tx, messages).await?;
        tx.commit().await?;
        self.published.extend(lines.into_iter().map(|line| (line.chain, line.number)));
        Ok(())
    }

    /// The heads that are not published yet.
    async fn grown(&mut self, connection: &mut PgConnection) -> sqlx::Result<Vec<Line>> {
        if self.database.is_none() {
            self.database = scan::database_id(connection).await?;
        }
        let Some(database) = self.database else { return Ok(Vec::new()) };
        let heads: Vec<(String, i64, Vec<u8>, DateTime<Utc>)> =
            sqlx::query_as("SELECT chain, number, hash, at FROM audit_heads WHERE number > 0 ORDER BY chain")
                .fetch_all(connection)
                .await?;
        Ok(heads
            .into_iter()
            .filter(|(chain, number, ..)| self.published.get(chain) != Some(number))
            .map(|(chain, number, hash, at)| Line { database, chain, number, hash: hex(&hash), at })
            .collect())
    }
}

/// Appends lines and waits until the disk has them. A line that a crash has left torn is cut off first.
fn append(path: &Path, lines: &[Line]) -> std::io::Result<()> {
    let mut text = Vec::new();
    for line in lines {
        serde_json::to_writer(&mut text, line)?;
        text.push(b'\n');
    }
    if let Some(directory) = path.parent() {
        std::fs::create_dir_all(directory)?;
    }
    let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
    let whole = whole_lines(&mut file)?;
    if whole < file.metadata()?.len() {
        file.set_len(whole)?;
    }
    file.write_all(&text)?;
    file.sync_data()
}

/// How many bytes are whole lines.
fn whole_lines(file: &mut File) -> std::io::Result<u64> {
    let mut end = file.metadata()?.len();
    let mut byte = [0];
    while end > 0 {
        file.seek(SeekFrom::Start(end - 1))?;
        file.read_exact(&mut byte)?;
        if byte == [b'\n'] {
            break;
        }
        end -= 1;
    }
    Ok(end)
}
