//! A record that was refused, as it is kept: in the table `dead_letters`, and from there on its topic.
//!
//! Enters: the record and why it is refused. Leaves: its bytes, its headers with ours behind them. What holds: what the
//! settings mask is in none of it, not in the reason either; of a masked record that is no JSON only length and hash
//! are kept.

use broker::{Record, TopicPartition};
use events::headers::dlq_code;
use events::mask::{MASKED, sha256};
use events::{Invalid, Mask, headers};

/// A record that was refused.
#[derive(Debug)]
pub(crate) struct DeadLetter {
    pub(crate) source: TopicPartition,
    pub(crate) offset: i64,
    pub(crate) timestamp: i64,
    pub(crate) reason: String,
    pub(crate) key: Option<Vec<u8>>,
    pub(crate) value: Option<Vec<u8>>,
    /// Names and values in hexadecimal: the record's own, then `dlq.headers` with their number, and ours.
    pub(crate) headers: Vec<(String, String)>,
}

/// Why a record is refused.
#[derive(Debug)]
pub(crate) enum Why {
    /// It breaks the contract.
    Invalid(Invalid),
    /// PostgreSQL does not take it.
    Database(String),
}

impl Why {
    fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => dlq_code::INVALID,
            Self::Database(_) => dlq_code::DATABASE,
        }
    }

    /// In words; where something is masked without what may repeat the record's content.
    fn text(&self, mask: &Mask) -> String {
        match self {
            Self::Invalid(invalid) if mask.is_empty() => invalid.to_string(),
            Self::Invalid(invalid) => {
                let shown = invalid.problems().iter().map(|problem| match problem.field.as_str() {
                    "" => "it cannot be read".to_owned(),
                    field if mask.covers_path(field) => format!("{field}: is wrong, and masked"),
                    _ => problem.to_string(),
                });
                shown.collect::<Vec<_>>().join("; ")
            }
            Self::Database(reason) if mask.is_empty() => format!("PostgreSQL refused it: {reason}"),
            Self::Database(_) => "PostgreSQL refused it".to_owned(),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

impl DeadLetter {
    pub(crate) fn new(record: &Record<'_>, source: &TopicPartition, why: &Why, mask: &Mask) -> Self {
        let masks_key = record.key.is_some() && mask.covers("account_id");
        let masked = record.value.filter(|_| !mask.is_empty()).map(|value| mask.json(value));
        let value = match &masked {
            Some(masked) => masked.as_deref().map(<[u8]>::to_vec),
            None => record.value.map(<[u8]>::to_vec),
        };
        let mut own: Vec<(String, String)> = Vec::new();
        let mut masks_header = false;
        for (name, value) in record.headers {
            let is_masked = mask.covers(name);
            masks_header |= is_masked;
            let value = if is_masked { MASKED.as_bytes() } else { value };
            own.push((name.replace('\0', "\u{fffd}"), hex(value)));
        }
        let mut letter = Self {
            source: source.clone(),
            offset: record.offset,
            timestamp: record.timestamp,
            // PostgreSQL's text holds every character but this one.
            reason: why.text(mask).replace('\0', "\u{fffd}"),
            key: record.key.filter(|_| !masks_key).map(<[u8]>::to_vec),
            value,
            headers: own,
        };
        letter.describe(headers::DLQ_HEADERS, &letter.headers.len().to_string());
        letter.describe(headers::DLQ_CODE, why.code());
        let changed = masked.as_ref().is_some_and(|masked| masked.as_deref() != record.value);
        let words = [
            (masks_key, "key"),
            (changed && letter.value.is_some(), "fields"),
            (changed && letter.value.is_none(), "value"),
            (masks_header, "headers"),
        ];
        let words: Vec<&str> = words.iter().filter(|(holds, _)| *holds).map(|(_, word)| *word).collect();
        if !words.is_empty() {
            letter.describe(headers::DLQ_MASKED, &words.join(" "));
        }
        if let Some(key) = record.key.filter(|_| masks_key) {
            letter.describe(headers::DLQ_KEY_LENGTH, &key.len().to_string());
            letter.describe(headers::DLQ_KEY_SHA256, &sha256(key));
        }
        if let Some(value) = record.value.filter(|_| changed) {
            letter.describe(headers::DLQ_VALUE_LENGTH, &value.len().to_string());
            letter.describe(headers::DLQ_VALUE_SHA256, &sha256(value));
        }
        letter
    }

    fn describe(&mut self, name: &str, value: &str) {
        self.headers.push((name.to_owned(), hex(value.as_bytes())));
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn letter(value: &[u8], mask: &[&str], invalid: Invalid) -> DeadLetter {
        let mut batch = broker::Batch::new();
        let source = TopicPartition::new("transactions", 1);
        let index = batch.source(&source);
        let own: [(&str, &[u8]); 1] = [("trace", b"7")];
        batch.push(index, 5, 6, Some(b"A1"), Some(value), own);
        DeadLetter::new(&batch.get(0), &source, &Why::Invalid(invalid), &Mask::new(mask))
    }

    fn header(letter: &DeadLetter, name: &str) -> Option<String> {
        let (_, value) = letter.headers.iter().find(|(other, _)| other == name)?;
        let bytes = (0..value.len() / 2).map(|i| u8::from_str_radix(&value[2 * i..2 * i + 2], 16).unwrap());
        Some(String::from_utf8(bytes.collect()).unwrap())
    }

    #[test]
    fn without_a_mask_the_record_is_kept_whole() {
        let kept = letter(b"{", &[], Invalid::record("no JSON: {"));
        assert_eq!(
            (kept.key.as_deref(), kept.value.as_deref()),
            (Some(b"A1".as_slice()), Some(b"{".as_slice()))
        );
        assert_eq!(kept.reason, "no JSON: {");
        assert_eq!(header(&kept, "trace").as_deref(), Some("7"));
        assert_eq!(header(&kept, "dlq.headers").as_deref(), Some("1"));
        assert_eq!(
            (header(&kept, "dlq.code").as_deref(), header(&kept, "dlq.masked")),
            (Some("invalid"), None)
        );
    }

    #[test]
    fn what_is_masked_is_kept_nowhere() {
        let wrong = || Invalid::field("ip_address", "9.9.9.9.9 is no address");
        let kept = letter(br#"{"ip_address":"9.9.9.9.9","a":1}"#, &["ip_address", "account_id"], wrong());
        assert_eq!(kept.value.as_deref(), Some(br#"{"ip_address":"***","a":1}"#.as_slice()));
        assert_eq!((kept.key.as_deref(), kept.reason.as_str()), (None, "ip_address: is wrong, and masked"));
        assert_eq!(header(&kept, "dlq.masked").as_deref(), Some("key fields"));
        let broken = letter(b"{9.9.9.9.9", &["ip_address"], Invalid::record("9.9.9.9.9 is no JSON"));
        assert_eq!((broken.value.as_deref(), broken.reason.as_str()), (None, "it cannot be read"));
        assert_eq!(header(&broken, "dlq.value.length").as_deref(), Some("10"));
        assert_eq!(header(&broken, "dlq.masked").as_deref(), Some("value"));
    }
}
