//! A record that cannot be read: kept as it came, with the reason, once whatever the number of queries.
//!
//! Enters: the record, and why it is refused. Leaves: a record of the topic's dead-letter topic, from which the refused
//! one can be made again: its bytes, its headers in front of ours, its position and time. What holds: what the settings
//! mask is in none of it, not in the reason either; a letter is cut rather than larger than the log takes.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;

use events::mask::{MASKED, sha256};
use events::{dead_letter_key, headers, topics};

use super::flood::Flood;
use super::output::{Draft, Stop};
use super::{InputRecord, ReadingRun};
use crate::format::{DecodeError, Format};
use crate::operator::Run;
use crate::plan::{DeadLetters, Input};

/// `dlq.stage` of what the engine refuses.
pub(super) const STAGE: &[u8] = b"engine";
/// Bytes that are left for our own headers and the log's framing.
const OVERHEAD: usize = 4 * 1024;
/// The longest reason, in bytes.
const REASON: usize = 1024;
/// What a header takes besides name and value.
const PER_HEADER: usize = 10;

/// Why a record is refused.
#[derive(Debug)]
pub(super) struct Refusal<'t> {
    /// One of [`headers::dlq_code`].
    pub(super) code: &'static str,
    pub(super) error: DecodeError,
    /// The declaration that it does not fit; None where it is the engine's own doing.
    pub(super) reading: Option<&'t ReadingRun>,
}

/// How the letters of an input are written.
#[derive(Debug)]
pub(crate) struct LettersTo {
    pub(super) topic: Arc<str>,
    settings: DeadLetters,
    /// Some declaration of the topic has a masked column in its key.
    masks_key: bool,
    masks_value: Masking,
    /// The headers of masked columns; None for all.
    masked_headers: Vec<Option<String>>,
}

/// What is masked of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Masking {
    Nothing,
    /// Fields of JSON.
    Fields,
    /// All of it: its format has no fields that can be told apart.
    Whole,
}

impl LettersTo {
    pub(super) fn new(input: &Input, settings: &DeadLetters) -> Self {
        let mask = &settings.mask;
        let (mut key, mut value, mut masked_headers) = (false, Masking::Nothing, Vec::new());
        for reading in input.readings.iter().filter(|_| !mask.is_empty()) {
            let source = &reading.source;
            let covers = |columns: &[crate::types::Column]| columns.iter().any(|c| mask.covers(&c.name));
            key |= covers(&source.schema.key);
            let of_headers = source.schema.headers.iter().filter(|c| mask.covers(&c.column.name));
            masked_headers.extend(of_headers.map(|column| column.header.clone()));
            let is_moved = reading.moved || reading.repartitioned;
            let format = source.value_format;
            let has_fields =
                format.format == Format::Json && (format.wrapped || source.schema.value.len() > 1);
            value = match (covers(&source.schema.value) || is_moved && key, has_fields && !is_moved) {
                (false, _) => value,
                (true, true) if value != Masking::Whole => Masking::Fields,
                (true, _) => Masking::Whole,
            };
        }
        Self {
            topic: topics::dlq(&input.topic).into(),
            settings: settings.clone(),
            masks_key: key,
            masks_value: value,
            masked_headers,
        }
    }

    fn masks_header(&self, name: &str) -> bool {
        let is_its = |header: &Option<String>| header.as_ref().is_none_or(|header| header == name);
        self.settings.mask.covers(name) || self.masked_headers.iter().any(is_its)
    }

