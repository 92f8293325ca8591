//! One dead letter: what was refused, where it came from, and why.

use broker::Record;
use events::headers as h;

/// Where refused records lie.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The topic, or the file of a row.
    pub topic: String,
    /// The partition.
    pub partition: i32,
    /// The offset (of several records the first), or the line of a row.
    pub offset: i64,
    /// The last offset.
    pub last: i64,
    /// The record's time in milliseconds; None where it is not known.
    pub timestamp: Option<i64>,
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its partition in the topic of dead letters.
    pub partition: i32,
    /// Its offset there.
    pub offset: i64,
    /// Who refused the record.
    pub stage: String,
    /// Why, in a word; `unknown` where the letter does not say.
    pub code: String,
    /// Why, for a person.
    pub reason: String,
    /// The declaration that it does not fit.
    pub declaration: Option<String>,
    /// Where the record, or several, came from.
    pub source: Place,
    /// How many records it is about.
    pub count: u64,
    /// The record's key; the text of the letter's own headers says where it is masked or cut.
    pub key: Option<Vec<u8>>,
    /// The record's value, likewise. Of several records nothing.
    pub value: Option<Vec<u8>>,
    /// The record's headers.
    pub headers: Vec<(String, Vec<u8>)>,
    /// What is masked.
    pub masked: Option<String>,
    /// What is cut.
    pub cut: Option<String>,
    /// Length and hash of what is masked or cut, by header.
    pub digests: Vec<(String, String)>,
    /// Of several records: first offset and how many.
    pub runs: Vec<(i64, u64)>,
}

/// A record of a topic of dead letters.
#[derive(Debug)]
pub(super) enum Entry {
    Letter(Box<Letter>),
    /// What lies there was sent again: the key of its letter.
    Replayed(String),
    /// Somebody else's record.
    Foreign,
}

#[derive(serde::Deserialize)]
struct Runs {
    runs: Vec<(i64, u64)>,
}

impl Entry {
    pub(super) fn of(partition: i32, record: &Record<'_>) -> Self {
        let all: Vec<(&str, &[u8])> = record.headers.collect();
        let text = |name: &str| all.iter().rev().find(|(n, _)| *n == name).map(|(_, v)| lossy(v));
        if let (None, Some(key), Some(_)) = (record.value, record.key, text(h::DLQ_REPLAYED)) {
            return Self::Replayed(lossy(key));
        }
        let number = |name: &str| text(name).and_then(|text| text.parse::<i64>().ok());
        let (Some(topic), Some(offset)) = (text(h::DLQ_SOURCE_TOPIC), number(h::DLQ_SOURCE_OFFSET)) else {
            return Self::Foreign;
        };
        // Letters of older versions do not say how many headers are the record's own.
        let first_of_ours = all.iter().position(|(name, _)| name.starts_with("dlq.")).unwrap_or(all.len());
        let own = number(h::DLQ_HEADERS).and_then(|own| usize::try_from(own).ok()).unwrap_or(first_of_ours);
        let (own, ours) = all.split_at(own.min(all.len()));
        let count = number(h::DLQ_COUNT).and_then(|count| u64::try_from(count).ok());
        let runs = match (count, record.value) {
            (Some(_), Some(value)) => {
                serde_json::from_slice(value).map_or_else(|_| Vec::new(), |all: Runs| all.runs)
            }
            _ => Vec::new(),
        };
        let digests = [h::DLQ_KEY_LENGTH, h::DLQ_KEY_SHA256, h::DLQ_VALUE_LENGTH, h::DLQ_VALUE_SHA256];
        Self::Letter(Box::new(Letter {
            partition,
            offset: record.offset,
            stage: text(h::DLQ_STAGE).unwrap_or_default(),
            code: text(h::DLQ_CODE).unwrap_or_else(|| "unknown".to_owned()),
            reason: text(h::DLQ_REASON).unwrap_or_default(),
            declaration: text(h::DLQ_DECLARATION),
            source: Place {
                topic,
                partition: number(h::DLQ_SOURCE_PARTITION).and_then(|p| i32::try_from(p).ok()).unwrap_or(0),
                offset,
                last: number(h::DLQ_SOURCE_LAST).unwrap_or(offset),
                timestamp: number(h::DLQ_SOURCE_TIMESTAMP),
            },
            count: count.unwrap_or(1),
            key: ours.iter().rev().find(|(name, _)| *name == h::DLQ_KEY).map(|(_, key)| key.to_vec()),
            value: record.value.filter(|_| count.is_none()).map(<[u8]>::to_vec),
            headers: own.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect(),
            masked: text(h::DLQ_MASKED),
            cut: text(h::DLQ_CUT),
            digests: digests.iter().filter_map(|name| Some(((*name).to_owned(), text(name)?))).collect(),
            runs,
        }))
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

impl Letter {
    /// Its own place: topic, partition, offset.
    pub fn id(&self, letters: &str) -> String {
        format!("{letters}/{}/{}", self.partition, self.offset)
    }

    /// Its key: where the record lies. The engine and the consumer may both have refused it.
    pub(super) fn key_text(&self) -> String {
        events::dead_letter_key(&self.source.topic, self.source.partition, self.source.offset)
    }

    /// Whether it holds its record whole.
    pub fn is_whole(&self) -> bool {
        self.masked.is_none() && self.cut.is_none() && self.runs.is_empty()
    }

    /// Why it cannot be sent again, where it cannot.
    pub fn hindrance(&self) -> Option<&'static str> {
        if self.masked.is_some() {
            Some("masked: what the record said is in the source topic alone")
        } else if self.stage == "producer" {
            Some("a row of a file: mend the file and send it again")
        } else if self.count > 1 && self.runs.is_empty() {
            Some("the letter does not say at which offsets its records lie")
        } else {
            None
        }
    }
}
