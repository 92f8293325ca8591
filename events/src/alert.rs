//! An alert, from a record of `fraud_alerts`.
//!
//! What enters: key, value, headers and position of a record that this engine wrote, or, without headers,
//! one that a real ksqlDB wrote. What leaves: a [`FraudAlert`] whose id is the same on every redelivery.
//! What holds: what the rule selected is kept verbatim as evidence, and the amount is exact.

use rust_decimal::Decimal;
use uuid::Uuid;

use crate::alert_id::{AlertOrigin, alert_id};
use crate::fields::{Fields, storable_text};
use crate::invalid::Invalid;
use crate::json::{FromField, Reader, read_object};
use crate::rule::{Mode, Severity};
use crate::{MAX_ID_CHARS, headers};

/// Where an alert comes from: the record that caused it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// Its topic.
    pub topic: String,
    /// Its partition.
    pub partition: i32,
    /// Its offset.
    pub offset: i64,
    /// Its time in epoch milliseconds.
    pub timestamp: i64,
    /// Which output of that record the alert is, from 0.
    pub ordinal: u32,
}

/// Why an alert was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retraction {
    /// A session moved: its occurrences move to another alert.
    Merged,
    /// The row no longer satisfies HAVING.
    Left,
}

/// An alert, or the retraction of one.
#[derive(Debug, Clone, PartialEq)]
pub struct FraudAlert {
    /// The same on every replay; see [`alert_id`].
    pub alert_id: Uuid,
    /// The rule; of a foreign engine's alert FRAUD_TYPE.
    pub rule_name: String,
    /// The rule's version; of a foreign engine's alert `external`.
    pub rule_version: String,
    /// Whether it counts.
    pub rule_mode: Mode,
    /// How grave it is; of a foreign engine's alert medium.
    pub severity: Severity,
    /// From the value, else the record's key.
    pub account_id: String,
    /// TRANSACTION_ID of the value.
    pub transaction_id: Option<String>,
    /// AMOUNT of the value, exact.
    pub amount: Option<Decimal>,
    /// FRAUD_TYPE of the value.
    pub fraud_type: Option<String>,
    /// FRAUD_REASON of the value.
    pub fraud_reason: Option<String>,
    /// RISK_SCORE of the value.
    pub risk_score: Option<f64>,
    /// Everything else of the value, under the names it came with.
    pub evidence: Fields,
    /// The window's start in epoch milliseconds, where the rule has a window.
    pub window_start: Option<i64>,
    /// The window's end in epoch milliseconds, where it is known.
    pub window_end: Option<i64>,
    /// What caused it; of a foreign engine's alert its own position.
    pub source: Source,
    /// Set on a tombstone.
    pub retraction: Option<Retraction>,
}

/// The version of alerts that carry no headers.
pub const EXTERNAL_VERSION: &str = "external";

impl FraudAlert {
    /// Reads a record of `fraud_alerts`. The error names the column or header that is wrong.
    ///
    /// A tombstone without headers is invalid: it does not say of which rule it is.
    pub fn from_record<'h>(
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: impl Iterator<Item = (&'h str, &'h [u8])>,
        topic: &str,
        partition: i32,
        offset: i64,
        timestamp_ms: i64,
    ) -> Result<Self, Invalid> {
        let own = Source { topic: topic.to_owned(), partition, offset, timestamp: timestamp_ms, ordinal: 0 };
        let heads = Heads::read(headers)?;
        let columns = value.map(Columns::read).transpose()?.unwrap_or_default();
        match heads.alert_id {
            Some(id) => Self::of_engine(id, key, value.is_none(), heads, columns),
            None if value.is_none() => Err(Invalid::record("is a tombstone without headers")),
            None => Self::of_foreign_engine(key, columns, own),
        }
    }

    fn of_engine(
        id: Uuid,
        key: Option<&[u8]>,
        tombstone: bool,
        heads: Heads,
        columns: Columns,
    ) -> Result<Self, Invalid> {
        let key = key.map(|key| match heads.window_start {
            Some(start) => without_window(key, start, heads.window_end),
            None => key,
        });
        let retraction = match (tombstone, heads.retraction) {
            (true, None) => return Err(missing(headers::ALERT_RETRACT)),
            (true, some) => some,
            (false, _) => None,
        };
        let alert = columns.into_alert(key, Header::required(heads.source, headers::SOURCE_TOPIC)?)?;
        Ok(Self {
            alert_id: id,
            rule_name: Header::required(heads.rule_name, headers::RULE_NAME)?,
            rule_version: Header::required(heads.rule_version, headers::RULE_VERSION)?,
            rule_mode: heads.mode.unwrap_or_default(),
            severity: heads.severity.unwrap_or_default(),
            window_start: heads.window_start,
            window_end: heads.window_end,
            retraction,
            ..alert
        })
    }

    fn of_foreign_engine(key: Option<&[u8]>, columns: Columns, own: Source) -> Result<Self, Invalid> {
        let rule_name =
            columns.fraud_type.clone().ok_or_else(|| Invalid::field("FRAUD_TYPE", "is missing"))?;
        let (key, start, end) = key.map_or((None, None, None), |key| {
            let (key, start, end) = split_window(key);
            (Some(key), start, end)
        });
        let mut alert = columns.into_alert(key, own)?;
        let origin = match (start, &alert.transaction_id) {
            (Some(start), _) => AlertOrigin::Window(start),
            (None, Some(id)) => AlertOrigin::Transaction(id),
            (None, None) => AlertOrigin::Record {
                topic: &alert.source.topic,
                partition: alert.source.partition,
                offset: alert.source.offset,
                timestamp: alert.source.timestamp,
                ordinal: 0,
            },
        };
        alert.alert_id = alert_id(&rule_name, EXTERNAL_VERSION, key.unwrap_or_default(), origin);
        alert.rule_name = rule_name;
        (alert.window_start, alert.window_end) = (start, end);
        Ok(alert)
    }
}

