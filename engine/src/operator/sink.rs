//! Sinks: a row becomes a record of a topic.
//!
//! The key is the row's key columns and, for a windowed table, the window; a tombstone has no value. The
//! record's time is the row's, or that of the column that the statement names. A row that cannot be written
//! is counted and leaves nothing behind; ksqlDB logs it and goes on, too.

use super::{Change, Run, alert};
use crate::format::{EncodeError, Presence, window_key};
use crate::plan::KeyWindow;
use crate::task::{Origin, SinkRun, row_time};

impl Run<'_, '_> {
    pub(super) fn sink(&mut self, sink: &SinkRun, change: &Change<'_>) {
        let written = self.write(sink, change);
        let Some(query) = sink.query else { return };
        let counters = &mut self.counters[query];
        counters.contributed += u64::from(!change.counted);
        match written {
            Ok(()) => counters.emitted += 1,
            Err(_) => counters.errors += 1,
        }
    }

    fn write(&mut self, sink: &SinkRun, change: &Change<'_>) -> Result<(), EncodeError> {
        let time = sink_time(sink, change)?;
        let (key, value) = change.row.split_at(sink.key_width);
        let mut draft = self.output.draft();
        // A record without a key has NULL in each of its columns, and goes on without one.
        let has_key = sink.new_key || key.iter().any(|value| !value.is_null());
        draft.key(|out| Ok(has_key && sink.key.encode(key, out).map(is_there)?))?;
        if let (Some(kind), Some(window)) = (sink.window, change.window) {
            draft.window(|out| match kind {
                KeyWindow::Time { .. } => window_key::append_time(out, window.start),
                KeyWindow::Session => window_key::append_session(out, window),
            });
        }
        if !change.tombstone {
            draft.value(|out| sink.value.encode(value, out).map(is_there))?;
        }
        if let Some(rule) = &sink.rule {
            let ordinal = sink.query.map_or(0, |query| self.scratch.per_query.next(query));
            let origin = Origin { ordinal: nested(self.origin.ordinal, ordinal), ..self.origin };
            alert::write_headers(&mut draft, rule, &origin, change);
        } else if sink.carries_origin {
            let ordinal = self.scratch.per_topic.next(sink.topic_place);
            let origin = Origin { ordinal: nested(self.origin.ordinal, ordinal), ..self.origin };
            alert::write_origin(&mut draft, &origin);
        }
        draft.finish(&sink.topic, sink.query, time);
        Ok(())
    }
}

fn is_there(presence: Presence) -> bool {
    presence == Presence::Value
}

/// Tells apart the outputs of records that derive from one original: the n-th output of the m-th derived
/// record. The first of the first is 0, as without a derivation.
pub(super) fn nested(derived: u32, ordinal: u32) -> u32 {
    derived.wrapping_shl(8).wrapping_add(ordinal)
}

fn sink_time(sink: &SinkRun, change: &Change<'_>) -> Result<i64, EncodeError> {
    match &sink.timestamp {
        Some(column) if !change.tombstone => {
            let time =
                change.row.get(column.column).and_then(|value| row_time(value, column.pattern.as_deref()));
            time.ok_or_else(|| EncodeError("the timestamp column holds no time since 1970".to_owned()))
        }
        _ => Ok(change.time),
    }
}
