//! What was found, for people and for programs.

use std::fmt;

use serde::Serialize;

/// The most findings that are kept; the others are counted.
const KEPT: usize = 1_000;

/// What is wrong with a piece of the audit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FindingKind {
    /// A row is not what was written.
    Changed,
    /// Rows are missing between others.
    Removed,
    /// A row that was not written in its place.
    Inserted,
    /// The chain's last rows are missing.
    CutOff,
    /// Some of these rows were changed, inserted or removed, and all hashes after it were made anew.
    Rewritten,
    /// The chain's row in audit_heads was changed or removed.
    HeadChanged,
    /// Published heads contradict each other, or belong to another database.
    Published,
    /// What protects the audit in the database is gone.
    Unprotected,
}

impl fmt::Display for FindingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Changed => "changed",
            Self::Removed => "removed",
            Self::Inserted => "inserted",
            Self::CutOff => "cut off",
            Self::Rewritten => "rewritten",
            Self::HeadChanged => "head changed",
            Self::Published => "published heads",
            Self::Unprotected => "unprotected",
        })
    }
}

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What it is.
    pub kind: FindingKind,
    /// The chain; None where it is about no single one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chain: Option<String>,
    /// The first row that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<i64>,
    /// The last row that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<i64>,
    /// In words.
    pub message: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.kind)?;
        if let Some(chain) = &self.chain {
            write!(f, "chain {chain}")?;
            match (self.first, self.last) {
                (Some(first), Some(last)) if first == last => write!(f, ", row {first}")?,
                (Some(first), Some(last)) => write!(f, ", rows {first} to {last}")?,
                _ => {}
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

/// A chain as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChainSummary {
    /// Its name.
    pub chain: String,
    /// How many rows there are.
    pub rows: u64,
    /// The last row's hash in hexadecimal; write it down, and a later verification can be held against it.
    pub hash: String,
    /// The last of its rows that a published head vouches for; what comes after it only the database does.
    pub published: i64,
}

/// What a verification came to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The database's id, as its first row says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<uuid::Uuid>,
    /// How many rows were checked.
    pub rows: u64,
    /// How many published heads of this database were held against them.
    pub published: u64,
    /// The chains.
    pub chains: Vec<ChainSummary>,
    /// What is wrong; at most the first thousand.
    pub findings: Vec<Finding>,
    /// How many more findings there are.
    pub more: u64,
}

impl Report {
    /// Whether the audit is as it was written.
    pub fn is_sound(&self) -> bool {
        self.findings.is_empty()
    }

    pub(super) fn add(
        &mut self,
        kind: FindingKind,
        chain: Option<&str>,
        rows: Option<(i64, i64)>,
        message: impl Into<String>,
    ) {
        if self.findings.len() >= KEPT {
            self.more += 1;
            return;
        }
        self.findings.push(Finding {
            kind,
            chain: chain.map(str::to_owned),
            first: rows.map(|rows| rows.0),
            last: rows.map(|rows| rows.1),
            message: message.into(),
        });
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for finding in &self.findings {
            writeln!(f, "{finding}")?;
        }
        if self.more > 0 {
            writeln!(f, "{} more findings", self.more)?;
        }
        let verdict =
            if self.is_sound() { "the audit is as it was written" } else { "the audit was tampered with" };
        writeln!(
            f,
            "{} rows in {} chains, held against {} published heads: {verdict}",
            self.rows,
            self.chains.len(),
            self.published
        )?;
        for chain in &self.chains {
            writeln!(
                f,
                "  {}  {} rows, vouched for by a published head up to {}, last hash {}",
                chain.chain, chain.rows, chain.published, chain.hash
            )?;
        }
        Ok(())
    }
}
