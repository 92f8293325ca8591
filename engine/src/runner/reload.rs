//! Which program is to run: of the directory, and of what is published.
//!
//! Enters: the files of the directory when they have changed, and rule sets when they are published. Leaves: the
//! generation that the workers switch to, and a published rule set where the directory was edited. What holds: an
//! invalid program changes nothing and is reported once; versions only go up; a directory that was not what is
//! published before it was edited is never published by itself, so that an older checkout rolls nothing back.

use std::time::{Duration, Instant};

use broker::{Broker, Clock};

use super::generation::Generation;
use super::publish::{Newest, Reading, RuleSetTopic, version_of};
use super::worker::lasts;
use super::{Error, Options, Shared, topics};
use crate::rule_files;
use crate::rule_set::{self, RuleSet};
use crate::sql::{RenderStyle, SourceFile};

/// How long to wait before the topic is read anew after a failure.
const AGAIN: Duration = Duration::from_secs(1);

/// Which rules run where the directory and the published rule set differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Authority {
    /// The directory's, from the start on: this is the only engine of its group. They are published too, so that
    /// the state is restored under the rules that made it.
    #[default]
    Directory,
    /// The published ones. An edit of the directory while the engine runs is published where the directory was
    /// what is published before; otherwise the engine only says where the two differ.
    Published,
}

/// See the module.
pub(crate) struct Reload {
    authority: Authority,
    /// Who publishes, for people.
    publisher: String,
    /// The hash of the directory that was dealt with last.
    seen: Option<String>,
    /// The hash of what was published when the directory was that, too.
    base: Option<String>,
    /// The newest version that is known, whether it runs here or not.
    newest: u64,
    /// Another program runs since the directory was compared.
    differs: bool,
    /// Published and not taken over yet, because the log failed.
    pending: Option<RuleSet>,
    reading: Option<Reading>,
    failed: Option<Instant>,
}

/// The log and the time.
type World<'w> = (&'w dyn Broker, &'w dyn Clock);

/// The topic of rule sets of this engine.
pub(super) fn topic<'a>((broker, clock): World<'a>, options: &'a Options) -> RuleSetTopic<'a> {
    RuleSetTopic {
        broker,
        clock,
        group: &options.group,
        consumer_properties: &options.consumer_properties,
        producer_properties: &options.producer_properties,
    }
}

/// The program to begin with. A directory that has the say is published where it differs; what the rules before it
/// left to do once more is done by those.
///
/// # Errors
/// Where it cannot be run.
pub(super) fn start(
    world: World<'_>,
    options: &Options,
    publisher: &str,
) -> Result<(Generation, Reload), Error> {
    let files = rule_files::read(&options.rules)?;
    let local = Generation::of(files, options, 0)?;
    let (rule_sets, broker) = (topic(world, options), world.0);
    rule_sets.ensure()?;
    let mut newest = rule_sets.newest()?;
    let publish = |replaces| publish(&rule_sets, options, &local, replaces, publisher);
    if newest.is_none() {
        newest = match publish(0) {
            Err(Error::Conflict { .. }) => rule_sets.newest()?,
            set => Some(Ok(set?)),
        };
    }
    let is_local = matches!(&newest, Some(Ok(set)) if set.hash() == local.hash);
    let generation = if options.authority == Authority::Published || is_local {
        published(newest, &local, broker, options)?
    } else {
        let set = publish(version_of(&newest))?;
        local.as_published(&set, options)?
    };
    let reload = Reload::new(options.authority, publisher, &generation, &local);
    Ok((generation, reload))
}

/// Publishes a program whose topics can be used.
fn publish(
    rule_sets: &RuleSetTopic<'_>,
    options: &Options,
    program: &Generation,
    replaces: u64,
    publisher: &str,
) -> Result<RuleSet, Error> {
    topics::ensure(rule_sets.broker, options, &program.program)?;
    rule_sets.publish(&program.files, replaces, publisher)
}

