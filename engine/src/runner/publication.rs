//! A directory of rules is published by hand: `streamguard rules publish`.

use broker::{Broker, SystemClock};

use super::generation::Generation;
use super::publish::version_of;
use super::{Error, Options, identity, reload, topics};
use crate::plan::Program;
use crate::rule_files;
use crate::rule_set::Differences;

/// How a directory is published.
#[derive(Debug, Clone, Copy, Default)]
pub struct Publishing {
    /// The version that it is to replace, 0 where nothing is published; None: the newest.
    pub replaces: Option<u64>,
    /// Only says what would happen.
    pub dry_run: bool,
}

/// What a publication did, or would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Publication {
    /// The version of these rules; None where they are not published because that was not asked for.
    pub version: Option<u64>,
    /// The version that was the newest before.
    pub before: u64,
    /// How many files they are.
    pub files: usize,
    /// How many rules.
    pub rules: usize,
    /// What they change; empty where they are published already.
    pub differences: Differences,
}

/// Publishes the rules of the options for the options' group, where they are not what is published already. Their
/// topics are made first.
///
/// # Errors
/// [`Error::Refused`] where they do not load, [`Error::Conflict`] where another version is the newest,
/// [`Error::Topic`] where a topic does not fit, and those of the log.
pub fn publish(broker: &dyn Broker, options: &Options, how: Publishing) -> Result<Publication, Error> {
    let local = Generation::of(rule_files::read(&options.rules)?, options, 0)?;
    let rule_sets = reload::topic((broker, &SystemClock), options);
    let newest = rule_sets.newest()?;
    let before = version_of(&newest);
    let published = newest.and_then(Result::ok);
    let (is_same, differences) = match &published {
        Some(set) => {
            // What this release refuses is compared by its files alone.
            let program = Generation::published(set.clone(), options).ok();
            let program = program.as_ref().map(|p| &*p.program);
            let local_side = (local.files.as_slice(), Some(&*local.program));
            (set.hash() == local.hash, Differences::between((&set.files, program), local_side))
        }
        None => (
            false,
            Differences::between((&[], Some(&Program::default())), (&local.files, Some(&*local.program))),
        ),
    };
    let mut done = Publication {
        version: is_same.then_some(before),
        before,
        files: local.files.len(),
        rules: local.rules().count(),
        differences,
    };
    let replaces = how.replaces.unwrap_or(before);
    if !how.dry_run && !is_same {
        topics::ensure(broker, options, &local.program)?;
        let publisher = format!("rules publish on {}", identity::host());
        done.version = Some(rule_sets.publish(&local.files, replaces, &publisher)?.version);
    }
    Ok(done)
}
