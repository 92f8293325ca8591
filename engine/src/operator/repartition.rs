//! Moves records to a topic of ours that is partitioned by another key.
//!
//! Written once per record, whatever the number of queries: key = the key columns' values (one as Kafka's
//! primitive, several as a JSON object), value as it came, time = the row's, headers = the origin and the
//! original key. A record with a NULL among its key columns is skipped: no group would take it.

use std::sync::Arc;

use super::{Change, Run, alert};
use crate::format::{EncodeError, Encoder, Presence};
use crate::task::{StepRun, moved_headers};
use crate::types::Value;
use crate::types::expr::Expr;

/// The header with the original key's bytes; absent where it had none.
pub(crate) const SOURCE_KEY: &str = "source.key";

impl Run<'_, '_> {
    pub(super) fn repartition(
        &mut self,
        step: &StepRun,
        topic: &Arc<str>,
        key: &[Expr],
        encoder: &Encoder,
        change: &Change<'_>,
    ) {
        let mut values = self.scratch.rows.take();
        for expr in key {
            let value = self.value_or_null(&step.queries, expr.eval(change.row));
            values.push(value);
        }
        // The queries count those that get through where they read them.
        if values.iter().any(Value::is_null) {
            self.count(&step.queries, |c| {
                c.input += 1;
                c.skipped += 1;
            });
        } else if self.move_record(topic, encoder, &values, change.time).is_err() {
            self.count(&step.queries, |c| {
                c.input += 1;
                c.skipped += 1;
                c.errors += 1;
            });
        }
        self.scratch.rows.give(values);
    }

    fn move_record(
        &mut self,
        topic: &Arc<str>,
        encoder: &Encoder,
        key: &[Value<'_>],
        time: i64,
    ) -> Result<(), EncodeError> {
        let mut draft = self.output.draft();
        draft.key(|out| encoder.encode(key, out).map(|presence| presence == Presence::Value))?;
        if let Some(value) = self.record.value {
            draft.value(|out| {
                out.extend_from_slice(value);
                Ok::<_, EncodeError>(true)
            })?;
        }
        alert::write_origin(&mut draft, &self.origin);
        if let Some(key) = self.record.key {
            draft.header(SOURCE_KEY, key);
        }
        if self.input.has_headers {
            let (name, headers) = moved_headers(self.record);
            draft.header(name, &headers);
        }
        draft.finish(topic, None, time);
        Ok(())
    }
}