/// What is published, as a program whose topics are there.
fn published(
    newest: Newest,
    local: &Generation,
    broker: &dyn Broker,
    options: &Options,
) -> Result<Generation, Error> {
    let program = match newest {
        Some(Ok(set)) if set.hash() == local.hash => local.as_published(&set, options)?,
        Some(Ok(set)) => Generation::published(set.clone(), options).inspect_err(|_| {
            tracing::error!(
                version = set.version,
                publisher = set.publisher,
                "this release refuses the rules that are published"
            );
        })?,
        Some(Err(damaged)) => {
            return Err(Error::RuleSet(format!(
                "{damaged}; run the release that published it, or publish the rules again with streamguard rules publish"
            )));
        }
        None => {
            return Err(Error::RuleSet(
                "the rule set that was published is gone; start the engine again".into(),
            ));
        }
    };
    topics::ensure(broker, options, &program.program)?;
    Ok(program)
}

impl Reload {
    /// At the start: this program is published, and the directory is that.
    fn new(authority: Authority, publisher: &str, published: &Generation, local: &Generation) -> Self {
        let same = local.hash == published.hash;
        if !same {
            say(published, local);
        }
        Self {
            authority,
            publisher: publisher.to_owned(),
            seen: Some(local.hash.clone()),
            base: same.then(|| local.hash.clone()),
            newest: published.number,
            differs: false,
            pending: None,
            reading: None,
            failed: None,
        }
    }

    /// Whether all that is known is dealt with.
    pub(super) fn is_settled(&self) -> bool {
        self.pending.is_none()
    }

    /// Looks at the files, and deals with what has changed.
    pub(super) fn look(&mut self, shared: &Shared) {
        match rule_files::read(&shared.options.rules) {
            Ok(files) => self.directory(shared, files),
            // An editor that replaces a file may leave it away for a moment; the next look finds it.
            Err(error) => tracing::debug!(%error, "the rules cannot be read now"),
        }
    }

    /// The directory has these files.
    pub(crate) fn directory(&mut self, shared: &Shared, files: Vec<SourceFile>) {
        let hash = rule_set::hash(&files);
        let current = shared.current();
        let (is_new, differs) = (self.seen.as_ref() != Some(&hash), std::mem::take(&mut self.differs));
        if hash == current.hash {
            (self.base, self.seen) = (Some(hash.clone()), Some(hash));
            return;
        }
        if !is_new && !differs {
            return;
        }
        let outcome = Generation::of(files, &shared.options, 0).and_then(|local| {
            if is_new {
                return self.edited(shared, &current, local);
            }
            say(&current, &local);
            Ok(())
        });
        match outcome {
            Ok(()) => {}
            Err(error) if passes(&error) => {
                return tracing::warn!(%error, "the changed rules wait for the log");
            }
            // What was published comes first; then the directory is looked at again.
            Err(Error::Conflict { newest, .. }) if newest > self.newest => return,
            Err(Error::Refused(diagnostics)) => tracing::error!(
                "the changed rules are refused, the last good ones go on\n{}",
                diagnostics.render(RenderStyle::Plain)
            ),
            Err(error) => {
                tracing::error!(%error, "the changed rules cannot be used, the last good ones go on");
            }
        }
        self.seen = Some(hash);
    }

