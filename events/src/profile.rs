//! What is known of an account, as it travels on `customer_profiles`.

use chrono::{DateTime, Utc};
use garde::Validate;
use rust_decimal::Decimal;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::invalid::Invalid;
use crate::json::{FromField, Reader, read_object};
use crate::transaction::{entry, identifier, number, text, timestamp};

/// How much watching an account needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RiskLevel {
    /// Little.
    Low,
    /// Some.
    Medium,
    /// Much.
    High,
}

impl RiskLevel {
    /// As it is written in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

impl FromField for RiskLevel {
    fn from_field(json: &str) -> Result<Self, String> {
        let text = String::from_field(json)?;
        let all = [Self::Low, Self::Medium, Self::High];
        let found = all.into_iter().find(|level| level.as_str() == text);
        found.ok_or_else(|| format!("\"{text}\" is none of low, medium, high"))
    }
}

/// The profile of an account. Fields are named as in JSON, flat, so that SQL reads them as columns.
#[derive(Debug, Clone, PartialEq, Default, Validate)]
#[garde(allow_unvalidated)]
pub struct CustomerProfile {
    /// The account; the topic's key.
    #[garde(custom(identifier))]
    pub account_id: String,
    /// ISO 4217 code of the account.
    #[garde(custom(text))]
    pub currency: Option<String>,
    /// Mean of its amounts, in `currency`.
    #[garde(custom(not_negative))]
    pub amount_mean: Option<Decimal>,
    /// Standard deviation of its amounts, in `currency`.
    #[garde(custom(not_negative))]
    pub amount_stddev: Option<Decimal>,
    /// ISO 3166 code of the home's country.
    #[garde(custom(text))]
    pub home_country: Option<String>,
    /// The home's city.
    #[garde(custom(text))]
    pub home_city: Option<String>,
    /// Degrees, -90 to 90.
    #[garde(range(min = -90.0, max = 90.0))]
    pub home_latitude: Option<f64>,
    /// Degrees, -180 to 180.
    #[garde(range(min = -180.0, max = 180.0))]
    pub home_longitude: Option<f64>,
    /// Cities where it usually pays.
    pub cities: Vec<String>,
    /// Devices that it uses.
    pub devices: Vec<String>,
    /// Hours of the day, 0 to 23 UTC, in which it usually pays.
    #[garde(inner(range(max = 23)))]
    pub hours: Vec<u8>,
    /// Categories in which it usually pays.
    pub categories: Vec<String>,
    /// The most it may spend in a day, in `currency`.
    #[garde(custom(not_negative))]
    pub daily_spending_limit: Option<Decimal>,
    /// How much watching it needs.
    pub risk_level: Option<RiskLevel>,
    /// When it was opened.
    pub account_opened_at: Option<DateTime<Utc>>,
}

impl CustomerProfile {
    /// Reads and validates a value of `customer_profiles`; unknown fields are passed over.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Invalid> {
        let mut reader = Reader::default();
        let mut p = Self::default();
        let mut account = None;
        let (mut cities, mut devices, mut hours, mut categories) = (None, None, None, None);
        read_object(bytes, |name, json| match name {
            "account_id" => reader.put(&mut account, name, json),
            "currency" => reader.put(&mut p.currency, name, json),
            "amount_mean" => reader.put(&mut p.amount_mean, name, json),
            "amount_stddev" => reader.put(&mut p.amount_stddev, name, json),
            "home_country" => reader.put(&mut p.home_country, name, json),
            "home_city" => reader.put(&mut p.home_city, name, json),
            "home_latitude" => reader.put(&mut p.home_latitude, name, json),
            "home_longitude" => reader.put(&mut p.home_longitude, name, json),
            "cities" => reader.put(&mut cities, name, json),
            "devices" => reader.put(&mut devices, name, json),
            "hours" => reader.put(&mut hours, name, json),
            "categories" => reader.put(&mut categories, name, json),
            "daily_spending_limit" => reader.put(&mut p.daily_spending_limit, name, json),
            "risk_level" => reader.put(&mut p.risk_level, name, json),
            "account_opened_at" => reader.put(&mut p.account_opened_at, name, json),
            _ => {}
        })?;
        reader.require(&account, "account_id");
        reader.finish()?;
        p.account_id = account.unwrap_or_default();
        p.cities = cities.unwrap_or_default();
        p.devices = devices.unwrap_or_default();
        p.hours = hours.unwrap_or_default();
        p.categories = categories.unwrap_or_default();
        p.validate()?;
        Ok(p)
    }

    /// The value as it travels.
    pub fn to_json(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }
}

impl Serialize for CustomerProfile {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("account_id", &self.account_id)?;
        entry(&mut map, "currency", self.currency.as_deref())?;
        entry(&mut map, "amount_mean", self.amount_mean.map(number).transpose()?)?;
        entry(&mut map, "amount_stddev", self.amount_stddev.map(number).transpose()?)?;
        entry(&mut map, "home_country", self.home_country.as_deref())?;
        entry(&mut map, "home_city", self.home_city.as_deref())?;
        entry(&mut map, "home_latitude", self.home_latitude)?;
        entry(&mut map, "home_longitude", self.home_longitude)?;
        map.serialize_entry("cities", &self.cities)?;
        map.serialize_entry("devices", &self.devices)?;
        map.serialize_entry("hours", &self.hours)?;
        map.serialize_entry("categories", &self.categories)?;
        entry(&mut map, "daily_spending_limit", self.daily_spending_limit.map(number).transpose()?)?;
        entry(&mut map, "risk_level", self.risk_level.map(RiskLevel::as_str))?;
        entry(&mut map, "account_opened_at", self.account_opened_at.map(timestamp))?;
        map.end()
    }
}

fn not_negative(value: &Option<Decimal>, _: &()) -> garde::Result {
    match value {
        Some(value) if *value < Decimal::ZERO => Err(garde::Error::new(format!("{value} is negative"))),
        _ => Ok(()),
    }
}
