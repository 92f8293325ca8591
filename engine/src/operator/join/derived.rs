//! The row that a table has now which an aggregation of the same task derives.
//!
//! The aggregation has not seen the record yet: see `plan::derived`. So the row is what it wrote last for the key:
//! none where HAVING does not hold.

use crate::operator::Run;
use crate::operator::emit::FrameRow;
use crate::plan::{DerivedRef, Pseudo};
use crate::state::{Store, TableRow};
use crate::task::{Node, row_time};
use crate::types::Value;

impl Run<'_, '_> {
    pub(super) fn derived_row(
        &mut self,
        derived: &DerivedRef,
        bytes: &[u8],
        key: &Value<'_>,
    ) -> Option<TableRow> {
        let wiring = self.wiring;
        let Node::Aggregate { frames, .. } = &wiring.steps[derived.step].node else { return None };
        let frame = frames.get(derived.frame)?;
        let output = frame.outputs.get(derived.output).filter(|output| output.query == derived.query)?;
        let Some(Store::Aggregates(store)) = self.stores[derived.store].as_deref_mut() else { return None };
        let window = store.window(frame.place, bytes, 0)?;
        let key = std::slice::from_ref(key);
        let group = FrameRow::of(frame, key, None, window);
        let mut row = vec![Value::Null; group.width()];
        // What has no value was counted when the group changed.
        if !group.passes(&mut row, output).unwrap_or(false) {
            return None;
        }
        group.fill(&mut row);
        let project = &wiring.steps[output.step];
        let Node::Project { exprs } = &project.node else { return None };
        let values = exprs.iter().map(|expr| expr.eval(&row).unwrap_or(Value::Null).into_owned());
        let mut values: Vec<Value<'static>> = values.collect();
        let sink = project.outputs.first().map(|sink| &wiring.steps[*sink].node);
        let timestamp = match sink {
            Some(Node::Sink(sink)) => sink.timestamp.as_ref(),
            _ => None,
        };
        let time = timestamp
            .and_then(|column| row_time(values.get(column.column)?, column.pattern.as_deref()))
            .unwrap_or(window.time());
        let pseudo = values.len();
        values.resize(pseudo + Pseudo::ALL.len(), Value::Null);
        values[pseudo + Pseudo::Rowtime as usize] = Value::Bigint(time);
        Some(TableRow { time, values })
    }
}