    /// What of a value is kept, and whether that is the value, masked fields, or nothing.
    fn value<'v>(&self, value: Option<&'v [u8]>) -> (Option<Cow<'v, [u8]>>, Masking) {
        let Some(value) = value else { return (None, Masking::Nothing) };
        match self.masks_value {
            Masking::Nothing => (Some(value.into()), Masking::Nothing),
            Masking::Whole => (None, Masking::Whole),
            Masking::Fields => match self.settings.mask.json(value) {
                Some(Cow::Borrowed(value)) => (Some(value.into()), Masking::Nothing),
                Some(masked) => (Some(masked), Masking::Fields),
                None => (None, Masking::Whole),
            },
        }
    }

    /// The reason, without what is masked.
    fn reason(&self, refusal: &Refusal<'_>, masking: Masking) -> String {
        let DecodeError { column, found, problem } = &refusal.error;
        let is_masked = column.as_ref().is_some_and(|column| self.settings.mask.covers_path(column));
        let hides = is_masked || self.masks_key || masking == Masking::Whole;
        let found = found.clone().filter(|_| !hides);
        let shown = DecodeError { column: column.clone(), found, problem: problem.clone() };
        let mut reason = shown.to_string();
        reason.truncate(reason.floor_char_boundary(REASON));
        reason
    }
}

/// The position of a refused record.
pub(super) fn place(draft: &mut Draft<'_>, (topic, partition, offset, timestamp): (&str, i32, i64, i64)) {
    draft.header(headers::DLQ_SOURCE_TOPIC, topic.as_bytes());
    draft.text_header(headers::DLQ_SOURCE_PARTITION, partition);
    draft.text_header(headers::DLQ_SOURCE_OFFSET, offset);
    draft.text_header(headers::DLQ_SOURCE_TIMESTAMP, timestamp);
}

impl Run<'_, '_> {
    /// Writes the record to the topic's dead-letter topic, or ends the run where its declaration asks for that.
    pub(super) fn dead_letter(&mut self, refusal: &Refusal<'_>) {
        let (input, record) = (self.input, self.record);
        let letters = &input.letters;
        if refusal.reading.is_some_and(|reading| reading.stop_on_error) {
            let reason = letters.reason(refusal, letters.value(record.value).1);
            return self.output.stop(stop(&input.topic, record, refusal, &reason));
        }
        let count = self.scratch.letters_of(input.id);
        if !count.admit(record.offset, letters.settings.limit) {
            return self.flooded(refusal);
        }
        self.write_letter_of(letters, refusal);
    }

    /// The record has no letter of its own.
    fn flooded(&mut self, refusal: &Refusal<'_>) {
        let (input, record) = (self.input, self.record);
        let letters = &input.letters;
        let floods = &mut self.output.floods;
        let is_its = |flood: &Flood| {
            flood.partition == record.partition && *flood.source == *input.topic && !flood.is_full()
        };
        let at = floods.iter().position(is_its).unwrap_or_else(|| {
            let declaration = refusal.reading.map_or_else(|| "".into(), |reading| Arc::clone(&reading.name));
            floods.push(Flood::new(&letters.topic, &input.topic, &declaration));
            floods.len() - 1
        });
        floods[at].add((record.partition, record.offset, record.timestamp), || {
            letters.reason(refusal, letters.value(record.value).1)
        });
    }

    fn write_letter_of(&mut self, letters: &LettersTo, refusal: &Refusal<'_>) {
        let (input, record) = (self.input, self.record);
        let (value, masking) = letters.value(record.value);
        let key = record.key.filter(|_| !letters.masks_key);
        let fits = Fits::of(letters.settings.max_bytes, key, record);
        let kept = value.as_deref().map(|value| &value[..value.len().min(fits.value)]);
        let mut draft = self.output.draft();
        let name = dead_letter_key(&input.topic, record.partition, record.offset);
        copy(&mut draft, Some(name.as_bytes()), kept);
        let own = if fits.headers { own_headers(&mut draft, record, letters) } else { OwnHeaders::default() };
        draft.text_header(headers::DLQ_HEADERS, own.count);
        draft.header(headers::DLQ_STAGE, STAGE);
        draft.header(headers::DLQ_CODE, refusal.code.as_bytes());
        draft.header(headers::DLQ_REASON, letters.reason(refusal, masking).as_bytes());
        if let Some(reading) = refusal.reading {
            draft.header(headers::DLQ_DECLARATION, reading.name.as_bytes());
        }
        place(&mut draft, (&input.topic, record.partition, record.offset, record.timestamp));
        let cuts_value = kept.map(<[u8]>::len) < value.as_deref().map(<[u8]>::len);
        let cuts_key = key.is_some_and(|key| key.len() > fits.key);
        if let Some(key) = key {
            draft.header(headers::DLQ_KEY, &key[..key.len().min(fits.key)]);
        }
        let masks_key = letters.masks_key && record.key.is_some();
        if let Some(key) = record.key.filter(|_| masks_key || cuts_key) {
            draft.text_header(headers::DLQ_KEY_LENGTH, key.len());
            draft.header(headers::DLQ_KEY_SHA256, sha256(key).as_bytes());
        }
        if let Some(value) = record.value.filter(|_| masking != Masking::Nothing || cuts_value) {
            draft.text_header(headers::DLQ_VALUE_LENGTH, value.len());
            draft.header(headers::DLQ_VALUE_SHA256, sha256(value).as_bytes());
        }
        let (fields, whole) = (masking == Masking::Fields, masking == Masking::Whole);
        let masked = [(masks_key, "key"), (fields, "fields"), (whole, "value"), (own.masked, "headers")];
        words(&mut draft, headers::DLQ_MASKED, &masked);
        words(
            &mut draft,
            headers::DLQ_CUT,
            &[(cuts_key, "key"), (cuts_value, "value"), (!fits.headers, "headers")],
        );
        // A negative time cannot be written; it is kept in the header.
        draft.finish(&letters.topic, None, record.timestamp.max(0));
    }
}

