//! A rule's cooldown made ready to run.

use super::{Node, Wiring};
use crate::plan::{Fingerprint, StoreId};
use crate::types::expr::Expr;

/// See [`crate::plan::Operator::Cooldown`].
#[derive(Debug)]
pub(crate) struct CooldownRun {
    pub(crate) store: StoreId,
    /// The rule's place in the store.
    pub(crate) slot: usize,
    pub(crate) key: Vec<Expr>,
}

impl Wiring {
    /// Gives a rule a place in its store.
    pub(super) fn cooldown(&mut self, store: StoreId, key: &[Expr], rule: (Fingerprint, i64)) -> Node {
        let rules = &mut self.cooldowns[store];
        rules.push(rule);
        Node::Cooldown(CooldownRun { store, slot: rules.len() - 1, key: key.to_vec() })
    }
}
