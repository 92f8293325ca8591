//! A program that runs, under its number.
//!
//! What holds: a generation is loaded from texts alone, wherever these came from; the topics of a new one are there
//! before a worker sees it, and the topic `rules` tells of it.

use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use broker::{Broker, Clock, Outgoing, ProducerConfig};
use events::{Mode, RuleRecord, Severity};

use super::{Error, Options, Shared, topics};
use crate::plan::{DeadLetters, Program, Rule, Since};
use crate::rule_set::{self, Differences, RuleSet};
use crate::sql::{LoadOptions, RenderStyle, SourceFile};

/// A loaded program.
pub(crate) struct Generation {
    /// The version of its rule set: goes up with each reload.
    pub(crate) number: u64,
    /// The program.
    pub(crate) program: Arc<Program>,
    /// Its files.
    pub(super) files: Vec<SourceFile>,
    /// Of its files' names and texts.
    pub(super) hash: String,
}

/// How dead letters are kept. They fit into what the producer sends, its framing apart.
fn dead_letters(options: &Options) -> DeadLetters {
    let default = DeadLetters::default();
    let largest =
        options.producer_properties.get("message.max.bytes").and_then(|text| text.parse::<usize>().ok());
    DeadLetters {
        mask: options.mask.clone(),
        max_bytes: largest.map_or(default.max_bytes, |largest| largest - largest / 20),
        limit: Some(options.dead_letter_limit),
    }
}

impl Generation {
    /// Loads the program of these files.
    ///
    /// # Errors
    /// [`Error::Refused`] with the diagnostics.
    pub(crate) fn of(files: Vec<SourceFile>, options: &Options, number: u64) -> Result<Self, Error> {
        Self::load(files, options, (number, &Since::new()))
    }

    fn load(
        files: Vec<SourceFile>,
        options: &Options,
        (number, since): (u64, &Since),
    ) -> Result<Self, Error> {
        let load = LoadOptions {
            internal_prefix: options.group.clone(),
            dead_letters: dead_letters(options),
            ..LoadOptions::default()
        };
        let mut loaded = crate::sql::load(files.clone(), &load).map_err(|d| Error::Refused(Box::new(d)))?;
        loaded.program.keep_since(since);
        if !loaded.warnings.is_empty() {
            tracing::warn!("the rules have warnings\n{}", loaded.warnings.render(RenderStyle::Plain));
        }
        if options.guarantee.of(&loaded.program) != options.guarantee {
            tracing::warn!(
                "the rules run exactly once although at-least-once is asked for: they read what they write \
                 themselves, or join topics, and repetitions would be counted twice"
            );
        }
        let hash = rule_set::hash(&files);
        Ok(Self { number, program: Arc::new(loaded.program), files, hash })
    }

    /// Loads a published rule set.
    ///
    /// # Errors
    /// [`Error::Refused`] with the diagnostics.
    pub(super) fn published(set: RuleSet, options: &Options) -> Result<Self, Error> {
        let RuleSet { version, files, since, .. } = set;
        Self::load(files, options, (version, &since))
    }

    /// These files are published as this set.
    ///
    /// # Errors
    /// [`Error::Refused`] with the diagnostics.
    pub(super) fn as_published(&self, set: &RuleSet, options: &Options) -> Result<Self, Error> {
        Self::load(self.files.clone(), options, (set.version, &set.since))
    }

    /// What another program has otherwise.
    pub(super) fn differences(&self, other: &Self) -> Differences {
        Differences::between((&self.files, Some(&self.program)), (&other.files, Some(&other.program)))
    }

    /// Makes it the program to run: its topics first, then the workers see it, each at its next commit.
    ///
    /// # Errors
    /// Where a topic does not fit or the log fails; then nothing has changed.
    pub(super) fn activate(self, shared: &Shared) -> Result<(), Error> {
        let before = shared.current();
        topics::ensure(&*shared.broker, &shared.options, &self.program)?;
        self.announce(&*shared.broker, &shared.options, &*shared.clock)?;
        self.log_changes(&before);
        let number = self.number;
        *shared.generation.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(self);
        shared.number.store(number, Ordering::SeqCst);
        Ok(())
    }

    /// Its rules with their queries' texts.
    pub(super) fn rules(&self) -> impl Iterator<Item = (&Rule, &str)> {
        self.program.queries.iter().filter_map(|q| q.rule.as_ref().map(|r| (r, q.sql.as_str())))
    }

    /// Says what runs.
    pub(super) fn log_rules(&self) {
        for (rule, _) in self.rules() {
            tracing::info!(rule = rule.name, version = rule.version, severity = %rule.severity, mode = %rule.mode, file = rule.file, "rule loaded");
        }
    }

    /// Says what is new against what ran before.
    fn log_changes(&self, before: &Generation) {
        for (rule, _) in self.rules() {
            match before.rules().find(|(r, _)| r.name == rule.name) {
                None => tracing::info!(rule = rule.name, version = rule.version, "rule added"),
                Some((old, _)) if old != rule => {
                    tracing::info!(
                        rule = rule.name,
                        version = rule.version,
                        before = old.version,
                        "rule changed"
                    );
                }
                Some(_) => {}
            }
        }
        for (old, _) in before.rules().filter(|(old, _)| !self.rules().any(|(r, _)| r.name == old.name)) {
            tracing::info!(rule = old.name, version = old.version, "rule removed");
        }
    }

    /// Writes every rule to the topic `rules`, so that the database knows rules that never fired.
    pub(super) fn announce(
        &self,
        broker: &dyn Broker,
        options: &Options,
        clock: &dyn Clock,
    ) -> Result<(), Error> {
        let config =
            ProducerConfig { transactional_id: None, properties: options.producer_properties.clone() };
        let mut producer = broker.producer(&config)?;
        for (rule, sql) in self.rules() {
            let record = RuleRecord {
                name: rule.name.clone(),
                version: rule.version.clone(),
                mode: rule.mode.as_str().parse().unwrap_or(Mode::Live),
                severity: rule.severity.as_str().parse().unwrap_or(Severity::Medium),
                description: rule.description.clone(),
                sql: sql.to_owned(),
            };
            let value = serde_json::to_vec(&record).unwrap_or_default();
            producer.produce(&Outgoing {
                topic: events::topics::RULES.name,
                partition: None,
                key: Some(rule.name.as_bytes()),
                value: Some(&value),
                timestamp: clock.wall(),
                headers: &[],
            })?;
        }
        producer.flush(Duration::from_secs(30))?;
        Ok(())
    }
}
