//! What is told: one notification, and its shapes.
//!
//! What holds: a shape is a pure function of the notification, so that every attempt says the same.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A decision that somebody is to be told of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Notification {
    /// The same at every attempt, and for no other notification.
    pub idempotency_key: String,
    /// The transaction that was decided.
    pub transaction_id: String,
    /// The version of its decision.
    pub decision_version: i32,
    /// The account.
    pub account_id: String,
    /// APPROVE, REVIEW or BLOCK.
    pub decision: String,
    /// low, medium, high or critical.
    pub severity: String,
    /// 0 to 100.
    pub score: u32,
    /// Why, in a sentence.
    pub reason: String,
    /// The transaction's event time, RFC 3339.
    pub event_time: String,
    /// When it was decided, RFC 3339.
    pub decided_at: String,
}

impl Notification {
    /// The line that a person reads first.
    pub(crate) fn subject(&self) -> String {
        format!("{} {}: account {}", self.decision, self.severity, one_line(&self.account_id))
    }

    /// For a chat: Slack's incoming webhooks take `text` and `blocks`.
    pub(crate) fn slack(&self) -> Value {
        let field = |name: &str, value: &str| json!({"type": "mrkdwn", "text": format!("*{name}*\n{}", escaped(value))});
        json!({
            "text": escaped(&format!("{} - {}", self.subject(), self.reason)),
            "blocks": [
                {"type": "header", "text": {"type": "plain_text", "text": cut(&self.subject(), 150)}},
                {"type": "section", "text": {"type": "mrkdwn", "text": cut(&escaped(&self.reason), 3_000)}},
                {"type": "section", "fields": [
                    field("Transaction", &cut(&self.transaction_id, 500)),
                    field("Account", &cut(&self.account_id, 500)),
                    field("Score", &self.score.to_string()),
                    field("Event time", &self.event_time),
                ]},
            ],
        })
    }

    /// For a mail.
    pub(crate) fn text(&self) -> String {
        format!(
            "{reason}\n\ndecision:    {decision} (version {version})\nseverity:    {severity}\nscore:       {score}\n\
             account:     {account}\ntransaction: {transaction}\nevent time:  {event_time}\ndecided at:  {decided_at}\n",
            reason = self.reason,
            decision = self.decision,
            version = self.decision_version,
            severity = self.severity,
            score = self.score,
            account = self.account_id,
            transaction = self.transaction_id,
            event_time = self.event_time,
            decided_at = self.decided_at,
        )
    }
}

/// What Slack's markup would take for its own.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The first characters.
fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}

/// A line end in an account's name begins no new header.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
