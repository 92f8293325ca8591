//! Entries of the lists in files: CSV with a header, or JSON lines.
//!
//! What enters: text. What leaves: [`ListRow`]s, each with its line, or what is wrong with the line. What
//! holds: a column that is not known is refused, so that a misspelt one is not passed over; what a row leaves
//! out comes from the defaults.

use std::io::{BufRead, Read};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::lists::{Kind, ListAction, Match, comparable};

/// How a file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RowFormat {
    /// Comma-separated, the first line names the columns.
    Csv,
    /// An object a line.
    JsonLines,
}

/// An entry in a file.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListRow {
    /// Which field it is compared with: account, merchant, category, country, device, ip, bin.
    pub kind: Option<String>,
    /// What with.
    pub value: Option<String>,
    /// block, allow or watch.
    pub action: Option<String>,
    /// exact, nocase or prefix.
    #[serde(rename = "match")]
    pub how: Option<String>,
    /// Why.
    pub reason: Option<String>,
    /// Until when, RFC 3339.
    pub expires_at: Option<String>,
    /// Who added it; an import is by whoever imports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// When it was added; an import is now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
}

/// The names of the columns, as an export has them.
pub(super) const COLUMNS: [&str; 8] =
    ["kind", "value", "action", "match", "reason", "expires_at", "author", "created_at"];

/// A row that may be sent to the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checked {
    pub(super) kind: Kind,
    pub(super) value: String,
    pub(super) action: ListAction,
    pub(super) how: Option<Match>,
    pub(super) reason: String,
    pub(super) expires: Option<DateTime<Utc>>,
}

impl ListRow {
    /// What a row leaves out, from here.
    fn or(self, defaults: &Self) -> Self {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        let or = |own: Option<String>, other: &Option<String>| given(own).or_else(|| other.clone());
        Self {
            kind: or(self.kind, &defaults.kind),
            value: or(self.value, &defaults.value),
            action: or(self.action, &defaults.action),
            how: or(self.how, &defaults.how),
            reason: or(self.reason, &defaults.reason),
            expires_at: or(self.expires_at, &defaults.expires_at),
            ..Self::default()
        }
    }

    /// The same checks as the database's, so that a wrong line is named before anything is sent.
    pub(super) fn check(self, now: DateTime<Utc>) -> Result<Checked, String> {
        let needed = |name: &str, text: Option<String>| {
            let flag = if name == "action" { "list" } else { name };
            text.ok_or_else(|| match name {
                "value" => "no value".to_owned(),
                _ => format!("no {name}: neither the row nor --{flag} says it"),
            })
        };
        let kind = needed("kind", self.kind)?;
        let kind = Kind::parse(&kind).ok_or_else(|| unknown("kind", &kind, &Kind::ALL.map(Kind::as_str)))?;
        let value = needed("value", self.value)?;
        let action = needed("action", self.action)?;
        let action = ListAction::parse(&action)
            .ok_or_else(|| unknown("action", &action, &ListAction::ALL.map(ListAction::as_str)))?;
        let how = match self.how {
            Some(how) => Some(
                Match::parse(&how).ok_or_else(|| unknown("match", &how, &Match::ALL.map(Match::as_str)))?,
            ),
            None => None,
        };
        comparable(kind, how, &value)?;
        let reason = needed("reason", self.reason)?;
        if reason.trim().is_empty() || reason.chars().count() > 1000 {
            return Err("the reason is empty or longer than 1000 characters".to_owned());
        }
        let expires = match self.expires_at {
            Some(text) => {
                Some(events::parse_timestamp(&text).map_err(|error| format!("expires_at: {error}"))?)
            }
            None => None,
        };
        if let Some(expires) = expires.filter(|expires| *expires <= now) {
            return Err(format!("expires_at: {expires} is past"));
        }
        Ok(Checked { kind, value, action, how, reason, expires })
    }
}

fn unknown(what: &str, text: &str, known: &[&str]) -> String {
    format!("no {what} {text:?}; one of {}", known.join(", "))
}

/// Calls `take` with every row and its line, from 1; it says whether to go on.
pub(super) fn read(
    input: impl BufRead,
    format: RowFormat,
    defaults: &ListRow,
    mut take: impl FnMut(u64, Result<ListRow, String>) -> crate::Result<bool>,
) -> crate::Result<()> {
    match format {
        RowFormat::Csv => read_csv(input, defaults, &mut take),
        RowFormat::JsonLines => read_json(input, defaults, &mut take),
    }
}

type Take<'a> = &'a mut dyn FnMut(u64, Result<ListRow, String>) -> crate::Result<bool>;

fn read_csv(input: impl Read, defaults: &ListRow, take: Take<'_>) -> crate::Result<()> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::Headers).from_reader(input);
    let mut record = csv::StringRecord::new();
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(error) => return take(1, Err(error.to_string())).map(drop),
    };
    if let Some(strange) = header.iter().find(|name| !COLUMNS.contains(name)) {
        let known = COLUMNS.join(", ");
        return take(1, Err(format!("no column {strange:?} is known; known are {known}"))).map(drop);
    }
    loop {
        let read = reader.read_record(&mut record);
        let line = record.position().map_or(0, csv::Position::line);
        let row = match read {
            Ok(false) => return Ok(()),
            Ok(true) => record.deserialize::<ListRow>(Some(&header)).map_err(|error| error.to_string()),
            Err(error) => {
                let line = error.position().map_or(line, csv::Position::line);
                if !take(line, Err(error.to_string()))? || matches!(error.kind(), csv::ErrorKind::Io(_)) {
                    return Ok(());
                }
                continue;
            }
        };
        if !take(line, row.map(|row| row.or(defaults)))? {
            return Ok(());
        }
    }
}

fn read_json(mut input: impl BufRead, defaults: &ListRow, take: Take<'_>) -> crate::Result<()> {
    let (mut line, mut text) = (0, String::new());
    loop {
        text.clear();
        line += 1;
        match input.read_line(&mut text) {
            Ok(0) => return Ok(()),
            Ok(_) if text.trim().is_empty() => {}
            Ok(_) => {
                let row = serde_json::from_str::<ListRow>(&text).map_err(|error| error.to_string());
                if !take(line, row.map(|row| row.or(defaults)))? {
                    return Ok(());
                }
            }
            Err(error) => return take(line, Err(error.to_string())).map(drop),
        }
    }
}
