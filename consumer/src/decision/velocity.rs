//! What an alert's evidence says of the last minutes.
//!
//! What enters: an alert, and the columns that the policy names. What leaves: its counts, where it carries any.
//! What holds: names are compared without case; of several columns for one count the first that has a value
//! counts; a value that is no number, or less than nothing, counts as absent; counts of a window that is longer
//! than the policy's minutes are no counts of these minutes.

use events::FraudAlert;
use serde::{Deserialize, Serialize};

/// Counts of the last minutes; None: the alert does not say.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Velocity {
    /// How long the alert's window is, in milliseconds; None: it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_ms: Option<i64>,
    /// Transactions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<f64>,
    /// The sum of their amounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_amount: Option<f64>,
    /// Different locations.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique_locations: Option<f64>,
    /// Different merchants.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique_merchants: Option<f64>,
    /// Transactions a minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub velocity_score: Option<f64>,
    /// The rule itself found rapid fire.
    #[serde(skip_serializing_if = "is_false")]
    pub rapid_fire: bool,
}

/// Which columns of the evidence say what: names as the rules select them, in any case, the first that an alert
/// has a value in counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct EvidenceColumns {
    /// Transactions.
    pub count: Vec<String>,
    /// The sum of their amounts.
    pub total_amount: Vec<String>,
    /// Different locations.
    pub unique_locations: Vec<String>,
    /// Different merchants.
    pub unique_merchants: Vec<String>,
    /// Transactions a minute.
    pub velocity_score: Vec<String>,
    /// Whether the rule itself found rapid fire.
    pub rapid_fire: Vec<String>,
}

impl Default for EvidenceColumns {
    fn default() -> Self {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            count: names(&["count", "transaction_count"]),
            total_amount: names(&["total_amount"]),
            unique_locations: names(&["unique_locations"]),
            unique_merchants: names(&["unique_merchants"]),
            velocity_score: names(&["velocity_score"]),
            rapid_fire: names(&["rapid_fire"]),
        }
    }
}

impl EvidenceColumns {
    /// What does not make sense, a line each.
    pub(super) fn problems(&self) -> Vec<String> {
        let mut known: Vec<(&str, &str)> = Vec::new();
        let mut found = Vec::new();
        for (input, names) in self.inputs() {
            for name in names {
                let key = format!("velocity.evidence.{input}");
                if name.trim().is_empty() || name.trim() != name {
                    found.push(format!("{key}: `{name}` is no column's name"));
                } else if let Some((other, _)) = known.iter().find(|(_, n)| n.eq_ignore_ascii_case(name)) {
                    found.push(format!("{key}: {name} is named by {other} already; a column says one thing"));
                } else {
                    known.push((input, name));
                }
            }
        }
        found
    }

    fn inputs(&self) -> [(&'static str, &[String]); 6] {
        [
            ("count", &self.count),
            ("total_amount", &self.total_amount),
            ("unique_locations", &self.unique_locations),
            ("unique_merchants", &self.unique_merchants),
            ("velocity_score", &self.velocity_score),
            ("rapid_fire", &self.rapid_fire),
        ]
    }
}

fn is_false(value: &bool) -> bool {
    !value
}

impl Velocity {
    /// Of an alert; None where it says nothing of it.
    pub fn of(alert: &FraudAlert, columns: &EvidenceColumns) -> Option<Self> {
        let first = |names: &[String]| {
            names.iter().find_map(|name| {
                let mut all = alert.evidence.iter();
                number(all.find(|(known, _)| known.eq_ignore_ascii_case(name))?.1)
            })
        };
        let is_true = |name: &String| {
            alert.evidence.iter().any(|(known, json)| known.eq_ignore_ascii_case(name) && truth(json))
        };
        let mut found = Self {
            window_ms: None,
            count: first(&columns.count),
            total_amount: first(&columns.total_amount),
            unique_locations: first(&columns.unique_locations),
            unique_merchants: first(&columns.unique_merchants),
            velocity_score: first(&columns.velocity_score),
            rapid_fire: columns.rapid_fire.iter().any(is_true),
        };
        if found == Self::default() {
            return None;
        }
        found.window_ms = alert.window_end.zip(alert.window_start).map(|(end, start)| end - start);
        Some(found)
    }

    /// Whether its counts are of no more than these minutes.
    pub fn is_within(&self, minutes: u32) -> bool {
        self.window_ms.is_none_or(|length| length <= i64::from(minutes) * 60_000)
    }

    /// The mean amount.
    pub fn average(&self) -> Option<f64> {
        let count = self.count.filter(|count| *count > 0.0)?;
        Some(self.total_amount? / count)
    }
}

/// A number, also one that is written as text.
fn number(json: &str) -> Option<f64> {
    let text = json.trim_matches('"').trim();
    text.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0).map(tidy)
}

/// Rounds to what reading JSON gives back exactly: 15 digits, at most 6 of them after the point. A version's
/// inputs are hashed, read back from its explanation, and hashed again.
pub(super) fn tidy(number: f64) -> f64 {
    match number.abs() {
        small if small < 1e9 => (number * 1e6).round() / 1e6,
        large if large < 1e15 => number.round(),
        _ => 1e15_f64.copysign(number),
    }
}

/// A truth value, also one that is written as text or number.
fn truth(json: &str) -> bool {
    let text = json.trim_matches('"').trim();
    text.eq_ignore_ascii_case("true") || number(text).is_some_and(|number| number > 0.0)
}
