//! The block list, in memory.
//!
//! What enters: the rows of `list_entries`, read again whenever `list_state` says that they changed. What
//! leaves: the entries that a transaction hits. What holds: values are compared whole and without case.

use std::collections::HashMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

use crate::decision::{ListAction, ListHit, TransactionFacts};

/// Which field of a transaction an entry is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// `account_id`.
    Account,
    /// `category`.
    Category,
    /// `country`.
    Country,
    /// `merchant`.
    Merchant,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Account, Self::Category, Self::Country, Self::Merchant];

    /// As it is written in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Category => "category",
            Self::Country => "country",
            Self::Merchant => "merchant",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The entries by kind and lower-case value.
#[derive(Debug, Default)]
pub(crate) struct Lists {
    version: i64,
    entries: [HashMap<String, String>; Kind::ALL.len()],
}

impl Lists {
    /// Reads the entries again where they changed since the last time.
    pub(crate) async fn refresh(&mut self, connection: &mut PgConnection) -> sqlx::Result<()> {
        let version: i64 =
            sqlx::query_scalar("SELECT version FROM list_state").fetch_one(&mut *connection).await?;
        if version == self.version {
            return Ok(());
        }
        let rows: Vec<(String, String)> =
            sqlx::query_as("SELECT kind, value FROM list_entries").fetch_all(connection).await?;
        *self = Self::default();
        for (kind, value) in rows {
            self.add(&kind, value);
        }
        self.version = version;
        Ok(())
    }

    fn add(&mut self, kind: &str, value: String) {
        if let Some(at) = Kind::ALL.iter().position(|k| k.as_str() == kind) {
            self.entries[at].insert(value.to_lowercase(), value);
        }
    }

    fn entry(&self, kind: Kind, value: &str) -> Option<&String> {
        let entries = &self.entries[kind as usize];
        if entries.is_empty() { None } else { entries.get(&value.to_lowercase()) }
    }

    /// The entries that these hit, each once, in order.
    pub(crate) fn hits<'a>(&self, subjects: impl Iterator<Item = &'a TransactionFacts>) -> Vec<ListHit> {
        let mut hits: Vec<ListHit> = subjects
            .flat_map(|s| {
                [
                    (Kind::Account, Some(s.account_id.as_str())),
                    (Kind::Category, s.category.as_deref()),
                    (Kind::Country, s.country.as_deref()),
                    (Kind::Merchant, s.merchant.as_deref()),
                ]
            })
            .filter_map(|(kind, field)| {
                self.entry(kind, field?).map(|value| ListHit {
                    kind,
                    value: value.clone(),
                    action: ListAction::Block,
                })
            })
            .collect();
        hits.sort();
        hits.dedup();
        hits
    }

    /// Whether a transaction hits any entry; allocates nothing where a list is empty.
    pub(crate) fn is_hit(&self, t: &events::Transaction) -> bool {
        let hit = |kind, field: Option<&str>| field.is_some_and(|field| self.entry(kind, field).is_some());
        hit(Kind::Merchant, t.merchant.as_deref())
            || hit(Kind::Account, Some(&t.account_id))
            || hit(Kind::Category, t.category.as_deref())
            || hit(Kind::Country, t.country.as_deref())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_match_whole_and_without_case() {
        let mut lists = Lists::default();
        lists.add("merchant", "AliExpress".into());
        lists.add("country", "Süd".into());
        let facts = |merchant: &str, country: &str| TransactionFacts {
            account_id: "AliExpress".into(),
            merchant: Some(merchant.into()),
            country: Some(country.into()),
            ..TransactionFacts::default()
        };
        let hits = |merchant, country| lists.hits([facts(merchant, country)].iter());
        assert_eq!(hits("ALIEXPRESS", "x").len(), 1);
        assert_eq!(hits("aliexpress", "SÜD").len(), 2);
        assert_eq!(hits("AliExpress shop", "x"), []);
    }
}