/// The value's columns.
#[derive(Default)]
struct Columns {
    account_id: Option<String>,
    transaction_id: Option<String>,
    amount: Option<Decimal>,
    fraud_type: Option<String>,
    fraud_reason: Option<String>,
    risk_score: Option<f64>,
    evidence: Fields,
}

impl Columns {
    /// Names are compared without case: ksqlDB writes them in capitals, quoted ones as they are.
    fn read(value: &[u8]) -> Result<Self, Invalid> {
        let mut columns = Self::default();
        let mut reader = Reader::default();
        read_object(value, |name, json| match name.to_ascii_uppercase().as_str() {
            "ACCOUNT_ID" => put_text(&mut reader, &mut columns.account_id, name, json),
            "TRANSACTION_ID" => put_text(&mut reader, &mut columns.transaction_id, name, json),
            "AMOUNT" => reader.put(&mut columns.amount, name, json),
            "FRAUD_TYPE" => put_text(&mut reader, &mut columns.fraud_type, name, json),
            "FRAUD_REASON" => put_text(&mut reader, &mut columns.fraud_reason, name, json),
            "RISK_SCORE" => put_number(&mut reader, &mut columns.risk_score, name, json),
            _ => reader.keep(&mut columns.evidence, name, json),
        })?;
        for (name, id) in [("ACCOUNT_ID", &columns.account_id), ("TRANSACTION_ID", &columns.transaction_id)] {
            if id.as_ref().is_some_and(|id| id.chars().count() > MAX_ID_CHARS) {
                reader.problem(name, format!("has more than {MAX_ID_CHARS} characters"));
            }
        }
        reader.finish()?;
        Ok(columns)
    }

    /// An alert without a rule yet; `key` has no window.
    fn into_alert(self, key: Option<&[u8]>, source: Source) -> Result<FraudAlert, Invalid> {
        let account = self.account_id.filter(|id| !id.is_empty()).map_or_else(|| account_of(key), Ok)?;
        Ok(FraudAlert {
            alert_id: Uuid::nil(),
            rule_name: String::new(),
            rule_version: EXTERNAL_VERSION.to_owned(),
            rule_mode: Mode::default(),
            severity: Severity::default(),
            account_id: account,
            transaction_id: self.transaction_id.filter(|id| !id.is_empty()),
            amount: self.amount,
            fraud_type: self.fraud_type,
            fraud_reason: self.fraud_reason,
            risk_score: self.risk_score,
            evidence: self.evidence,
            window_start: None,
            window_end: None,
            source,
            retraction: None,
        })
    }
}

/// A rule may select a number where the contract has a text.
fn put_text(reader: &mut Reader, slot: &mut Option<String>, name: &str, json: &str) {
    match json.as_bytes().first() {
        Some(b'0'..=b'9' | b'-' | b't' | b'f') => *slot = Some(json.to_owned()),
        _ => reader.put(slot, name, json),
    }
}

/// A number written as text is accepted, as it is for an amount.
fn put_number(reader: &mut Reader, slot: &mut Option<f64>, name: &str, json: &str) {
    let text = json.strip_prefix('"').and_then(|t| t.strip_suffix('"'));
    match text.and_then(|text| text.parse::<f64>().ok()).filter(|number| number.is_finite()) {
        Some(number) => *slot = Some(number),
        None => reader.put(slot, name, json),
    }
}

/// The account that a key names: its text, without the quotes of a JSON key.
fn account_of(key: Option<&[u8]>) -> Result<String, Invalid> {
    let fail = |reason: &str| Invalid::field("ACCOUNT_ID", reason);
    let key =
        key.filter(|key| !key.is_empty()).ok_or_else(|| fail("is missing, and the record has no key"))?;
    let text = std::str::from_utf8(key).map_err(|_| fail("is missing, and the key is not UTF-8"))?;
    let account = match text.starts_with('"') {
        true => String::from_field(text).unwrap_or_else(|_| text.to_owned()),
        false => text.to_owned(),
    };
    storable_text(&account).map_err(|reason| fail(&reason))?;
    match account.chars().count() > MAX_ID_CHARS {
        true => Err(fail("is missing, and the key is longer than an identifier")),
        false => Ok(account),
    }
}

