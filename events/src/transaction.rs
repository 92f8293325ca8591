//! A transaction, as it travels on `transactions`.

use chrono::{DateTime, SecondsFormat, Utc};
use garde::Validate;
use rust_decimal::Decimal;
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::value::RawValue;

use crate::fields::Fields;
use crate::invalid::Invalid;
use crate::json::{FromField, Reader, read_object};
use crate::{MAX_ID_CHARS, MAX_TEXT_CHARS};

/// What kind of movement a transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TransactionType {
    /// Goods or services bought.
    Purchase,
    /// Money paid in.
    Deposit,
    /// Cash taken out.
    Withdrawal,
    /// Money moved to another account.
    Transfer,
    /// A bill paid.
    Payment,
}

impl TransactionType {
    /// All kinds.
    pub const ALL: [Self; 5] =
        [Self::Purchase, Self::Deposit, Self::Withdrawal, Self::Transfer, Self::Payment];

    /// As it is written in JSON and in the database.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Purchase => "purchase",
            Self::Deposit => "deposit",
            Self::Withdrawal => "withdrawal",
            Self::Transfer => "transfer",
            Self::Payment => "payment",
        }
    }
}

impl FromField for TransactionType {
    fn from_field(json: &str) -> Result<Self, String> {
        String::from_field(json)?.parse()
    }
}

impl std::str::FromStr for TransactionType {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|t| t.as_str() == text)
            .ok_or_else(|| format!("\"{text}\" is none of {}", Self::ALL.map(Self::as_str).join(", ")))
    }
}

/// A transaction. Fields are named as in JSON; what is absent or null there is None.
#[derive(Debug, Clone, PartialEq, Validate)]
#[garde(allow_unvalidated)]
pub struct Transaction {
    /// Names the transaction, for ever.
    #[garde(custom(identifier))]
    pub transaction_id: String,
    /// The account that pays; the topic's key.
    #[garde(custom(identifier))]
    pub account_id: String,
    /// In units of `currency`, exact; greater than 0.
    #[garde(custom(positive))]
    pub amount: Decimal,
    /// The event time; any offset is accepted and becomes UTC.
    pub timestamp: DateTime<Utc>,
    /// ISO 4217 code.
    #[garde(custom(text))]
    pub currency: Option<String>,
    /// Who is paid.
    #[garde(custom(text))]
    pub merchant: Option<String>,
    /// The merchant's line of business.
    #[garde(custom(text))]
    pub category: Option<String>,
    /// What kind of movement it is.
    pub transaction_type: Option<TransactionType>,
    /// ISO 3166 code of the country where it happened.
    #[garde(custom(text))]
    pub country: Option<String>,
    /// The city where it happened.
    #[garde(custom(text))]
    pub city: Option<String>,
    /// Degrees, -90 to 90.
    #[garde(range(min = -90.0, max = 90.0))]
    pub latitude: Option<f64>,
    /// Degrees, -180 to 180.
    #[garde(range(min = -180.0, max = 180.0))]
    pub longitude: Option<f64>,
    /// `pos`, `online`, `atm`, ...
    #[garde(custom(text))]
    pub channel: Option<String>,
    /// Whether the card was there.
    pub card_present: Option<bool>,
    /// The first digits of the card's number, as text.
    #[garde(custom(text))]
    pub card_bin: Option<String>,
    /// The terminal.
    #[garde(custom(text))]
    pub terminal_id: Option<String>,
    /// The account that is paid, for a transfer.
    #[garde(custom(text))]
    pub counterparty_account_id: Option<String>,
    /// The device.
    #[garde(custom(text))]
    pub device_id: Option<String>,
    /// The address that it came from, as text; not checked to be one.
    #[garde(custom(text))]
    pub ip: Option<String>,
    /// Fields that are not known here, verbatim.
    pub extra: Fields,
}

impl Transaction {
    /// A transaction of the required fields alone.
    pub fn new(
        transaction_id: String,
        account_id: String,
        amount: Decimal,
        timestamp: DateTime<Utc>,
    ) -> Self {
        Self {
            transaction_id,
            account_id,
            amount,
            timestamp,
            currency: None,
            merchant: None,
            category: None,
            transaction_type: None,
            country: None,
            city: None,
            latitude: None,
            longitude: None,
            channel: None,
            card_present: None,
            card_bin: None,
            terminal_id: None,
            counterparty_account_id: None,
            device_id: None,
            ip: None,
            extra: Fields::default(),
        }
    }

    /// Reads and validates a value of `transactions`. The error names every wrong field.
    pub fn from_json(bytes: &[u8]) -> Result<Self, Invalid> {
        let mut reader = Reader::default();
        let (mut id, mut account, mut amount, mut timestamp) = (None, None, None, None);
        let mut t = Self::new(String::new(), String::new(), Decimal::ONE, DateTime::UNIX_EPOCH);
        read_object(bytes, |name, json| match name {
            "transaction_id" => reader.put(&mut id, name, json),
            "account_id" => reader.put(&mut account, name, json),
            "amount" => reader.put(&mut amount, name, json),
            "timestamp" => reader.put(&mut timestamp, name, json),
            _ => t.put_optional(&mut reader, name, json),
        })?;
        reader.require(&id, "transaction_id");
        reader.require(&account, "account_id");
        reader.require(&amount, "amount");
        reader.require(&timestamp, "timestamp");
        reader.finish()?;
        t.transaction_id = id.unwrap_or_default();
        t.account_id = account.unwrap_or_default();
        t.amount = amount.unwrap_or_default();
        t.timestamp = timestamp.unwrap_or_default();
        t.validate()?;
        Ok(t)
    }

