//! The program that runs, and how it is replaced while it does.
//!
//! What holds: an invalid program changes nothing and is reported once; the topics of a new program are there
//! before a worker sees it.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use broker::{Broker, Clock, Outgoing, ProducerConfig};
use events::{Mode, RuleRecord, Severity};
use notify::Watcher;

use super::{Error, Options, Shared, topics};
use crate::plan::{DeadLetters, Program, Rule};
use crate::rule_files;
use crate::sql::{LoadOptions, RenderStyle, SourceFile};

/// A loaded program.
pub(crate) struct Generation {
    /// Counts up with each reload.
    pub(crate) number: u64,
    /// The program.
    pub(crate) program: Arc<Program>,
    /// Of its files' names and texts.
    hash: u64,
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

fn hash_of(files: &[SourceFile]) -> u64 {
    let mut hasher = DefaultHasher::new();
    for file in files {
        (&file.name, &file.text).hash(&mut hasher);
    }
    hasher.finish()
}

impl Generation {
    /// Reads and loads the rules.
    pub(super) fn load(options: &Options, number: u64) -> Result<Self, Error> {
        Self::of(rule_files::read(&options.rules)?, options, number)
    }

    /// Loads rules that are here as texts.
    pub(super) fn of(files: Vec<SourceFile>, options: &Options, number: u64) -> Result<Self, Error> {
        let hash = hash_of(&files);
        let load = LoadOptions {
            internal_prefix: options.group.clone(),
            dead_letters: dead_letters(options),
            ..LoadOptions::default()
        };
        let loaded = crate::sql::load(files, &load).map_err(|d| Error::Refused(Box::new(d)))?;
        if !loaded.warnings.is_empty() {
            tracing::warn!("the rules have warnings\n{}", loaded.warnings.render(RenderStyle::Plain));
        }
        Ok(Self { number, program: Arc::new(loaded.program), hash })
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
    pub(super) fn publish(
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

/// Loads the rules again where their files have changed, and hands the new program to the workers.
pub(super) fn reload(shared: &Arc<Shared>) {
    let current = shared.current();
    let files = match rule_files::read(&shared.options.rules) {
        Ok(files) => files,
        // An editor that replaces a file may leave it away for a moment; the next look finds it.
        Err(error) => return tracing::debug!(%error, "the rules cannot be read now"),
    };
    let hash = hash_of(&files);
    if hash == current.hash || hash == shared.refused.load(Ordering::SeqCst) {
        return;
    }
    match Generation::of(files, &shared.options, current.number + 1)
        .and_then(|g| activate(shared, &current, g))
    {
        Ok(()) => {}
        Err(Error::Refused(diagnostics)) => {
            shared.refused.store(hash, Ordering::SeqCst);
            tracing::error!(
                "the changed rules are refused, the last good ones go on\n{}",
                diagnostics.render(RenderStyle::Plain)
            );
        }
        Err(Error::Broker(error)) if error.is_transient() => {
            tracing::warn!(%error, "the changed rules wait for the log");
        }
        Err(error) => {
            shared.refused.store(hash, Ordering::SeqCst);
            tracing::error!(%error, "the changed rules cannot be used, the last good ones go on");
        }
    }
}

/// Makes a program the one that runs.
pub(super) fn activate(shared: &Shared, before: &Generation, next: Generation) -> Result<(), Error> {
    topics::ensure(&*shared.broker, &shared.options, &next.program)?;
    next.publish(&*shared.broker, &shared.options, &*shared.clock)?;
    next.log_changes(before);
    let number = next.number;
    *shared.generation.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(next);
    shared.number.store(number, Ordering::SeqCst);
    Ok(())
}

/// Notices of changed files. Without them (a file system that gives none) the regular look finds changes.
pub(super) struct Watch {
    _watcher: Option<notify::RecommendedWatcher>,
    notices: Receiver<()>,
    /// Kept so that waiting for a notice waits also where there is no watcher.
    _sender: std::sync::mpsc::Sender<()>,
}

/// A change is often several writes; what follows within this time is one change.
const SETTLE: Duration = Duration::from_millis(50);

impl Watch {
    /// Watches these files and directories.
    pub(super) fn start(paths: &[PathBuf]) -> Self {
        let (sender, notices) = channel();
        let notify_sender = sender.clone();
        let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
            if event.is_ok_and(|e| !e.kind.is_access()) {
                // Nobody listens any more when the engine ends.
                let _ = notify_sender.send(());
            }
        });
        let watcher = watcher.and_then(|mut watcher| {
            for path in paths {
                // A file that an editor replaces is seen in its directory.
                let dir = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new(".")) };
                watcher.watch(dir, notify::RecursiveMode::NonRecursive)?;
            }
            Ok(watcher)
        });
        if let Err(error) = &watcher {
            tracing::warn!(%error, "changes of the rules are not notified; they are looked for every second");
        }
        Self { _watcher: watcher.ok(), notices, _sender: sender }
    }

    /// Waits up to `timeout` for a change.
    pub(super) fn changed(&self, timeout: Duration) -> bool {
        match self.notices.recv_timeout(timeout) {
            Ok(()) => {
                while self.notices.recv_timeout(SETTLE).is_ok() {}
                true
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => false,
        }
    }
}
