//! Sends refused records again, to the topic and partition that they came from.
//!
//! Enters: letters that are meant. Leaves: the records as they were, with a header that names the letter, and a note of
//! each letter in the topic of dead letters, in one transaction. What holds: whoever begins to send fences whoever else
//! is sending, and reads the notes only then, so no letter is sent twice.

use std::collections::BTreeMap;

use broker::{Broker, ErrorKind, Outgoing, Producer, ProducerConfig};
use events::headers::{DLQ_REPLAYED, REPLAY_OF};
use events::topics::dlq;

use super::letter::Entry;
use super::originals::each_original;
use super::scan::{Replayed, each_entry, replayed};
use super::{Letter, LettersError, Selection};

/// Records of one transaction, those of one letter being together.
const AT_ONCE: u64 = 500;

/// What a replay would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Letters to send again.
    pub letters: u64,
    /// Records that they are about.
    pub records: u64,
    /// Letters that were sent again before, and are left out.
    pub already: u64,
    /// Letters that cannot be sent again, by the reason.
    pub hindered: BTreeMap<String, u64>,
}

/// What a replay has done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Done {
    /// Letters sent again.
    pub letters: u64,
    /// Records sent.
    pub records: u64,
    /// Records that the source topic does not have any more.
    pub gone: u64,
}

/// What is done with a letter.
enum Verdict {
    Send,
    Already,
    Hindered(&'static str),
}

fn verdict(letter: &Letter, replayed: &Replayed, again: bool) -> Verdict {
    match letter.hindrance() {
        Some(why) => Verdict::Hindered(why),
        None if !again && replayed.contains(&letter.key_text()) => Verdict::Already,
        None => Verdict::Send,
    }
}

/// What sending the chosen letters of a topic again would do; `again`: those too that were sent again before.
///
/// # Errors
/// See [`LettersError`].
pub fn plan(
    broker: &dyn Broker,
    topic: &str,
    selection: &Selection,
    again: bool,
) -> Result<Plan, LettersError> {
    let letters = dlq(topic);
    let (replayed, mut plan) = (replayed(broker, &letters)?, Plan::default());
    let mut seen = Replayed::new();
    each_entry(broker, &letters, &mut |entry| {
        if let Entry::Letter(letter) = entry
            && selection.takes(&letter)
        {
            match verdict(&letter, &replayed, again) {
                Verdict::Send if seen.insert(letter.key_text()) => {
                    (plan.letters, plan.records) = (plan.letters + 1, plan.records + letter.count);
                }
                // The engine and the consumer refused it, or the consumer told of it twice.
                Verdict::Send => {}
                Verdict::Already => plan.already += 1,
                Verdict::Hindered(why) => *plan.hindered.entry(why.to_owned()).or_default() += 1,
            }
        }
        Ok(true)
    })?;
    Ok(plan)
}

/// Sends the chosen letters of a topic again.
///
/// # Errors
/// See [`LettersError`]. What was committed before stays, and is noted: the same call again goes on behind it.
pub fn replay(
    broker: &dyn Broker,
    topic: &str,
    (selection, again): (&Selection, bool),
    properties: &BTreeMap<String, String>,
) -> Result<Done, LettersError> {
    let letters = dlq(topic);
    let config = ProducerConfig {
        transactional_id: Some(format!("streamguard-replay-of-{letters}")),
        properties: properties.clone(),
    };
    // Fences whoever else sends: from here on the notes are only ours.
    let producer = broker.producer(&config)?;
    let mut sender = Sender {
        broker,
        producer,
        letters,
        counts: BTreeMap::new(),
        open: 0,
        done: Done::default(),
        pending: Done::default(),
    };
    let replayed = replayed(broker, &sender.letters)?;
    let mut seen = Replayed::new();
    let name = sender.letters.clone();
    let sent = each_entry(broker, &name, &mut |entry| {
        if let Entry::Letter(letter) = entry
            && selection.takes(&letter)
            && matches!(verdict(&letter, &replayed, again), Verdict::Send)
            && seen.insert(letter.key_text())
        {
            sender.send(&letter)?;
        }
        Ok(true)
    });
    match sent.and_then(|()| sender.commit()) {
        Ok(()) => Ok(sender.done),
        Err(error) => {
            // Whether it goes or not: what is not committed is not there.
            let _ = sender.producer.abort();
            Err(error)
        }
    }
}

/// The transaction that is open, and what is done.
struct Sender<'b> {
    broker: &'b dyn Broker,
    producer: Box<dyn Producer>,
    /// The topic of dead letters.
    letters: String,
    /// Partitions of the topics that are sent to.
    counts: BTreeMap<String, i32>,
    /// Records in the open transaction; 0: none is open.
    open: u64,
    done: Done,
    pending: Done,
}