/// Takes the window's bounds off a key: 8 bytes of start (a time window), or 8 of end and 8 of start (a
/// session), big-endian, as Kafka Streams' windowed serializers append them.
fn without_window(key: &[u8], start: i64, end: Option<i64>) -> &[u8] {
    let Some(time) = key.strip_suffix(&start.to_be_bytes()) else { return key };
    end.and_then(|end| time.strip_suffix(&end.to_be_bytes())).unwrap_or(time)
}

/// Key, window start and end of a key whose window no header tells of. A text key holds no zero byte,
/// while the first two bytes of any epoch milliseconds up to the year 10889 are zero.
fn split_window(key: &[u8]) -> (&[u8], Option<i64>, Option<i64>) {
    let Some((rest, start)) = trailing_time(key) else { return (key, None, None) };
    match trailing_time(rest) {
        Some((text, end)) => (text, Some(start), Some(end)),
        None => (rest, Some(start), None),
    }
}

fn trailing_time(key: &[u8]) -> Option<(&[u8], i64)> {
    let (rest, bytes) = key.split_last_chunk::<8>()?;
    (bytes[..2] == [0, 0] && !rest.is_empty()).then(|| (rest, i64::from_be_bytes(*bytes)))
}

/// The headers that were found.
#[derive(Default)]
struct Heads {
    alert_id: Option<Uuid>,
    rule_name: Option<String>,
    rule_version: Option<String>,
    mode: Option<Mode>,
    severity: Option<Severity>,
    window_start: Option<i64>,
    window_end: Option<i64>,
    source: Option<Source>,
    retraction: Option<Retraction>,
}

impl Heads {
    fn read<'h>(all: impl Iterator<Item = (&'h str, &'h [u8])>) -> Result<Self, Invalid> {
        let mut heads = Self::default();
        let (mut topic, mut partition, mut offset, mut timestamp, mut ordinal) =
            (None, None, None, None, None);
        for (name, value) in all {
            let header = Header { name, value };
            match name {
                headers::ALERT_ID => heads.alert_id = Some(header.parse()?),
                headers::RULE_NAME => heads.rule_name = Some(header.text()?.to_owned()),
                headers::RULE_VERSION => heads.rule_version = Some(header.text()?.to_owned()),
                headers::RULE_MODE => heads.mode = Some(header.parse()?),
                headers::RULE_SEVERITY => heads.severity = Some(header.parse()?),
                headers::WINDOW_START => heads.window_start = Some(header.parse()?),
                headers::WINDOW_END => heads.window_end = Some(header.parse()?),
                headers::SOURCE_TOPIC => topic = Some(header.text()?.to_owned()),
                headers::SOURCE_PARTITION => partition = Some(header.parse()?),
                headers::SOURCE_OFFSET => offset = Some(header.parse()?),
                headers::SOURCE_TIMESTAMP => timestamp = Some(header.parse()?),
                headers::SOURCE_ORDINAL => ordinal = Some(header.parse()?),
                headers::ALERT_RETRACT => heads.retraction = Some(header.retraction()?),
                _ => {}
            }
        }
        if heads.alert_id.is_some() {
            heads.source = Some(Source {
                topic: Header::required(topic, headers::SOURCE_TOPIC)?,
                partition: Header::required(partition, headers::SOURCE_PARTITION)?,
                offset: Header::required(offset, headers::SOURCE_OFFSET)?,
                timestamp: Header::required(timestamp, headers::SOURCE_TIMESTAMP)?,
                ordinal: ordinal.unwrap_or_default(),
            });
        }
        Ok(heads)
    }
}

fn missing(header: &str) -> Invalid {
    Invalid::field(header, "this header is missing")
}

struct Header<'h> {
    name: &'h str,
    value: &'h [u8],
}

impl Header<'_> {
    fn required<T>(value: Option<T>, name: &str) -> Result<T, Invalid> {
        value.ok_or_else(|| missing(name))
    }

    fn text(&self) -> Result<&str, Invalid> {
        let text = std::str::from_utf8(self.value).map_err(|_| Invalid::field(self.name, "is not UTF-8"))?;
        storable_text(text).map_err(|reason| Invalid::field(self.name, reason))?;
        Ok(text)
    }

    fn parse<T: std::str::FromStr<Err: std::fmt::Display>>(&self) -> Result<T, Invalid> {
        let text = self.text()?;
        text.parse().map_err(|e| Invalid::field(self.name, format!("\"{text}\" cannot be read: {e}")))
    }

    fn retraction(&self) -> Result<Retraction, Invalid> {
        match self.text()? {
            "merged" => Ok(Retraction::Merged),
            "left" => Ok(Retraction::Left),
            other => Err(Invalid::field(self.name, format!("\"{other}\" is neither merged nor left"))),
        }
    }
}
