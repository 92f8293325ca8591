//! A rule, as the engine tells of it on `rules`, and what a rule's directives choose from.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::fields::storable_text;
use crate::invalid::Invalid;

/// How grave an alert of a rule is, from low to critical.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Low,
    /// Worth weighing; what a rule without the directive has.
    #[default]
    Medium,
    /// Worth a person's look.
    High,
    /// Worth stopping.
    Critical,
}

/// Whether a rule's alerts count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// They do.
    #[default]
    Live,
    /// They are recorded and decide nothing.
    Shadow,
    /// The rule does not run.
    Off,
}

impl Severity {
    /// All, from low to critical.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Critical];

    /// As it is written in directives, headers and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl Mode {
    /// All modes.
    pub const ALL: [Self; 3] = [Self::Live, Self::Shadow, Self::Off];

    /// As it is written in directives, headers and the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Shadow => "shadow",
            Self::Off => "off",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|severity| severity.as_str() == text);
        found.ok_or_else(|| format!("\"{text}\" is none of low, medium, high, critical"))
    }
}

impl FromStr for Mode {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|mode| mode.as_str() == text);
        found.ok_or_else(|| format!("\"{text}\" is none of live, shadow, off"))
    }
}

/// A rule that the engine loaded. The topic's key is its name; the same rule gives the same bytes, so that
/// it carries no time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleRecord {
    /// The rule's name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Whether its alerts count.
    pub mode: Mode,
    /// How grave they are.
    pub severity: Severity,
    /// What it looks for, in the words of who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Its SQL, DEFINEs applied.
    pub sql: String,
}

impl RuleRecord {
    /// Reads and validates a value of `rules`.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Invalid> {
        let rule: Self =
            serde_json::from_slice(bytes).map_err(|e| Invalid::record(format!("is no rule: {e}")))?;
        let texts = [
            ("name", rule.name.as_str()),
            ("version", &rule.version),
            ("description", rule.description.as_deref().unwrap_or_default()),
            ("sql", &rule.sql),
        ];
        for (field, text) in texts {
            storable_text(text).map_err(|reason| Invalid::field(field, reason))?;
        }
        let empty = texts[..2].iter().find(|(_, text)| text.is_empty()).map(|(field, _)| *field);
        empty.map_or(Ok(rule), |field| Err(Invalid::field(field, "is empty")))
    }

    /// The value as it travels.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}
