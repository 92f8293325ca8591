//! Commits that were made by other rules, and that no checkpoint holds yet.
//!
//! Enters: where tasks stand, and the marks of their stores. Leaves: under which rule set which stores have to be
//! brought to the committed positions first, and that rule set as a program. What holds: what was done is done once
//! more by the rules that did it; then the stores are in a checkpoint of just that position, and other rules take
//! them over from there as workers do that switch. Older rules than those that made the last commit or
//! checkpoint take nothing over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::Ordering;

use broker::{ErrorKind, TopicPartition};

use super::super::checkpoint::{Mark, Stamp};
use super::super::generation::Generation;
use super::super::local::StorePartition;
use super::super::publish::version_of;
use super::super::reload::topic;
use super::super::topics::changelog;
use super::super::{Error, Shared};
use super::{Refusal, Standing, refusal, standing};

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in super::super) struct Past {
    /// The version of the rule set.
    pub(in super::super) rules: u64,
    /// What has to be brought to the committed positions under it.
    pub(in super::super) stores: BTreeSet<StorePartition>,
}

/// Lets nobody go on behind rules that are newer than its own: a record would go by older rules than one before it.
///
/// # Errors
/// `rules` are published and not taken over here: join anew until they are. [`Error::RuleSet`] where that is of no use.
pub(in super::super) fn follows(shared: &Shared, own: u64, rules: u64) -> Result<(), Error> {
    if rules <= own {
        return Ok(());
    }
    let refused = shared.refused.load(Ordering::SeqCst);
    if rules <= refused {
        return Err(Error::RuleSet(format!(
            "version {rules} of the rules has been at work on these partitions, and this engine cannot run version \
             {refused}: its log says why. Run the release that published it, or publish rules that all engines can \
             run with streamguard rules publish"
        )));
    }
    let published = topic((&*shared.broker, &*shared.clock), &shared.options).newest()?;
    if version_of(&published) < rules {
        // They are of a topic that is there no more: versions began anew.
        return Ok(());
    }
    let message = format!("version {rules} of the rules runs already, and is not taken over here yet");
    // The way back would come here again and again: rules are taken over between two steps.
    Err(broker::Error::new(ErrorKind::Fenced, "taking up partitions", message).into())
}

/// The same, behind all rules that have been at work on these tasks.
pub(super) fn follows_all(shared: &Shared, own: u64, standings: &[Standing]) -> Result<(), Error> {
    follows(shared, own, newest(standings))
}

/// The newest rules that these tasks' inputs tell of, or their changelogs: rules that have taken over what they know
/// and have committed nothing yet.
fn newest(standings: &[Standing]) -> u64 {
    let inputs = standings.iter().flat_map(|standing| &standing.inputs);
    let commits = inputs.filter_map(|input| Some(input.committed.as_ref()?.1.as_ref()?.rules));
    let logs = standings.iter().flat_map(|standing| &standing.logs);
    commits.chain(logs.filter_map(|log| Some(log.stamp?.rules))).max().unwrap_or(0)
}

/// What other rules have done of the work of these tasks since their last checkpoints: of one rule set, the oldest.
pub(super) fn find(shared: &Shared, standings: &[Standing]) -> Result<Option<Past>, Error> {
    let mut past = BTreeMap::<u64, BTreeSet<StorePartition>>::new();
    for standing in standings.iter().filter(|standing| standing.is_whole) {
        for log in &standing.logs {
            if let Some(mark) = &log.mark
                && standing.is_of_others(mark)
                && standing.is_behind(shared, mark)?
            {
                past.entry(mark.rules).or_default().insert(log.store.clone());
            }
        }
    }
    Ok(past.pop_first().map(|(rules, stores)| Past { rules, stores }))
}

impl Standing {
    /// Whether the work that a checkpoint was made of has gone on after it.
    fn is_behind(&self, shared: &Shared, mark: &Mark) -> Result<bool, Error> {
        for (topic, at) in &mark.positions {
            let partition = TopicPartition::new(topic.as_str(), self.number);
            let committed = match self.inputs.iter().find(|input| input.partition == partition) {
                Some(input) => input.committed.clone(),
                None => standing::committed(shared, &partition)?,
            };
            let Some((offset, stamp)) = committed else { continue };
            // Where no position tells of it, the journal does.
            let is_later = |stamp: &Stamp| stamp.work == mark.work && stamp.number > mark.number;
            if offset != *at || stamp.as_ref().is_some_and(is_later) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The program of a rule set that was replaced.
///
/// # Errors
/// It is not there any more, or cannot be run: then these stores cannot be restored exactly.
pub(in super::super) fn program(shared: &Shared, past: &Past) -> Result<Generation, Error> {
    let changelogs: Vec<_> =
        past.stores.iter().map(|of| changelog(&shared.options.group, &of.store)).collect();
    let refused = |why: &str| {
        let (changelogs, rules, why) = (changelogs.clone(), past.rules, why.to_owned());
        let advice = refusal::advice(&changelogs);
        Error::Unrestorable { refusal: Refusal::Rules { changelogs, rules, why }, advice }
    };
    let set = match topic((&*shared.broker, &*shared.clock), &shared.options).version(past.rules)? {
        Some(Ok(set)) => set,
        Some(Err(damaged)) => return Err(refused(&damaged.why)),
        None => return Err(refused("it is not in the rule-set topic any more")),
    };
    Generation::published(set, &shared.options).map_err(|error| match error {
        Error::Refused(_) => refused("this release refuses it"),
        error => error,
    })
}
