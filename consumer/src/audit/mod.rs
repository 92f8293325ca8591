//! Is the audit as it was written?
//!
//! What enters: the rows of `audit_log` in order, the heads in `audit_heads`, and the heads that were
//! published to the topic `audit_heads` and to a file. What leaves: a [`Report`] with every [`Finding`]: which
//! row was changed, removed, inserted, which tail was cut off. What holds: memory does not grow with the
//! audit (a published head takes 48 bytes); nothing in the database is trusted but that hashes fit together,
//! so what a superuser has rewritten up to the chain's end shows by the published heads.
//!
//! - [`chain`] walks the rows: pure.
//! - `scan` reads them, in one snapshot.
//! - [`published`] reads what was published; `publish` publishes.

mod chain;
mod publish;
mod published;
mod report;
mod scan;

pub(crate) use publish::Publisher;
pub use published::{HEADS_FILE, Published, TOPIC};
pub use report::{ChainSummary, Finding, FindingKind, Report};

/// A database's id.
pub use uuid::Uuid;

use crate::database::Database;
use crate::error::Result;

/// Checks the whole audit of a database, whose login may read it. `published` should be read before this is
/// called: rows that are appended meanwhile are no findings then. Heads of the databases `known` are left
/// out. `progress` is told now and then how many rows were checked.
///
/// # Errors
/// The database cannot be read. Findings are no error.
pub fn verify(
    url: &str,
    published: &Published,
    known: &[Uuid],
    mut progress: impl FnMut(u64),
) -> Result<Report> {
    let database = Database::new(url, "streamguard db verify-audit")?;
    crate::runtime()?.block_on(async {
        let mut connection = database.connect().await.map_err(|error| database.error(&error))?;
        scan::snapshot(&mut connection, published, known, &mut progress)
            .await
            .map_err(|error| database.error(&error))
    })
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
