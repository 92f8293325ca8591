//! The headers of alerts, and of records that carry their origin on: see `events::headers`.

use events::{AlertOrigin, alert_id, headers};

use super::Change;
use crate::plan::Rule;
use crate::task::{Draft, Origin};

/// `alert.retract` of a row that no longer satisfies HAVING.
const LEFT: &[u8] = b"left";
/// `alert.retract` of a session that went into another.
const MERGED: &[u8] = b"merged";

/// Writes an alert's headers, its key being written. The id comes from the window's start, without a window
/// from the original record.
pub(super) fn write_headers(draft: &mut Draft<'_>, rule: &Rule, origin: &Origin<'_>, change: &Change<'_>) {
    let Origin { topic, partition, offset, timestamp, ordinal } = *origin;
    let window = change.window.filter(|_| rule.windowed);
    let about = match window {
        Some(window) => AlertOrigin::Window(window.start),
        None => AlertOrigin::Record { topic, partition, offset, timestamp, ordinal },
    };
    let id = alert_id(&rule.name, &rule.version, draft.plain_key(), about);
    draft.text_header(headers::ALERT_ID, id);
    draft.header(headers::RULE_NAME, rule.name.as_bytes());
    draft.header(headers::RULE_VERSION, rule.version.as_bytes());
    draft.header(headers::RULE_MODE, rule.mode.as_str().as_bytes());
    draft.header(headers::RULE_SEVERITY, rule.severity.as_str().as_bytes());
    if let Some(window) = window {
        draft.text_header(headers::WINDOW_START, window.start);
        draft.text_header(headers::WINDOW_END, window.end);
    }
    write_origin(draft, origin);
    if change.tombstone && change.is_table {
        draft.header(headers::ALERT_RETRACT, if change.merged { MERGED } else { LEFT });
    }
}

/// Writes the `source.*` headers.
pub(super) fn write_origin(draft: &mut Draft<'_>, origin: &Origin<'_>) {
    draft.header(headers::SOURCE_TOPIC, origin.topic.as_bytes());
    draft.text_header(headers::SOURCE_PARTITION, origin.partition);
    draft.text_header(headers::SOURCE_OFFSET, origin.offset);
    draft.text_header(headers::SOURCE_TIMESTAMP, origin.timestamp);
    draft.text_header(headers::SOURCE_ORDINAL, origin.ordinal);
}