    /// The directory holds a program that does not run yet: publishes it and has it run.
    fn edited(&mut self, shared: &Shared, current: &Generation, local: Generation) -> Result<(), Error> {
        let replaces = match self.authority {
            Authority::Directory => self.newest,
            Authority::Published if self.base.as_ref() == Some(&current.hash) => current.number,
            Authority::Published => {
                tracing::warn!(
                    version = current.number,
                    differences = %current.differences(&local),
                    "the edited rules are not published: this directory was not what is published before the edit; streamguard rules publish publishes it as it is"
                );
                return Ok(());
            }
        };
        let rule_sets = topic((&*shared.broker, &*shared.clock), &shared.options);
        let publish = |replaces| publish(&rule_sets, &shared.options, &local, replaces, &self.publisher);
        let set = match publish(replaces) {
            Err(Error::Conflict { newest, .. }) if self.authority == Authority::Directory => publish(newest)?,
            set => set?,
        };
        tracing::info!(version = set.version, differences = %current.differences(&local), "rules published");
        self.base = Some(local.hash.clone());
        self.newest = set.version;
        let next = local.as_published(&set, &shared.options)?;
        next.activate(shared).inspect_err(|error| {
            if passes(error) {
                self.pending = Some(set);
            }
        })
    }

    /// Takes over what was published meanwhile.
    pub(crate) fn follow(&mut self, shared: &Shared) {
        if self.authority == Authority::Published
            && self.failed.is_none_or(|at| shared.clock.now() >= at + AGAIN)
        {
            match self.read(shared) {
                Ok(()) => self.failed = None,
                Err(error) => {
                    if self.failed.is_none() {
                        tracing::warn!(%error, "the rule-set topic cannot be read now");
                    }
                    (self.failed, self.reading) = (Some(shared.clock.now()), None);
                }
            }
        }
        if let Some(set) = self.pending.take() {
            self.take_over(shared, set);
        }
    }

    fn read(&mut self, shared: &Shared) -> Result<(), Error> {
        let rule_sets = topic((&*shared.broker, &*shared.clock), &shared.options);
        let reading = match &mut self.reading {
            Some(reading) => reading,
            none => none.insert(Reading::start(&rule_sets)?),
        };
        if !reading.poll(Duration::ZERO)? {
            return Ok(());
        }
        match reading.pieces.newest() {
            Ok(Some(set)) if set.version > self.newest => {
                self.newest = set.version;
                self.pending = Some(set);
            }
            Ok(_) => {}
            Err(damaged) if damaged.version > self.newest => {
                self.newest = damaged.version;
                shared.refuses(damaged.version);
                tracing::error!(%damaged, "what was published cannot be used, the last good rules go on");
            }
            Err(_) => {}
        }
        Ok(())
    }

    fn take_over(&mut self, shared: &Shared, set: RuleSet) {
        let current = shared.current();
        if set.version <= current.number {
            return;
        }
        let (version, publisher, kept) = (set.version, set.publisher.clone(), set.clone());
        let outcome = Generation::published(set, &shared.options).and_then(|next| next.activate(shared));
        if outcome.as_ref().is_err_and(|error| !passes(error)) {
            shared.refuses(version);
        }
        match outcome {
            Ok(()) => {
                tracing::info!(version, publisher, "the published rules are taken over");
                self.differs = true;
                let hash = kept.hash();
                if self.seen.as_ref() == Some(&hash) {
                    self.base = Some(hash);
                }
            }
            Err(error) if passes(&error) => {
                tracing::warn!(%error, version, "the published rules wait for the log");
                self.pending = Some(kept);
            }
            Err(Error::Refused(diagnostics)) => tracing::error!(
                version,
                publisher,
                "the published rules are refused by this release, the last good ones go on\n{}",
                diagnostics.render(RenderStyle::Plain)
            ),
            Err(error) => {
                tracing::error!(version, publisher, %error, "the published rules cannot be used here, the last good ones go on");
            }
        }
    }
}

/// Whether the log may do it the next time.
fn passes(error: &Error) -> bool {
    matches!(error, Error::Broker(error) if !lasts(error.kind()))
}

/// Says where the directory differs from what runs.
fn say(current: &Generation, local: &Generation) {
    tracing::warn!(
        version = current.number,
        differences = %current.differences(local),
        "this engine's directory is not what is published, and is not used; streamguard rules publish publishes it"
    );
}

#[cfg(test)]
mod tests;
