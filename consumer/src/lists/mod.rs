//! The block, allow and watch lists, in memory.
//!
//! What enters: the rows of `list_entries` once, then the rows of `list_events` as they come. What leaves:
//! the entries that a transaction hits at a moment. What holds: a batch reads the newest events in its own
//! transaction, so no decision uses lists older than that; a look-up allocates nothing but its hits; a
//! million entries take about 100 bytes each.
//!
//! `entries` holds and finds them, `key` is what is compared, `address` reads networks, `follow` reads the
//! database.

mod address;
mod entries;
mod follow;
mod key;
mod texts;

use std::fmt;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::decision::TransactionFacts;
use entries::Entries;

/// The most bytes of an entry's value.
const LONGEST_VALUE: usize = 500;

/// Which field of a transaction an entry is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `account_id`.
    Account,
    /// `card_bin`, the card's first digits.
    Bin,
    /// `category`.
    Category,
    /// `country`.
    Country,
    /// `device_id`.
    Device,
    /// `ip`.
    Ip,
    /// `merchant`.
    Merchant,
}

/// What being on a list means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum ListAction {
    /// The decision is BLOCK.
    #[default]
    Block,
    /// APPROVE, except against a block.
    Allow,
    /// Noted in the decision; changes nothing by itself.
    Watch,
}

/// How an entry's value is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Match {
    /// The same text.
    Exact,
    /// The same text, upper and lower case alike.
    #[default]
    Nocase,
    /// The field begins so, upper and lower case alike; an address lies in the network.
    Prefix,
}

/// An entry that a transaction hits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ListHit {
    /// Which field.
    pub kind: Kind,
    /// The entry's value, as the list has it.
    pub value: String,
    /// Which list.
    #[serde(default)]
    pub action: ListAction,
    /// How it is compared.
    #[serde(default, rename = "match")]
    pub how: Match,
    /// Why it is on the list.
    #[serde(default)]
    pub reason: String,
    /// The entry's id in `list_entries`.
    #[serde(default)]
    pub entry: i64,
}

/// An entry, as the database has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    pub(crate) id: i64,
    pub(crate) kind: Kind,
    pub(crate) how: Match,
    pub(crate) action: ListAction,
    pub(crate) value: &'a str,
    pub(crate) reason: &'a str,
    /// Epoch microseconds; `i64::MAX`: never.
    pub(crate) expires: i64,
}

/// What of a transaction is compared with the lists.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Fields<'a>([Option<&'a str>; Kind::ALL.len()]);

/// The lists.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    entries: Entries,
    /// The number of the latest event that is in them; None: they were not read yet.
    version: Option<i64>,
}

impl Kind {
    /// All kinds, in order.
    pub const ALL: [Self; 7] =
        [Self::Account, Self::Bin, Self::Category, Self::Country, Self::Device, Self::Ip, Self::Merchant];

    /// As it is written in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Bin => "bin",
            Self::Category => "category",
            Self::Country => "country",
            Self::Device => "device",
            Self::Ip => "ip",
            Self::Merchant => "merchant",
        }
    }

    /// Reads what [`Kind::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

impl ListAction {
    /// All lists.
    pub const ALL: [Self; 3] = [Self::Block, Self::Allow, Self::Watch];

    /// As it is written in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Allow => "allow",
            Self::Watch => "watch",
        }
    }

    /// Reads what [`ListAction::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.as_str() == text)
    }
}

impl Match {
    /// All ways.
    pub const ALL: [Self; 3] = [Self::Exact, Self::Nocase, Self::Prefix];

    /// As it is written in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Nocase => "nocase",
            Self::Prefix => "prefix",
        }
    }

    /// Reads what [`Match::as_str`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|how| how.as_str() == text)
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for ListAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether an entry can be compared with anything: the checks of the database's `list_match` and
/// `list_value`.
pub(crate) fn comparable(kind: Kind, how: Option<Match>, value: &str) -> Result<(), String> {
    if value.trim().is_empty() || value.len() > LONGEST_VALUE {
        return Err(format!("the value is empty or longer than {LONGEST_VALUE} bytes"));
    }
    if matches!(kind, Kind::Ip | Kind::Bin) && how == Some(Match::Nocase) {
        return Err(format!("no match \"nocase\" for kind {kind}; one of exact, prefix"));
    }
    match kind {
        Kind::Bin if value.len() > 19 || !value.bytes().all(|b| b.is_ascii_digit()) => {
            Err(format!("not the first digits of a card: {value:?}"))
        }
        Kind::Ip => address::check(value, how),
        _ => Ok(()),
    }
}

impl<'a> Fields<'a> {
    /// None without a field.
    fn get(&self, kind: Kind) -> Option<&'a str> {
        self.0[kind as usize]
    }
}

impl<'a> From<&'a TransactionFacts> for Fields<'a> {
    fn from(facts: &'a TransactionFacts) -> Self {
        Self([
            Some(&facts.account_id),
            facts.card_bin.as_deref(),
            facts.category.as_deref(),
            facts.country.as_deref(),
            facts.device_id.as_deref(),
            facts.ip.as_deref(),
            facts.merchant.as_deref(),
        ])
    }
}

impl<'a> From<&'a events::Transaction> for Fields<'a> {
    fn from(t: &'a events::Transaction) -> Self {
        Self([
            Some(&t.account_id),
            t.card_bin.as_deref(),
            t.category.as_deref(),
            t.country.as_deref(),
            t.device_id.as_deref(),
            t.ip.as_deref(),
            t.merchant.as_deref(),
        ])
    }
}

impl From<Entry<'_>> for ListHit {
    fn from(entry: Entry<'_>) -> Self {
        Self {
            kind: entry.kind,
            value: entry.value.to_owned(),
            action: entry.action,
            how: entry.how,
            reason: entry.reason.to_owned(),
            entry: entry.id,
        }
    }
}

impl Lists {
    /// The entries that these hit at a moment, each once, in order.
    pub(crate) fn hits<'a>(
        &self,
        subjects: impl Iterator<Item = &'a TransactionFacts>,
        at: DateTime<Utc>,
    ) -> Vec<ListHit> {
        let mut hits = Vec::new();
        for subject in subjects {
            self.entries.each_hit(&subject.into(), at.timestamp_micros(), |entry| hits.push(entry.into()));
        }
        hits.sort();
        hits.dedup();
        hits
    }

    /// Whether a transaction hits any entry; allocates nothing.
    pub(crate) fn is_hit(&self, transaction: &events::Transaction, at: DateTime<Utc>) -> bool {
        let mut hit = false;
        self.entries.each_hit(&transaction.into(), at.timestamp_micros(), |_| hit = true);
        hit
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
