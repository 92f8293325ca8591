//! Since when a program's stores keep what they keep.
//!
//! Enters: a program, and since which version of the rules each of its slots and stores is there without a gap. Leaves:
//! the program with tags that say so. What holds: a slot or store that was away for a version is another one when it
//! comes back, so nothing that was left of it anywhere is found: in a record on disk that nobody has touched since, or
//! by a worker that was dead in between. It does not matter who has seen the version in between.

use std::collections::{BTreeMap, BTreeSet};

use super::{Fingerprint, Operator, Program};

/// By a slot's fingerprint or a store's name: the version of the rules since which it is there.
pub type Since = BTreeMap<String, u64>;

impl Program {
    /// All slots and stores that it has.
    pub fn kept(&mut self) -> BTreeSet<String> {
        let mut kept = BTreeSet::new();
        self.visit_tags(&mut |tag| {
            kept.insert(tag.to_string());
        });
        kept.extend(self.tasks.iter().flat_map(|task| &task.stores).map(|store| store.name.clone()));
        kept
    }

    /// Tells its slots and stores since when they are there. What is not named is there for ever.
    pub fn keep_since(&mut self, since: &Since) {
        self.visit_tags(&mut |tag| {
            if let Some(version) = since.get(&tag.to_string()) {
                *tag = Fingerprint::of(&format!("since/1 {tag} {version}"));
            }
        });
        for store in self.tasks.iter_mut().flat_map(|task| &mut task.stores) {
            store.since = since.get(&store.name).copied().unwrap_or(0);
        }
    }

    fn visit_tags(&mut self, visit: &mut dyn FnMut(&mut Fingerprint)) {
        for step in self.tasks.iter_mut().flat_map(|task| &mut task.steps) {
            match &mut step.operator {
                Operator::Aggregate { frames, .. } => {
                    for frame in frames {
                        visit(&mut frame.fingerprint);
                        frame.calls.iter_mut().for_each(|call| visit(&mut call.fingerprint));
                        frame
                            .outputs
                            .iter_mut()
                            .filter_map(|output| output.first.as_mut())
                            .for_each(&mut *visit);
                    }
                }
                Operator::Cooldown { tag, .. } => visit(tag),
                _ => {}
            }
        }
    }
}
