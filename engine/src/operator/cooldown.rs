//! `--@cooldown`: after an alert the rule says nothing more about its key for a while, by stream time.
//!
//! What is kept back is counted. A row without a key has none to be silent about, so it passes. That a row left
//! the rule's result passes too: the alert that it takes back may have been written. A session that goes into
//! another is taken back only where its successor may alert.

use super::{Change, Run};
use crate::state::{Store, codec};
use crate::task::{CooldownRun, StepRun};
use crate::types::Value;

impl Run<'_, '_> {
    pub(super) fn cooldown(&mut self, step: &StepRun, cooldown: &CooldownRun, change: &Change<'_>) {
        if self.may_pass(cooldown, change) {
            return self.feed(&step.outputs, change);
        }
        let is_alert = !(change.is_table && change.tombstone);
        self.count(&step.queries, |c| c.suppressed += u64::from(is_alert));
        self.end(&step.queries, change, |c| c.contributed += 1);
    }

    fn may_pass(&mut self, cooldown: &CooldownRun, change: &Change<'_>) -> bool {
        let mut key = self.scratch.rows.take();
        // A key that cannot be computed was counted where the row was made.
        key.extend(cooldown.key.iter().map(|expr| expr.eval(change.row).unwrap_or(Value::Null)));
        let has_key = key.iter().any(|value| !value.is_null());
        self.scratch.key.clear();
        codec::write_key(&mut self.scratch.key, &key);
        self.scratch.rows.give(key);
        let Some(Store::Cooldowns(store)) = self.stores[cooldown.store].as_deref_mut() else { return true };
        let key = &self.scratch.key;
        match change {
            _ if !has_key => true,
            Change { is_table: true, tombstone: true, merged: true, .. } => {
                !store.lasts(cooldown.slot, key, change.time)
            }
            Change { is_table: true, tombstone: true, .. } => true,
            _ => store.admit(cooldown.slot, key, change.time),
        }
    }
}
