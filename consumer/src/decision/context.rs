//! What is known around a transaction when it is decided.
//!
//! What enters: the account's profile, what it spent on the day, its alerts and dispositions in the
//! look-back. What leaves: the same as facts that are kept with the version. What holds: counts of alerts
//! and spending are those of event times up to the transaction's, so they do not depend on what came first.

use chrono::{DateTime, Utc};
use events::{CustomerProfile, RiskLevel, Severity};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// All of it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Context {
    /// The account's profile, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileFacts>,
    /// The day of the transaction, where it has come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub day: Option<DayFacts>,
    /// The account's other alerts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recent: Option<RecentAlerts>,
    /// What analysts found on the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dispositions: Option<Dispositions>,
}

/// What a decision needs of a profile.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct ProfileFacts {
    /// ISO 4217 code of its amounts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// Mean of its amounts.
    #[serde(skip_serializing_if = "Option::is_none", with = "rust_decimal::serde::str_option")]
    pub amount_mean: Option<Decimal>,
    /// Standard deviation of its amounts.
    #[serde(skip_serializing_if = "Option::is_none", with = "rust_decimal::serde::str_option")]
    pub amount_stddev: Option<Decimal>,
    /// Its hours, 0 to 23 UTC.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hours: Vec<u8>,
    /// Its categories.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// Its cities, the home's among them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub cities: Vec<String>,
    /// Its devices.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub devices: Vec<String>,
    /// The most it may spend in a day.
    #[serde(skip_serializing_if = "Option::is_none", with = "rust_decimal::serde::str_option")]
    pub daily_spending_limit: Option<Decimal>,
    /// low, medium or high.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub risk_level: Option<String>,
    /// When the account was opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account_opened_at: Option<DateTime<Utc>>,
}

/// The account's transactions of the event's UTC day, up to and with this one.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct DayFacts {
    /// How many.
    pub transactions: i64,
    /// What they spent, in the profile's currency where both name one; deposits are none.
    #[serde(with = "rust_decimal::serde::str")]
    pub spent: Decimal,
}

/// Live alerts on the account's earlier transactions in the look-back: those of its latest [`CROSSINGS`], so that
/// an account of a hundred thousand alerts a day is decided as fast as another.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RecentAlerts {
    /// How many.
    pub alerts: i64,
    /// The highest severity among them.
    pub severity: Severity,
    /// Whether the look-back may have more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub or_more: bool,
}

/// Of so many crossings the alerts are counted; more at the time of the last of them.
pub const CROSSINGS: i64 = 1_000;

/// What analysts found on the account's transactions in the look-back.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Dispositions {
    /// Found to be fraud.
    pub fraud: i64,
    /// Found to be legitimate.
    pub legitimate: i64,
}

impl ProfileFacts {
    /// Of a profile.
    pub fn of(profile: &CustomerProfile) -> Self {
        let mut cities = profile.cities.clone();
        cities.extend(profile.home_city.clone().filter(|home| !profile.cities.contains(home)));
        Self {
            currency: profile.currency.clone(),
            amount_mean: profile.amount_mean,
            amount_stddev: profile.amount_stddev,
            hours: profile.hours.clone(),
            categories: profile.categories.clone(),
            // A home alone does not say where the account pays.
            cities: if profile.cities.is_empty() { Vec::new() } else { cities },
            devices: profile.devices.clone(),
            daily_spending_limit: profile.daily_spending_limit,
            risk_level: profile.risk_level.map(|level: RiskLevel| level.as_str().to_owned()),
            account_opened_at: profile.account_opened_at,
        }
    }
}