    fn put_optional(&mut self, reader: &mut Reader, name: &str, json: &str) {
        match name {
            "currency" => reader.put(&mut self.currency, name, json),
            "merchant" => reader.put(&mut self.merchant, name, json),
            "category" => reader.put(&mut self.category, name, json),
            "transaction_type" => reader.put(&mut self.transaction_type, name, json),
            "country" => reader.put(&mut self.country, name, json),
            "city" => reader.put(&mut self.city, name, json),
            "latitude" => reader.put(&mut self.latitude, name, json),
            "longitude" => reader.put(&mut self.longitude, name, json),
            "channel" => reader.put(&mut self.channel, name, json),
            "card_present" => reader.put(&mut self.card_present, name, json),
            "card_bin" => reader.put(&mut self.card_bin, name, json),
            "terminal_id" => reader.put(&mut self.terminal_id, name, json),
            "counterparty_account_id" => reader.put(&mut self.counterparty_account_id, name, json),
            "device_id" => reader.put(&mut self.device_id, name, json),
            "ip" => reader.put(&mut self.ip, name, json),
            _ => reader.keep(&mut self.extra, name, json),
        }
    }

    /// Checks the bounds that a value made in code could break; [`Transaction::from_json`] has done it.
    pub fn check(&self) -> Result<(), Invalid> {
        self.validate().map_err(Invalid::from)
    }

    /// The value as it travels: known fields in the contract's order, absent ones left out, then the others.
    pub fn to_json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(320);
        self.write_json(&mut out);
        out
    }

    /// Appends what [`Transaction::to_json`] returns.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        // Writing to memory has no error, and no part of the value refuses to be JSON.
        let written = serde_json::to_writer(out, self);
        debug_assert!(written.is_ok());
    }
}

impl Serialize for Transaction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("transaction_id", &self.transaction_id)?;
        map.serialize_entry("account_id", &self.account_id)?;
        map.serialize_entry("amount", &number(self.amount)?)?;
        map.serialize_entry("timestamp", &timestamp(self.timestamp))?;
        let texts = [
            ("currency", &self.currency),
            ("merchant", &self.merchant),
            ("category", &self.category),
            ("country", &self.country),
            ("city", &self.city),
            ("channel", &self.channel),
            ("card_bin", &self.card_bin),
            ("terminal_id", &self.terminal_id),
            ("counterparty_account_id", &self.counterparty_account_id),
            ("device_id", &self.device_id),
            ("ip", &self.ip),
        ];
        for (name, value) in texts {
            entry(&mut map, name, value.as_deref())?;
        }
        entry(&mut map, "transaction_type", self.transaction_type.map(TransactionType::as_str))?;
        entry(&mut map, "latitude", self.latitude)?;
        entry(&mut map, "longitude", self.longitude)?;
        entry(&mut map, "card_present", self.card_present)?;
        self.extra.serialize_into(&mut map)?;
        map.end()
    }
}

/// An entry of a map, where there is a value.
pub(crate) fn entry<M: SerializeMap>(
    map: &mut M,
    name: &str,
    value: Option<impl Serialize>,
) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| map.serialize_entry(name, &value))
}

/// A decimal as a JSON number of exactly its digits.
pub(crate) fn number<E: serde::ser::Error>(value: Decimal) -> Result<Box<RawValue>, E> {
    RawValue::from_string(value.to_string()).map_err(E::custom)
}

/// A time as it travels: RFC 3339, UTC, as many fraction digits (0, 3, 6 or 9) as it needs.
pub(crate) fn timestamp(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

pub(crate) fn identifier(value: &str, _: &()) -> garde::Result {
    if value.is_empty() {
        return Err(garde::Error::new("is empty"));
    }
    bounded(value, MAX_ID_CHARS)
}

pub(crate) fn text(value: &Option<String>, _: &()) -> garde::Result {
    value.as_deref().map_or(Ok(()), |value| bounded(value, MAX_TEXT_CHARS))
}

fn bounded(value: &str, max: usize) -> garde::Result {
    // A character has at least one byte, so the count is only needed for what is long in bytes.
    if value.len() > max && value.chars().count() > max {
        return Err(garde::Error::new(format!("has more than {max} characters")));
    }
    crate::fields::storable_text(value).map_err(garde::Error::new)
}

fn positive(value: &Decimal, _: &()) -> garde::Result {
    if *value > Decimal::ZERO {
        Ok(())
    } else {
        Err(garde::Error::new(format!("{value} is not greater than 0")))
    }
}
