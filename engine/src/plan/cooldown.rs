//! `--@cooldown`: the step that keeps a rule's alerts apart.
//!
//! What holds: it stands where the rows of one key are in one task, so before a filter rule's projection and
//! behind a group's HAVING; what it remembers is under a tag made of the rule's name and version, in one store
//! for all rules by that key.

use super::logical::LogicalQuery;
use super::physical::{Planner, key_columns};
use super::{Fingerprint, Operator, QueryId, StepId, StoreKind, StorePlan};
use crate::types::Column;
use crate::types::expr::Expr;

impl Planner<'_> {
    /// The step of the rule's cooldown over rows with this key, not yet fed by any; None where it has none.
    /// `rows` names what the key is of.
    pub(super) fn cooldown(
        &mut self,
        id: QueryId,
        query: &LogicalQuery,
        key: Vec<Expr>,
        rows: &str,
    ) -> Option<StepId> {
        let rule = query.rule.as_ref()?;
        let millis = rule.cooldown?;
        let name = format!("{rows}-cooldowns");
        let stores = &mut self.whole.stores;
        let store = stores.iter().position(|s| s.name == name).unwrap_or_else(|| {
            stores.push(StorePlan { name, key: key_columns(&key), kind: StoreKind::Cooldowns, since: 0 });
            stores.len() - 1
        });
        let tag = Fingerprint::of(&format!("cooldown/1 {} {}", rule.name, rule.version));
        Some(self.step(Operator::Cooldown { store, key, tag, millis }, Some(id)))
    }
}

/// A group's key in the row that its aggregates make.
pub(super) fn group_key(key: &[Expr]) -> Vec<Expr> {
    let column = |(at, column): (usize, Column)| Expr::column(at, column.name, column.data_type);
    key_columns(key).into_iter().enumerate().map(column).collect()
}