/// Writes key and value. Copying bytes does not fail.
pub(super) fn copy(draft: &mut Draft<'_>, key: Option<&[u8]>, value: Option<&[u8]>) {
    let append = |out: &mut Vec<u8>, bytes: Option<&[u8]>| {
        out.extend_from_slice(bytes.unwrap_or_default());
        Ok::<_, Infallible>(bytes.is_some())
    };
    let Ok(()) = draft.key(|out| append(out, key));
    let Ok(()) = draft.value(|out| append(out, value));
}

/// Writes a header with the words that hold, where one does.
fn words(draft: &mut Draft<'_>, name: &'static str, words: &[(bool, &str)]) {
    let words: Vec<&str> = words.iter().filter(|(holds, _)| *holds).map(|(_, word)| *word).collect();
    if !words.is_empty() {
        draft.header(name, words.join(" ").as_bytes());
    }
}

/// How much of a record a letter has room for.
struct Fits {
    key: usize,
    /// All of the headers, or none.
    headers: bool,
    value: usize,
}

impl Fits {
    fn of(max_bytes: usize, key: Option<&[u8]>, record: &InputRecord<'_>) -> Self {
        let room = max_bytes.saturating_sub(OVERHEAD);
        let mut headers = 0;
        record.headers.each(&mut |name, value| headers += name.len() + value.len() + PER_HEADER);
        let has_headers = headers <= room / 4;
        let key = key.map_or(0, <[u8]>::len).min(room / 4);
        let value = room - key - if has_headers { headers } else { 0 };
        Self { key, headers: has_headers, value }
    }
}

/// The refused record's headers, as they were written.
#[derive(Default)]
struct OwnHeaders {
    count: usize,
    masked: bool,
}

fn own_headers(draft: &mut Draft<'_>, record: &InputRecord<'_>, letters: &LettersTo) -> OwnHeaders {
    let mut own = OwnHeaders::default();
    record.headers.each(&mut |name, value| {
        let is_masked = letters.masks_header(name);
        own.count += 1;
        own.masked |= is_masked;
        draft.own_header(name, if is_masked { MASKED.as_bytes() } else { value });
    });
    own
}

fn stop(topic: &str, record: &InputRecord<'_>, refusal: &Refusal<'_>, reason: &str) -> Stop {
    let InputRecord { partition, offset, .. } = record;
    let name = refusal.reading.map_or("", |reading| &*reading.name);
    Stop::Unreadable(format!(
        "the record of topic {topic}, partition {partition}, offset {offset} does not fit {name}: {reason}; {name} is \
         declared with --@on_error: stop, so the run ends here, and nothing of this record is committed: mend the \
         declaration and start again, or have such records written to {} by --@on_error: dead-letter",
        topics::dlq(topic)
    ))
}