impl Sender<'_> {
    fn send(&mut self, letter: &Letter) -> Result<(), LettersError> {
        let partition = self.partition_of(letter)?;
        if self.open == 0 {
            self.producer.begin()?;
        }
        let of = letter.id(&self.letters);
        if letter.is_whole() {
            let own: Vec<(&str, &[u8])> =
                letter.headers.iter().map(|(n, v)| (n.as_str(), v.as_slice())).collect();
            let parts = (letter.key.as_deref(), letter.value.as_deref());
            self.produce(letter, partition, &of, (parts, letter.source.timestamp.unwrap_or(0), &own))?;
        } else {
            let broker = self.broker;
            let before = self.pending.records;
            each_original(broker, letter, &mut |record| {
                let own: Vec<(&str, &[u8])> = record.headers.collect();
                self.produce(letter, partition, &of, ((record.key, record.value), record.timestamp, &own))
            })?;
            self.pending.gone += letter.count.saturating_sub(self.pending.records - before);
        }
        self.note(letter)?;
        self.pending.letters += 1;
        if self.open >= AT_ONCE { self.commit() } else { Ok(()) }
    }

    #[allow(clippy::type_complexity, reason = "the parts of one record")]
    fn produce(
        &mut self,
        letter: &Letter,
        partition: Option<i32>,
        of: &str,
        ((key, value), timestamp, own): ((Option<&[u8]>, Option<&[u8]>), i64, &[(&str, &[u8])]),
    ) -> Result<(), LettersError> {
        let mut headers: Vec<(&str, &[u8])> = own.to_vec();
        // Of one that was sent again before, the last time counts.
        headers.retain(|(name, _)| *name != REPLAY_OF);
        headers.push((REPLAY_OF, of.as_bytes()));
        self.producer.produce(&Outgoing {
            topic: &letter.source.topic,
            partition,
            key,
            value,
            timestamp: timestamp.max(0),
            headers: &headers,
        })?;
        self.open += 1;
        self.pending.records += 1;
        Ok(())
    }

    /// Notes that a letter was sent again, beside it.
    fn note(&mut self, letter: &Letter) -> Result<(), LettersError> {
        let offset = letter.offset.to_string();
        self.producer.produce(&Outgoing {
            topic: &self.letters,
            partition: Some(letter.partition),
            key: Some(letter.key_text().as_bytes()),
            value: None,
            timestamp: letter.source.timestamp.unwrap_or(0).max(0),
            headers: &[(DLQ_REPLAYED, offset.as_bytes())],
        })?;
        self.open += 1;
        Ok(())
    }

    /// The partition that the record had; by its key where the topic has fewer now.
    fn partition_of(&mut self, letter: &Letter) -> Result<Option<i32>, LettersError> {
        let topic = &letter.source.topic;
        let count = match self.counts.get(topic) {
            Some(count) => *count,
            None => {
                let Some(info) = self.broker.topic(topic)? else {
                    let log = self.broker.describe();
                    return Err(LettersError::NoSource { topic: topic.clone(), log });
                };
                self.counts.insert(topic.clone(), info.partitions);
                info.partitions
            }
        };
        Ok((0..count).contains(&letter.source.partition).then_some(letter.source.partition))
    }

    fn commit(&mut self) -> Result<(), LettersError> {
        if self.open == 0 {
            return Ok(());
        }
        self.producer.commit().map_err(|error| match error.kind() {
            ErrorKind::Unknown => LettersError::Other(format!(
                "{error}; run the same again: the notes in {} say what was sent",
                self.letters
            )),
            ErrorKind::Fenced => LettersError::Other(format!(
                "another replay of {} has begun; nothing of what was pending here is sent",
                self.letters
            )),
            _ => error.into(),
        })?;
        let pending = std::mem::take(&mut self.pending);
        self.done.letters += pending.letters;
        self.done.records += pending.records;
        self.done.gone += pending.gone;
        self.open = 0;
        Ok(())
    }
}
