//! A record that cannot be read: kept as it came, with the reason, once whatever the number of queries.

use std::convert::Infallible;

use events::{dead_letter_key, headers};

use crate::format::DecodeError;
use crate::operator::Run;

/// `dlq.stage` of what the engine refuses.
const STAGE: &[u8] = b"engine";

impl Run<'_, '_> {
    /// Writes the record to the topic's dead-letter topic.
    pub(super) fn dead_letter(&mut self, reason: &DecodeError) {
        let (input, record) = (self.input, self.record);
        let mut draft = self.output.draft();
        let key = dead_letter_key(&input.topic, record.partition, record.offset);
        // Copying bytes does not fail.
        let Ok(()) = draft.key(|out| {
            out.extend_from_slice(key.as_bytes());
            Ok::<_, Infallible>(true)
        });
        if let Some(value) = record.value {
            let Ok(()) = draft.value(|out| {
                out.extend_from_slice(value);
                Ok::<_, Infallible>(true)
            });
        }
        draft.header(headers::DLQ_STAGE, STAGE);
        draft.text_header(headers::DLQ_REASON, reason);
        draft.header(headers::DLQ_SOURCE_TOPIC, input.topic.as_bytes());
        draft.text_header(headers::DLQ_SOURCE_PARTITION, record.partition);
        draft.text_header(headers::DLQ_SOURCE_OFFSET, record.offset);
        draft.text_header(headers::DLQ_SOURCE_TIMESTAMP, record.timestamp);
        if let Some(key) = record.key {
            draft.header(headers::DLQ_KEY, key);
        }
        // A negative time cannot be written; it is kept in the header.
        draft.finish(&input.dead_letters, None, record.timestamp.max(0));
    }
}
