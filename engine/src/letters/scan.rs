//! Reads topics to their end.

use std::collections::{BTreeMap, HashSet};
use std::time::{Duration, Instant};

use broker::{Batch, Broker, ConsumerConfig, Isolation, Position, Record, TopicPartition};
use events::topics::dlq;

use super::letter::Entry;
use super::{Letter, LettersError, Selection};

/// How long one poll waits.
const POLL: Duration = Duration::from_millis(200);
/// How long nothing may come although more is there.
const SILENCE: Duration = Duration::from_secs(30);

/// Visits the committed records of some partitions, from these offsets up to their ends as of now.
pub(super) fn each_record(
    broker: &dyn Broker,
    from: &[(TopicPartition, i64)],
    visit: &mut dyn FnMut(&TopicPartition, &Record<'_>) -> Result<bool, LettersError>,
) -> Result<(), LettersError> {
    let mut ends = Vec::new();
    for (partition, first) in from {
        let (low, end) = broker.watermarks(partition, Isolation::ReadCommitted)?;
        if *first.max(&low) < end {
            ends.push((partition.clone(), *first.max(&low), end));
        }
    }
    if ends.is_empty() {
        return Ok(());
    }
    let mut consumer = broker.consumer(&ConsumerConfig::default())?;
    let positions: Vec<_> = ends.iter().map(|(p, first, _)| (p.clone(), Position::Offset(*first))).collect();
    consumer.assign(&positions)?;
    let (mut batch, mut last) = (Batch::new(), Instant::now());
    while !ends.is_empty() {
        consumer.poll(&mut batch, POLL)?;
        for record in batch.iter() {
            let source = &batch.sources()[record.source];
            let is_within = ends.iter().any(|(p, _, end)| p == source && record.offset < *end);
            if is_within && !visit(source, &record)? {
                return Ok(());
            }
        }
        let mut open = Vec::new();
        for (partition, first, end) in ends {
            if consumer.position(&partition)?.is_none_or(|at| at < end) {
                open.push((partition, first, end));
            }
        }
        ends = open;
        if !batch.is_empty() {
            last = Instant::now();
        } else if last.elapsed() > SILENCE && !ends.is_empty() {
            let topic = ends.first().map_or_else(String::new, |(p, ..)| p.topic.to_string());
            return Err(LettersError::Stalled { topic, seconds: SILENCE.as_secs() });
        }
    }
    Ok(consumer.close()?)
}

/// The partitions of a topic, from their beginnings; None where it is not there.
pub(super) fn whole(
    broker: &dyn Broker,
    topic: &str,
) -> Result<Option<Vec<(TopicPartition, i64)>>, LettersError> {
    let Some(info) = broker.topic(topic)? else { return Ok(None) };
    Ok(Some((0..info.partitions).map(|p| (TopicPartition::new(topic, p), 0)).collect()))
}

/// Visits what lies in a topic of dead letters, in the order of each partition; until the visitor says no.
pub(super) fn each_entry(
    broker: &dyn Broker,
    letters: &str,
    visit: &mut dyn FnMut(Entry) -> Result<bool, LettersError>,
) -> Result<(), LettersError> {
    let Some(partitions) = whole(broker, letters)? else {
        let log = broker.describe();
        return Err(LettersError::NoTopic { topic: letters.to_owned(), log });
    };
    each_record(broker, &partitions, &mut |partition, record| visit(Entry::of(partition.partition, record)))
}

/// What was sent again: the letters' keys.
pub(super) type Replayed = HashSet<String>;

pub(super) fn replayed(broker: &dyn Broker, letters: &str) -> Result<Replayed, LettersError> {
    let mut replayed = Replayed::new();
    each_entry(broker, letters, &mut |entry| {
        if let Entry::Replayed(key) = entry {
            replayed.insert(key);
        }
        Ok(true)
    })?;
    Ok(replayed)
}

/// Visits the letters of a topic that are meant, each with whether it was sent again; until the visitor says no.
///
/// # Errors
/// See [`LettersError`].
pub fn read(
    broker: &dyn Broker,
    topic: &str,
    selection: &Selection,
    visit: &mut dyn FnMut(&Letter, bool) -> Result<bool, LettersError>,
) -> Result<(), LettersError> {
    let letters = dlq(topic);
    let replayed = replayed(broker, &letters)?;
    each_entry(broker, &letters, &mut |entry| match entry {
        Entry::Letter(letter) if selection.takes(&letter) => {
            visit(&letter, replayed.contains(&letter.key_text()))
        }
        _ => Ok(true),
    })
}

/// The letters of a topic, counted by who refused the records and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TopicOfLetters {
    /// The topic that the records came from.
    pub topic: String,
    /// By stage and code.
    pub reasons: BTreeMap<(String, String), Count>,
}

/// How many letters, about how many records.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Count {
    /// Letters.
    pub letters: u64,
    /// Records that they are about.
    pub records: u64,
    /// Letters that were sent again.
    pub replayed: u64,
    /// The lowest and highest time of the records, in milliseconds.
    pub times: Option<(i64, i64)>,
    /// The reason of the last one.
    pub last_reason: String,
}

/// The topics that have dead letters, by name: all, or those given.
///
/// # Errors
/// See [`LettersError`].
pub fn topics(
    broker: &dyn Broker,
    only: &[String],
    selection: &Selection,
) -> Result<Vec<TopicOfLetters>, LettersError> {
    let all = broker.topics()?;
    let found = all.iter().filter_map(|info| info.name.strip_suffix(".dlq")).map(str::to_owned);
    let names: Vec<String> = if only.is_empty() { found.collect() } else { only.to_vec() };
    names.into_iter().map(|topic| count(broker, topic, selection)).collect()
}

fn count(broker: &dyn Broker, topic: String, selection: &Selection) -> Result<TopicOfLetters, LettersError> {
    let mut reasons: BTreeMap<(String, String), Count> = BTreeMap::new();
    read(broker, &topic, selection, &mut |letter, replayed| {
        let count = reasons.entry((letter.stage.clone(), letter.code.clone())).or_default();
        count.letters += 1;
        count.records += letter.count;
        count.replayed += u64::from(replayed);
        if let Some(time) = letter.source.timestamp {
            let (first, last) = count.times.unwrap_or((time, time));
            count.times = Some((first.min(time), last.max(time)));
        }
        count.last_reason.clone_from(&letter.reason);
        Ok(true)
    })?;
    Ok(TopicOfLetters { topic, reasons })
}
