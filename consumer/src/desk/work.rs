//! The analyst's verbs.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::Desk;
use crate::error::{Error, Result};

/// What something turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Fraud.
    Fraud,
    /// Not fraud.
    Legitimate,
    /// It cannot be said; of investigations only.
    Inconclusive,
}

impl Verdict {
    fn as_str(self) -> &'static str {
        match self {
            Self::Fraud => "fraud",
            Self::Legitimate => "legitimate",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// A row of `investigations`.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Investigation {
    /// Its number.
    pub id: i64,
    /// The account.
    pub account_id: String,
    /// open or closed.
    pub status: String,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// How many transactions' decisions have asked for it.
    pub transactions: i64,
    /// The highest score among them.
    pub highest_score: Option<f64>,
    /// The transaction that extended it last.
    pub last_transaction_id: String,
    /// Who works on it.
    pub assigned_to: Option<String>,
    /// What it came to.
    pub outcome: Option<String>,
}

impl Desk {
    /// Labels a transaction; returns the id in `dispositions`.
    ///
    /// # Errors
    /// Not an analyst; no such transaction; no reason.
    pub fn label_transaction(
        &mut self,
        transaction_id: &str,
        verdict: Verdict,
        reason: &str,
        kind: Option<&str>,
    ) -> Result<i64> {
        self.run(async |connection| {
            sqlx::query_scalar("SELECT label_transaction($1, $2, $3, $4)")
                .bind(transaction_id)
                .bind(verdict.as_str())
                .bind(reason)
                .bind(kind)
                .fetch_one(connection)
                .await
        })
    }

    /// Labels every transaction that crossed an alert's line; returns how many.
    ///
    /// # Errors
    /// Not an analyst; no such alert, or it names no transaction; no reason.
    pub fn label_alert(
        &mut self,
        alert_id: &str,
        verdict: Verdict,
        reason: &str,
        kind: Option<&str>,
    ) -> Result<i32> {
        let alert_id: Uuid = alert_id.parse().map_err(|_| Error::Refused {
            message: format!("{alert_id:?} is no alert id"),
            hint: Some("SELECT alert_id, account_id, rule_name FROM fraud_alerts".to_owned()),
        })?;
        self.run(async |connection| {
            sqlx::query_scalar("SELECT label_alert($1, $2, $3, $4)")
                .bind(alert_id)
                .bind(verdict.as_str())
                .bind(reason)
                .bind(kind)
                .fetch_one(connection)
                .await
        })
    }

    /// Gives an investigation to somebody; None: to this login.
    ///
    /// # Errors
    /// Not an analyst; no such investigation, or it is closed.
    pub fn assign_investigation(&mut self, investigation: i64, assignee: Option<&str>) -> Result<()> {
        self.run(async |connection| {
            sqlx::query("SELECT assign_investigation($1, coalesce($2, session_user))")
                .bind(investigation)
                .bind(assignee)
                .execute(connection)
                .await
                .map(drop)
        })
    }

    /// Closes an investigation.
    ///
    /// # Errors
    /// Not an analyst; no such investigation, or it is closed.
    pub fn close_investigation(
        &mut self,
        investigation: i64,
        outcome: Verdict,
        note: Option<&str>,
    ) -> Result<()> {
        self.run(async |connection| {
            sqlx::query("SELECT close_investigation($1, $2, $3)")
                .bind(investigation)
                .bind(outcome.as_str())
                .bind(note)
                .execute(connection)
                .await
                .map(drop)
        })
    }

    /// The investigations, those first that weigh most.
    ///
    /// # Errors
    /// The login may not read.
    pub fn investigations(&mut self, closed_too: bool, limit: i64) -> Result<Vec<Investigation>> {
        self.run(async |connection| {
            sqlx::query_as(
                "SELECT id, account_id, status, opened_at, transactions, highest_score, last_transaction_id,
                     assigned_to, outcome
                 FROM investigations WHERE status = 'open' OR $1
                 ORDER BY status DESC, highest_score DESC NULLS LAST, opened_at LIMIT $2",
            )
            .bind(closed_too)
            .bind(limit)
            .fetch_all(connection)
            .await
        })
    }

    /// Lifts the block of an account.
    ///
    /// # Errors
    /// Not an analyst; the account is not blocked; no reason.
    pub fn unblock_account(&mut self, account_id: &str, reason: &str) -> Result<()> {
        self.run(async |connection| {
            sqlx::query("SELECT unblock_account($1, $2)")
                .bind(account_id)
                .bind(reason)
                .execute(connection)
                .await
                .map(drop)
        })
    }
}
