//! The refused records themselves, in the topic that they came from.

use std::collections::BTreeMap;

use broker::{Broker, Record, TopicPartition};

use super::scan::each_record;
use super::{Letter, LettersError};

/// Visits the records that a letter is about, as far as the source topic still has them.
pub(super) fn each_original(
    broker: &dyn Broker,
    letter: &Letter,
    visit: &mut dyn FnMut(&Record<'_>) -> Result<(), LettersError>,
) -> Result<u64, LettersError> {
    let source = TopicPartition::new(letter.source.topic.as_str(), letter.source.partition);
    let runs = match letter.runs.as_slice() {
        [] => BTreeMap::from([(letter.source.offset, 1)]),
        runs => runs.iter().copied().collect(),
    };
    let is_in = |offset: i64| {
        let run = runs.range(..=offset).next_back();
        run.is_some_and(|(first, count)| offset < first.saturating_add_unsigned(*count))
    };
    let last = runs.iter().next_back().map_or(0, |(first, count)| first.saturating_add_unsigned(count - 1));
    let mut found = 0;
    each_record(broker, &[(source, letter.source.offset)], &mut |_, record| {
        if is_in(record.offset) {
            found += 1;
            visit(record)?;
        }
        Ok(record.offset < last)
    })?;
    Ok(found)
}
