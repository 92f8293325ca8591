//! Measurement: one decision, and how much memory the lists take.
//!
//! What enters: a database with a million list entries. What leaves: p50 and p99 of looking the lists up,
//! deciding and explaining, and the resident memory that loading the lists added. What holds: transactions
//! and alerts differ from call to call, and one in a hundred hits an entry.

use std::fmt;
use std::time::{Duration, Instant};

use chrono::Utc;
use uuid::Uuid;

use super::alerts::Alert;
use super::resident::list;
use super::row;
use crate::database::Database;
use crate::decision::{
    AlertFacts, EvidenceColumns, InForce, Inputs, TransactionFacts, decide, explanation, micros,
};
use crate::error::{Error, Result};
use crate::lists::Lists;
use crate::runtime;

/// How many decisions are timed.
const CALLS: u64 = 20_000;

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DecideReport {
    /// List entries.
    pub entries: u64,
    /// Half of all decisions took at most this.
    pub p50: Duration,
    /// 99 of 100 took at most this.
    pub p99: Duration,
    /// Resident bytes that the lists added; None where the system does not say.
    pub lists_bytes: Option<u64>,
}

impl fmt::Display for DecideReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let us = |time: Duration| time.as_secs_f64() * 1e6;
        write!(
            f,
            "decision with {} list entries: p50 {:.1} us, p99 {:.1} us",
            self.entries,
            us(self.p50),
            us(self.p99)
        )?;
        match self.lists_bytes {
            Some(bytes) => write!(f, "; the lists take {} MB of memory", bytes / 1_000_000),
            None => Ok(()),
        }
    }
}

/// Measures in an empty database.
///
/// # Errors
/// PostgreSQL fails.
pub fn decisions(owner_url: &str, entries: u64) -> Result<DecideReport> {
    crate::migrate(owner_url)?;
    let database = Database::new(owner_url, "streamguard bench")?;
    let mut lists = Lists::default();
    let mut before = None;
    let loaded = runtime()?.block_on(async {
        let mut connection = database.connect().await?;
        list(&mut connection, entries).await?;
        before = resident();
        lists.load(&mut connection).await
    });
    loaded.map_err(|error| database.error(&error))?;
    let lists_bytes = resident().zip(before).map(|(after, before)| after.saturating_sub(before));
    let (policy, now) = (InForce::default(), Utc::now());
    let mut times = Vec::with_capacity(CALLS as usize);
    let mut hits = 0;
    for number in 0..CALLS {
        let mut inputs = inputs(number)?;
        let start = Instant::now();
        inputs.list_hits = lists.hits(inputs.subjects(), now);
        let outcome = decide(&inputs, &policy.policy);
        let json = outcome.as_ref().map(|outcome| explanation(&inputs, outcome, &policy.name()));
        times.push(start.elapsed());
        hits += usize::from(json.is_some() && !inputs.list_hits.is_empty());
    }
    if entries > 0 && hits == 0 {
        return Err(Error::Setting("no transaction hit a list: nothing was measured".to_owned()));
    }
    times.sort();
    let at = |share: usize| times[times.len() * share / 100];
    Ok(DecideReport { entries, p50: at(50), p99: at(99), lists_bytes })
}

fn inputs(number: u64) -> Result<Inputs> {
    let transaction = row(number).value;
    let mut inputs = Inputs::default();
    let alert = Alert::new(number, &transaction).read().map_err(|e| Error::Setting(e.to_string()))?;
    if let Some(facts) = AlertFacts::of(&alert, &EvidenceColumns::default()) {
        inputs.add_alert(Uuid::from_u128(number.into()), facts);
    }
    inputs.transactions.insert(micros(transaction.timestamp), TransactionFacts::of(&transaction));
    Ok(inputs)
}

/// The resident memory of this process.
fn resident() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}
