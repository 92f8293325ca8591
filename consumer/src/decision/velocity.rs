//! What an alert's evidence says of the last minutes.
//!
//! What enters: an alert. What leaves: its counts, where it carries any. What holds: names are compared
//! without case; a value that is no number, or less than nothing, counts as absent; counts of a window that
//! is longer than the policy's minutes are no counts of these minutes.

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

fn is_false(value: &bool) -> bool {
    !value
}

impl Velocity {
    /// Of an alert; None where it says nothing of it.
    pub fn of(alert: &FraudAlert) -> Option<Self> {
        let mut found = Self::default();
        for (name, json) in alert.evidence.iter() {
            match name.to_ascii_lowercase().as_str() {
                "count" => found.count = number(json),
                "total_amount" => found.total_amount = number(json),
                "unique_locations" => found.unique_locations = number(json),
                "unique_merchants" => found.unique_merchants = number(json),
                "velocity_score" => found.velocity_score = number(json),
                "rapid_fire" => found.rapid_fire = truth(json),
                _ => {}
            }
        }
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
